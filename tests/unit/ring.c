/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring's rules when nothing interrupts: where records go, when packets
 * close, what is dropped, what flush and restart do, and that a reader which
 * lies harms nobody but itself.  The clock ticks once a look.
 */
#include "ring_test.h"

static uint64_t now;

uint64_t ring_clock(void)
{
    return ++now;
}

static void ring_window(enum window window)
{
    (void)window;
}

static struct test_ring t;

static const struct {
    unsigned int packet_size, nr_packets;
} shapes[] = {
    { IDTAP_PACKET_SIZE_MIN, IDTAP_NR_PACKETS_MIN },
    { IDTAP_PACKET_SIZE_MIN, IDTAP_NR_PACKETS_MAX },
    { 8192, 4 },
    { IDTAP_PACKET_SIZE_DEF, IDTAP_NR_PACKETS_DEF },
    { IDTAP_PACKET_SIZE_MAX, IDTAP_NR_PACKETS_MIN },
};
#define NR_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static const struct idtap_packet_header *header(unsigned int seq)
{
    return (const void *)t.ring.place[seq & (t.ring.nr_packets - 1)].packet;
}

/* A new ring has one packet open, and nothing for the reader. */
static void opened(void **state)
{
    unsigned int i;

    (void)state;
    for ( i = 0; i < NR_SHAPES; i++ )
    {
        ring_open(&t, 7, shapes[i].packet_size, shapes[i].nr_packets);
        assert_int_equal(1u << t.ring.packet_shift, shapes[i].packet_size);
        assert_int_equal(t.ring.reserve, HEADER);
        assert_int_equal(t.ring.place[0].left, shapes[i].packet_size - HEADER);
        assert_false(ring_read(&t));
        assert_true(tap_ring_flush(&t.ring));
        assert_false(ring_read(&t));
        assert_int_equal(t.ring.packets, 0);
        ring_settle(&t);
        ring_close(&t);
    }
}

/* Where there is no ring: nothing is written, and each record is counted. */
static void none(void **state)
{
    static struct tap_ring no_ring = TAP_RING_NONE(no_ring);
    struct tap_slot slot;
    unsigned int i;

    (void)state;
    for ( i = 1; i <= 3; i++ )
    {
        assert_null(tap_ring_reserve(&no_ring, 16 * i, &slot));
        assert_int_equal(no_ring.discarded, i);
    }
    assert_int_equal(no_ring.reserve, 0);
    assert_int_equal(no_ring.records, 0);
}

/* Records of one size, of every size: how many a packet takes is exact. */
static void boundaries(void **state)
{
    unsigned int size, i;

    (void)state;
    for ( size = 16; size <= IDTAP_PACKET_SIZE_MIN / 4; size += 8 )
    {
        /* The last 8 bytes are never filled. */
        unsigned int per_packet = (4096 - 8 - HEADER) / size;

        ring_open(&t, 0, 4096, 4);
        for ( i = 0; i < per_packet; i++ )
            assert_true(ring_write(&t, 0, size));
        assert_int_equal(t.ring.reserve, HEADER + size * per_packet);
        assert_int_equal(t.ring.packets, 0);
        assert_true(ring_write(&t, 0, size));
        assert_int_equal(t.ring.reserve, 4096 + HEADER + size);
        assert_int_equal(t.ring.packets, 1);
        assert_int_equal(header(0)->content_size,
                         8 * (HEADER + size * per_packet));
        assert_int_equal(header(0)->timestamp_end, header(1)->timestamp_begin);
        ring_settle(&t);
        assert_int_equal(t.next, 2);
        ring_close(&t);
    }
}

/* Every number of bytes left, every size of the next record. */
static void ends(void **state)
{
    unsigned int left, size;

    (void)state;
    for ( left = 8; left <= 64; left += 8 )
        for ( size = 16; size <= 72; size += 8 )
        {
            ring_open(&t, 0, 4096, 2);
            ring_fill(&t, left);
            assert_true(ring_write(&t, 0, size));
            assert_int_equal(t.ring.packets, size >= left);
            assert_int_equal(t.ring.reserve, size >= left
                             ? 4096 + HEADER + size : 4096 - left + size);
            ring_settle(&t);
            ring_close(&t);
        }
}

/* Random sizes and random reading, against a model of two numbers. */
static void model(void **state)
{
    unsigned int i, k;

    (void)state;
    for ( i = 0; i < NR_SHAPES; i++ )
    {
        uint64_t position = HEADER;
        uint64_t size = shapes[i].packet_size;

        ring_open(&t, i, size, shapes[i].nr_packets);
        for ( k = 0; k < 200000; k++ )
        {
            unsigned int len = 16 + 8 * (ring_mix(k) % 120);
            uint64_t seq = position / size;
            bool step = position % size + len > size - 8;
            bool room = !step || seq + 1 - t.next < shapes[i].nr_packets;

            assert_int_equal(ring_write(&t, 0, len), room);
            if ( room )
                position = (step ? (seq + 1) * size + HEADER : position) + len;
            assert_int_equal(t.ring.reserve, position);
            /* A reader that is at times far behind. */
            if ( ring_mix(k / 1000) % 4 && ring_mix(~k) % 8 == 0 )
                ring_read(&t);
        }
        ring_settle(&t);
        assert_true(t.recorded[0] > 0);
        assert_true(i != 0 || t.dropped[0] > 0);
        ring_close(&t);
    }
}

