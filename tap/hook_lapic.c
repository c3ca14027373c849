/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests' local APICs, as Xen emulates them: every call of vlapic_set_irq()
 * (a vector becomes pending) and of vlapic_handle_EOI() (the guest is done with
 * one, and Xen knows).
 *
 * With virtual interrupt delivery (Intel SDM "Virtual-Interrupt Delivery") the
 * CPU itself moves a pending vector into the guest, without a VM entry that
 * injects it, and EOIs leave the guest only for vectors that ask for it.  What
 * is accepted is then only queued, and the record says so.
 *
 * A record belongs to the vCPU whose APIC it is; the hook runs on whatever
 * pCPU the sender is on, in any context but NMI.
 */
#include "emit.h"

#define SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY (1u << 9)

static always_inline void lapic_record(struct tap_whose whose,
                                       unsigned int event, unsigned int vector,
                                       unsigned int flags)
{
    tap_emit_plain(&this_tap_cpu()->ring, HEAD(event, vector, flags), whose);
}

static always_inline bool lapic_wanted(struct tap_whose whose,
                                       unsigned int vector)
{
    return tap_wanted_vector(IDTAP_CLASS_LAPIC, whose.domid, vector);
}

static bool delivered_by_cpu(const struct vlapic *vlapic)
{
    return hvm_is("VMX") &&
           (FIELD(uint32_t, vlapic_vcpu(vlapic), PROFILE.vcpu_vmx_secondary) &
            SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY);
}

static noinline void accept(struct vlapic *vlapic, unsigned int arg,
                            unsigned int level)
{
    struct tap_whose whose = tap_whose(vlapic_vcpu(vlapic));
    uint8_t vector = arg;

    /* Vectors below 16 are refused by the APIC. */
    if ( vector >= 16 && lapic_wanted(whose, vector) )
        lapic_record(whose, IDTAP_EV_LAPIC_ACCEPT, vector,
                     ((uint8_t)level ? IDTAP_F_LEVEL : 0) |
                     (vlapic_test_irq(vlapic, vector) ? IDTAP_F_PENDING : 0) |
                     (delivered_by_cpu(vlapic) ? IDTAP_F_VIRTUAL : 0));
    vlapic_set_irq(vlapic, arg, level);
}

void tap_vlapic_set_irq(struct vlapic *vlapic, unsigned int vector,
                        unsigned int level)
{
    if ( tap_idle(IDTAP_CLASS_LAPIC) )
        vlapic_set_irq(vlapic, vector, level);
    else
        accept(vlapic, vector, level);
}

static noinline void eoi(struct vlapic *vlapic, unsigned int arg)
{
    struct tap_whose whose = tap_whose(vlapic_vcpu(vlapic));
    uint8_t vector = arg;

    if ( lapic_wanted(whose, vector) )
        lapic_record(whose, IDTAP_EV_LAPIC_EOI, vector, 0);
    vlapic_handle_EOI(vlapic, arg);
}

void tap_vlapic_handle_EOI(struct vlapic *vlapic, unsigned int vector)
{
    if ( tap_idle(IDTAP_CLASS_LAPIC) )
        vlapic_handle_EOI(vlapic, vector);
    else
        eoi(vlapic, vector);
}
