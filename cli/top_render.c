/* SPDX-License-Identifier: GPL-2.0-only */
/* The pages of `idtap top`: tables, one event in detail, help. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "top_help.h"
#include "top_render.h"
#include "units.h"

static const char *const sort_names[TOP_SORT_NR] = {
    [TOP_BY_RATE] = "rate", [TOP_BY_CPU] = "cpu", [TOP_BY_MEAN] = "mean",
    [TOP_BY_P99] = "p99", [TOP_BY_MAX] = "max", [TOP_BY_NAME] = "name",
};

const char *top_sort_name(enum top_sort sort)
{
    return sort_names[sort];
}

int top_sort_by_name(const char *name)
{
    int i;

    for ( i = 0; i < TOP_SORT_NR; i++ )
        if ( !strcmp(name, sort_names[i]) )
            return i;
    return -EINVAL;
}

/* Falling. */
static int falling(uint64_t a, uint64_t b)
{
    return a > b ? -1 : a < b;
}

static int by_name(const struct top_row *a, const struct top_row *b)
{
    if ( a->domain != b->domain )
        return a->domain < b->domain ? -1 : 1;
    if ( a->table != b->table )
        return a->table < b->table ? -1 : 1;
    return a->key < b->key ? -1 : a->key > b->key;
}

static int compare(const struct top_row *a, const struct top_row *b,
                   enum top_sort sort)
{
    int rc = 0;

    switch ( sort )
    {
    case TOP_BY_RATE: rc = falling(a->count, b->count); break;
    case TOP_BY_CPU:
        rc = falling(a->busy ? a->time.sum : 0, b->busy ? b->time.sum : 0);
        break;
    case TOP_BY_MEAN: rc = falling(a->time.mean, b->time.mean); break;
    case TOP_BY_P99:  rc = falling(a->time.p99, b->time.p99); break;
    case TOP_BY_MAX:  rc = falling(a->time.max, b->time.max); break;
    default: break;
    }
    return rc ? rc : by_name(a, b);
}

static int compare_rows(const void *a, const void *b, void *sort)
{
    return compare(a, b, *(const enum top_sort *)sort);
}

static int compare_domains(const void *a, const void *b)
{
    const struct top_domain *x = a, *y = b;
    int rc = falling(x->records, y->records);

    return rc ? rc : (x->domain > y->domain) - (x->domain < y->domain);
}

void top_sort(struct top_model *m, enum top_sort sort)
{
    if ( m->nr_rows )
        qsort_r(m->rows, m->nr_rows, sizeof(*m->rows), compare_rows, &sort);
    if ( m->nr_domains )
        qsort(m->domains, m->nr_domains, sizeof(*m->domains),
              compare_domains);
}

/* A page under construction. */
struct out {
    struct top_page *page;
    const struct top_view *view;
    FILE *f;             /* the line under construction, if there is one */
    char *text;
    size_t len;
    bool failed;
};

static void begin_line(struct out *o)
{
    o->text = NULL;
    o->f = open_memstream(&o->text, &o->len);
    o->failed |= !o->f;
}

static void __attribute__((format(printf, 2, 3)))
put(struct out *o, const char *fmt, ...)
{
    va_list ap;

    if ( !o->f )
        return;
    va_start(ap, fmt);
    vfprintf(o->f, fmt, ap);
    va_end(ap);
}

/* Does the page take @n more lines, and the one that stays at the bottom? */
static bool room(const struct out *o, unsigned int n)
{
    return !o->view->height || o->page->nr + n < o->view->height;
}

static void end_line(struct out *o, enum top_attr attr)
{
    struct top_page *p = o->page;
    struct top_line *lines;

    if ( !o->f || fclose(o->f) || !o->text )
    {
        o->failed = true;
        free(o->text);
        o->f = NULL;
        return;
    }
    o->f = NULL;
    lines = realloc(p->lines, (p->nr + 1) * sizeof(*lines));
    if ( !lines )
    {
        o->failed = true;
        free(o->text);
        return;
    }
    p->lines = lines;
    if ( o->view->width && o->len > o->view->width )
        o->text[o->view->width] = '\0';
    p->lines[p->nr].text = o->text;
    p->lines[p->nr++].attr = attr;
}

static void __attribute__((format(printf, 3, 4)))
line(struct out *o, enum top_attr attr, const char *fmt, ...)
{
    va_list ap;

    begin_line(o);
    if ( o->f )
    {
        va_start(ap, fmt);
        vfprintf(o->f, fmt, ap);
        va_end(ap);
    }
    end_line(o, attr);
}

