/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of whatever has a vector and arrives at somebody: how often, at
 * which distances, and where exceptions come from.  What is such an event is
 * one table; a new class of events is a row in it.
 */
#include <errno.h>
#include <stddef.h>

#include <idtap/names.h>

#include "stats_priv.h"

#define EVENT_ARRIVES   1u
#define EVENT_REINJECTS 2u /* a repeated injection is no other event */
#define EVENT_HAS_RIP   4u /* behind the common part, as in idtap_exception */

_Static_assert(offsetof(struct idtap_swint, rip) ==
               offsetof(struct idtap_exception, rip), "RIPs");

static const uint8_t kinds[256] = {
    [IDTAP_EV_IRQ_ENTER]    = EVENT_ARRIVES,
    [IDTAP_EV_EXCEPTION]    = EVENT_ARRIVES | EVENT_HAS_RIP,
    [IDTAP_EV_NMI_ENTER]    = EVENT_ARRIVES,
    [IDTAP_EV_INJECT]       = EVENT_ARRIVES | EVENT_REINJECTS,
    [IDTAP_EV_LAPIC_ACCEPT] = EVENT_ARRIVES,
    [IDTAP_EV_SWINT]        = EVENT_ARRIVES | EVENT_HAS_RIP,
    [IDTAP_EV_PV_TRAP]      = EVENT_ARRIVES | EVENT_HAS_RIP,
    [IDTAP_EV_PV_UPCALL]    = EVENT_ARRIVES,
    [IDTAP_EV_EVTCHN]       = EVENT_ARRIVES,
};

bool stats_arrives(unsigned int event)
{
    return kinds[event];
}

bool stats_has_rip(unsigned int event)
{
    return kinds[event] & EVENT_HAS_RIP;
}

static bool again(const struct idtap_record *r)
{
    return (kinds[r->event] & EVENT_REINJECTS) &&
           (r->flags & IDTAP_F_REINJECT);
}

/* Event channels have none, and upcalls as their kind has. */
static uint64_t key_of(const struct idtap_record *r)
{
    const struct idtap_pv_upcall *u = (const void *)r;
    bool none = r->event == IDTAP_EV_EVTCHN ||
                (r->event == IDTAP_EV_PV_UPCALL &&
                 !idtap_upcall_has_vector(u->kind));

    return IDTAP_EVENT_KEY(r->event, none ? IDTAP_VECTOR_NONE : r->vector);
}

int stats_event(struct idtap_stats *s, const struct idtap_record *r)
{
    struct idtap_row *row;

    if ( again(r) )
        return 0;
    row = stats_row_of(s, r, IDTAP_TAB_EVENT, key_of(r));
    if ( !row )
        return -ENOMEM;

    row->count++;
    row->extra += !!(r->flags & IDTAP_F_IN_GUEST);
    return 0;
}

int stats_arrival(struct idtap_stats *s, const struct idtap_record *r)
{
    struct idtap_domain_stats *d;
    struct idtap_arrival_row *row;
    uint64_t gap;

    if ( again(r) )
        return 0;
    d = domain_of(s, r);
    row = d ? stats_row(s, IDTAP_TAB_ARRIVAL, &d->arrivals, key_of(r),
                        sizeof(*row)) : NULL;
    if ( !row )
        return -ENOMEM;

    row->count++;
    if ( row->key == IDTAP_KEY_OTHER )
        return 0; /* of many vectors: there are no gaps */

    gap = r->tsc - row->last_tsc;
    row->last_tsc = r->tsc;
    /* Nothing is known of the gap across a loss, nor while a pCPU is blind. */
    if ( row->count == 1 || row->generation != stats_epoch(s) || s->nr_blind )
    {
        row->generation = s->nr_blind ? UINT64_MAX : stats_epoch(s);
        row->run = 1;
        return 0;
    }

    if ( gap >= s->burst_ticks )
        row->run = 1;
    else if ( ++row->run == s->burst_min + 1 )
    {
        row->bursts++;
        row->in_bursts += row->run;
    }
    else if ( row->run > s->burst_min )
        row->in_bursts++;
    if ( row->run > s->burst_min && row->run > row->longest )
        row->longest = row->run;

    return stats_took(s, IDTAP_TAB_ARRIVAL, &row->gap, gap);
}

int stats_rip(struct idtap_stats *s, const struct idtap_record *r)
{
    const struct idtap_exception *e = (const void *)r;
    struct idtap_domain_stats *d = domain_of(s, r);
    struct idtap_rip_row *row;
    uint32_t room, max = IDTAP_TOPK_MAX;

    row = d ? stats_row(s, IDTAP_TAB_RIP, &d->rips,
                        IDTAP_EVENT_KEY(r->event, r->vector), sizeof(*row))
            : NULL;
    if ( !row )
        return -ENOMEM;

    /* What has no room to grow keeps the room that it has. */
    room = row->rips.room;
    if ( room && s->room[IDTAP_TAB_RIP].used >= stats_budget )
        max = room;
    if ( idtap_topk_add(&row->rips, e->rip, max) )
        return -ENOMEM;
    s->room[IDTAP_TAB_RIP].used += (row->rips.room - room) *
        (sizeof(*row->rips.heap) + 2 * sizeof(*row->rips.index));
    return 0;
}
