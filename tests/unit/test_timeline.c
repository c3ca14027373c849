/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timelines: states and events against worked answers, series against a plain
 * array, limits; heat maps; and the durations that statistics tell of.
 */
#include <string.h>

#include <idtap/heatmap.h>
#include <idtap/timeline.h>

#include "common.h"
#include "series.h"

static struct idtap_timeline *timeline(const char *dir, uint32_t max_cells,
                                       const struct idtap_select *select)
{
    static struct idtap_error err;
    struct idtap_select all;
    struct idtap_timeline *tl;
    struct idtap_trace *t;
    struct idtap_iter *it;
    struct idtap_run run;

    idtap_select_init(&all);
    tl = idtap_timeline_create(select ? select : &all, IDTAP_VENDOR_SVM,
                               TEST_KHZ, max_cells);
    assert_non_null(tl);
    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_iter_open(t, NULL, &it), 0);
    while ( idtap_iter_next(it, &run) > 0 )
        assert_int_equal(idtap_timeline_run(tl, &run), 0);
    assert_int_equal(idtap_timeline_finish(tl), 0);
    idtap_iter_close(it);
    idtap_trace_close(t);
    return tl;
}

static uint64_t sum(const struct idtap_series *s)
{
    uint64_t n = 0, end = 0;
    uint32_t i;

    for ( i = 0; i < s->nr; i++ )
    {
        assert_true(i == 0 || s->cell[i].bin >= end);
        end = (uint64_t)s->cell[i].bin + s->cell[i].run;
        n += s->cell[i].run * s->cell[i].value;
    }
    return n;
}

static const struct idtap_lane *lane(const struct idtap_timeline *t, int cpu,
                                     uint16_t domain, uint16_t vcpu)
{
    unsigned int i, nr;
    const struct idtap_lane **all = idtap_timeline_lanes(t, &nr), *l = NULL;

    for ( i = 0; i < nr; i++ )
        if ( all[i]->cpu == cpu && (cpu >= 0 || (all[i]->domain == domain &&
                                                 all[i]->vcpu == vcpu)) )
            l = all[i];
    free(all);
    return l;
}

#define CLASS_NR(c) __builtin_ctz(c)

/* A trace under construction, of one pCPU. */
struct one {
    char *dir;
    struct test_stream s;
};

static void begin(struct one *o)
{
    struct idtap_trace_info info = test_info();

    o->dir = test_dir();
    test_metadata(o->dir, &info);
    test_stream_open(&o->s, o->dir, 0, IDTAP_PACKET_SIZE_MIN);
}

static struct idtap_timeline *end(struct one *o)
{
    struct idtap_timeline *t;

    test_stream_close(&o->s);
    t = timeline(o->dir, 100000, NULL);
    test_remove(o->dir);
    return t;
}

