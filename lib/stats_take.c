/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a lane makes of the records of a packet: counts, times of what nests on
 * its pCPU, and a journal of the rest (stats_lanes.h).
 *
 * Records are gone through list by list (packet_sort_records()), not one after
 * the other: what follows what in a list is much more regular, and a processor
 * that guesses wrong has lost the time of several records.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats_lanes.h"

#define ROOM_MIN 2048u /* elements of a journal's array */

const uint8_t lane_list_of[256] = {
    [IDTAP_EV_VM_EXIT]       = PACKET_EXITS,
    [IDTAP_EV_VM_ENTRY]      = PACKET_EXITS,
    [IDTAP_EV_IRQ_ENTER]     = PACKET_IRQS,
    [IDTAP_EV_IRQ_EXIT]      = PACKET_IRQS,
    [IDTAP_EV_NMI_ENTER]     = PACKET_IRQS,
    [IDTAP_EV_NMI_EXIT]      = PACKET_IRQS,
    [IDTAP_EV_SOFTIRQ_RAISE] = PACKET_RAISES,
    [IDTAP_EV_SOFTIRQ_ENTER] = PACKET_SOFTIRQS,
    [IDTAP_EV_SOFTIRQ_EXIT]  = PACKET_SOFTIRQS,
    [IDTAP_EV_EXCEPTION]     = PACKET_COUNTS,
    [IDTAP_EV_SWINT]         = PACKET_COUNTS,
    [IDTAP_EV_PV_TRAP]       = PACKET_COUNTS,
    [IDTAP_EV_PV_UPCALL]     = PACKET_COUNTS,
    [IDTAP_EV_EVTCHN]        = PACKET_COUNTS,
    [IDTAP_EV_INJECT]        = PACKET_ORDERED,
    [IDTAP_EV_LAPIC_ACCEPT]  = PACKET_ORDERED,
    [IDTAP_EV_LAPIC_EOI]     = PACKET_ORDERED,
};

int lane_more(void *array, size_t nr, size_t *room, size_t n, size_t size)
{
    void **a = array;
    void *bigger;
    size_t want = nr + n;

    if ( want <= *room )
        return 0;
    /* What is grown is copied, and what is not touched costs nothing. */
    want = want < ROOM_MIN ? ROOM_MIN : want + want / 2;
    bigger = realloc(*a, want * size);
    if ( !bigger )
        return -ENOMEM;
    *a = bigger;
    *room = want;
    return 0;
}

static inline bool chooses(const struct lane *l, const struct idtap_record *r)
{
    return l->counted || (l->chosen && stats_chooses(l->shard, r));
}

/*
 * VM exits.
 */

static struct lane_vcpu *vcpu_of(struct lane *l, const struct idtap_record *r)
{
    uint64_t key = (uint64_t)r->domain << 16 | r->vcpu;
    struct lane_vcpu **place =
        &l->recent[(r->domain * 37u + r->vcpu) % LANE_VCPUS];

    if ( !*place || (*place)->key != key )
        *place = map_get(&l->vcpus, key, sizeof(**place));
    return *place;
}

/* The vCPU's exit has had no entry. */
static void leave_open(struct journal *j, struct lane_vcpu *v)
{
    j->exits[j->nr_exits++] = (struct lane_exit){
        .v = v, .exit_tsc = v->exit_tsc, .reason = v->reason,
        .caused = v->caused, .has_exit = true, .chosen = v->chosen,
    };
    v->open = false;
}

int lane_leave_all_open(struct journal *j)
{
    size_t i;

    if ( LANE_MORE(j, exits, j->nr_seen) )
        return -ENOMEM;
    for ( i = 0; i < j->nr_seen; i++ )
        if ( j->seen[i]->open )
            leave_open(j, j->seen[i]);
    return 0;
}

static int count_exit(struct lane *l, struct lane_vcpu *v,
                      const struct idtap_record *r)
{
    const struct idtap_vm_exit *e = (const void *)r;
    struct idtap_row **row = lane_row_place(v->rows, e->reason), *caused;

    if ( r->flags & IDTAP_F_INTERCEPT )
    {
        v->caused = stats_caused_key(e);
        caused = stats_row_of(l->shard, r, IDTAP_TAB_CAUSED, v->caused);
        if ( !caused )
            return -ENOMEM;
        caused->count++;
    }

    if ( !*row || (*row)->key != e->reason )
        *row = stats_row_of(l->shard, r, IDTAP_TAB_EXIT, e->reason);
    if ( !*row )
        return -ENOMEM;
    (*row)->count++;
    return 0;
}

