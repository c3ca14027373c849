/* SPDX-License-Identifier: GPL-2.0-only */
/* TSC to real time, by the records in which the recorder has noted both. */
#include <errno.h>
#include <stdlib.h>

#include <idtap/clock_map.h>

#include "trace_priv.h"

/* What NTP and the like do without setting the clock. */
#define SLEW_DIVISOR 2000u /* 500 ppm */
#define SLACK_NS     1000u /* of rounding, in two readings */

struct point {
    uint64_t tsc;
    int64_t ns;
    uint64_t uncertainty;
};

struct idtap_clock_map {
    uint64_t tsc_khz;
    unsigned int nr, room;
    struct point *points; /* rising in both; there is at least one */
    struct idtap_clock_quality quality;
};

static int add(struct idtap_clock_map *m, const struct point *p)
{
    if ( m->nr == m->room )
    {
        unsigned int room = m->room ? 2 * m->room : 64;
        struct point *points = realloc(m->points, room * sizeof(*points));

        if ( !points )
            return -ENOMEM;
        m->points = points;
        m->room = room;
    }

    m->points[m->nr++] = *p;
    return 0;
}

/* By how much the clock was set between two points; 0 if it was not. */
static int64_t step(const struct idtap_clock_map *m, const struct point *a,
                    const struct point *b)
{
    uint64_t ticked = idtap_tsc_to_ns(b->tsc - a->tsc, m->tsc_khz), limit, by;
    __int128 off = (__int128)b->ns - a->ns - ticked;

    limit = ticked / SLEW_DIVISOR + SLACK_NS;
    if ( __builtin_add_overflow(limit, a->uncertainty, &limit) ||
         __builtin_add_overflow(limit, b->uncertainty, &limit) )
        return 0;
    if ( off > INT64_MAX || off < -INT64_MAX )
        return off > 0 ? INT64_MAX : -INT64_MAX;

    by = (uint64_t)(off < 0 ? -off : off);
    return by > limit ? (int64_t)off : 0;
}

/* Takes a clock_sync record in; points before a step are of no more use. */
static int note(struct idtap_clock_map *m, const struct idtap_clock_sync *c)
{
    struct point p = { .tsc = c->r.tsc, .ns = (int64_t)c->realtime_ns,
                       .uncertainty = c->uncertainty_ns };
    const struct point *last = m->nr ? &m->points[m->nr - 1] : NULL;
    int64_t by;

    /* After the year 2262 is nonsense. */
    if ( p.ns < 0 || (last && p.tsc <= last->tsc) )
        return 0;

    by = last ? step(m, last, &p) : 0;
    if ( by )
    {
        m->quality.steps++;
        m->quality.step_ns = by;
        m->nr = 0;
    }
    else if ( last && p.ns <= last->ns )
        return 0; /* of two readings as uncertain as that, one will do */

    return add(m, &p);
}

static int read_syncs(const struct idtap_trace *t, struct idtap_clock_map *m,
                      struct idtap_error *err)
{
    struct idtap_cursor *c;
    struct idtap_packet packet;
    const uint8_t *p;
    int rc;

    /* "meta" is the first stream, if it is there. */
    if ( !idtap_trace_nr_streams(t) || idtap_trace_stream_cpu(t, 0) >= 0 )
        return 0;

    rc = idtap_cursor_open(t, 0, &c);
    while ( !rc && idtap_cursor_next(c, &packet, err) > 0 )
        for ( p = packet.begin; p < packet.end && !rc;
              p = idtap_record_next(p) )
            if ( idtap_record_at(p)->event == IDTAP_EV_CLOCK_SYNC )
                rc = note(m, (const void *)p);

    idtap_cursor_close(c);
    return rc;
}

static void assess(struct idtap_clock_map *m)
{
    const struct point *a = &m->points[0], *b = &m->points[m->nr - 1];
    unsigned int i;

    m->quality.syncs = m->nr;
    for ( i = 0; i < m->nr; i++ )
        if ( m->points[i].uncertainty > m->quality.uncertainty_ns )
            m->quality.uncertainty_ns = m->points[i].uncertainty;

    if ( m->nr > 1 )
    {
        uint64_t ticked = idtap_tsc_to_ns(b->tsc - a->tsc, m->tsc_khz);

        if ( ticked )
            m->quality.drift_ppb =
                (int64_t)(((__int128)b->ns - a->ns - ticked) * 1000000000 /
                          ticked);
    }
}

int idtap_clock_map_load(const struct idtap_trace *t,
                         struct idtap_clock_map **map)
{
    const struct idtap_trace_info *info = idtap_trace_info(t);
    struct idtap_clock_map *m = calloc(1, sizeof(*m));
    struct idtap_error *err = malloc(sizeof(*err));
    int rc = m && err ? 0 : -ENOMEM;

    if ( !rc )
    {
        m->tsc_khz = info->tsc_khz;
        rc = read_syncs(t, m, err);
    }
    if ( !rc && m->nr )
        assess(m);
    else if ( !rc )
    {
        rc = add(m, &(struct point){ info->start_tsc,
                                     (int64_t)info->start_realtime_ns, 0 });
        m->quality.uncertainty_ns = UINT64_MAX;
    }

    free(err);
    if ( rc )
        idtap_clock_map_free(m);
    else
        *map = m;
    return rc;
}

void idtap_clock_map_free(struct idtap_clock_map *map)
{
    if ( !map )
        return;

    free(map->points);
    free(map);
}

/* The last point that is not after `tsc`; 0 if all are. */
static unsigned int place(const struct idtap_clock_map *m, uint64_t tsc,
                          unsigned int hint)
{
    unsigned int lo = 0, hi = m->nr;

    if ( hint < m->nr && m->points[hint].tsc <= tsc &&
         (hint + 1 == m->nr || tsc < m->points[hint + 1].tsc) )
        return hint;

    while ( lo < hi )
    {
        unsigned int mid = (lo + hi) / 2;

        if ( m->points[mid].tsc <= tsc )
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? lo - 1 : 0;
}

/* Where it ends when a trace holds nonsense. */
static int64_t clamped(__int128 ns)
{
    return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN
                                                       : (int64_t)ns;
}

int64_t idtap_clock_map_ns(const struct idtap_clock_map *m, uint64_t tsc,
                           unsigned int *hint)
{
    unsigned int i = place(m, tsc, hint ? *hint : 0);
    const struct point *a = &m->points[i], *b = a + 1;

    if ( hint )
        *hint = i;

    if ( tsc < a->tsc )
        return clamped((__int128)a->ns -
                       idtap_tsc_to_ns(a->tsc - tsc, m->tsc_khz));
    if ( i + 1 == m->nr )
        return clamped((__int128)a->ns +
                       idtap_tsc_to_ns(tsc - a->tsc, m->tsc_khz));
    return a->ns + (int64_t)((unsigned __int128)(tsc - a->tsc) *
                             (uint64_t)(b->ns - a->ns) / (b->tsc - a->tsc));
}

uint64_t idtap_clock_map_tsc(const struct idtap_clock_map *m, int64_t ns)
{
    uint64_t lo = 0, hi = UINT64_MAX;

    while ( lo < hi )
    {
        uint64_t mid = lo + (hi - lo) / 2;

        if ( idtap_clock_map_ns(m, mid, NULL) < ns )
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct idtap_clock_quality
idtap_clock_map_quality(const struct idtap_clock_map *map)
{
    return map->quality;
}
