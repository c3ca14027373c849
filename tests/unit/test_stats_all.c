/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of whole traces: the same by one thread and by many, in windows of
 * time, by CPU, and merged of two stretches.  tests/report/run has the answers.
 */
#include <string.h>

#include "common.h"
#include "stats_same.h"

#define ALL_PARTS ((IDTAP_STATS_UPCALLS << 1) - 1)

static char *dir;

static int setup(void **state)
{
    (void)state;
    dir = test_dir();
    test_small_trace(dir, 300);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_remove(dir);
    return 0;
}

static struct idtap_stats *all(unsigned int threads, uint64_t from,
                               uint64_t to, const struct idtap_select *select)
{
    static struct idtap_error err;
    struct idtap_select any;
    struct idtap_stats_options options = {
        .select = select ? select : &any, .parts = ALL_PARTS,
        .burst_min = 3, .burst_ticks = 1000, .from = from,
    };
    struct idtap_stats *s;
    struct idtap_trace *t;
    struct idtap_iter *it;

    idtap_select_init(&any);
    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_iter_open(t, NULL, &it), 0);
    if ( from || to != UINT64_MAX )
        idtap_iter_window(it, from, to);
    assert_int_equal(idtap_stats_all(it, &options, threads, &s), 0);
    idtap_iter_close(it);
    idtap_trace_close(t);
    return s;
}

static void any_number_of_threads(void **state)
{
    static const unsigned int threads[] = { 2, 3, 5, 16, 1000 };
    struct idtap_stats *one = all(1, 0, UINT64_MAX, NULL), *many;
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(threads) / sizeof(threads[0]); i++ )
    {
        many = all(threads[i], 0, UINT64_MAX, NULL);
        same(one, many);
        idtap_stats_destroy(many);
    }
    idtap_stats_destroy(one);
}

/* Windows that tile the trace hold each record once. */
static void windows(void **state)
{
    struct idtap_stats *whole = all(1, 0, UINT64_MAX, NULL), *part;
    uint64_t first, last, at, step, sum = 0, n, chosen, a, b;

    (void)state;
    assert_true(idtap_stats_span(whole, &first, &last));
    step = (last - first) / 7 + 1;
    for ( at = first; at <= last; at += step )
    {
        part = all(1 + (unsigned int)(at % 3), at, at + step, NULL);
        n = idtap_stats_records(part, &chosen);
        assert_true(n > 0);
        sum += n;
        assert_true(idtap_stats_span(part, &a, &b));
        assert_true(a >= at && b < at + step);
        idtap_stats_destroy(part);
    }
    assert_int_equal(sum, idtap_stats_records(whole, &chosen));

    /* Behind it all, and one record wide. */
    part = all(1, last + 1, UINT64_MAX, NULL);
    assert_int_equal(idtap_stats_records(part, &chosen), 0);
    idtap_stats_destroy(part);
    part = all(2, last, last + 1, NULL);
    assert_true(idtap_stats_records(part, &chosen) > 0);
    idtap_stats_destroy(part);
    idtap_stats_destroy(whole);
}

static void by_cpu(void **state)
{
    struct idtap_select select;
    struct idtap_stats *whole = all(1, 0, UINT64_MAX, NULL), *part;
    uint64_t chosen, sum = 0, all_chosen;
    unsigned int cpu;

    (void)state;
    for ( cpu = 0; cpu < 2; cpu++ )
    {
        idtap_select_init(&select);
        memset(select.cpus, 0, sizeof(select.cpus));
        select.cpus[0] = 1u << cpu;
        part = all(2, 0, UINT64_MAX, &select);
        idtap_stats_records(part, &chosen);
        assert_int_equal(chosen, idtap_stats_cpu(whole, cpu).records);
        sum += chosen;
        idtap_stats_destroy(part);
    }
    idtap_stats_records(whole, &all_chosen);
    assert_int_equal(sum, all_chosen);
    idtap_stats_destroy(whole);
}

/* Two stretches: counts add up, whatever was open between them. */
static void stretches(void **state)
{
    struct idtap_stats *whole = all(1, 0, UINT64_MAX, NULL), *a, *b;
    uint64_t first, last, middle, chosen;
    unsigned int i, n;
    const struct idtap_domain_stats **d;

    (void)state;
    assert_true(idtap_stats_span(whole, &first, &last));
    middle = first + (last - first) / 2;
    a = all(1, 0, middle, NULL);
    b = all(2, middle, UINT64_MAX, NULL);
    assert_int_equal(idtap_stats_merge(a, b), 0);
    assert_int_equal(idtap_stats_records(a, &chosen),
                     idtap_stats_records(whole, &chosen));

    d = idtap_stats_domains(whole, &n);
    for ( i = 0; i < n; i++ )
    {
        unsigned int k, nr, nr_a;
        const struct idtap_domain_stats **da = idtap_stats_domains(a, &nr_a);
        const struct idtap_arrival_row **x = idtap_stats_arrivals(d[i], &nr);
        const struct idtap_arrival_row **y;

        assert_int_equal(nr_a, n);
        y = idtap_stats_arrivals(da[i], &nr_a);
        assert_int_equal(nr, nr_a);
        for ( k = 0; k < nr; k++ )
        {
            assert_int_equal(x[k]->key, y[k]->key);
            assert_int_equal(x[k]->count, y[k]->count);
            /* But one gap, the one between the two. */
            assert_int_equal(x[k]->gap.count, y[k]->gap.count + 1);
        }
        free(x);
        free(y);
        free(da);
    }
    free(d);
    idtap_stats_destroy(a);
    idtap_stats_destroy(b);
    idtap_stats_destroy(whole);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(any_number_of_threads),
        T(windows),
        T(by_cpu),
        T(stretches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
