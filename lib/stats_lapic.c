/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of guests' local APICs: how long an interrupt waits there until it
 * is injected, and how long the guest then takes until its EOI.
 *
 * What the hardware makes sure of: a vector of a local APIC waits at most once
 * (its IRR bit) and is in service at most once (its ISR bit), and both at the
 * same time if it comes again before the EOI.  So there is one wait and one
 * service per domain, vCPU and vector, on whatever pCPUs the records are.
 *
 *  - An accept begins a wait.  With PENDING, it does not: it joins the wait that
 *    is under way.
 *  - An accept without PENDING while a wait is open: the end of that wait may
 *    have been missed, or it falls between the moment in which Xen takes the
 *    vector out of the local APIC and the record of the injection.  Which, is
 *    not told: no new wait begins, and the open one is not timed.
 *  - An injection (an external interrupt, not again, not of a nested guest: that
 *    comes from another APIC) ends the wait and begins the service, also if
 *    there was no wait.  If a service is open, its EOI was not seen: the new one
 *    takes its place.  Before the trace's first accept or EOI, injections are
 *    not looked at: most traces have neither, and shall not pay for this.
 *  - An EOI ends the service; the time from accept to EOI is taken if the
 *    service began with the end of a wait that was timed.
 *  - An EOI without a service ends the wait, and only accept to EOI is timed:
 *    the CPU has delivered the interrupt (VIRTUAL), or injections were not
 *    recorded.  But the first EOI after the beginning may belong to what was
 *    accepted before it, and ends nothing.
 *  - The end of a wait for the CPU (VIRTUAL) is not timed as accept to
 *    injection, should there be an injection.
 *
 * A loss ends all that is open, as it does for exits, and a change of what is
 * recorded does so, too; then all is as at the beginning.  While a pCPU is
 * blind, nothing begins.
 *
 * At most LAPIC_PAIRS_MAX vectors of vCPUs are watched at a time, in some 40 MB.
 * If there are more, all are forgotten and the watch begins anew, so that
 * domains that are no more do not take the room for ever.
 */
#include <errno.h>

#include "stats_priv.h"

#define LAPIC_PAIRS_MAX (1u << 18)

/* What is open of a vector of a vCPU. */
struct lapic_pair {
    uint64_t key;        /* domain << 24 | vcpu << 8 | vector */
    uint64_t generation; /* when this is another, all below is void */
    struct idtap_lapic_row *row; /* NULL: neither accept nor EOI so far */
    uint64_t accept_tsc; /* of the wait */
    uint64_t inject_tsc; /* of the service */
    uint64_t origin_tsc; /* of the service: when it was accepted */
    uint64_t irq_tsc;    /* of the wait: the IRQ that it comes from, */
    struct idtap_route_row *route;   /* or NULL; */
    uint64_t service_irq_tsc;        /* the same of the service */
    struct idtap_route_row *service_route;
    bool waits;
    bool unsure;         /* this wait will not be timed */
    bool by_cpu;         /* this wait is for the CPU to deliver */
    bool in_service;
    bool has_origin;
    bool eoi_seen;
};

static struct lapic_pair *pair_of(struct idtap_stats *s,
                                  const struct idtap_record *r)
{
    uint64_t key = (uint64_t)r->domain << 24 | (uint64_t)r->vcpu << 8 |
                   r->vector;
    uint64_t generation = stats_epoch(s);
    struct lapic_pair *p = map_find(&s->pairs, key);

    if ( !p )
    {
        if ( s->pairs.nr == LAPIC_PAIRS_MAX )
            map_clear(&s->pairs);
        p = map_insert(&s->pairs, key, sizeof(*p));
    }
    if ( p && p->generation != generation )
    {
        p->generation = generation;
        p->waits = p->in_service = p->eoi_seen = false;
    }

    return p;
}

/* The pair of an accept or EOI, with its row. */
static struct lapic_pair *counted_pair(struct idtap_stats *s,
                                       const struct idtap_record *r)
{
    struct idtap_domain_stats *d = domain_of(s, r);
    struct lapic_pair *p = d ? pair_of(s, r) : NULL;

    if ( p && !p->row )
        p->row = stats_row(s, IDTAP_TAB_LAPIC, &d->lapic, r->vector,
                           sizeof(*p->row));
    return p && p->row ? p : NULL;
}

/*
 * Which IRQ the accept comes from, as far as that can be told: in p->route, if
 * the wait begins with it.
 */
static int route(struct idtap_stats *s, struct cpu *c,
                 const struct idtap_record *r, struct lapic_pair *p)
{
    bool begins = !s->nr_blind && !p->waits && !(r->flags & IDTAP_F_PENDING);
    struct idtap_route_row *row;
    struct route_irq from;

    if ( begins )
        p->route = NULL;
    if ( stats_route_source(s, c, &from) != ROUTE_ONE )
        return 0;
    row = stats_route_row(s, r->domain, from.key);
    if ( !row )
        return -ENOMEM;

    row->accepted++;
    row->joined += !begins;
    if ( begins )
    {
        p->route = row;
        p->irq_tsc = from.tsc;
    }
    return stats_took(s, IDTAP_TAB_ROUTE, &row->accept, r->tsc - from.tsc);
}

