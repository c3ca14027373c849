/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All streams of a trace in the order of time: a heap (merge.h) of cursors.  Or
 * each by itself (trace_priv.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"
#include "trace_priv.h"

/* A stream, and how far it is; of an empty packet, m.tsc is its begin. */
struct lane {
    struct merge_lane m;
    struct idtap_cursor *cursor;
    int cpu;
    struct idtap_packet packet;
    const uint8_t *pos; /* next record of the packet, or its end */
    bool fresh;         /* nothing of the packet was handed out yet */
    /* Read by itself: */
    uint64_t packets;
    uint64_t after;             /* what the error comes after */
    struct idtap_error *error;  /* or NULL */
};

struct idtap_iter {
    unsigned int nr;     /* lanes in the heap */
    unsigned int nr_lanes;
    struct lane *lanes;
    struct merge_lane **heap;
    struct lane *last;   /* whose run the caller holds, or NULL */
    const struct idtap_trace *trace;
    bool unused;         /* nothing was read yet */
    uint64_t from, to;   /* TSC: the window; `to` is outside */
    uint64_t packets;
    unsigned int nr_errors;
    struct idtap_error *errors;
};

static void look_at(struct lane *l)
{
    l->m.tsc = l->pos < l->packet.end ? idtap_record_at(l->pos)->tsc
                                      : l->packet.header.timestamp_begin;
}

/* Steps over what is before the window: a packet may become an empty one. */
static void enter_window(const struct idtap_iter *it, struct lane *l)
{
    if ( l->cpu >= 0 && l->packet.header.timestamp_end < it->from )
        l->pos = l->packet.end;
    while ( l->cpu >= 0 && l->pos < l->packet.end &&
            idtap_record_at(l->pos)->tsc < it->from )
        l->pos = idtap_record_next(l->pos);
    look_at(l);
}

/* The lane's next packet: 1, 0 if the lane is at its end, -ENOMEM. */
static int advance(struct idtap_iter *it, struct lane *l)
{
    struct idtap_error *e;
    int rc;

    e = realloc(it->errors, (it->nr_errors + 1) * sizeof(*e));
    if ( !e )
        return -ENOMEM;
    it->errors = e;

    rc = idtap_cursor_next(l->cursor, &l->packet, &e[it->nr_errors]);
    if ( rc < 0 )
    {
        it->nr_errors++;
        return 0;
    }
    if ( rc > 0 )
    {
        it->packets++;
        l->pos = l->packet.begin;
        l->fresh = true;
        enter_window(it, l);
    }

    return rc;
}

/* Cursors at the beginning of all lanes; those there were are gone. */
static int open_cursors(struct idtap_iter *it)
{
    unsigned int i;
    int rc = 0;

    it->unused = true;
    it->nr = 0;
    for ( i = 0; i < it->nr_lanes && !rc; i++ )
    {
        struct lane *l = &it->lanes[i];

        idtap_cursor_close(l->cursor);
        l->cursor = NULL;
        rc = idtap_cursor_open(it->trace, l->m.stream, &l->cursor);
    }
    return rc;
}

/*
 * Reads the first packets.  Not before they are asked for: who reads lane by
 * lane would read them twice.  Inlined, it would cost every run registers.
 */
static __attribute__((noinline)) int begin(struct idtap_iter *it)
{
    unsigned int i;
    int rc = 0;

    it->unused = false;
    for ( i = 0; i < it->nr_lanes && !rc; i++ )
    {
        rc = advance(it, &it->lanes[i]);
        if ( rc > 0 )
        {
            it->heap[it->nr++] = &it->lanes[i].m;
            rc = 0;
        }
    }

    merge_build(it->heap, it->nr);
    return rc;
}

int idtap_iter_open(const struct idtap_trace *t, const uint64_t cpus[4],
                    struct idtap_iter **iter)
{
    struct idtap_iter *it = calloc(1, sizeof(*it));
    unsigned int i;
    int rc = 0;

    if ( !it )
        return -ENOMEM;
    it->trace = t;
    it->to = UINT64_MAX;
    it->lanes = calloc(t->nr_streams, sizeof(*it->lanes));
    it->heap = calloc(t->nr_streams, sizeof(*it->heap));
    if ( !it->lanes || !it->heap )
        rc = -ENOMEM;

    for ( i = 0; !rc && i < t->nr_streams; i++ )
    {
        struct lane *l = &it->lanes[it->nr_lanes];

        l->m.stream = i;
        l->cpu = t->streams[i].cpu;
        it->nr_lanes += !cpus || l->cpu < 0 ||
                        (cpus[l->cpu / 64] >> (l->cpu % 64) & 1);
    }

    if ( !rc )
        rc = open_cursors(it);
    if ( rc )
    {
        idtap_iter_close(it);
        return rc;
    }

    *iter = it;
    return 0;
}

void idtap_iter_window(struct idtap_iter *it, uint64_t from, uint64_t to)
{
    unsigned int i;

    it->from = from;
    it->to = to;
    for ( i = 0; i < it->nr; i++ )
        enter_window(it, (struct lane *)(void *)it->heap[i]);
    merge_build(it->heap, it->nr);
}

void idtap_iter_close(struct idtap_iter *it)
{
    unsigned int i;

    if ( !it )
        return;

    for ( i = 0; i < it->nr_lanes; i++ )
    {
        idtap_cursor_close(it->lanes[i].cursor);
        free(it->lanes[i].error);
    }
    free(it->lanes);
    free(it->heap);
    free(it->errors);
    free(it);
}

/* The lane of the last run moves on, now that the caller is done with it. */
static int settle(struct idtap_iter *it)
{
    struct lane *l = it->last;

    it->last = NULL;
    if ( !l )
        return 0;

    if ( l->pos < l->packet.end )
        look_at(l);
    else
    {
        int rc = advance(it, l);

        if ( rc < 0 )
            return rc;
        if ( !rc && --it->nr == 0 )
            return 0;
        if ( !rc )
            it->heap[0] = it->heap[it->nr];
    }

    merge_sift_down(it->heap, it->nr, 0);
    return 0;
}

int idtap_iter_next(struct idtap_iter *it, struct idtap_run *run)
{
    struct lane *l;
    const uint8_t *p;
    uint64_t limit;
    int rc = it->unused ? begin(it) : settle(it);

    if ( rc )
        return rc;
    if ( !it->nr || (it->to != UINT64_MAX && it->heap[0]->tsc >= it->to) )
        return 0;

    /* A lane begins with its merge_lane. */
    l = (struct lane *)(void *)it->heap[0];
    p = l->packet.end;
    limit = merge_limit(it->heap, it->nr);
    if ( limit >= it->to && it->to != UINT64_MAX )
        limit = it->to - 1;
    if ( limit < l->packet.header.timestamp_end )
        for ( p = l->pos; p < l->packet.end; p = idtap_record_next(p) )
            if ( idtap_record_at(p)->tsc > limit )
                break;

    *run = (struct idtap_run){
        .stream = l->m.stream,
        .cpu = l->cpu,
        .packet = &l->packet,
        .begin = l->pos,
        .end = p,
        .packet_begins = l->fresh,
        .packet_ends = p == l->packet.end,
    };
    l->fresh = false;
    l->pos = p;
    it->last = l;
    return 1;
}

const struct idtap_error *idtap_iter_errors(const struct idtap_iter *it,
                                            unsigned int *nr)
{
    *nr = it->nr_errors;
    return it->errors;
}

uint64_t idtap_iter_packets(const struct idtap_iter *it)
{
    return it->packets;
}

bool iter_unused(const struct idtap_iter *it)
{
    return it->unused;
}

static void forget_errors(struct idtap_iter *it)
{
    unsigned int i;

    for ( i = 0; i < it->nr_lanes; i++ )
    {
        free(it->lanes[i].error);
        it->lanes[i].error = NULL;
        it->lanes[i].packets = 0;
    }
    it->nr_errors = 0;
    it->packets = 0;
}

void iter_lanes_begin(struct idtap_iter *it)
{
    it->unused = false;
}

int iter_restart(struct idtap_iter *it)
{
    forget_errors(it);
    return open_cursors(it);
}

unsigned int iter_lanes(const struct idtap_iter *it)
{
    return it->nr_lanes;
}

unsigned int iter_lane_stream(const struct idtap_iter *it, unsigned int lane)
{
    return it->lanes[lane].m.stream;
}

int iter_lane_cpu(const struct idtap_iter *it, unsigned int lane)
{
    return it->lanes[lane].cpu;
}

void iter_get_window(const struct idtap_iter *it, uint64_t *from, uint64_t *to)
{
    *from = it->from;
    *to = it->to;
}

int iter_lane_next(struct idtap_iter *it, unsigned int lane, uint64_t after,
                   struct idtap_packet *p, struct packet_lists *lists)
{
    struct lane *l = &it->lanes[lane];
    struct idtap_error *e = malloc(sizeof(*e));
    int rc = e ? cursor_next(l->cursor, p, lists, e) : -ENOMEM;

    l->packets += rc > 0;
    if ( rc < 0 && e )
    {
        l->error = e;
        l->after = after;
        return 0;
    }
    free(e);
    return rc;
}

uint64_t iter_lane_peek(const struct idtap_iter *it, unsigned int lane,
                        unsigned int n)
{
    return cursor_peek(it->lanes[lane].cursor, n);
}

/* As they would have been found while going through all lanes. */
static int by_discovery(const void *a, const void *b)
{
    const struct lane *x = *(void *const *)a, *y = *(void *const *)b;

    if ( x->after != y->after )
        return x->after < y->after ? -1 : 1;
    return x->m.stream < y->m.stream ? -1 : 1;
}

int iter_lanes_end(struct idtap_iter *it)
{
    struct lane **bad = calloc(it->nr_lanes + 1, sizeof(*bad));
    struct idtap_error *e;
    unsigned int i, nr = 0;

    it->packets = 0;
    for ( i = 0; bad && i < it->nr_lanes; i++ )
    {
        it->packets += it->lanes[i].packets;
        if ( it->lanes[i].error )
            bad[nr++] = &it->lanes[i];
    }
    e = bad ? realloc(it->errors, (nr + 1) * sizeof(*e)) : NULL;
    if ( e )
    {
        it->errors = e;
        it->nr_errors = nr;
        qsort(bad, nr, sizeof(*bad), by_discovery);
        for ( i = 0; i < nr; i++ )
            e[i] = *bad[i]->error;
    }
    free(bad);
    return e ? 0 : -ENOMEM;
}
