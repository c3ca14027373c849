/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of the tables that are by domain.  They are not grouped by it: what
 * is first is what happens most, or takes the most time, whoever suffers it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

struct refs {
    struct ref *ref;
    unsigned int nr, room;
};

static uint64_t key_of(const struct ref *ref)
{
    return *(const uint64_t *)ref->row;
}

static int by_weight(const void *a, const void *b)
{
    const struct ref *x = a, *y = b;

    if ( x->weight != y->weight )
        return x->weight > y->weight ? -1 : 1;
    if ( x->domain != y->domain )
        return x->domain < y->domain ? -1 : 1;
    return key_of(x) < key_of(y) ? -1 : key_of(x) > key_of(y);
}

typedef void *list_fn(const struct idtap_domain_stats *d, unsigned int table,
                      unsigned int *nr);
typedef uint64_t weigh_fn(const void *row);

static int add(struct refs *refs, const struct idtap_domain_stats *d,
               void **rows, unsigned int nr, weigh_fn *weigh)
{
    uint64_t total = 0;
    unsigned int i;

    if ( refs->nr + nr > refs->room )
    {
        unsigned int room = 2 * (refs->nr + nr);
        struct ref *ref = realloc(refs->ref, room * sizeof(*ref));

        if ( !ref )
            return -ENOMEM;
        refs->ref = ref;
        refs->room = room;
    }

    for ( i = 0; i < nr; i++ )
        total += weigh(rows[i]);
    for ( i = 0; i < nr; i++ )
        refs->ref[refs->nr++] = (struct ref){
            .domain = d->domain, .weight = weigh(rows[i]), .total = total,
            .row = rows[i],
        };
    return 0;
}

/* All rows of a table of all domains, in order; refs->ref is to be freed. */
static int gather(const struct report *report, unsigned int table,
                  list_fn *list, weigh_fn *weigh, struct refs *refs)
{
    unsigned int i, nr, n;
    const struct idtap_domain_stats **all =
        idtap_stats_domains(report->stats, &nr);
    int rc = !all && nr ? -ENOMEM : 0;

    *refs = (struct refs){ NULL };
    for ( i = 0; i < nr && !rc; i++ )
    {
        void **rows = list(all[i], table, &n);

        if ( rows )
            rc = add(refs, all[i], rows, n, weigh);
        else if ( n )
            rc = -ENOMEM;
        free(rows);
    }
    free(all);

    if ( !rc && refs->nr )
        qsort(refs->ref, refs->nr, sizeof(*refs->ref), by_weight);
    return rc;
}

static void *list_plain(const struct idtap_domain_stats *d,
                        unsigned int table, unsigned int *nr)
{
    return idtap_stats_rows(d, table, nr);
}

static uint64_t weigh_plain(const void *row)
{
    return ((const struct idtap_row *)row)->count;
}

static int put_all(const struct report *report, struct sheet *sheet,
                   struct refs *refs, report_cells_fn *fn, int rc)
{
    struct cell cells[SHEET_COLUMNS];
    unsigned int i;

    for ( i = 0; i < refs->nr && !rc; i++ )
    {
        if ( report_enough(report, sheet, i, refs->nr) )
            break;
        memset(cells, 0, sizeof(cells));
        fn(report, &refs->ref[i], cells);
        rc = sheet_row(sheet, cells);
    }

    free(refs->ref);
    return rc;
}

static int put_plain(const struct report *report, struct sheet *sheet,
                     enum idtap_table table, weigh_fn *weigh, report_cells_fn *fn)
{
    struct refs refs;
    int rc = gather(report, table, list_plain, weigh, &refs);

    return put_all(report, sheet, &refs, fn, rc);
}

const struct idtap_row *report_begin(const struct report *report,
                                     const struct ref *ref, struct cell key,
                                     struct cell *cells)
{
    const struct idtap_row *row = ref->row;

    cells[0] = cell_n(ref->domain);
    cells[1] = key;
    cells[2] = cell_n(row->count);
    cells[3] = report_rate(report, row->count);
    cells[4] = report_share(ref->weight, ref->total);
    return row;
}


int report_put_plain(const struct report *report, struct sheet *sheet,
                     enum idtap_table table, report_cells_fn *fn)
{
    return put_plain(report, sheet, table, weigh_plain, fn);
}

