/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clock maps and merged traces: hosts whose TSCs begin anywhere and tick at any
 * rate, with known offsets; clocks that were set, and nonsense.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <idtap/merge.h>
#include <idtap/metastream.h>

#include "common.h"

#define START_NS 1700000000000000000ull

/* A host: its TSC at START_NS, and how fast that ticks. */
struct host {
    uint64_t tsc, khz;
};

static uint64_t tsc_at(const struct host *h, uint64_t ns)
{
    return h->tsc + (uint64_t)((unsigned __int128)ns * h->khz / 1000000);
}

struct sync {
    uint64_t tsc, realtime_ns, uncertainty_ns;
};

/* A trace of one pCPU with records at these times, in ns since START_NS. */
static char *make(const struct host *h, const struct sync *syncs,
                  unsigned int nr_syncs, const uint64_t *times,
                  unsigned int nr, uint16_t domain)
{
    struct idtap_trace_info info = test_info();
    struct idtap_metastream *ms;
    struct test_stream s;
    char *dir = test_dir();
    unsigned int i;
    int fd;

    info.tsc_khz = h->khz;
    info.start_tsc = h->tsc;
    info.start_realtime_ns = START_NS;
    test_metadata(dir, &info);

    fd = open(dir, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    assert_int_equal(idtap_metastream_attach(ms, h->tsc), 0);
    for ( i = 0; i < nr_syncs; i++ )
        assert_int_equal(idtap_metastream_clock_sync(ms, syncs[i].tsc,
                             syncs[i].realtime_ns, 0,
                             syncs[i].uncertainty_ns), 0);
    assert_int_equal(idtap_metastream_close(ms), 0);
    close(fd);

    test_stream_open(&s, dir, 3, IDTAP_PACKET_SIZE_MIN);
    s.tsc = s.h.timestamp_begin = h->tsc;
    for ( i = 0; i < nr; i++ )
        test_vm_entry(&s, (unsigned int)(tsc_at(h, times[i]) - s.tsc), domain,
                      0);
    test_stream_close(&s);
    return dir;
}

static struct idtap_clock_map *map_of(const struct host *h,
                                      const struct sync *syncs,
                                      unsigned int nr)
{
    static struct idtap_error err;
    const uint64_t time = 0;
    char *dir = make(h, syncs, nr, &time, 1, 1);
    struct idtap_clock_map *map;
    struct idtap_trace *t;

    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_clock_map_load(t, &map), 0);
    idtap_trace_close(t);
    test_remove(dir);
    return map;
}

static const struct host slow = { 5000000, 1000000 },
                         fast = { 77000000000000ull, 2893437 };

static void maps(void **state)
{
    /* The host's clock is slewed by 100 ppm in the second second. */
    const struct sync syncs[] = {
        { tsc_at(&fast, 1000000000), START_NS + 1000000000, 20000 },
        { tsc_at(&fast, 2000000000), START_NS + 2000000000, 15000 },
        { tsc_at(&fast, 3000000000), START_NS + 3000100000, 17000 },
    };
    struct idtap_clock_map *m = map_of(&fast, syncs, 3);
    struct idtap_clock_quality q = idtap_clock_map_quality(m);
    unsigned int hint = 0, i;
    int64_t last = 0;
    static const struct { uint64_t at; int64_t ns; } want[] = {
        { 0, 0 }, { 999999000, 999999000 }, { 1000000000, 1000000000 },
        { 1234567890, 1234567890 }, { 2000000000, 2000000000 },
        { 2500000000, 2500050000 }, { 3000000000, 3000100000 },
        { 4000000000, 4000100000 },
    };

    (void)state;
    for ( i = 0; i < sizeof(want) / sizeof(want[0]); i++ )
    {
        uint64_t tsc = tsc_at(&fast, want[i].at);
        int64_t ns = idtap_clock_map_ns(m, tsc, &hint) - (int64_t)START_NS;

        assert_true(llabs(ns - want[i].ns) <= 1);
        assert_int_equal(ns + (int64_t)START_NS,
                         idtap_clock_map_ns(m, tsc, NULL));
        assert_true(ns >= last);
        last = ns;
        /* And back. */
        tsc = idtap_clock_map_tsc(m, ns + (int64_t)START_NS);
        assert_int_equal(idtap_clock_map_ns(m, tsc, NULL),
                         ns + (int64_t)START_NS);
        assert_true(idtap_clock_map_ns(m, tsc - 1, NULL) <
                    ns + (int64_t)START_NS);
    }
    assert_int_equal(q.syncs, 3);
    assert_int_equal(q.uncertainty_ns, 20000);
    assert_int_equal(q.steps, 0);
    assert_true(llabs(q.drift_ppb - 50000) < 10);
    idtap_clock_map_free(m);
}

