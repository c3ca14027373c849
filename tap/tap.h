/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the tap know of each other.
 *
 * The life of a tap, in the order Xen calls it (common/livepatch.c); each step
 * says what may be done in it:
 *
 *   pre-apply    hypercall, may refuse   prove parameters, sites, invariants
 *   load         all CPUs parked         retarget the sites, swap softirqs
 *   post-apply   idle vCPU, may sleep    allocate rings, open the doorway
 *   pre-revert   hypercall, may refuse   stop recording, give memory back
 *   revert       all CPUs parked, may    refuse while a vCPU sleeps in Xen
 *                refuse                  with one of our frames on its stack
 *   unload       all CPUs parked         restore sites and softirqs, unlink
 *
 * Nothing is allocated before the sites are in, so a refused or timed-out
 * attach leaves nothing behind; nothing is left to do after the sites are out,
 * so the text may be freed at once.
 */
#ifndef TAP_TAP_H
#define TAP_TAP_H

#include "filter.h"
#include "intercept.h"
#include "ring.h"
#include "xen.h"

/* One per pCPU that was present at attach; a page of Xen's heap. */
struct tap_cpu {
    struct tap_ring ring;
    /* This pCPU only: */
    uint8_t irq_depth;   /* of interrupts being recorded */
    struct tap_run run;
};
_Static_assert(sizeof(struct tap_cpu) <= PAGE_SIZE, "allocated as a page");

/*
 * By processor id; where there is no ring, tap_no_cpu, whose ring drops and
 * counts what is recorded, so that hooks need not ask.  Written by
 * tap_memory_show() at post-apply and pre-revert; a hook reads its own entry
 * once and may go on using it until it has left, which rcu_barrier() waits for.
 */
extern struct tap_cpu *tap_cpus[IDTAP_MAX_CPUS];
extern struct tap_cpu tap_no_cpu;

static inline struct tap_cpu *this_tap_cpu(void)
{
    return tap_cpus[this_cpu_index()];
}

static inline bool tap_has_ring(const struct tap_cpu *c)
{
    return likely(c != &tap_no_cpu);
}

/* tap/hardware.c: IDTAP_HW_* of this host. */
uint32_t tap_hardware(void);

/* tap/invariants.c: 0, or -IDTAP_REFUSE_* after saying why on the console. */
int tap_check_params(void);
int tap_check_invariants(void);

/* tap/sites.c */
int tap_sites_check(void);   /* 0 or -IDTAP_REFUSE_SITE; changes nothing */
void tap_sites_retarget(void); /* all CPUs parked, after a check */
void tap_sites_restore(void);  /* all CPUs parked */

/* tap/hook_softirq.c: as for sites. */
int tap_softirqs_check(void);
void tap_softirqs_swap(void);
void tap_softirqs_restore(void);

/* tap/hook_evtchn.c: as for sites. */
int tap_evtchn_check(void);
void tap_evtchn_swap(void);
void tap_evtchn_restore(void);

/* tap/memory.c */
int tap_memory_alloc(void);       /* 0 or -XEN_ENOMEM, nothing allocated */
void tap_memory_show(bool show);  /* rings to hooks and doorway, or nothing */
bool tap_memory_held(void);       /* does anybody in dom0 map a page? */
bool tap_memory_mapped(const struct tap_cpu *c); /* ... this ring's? */
/* 0 or -IDTAP_REFUSE_HELD, with all kept; after show(false) and a barrier. */
int tap_memory_free(void);
extern struct idtap_rings tap_rings;

/* tap/doorway.c: the nodes in hypfs. */
int tap_doorway_check(void); /* 0 or -IDTAP_REFUSE_PRESENT */
void tap_doorway_open(void);
void tap_doorway_unlink(void); /* all CPUs parked */
void tap_doorway_state(const char *state); /* a string that stays */
/*
 * Stops (true) or resumes recording.  Stopping returns when no hook and no
 * reader of a node is using a ring.  In a hypercall, not in a node's callback.
 * 0, or -XEN_EBUSY while a pCPU is coming or going, and nothing has changed.
 */
int tap_recording_stop(bool stop);

/*
 * The hooks, by enum idtap_hook.  Sites call them as they called the function
 * of Xen's before which a hook stands: with its arguments, and for its result.
 * They do so by an instruction that names them, so that a hook need not begin
 * as a target of indirect branches does.
 */
#ifdef __CET__
#define TAP_AT_SITE __attribute__((nocf_check))
#else
#define TAP_AT_SITE
#endif
TAP_AT_SITE void tap_do_IRQ(void);
TAP_AT_SITE void tap_do_IRQ_vmexit(void);
TAP_AT_SITE void tap_do_nmi(void);
TAP_AT_SITE void tap_do_nmi_vmexit(void);
TAP_AT_SITE void tap_svm_vmexit(void);
TAP_AT_SITE void tap_svm_vmenter(void);
TAP_AT_SITE void tap_vmx_vmexit(void);
TAP_AT_SITE void tap_vmx_vmenter(void);
TAP_AT_SITE void tap_raise_softirq(void);
TAP_AT_SITE void tap_cpu_raise_softirq(void);
TAP_AT_SITE void tap_cpumask_raise_softirq(void);
TAP_AT_SITE void tap_vlapic_set_irq(void);
TAP_AT_SITE void tap_vlapic_handle_EOI(void);
TAP_AT_SITE void tap_do_page_fault(void);
TAP_AT_SITE void tap_do_general_protection(void);
TAP_AT_SITE void tap_do_invalid_op(void);
TAP_AT_SITE void tap_do_device_not_available(void);
TAP_AT_SITE void tap_do_int3(void);
TAP_AT_SITE void tap_do_trap(void);
TAP_AT_SITE void tap_do_debug(void);
TAP_AT_SITE void tap_bounce_event(void); /* of create_bounce_frame() */
TAP_AT_SITE void tap_bounce_exception(void);
TAP_AT_SITE void tap_bounce_trap(void);
TAP_AT_SITE void tap_bounce_syscall(void);
TAP_AT_SITE void tap_bounce_int80(void);

#endif /* TAP_TAP_H */
