/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of IRQs that Xen forwards to guests: from the interrupt to the
 * local APIC of an HVM guest, the injection and the EOI; to the event channel of
 * a PV guest.
 *
 * The record of an interrupt does not say for which guest it is.  What is seen
 * is Xen's way of forwarding it: the handler of an IRQ that is bound to guests
 * raises the softirq HVM_DPCI on its own pCPU, and when that runs there, local
 * APICs accept something.  So an accept is an IRQ's doing if
 *
 *  - it is recorded while HVM_DPCI runs on that pCPU, outside of interrupts,
 *  - which was raised there inside handlers of one and the same IRQ only, since
 *    it ran last: of several IRQs, whose accept it is cannot be told.
 *
 * The time is from the earliest irq_enter of these handlers.  Injection and EOI
 * are then those of the accept, by the rules of stats_lapic.c.  Interrupts
 * that the hardware posts do not come through Xen at all.
 *
 * A PV guest, as dom0 often is, is told by an event channel that is bound to the
 * IRQ, and that is sent inside the handler.
 */
#include <errno.h>
#include <string.h>

#include <idtap/names.h>

#include "stats_priv.h"

struct idtap_route_row *stats_route_row(struct idtap_stats *s,
                                        unsigned int domain, uint64_t key)
{
    return stats_row(s, IDTAP_TAB_ROUTE, &s->routes,
                     (uint64_t)domain << 40 | key,
                     sizeof(struct idtap_route_row));
}

/* Forgets what a loss made void. */
static void renew(struct idtap_stats *s, struct route_cpu *c)
{
    if ( c->generation == stats_epoch(s) )
        return;
    c->generation = stats_epoch(s);
    c->nr = 0;
    c->waiting = c->running = ROUTE_NONE;
}

static int irq_enter(struct idtap_stats *s, struct route_cpu *c,
                     const struct idtap_record *r)
{
    const struct idtap_irq_enter *e = (const void *)r;
    struct idtap_route_row *row;
    struct route_irq irq = { IDTAP_ROUTE_KEY(0, r->vector, e->irq), r->tsc };

    if ( e->depth >= STACK_DEPTH )
        return 0;
    /* One entry per depth; what was deeper has ended. */
    while ( c->nr < e->depth )
        c->irq[c->nr++] = (struct route_irq){ .tsc = 0 };
    c->nr = e->depth;
    c->irq[c->nr++] = e->owner == IDTAP_OWNER_GUEST
                      ? irq : (struct route_irq){ .tsc = 0 };

    if ( e->owner != IDTAP_OWNER_GUEST || !s->wanted[r->event] ||
         !idtap_select_has_vector(&s->select, r->vector) )
        return 0;
    row = stats_route_row(s, IDTAP_DOMID_NONE, irq.key);
    if ( !row )
        return -ENOMEM;
    row->taken++;
    return 0;
}

/* HVM_DPCI is raised on this pCPU. */
static int raised(struct idtap_stats *s, struct route_cpu *c)
{
    const struct route_irq *irq = c->nr ? &c->irq[c->nr - 1] : NULL;
    struct idtap_route_row *row;

    /* By whom else?  Whoever it is, it has something to forward. */
    if ( !irq || !irq->tsc )
    {
        c->waiting = ROUTE_AMBIGUOUS;
        return 0;
    }

    row = stats_route_row(s, IDTAP_DOMID_NONE, irq->key);
    if ( !row )
        return -ENOMEM;
    row->forwarded++;
    if ( c->waiting == ROUTE_NONE && !s->nr_blind )
    {
        c->waiting = ROUTE_ONE;
        c->waits = *irq;
    }
    else if ( c->waiting == ROUTE_NONE || c->waits.key != irq->key )
        c->waiting = ROUTE_AMBIGUOUS;
    row->ambiguous += c->waiting == ROUTE_AMBIGUOUS;
    return 0;
}

/* A PV guest is told of an IRQ by an event channel, in its very handler. */
static int told(struct idtap_stats *s, struct route_cpu *c,
                const struct idtap_record *r)
{
    const struct idtap_evtchn *e = (const void *)r;
    const struct route_irq *irq = c->nr ? &c->irq[c->nr - 1] : NULL;
    struct idtap_route_row *row;

    if ( e->kind != IDTAP_EVTCHN_PIRQ || !irq || !irq->tsc ||
         !idtap_select_record(&s->select, r) )
        return 0;

    row = stats_route_row(s, r->domain, irq->key);
    if ( !row )
        return -ENOMEM;
    row->accepted++;
    row->joined += !!(r->flags & IDTAP_F_PENDING);
    return stats_took(s, IDTAP_TAB_ROUTE, &row->accept, r->tsc - irq->tsc);
}

int stats_route_record(struct idtap_stats *s, struct cpu *cpu,
                       const struct idtap_record *r)
{
    struct route_cpu *c = &cpu->route;

    renew(s, c);
    switch ( r->event )
    {
    case IDTAP_EV_IRQ_ENTER:
        return irq_enter(s, c, r);

    case IDTAP_EV_IRQ_EXIT:
        if ( c->nr )
            c->nr--;
        return 0;

    case IDTAP_EV_SOFTIRQ_RAISE:
        if ( r->vector == IDTAP_SOFTIRQ_HVM_DPCI &&
             !(r->flags & IDTAP_F_CPU_MASK) &&
             &s->cpus[((const struct idtap_softirq_raise *)r)->cpu %
                      IDTAP_MAX_CPUS] == cpu )
            return raised(s, c);
        return 0;

    case IDTAP_EV_SOFTIRQ_ENTER:
        if ( r->vector == IDTAP_SOFTIRQ_HVM_DPCI )
        {
            c->running = c->waiting;
            c->runs = c->waits;
            c->waiting = ROUTE_NONE;
        }
        return 0;

    case IDTAP_EV_SOFTIRQ_EXIT:
        if ( r->vector == IDTAP_SOFTIRQ_HVM_DPCI )
            c->running = ROUTE_NONE;
        return 0;

    case IDTAP_EV_EVTCHN:
        return told(s, c, r);

    default: /* a guest ran */
        c->nr = 0;
        c->running = ROUTE_NONE;
        return 0;
    }
}

int stats_route_source(struct idtap_stats *s, struct cpu *cpu,
                       struct route_irq *from)
{
    struct route_cpu *c = &cpu->route;

    renew(s, c);
    *from = c->runs;
    return c->nr ? ROUTE_NONE : (int)c->running;
}
