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
#include "records_svm.h"

#define CR0_PE  (1u << 0)
#define RFLAGS_RF ((uint64_t)1 << 16)
#define INSN_MAX 15 /* bytes of an instruction */
/* Traps and aborts; and #DB, which leaves RF alone. */
#define NO_FAULTS ((1u << TRAP_db) | (1u << 2) | (1u << TRAP_bp) | \
                   (1u << TRAP_of) | (1u << 8) | (1u << 18))

static const char *vmcb_of(const struct vcpu *v)
{
    return FIELD_AT(const char *, v, vcpu_svm_vmcb);
}

/* The exception that exits with @code, or -1. */
static int exception_of(unsigned int code)
{
    if ( is_exception(code) )
        return code - VMEXIT_EXCEPTION_FIRST;
    return code == VMEXIT_ICEBP ? TRAP_db : -1;
}

static unsigned int type_of(unsigned int code, unsigned int vector)
{
    if ( code == VMEXIT_ICEBP )
        return IDTAP_TYPE_PRI_SW_EXC;
    return vector == TRAP_bp || vector == TRAP_of ? IDTAP_TYPE_SW_EXCEPTION
                                                  : IDTAP_TYPE_HW_EXCEPTION;
}

/* The records of any exit, as far as they are wanted; @flags are of both. */
static always_inline void exit_records(struct tap_cpu *c, const struct vcpu *v,
                                       const char *vmcb, unsigned int code,
                                       unsigned int flags)
{
    int vector = exception_of(code);
    unsigned int type;

    if ( vector < 0 )
    {
        if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
            exit_record(&c->ring, v, vmcb, code,
                        code == VMEXIT_INTR ? c->run.exit_vector : 0, 0, true,
                        flags, true);
        return;
    }
    type = type_of(code, vector);
    if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
        exit_record(&c->ring, v, vmcb, code, vector, type,
                    HAS_ERROR_CODE & (1u << vector), flags, true);
    if ( tap_wanted_vector_of(IDTAP_CLASS_EXCEPTION, v, vector) )
        exception_record(&c->ring, v, vmcb, vector, type,
                         flags | exception_flags(vector), true);
}

/* The CPU may not take the intercepts from its cache of the VMCB. */
static void intercepts_changed(const char *vmcb)
{
    VMCB_SET(uint32_t, vmcb, CLEAN,
             VMCB(uint32_t, vmcb, CLEAN) & ~CLEAN_INTERCEPTS);
}

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

/*
 * A delivery that an exit interrupted is repeated by Xen as it was: the same
 * event in EXITINTINFO of the last exit and in EVENTINJ now.
 */
static bool is_same_event(uint64_t intinfo, uint64_t event)
{
    return (intinfo & EVENT_V) &&
           EVENT_VECTOR(intinfo) == EVENT_VECTOR(event) &&
           EVENT_TYPE(intinfo) == EVENT_TYPE(event);
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
    const char *vmcb = vmcb_of(v);
    unsigned int code = exit_code(vmcb);
    bool moves = will_move_rip(&c->run, code), swint, given, ours;
    uint32_t own;

    /* Counted before the run is seen as left: tap_intercepts_settle(). */
    if ( moves )
        tap_intercept_moved(true);
    own = intercepts_restore(c, vmcb, &swint);
    given = is_exception(code) && (own & (1u << exception_of(code)));
    ours = swint && code == VMEXIT_SWINT;
    exit_records(c, v, vmcb, code, given || ours ? IDTAP_F_INTERCEPT : 0);
    c->run.exit_vector = 0;

    if ( given )
        reflect(c, v, regs, vmcb, exception_of(code));
    else if ( ours )
        c->run.no_swint = !tap_swint_reflect(c, v, regs, vmcb) ? v : NULL;
    else
        svm_vmexit_handler(regs);
    if ( moves && !moved_rip(vmcb) )
        tap_intercept_moved(false); /* it became a fault, or nothing */
    /* Xen has just called all of the VMCB clean. */
    intercepts_changed(vmcb);
}

/* Any other exit that is not like most. */
static noinline void svm_exit_any(struct cpu_user_regs *regs, struct tap_cpu *c,
                                  const struct vcpu *v, const char *vmcb,
                                  unsigned int code)
{
    exit_records(c, v, vmcb, code, 0);
    c->run.exit_vector = 0;
    svm_vmexit_handler(regs);
}