const struct column report_vectors_columns[] = {
    DOMAIN, { "vector", "vector", CELL_VECTOR }, COUNT("count"),
    { "kind", "kind", CELL_TEXT },
    { "in_guest", "in guest", CELL_COUNT }, END
};

static void vectors_cells(const struct report *report, const struct ref *ref,
                          struct cell *cells)
{
    const struct idtap_row *row = ref->row;
    unsigned int event = IDTAP_EVENT_KEY_EVENT(row->key);
    bool other = row->key == IDTAP_KEY_OTHER;
    bool physical = event == IDTAP_EV_IRQ_ENTER || event == IDTAP_EV_NMI_ENTER;

    report_begin(report, ref, report_vector(event, other ? row->key :
                                     IDTAP_EVENT_KEY_VECTOR(row->key)), cells);
    cells[5] = cell_text(other ? NULL : report_kind(event));
    cells[6] = (struct cell){ .n = row->extra, .null = !physical };
}

int report_vectors(const struct report *report, struct sheet *sheet)
{
    return put_plain(report, sheet, IDTAP_TAB_EVENT, weigh_plain,
                     vectors_cells);
}

const struct column report_exits_columns[] = {
    DOMAIN, { "reason", "reason", CELL_REASON }, COUNT("count"),
    { "time", "exit to entry", CELL_HIST }, END
};

static struct cell reason(const struct report *report, uint64_t key)
{
    return cell_named(key, key == IDTAP_KEY_OTHER ? NULL :
                      idtap_reason_name(report->r.vendor, (uint32_t)key));
}

static void exits_cells(const struct report *report, const struct ref *ref,
                        struct cell *cells)
{
    const struct idtap_row *row = ref->row;

    report_begin(report, ref, reason(report, row->key), cells);
    cells[5] = cell_hist(&row->time);
}

int report_exits(const struct report *report, struct sheet *sheet)
{
    return put_plain(report, sheet, IDTAP_TAB_EXIT, weigh_plain, exits_cells);
}

const struct column report_injected_columns[] = {
    DOMAIN, { "vector", "vector", CELL_VECTOR }, COUNT("count"),
    { "again", "again", CELL_COUNT }, END
};

static void injected_cells(const struct report *report, const struct ref *ref,
                           struct cell *cells)
{
    const struct idtap_row *row = ref->row;

    report_begin(report, ref, report_vector(IDTAP_EV_INJECT, row->key), cells);
    cells[5] = cell_n(row->extra);
}

int report_injected(const struct report *report, struct sheet *sheet)
{
    return put_plain(report, sheet, IDTAP_TAB_INJECT, weigh_plain,
                     injected_cells);
}

const struct column report_exceptions_columns[] = {
    DOMAIN, { "vector", "vector", CELL_VECTOR }, COUNT("count"),
    { "intercepted", "intercepted", CELL_COUNT }, END
};

int report_exceptions(const struct report *report, struct sheet *sheet)
{
    /* Their vectors have the names that injected ones have. */
    return put_plain(report, sheet, IDTAP_TAB_EXCEPTION, weigh_plain,
                     injected_cells);
}

const struct column report_caused_columns[] = {
    DOMAIN, { "vector", "vector", CELL_VECTOR }, COUNT("exits"),
    { "time", "exit to entry", CELL_HIST }, END
};

static void caused_cells(const struct report *report, const struct ref *ref,
                         struct cell *cells)
{
    const struct idtap_row *row = ref->row;
    unsigned int key = (unsigned int)row->key;

    report_begin(report, ref, key == IDTAP_CAUSED_SWINT ? cell_named(key, "INT n")
          : report_vector(IDTAP_EV_EXCEPTION, row->key), cells);
    cells[5] = cell_hist(&row->time);
}

int report_caused(const struct report *report, struct sheet *sheet)
{
    return put_plain(report, sheet, IDTAP_TAB_CAUSED, weigh_plain,
                     caused_cells);
}

const struct column report_swints_columns[] = {
    DOMAIN, { "vector", "INT", CELL_VECTOR }, COUNT("count"), END
};

static void swints_cells(const struct report *report, const struct ref *ref,
                         struct cell *cells)
{
    report_begin(report, ref, cell_named(key_of(ref), NULL), cells);
}

