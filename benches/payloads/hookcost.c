/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Xen's own functions cost when called where Xen calls them: through the
 * call sites that a tap changes, and through the table of softirq handlers.
 * Beside each, the same function called directly.  The difference is what the
 * tap's hook costs, in whatever state the tap is; none if there is no tap.
 *
 * Harmless calls are chosen: do_IRQ() with the vector of the event-check IPI,
 * whose handler only acknowledges it; RCU's softirq handler, which finds nothing
 * to do; raise_softirq() of the tasklet softirq, whose handler finds nothing.
 * The record belongs to dom0, whose hypercall this runs in.
 *
 * SITE_IRQ and SITE_RAISE are the first sites of do_IRQ() and raise_softirq(),
 * REGS_VECTOR is the offset of entry_vector; they come from the profile, through
 * the makefile.
 */
#include "measure.h"

#define RCU_SOFTIRQ     1
#define TASKLET_SOFTIRQ 5
#define EVENT_CHECK_VECTOR 0xfc

void do_IRQ(void);
void raise_softirq(void);
void rcu_process_callbacks(void)
    asm("\"common/rcupdate.c#rcu_process_callbacks\"");
extern measured_fn *softirq_handlers[]
    asm("\"common/softirq.c#softirq_handlers\"");

static void hookcost_nothing(void)
{
}

/* Registers as on entry from an interrupt, of code that is nobody's. */
static union {
    unsigned char bytes[256];
    uint64_t align;
} hookcost_regs;

static int hookcost_pre_apply(struct payload *payload)
{
    unsigned long regs = (unsigned long)&hookcost_regs;
    measured_fn *softirq = softirq_handlers[RCU_SOFTIRQ];

    (void)payload;
    hookcost_regs.bytes[REGS_VECTOR] = EVENT_CHECK_VECTOR;

    /* For its first turn, which may have something to do. */
    measure(rcu_process_callbacks, 0, 0);
    measure_say("nothing", measure(hookcost_nothing, 0, 0));
    measure_say("irq direct", measure(do_IRQ, regs, 0));
    measure_say("irq site", measure(measure_target(SITE_IRQ), regs, 0));
    measure_say("softirq direct", measure(rcu_process_callbacks, 0, 0));
    measure_say("softirq site", measure(softirq, 0, 0));
    measure_say("raise direct", measure(raise_softirq, TASKLET_SOFTIRQ, 0));
    measure_say("raise site", measure(measure_target(SITE_RAISE),
                                      TASKLET_SOFTIRQ, 0));
    return -MEASURE_REFUSE;
}

PAYLOAD_HOOK(preapply, hookcost_pre_apply);
PAYLOAD_NOTES('h', 'o', 'o', 'k', 'c', 'o', 's', 't');
