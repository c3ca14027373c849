/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap report`: sums up a trace.  What could be read is reported even when
 * something is wrong with the trace; what is wrong comes last, on stderr, and
 * makes the exit status 1.
 */
#include <getopt.h>
#include <string.h>

#include "cli.h"
#include "report.h"

static int help(void)
{
    puts("Usage: idtap report [OPTION]...\n"
         "\n"
         "Sums up a trace: what happened how often, by domain, and how long it\n"
         "took.\n"
         "\n"
         READER_OPTIONS_HELP
         "      --json           JSON, with exact integers\n"
         "      --ns             times in whole nanoseconds\n"
         "      --fail-on-loss   exit status 4 if records were lost\n"
         "      --help           this text\n"
         "\n"
         "Times are from the exit to the next entry (VM exits), from the first\n"
         "to the last instruction of the handler (interrupts, softirqs, NMIs).\n"
         "'coalesced' are interrupts that a guest's local APIC accepted while the\n"
         "same vector was waiting already: the guest gets them as one.\n"
         "p99 may be up to 3.2 % too large, never too small; all else is exact.");
    return cli_finish(CLI_OK);
}

static int parse(int argc, char **argv, struct report *report, bool *json,
                 bool *fail_on_loss)
{
    enum { OPT_VECTOR = 256, OPT_JSON, OPT_NS, OPT_LOSS, OPT_HELP };
    static const struct option options[] = {
        { "input", required_argument, NULL, 'i' },
        { "domain", required_argument, NULL, 'd' },
        { "event", required_argument, NULL, 'e' },
        { "vector", required_argument, NULL, OPT_VECTOR },
        { "json", no_argument, NULL, OPT_JSON },
        { "ns", no_argument, NULL, OPT_NS },
        { "fail-on-loss", no_argument, NULL, OPT_LOSS },
        { "help", no_argument, NULL, OPT_HELP },
        { NULL, 0, NULL, 0 },
    };
    int c;

    opterr = 0;
    while ( (c = getopt_long(argc, argv, "+:i:d:e:", options, NULL)) != -1 )
        switch ( c )
        {
        case 'i': report->r.dir = optarg; break;
        case 'd': report->r.domain_list = optarg; break;
        case 'e': report->r.class_list = optarg; break;
        case OPT_VECTOR: report->r.vector_list = optarg; break;
        case OPT_JSON: *json = true; break;
        case OPT_NS: report->exact_ns = true; break;
        case OPT_LOSS: *fail_on_loss = true; break;
        case OPT_HELP: return -1;
        default: return cli_bad_option(c, argv);
        }

    if ( optind < argc )
        return cli_usage(argv[0], "'%s' is too much: a trace is given with -i",
                         argv[optind]);
    return CLI_OK;
}

static int gather(struct report *report)
{
    uint64_t first, last;
    struct idtap_run run;
    unsigned int nr;
    int rc;

    report->stats = idtap_stats_create(&report->r.select);
    if ( !report->stats )
        return -1;

    while ( (rc = idtap_iter_next(report->r.iter, &run)) > 0 )
        if ( idtap_stats_run(report->stats, &run) )
            return -1;
    if ( rc )
        return -1;

    if ( idtap_stats_span(report->stats, &first, &last) )
        report->duration_ns =
            idtap_tsc_to_ns(last - first,
                            idtap_trace_info(report->r.trace)->tsc_khz);
    idtap_iter_errors(report->r.iter, &nr);
    report->complete = !nr;
    return 0;
}

int cmd_report(int argc, char **argv)
{
    struct report report = { .r.command = argv[0] };
    bool json = false, fail_on_loss = false, lost = false;
    int status = parse(argc, argv, &report, &json, &fail_on_loss);

    if ( status )
        return status < 0 ? help() : status;

    status = reader_open(&report.r);
    if ( status )
        goto out;

    if ( gather(&report) )
    {
        cli_error("out of memory");
        status = CLI_FAILURE;
        goto out;
    }

    /* Of a trace of which nothing can be read there is nothing to report. */
    if ( report.complete || idtap_iter_packets(report.r.iter) )
    {
        if ( (json ? report_json : report_text)(&report) )
        {
            cli_error("out of memory");
            status = CLI_FAILURE;
        }
        lost = reader_losses(report.stats);
    }

    if ( reader_errors(&report.r) )
        status = CLI_FAILURE;
    if ( !status && lost && fail_on_loss )
        status = CLI_LOST;
    status = cli_finish(status);

 out:
    idtap_stats_destroy(report.stats);
    reader_close(&report.r);
    return status;
}
