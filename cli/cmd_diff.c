/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap diff`: what changed between two traces.  Both are read as far as they
 * can be; what is wrong with one is said on stderr and makes the exit status 1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "diff.h"
#include "options.h"

static int help(void)
{
    puts("Usage: idtap diff [OPTION]... BEFORE AFTER\n"
         "\n"
         "Compares two traces: what happens more or less often per second, and what\n"
         "takes longer, the largest change first. Domains are matched by name.\n"
         "\n"
         "  -d, --domain LIST    only these domains: names, ids, idle\n"
         "  -e, --event LIST     only these classes: irq, exit, exception, nmi,\n"
         "                       inject, softirq, lapic, swint, pv-trap, pv-upcall,\n"
         "                       evtchn, all\n"
         "      --vector LIST    only these vectors (of irq, exception, nmi,\n"
         "                       inject, lapic, swint, pv-trap): 0-31,0xf3,pf\n"
         "      --cpu LIST       only what these CPUs recorded\n"
         "      --time A,B       only from A to before B, in seconds since each\n"
         "                       trace's start\n"
         "  -t, --threshold P    leave out what changed by less than P % (default: 10)\n"
         "      --fail-above P   exit status 1 if anything grew by more than P %, or\n"
         "                       is new, or if more records were lost\n"
         "      --json           JSON\n"
         "      --csv            a line per row, with a header\n"
         "      --help           this text\n"
         "\n"
         "A change is one that chance does not explain, at 4 sigma (~: it does); of\n"
         "means from 30 durations on each side on, of p99 from 300. What p99 is, is\n"
         "known to 3.2 %. Times of local APICs are from accept to injection, those of\n"
         "event channels from the event to the upcall.");
    return cli_finish(CLI_OK);
}

struct options {
    const char *class_list, *vector_list, *cpu_list, *window;
    void (*print)(const struct diff *d);
};

/* "10", "2.5": at least 0. */
static int parse_percent(const char *text, double *percent)
{
    char *end;
    double v = strtod(text, &end);

    if ( *text < '0' || *text > '9' || *end || !(v >= 0 && v < 1e9) )
        return -EINVAL;
    *percent = v;
    return 0;
}

static int parse(int argc, char **argv, struct diff *d, struct options *o)
{
    enum { OPT_VECTOR = 256, OPT_CPU, OPT_TIME, OPT_FAIL, OPT_JSON, OPT_CSV,
           OPT_HELP };
    static const struct option options[] = {
        { "domain", required_argument, NULL, 'd' },
        { "event", required_argument, NULL, 'e' },
        { "vector", required_argument, NULL, OPT_VECTOR },
        { "cpu", required_argument, NULL, OPT_CPU },
        { "time", required_argument, NULL, OPT_TIME },
        { "threshold", required_argument, NULL, 't' },
        { "fail-above", required_argument, NULL, OPT_FAIL },
        { "json", no_argument, NULL, OPT_JSON },
        { "csv", no_argument, NULL, OPT_CSV },
        { "help", no_argument, NULL, OPT_HELP },
        { NULL, 0, NULL, 0 },
    };
    int c;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, ":d:e:t:", options)) != -1 )
        switch ( c )
        {
        case 'd': d->domain_list = optarg; break;
        case 'e': o->class_list = optarg; break;
        case OPT_VECTOR: o->vector_list = optarg; break;
        case OPT_CPU: o->cpu_list = optarg; break;
        case OPT_TIME: o->window = optarg; break;
        case 't':
            if ( parse_percent(optarg, &d->threshold) )
                return cli_usage(argv[0], "-t: '%s' is not a percentage",
                                 optarg);
            break;
        case OPT_FAIL:
            if ( parse_percent(optarg, &d->fail_above) )
                return cli_usage(argv[0], "--fail-above: '%s' is not a "
                                 "percentage", optarg);
            break;
        case OPT_JSON:
        case OPT_CSV:
            if ( o->print != diff_text )
                return cli_usage(argv[0], "--json and --csv exclude each "
                                 "other");
            o->print = c == OPT_JSON ? diff_json : diff_csv;
            break;
        case OPT_HELP: return -1;
        default: return cli_bad_option(c, argv);
        }

    if ( argc - optind > 2 )
        return cli_usage(argv[0], "'%s' is too much: two traces are compared",
                         argv[optind + 2]);
    if ( argc - optind < 2 )
        return cli_usage(argv[0], "two traces are needed as arguments: BEFORE "
                         "AFTER");
    d->side[0].r.dir = argv[optind];
    d->side[1].r.dir = argv[optind + 1];
    return CLI_OK;
}

/* The classes that the recorder was asked for. */
static uint32_t classes_of(const struct idtap_run *run)
{
    uint32_t classes = 0;
    const uint8_t *p;

    for ( p = run->begin; p < run->end; p = idtap_record_next(p) )
        if ( idtap_record_at(p)->event == IDTAP_EV_CONFIG )
            classes |= ((const struct idtap_config_change *)
                        (const void *)p)->classes;
    return classes;
}

/* Reads one trace; 0 or -ENOMEM. */
static int gather(struct diff_side *s)
{
    struct idtap_stats_options options = {
        .select = &s->r.select, .from = s->r.from,
        .parts = IDTAP_STATS_DEFAULT | IDTAP_STATS_UPCALLS,
    };
    uint64_t first, last, chosen;
    struct idtap_run run;
    unsigned int i, nr;
    int rc;

    s->stats = idtap_stats_create_with(&options);
    if ( !s->stats )
        return -ENOMEM;

    while ( (rc = idtap_iter_next(s->r.iter, &run)) > 0 )
    {
        if ( idtap_stats_run(s->stats, &run) )
            return -ENOMEM;
        if ( run.cpu < 0 )
            s->classes |= classes_of(&run);
    }
    if ( rc )
        return rc;

    if ( idtap_stats_span(s->stats, &first, &last) )
        s->seconds = (double)idtap_tsc_to_ns(
            last - first, idtap_trace_info(s->r.trace)->tsc_khz) / 1e9;
    s->records = idtap_stats_records(s->stats, &chosen);
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        struct idtap_cpu_stats c = idtap_stats_cpu(s->stats, i);

        s->lost += c.discarded;
        s->lost_packets += c.lost_packets;
    }
    idtap_iter_errors(s->r.iter, &nr);
    s->complete = !nr;
    return 0;
}

/* What was recorded in one trace only is not compared: says so. */
static void compare_classes(const struct diff *d)
{
    uint32_t a = d->side[0].classes, b = d->side[1].classes, bit;

    for ( bit = 1; a && b && bit; bit <<= 1 )
        if ( (a ^ b) & bit & d->side[0].r.select.classes )
            cli_warn("class %s was recorded only in %s: it is not compared",
                     idtap_class_name(bit) ? idtap_class_name(bit) : "?",
                     d->side[a & bit ? 0 : 1].r.dir);
}

static int compare(struct diff *d, const struct options *o)
{
    unsigned int i;
    int rc, status = CLI_OK;

    for ( i = 0; i < 2; i++ )
    {
        struct diff_side *s = &d->side[i];

        s->r.command = "diff";
        s->r.class_list = o->class_list;
        s->r.vector_list = o->vector_list;
        s->r.cpu_list = o->cpu_list;
        s->r.window = o->window;
        s->r.all_streams = true;
        status = reader_open(&s->r);
        if ( status )
            return status;
        if ( gather(s) )
        {
            cli_error("out of memory");
            return CLI_FAILURE;
        }
        if ( reader_errors(&s->r) )
            status = CLI_FAILURE;
        if ( s->lost || s->lost_packets )
            cli_warn("%s: records were lost: its rates are too low",
                     s->r.dir);
    }
    compare_classes(d);

    rc = diff_compare(d);
    if ( rc == -ENOENT )
        return cli_usage("diff", "-d: neither trace has a domain of '%s'",
                         d->domain_list);
    if ( rc )
    {
        cli_error("out of memory");
        return CLI_FAILURE;
    }

    o->print(d);
    return !status && d->grew ? CLI_FAILURE : status;
}

int cmd_diff(int argc, char **argv)
{
    struct diff diff = { .threshold = 10, .fail_above = -1 };
    struct options o = { .print = diff_text };
    unsigned int i;
    int status = parse(argc, argv, &diff, &o);

    if ( status )
        return status < 0 ? help() : status;

    status = cli_finish(compare(&diff, &o));

    free(diff.rows);
    for ( i = 0; i < 2; i++ )
    {
        idtap_stats_destroy(diff.side[i].stats);
        reader_close(&diff.side[i].r);
    }
    return status;
}
