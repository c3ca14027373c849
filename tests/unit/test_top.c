/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of top: from a known trace to the very text. */
#include <stdio.h>
#include <string.h>

#include "../../cli/row_name.h"
#include "../../cli/table_class.h"
#include "../../cli/top_render.h"
#include "feed_test.h"

static struct feed_test t;
static struct top_model m;
static struct top_view view;
static struct top_page page;

static void begin(void)
{
    setenv("TZ", "UTC", 1);
    memset(&m, 0, sizeof(m));
    view = (struct top_view){ .source = "here", .filter = "",
                              .selected = ~0u };
    feed_test_open(&t, MS);
}

static void end(void)
{
    top_page_clear(&page);
    top_model_clear(&m);
    feed_test_close(&t);
}

static void next(void)
{
    struct interval in;

    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(top_model_update(&m, &in), 0);
    top_sort(&m, view.sort);
}

static void render(void)
{
    top_page_clear(&page);
    assert_int_equal(top_render(&m, &view, &page), 0);
}

static void expect(const char *const *lines, unsigned int nr)
{
    unsigned int i;

    render();
    for ( i = 0; i < nr && i < page.nr; i++ )
        assert_string_equal(page.lines[i].text, lines[i]);
    assert_int_equal(page.nr, nr);
}

static const char *find(const char *text)
{
    unsigned int i;

    for ( i = 0; i < page.nr; i++ )
        if ( strstr(page.lines[i].text, text) )
            return page.lines[i].text;
    return NULL;
}

static void whole_pages(void **state)
{
    static const char *const second[] = {
        "idtap top  22:13:20  here  2 CPUs, 1.00 ms, by rate",
        "records 2.30 M/s  nothing lost",
        "",
        "DOMAIN                 EXIT/s INJECT/s  LAPIC/s EXCEPT/s    IRQ/s"
        "    NMI/s SOFTIR/s    %XEN",
        "d2 (db?)                    -        -        -        -        -"
        "   1.00 M        -     0.0",
        "d1 (web)                100 k    100 k        -        -        -"
        "        -        -    20.0",
        "",
        "DOMAIN               CLASS     EVENT                     RATE/s"
        "      MIN     MEAN      P99      MAX   %CPU",
        "d2 (db?)             nmi       NMI                       1.00 M"
        "   500 ns   500 ns   500 ns   500 ns   50.0",
        "d1 (web)             exit      MSR                        100 k"
        "  2.00 us  2.00 us  2.00 us  2.00 us   20.0",
        "d1 (web)             inject    0xf3                       100 k"
        "        -        -        -        -      -",
    };

    (void)state;
    begin();
    next();
    render();
    assert_null(find("NMI "));
    next();
    expect(second, sizeof(second) / sizeof(second[0]));
    assert_int_equal(page.lines[1].attr, TOP_PLAIN);
    next();
    view.filter = "-e nmi";
    render();
    assert_non_null(find("d1 (shop)"));
    assert_null(find("web"));
    assert_non_null(strstr(page.lines[1].text, "LOST"));
    assert_non_null(strstr(page.lines[1].text, "7 so far  only -e nmi"));
    assert_int_equal(page.lines[1].attr, TOP_ALARM);
    end();
}

static void sorting(void **state)
{
    static const struct { enum top_sort sort; const char *first; } cases[] = {
        { TOP_BY_RATE, "NMI" }, { TOP_BY_CPU, "NMI" }, { TOP_BY_MEAN, "MSR" },
        { TOP_BY_P99, "MSR" }, { TOP_BY_MAX, "MSR" }, { TOP_BY_NAME, "MSR" },
    };
    unsigned int i;

    (void)state;
    begin();
    next();
    next();
    for ( i = 0; i < TOP_SORT_NR; i++ )
    {
        top_sort(&m, cases[i].sort);
        assert_string_equal(m.rows[0].name, cases[i].first);
        assert_int_equal(top_sort_by_name(top_sort_name(cases[i].sort)),
                         cases[i].sort);
    }
    assert_true(top_sort_by_name("nosuch") < 0);
    end();
}

