/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slow half of the ring: stepping to the next packet, and what it means
 * for the reader.  See ring.h for the rules.  Builds in the tap and on the
 * host.
 */
#include "ring.h"

static unsigned int index_of(const struct tap_ring *ring, uint64_t seq)
{
    return seq & ring->place_mask;
}

static struct tap_place *place_of(struct tap_ring *ring, uint64_t seq)
{
    return &ring->place[index_of(ring, seq)];
}

/*
 * `reserve` has come to packet @seq: the hot path may go on there.  Both may be
 * late, and then are set for an older packet than they were: see ring.h.
 */
static void point(struct tap_ring *ring, uint64_t seq)
{
    struct tap_place *place = place_of(ring, seq);

    __atomic_store_n(&place->last,
                     (seq << ring->packet_shift) + ring->packet_mask,
                     __ATOMIC_RELAXED);
    TAP_RING_WINDOW(point);
    __atomic_store_n(&ring->now, place, __ATOMIC_RELAXED);
}

/*
 * May packet @seq be written?  Its place must have been read by dom0 (whose
 * word is only believed as far as it goes: a value from the future makes the
 * difference wrap, and fails), unless the ring overwrites, and be complete
 * from the previous lap: else a hook that we interrupted writes there yet.
 */
static bool packet_free(const struct tap_ring *ring, uint64_t seq)
{
    uint64_t consumed;

    if ( seq < ring->nr_packets )
        return true;

    /* Pairs with the reader's release store after it is done with a packet. */
    consumed = __atomic_load_n(&ring->consumed->packets, __ATOMIC_ACQUIRE);
    if ( !ring->overwrite && seq - consumed >= ring->nr_packets )
        return false;

    return ring->info->complete[index_of(ring, seq)] ==
           seq - ring->nr_packets + 1;
}

/*
 * Is @old where the ring ends, with no packet to step to?  The question is in
 * this order: if somebody interrupted us and went far ahead, the packet after
 * @old is in use or read again, which looks the same.  "No" may thus be wrong,
 * but then the step from @old fails.
 */
static bool stuck(const struct tap_ring *ring, uint64_t old)
{
    return !packet_free(ring, (old >> ring->packet_shift) + 1) &&
           *(const volatile uint64_t *)&ring->reserve == old;
}

static void count_discard(struct tap_ring *ring, uint64_t tsc)
{
    if ( !ring->info->first_discard_tsc )
        ring->info->first_discard_tsc = tsc;
    local_inc(&ring->discarded);
}

/*
 * Tells readers that packet @seq is about to be written, before anything of it
 * is.  Never goes back: who was interrupted here may come late.
 */
static void announce(struct tap_ring *ring, uint64_t seq)
{
    uint64_t old;

    do {
        old = *(volatile uint64_t *)&ring->info->begun;
    } while ( old < seq && !local_cmpxchg(&ring->info->begun, old, seq) );
}

static void open_packet(struct tap_ring *ring, uint64_t seq, uint64_t tsc)
{
    struct tap_place *place = place_of(ring, seq);
    struct idtap_packet_header *h = (void *)place->packet;

    h->magic = IDTAP_CTF_MAGIC;
    h->stream_id = IDTAP_STREAM_RING;
    h->timestamp_begin = tsc;
    h->packet_size = (uint64_t)ring->packet_size * 8;
    h->packet_seq_num = seq - ring->seq_base;
    h->cpu_id = ring->cpu;
    h->abi_version = IDTAP_ABI_VERSION;
    tap_ring_commit_bytes(ring, place, sizeof(*h));
}

static void close_packet(struct tap_ring *ring, uint64_t end, uint64_t tsc,
                         uint64_t discarded)
{
    uint64_t used = end & ring->packet_mask;
    struct tap_place *place = place_of(ring, end >> ring->packet_shift);
    struct idtap_packet_header *h = (void *)place->packet;

    h->content_size = used * 8;
    h->timestamp_end = tsc;
    h->events_discarded = discarded - ring->discarded_base;
    ring->discarded_told = discarded;
    tap_ring_commit_bytes(ring, place, ring->packet_size - used);
}

/*
 * Moves `reserve` from @old, in one packet, to just behind @size bytes of
 * records in the next, and does the paperwork.  False: somebody else moved it.
 */
static bool step(struct tap_ring *ring, uint64_t old, unsigned int size,
                 uint64_t tsc)
{
    uint64_t seq = (old >> ring->packet_shift) + 1;
    uint64_t new = (seq << ring->packet_shift) +
                   sizeof(struct idtap_packet_header) + size;
    /*
     * Read before the step: what is dropped after it is told of by a later
     * packet, which may be closed before this one is.
     */
    uint64_t discarded = *(volatile uint64_t *)&ring->discarded;

    announce(ring, seq);
    TAP_RING_WINDOW(reserve);
    if ( !local_cmpxchg(&ring->reserve, old, new) )
        return false;

    TAP_RING_WINDOW(switch);
    point(ring, seq);
    open_packet(ring, seq, tsc);
    close_packet(ring, old, tsc, discarded);
    return true;
}