/* Nobody reads: the ring fills, keeps what it has, and counts the rest. */
static void absent_reader(void **state)
{
    unsigned int i, k;
    uint64_t reserve, kept, first;

    (void)state;
    for ( i = 0; i < NR_SHAPES; i++ )
    {
        uint64_t per_packet = (shapes[i].packet_size - 8 - HEADER) / 32;

        ring_open(&t, 3, shapes[i].packet_size, shapes[i].nr_packets);
        kept = per_packet * shapes[i].nr_packets;
        for ( k = 0; k < kept; k++ )
            assert_true(ring_write(&t, 0, 32));
        assert_int_equal(t.info.first_discard_tsc, 0);
        reserve = t.ring.reserve;
        first = now;
        for ( k = 0; k < 1000; k++ )
            assert_false(ring_write(&t, 0, 32));
        assert_int_equal(t.ring.reserve, reserve);
        assert_int_equal(t.ring.records, kept);
        assert_int_equal(t.ring.discarded, 1000);
        assert_int_equal(t.info.first_discard_tsc, first + 1);

        /* The open packet cannot be closed: nothing moves. */
        assert_false(tap_ring_flush(&t.ring));
        assert_false(tap_ring_restart(&t.ring, false));
        assert_int_equal(t.ring.reserve, reserve);
        assert_int_equal(t.ring.packets, shapes[i].nr_packets - 1);
        assert_int_equal(t.info.flushed, 0);
        assert_int_equal(t.ring.discarded_base, 0);

        /* One packet is given back: recording goes on. */
        assert_true(ring_read(&t));
        assert_int_equal(t.told, 0);
        assert_true(ring_write(&t, 0, 32));
        assert_int_equal(header(shapes[i].nr_packets - 1)->events_discarded,
                         1000);
        ring_settle(&t);
        assert_int_equal(t.recorded[0], kept + 1);
        ring_close(&t);
    }
}

/* Each discard is told of by the packet that is closed next, to the unit. */
static void slow_reader(void **state)
{
    unsigned int i, k;

    (void)state;
    ring_open(&t, 1, 4096, 4);
    for ( i = 0; i < 300; i++ )
    {
        for ( k = 0; k < 100 + i; k++ )
            ring_write(&t, 0, 16 + 8 * (ring_mix(i * k) % 4));
        if ( i % 3 )
            ring_read(&t);
        ring_fine(&t);
    }
    ring_settle(&t);
    assert_true(t.told > 1000);
    assert_true(t.recorded[0] > 1000);
    ring_close(&t);
}

static void flush(void **state)
{
    unsigned int i;

    (void)state;
    ring_open(&t, 2, 4096, 2);
    for ( i = 0; i < 10; i++ )
    {
        assert_true(ring_write(&t, 0, 24));
        assert_int_equal(t.ring.packets, i);
        assert_true(tap_ring_flush(&t.ring));
        assert_int_equal(t.ring.packets, i + 1);
        assert_int_equal(t.info.flushed, i + 1);
        assert_int_equal(header(i)->content_size, 8 * (HEADER + 24));
        /* Nothing in it: nothing to close. */
        assert_true(tap_ring_flush(&t.ring));
        assert_int_equal(t.ring.packets, i + 1);
        assert_true(ring_read(&t));
    }
    ring_settle(&t);
    ring_close(&t);
}

/* Discards with nothing recorded after them come out with an empty packet. */
static void flush_discards(void **state)
{
    (void)state;
    ring_open(&t, 2, 4096, 2);
    ring_fill(&t, 8);
    assert_true(ring_write(&t, 0, 16));
    ring_fill(&t, 8);
    assert_false(ring_write(&t, 0, 16));
    assert_true(ring_read(&t));
    assert_true(tap_ring_flush(&t.ring)); /* tells of one */
    assert_int_equal(header(1)->events_discarded, 1);
    ring_fill(&t, 8);
    assert_false(ring_write(&t, 0, 16));
    assert_false(ring_write(&t, 0, 16));
    assert_false(tap_ring_flush(&t.ring));
    assert_true(ring_read(&t));
    assert_true(tap_ring_flush(&t.ring)); /* of three */
    assert_int_equal(header(2)->events_discarded, 3);
    /* Told and empty: no more packets. */
    assert_true(ring_read(&t));
    assert_true(tap_ring_flush(&t.ring));
    assert_int_equal(t.ring.packets, 3);
    ring_settle(&t);

    /* The open packet is empty, and a record does not get in. */
    t.ring.discarded++;
    t.dropped[0]++;
    t.attempted[0]++;
    assert_true(tap_ring_flush(&t.ring));
    assert_int_equal(t.ring.packets, 4);
    assert_int_equal(header(3)->content_size, 8 * HEADER);
    assert_int_equal(header(3)->events_discarded, 4);
    ring_settle(&t);
    ring_close(&t);
}

