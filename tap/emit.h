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

/* Whose event it is; the domain's id is asked for twice, and read once. */
struct tap_whose {
    const struct vcpu *vcpu;
    unsigned int domid;
};

static inline struct tap_whose tap_whose(const struct vcpu *v)
{
    return (struct tap_whose){ v, domain_id(vcpu_domain(v)) };
}

/*
 * idtap_vm_exit's `delivery` of an event in the format that both vendors use
 * for what was being delivered; @type is that of the exception that exits.
 */
static inline uint16_t tap_delivery(uint32_t event, unsigned int type)
{
    return (event & 0xfff) | type << 12 |
           (event >> 16 & IDTAP_DELIVERY_VALID);
}

/*
 * The common part but for the time, as it lies in memory: for who writes it
 * twice, and keeps only this over what happens between.  @head is of
 * HEAD_WORD().
 */
#define HEAD_WORD(event, flags) ((event) | (uint64_t)(flags) << 16)
static inline uint64_t tap_common(uint64_t head, uint64_t vector,
                                  struct tap_whose whose)
{
    uint64_t common = head | vector << 8 |
                      (uint64_t)whose.domid << 32 |
                      (uint64_t)vcpu_id(whose.vcpu) << 48;

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
    const struct tap_filter *f = tap_filter_now();

    if ( f->anything & class )
        return true;
    asm volatile ( "" : "+r" (common) );
    return tap_passes_vector(f, class, (uint16_t)(common >> 32),
                             (uint8_t)(common >> 8));
}

/* Is some hook of @class to record?  The only work of an idle hook. */
static inline bool tap_idle(uint32_t class)
{
    return likely(!(READ_ONCE(tap_classes) & class));
}

/* Are some hooks of @class at work, for whatever guest? */
static inline bool tap_gate_open(uint32_t class)
{
    return unlikely(READ_ONCE(tap_classes) & class);
}

/*
 * A record of @size bytes in @ring with its common part written, or NULL if
 * it was dropped.  The caller fills the rest and commits.
 */
static inline void *tap_emit(struct tap_ring *ring, struct tap_slot *slot,
                             unsigned int size, struct tap_head head,
                             struct tap_whose whose)
{
    struct idtap_record *r = tap_ring_reserve(ring, size, slot);

    if ( likely(r) )
    {
        r->tsc = slot->tsc;
        /* Constants in one store. */
        if ( __builtin_constant_p(head.flags) )
            *(uint32_t *)&r->event = head.event | (uint32_t)head.flags << 16;
        else
        {
            r->event = head.event;
            r->flags = head.flags;
        }
        r->vector = head.vector;
        r->domain = whose.domid;
        r->vcpu = vcpu_id(whose.vcpu);
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
                                  struct tap_whose whose)
{
    struct tap_slot slot;

    if ( tap_emit(ring, &slot, sizeof(struct idtap_record), head, whose) )
        tap_ring_commit(ring, sizeof(struct idtap_record), &slot);
}

#endif /* TAP_EMIT_H */
