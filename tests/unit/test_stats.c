/* SPDX-License-Identifier: GPL-2.0-only */
/* Statistics against known answers: counts, durations, nesting, losses. */
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "common.h"

#define DOM 5
#define SOFTIRQ_SCHEDULE 3
#define SOFTIRQ_TASKLET  5

static char *dir;
static struct test_stream s0;

static int setup(void **state)
{
    struct idtap_trace_info info = test_info();

    (void)state;
    dir = test_dir();
    test_metadata(dir, &info);
    test_stream_open(&s0, dir, 0, IDTAP_PACKET_SIZE_MIN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_remove(dir);
    return 0;
}

static void enter(unsigned int dt, uint8_t vector, uint8_t depth)
{
    test_irq_enter(&s0, dt, DOM, vector, IDTAP_OWNER_DIRECT, -1, depth, 0);
}

static void leave(unsigned int dt, uint8_t vector)
{
    test_plain(&s0, dt, IDTAP_EV_IRQ_EXIT, DOM, vector, 0);
}

static void softirq(unsigned int dt, uint8_t event, uint8_t nr)
{
    test_plain(&s0, dt, event, DOM, nr, 0);
}

static struct idtap_stats *finish(void)
{
    test_stream_close(&s0);
    return test_stats(dir, NULL);
}

/* The row has `n` events, of which `timed` took `sum` ticks together. */
static void expect(const struct idtap_stats *s, enum idtap_table table,
                   uint64_t key, uint64_t n, uint64_t timed, uint64_t sum)
{
    const struct idtap_row *row = test_row(s, DOM, table, key);

    assert_non_null(row);
    assert_int_equal(row->count, n);
    assert_int_equal(row->time.count, timed);
    assert_int_equal(row->time.sum, sum);
}

#define DIRECT(v) IDTAP_IRQ_KEY(IDTAP_OWNER_DIRECT, v, -1)

static void nested_interrupts(void **state)
{
    struct idtap_stats *s;
    const struct idtap_row *row;

    (void)state;
    enter(10, 0x40, 0);
    enter(10, 0x50, 1);
    enter(10, 0x50, 2); /* the same vector, inside itself */
    leave(3, 0x50);
    leave(4, 0x50);
    leave(5, 0x40);
    enter(10, 0x40, 0);
    leave(100, 0x40);

    s = finish();
    expect(s, IDTAP_TAB_IRQ, DIRECT(0x40), 2, 2, 32 + 100);
    expect(s, IDTAP_TAB_IRQ, DIRECT(0x50), 2, 2, 3 + 17);
    row = test_row(s, DOM, IDTAP_TAB_IRQ, DIRECT(0x40));
    assert_int_equal(row->time.min, 32);
    assert_int_equal(row->time.max, 100);
    idtap_stats_destroy(s);
}

/* Ends without beginnings, beginnings without ends. */
static void unpaired_interrupts(void **state)
{
    struct idtap_stats *s;

    (void)state;
    leave(10, 0x40);
    enter(10, 0x40, 0);
    enter(10, 0x41, 0); /* outermost again: 0x40 ended unseen */
    leave(7, 0x41);
    leave(10, 0x40);    /* so this is of nothing that is known */
    enter(10, 0x42, 0);
    test_vm_exit(&s0, 1, DOM, 0, 1); /* a guest ran in between */
    leave(10, 0x42);

    s = finish();
    expect(s, IDTAP_TAB_IRQ, DIRECT(0x40), 1, 0, 0);
    expect(s, IDTAP_TAB_IRQ, DIRECT(0x41), 1, 1, 7);
    expect(s, IDTAP_TAB_IRQ, DIRECT(0x42), 1, 0, 0);
    idtap_stats_destroy(s);
}

static void softirqs(void **state)
{
    const struct idtap_row *row;
    struct idtap_stats *s;
    unsigned int i;

    (void)state;
    for ( i = 0; i < 40; i++ )
    {
        softirq(10, IDTAP_EV_SOFTIRQ_ENTER, SOFTIRQ_TASKLET);
        softirq(6, IDTAP_EV_SOFTIRQ_EXIT, SOFTIRQ_TASKLET);
        /* Does not return, but every tenth time. */
        softirq(10, IDTAP_EV_SOFTIRQ_ENTER, SOFTIRQ_SCHEDULE);
        if ( i % 10 == 0 )
            softirq(2, IDTAP_EV_SOFTIRQ_EXIT, SOFTIRQ_SCHEDULE);
    }
    /* One in another, and one that a switch cut off. */
    softirq(10, IDTAP_EV_SOFTIRQ_ENTER, SOFTIRQ_TASKLET);
    softirq(1, IDTAP_EV_SOFTIRQ_ENTER, 0);
    softirq(1, IDTAP_EV_SOFTIRQ_EXIT, 0);
    softirq(1, IDTAP_EV_SOFTIRQ_ENTER, SOFTIRQ_SCHEDULE);
    softirq(10, IDTAP_EV_SOFTIRQ_ENTER, 0);
    softirq(1, IDTAP_EV_SOFTIRQ_EXIT, 0);
    softirq(1, IDTAP_EV_SOFTIRQ_EXIT, SOFTIRQ_TASKLET);
    test_raise(&s0, 1, 0, 3);

    s = finish();
    expect(s, IDTAP_TAB_SOFTIRQ, SOFTIRQ_TASKLET, 41, 40, 240);
    expect(s, IDTAP_TAB_SOFTIRQ, SOFTIRQ_SCHEDULE, 41, 4, 8);
    expect(s, IDTAP_TAB_SOFTIRQ, 0, 2, 2, 2);
    row = test_row(s, 0, IDTAP_TAB_SOFTIRQ, 0);
    assert_non_null(row);
    assert_int_equal(row->extra, 1);
    idtap_stats_destroy(s);
}

static void exits(void **state)
{
    struct test_stream s1;
    struct idtap_stats *s;

    (void)state;
    test_stream_open(&s1, dir, 1, IDTAP_PACKET_SIZE_MIN);

    test_vm_exit(&s0, 10, DOM, 0, 0x72);
    test_vm_entry(&s0, 5, DOM, 0);       /* 5 */
    test_vm_exit(&s0, 10, DOM, 0, 0x78); /* sleeps; vCPU 1 runs meanwhile */
    test_vm_entry(&s0, 10, DOM, 1);      /* its exit was before the trace */
    test_vm_exit(&s0, 10, DOM, 1, 0x72);
    test_vm_entry(&s0, 10, DOM, 0);      /* 30, of 0x78 */
    test_vm_entry(&s0, 10, DOM, 1);      /* 20, of 0x72 */
    test_vm_exit(&s0, 10, DOM, 0, 0x60); /* moves to CPU 1 and back */
    s1.tsc = s0.tsc;
    test_vm_entry(&s1, 10, DOM, 0);
    test_vm_exit(&s1, 10, DOM, 0, 0x60);
    s0.tsc = s1.tsc;
    test_vm_entry(&s0, 10, DOM, 0);      /* of no exit on this CPU */
    test_stream_close(&s1);

    s = finish();
    expect(s, IDTAP_TAB_EXIT, 0x72, 2, 2, 25);
    expect(s, IDTAP_TAB_EXIT, 0x78, 1, 1, 30);
    expect(s, IDTAP_TAB_EXIT, 0x60, 2, 0, 0);
    idtap_stats_destroy(s);
}

static void injections(void **state)
{
    const struct idtap_row *row;
    struct idtap_stats *s;

    (void)state;
    test_inject(&s0, 1, DOM, 0xf3, 0);
    test_inject(&s0, 1, DOM, 0xf3, IDTAP_F_REINJECT);
    test_inject(&s0, 1, DOM, 0xf3, IDTAP_F_REINJECT);
    test_inject(&s0, 1, DOM, 0xf3, 0);
    test_exception(&s0, 1, DOM, 14, IDTAP_F_INTERCEPT);
    test_exception(&s0, 1, DOM, 14, 0);
    test_nmi_enter(&s0, 1, DOM);
    test_plain(&s0, 9, IDTAP_EV_NMI_EXIT, DOM, 2, 0);

    s = finish();
    expect(s, IDTAP_TAB_INJECT, 0xf3, 2, 0, 0);
    row = test_row(s, DOM, IDTAP_TAB_INJECT, 0xf3);
    assert_int_equal(row->extra, 2);
    expect(s, IDTAP_TAB_EXCEPTION, 14, 2, 0, 0);
    row = test_row(s, DOM, IDTAP_TAB_EXCEPTION, 14);
    assert_int_equal(row->extra, 1);
    expect(s, IDTAP_TAB_NMI, 0, 1, 1, 9);
    idtap_stats_destroy(s);
}

/* A filter counts what it lets through, and pairs as if it were not there. */
static void selection(void **state)
{
    struct idtap_select select;
    struct idtap_stats *s;
    uint64_t chosen;

    (void)state;
    enter(10, 0x40, 0);
    enter(10, 0x41, 1);
    leave(10, 0x41);
    leave(10, 0x40);
    softirq(10, IDTAP_EV_SOFTIRQ_ENTER, 0);
    test_irq_enter(&s0, 1, 9, 0x40, IDTAP_OWNER_GUEST, 16, 0, 0);
    test_stream_close(&s0);

    idtap_select_init(&select);
    select.classes = IDTAP_CLASS_IRQ;
    memset(select.vectors, 0, sizeof(select.vectors));
    select.vectors[1] = 1; /* 0x40 */
    idtap_select_domain(&select, DOM);

    s = test_stats(dir, &select);
    expect(s, IDTAP_TAB_IRQ, DIRECT(0x40), 1, 1, 30);
    assert_null(test_row(s, DOM, IDTAP_TAB_IRQ, DIRECT(0x41)));
    assert_null(test_row(s, DOM, IDTAP_TAB_SOFTIRQ, 0));
    assert_null(test_row(s, 9, IDTAP_TAB_IRQ,
                         IDTAP_IRQ_KEY(IDTAP_OWNER_GUEST, 0x40, 16)));
    assert_int_equal(idtap_stats_records(s, &chosen), 6);
    assert_int_equal(chosen, 2);
    idtap_stats_destroy(s);
}

/* Fills the packet up to `left` bytes, with records of no account. */
static void fill(unsigned int left)
{
    if ( (s0.packet_size - s0.used - left) % 16 )
        test_raise(&s0, 1, 0, 0);
    while ( s0.packet_size - s0.used > left )
        softirq(1, IDTAP_EV_SOFTIRQ_EXIT, 9);
    assert_int_equal(s0.packet_size - s0.used, left);
}

/*
 * Drops lie at the end of the packet that tells of them.  A pair before is
 * good; a pair across, or around the drops at the end, is not.
 */
static void pairs_across_drops(void **state)
{
    struct idtap_cpu_stats c;
    struct idtap_stats *s;

    (void)state;
    enter(1, 0x40, 0);
    leave(4, 0x40);
    test_vm_exit(&s0, 1, DOM, 0, 0x72);
    fill(24 + 32);
    enter(1, 0x41, 0);
    /* Here, records of 32 bytes and more were dropped: perhaps 0x41's end. */
    leave(5, 0x41);
    s0.h.events_discarded = 3;
    test_stream_flush(&s0);
    leave(7, 0x41);
    test_vm_entry(&s0, 1, DOM, 0);
    enter(1, 0x40, 0);
    leave(8, 0x40);

    s = finish();
    expect(s, IDTAP_TAB_IRQ, DIRECT(0x40), 2, 2, 12);
    expect(s, IDTAP_TAB_IRQ, DIRECT(0x41), 1, 0, 0);
    expect(s, IDTAP_TAB_EXIT, 0x72, 1, 0, 0);
    c = idtap_stats_cpu(s, 0);
    assert_int_equal(c.discarded, 3);
    assert_int_equal(c.lost_packets, 0);
    idtap_stats_destroy(s);
}

static void pairs_across_missing_packets(void **state)
{
    struct idtap_cpu_stats c;
    struct idtap_stats *s;

    (void)state;
    enter(1, 0x40, 0);
    softirq(1, IDTAP_EV_SOFTIRQ_ENTER, 0);
    test_vm_exit(&s0, 1, DOM, 0, 0x72);
    test_nmi_enter(&s0, 1, DOM);
    test_stream_flush(&s0);
    s0.h.packet_seq_num += 2;
    test_plain(&s0, 9, IDTAP_EV_NMI_EXIT, DOM, 2, 0);
    test_vm_entry(&s0, 1, DOM, 0);
    softirq(1, IDTAP_EV_SOFTIRQ_EXIT, 0);
    leave(5, 0x40);

    s = finish();
    expect(s, IDTAP_TAB_IRQ, DIRECT(0x40), 1, 0, 0);
    expect(s, IDTAP_TAB_SOFTIRQ, 0, 1, 0, 0);
    expect(s, IDTAP_TAB_EXIT, 0x72, 1, 0, 0);
    expect(s, IDTAP_TAB_NMI, 0, 1, 0, 0);
    c = idtap_stats_cpu(s, 0);
    assert_int_equal(c.lost_packets, 2);
    idtap_stats_destroy(s);
}

/*
 * While CPU 1 drops records, a vCPU may run there unseen: its exit on CPU 0
 * and a later entry there are no pair.
 */
static void exits_while_another_is_blind(void **state)
{
    struct test_stream s1;
    struct idtap_stats *s;

    (void)state;
    test_stream_open(&s1, dir, 1, IDTAP_PACKET_SIZE_MIN);
    test_plain(&s1, 100, IDTAP_EV_IRQ_EXIT, 0, 1, 0);
    s1.h.events_discarded = 1;
    test_stream_flush(&s1); /* blind from 100 */
    s1.h.timestamp_begin = s1.tsc + 100;
    s1.tsc += 100;
    test_plain(&s1, 0, IDTAP_EV_IRQ_EXIT, 0, 1, 0); /* to 200 */
    test_stream_close(&s1);

    test_vm_exit(&s0, 50, DOM, 0, 0x72);
    test_vm_entry(&s0, 10, DOM, 0);      /* 50 to 60: seen all */
    test_vm_exit(&s0, 30, DOM, 0, 0x73);
    test_vm_entry(&s0, 30, DOM, 0);      /* 90 to 120 */
    test_vm_exit(&s0, 10, DOM, 0, 0x74);
    test_vm_entry(&s0, 10, DOM, 0);      /* 130 to 140 */
    test_vm_exit(&s0, 20, DOM, 0, 0x75);
    test_vm_entry(&s0, 100, DOM, 0);     /* 160 to 260 */
    test_vm_exit(&s0, 40, DOM, 0, 0x76);
    test_vm_entry(&s0, 1, DOM, 0);       /* 300 to 301: seen all */

    s = finish();
    expect(s, IDTAP_TAB_EXIT, 0x72, 1, 1, 10);
    expect(s, IDTAP_TAB_EXIT, 0x73, 1, 0, 0);
    expect(s, IDTAP_TAB_EXIT, 0x74, 1, 0, 0);
    expect(s, IDTAP_TAB_EXIT, 0x75, 1, 0, 0);
    expect(s, IDTAP_TAB_EXIT, 0x76, 1, 1, 1);
    idtap_stats_destroy(s);
}

/* LOST records: what was before does not count, what came after does. */
static void lost_records(void **state)
{
    struct idtap_metastream *ms;
    struct idtap_stats *s;
    struct idtap_cpu_stats c;
    int fd = open(dir, O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    idtap_metastream_lost(ms, TEST_START, 0, 100);
    idtap_metastream_config(ms, TEST_START + 1, IDTAP_CLASS_ALL);
    idtap_metastream_lost(ms, TEST_START + 90, 0, 107);
    idtap_metastream_lost(ms, TEST_START + 90, 3, 8);
    assert_int_equal(idtap_metastream_close(ms), 0);
    close(fd);
    s0.h.events_discarded = 104;
    test_raise(&s0, 1, 0, 0);

    s = finish();
    c = idtap_stats_cpu(s, 0);
    assert_int_equal(c.discarded, 7);
    c = idtap_stats_cpu(s, 3);
    assert_int_equal(c.discarded, 8);
    assert_int_equal(c.packets, 0);
    idtap_stats_destroy(s);
}

static void merging(void **state)
{
    struct idtap_domain_stats sum = { 0 };
    struct idtap_stats *a, *b;
    uint64_t first, last, chosen;
    char *kept;

    (void)state;
    enter(10, 0x40, 0);
    leave(7, 0x40);
    a = finish();
    kept = dir;

    setup(NULL);
    s0.tsc += 1000;
    enter(10, 0x40, 0);
    leave(9, 0x40);
    test_irq_enter(&s0, 1, 9, 0x40, IDTAP_OWNER_DIRECT, -1, 0, 0);
    b = finish();

    assert_int_equal(idtap_stats_merge(a, b), 0);
    expect(a, IDTAP_TAB_IRQ, DIRECT(0x40), 2, 2, 16);
    assert_true(idtap_stats_span(a, &first, &last));
    assert_int_equal(first, TEST_START + 10);
    assert_int_equal(last, TEST_START + 1020);
    assert_int_equal(idtap_stats_records(a, &chosen), 5);
    assert_int_equal(chosen, 5);

    assert_int_equal(idtap_stats_sum(a, IDTAP_TAB_IRQ, &sum), 0);
    assert_int_equal(sum.table[IDTAP_TAB_IRQ].nr, 1);
    idtap_domain_stats_clear(&sum);
    idtap_stats_destroy(a);
    idtap_stats_destroy(b);
    test_remove(kept);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(nested_interrupts),
        T(unpaired_interrupts),
        T(softirqs),
        T(exits),
        T(injections),
        T(selection),
        T(pairs_across_drops),
        T(pairs_across_missing_packets),
        T(exits_while_another_is_blind),
        T(lost_records),
        T(merging),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
