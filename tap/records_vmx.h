/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intel: the records of a VM exit and of the entry after it, out of the VMCS.
 * The hot path of tap/exit_vmx.c.
 *
 * As in tap/records_svm.h, `odd` is a constant, false where it is known that
 * nothing was being delivered, that no nested guest ran and that the entry
 * before did not fail; and what is the same for most exits is a number in an
 * instruction.
 */
#ifndef TAP_RECORDS_VMX_H
#define TAP_RECORDS_VMX_H

#include "exit_vmx.h"

#define TRAP_db 1
#define TRAP_pf 14

/* Fails for a field that the CPU lacks; all of the above always exist. */
static always_inline uint64_t vmread(uint64_t field)
{
    uint64_t value = 0;

    asm volatile ( "vmread %1, %0" : "=r" (value) : "r" (field) : "cc" );
    return value;
}

static inline void vmwrite(uint64_t field, uint64_t value)
{
    asm volatile ( "vmwrite %1, %0" :: "r" (field), "r" (value) : "cc" );
}

/* The field is a bool: 0 or 1 (tap/invariants.c). */
static always_inline unsigned int nested_flag(const struct vcpu *v)
{
    return FIELD_AT(uint8_t, v, vcpu_nv_guestmode) * IDTAP_F_NESTED;
}

static always_inline bool is_odd(const struct vcpu *v)
{
    return unlikely((uint32_t)vmread(IDT_VECTORING_INFO) & INFO_VALID) ||
           unlikely(FIELD_SET(v, vcpu_nv_guestmode));
}

/*
 * @info: of an exception or an external interrupt, else 0; @idtv: of what was
 * being delivered.  (The qualification of an interrupt's exit is 0.)
 */
static always_inline void exit_record(struct tap_ring *ring,
                                      const struct vcpu *v, uint32_t reason,
                                      uint32_t info, uint32_t idtv,
                                      unsigned int flags, bool odd)
{
    bool exception = (uint16_t)reason == REASON_EXCEPTION_NMI;
    struct tap_slot slot;
    struct idtap_vm_exit *r;

    if ( odd )
        flags |= nested_flag(v) | (idtv & INFO_VALID ? IDTAP_F_DELIVERY : 0) |
                 (reason & REASON_ENTRY_FAILED ? IDTAP_F_ENTRY_FAILED : 0);
    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_VM_EXIT,
                      info & INFO_VALID ? INFO_VECTOR(info) : 0, flags), v);
    if ( unlikely(!r) )
        return;
    r->rip = vmread(GUEST_RIP);
    /* And the delivery, in one store. */
    *(uint32_t *)&r->reason =
        (uint16_t)reason |
        (uint32_t)tap_delivery(odd ? idtv : 0,
                               exception ? INFO_TYPE(info) : 0) << 16;
    WRITE_ONCE(r->detail,
               (uint16_t)reason > REASON_EXTERNAL_INTR
               ? vmread(EXIT_QUALIFICATION) :
               exception && (info & INFO_ERROR_CODE)
               ? vmread(VM_EXIT_INTR_ERROR_CODE) : 0);
    tap_ring_commit(ring, sizeof(*r), &slot);
}
_Static_assert(offsetof(struct idtap_vm_exit, reason) == 24 &&
               offsetof(struct idtap_vm_exit, delivery) == 26, "one store");

/* @flags: those of the vector and of the error code are all there. */
static always_inline void exception_record(struct tap_ring *ring,
                                           const struct vcpu *v,
                                           unsigned int vector,
                                           unsigned int type, uint32_t idtv,
                                           unsigned int flags, bool odd)
{
    struct tap_slot slot;
    struct idtap_exception *r;

    if ( odd )
        flags |= nested_flag(v) | (idtv & INFO_VALID ? IDTAP_F_DELIVERY : 0);
    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_EXCEPTION, vector, flags), v);
    if ( unlikely(!r) )
        return;
    r->rip = vmread(GUEST_RIP);
    r->address = flags & IDTAP_F_ADDRESS ? vmread(EXIT_QUALIFICATION) : 0;
    r->error_code = flags & IDTAP_F_ERROR_CODE
                    ? vmread(VM_EXIT_INTR_ERROR_CODE) : 0;
    r->orig_vector = odd && (idtv & INFO_VALID) ? INFO_VECTOR(idtv) : 0;
    r->type = type;
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

static always_inline unsigned int exception_flags(uint32_t info)
{
    unsigned int vector = INFO_VECTOR(info);

    return (info & INFO_ERROR_CODE ? IDTAP_F_ERROR_CODE : 0) |
           (vector == TRAP_pf || vector == TRAP_db ? IDTAP_F_ADDRESS : 0);
}

/* @flags: that of the error code is there.  @software: it may have a length. */
static always_inline void inject_record(struct tap_ring *ring,
                                        const struct vcpu *v, uint32_t info,
                                        unsigned int type, unsigned int flags,
                                        bool software)
{
    struct tap_slot slot;
    struct idtap_inject *r =
        tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_INJECT, INFO_VECTOR(info), flags), v);

    if ( unlikely(!r) )
        return;
    r->error_code = flags & IDTAP_F_ERROR_CODE
                    ? vmread(VM_ENTRY_EXC_ERROR_CODE) : 0;
    /* And the length, in one store. */
    *(uint32_t *)&r->type =
        type | (software && type >= IDTAP_TYPE_SW_INTERRUPT
                ? (uint8_t)vmread(VM_ENTRY_INSN_LEN) << 8 : 0);
    tap_ring_commit(ring, sizeof(*r), &slot);
}
_Static_assert(offsetof(struct idtap_inject, type) == 20 &&
               offsetof(struct idtap_inject, insn_len) == 21 &&
               offsetof(struct idtap_inject, pad) == 22 &&
               sizeof(struct idtap_inject) == 24, "one store");

#endif /* TAP_RECORDS_VMX_H */
