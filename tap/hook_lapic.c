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

static always_inline void lapic_record(const struct vcpu *v, unsigned int event,
                                       unsigned int vector, unsigned int flags)
{
    tap_emit_plain(&this_tap_cpu()->ring, HEAD(event, vector, flags), v);
}

static always_inline bool lapic_wanted(const struct vcpu *v,
                                       unsigned int vector)
{
    return tap_wanted_vector_of(IDTAP_CLASS_LAPIC, v, vector);
}

/* Without Intel's CPUs the first of these words is 0, and there is no other. */
static always_inline bool delivered_by_cpu(const struct vcpu *v)
{
    return local_test(vmx_secondary_exec_control,
                      SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY) &&
           (FIELD(uint32_t, v, PROFILE.vcpu_vmx_secondary) &
            SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY);
}

/*
 * vlapic_test_irq(), with what its caller was given kept on the stack, and not
 * in registers that would have to be saved there first.  Returns @vlapic, of
 * which the compiler then knows no more than that, and has kept nothing.
 */
static always_inline struct vlapic *test_irq(struct vlapic *vlapic,
                                             unsigned int arg, bool *pending)
{
    asm volatile ( "push %%rdi; push %%rsi; push %%rdx\n\t"
                   "movzbl %%sil, %%esi\n\t"
                   "call vlapic_test_irq\n\t"
                   "pop %%rdx; pop %%rsi; pop %%rdi"
                   : "=&a" (*pending), "+D" (vlapic)
                   : "S" (arg)
                   : "rcx", "r8", "r9", "r10", "r11", "memory", "cc" );
    return vlapic;
}

static noinline void accept_odd(struct vlapic *vlapic, unsigned int arg,
                                unsigned int level, bool pending)
{
    const struct vcpu *v = vlapic_vcpu(vlapic);

    lapic_record(v, IDTAP_EV_LAPIC_ACCEPT, (uint8_t)arg,
                 ((uint8_t)level ? IDTAP_F_LEVEL : 0) |
                 (pending ? IDTAP_F_PENDING : 0) |
                 (delivered_by_cpu(v) ? IDTAP_F_VIRTUAL : 0));
    vlapic_set_irq(vlapic, arg, level);
}

static tap_recording void accept(struct vlapic *vlapic, unsigned int arg,
                                 unsigned int level)
{
    uint8_t vector = arg;
    bool pending;

    /* Vectors below 16 are refused by the APIC. */
    if ( vector < 16 || !lapic_wanted(vlapic_vcpu(vlapic), vector) )
    {
        vlapic_set_irq(vlapic, arg, level);
        return;
    }
    vlapic = test_irq(vlapic, arg, &pending);
    /* Mostly: the flags are a number in an instruction, and nothing is kept. */
    if ( unlikely((uint8_t)level) || unlikely(pending) ||
         unlikely(delivered_by_cpu(vlapic_vcpu(vlapic))) )
        accept_odd(vlapic, arg, level, pending);
    else
    {
        lapic_record(vlapic_vcpu(vlapic), IDTAP_EV_LAPIC_ACCEPT, vector, 0);
        vlapic_set_irq(vlapic, arg, 0);
    }
}

TAP_HOOK(tap_vlapic_set_irq, IDTAP_CLASS_LAPIC, accept, vlapic_set_irq)

static tap_recording void eoi(struct vlapic *vlapic, unsigned int arg)
{
    const struct vcpu *v = vlapic_vcpu(vlapic);
    uint8_t vector = arg;

    if ( lapic_wanted(v, vector) )
        lapic_record(v, IDTAP_EV_LAPIC_EOI, vector, 0);
    vlapic_handle_EOI(vlapic, arg);
}

TAP_HOOK(tap_vlapic_handle_EOI, IDTAP_CLASS_LAPIC, eoi, vlapic_handle_EOI)