/* Every size of screen gets just its lines, none too wide. */
static void screens(void **state)
{
    unsigned int h, w, i;

    (void)state;
    begin();
    next();
    next();
    for ( h = 1; h < 40; h++ )
        for ( w = 1; w < 120; w += 7 )
        {
            view.height = h;
            view.width = w;
            view.help = h % 2;
            top_model_watch(&m, h % 3 ? NULL : &m.rows[0]);
            render();
            assert_int_equal(page.nr, h);
            for ( i = 0; i < page.nr; i++ )
                assert_true(strlen(page.lines[i].text) <= w);
        }
    top_model_watch(&m, NULL);
    view.help = false;
    view.width = 0;
    view.height = 24;
    view.selected = 1;
    view.frozen = true;
    render();
    assert_int_equal(page.nr_events, 3);
    assert_int_equal(page.lines[9].attr, TOP_SELECTED);
    assert_non_null(strstr(page.lines[9].text, "MSR"));
    assert_non_null(strstr(page.lines[0].text, "[FROZEN]"));
    assert_non_null(strstr(page.lines[23].text, "q quit"));
    view.first = 2;
    view.status = "what";
    render();
    assert_int_equal(page.nr_events, 1);
    assert_string_equal(page.lines[23].text, "what");
    view.help = true;
    render();
    assert_non_null(find("freeze, and go on"));
    end();
}

/* What is in lines @from to before @to, without blanks, behind @text. */
static void append_words(char *text, unsigned int from, unsigned int to)
{
    char *end = text + strlen(text);
    const char *p;

    for ( ; from < to; from++ )
        for ( p = page.lines[from].text; *p; p++ )
            if ( *p != ' ' )
                *end++ = *p;
    *end = '\0';
}

/* The help page can be read to its end on any screen; nothing of it is cut. */
static void help_pages(void **state)
{
    static const struct { unsigned int width, height; bool all; } sizes[] = {
        { 0, 0, true }, { 200, 60, true }, { 80, 40, true }, { 80, 24, false },
        { 79, 24, false }, { 40, 12, false }, { 26, 8, false }, { 25, 8, false },
        { 12, 5, false },
    };
    static char want[4096], got[4096];
    char hint[32];
    unsigned int i, at;

    (void)state;
    begin();
    next();
    view.help = true;
    for ( i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++ )
    {
        view.width = sizes[i].width;
        view.height = sizes[i].height;
        *got = '\0';
        view.help_first = 0;
        for ( at = 0; !at || at < page.nr_help; at += page.help_fit )
        {
            unsigned int over;

            view.help_first = at;
            render();
            assert_true(page.help_fit > 0);
            /* The last page is a full one, too. */
            over = at - page.help_first;
            assert_true(!over || at + page.help_fit > page.nr_help);
            append_words(got, 3 + over, 3 + page.help_fit);
            if ( !view.height )
                break;
            snprintf(hint, sizeof(hint), "%u-%u of %u ", page.help_first + 1,
                     page.help_first + page.help_fit, page.nr_help);
            if ( sizes[i].all )
                snprintf(hint, sizeof(hint), "Esc back");
            hint[view.width < sizeof(hint) ? view.width : 31] = '\0';
            assert_ptr_equal(strstr(page.lines[view.height - 1].text, hint),
                             page.lines[view.height - 1].text);
        }
        assert_true(sizes[i].all == (page.help_fit == page.nr_help));
        if ( !i )
            strcpy(want, got);
        assert_string_equal(got, want);
    }
    assert_non_null(strstr(want, "(--intercept)"));

    /* No further than to the end; a higher screen shows what is before it. */
    view.width = 80;
    view.height = 24;
    view.help_first = ~0u;
    render();
    assert_non_null(strstr(page.lines[22].text, "(--intercept)"));
    view.height = 30;
    view.help_first = page.help_first;
    render();
    assert_non_null(strstr(page.lines[28].text, "(--intercept)"));
    view.status = "an alert";
    render();
    assert_string_equal(page.lines[29].text, "an alert");
    /* Where there is room for no line of it, nothing is amiss. */
    view.height = 3;
    render();
    assert_int_equal(page.help_fit, 0);
    end();
}

