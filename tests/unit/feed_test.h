/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of live views share: a trace of three milliseconds, and its
 * intervals.
 *
 *   always   every 10 us on CPU 0: guest 1 exits, MSR, for 2 us, and gets 0xf3
 *   1-2 ms   on CPU 1, every 1 us an NMI of guest 2, 500 ns long
 *   2 ms     guest 1 was "web" and is "shop" from there on
 *   2-3 ms   CPU 1 loses 7 records
 *
 * And another, of two milliseconds, every 10 us of the first of which
 *
 *   guest 2, a PV guest, raises #PF and is told; Xen faults in its stead; its
 *   timer (port 3) is told 2 us later, an event of guest 1's (port 7) joins it
 *   guest 1 exits for #PF, by idtap's doing, for 1 us; and executes INT 0x80
 *
 * and in the second of which 30 ports of guest 2, from 100 on, have an event
 * each, and port 129 two.
 */
#ifndef TESTS_FEED_TEST_H
#define TESTS_FEED_TEST_H

#include <fcntl.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "../../cli/feed.h"
#include "common.h"

#define MS 1000000u
#define MSR 0x7c

struct feed_test {
    char *dir;
    struct idtap_trace *trace;
    struct idtap_iter *iter;
    struct feed *feed;
};

static inline void feed_test_meta(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    struct idtap_metastream *ms;
    uint64_t t = TEST_START;

    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    assert_int_equal(idtap_metastream_config(ms, t, IDTAP_CLASS_ALL), 0);
    assert_int_equal(idtap_metastream_domain(ms, t, 1, "web"), 0);
    assert_int_equal(idtap_metastream_domain(ms, t, 2, "db\033"), 0);
    assert_int_equal(idtap_metastream_domain(ms, t + 2 * MS, 1, "shop"), 0);
    assert_int_equal(idtap_metastream_close(ms), 0);
    close(fd);
}

static inline void feed_test_write(const char *dir)
{
    struct idtap_trace_info info = test_info();
    struct test_stream s;
    unsigned int i;

    test_metadata(dir, &info);
    feed_test_meta(dir);
    test_stream_open(&s, dir, 0, IDTAP_PACKET_SIZE_MIN);
    for ( i = 0; i < 300; i++ )
    {
        test_vm_exit(&s, i ? 8000 : 0, 1, 0, MSR);
        test_inject(&s, 1000, 1, 0xf3, 0);
        test_vm_entry(&s, 1000, 1, 0);
    }
    test_stream_close(&s);
    test_stream_open(&s, dir, 1, IDTAP_PACKET_SIZE_MIN);
    for ( i = 0; i < 1000; i++ )
    {
        test_nmi_enter(&s, i ? 500 : MS, 2);
        test_plain(&s, 500, IDTAP_EV_NMI_EXIT, 2, 2, 0);
    }
    test_stream_flush(&s);
    test_nmi_enter(&s, MS / 2, 2);
    s.h.events_discarded = 7;
    test_stream_close(&s);
}

static inline void feed_test_write_pv(const char *dir)
{
    struct idtap_trace_info info = test_info();
    struct test_stream s;
    unsigned int i;

    test_metadata(dir, &info);
    feed_test_meta(dir);
    test_stream_open(&s, dir, 0, IDTAP_PACKET_SIZE_MIN);
    for ( i = 0; i < 100; i++ )
    {
        test_pv_trap(&s, i ? 3000 : 0, 2, 14, IDTAP_F_IN_GUEST);
        test_upcall(&s, 500, 2, 0, IDTAP_UPCALL_EXCEPTION, 14);
        test_pv_trap(&s, 500, 2, 14, 0);
        test_evtchn(&s, 500, 2, 0, 3, IDTAP_EVTCHN_VIRQ, 0, 0);
        test_evtchn(&s, 500, 2, 0, 7, IDTAP_EVTCHN_INTERDOMAIN, 1,
                    IDTAP_F_PENDING);
        test_upcall(&s, 1500, 2, 0, IDTAP_UPCALL_EVENT, 0);
        test_vm_exit_of(&s, 500, 1, 14, IDTAP_F_INTERCEPT);
        test_exception(&s, 500, 1, 14, IDTAP_F_INTERCEPT);
        test_vm_entry(&s, 500, 1, 0);
        test_swint(&s, 2000, 1, 0x80);
    }
    for ( i = 0; i < 31; i++ )
        test_evtchn(&s, i ? 1000 : MS / 2, 2, 1, 100 + (i < 30 ? i : 29),
                    IDTAP_EVTCHN_INTERDOMAIN, 1, i ? IDTAP_F_PENDING : 0);
    test_stream_close(&s);
}

/* Intervals of @ns. */
static inline void feed_test_open_by(struct feed_test *t, uint64_t ns,
                                     void (*write)(const char *dir))
{
    static struct idtap_error err;
    struct idtap_select select;

    t->dir = test_dir();
    write(t->dir);
    idtap_select_init(&select);
    assert_int_equal(idtap_trace_open(t->dir, &t->trace, &err), 0);
    assert_int_equal(idtap_iter_open(t->trace, NULL, &t->iter), 0);
    t->feed = feed_trace(t->trace, t->iter, ns, &select);
    assert_non_null(t->feed);
}

static inline void feed_test_open(struct feed_test *t, uint64_t ns)
{
    feed_test_open_by(t, ns, feed_test_write);
}

static inline void feed_test_open_pv(struct feed_test *t, uint64_t ns)
{
    feed_test_open_by(t, ns, feed_test_write_pv);
}

static inline void feed_test_close(struct feed_test *t)
{
    feed_close(t->feed);
    idtap_iter_close(t->iter);
    idtap_trace_close(t->trace);
    test_remove(t->dir);
}

#endif /* TESTS_FEED_TEST_H */