/* Of a usual exit for an exception: @type and @flags are constants. */
static always_inline void usual_records(struct tap_ring *ring,
                                        const struct vcpu *v, const char *vmcb,
                                        unsigned int code, unsigned int vector,
                                        unsigned int type, unsigned int flags,
                                        bool exit, bool exception)
{
    if ( exit )
        exit_record(ring, v, vmcb, code, vector, type,
                    flags & IDTAP_F_ERROR_CODE, 0, false);
    if ( exception )
        exception_record(ring, v, vmcb, vector, type, flags, false);
}

/* By what the vector says of them, the most frequent first. */
static always_inline void exception_records(struct tap_ring *ring,
                                            const struct vcpu *v,
                                            const char *vmcb, unsigned int code,
                                            bool exit, bool exception)
{
    unsigned int vector = code - VMEXIT_EXCEPTION_FIRST;

    if ( vector == TRAP_pf )
        usual_records(ring, v, vmcb, code, TRAP_pf, IDTAP_TYPE_HW_EXCEPTION,
                      IDTAP_F_ERROR_CODE | IDTAP_F_ADDRESS, exit, exception);
    else if ( vector == TRAP_db )
        usual_records(ring, v, vmcb, code, TRAP_db, IDTAP_TYPE_HW_EXCEPTION,
                      IDTAP_F_ADDRESS, exit, exception);
    else if ( vector == TRAP_gp )
        usual_records(ring, v, vmcb, code, TRAP_gp, IDTAP_TYPE_HW_EXCEPTION,
                      IDTAP_F_ERROR_CODE, exit, exception);
    else if ( !local_bit(HAS_ERROR_CODE | SW_EXCEPTIONS, vector) )
        usual_records(ring, v, vmcb, code, vector, IDTAP_TYPE_HW_EXCEPTION, 0,
                      exit, exception);
    else if ( local_bit(HAS_ERROR_CODE, vector) )
        usual_records(ring, v, vmcb, code, vector, IDTAP_TYPE_HW_EXCEPTION,
                      IDTAP_F_ERROR_CODE, exit, exception);
    else
        usual_records(ring, v, vmcb, code, vector, IDTAP_TYPE_SW_EXCEPTION, 0,
                      exit, exception);
}

static noinline void svm_exit_exception(struct cpu_user_regs *regs,
                                        struct tap_cpu *c, const struct vcpu *v,
                                        const char *vmcb, unsigned int code)
{
    exception_records(&c->ring, v, vmcb, code, false, true);
    svm_vmexit_handler(regs);
}

static noinline void svm_exit_both(struct cpu_user_regs *regs,
                                   struct tap_cpu *c, const struct vcpu *v,
                                   const char *vmcb, unsigned int code)
{
    exception_records(&c->ring, v, vmcb, code, true,
                      tap_wanted_vector_of(IDTAP_CLASS_EXCEPTION, v,
                                           code - VMEXIT_EXCEPTION_FIRST));
    svm_vmexit_handler(regs);
}

static noinline void svm_exit_filtered(struct cpu_user_regs *regs,
                                       struct tap_cpu *c, const struct vcpu *v,
                                       const char *vmcb, unsigned int code)
{
    if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
        svm_exit_both(regs, c, v, vmcb, code);
    else if ( tap_wanted_vector_of(IDTAP_CLASS_EXCEPTION, v,
                                   code - VMEXIT_EXCEPTION_FIRST) )
        svm_exit_exception(regs, c, v, vmcb, code);
    else
        svm_vmexit_handler(regs);
}

/*
 * The hot path.  What needs more than there are registers is in functions of its
 * own, so that nothing is saved here.
 */
static tap_recording void svm_exit(struct cpu_user_regs *regs)
{
    struct tap_cpu *c = this_tap_cpu();
    const struct vcpu *v = current_vcpu();
    const char *vmcb = vmcb_of(v);
    unsigned int code = exit_code(vmcb);

    /* It stays where Xen's handler wants it. */
    asm ( "" : "+D" (regs) );
    if ( unlikely(tap_run_marked(&c->run)) )
    {
        if ( c->run.own || c->run.swint )
            svm_exit_intercepted(regs, c);
        else
            svm_exit_any(regs, c, v, vmcb, code);
    }
    else if ( is_odd(v, vmcb) )
        svm_exit_any(regs, c, v, vmcb, code);
    else if ( exception_of(code) < 0 )
    {
        if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
            exit_record(&c->ring, v, vmcb, code, 0, 0, true, 0, false);
        svm_vmexit_handler(regs);
    }
    else if ( !is_exception(code) )
        svm_exit_any(regs, c, v, vmcb, code);
    else if ( likely(tap_wants_every(TAP_ONLY_EXCEPTIONS)) )
    {
        exception_records(&c->ring, v, vmcb, code, false, true);
        svm_vmexit_handler(regs);
    }
    else
        svm_exit_filtered(regs, c, v, vmcb, code);
}