int report_swints(const struct report *report, struct sheet *sheet)
{
    return put_plain(report, sheet, IDTAP_TAB_SWINT, weigh_plain,
                     swints_cells);
}

const struct column report_softirqs_columns[] = {
    DOMAIN, { "softirq", "softirq", CELL_SOFTIRQ }, COUNT("run"),
    { "raised", "raised", CELL_COUNT }, { "time", "time", CELL_HIST }, END
};

static void softirqs_cells(const struct report *report, const struct ref *ref,
                           struct cell *cells)
{
    const struct idtap_row *row = ref->row;

    report_begin(report, ref, cell_named(row->key,
                                  idtap_softirq_name((unsigned int)row->key)),
          cells);
    cells[5] = cell_n(row->extra);
    cells[6] = cell_hist(&row->time);
}

int report_softirqs(const struct report *report, struct sheet *sheet)
{
    return put_plain(report, sheet, IDTAP_TAB_SOFTIRQ, weigh_plain,
                     softirqs_cells);
}

const struct column report_nmis_columns[] = {
    DOMAIN, { "count", "count", CELL_COUNT },
    { "per_second", "per s", CELL_RATE },
    { "in_guest", "in guest", CELL_COUNT }, { "time", "time", CELL_HIST }, END
};

static void nmis_cells(const struct report *report, const struct ref *ref,
                       struct cell *cells)
{
    const struct idtap_row *row = ref->row;

    cells[0] = cell_n(ref->domain);
    cells[1] = cell_n(row->count);
    cells[2] = report_rate(report, row->count);
    cells[3] = cell_n(row->extra);
    cells[4] = cell_hist(&row->time);
}

int report_nmis(const struct report *report, struct sheet *sheet)
{
    return put_plain(report, sheet, IDTAP_TAB_NMI, weigh_plain, nmis_cells);
}

const struct column report_lapic_columns[] = {
    DOMAIN, { "vector", "vector", CELL_VECTOR },
    { "accepted", "accepted", CELL_COUNT },
    { "per_second", "per s", CELL_RATE },
    { "coalesced", "coalesced", CELL_COUNT }, { "level", NULL, CELL_COUNT },
    { "virtual", "queued", CELL_COUNT }, { "eois", "EOIs", CELL_COUNT },
    { "accept_to_inject", "accept to injection", CELL_HIST },
    { "inject_to_eoi", "injection to EOI", CELL_HIST },
    { "accept_to_eoi", "accept to EOI", CELL_HIST }, END
};

static void *list_lapic(const struct idtap_domain_stats *d,
                        unsigned int table, unsigned int *nr)
{
    (void)table;
    return idtap_stats_lapic_rows(d, nr);
}

static uint64_t weigh_lapic(const void *row)
{
    return ((const struct idtap_lapic_row *)row)->accepted;
}

static void lapic_cells(const struct report *report, const struct ref *ref,
                        struct cell *cells)
{
    const struct idtap_lapic_row *row = ref->row;

    cells[0] = cell_n(ref->domain);
    cells[1] = cell_named(row->key, NULL);
    cells[2] = cell_n(row->accepted);
    cells[3] = report_rate(report, row->accepted);
    cells[4] = cell_n(row->pending);
    cells[5] = cell_n(row->level);
    cells[6] = cell_n(row->queued);
    cells[7] = cell_n(row->eois);
    cells[8] = cell_hist(&row->wait);
    cells[9] = cell_hist(&row->service);
    cells[10] = cell_hist(&row->total);
}

int report_lapic(const struct report *report, struct sheet *sheet)
{
    struct refs refs;
    int rc = gather(report, IDTAP_TAB_LAPIC, list_lapic, weigh_lapic, &refs);

    return put_all(report, sheet, &refs, lapic_cells, rc);
}

const struct column report_xentime_columns[] = {
    DOMAIN, { "reason", "reason", CELL_REASON },
    { "count", "exits", CELL_COUNT },
    { "timed", "timed", CELL_COUNT },
    { "total_ns", "total", CELL_TIME }, { "of_span", "of span", CELL_SHARE },
    { "switched", "switched", CELL_COUNT },
    { "unswitched_total_ns", "unswitched", CELL_TIME },
    { "unswitched_of_span", "of span", CELL_SHARE },
    { "unswitched", "exit to entry, unswitched", CELL_HIST }, END
};

