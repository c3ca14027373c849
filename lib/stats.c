/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics: counting, and pairing records into durations.
 *
 * The rules of pairing.  A pCPU's interrupts nest like brackets, so a stack per
 * pCPU pairs them; a record that does not fit (the tap began or stopped in the
 * middle, or the filter changed) is left without a partner.  Softirqs nest
 * likewise, but SCHEDULE and SCHED_SLAVE may never return: Xen drops the whole
 * stack when it switches vCPUs.  A vCPU's exit is ended by its next entry,
 * wherever that is; only if it is on the same pCPU is it a duration.
 *
 * The rules of loss.  The tap drops a record when it does not fit into the open
 * packet and the next is not free; a smaller one may still fit afterwards.  So
 * the drops that a packet tells of lie behind the point where the largest
 * record would no longer have fitted, and before the next packet: from there to
 * there the pCPU is blind.  Nothing is paired across a blind stretch; and as a
 * vCPU may have visited the blind pCPU in between, no exit is paired on any
 * pCPU while one is blind.  The same goes for guests' local APICs, which have
 * rules and a file of their own, stats_lapic.c.
 */
#include <errno.h>
#include <string.h>

#include <idtap/names.h>

#include "stats_priv.h"

#define LARGEST_RECORD 40u /* of rings: struct idtap_exception */
_Static_assert(sizeof(struct idtap_exception) == LARGEST_RECORD, "largest");

/* The row of a record's domain; NULL: no memory. */
static struct idtap_row *row_of(struct idtap_stats *s,
                                const struct idtap_record *r,
                                enum idtap_table table, uint64_t key)
{
    struct idtap_domain_stats *d = domain_of(s, r);

    return d ? map_get(&d->table[table], key, sizeof(struct idtap_row)) : NULL;
}

/* A chosen record that counts in a row's `count` or (`extra`) not. */
static struct idtap_row *count(struct idtap_stats *s,
                               const struct idtap_record *r,
                               enum idtap_table table, uint64_t key,
                               unsigned int n, unsigned int extra)
{
    struct idtap_row *row = row_of(s, r, table, key);

    if ( row )
    {
        row->count += n;
        row->extra += extra;
        choose(s);
    }
    return row;
}

/* A chosen record that ends something: a record of its domain, no more. */
static int count_end(struct idtap_stats *s, const struct idtap_record *r)
{
    if ( !domain_of(s, r) )
        return -ENOMEM;

    choose(s);
    return 0;
}

static void push(struct stack *st, const struct open *o)
{
    /* Full of what never ended: the oldest has the least hope. */
    if ( st->nr == STACK_DEPTH )
        memmove(st->open, st->open + 1, --st->nr * sizeof(st->open[0]));
    st->open[st->nr++] = *o;
}

/* Ends the innermost open `number`, and forgets what was inside it. */
static int pop(struct stack *st, uint8_t number, uint64_t tsc)
{
    unsigned int i = st->nr;

    while ( i-- > 0 )
    {
        const struct open *o = &st->open[i];

        if ( o->number != number )
            continue;
        st->nr = i;
        return o->row ? idtap_hist_add(&o->row->time, tsc - o->tsc) : 0;
    }

    return 0;
}

/* What is open on this pCPU will not be paired any more. */
static void forget(struct idtap_stats *s, struct cpu *c)
{
    c->irq.nr = 0;
    c->softirq.nr = 0;
    c->nmi_open = false;
    s->generation++;
}

static void set_blind(struct idtap_stats *s, struct cpu *c, bool blind)
{
    forget(s, c);
    if ( blind && !c->blind )
        s->nr_blind++;
    else if ( !blind && c->blind )
        s->nr_blind--;
    c->blind = blind;
}

