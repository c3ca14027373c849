/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD: the records of a VM exit and of the entry after it, out of the VMCB.
 * The hot path of tap/exit_svm.c.
 *
 * Most exits are of no nested guest, and in the middle of no delivery.  What is
 * to be written about them is mostly the same, and then is a number in an
 * instruction: `odd` is a constant, false where that is known.
 */
#ifndef TAP_RECORDS_SVM_H
#define TAP_RECORDS_SVM_H

#include "exit_svm.h"

#define TRAP_db 1
#define TRAP_bp 3
#define TRAP_of 4
#define TRAP_gp 13
#define TRAP_pf 14
/* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX push an error code. */
#define HAS_ERROR_CODE ((1u << 8) | (1u << 10) | (1u << 11) | (1u << 12) | \
                        (1u << 13) | (1u << 14) | (1u << 17) | (1u << 21) | \
                        (1u << 29) | (1u << 30))
#define HAS_ADDRESS ((1u << TRAP_pf) | (1u << TRAP_db))
#define SW_EXCEPTIONS ((1u << TRAP_bp) | (1u << TRAP_of))

/*
 * As a record has it, in 16 bits, which tell all codes apart: the negative ones
 * go on being the greatest.
 */
static always_inline unsigned int exit_code(const char *vmcb)
{
    return VMCB(uint16_t, vmcb, EXITCODE);
}

static always_inline bool is_exception(unsigned int code)
{
    return code - VMEXIT_EXCEPTION_FIRST < 32;
}

static always_inline bool is_odd(const struct vcpu *v, const char *vmcb)
{
    return unlikely(VMCB_TEST(vmcb, EXITINTINFO, EVENT_V)) ||
           unlikely(FIELD_SET(v, vcpu_nv_guestmode));
}

/* The field is a bool: 0 or 1 (tap/invariants.c). */
static always_inline unsigned int nested_flag(const struct vcpu *v)
{
    return FIELD_AT(uint8_t, v, vcpu_nv_guestmode) * IDTAP_F_NESTED;
}

static always_inline unsigned int delivery_flag(uint64_t intinfo)
{
    return intinfo & EVENT_V ? IDTAP_F_DELIVERY : 0;
}

/*
 * @vector and @type: of an exception; @vector: of an interrupt, too; else 0.
 * @info: EXITINFO1 says something: if not of an exception without error code.
 */
static always_inline void exit_record(struct tap_ring *ring,
                                      const struct vcpu *v, const char *vmcb,
                                      unsigned int code, unsigned int vector,
                                      unsigned int type, bool info,
                                      unsigned int flags, bool odd)
{
    uint64_t intinfo = odd ? VMCB(uint64_t, vmcb, EXITINTINFO) : 0;
    struct tap_slot slot;
    struct idtap_vm_exit *r;

    if ( odd )
        flags |= nested_flag(v) | delivery_flag(intinfo);
    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_VM_EXIT, vector, flags), v);
    if ( unlikely(!r) )
        return;
    r->rip = VMCB(uint64_t, vmcb, RIP);
    /* And the delivery, in one store. */
    *(uint32_t *)&r->reason = code |
                              (uint32_t)tap_delivery(intinfo, type) << 16;
    /* Not put together with what is before it, which takes longer. */
    WRITE_ONCE(r->detail, info ? VMCB(uint32_t, vmcb, EXITINFO1) : 0);
    tap_ring_commit(ring, sizeof(*r), &slot);
}
_Static_assert(offsetof(struct idtap_vm_exit, reason) == 24 &&
               offsetof(struct idtap_vm_exit, delivery) == 26, "one store");

static always_inline void exception_record(struct tap_ring *ring,
                                           const struct vcpu *v,
                                           const char *vmcb,
                                           unsigned int vector,
                                           unsigned int type,
                                           unsigned int flags, bool odd)
{
    uint64_t intinfo = odd ? VMCB(uint64_t, vmcb, EXITINTINFO) : 0;
    struct tap_slot slot;
    struct idtap_exception *r;

    if ( odd )
        flags |= nested_flag(v) | delivery_flag(intinfo);
    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_EXCEPTION, vector, flags), v);
    if ( unlikely(!r) )
        return;
    r->rip = VMCB(uint64_t, vmcb, RIP);
    r->address = !(flags & IDTAP_F_ADDRESS) ? 0 :
                 vector == TRAP_pf ? VMCB(uint64_t, vmcb, EXITINFO2)
                                   : VMCB(uint64_t, vmcb, DR6);
    r->error_code = flags & IDTAP_F_ERROR_CODE
                    ? VMCB(uint32_t, vmcb, EXITINFO1) : 0;
    r->orig_vector = intinfo & EVENT_V ? EVENT_VECTOR(intinfo) : 0;
    r->type = type;
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

/* What the vector says of the record's flags. */
static always_inline unsigned int exception_flags(unsigned int vector)
{
    return (HAS_ERROR_CODE & (1u << vector) ? IDTAP_F_ERROR_CODE : 0) |
           (HAS_ADDRESS & (1u << vector) ? IDTAP_F_ADDRESS : 0);
}

static always_inline void inject_record(struct tap_ring *ring,
                                        const struct vcpu *v, uint64_t event,
                                        unsigned int flags)
{
    struct tap_slot slot;
    struct idtap_inject *r =
        tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_INJECT, EVENT_VECTOR(event), flags), v);

    if ( unlikely(!r) )
        return;
    r->error_code = flags & IDTAP_F_ERROR_CODE ? event >> 32 : 0;
    /* The lengths of instructions are Intel's. */
    *(uint32_t *)&r->type = EVENT_TYPE(event);
    tap_ring_commit(ring, sizeof(*r), &slot);
}
_Static_assert(offsetof(struct idtap_inject, type) == 20 &&
               offsetof(struct idtap_inject, insn_len) == 21 &&
               offsetof(struct idtap_inject, pad) == 22 &&
               sizeof(struct idtap_inject) == 24, "one store");

#endif /* TAP_RECORDS_SVM_H */