static int accepted(struct idtap_stats *s, struct cpu *c,
                    const struct idtap_record *r)
{
    struct lapic_pair *p = counted_pair(s, r);

    if ( !p )
        return -ENOMEM;
    if ( (s->parts & IDTAP_STATS_ROUTES) && route(s, c, r, p) )
        return -ENOMEM;

    p->row->accepted++;
    p->row->pending += !!(r->flags & IDTAP_F_PENDING);
    p->row->level += !!(r->flags & IDTAP_F_LEVEL);
    p->row->queued += !!(r->flags & IDTAP_F_VIRTUAL);

    if ( s->nr_blind || (r->flags & IDTAP_F_PENDING) )
        return 0;

    if ( p->waits )
        p->unsure = true;
    else
    {
        p->waits = true;
        p->unsure = false;
        p->by_cpu = r->flags & IDTAP_F_VIRTUAL;
        p->accept_tsc = r->tsc;
    }
    return 0;
}

/* Are accepts and EOIs of this record's domain and vector chosen? */
static inline bool lapic_chosen(const struct idtap_stats *s,
                                const struct idtap_record *r)
{
    switch ( s->wanted[IDTAP_EV_LAPIC_ACCEPT] )
    {
    case WANTED_ALWAYS:
        return true;

    case WANTED_NEVER:
        return false;

    default:
        return idtap_select_has_domain(&s->select, r->domain) &&
               idtap_select_has_vector(&s->select, r->vector);
    }
}

static int injected(struct idtap_stats *s, const struct idtap_record *r)
{
    const struct idtap_inject *e = (const void *)r;
    struct lapic_pair *p;
    int rc = 0;

    if ( e->type != IDTAP_TYPE_EXT_INTR || s->nr_blind ||
         (r->flags & (IDTAP_F_REINJECT | IDTAP_F_NESTED)) ||
         !lapic_chosen(s, r) /* saves time, changes nothing */ )
        return 0;

    p = pair_of(s, r);
    if ( !p )
        return -ENOMEM;

    p->has_origin = p->waits && !p->unsure;
    if ( p->has_origin && !p->by_cpu )
    {
        stats_tell(s, IDTAP_DURATION_WAIT, r->domain, r->vector, p->accept_tsc,
                   r->tsc);
        rc = stats_took(s, IDTAP_TAB_LAPIC, &p->row->wait,
                        r->tsc - p->accept_tsc);
    }
    p->service_route = p->has_origin ? p->route : NULL;
    p->service_irq_tsc = p->irq_tsc;
    if ( !rc && p->service_route && !p->by_cpu )
        rc = stats_took(s, IDTAP_TAB_ROUTE, &p->route->inject,
                        r->tsc - p->irq_tsc);
    p->waits = false;

    p->in_service = true;
    p->inject_tsc = r->tsc;
    p->origin_tsc = p->accept_tsc;
    return rc;
}

static int ended(struct idtap_stats *s, const struct idtap_record *r)
{
    struct lapic_pair *p = counted_pair(s, r);
    int rc = 0;

    if ( !p )
        return -ENOMEM;

    p->row->eois++;
    if ( p->in_service )
    {
        p->in_service = false;
        stats_tell(s, IDTAP_DURATION_SERVICE, r->domain, r->vector, p->inject_tsc,
                   r->tsc);
        rc = stats_took(s, IDTAP_TAB_LAPIC, &p->row->service,
                        r->tsc - p->inject_tsc);
        if ( !rc && p->has_origin )
        {
            stats_tell(s, IDTAP_DURATION_TOTAL, r->domain, r->vector,
                       p->origin_tsc, r->tsc);
            rc = stats_took(s, IDTAP_TAB_LAPIC, &p->row->total,
                            r->tsc - p->origin_tsc);
        }
        if ( !rc && p->service_route )
            rc = stats_took(s, IDTAP_TAB_ROUTE, &p->service_route->eoi,
                            r->tsc - p->service_irq_tsc);
    }
    else if ( p->waits && p->eoi_seen )
    {
        p->waits = false;
        if ( !p->unsure )
        {
            stats_tell(s, IDTAP_DURATION_TOTAL, r->domain, r->vector,
                       p->accept_tsc, r->tsc);
            rc = stats_took(s, IDTAP_TAB_LAPIC, &p->row->total,
                            r->tsc - p->accept_tsc);
        }
        if ( !rc && !p->unsure && p->route )
            rc = stats_took(s, IDTAP_TAB_ROUTE, &p->route->eoi,
                            r->tsc - p->irq_tsc);
    }
    p->eoi_seen = true;
    return rc;
}

int stats_lapic(struct idtap_stats *s, struct cpu *c,
                const struct idtap_record *r, bool chosen)
{
    switch ( r->event )
    {
    case IDTAP_EV_LAPIC_ACCEPT:
        return chosen ? accepted(s, c, r) : 0;

    case IDTAP_EV_LAPIC_EOI:
        return chosen ? ended(s, r) : 0;

    case IDTAP_EV_INJECT:
        /* There is nothing before the class's first record: saves time. */
        return s->pairs.nr ? injected(s, r) : 0;

    default:
        return stats_route_record(s, c, r);
    }
}