static void put_header(struct out *o, const struct top_model *m)
{
    const struct top_view *v = o->view;
    time_t t = (time_t)(m->realtime_ns / 1000000000);
    char when[32] = "?", a[UNITS_LEN], b[UNITS_LEN + 8];
    struct tm tm;

    if ( localtime_r(&t, &tm) )
        strftime(when, sizeof(when), "%H:%M:%S", &tm);
    line(o, TOP_PLAIN, "idtap top  %s  %s  %u CPUs, %s, by %s%s", when,
         v->source, m->nr_cpus, format_ns(a, m->ns), top_sort_name(v->sort),
         v->frozen ? "  [FROZEN]" : "");
    begin_line(o);
    put(o, "records %s/s", format_count(a, top_rate(m, m->records)));
    if ( m->lost_total )
        put(o, "  LOST %s/s, %s so far", format_count(a, top_rate(m, m->lost)),
            format_int(b, m->lost_total));
    else
        put(o, "  nothing lost");
    if ( m->self_ns )
        put(o, "  idtap itself: %.1f%% of a CPU",
            100. * (double)m->self_ns / (double)m->ns);
    if ( m->caused )
        put(o, "  interception: %s exits/s, %.1f%%",
            format_count(a, top_rate(m, m->caused)),
            100. * (double)m->caused_ns / (double)m->ns);
    if ( v->filter && *v->filter )
        put(o, "  only %s", v->filter);
    end_line(o, m->lost ? TOP_ALARM : TOP_PLAIN);
}

/* "-" for none, so that what is there stands out. */
static const char *rate(char buf[UNITS_LEN], const struct top_model *m,
                        uint64_t count)
{
    return count ? format_count(buf, top_rate(m, count)) : "-";
}

/* What a domain is told to have a second; the first ones always have room. */
static const struct { const char *head; unsigned int table; bool always; }
domain_columns[] = {
    { "EXIT/s", IDTAP_TAB_EXIT, true },
    { "INJECT/s", IDTAP_TAB_INJECT, true },
    { "LAPIC/s", TABLE_LAPIC, true },
    { "EXCEPT/s", IDTAP_TAB_EXCEPTION, true },
    { "IRQ/s", IDTAP_TAB_IRQ, true },
    { "NMI/s", IDTAP_TAB_NMI, true },
    { "SOFTIR/s", IDTAP_TAB_SOFTIRQ, true },
    { "PVTRAP/s", IDTAP_TAB_PV_TRAP, false },
    { "UPCALL/s", IDTAP_TAB_PV_UPCALL, false },
    { "EVTCHN/s", IDTAP_TAB_EVTCHN, false },
    { "INT_N/s", IDTAP_TAB_SWINT, false },
};

#define NR_COLUMNS (sizeof(domain_columns) / sizeof(domain_columns[0]))
#define COLUMN_WIDTH 9

/*
 * Which of them: those of classes that have been seen, and the usual ones if
 * the screen is wide enough for all.
 */
static void choose_columns(const struct out *o, const struct top_model *m,
                           bool shown[NR_COLUMNS])
{
    unsigned int i, width = 20 + 8;
    bool wide;

    for ( i = 0; i < NR_COLUMNS; i++ )
    {
        shown[i] = m->seen & table_class(domain_columns[i].table);
        if ( shown[i] || domain_columns[i].always )
            width += COLUMN_WIDTH;
    }
    wide = !o->view->width || width <= o->view->width;
    for ( i = 0; i < NR_COLUMNS; i++ )
        shown[i] = shown[i] || (wide && domain_columns[i].always);
}

static void put_domains(struct out *o, const struct top_model *m)
{
    bool shown[NR_COLUMNS];
    char buf[UNITS_LEN];
    unsigned int i, k;

    choose_columns(o, m, shown);
    begin_line(o);
    put(o, "%-20s", "DOMAIN");
    for ( k = 0; k < NR_COLUMNS; k++ )
        if ( shown[k] )
            put(o, " %8s", domain_columns[k].head);
    put(o, " %7s", "%XEN");
    end_line(o, TOP_HEAD);
    /* Not more than a third of a screen: the events are what changes. */
    for ( i = 0; i < m->nr_domains; i++ )
    {
        const struct top_domain *d = &m->domains[i];

        if ( o->view->height && i >= 2 && 3 * (i + 1) >= o->view->height )
        {
            line(o, TOP_PLAIN, "... and %u more", m->nr_domains - i);
            break;
        }
        begin_line(o);
        put(o, "%-20.20s", d->text);
        for ( k = 0; k < NR_COLUMNS; k++ )
            if ( shown[k] )
                put(o, " %8s", rate(buf, m,
                                    d->count[domain_columns[k].table]));
        put(o, " %7.1f", 100. * (double)d->xen_ns / (double)m->ns);
        end_line(o, TOP_PLAIN);
    }
}

