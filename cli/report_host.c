/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of the tables that are about the host: IRQs, handlers, pCPUs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define END { NULL, NULL, CELL_TEXT }

/* Calls `fn` for each row of a table that is summed up over all domains. */
static int each_sum(const struct report *report, enum idtap_table table,
                    int (*fn)(const struct report *report, struct sheet *sheet,
                              enum idtap_table table,
                              const struct idtap_row *row, uint64_t total),
                    struct sheet *sheet)
{
    struct idtap_domain_stats sum = { 0 };
    const struct idtap_row **rows = NULL;
    unsigned int i, nr = 0;
    uint64_t total = 0;
    int rc = idtap_stats_sum(report->stats, table, &sum);

    if ( !rc )
    {
        rows = idtap_stats_rows(&sum, table, &nr);
        rc = rows || !nr ? 0 : -ENOMEM;
    }
    for ( i = 0; rows && i < nr; i++ )
        total += rows[i]->count;
    for ( i = 0; i < nr && !rc; i++ )
    {
        if ( report_enough(report, sheet, i, nr) )
            break;
        rc = fn(report, sheet, table, rows[i], total);
    }

    free(rows);
    idtap_domain_stats_clear(&sum);
    return rc;
}

/* Vector, IRQ and owner; how many cells that is. */
static int irq_cells(struct cell *cells, const struct idtap_row *row)
{
    int32_t irq = IDTAP_IRQ_KEY_IRQ(row->key);
    bool other = row->key == IDTAP_KEY_OTHER;

    cells[0] = report_vector(IDTAP_EV_IRQ_ENTER,
                             other ? row->key :
                             IDTAP_IRQ_KEY_VECTOR(row->key));
    if ( irq >= 0 )
        cells[0].text = NULL; /* a vector that Xen gave to a device */
    cells[1] = (struct cell){ .n = (uint64_t)irq, .null = other || irq < 0 };
    cells[2] = cell_text(other ? NULL :
                         idtap_owner_name(IDTAP_IRQ_KEY_OWNER(row->key)));
    return 3;
}

const struct column report_irqs_columns[] = {
    { "vector", "vector", CELL_VECTOR }, { "irq", "irq", CELL_COUNT },
    { "owner", "owner", CELL_TEXT }, { "count", "count", CELL_COUNT },
    { "per_second", "per s", CELL_RATE }, { "share", "share", CELL_SHARE },
    { "in_guest", "in guest", CELL_COUNT }, { "time", "time", CELL_HIST }, END
};

static int irqs_row(const struct report *report, struct sheet *sheet,
                    enum idtap_table table, const struct idtap_row *row,
                    uint64_t total)
{
    struct cell cells[SHEET_COLUMNS] = { { 0 } };
    int n = irq_cells(cells, row);

    (void)table;
    cells[n++] = cell_n(row->count);
    cells[n++] = report_rate(report, row->count);
    cells[n++] = report_share(row->count, total);
    cells[n++] = cell_n(row->extra);
    cells[n] = cell_hist(&row->time);
    return sheet_row(sheet, cells);
}

int report_irqs(const struct report *report, struct sheet *sheet)
{
    return each_sum(report, IDTAP_TAB_IRQ, irqs_row, sheet);
}

const struct column report_net_columns[] = {
    { "kind", "kind", CELL_TEXT },
    { "vector", "vector", CELL_VECTOR }, { "irq", "irq", CELL_COUNT },
    { "owner", "owner", CELL_TEXT },
    { "softirq", "softirq", CELL_SOFTIRQ },
    { "count", "count", CELL_COUNT },
    { "net_total_ns", "net total", CELL_TIME },
    { "of_span", "of span", CELL_SHARE },
    { "gross", "gross", CELL_HIST }, { "net", "net", CELL_HIST }, END
};

