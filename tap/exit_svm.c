/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD: the calls of svm_vmexit_handler() and svm_vmenter_helper().
 *
 * The exit hook sees the VMCB as the CPU left it, before Xen looks at it; the
 * entry hook sees it as the CPU will find it.  Layout and meaning: AMD APM
 * volume 2, "Layout of VMCB", "SVM Intercept Exit Codes", "Event Injection".
 * The hooks only read it.
 *
 * Interrupts may be on in the exit hook (STGI comes before the call) and are
 * off in the entry hook.
 */
#include "emit.h"

/* Byte offsets in the VMCB. */
#define VMCB_EXITCODE    0x070
#define VMCB_EXITINFO1   0x078
#define VMCB_EXITINFO2   0x080
#define VMCB_EXITINTINFO 0x088
#define VMCB_EVENTINJ    0x0a8
#define VMCB_DR6         0x560
#define VMCB_RIP         0x578

#define VMEXIT_EXCEPTION_FIRST 0x40
#define VMEXIT_EXCEPTION_LAST  0x5f
#define VMEXIT_INTR            0x60
#define VMEXIT_ICEBP           0x88

/* EVENTINJ and EXITINTINFO. */
#define EVENT_VECTOR(e) ((e) & 0xff)
#define EVENT_TYPE(e)   (((e) >> 8) & 7)
#define EVENT_EV        (1u << 11) /* an error code is in the high half */
#define EVENT_V         (1u << 31)

#define TRAP_db 1
#define TRAP_bp 3
#define TRAP_of 4
#define TRAP_pf 14
/* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX push an error code. */
#define HAS_ERROR_CODE ((1u << 8) | (1u << 10) | (1u << 11) | (1u << 12) | \
                        (1u << 13) | (1u << 14) | (1u << 17) | (1u << 21) | \
                        (1u << 29) | (1u << 30))

#define VMCB(type, vmcb, field) FIELD(type, vmcb, VMCB_##field)

static const char *vmcb_of(const struct vcpu *v)
{
    return FIELD(const char *, v, PROFILE.vcpu_svm_vmcb);
}

static unsigned int nested_flag(const struct vcpu *v)
{
    return FIELD(uint8_t, v, PROFILE.vcpu_nv_guestmode) ? IDTAP_F_NESTED : 0;
}

/* The exception that exits with @code, or -1. */
static int exception_of(uint64_t code)
{
    if ( code - VMEXIT_EXCEPTION_FIRST < 32 )
        return code - VMEXIT_EXCEPTION_FIRST;
    return code == VMEXIT_ICEBP ? TRAP_db : -1;
}

static unsigned int type_of(uint64_t code, unsigned int vector)
{
    if ( code == VMEXIT_ICEBP )
        return IDTAP_TYPE_PRI_SW_EXC;
    return vector == TRAP_bp || vector == TRAP_of ? IDTAP_TYPE_SW_EXCEPTION
                                                  : IDTAP_TYPE_HW_EXCEPTION;
}

static void exit_record(struct tap_cpu *c, const struct vcpu *v,
                        const char *vmcb, uint64_t code)
{
    struct tap_ring *ring = &c->ring;
    uint64_t intinfo = VMCB(uint64_t, vmcb, EXITINTINFO);
    unsigned int flags = nested_flag(v) |
                         (intinfo & EVENT_V ? IDTAP_F_DELIVERY : 0);
    int exception = exception_of(code);
    unsigned int vector = exception >= 0 ? (unsigned int)exception :
                          code == VMEXIT_INTR ? c->exit_vector : 0;
    unsigned int type = exception >= 0 ? type_of(code, vector) : 0;
    bool detail = exception < 0 || (HAS_ERROR_CODE & (1u << vector));
    struct tap_slot slot;
    struct idtap_vm_exit *r = tap_emit(ring, &slot, sizeof(*r),
                                       HEAD(IDTAP_EV_VM_EXIT, vector, flags),
                                       v);

    if ( unlikely(!r) )
        return;
    r->rip = VMCB(uint64_t, vmcb, RIP);
    r->reason = code;
    r->delivery = tap_delivery(intinfo, type);
    r->detail = detail ? VMCB(uint32_t, vmcb, EXITINFO1) : 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

static void exception_record(struct tap_ring *ring, const struct vcpu *v,
                             const char *vmcb, uint64_t code)
{
    unsigned int vector = exception_of(code);
    uint64_t intinfo = VMCB(uint64_t, vmcb, EXITINTINFO);
    unsigned int flags = nested_flag(v);
    struct tap_slot slot;
    struct idtap_exception *r;

    if ( intinfo & EVENT_V )
        flags |= IDTAP_F_DELIVERY;
    if ( HAS_ERROR_CODE & (1u << vector) )
        flags |= IDTAP_F_ERROR_CODE;
    if ( vector == TRAP_pf || vector == TRAP_db )
        flags |= IDTAP_F_ADDRESS;

    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_EXCEPTION, vector, flags), v);
    if ( unlikely(!r) )
        return;
    r->rip = VMCB(uint64_t, vmcb, RIP);
    r->address = vector == TRAP_pf ? VMCB(uint64_t, vmcb, EXITINFO2) :
                 vector == TRAP_db ? VMCB(uint64_t, vmcb, DR6) : 0;
    r->error_code = flags & IDTAP_F_ERROR_CODE
                    ? VMCB(uint32_t, vmcb, EXITINFO1) : 0;
    r->orig_vector = intinfo & EVENT_V ? EVENT_VECTOR(intinfo) : 0;
    r->type = type_of(code, vector);
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