static void put_times(struct out *o, const struct top_times *t)
{
    const uint64_t ns[] = { t->min, t->mean, t->p99, t->max };
    char buf[UNITS_LEN];
    unsigned int i;

    for ( i = 0; i < 4; i++ )
        put(o, " %8s", t->count ? format_ns(buf, ns[i]) : "-");
}

static void put_event_head(struct out *o)
{
    line(o, TOP_HEAD, "%-20s %-9s %-22s %9s %8s %8s %8s %8s %6s", "DOMAIN",
         "CLASS", "EVENT", "RATE/s", "MIN", "MEAN", "P99", "MAX", "%CPU");
}

static void put_event(struct out *o, const struct top_model *m,
                      const struct top_row *r, bool selected)
{
    char buf[UNITS_LEN];

    begin_line(o);
    put(o, "%-20.20s %-9s %-22.22s %9s", r->domain_text,
        idtap_class_name(table_class(r->table)), r->name,
        rate(buf, m, r->count));
    put_times(o, &r->time);
    if ( r->time.count && r->busy )
        put(o, " %6.1f", 100. * (double)r->time.sum / (double)m->ns);
    else
        put(o, " %6s", "-");
    end_line(o, selected ? TOP_SELECTED : TOP_PLAIN);
}

static void put_events(struct out *o, const struct top_model *m)
{
    const struct top_view *v = o->view;
    unsigned int i;

    put_event_head(o);
    for ( i = v->first; i < m->nr_rows && room(o, 1); i++ )
    {
        put_event(o, m, &m->rows[i], i == v->selected);
        o->page->nr_events++;
    }
    if ( !m->nr_rows && room(o, 1) )
        line(o, TOP_PLAIN, "nothing was recorded");
}

/* How high the last rates were, as a row of digits: 9 is the highest. */
static void put_history(struct out *o, const struct top_watch *w)
{
    char buf[UNITS_LEN];
    double most = 0;
    unsigned int i;

    for ( i = 0; i < w->nr_history; i++ )
        if ( w->history[i] > most )
            most = w->history[i];
    begin_line(o);
    put(o, "  last rates  ");
    for ( i = 0; i < w->nr_history; i++ )
        if ( w->history[i] > 0 )
            put(o, "%d", (int)(9 * w->history[i] / most + 0.5));
        else
            put(o, ".");
    if ( most > 0 )
        put(o, "   (9: %s/s)", format_count(buf, most));
    end_line(o, TOP_PLAIN);
}

static void put_bars(struct out *o, const uint64_t bars[TOP_BARS])
{
    static const char full[] = "########################################";
    unsigned int lo = TOP_BARS, hi = 0, i;
    char from[UNITS_LEN], num[UNITS_LEN + 8];
    uint64_t most = 0;

    for ( i = 0; i < TOP_BARS; i++ )
        if ( bars[i] )
        {
            lo = i < lo ? i : lo;
            hi = i;
            most = bars[i] > most ? bars[i] : most;
        }
    if ( !most )
    {
        line(o, TOP_PLAIN, "  no durations");
        return;
    }
    line(o, TOP_HEAD, "  %10s %13s", "FROM", "COUNT");
    for ( i = lo; i <= hi && room(o, 1); i++ )
    {
        int len = (int)(40. * (double)bars[i] / (double)most + 0.5);

        /* What is there is seen. */
        line(o, TOP_PLAIN, "  %10s %13s  %.*s", format_ns(from, 1ull << i),
             format_int(num, bars[i]), bars[i] && !len ? 1 : len, full);
    }
}

/* What is known of some of the events of a row; NULL: nothing. */
static const char *extra_words(unsigned int table)
{
    switch ( table )
    {
    case IDTAP_TAB_IRQ:
    case IDTAP_TAB_NMI:       return "came while the guest ran";
    case IDTAP_TAB_INJECT:    return "injected again, not counted";
    case IDTAP_TAB_EXCEPTION: return "that idtap intercepts";
    case IDTAP_TAB_EVTCHN:    return "while an upcall was pending";
    case TABLE_LAPIC:         return "joined one that waited";
    default:                  return NULL;
    }
}

