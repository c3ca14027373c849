/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report for people: who did what how often, most frequent first, and how
 * long it took.  Tables that would be empty are left out.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "report.h"
#include "row_name.h"
#include "units.h"

#define NAME_WIDTH 24
#define NR_TIMES 6

/* How a table looks. */
static const struct {
    const char *title;
    const char *count;  /* what `count` is called */
    const char *extra;  /* what `extra` is called; NULL: not shown */
    bool times;
} looks[IDTAP_TAB_NR] = {
    [IDTAP_TAB_EXIT]      = { "VM exits", "count", NULL, true },
    [IDTAP_TAB_INJECT]    = { "Injected events", "count", "again", false },
    [IDTAP_TAB_EXCEPTION] = { "Exceptions seen", "count", "intercepted",
                              false },
    [IDTAP_TAB_IRQ]       = { "Physical interrupts", "count", "in guest",
                              true },
    [IDTAP_TAB_SOFTIRQ]   = { "Softirqs", "run", "raised", true },
    [IDTAP_TAB_NMI]       = { "NMIs", "count", "in guest", true },
    [IDTAP_TAB_CAUSED]    = { "Exits that idtap caused", "count", NULL, true },
    [IDTAP_TAB_SWINT]     = { "INT n", "count", NULL, false },
    [IDTAP_TAB_PV_TRAP]   = { "Traps (PV)", "count", NULL, false },
    [IDTAP_TAB_PV_UPCALL] = { "Upcalls (PV)", "count", NULL, false },
    [IDTAP_TAB_EVTCHN]    = { "Event channels", "count", "pending", false },
};

/* The order in which people look for them. */
static const enum idtap_table order[] = {
    IDTAP_TAB_EXIT, IDTAP_TAB_INJECT, IDTAP_TAB_EXCEPTION, IDTAP_TAB_CAUSED,
    IDTAP_TAB_SWINT, IDTAP_TAB_PV_TRAP, IDTAP_TAB_PV_UPCALL, IDTAP_TAB_EVTCHN,
    IDTAP_TAB_IRQ, IDTAP_TAB_SOFTIRQ, IDTAP_TAB_NMI,
};

static void put_time(const struct report *report, uint64_t ticks)
{
    uint64_t ns = idtap_tsc_to_ns(ticks,
                                  idtap_trace_info(report->r.trace)->tsc_khz);
    char buf[UNITS_LEN];

    if ( report->exact_ns )
        printf(" %12" PRIu64, ns);
    else
        printf(" %8s", format_ns(buf, ns));
}

static void put_times(const struct report *report, const struct idtap_hist *h)
{
    unsigned int i;

    if ( !h->count )
    {
        for ( i = 0; i < NR_TIMES; i++ )
            printf(report->exact_ns ? " %12s" : " %8s", "-");
        return;
    }

    put_time(report, h->min);
    put_time(report, idtap_hist_mean(h));
    put_time(report, idtap_hist_quantile(h, 500));
    put_time(report, idtap_hist_quantile(h, 990));
    put_time(report, idtap_hist_quantile(h, 999));
    put_time(report, h->max);
}

static void put_head(const struct report *report, enum idtap_table table)
{
    static const char *const times[NR_TIMES] = {
        "min", "mean", "p50", "p99", "p99.9", "max",
    };
    unsigned int i;

    printf("\n  %-*s %11s %8s %6s", NAME_WIDTH, looks[table].title,
           looks[table].count, "per s", "share");
    if ( looks[table].extra )
        printf(" %11s", looks[table].extra);
    for ( i = 0; looks[table].times && i < NR_TIMES; i++ )
        printf(report->exact_ns ? " %9s ns" : " %8s", times[i]);
    putchar('\n');
}

static void put_row(const struct report *report, enum idtap_table table,
                    const struct idtap_row *row, uint64_t total)
{
    double seconds = (double)report->duration_ns / 1e9;
    char name[64], num[UNITS_LEN + 8], rate[UNITS_LEN] = "-";

    row_name(report->r.vendor, table, row->key, name, sizeof(name));
    if ( seconds > 0 )
        format_count(rate, (double)row->count / seconds);
    printf("  %-*s %11s %8s %5.1f%%", NAME_WIDTH, name,
           format_int(num, row->count), rate,
           total ? 100. * (double)row->count / (double)total : 0.);
    if ( looks[table].extra )
        printf(" %11s", format_int(num, row->extra));
    if ( looks[table].times )
        put_times(report, &row->time);
    putchar('\n');
}

