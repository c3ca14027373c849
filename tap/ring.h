/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One pCPU's ring of packets: reserve a place, write the record, commit.
 *
 * The algorithm is LTTng's (local reserve/commit): `reserve` is a position in
 * bytes that only grows; a compare-and-exchange moves it, and the TSC is read
 * inside that loop, so that positions and times are in the same order however
 * hooks nest.  Each packet place counts the bytes that are not committed to it
 * yet, down, as then the CPU itself says which are the last; whoever commits
 * these declares the packet complete.  A record never fills a packet to the last
 * byte, so that a packet is always closed by the step to the next one, and only
 * by it.
 *
 * `now` is the place that the hot path looks at, and may be an old one: whoever
 * steps is interrupted before it says so, and who was interrupted says it late.
 * What makes that harmless is `last`, where a place's packet ends: it is only
 * ever set for a packet that `reserve` has come to.  So if a reservation ends
 * before it, `reserve` is in that very packet, and in no later one; else it
 * takes the slow way, which sets `now` right.
 *
 * When the next packet is not yet consumed the record is dropped and counted;
 * packets never get overwritten unread.  In a ring that overwrites, what was
 * consumed does not count: a record is dropped, and counted, only if one that
 * it has interrupted is still being written into the packet that comes next.
 *
 * Writers: the owning pCPU only, in any context (see tap/local.h).  Reader:
 * dom0, one, through the shared pages; it is trusted with nothing: a wrong
 * `consumed` makes records be dropped, and counted.
 *
 * A ring that is TAP_RING_NONE has no packets, and drops and counts all records,
 * of any pCPU.
 *
 * Race windows, by name (tests force them through TAP_RING_WINDOW):
 *   reserve  between reading `reserve` and moving it
 *   switch   `reserve` is in the new packet, the old one is not yet closed
 *   point    `last` is that of the new packet, `now` not yet
 *   commit   the record is written, its bytes are not yet committed
 */
#ifndef TAP_RING_H
#define TAP_RING_H

#include <stddef.h>

#include <idtap/packet.h>

#include "local.h"

#ifndef TAP_RING_WINDOW
#define TAP_RING_WINDOW(name) ((void)0)
#endif

/* Where packets lie, one after the other. */
struct tap_place {
    uint64_t left;         /* of the present lap: bytes not committed yet */
    uint64_t last;         /* position of the last byte of the newest packet
                              here, which no record takes; 0: none yet */
    unsigned char *packet; /* constant */
};

/* Fields are written by the owning pCPU only, unless said. */
struct tap_ring {
    uint64_t reserve;          /* bytes ever reserved, headers included */
    struct tap_place *now;     /* where records go; see above */
    uint64_t packet_mask;      /* packet_size - 1; constant */
    uint32_t place_mask;       /* nr_packets - 1; constant */
    uint32_t packet_shift;     /* log2(packet_size); constant */
    uint32_t packet_size;      /* bytes; constant */
    uint32_t nr_packets;       /* constant */
    uint32_t cpu;              /* constant */
    bool overwrite;            /* full: the oldest packet goes.  Changes while
                                  nothing is recorded */
    uint64_t records;          /* records reserved */
    uint64_t discarded;        /* records dropped: no packet was free */
    uint64_t discarded_told;   /* discards that a closed packet has told of */
    uint64_t discarded_base;   /* `discarded` and sequence number when the */
    uint64_t seq_base;         /* present recording began: packets count from
                                  there */
    uint64_t packets;          /* packets completed */
    struct idtap_ring_info *info;            /* dom0 reads it */
    const struct idtap_consumed *consumed;   /* dom0 writes it */
    struct tap_place place[IDTAP_NR_PACKETS_MAX];
};

/* Its place has no end that a record could be before. */
#define TAP_RING_NONE(ring) { .now = &(ring).place[0] }

/* A reserved place; lives on the stack of the hook. */
struct tap_slot {
    struct tap_place *place; /* of its packet */
    uint64_t tsc;
};

/*
 * Prepares a ring whose places' packet, info, consumed, packet_size, nr_packets
 * and cpu are set and whose other fields are zero, and opens its first packet.
 * The caller is sure that nobody writes to it yet.
 */
void tap_ring_init(struct tap_ring *ring);

/* As tap_ring_reserve(), when the open packet has no room. */
void *tap_ring_reserve_slow(struct tap_ring *ring, unsigned int size,
                            struct tap_slot *slot);

