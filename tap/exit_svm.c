/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD: the calls of svm_vmexit_handler() and svm_vmenter_helper().
 *
 * The exit hook sees the VMCB as the CPU left it, before Xen looks at it; the
 * entry hook sees it as the CPU will find it.  Layout and meaning: AMD APM
 * volume 2, "Layout of VMCB", "SVM Intercept Exit Codes", "Event Injection".
 * The hooks only read it, but for what interception asks (tap/intercept.h).
 *
 * An exception that only idtap intercepts is given back so: Xen's handler gets
 * the exit as VMEXIT_SMI, for which it does nothing but its housekeeping,
 * queueing an interrupted delivery among it; then Xen's own hvm_inject_event()
 * gets the exception, and merges the two as a CPU would (APM volume 2, "#DF:
 * Double-Fault Exception").  What was being delivered is given up for the
 * exception unless they merge, as a CPU does.
 *
 * Interrupts may be on in the exit hook (STGI comes before the call) and are
 * off in the entry hook.
 */
#include "exit_svm.h"

#define TRAP_db 1
#define TRAP_bp 3
#define TRAP_of 4
#define TRAP_pf 14
#define CR0_PE  (1u << 0)
#define RFLAGS_RF ((uint64_t)1 << 16)
#define INSN_MAX 15 /* bytes of an instruction */
/* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX push an error code. */
#define HAS_ERROR_CODE ((1u << 8) | (1u << 10) | (1u << 11) | (1u << 12) | \
                        (1u << 13) | (1u << 14) | (1u << 17) | (1u << 21) | \
                        (1u << 29) | (1u << 30))

#define HAS_ADDRESS ((1u << TRAP_pf) | (1u << TRAP_db))

/* Traps and aborts; and #DB, which leaves RF alone. */
#define NO_FAULTS ((1u << TRAP_db) | (1u << 2) | (1u << TRAP_bp) | \
                   (1u << TRAP_of) | (1u << 8) | (1u << 18))

static const char *vmcb_of(const struct vcpu *v)
{
    return FIELD_AT(const char *, v, vcpu_svm_vmcb);
}

/* The field is a bool: 0 or 1 (tap/invariants.c). */
static always_inline unsigned int nested_flag(const struct vcpu *v)
{
    return FIELD_AT(uint8_t, v, vcpu_nv_guestmode) * IDTAP_F_NESTED;
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

/* What an exception pushes as error code; else 0. */
static always_inline uint32_t error_code_of(const char *vmcb,
                                            unsigned int vector)
{
    return HAS_ERROR_CODE & (1u << vector) ? VMCB(uint32_t, vmcb, EXITINFO1)
                                           : 0;
}

static always_inline unsigned int delivery_flag(uint64_t intinfo)
{
    return intinfo & EVENT_V ? IDTAP_F_DELIVERY : 0;
}

/* @vector and @type: of an exception; @vector: of an interrupt, too; else 0. */
static always_inline void exit_record(struct tap_ring *ring,
                                      struct tap_whose whose,
                                      const char *vmcb, uint64_t code,
                                      unsigned int vector, unsigned int type,
                                      uint32_t detail, unsigned int flags)
{
    uint64_t intinfo = VMCB(uint64_t, vmcb, EXITINTINFO);
    struct tap_slot slot;
    struct idtap_vm_exit *r;

    flags |= nested_flag(whose.vcpu) | delivery_flag(intinfo);
    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_VM_EXIT, vector, flags), whose);
    if ( unlikely(!r) )
        return;
    r->rip = VMCB(uint64_t, vmcb, RIP);
    r->reason = code;
    r->delivery = tap_delivery(intinfo, type);
    r->detail = detail;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

/* An exit that is no exception's. */
static always_inline void other_record(struct tap_cpu *c,
                                       struct tap_whose whose,
                                       const char *vmcb, uint64_t code,
                                       unsigned int flags)
{
    exit_record(&c->ring, whose, vmcb, code,
                code == VMEXIT_INTR ? c->exit_vector : 0, 0,
                VMCB(uint32_t, vmcb, EXITINFO1), flags);
}