static void states(void **state)
{
    const struct idtap_lane *c, *v;
    struct idtap_timeline *t;
    struct one o;

    (void)state;
    begin(&o);
    test_vm_entry(&o.s, 5, 1, 0);
    test_vm_exit(&o.s, 100000, 1, 0, 0x72);
    test_irq_enter(&o.s, 1000, 1, 0xfa, IDTAP_OWNER_DIRECT, -1, 0, 0);
    test_nmi_enter(&o.s, 40, 1);
    test_plain(&o.s, 7, IDTAP_EV_NMI_EXIT, 1, 2, 0);
    test_plain(&o.s, 60, IDTAP_EV_IRQ_EXIT, 1, 0xfa, 0);
    test_plain(&o.s, 20, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, 0);
    test_plain(&o.s, 300, IDTAP_EV_SOFTIRQ_EXIT, 1, 0, 0);
    test_inject(&o.s, 50, 1, 0x30, 0);
    test_inject(&o.s, 1, 1, 0x31, IDTAP_F_REINJECT);
    test_vm_entry(&o.s, 9, 1, 0);
    /* On AMD the interrupt comes before the exit that it causes. */
    test_irq_enter(&o.s, 5000, 1, 0xfb, IDTAP_OWNER_DIRECT, -1, 0,
                   IDTAP_F_IN_GUEST);
    test_plain(&o.s, 70, IDTAP_EV_IRQ_EXIT, 1, 0xfb, IDTAP_F_IN_GUEST);
    test_vm_exit(&o.s, 30, 1, 0, 0x60);
    test_vm_entry(&o.s, 2, 1, 0);
    test_vm_exit(&o.s, 11, 1, 0, 0x78);
    test_vm_entry(&o.s, 9000, 1, 0);
    t = end(&o);

    assert_int_equal(idtap_timeline_first(t), TEST_START + 5);
    assert_int_equal(idtap_timeline_span(t), o.s.tsc - TEST_START - 5);
    c = lane(t, 0, 0, 0);
    assert_int_equal(sum(&c->time[IDTAP_TL_GUEST]), 100000 + 5000 + 11);
    assert_int_equal(sum(&c->time[IDTAP_TL_XEN]),
                     1000 + 20 + 50 + 1 + 9 + 30 + 2);
    assert_int_equal(sum(&c->time[IDTAP_TL_IRQ]), 40 + 60 + 70);
    assert_int_equal(sum(&c->time[IDTAP_TL_NMI]), 7);
    assert_int_equal(sum(&c->time[IDTAP_TL_SOFTIRQ]), 300);
    assert_int_equal(sum(&c->time[IDTAP_TL_IDLE]), 9000);
    assert_int_equal(sum(&c->time[IDTAP_TL_OTHER]), 0);
    assert_int_equal(sum(&c->time[IDTAP_TL_LOST]), 0);

    v = lane(t, -1, 1, 0);
    assert_int_equal(sum(&v->time[IDTAP_TL_GUEST]), 100000 + 5100 + 11);
    assert_int_equal(sum(&v->time[IDTAP_TL_XEN]), 1487 + 2);
    assert_int_equal(sum(&v->time[IDTAP_TL_IDLE]), 9000);

    /* Ends and repetitions do not count. */
    assert_int_equal(sum(&c->events[CLASS_NR(IDTAP_CLASS_EXIT)]), 3);
    assert_int_equal(sum(&c->events[CLASS_NR(IDTAP_CLASS_IRQ)]), 2);
    assert_int_equal(sum(&c->events[CLASS_NR(IDTAP_CLASS_NMI)]), 1);
    assert_int_equal(sum(&c->events[CLASS_NR(IDTAP_CLASS_SOFTIRQ)]), 1);
    assert_int_equal(sum(&c->events[CLASS_NR(IDTAP_CLASS_INJECT)]), 1);
    assert_int_equal(sum(&v->events[CLASS_NR(IDTAP_CLASS_INJECT)]), 1);
    idtap_timeline_destroy(t);
}

static void switches(void **state)
{
    const struct idtap_lane *c, *v;
    struct idtap_timeline *t;
    struct one o;

    (void)state;
    begin(&o);
    test_vm_entry(&o.s, 0, 1, 0);
    test_vm_exit(&o.s, 100, 1, 0, 0x400);
    /* To dom0, which leaves no records but what interrupts it. */
    test_plain(&o.s, 200, IDTAP_EV_SOFTIRQ_ENTER, 1, 3, 0);
    test_irq_enter(&o.s, 3000, 0, 0xfa, IDTAP_OWNER_DIRECT, -1, 0, 0);
    test_plain(&o.s, 10, IDTAP_EV_IRQ_EXIT, 0, 0xfa, 0);
    /* To Xen's idle vCPU. */
    test_plain(&o.s, 500, IDTAP_EV_SOFTIRQ_ENTER, 0, 3, 0);
    test_irq_enter(&o.s, 20000, IDTAP_DOMID_IDLE, 0xfa, IDTAP_OWNER_DIRECT,
                   -1, 0, 0);
    test_plain(&o.s, 20, IDTAP_EV_IRQ_EXIT, IDTAP_DOMID_IDLE, 0xfa, 0);
    test_plain(&o.s, 4000, IDTAP_EV_SOFTIRQ_ENTER, IDTAP_DOMID_IDLE, 3, 0);
    test_inject(&o.s, 30, 1, 0xf3, 0);
    test_vm_entry(&o.s, 1, 1, 0);
    t = end(&o);

    c = lane(t, 0, 0, 0);
    assert_int_equal(sum(&c->time[IDTAP_TL_GUEST]), 100);
    assert_int_equal(sum(&c->time[IDTAP_TL_XEN]), 200 + 1);
    assert_int_equal(sum(&c->time[IDTAP_TL_OTHER]), 3000 + 500);
    assert_int_equal(sum(&c->time[IDTAP_TL_IDLE]), 20000 + 4000);
    assert_int_equal(sum(&c->time[IDTAP_TL_IRQ]), 10 + 20);
    assert_int_equal(sum(&c->time[IDTAP_TL_SOFTIRQ]), 30);

    v = lane(t, -1, 0, 0);
    assert_int_equal(sum(&v->time[IDTAP_TL_OTHER]), 3500);
    assert_int_equal(sum(&v->events[CLASS_NR(IDTAP_CLASS_IRQ)]), 1);
    assert_null(lane(t, -1, IDTAP_DOMID_IDLE, 0));
    idtap_timeline_destroy(t);
}

