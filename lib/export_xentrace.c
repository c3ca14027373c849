/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file that xentrace writes: windows of Xen's trace records (public's
 * trace.h), each after a TRC_TRACE_CPU_CHANGE that names its pCPU and size.
 *
 * Xen's records of a guest do not say whose they are: a reader knows from the
 * scheduler's records which vCPU a pCPU runs.  idtap does not see the scheduler,
 * but its records say whose they are, so a change of the vCPU is told by made-up
 * changes of runstate right before the first record that shows it.
 *
 * Rules: windows are written for all pCPUs at once, when one is full, because
 * xenalyze takes a window of a pCPU that it has not met for its beginning;
 * records of a pCPU are in the order of time; nothing is made up but the
 * runstates.  docs/export.md has the map of what becomes of what.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <xen/trace.h> /* wants <stdint.h> before it */

#include "export_priv.h"

#define WINDOW_BYTES 65536u
#define MAX_VCPUS    256u /* that xenalyze has room for */
#define NO_VCPU      0xffffffffu

/* xen/vcpu.h, which needs much else. */
enum runstate { RUNNING = 0, RUNNABLE = 1 };
#define RUNSTATE_EVENT(from, to) \
    (TRC_SCHED_RUNSTATE_CHANGE + ((unsigned int)(from) << 8) + \
     ((unsigned int)(to) << 4))

/* What the error code is when there is none, as Xen has it. */
#define NO_ERROR_CODE (~0u)

struct lane {
    uint8_t *window;
    size_t used;
    uint64_t last_tsc;
    uint32_t current;  /* domain << 16 | vcpu, or NO_VCPU */
    bool lost;         /* a loss is to be told before the next record */
    uint64_t lost_from, lost_records;
};

struct xentrace {
    struct lane lanes[IDTAP_MAX_CPUS];
};

static void put_word(FILE *f, uint32_t word)
{
    fwrite_unlocked(&word, 1, sizeof(word), f);
}

static void put_window(FILE *f, unsigned int cpu, struct lane *l)
{
    put_word(f, TRC_TRACE_CPU_CHANGE | 2u << TRACE_EXTRA_SHIFT);
    put_word(f, cpu);
    put_word(f, (uint32_t)l->used);
    if ( l->used )
        fwrite_unlocked(l->window, 1, l->used, f);
    l->used = 0;
}

static void put_windows(struct idtap_export *x, bool empty_too)
{
    struct xentrace *t = x->state;
    unsigned int cpu;

    for ( cpu = 0; cpu < IDTAP_MAX_CPUS; cpu++ )
        if ( t->lanes[cpu].used || (empty_too && t->lanes[cpu].window) )
            put_window(x->out, cpu, &t->lanes[cpu]);
}

static int begin(struct idtap_export *x)
{
    struct xentrace *t = calloc(1, sizeof(*t));
    unsigned int i;

    x->state = t;
    if ( !t )
        return -ENOMEM;
    for ( i = 0; i < idtap_trace_nr_streams(x->trace); i++ )
    {
        int cpu = idtap_trace_stream_cpu(x->trace, i);

        if ( cpu < 0 || !export_has_cpu(x, (unsigned int)cpu) )
            continue;
        t->lanes[cpu].current = NO_VCPU;
        t->lanes[cpu].window = malloc(WINDOW_BYTES);
        if ( !t->lanes[cpu].window )
            return -ENOMEM;
    }

    put_windows(x, true);
    return 0;
}

/* Appends a record with a time and `nr` words. */
static void put(struct idtap_export *x, int cpu, uint64_t tsc, uint32_t event,
                const uint32_t *words, unsigned int nr)
{
    struct xentrace *t = x->state;
    struct lane *l = &t->lanes[cpu];
    uint32_t head = event | nr << TRACE_EXTRA_SHIFT | (uint32_t)TRC_HD_CYCLE_FLAG;
    size_t size = sizeof(head) + sizeof(tsc) + nr * sizeof(*words);

    if ( l->used + size > WINDOW_BYTES )
        put_windows(x, false);
    memcpy(l->window + l->used, &head, sizeof(head));
    memcpy(l->window + l->used + sizeof(head), &tsc, sizeof(tsc));
    if ( nr )
        memcpy(l->window + l->used + sizeof(head) + sizeof(tsc), words,
               nr * sizeof(*words));
    l->used += size;
    l->last_tsc = tsc;
}

static void put_runstate(struct idtap_export *x, int cpu, uint64_t tsc,
                         uint32_t who, enum runstate from, enum runstate to)
{
    /* The domain is in the upper half, as `who` has it. */
    put(x, cpu, tsc, RUNSTATE_EVENT(from, to), &who, 1);
}

