/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settling: what the lanes' journals of a slice mean when they are put together.
 *
 * VM exits.  An exit and an entry of a vCPU are a pair if nothing of the same
 * vCPU is between, on any pCPU.  If only one lane has seen the vCPU in this
 * slice, what is a pair in the lane is one; and as no two vCPUs have to do with
 * each other, the lanes need no order.  A vCPU that several lanes have seen is
 * replayed in the order of time, and if a pCPU went blind or sees again in this
 * slice, all are.
 *
 * What local APICs do is merged, as the rules of stats_lapic.c want it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"
#include "stats_lanes.h"

/* One thing to be replayed. */
struct event {
    uint64_t tsc;
    unsigned int lane;
    unsigned int marks;  /* of its lane before it, and within these */
    size_t nr;           /* its place; a mark is before all else */
    enum { EVENT_MARK, EVENT_EXIT, EVENT_ENTRY, EVENT_ORDERED } kind;
    const void *what;
};

/* A lane's part of what is merged. */
struct stream {
    struct merge_lane m;
    const struct lane_ordered *next, *end;
    int cpu;
};

struct settling {
    struct idtap_stats *all;
    struct lane *lanes;
    unsigned int nr;
    uint64_t slice;
    struct event *events;
    size_t nr_events, room;
    struct stream *streams;
    struct merge_lane **heap;
};

static int add(struct settling *st, const struct event *e)
{
    if ( st->nr_events == st->room )
    {
        size_t room = st->room ? 2 * st->room : 1024;
        struct event *bigger = realloc(st->events, room * sizeof(*bigger));

        if ( !bigger )
            return -ENOMEM;
        st->events = bigger;
        st->room = room;
    }
    st->events[st->nr_events++] = *e;
    return 0;
}

static int in_order(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if ( x->tsc != y->tsc )
        return x->tsc < y->tsc ? -1 : 1;
    if ( x->lane != y->lane )
        return x->lane < y->lane ? -1 : 1;
    if ( x->marks != y->marks )
        return x->marks < y->marks ? -1 : 1;
    if ( (x->kind == EVENT_MARK) != (y->kind == EVENT_MARK) )
        return x->kind == EVENT_MARK ? -1 : 1;
    if ( x->nr != y->nr )
        return x->nr < y->nr ? -1 : 1;
    return x->kind < y->kind ? -1 : 1;
}

/*
 * VM exits.
 */

static int took(struct idtap_stats *s, struct settled_vcpu *v,
                const struct lane_exit *e, uint64_t ticks)
{
    struct idtap_row **row = lane_row_place(v->rows, e->reason), *caused;
    struct idtap_record r = { .domain = (uint16_t)(v->v.key >> 16) };
    int rc;

    if ( !*row || (*row)->key != e->reason )
        *row = stats_row_of(s, &r, IDTAP_TAB_EXIT, e->reason);
    if ( !*row )
        return -ENOMEM;
    rc = stats_took(s, IDTAP_TAB_EXIT, &(*row)->time, ticks);
    if ( rc || e->caused == NOT_CAUSED )
        return rc;

    caused = stats_row_of(s, &r, IDTAP_TAB_CAUSED, e->caused);
    return caused ? stats_took(s, IDTAP_TAB_CAUSED, &caused->time, ticks)
                  : -ENOMEM;
}

static void exited(const struct idtap_stats *s, struct settled_vcpu *v,
                   const struct lane_exit *e, int cpu)
{
    v->chosen = e->chosen;
    v->reason = e->reason;
    v->caused = e->caused;
    v->v.exit_tsc = e->exit_tsc;
    v->v.generation = s->generation;
    v->v.cpu = s->nr_blind ? -1 : cpu;
}

static int entered(struct idtap_stats *s, struct settled_vcpu *v,
                   uint64_t tsc, int cpu)
{
    struct lane_exit e = { .reason = v->reason, .caused = v->caused };
    bool pair = v->chosen && v->v.cpu == cpu &&
                v->v.generation == s->generation;

    v->chosen = false;
    return pair ? took(s, v, &e, tsc - v->v.exit_tsc) : 0;
}