static void losses(void **state)
{
    const struct idtap_lane *c, *v;
    struct idtap_timeline *t;
    struct one o;

    (void)state;
    begin(&o);
    test_vm_entry(&o.s, 0, 1, 0);
    test_vm_exit(&o.s, 100, 1, 0, 0x72);
    o.s.h.events_discarded = 7;
    test_stream_flush(&o.s);
    test_vm_entry(&o.s, 5000, 1, 0);
    test_vm_exit(&o.s, 200, 1, 0, 0x72);
    test_stream_flush(&o.s);
    o.s.h.packet_seq_num += 2; /* two packets are missing */
    test_vm_entry(&o.s, 3000, 1, 0);
    test_vm_exit(&o.s, 400, 1, 0, 0x72);
    t = end(&o);

    c = lane(t, 0, 0, 0);
    assert_int_equal(sum(&c->time[IDTAP_TL_GUEST]), 100 + 200 + 400);
    assert_int_equal(sum(&c->time[IDTAP_TL_XEN]), 0);
    assert_int_equal(sum(&c->time[IDTAP_TL_LOST]), 5000 + 3000);
    v = lane(t, -1, 1, 0);
    assert_int_equal(sum(&v->time[IDTAP_TL_GUEST]), 700);
    assert_int_equal(sum(&v->time[IDTAP_TL_XEN]), 0);
    idtap_timeline_destroy(t);
}

static void limits_and_selection(void **state)
{
    char *dir = test_dir();
    uint64_t records = test_small_trace(dir, 5000), n = 0;
    struct idtap_timeline *t = timeline(dir, 200, NULL);
    struct idtap_select select;
    unsigned int cpu, i, cells = 0;

    (void)state;
    assert_true(records > 100000);
    for ( cpu = 0; cpu < 2; cpu++ )
    {
        const struct idtap_lane *c = lane(t, (int)cpu, 0, 0);

        for ( i = 0; i < IDTAP_TL_CLASSES; i++ )
        {
            n += sum(&c->events[i]);
            cells += c->events[i].nr;
        }
        for ( i = 0; i < IDTAP_TL_STATES; i++ )
            cells += c->time[i].nr;
    }
    /* Of a round's 13 records seven count. */
    assert_int_equal(n, records / 13 * 7);
    assert_true(cells > 50 && cells <= 200);
    assert_true(idtap_timeline_shift(t) > 7);
    idtap_timeline_destroy(t);

    idtap_select_init(&select);
    idtap_select_domain(&select, 5);
    t = timeline(dir, 100000, &select);
    assert_null(lane(t, -1, 1, 0));
    assert_non_null(lane(t, 1, 0, 0));
    assert_int_equal(sum(&lane(t, 1, 0, 0)
                              ->events[CLASS_NR(IDTAP_CLASS_EXIT)]), 0);
    assert_true(sum(&lane(t, 1, 0, 0)->time[IDTAP_TL_IRQ]) > 0);
    assert_false(idtap_timeline_left_out(t));
    idtap_timeline_destroy(t);
    test_remove(dir);
}

#define BINS 4096u

static uint32_t next(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)*seed * n) >> 32);
}

/* A series is what an array of bins would be, whatever its bins' width. */
static void series_is_an_array(void **state)
{
    const unsigned int shift = 4;
    uint32_t seed, i, k, round;

    (void)state;
    for ( seed = 1; seed < 200; seed++ )
    {
        static uint64_t plain[BINS];
        struct idtap_series s = { 0 };
        uint64_t now = 0, cells = 0;
        uint32_t r = seed;

        memset(plain, 0, sizeof(plain));
        while ( now < (BINS - 200) << shift )
        {
            uint64_t from = now + next(&r, next(&r, 2) ? 40 : 4);
            uint64_t to = from + next(&r, next(&r, 4) ? 50 : 1500), t;

            assert_int_equal(series_add_span(&s, from, to, shift, &cells), 0);
            for ( t = from; t < to; t++ )
                plain[t >> shift]++;
            now = to;
        }

        for ( round = 0; round < 6; round++ )
        {
            uint32_t at = 0;

            assert_int_equal(cells, s.nr);
            for ( i = 0; i < s.nr; i++ )
            {
                for ( ; at < s.cell[i].bin; at++ )
                    assert_int_equal(plain[at], 0);
                for ( k = 0; k < s.cell[i].run; k++ )
                    assert_int_equal(plain[at++], s.cell[i].value);
            }
            assert_int_equal(series_coarsen(&s, shift + round, &cells), 0);
            for ( i = 0; i < BINS / 2; i++ )
                plain[i] = plain[2 * i] + plain[2 * i + 1];
            memset(plain + i, 0, sizeof(plain) / 2);
        }
        series_clear(&s);
    }
}

