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

    desc = (const char *)irq_desc + *irq * (size_t)PROFILE.irq_desc_size;
    return FIELD(uint32_t, desc, PROFILE.irq_desc_status) &
           (1u << PROFILE.irq_guest_bit) ? IDTAP_OWNER_GUEST : IDTAP_OWNER_XEN;
}

static always_inline void irq_enter_record(struct tap_cpu *c,
                                           unsigned int vector,
                                           unsigned int flags)
{
    struct tap_slot slot;
    struct idtap_irq_enter *r =
        tap_emit(&c->ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_IRQ_ENTER, vector, flags), current_vcpu());

    if ( unlikely(!r) )
        return;
    r->owner = owner_of(vector, &r->irq);
    r->depth = c->irq_depth;
    r->pad = 0;
    tap_ring_commit(&c->ring, sizeof(*r), &slot);
}

static always_inline bool irq_wanted(const struct tap_filter *f,
                                     unsigned int vector)
{
    return tap_passes_vector(f, IDTAP_CLASS_IRQ,
                             domain_id(vcpu_domain(current_vcpu())), vector);
}

static noinline void irq(struct cpu_user_regs *regs, bool in_guest)
{
    struct tap_cpu *c = this_tap_cpu();
    const struct tap_filter *f = tap_filter_now(), *now;
    unsigned int vector = regs_vector(regs);
    unsigned int flags = in_guest ? IDTAP_F_IN_GUEST : 0;
    bool wanted;

    if ( unlikely(!c) )
    {
        do_IRQ(regs);
        return;
    }

    wanted = irq_wanted(f, vector);
    if ( wanted )
        irq_enter_record(c, vector, flags);
    c->irq_depth++;
    do_IRQ(regs);
    c->irq_depth--;
    /* What is wanted may have changed, or the tap be about to detach. */
    if ( tap_idle(IDTAP_CLASS_IRQ) )
        return;
    now = tap_filter_now();
    if ( unlikely(now != f) )
        wanted = irq_wanted(now, vector);
    if ( wanted )
        tap_emit_plain(&c->ring, HEAD(IDTAP_EV_IRQ_EXIT, vector, flags),
                       current_vcpu());
}

/*
 * At STGI the CPU takes what was pending, the most urgent first: that one ended
 * the guest's run, if the exit was for an interrupt at all.  The exit's record,
 * which comes after (tap/exit_svm.c), has no other way to know.
 */
static noinline void irq_at_stgi(struct cpu_user_regs *regs)
{
    struct tap_cpu *c = tap_cpus[this_cpu_id() % IDTAP_MAX_CPUS];

    if ( likely(c) && !c->exit_vector )
        c->exit_vector = regs_vector(regs);
    irq(regs, true);
}

void tap_do_IRQ(struct cpu_user_regs *regs)
{
    if ( tap_idle(IDTAP_CLASS_IRQ | IDTAP_CLASS_EXIT) )
        do_IRQ(regs);
    else if ( regs_rip(regs) == (uint64_t)svm_stgi_label )
        irq_at_stgi(regs);
    else
        irq(regs, guest_mode(regs));
}

void tap_do_IRQ_vmexit(struct cpu_user_regs *regs)
{
    if ( tap_idle(IDTAP_CLASS_IRQ) )
        do_IRQ(regs);
    else
        irq(regs, true);
}
