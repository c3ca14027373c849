/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pairs records into spans, as they come.  The rules of pairing and of loss are
 * those of stats.c, which says why; so what has a duration here has one in a
 * report, and nothing else.  The difference: a report only wants durations, an
 * export also wants to know what became of the others.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export_priv.h"
#include "map.h"

#define STACK_DEPTH 16

struct open {
    struct idtap_export_span span;
    bool chosen;
    bool deferred; /* begun, but not yet told of */
    uint8_t depth; /* of interrupts: as recorded */
};

struct stack {
    unsigned int nr;
    struct open open[STACK_DEPTH];
};

struct lane {
    struct stack irq, softirq, nmi;
    bool blind;
    uint64_t last_tsc;
};

struct vcpu {
    uint64_t key; /* domain << 16 | vcpu */
    bool is_open;
    struct open exit;
};

struct export_spans {
    struct idtap_export *x;
    const struct idtap_export_ops *ops;
    struct idtap_map vcpus;
    unsigned int nr_blind;
    uint64_t last_tsc;
    struct lane lanes[IDTAP_MAX_CPUS];
};

struct export_spans *export_spans_create(struct idtap_export *x)
{
    struct export_spans *s = calloc(1, sizeof(*s));

    if ( s )
    {
        s->x = x;
        s->ops = x->format->ops;
    }
    return s;
}

void export_spans_destroy(struct export_spans *s)
{
    if ( s )
        map_clear(&s->vcpus);
    free(s);
}

static int begin(struct export_spans *s, struct open *o,
                 const struct idtap_record *r)
{
    return o->chosen && !o->deferred ? s->ops->span_begin(s->x, &o->span, r)
                                     : 0;
}

static int end(struct export_spans *s, struct open *o, int cpu, uint64_t tsc,
               enum idtap_span_end how)
{
    int rc;

    if ( !o->chosen )
        return 0;
    if ( o->deferred )
    {
        if ( how != IDTAP_SPAN_ENDED )
            return s->ops->span_lone(s->x, &o->span, &o->span.r);
        rc = s->ops->span_begin(s->x, &o->span, &o->span.r);
        if ( rc )
            return rc;
    }
    return s->ops->span_end(s->x, &o->span, cpu, tsc, how);
}

/* Ends all that is in the stack above the lowest `keep`. */
static int drop(struct export_spans *s, struct stack *st, unsigned int keep,
                uint64_t tsc, enum idtap_span_end how)
{
    int rc = 0;

    while ( st->nr > keep && !rc )
    {
        struct open *o = &st->open[--st->nr];

        rc = end(s, o, o->span.cpu, tsc, how);
    }
    return rc;
}

static int push(struct export_spans *s, struct stack *st,
                const struct open *o, const struct idtap_record *r)
{
    /* Full of what never ended: there is no hope for it. */
    int rc = st->nr == STACK_DEPTH ? drop(s, st, 0, r->tsc, IDTAP_SPAN_UNSEEN)
                                   : 0;

    if ( rc )
        return rc;
    st->open[st->nr] = *o;
    return begin(s, &st->open[st->nr++], r);
}

/* Ends the innermost open `number`, and what was inside it. */
static int pop(struct export_spans *s, struct stack *st,
               const struct idtap_record *r)
{
    unsigned int i = st->nr;
    int rc;

    while ( i-- > 0 )
        if ( st->open[i].span.r.vector == r->vector )
        {
            rc = drop(s, st, i + 1, r->tsc, IDTAP_SPAN_UNSEEN);
            return rc ? rc : drop(s, st, i, r->tsc, IDTAP_SPAN_ENDED);
        }
    return 0;
}

/* A guest ran: no interrupt and no softirq is under way. */
static int guest_ran(struct export_spans *s, struct lane *l, uint64_t tsc)
{
    int rc = drop(s, &l->irq, 0, tsc, IDTAP_SPAN_UNSEEN);

    return rc ? rc : drop(s, &l->softirq, 0, tsc, IDTAP_SPAN_UNSEEN);
}

/*
 * What is open on this pCPU will not be paired any more, nor any exit: its vCPU
 * may have been here.  `own`: the pCPU's last record, `now`: the trace's.
 */
static int forget(struct export_spans *s, struct lane *l, uint64_t own,
                  uint64_t now)
{
    int rc = drop(s, &l->irq, 0, own, IDTAP_SPAN_LOST);
    uint32_t i;

    if ( !rc )
        rc = drop(s, &l->softirq, 0, own, IDTAP_SPAN_LOST);
    if ( !rc )
        rc = drop(s, &l->nmi, 0, own, IDTAP_SPAN_LOST);
    for ( i = 0; s->vcpus.mask && i <= s->vcpus.mask && !rc; i++ )
    {
        struct vcpu *v = s->vcpus.slot[i];

        if ( !v || !v->is_open )
            continue;
        v->is_open = false;
        rc = end(s, &v->exit, v->exit.span.cpu, now, IDTAP_SPAN_LOST);
    }
    return rc;
}

static int set_blind(struct export_spans *s, struct lane *l, bool blind,
                     uint64_t now)
{
    if ( blind != l->blind )
        s->nr_blind += blind ? 1 : -1u;
    l->blind = blind;
    return forget(s, l, l->last_tsc, now);
}

int export_spans_begin(struct export_spans *s, const struct idtap_run *run)
{
    struct lane *l = &s->lanes[run->cpu];

    if ( !run->packet_begins || (!l->blind && !run->packet->lost_packets) )
        return 0;
    return set_blind(s, l, false, s->last_tsc);
}

int export_spans_end(struct export_spans *s, const struct idtap_run *run)
{
    if ( !run->packet_ends || !run->packet->discarded )
        return 0;
    return set_blind(s, &s->lanes[run->cpu], true, s->last_tsc);
}