static always_inline void exception_record(struct tap_ring *ring,
                                           struct tap_whose whose,
                                           const char *vmcb,
                                           unsigned int vector,
                                           unsigned int type,
                                           unsigned int flags)
{
    uint64_t intinfo = VMCB(uint64_t, vmcb, EXITINTINFO);
    struct tap_slot slot;
    struct idtap_exception *r;

    flags |= nested_flag(whose.vcpu) | delivery_flag(intinfo);
    if ( HAS_ERROR_CODE & (1u << vector) )
        flags |= IDTAP_F_ERROR_CODE;
    if ( HAS_ADDRESS & (1u << vector) )
        flags |= IDTAP_F_ADDRESS;

    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_EXCEPTION, vector, flags), whose);
    if ( unlikely(!r) )
        return;
    r->rip = VMCB(uint64_t, vmcb, RIP);
    r->address = vector == TRAP_pf ? VMCB(uint64_t, vmcb, EXITINFO2) :
                 vector == TRAP_db ? VMCB(uint64_t, vmcb, DR6) : 0;
    r->error_code = error_code_of(vmcb, vector);
    r->orig_vector = intinfo & EVENT_V ? EVENT_VECTOR(intinfo) : 0;
    r->type = type;
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

/* Of an exception's exit, those that are wanted; @flags are of both. */
static always_inline void exception_records(struct tap_cpu *c,
                                            struct tap_whose whose,
                                            const char *vmcb, uint64_t code,
                                            unsigned int vector,
                                            unsigned int flags)
{
    unsigned int type = type_of(code, vector);

    if ( tap_wanted(IDTAP_CLASS_EXIT, whose.domid) )
        exit_record(&c->ring, whose, vmcb, code, vector, type,
                    error_code_of(vmcb, vector), flags);
    if ( tap_wanted_vector(IDTAP_CLASS_EXCEPTION, whose.domid, vector) )
        exception_record(&c->ring, whose, vmcb, vector, type, flags);
}

/* The CPU may not take the intercepts from its cache of the VMCB. */
static void intercepts_changed(const char *vmcb)
{
    VMCB_SET(uint32_t, vmcb, CLEAN,
             VMCB(uint32_t, vmcb, CLEAN) & ~CLEAN_INTERCEPTS);
}

#define SW_EXCEPTIONS ((1u << TRAP_bp) | (1u << TRAP_of))
/* #TS #NP #SS #GP #PF: by which the delivery of an event can fail. */
#define DELIVERY_FAULTS ((1u << 10) | (1u << 11) | (1u << 12) | (1u << 13) | \
                         (1u << TRAP_pf))

/*
 * What reflect() gave back waits in EVENTINJ: nothing else is injected after an
 * SMI.
 */
static bool gives_back(const char *vmcb, uint64_t event)
{
    return (event & EVENT_V) && EVENT_TYPE(event) >= IDTAP_TYPE_HW_EXCEPTION &&
           VMCB(uint64_t, vmcb, EXITCODE) == VMEXIT_SMI;
}

/* The length of INT n, INT3 or INTO, if that is what @event says; else 0. */
static unsigned int software_length(uint64_t event)
{
    unsigned int vector = EVENT_VECTOR(event);

    if ( !(event & EVENT_V) )
        return 0;
    if ( EVENT_TYPE(event) == IDTAP_TYPE_SW_INTERRUPT )
        return 2;
    return EVENT_TYPE(event) == IDTAP_TYPE_HW_EXCEPTION && vector < 32 &&
           (SW_EXCEPTIONS & (1u << vector));
}

/*
 * CPUs that do not save nRIP do not take it either: to inject INT n, INT3 or
 * INTO, Xen moves RIP behind the instruction beforehand.  By how much it has
 * done that for what we gave back and this entry injects.
 */
static unsigned int moved_rip(const char *vmcb)
{
    uint64_t event = VMCB(uint64_t, vmcb, EVENTINJ);

    return !(svm_feature_flags & SVM_NRIPS) && gives_back(vmcb, event)
           ? software_length(event) : 0;
}

/*
 * The delivery of such an event has failed, or something else has interrupted
 * it: RIP must be where the CPU would have left it, at the instruction.  All of
 * the kind are intercepted in that run, so that none is delivered that was not
 * injected.  (Prefixes are not stepped back over; they change nothing.)
 */
