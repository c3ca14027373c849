/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics: takes a trace run by run, keeps track of losses, and hands each
 * record to the parts that look at it.
 *
 * The rules of loss.  The tap drops a record when it does not fit into the open
 * packet and the next is not free; a smaller one may still fit afterwards.  So
 * the drops that a packet tells of lie behind the point where the largest
 * record would no longer have fitted, and before the next packet: from there to
 * there the pCPU is blind.  Nothing is paired across a blind stretch; and what
 * may be seen to by several pCPUs is not paired on any while one is blind.
 */
#include <errno.h>
#include <string.h>

#include "stats_priv.h"

/* What is open on this pCPU will not be paired any more. */
static void set_blind(struct idtap_stats *s, struct cpu *c, bool blind)
{
    stats_handlers_forget(c);
    s->generation++;
    if ( blind && !c->blind )
        s->nr_blind++;
    else if ( !blind && c->blind )
        s->nr_blind--;
    c->blind = blind;
}

int stats_count(struct idtap_stats *s, const struct idtap_record *r)
{
    struct idtap_row *row;
    const struct idtap_evtchn *e;
    bool again;

    switch ( r->event )
    {
    case IDTAP_EV_EXCEPTION:
        row = stats_row_of(s, r, IDTAP_TAB_EXCEPTION, r->vector);
        if ( !row )
            return -ENOMEM;
        row->count++;
        row->extra += !!(r->flags & IDTAP_F_INTERCEPT);
        return 0;

    case IDTAP_EV_INJECT:
        row = stats_row_of(s, r, IDTAP_TAB_INJECT, r->vector);
        if ( !row )
            return -ENOMEM;
        again = r->flags & IDTAP_F_REINJECT;
        row->count += !again;
        row->extra += again;
        return 0;

    case IDTAP_EV_SWINT:
        row = stats_row_of(s, r, IDTAP_TAB_SWINT, r->vector);
        break;

    case IDTAP_EV_PV_TRAP:
        row = stats_row_of(s, r, IDTAP_TAB_PV_TRAP,
                           IDTAP_PV_TRAP_KEY(!(r->flags & IDTAP_F_IN_GUEST),
                                             r->vector));
        break;

    case IDTAP_EV_PV_UPCALL:
        row = stats_row_of(s, r, IDTAP_TAB_PV_UPCALL,
                           IDTAP_UPCALL_KEY(((const struct idtap_pv_upcall *)
                                             (const void *)r)->kind,
                                            r->vector));
        break;

    case IDTAP_EV_EVTCHN:
        e = (const void *)r;
        row = stats_row_of(s, r, IDTAP_TAB_EVTCHN,
                           IDTAP_EVTCHN_KEY(e->port, e->kind, e->source));
        break;

    default:
        return 0;
    }

    if ( !row )
        return -ENOMEM;
    row->count++;
    row->extra += !!(r->flags & IDTAP_F_PENDING);
    return 0;
}

/* A chosen record: one of its domain. */
static inline int count(struct idtap_stats *s, const struct idtap_record *r)
{
    struct idtap_domain_stats *d = domain_of(s, r);

    if ( !d )
        return -ENOMEM;
    d->records++;
    s->chosen++;
    return stats_counts_rows(r->event) ? stats_count(s, r) : 0;
}

/* Parts that are not of the summary. */
#define SPECIAL (IDTAP_STATS_RAISES | IDTAP_STATS_EVENTS | \
                 IDTAP_STATS_ARRIVALS | IDTAP_STATS_RIPS | \
                 IDTAP_STATS_UPCALLS)

static int special(struct idtap_stats *s, int cpu,
                   const struct idtap_record *r, uint32_t parts, bool chosen)
{
    int rc = 0;

    if ( parts & IDTAP_STATS_RAISES )
        rc = stats_raises(s, cpu, r, chosen);
    if ( !rc && (parts & IDTAP_STATS_UPCALLS) )
        rc = stats_upcalls(s, r, chosen);
    if ( !chosen )
        return rc;

    if ( !rc && (parts & IDTAP_STATS_EVENTS) )
        rc = stats_event(s, r);
    if ( !rc && (parts & IDTAP_STATS_ARRIVALS) )
        rc = stats_arrival(s, r);
    if ( !rc && (parts & IDTAP_STATS_RIPS) )
        rc = stats_rip(s, r);
    return rc;
}

static inline int ring_record(struct idtap_stats *s, struct cpu *c, int cpu,
                              const struct idtap_record *r, uint32_t parts,
                              bool chosen)
{
    int rc = 0;

    chosen = chosen && stats_chooses(s, r);
    if ( (parts & IDTAP_STATS_COUNTS) && chosen )
        rc = count(s, r);
    if ( !rc && (parts & IDTAP_STATS_HANDLERS) )
        rc = stats_handlers(s, c, r, chosen);
    if ( !rc && (parts & IDTAP_STATS_EXITS) )
        rc = stats_exits(s, c, cpu, r, chosen);
    if ( !rc && (parts & IDTAP_STATS_LAPIC) )
        rc = stats_lapic(s, c, r, chosen);
    if ( !rc && (parts & SPECIAL) )
        rc = special(s, cpu, r, parts, chosen);
    return rc;
}