static int vm_exit(struct export_spans *s, struct open *o,
                   const struct idtap_record *r)
{
    uint64_t key = (uint64_t)r->domain << 16 | r->vcpu;
    struct vcpu *v = map_get(&s->vcpus, key, sizeof(*v));
    int rc = 0;

    if ( !v )
        return -ENOMEM;
    if ( v->is_open )
        rc = end(s, &v->exit, v->exit.span.cpu, r->tsc, IDTAP_SPAN_UNSEEN);
    v->is_open = false;
    if ( rc )
        return rc;
    if ( s->nr_blind )
        return o->chosen ? s->ops->span_lone(s->x, &o->span, r) : 0;

    v->exit = *o;
    v->is_open = true;
    return begin(s, &v->exit, r);
}

static int vm_entry(struct export_spans *s, int cpu,
                    const struct idtap_record *r)
{
    struct vcpu *v = map_find(&s->vcpus,
                              (uint64_t)r->domain << 16 | r->vcpu);

    if ( !v || !v->is_open )
        return 0;
    v->is_open = false;
    return end(s, &v->exit, cpu, r->tsc,
               v->exit.span.cpu == cpu ? IDTAP_SPAN_ENDED
                                       : IDTAP_SPAN_ELSEWHERE);
}

static int irq_enter(struct export_spans *s, struct stack *st, struct open *o,
                     const struct idtap_record *r)
{
    unsigned int keep = st->nr;
    int rc;

    o->depth = ((const struct idtap_irq_enter *)(const void *)r)->depth;
    /* What is not outside this one has ended unseen. */
    while ( keep && st->open[keep - 1].depth >= o->depth )
        keep--;
    rc = drop(s, st, keep, r->tsc, IDTAP_SPAN_UNSEEN);
    return rc ? rc : push(s, st, o, r);
}

static int softirq_enter(struct export_spans *s, struct stack *st,
                         struct open *o, const struct idtap_record *r)
{
    int rc = 0;

    /* Nothing nests in these two: if one is open, it did not return. */
    if ( st->nr && idtap_softirq_may_not_return(
                       st->open[st->nr - 1].span.r.vector) )
        rc = drop(s, st, 0, r->tsc, IDTAP_SPAN_UNSEEN);
    o->deferred = idtap_softirq_may_not_return(r->vector);
    return rc ? rc : push(s, st, o, r);
}

static int pair(struct export_spans *s, int cpu, const struct idtap_record *r,
                bool chosen)
{
    struct lane *l = &s->lanes[cpu];
    struct open o = {
        .span = { .cpu = cpu, .r = *r, .record = s->x->records },
        .chosen = chosen,
    };
    int rc;

    switch ( r->event )
    {
    case IDTAP_EV_IRQ_ENTER:
        o.span.kind = IDTAP_SPAN_IRQ;
        return irq_enter(s, &l->irq, &o, r);

    case IDTAP_EV_IRQ_EXIT:
        return pop(s, &l->irq, r);

    case IDTAP_EV_SOFTIRQ_ENTER:
        o.span.kind = IDTAP_SPAN_SOFTIRQ;
        return softirq_enter(s, &l->softirq, &o, r);

    case IDTAP_EV_SOFTIRQ_EXIT:
        return pop(s, &l->softirq, r);

    case IDTAP_EV_NMI_ENTER:
        o.span.kind = IDTAP_SPAN_NMI;
        rc = drop(s, &l->nmi, 0, r->tsc, IDTAP_SPAN_UNSEEN);
        return rc ? rc : push(s, &l->nmi, &o, r);

    case IDTAP_EV_NMI_EXIT:
        return drop(s, &l->nmi, 0, r->tsc, IDTAP_SPAN_ENDED);

    case IDTAP_EV_VM_EXIT:
        o.span.kind = IDTAP_SPAN_EXIT;
        rc = guest_ran(s, l, r->tsc);
        return rc ? rc : vm_exit(s, &o, r);

    case IDTAP_EV_VM_ENTRY:
        rc = guest_ran(s, l, r->tsc);
        return rc ? rc : vm_entry(s, cpu, r);
    }
    return 0;
}

int export_spans_record(struct export_spans *s, const struct idtap_run *run,
                        const struct idtap_record *r, bool chosen)
{
    struct lane *l = &s->lanes[run->cpu];
    int rc = 0;

    if ( export_in_tail(run->packet, r) )
        rc = set_blind(s, l, true, s->last_tsc);
    if ( !rc )
        rc = pair(s, run->cpu, r, chosen);
    s->last_tsc = l->last_tsc = r->tsc;
    return rc;
}

int export_spans_finish(struct export_spans *s)
{
    unsigned int cpu;
    uint32_t i;
    int rc = 0;

    for ( cpu = 0; cpu < IDTAP_MAX_CPUS && !rc; cpu++ )
    {
        struct lane *l = &s->lanes[cpu];

        rc = drop(s, &l->irq, 0, s->last_tsc, IDTAP_SPAN_OPEN);
        if ( !rc )
            rc = drop(s, &l->softirq, 0, s->last_tsc, IDTAP_SPAN_OPEN);
        if ( !rc )
            rc = drop(s, &l->nmi, 0, s->last_tsc, IDTAP_SPAN_OPEN);
    }
    for ( i = 0; s->vcpus.mask && i <= s->vcpus.mask && !rc; i++ )
    {
        struct vcpu *v = s->vcpus.slot[i];

        if ( v && v->is_open )
            rc = end(s, &v->exit, v->exit.span.cpu, s->last_tsc,
                     IDTAP_SPAN_OPEN);
    }
    return rc;
}
