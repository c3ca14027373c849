/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One lane: how far it goes in a slice, packet by packet, and where its pCPU
 * goes blind.  What is made of the records is stats_take.c's; stats_lanes.h has
 * the rules.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats_lanes.h"

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

        if ( packet_place_offset(l->lists.at[list][middle]) < end &&
             lane_record(l, list, middle)->tsc <= tsc )
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
        return lane_take(l, l->lists.nr);
    for ( i = 0; i < PACKET_LISTS; i++ )
        to[i] = reach(l, i, tsc, end);
    return lane_take(l, to);
}

/* The offset of the first record that was not taken, or the content's end. */
static uint64_t offset_of(const struct lane *l)
{
    uint64_t first = l->packet.header.content_size / 8;
    unsigned int i;

    for ( i = 0; i < PACKET_LISTS; i++ )
        if ( l->next[i] < l->lists.nr[i] )
        {
            uint32_t off = packet_place_offset(l->lists.at[i][l->next[i]]);

            first = off < first ? off : first;
        }
    return first;
}

/* The pCPU goes blind, or sees again: what is open will not be paired. */
static int mark(struct lane *l, uint64_t tsc, bool blind)
{
    struct journal *j = lane_journal(l);
    struct cpu *c = &l->shard->cpus[l->cpu];

    if ( lane_leave_all_open(j) || LANE_MORE(j, marks, 1) )
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
    struct cpu *c = stats_cpu(s, (unsigned int)l->cpu);
    struct journal *j = lane_journal(l);
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

        if ( LANE_MORE(j, ordered, 1) )
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
    struct journal *j = lane_journal(l);

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
        if ( LANE_MORE(j, ordered, 1) )
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
    l->exits = l->next[PACKET_EXITS];
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
    struct journal *j = lane_journal_of(l, slice->nr);
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

    if ( rc >= 0 && lane_leave_all_open(j) )
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
    packet_lists_init(&l->lists, lane_list_of);
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
