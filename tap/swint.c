/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * INT n on AMD, which can be intercepted (AMD APM volume 2, "SVM Intercept Exit
 * Codes": VMEXIT_SWINT); Intel's hardware has no such exit.
 *
 * The exit comes before the instruction: RIP is its own.  It is given back as
 * an injected software interrupt: the CPU (or, where it cannot, Xen's
 * svm_emul_swint_injection()) checks the gate's privilege level and pushes the
 * address after the instruction.
 *
 * Which interrupt it is, and how long the instruction, newer CPUs say; for the
 * others it is read from the guest's memory, as the CPU has just done.  INT3 and
 * INTO have exits of their own on hardware, but come here in some emulators.
 */
#include "tap.h"
#include "exit_svm.h"

#define TRAP_pf 14
#define INSN_MAX 15 /* bytes of an instruction */

#define OPCODE_INT3 0xcc
#define OPCODE_INT  0xcd
#define OPCODE_INTO 0xce

#define PFEC_user_mode  (1u << 2)
#define PFEC_insn_fetch (1u << 4)

#define CS_ATTR_L  (1u << 9) /* VMCB's packed attributes: 64-bit code */
#define EFER_LMA   (1u << 10)

static bool is_prefix(uint8_t byte, bool long_mode)
{
    switch ( byte )
    {
    case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
    case 0x66: case 0x67: case 0xf2: case 0xf3:
        return true;
    default:
        return long_mode && (byte & 0xf0) == 0x40; /* REX */
    }
}

static bool fetch(uint64_t address, uint8_t *byte, unsigned int cpl)
{
    return !hvm_copy_from_guest_linear(byte, address, 1,
                                       PFEC_insn_fetch |
                                       (cpl == 3 ? PFEC_user_mode : 0), NULL);
}

/* Fills in vector, type and length; false if the guest's memory has no INT n
   (any more). */
static bool decode(const char *vmcb, struct x86_event *e)
{
    bool long_mode = (VMCB(uint64_t, vmcb, EFER) & EFER_LMA) &&
                     (VMCB(uint16_t, vmcb, CS_ATTR) & CS_ATTR_L);
    uint64_t rip = VMCB(uint64_t, vmcb, RIP), base;
    unsigned int cpl = VMCB(uint8_t, vmcb, CPL);
    uint8_t byte;

    base = long_mode ? rip : (uint32_t)(VMCB(uint64_t, vmcb, CS_BASE) + rip);
    for ( e->insn_len = 1; e->insn_len < INSN_MAX; e->insn_len++ )
    {
        if ( !fetch(base + e->insn_len - 1, &byte, cpl) )
            return false;
        if ( !is_prefix(byte, long_mode) )
            break;
    }
    switch ( byte )
    {
    case OPCODE_INT3:
    case OPCODE_INTO:
        e->type = IDTAP_TYPE_SW_EXCEPTION;
        e->vector = byte == OPCODE_INT3 ? 3 : 4;
        return true;
    case OPCODE_INT:
        e->type = IDTAP_TYPE_SW_INTERRUPT;
        if ( !fetch(base + e->insn_len, &byte, cpl) )
            return false;
        e->vector = byte;
        e->insn_len++;
        return true;
    default:
        return false;
    }
}

static bool hardware_says(const char *vmcb, struct x86_event *e)
{
    uint64_t len = VMCB(uint64_t, vmcb, NEXTRIP) - VMCB(uint64_t, vmcb, RIP);

    if ( (svm_feature_flags & (SVM_NRIPS | SVM_DECODE_ASSISTS)) !=
         (SVM_NRIPS | SVM_DECODE_ASSISTS) || len - 1 >= INSN_MAX )
        return false;
    e->type = IDTAP_TYPE_SW_INTERRUPT;
    e->vector = VMCB(uint8_t, vmcb, EXITINFO1);
    e->insn_len = len;
    return true;
}

/*
 * As if it had come by an exit of its own: INT3 and INTO, and faults that Xen
 * found where it delivers an interrupt in the CPU's stead.
 */
static void exception_record(struct tap_cpu *c, const struct vcpu *v,
                             uint64_t rip, const struct x86_event *e)
{
    unsigned int flags = IDTAP_F_INTERCEPT;
    struct idtap_exception *r;
    struct tap_slot slot;

    if ( e->error_code != X86_EVENT_NO_EC )
        flags |= IDTAP_F_ERROR_CODE;
    if ( e->vector == TRAP_pf )
        flags |= IDTAP_F_ADDRESS;
    r = tap_emit(&c->ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_EXCEPTION, e->vector, flags), v);
    if ( unlikely(!r) )
        return;
    r->rip = rip;
    r->address = e->cr2;
    r->error_code = flags & IDTAP_F_ERROR_CODE ? e->error_code : 0;
    r->orig_vector = 0;
    r->type = e->type;
    r->pad = 0;
    tap_ring_commit(&c->ring, sizeof(*r), &slot);
}

/* What Xen is about to inject instead of the INT n that it was asked to. */
static bool became_exception(const char *vmcb, struct x86_event *e)
{
    uint64_t event = VMCB(uint64_t, vmcb, EVENTINJ);

    if ( !(event & EVENT_V) || EVENT_TYPE(event) != IDTAP_TYPE_HW_EXCEPTION )
        return false;
    e->vector = EVENT_VECTOR(event);
    e->type = IDTAP_TYPE_HW_EXCEPTION;
    e->error_code = event & EVENT_EV ? (int32_t)(event >> 32)
                                     : X86_EVENT_NO_EC;
    e->cr2 = e->vector == TRAP_pf ? VMCB(uint64_t, vmcb, CR2) : 0;
    return true;
}

static void swint_record(struct tap_cpu *c, const struct vcpu *v,
                         uint64_t rip, unsigned int vector)
{
    struct tap_slot slot;
    struct idtap_swint *r =
        tap_emit(&c->ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_SWINT, vector, IDTAP_F_INTERCEPT), v);

    if ( unlikely(!r) )
        return;
    r->rip = rip;
    tap_ring_commit(&c->ring, sizeof(*r), &slot);
}

bool tap_swint_reflect(struct tap_cpu *c, const struct vcpu *v,
                       struct cpu_user_regs *regs, const char *vmcb)
{
    struct x86_event e = { .error_code = X86_EVENT_NO_EC };
    uint64_t rip = VMCB(uint64_t, vmcb, RIP);
    bool known = hardware_says(vmcb, &e);

    tap_intercept_caused(c, v, TAP_CAUSED_SWINT);
    svm_vmexit_neutral(regs, vmcb);
    if ( !known && !decode(vmcb, &e) )
        return false;

    if ( e.type == IDTAP_TYPE_SW_INTERRUPT )
    {
        if ( tap_wanted_vector_of(IDTAP_CLASS_SWINT, v, e.vector) )
            swint_record(c, v, rip, e.vector);
    }
    else if ( tap_wanted_vector_of(IDTAP_CLASS_EXCEPTION, v, e.vector) )
        exception_record(c, v, rip, &e);
    svm_frame_flags(regs, vmcb, &e);
    hvm_inject_event(&e);
    if ( e.type == IDTAP_TYPE_SW_INTERRUPT && became_exception(vmcb, &e) )
    {
        svm_frame_flags(regs, vmcb, &e);
        if ( tap_wanted_vector_of(IDTAP_CLASS_EXCEPTION, v, e.vector) )
            exception_record(c, v, rip, &e);
    }
    return true;
}
