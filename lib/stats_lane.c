/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One lane: what of a stream can be found out without the others, and a journal
 * of the rest.  stats_lanes.h has the rules.
 *
 * Records are gone through list by list (packet_sort_records()), not one after
 * the other: what follows what in a list is much more regular, and a processor
 * that guesses wrong has lost the time of several records.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats_lanes.h"

static const uint8_t list_of[256] = {
    [IDTAP_EV_VM_EXIT]       = PACKET_EXITS,
    [IDTAP_EV_VM_ENTRY]      = PACKET_EXITS,
    [IDTAP_EV_IRQ_ENTER]     = PACKET_HANDLERS,
    [IDTAP_EV_IRQ_EXIT]      = PACKET_HANDLERS,
    [IDTAP_EV_NMI_ENTER]     = PACKET_HANDLERS,
    [IDTAP_EV_NMI_EXIT]      = PACKET_HANDLERS,
    [IDTAP_EV_SOFTIRQ_RAISE] = PACKET_RAISES,
    [IDTAP_EV_SOFTIRQ_ENTER] = PACKET_HANDLERS,
    [IDTAP_EV_SOFTIRQ_EXIT]  = PACKET_HANDLERS,
    [IDTAP_EV_EXCEPTION]     = PACKET_COUNTS,
    [IDTAP_EV_SWINT]         = PACKET_COUNTS,
    [IDTAP_EV_PV_TRAP]       = PACKET_COUNTS,
    [IDTAP_EV_PV_UPCALL]     = PACKET_COUNTS,
    [IDTAP_EV_EVTCHN]        = PACKET_COUNTS,
    [IDTAP_EV_INJECT]        = PACKET_ORDERED,
    [IDTAP_EV_LAPIC_ACCEPT]  = PACKET_ORDERED,
    [IDTAP_EV_LAPIC_EOI]     = PACKET_ORDERED,
};

/* Room for `n` more in an array. */
static int more(void *array, size_t nr, size_t *room, size_t n, size_t size)
{
    void **a = array;
    void *bigger;
    size_t want = nr + n;

    if ( want <= *room )
        return 0;
    want += want / 2;
    bigger = realloc(*a, want * size);
    if ( !bigger )
        return -ENOMEM;
    *a = bigger;
    *room = want;
    return 0;
}

#define MORE(j, what, n) \
    more(&(j)->what, (j)->nr_##what, &(j)->room_##what, (n), \
         sizeof(*(j)->what))

static struct journal *journal_of(struct lane *l)
{
    return &l->journal[l->slice % 2];
}

