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
#include "records_vmx.h"

#define BLOCKED_BY_STI    (1u << 0)
#define BLOCKED_BY_MOV_SS (1u << 1)
#define BLOCKED_BY_NMI    (1u << 3)

#define CR0_PE    (1u << 0)
#define EFLAGS_TF (1u << 8)

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

/* Any exit: the records of it, as far as they are wanted, and what follows. */
static noinline void vmx_exit_any(struct cpu_user_regs *regs, struct tap_cpu *c,
                                  const struct vcpu *v, uint32_t reason)
{
    unsigned int flags = 0;
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
        exit_record(&c->ring, v, reason, info, idtv, flags, true);
    if ( exception &&
         tap_wanted_vector_of(IDTAP_CLASS_EXCEPTION, v, INFO_VECTOR(info)) )
        exception_record(&c->ring, v, INFO_VECTOR(info), INFO_TYPE(info), idtv,
                         flags | exception_flags(info), true);

    if ( unlikely(flags) )
        reflect(c, v, regs, info, idtv);
    else
        vmx_vmexit_handler(regs);
}

/*
 * A usual exit for an exception, of which all exceptions are wanted, and no
 * exits.  @info: of a fault, trap or abort, not of software's doing.
 */
static always_inline void usual_record(struct tap_ring *ring,
                                       const struct vcpu *v, uint32_t info)
{
    unsigned int vector = INFO_VECTOR(info);

    if ( vector == TRAP_pf )
        exception_record(ring, v, TRAP_pf, IDTAP_TYPE_HW_EXCEPTION, 0,
                         IDTAP_F_ERROR_CODE | IDTAP_F_ADDRESS, false);
    else if ( vector == TRAP_db )
        exception_record(ring, v, TRAP_db, IDTAP_TYPE_HW_EXCEPTION, 0,
                         IDTAP_F_ADDRESS, false);
    else if ( info & INFO_ERROR_CODE )
        exception_record(ring, v, vector, IDTAP_TYPE_HW_EXCEPTION, 0,
                         IDTAP_F_ERROR_CODE, false);
    else
        exception_record(ring, v, vector, IDTAP_TYPE_HW_EXCEPTION, 0, 0, false);
}

/* The hot path. */
static tap_recording void vmx_exit(struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();
    const struct vcpu *v = current_vcpu();
    uint32_t reason = vmread(VM_EXIT_REASON), info;

    /* It stays where Xen's handler wants it. */
    asm ( "" : "+D" (regs) );
    if ( unlikely(tap_run_marked(&c->run)) || is_odd(v) )
        vmx_exit_any(regs, c, v, reason);
    /* Nor has the entry failed. */
    else if ( reason - (REASON_EXTERNAL_INTR + 1) <=
              UINT16_MAX - (REASON_EXTERNAL_INTR + 1) )
    {
        if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
            exit_record(&c->ring, v, reason, 0, 0, 0, false);
        vmx_vmexit_handler(regs);
    }
    else if ( reason == REASON_EXTERNAL_INTR &&
              likely((info = vmread(VM_EXIT_INTR_INFO)) & INFO_VALID) )
    {
        if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
            exit_record(&c->ring, v, REASON_EXTERNAL_INTR, info, 0, 0, false);
        vmx_vmexit_handler(regs);
    }
    else if ( reason == REASON_EXCEPTION_NMI &&
              tap_wants_every(TAP_ONLY_EXCEPTIONS) &&
              ((info = vmread(VM_EXIT_INTR_INFO)) & INFO_USUAL_MASK) ==
              INFO_USUAL )
    {
        usual_record(&c->ring, v, info);
        vmx_vmexit_handler(regs);
    }
    else
        vmx_exit_any(regs, c, v, reason);
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

static always_inline void entry_record(struct tap_ring *ring,
                                       const struct vcpu *v,
                                       unsigned int vector, unsigned int flags)
{
    tap_emit_plain(ring, HEAD(IDTAP_EV_VM_ENTRY, vector, flags), v);
}

/* Any entry: the records of it, as far as they are wanted. */
static noinline void vmx_enter_any(struct tap_ring *ring, const struct vcpu *v,
                                   uint32_t info)
{
    /* As in tap/exit_svm.c: the delivery that the last exit interrupted. */
    uint32_t idtv = vmread(IDT_VECTORING_INFO);
    bool again = (idtv & INFO_VALID) &&
                 INFO_VECTOR(idtv) == INFO_VECTOR(info) &&
                 INFO_TYPE(idtv) == INFO_TYPE(info);
    unsigned int flags = nested_flag(v);

    if ( !(info & INFO_VALID) )
    {
        if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
            entry_record(ring, v, 0, flags);
        return;
    }
    if ( tap_wanted_vector_of(IDTAP_CLASS_INJECT, v, INFO_VECTOR(info)) )
        inject_record(ring, v, info, INFO_TYPE(info),
                      flags | (again ? IDTAP_F_REINJECT : 0) |
                      (gives_back(info) ? IDTAP_F_INTERCEPT : 0) |
                      (info & INFO_ERROR_CODE ? IDTAP_F_ERROR_CODE : 0), true);
    if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
        entry_record(ring, v, INFO_VECTOR(info), flags | IDTAP_F_INJECTS);
}

static always_inline void entry_records(struct tap_ring *ring,
                                        const struct vcpu *v)
{
    uint32_t info = vmread(VM_ENTRY_INTR_INFO);

    if ( !(info & INFO_VALID) )
    {
        if ( unlikely(FIELD_SET(v, vcpu_nv_guestmode)) )
            vmx_enter_any(ring, v, info);
        else if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
            entry_record(ring, v, 0, 0);
    }
    /* An interrupt, which is not what reflect() gave back. */
    else if ( !(info & (INFO_TYPE_MASK | INFO_ERROR_CODE)) && !is_odd(v) )
    {
        if ( tap_wanted_vector_of(IDTAP_CLASS_INJECT, v, INFO_VECTOR(info)) )
            inject_record(ring, v, info, IDTAP_TYPE_EXT_INTR, 0, false);
        if ( tap_gate_open(IDTAP_CLASS_EXIT) &&
             tap_wanted_of(IDTAP_CLASS_EXIT, v) )
            entry_record(ring, v, INFO_VECTOR(info), IDTAP_F_INJECTS);
    }
    else
        vmx_enter_any(ring, v, info);
}

static noinline void vmx_enter_intercepting(struct tap_cpu *c,
                                            const struct vcpu *v)
{
    if ( tap_has_ring(c) )
    {
        intercepts_add(c, v);
        tap_intercept_entered(c, v);
    }
    entry_records(&c->ring, v);
}

static tap_recording bool vmx_enter(const struct cpu_user_regs *regs)
{
    const struct vcpu *v;
    struct tap_cpu *c;
    bool entering = true;

    /* False: Xen goes round again, and this hook with it. */
    if ( !vmx_vmenter_helper(regs) )
        return false;

    c = this_tap_cpu();
    v = current_vcpu();
    if ( tap_gate_open(TAP_GATE_INTERCEPT) )
        vmx_enter_intercepting(c, v);
    else
        entry_records(&c->ring, v);
    /* Or the compiler keeps what Xen's function returned. */
    asm ( "" : "+r" (entering) );
    return entering;
}

TAP_HOOK(tap_vmx_vmenter,
         IDTAP_CLASS_EXIT | IDTAP_CLASS_INJECT | TAP_GATE_INTERCEPT, vmx_enter,
         vmx_vmenter_helper)
