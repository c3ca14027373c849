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
static uint8_t owner_of(unsigned long vector, int32_t *irq)
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

static always_inline void irq_enter_record(struct tap_cpu *c, uint64_t common,
                                           unsigned long vector)
{
    struct tap_slot slot;
    struct idtap_irq_enter *r =
        tap_emit_common(&c->ring, &slot, sizeof(*r), common);

    if ( unlikely(!r) )
        return;
    /* Owner, depth and what is unused, in one store. */
    *(uint32_t *)&r->owner =
        owner_of(vector, &r->irq) | c->irq_depth << 8;
    tap_ring_commit(&c->ring, sizeof(*r), &slot);
}
_Static_assert(offsetof(struct idtap_irq_enter, owner) == 20 &&
               offsetof(struct idtap_irq_enter, depth) == 21 &&
               offsetof(struct idtap_irq_enter, pad) == 22 &&
               sizeof(struct idtap_irq_enter) == 24, "one store");

static always_inline void irq_exit_record(struct tap_cpu *c, uint64_t common)
{
    struct tap_slot slot;

    if ( tap_emit_common(&c->ring, &slot, sizeof(struct idtap_record), common) )
        tap_ring_commit(&c->ring, sizeof(struct idtap_record), &slot);
}

static noinline void irq(struct cpu_user_regs *regs, uint64_t head)
{
    struct tap_cpu *c = this_tap_cpu();
    /* All that is kept over do_IRQ() beside @c. */
    uint64_t common =
        tap_common(head, regs_vector(regs), current_vcpu());

    if ( tap_wanted_common(IDTAP_CLASS_IRQ, common) )
        irq_enter_record(c, common, regs_vector(regs));
    c->irq_depth++;
    do_IRQ(regs);
    c->irq_depth--;
    /* What is wanted may have changed, or the tap be about to detach. */
    if ( tap_wanted_common(IDTAP_CLASS_IRQ, common) )
        irq_exit_record(c, common + IDTAP_EV_IRQ_EXIT - IDTAP_EV_IRQ_ENTER);
}

/*
 * At STGI the CPU takes what was pending, the most urgent first: that one ended
 * the guest's run, if the exit was for an interrupt at all.  The exit's record,
 * which comes after (tap/exit_svm.c), has no other way to know.
 */
static noinline void irq_at_stgi(struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();

    /* While no exit takes it, it would be left for a later one. */
    if ( tap_gate_open(IDTAP_CLASS_EXIT) && !c->run.exit_vector )
        c->run.exit_vector = regs_vector(regs);
    irq(regs, HEAD_WORD(IDTAP_EV_IRQ_ENTER, IDTAP_F_IN_GUEST));
}

static tap_recording void irq_anywhere(struct cpu_user_regs *regs)
{
    if ( regs_rip(regs) == (uint64_t)svm_stgi_label )
        irq_at_stgi(regs);
    else
        irq(regs, HEAD_WORD(IDTAP_EV_IRQ_ENTER,
                            guest_mode(regs) ? IDTAP_F_IN_GUEST : 0));
}

TAP_HOOK(tap_do_IRQ, IDTAP_CLASS_IRQ | IDTAP_CLASS_EXIT, irq_anywhere,
         do_IRQ)

static tap_recording void irq_vmexit(struct cpu_user_regs *regs)
{
    irq(regs, HEAD_WORD(IDTAP_EV_IRQ_ENTER, IDTAP_F_IN_GUEST));
}

TAP_HOOK(tap_do_IRQ_vmexit, IDTAP_CLASS_IRQ, irq_vmexit, do_IRQ)