static const struct idtap_record *record_at(const struct lane *l,
                                            unsigned int list, uint32_t i)
{
    return idtap_record_at(l->begin + l->lists.at[list][i]);
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

static int leave_all_open(struct journal *j)
{
    size_t i;

    if ( MORE(j, exits, j->nr_seen) )
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
    struct journal *j = journal_of(l);
    uint64_t slice = l->slice;
    uint32_t i;

    if ( MORE(j, exits, to - from) || MORE(j, seen, to - from) )
        return -ENOMEM;

    for ( i = from; i < to; i++ )
    {
        const struct idtap_record *r = record_at(l, PACKET_EXITS, i);
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
        const struct idtap_record *r = record_at(l, PACKET_COUNTS, i);

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
        const struct idtap_record *r = record_at(l, PACKET_RAISES, i);

        if ( chooses(l, r) )
            rc = stats_softirq_raise(l->shard, r);
    }
    return rc;
}

static int ordered(struct lane *l, uint32_t from, uint32_t to)
{
    struct journal *j = journal_of(l);
    uint32_t i;

    if ( MORE(j, ordered, to - from) )
        return -ENOMEM;

    for ( i = from; i < to; i++ )
    {
        const struct idtap_record *r = record_at(l, PACKET_ORDERED, i);

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
        const struct idtap_record *r = record_at(l, list, i);
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

/* Takes what is left of the lists, up to these places. */
static int take(struct lane *l, const uint32_t to[PACKET_LISTS])
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
        if ( record_at(l, i, to[i] - 1)->tsc > l->last_tsc )
            l->last_tsc = record_at(l, i, to[i] - 1)->tsc;
        if ( !l->counted )
            rc = domains(l, i, from[i], to[i]);
    }

    if ( !rc && (s->parts & IDTAP_STATS_EXITS) )
        rc = exits(l, from[PACKET_EXITS], to[PACKET_EXITS]);
    if ( !rc && (s->parts & IDTAP_STATS_HANDLERS) )
    {
        uint32_t first = from[PACKET_HANDLERS];
        struct stats_handlers_list list = {
            l->begin, l->lists.at[PACKET_HANDLERS] + first,
            l->lists.before + first, to[PACKET_HANDLERS] - first,
        };

        rc = stats_handlers_some(s, c, &list, &l->guest_ran, l->chosen,
                                 l->counted);
        /* The next one may be in another packet. */
        if ( l->guest_ran != to[PACKET_EXITS] )
            stats_handlers_guest_ran(c);
        l->guest_ran = to[PACKET_EXITS];
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

/*
 * How far to go in a list: up to where a record is younger, or lies at `end` or
 * behind it.
 */
static uint32_t reach(const struct lane *l, unsigned int list, uint64_t tsc,
                      uint64_t end)
{
    uint32_t low = l->next[list], high = l->lists.nr[list];

    while ( low < high )
    {
        uint32_t middle = low + (high - low) / 2;

        if ( l->lists.at[list][middle] < end &&
             record_at(l, list, middle)->tsc <= tsc )
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int take_until(struct lane *l, uint64_t tsc, uint64_t end)
{
    uint32_t to[PACKET_LISTS];
    unsigned int i;

    /* Mostly it is all: one look instead of many. */
    if ( tsc >= l->packet.header.timestamp_end &&
         end >= l->packet.header.content_size / 8 )
        return take(l, l->lists.nr);
    for ( i = 0; i < PACKET_LISTS; i++ )
        to[i] = reach(l, i, tsc, end);
    return take(l, to);
}

/* The offset of the first record that was not taken, or the content's end. */
static uint64_t offset_of(const struct lane *l)
{
    uint64_t first = l->packet.header.content_size / 8;
    unsigned int i;

    for ( i = 0; i < PACKET_LISTS; i++ )
        if ( l->next[i] < l->lists.nr[i] &&
             l->lists.at[i][l->next[i]] < first )
            first = l->lists.at[i][l->next[i]];
    return first;
}

/* The pCPU goes blind, or sees again: what is open will not be paired. */
static int mark(struct lane *l, uint64_t tsc, bool blind)
{
    struct journal *j = journal_of(l);
    struct cpu *c = &l->shard->cpus[l->cpu];

    if ( leave_all_open(j) || MORE(j, marks, 1) )
        return -ENOMEM;
    j->marks[j->nr_marks++] = (struct lane_mark){ tsc, j->nr_exits,
                                                  j->nr_ordered, blind };
    stats_handlers_forget(c);
    c->blind = blind;
    return 0;
}

static int packet_begins(struct lane *l)
{
    struct idtap_stats *s = l->shard;
    struct cpu *c = &s->cpus[l->cpu];
    struct journal *j = journal_of(l);
    const struct idtap_packet_header *h = &l->packet.header;
    int rc = 0;

    if ( c->blind || l->packet.lost_packets )
        rc = mark(l, l->first_tsc, false);

    c->stats.present = true;
    c->last_discarded = h->events_discarded;
    if ( h->timestamp_end < s->from )
    {
        struct idtap_lost base = {
            .r = { .tsc = l->first_tsc, .event = ORDERED_BASE },
            .count = h->events_discarded, .cpu = (uint32_t)l->cpu,
        };

        if ( MORE(j, ordered, 1) )
            return -ENOMEM;
        memcpy(j->ordered[j->nr_ordered++].bytes, &base, sizeof(base));
    }
    else
    {
        c->stats.packets++;
        if ( h->timestamp_begin >= s->from )
            c->stats.lost_packets += l->packet.lost_packets;
    }

    l->fresh = false;
    if ( offset_of(l) < h->content_size / 8 )
        note_time(s, l->first_tsc);
    return rc;
}

/*
 * Records up to `tsc`, of those before the window's end.  1: the packet is at
 * its end.
 */
static int take_packet(struct lane *l, uint64_t tsc)
{
    const struct idtap_packet_header *h = &l->packet.header;
    uint64_t content = h->content_size / 8, bytes = h->packet_size / 8;
    uint64_t blind = l->packet.discarded ? bytes - STATS_LARGEST_RECORD : content;
    uint64_t off;
    int rc;

    rc = l->fresh ? packet_begins(l) : 0;
    if ( !rc )
        rc = take_until(l, tsc, blind);

    /* Behind this, a larger record may have been dropped. */
    for ( off = offset_of(l); !rc && off < content && off >= blind &&
          idtap_record_at(l->begin + off)->tsc <= tsc; off = offset_of(l) )
    {
        rc = mark(l, idtap_record_at(l->begin + off)->tsc, true);
        if ( !rc )
            rc = take_until(l, tsc, off + 1);
    }

    if ( l->last_tsc > l->shard->last )
        l->shard->last = l->last_tsc;
    if ( rc || offset_of(l) < content )
        return rc;
    if ( l->packet.discarded )
        rc = mark(l, l->last_tsc > l->first_tsc ? l->last_tsc : l->first_tsc,
                  true);
    return rc ? rc : 1;
}

static int take_meta(struct lane *l, uint64_t tsc)
{
    struct journal *j = journal_of(l);

    l->fresh = false;
    for ( ; l->begin < l->packet.end; l->begin = idtap_record_next(l->begin) )
    {
        const struct idtap_record *r = idtap_record_at(l->begin);

        if ( r->tsc > tsc )
            return 0;
        if ( r->tsc >= l->shard->from )
            note_time(l->shard, r->tsc);
        l->last_tsc = r->tsc;
        if ( r->event != IDTAP_EV_LOST && r->event != IDTAP_EV_CONFIG )
            continue;
        if ( MORE(j, ordered, 1) )
            return -ENOMEM;
        memcpy(j->ordered[j->nr_ordered++].bytes, r,
               idtap_record_bytes[r->event]);
    }
    return 1;
}

/* The next packet, from where the window begins; 0 or -ENOMEM. */
static int load(struct lane *l, struct idtap_iter *it)
{
    uint64_t after = l->last_tsc > l->first_tsc ? l->last_tsc : l->first_tsc;
    const struct idtap_packet_header *h = &l->packet.header;
    uint64_t from, to, content;
    int rc = iter_lane_next(it, l->nr, after, &l->packet, &l->lists);

    l->done = rc <= 0;
    if ( rc <= 0 )
        return rc;

    l->fresh = true;
    l->first_tsc = h->timestamp_begin;
    if ( l->cpu < 0 )
    {
        l->begin = l->packet.begin;
        if ( l->begin < l->packet.end )
            l->first_tsc = idtap_record_at(l->begin)->tsc;
        return 0;
    }

    iter_get_window(it, &from, &to);
    content = h->content_size / 8;
    l->begin = l->packet.begin - sizeof(*h);
    memset(l->next, 0, sizeof(l->next));
    if ( h->timestamp_end < from )
        memcpy(l->next, l->lists.nr, sizeof(l->next));
    else if ( from )
    {
        uint32_t first[PACKET_LISTS];
        unsigned int i;

        for ( i = 0; i < PACKET_LISTS; i++ )
            first[i] = reach(l, i, from - 1, content);
        memcpy(l->next, first, sizeof(l->next));
    }
    l->guest_ran = l->next[PACKET_EXITS];
    if ( offset_of(l) < content )
        l->first_tsc = idtap_record_at(l->begin + offset_of(l))->tsc;
    return 0;
}

int lane_begin(struct lane *l, struct idtap_iter *it)
{
    return load(l, it);
}

int lane_slice(struct lane *l, struct idtap_iter *it,
               const struct slice *slice)
{
    struct journal *j = &l->journal[slice->nr % 2];
    uint64_t tsc = slice->tsc, from, to;
    unsigned int packets = 0;
    int rc = 1;

    l->slice = slice->nr;
    j->nr_exits = j->nr_ordered = j->nr_marks = j->nr_seen = 0;
    j->lapic = false;
    iter_get_window(it, &from, &to);
    if ( l->done || (l->nr > slice->lane && !tsc) )
        return 0;
    if ( l->nr > slice->lane )
        tsc--;

    while ( !l->done && rc > 0 )
    {
        uint64_t last = to != UINT64_MAX && to - 1 < tsc ? to - 1 : tsc;

        /* Behind the window there is nothing more. */
        if ( to != UINT64_MAX && l->first_tsc >= to )
        {
            l->done = true;
            break;
        }
        if ( l->first_tsc > tsc )
            break;
        if ( packets++ == slice->packets )
        {
            if ( l->nr == slice->lane )
                break;
            return -EAGAIN;
        }
        rc = l->cpu < 0 ? take_meta(l, last) : take_packet(l, last);
        if ( rc > 0 && load(l, it) )
            rc = -ENOMEM;
        else if ( !rc && last < tsc )
            l->done = true;
    }

    if ( rc >= 0 && leave_all_open(j) )
        rc = -ENOMEM;
    return rc < 0 ? rc : 0;
}

static bool chooses_all(const struct idtap_stats *s)
{
    unsigned int event;

    for ( event = 1; event < IDTAP_EV_NR_RING; event++ )
        if ( s->wanted[event] != WANTED_ALWAYS )
            return false;
    return true;
}

void lane_init(struct lane *l, struct idtap_iter *it, unsigned int nr,
               struct idtap_stats *shard, uint64_t *records_of,
               uint64_t *not_counted)
{
    uint64_t from, to;

    iter_get_window(it, &from, &to);
    memset(l, 0, sizeof(*l));
    l->nr = nr;
    l->cpu = iter_lane_cpu(it, nr);
    l->shard = shard;
    l->chosen = l->cpu >= 0 &&
                idtap_select_has_cpu(&shard->select, (unsigned int)l->cpu);
    packet_lists_init(&l->lists, list_of);
    l->counted = l->chosen && !from && to == UINT64_MAX && chooses_all(shard);
    l->lists.records_of = l->counted ? records_of : not_counted;
}

void lane_free(struct lane *l)
{
    unsigned int i;

    for ( i = 0; i < 2; i++ )
    {
        free(l->journal[i].exits);
        free(l->journal[i].ordered);
        free(l->journal[i].marks);
        free(l->journal[i].seen);
    }
    packet_lists_free(&l->lists);
    map_clear(&l->vcpus);
}
