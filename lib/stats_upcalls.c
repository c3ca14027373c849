/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of event channels: how long from the event until Xen makes the PV
 * guest go to its upcall.  The time goes into the channel's row in EVTCHN.
 *
 *  - An event that finds no upcall pending begins a wait of its vCPU; those
 *    that find one (PENDING) join it, and are not timed.
 *  - The upcall for events ends the wait.
 *  - Another event that finds none pending, while a wait is open: the guest has
 *    looked after its events without an upcall, or the channel was masked, or
 *    two CPUs sent at the same moment.  The new wait takes the place of the
 *    open one, which is not timed.
 *  - A loss, or a change of what is recorded, ends all waits, and none begins
 *    while a pCPU is blind.
 *
 * HVM guests have no upcalls of this kind: their waits never end.
 */
#include <errno.h>

#include "stats_priv.h"

/* What a vCPU waits for. */
struct upcall_wait {
    uint64_t key;        /* domain << 16 | vcpu */
    uint64_t generation; /* when this is another, all below is void */
    uint64_t tsc;
    struct idtap_row *row; /* NULL: no wait, or one that is not chosen */
};

static struct upcall_wait *wait_of(struct idtap_stats *s,
                                   const struct idtap_record *r)
{
    uint64_t key = (uint64_t)r->domain << 16 | r->vcpu;
    struct upcall_wait *w = map_find(&s->waits, key);

    if ( !w )
    {
        if ( s->waits.nr == STATS_VCPUS_MAX )
            map_clear(&s->waits);
        w = map_insert(&s->waits, key, sizeof(*w));
    }
    if ( w && w->generation != stats_epoch(s) )
    {
        w->generation = stats_epoch(s);
        w->row = NULL;
    }
    return w;
}

static int sent(struct idtap_stats *s, const struct idtap_record *r,
                bool chosen)
{
    const struct idtap_evtchn *e = (const void *)r;
    struct upcall_wait *w;

    if ( r->flags & IDTAP_F_PENDING )
        return 0;
    w = wait_of(s, r);
    if ( !w )
        return -ENOMEM;

    w->row = NULL;
    if ( !chosen || s->nr_blind )
        return 0;
    w->tsc = r->tsc;
    w->row = stats_row_of(s, r, IDTAP_TAB_EVTCHN,
                          IDTAP_EVTCHN_KEY(e->port, e->kind, e->source));
    return w->row ? 0 : -ENOMEM;
}

static int arrived(struct idtap_stats *s, const struct idtap_record *r)
{
    const struct idtap_pv_upcall *e = (const void *)r;
    struct upcall_wait *w;
    struct idtap_row *row;

    /* There is no wait before the first event: saves time. */
    if ( e->kind != IDTAP_UPCALL_EVENT || !s->waits.nr )
        return 0;
    w = wait_of(s, r);
    if ( !w )
        return -ENOMEM;

    row = w->row;
    w->row = NULL;
    if ( !row )
        return 0;
    stats_tell(s, IDTAP_DURATION_UPCALL, r->domain, row->key, w->tsc, r->tsc);
    return stats_took(s, IDTAP_TAB_EVTCHN, &row->time, r->tsc - w->tsc);
}

int stats_upcalls(struct idtap_stats *s, const struct idtap_record *r,
                  bool chosen)
{
    return r->event == IDTAP_EV_EVTCHN ? sent(s, r, chosen) : arrived(s, r);
}