void stats_meta_record(struct idtap_stats *s, const struct idtap_record *r)
{
    const struct idtap_config_change *c = (const void *)r;
    const struct idtap_lost *l = (const void *)r;

    if ( r->event == IDTAP_EV_CONFIG )
    {
        /* Every part of a rotated recording begins with one. */
        if ( !s->nr_configs || c->classes != s->classes )
            s->nr_configs++;
        s->classes = c->classes;
    }
    else if ( r->event == IDTAP_EV_LOST && l->cpu < IDTAP_MAX_CPUS &&
              (s->parts & IDTAP_STATS_COUNTS) )
    {
        struct cpu *cpu = stats_cpu(s, l->cpu);

        cpu->stats.present = true;
        if ( l->count > cpu->lost_count )
            cpu->lost_count = l->count;
        if ( !s->nr_configs || r->tsc < s->from )
            cpu->lost_base = l->count;
    }
}

static void packet_begins(struct idtap_stats *s, struct cpu *c,
                          const struct stats_feed *f)
{
    if ( c->blind || f->lost_packets )
        set_blind(s, c, false);
    if ( !(s->parts & IDTAP_STATS_COUNTS) )
        return;

    c->stats.present = true;
    c->last_discarded = f->events_discarded;
    if ( f->timestamp_end < s->from )
        c->lost_base = f->events_discarded;
    else
    {
        c->stats.packets++;
        /* They are missing before this one's begin. */
        if ( f->timestamp_begin >= s->from )
            c->stats.lost_packets += f->lost_packets;
    }
}

/* The first record that begins where the largest does not fit any more. */
static const uint8_t *first_blind(const struct idtap_run *run, uint64_t left)
{
    const uint8_t *p = run->begin;

    while ( p < run->end &&
            (uint64_t)(run->packet->end - p) + left > STATS_LARGEST_RECORD )
        p = idtap_record_next(p);
    return p;
}

void stats_feed_of(const struct idtap_run *run, struct stats_feed *f)
{
    const struct idtap_packet *p = run->packet;
    const struct idtap_packet_header *h = &p->header;
    uint64_t left;

    /* Most runs are short, and within a packet that tells of no loss. */
    f->cpu = run->cpu;
    f->begin = run->begin;
    f->end = run->end;
    f->packet_begins = run->packet_begins;
    f->goes_blind = run->packet_ends && p->discarded;
    f->blind = NULL;
    if ( p->discarded )
    {
        left = (h->packet_size - h->content_size) / 8;
        f->blind = left < STATS_LARGEST_RECORD ? first_blind(run, left) : NULL;
    }
    if ( run->packet_begins )
    {
        f->lost_packets = p->lost_packets;
        f->events_discarded = h->events_discarded;
        f->timestamp_begin = h->timestamp_begin;
        f->timestamp_end = h->timestamp_end;
    }
}

int stats_feed(struct idtap_stats *s, const struct stats_feed *f)
{
    const uint8_t *p = f->begin;
    uint64_t n = 0, last = 0;
    bool chosen;
    struct cpu *c;
    int rc = 0;

    if ( f->cpu < 0 )
    {
        for ( ; p < f->end; p = idtap_record_next(p) )
        {
            if ( idtap_record_at(p)->tsc >= s->from )
                note_time(s, idtap_record_at(p)->tsc);
            stats_meta_record(s, idtap_record_at(p));
        }
        return 0;
    }

    c = stats_cpu(s, (unsigned int)f->cpu);
    chosen = idtap_select_has_cpu(&s->select, (unsigned int)f->cpu);
    if ( f->packet_begins )
        packet_begins(s, c, f);
    if ( p < f->end )
        note_time(s, idtap_record_at(p)->tsc);

    for ( ; p < f->end && !rc; p = idtap_record_next(p) )
    {
        const struct idtap_record *r = idtap_record_at(p);
        uint32_t parts = s->parts_of[r->event];

        if ( f->blind && p >= f->blind )
            set_blind(s, c, true);
        if ( parts )
            rc = ring_record(s, c, f->cpu, r, parts, chosen);
        n++;
        last = r->tsc;
    }
    c->stats.records += n;
    if ( last > s->last )
        s->last = last;

    if ( f->goes_blind )
        set_blind(s, c, true);
    return rc;
}

int idtap_stats_run(struct idtap_stats *s, const struct idtap_run *run)
{
    struct stats_feed feed;

    stats_feed_of(run, &feed);
    return stats_feed(s, &feed);
}