/* The event that is watched, and all others of its vector. */
static void put_watch(struct out *o, const struct top_model *m)
{
    const struct top_watch *w = &m->watch;
    int vector = table_vector(w->row.table, w->row.key);
    char a[UNITS_LEN + 8];
    unsigned int i;

    line(o, TOP_HEAD, "%s  %s  %s%s", w->row.domain_text,
         idtap_class_name(table_class(w->row.table)), w->row.name,
         w->vanished ? "  (this guest is gone)" : "");
    line(o, TOP_PLAIN, "  %s in this interval, %s with a duration",
         format_int(a, w->row.count),
         w->row.time.count == w->row.count ? "all"
         : w->row.time.count ? "some" : "none");
    if ( extra_words(w->row.table) && w->row.extra )
        line(o, TOP_PLAIN, "  %s %s", format_int(a, w->row.extra),
             extra_words(w->row.table));
    put_history(o, w);
    put_bars(o, w->bars);
    if ( vector < 0 || !room(o, 3) )
        return;

    line(o, TOP_PLAIN, "%s", "");
    line(o, TOP_PLAIN, "Everything of vector 0x%02x", (unsigned int)vector);
    put_event_head(o);
    for ( i = 0; i < m->nr_rows && room(o, 1); i++ )
        if ( table_vector(m->rows[i].table, m->rows[i].key) == vector )
            put_event(o, m, &m->rows[i], false);
}

/* The part of the help page that is shown. */
struct help {
    struct out *o;
    unsigned int at, first, last;
};

static void put_help_line(void *ctx, bool head, const char *text)
{
    struct help *h = ctx;

    if ( h->at >= h->first && h->at < h->last )
        line(h->o, head ? TOP_HEAD : TOP_PLAIN, "%s", text);
    h->at++;
}

/* It is scrolled by lines, but never so far that less is shown than fits. */
static void put_help(struct out *o)
{
    const struct top_view *v = o->view;
    struct top_page *p = o->page;
    struct help h = { .o = o };

    top_help(v->width, put_help_line, &h);
    p->nr_help = h.at;
    p->help_fit = !v->height ? h.at : room(o, 1) ? v->height - p->nr - 1 : 0;
    if ( p->help_fit >= p->nr_help )
        p->help_fit = p->nr_help;
    p->help_first = v->help_first;
    if ( p->help_first > p->nr_help - p->help_fit )
        p->help_first = p->nr_help - p->help_fit;

    h = (struct help){ .o = o, .first = p->help_first,
                       .last = p->help_first + p->help_fit };
    top_help(v->width, put_help_line, &h);
}

/* The last line: what comes first on it must have room on a narrow screen. */
static void put_keys(struct out *o)
{
    const struct top_page *p = o->page;

    if ( o->view->status )
        line(o, TOP_PLAIN, "%s", o->view->status);
    else if ( !o->view->help )
        line(o, TOP_PLAIN, "q quit  ? help  f freeze  o sort  Enter detail  "
             "e d v filter");
    else if ( p->help_fit == p->nr_help )
        line(o, TOP_PLAIN, "Esc back  q quit");
    else
        line(o, TOP_PLAIN, "%u-%u of %u  up down PgUp PgDn  Esc back  q quit",
             p->help_first + !!p->help_fit, p->help_first + p->help_fit,
             p->nr_help);
}

int top_render(const struct top_model *m, const struct top_view *view,
               struct top_page *page)
{
    struct out o = { .page = page, .view = view };

    memset(page, 0, sizeof(*page));
    put_header(&o, m);
    line(&o, TOP_PLAIN, "%s", "");
    if ( view->help )
        put_help(&o);
    else if ( m->watch.on )
        put_watch(&o, m);
    else
    {
        put_domains(&o, m);
        line(&o, TOP_PLAIN, "%s", "");
        put_events(&o, m);
    }

    if ( view->height )
    {
        while ( room(&o, 1) && !o.failed )
            line(&o, TOP_PLAIN, "%s", "");
        put_keys(&o);
        /* A terminal of a few lines gets what fits. */
        while ( page->nr > view->height )
            free(page->lines[--page->nr].text);
    }
    return o.failed ? -ENOMEM : 0;
}

void top_page_clear(struct top_page *page)
{
    unsigned int i;

    for ( i = 0; i < page->nr; i++ )
        free(page->lines[i].text);
    free(page->lines);
    memset(page, 0, sizeof(*page));
}
