/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two tests of the local APICs' statistics share: a trace of one CPU
 * under construction, records of one vector, and how answers are compared.
 */
#ifndef TESTS_STATS_LAPIC_TEST_H
#define TESTS_STATS_LAPIC_TEST_H

#include "common.h"

#define DOM 5
#define VEC 0x41

static char *dir;
static struct test_stream s0;

static inline int setup(void **state)
{
    struct idtap_trace_info info = test_info();

    (void)state;
    dir = test_dir();
    test_metadata(dir, &info);
    test_stream_open(&s0, dir, 0, IDTAP_PACKET_SIZE_MIN);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    test_remove(dir);
    return 0;
}

/* Of VEC of vCPU 0, on CPU 0. */
static inline void accept(unsigned int dt, uint16_t flags)
{
    test_lapic(&s0, dt, IDTAP_EV_LAPIC_ACCEPT, DOM, 0, VEC, flags);
}

static inline void inject(unsigned int dt)
{
    test_inject(&s0, dt, DOM, VEC, 0);
}

static inline void eoi(unsigned int dt)
{
    test_lapic(&s0, dt, IDTAP_EV_LAPIC_EOI, DOM, 0, VEC, 0);
}

static inline struct idtap_stats *finish(void)
{
    test_stream_close(&s0);
    return test_stats(dir, NULL);
}

struct answer {
    uint64_t waits, wait;       /* how many were timed; ticks together */
    uint64_t services, service;
    uint64_t totals, total;
};

static inline void expect(const struct idtap_stats *s, uint8_t vector,
                   struct answer a)
{
    const struct idtap_lapic_row *row = test_lapic_row(s, DOM, vector);

    assert_non_null(row);
    assert_int_equal(row->wait.count, a.waits);
    assert_int_equal(row->wait.sum, a.wait);
    assert_int_equal(row->service.count, a.services);
    assert_int_equal(row->service.sum, a.service);
    assert_int_equal(row->total.count, a.totals);
    assert_int_equal(row->total.sum, a.total);
}

#endif /* TESTS_STATS_LAPIC_TEST_H */