/* Takes the vCPU from wherever it was last seen. */
static void leave(struct idtap_export *x, int cpu, uint32_t who, uint64_t tsc)
{
    struct xentrace *t = x->state;
    unsigned int i;

    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        struct lane *l = &t->lanes[i];

        if ( (int)i == cpu || !l->window || l->lost || l->current != who )
            continue;
        /* Before it is seen here; xenalyze sorts by time alone. */
        put_runstate(x, (int)i, tsc > l->last_tsc ? tsc - 1 : tsc, who,
                     RUNNING, RUNNABLE);
        l->current = NO_VCPU;
    }
}

/* Tells of a loss, with the vCPU that is current when it is over. */
static void put_loss(struct idtap_export *x, int cpu, uint64_t tsc,
                     uint32_t who)
{
    struct xentrace *t = x->state;
    struct lane *l = &t->lanes[cpu];
    uint64_t from = l->lost_from < tsc ? l->lost_from : tsc - 1;
    uint32_t words[4] = {
        l->lost_records < UINT32_MAX ? (uint32_t)l->lost_records : UINT32_MAX,
        who >> 16 | who << 16, /* the domain is in the lower half here */
        (uint32_t)from, (uint32_t)(from >> 32),
    };

    put(x, cpu, tsc, TRC_LOST_RECORDS, words, 4);
    l->current = who;
    l->lost = false;
    l->lost_records = 0;
}

/* `r` is of the vCPU that is current on `cpu`: makes that known. */
static void set_current(struct idtap_export *x, int cpu,
                        const struct idtap_record *r)
{
    struct xentrace *t = x->state;
    struct lane *l = &t->lanes[cpu];
    uint32_t who = (uint32_t)r->domain << 16 | r->vcpu;

    if ( l->current != who )
        leave(x, cpu, who, r->tsc);
    if ( l->lost )
        put_loss(x, cpu, r->tsc, who);
    if ( l->current == who )
        return;

    if ( l->current != NO_VCPU )
        put_runstate(x, cpu, r->tsc, l->current, RUNNING, RUNNABLE);
    put_runstate(x, cpu, r->tsc, who, RUNNABLE, RUNNING);
    l->current = who;
}

static void vm_exit(struct idtap_export *x, int cpu,
                    const struct idtap_record *r)
{
    const struct idtap_vm_exit *e = (const void *)r;
    bool svm = x->vendor == IDTAP_VENDOR_SVM;
    uint32_t vector = r->vector, words[3] = {
        e->reason, (uint32_t)e->rip, (uint32_t)(e->rip >> 32),
    };
    /* SVM: VMEXIT_INTR, VMEXIT_NMI; VMX: external interrupt, exception/NMI. */
    unsigned int intr = svm ? 0x60 : 1, nmi = svm ? 0x61 : 0;

    put(x, cpu, r->tsc, TRC_HVM_VMEXIT64 |
        (r->flags & IDTAP_F_NESTED ? TRC_HVM_NESTEDFLAG : 0), words, 3);
    if ( r->flags & IDTAP_F_NESTED )
        return;
    if ( e->reason == intr )
        put(x, cpu, r->tsc, TRC_HVM_INTR, &vector, svm ? 0 : 1);
    else if ( e->reason == nmi && (svm || r->vector == 2) )
        put(x, cpu, r->tsc, TRC_HVM_NMI, NULL, 0);
}

static void inject(struct idtap_export *x, int cpu,
                   const struct idtap_record *r)
{
    const struct idtap_inject *e = (const void *)r;
    bool again = r->flags & IDTAP_F_REINJECT;
    uint32_t words[2] = { r->vector, 0 /* not a fake one */ };

    if ( e->type == IDTAP_TYPE_EXT_INTR )
    {
        put(x, cpu, r->tsc, again ? TRC_HVM_REINJ_VIRQ : TRC_HVM_INJ_VIRQ,
            words, again ? 1 : 2);
        return;
    }
    words[1] = r->flags & IDTAP_F_ERROR_CODE ? e->error_code : NO_ERROR_CODE;
    put(x, cpu, r->tsc, TRC_HVM_INJ_EXC, words, 2);
}

static void pv_trap(struct idtap_export *x, int cpu,
                    const struct idtap_record *r)
{
    const struct idtap_exception *e = (const void *)r;
    bool has_code = r->flags & IDTAP_F_ERROR_CODE;
    uint32_t words[3] = {
        (uint32_t)e->rip, (uint32_t)(e->rip >> 32),
        r->vector | (uint32_t)has_code << 15 | e->error_code << 16,
    };

    put(x, cpu, r->tsc, TRC_PV_TRAP | TRC_64_FLAG, words, 3);
}