static uint64_t weigh_time(const void *row)
{
    return ((const struct idtap_row *)row)->time.sum;
}

static void xentime_cells(const struct report *report, const struct ref *ref,
                          struct cell *cells)
{
    const struct idtap_row *row = ref->row;
    uint64_t net = row->net ? row->net->sum : 0;

    cells[0] = cell_n(ref->domain);
    cells[1] = reason(report, row->key);
    cells[2] = cell_n(row->count);
    cells[3] = cell_n(row->time.count);
    cells[4] = cell_n(row->time.sum);
    cells[5] = report_of_span(report, row->time.sum);
    cells[6] = cell_n(row->extra);
    cells[7] = cell_n(net);
    cells[8] = report_of_span(report, net);
    cells[9] = cell_hist(row->net);
}

int report_xentime(const struct report *report, struct sheet *sheet)
{
    int rc = put_plain(report, sheet, IDTAP_TAB_EXIT, weigh_time,
                       xentime_cells);

    if ( !rc )
        rc = sheet_note(sheet, "100%% of the span is one pCPU all the time. "
                        "Switched: before the entry, the pCPU was seen");
    if ( !rc )
        rc = sheet_note(sheet, "to do something for another vCPU, or to idle: "
                        "that time is not all Xen's.");
    return rc;
}

const struct column report_arrivals_columns[] = {
    DOMAIN, { "vector", "vector", CELL_VECTOR },
    { "kind", "kind", CELL_TEXT }, { "count", "count", CELL_COUNT },
    { "per_second", "per s", CELL_RATE },
    { "bursts", "bursts", CELL_COUNT },
    { "in_bursts", "in bursts", CELL_COUNT },
    { "longest_burst", "longest", CELL_COUNT },
    { "gap", "since the one before", CELL_HIST }, END
};

static void *list_arrivals(const struct idtap_domain_stats *d,
                           unsigned int table, unsigned int *nr)
{
    (void)table;
    return idtap_stats_arrivals(d, nr);
}

static uint64_t weigh_arrivals(const void *row)
{
    return ((const struct idtap_arrival_row *)row)->count;
}

static void arrivals_cells(const struct report *report, const struct ref *ref,
                           struct cell *cells)
{
    const struct idtap_arrival_row *row = ref->row;
    unsigned int event = IDTAP_EVENT_KEY_EVENT(row->key);
    bool other = row->key == IDTAP_KEY_OTHER;

    cells[0] = cell_n(ref->domain);
    cells[1] = report_vector(event, other ? row->key :
                             IDTAP_EVENT_KEY_VECTOR(row->key));
    cells[2] = cell_text(other ? NULL : report_kind(event));
    cells[3] = cell_n(row->count);
    cells[4] = report_rate(report, row->count);
    cells[5] = cell_n(row->bursts);
    cells[6] = cell_n(row->in_bursts);
    cells[7] = cell_n(row->longest);
    cells[8] = cell_hist(&row->gap);
}

int report_arrivals(const struct report *report, struct sheet *sheet)
{
    struct refs refs;
    int rc = gather(report, IDTAP_TAB_ARRIVAL, list_arrivals, weigh_arrivals,
                    &refs);

    rc = put_all(report, sheet, &refs, arrivals_cells, rc);
    if ( !rc )
        rc = sheet_note(sheet, "A burst: more than %llu arrivals, each less "
                        "than %llu ns after the one before (--burst).",
                        (unsigned long long)report->burst_min,
                        (unsigned long long)report->burst_ns);
    return rc;
}

const struct column report_rips_columns[] = {
    DOMAIN, { "vector", "vector", CELL_VECTOR }, { "kind", "kind", CELL_TEXT },
    { "rip", "RIP", CELL_ADDRESS }, { "count", "count", CELL_COUNT },
    { "share", "share", CELL_SHARE },
    { "too_high", "at most too high", CELL_COUNT }, END
};

static void *list_rips(const struct idtap_domain_stats *d, unsigned int table,
                       unsigned int *nr)
{
    (void)table;
    return idtap_stats_rips(d, nr);
}

static uint64_t weigh_rips(const void *row)
{
    return ((const struct idtap_rip_row *)row)->rips.total;
}

