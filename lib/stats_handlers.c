/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of what runs on a pCPU from a first to a last instruction:
 * interrupts, NMIs, softirqs.  Gross is from the one to the other; net is
 * without what ran in between, as Linux's osnoise tracer counts it.
 *
 * The rules of pairing.  A pCPU's interrupts nest like brackets, so a stack per
 * pCPU pairs them; a record that does not fit (the tap began or stopped in the
 * middle, or the filter changed) is left without a partner.  Softirqs nest
 * likewise, but SCHEDULE and SCHED_SLAVE may never return: Xen drops the whole
 * stack when it switches vCPUs.
 *
 * The rules of net times.  What ends gives its gross time to the youngest that
 * is still open and is not younger than itself: softirqs give to softirqs,
 * interrupts to interrupts and softirqs, NMIs to all.  So net times of what
 * nests add up to the gross time of the outermost.  When something inside ended
 * unseen, or began unseen, what is around it gets no net time.
 */
#include <errno.h>
#include <string.h>

#include <idtap/names.h>

#include "stats_priv.h"

/* The youngest that is open and began at `tsc` or before; NULL: none. */
static struct open *around(struct cpu *c, uint64_t tsc)
{
    struct open *irq = c->irq.nr ? &c->irq.open[c->irq.nr - 1] : NULL;
    struct open *soft = c->softirq.nr ? &c->softirq.open[c->softirq.nr - 1]
                                      : NULL;

    if ( irq && irq->tsc > tsc )
        irq = NULL;
    if ( soft && soft->tsc > tsc )
        soft = NULL;
    if ( irq && soft )
        return soft->tsc > irq->tsc ? soft : irq;
    return irq ? irq : soft;
}

/* Something inside what is open now cannot be timed. */
static void doubt(struct cpu *c)
{
    struct open *o = around(c, UINT64_MAX);

    if ( o )
        o->unsure = true;
}

static void push(struct stack *st, const struct open *o)
{
    /* Full of what never ended: the oldest has the least hope. */
    if ( st->nr == STACK_DEPTH )
        memmove(st->open, st->open + 1, --st->nr * sizeof(st->open[0]));
    st->open[st->nr++] = *o;
}

/* `o`, which is open no more, ends at `tsc`. */
static int end(struct idtap_stats *s, struct cpu *c, enum idtap_table table,
               const struct open *o, uint64_t tsc)
{
    static const enum idtap_duration_kind kinds[] = {
        [IDTAP_TAB_IRQ] = IDTAP_DURATION_IRQ, [IDTAP_TAB_NMI] = IDTAP_DURATION_NMI,
        [IDTAP_TAB_SOFTIRQ] = IDTAP_DURATION_SOFTIRQ,
    };
    uint64_t gross = tsc - o->tsc, net = gross - o->inside;
    struct open *outer;
    int rc = o->row ? stats_took(s, table, &o->row->time, gross) : 0;

    if ( o->row )
        stats_tell(s, kinds[table], o->domain, o->row->key, o->tsc, tsc);
    if ( rc || !(s->parts & IDTAP_STATS_NET) )
        return rc;

    outer = around(c, o->tsc);
    if ( outer )
        outer->inside += gross;
    /* Times that do not nest are nonsense; there is no net of them. */
    if ( o->unsure || o->inside > gross || !o->row )
        return 0;

    rc = stats_took_net(s, table, o->row, net);
    if ( !rc && o->victim )
        rc = stats_took(s, IDTAP_TAB_INTERRUPTED, &o->victim->time, net);
    return rc;
}

/* Ends the innermost open `number`, and forgets what was inside it. */
static int pop(struct idtap_stats *s, struct cpu *c, struct stack *st,
               enum idtap_table table, const struct idtap_record *r)
{
    unsigned int i = st->nr;

    while ( i-- > 0 )
    {
        struct open o = st->open[i];

        if ( o.number != r->vector )
            continue;
        o.unsure = o.unsure || i + 1 != st->nr;
        st->nr = i;
        return end(s, c, table, &o, r->tsc);
    }

