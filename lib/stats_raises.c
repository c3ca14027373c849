/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of raised softirqs: how long until they run, by softirq and pCPU.
 *
 *  - A raise for a pCPU begins a wait there; more raises before the run join
 *    it, so that it is timed from the earliest.
 *  - The run (softirq_enter on that pCPU) ends it.  A run without a wait was
 *    raised unseen, and is not timed.
 *  - A raise for a set of pCPUs does not say for which.  Where no wait is
 *    under way, the next run may be its doing and would seem to wait too
 *    short: that run is counted as unsure, and not timed.
 *  - A raise that falls between the moment when Xen takes the softirq off its
 *    list and the record of the run joins that wait; the run that it causes
 *    is then one without a wait.
 *  - A loss, or a change of what is recorded, ends all waits, and none begins
 *    while a pCPU is blind.
 */
#include <errno.h>

#include "stats_priv.h"

static struct idtap_raise_row *raise_row(struct idtap_stats *s,
                                         unsigned int nr, unsigned int cpu)
{
    struct idtap_raise_row *row =
        stats_row(s, IDTAP_TAB_RAISE, &s->raises, (uint64_t)nr << 16 | cpu,
                  sizeof(*row));

    if ( row && row->generation != stats_epoch(s) )
    {
        row->generation = stats_epoch(s);
        row->open = false;
    }
    return row;
}

static int raised(struct idtap_stats *s, const struct idtap_record *r)
{
    const struct idtap_softirq_raise *e = (const void *)r;
    bool mask = r->flags & IDTAP_F_CPU_MASK;
    struct idtap_raise_row *row;

    if ( !mask && e->cpu >= IDTAP_MAX_CPUS )
        return 0;
    if ( !mask && !idtap_select_has_cpu(&s->select, e->cpu) )
        return 0;
    row = raise_row(s, r->vector, mask ? IDTAP_RAISE_MASK : e->cpu);
    if ( !row )
        return -ENOMEM;

    row->raised++;
    if ( mask )
        s->mask_tsc[r->vector] = r->tsc;
    else if ( row->open )
        row->coalesced++;
    else if ( !s->nr_blind && row->key != IDTAP_KEY_OTHER )
    {
        row->open = true;
        row->raise_tsc = r->tsc;
        row->tainted = s->mask_tsc[r->vector] &&
                       s->mask_tsc[r->vector] >= row->run_tsc;
    }
    return 0;
}

static int run(struct idtap_stats *s, int cpu, const struct idtap_record *r)
{
    struct idtap_raise_row *row = raise_row(s, r->vector, (unsigned int)cpu);
    int rc = 0;

    if ( !row )
        return -ENOMEM;

    row->runs++;
    if ( row->open && !row->tainted )
        rc = stats_took(s, IDTAP_TAB_RAISE, &row->wait,
                        r->tsc - row->raise_tsc);
    else if ( row->open || (s->mask_tsc[r->vector] &&
                            s->mask_tsc[r->vector] >= row->run_tsc) )
        row->unsure++;
    row->open = false;
    row->run_tsc = r->tsc;
    return rc;
}

int stats_raises(struct idtap_stats *s, int cpu,
                 const struct idtap_record *r, bool chosen)
{
    /* Whatever is chosen, it is the pCPU that it is for that counts. */
    if ( r->event == IDTAP_EV_SOFTIRQ_RAISE )
        return s->wanted[r->event] ? raised(s, r) : 0;
    return chosen ? run(s, cpu, r) : 0;
}
