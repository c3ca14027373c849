/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical NMIs: both calls of do_nmi(), from the IDT's entry and from
 * vmx_vmexit_handler().  On SVM an NMI exit is followed by the NMI itself at
 * STGI, as for interrupts (see tap/hook_irq.c).
 *
 * This hook may interrupt any other hook at any instruction; nothing it calls
 * may mind (see tap/ring.h).
 */
#include "emit.h"

#define NMI_VECTOR 2

static noinline void nmi(const struct cpu_user_regs *regs, bool in_guest)
{
    struct tap_ring *ring = &this_tap_cpu()->ring;
    const struct vcpu *v = current_vcpu();
    unsigned int flags = in_guest ? IDTAP_F_IN_GUEST : 0;
    bool wanted = tap_wanted_vector_of(IDTAP_CLASS_NMI, v, NMI_VECTOR);

    if ( wanted )
    {
        struct tap_slot slot;
        struct idtap_nmi_enter *r =
            tap_emit(ring, &slot, sizeof(*r),
                     HEAD(IDTAP_EV_NMI_ENTER, NMI_VECTOR, flags), v);

        if ( likely(r) )
        {
            r->rip = regs_rip(regs);
            tap_ring_commit(ring, sizeof(*r), &slot);
        }
    }

    do_nmi(regs);

    if ( wanted && !tap_idle(IDTAP_CLASS_NMI) )
        tap_emit_plain(ring, HEAD(IDTAP_EV_NMI_EXIT, NMI_VECTOR, flags), v);
}

static tap_recording void nmi_anywhere(const struct cpu_user_regs *regs)
{
    nmi(regs, guest_mode(regs) || regs_rip(regs) == (uint64_t)svm_stgi_label);
}

TAP_HOOK(tap_do_nmi, IDTAP_CLASS_NMI, nmi_anywhere, do_nmi)

static tap_recording void nmi_vmexit(const struct cpu_user_regs *regs)
{
    nmi(regs, true);
}

TAP_HOOK(tap_do_nmi_vmexit, IDTAP_CLASS_NMI, nmi_vmexit, do_nmi)