/* An event in detail: rates of intervals, a histogram, the same vector. */
static void watching(void **state)
{
    (void)state;
    begin();
    next();
    top_model_watch(&m, &m.rows[m.rows[0].table == IDTAP_TAB_INJECT]);
    assert_string_equal(m.watch.row.name, "MSR");
    next();
    render();
    assert_non_null(find("d1 (web)  exit  MSR"));
    assert_non_null(find("100 in this interval, all with a duration"));
    assert_non_null(find("last rates  9   (9: 100 k/s)"));
    /* 2000 ns are in the row from 1024 ns. */
    assert_non_null(find("     1.02 us           100  #####"));
    next();
    render();
    /* The guest is gone, though another has its id. */
    assert_non_null(find("(this guest is gone)"));
    assert_non_null(find("last rates  9."));
    assert_non_null(find("no durations"));

    top_model_watch(&m, &m.rows[0]);
    render();
    assert_null(find("(this guest is gone)"));
    end();
}

static void by_vector(void **state)
{
    struct top_row row = { .domain = 1, .table = IDTAP_TAB_INJECT,
                           .key = 0xf3 };

    (void)state;
    begin();
    top_model_watch(&m, &row);
    next();
    render();
    assert_non_null(find("Everything of vector 0xf3"));
    assert_non_null(find("d1 (web)             inject    0xf3"));
    assert_null(find("MSR"));
    end();
}