static void rip_back(const char *vmcb, unsigned int moved)
{
    uint64_t rip = VMCB(uint64_t, vmcb, RIP);

    if ( software_length(VMCB(uint64_t, vmcb, EXITINTINFO)) == moved )
        VMCB_SET(uint64_t, vmcb, RIP, rip < 1ull << 32 ? (uint32_t)(rip - moved)
                                                       : rip - moved);
}

/* An exit of ours for INT n, INT3 or INTO on such a CPU: Xen will move RIP. */
static bool will_move_rip(const struct tap_run *run, uint64_t code)
{
    if ( svm_feature_flags & SVM_NRIPS )
        return false;
    return code == VMEXIT_SWINT ? run->swint :
           code - VMEXIT_EXCEPTION_FIRST < 32 &&
           (run->own & SW_EXCEPTIONS &
            (1u << (code - VMEXIT_EXCEPTION_FIRST)));
}

/* At the exit: the intercepts are Xen's alone again. */
static uint32_t intercepts_restore(struct tap_cpu *c, const char *vmcb,
                                   bool *swint)
{
    uint32_t own = c->run.own;

    *swint = c->run.swint;
    if ( own )
        VMCB_SET(uint32_t, vmcb, EXCEPTIONS, c->run.xens);
    if ( *swint )
        VMCB_SET(uint32_t, vmcb, GENERAL1,
                 VMCB(uint32_t, vmcb, GENERAL1) & ~GENERAL1_SWINT);
    if ( c->run.moved )
        rip_back(vmcb, c->run.moved);
    c->run.moved = 0;
    /* Before settling sees it as left: pairs with tap_intercepts_settle(). */
    __atomic_store_n(&c->run.own, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&c->run.swint, false, __ATOMIC_RELEASE);
    return own;
}

/* At the entry, with interrupts off: ours beside Xen's. */
static void intercepts_add(struct tap_cpu *c, const struct vcpu *v,
                           const char *vmcb)
{
    uint32_t xens = VMCB(uint32_t, vmcb, EXCEPTIONS);
    unsigned int moved = moved_rip(vmcb);
    bool swint;
    uint32_t own = tap_intercept_own(c, v, xens, &swint);

    /* An INT n that could not be read: the guest is to execute it alone. */
    swint = swint && c->run.no_swint != v;
    c->run.no_swint = NULL;
    /* For rip_back(), whatever is asked for by now. */
    if ( moved )
    {
        own |= (DELIVERY_FAULTS | SW_EXCEPTIONS) & ~xens;
        swint = true;
    }
    c->run.moved = moved;
    c->run.xens = xens;
    WRITE_ONCE(c->run.own, own);
    WRITE_ONCE(c->run.swint, swint);
    if ( own )
        VMCB_SET(uint32_t, vmcb, EXCEPTIONS, xens | own);
    if ( swint )
        VMCB_SET(uint32_t, vmcb, GENERAL1,
                 VMCB(uint32_t, vmcb, GENERAL1) | GENERAL1_SWINT);
    if ( own || swint )
        intercepts_changed(vmcb);
    if ( moved )
        tap_intercept_moved(false);
}

static struct x86_event event_of(const char *vmcb, unsigned int vector)
{
    struct x86_event e = {
        .vector = vector, .type = IDTAP_TYPE_HW_EXCEPTION,
        .error_code = X86_EVENT_NO_EC,
    };
    uint64_t len = VMCB(uint64_t, vmcb, NEXTRIP) - VMCB(uint64_t, vmcb, RIP);

    /* In real mode no exception pushes an error code. */
    if ( (HAS_ERROR_CODE & (1u << vector)) &&
         (VMCB(uint64_t, vmcb, CR0) & CR0_PE) )
        e.error_code = VMCB(uint32_t, vmcb, EXITINFO1);
    if ( vector == TRAP_pf )
        e.cr2 = VMCB(uint64_t, vmcb, EXITINFO2);
    /* INT3 and INTO: nRIP is 0 on CPUs that do not save it. */
    if ( vector == TRAP_bp || vector == TRAP_of )
    {
        e.type = IDTAP_TYPE_SW_EXCEPTION;
        e.insn_len = len - 1 < INSN_MAX ? len : 1;
    }
    return e;
}

