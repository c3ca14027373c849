/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the ring share: the ring itself, compiled in with its race
 * windows and its clock in the test's hands; a writer whose records say who
 * they are; and a reader that follows the rules of lib/rings.c and finds a
 * record that is lost, torn, doubled or out of order.
 *
 * Each file that includes this defines ring_window() and ring_clock().
 */
#ifndef TESTS_RING_TEST_H
#define TESTS_RING_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum window {
    WINDOW_reserve, WINDOW_switch, WINDOW_point, WINDOW_commit, NR_WINDOWS
};
static void ring_window(enum window window);
#define TAP_RING_WINDOW(name) ring_window(WINDOW_##name)
#define TAP_RING_CLOCK ring_clock

/* The ring without windows is linked too, under the true names. */
#define tap_ring_init         test_ring_init
#define tap_ring_reserve_slow test_ring_reserve_slow
#define tap_ring_flush        test_ring_flush
#define tap_ring_restart      test_ring_restart
#define tap_ring_complete     test_ring_complete
#include "../../tap/ring.c"

#define HEADER sizeof(struct idtap_packet_header)
#define LEVELS 4 /* nothing, and three kinds of interrupts that nest */

/* A ring with both its ends.  Writer's and reader's parts are kept apart. */
struct test_ring {
    struct tap_ring ring;
    struct idtap_ring_info info;
    unsigned char *memory;

    /* The writer's; each level writes its own. */
    uint64_t attempted[LEVELS], dropped[LEVELS];

    /* The reader's. */
    struct idtap_consumed consumed __attribute__((aligned(64)));
    uint64_t next;             /* packet to take, since attach */
    uint64_t first;            /* packet with which the recording began */
    uint64_t expect[LEVELS];   /* no record of the level has a lower number */
    uint64_t recorded[LEVELS];
    uint64_t oldest[LEVELS];   /* number of the first record of the level */
    uint64_t tsc;              /* nothing to come is older */
    uint64_t told;             /* discards that packets told of... */
    uint64_t told_from;        /* ...not counting those before the recording */
    bool nested;               /* writers interrupt each other */
    const char *wrong;         /* the first fault; nothing is read after it */
};

static inline void ring_open(struct test_ring *t, unsigned int cpu,
                             unsigned int packet_size, unsigned int nr_packets)
{
    unsigned int i;

    memset(t, 0, sizeof(*t));
    t->memory = malloc((size_t)packet_size * nr_packets);
    assert_non_null(t->memory);
    memset(t->memory, 0xa5, (size_t)packet_size * nr_packets);
    t->ring.packet_size = packet_size;
    t->ring.nr_packets = nr_packets;
    t->ring.cpu = cpu;
    t->ring.info = &t->info;
    t->ring.consumed = &t->consumed;
    for ( i = 0; i < nr_packets; i++ )
        t->ring.place[i].packet = t->memory + (size_t)packet_size * i;
    tap_ring_init(&t->ring);
}

static inline void ring_close(struct test_ring *t)
{
    free(t->memory);
}

static inline uint64_t ring_mix(uint64_t x)
{
    x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15;
    return x ^ (x >> 29);
}

/* Packets that can still be opened; at least, when a reader is at it. */
static inline unsigned int ring_free(const struct test_ring *t)
{
    uint64_t read = __atomic_load_n(&t->consumed.packets, __ATOMIC_ACQUIRE);
    uint64_t reserve = *(const volatile uint64_t *)&t->ring.reserve;

    return t->ring.nr_packets - 1 - ((reserve >> t->ring.packet_shift) - read);
}

/* Bytes left in the open packet. */
static inline unsigned int ring_left(const struct test_ring *t)
{
    return t->ring.packet_size -
           (t->ring.reserve & (t->ring.packet_size - 1));
}

/*
 * Writes a record of @size bytes, 16 at least.  Its second word says the
 * level, the number within the level, the pCPU and the size; what follows is
 * made of that word.
 */