/* Packets and discards count from 0 again, positions go on. */
static void restart(void **state)
{
    unsigned int i, k;

    (void)state;
    ring_open(&t, 5, 4096, 4);
    for ( i = 0; i < 20; i++ )
    {
        uint64_t before = t.ring.discarded;

        for ( k = 0; k < i * 100; k++ )
            ring_write(&t, 0, 40);
        if ( t.ring.discarded > before )
            assert_false(tap_ring_restart(&t.ring, false));
        ring_settle(&t);
        assert_int_equal(t.told, t.ring.discarded - before);

        assert_true(tap_ring_restart(&t.ring, false));
        assert_int_equal(t.info.first_discard_tsc, 0);
        assert_int_equal(header(t.next)->packet_seq_num, 0);
        assert_int_equal(header(t.next)->timestamp_begin, now);
        t.first = t.next;
        t.told_from += t.told;
        t.told = 0;
    }
    assert_true(t.next > 20);
    assert_true(t.told_from > 1000);
    ring_close(&t);
}

/* A restart closes what is open first, with the old numbers. */
static void restart_flushes(void **state)
{
    (void)state;
    ring_open(&t, 5, 4096, 4);
    assert_true(ring_write(&t, 0, 16));
    assert_true(tap_ring_flush(&t.ring));
    assert_true(ring_write(&t, 0, 16));
    assert_true(tap_ring_restart(&t.ring, false));
    assert_true(ring_write(&t, 0, 16));
    assert_true(tap_ring_flush(&t.ring));
    assert_int_equal(header(0)->packet_seq_num, 0);
    assert_int_equal(header(1)->packet_seq_num, 1);
    assert_int_equal(header(2)->packet_seq_num, 0);
    assert_int_equal(header(3)->packet_seq_num, 1);
    assert_true(ring_read(&t) && ring_read(&t));
    t.first = 2;
    assert_true(ring_read(&t));
    ring_settle(&t);
    ring_close(&t);
}

/*
 * Any value in `consumed`, changing all the time.  The only ones that free a
 * packet are those that a reader could have written after reading it.
 */
static void hostile_consumed(void **state)
{
    unsigned int i, k;

    (void)state;
    for ( i = 0; i < NR_SHAPES; i++ )
    {
        uint64_t nr = shapes[i].nr_packets, attempts = 0;

        ring_open(&t, 9, shapes[i].packet_size, nr);
        for ( k = 0; k < 100000; k++ )
        {
            uint64_t seq = t.ring.reserve >> t.ring.packet_shift;
            const uint64_t lies[] = {
                0, 1, seq, seq + 1, seq + 2, seq + nr, seq - 1, seq + 1 - nr,
                seq + 2 - nr, seq - nr, UINT64_MAX, 1ull << 63, ring_mix(k),
                seq - ring_mix(k) % (2 * nr), seq + ring_mix(k) % (2 * nr),
            };
            uint64_t c = lies[ring_mix(k * 7) % (sizeof(lies) / 8)];
            unsigned int len = 16 + 8 * (ring_mix(~k) % 120);
            bool step = ring_left(&t) <= len;
            bool room = !step || seq + 1 < nr ||
                        (c <= seq + 1 && c > seq + 1 - nr);

            t.consumed.packets = c;
            assert_int_equal(ring_write(&t, 0, len), room);
            assert_int_equal(t.ring.reserve >> t.ring.packet_shift,
                             seq + (step && room));
            attempts++;
            assert_int_equal(t.ring.records + t.ring.discarded, attempts);
        }
        assert_true(t.ring.records > 1000);
        assert_true(t.ring.discarded > 100);
        assert_true(t.ring.packets > nr);
        ring_close(&t);
    }
}

/* Lies from the past and from the future: nothing unread is overwritten. */
static void lying_reader(void **state)
{
    unsigned int k;

    (void)state;
    ring_open(&t, 9, 4096, 8);
    for ( k = 0; k < 300000; k++ )
    {
        uint64_t seq = t.ring.reserve >> t.ring.packet_shift;
        uint64_t r = ring_mix(k);

        t.consumed.packets = r % 3 == 0 ? t.next :
                             r % 3 == 1 ? t.next - (r >> 8) % 100000
                                        : seq + 2 + (r >> 8) % 100000;
        ring_write(&t, 0, 16 + 8 * ((r >> 4) % 4));
        if ( r % 97 == 0 )
        {
            ring_read(&t);
            ring_fine(&t);
        }
    }
    ring_settle(&t);
    assert_true(t.next > 1000);
    assert_true(t.told > 1000);
    ring_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opened),
        cmocka_unit_test(none),
        cmocka_unit_test(boundaries),
        cmocka_unit_test(ends),
        cmocka_unit_test(model),
        cmocka_unit_test(absent_reader),
        cmocka_unit_test(slow_reader),
        cmocka_unit_test(flush),
        cmocka_unit_test(flush_discards),
        cmocka_unit_test(restart),
        cmocka_unit_test(restart_flushes),
        cmocka_unit_test(hostile_consumed),
        cmocka_unit_test(lying_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