/* What follows is an event that is delivered, which ends STI's shadow. */
void svm_vmexit_neutral(struct cpu_user_regs *regs, const char *vmcb)
{
    VMCB_SET(uint64_t, vmcb, EXITCODE, VMEXIT_SMI);
    VMCB_SET(uint64_t, vmcb, SHADOW,
             VMCB(uint64_t, vmcb, SHADOW) & ~(uint64_t)SHADOW_INTERRUPT);
    svm_vmexit_handler(regs);
}

/*
 * The frame of a fault has RF, so that a breakpoint on its instruction does
 * not hit again when that goes on; that of INT n, INT3 and INTO does not, even
 * if they are what goes on (APM volume 2, "Resume Flag (RF) Bit").  An exit for
 * them saves RFLAGS from before, and an injection pushes RFLAGS as they are.
 *
 * In @regs, which the entry hands back.  Xen's handler has just loaded them from
 * the VMCB: a word that is not what is there is no RFLAGS, and is left alone.
 */
void svm_frame_flags(struct cpu_user_regs *regs, const char *vmcb,
                     const struct x86_event *e)
{
    uint64_t flags = VMCB(uint64_t, vmcb, RFLAGS);

    if ( *regs_flags(regs) != flags )
        return;
    if ( e->type != IDTAP_TYPE_HW_EXCEPTION )
        flags &= ~RFLAGS_RF;
    else if ( !(NO_FAULTS & (1u << e->vector)) )
        flags |= RFLAGS_RF;
    VMCB_SET(uint64_t, vmcb, RFLAGS, flags);
    *regs_flags(regs) = flags;
}

static void reflect(struct tap_cpu *c, const struct vcpu *v,
                    struct cpu_user_regs *regs, const char *vmcb,
                    unsigned int vector)
{
    struct x86_event e = event_of(vmcb, vector);

    tap_intercept_caused(c, v, vector);
    svm_vmexit_neutral(regs, vmcb);
    svm_frame_flags(regs, vmcb, &e);
    hvm_inject_event(&e);
}

/* An exit after a run with intercepts of ours; @own or INT n. */
static noinline void svm_exit_intercepted(struct cpu_user_regs *regs,
                                          struct tap_cpu *c)
{
    const struct vcpu *v = current_vcpu();
    struct tap_whose whose = tap_whose(v);
    const char *vmcb = vmcb_of(v);
    uint64_t code = VMCB(uint64_t, vmcb, EXITCODE);
    int exception = exception_of(code);
    bool moves = will_move_rip(&c->run, code), swint, ours;
    unsigned int flags;
    uint32_t own;

    /* Counted before the run is seen as left: tap_intercepts_settle(). */
    if ( moves )
        tap_intercept_moved(true);
    own = intercepts_restore(c, vmcb, &swint);
    flags = code - VMEXIT_EXCEPTION_FIRST < 32 && (own & (1u << exception))
            ? IDTAP_F_INTERCEPT : 0;
    ours = swint && code == VMEXIT_SWINT;
    if ( exception >= 0 )
        exception_records(c, whose, vmcb, code, exception, flags);
    else if ( tap_wanted(IDTAP_CLASS_EXIT, whose.domid) )
        other_record(c, whose, vmcb, code, ours ? IDTAP_F_INTERCEPT : 0);
    c->exit_vector = 0;

    if ( flags )
        reflect(c, v, regs, vmcb, exception);
    else if ( ours )
        c->run.no_swint = !tap_swint_reflect(c, v, regs, vmcb) ? v : NULL;
    else
        svm_vmexit_handler(regs);
    if ( moves && !moved_rip(vmcb) )
        tap_intercept_moved(false); /* it became a fault, or nothing */
    /* Xen has just called all of the VMCB clean. */
    intercepts_changed(vmcb);
}

/* Two kinds of exits on their own: neither saves registers for the other. */
static noinline void svm_exit_exception(struct cpu_user_regs *regs,
                                        struct tap_cpu *c,
                                        struct tap_whose whose,
                                        const char *vmcb, uint64_t code)
{
    exception_records(c, whose, vmcb, code, exception_of(code), 0);
    c->exit_vector = 0;
    svm_vmexit_handler(regs);
}

static noinline void svm_exit_other(struct cpu_user_regs *regs,
                                    struct tap_cpu *c, struct tap_whose whose,
                                    const char *vmcb, uint64_t code)
{
    if ( tap_wanted(IDTAP_CLASS_EXIT, whose.domid) )
        other_record(c, whose, vmcb, code, 0);
    c->exit_vector = 0;
    svm_vmexit_handler(regs);
}

