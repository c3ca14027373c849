/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intervals: what all feeds share, and the feed that replays a trace.  A run
 * that reaches over the end of an interval is cut in two.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/metadata.h>

#include "feed.h"

struct feed {
    struct feed_core core;
    const struct idtap_trace *trace;
    struct idtap_iter *iter;
    uint64_t ticks;          /* of an interval */
    struct idtap_run run;    /* what is left of the last run */
    bool pending, ended, started;
    bool any;                /* a ring's record is in this interval */
    uint64_t last;           /* TSC of the last record so far */
};

static struct idtap_stats *new_stats(const struct feed_core *c)
{
    return idtap_stats_create_with(&(struct idtap_stats_options){
        .select = &c->select, .from = c->from,
        .parts = IDTAP_STATS_DEFAULT | IDTAP_STATS_UPCALLS });
}

int feed_core_init(struct feed_core *c, const struct idtap_select *select)
{
    memset(c, 0, sizeof(*c));
    c->names = domain_names_create();
    c->now.names = c->names;
    c->now.number = 1;
    return c->names ? feed_core_select(c, select) : -ENOMEM;
}

void feed_core_destroy(struct feed_core *c)
{
    idtap_stats_destroy(c->stats);
    idtap_stats_destroy(c->shown);
    domain_names_destroy(c->names);
}

int feed_core_select(struct feed_core *c, const struct idtap_select *select)
{
    c->select = *select;
    idtap_stats_destroy(c->stats);
    c->stats = new_stats(c);
    return c->stats ? 0 : -ENOMEM;
}

static void lose(struct feed_core *c, unsigned int cpu, uint64_t records)
{
    c->lost[cpu] += records;
    c->now.lost += records;
    c->now.lost_total += records;
}

static int meta_record(struct feed_core *c, const struct idtap_record *r)
{
    const struct idtap_domain_name *d = (const void *)r;
    const struct idtap_lost *l = (const void *)r;

    if ( r->event == IDTAP_EV_DOMAIN )
        return domain_names_set(c->names, r->domain, d->name);
    if ( r->event == IDTAP_EV_CONFIG )
        c->configured = true;
    /* The last ones tell of discards that no packet lived to tell of. */
    if ( r->event == IDTAP_EV_LOST && l->cpu < IDTAP_MAX_CPUS )
    {
        if ( !c->configured || r->tsc < c->from )
            c->lost[l->cpu] = l->count;
        else if ( l->count > c->lost[l->cpu] )
            lose(c, l->cpu, l->count - c->lost[l->cpu]);
    }
    return 0;
}

int feed_core_run(struct feed_core *c, const struct idtap_run *run)
{
    const uint8_t *p;
    int rc = 0;

    if ( run->cpu < 0 )
        for ( p = run->begin; p < run->end && !rc; p = idtap_record_next(p) )
            rc = meta_record(c, idtap_record_at(p));
    else if ( run->packet_begins )
    {
        c->now.nr_cpus += !c->seen[run->cpu];
        c->seen[run->cpu] = true;
        /* Packets of before a window come, too, without records. */
        if ( run->packet->header.timestamp_end >= c->from )
            lose(c, run->cpu, run->packet->discarded);
        else
            c->lost[run->cpu] += run->packet->discarded;
    }
    return rc ? rc : idtap_stats_run(c->stats, run);
}

int feed_core_end(struct feed_core *c, uint64_t tsc, struct interval *out)
{
    c->now.end = tsc > c->now.begin ? tsc : c->now.begin + 1;
    c->now.ns = idtap_tsc_to_ns(c->now.end - c->now.begin, c->now.tsc_khz);
    if ( !c->now.ns )
        c->now.ns = 1;
    idtap_stats_destroy(c->shown);
    c->shown = c->stats;
    *out = c->now;
    out->stats = c->shown;

    c->now.begin = c->now.end;
    c->now.number++;
    c->now.lost = 0;
    c->stats = new_stats(c);
    return c->stats ? 0 : -ENOMEM;
}

