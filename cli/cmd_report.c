/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap report`: sums up a trace.  What could be read is reported even when
 * something is wrong with the trace; what is wrong comes last, on stderr, and
 * makes the exit status 1.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "many.h"
#include "options.h"
#include "report.h"
#include "units.h"

#define THREADS_MAX  256
#define TOP_IN_TEXT  20
#define BURST_MIN    10
#define BURST_NS     100000

struct options {
    enum sheet_face face;
    uint32_t tables;      /* 0: the summary */
    bool histograms, fail_on_loss, top_given;
    unsigned int threads; /* 0: one per CPU */
};

static int help(void)
{
    puts("Usage: idtap report [OPTION]...\n"
         "\n"
         "Sums up a trace: what happened how often, by domain, and how long it\n"
         "took; or, with --table, answers one question after the other. Of several\n"
         "traces (-i A -i B), hosts are kept apart; it is said when each began, by\n"
         "their clocks.\n"
         "\n"
         READER_OPTIONS_HELP
         READER_WINDOW_HELP
         "      --table NAME,..  these tables instead of the summary; 'help' lists\n"
         "                       them\n"
         "      --histogram      with bars of durations (default tables: exits,\n"
         "                       irqs, softirqs, nmis, lapic)\n"
         "      --top N          at most N rows per table; 0: all (default: 20 in\n"
         "                       text, all otherwise)\n"
         "      --burst N,TIME   more than N arrivals, each less than TIME after\n"
         "                       the one before, are a burst (default: 10,100us)\n"
         "      --json           JSON, with exact integers\n"
         "      --csv            CSV, one table after the other; if there are\n"
         "                       several, the first column is the table's name\n"
         "      --ns             times in whole nanoseconds\n"
         "      --threads N      use N threads (default: as many as there are CPUs;\n"
         "                       the result is the same)\n"
         "      --fail-on-loss   exit status 4 if records were lost\n"
         "      --help           this text\n"
         "\n"
         "Times are from the exit to the next entry (VM exits), from the first\n"
         "to the last instruction of the handler (interrupts, softirqs, NMIs).\n"
         "'coalesced' are interrupts that a guest's local APIC accepted while the\n"
         "same vector was waiting already: the guest gets them as one.\n"
         "p50, p99, p99.9 may be up to 3.2 % too large, never too small; all else is\n"
         "exact.  docs/report.md says how each number is made.");
    return cli_finish(CLI_OK);
}

/* "N,TIME" */
static int parse_burst(const char *command, const char *text,
                       struct report *report)
{
    const char *comma = strchr(text, ',');
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if ( *text < '0' || *text > '9' || end != comma || n < 1 || n > 1000000 ||
         parse_time(comma + 1, &report->burst_ns) || !report->burst_ns )
        return cli_usage(command, "--burst: '%s' is not N,TIME with N from 1 "
                         "to 1000000 and a time like 100us", text);
    report->burst_min = n;
    return CLI_OK;
}

static int parse_number(const char *command, const char *option,
                        const char *text, unsigned int min, unsigned int max,
                        unsigned int *number)
{
    char *end;
    unsigned long n;

    errno = 0;
    n = strtoul(text, &end, 10);
    if ( *text < '0' || *text > '9' || *end || errno || n < min || n > max )
        return cli_usage(command, "%s: '%s' is not a number from %u to %u",
                         option, text, min, max);
    *number = (unsigned int)n;
    return CLI_OK;
}

static int parse_tables(const char *command, const char *text,
                        struct options *o)
{
    char why[LIST_WHY_LEN];

    if ( report_tables_parse(text, &o->tables, why) )
        return cli_usage(command, "--table: %s", why);
    return CLI_OK;
}

static int parse(int argc, char **argv, struct report *report,
                 struct many *many, struct options *o)
{
    enum { OPT_VECTOR = 256, OPT_CPU, OPT_TIME, OPT_TABLE, OPT_HISTOGRAM,
           OPT_TOP, OPT_BURST, OPT_JSON, OPT_CSV, OPT_NS, OPT_THREADS,
           OPT_LOSS, OPT_HELP };
    static const struct option options[] = {
        { "input", required_argument, NULL, 'i' },
        { "domain", required_argument, NULL, 'd' },
        { "event", required_argument, NULL, 'e' },
        { "vector", required_argument, NULL, OPT_VECTOR },
        { "cpu", required_argument, NULL, OPT_CPU },
        { "time", required_argument, NULL, OPT_TIME },
        { "table", required_argument, NULL, OPT_TABLE },
        { "histogram", no_argument, NULL, OPT_HISTOGRAM },
        { "top", required_argument, NULL, OPT_TOP },
        { "burst", required_argument, NULL, OPT_BURST },
        { "json", no_argument, NULL, OPT_JSON },
        { "csv", no_argument, NULL, OPT_CSV },
        { "ns", no_argument, NULL, OPT_NS },
        { "threads", required_argument, NULL, OPT_THREADS },
        { "fail-on-loss", no_argument, NULL, OPT_LOSS },
        { "help", no_argument, NULL, OPT_HELP },
        { NULL, 0, NULL, 0 },
    };
    bool json = false, csv = false;
    int c, status = CLI_OK;

    many->nr = 0;
    opterr = 0;
    while ( !status &&
            (c = cli_getopt(argc, argv, "+:i:d:e:", options)) != -1 )
        switch ( c )
        {
        case 'i':
            report->r.dir = optarg;
            status = many_add(many, argv[0], optarg);
            break;
        case 'd': report->r.domain_list = optarg; break;
        case 'e': report->r.class_list = optarg; break;
        case OPT_VECTOR: report->r.vector_list = optarg; break;
        case OPT_CPU: report->r.cpu_list = optarg; break;
        case OPT_TIME: report->r.window = optarg; break;
        case OPT_TABLE:
            if ( !strcmp(optarg, "help") )
            {
                report_tables_help();
                return -2;
            }
            status = parse_tables(argv[0], optarg, o);
            break;
        case OPT_HISTOGRAM: o->histograms = true; break;
        case OPT_TOP:
            o->top_given = true;
            status = parse_number(argv[0], "--top", optarg, 0, 1000000000,
                                  &report->top);
            break;
        case OPT_BURST:
            status = parse_burst(argv[0], optarg, report);
            break;
        case OPT_JSON: json = true; break;
        case OPT_CSV: csv = true; break;
        case OPT_NS: report->exact_ns = true; break;
        case OPT_THREADS:
            status = parse_number(argv[0], "--threads", optarg, 1,
                                  THREADS_MAX, &o->threads);
            break;
        case OPT_LOSS: o->fail_on_loss = true; break;
        case OPT_HELP: return -1;
        default: return cli_bad_option(c, argv);
        }

    if ( status )
        return status;
    if ( optind < argc )
        return cli_usage(argv[0], "'%s' is too much: a trace is given with -i",
                         argv[optind]);
    if ( json && csv )
        return cli_usage(argv[0], "--json and --csv exclude each other");
    if ( csv && many->nr > 1 )
        return cli_usage(argv[0], "--csv takes one trace");
    if ( csv && o->histograms )
        return cli_usage(argv[0], "--histogram goes with text and --json");

    o->face = json ? SHEET_JSON : csv ? SHEET_CSV : SHEET_TEXT;
    return CLI_OK;
}

/* What was left open. */
static void complete(struct report *report, struct options *o)
{
    cpu_set_t cpus;

    if ( !o->tables && o->histograms )
        report_tables_parse("exits,irqs,softirqs,nmis,lapic", &o->tables,
                            (char[LIST_WHY_LEN]){ 0 });
    if ( !o->tables && o->face == SHEET_CSV )
        o->tables = report_tables_default();
    if ( !o->top_given && o->face == SHEET_TEXT )
        report->top = TOP_IN_TEXT;
    if ( !o->threads )
        o->threads = sched_getaffinity(0, sizeof(cpus), &cpus)
                     ? 1 : (unsigned int)CPU_COUNT(&cpus);
}

static int gather(struct report *report, const void *ctx)
{
    const struct options *o = ctx;
    uint32_t khz = idtap_trace_info(report->r.trace)->tsc_khz;
    struct idtap_stats_options options = {
        .select = &report->r.select, .from = report->r.from,
        .parts = o->tables ? report_tables_parts(o->tables)
                           : IDTAP_STATS_DEFAULT,
        .burst_min = report->burst_min,
        /* Rounded up, as gaps in ns are rounded down. */
        .burst_ticks = (uint64_t)(((unsigned __int128)report->burst_ns * khz +
                                   999999) / 1000000),
    };
    uint64_t first, last;
    unsigned int nr;

    if ( idtap_stats_all(report->r.iter, &options, o->threads,
                         &report->stats) )
        return -ENOMEM;

    if ( idtap_stats_span(report->stats, &first, &last) )
    {
        report->duration_ticks = last - first;
        report->duration_ns = idtap_tsc_to_ns(last - first, khz);
    }
    idtap_iter_errors(report->r.iter, &nr);
    report->complete = !nr;
    return 0;
}

static int print(const struct report *report, const void *ctx)
{
    const struct options *o = ctx;

    if ( o->tables )
        return report_tables(report, o->tables, o->face, o->histograms);
    return (o->face == SHEET_JSON ? report_json : report_text)(report);
}

static int several(const struct report *report, struct many *many,
                   const struct options *o)
{
    struct report_how how = { gather, print, o, o->face == SHEET_JSON,
                              o->fail_on_loss };
    int status = many_open(many, &report->r);

    if ( !status )
        status = cli_finish(report_many(report, many, &how));
    many_close(many);
    return status;
}

int cmd_report(int argc, char **argv)
{
    static struct many many;
    struct report report = { .r.command = argv[0], .r.all_streams = true,
                             .burst_min = BURST_MIN, .burst_ns = BURST_NS };
    struct options o = { .face = SHEET_TEXT };
    bool lost = false;
    int status = parse(argc, argv, &report, &many, &o);

    if ( status == -2 )
        return cli_finish(CLI_OK);
    if ( status )
        return status < 0 ? help() : status;
    complete(&report, &o);
    if ( many.nr > 1 )
        return several(&report, &many, &o);

    status = reader_open(&report.r);
    if ( status )
        goto out;

    if ( gather(&report, &o) )
    {
        cli_error("out of memory");
        status = CLI_FAILURE;
        goto out;
    }

    /* Of a trace of which nothing can be read there is nothing to report. */
    if ( report.complete || idtap_iter_packets(report.r.iter) )
    {
        if ( print(&report, &o) )
        {
            cli_error("out of memory");
            status = CLI_FAILURE;
        }
        report_over(&report);
        lost = reader_losses(report.stats);
    }

    if ( reader_errors(&report.r) )
        status = CLI_FAILURE;
    if ( !status && lost && o.fail_on_loss )
        status = CLI_LOST;
    status = cli_finish(status);

 out:
    idtap_stats_destroy(report.stats);
    reader_close(&report.r);
    return status;
}