static noinline void svm_exit(struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();
    const struct vcpu *v = current_vcpu();
    unsigned int domid = domain_id(vcpu_domain(v));
    const char *vmcb = vmcb_of(v);
    uint64_t code = VMCB(uint64_t, vmcb, EXITCODE);
    int exception = exception_of(code);

    if ( likely(c) )
    {
        if ( tap_wanted(IDTAP_CLASS_EXIT, domid) )
            exit_record(c, v, vmcb, code);
        if ( exception >= 0 &&
             tap_wanted_vector(IDTAP_CLASS_EXCEPTION, domid, exception) )
            exception_record(&c->ring, v, vmcb, code);
        c->exit_vector = 0;
    }

    svm_vmexit_handler(regs);
}

void tap_svm_vmexit(struct cpu_user_regs *regs)
{
    if ( tap_idle(IDTAP_CLASS_EXIT | IDTAP_CLASS_EXCEPTION) )
        svm_vmexit_handler(regs);
    else
        svm_exit(regs);
}

static void inject_record(struct tap_ring *ring, const struct vcpu *v,
                          const char *vmcb, uint64_t event)
{
    /*
     * A delivery that an exit interrupted is repeated by Xen as it was: the
     * same event in EXITINTINFO of the last exit and in EVENTINJ now.
     */
    uint64_t intinfo = VMCB(uint64_t, vmcb, EXITINTINFO);
    bool again = (intinfo & EVENT_V) &&
                 EVENT_VECTOR(intinfo) == EVENT_VECTOR(event) &&
                 EVENT_TYPE(intinfo) == EVENT_TYPE(event);
    unsigned int flags = nested_flag(v) | (again ? IDTAP_F_REINJECT : 0) |
                         (event & EVENT_EV ? IDTAP_F_ERROR_CODE : 0);
    struct tap_slot slot;
    struct idtap_inject *r =
        tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_INJECT, EVENT_VECTOR(event), flags), v);

    if ( unlikely(!r) )
        return;
    r->error_code = event & EVENT_EV ? event >> 32 : 0;
    r->type = EVENT_TYPE(event);
    r->insn_len = 0;
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

static noinline void svm_enter(const struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();
    const struct vcpu *v = current_vcpu();
    unsigned int domid = domain_id(vcpu_domain(v));
    const char *vmcb = vmcb_of(v);
    uint64_t event;

    svm_vmenter_helper(regs);

    if ( unlikely(!c) )
        return;
    event = VMCB(uint64_t, vmcb, EVENTINJ);
    if ( (event & EVENT_V) &&
         tap_wanted_vector(IDTAP_CLASS_INJECT, domid, EVENT_VECTOR(event)) )
        inject_record(&c->ring, v, vmcb, event);
    if ( tap_wanted(IDTAP_CLASS_EXIT, domid) )
        tap_emit_plain(&c->ring,
                       HEAD(IDTAP_EV_VM_ENTRY,
                            event & EVENT_V ? EVENT_VECTOR(event) : 0,
                            nested_flag(v) |
                            (event & EVENT_V ? IDTAP_F_INJECTS : 0)), v);
}

void tap_svm_vmenter(const struct cpu_user_regs *regs)
{
    if ( tap_idle(IDTAP_CLASS_EXIT | IDTAP_CLASS_INJECT) )
        svm_vmenter_helper(regs);
    else
        svm_enter(regs);
}