static int irq_enter(struct idtap_stats *s, struct cpu *c,
                     const struct idtap_record *r, bool chosen)
{
    const struct idtap_irq_enter *e = (const void *)r;
    struct open o = { .tsc = r->tsc, .number = r->vector, .depth = e->depth };

    /* What is not outside this one has ended unseen. */
    while ( c->irq.nr && c->irq.open[c->irq.nr - 1].depth >= e->depth )
        c->irq.nr--;

    if ( chosen )
    {
        o.row = count(s, r, IDTAP_TAB_IRQ,
                      IDTAP_IRQ_KEY(e->owner, r->vector, e->irq), 1,
                      !!(r->flags & IDTAP_F_IN_GUEST));
        if ( !o.row )
            return -ENOMEM;
    }
    push(&c->irq, &o);
    return 0;
}

static int nmi_enter(struct idtap_stats *s, struct cpu *c,
                     const struct idtap_record *r, bool chosen)
{
    c->nmi_open = true;
    c->nmi = (struct open){ .tsc = r->tsc };
    if ( chosen )
    {
        c->nmi.row = count(s, r, IDTAP_TAB_NMI, 0, 1,
                           !!(r->flags & IDTAP_F_IN_GUEST));
        if ( !c->nmi.row )
            return -ENOMEM;
    }
    return 0;
}

static int softirq_enter(struct idtap_stats *s, struct cpu *c,
                         const struct idtap_record *r, bool chosen)
{
    struct open o = { .tsc = r->tsc, .number = r->vector };

    /* Nothing nests in these two: if one is open, it did not return. */
    if ( c->softirq.nr && idtap_softirq_may_not_return(
                              c->softirq.open[c->softirq.nr - 1].number) )
        c->softirq.nr = 0;

    if ( chosen )
    {
        o.row = count(s, r, IDTAP_TAB_SOFTIRQ, r->vector, 1, 0);
        if ( !o.row )
            return -ENOMEM;
    }
    push(&c->softirq, &o);
    return 0;
}

static struct vcpu *vcpu_of(struct idtap_stats *s,
                            const struct idtap_record *r)
{
    return map_get(&s->vcpus, (uint64_t)r->domain << 16 | r->vcpu,
                   sizeof(struct vcpu));
}

static int vm_exit(struct idtap_stats *s, int cpu,
                   const struct idtap_record *r, bool chosen)
{
    const struct idtap_vm_exit *e = (const void *)r;
    struct vcpu *v = vcpu_of(s, r);

    if ( !v )
        return -ENOMEM;

    v->row = NULL;
    if ( chosen )
    {
        v->row = count(s, r, IDTAP_TAB_EXIT, e->reason, 1, 0);
        if ( !v->row )
            return -ENOMEM;
    }
    v->exit_tsc = r->tsc;
    v->generation = s->generation;
    v->cpu = s->nr_blind ? -1 : cpu;
    return 0;
}

static int vm_entry(struct idtap_stats *s, int cpu,
                    const struct idtap_record *r)
{
    struct vcpu *v = vcpu_of(s, r);
    int rc = 0;

    if ( !v )
        return -ENOMEM;

    if ( v->row && v->cpu == cpu && v->generation == s->generation )
        rc = idtap_hist_add(&v->row->time, r->tsc - v->exit_tsc);
    v->row = NULL;
    return rc;
}

static int inject(struct idtap_stats *s, const struct idtap_record *r)
{
    bool again = r->flags & IDTAP_F_REINJECT;

    return count(s, r, IDTAP_TAB_INJECT, r->vector, !again, again) ? 0
                                                                  : -ENOMEM;
}

static inline bool is_chosen(const struct idtap_stats *s,
                             const struct idtap_record *r)
{
    switch ( s->wanted[r->event] )
    {
    case WANTED_ALWAYS:
        return true;

    case WANTED_NEVER:
        return false;

    default:
        return idtap_select_record(&s->select, r);
    }
}