static inline bool ring_write(struct test_ring *t, unsigned int level,
                              unsigned int size)
{
    uint64_t who = t->attempted[level]++ << 24 |
                   (uint64_t)(uint8_t)t->ring.cpu << 16 |
                   (uint64_t)level << 12 | size / 8;
    struct tap_slot slot;
    uint64_t *word = tap_ring_reserve(&t->ring, size, &slot);
    unsigned int i;

    if ( !word )
    {
        t->dropped[level]++;
        return false;
    }
    word[0] = slot.tsc;
    word[1] = who;
    for ( i = 2; i < size / 8; i++ )
        word[i] = ring_mix(who + i);
    tap_ring_commit(&t->ring, size, &slot);
    return true;
}

/* Makes exactly @left bytes be left in the open packet. */
static inline void ring_fill(struct test_ring *t, unsigned int left)
{
    unsigned int more = ring_left(t) - left;

    while ( more > 64 )
    {
        assert_true(ring_write(t, 0, 32));
        more -= 32;
    }
    if ( more )
        assert_true(ring_write(t, 0, more));
    assert_int_equal(ring_left(t), left);
}

#define RIGHT(cond) \
    do { \
        if ( !(cond) ) \
        { \
            t->wrong = #cond; \
            return 0; \
        } \
    } while ( 0 )

/* Checks the record at @word; returns its size in words, 0 if it is wrong. */
static inline unsigned int ring_read_record(struct test_ring *t,
                                            const uint64_t *word,
                                            unsigned int max)
{
    uint64_t who, seq;
    unsigned int level, n, i;

    RIGHT(max >= 2);
    who = word[1];
    seq = who >> 24;
    level = (who >> 12) & 15;
    n = who & 0xfff;
    RIGHT(((who >> 16) & 0xff) == t->ring.cpu);
    RIGHT(level < LEVELS);
    RIGHT(n >= 2 && n <= max);
    for ( i = 2; i < n; i++ )
        RIGHT(word[i] == ring_mix(who + i));
    RIGHT(word[0] >= t->tsc);
    t->tsc = word[0];
    RIGHT(seq >= t->expect[level]);
    t->expect[level] = seq + 1;
    if ( !t->recorded[level]++ )
        t->oldest[level] = seq;
    return n;
}

/* Records that must have been dropped, by the gaps between the others. */
static inline uint64_t ring_gaps(const struct test_ring *t)
{
    uint64_t gaps = 0;
    unsigned int i;

    for ( i = 0; i < LEVELS; i++ )
        gaps += t->expect[i] - t->recorded[i];
    return gaps;
}

static inline bool ring_read_packet(struct test_ring *t,
                                    const struct idtap_packet_header *h)
{
    const uint64_t *word = (const void *)h;
    unsigned int used = h->content_size / 64, at = HEADER / 8, n;

    RIGHT(h->magic == IDTAP_CTF_MAGIC);
    RIGHT(h->stream_id == IDTAP_STREAM_RING);
    RIGHT(h->abi_version == IDTAP_ABI_VERSION);
    RIGHT(h->cpu_id == t->ring.cpu);
    RIGHT(h->packet_size == t->ring.packet_size * 8ull);
    RIGHT(h->packet_seq_num == t->next - t->first);
    RIGHT(h->content_size % 64 == 0);
    RIGHT(used >= at && used < t->ring.packet_size / 8);
    RIGHT(h->timestamp_begin >= t->tsc);
    t->tsc = h->timestamp_begin;

    for ( ; at < used; at += n )
    {
        n = ring_read_record(t, word + at, used - at);
        if ( !n )
            return false;
        /* The packet before told of all that was dropped before this one. */
        RIGHT(t->nested || at > HEADER / 8 ||
              ring_gaps(t) == t->told_from + t->told);
    }
    RIGHT(h->timestamp_end >= t->tsc);
    t->tsc = h->timestamp_end;
    RIGHT(h->events_discarded >= t->told);
    t->told = h->events_discarded;
    return true;
}