/* PV guests: columns of their own, many channels, idtap's own exits. */
static void pv_pages(void **state)
{
    static const char *const first[] = {
        "idtap top  22:13:20  here  1 CPUs, 1.00 ms, by name",
        "records 1.00 M/s  nothing lost  interception: 100 k exits/s, 10.0%",
        "",
        "DOMAIN                 EXIT/s INJECT/s  LAPIC/s EXCEPT/s    IRQ/s"
        "    NMI/s SOFTIR/s PVTRAP/s UPCALL/s EVTCHN/s  INT_N/s    %XEN",
        "d2 (db?)                    -        -        -        -        -"
        "        -        -    200 k    200 k    200 k        -     0.0",
        "d1 (web)                100 k        -        -    100 k        -"
        "        -        -        -        -        -    100 k    10.0",
        "",
        "DOMAIN               CLASS     EVENT                     RATE/s"
        "      MIN     MEAN      P99      MAX   %CPU",
        "d1 (web)             exit      EXCEPTION_PF               100 k"
        "  1.00 us  1.00 us  1.00 us  1.00 us   10.0",
        "d1 (web)             exception 0x0e #PF                   100 k"
        "        -        -        -        -      -",
        "d1 (web)             swint     0x80                       100 k"
        "        -        -        -        -      -",
        "d2 (db?)             pv-trap   0x0e #PF                   100 k"
        "        -        -        -        -      -",
        "d2 (db?)             pv-trap   0x0e #PF in Xen            100 k"
        "        -        -        -        -      -",
        "d2 (db?)             pv-upcall event                      100 k"
        "        -        -        -        -      -",
        "d2 (db?)             pv-upcall exception #PF              100 k"
        "        -        -        -        -      -",
        "d2 (db?)             evtchn    port 3 VIRQ TIMER          100 k"
        "  2.00 us  2.00 us  2.00 us  2.00 us      -",
        "d2 (db?)             evtchn    port 7 with d1             100 k"
        "        -        -        -        -      -",
    };
    struct top_row row = { .domain = 2, .table = IDTAP_TAB_EVTCHN,
        .key = IDTAP_EVTCHN_KEY(110, IDTAP_EVTCHN_INTERDOMAIN, 1) };
    struct interval in;
    unsigned int i, ports = 0;

    (void)state;
    setenv("TZ", "UTC", 1);
    memset(&m, 0, sizeof(m));
    view = (struct top_view){ .source = "here", .filter = "",
                              .selected = ~0u, .sort = TOP_BY_NAME };
    feed_test_open_pv(&t, MS);
    next();
    expect(first, sizeof(first) / sizeof(first[0]));

    /* As wide as what is there: the usual columns that are empty go. */
    view.width = 101;
    render();
    assert_non_null(find("DOMAIN                 EXIT/s EXCEPT/s PVTRAP/s "
                         "UPCALL/s EVTCHN/s  INT_N/s    %XEN"));
    view.width = 0;

    /* In detail. */
    for ( i = 0; strcmp(m.rows[i].name, "port 7 with d1"); i++ )
        assert_true(i + 1 < m.nr_rows);
    top_model_watch(&m, &m.rows[i]);
    render();
    assert_non_null(find("d2 (db?)  evtchn  port 7 with d1"));
    for ( i = 0; strcmp(m.rows[i].name, "0x0e #PF in Xen"); i++ )
        assert_true(i + 1 < m.nr_rows);
    top_model_watch(&m, &m.rows[i]);
    render();
    assert_non_null(find("Everything of vector 0x0e"));
    assert_non_null(find("pv-upcall exception #PF"));
    assert_null(find("event   "));

    /* 30 channels: the 20 busiest, the one that is watched, and others. */
    top_model_watch(&m, &row);
    next();
    for ( i = 0; i < m.nr_rows; i++ )
        ports += m.rows[i].table == IDTAP_TAB_EVTCHN;
    assert_int_equal(ports, TOP_PORTS + 1);
    top_model_watch(&m, NULL);
    render();
    assert_non_null(find("evtchn    port 129 with d1"));
    assert_non_null(find("evtchn    others"));
    assert_string_equal(m.rows[m.nr_rows - 1].name, "others");
    assert_int_equal(m.rows[m.nr_rows - 1].count, 10);
    /* The columns stay, though there is nothing of this now. */
    assert_non_null(find("PVTRAP/s"));
    assert_null(find("interception"));
    assert_int_equal(feed_next(t.feed, &in), 0);
    end();

    row.key = IDTAP_EVTCHN_KEY(125, IDTAP_EVTCHN_INTERDOMAIN, 1);
    memset(&m, 0, sizeof(m));
    feed_test_open_pv(&t, MS);
    next();
    top_model_watch(&m, &row);
    next();
    assert_int_equal(m.watch.row.count, 1);
    assert_int_equal(m.watch.row.extra, 1);
    render();
    assert_non_null(find("  1 while an upcall was pending"));
    end();
}

/* Each kind and vector of upcalls has words of its own. */
static void upcall_names(void **state)
{
    static const struct { uint8_t kind, number; int vector; const char *name; }
    cases[] = {
        { IDTAP_UPCALL_EVENT, 0, -1, "event" },
        { IDTAP_UPCALL_SYSCALL, 0, -1, "syscall" },
        { IDTAP_UPCALL_EXCEPTION, 0, 0, "exception #DE" },
        { IDTAP_UPCALL_EXCEPTION, 0x82, 0x82, "exception 0x82" },
        { IDTAP_UPCALL_EXCEPTION, 0x83, 0x83, "exception 0x83" },
        { IDTAP_UPCALL_NMI, 2, 2, "nmi" },
        { IDTAP_UPCALL_INT80, 0x80, 0x80, "int80" },
    };
    char name[48];
    unsigned int i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        uint64_t key = IDTAP_UPCALL_KEY(cases[i].kind, cases[i].number);

        row_name(IDTAP_VENDOR_SVM, IDTAP_TAB_PV_UPCALL, key, name,
                 sizeof(name));
        assert_string_equal(name, cases[i].name);
        assert_int_equal(table_vector(IDTAP_TAB_PV_UPCALL, key),
                         cases[i].vector);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_pages),
        cmocka_unit_test(sorting),
        cmocka_unit_test(screens),
        cmocka_unit_test(help_pages),
        cmocka_unit_test(watching),
        cmocka_unit_test(by_vector),
        cmocka_unit_test(pv_pages),
        cmocka_unit_test(upcall_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