static int ring_record(struct idtap_stats *s, struct cpu *c, int cpu,
                       const struct idtap_record *r)
{
    bool chosen = is_chosen(s, r);
    int rc = 0;

    switch ( r->event )
    {
    case IDTAP_EV_IRQ_ENTER:
        return irq_enter(s, c, r, chosen);

    case IDTAP_EV_NMI_ENTER:
        return nmi_enter(s, c, r, chosen);

    case IDTAP_EV_SOFTIRQ_ENTER:
        return softirq_enter(s, c, r, chosen);

    case IDTAP_EV_VM_EXIT:
        /* A guest ran: neither interrupts nor softirqs were under way. */
        c->irq.nr = c->softirq.nr = 0;
        return vm_exit(s, cpu, r, chosen);

    case IDTAP_EV_EXCEPTION:
        if ( chosen && !count(s, r, IDTAP_TAB_EXCEPTION, r->vector, 1,
                              !!(r->flags & IDTAP_F_INTERCEPT)) )
            rc = -ENOMEM;
        return rc;

    case IDTAP_EV_INJECT:
        rc = chosen ? inject(s, r) : 0;
        /* There is nothing before the class's first record: saves time. */
        return rc || !s->pairs.nr ? rc : stats_lapic_inject(s, r);

    case IDTAP_EV_LAPIC_ACCEPT:
        return chosen ? stats_lapic_accept(s, r) : 0;

    case IDTAP_EV_LAPIC_EOI:
        return chosen ? stats_lapic_eoi(s, r) : 0;

    case IDTAP_EV_SOFTIRQ_RAISE:
        if ( chosen && !count(s, r, IDTAP_TAB_SOFTIRQ, r->vector, 0, 1) )
            rc = -ENOMEM;
        return rc;

    case IDTAP_EV_IRQ_EXIT:
        rc = pop(&c->irq, r->vector, r->tsc);
        break;

    case IDTAP_EV_SOFTIRQ_EXIT:
        rc = pop(&c->softirq, r->vector, r->tsc);
        break;

    case IDTAP_EV_NMI_EXIT:
        if ( c->nmi_open && c->nmi.row )
            rc = idtap_hist_add(&c->nmi.row->time, r->tsc - c->nmi.tsc);
        c->nmi_open = false;
        break;

    case IDTAP_EV_VM_ENTRY:
        c->irq.nr = c->softirq.nr = 0;
        rc = vm_entry(s, cpu, r);
        break;
    }

    return rc || !chosen ? rc : count_end(s, r);
}

static void meta_record(struct idtap_stats *s, const struct idtap_record *r)
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
    else if ( r->event == IDTAP_EV_LOST && l->cpu < IDTAP_MAX_CPUS )
    {
        struct cpu *cpu = &s->cpus[l->cpu];

        cpu->stats.present = true;
        if ( l->count > cpu->lost_count )
            cpu->lost_count = l->count;
        if ( !s->nr_configs )
            cpu->lost_base = l->count;
    }
}

static void packet_begins(struct idtap_stats *s, struct cpu *c,
                          const struct idtap_packet *p)
{
    if ( c->blind || p->lost_packets )
        set_blind(s, c, false);
    c->stats.present = true;
    c->stats.packets++;
    c->stats.lost_packets += p->lost_packets;
    c->last_discarded = p->header.events_discarded;
}

int idtap_stats_run(struct idtap_stats *s, const struct idtap_run *run)
{
    const uint8_t *p = run->begin, *tail = run->end;
    const struct idtap_packet *packet = run->packet;
    struct cpu *c;
    int rc = 0;

    if ( run->cpu < 0 )
    {
        for ( ; p < run->end; p = idtap_record_next(p) )
        {
            note_time(s, idtap_record_at(p)->tsc);
            meta_record(s, idtap_record_at(p));
        }
        return 0;
    }

    c = &s->cpus[run->cpu];
    if ( run->packet_begins )
        packet_begins(s, c, packet);
    if ( packet->discarded )
        tail = packet->begin - sizeof(packet->header) +
               packet->header.packet_size / 8 - LARGEST_RECORD;

    if ( p < run->end )
        note_time(s, idtap_record_at(p)->tsc);
    for ( ; p < run->end && !rc; p = idtap_record_next(p) )
    {
        const struct idtap_record *r = idtap_record_at(p);

        if ( packet->discarded && p >= tail )
            set_blind(s, c, true);
        rc = ring_record(s, c, run->cpu, r);
        c->stats.records++;
        if ( r->tsc > s->last )
            s->last = r->tsc;
    }

    if ( run->packet_ends && packet->discarded )
        set_blind(s, c, true);
    return rc;
}