static int exits(struct lane *l, uint32_t from, uint32_t to)
{
    struct journal *j = lane_journal(l);
    uint64_t slice = l->slice;
    uint32_t i;

    if ( LANE_MORE(j, exits, to - from) || LANE_MORE(j, seen, to - from) )
        return -ENOMEM;

    for ( i = from; i < to; i++ )
    {
        const struct idtap_record *r = lane_record(l, PACKET_EXITS, i);
        struct lane_vcpu *v = vcpu_of(l, r);

        if ( !v )
            return -ENOMEM;
        if ( v->slice != slice )
        {
            v->slice = slice;
            v->open = false;
            j->seen[j->nr_seen++] = v;
        }

        if ( r->event == IDTAP_EV_VM_EXIT )
        {
            if ( v->open )
                leave_open(j, v);
            v->open = true;
            v->exit_tsc = r->tsc;
            v->reason = ((const struct idtap_vm_exit *)(const void *)r)->reason;
            v->caused = NOT_CAUSED;
            v->chosen = chooses(l, r);
            if ( v->chosen && count_exit(l, v, r) )
                return -ENOMEM;
            continue;
        }

        j->exits[j->nr_exits++] = (struct lane_exit){
            .v = v, .exit_tsc = v->exit_tsc, .entry_tsc = r->tsc,
            .reason = v->reason, .caused = v->caused, .has_exit = v->open,
            .has_entry = true, .chosen = v->chosen,
        };
        v->open = false;
    }
    return 0;
}

/*
 * The rest.
 */

static int counts(struct lane *l, uint32_t from, uint32_t to)
{
    uint32_t i;
    int rc = 0;

    for ( i = from; i < to && !rc; i++ )
    {
        const struct idtap_record *r = lane_record(l, PACKET_COUNTS, i);

        if ( chooses(l, r) )
            rc = stats_count(l->shard, r);
    }
    return rc;
}

static int raises(struct lane *l, uint32_t from, uint32_t to)
{
    uint32_t i;
    int rc = 0;

    for ( i = from; i < to && !rc; i++ )
    {
        const struct idtap_record *r = lane_record(l, PACKET_RAISES, i);

        if ( chooses(l, r) )
            rc = stats_softirq_raise(l->shard, r);
    }
    return rc;
}

static int ordered(struct lane *l, uint32_t from, uint32_t to)
{
    struct journal *j = lane_journal(l);
    uint32_t i;

    if ( LANE_MORE(j, ordered, to - from) )
        return -ENOMEM;

    for ( i = from; i < to; i++ )
    {
        const struct idtap_record *r = lane_record(l, PACKET_ORDERED, i);

        memcpy(j->ordered[j->nr_ordered++].bytes, r,
               r->event == IDTAP_EV_INJECT ? sizeof(struct idtap_inject)
                                           : sizeof(*r));
        if ( r->event != IDTAP_EV_INJECT )
            j->lapic = true;
        else if ( chooses(l, r) &&
                  stats_count(l->shard, r) )
            return -ENOMEM;
    }
    return 0;
}

/* Counts a list's records by domain, where reading them did not. */
static int domains(struct lane *l, unsigned int list, uint32_t from,
                   uint32_t to)
{
    uint32_t i;

    for ( i = from; i < to; i++ )
    {
        const struct idtap_record *r = lane_record(l, list, i);
        struct idtap_domain_stats *d;

        if ( !chooses(l, r) )
            continue;
        d = domain_of(l->shard, r);
        if ( !d )
            return -ENOMEM;
        d->records++;
        l->shard->chosen++;
    }
    return 0;
}

static int handlers(struct lane *l, const uint32_t to[PACKET_LISTS])
{
    struct cpu *c = &l->shard->cpus[l->cpu];
    const uint32_t *from = l->next;
    struct stats_handlers_list list = {
        .packet = l->begin, .exits = l->exits,
        .exits_after = to[PACKET_EXITS], .chosen = l->chosen, .all = l->counted,
    };
    int rc;

    list.at = l->lists.at[PACKET_IRQS] + from[PACKET_IRQS];
    list.nr = to[PACKET_IRQS] - from[PACKET_IRQS];
    rc = stats_irqs_some(l->shard, c, &list);

    list.at = l->lists.at[PACKET_SOFTIRQS] + from[PACKET_SOFTIRQS];
    list.nr = to[PACKET_SOFTIRQS] - from[PACKET_SOFTIRQS];
    if ( !rc )
        rc = stats_softirqs_some(l->shard, c, &list);

    l->exits = to[PACKET_EXITS];
    return rc;
}

int lane_take(struct lane *l, const uint32_t to[PACKET_LISTS])
{
    struct idtap_stats *s = l->shard;
    struct cpu *c = &s->cpus[l->cpu];
    const uint32_t *from = l->next;
    unsigned int i;
    int rc = 0;

    for ( i = 0; i < PACKET_LISTS && !rc; i++ )
    {
        if ( from[i] == to[i] )
            continue;
        c->stats.records += to[i] - from[i];
        if ( lane_record(l, i, to[i] - 1)->tsc > l->last_tsc )
            l->last_tsc = lane_record(l, i, to[i] - 1)->tsc;
        if ( !l->counted )
            rc = domains(l, i, from[i], to[i]);
    }

    if ( !rc && (s->parts & IDTAP_STATS_EXITS) )
        rc = exits(l, from[PACKET_EXITS], to[PACKET_EXITS]);
    if ( !rc && (s->parts & IDTAP_STATS_HANDLERS) )
    {
        rc = handlers(l, to);
    }
    if ( !rc && (s->parts & IDTAP_STATS_HANDLERS) )
        rc = raises(l, from[PACKET_RAISES], to[PACKET_RAISES]);
    if ( !rc )
        rc = counts(l, from[PACKET_COUNTS], to[PACKET_COUNTS]);
    if ( !rc )
        rc = ordered(l, from[PACKET_ORDERED], to[PACKET_ORDERED]);

    memcpy(l->next, to, sizeof(l->next));
    return rc;
}