static int put_table(const struct report *report,
                     const struct idtap_domain_stats *d,
                     enum idtap_table table)
{
    unsigned int i, nr;
    const struct idtap_row **rows = idtap_stats_rows(d, table, &nr);
    uint64_t total = 0;

    if ( !rows )
        return nr ? -ENOMEM : 0;

    for ( i = 0; i < nr; i++ )
        total += rows[i]->count;
    put_head(report, table);
    for ( i = 0; i < nr; i++ )
        put_row(report, table, rows[i], total);

    free(rows);
    return 0;
}

/* Mean, p99 and maximum: of these tables there are two sets side by side. */
static void put_latency(const struct report *report,
                        const struct idtap_hist *h)
{
    unsigned int i;

    for ( i = 0; !h->count && i < 3; i++ )
        printf(report->exact_ns ? " %12s" : " %8s", "-");
    if ( h->count )
    {
        put_time(report, idtap_hist_mean(h));
        put_time(report, idtap_hist_quantile(h, 990));
        put_time(report, h->max);
    }
}

static void put_lapic_row(const struct report *report,
                          const struct idtap_lapic_row *row)
{
    double seconds = (double)report->duration_ns / 1e9;
    char num[UNITS_LEN + 8], rate[UNITS_LEN] = "-";
    bool level = row->accepted && row->level == row->accepted;

    if ( seconds > 0 )
        format_count(rate, (double)row->accepted / seconds);
    if ( row->key == IDTAP_KEY_OTHER )
        printf("  %-10s", "others");
    else
        printf("  0x%02x%-6s", (unsigned int)row->key, level ? " level" : "");
    printf(" %11s %8s", format_int(num, row->accepted), rate);
    printf(" %9s", format_int(num, row->pending));
}

/* Waits and services; not shown for vectors that the CPU delivers. */
static void put_lapic_waits(const struct report *report,
                            const struct idtap_lapic_row **rows,
                            unsigned int nr)
{
    static const char *const times[] = { "mean", "p99", "max" };
    const int width = report->exact_ns ? 38 : 26;
    unsigned int i;

    printf("\n  %-10s %11s %8s %9s %*s %*s\n  %-10s %11s %8s %9s", "", "", "",
           "", width, "accept to injection", width, "injection to EOI",
           "Local APIC", "accepted", "per s", "coalesced");
    for ( i = 0; i < 6; i++ )
        printf(report->exact_ns ? " %9s ns" : " %8s", times[i % 3]);
    putchar('\n');

    for ( i = 0; i < nr; i++ )
    {
        put_lapic_row(report, rows[i]);
        put_latency(report, &rows[i]->wait);
        put_latency(report, &rows[i]->service);
        putchar('\n');
    }
}

/* Is the time from accept to EOI all that is known of this vector? */
static bool is_direct(const struct idtap_lapic_row *row)
{
    return row->queued || (row->total.count && !row->service.count);
}

static void put_lapic_direct(const struct report *report,
                             const struct idtap_lapic_row **rows,
                             unsigned int nr)
{
    char num[UNITS_LEN + 8];
    unsigned int i;
    bool any = false;

    for ( i = 0; i < nr; i++ )
    {
        if ( !is_direct(rows[i]) )
            continue;
        if ( !any )
            printf(report->exact_ns
                   ? "\n  %-26s %11s %8s %9s %9s ns %9s ns %9s ns %9s ns"
                     " %9s ns %9s ns\n"
                   : "\n  %-26s %11s %8s %9s %8s %8s %8s %8s %8s %8s\n",
                   "Local APIC, accept to EOI", "queued", "EOIs", "timed",
                   "min", "mean", "p50", "p99", "p99.9", "max");
        any = true;
        printf("  0x%02x%22s", (unsigned int)rows[i]->key, "");
        printf(" %11s", format_int(num, rows[i]->queued));
        printf(" %8s", format_int(num, rows[i]->eois));
        printf(" %9s", format_int(num, rows[i]->total.count));
        put_times(report, &rows[i]->total);
        putchar('\n');
    }
}