static void steps(void **state)
{
    /* Set forth by an hour, then back by 2 s; what follows is right. */
    const struct sync syncs[] = {
        { tsc_at(&slow, 0), START_NS - 3598000000000, 100 },
        { tsc_at(&slow, 1000000000), START_NS - 3597000000000, 100 },
        { tsc_at(&slow, 2000000000), START_NS + 4000000000, 100 },
        { tsc_at(&slow, 3000000000), START_NS + 3000000000, 900 },
        { tsc_at(&slow, 4000000000), START_NS + 4000000000, 300 },
    };
    struct idtap_clock_map *m = map_of(&slow, syncs, 5);
    struct idtap_clock_quality q = idtap_clock_map_quality(m);
    uint64_t at;

    (void)state;
    assert_int_equal(q.steps, 2);
    assert_int_equal(q.step_ns, -2000000000);
    assert_int_equal(q.syncs, 2);
    assert_int_equal(q.uncertainty_ns, 900);
    for ( at = 0; at < 5000000000; at += 499999999 )
        assert_int_equal(idtap_clock_map_ns(m, tsc_at(&slow, at), NULL),
                         START_NS + at);
    idtap_clock_map_free(m);
}

static void few_and_nonsense(void **state)
{
    const struct sync bad[] = {
        { tsc_at(&slow, 5), UINT64_MAX, 0 },
        { tsc_at(&slow, 10), START_NS + 10, UINT64_MAX },
        { tsc_at(&slow, 10), START_NS + 11, 5 },   /* the same moment */
        { tsc_at(&slow, 20), START_NS + 10, 5 },   /* no progress */
        { UINT64_MAX, INT64_MAX, UINT64_MAX },
    };
    struct idtap_clock_map *m = map_of(&slow, NULL, 0);
    struct idtap_clock_quality q = idtap_clock_map_quality(m);
    unsigned int hint = 0, i;
    int64_t last = INT64_MIN;

    (void)state;
    /* Without syncs: by the metadata's start. */
    assert_int_equal(q.syncs, 0);
    assert_true(q.uncertainty_ns == UINT64_MAX);
    assert_int_equal(idtap_clock_map_ns(m, tsc_at(&slow, 123), NULL),
                     START_NS + 123);
    assert_int_equal(idtap_clock_map_ns(m, slow.tsc - 1000, NULL),
                     START_NS - 1000);
    assert_true(idtap_clock_map_ns(m, UINT64_MAX, NULL) == INT64_MAX);
    idtap_clock_map_free(m);

    m = map_of(&slow, bad, 5);
    for ( i = 0; i < 64; i++ )
    {
        int64_t ns = idtap_clock_map_ns(m, 1ull << i, &hint);

        assert_true(ns >= last);
        assert_int_equal(ns, idtap_clock_map_ns(m, 1ull << i, NULL));
        last = ns;
    }
    idtap_clock_map_free(m);
}

#define NR 3000u

struct input {
    char *dir;
    struct idtap_trace *t;
    struct idtap_clock_map *map;
    struct idtap_iter *iter;
    struct idtap_stats *stats;
};

static void open_input(struct input *in, struct idtap_merge_input *out)
{
    static struct idtap_error err;
    struct idtap_select all;

    idtap_select_init(&all);
    in->stats = idtap_stats_create(&all);
    assert_non_null(in->stats);
    assert_int_equal(idtap_trace_open(in->dir, &in->t, &err), 0);
    assert_int_equal(idtap_clock_map_load(in->t, &in->map), 0);
    assert_int_equal(idtap_iter_open(in->t, NULL, &in->iter), 0);
    *out = (struct idtap_merge_input){ in->iter, in->map };
}

static void close_input(struct input *in)
{
    idtap_stats_destroy(in->stats);
    idtap_iter_close(in->iter);
    idtap_clock_map_free(in->map);
    idtap_trace_close(in->t);
    test_remove(in->dir);
}