/* Takes a packet, checks it and gives it back; false: there is none. */
static inline bool ring_read(struct test_ring *t)
{
    unsigned int place = t->next & (t->ring.nr_packets - 1);

    /* Pairs with the release store in tap_ring_complete(). */
    if ( t->wrong || __atomic_load_n(&t->info.complete[place],
                                     __ATOMIC_ACQUIRE) != t->next + 1 ||
         !ring_read_packet(t, (const void *)t->ring.place[place].packet) )
        return false;
    t->next++;
    /* Pairs with the acquire load in packet_free(). */
    __atomic_store_n(&t->consumed.packets, t->next, __ATOMIC_RELEASE);
    return true;
}

static inline void ring_fine(const struct test_ring *t)
{
    if ( t->wrong )
        fail_msg("cpu %u, packet %llu: not so: %s", t->ring.cpu,
                 (unsigned long long)t->next, t->wrong);
}

/* Reads all there is. */
static inline void ring_drain(struct test_ring *t)
{
    while ( ring_read(t) )
        ;
    ring_fine(t);
}

/*
 * Nobody writes any more: gets everything out of the ring, and accounts for
 * every record that was ever attempted.
 */
static inline void ring_settle(struct test_ring *t)
{
    uint64_t recorded = 0, dropped = 0;
    unsigned int i;

    ring_drain(t);
    assert_true(tap_ring_flush(&t->ring));
    ring_drain(t);
    /* Room was made: what could not be told before can be now. */
    assert_true(tap_ring_flush(&t->ring));
    ring_drain(t);

    for ( i = 0; i < LEVELS; i++ )
    {
        assert_int_equal(t->recorded[i] + t->dropped[i], t->attempted[i]);
        recorded += t->recorded[i];
        dropped += t->dropped[i];
    }
    assert_int_equal(recorded, t->ring.records);
    assert_int_equal(dropped, t->ring.discarded);
    assert_int_equal(t->told_from + t->told, dropped);
    assert_int_equal(!t->info.first_discard_tsc, !t->told);

    assert_int_equal(t->ring.packets, t->next);
    assert_int_equal(t->info.flushed, t->next);
    assert_int_equal(t->ring.reserve,
                     (t->next << t->ring.packet_shift) + HEADER);
}

/*
 * Nobody writes any more to a ring that overwrites: reads what is left, from
 * the oldest packet that is whole.  Nothing is missing from there to the end
 * but what the ring itself counted as dropped.
 */
static inline void ring_settle_overwritten(struct test_ring *t)
{
    uint64_t attempted = 0, gaps = 0, lapped, left;
    unsigned int i;

    t->nested = true;
    assert_true(tap_ring_flush(&t->ring));
    assert_int_equal(t->info.begun, t->ring.reserve >> t->ring.packet_shift);
    assert_int_equal(t->info.begun, t->info.flushed);
    lapped = t->info.begun - t->next >= t->ring.nr_packets;
    left = lapped ? t->ring.nr_packets - 1 : t->info.begun - t->next;
    t->next = t->info.begun - left;

    ring_drain(t);
    assert_int_equal(t->next, t->info.begun);
    assert_int_equal(t->ring.packets, t->next);
    assert_int_equal(t->told_from + t->told, t->ring.discarded);
    for ( i = 0; i < LEVELS; i++ )
    {
        attempted += t->attempted[i];
        if ( t->recorded[i] )
            gaps += t->attempted[i] - t->oldest[i] - t->recorded[i];
        if ( !lapped )
            assert_int_equal(t->recorded[i] + t->dropped[i], t->attempted[i]);
    }
    assert_int_equal(t->ring.records + t->ring.discarded, attempted);
    assert_true(gaps <= t->ring.discarded);
}

#endif /* TESTS_RING_TEST_H */