struct feed *feed_trace(const struct idtap_trace *trace,
                        struct idtap_iter *iter, uint64_t interval_ns,
                        const struct idtap_select *select)
{
    const struct idtap_trace_info *info = idtap_trace_info(trace);
    struct feed *f = calloc(1, sizeof(*f));
    unsigned __int128 ticks;

    if ( !f )
        return NULL;
    if ( feed_core_init(&f->core, select) )
    {
        feed_close(f);
        return NULL;
    }
    f->trace = trace;
    f->iter = iter;
    f->core.now.vendor = idtap_vendor_of(info->cpu_vendor);
    f->core.now.tsc_khz = info->tsc_khz;
    ticks = (unsigned __int128)interval_ns * info->tsc_khz / 1000000;
    f->ticks = ticks > UINT64_MAX ? UINT64_MAX : ticks ? (uint64_t)ticks : 1;
    return f;
}

void feed_close(struct feed *f)
{
    if ( !f )
        return;
    feed_core_destroy(&f->core);
    free(f);
}

int feed_select(struct feed *f, const struct idtap_select *select)
{
    return feed_core_select(&f->core, select);
}

void feed_from(struct feed *f, uint64_t tsc)
{
    f->core.from = tsc;
    /* There is nothing in it yet. */
    idtap_stats_destroy(f->core.stats);
    f->core.stats = new_stats(&f->core);
}

/* Time of the run's first record, or of its packet if it has none. */
static uint64_t run_tsc(const struct idtap_run *run)
{
    return run->begin < run->end ? idtap_record_at(run->begin)->tsc
                                 : run->packet->header.timestamp_begin;
}

/* An interval without an end takes the last tick of all, too. */
static bool before(uint64_t tsc, uint64_t end)
{
    return tsc < end || end == UINT64_MAX;
}

/* Makes f->run the next thing to count: 1, 0 at the end, -ENOMEM. */
static int next_run(struct feed *f)
{
    int rc;

    if ( f->pending || f->ended )
        return f->pending;
    rc = idtap_iter_next(f->iter, &f->run);
    f->pending = rc > 0;
    f->ended = !rc;
    return rc;
}

/* Counts what of f->run is older than @end; false: something is left. */
static int count_until(struct feed *f, uint64_t end, bool *all)
{
    struct idtap_run head = f->run;
    const uint8_t *p = f->run.begin;

    while ( p < f->run.end && before(idtap_record_at(p)->tsc, end) )
    {
        f->last = idtap_record_at(p)->tsc;
        f->any |= f->run.cpu >= 0;
        p = idtap_record_next(p);
    }
    *all = p == f->run.end;
    if ( !*all )
    {
        head.end = p;
        head.packet_ends = false;
        f->run.begin = p;
        f->run.packet_begins = false;
    }
    f->pending = !*all;
    return feed_core_run(&f->core, &head);
}

int feed_next(struct feed *f, struct interval *out)
{
    const struct idtap_trace_info *info = idtap_trace_info(f->trace);
    struct feed_core *c = &f->core;
    uint64_t end;
    int rc = next_run(f);

    if ( rc <= 0 )
        return rc;
    if ( !f->started )
        c->now.begin = f->last = run_tsc(&f->run) < c->from
                                 ? c->from : run_tsc(&f->run);
    f->started = true;
    end = c->now.begin + f->ticks < c->now.begin ? UINT64_MAX
                                                 : c->now.begin + f->ticks;
    /* Nothing until then: one interval for all of it. */
    if ( !before(run_tsc(&f->run), end) )
        end = run_tsc(&f->run);

    f->any = false;
    while ( (rc = next_run(f)) > 0 &&
            before(run_tsc(&f->run), end) )
    {
        bool all;

        rc = count_until(f, end, &all);
        if ( rc || !all )
            break;
    }
    if ( rc < 0 )
        return rc;
    /* The recorder's last words make no interval, but for losses. */
    if ( f->ended && !f->any && !c->now.lost )
        return 0;
    if ( f->ended )
        end = f->last < UINT64_MAX ? f->last + 1 : f->last;
    if ( feed_core_end(c, end, out) )
        return -ENOMEM;
    out->realtime_ns = info->start_realtime_ns;
    if ( out->end >= info->start_tsc )
        out->realtime_ns += idtap_tsc_to_ns(out->end - info->start_tsc,
                                            info->tsc_khz);
    return 1;
}