    doubt(c);
    return 0;
}

/* Counts whom this interrupt or NMI interrupted; NULL: no memory. */
static struct idtap_row *interrupted(struct idtap_stats *s,
                                     const struct idtap_record *r)
{
    enum idtap_mode mode = r->flags & IDTAP_F_IN_GUEST ? IDTAP_MODE_GUEST
                           : r->domain == IDTAP_DOMID_IDLE ? IDTAP_MODE_IDLE
                                                           : IDTAP_MODE_XEN;
    struct idtap_row *row =
        stats_row_of(s, r, IDTAP_TAB_INTERRUPTED,
                     IDTAP_INTERRUPTED_KEY(r->event, mode, r->vector));

    if ( row )
        row->count++;
    return row;
}

/* Something chosen begins: counts it.  0 or -ENOMEM. */
static int begin(struct idtap_stats *s, const struct idtap_record *r,
                 enum idtap_table table, uint64_t key, struct open *o)
{
    o->row = stats_row_of(s, r, table, key);
    if ( !o->row )
        return -ENOMEM;

    o->domain = r->domain;
    o->row->count++;
    if ( table == IDTAP_TAB_SOFTIRQ )
        return 0;
    o->row->extra += !!(r->flags & IDTAP_F_IN_GUEST);
    if ( s->parts & IDTAP_STATS_NET )
        o->victim = interrupted(s, r);
    return !(s->parts & IDTAP_STATS_NET) || o->victim ? 0 : -ENOMEM;
}

/* All but putting *o where it can be found. */
static int irq_begins(struct idtap_stats *s, struct cpu *c,
                      const struct idtap_record *r, bool chosen,
                      struct open *o)
{
    const struct idtap_irq_enter *e = (const void *)r;
    unsigned int nr = c->irq.nr;

    *o = (struct open){ .tsc = r->tsc, .number = r->vector, .depth = e->depth };
    /* What is not outside this one has ended unseen. */
    while ( c->irq.nr && c->irq.open[c->irq.nr - 1].depth >= e->depth )
        c->irq.nr--;
    if ( c->irq.nr != nr )
        doubt(c);
    return chosen ? begin(s, r, IDTAP_TAB_IRQ,
                          IDTAP_IRQ_KEY(e->owner, r->vector, e->irq), o) : 0;
}

static int irq_enter(struct idtap_stats *s, struct cpu *c,
                     const struct idtap_record *r, bool chosen)
{
    struct open o;
    int rc = irq_begins(s, c, r, chosen, &o);

    if ( !rc )
        push(&c->irq, &o);
    return rc;
}

static int nmi_enter(struct idtap_stats *s, struct cpu *c,
                     const struct idtap_record *r, bool chosen)
{
    if ( c->nmi_open )
        doubt(c);
    c->nmi_open = true;
    c->nmi = (struct open){ .tsc = r->tsc };
    return chosen ? begin(s, r, IDTAP_TAB_NMI, 0, &c->nmi) : 0;
}

static int nmi_exit(struct idtap_stats *s, struct cpu *c,
                    const struct idtap_record *r)
{
    if ( !c->nmi_open )
    {
        doubt(c);
        return 0;
    }

    c->nmi_open = false;
    return end(s, c, IDTAP_TAB_NMI, &c->nmi, r->tsc);
}

static int softirq_begins(struct idtap_stats *s, struct cpu *c,
                          const struct idtap_record *r, bool chosen,
                          struct open *o)
{
    *o = (struct open){ .tsc = r->tsc, .number = r->vector };
    /* Nothing nests in these two: if one is open, it did not return. */
    if ( c->softirq.nr && idtap_softirq_may_not_return(
                              c->softirq.open[c->softirq.nr - 1].number) )
        c->softirq.nr = 0;
    return chosen ? begin(s, r, IDTAP_TAB_SOFTIRQ, r->vector, o) : 0;
}