static noinline void svm_exit(struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();
    struct tap_whose whose = tap_whose(current_vcpu());
    const char *vmcb = vmcb_of(whose.vcpu);
    uint64_t code = VMCB(uint64_t, vmcb, EXITCODE);

    if ( unlikely(c->run.own || c->run.swint) )
        svm_exit_intercepted(regs, c);
    else if ( exception_of(code) >= 0 )
        svm_exit_exception(regs, c, whose, vmcb, code);
    else
        svm_exit_other(regs, c, whose, vmcb, code);
}

void tap_svm_vmexit(struct cpu_user_regs *regs)
{
    if ( tap_idle(IDTAP_CLASS_EXIT | IDTAP_CLASS_EXCEPTION |
                  TAP_GATE_INTERCEPT) )
        svm_vmexit_handler(regs);
    else
        svm_exit(regs);
}

static always_inline void inject_record(struct tap_ring *ring,
                                        struct tap_whose whose,
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
    unsigned int flags = nested_flag(whose.vcpu) |
                         (again ? IDTAP_F_REINJECT : 0) |
                         (gives_back(vmcb, event) ? IDTAP_F_INTERCEPT : 0) |
                         (event & EVENT_EV ? IDTAP_F_ERROR_CODE : 0);
    struct tap_slot slot;
    struct idtap_inject *r =
        tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_INJECT, EVENT_VECTOR(event), flags), whose);

    if ( unlikely(!r) )
        return;
    r->error_code = event & EVENT_EV ? event >> 32 : 0;
    r->type = EVENT_TYPE(event);
    r->insn_len = 0;
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

static always_inline void entry_record(struct tap_ring *ring,
                                       struct tap_whose whose, uint64_t event)
{
    unsigned int flags = nested_flag(whose.vcpu);

    if ( event & EVENT_V )
        flags |= IDTAP_F_INJECTS;
    if ( tap_wanted(IDTAP_CLASS_EXIT, whose.domid) )
        tap_emit_plain(ring, HEAD(IDTAP_EV_VM_ENTRY,
                                  event & EVENT_V ? EVENT_VECTOR(event) : 0,
                                  flags), whose);
}

/* On their own, so that all other entries have less to do. */
static noinline void svm_enter_injecting(struct tap_ring *ring,
                                         struct tap_whose whose,
                                         const char *vmcb, uint64_t event)
{
    if ( tap_wanted_vector(IDTAP_CLASS_INJECT, whose.domid,
                           EVENT_VECTOR(event)) )
        inject_record(ring, whose, vmcb, event);
    entry_record(ring, whose, event);
}

static always_inline void entry_records(struct tap_ring *ring,
                                        struct tap_whose whose,
                                        const char *vmcb)
{
    uint64_t event = VMCB(uint64_t, vmcb, EVENTINJ);

    if ( event & EVENT_V )
        svm_enter_injecting(ring, whose, vmcb, event);
    else
        entry_record(ring, whose, 0);
}

static noinline void svm_enter_intercepting(struct tap_cpu *c,
                                            struct tap_whose whose,
                                            const char *vmcb)
{
    if ( tap_has_ring(c) )
    {
        intercepts_add(c, whose.vcpu, vmcb);
        tap_intercept_entered(c, whose.vcpu);
    }
    entry_records(&c->ring, whose, vmcb);
}

static noinline void svm_enter(const struct cpu_user_regs *regs)
{
    struct tap_whose whose;
    struct tap_cpu *c;
    const char *vmcb;

    svm_vmenter_helper(regs);

    c = this_tap_cpu();
    whose = tap_whose(current_vcpu());
    vmcb = vmcb_of(whose.vcpu);
    if ( tap_gate_open(TAP_GATE_INTERCEPT) )
        svm_enter_intercepting(c, whose, vmcb);
    else
        entry_records(&c->ring, whose, vmcb);
}

void tap_svm_vmenter(const struct cpu_user_regs *regs)
{
    if ( tap_idle(IDTAP_CLASS_EXIT | IDTAP_CLASS_INJECT | TAP_GATE_INTERCEPT) )
        svm_vmenter_helper(regs);
    else
        svm_enter(regs);
}