static int net_row(const struct report *report, struct sheet *sheet,
                   enum idtap_table table, const struct idtap_row *row,
                   uint64_t total)
{
    struct cell cells[SHEET_COLUMNS] = { { 0 } };
    uint64_t net = row->net ? row->net->sum : 0;

    (void)total;
    cells[1] = cells[2] = cells[3] = cells[4] = (struct cell){ .null = true };
    if ( table == IDTAP_TAB_IRQ )
    {
        cells[0] = cell_text("irq");
        irq_cells(cells + 1, row);
    }
    else if ( table == IDTAP_TAB_NMI )
    {
        cells[0] = cell_text("nmi");
        cells[1] = report_vector(IDTAP_EV_NMI_ENTER, 2);
    }
    else
    {
        cells[0] = cell_text("softirq");
        cells[4] = cell_named(row->key,
                              idtap_softirq_name((unsigned int)row->key));
    }
    cells[5] = cell_n(row->count);
    cells[6] = cell_n(net);
    cells[7] = report_of_span(report, net);
    cells[8] = cell_hist(&row->time);
    cells[9] = cell_hist(row->net);
    return sheet_row(sheet, cells);
}

int report_net(const struct report *report, struct sheet *sheet)
{
    static const struct { uint32_t class; const char *word; } inside[] = {
        { IDTAP_CLASS_IRQ, "interrupts" }, { IDTAP_CLASS_NMI, "NMIs" },
        { IDTAP_CLASS_SOFTIRQ, "softirqs" },
    };
    uint32_t classes = idtap_stats_classes(report->stats);
    unsigned int i;
    int rc = each_sum(report, IDTAP_TAB_IRQ, net_row, sheet);

    if ( !rc )
        rc = each_sum(report, IDTAP_TAB_NMI, net_row, sheet);
    if ( !rc )
        rc = each_sum(report, IDTAP_TAB_SOFTIRQ, net_row, sheet);
    if ( !rc )
        rc = sheet_note(sheet, "Net: without the interrupts, NMIs and "
                        "softirqs that ran inside.");
    for ( i = 0; i < 3 && !rc; i++ )
        if ( classes && !(classes & inside[i].class) )
            rc = sheet_note(sheet, "No %s were recorded: their time is not "
                            "subtracted.", inside[i].word);
    return rc;
}

const struct column report_irq_latency_columns[] = {
    { "vector", "vector", CELL_VECTOR }, { "irq", "irq", CELL_COUNT },
    { "domain", "to", CELL_DOMAIN }, { "taken", "taken", CELL_COUNT },
    { "forwarded", "forwarded", CELL_COUNT },
    { "ambiguous", "ambiguous", CELL_COUNT },
    { "accepted", "accepted", CELL_COUNT }, { "joined", "joined", CELL_COUNT },
    { "irq_to_accept", "IRQ to accept", CELL_HIST },
    { "irq_to_inject", "IRQ to injection", CELL_HIST },
    { "irq_to_eoi", "IRQ to EOI", CELL_HIST }, END
};

static int by_irq(const void *a, const void *b)
{
    const struct idtap_route_row *x = *(void *const *)a;
    const struct idtap_route_row *y = *(void *const *)b;
    uint64_t i = x->key & ((1ull << 40) - 1), j = y->key & ((1ull << 40) - 1);
    /* The IRQ's own row first. */
    unsigned int d = IDTAP_ROUTE_DOMAIN(x->key) + 1;
    unsigned int e = IDTAP_ROUTE_DOMAIN(y->key) + 1;

    if ( i != j )
        return i < j ? -1 : 1;
    return (uint16_t)d < (uint16_t)e ? -1 : d != e;
}