static int put_lapic(const struct report *report,
                     const struct idtap_domain_stats *d)
{
    unsigned int nr;
    const struct idtap_lapic_row **rows = idtap_stats_lapic_rows(d, &nr);

    if ( !rows )
        return nr ? -ENOMEM : 0;

    put_lapic_waits(report, rows, nr);
    put_lapic_direct(report, rows, nr);
    free(rows);
    return 0;
}

static int put_domain(const struct report *report,
                      const struct idtap_domain_stats *d)
{
    char name[READER_NAME_LEN], num[UNITS_LEN + 8];
    unsigned int i;
    int rc = 0;

    if ( d->domain == IDTAP_DOMAIN_OTHER )
        puts("\nOther domains and vectors, for which there was no room");
    else if ( !d->records )
        return 0;
    else
        printf("\n%s: %s records\n",
               reader_domain(&report->r, (uint16_t)d->domain, name),
               format_int(num, d->records));
    for ( i = 0; i < sizeof(order) / sizeof(order[0]) && !rc; i++ )
        rc = put_table(report, d, order[i]);

    return rc ? rc : put_lapic(report, d);
}

static int put_domains(const struct report *report)
{
    unsigned int i, nr;
    const struct idtap_domain_stats **all =
        idtap_stats_domains(report->stats, &nr);
    int rc = !all && nr ? -ENOMEM : 0;

    for ( i = 0; i < nr && !rc; i++ )
        rc = put_domain(report, all[i]);

    free(all);
    return rc;
}

/* Who interrupted whom is by domain above; here, all together. */
static int put_whole_host(const struct report *report)
{
    struct idtap_domain_stats sum = { 0 };
    int rc = idtap_stats_sum(report->stats, IDTAP_TAB_IRQ, &sum);

    if ( !rc && sum.table[IDTAP_TAB_IRQ].nr )
    {
        printf("\nAll domains together\n");
        rc = put_table(report, &sum, IDTAP_TAB_IRQ);
    }

    idtap_domain_stats_clear(&sum);
    return rc;
}

/* A line of the header whose value came out of the trace: cleaned. */
static void put_fact(const char *key, const char *value)
{
    char clean[1024];

    if ( *value )
        printf("%-9s %s\n", key, reader_clean(value, clean, sizeof(clean)));
}

void report_header(const struct report *report)
{
    const struct idtap_trace_info *info = idtap_trace_info(report->r.trace);
    char num[UNITS_LEN + 8], when[64] = "?", text[256];
    time_t start = (time_t)(info->start_realtime_ns / 1000000000);
    uint64_t chosen, records = idtap_stats_records(report->stats, &chosen);
    uint64_t discarded = 0, packets = 0;
    unsigned int i, cpus = 0;
    struct tm tm;

    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        struct idtap_cpu_stats c = idtap_stats_cpu(report->stats, i);

        cpus += c.packets != 0;
        discarded += c.discarded;
        packets += c.lost_packets;
    }

    if ( localtime_r(&start, &tm) )
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S %z", &tm);

    put_fact("Trace", report->r.dir);
    put_fact("Host", info->hostname);
    snprintf(text, sizeof(text), "%s (build-id %s)", info->xen_version,
             info->xen_build_id);
    put_fact("Xen", text);
    put_fact("CPU", info->cpu_model);
    snprintf(text, sizeof(text), "%s, by idtap %s", when, info->idtap_version);
    put_fact("Recorded", text);
    put_fact("Command", info->command);
    printf("%-9s ", "Duration");
    if ( report->exact_ns )
        printf("%" PRIu64 " ns\n", report->duration_ns);
    else
        printf("%s\n", format_ns(text, report->duration_ns));
    printf("%-9s %u\n", "CPUs", cpus);
    printf("%-9s %s", "Records", format_int(num, records));
    if ( chosen != records )
        printf(", %s of them chosen", format_int(num, chosen));
    printf("\n%-9s ", "Lost");
    if ( !discarded && !packets )
        puts("none");
    else
    {
        printf("%s records", format_int(num, discarded));
        if ( packets )
            printf(", and %s packets", format_int(num, packets));
        putchar('\n');
    }
}

int report_text(const struct report *report)
{
    int rc;

    report_header(report);
    rc = put_domains(report);
    return rc ? rc : put_whole_host(report);
}