void *tap_ring_reserve_slow(struct tap_ring *ring, unsigned int size,
                            struct tap_slot *slot)
{
    if ( !ring->nr_packets )
    {
        /* Whoever has no ring of its own: not this pCPU's alone. */
        __atomic_fetch_add(&ring->discarded, 1, __ATOMIC_RELAXED);
        return NULL;
    }
    for ( ;; )
    {
        uint64_t old = *(volatile uint64_t *)&ring->reserve;
        uint64_t off = old & ring->packet_mask;
        uint64_t seq = old >> ring->packet_shift;

        slot->tsc = TAP_RING_CLOCK();
        if ( off + size <= ring->packet_mask )
        {
            /* Somebody who interrupted us made the step. */
            if ( !local_cmpxchg(&ring->reserve, old, old + size) )
                continue;
            point(ring, seq);
        }
        else if ( stuck(ring, old) )
        {
            count_discard(ring, slot->tsc);
            return NULL;
        }
        else if ( step(ring, old, size, slot->tsc) )
        {
            seq++;
            off = sizeof(struct idtap_packet_header);
        }
        else
            continue;

        slot->place = place_of(ring, seq);
        return slot->place->packet + off;
    }
}

bool tap_ring_flush(struct tap_ring *ring)
{
    uint64_t old;

    do {
        old = *(volatile uint64_t *)&ring->reserve;
        if ( (old & ring->packet_mask) == sizeof(struct idtap_packet_header) &&
             ring->discarded == ring->discarded_told )
            break;
        if ( stuck(ring, old) )
            return false;
    } while ( !step(ring, old, 0, TAP_RING_CLOCK()) );

    ring->info->flushed = ring->reserve >> ring->packet_shift;
    return true;
}

bool tap_ring_restart(struct tap_ring *ring, bool overwrite)
{
    struct idtap_packet_header *h;

    if ( !tap_ring_flush(ring) )
        return false;

    ring->overwrite = overwrite;
    ring->seq_base = ring->reserve >> ring->packet_shift;
    ring->discarded_base = ring->discarded_told = ring->discarded;
    ring->info->first_discard_tsc = 0;
    h = (void *)place_of(ring, ring->seq_base)->packet;
    h->packet_seq_num = 0;
    h->timestamp_begin = TAP_RING_CLOCK();
    return true;
}

void tap_ring_complete(struct tap_ring *ring, struct tap_place *place)
{
    unsigned int index = place - ring->place;
    uint64_t *complete = &ring->info->complete[index];

    local_inc(&ring->packets);
    /* For the next lap, which nobody begins before the store below. */
    place->left = ring->packet_size;
    /* Pairs with the reader's acquire load of complete[]: it then sees every
       byte of the packet. */
    __atomic_store_n(complete, *complete ? *complete + ring->nr_packets
                                         : index + 1, __ATOMIC_RELEASE);
}

void tap_ring_init(struct tap_ring *ring)
{
    unsigned int shift = 0, i;

    while ( (1u << shift) < ring->packet_size )
        shift++;
    ring->packet_shift = shift;
    ring->packet_mask = ring->packet_size - 1;
    ring->place_mask = ring->nr_packets - 1;
    for ( i = 0; i < ring->nr_packets; i++ )
        ring->place[i].left = ring->packet_size;
    ring->reserve = sizeof(struct idtap_packet_header);
    point(ring, 0);
    open_packet(ring, 0, TAP_RING_CLOCK());
}

#ifndef __SSE__
/*
 * Between the hot path and the two functions: see ring.h.  %rax, %rcx and %rdx
 * are results (the latter two are the slot, which lies on the stack meanwhile),
 * or are kept as the others are.
 */
#define SAVING(name, to) \
    void name(void); \
    __attribute__((naked)) void name(void) \
    { \
        asm volatile ( \
            "push %rax; push %rdx; push %rcx; mov %rsp, %rdx\n\t" \
            "push %rsi; push %rdi; push %r8; push %r9; push %r10; push %r11\n\t" \
            "mov 80(%rsp), %rdi; mov 88(%rsp), %rsi\n\t" \
            "call " #to "\n\t" \
            "pop %r11; pop %r10; pop %r9; pop %r8; pop %rdi; pop %rsi\n\t" \
            "pop %rcx; pop %rdx\n\t" \
            RESULT_##to "\n\t" \
            "jmp __x86_return_thunk" ); \
    }
_Static_assert(offsetof(struct tap_slot, place) == 0 &&
               offsetof(struct tap_slot, tsc) == 8, "%rcx, %rdx");
#define RESULT_tap_ring_reserve_slow "lea 8(%rsp), %rsp"
#define RESULT_tap_ring_complete "pop %rax"
SAVING(tap_ring_reserve_saving, tap_ring_reserve_slow)
SAVING(tap_ring_complete_saving, tap_ring_complete)
#endif
