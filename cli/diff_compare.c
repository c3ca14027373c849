/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which rows of two traces' statistics belong together, and what changed.
 *
 * What is a change: what chance does not explain, at SIGMAS standard deviations.
 * Counts scatter by their square root, even if nothing changed; means by that of
 * the variance over the number; of the p99 it is the rank that scatters (by the
 * binomial distribution), so between two ranks a value is safe: two such
 * intervals that overlap are no change, whatever the durations' distribution.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

#define SIGMAS     4
#define MEAN_LEAST 30
#define P99_LEAST  300

static const struct kind {
    const char *name;
    uint32_t class;
    int table; /* enum idtap_table; -1: local APICs */
} kinds[] = {
    { "exit", IDTAP_CLASS_EXIT, IDTAP_TAB_EXIT },
    { "inject", IDTAP_CLASS_INJECT, IDTAP_TAB_INJECT },
    { "exception", IDTAP_CLASS_EXCEPTION, IDTAP_TAB_EXCEPTION },
    { "irq", IDTAP_CLASS_IRQ, IDTAP_TAB_IRQ },
    { "softirq", IDTAP_CLASS_SOFTIRQ, IDTAP_TAB_SOFTIRQ },
    { "nmi", IDTAP_CLASS_NMI, IDTAP_TAB_NMI },
    { "lapic", IDTAP_CLASS_LAPIC, -1 },
    { "swint", IDTAP_CLASS_SWINT, IDTAP_TAB_SWINT },
    { "pv-trap", IDTAP_CLASS_PV_TRAP, IDTAP_TAB_PV_TRAP },
    { "pv-upcall", IDTAP_CLASS_PV_UPCALL, IDTAP_TAB_PV_UPCALL },
    { "evtchn", IDTAP_CLASS_EVTCHN, IDTAP_TAB_EVTCHN },
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A row of one trace. */
struct item {
    char domain[READER_NAME_LEN];
    const char *kind;
    char name[ROW_NAME_LEN];
    int side;
    uint64_t count;
    const struct idtap_hist *time;
};

struct items {
    struct item *at;
    size_t nr, room;
};

/* What a domain is called in both traces. */
static void domain_label(const struct reader *r, uint16_t domain,
                         char buf[READER_NAME_LEN])
{
    const char *name = idtap_trace_names_get(r->names, domain);

    if ( domain < IDTAP_DOMID_IDLE && name && *name )
        reader_clean(name, buf, READER_NAME_LEN);
    else
        reader_domain(r, domain, buf);
}

/* Is the domain in the list of names and ids? */
static bool listed(const char *list, const char *label, uint16_t domain)
{
    size_t len;
    char id[8];

    snprintf(id, sizeof(id), "%u", domain);
    for ( ; *list; list += len + (list[len] == ',') )
    {
        len = strcspn(list, ",");
        if ( (strlen(label) == len && !strncmp(list, label, len)) ||
             (strlen(id) == len && !strncmp(list, id, len)) ||
             (domain == IDTAP_DOMID_IDLE && len == 4 &&
              !strncmp(list, "idle", 4)) )
            return true;
    }
    return false;
}

static int add(struct items *items, const struct item *item)
{
    if ( items->nr == items->room )
    {
        size_t room = items->room ? 2 * items->room : 256;
        struct item *at = realloc(items->at, room * sizeof(*at));

        if ( !at )
            return -ENOMEM;
        items->at = at;
        items->room = room;
    }

    items->at[items->nr++] = *item;
    return 0;
}

static int add_lapic(struct items *items, struct item *item,
                     const struct idtap_domain_stats *d)
{
    unsigned int i, nr;
    const struct idtap_lapic_row **rows = idtap_stats_lapic_rows(d, &nr);
    int rc = !rows && nr ? -ENOMEM : 0;

    for ( i = 0; i < nr && !rc; i++ )
    {
        snprintf(item->name, sizeof(item->name), "0x%02x",
                 (unsigned int)rows[i]->key);
        item->count = rows[i]->accepted;
        item->time = &rows[i]->wait;
        rc = add(items, item);
    }

    free(rows);
    return rc;
}

/*
 * What a channel is bound to: its port, and the ids of domains, are others in
 * another trace.
 */
static void evtchn_name(const struct reader *r, uint64_t key,
                        char buf[ROW_NAME_LEN])
{
    unsigned int kind = IDTAP_EVTCHN_KEY_KIND(key);
    unsigned int source = IDTAP_EVTCHN_KEY_SOURCE(key);
    const char *name = idtap_evtchn_name(kind);
    const char *virq = kind == IDTAP_EVTCHN_VIRQ ? idtap_virq_name(source)
                                                 : NULL;
    char domain[READER_NAME_LEN];

    if ( key == IDTAP_KEY_OTHER )
        snprintf(buf, ROW_NAME_LEN, "others");
    else if ( kind == IDTAP_EVTCHN_INTERDOMAIN )
    {
        domain_label(r, (uint16_t)source, domain);
        snprintf(buf, ROW_NAME_LEN, "with %.*s", ROW_NAME_LEN - 6, domain);
    }
    else if ( virq || kind == IDTAP_EVTCHN_IPI )
        snprintf(buf, ROW_NAME_LEN, "%s%s%s", name, virq ? " " : "",
                 virq ? virq : "");
    else
        snprintf(buf, ROW_NAME_LEN, "%s %u", name ? name : "?", source);
}

static int add_table(struct items *items, struct item *item,
                     const struct reader *r,
                     const struct idtap_domain_stats *d,
                     enum idtap_table table)
{
    unsigned int i, nr;
    const struct idtap_row **rows = idtap_stats_rows(d, table, &nr);
    int rc = !rows && nr ? -ENOMEM : 0;

    for ( i = 0; i < nr && !rc; i++ )
    {
        if ( table == IDTAP_TAB_EVTCHN )
            evtchn_name(r, rows[i]->key, item->name);
        else
            row_name(r->vendor, table, rows[i]->key, item->name,
                     sizeof(item->name));
        item->count = rows[i]->count;
        item->time = &rows[i]->time;
        rc = add(items, item);
    }

    free(rows);
    return rc;
}

/* Was this class recorded in both traces?  What is not told, was. */
static bool comparable(const struct diff *d, uint32_t class)
{
    uint32_t a = d->side[0].classes, b = d->side[1].classes;

    return (!a || (a & class)) && (!b || (b & class));
}

static int add_domain(const struct diff *d, struct items *items, int side,
                      const struct idtap_domain_stats *stats, bool *any)
{
    const struct diff_side *s = &d->side[side];
    struct item item = { .side = side };
    unsigned int k;
    int rc = 0;

    domain_label(&s->r, (uint16_t)stats->domain, item.domain);
    if ( d->domain_list &&
         !listed(d->domain_list, item.domain, (uint16_t)stats->domain) )
        return 0;

    *any = true;
    for ( k = 0; k < NR_KINDS && !rc; k++ )
    {
        item.kind = kinds[k].name;
        if ( !comparable(d, kinds[k].class) )
            continue;
        rc = kinds[k].table < 0
             ? add_lapic(items, &item, stats)
             : add_table(items, &item, &s->r, stats,
                         (enum idtap_table)kinds[k].table);
    }
    return rc;
}

static int add_side(const struct diff *d, struct items *items, int side,
                    bool *any)
{
    unsigned int i, nr;
    const struct idtap_domain_stats **all =
        idtap_stats_domains(d->side[side].stats, &nr);
    int rc = !all && nr ? -ENOMEM : 0;

    for ( i = 0; i < nr && !rc; i++ )
        rc = add_domain(d, items, side, all[i], any);

    free(all);
    return rc;
}

static int same_row(const struct item *x, const struct item *y)
{
    int c = strcmp(x->domain, y->domain);

    if ( !c )
        c = strcmp(x->kind, y->kind);
    return c ? c : strcmp(x->name, y->name);
}

static int by_row(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int c = same_row(x, y);

    return c ? c : x->side - y->side;
}

static int by_size(const void *a, const void *b)
{
    const struct diff_row *x = a, *y = b;
    int c;

    if ( x->size < y->size || x->size > y->size )
        return x->size < y->size ? 1 : -1;
    c = strcmp(x->domain, y->domain);
    if ( !c )
        c = strcmp(x->kind, y->kind);
    return c ? c : strcmp(x->name, y->name);
}

/* The standard deviation of the mean, as well as buckets tell. */
static double scatter(const struct idtap_hist *h)
{
    double mean = (double)h->sum / (double)h->count, sum = 0;
    unsigned int r, c;

    for ( r = 0; r < IDTAP_HIST_ROWS; r++ )
        for ( c = 0; h->row[r] && c < IDTAP_HIST_SUB; c++ )
        {
            double width = r ? (double)(1ull << (r - 1)) : 1;
            double middle = ((r ? IDTAP_HIST_SUB : 0) + c) * width +
                            (width - 1) / 2;

            sum += (double)h->row[r][c] * (middle - mean) * (middle - mean);
        }

    return sqrt(sum / (double)(h->count - 1) / (double)h->count);
}

/* Between which values the p99 is, as far as chance goes. */
static void p99_range(const struct idtap_hist *h, uint64_t khz,
                      struct diff_value *v)
{
    double off = 1000 * SIGMAS * sqrt(.99 * .01 / (double)h->count);
    double low = floor(990 - off), high = ceil(990 + off);

    v->p99_low = idtap_tsc_to_ns(
        low > 0 ? idtap_hist_quantile(h, (unsigned int)low) : h->min, khz);
    v->p99_high = idtap_tsc_to_ns(
        high < 1000 ? idtap_hist_quantile(h, (unsigned int)high) : h->max,
        khz);
}

/*
 * Several items of one side are one row: a domain that was started again, ports
 * that are bound to the same.
 */
static int value_of(const struct diff_side *s, const struct item *item,
                    size_t nr, struct diff_value *v)
{
    uint64_t khz = idtap_trace_info(s->r.trace)->tsc_khz;
    struct idtap_hist sum = { 0 };
    size_t i;
    int rc = 0;

    for ( i = 0; i < nr && !rc; i++ )
    {
        v->count += item[i].count;
        rc = idtap_hist_merge(&sum, item[i].time);
    }

    v->timed = sum.count;
    v->scatter = sum.count > 1 ? scatter(&sum) * 1e6 / (double)khz : 0;
    v->v[DIFF_RATE] = s->seconds > 0 ? (double)v->count / s->seconds : NAN;
    v->v[DIFF_MEAN] = v->v[DIFF_P99] = NAN;
    if ( sum.count )
    {
        v->v[DIFF_MEAN] = (double)sum.sum / (double)sum.count * 1e6 /
                          (double)khz;
        v->v[DIFF_P99] = (double)idtap_tsc_to_ns(idtap_hist_quantile(&sum,
                                                                     990),
                                                 khz);
        p99_range(&sum, khz, v);
    }
    idtap_hist_clear(&sum);
    return rc;
}

static double percent(double before, double after)
{
    if ( before > 0 )
        return (after / before - 1) * 100;
    return after > 0 ? (double)INFINITY : (double)NAN;
}

/* Does the rate differ by more than chance makes it differ? */
static bool differs(const struct diff *d, const struct diff_row *r)
{
    double a = (double)r->side[0].count, b = (double)r->side[1].count;
    double ta = d->side[0].seconds, tb = d->side[1].seconds;

    return fabs(b / tb - a / ta) >
           SIGMAS * sqrt((a + 1) / (ta * ta) + (b + 1) / (tb * tb));
}

static void judge(const struct diff *d, struct diff_row *r)
{
    const struct diff_value *a = &r->side[0], *b = &r->side[1];
    double ta = d->side[0].seconds, tb = d->side[1].seconds, size = 0;
    uint64_t timed = a->timed < b->timed ? a->timed : b->timed;
    unsigned int m;

    for ( m = 0; m < DIFF_METRICS; m++ )
        r->percent[m] = (double)NAN;
    if ( ta > 0 && tb > 0 && differs(d, r) )
    {
        r->percent[DIFF_RATE] = percent(a->v[DIFF_RATE], b->v[DIFF_RATE]);
        size = fabs(log2((((double)b->count + 1) / tb) /
                         (((double)a->count + 1) / ta)));
    }
    if ( timed >= MEAN_LEAST &&
         fabs(b->v[DIFF_MEAN] - a->v[DIFF_MEAN]) >
         SIGMAS * hypot(a->scatter, b->scatter) )
        r->percent[DIFF_MEAN] = percent(a->v[DIFF_MEAN], b->v[DIFF_MEAN]);
    if ( timed >= P99_LEAST &&
         (b->p99_low > a->p99_high || a->p99_low > b->p99_high) )
        r->percent[DIFF_P99] = percent(a->v[DIFF_P99], b->v[DIFF_P99]);

    for ( m = DIFF_MEAN; m < DIFF_METRICS; m++ )
        if ( isfinite(r->percent[m]) && r->percent[m] > -100 )
            size = fmax(size, fabs(log2(1 + r->percent[m] / 100)));
    r->size = size;
}

/* Takes a judged row in, or counts why not. */
static void keep(struct diff *d, const struct diff_row *r)
{
    bool known = false, changed = false;
    unsigned int m;

    for ( m = 0; m < DIFF_METRICS; m++ )
    {
        known |= !isnan(r->percent[m]);
        changed |= !isnan(r->percent[m]) &&
                   fabs(r->percent[m]) >= d->threshold;
        d->grew |= d->fail_above >= 0 && r->percent[m] > d->fail_above;
    }

    /* Equal rates of many events are known to be equal. */
    if ( !known && r->side[0].count >= MEAN_LEAST &&
         r->side[1].count >= MEAN_LEAST )
        known = true;

    if ( changed )
        d->rows[d->nr_rows++] = *r;
    else if ( known )
        d->nr_less++;
    else
        d->nr_few++;
}

static int match(struct diff *d, struct items *items)
{
    size_t i, end;
    int rc = 0;

    qsort(items->at, items->nr, sizeof(*items->at), by_row);
    d->rows = malloc((items->nr + 1) * sizeof(*d->rows));
    if ( !d->rows )
        return -ENOMEM;

    for ( i = 0; i < items->nr && !rc; i = end )
    {
        const struct item *first = &items->at[i];
        struct diff_row row = { .kind = first->kind };
        size_t both = i;

        for ( end = i; end < items->nr && !same_row(first, &items->at[end]);
              end++ )
            both += items->at[end].side == 0;
        memcpy(row.domain, first->domain, sizeof(row.domain));
        memcpy(row.name, first->name, sizeof(row.name));
        rc = value_of(&d->side[0], first, both - i, &row.side[0]);
        if ( !rc )
            rc = value_of(&d->side[1], &items->at[both], end - both,
                          &row.side[1]);
        judge(d, &row);
        keep(d, &row);
    }

    qsort(d->rows, d->nr_rows, sizeof(*d->rows), by_size);
    return rc;
}

bool diff_lost_more(const struct diff *d, double limit)
{
    const struct diff_side *a = &d->side[0], *b = &d->side[1];

    if ( b->lost_packets > a->lost_packets )
        return true;
    if ( !b->lost || a->seconds <= 0 || b->seconds <= 0 )
        return false;
    return percent((double)a->lost / a->seconds,
                   (double)b->lost / b->seconds) > limit;
}

int diff_compare(struct diff *d)
{
    struct items items = { 0 };
    bool any = false;
    int rc = add_side(d, &items, 0, &any);

    if ( !rc )
        rc = add_side(d, &items, 1, &any);
    if ( !rc && d->domain_list && !any )
        rc = -ENOENT;
    if ( !rc && items.nr )
        rc = match(d, &items);
    if ( d->fail_above >= 0 && diff_lost_more(d, d->fail_above) )
        d->grew = true;

    free(items.at);
    return rc;
}
