/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intervals: whatever their length, together they count what is in the trace,
 * each in its time; names and losses with them.
 */
#include <string.h>

#include "feed_test.h"

static uint64_t count(const struct interval *in, uint16_t domain,
                      enum idtap_table table, uint64_t key)
{
    const struct idtap_row *row = test_row(in->stats, domain, table, key);

    return row ? row->count : 0;
}

/* Milliseconds: in each what happens in it. */
static void milliseconds(void **state)
{
    static const uint64_t nmis[] = { 0, 1000, 1 }, lost[] = { 0, 0, 7 };
    static const char *const names[] = { "web", "web", "shop" };
    struct feed_test t;
    struct interval in;
    char text[DOMAIN_TEXT_LEN];
    unsigned int i;

    (void)state;
    feed_test_open(&t, MS);
    for ( i = 0; i < 3; i++ )
    {
        const struct idtap_row *row;

        assert_int_equal(feed_next(t.feed, &in), 1);
        assert_int_equal(in.number, i + 1);
        assert_int_equal(in.begin, TEST_START + i * MS);
        if ( i < 2 )
            assert_int_equal(in.ns, MS);
        assert_int_equal(in.realtime_ns,
                         1700000000123456789 + in.end - TEST_START);
        row = test_row(in.stats, 1, IDTAP_TAB_EXIT, MSR);
        assert_int_equal(row->count, 100);
        /* While CPU 1 is blind no exit is paired. */
        assert_int_equal(row->time.count, i < 2 ? 100 : 50);
        assert_int_equal(row->time.max, 2000);
        assert_int_equal(count(&in, 1, IDTAP_TAB_INJECT, 0xf3), 100);
        assert_int_equal(count(&in, 2, IDTAP_TAB_NMI, 0), nmis[i]);
        assert_int_equal(in.lost, lost[i]);
        assert_int_equal(in.lost_total, lost[i]);
        assert_int_equal(in.nr_cpus, i ? 2 : 1);
        assert_string_equal(domain_names_get(in.names, 1), names[i]);
        assert_int_equal(domain_names_life(in.names, 1), i == 2);
        assert_string_equal(domain_names_text(in.names, 2, text), "d2 (db?)");
    }
    assert_int_equal(feed_next(t.feed, &in), 0);
    assert_int_equal(feed_next(t.feed, &in), 0);
    feed_test_close(&t);
}

/* Of any length, also shorter than records are apart, and endless. */
static void any_length(void **state)
{
    static const uint64_t lengths[] = {
        1, 700, 1000, 7777, 100000, MS, 10 * MS, UINT64_MAX
    };
    unsigned int i;

    (void)state;
    for ( i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++ )
    {
        uint64_t exits = 0, nmis = 0, end = TEST_START, lost = 0, n = 0;
        struct feed_test t;
        struct interval in;
        int rc;

        feed_test_open(&t, lengths[i]);
        while ( (rc = feed_next(t.feed, &in)) > 0 )
        {
            assert_int_equal(in.begin, end);
            assert_true(in.end > in.begin);
            end = in.end;
            exits += count(&in, 1, IDTAP_TAB_EXIT, MSR);
            nmis += count(&in, 2, IDTAP_TAB_NMI, 0);
            lost += in.lost;
            n++;
        }
        assert_int_equal(rc, 0);
        assert_int_equal(exits, 300);
        assert_int_equal(nmis, 1001);
        assert_int_equal(lost, 7);
        assert_true(lengths[i] < 10 * MS || n == 1);
        feed_test_close(&t);
    }
}