TAP_HOOK(tap_svm_vmexit,
         IDTAP_CLASS_EXIT | IDTAP_CLASS_EXCEPTION | TAP_GATE_INTERCEPT, svm_exit,
         svm_vmexit_handler)

static always_inline void entry_record(struct tap_ring *ring,
                                       const struct vcpu *v,
                                       unsigned int vector, unsigned int flags)
{
    tap_emit_plain(ring, HEAD(IDTAP_EV_VM_ENTRY, vector, flags), v);
}

/* Any entry: the records of it, as far as they are wanted. */
static noinline void svm_enter_any(struct tap_ring *ring, const struct vcpu *v,
                                   const char *vmcb, uint64_t event)
{
    uint64_t intinfo = VMCB(uint64_t, vmcb, EXITINTINFO);
    unsigned int flags = nested_flag(v);

    if ( !(event & EVENT_V) )
    {
        if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
            entry_record(ring, v, 0, flags);
        return;
    }
    if ( tap_wanted_vector_of(IDTAP_CLASS_INJECT, v, EVENT_VECTOR(event)) )
        inject_record(ring, v, event,
                      flags | (is_same_event(intinfo, event) ? IDTAP_F_REINJECT
                                                             : 0) |
                      (gives_back(vmcb, event) ? IDTAP_F_INTERCEPT : 0) |
                      (event & EVENT_EV ? IDTAP_F_ERROR_CODE : 0));
    if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
        entry_record(ring, v, EVENT_VECTOR(event), flags | IDTAP_F_INJECTS);
}

static always_inline void entry_records(struct tap_ring *ring,
                                        const struct vcpu *v, const char *vmcb)
{
    uint64_t event = VMCB(uint64_t, vmcb, EVENTINJ);

    if ( !(event & EVENT_V) )
    {
        if ( unlikely(FIELD_SET(v, vcpu_nv_guestmode)) )
            svm_enter_any(ring, v, vmcb, event);
        else if ( tap_wanted_of(IDTAP_CLASS_EXIT, v) )
            entry_record(ring, v, 0, 0);
    }
    /* Nothing that the last exit interrupted, or that reflect() gave back. */
    else if ( !is_odd(v, vmcb) && !VMCB_IS(vmcb, EXITCODE, VMEXIT_SMI) )
    {
        if ( !tap_wanted_vector_of(IDTAP_CLASS_INJECT, v, EVENT_VECTOR(event)) )
            ;
        else if ( event & EVENT_EV )
            inject_record(ring, v, event, IDTAP_F_ERROR_CODE);
        else
            inject_record(ring, v, event, 0);
        if ( tap_gate_open(IDTAP_CLASS_EXIT) &&
             tap_wanted_of(IDTAP_CLASS_EXIT, v) )
            entry_record(ring, v, EVENT_VECTOR(event), IDTAP_F_INJECTS);
    }
    else
        svm_enter_any(ring, v, vmcb, event);
}

static noinline void svm_enter_intercepting(struct tap_cpu *c,
                                            const struct vcpu *v,
                                            const char *vmcb)
{
    if ( tap_has_ring(c) )
    {
        intercepts_add(c, v, vmcb);
        tap_intercept_entered(c, v);
    }
    entry_records(&c->ring, v, vmcb);
}

static tap_recording void svm_enter(const struct cpu_user_regs *regs)
{
    const struct vcpu *v;
    struct tap_cpu *c;
    const char *vmcb;

    svm_vmenter_helper(regs);

    c = this_tap_cpu();
    v = current_vcpu();
    vmcb = vmcb_of(v);
    if ( tap_gate_open(TAP_GATE_INTERCEPT) )
        svm_enter_intercepting(c, v, vmcb);
    else
        entry_records(&c->ring, v, vmcb);
}

TAP_HOOK(tap_svm_vmenter,
         IDTAP_CLASS_EXIT | IDTAP_CLASS_INJECT | TAP_GATE_INTERCEPT, svm_enter,
         svm_vmenter_helper)