/* Nothing comes between what this lane has seen of the vCPU. */
static int settle_exit(struct idtap_stats *s, const struct lane_exit *e,
                       int cpu)
{
    struct settled_vcpu *v = e->v->settled;

    if ( e->has_exit && e->has_entry )
    {
        v->chosen = false;
        return e->chosen && !s->nr_blind
               ? took(s, v, e, e->entry_tsc - e->exit_tsc) : 0;
    }
    if ( e->has_exit )
        exited(s, v, e, cpu);
    return e->has_entry ? entered(s, v, e->entry_tsc, cpu) : 0;
}

/* Finds out which vCPUs several lanes have seen. */
static int meet(struct settling *st)
{
    unsigned int i;
    size_t n;

    for ( i = 0; i < st->nr; i++ )
    {
        const struct journal *j = lane_journal_of(&st->lanes[i], st->slice);

        for ( n = 0; n < j->nr_seen; n++ )
        {
            struct settled_vcpu *v = j->seen[n]->settled;

            if ( !v )
            {
                v = map_get(&st->all->vcpus, j->seen[n]->key, sizeof(*v));
                if ( !v )
                    return -ENOMEM;
                j->seen[n]->settled = v;
            }
            v->shared = v->slice == st->slice;
            v->slice = st->slice;
        }
    }
    return 0;
}

static int replay_later(struct settling *st, unsigned int lane,
                        unsigned int marks, size_t nr,
                        const struct lane_exit *e)
{
    int rc = 0;

    if ( e->has_exit )
        rc = add(st, &(struct event){ e->exit_tsc, lane, marks, nr, EVENT_EXIT,
                                      e });
    if ( !rc && e->has_entry )
        rc = add(st, &(struct event){ e->entry_tsc, lane, marks, nr,
                                      EVENT_ENTRY, e });
    return rc;
}

static int settle_exits(struct settling *st, unsigned int lane, bool replay)
{
    struct lane *l = &st->lanes[lane];
    const struct journal *j = lane_journal_of(l, st->slice);
    unsigned int marks = 0;
    size_t i;
    int rc = 0;

    for ( i = 0; i < j->nr_exits && !rc; i++ )
    {
        const struct lane_exit *e = &j->exits[i];

        while ( marks < j->nr_marks && j->marks[marks].exits <= i )
            marks++;
        rc = replay || e->v->settled->shared
             ? replay_later(st, lane, marks, i, e)
             : settle_exit(st->all, e, l->cpu);
    }
    return rc;
}

/*
 * Records that must be seen in order.
 */

static int settle_ordered(struct idtap_stats *s, int cpu,
                          const struct lane_ordered *o)
{
    const struct idtap_record *r = idtap_record_at(o->bytes);
    const struct idtap_lost *lost = (const void *)r;

    if ( r->event == ORDERED_BASE )
        stats_cpu(s, lost->cpu)->lost_base = lost->count;
    else if ( r->event >= IDTAP_EV_NR_RING )
        stats_meta_record(s, r);
    else if ( s->parts & IDTAP_STATS_LAPIC )
        return stats_lapic(s, &s->cpus[cpu], r,
                           idtap_select_has_cpu(&s->select,
                                                (unsigned int)cpu) &&
                           stats_chooses(s, r));
    return 0;
}

static int merge_ordered(struct settling *st)
{
    unsigned int i, nr = 0;
    int rc = 0;

    for ( i = 0; i < st->nr; i++ )
    {
        const struct journal *j = lane_journal_of(&st->lanes[i], st->slice);
        struct stream *s = &st->streams[i];

        if ( !j->nr_ordered )
            continue;
        *s = (struct stream){
            { idtap_record_at(j->ordered[0].bytes)->tsc, i }, j->ordered,
            j->ordered + j->nr_ordered, st->lanes[i].cpu,
        };
        st->heap[nr++] = &s->m;
    }
    merge_build(st->heap, nr);

    while ( nr && !rc )
    {
        struct stream *s = (struct stream *)(void *)st->heap[0];
        uint64_t limit = merge_limit(st->heap, nr);

        do
            rc = settle_ordered(st->all, s->cpu, s->next++);
        while ( !rc && s->next < s->end &&
                idtap_record_at(s->next->bytes)->tsc <= limit );

        if ( s->next < s->end )
            s->m.tsc = idtap_record_at(s->next->bytes)->tsc;
        else
            st->heap[0] = st->heap[--nr];
        if ( nr )
            merge_sift_down(st->heap, nr, 0);
    }
    return rc;
}