/* Two hosts take turns, at times that only both together make a sequence of. */
static void order(void **state)
{
    static uint64_t times[2][NR];
    static const struct host hosts[2] = {
        { 5000000, 1000000 }, { 77000000000000ull, 2893437 },
    };
    static const uint16_t domains[2] = { 1, 2 };
    uint64_t now = 100, packets[2] = { 0 };
    unsigned int i, n[2] = { 0 }, seen[2] = { 0 }, turns = 0, which = 2;
    struct idtap_merge_input inputs[2];
    struct idtap_merge *m;
    struct idtap_run run;
    struct input in[2];
    int64_t last = 0;
    uint32_t seed = 1;
    int rc;

    (void)state;
    while ( n[0] < NR && n[1] < NR )
    {
        seed = seed * 1664525 + 1013904223;
        now += 5 + (seed >> 16) % 5000;
        i = seed >> 30 & 1;
        times[i][n[i]++] = now;
    }
    for ( i = 0; i < 2; i++ )
    {
        struct sync syncs[] = {
            { tsc_at(&hosts[i], 0), START_NS, 50 },
            { tsc_at(&hosts[i], now / 2), START_NS + now / 2, 50 },
            { tsc_at(&hosts[i], now), START_NS + now, 50 },
        };

        in[i].dir = make(&hosts[i], syncs, 3, times[i], n[i], domains[i]);
        open_input(&in[i], &inputs[i]);
    }

    assert_int_equal(idtap_merge_open(inputs, 2, &m), 0);
    while ( (rc = idtap_merge_next(m, &i, &run)) > 0 )
    {
        const uint8_t *p;

        assert_true(i < 2);
        assert_int_equal(idtap_stats_run(in[i].stats, &run), 0);
        if ( run.cpu < 0 )
            continue;
        packets[i] += run.packet_begins;
        turns += run.begin < run.end && i != which;
        if ( run.begin < run.end )
            which = i;
        for ( p = run.begin; p < run.end; p = idtap_record_next(p) )
        {
            const struct idtap_record *r = idtap_record_at(p);
            int64_t ns = idtap_clock_map_ns(in[i].map, r->tsc, NULL) -
                         (int64_t)START_NS;

            assert_int_equal(r->domain, domains[i]);
            assert_true(ns >= last);
            last = ns;
            assert_true(llabs(ns - (int64_t)times[i][seen[i]]) <= 1);
            seen[i]++;
        }
    }
    assert_int_equal(rc, 0);
    assert_true(turns > NR / 2);

    for ( i = 0; i < 2; i++ )
    {
        struct idtap_cpu_stats c = idtap_stats_cpu(in[i].stats, 3);

        /* Parts of runs add up to what was read alone. */
        assert_int_equal(seen[i], n[i]);
        assert_int_equal(c.records, n[i]);
        assert_int_equal(c.packets, packets[i]);
        assert_true(packets[i] > 5);
        assert_int_equal(c.discarded + c.lost_packets, 0);
    }
    idtap_merge_close(m);
    close_input(&in[0]);
    close_input(&in[1]);
}

/* At the same moment the first input goes first; an input may be empty. */
static void ties_and_ends(void **state)
{
    const uint64_t times[] = { 10, 20, 20, 30 };
    const struct host h = { 5000000, 1000000 };
    static const unsigned int want[] = { 0, 1, 0, 0, 1, 1, 0, 1 };
    struct idtap_merge_input inputs[2];
    struct idtap_merge *m;
    struct idtap_run run;
    struct input in[2];
    unsigned int i, n = 0;

    (void)state;
    assert_int_equal(idtap_merge_open(NULL, 0, &m), 0);
    assert_int_equal(idtap_merge_next(m, &i, &run), 0);
    idtap_merge_close(m);
    idtap_merge_close(NULL);

    for ( i = 0; i < 2; i++ )
    {
        in[i].dir = make(&h, NULL, 0, times, 4, 1);
        open_input(&in[i], &inputs[i]);
    }
    assert_int_equal(idtap_merge_open(inputs, 2, &m), 0);
    while ( idtap_merge_next(m, &i, &run) > 0 )
    {
        const uint8_t *p;

        for ( p = run.begin; run.cpu >= 0 && p < run.end;
              p = idtap_record_next(p) )
        {
            assert_true(n < 8);
            assert_int_equal(i, want[n++]);
        }
    }
    assert_int_equal(n, 8);
    assert_int_equal(idtap_merge_next(m, &i, &run), 0);
    idtap_merge_close(m);
    close_input(&in[0]);
    close_input(&in[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps),
        cmocka_unit_test(steps),
        cmocka_unit_test(few_and_nonsense),
        cmocka_unit_test(order),
        cmocka_unit_test(ties_and_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