static int record(struct idtap_export *x, int cpu,
                  const struct idtap_record *r)
{
    uint32_t vector = r->vector;

    if ( cpu < 0 || r->domain == IDTAP_DOMID_NONE || r->vcpu >= MAX_VCPUS )
        return 0;

    switch ( r->event )
    {
    case IDTAP_EV_VM_EXIT:
        set_current(x, cpu, r);
        vm_exit(x, cpu, r);
        break;

    case IDTAP_EV_VM_ENTRY:
        set_current(x, cpu, r);
        put(x, cpu, r->tsc, TRC_HVM_VMENTRY |
            (r->flags & IDTAP_F_NESTED ? TRC_HVM_NESTEDFLAG : 0), NULL, 0);
        break;

    case IDTAP_EV_INJECT:
        set_current(x, cpu, r);
        inject(x, cpu, r);
        break;

    case IDTAP_EV_EXCEPTION:
        set_current(x, cpu, r);
        put(x, cpu, r->tsc, TRC_HVM_TRAP, &vector, 1);
        break;

    case IDTAP_EV_IRQ_ENTER:
        set_current(x, cpu, r);
        if ( ((const struct idtap_irq_enter *)(const void *)r)->owner ==
             IDTAP_OWNER_SPURIOUS )
            put(x, cpu, r->tsc, TRC_HW_IRQ_UNMAPPED_VECTOR, &vector, 1);
        break;

    case IDTAP_EV_PV_TRAP:
        set_current(x, cpu, r);
        if ( r->flags & IDTAP_F_IN_GUEST )
            pv_trap(x, cpu, r);
        break;

    case IDTAP_EV_IRQ_EXIT:
    case IDTAP_EV_NMI_ENTER:
    case IDTAP_EV_SOFTIRQ_ENTER:
    case IDTAP_EV_PV_UPCALL:
    case IDTAP_EV_SWINT:
        set_current(x, cpu, r);
        break;
    }
    return 0;
}

static int span_begin(struct idtap_export *x, struct idtap_export_span *span,
                      const struct idtap_record *r)
{
    const struct idtap_irq_enter *e = (const void *)r;

    (void)x;
    /* Only an interrupt with an IRQ has a record of its own in Xen. */
    if ( span->kind == IDTAP_SPAN_IRQ && e->irq >= 0 )
        span->cookie = (uint64_t)e->irq + 1;
    return 0;
}

static int span_end(struct idtap_export *x,
                    const struct idtap_export_span *span, int cpu,
                    uint64_t tsc, enum idtap_span_end how)
{
    uint32_t words[3] = {
        (uint32_t)(span->cookie - 1), (uint32_t)span->r.tsc, (uint32_t)tsc,
    };

    if ( span->cookie && how == IDTAP_SPAN_ENDED )
        put(x, cpu, tsc, TRC_HW_IRQ_HANDLED, words, 3);
    return 0;
}

static int span_lone(struct idtap_export *x,
                     const struct idtap_export_span *span,
                     const struct idtap_record *r)
{
    (void)x;
    (void)span;
    (void)r;
    return 0;
}

static int loss(struct idtap_export *x, const struct idtap_export_loss *l)
{
    struct xentrace *t = x->state;
    struct lane *lane = &t->lanes[l->cpu];

    if ( !lane->window )
        return 0;
    if ( !lane->lost )
        lane->lost_from = l->from_tsc;
    lane->lost = true;
    lane->lost_records += l->records;
    return 0;
}

static int end(struct idtap_export *x)
{
    struct xentrace *t = x->state;
    int cpu;

    /* What was lost last, nobody came after. */
    for ( cpu = 0; cpu < (int)IDTAP_MAX_CPUS; cpu++ )
        if ( t->lanes[cpu].lost )
            put_loss(x, cpu, t->lanes[cpu].last_tsc + 1,
                     IDTAP_DOMID_IDLE << 16 | (uint32_t)cpu);
    put_windows(x, false);
    return 0;
}

static void release(struct idtap_export *x)
{
    struct xentrace *t = x->state;
    unsigned int i;

    for ( i = 0; t && i < IDTAP_MAX_CPUS; i++ )
        free(t->lanes[i].window);
    free(t);
}

const struct idtap_export_ops export_xentrace_ops = {
    .begin = begin,
    .record = record,
    .loss = loss,
    .span_begin = span_begin,
    .span_end = span_end,
    .span_lone = span_lone,
    .end = end,
    .release = release,
};