/*
 * Closes the open packet if anything is in it (or discards are untold), so
 * that the reader gets it.  On the owning pCPU, or while that is offline.
 * Returns false if no packet is free; what is in the ring stays.
 */
bool tap_ring_flush(struct tap_ring *ring);

/*
 * As tap_ring_flush(), and packets and discards are counted from 0 again.  The
 * caller is sure that nothing is being recorded.  Returns false, with nothing
 * changed but the flush tried, if the open packet could not be closed.  From
 * then on the ring overwrites, or not, as @overwrite says.
 */
bool tap_ring_restart(struct tap_ring *ring, bool overwrite);

/* No byte of @place is left. */
void tap_ring_complete(struct tap_ring *ring, struct tap_place *place);

/*
 * How the hot path calls these two: it happens once in a packet.  In the tap
 * (which has no other registers than these) all but the results' are kept, and
 * none is asked for, as arguments are on the stack: so the hot path need not
 * save any, nor move anything; nor has it anything on the stack.
 */
#ifdef __SSE__
#define tap_ring_rarely_reserve tap_ring_reserve_slow
#define tap_ring_rarely_complete tap_ring_complete
#else
static inline void *tap_ring_rarely_reserve(struct tap_ring *ring,
                                            unsigned long size,
                                            struct tap_slot *slot)
{
    void *packet;

    asm volatile ( "push %[size]; push %[ring]\n\t"
                   "call tap_ring_reserve_saving\n\t"
                   "lea 16(%%rsp), %%rsp"
                   : "=a" (packet), "=d" (slot->tsc), "=c" (slot->place)
                   : [ring] "r" (ring), [size] "er" (size) : "memory", "cc" );
    return packet;
}

static inline void tap_ring_rarely_complete(struct tap_ring *ring,
                                            struct tap_place *place)
{
    asm volatile ( "push %[place]; push %[ring]\n\t"
                   "call tap_ring_complete_saving\n\t"
                   "lea 16(%%rsp), %%rsp"
                   :: [ring] "r" (ring), [place] "r" (place) : "memory", "cc" );
}
#endif

#ifdef TAP_RING_CLOCK
uint64_t TAP_RING_CLOCK(void);
#else
static inline uint64_t tap_ring_clock(void)
{
    uint64_t tsc;

    /* In %rdx: the reservation that follows wants %rax. */
    asm volatile ( "rdtsc; shlq $32, %%rdx; orq %%rax, %%rdx"
                   : "=d" (tsc) :: "rax", "memory", "cc" );
    return tsc;
}
#define TAP_RING_CLOCK tap_ring_clock
#endif

/*
 * Room for a record of @size bytes (a multiple of 8, at most a quarter of the
 * smallest packet).  Returns NULL if it was dropped and counted; else the
 * caller writes all of it and calls tap_ring_commit() with the same slot.
 */
static inline void *tap_ring_reserve(struct tap_ring *ring, unsigned int size,
                                     struct tap_slot *slot)
{
    struct tap_place *place;
    uint64_t old, new, tsc;
    unsigned char *packet;

    do {
        place = __atomic_load_n(&ring->now, __ATOMIC_RELAXED);
        new = *(volatile uint64_t *)&ring->reserve + size;
        /* Or the compiler keeps what it was made of, in a register more. */
        asm ( "" : "+r" (new) );
        /* Not in its packet? */
        if ( __builtin_expect(local_less(&place->last, new), 0) )
            return tap_ring_rarely_reserve(ring, size, slot);
        tsc = TAP_RING_CLOCK();
        TAP_RING_WINDOW(reserve);
        old = new - size;
    } while ( __builtin_expect(!local_try_cmpxchg(&ring->reserve, &old, new),
                               0) );

    slot->tsc = tsc;
    slot->place = place;
    packet = place->packet + (old & ring->packet_mask);
    if ( !packet )
        __builtin_unreachable();
    return packet;
}

/* Counts @size bytes of @place as written. */
static inline void tap_ring_commit_bytes(struct tap_ring *ring,
                                         struct tap_place *place,
                                         unsigned int size)
{
    TAP_RING_WINDOW(commit);
    if ( __builtin_expect(local_sub_and_test(&place->left, size), 0) )
        tap_ring_rarely_complete(ring, place);
}

static inline void tap_ring_commit(struct tap_ring *ring, unsigned int size,
                                   const struct tap_slot *slot)
{
    local_inc(&ring->records);
    tap_ring_commit_bytes(ring, slot->place, size);
}

#endif /* TAP_RING_H */
