/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Softirqs: raised, entered, left.
 *
 * Raising is seen at every call of raise_softirq(), cpu_raise_softirq() and
 * cpumask_raise_softirq() in Xen's text.  Running is seen by standing in
 * softirq_handlers[] (common/softirq.c), a plain table of function pointers.
 *
 * A handler that switches to another vCPU never returns: Xen resets the stack
 * (reset_stack_and_jump), and our frame goes with it.  So SCHEDULE_SOFTIRQ and
 * SCHED_SLAVE_SOFTIRQ mostly have an enter and no exit, and nothing here may
 * count on coming back.
 *
 * Softirqs run with interrupts on.  They belong to Xen, not to a vector.
 */
#include "emit.h"

#define MAX_SOFTIRQS 16

/* What the table held; written while all CPUs are parked. */
static void (*original[MAX_SOFTIRQS])(void);

static always_inline void softirq_record(unsigned int event, unsigned int nr)
{
    struct tap_ring *ring = &this_tap_cpu()->ring;
    const struct vcpu *v = current_vcpu();

    if ( tap_wanted_of(IDTAP_CLASS_SOFTIRQ, v) )
        tap_emit_plain(ring, HEAD(event, nr, 0), v);
}

static noinline void recorded(unsigned int nr)
{
    softirq_record(IDTAP_EV_SOFTIRQ_ENTER, nr);
    original[nr]();
    /* What is wanted may have changed. */
    softirq_record(IDTAP_EV_SOFTIRQ_EXIT, nr);
}

static inline void run(unsigned int nr)
{
    if ( tap_idle(IDTAP_CLASS_SOFTIRQ) )
        original[nr]();
    else
        recorded(nr);
}

#define HANDLERS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) \
                    X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define X(nr) static void tap_softirq_##nr(void) { run(nr); }
HANDLERS(X)
#undef X

static void (*const ours[MAX_SOFTIRQS])(void) = {
#define X(nr) tap_softirq_##nr,
    HANDLERS(X)
#undef X
};

int tap_softirqs_check(void)
{
    unsigned int i;

    for ( i = 0; i < PROFILE.nr_softirqs; i++ )
    {
        const char *h = (const char *)softirq_handlers[i];

        if ( i >= MAX_SOFTIRQS || (h && (h < _stext || h >= _etext)) )
        {
            printk(XENLOG_ERR "idtap: refused: softirq %u has a handler "
                   "outside Xen's text (%p)\n", i, h);
            return -IDTAP_REFUSE_SOFTIRQ;
        }
    }
    return 0;
}

void tap_softirqs_swap(void)
{
    unsigned int i;

    for ( i = 0; i < PROFILE.nr_softirqs; i++ )
        if ( softirq_handlers[i] )
        {
            original[i] = softirq_handlers[i];
            softirq_handlers[i] = ours[i];
        }
}

void tap_softirqs_restore(void)
{
    unsigned int i;

    for ( i = 0; i < PROFILE.nr_softirqs; i++ )
        if ( softirq_handlers[i] == ours[i] )
            softirq_handlers[i] = original[i];
}

static always_inline void raise_record(unsigned int nr, unsigned int cpu,
                                unsigned int flags)
{
    struct tap_ring *ring = &this_tap_cpu()->ring;
    const struct vcpu *v = current_vcpu();
    struct tap_slot slot;
    struct idtap_softirq_raise *r;

    if ( !tap_wanted_of(IDTAP_CLASS_SOFTIRQ, v) )
        return;
    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_SOFTIRQ_RAISE, nr, flags), v);
    if ( unlikely(!r) )
        return;
    r->cpu = cpu;
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

static tap_recording void raise_here(unsigned int nr)
{
    raise_record(nr, this_cpu_id(), 0);
    raise_softirq(nr);
}

TAP_HOOK(tap_raise_softirq, IDTAP_CLASS_SOFTIRQ, raise_here, raise_softirq)

static tap_recording void raise_there(unsigned int cpu, unsigned int nr)
{
    raise_record(nr, cpu, 0);
    cpu_raise_softirq(cpu, nr);
}

TAP_HOOK(tap_cpu_raise_softirq, IDTAP_CLASS_SOFTIRQ, raise_there,
         cpu_raise_softirq)

static unsigned int cpumask_weight(const struct cpumask *mask)
{
    const unsigned long *bits = (const unsigned long *)mask;
    unsigned int i, n = 0;

    for ( i = 0; i < nr_cpu_ids; i++ )
        n += test_bit(i, bits);
    return n;
}

static tap_recording void raise_many(const struct cpumask *mask,
                                     unsigned int nr)
{
    raise_record(nr, cpumask_weight(mask), IDTAP_F_CPU_MASK);
    cpumask_raise_softirq(mask, nr);
}

TAP_HOOK(tap_cpumask_raise_softirq, IDTAP_CLASS_SOFTIRQ, raise_many,
         cpumask_raise_softirq)
