/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intel: the calls of vmx_vmexit_handler() and vmx_vmenter_helper().
 *
 * The exit hook reads the exit information that the CPU left in the current
 * VMCS; the entry hook reads what the coming VM entry will inject.  Encodings
 * and meaning: Intel SDM volume 3, "VM-Exit Information Fields", "VM-Entry
 * Controls for Event Injection", appendix "Field Encoding in VMCS".  The hooks
 * only read, but for what interception asks (tap/intercept.h).
 *
 * An exception that only idtap intercepts is given back so: Xen's handler gets
 * the exit as one for an interrupt window, for which it does its housekeeping,
 * queueing an interrupted delivery among it, and closes a window that it opens
 * again before the entry if need be; then Xen's own hvm_inject_event() gets the
 * exception, and merges the two as a CPU would.  What the CPU had done to the
 * guest's state by then is set right by the rules of "Reflecting Exceptions to
 * Guest Software".  Writing the exit reason takes a CPU that lets VMWRITE write
 * all fields, or there is no interception (tap/hardware.c).
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
#define VM_EXIT_INSN_LEN         0x440c
#define EXCEPTION_BITMAP         0x4004
#define GUEST_INTERRUPTIBILITY   0x4824
#define EXIT_QUALIFICATION       0x6400
#define GUEST_CR0                0x6800
#define GUEST_RFLAGS             0x6820
#define GUEST_RIP                0x681e

#define REASON_EXCEPTION_NMI 0
#define REASON_EXTERNAL_INTR 1
#define REASON_INTR_WINDOW   7
#define REASON_ENTRY_FAILED  (1u << 31)

#define INFO_VECTOR(i)   ((i) & 0xff)
#define INFO_TYPE(i)     (((i) >> 8) & 7)
#define INFO_ERROR_CODE  (1u << 11)
#define INFO_VALID       (1u << 31)

#define BLOCKED_BY_STI    (1u << 0)
#define BLOCKED_BY_MOV_SS (1u << 1)
#define BLOCKED_BY_NMI    (1u << 3)

#define TRAP_db 1
#define TRAP_pf 14
#define CR0_PE  (1u << 0)
#define EFLAGS_TF (1u << 8)

/* Fails for a field that the CPU lacks; all of the above always exist. */
static uint64_t vmread(uint64_t field)
{
    uint64_t value = 0;

    asm volatile ( "vmread %1, %0" : "+r" (value) : "r" (field) : "cc" );
    return value;
}

static void vmwrite(uint64_t field, uint64_t value)
{
    asm volatile ( "vmwrite %1, %0" :: "r" (field), "r" (value) : "cc" );
}

static unsigned int nested_flag(const struct vcpu *v)
{
    return FIELD_AT(uint8_t, v, vcpu_nv_guestmode) ? IDTAP_F_NESTED : 0;
}