static void heat_map(void **state)
{
    static struct idtap_heatmap h;
    uint64_t i, n = 0, at = 0, least;
    unsigned int c, r;

    (void)state;
    for ( r = 0; r < IDTAP_HEAT_ROWS; r++ )
    {
        least = idtap_heatmap_row_ns(r);
        if ( r == 1 )
            continue; /* between 1 and 2 there is nothing */
        assert_int_equal(idtap_heatmap_row(least), r);
        if ( least > 1 )
            assert_true(idtap_heatmap_row(least - 1) < r);
    }
    assert_int_equal(idtap_heatmap_row(UINT64_MAX), IDTAP_HEAT_ROWS - 1);

    for ( i = 0; i < 10000; i++ )
        idtap_heatmap_add(&h, at += i, 100);
    assert_true(at >> h.shift < IDTAP_HEAT_COLUMNS &&
                at >> (h.shift - 1) >= IDTAP_HEAT_COLUMNS);
    assert_int_equal(h.count, 10000);
    for ( c = 0; c < IDTAP_HEAT_COLUMNS; c++ )
        n += h.cell[c][idtap_heatmap_row(100)];
    assert_int_equal(n, 10000);
    /* The first column holds those before its end: at = i (i + 1) / 2. */
    for ( i = 0; i * (i + 1) / 2 < 1ull << h.shift; i++ )
        continue;
    assert_int_equal(h.cell[0][idtap_heatmap_row(100)], i);
}

static uint64_t spans[IDTAP_DURATION_NR], ticks[IDTAP_DURATION_NR];

static void watch(void *ctx, const struct idtap_duration *span)
{
    assert_ptr_equal(ctx, spans);
    assert_int_equal(span->domain, 1);
    spans[span->kind]++;
    ticks[span->kind] += span->end - span->begin;
}

/* The durations told are those that the tables sum up. */
static void watched(void **state)
{
    static struct idtap_error err;
    char *dir = test_dir();
    struct idtap_select all;
    struct idtap_stats *s;
    struct idtap_trace *t;
    struct idtap_iter *it;
    struct idtap_run run;
    const struct idtap_row *row;

    (void)state;
    test_small_trace(dir, 100);
    idtap_select_init(&all);
    s = idtap_stats_create(&all);
    assert_non_null(s);
    idtap_stats_watch(s, watch, spans);
    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_iter_open(t, NULL, &it), 0);
    while ( idtap_iter_next(it, &run) > 0 )
        assert_int_equal(idtap_stats_run(s, &run), 0);

    row = test_row(s, 1, IDTAP_TAB_EXIT, 0x72);
    assert_int_equal(spans[IDTAP_DURATION_EXIT], 200);
    assert_int_equal(row->time.count, 200);
    assert_int_equal(ticks[IDTAP_DURATION_EXIT], row->time.sum);
    row = test_row(s, 1, IDTAP_TAB_IRQ,
                   IDTAP_IRQ_KEY(IDTAP_OWNER_DIRECT, 0xfa, -1));
    assert_int_equal(spans[IDTAP_DURATION_IRQ], 200);
    assert_int_equal(ticks[IDTAP_DURATION_IRQ], row->time.sum);
    row = test_row(s, 1, IDTAP_TAB_NMI, 0);
    assert_int_equal(spans[IDTAP_DURATION_NMI], row->time.count);
    row = test_row(s, 1, IDTAP_TAB_SOFTIRQ, 0);
    assert_int_equal(spans[IDTAP_DURATION_SOFTIRQ], row->time.count);
    assert_int_equal(spans[IDTAP_DURATION_SERVICE],
                     test_lapic_row(s, 1, 0xf3)->service.count);
    assert_int_equal(ticks[IDTAP_DURATION_TOTAL],
                     test_lapic_row(s, 1, 0xf3)->total.sum);
    assert_true(spans[IDTAP_DURATION_TOTAL] > 0);

    idtap_stats_destroy(s);
    idtap_iter_close(it);
    idtap_trace_close(t);
    test_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states),
        cmocka_unit_test(switches),
        cmocka_unit_test(losses),
        cmocka_unit_test(limits_and_selection),
        cmocka_unit_test(series_is_an_array),
        cmocka_unit_test(heat_map),
        cmocka_unit_test(watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