int report_irq_latency(const struct report *report, struct sheet *sheet)
{
    unsigned int i, nr;
    const struct idtap_route_row **rows =
        idtap_stats_routes(report->stats, &nr);
    uint32_t need = IDTAP_CLASS_IRQ | IDTAP_CLASS_SOFTIRQ | IDTAP_CLASS_LAPIC;
    uint32_t need_pv = IDTAP_CLASS_IRQ | IDTAP_CLASS_EVTCHN;
    uint32_t classes = idtap_stats_classes(report->stats);
    int rc = rows || !nr ? 0 : -ENOMEM;

    if ( rows )
        qsort(rows, nr, sizeof(*rows), by_irq);
    for ( i = 0; i < nr && !rc; i++ )
    {
        const struct idtap_route_row *row = rows[i];
        unsigned int domain = IDTAP_ROUTE_DOMAIN(row->key);
        bool other = row->key == IDTAP_KEY_OTHER;
        bool own = domain == IDTAP_DOMID_NONE || other;
        bool to = domain != IDTAP_DOMID_NONE || other;
        struct cell cells[SHEET_COLUMNS] = {
            cell_named(other ? row->key : row->key >> 32 & 0xff, NULL),
            { .n = row->key & 0xffffffff, .null = other },
            { .n = other ? IDTAP_DOMAIN_OTHER : domain, .null = !to },
            { .n = row->taken, .null = !own },
            { .n = row->forwarded, .null = !own },
            { .n = row->ambiguous, .null = !own },
            { .n = row->accepted, .null = !to },
            { .n = row->joined, .null = !to },
            cell_hist(&row->accept), cell_hist(&row->inject),
            cell_hist(&row->eoi),
        };

        if ( report_enough(report, sheet, i, nr) )
            break;
        rc = sheet_row(sheet, cells);
    }

    if ( !rc && classes && (classes & need) != need )
        rc = sheet_note(sheet, "Nothing can be told of the way to HVM guests: "
                        "that takes the classes irq, softirq and lapic "
                        "(injection: inject).");
    if ( !rc && classes && (classes & need_pv) != need_pv )
        rc = sheet_note(sheet, "Nothing can be told of the way to PV guests: "
                        "that takes the classes irq and evtchn.");
    if ( !rc )
        rc = sheet_note(sheet, "Only what goes through HVM_DPCI is seen: "
                        "HVM guests' devices that no hardware posts for; and "
                        "PV guests' event channels.");
    free(rows);
    return rc;
}

const struct column report_softirq_latency_columns[] = {
    { "softirq", "softirq", CELL_SOFTIRQ }, { "cpu", "on CPU", CELL_CPU },
    { "raised", "raised", CELL_COUNT },
    { "coalesced", "coalesced", CELL_COUNT }, { "runs", "runs", CELL_COUNT },
    { "unsure", "unsure", CELL_COUNT },
    { "raise_to_run", "raise to run", CELL_HIST }, END
};

int report_softirq_latency(const struct report *report, struct sheet *sheet)
{
    unsigned int i, nr;
    const struct idtap_raise_row **rows =
        idtap_stats_raises(report->stats, &nr);
    int rc = rows || !nr ? 0 : -ENOMEM;
    bool sets = false;

    for ( i = 0; i < nr && !rc; i++ )
    {
        const struct idtap_raise_row *row = rows[i];
        uint64_t softirq = row->key == IDTAP_KEY_OTHER ? row->key
                                                       : row->key >> 16;
        bool set = (row->key & 0xffff) == IDTAP_RAISE_MASK;
        struct cell cells[SHEET_COLUMNS] = {
            cell_named(softirq, idtap_softirq_name((unsigned int)softirq)),
            { .n = row->key & 0xffff, .null = set },
            cell_n(row->raised),
            { .n = row->coalesced, .null = set },
            { .n = row->runs, .null = set },
            { .n = row->unsure, .null = set }, cell_hist(&row->wait),
        };

        sets = sets || set;
        if ( report_enough(report, sheet, i, nr) )
            break;
        rc = sheet_row(sheet, cells);
    }

    if ( !rc && sets )
        rc = sheet_note(sheet, "A raise for a set of CPUs does not say which: "
                        "runs that it may have caused are unsure, not timed.");
    free(rows);
    return rc;
}