static void exit_record(struct tap_ring *ring, const struct vcpu *v,
                        uint32_t reason, uint32_t info, uint32_t idtv,
                        unsigned int flags)
{
    bool exception = (uint16_t)reason == REASON_EXCEPTION_NMI;
    struct tap_slot slot;
    struct idtap_vm_exit *r;

    flags |= nested_flag(v) |
             (idtv & INFO_VALID ? IDTAP_F_DELIVERY : 0) |
             (reason & REASON_ENTRY_FAILED ? IDTAP_F_ENTRY_FAILED : 0);
    r = tap_emit(ring, &slot, sizeof(*r),
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
                             uint32_t info, uint32_t idtv, unsigned int flags)
{
    unsigned int vector = INFO_VECTOR(info);
    struct tap_slot slot;
    struct idtap_exception *r;

    flags |= nested_flag(v);
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

/* At the exit: the exception bitmap is Xen's alone again. */
static uint32_t intercepts_restore(struct tap_cpu *c)
{
    uint32_t own = c->run.own;

    if ( own )
        vmwrite(EXCEPTION_BITMAP, c->run.xens);
    WRITE_ONCE(c->run.own, 0);
    return own;
}

/* At the entry, with interrupts off: ours beside Xen's. */
static void intercepts_add(struct tap_cpu *c, const struct vcpu *v)
{
    bool swint; /* hardware has no such exit */
    uint32_t xens = vmread(EXCEPTION_BITMAP);
    uint32_t own = tap_intercept_own(c, v, xens, &swint);

    c->run.xens = xens;
    WRITE_ONCE(c->run.own, own);
    if ( own )
        vmwrite(EXCEPTION_BITMAP, xens | own);
}

static struct x86_event event_of(uint32_t info)
{
    struct x86_event e = {
        .vector = INFO_VECTOR(info), .type = INFO_TYPE(info),
        .error_code = info & INFO_ERROR_CODE ? vmread(VM_EXIT_INTR_ERROR_CODE)
                                             : (uint32_t)X86_EVENT_NO_EC,
    };

    if ( e.vector == TRAP_pf )
        e.cr2 = vmread(EXIT_QUALIFICATION);
    if ( e.type >= IDTAP_TYPE_SW_INTERRUPT )
        e.insn_len = vmread(VM_EXIT_INSN_LEN);
    return e;
}

/*
 * After Xen's handler and the injection.  An NMI whose delivery faulted is given
 * up for the exception, but has blocked NMIs; Xen, about to deliver it again,
 * has just unblocked them.  And with RFLAGS.TF set a VM entry fails if STI or
 * MOV SS still block ("Checks on Guest Non-Register State"): an exception that
 * is delivered ends that.
 *
 * An IRET that faults unblocks NMIs before the exception's handler begins
 * ("Handling Multiple NMIs"), and the exit has done so.  To block them again is
 * for who has the IRET executed once more; the exception is delivered here.
 */
static void interruptibility_fix(uint32_t idtv)
{
    uint32_t state = vmread(GUEST_INTERRUPTIBILITY), want = state;

    if ( (idtv & INFO_VALID) && INFO_TYPE(idtv) == IDTAP_TYPE_NMI )
        want |= BLOCKED_BY_NMI;
    if ( vmread(GUEST_RFLAGS) & EFLAGS_TF )
        want &= ~(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);
    if ( want != state )
        vmwrite(GUEST_INTERRUPTIBILITY, want);
}

static void reflect(struct tap_cpu *c, const struct vcpu *v,
                    struct cpu_user_regs *regs, uint32_t info, uint32_t idtv)
{
    struct x86_event e = event_of(info);

    tap_intercept_caused(c, v, e.vector);
    vmwrite(VM_EXIT_REASON, REASON_INTR_WINDOW);
    vmx_vmexit_handler(regs);
    hvm_inject_event(&e);
    interruptibility_fix(idtv);
    /* Two exceptions that Xen merged: #DF has no error code in real mode. */
    if ( !(vmread(GUEST_CR0) & CR0_PE) )
        vmwrite(VM_ENTRY_INTR_INFO,
                vmread(VM_ENTRY_INTR_INFO) & ~(uint64_t)INFO_ERROR_CODE);
}

static tap_recording void vmx_exit(struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();
    const struct vcpu *v = current_vcpu();
    unsigned int flags = 0;
    uint32_t reason = vmread(VM_EXIT_REASON);
    uint32_t own, info = 0, idtv = vmread(IDT_VECTORING_INFO);
    bool exception;

    own = intercepts_restore(c);
    /* Only these two exits define the field. */
    if ( (uint16_t)reason <= REASON_EXTERNAL_INTR )
        info = vmread(VM_EXIT_INTR_INFO);
    /* An NMI has the class `nmi`: see tap/hook_nmi.c. */
    exception = (uint16_t)reason == REASON_EXCEPTION_NMI &&
                (info & INFO_VALID) && INFO_TYPE(info) != IDTAP_TYPE_NMI;
    if ( exception && (own & (1u << INFO_VECTOR(info))) )
        flags = IDTAP_F_INTERCEPT;

    if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
        exit_record(&c->ring, v, reason, info, idtv, flags);
    if ( exception && tap_wanted_vector_of(IDTAP_CLASS_EXCEPTION, v,
                                        INFO_VECTOR(info)) )
        exception_record(&c->ring, v, info, idtv, flags);

    if ( unlikely(flags) )
        reflect(c, v, regs, info, idtv);
    else
        vmx_vmexit_handler(regs);
}

TAP_HOOK(tap_vmx_vmexit,
         IDTAP_CLASS_EXIT | IDTAP_CLASS_EXCEPTION | TAP_GATE_INTERCEPT, vmx_exit,
         vmx_vmexit_handler)

/*
 * Is the exception about to be injected one that reflect() gave back?  The exit
 * reason that it wrote goes with no interruption information otherwise.
 */
static bool gives_back(uint32_t info)
{
    return INFO_TYPE(info) >= IDTAP_TYPE_HW_EXCEPTION &&
           (uint16_t)vmread(VM_EXIT_REASON) == REASON_INTR_WINDOW &&
           (vmread(VM_EXIT_INTR_INFO) & INFO_VALID);
}

static void inject_record(struct tap_ring *ring, const struct vcpu *v,
                          uint32_t info)
{
    /* As in tap/exit_svm.c: the delivery that the last exit interrupted. */
    uint32_t idtv = vmread(IDT_VECTORING_INFO);
    bool again = (idtv & INFO_VALID) &&
                 INFO_VECTOR(idtv) == INFO_VECTOR(info) &&
                 INFO_TYPE(idtv) == INFO_TYPE(info);
    unsigned int flags = nested_flag(v) |
                         (again ? IDTAP_F_REINJECT : 0) |
                         (gives_back(info) ? IDTAP_F_INTERCEPT : 0) |
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

static tap_recording bool vmx_enter(const struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();
    const struct vcpu *v = current_vcpu();
    uint32_t info;

    /* False: Xen goes round again, and this hook with it. */
    if ( !vmx_vmenter_helper(regs) )
        return false;

    if ( tap_gate_open(TAP_GATE_INTERCEPT) && tap_has_ring(c) )
    {
        intercepts_add(c, v);
        tap_intercept_entered(c, v);
    }
    info = vmread(VM_ENTRY_INTR_INFO);
    if ( (info & INFO_VALID) &&
         tap_wanted_vector_of(IDTAP_CLASS_INJECT, v,
                           INFO_VECTOR(info)) )
        inject_record(&c->ring, v, info);
    if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
        tap_emit_plain(&c->ring,
                       HEAD(IDTAP_EV_VM_ENTRY,
                            info & INFO_VALID ? INFO_VECTOR(info) : 0,
                            nested_flag(v) |
                            (info & INFO_VALID ? IDTAP_F_INJECTS : 0)), v);
    return true;
}

TAP_HOOK(tap_vmx_vmenter,
         IDTAP_CLASS_EXIT | IDTAP_CLASS_INJECT | TAP_GATE_INTERCEPT, vmx_enter,
         vmx_vmenter_helper)
