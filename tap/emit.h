/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a decision to record to a record in the ring: the part of the hot path
 * that all hooks share.  No function here may block, take a lock or touch
 * memory that is not always mapped: they run in interrupt and NMI context.
 */
#ifndef TAP_EMIT_H
#define TAP_EMIT_H

#include "tap.h"

/* The common part but for time, domain and vCPU. */
struct tap_head {
    uint8_t event, vector;
    uint16_t flags;
};
#define HEAD(event, vector, flags) \
    ((struct tap_head){ (event), (uint8_t)(vector), (uint16_t)(flags) })

static inline unsigned int vcpu_domid(const struct vcpu *v)
{
    return domain_id(vcpu_domain(v));
}

/*
 * idtap_vm_exit's `delivery` of an event in the format that both vendors use
 * for what was being delivered; @type is that of the exception that exits.
 */
static inline uint16_t tap_delivery(uint32_t event, unsigned int type)
{
    uint16_t valid = event >> 16 & IDTAP_DELIVERY_VALID;

    return (valid ? valid | (event & 0xfff) : 0) | type << 12;
}

/*
 * The common part but for the time, as it lies in memory: for who writes it
 * twice, and keeps only this over what happens between.  @head is of
 * HEAD_WORD().
 */
#define HEAD_WORD(event, flags) ((event) | (uint64_t)(flags) << 16)
static inline uint64_t tap_common(uint64_t head, uint64_t vector,
                                  const struct vcpu *v)
{
    uint64_t common = head | vector << 8 | (uint64_t)vcpu_domid(v) << 32 |
                      (uint64_t)vcpu_id(v) << 48;

    /* Or the compiler keeps its parts, each in a register, beside it. */
    asm ( "" : "+r" (common) );
    return common;
}
_Static_assert(offsetof(struct idtap_record, event) == 8 &&
               offsetof(struct idtap_record, vector) == 9 &&
               offsetof(struct idtap_record, flags) == 10 &&
               offsetof(struct idtap_record, domain) == 12 &&
               offsetof(struct idtap_record, vcpu) == 14, "tap_common()");

/*
 * tap_wanted_vector() by the common part.  Taken apart only where that is
 * asked for, not before, where it would cost registers.
 */
static inline bool tap_wanted_common(uint32_t class, uint64_t common)
{
    if ( likely(tap_wants_every(class)) )
        return true;
    asm volatile ( "" : "+r" (common) );
    return tap_passes_vector(class, (uint16_t)(common >> 32),
                             (uint8_t)(common >> 8));
}

/* tap_wanted() and tap_wanted_vector() of an event of @v. */
static inline bool tap_wanted_of(uint32_t class, const struct vcpu *v)
{
    return likely(tap_wants_every(class)) || tap_passes(class, vcpu_domid(v));
}

static inline bool tap_wanted_vector_of(uint32_t class, const struct vcpu *v,
                                        unsigned int vector)
{
    return likely(tap_wants_every(class)) ||
           tap_passes_vector(class, vcpu_domid(v), vector);
}

/* Is some hook of @class to record?  The only work of an idle hook. */
#define tap_idle(class) likely(!local_test(tap_classes, class))

/*
 * A hook: if the gate is open for any of @classes it goes on in @recording, and
 * else in @xens, before which it stands, as if it had not been there.
 */
#define TAP_HOOK(hook, classes, recording, xens) \
    TAP_AT_SITE __attribute__((naked)) void hook(void) \
    { \
        asm volatile ( "testl %0, tap_classes(%%rip)\n\t" \
                       "jnz " #recording "\n\t" \
                       "jmp " #xens :: "i" (classes) ); \
    }
/* What @recording is, or nobody would call it. */
#define tap_recording TAP_AT_SITE noinline __attribute__((used))

/* Are some hooks of @class at work, for whatever guest? */
#define tap_gate_open(class) unlikely(local_test(tap_classes, class))

/*
 * A record of @size bytes in @ring with its common part written, of an event of
 * @v, or NULL if it was dropped.  The caller fills the rest and commits.
 */
static inline void *tap_emit(struct tap_ring *ring, struct tap_slot *slot,
                             unsigned int size, struct tap_head head,
                             const struct vcpu *v)
{
    struct idtap_record *r = tap_ring_reserve(ring, size, slot);

    if ( likely(r) )
    {
        r->tsc = slot->tsc;
        /* A constant in one store; the vector mostly is none. */
        if ( __builtin_constant_p(head.flags) )
            *(uint32_t *)&r->event = head.event | (uint32_t)head.flags << 16;
        else
        {
            r->event = head.event;
            r->flags = head.flags;
        }
        r->vector = head.vector;
        r->domain = vcpu_domid(v);
        r->vcpu = vcpu_id(v);
    }
    return r;
}

/* As tap_emit(). */
static inline void *tap_emit_common(struct tap_ring *ring,
                                    struct tap_slot *slot, unsigned int size,
                                    uint64_t common)
{
    struct idtap_record *r = tap_ring_reserve(ring, size, slot);

    if ( likely(r) )
    {
        r->tsc = slot->tsc;
        *(uint64_t *)&r->event = common;
    }
    return r;
}

/* A record that is nothing but its common part. */
static inline void tap_emit_plain(struct tap_ring *ring, struct tap_head head,
                                  const struct vcpu *v)
{
    struct tap_slot slot;

    if ( tap_emit(ring, &slot, sizeof(struct idtap_record), head, v) )
        tap_ring_commit(ring, sizeof(struct idtap_record), &slot);
}

#endif /* TAP_EMIT_H */