/* The most frequent of one exception; the others are added to *more. */
static int put_rips(const struct report *report, struct sheet *sheet,
                    const struct ref *ref, uint64_t *more)
{
    const struct idtap_rip_row *row = ref->row;
    const struct idtap_topk *t = &row->rips;
    struct idtap_topk_entry *e = idtap_topk_sorted(t);
    struct cell cells[SHEET_COLUMNS] = { { .n = ref->domain } };
    unsigned int i;
    int rc = e || !t->nr ? 0 : -ENOMEM;

    if ( row->key == IDTAP_KEY_OTHER )
        cells[1] = cells[2] = (struct cell){ .null = true };
    else
    {
        cells[1] = report_vector(IDTAP_EVENT_KEY_EVENT(row->key),
                                 IDTAP_EVENT_KEY_VECTOR(row->key));
        cells[2] = cell_text(report_kind(IDTAP_EVENT_KEY_EVENT(row->key)));
    }
    for ( i = 0; i < t->nr && !rc; i++ )
    {
        if ( report->top && i == report->top )
        {
            *more += t->nr - i;
            break;
        }
        cells[3] = cell_n(e[i].value);
        cells[4] = cell_n(e[i].count);
        cells[5] = report_share(e[i].count, t->total);
        cells[6] = cell_n(e[i].error);
        rc = sheet_row(sheet, cells);
    }

    free(e);
    return rc;
}

int report_rips(const struct report *report, struct sheet *sheet)
{
    struct refs refs;
    int rc = gather(report, IDTAP_TAB_RIP, list_rips, weigh_rips, &refs);
    uint64_t missed = 0, inexact = 0, more = 0;
    unsigned int i;

    for ( i = 0; i < refs.nr && !rc; i++ )
    {
        const struct idtap_rip_row *row = refs.ref[i].row;

        rc = put_rips(report, sheet, &refs.ref[i], &more);
        inexact += idtap_topk_missed(&row->rips) != 0;
        if ( idtap_topk_missed(&row->rips) > missed )
            missed = idtap_topk_missed(&row->rips);
    }
    if ( !rc && more )
        rc = sheet_note(sheet, "%llu more rows (--top 0 shows all).",
                        (unsigned long long)more);
    if ( !rc && !inexact )
        rc = sheet_note(sheet, "All counts are exact.");
    else if ( !rc )
        rc = sheet_note(sheet, "%llu exceptions of domains had too many RIPs "
                        "to count all (Space-Saving, up to %u counters): "
                        "counts may be too high as stated, never too low, and "
                        "a RIP that has no counter came at most %llu times.",
                        (unsigned long long)inexact, IDTAP_TOPK_MAX,
                        (unsigned long long)missed);
    free(refs.ref);
    return rc;
}

const struct column report_interrupted_columns[] = {
    DOMAIN, { "vector", "vector", CELL_VECTOR },
    { "count", "count", CELL_COUNT }, { "per_second", "per s", CELL_RATE },
    { "kind", "by", CELL_TEXT }, { "mode", "in", CELL_TEXT },
    { "total_ns", "total", CELL_TIME }, { "of_span", "of span", CELL_SHARE },
    { "net", "net time", CELL_HIST }, END
};

static void interrupted_cells(const struct report *report,
                              const struct ref *ref, struct cell *cells)
{
    static const char *const modes[] = { "guest", "xen", "idle" };
    const struct idtap_row *row = ref->row;
    unsigned int event = IDTAP_INTERRUPTED_EVENT(row->key);
    bool other = row->key == IDTAP_KEY_OTHER;

    cells[0] = cell_n(ref->domain);
    cells[1] = report_vector(event, other ? row->key : row->key & 0xff);
    cells[2] = cell_n(row->count);
    cells[3] = report_rate(report, row->count);
    cells[4] = cell_text(other ? NULL : report_kind(event));
    cells[5] = cell_text(other ? NULL
                               : modes[IDTAP_INTERRUPTED_MODE(row->key)]);
    cells[6] = cell_n(row->time.sum);
    cells[7] = report_of_span(report, row->time.sum);
    cells[8] = cell_hist(&row->time);
}

int report_interrupted(const struct report *report, struct sheet *sheet)
{
    return put_plain(report, sheet, IDTAP_TAB_INTERRUPTED, weigh_plain,
                     interrupted_cells);
}
