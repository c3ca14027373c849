/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters for Prometheus: what a known trace gives, that series are few and
 * never go back, that names cannot break the page; and that Prometheus' own
 * checker agrees.
 */
#include <stdio.h>
#include <string.h>

#include "../../cli/metrics.h"
#include "feed_test.h"

static struct metrics m;
static struct feed_test t;

static char *print(enum metrics_format format)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    assert_non_null(f);
    metrics_print(&m, format, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void begin(unsigned int limit)
{
    m = (struct metrics){ .limit = limit };
    feed_test_open(&t, MS);
}

static void end(void)
{
    metrics_clear(&m);
    feed_test_close(&t);
}

static void next(void)
{
    struct interval in;

    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(metrics_add(&m, &in), 0);
}

/* The value of a series; -1 if there is none. */
static double value(const char *series)
{
    char *text = print(METRICS_TEXT), *p = strstr(text, series);
    double v = -1;

    while ( p && (p != text && p[-1] != '\n') )
        p = strstr(p + 1, series);
    if ( p )
        v = strtod(p + strlen(series), NULL);
    free(text);
    return v;
}

static void same(const char *series, double want)
{
    double v = value(series);

    if ( v != want )
        fail_msg("%s is %f, not %f", series, v, want);
}

#define WEB "{domain=\"1\",name=\"web\""

static void adds_up(void **state)
{
    (void)state;
    begin(20);
    next();
    same("idtap_vm_exits_total" WEB ",reason=\"MSR\"}", 100);
    next();
    same("idtap_vm_exits_total" WEB ",reason=\"MSR\"}", 200);
    same("idtap_interrupts_total" WEB ",class=\"inject\",vector=\"0xf3\"}",
         200);
    same("idtap_interrupts_total{domain=\"2\",name=\"db?\",class=\"nmi\","
         "vector=\"0x02\"}", 1000);
    same("idtap_vm_exit_seconds_bucket" WEB ",le=\"1e-06\"}", 0);
    same("idtap_vm_exit_seconds_bucket" WEB ",le=\"2e-06\"}", 200);
    same("idtap_vm_exit_seconds_bucket" WEB ",le=\"1.0\"}", 200);
    same("idtap_vm_exit_seconds_bucket" WEB ",le=\"+Inf\"}", 200);
    same("idtap_vm_exit_seconds_sum" WEB "}", 0.0004);
    same("idtap_vm_exit_seconds_count" WEB "}", 200);
    same("idtap_nmi_seconds_bucket{domain=\"2\",name=\"db?\",le=\"1e-06\"}",
         1000);
    same("idtap_lost_records_total", 0);

    /* Another guest has the id: the one that is gone is forgotten. */
    next();
    same("idtap_vm_exits_total" WEB ",reason=\"MSR\"}", -1);
    same("idtap_vm_exits_total{domain=\"1\",name=\"shop\",reason=\"MSR\"}",
         100);
    same("idtap_lost_records_total", 7);
    same("idtap_records_total", 300 * 3 + 2001);
    same("idtap_cpus", 2);
    end();
}

#define DB "{domain=\"2\",name=\"db?\""

/* PV guests, event channels, INT n, and what interception costs. */
static void pv(void **state)
{
    (void)state;
    m = (struct metrics){ .limit = 20 };
    feed_test_open_pv(&t, MS);
    next();
    same("idtap_interrupts_total" WEB ",class=\"swint\",vector=\"0x80\"}", 100);
    same("idtap_pv_traps_total" DB ",vector=\"0x0e\",where=\"guest\"}", 100);
    same("idtap_pv_traps_total" DB ",vector=\"0x0e\",where=\"xen\"}", 100);
    same("idtap_pv_upcalls_total" DB ",kind=\"event\",vector=\"none\"}", 100);
    same("idtap_pv_upcalls_total" DB ",kind=\"exception\",vector=\"0x0e\"}",
         100);
    same("idtap_evtchn_events_total" DB ",kind=\"virq\",source=\"TIMER\"}",
         100);
    same("idtap_evtchn_events_total" DB ",kind=\"interdomain\",source=\"1\"}",
         100);
    same("idtap_evtchn_upcall_seconds_bucket" DB ",le=\"1e-06\"}", 0);
    same("idtap_evtchn_upcall_seconds_bucket" DB ",le=\"2e-06\"}", 100);
    same("idtap_evtchn_upcall_seconds_sum" DB "}", 0.0002);
    same("idtap_intercepted_exits_total" WEB "}", 100);
    same("idtap_intercepted_exit_seconds_total" WEB "}", 0.0001);
    same("idtap_intercepted_exits_total" DB "}", -1);
    same("idtap_vm_exits_total" WEB ",reason=\"EXCEPTION_PF\"}", 100);
    /* 30 ports of one kind and source are one series. */
    next();
    same("idtap_evtchn_events_total" DB ",kind=\"interdomain\",source=\"1\"}",
         131);
    end();

    /* Few series: what came first, by number, and one for the rest. */
    m = (struct metrics){ .limit = 1 };
    feed_test_open_pv(&t, MS);
    next();
    same("idtap_pv_traps_total" DB ",vector=\"0x0e\",where=\"guest\"}", 100);
    same("idtap_pv_traps_total" DB ",vector=\"other\",where=\"other\"}", 100);
    same("idtap_pv_upcalls_total" DB ",kind=\"other\",vector=\"other\"}", 100);
    same("idtap_evtchn_events_total" DB ",kind=\"other\",source=\"other\"}",
         100);
    end();
}

/*
 * More vectors than series: who came first stays, the rest is one, and none
 * ever goes back.
 */
static void bounded(void **state)
{
    static struct idtap_error err;
    struct idtap_trace_info info = test_info();
    struct idtap_select select;
    struct test_stream s;
    struct interval in;
    double last[256] = { 0 }, other = 0, sum;
    unsigned int i, k;

    (void)state;
    m = (struct metrics){ .limit = 4 };
    t.dir = test_dir();
    test_metadata(t.dir, &info);
    test_stream_open(&s, t.dir, 0, IDTAP_PACKET_SIZE_MIN);
    for ( i = 0; i < 10; i++ )
    {
        /* Each time others are the most frequent. */
        for ( k = 0; k < 1000; k++ )
            test_inject(&s, 1, 1, (uint8_t)(32 + (k % (k % 3 ? 8 : 3)) + 2 * i),
                        0);
        s.tsc = TEST_START + (i + 1) * MS;
    }
    test_stream_close(&s);
    idtap_select_init(&select);
    assert_int_equal(idtap_trace_open(t.dir, &t.trace, &err), 0);
    assert_int_equal(idtap_iter_open(t.trace, NULL, &t.iter), 0);
    t.feed = feed_trace(t.trace, t.iter, MS, &select);
    while ( feed_next(t.feed, &in) > 0 )
    {
        unsigned int series = 0;

        assert_int_equal(metrics_add(&m, &in), 0);
        for ( sum = 0, i = 0; i < 256; i++ )
        {
            char name[128];
            double v;

            snprintf(name, sizeof(name), "idtap_interrupts_total{domain=\"1\","
                     "name=\"\",class=\"inject\",vector=\"0x%02x\"}", i);
            v = value(name);
            if ( v >= 0 )
            {
                series++;
                sum += v;
                assert_true(v >= last[i]);
                last[i] = v;
            }
            else
                assert_true(last[i] == 0);
        }
        assert_int_equal(series, 4);
        assert_true(value("idtap_interrupts_total{domain=\"1\",name=\"\","
                          "class=\"inject\",vector=\"other\"}") >= other);
        other = value("idtap_interrupts_total{domain=\"1\",name=\"\","
                      "class=\"inject\",vector=\"other\"}");
        assert_true(sum + other == 1000. * (double)in.number);
    }
    end();
}

/* What nobody has heard of for long goes. */
static void forgotten(void **state)
{
    struct interval in;

    (void)state;
    begin(20);
    m.forget_ns = MS / 2;
    next();
    next();
    assert_int_equal(m.nr_domains, 2);
    m.domains[1].heard_ns -= MS;
    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(metrics_add(&m, &in), 0);
    /* Heard again, and so kept; then silent for longer. */
    assert_int_equal(m.nr_domains, 2);
    in.realtime_ns += MS;
    in.stats = idtap_stats_create(&(struct idtap_select){ 0 });
    assert_int_equal(metrics_add(&m, &in), 0);
    assert_int_equal(m.nr_domains, 0);
    idtap_stats_destroy((struct idtap_stats *)(uintptr_t)in.stats);
    end();
}

static void formats(void **state)
{
    char *text;

    (void)state;
    begin(20);
    next();
    text = print(METRICS_TEXT);
    assert_non_null(strstr(text, "# TYPE idtap_vm_exits_total counter\n"));
    assert_null(strstr(text, "# EOF"));
    free(text);
    text = print(METRICS_OPENMETRICS);
    assert_non_null(strstr(text, "# TYPE idtap_vm_exits counter\n"));
    assert_non_null(strstr(text, "\nidtap_vm_exits_total{"));
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    free(text);

    /* A name that would be a label of its own, or end the line. */
    snprintf(m.domains[0].name, sizeof(m.domains[0].name),
             "a\"} 1\n\\\xc3\xa4");
    text = print(METRICS_TEXT);
    assert_non_null(strstr(text, "name=\"a\\\"} 1?\\\\\?\?\""));
    free(text);
    end();
}

static void promtool(void **state)
{
    char *dir, *path, *cmd, *text;

    (void)state;
    if ( system("promtool --version >/dev/null 2>&1") )
    {
        print_message("skipped: there is no promtool on this machine\n");
        skip();
    }
    dir = test_dir();
    path = test_path(dir, "metrics");
    begin(1);
    next();
    next();
    next();
    feed_test_close(&t);
    feed_test_open_pv(&t, MS);
    next();
    snprintf(m.domains[0].name, sizeof(m.domains[0].name), "a\"} 1\n\\\xff");
    text = print(METRICS_TEXT);
    test_write_file(path, text, strlen(text));
    assert_true(asprintf(&cmd, "promtool check metrics <'%s'", path) > 0);
    assert_int_equal(system(cmd), 0);
    free(cmd);
    free(text);
    free(path);
    test_remove(dir);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_up),
        cmocka_unit_test(pv),
        cmocka_unit_test(bounded),
        cmocka_unit_test(forgotten),
        cmocka_unit_test(formats),
        cmocka_unit_test(promtool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