/* Nothing for an hour: one interval, not a million. */
static void gap(void **state)
{
    struct feed_test t = { .dir = test_dir() };
    struct idtap_trace_info info = test_info();
    static struct idtap_error err;
    struct idtap_select select;
    struct test_stream s;
    struct interval in;

    (void)state;
    test_metadata(t.dir, &info);
    test_stream_open(&s, t.dir, 0, IDTAP_PACKET_SIZE_MIN);
    test_raise(&s, 0, 0, 1);
    test_stream_flush(&s);
    s.tsc += 3600ull * 1000 * MS;
    test_raise(&s, 0, 0, 1);
    test_stream_flush(&s);
    s.tsc = UINT64_MAX;
    test_raise(&s, 0, 0, 1);
    test_stream_close(&s);
    idtap_select_init(&select);
    assert_int_equal(idtap_trace_open(t.dir, &t.trace, &err), 0);
    assert_int_equal(idtap_iter_open(t.trace, NULL, &t.iter), 0);
    t.feed = feed_trace(t.trace, t.iter, MS, &select);

    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(in.ns, MS);
    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(in.ns, (3600ull * 1000 - 1) * MS);
    assert_int_equal(feed_next(t.feed, &in), 1);
    /* The last tick that there can be belongs to the last interval. */
    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(in.end, UINT64_MAX);
    assert_int_equal(feed_next(t.feed, &in), 0);
    feed_test_close(&t);
}

/* Another choice holds from the next interval on. */
static void choice(void **state)
{
    struct idtap_select select;
    struct feed_test t;
    struct interval in;

    (void)state;
    feed_test_open(&t, MS);
    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(count(&in, 1, IDTAP_TAB_EXIT, MSR), 100);
    idtap_select_init(&select);
    select.classes = IDTAP_CLASS_NMI;
    assert_int_equal(feed_select(t.feed, &select), 0);
    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(count(&in, 1, IDTAP_TAB_EXIT, MSR), 0);
    assert_int_equal(count(&in, 2, IDTAP_TAB_NMI, 0), 1000);
    feed_test_close(&t);
}

/*
 * From a time on: intervals begin there, and what was lost before is no loss.
 * The loss is told by CPU 1's last packet, which begins at 2 ms.
 */
static void window(void **state)
{
    static const struct { unsigned int from; uint64_t exits, lost; } cases[] = {
        { 0, 300, 7 }, { MS / 2, 250, 7 }, { 2 * MS, 100, 7 },
        { 2 * MS + 3 * MS / 4, 25, 0 },
    };
    struct feed_test t;
    struct interval in;
    unsigned int i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        uint64_t from = TEST_START + cases[i].from, exits = 0;
        bool first = true;

        feed_test_open(&t, MS);
        idtap_iter_window(t.iter, from, UINT64_MAX);
        feed_from(t.feed, from);
        while ( feed_next(t.feed, &in) > 0 )
        {
            assert_true(in.begin >= from);
            if ( first )
                assert_int_equal(in.begin, from);
            first = false;
            exits += count(&in, 1, IDTAP_TAB_EXIT, MSR);
        }
        assert_int_equal(exits, cases[i].exits);
        assert_int_equal(in.lost_total, cases[i].lost);
        feed_test_close(&t);
    }
}

/* Names: ids are used again; one that becomes known is not another guest. */
static void names(void **state)
{
    struct domain_names *n = domain_names_create();

    (void)state;
    assert_null(domain_names_get(n, 5));
    assert_int_equal(domain_names_set(n, 5, ""), 0);
    assert_int_equal(domain_names_set(n, 5, "a"), 0);
    assert_int_equal(domain_names_life(n, 5), 0);
    assert_int_equal(domain_names_set(n, 5, "a"), 0);
    assert_int_equal(domain_names_life(n, 5), 0);
    assert_int_equal(domain_names_set(n, 5, "b"), 0);
    assert_int_equal(domain_names_life(n, 5), 1);
    assert_int_equal(domain_names_set(n, 5, ""), 0);
    assert_string_equal(domain_names_get(n, 5), "b");
    assert_int_equal(domain_names_life(n, 5), 1);
    assert_int_equal(domain_names_find(n, "b"), 5);
    assert_true(domain_names_find(n, "a") < 0);
    assert_int_equal(domain_names_set(n, 6, "b"), 0);
    assert_true(domain_names_find(n, "b") < 0);
    assert_int_equal(domain_names_set(n, 0xffff, "x"), 0);
    assert_null(domain_names_get(n, 0xffff));
    domain_names_destroy(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(milliseconds),
        cmocka_unit_test(any_length),
        cmocka_unit_test(gap),
        cmocka_unit_test(choice),
        cmocka_unit_test(window),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
