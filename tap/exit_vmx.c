/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intel: the calls of vmx_vmexit_handler() and vmx_vmenter_helper().
 *
 * The exit hook reads the exit information that the CPU left in the current
 * VMCS; the entry hook reads what the coming VM entry will inject.  Encodings
 * and meaning: Intel SDM volume 3, "VM-Exit Information Fields", "VM-Entry
 * Controls for Event Injection", appendix "Field Encoding in VMCS".  The hooks
 * only read.
 *
 * Interrupts are off in both hooks.  The current VMCS is the vCPU's own, or
 * the one that runs a nested guest: either way the one that exited.
 */
#include "emit.h"

#define VM_ENTRY_INTR_INFO       0x4016
#define VM_ENTRY_EXC_ERROR_CODE  0x4018
#define VM_ENTRY_INSN_LEN        0x401a
#define VM_EXIT_REASON           0x4402
#define VM_EXIT_INTR_INFO        0x4404
#define VM_EXIT_INTR_ERROR_CODE  0x4406
#define IDT_VECTORING_INFO       0x4408
#define EXIT_QUALIFICATION       0x6400
#define GUEST_RIP                0x681e

#define REASON_EXCEPTION_NMI 0
#define REASON_EXTERNAL_INTR 1
#define REASON_ENTRY_FAILED  (1u << 31)

#define INFO_VECTOR(i)   ((i) & 0xff)
#define INFO_TYPE(i)     (((i) >> 8) & 7)
#define INFO_ERROR_CODE  (1u << 11)
#define INFO_VALID       (1u << 31)

#define TRAP_db 1
#define TRAP_pf 14

/* Fails for a field that the CPU lacks; all of the above always exist. */
static uint64_t vmread(uint64_t field)
{
    uint64_t value = 0;

    asm volatile ( "vmread %1, %0" : "+r" (value) : "r" (field) : "cc" );
    return value;
}

static unsigned int nested_flag(const struct vcpu *v)
{
    return FIELD(uint8_t, v, PROFILE.vcpu_nv_guestmode) ? IDTAP_F_NESTED : 0;
}

static void exit_record(struct tap_ring *ring, const struct vcpu *v,
                        uint32_t reason, uint32_t info, uint32_t idtv)
{
    bool exception = (uint16_t)reason == REASON_EXCEPTION_NMI;
    unsigned int flags = nested_flag(v) |
                         (idtv & INFO_VALID ? IDTAP_F_DELIVERY : 0) |
                         (reason & REASON_ENTRY_FAILED ? IDTAP_F_ENTRY_FAILED
                                                       : 0);
    struct tap_slot slot;
    struct idtap_vm_exit *r =
        tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_VM_EXIT,
                      info & INFO_VALID ? INFO_VECTOR(info) : 0, flags), v);

    if ( unlikely(!r) )
        return;
    r->rip = vmread(GUEST_RIP);
    r->reason = reason;
    r->delivery = tap_delivery(idtv, exception ? INFO_TYPE(info) : 0);
    r->detail = !exception ? vmread(EXIT_QUALIFICATION) :
                info & INFO_ERROR_CODE ? vmread(VM_EXIT_INTR_ERROR_CODE) : 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

static void exception_record(struct tap_ring *ring, const struct vcpu *v,
                             uint32_t info, uint32_t idtv)
{
    unsigned int vector = INFO_VECTOR(info);
    unsigned int flags = nested_flag(v);
    struct tap_slot slot;
    struct idtap_exception *r;

    if ( idtv & INFO_VALID )
        flags |= IDTAP_F_DELIVERY;
    if ( info & INFO_ERROR_CODE )
        flags |= IDTAP_F_ERROR_CODE;
    if ( vector == TRAP_pf || vector == TRAP_db )
        flags |= IDTAP_F_ADDRESS;

    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_EXCEPTION, vector, flags), v);
    if ( unlikely(!r) )
        return;
    r->rip = vmread(GUEST_RIP);
    r->address = flags & IDTAP_F_ADDRESS ? vmread(EXIT_QUALIFICATION) : 0;
    r->error_code = flags & IDTAP_F_ERROR_CODE
                    ? vmread(VM_EXIT_INTR_ERROR_CODE) : 0;
    r->orig_vector = idtv & INFO_VALID ? INFO_VECTOR(idtv) : 0;
    r->type = INFO_TYPE(info);
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

