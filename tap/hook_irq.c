/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical interrupts: both calls of do_IRQ().
 *
 * All external interrupts of a pCPU come through here, direct APIC vectors
 * included; the vector is the low byte of regs->entry_vector.  Interrupts are
 * off, an NMI may still come.  The hook lies outside Xen's irq_enter(), so
 * that Xen sees no longer interrupt than without it.
 *
 * Who was interrupted: on VMX an interrupt exit calls do_IRQ() from inside
 * vmx_vmexit_handler(), a site of its own.  On SVM it is taken as soon as STGI
 * opens the gate, so that the saved RIP is svm_stgi_label (AMD APM "Global
 * Interrupt Flag, STGI and CLGI Instructions").
 */
#include "emit.h"

/*
 * Who is going to handle it, by the rules of do_IRQ() itself.  desc->status is
 * read without desc->lock: a descriptor never goes away, and a bind or unbind
 * that happens right now may be seen either way.
 */
static uint8_t owner_of(unsigned int vector, int32_t *irq)
{
    const char *desc;

    *irq = FIELD(int32_t, per_cpu__vector_irq + this_percpu_offset(),
                 vector * sizeof(int32_t));
    if ( *irq < 0 )
    {
        *irq = -1;
        return direct_apic_vector[vector] ? IDTAP_OWNER_DIRECT
                                          : IDTAP_OWNER_SPURIOUS;
    }
    if ( (unsigned int)*irq >= nr_irqs )
        return IDTAP_OWNER_SPURIOUS;

    desc = (const char *)irq_desc + OFFSET_TIMES(*irq, irq_desc_size);
    return FIELD_TEST(desc, irq_desc_status, irq_guest_mask) ? IDTAP_OWNER_GUEST
                                                             : IDTAP_OWNER_XEN;
}

static always_inline void irq_enter_record(struct tap_cpu *c,
                                           struct tap_whose whose,
                                           unsigned int vector,
                                           unsigned int flags)
{
    struct tap_slot slot;
    struct idtap_irq_enter *r =
        tap_emit(&c->ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_IRQ_ENTER, vector, flags), whose);

    if ( unlikely(!r) )
        return;
    r->owner = owner_of(vector, &r->irq);
    r->depth = c->irq_depth;
    r->pad = 0;
    tap_ring_commit(&c->ring, sizeof(*r), &slot);
}

static noinline void irq(struct cpu_user_regs *regs, unsigned int flags)
{
    struct tap_cpu *c = this_tap_cpu();
    struct tap_whose whose = tap_whose(current_vcpu());
    unsigned int vector = regs_vector(regs);

    if ( tap_wanted_vector(IDTAP_CLASS_IRQ, whose.domid, vector) )
        irq_enter_record(c, whose, vector, flags);
    c->irq_depth++;
    do_IRQ(regs);
    c->irq_depth--;
    /* What is wanted may have changed, or the tap be about to detach. */
    if ( !tap_idle(IDTAP_CLASS_IRQ) &&
         tap_wanted_vector(IDTAP_CLASS_IRQ, whose.domid, vector) )
        tap_emit_plain(&c->ring, HEAD(IDTAP_EV_IRQ_EXIT, vector, flags), whose);
}

/*
 * At STGI the CPU takes what was pending, the most urgent first: that one ended
 * the guest's run, if the exit was for an interrupt at all.  The exit's record,
 * which comes after (tap/exit_svm.c), has no other way to know.
 */
static noinline void irq_at_stgi(struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();

    if ( !c->exit_vector )
        c->exit_vector = regs_vector(regs);
    irq(regs, IDTAP_F_IN_GUEST);
}

void tap_do_IRQ(struct cpu_user_regs *regs)
{
    if ( tap_idle(IDTAP_CLASS_IRQ | IDTAP_CLASS_EXIT) )
        do_IRQ(regs);
    else if ( regs_rip(regs) == (uint64_t)svm_stgi_label )
        irq_at_stgi(regs);
    else
        irq(regs, guest_mode(regs) ? IDTAP_F_IN_GUEST : 0);
}

void tap_do_IRQ_vmexit(struct cpu_user_regs *regs)
{
    if ( tap_idle(IDTAP_CLASS_IRQ) )
        do_IRQ(regs);
    else
        irq(regs, IDTAP_F_IN_GUEST);
}
