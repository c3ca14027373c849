/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of local APICs where something is missing: records that were lost,
 * classes that were not recorded, more vectors than are watched.
 */
#include <fcntl.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "stats_lapic_test.h"

/* Fills the packet up to `left` bytes, with records of no account. */
static void fill(unsigned int left)
{
    if ( (s0.packet_size - s0.used - left) % 16 )
        test_raise(&s0, 1, 0, 0);
    while ( s0.packet_size - s0.used > left )
        test_plain(&s0, 0, IDTAP_EV_IRQ_EXIT, DOM, 9, 0);
    assert_int_equal(s0.packet_size - s0.used, left);
}

/* A wait across drops, a service across drops, and pairs within them. */
static void across_drops(void **state)
{
    const struct idtap_lapic_row *row;
    struct idtap_stats *s;

    (void)state;
    accept(1, 0);
    inject(3);
    eoi(4);
    accept(1, 0);                    /* ends unseen */
    test_inject(&s0, 0, DOM, 0x50, 0); /* as does this service */
    fill(16 + 24 + 16);
    accept(1, 0);                    /* here, records were dropped, */
    inject(1);                       /* perhaps in between */
    s0.h.events_discarded = 3;
    test_stream_flush(&s0);
    eoi(1);
    inject(7);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_EOI, DOM, 0, 0x50, 0);
    eoi(2);
    accept(1, 0);
    inject(5);
    eoi(6);

    s = finish();
    expect(s, VEC, (struct answer){ 2, 8, 3, 4 + 3 + 6, 2, 7 + 11 });
    expect(s, 0x50, (struct answer){ 0 });
    row = test_lapic_row(s, DOM, VEC);
    assert_int_equal(row->accepted, 4);
    assert_int_equal(row->eois, 4);
    idtap_stats_destroy(s);
}

static void across_missing_packets(void **state)
{
    struct idtap_stats *s;

    (void)state;
    eoi(1);
    accept(1, IDTAP_F_VIRTUAL);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_ACCEPT, DOM, 0, 0x50, 0);
    test_inject(&s0, 1, DOM, 0x60, 0);
    test_stream_flush(&s0);
    s0.h.packet_seq_num += 2;
    eoi(9);
    test_inject(&s0, 1, DOM, 0x50, 0);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_EOI, DOM, 0, 0x60, 0);
    /* The beginning anew: this EOI may belong to what was lost. */
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_ACCEPT, DOM, 0, 0x60, IDTAP_F_VIRTUAL);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_EOI, DOM, 0, 0x60, 0);

    s = finish();
    expect(s, VEC, (struct answer){ 0 });
    expect(s, 0x50, (struct answer){ 0 });
    expect(s, 0x60, (struct answer){ 0, 0, 0, 0, 1, 1 });
    idtap_stats_destroy(s);
}

/* After a loss, the first EOI is nobody's again. */
static void first_eoi_after_loss(void **state)
{
    struct idtap_stats *s;

    (void)state;
    eoi(1);
    test_stream_flush(&s0);
    s0.h.packet_seq_num += 1;
    accept(1, IDTAP_F_VIRTUAL);
    eoi(3);

    s = finish();
    expect(s, VEC, (struct answer){ 0 });
    idtap_stats_destroy(s);
}

/* CPU 1 is blind from 100 to 200. */
static void blind_cpu1(void)
{
    struct test_stream s1;

    test_stream_open(&s1, dir, 1, IDTAP_PACKET_SIZE_MIN);
    test_plain(&s1, 100, IDTAP_EV_IRQ_EXIT, 0, 1, 0);
    s1.h.events_discarded = 1;
    test_stream_flush(&s1);
    s1.h.timestamp_begin = s1.tsc + 100;
    s1.tsc += 100;
    test_plain(&s1, 0, IDTAP_EV_IRQ_EXIT, 0, 1, 0);
    test_stream_close(&s1);
}

/* While CPU 1 drops records, the injection may be among them. */
static void while_another_is_blind(void **state)
{
    struct idtap_stats *s;

    (void)state;
    blind_cpu1();
    accept(50, 0);
    inject(10);
    eoi(5);       /* 50, 60, 65: seen all */
    accept(25, 0);
    inject(30);   /* 90 to 120 */
    eoi(5);
    accept(5, 0); /* 130 */
    inject(5);
    eoi(5);       /* 140 */
    accept(5, 0); /* 145 to 210, to 215 */
    inject(65);
    eoi(5);
    accept(5, 0); /* 220: seen all */
    inject(2);
    eoi(3);

    s = finish();
    expect(s, VEC, (struct answer){ 2, 12, 3, 5 + 5 + 3, 2, 15 + 5 });
    idtap_stats_destroy(s);
}

/* Likewise, an EOI may be. */
static void virtual_while_another_is_blind(void **state)
{
    struct idtap_stats *s;
    unsigned int i;

    (void)state;
    blind_cpu1();
    for ( i = 0; i < 6; i++ )
    {
        accept(i ? 10 : 110, IDTAP_F_VIRTUAL);
        eoi(3);
    }
    assert_true(s0.tsc < TEST_START + 200);
    eoi(100);
    accept(10, IDTAP_F_VIRTUAL);
    eoi(4);

    s = finish();
    expect(s, VEC, (struct answer){ 0, 0, 0, 0, 1, 4 });
    idtap_stats_destroy(s);
}

/* What was open when other classes were chosen may have ended unseen. */
static void across_configurations(void **state)
{
    struct idtap_metastream *ms;
    struct idtap_stats *s;
    int fd = open(dir, O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    idtap_metastream_config(ms, TEST_START, IDTAP_CLASS_ALL);
    idtap_metastream_config(ms, TEST_START + 25, IDTAP_CLASS_ALL); /* no news */
    idtap_metastream_config(ms, TEST_START + 35, IDTAP_CLASS_LAPIC);
    idtap_metastream_config(ms, TEST_START + 135, IDTAP_CLASS_ALL);
    assert_int_equal(idtap_metastream_close(ms), 0);
    close(fd);

    accept(20, 0);
    inject(6);    /* 26: across the one that changes nothing */
    eoi(3);
    accept(1, 0); /* 30, to 140: across two that do */
    inject(110);
    eoi(4);

    s = finish();
    expect(s, VEC, (struct answer){ 1, 6, 2, 3 + 4, 1, 9 });
    idtap_stats_destroy(s);
}

/* More vectors of vCPUs than are watched: forgotten, and never mistaken. */
static void too_many(void **state)
{
    struct idtap_stats *s;
    unsigned int i;

    (void)state;
    accept(1, 0);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_ACCEPT, DOM, 0, 0x50, 0);
    test_inject(&s0, 4, DOM, 0x50, 0);
    for ( i = 0; i < 1u << 18; i++ )
        test_lapic(&s0, 0, IDTAP_EV_LAPIC_ACCEPT, 6, (uint16_t)(i >> 6),
                   (uint8_t)(0x20 + i % 64), 0);
    inject(1);
    eoi(5);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_EOI, DOM, 0, 0x50, 0);

    s = finish();
    expect(s, VEC, (struct answer){ 0, 0, 1, 5, 0, 0 });
    expect(s, 0x50, (struct answer){ 1, 4, 0, 0, 0, 0 });
    assert_int_equal(test_lapic_row(s, 6, 0x20)->accepted, 1u << 12);
    idtap_stats_destroy(s);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(across_drops),
        T(across_missing_packets),
        T(first_eoi_after_loss),
        T(while_another_is_blind),
        T(virtual_while_another_is_blind),
        T(across_configurations),
        T(too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