static int softirq_enter(struct idtap_stats *s, struct cpu *c,
                         const struct idtap_record *r, bool chosen)
{
    struct open o;
    int rc = softirq_begins(s, c, r, chosen, &o);

    if ( !rc )
        push(&c->softirq, &o);
    return rc;
}

int stats_softirq_raise(struct idtap_stats *s, const struct idtap_record *r)
{
    struct idtap_row *row = stats_row_of(s, r, IDTAP_TAB_SOFTIRQ, r->vector);

    if ( !row )
        return -ENOMEM;
    row->extra++;
    return 0;
}

void stats_handlers_forget(struct cpu *c)
{
    c->irq.nr = 0;
    c->softirq.nr = 0;
    c->nmi_open = false;
}

int stats_handlers(struct idtap_stats *s, struct cpu *c,
                   const struct idtap_record *r, bool chosen)
{
    switch ( r->event )
    {
    case IDTAP_EV_IRQ_ENTER:
        return irq_enter(s, c, r, chosen);

    case IDTAP_EV_IRQ_EXIT:
        return pop(s, c, &c->irq, IDTAP_TAB_IRQ, r);

    case IDTAP_EV_NMI_ENTER:
        return nmi_enter(s, c, r, chosen);

    case IDTAP_EV_NMI_EXIT:
        return nmi_exit(s, c, r);

    case IDTAP_EV_SOFTIRQ_ENTER:
        return softirq_enter(s, c, r, chosen);

    case IDTAP_EV_SOFTIRQ_EXIT:
        return pop(s, c, &c->softirq, IDTAP_TAB_SOFTIRQ, r);

    case IDTAP_EV_SOFTIRQ_RAISE:
        return chosen ? stats_softirq_raise(s, r) : 0;

    default:
        stats_handlers_guest_ran(c);
        return 0;
    }
}

static const struct idtap_record *
handler_at(const struct stats_handlers_list *l, uint32_t i)
{
    return idtap_record_at(l->packet + packet_place_offset(l->at[i]));
}

/*
 * Goes through a list.  Most handlers end in the next record of their list:
 * those need not be pushed to be popped.
 */
static inline int some(struct idtap_stats *s, struct cpu *c,
                       const struct stats_handlers_list *l, bool irqs)
{
    struct stack *st = irqs ? &c->irq : &c->softirq;
    uint8_t enter = irqs ? IDTAP_EV_IRQ_ENTER : IDTAP_EV_SOFTIRQ_ENTER;
    uint8_t exit = irqs ? IDTAP_EV_IRQ_EXIT : IDTAP_EV_SOFTIRQ_EXIT;
    uint32_t i, exits = l->exits;
    int rc = 0;

    for ( i = 0; i < l->nr && !rc; i++ )
    {
        const struct idtap_record *r = handler_at(l, i), *next;
        bool chosen = l->all || (l->chosen && stats_chooses(s, r));
        struct open o;

        /* Where a guest has run, nothing is under way. */
        if ( packet_place_exits(l->at[i]) != exits )
            st->nr = 0;
        exits = packet_place_exits(l->at[i]);

        next = i + 1 < l->nr && packet_place_exits(l->at[i + 1]) == exits
               ? handler_at(l, i + 1) : r;
        if ( r->event != enter || next->event != exit ||
             next->vector != r->vector || st->nr == STACK_DEPTH )
        {
            rc = stats_handlers(s, c, r, chosen);
            continue;
        }
        rc = irqs ? irq_begins(s, c, r, chosen, &o)
                  : softirq_begins(s, c, r, chosen, &o);
        if ( !rc )
            rc = end(s, c, irqs ? IDTAP_TAB_IRQ : IDTAP_TAB_SOFTIRQ, &o,
                     next->tsc);
        i++;
    }

    if ( exits != l->exits_after )
        st->nr = 0;
    return rc;
}

int stats_irqs_some(struct idtap_stats *s, struct cpu *c,
                    const struct stats_handlers_list *l)
{
    return some(s, c, l, true);
}

int stats_softirqs_some(struct idtap_stats *s, struct cpu *c,
                        const struct stats_handlers_list *l)
{
    return some(s, c, l, false);
}