static noinline void vmx_exit(struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();
    const struct vcpu *v = current_vcpu();
    unsigned int domid = domain_id(vcpu_domain(v));
    uint32_t reason = vmread(VM_EXIT_REASON);
    uint32_t info = 0, idtv = vmread(IDT_VECTORING_INFO);

    /* Only these two exits define the field. */
    if ( (uint16_t)reason <= REASON_EXTERNAL_INTR )
        info = vmread(VM_EXIT_INTR_INFO);

    if ( likely(c) && tap_wanted(IDTAP_CLASS_EXIT, domid) )
        exit_record(&c->ring, v, reason, info, idtv);
    /* An NMI has the class `nmi`: see tap/hook_nmi.c. */
    if ( likely(c) &&
         (uint16_t)reason == REASON_EXCEPTION_NMI && (info & INFO_VALID) &&
         INFO_TYPE(info) != IDTAP_TYPE_NMI &&
         tap_wanted_vector(IDTAP_CLASS_EXCEPTION, domid, INFO_VECTOR(info)) )
        exception_record(&c->ring, v, info, idtv);

    vmx_vmexit_handler(regs);
}

void tap_vmx_vmexit(struct cpu_user_regs *regs)
{
    if ( tap_idle(IDTAP_CLASS_EXIT | IDTAP_CLASS_EXCEPTION) )
        vmx_vmexit_handler(regs);
    else
        vmx_exit(regs);
}

static void inject_record(struct tap_ring *ring, const struct vcpu *v,
                          uint32_t info)
{
    /* As in tap/exit_svm.c: the delivery that the last exit interrupted. */
    uint32_t idtv = vmread(IDT_VECTORING_INFO);
    bool again = (idtv & INFO_VALID) &&
                 INFO_VECTOR(idtv) == INFO_VECTOR(info) &&
                 INFO_TYPE(idtv) == INFO_TYPE(info);
    unsigned int flags = nested_flag(v) | (again ? IDTAP_F_REINJECT : 0) |
                         (info & INFO_ERROR_CODE ? IDTAP_F_ERROR_CODE : 0);
    unsigned int type = INFO_TYPE(info);
    struct tap_slot slot;
    struct idtap_inject *r =
        tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_INJECT, INFO_VECTOR(info), flags), v);

    if ( unlikely(!r) )
        return;
    r->error_code = info & INFO_ERROR_CODE ? vmread(VM_ENTRY_EXC_ERROR_CODE)
                                           : 0;
    r->type = type;
    r->insn_len = type >= IDTAP_TYPE_SW_INTERRUPT ? vmread(VM_ENTRY_INSN_LEN)
                                                  : 0;
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

static noinline bool vmx_enter(const struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();
    const struct vcpu *v = current_vcpu();
    unsigned int domid = domain_id(vcpu_domain(v));
    uint32_t info;

    /* False: Xen goes round again, and this hook with it. */
    if ( !vmx_vmenter_helper(regs) )
        return false;
    if ( unlikely(!c) )
        return true;

    info = vmread(VM_ENTRY_INTR_INFO);
    if ( (info & INFO_VALID) &&
         tap_wanted_vector(IDTAP_CLASS_INJECT, domid, INFO_VECTOR(info)) )
        inject_record(&c->ring, v, info);
    if ( tap_wanted(IDTAP_CLASS_EXIT, domid) )
        tap_emit_plain(&c->ring,
                       HEAD(IDTAP_EV_VM_ENTRY,
                            info & INFO_VALID ? INFO_VECTOR(info) : 0,
                            nested_flag(v) |
                            (info & INFO_VALID ? IDTAP_F_INJECTS : 0)), v);
    return true;
}

bool tap_vmx_vmenter(const struct cpu_user_regs *regs)
{
    if ( tap_idle(IDTAP_CLASS_EXIT | IDTAP_CLASS_INJECT) )
        return vmx_vmenter_helper(regs);
    return vmx_enter(regs);
}