/* All of a lane that is not an exit. */
static int replay_rest(struct settling *st, unsigned int lane)
{
    const struct journal *j = lane_journal_of(&st->lanes[lane], st->slice);
    unsigned int marks = 0;
    size_t i;
    int rc = 0;

    for ( i = 0; i < j->nr_marks && !rc; i++ )
        rc = add(st, &(struct event){ j->marks[i].tsc, lane,
                                      (unsigned int)i + 1, 0, EVENT_MARK,
                                      &j->marks[i] });
    for ( i = 0; i < j->nr_ordered && !rc; i++ )
    {
        while ( marks < j->nr_marks && j->marks[marks].ordered <= i )
            marks++;
        rc = add(st, &(struct event){ idtap_record_at(j->ordered[i].bytes)->tsc,
                                      lane, marks, i, EVENT_ORDERED,
                                      &j->ordered[i] });
    }
    return rc;
}

static void set_blind(struct idtap_stats *s, int cpu, bool blind)
{
    struct cpu *c = &s->cpus[cpu];

    s->generation++;
    if ( blind && !c->blind )
        s->nr_blind++;
    else if ( !blind && c->blind )
        s->nr_blind--;
    c->blind = blind;
}

static int replay(struct settling *st)
{
    struct idtap_stats *s = st->all;
    size_t i;
    int rc = 0;

    qsort(st->events, st->nr_events, sizeof(*st->events), in_order);
    for ( i = 0; i < st->nr_events && !rc; i++ )
    {
        const struct event *e = &st->events[i];
        const struct lane_exit *x = e->what;
        int cpu = st->lanes[e->lane].cpu;

        switch ( e->kind )
        {
        case EVENT_MARK:
            set_blind(s, cpu, ((const struct lane_mark *)e->what)->blind);
            break;

        case EVENT_EXIT:
            exited(s, x->v->settled, x, cpu);
            break;

        case EVENT_ENTRY:
            rc = entered(s, x->v->settled, x->entry_tsc, cpu);
            break;

        case EVENT_ORDERED:
            rc = settle_ordered(s, cpu, e->what);
            break;
        }
    }
    return rc;
}

int settle_slice(struct settling *st, uint64_t slice)
{
    bool marks = false, order = st->all->pairs.nr;
    unsigned int i;
    int rc;

    st->slice = slice;
    st->nr_events = 0;
    for ( i = 0; i < st->nr; i++ )
    {
        const struct journal *j = lane_journal_of(&st->lanes[i], slice);

        marks = marks || j->nr_marks;
        /* Injections do not matter before there is an accept or EOI. */
        order = order || j->lapic ||
                (j->nr_ordered && (st->lanes[i].cpu < 0 || st->all->from));
    }

    rc = meet(st);
    for ( i = 0; i < st->nr && !rc; i++ )
        rc = settle_exits(st, i, marks);
    for ( i = 0; i < st->nr && !rc && marks; i++ )
        rc = replay_rest(st, i);
    if ( !rc && st->nr_events )
        rc = replay(st);
    return rc || marks || !order ? rc : merge_ordered(st);
}

struct settling *settling_create(struct idtap_stats *all, struct lane *lanes,
                                 unsigned int nr)
{
    struct settling *st = calloc(1, sizeof(*st));

    if ( !st )
        return NULL;
    st->all = all;
    st->lanes = lanes;
    st->nr = nr;
    st->streams = calloc(nr, sizeof(*st->streams));
    st->heap = calloc(nr, sizeof(*st->heap));
    if ( !st->streams || !st->heap )
    {
        settling_destroy(st);
        return NULL;
    }
    return st;
}

void settling_destroy(struct settling *st)
{
    if ( !st )
        return;

    free(st->events);
    free(st->streams);
    free(st->heap);
    free(st);
}
