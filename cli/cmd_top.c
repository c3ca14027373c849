/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap top`: what happens now, or happened in a trace, interval by interval.
 * Attaches and detaches as `record` does, and writes nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "lists.h"
#include "options.h"
#include "top.h"
#include "units.h"
#include "alerts.h"

static const char help[] =
"Usage: idtap top [OPTION]...\n"
"\n"
"Shows who gets how many interrupts, exits, injections, exceptions, NMIs,\n"
"softirqs, PV traps, upcalls and events of event channels a second and how long\n"
"they take, until 'q' or Ctrl-C; '?' explains keys and columns.  Attaches the\n"
"tap if it is not attached, and then detaches it at the end.  Nothing is\n"
"written.\n"
"\n"
"  -b               plain text, one page after the other, for pipes and files\n"
"  -n COUNT         end after COUNT pages\n"
"  -s TIME          between pages (default 2s; 500ms; no unit: seconds)\n"
"  -i TRACE         replay a recorded trace instead; then also:\n"
"  --time A,B       only from A to before B, in seconds since its start\n"
"  --cpu LIST       only what these CPUs recorded\n"
"  --sort KEY       rate (default), cpu, mean, p99, max or name\n"
SESSION_OPTIONS_HELP
ALERTS_HELP
SESSION_ATTACH_HELP
"\n"
"-e, -d and --vector limit what the tap records, and so what it costs.\n";

enum { OPT_SESSION = 256, OPT_SORT = OPT_SESSION + SESSION_NR_OPTIONS,
       OPT_ALERT, OPT_ALERT_RUN, OPT_TIME, OPT_CPU };

static int parse_args(int argc, char **argv, struct top *t, bool *batch)
{
    static const struct option options[] = {
        SESSION_LONG_OPTIONS(OPT_SESSION),
        { "batch", no_argument, NULL, 'b' },
        { "input", required_argument, NULL, 'i' },
        { "sort", required_argument, NULL, OPT_SORT },
        { "time", required_argument, NULL, OPT_TIME },
        { "cpu", required_argument, NULL, OPT_CPU },
        { "alert", required_argument, NULL, OPT_ALERT },
        { "alert-run", required_argument, NULL, OPT_ALERT_RUN },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int c, rc;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, "+:hbn:s:i:e:d:", options)) != -1 )
    {
        if ( session_option(&t->opt, c, OPT_SESSION, optarg) )
            continue;
        switch ( c )
        {
        case 'b': *batch = true; break;
        case 'i': t->r.dir = optarg; break;
        case 'n':
            if ( parse_size(optarg, &t->updates) || !t->updates )
                return cli_usage(argv[0], "-n: '%s' is not a number of pages",
                                 optarg);
            break;
        case 's':
            if ( parse_duration(optarg, &t->interval_ns) ||
                 t->interval_ns < 10000000 )
                return cli_usage(argv[0], "-s: '%s' is not a time of 10 ms or "
                                 "more", optarg);
            break;
        case OPT_TIME: t->r.window = optarg; break;
        case OPT_CPU: t->r.cpu_list = optarg; break;
        case OPT_SORT:
            rc = top_sort_by_name(optarg);
            if ( rc < 0 )
                return cli_usage(argv[0], "--sort: '%s' is not rate, cpu, "
                                 "mean, p99, max or name", optarg);
            t->view.sort = (enum top_sort)rc;
            break;
        case OPT_ALERT:
        case OPT_ALERT_RUN:
            rc = alerts_option(&t->alerts, argv[0], c == OPT_ALERT, optarg);
            if ( rc )
                return rc;
            break;
        case 'h':
            fputs(help, stdout);
            return -1;
        default:
            return cli_bad_option(c, argv);
        }
    }
    if ( optind < argc )
        return cli_usage(argv[0], "unexpected argument '%s'", argv[optind]);
    if ( t->r.dir && t->opt.nr_intercepts )
        return cli_usage(argv[0], "--intercept is for this host, not for a "
                         "trace");
    if ( !t->r.dir && (t->r.window || t->r.cpu_list) )
        return cli_usage(argv[0], "--time and --cpu choose from a trace: with "
                         "-i");
    return alerts_check(t->alerts, argv[0]);
}

/* The lists in force, in words. */
static void describe_filter(struct top *t)
{
    char *p = t->filter;

    *p = '\0';
    if ( t->classes[0] )
        p += sprintf(p, " -e %s", t->classes);
    if ( t->domains[0] )
        p += sprintf(p, " -d %s", t->domains);
    if ( t->vectors[0] )
        p += sprintf(p, " --vector %s", t->vectors);
    if ( t->r.cpu_list )
        p += sprintf(p, " --cpu %.100s", t->r.cpu_list);
    if ( t->r.window )
        sprintf(p, " --time %.60s", t->r.window);
    t->view.filter = t->filter[0] ? t->filter + 1 : t->filter;
}

static int resolve(void *ctx, const char *name)
{
    const struct top *t = ctx;

    return t->live ? domain_names_find(feed_live_names(t->live), name)
                   : idtap_trace_names_find(t->r.names, name);
}

/* What the three lists choose: for the tap, and for the counts. */
static int parse_lists(struct top *t, struct idtap_config *config,
                       struct idtap_select *select, char *why)
{
    unsigned int n = 0;

    memset(config, 0, sizeof(*config));
    config->classes = IDTAP_CLASS_ALL;
    memset(config->vectors, 0xff, sizeof(config->vectors));
    if ( (t->classes[0] && list_classes(t->classes, &config->classes, why)) ||
         (t->vectors[0] && list_vectors(t->vectors, config->vectors, why)) ||
         (t->domains[0] && list_domains(t->domains, config->domains,
                                        IDTAP_MAX_DOMAINS, &n, resolve, t,
                                        why)) )
        return -EINVAL;
    config->nr_domains = n;
    select_of_config(config, select);
    return 0;
}

int top_choose(struct top *t, char which, const char *list, char *why)
{
    char *target = which == 'e' ? t->classes :
                   which == 'd' ? t->domains : t->vectors;
    char before[TOP_LIST_LEN];
    struct idtap_config config;
    int rc;

    memcpy(before, target, sizeof(before));
    snprintf(target, TOP_LIST_LEN, "%s", list);
    rc = parse_lists(t, &config, &t->select, why);
    if ( t->r.cpu_list )
        memcpy(t->select.cpus, t->r.select.cpus, sizeof(t->select.cpus));
    config.nr_intercepts = t->s.config.nr_intercepts;
    memcpy(config.intercepts, t->s.config.intercepts,
           sizeof(config.intercepts));
    if ( rc )
    {
        memcpy(target, before, sizeof(before));
        return rc;
    }
    describe_filter(t);
    if ( t->trace )
        return feed_select(t->trace, &t->select);
    rc = feed_live_configure(t->live, &config, &t->select);
    if ( rc )
        snprintf(why, LIST_WHY_LEN, "%s", strerror(-rc));
    return rc;
}

static int update(struct top *t, const struct interval *in, bool skip)
{
    int rc = alerts_look(t->alerts, in);

    if ( rc || skip )
        return rc ? rc : 1;
    rc = top_model_update(&t->model, in);
    if ( rc )
        return rc;
    top_sort(&t->model, t->view.sort);
    return 1;
}

int top_next(struct top *t, int fd, uint64_t deadline, bool skip)
{
    struct pollfd key = { .fd = fd, .events = POLLIN };
    uint64_t pace = SESSION_PACE_START, now;
    struct interval in;
    int rc;

    for ( ;; )
    {
        if ( signals_stop() )
            return 0;
        now = now_ns();
        if ( now >= deadline )
            break;
        rc = signals_sleep(t->live && pace < deadline - now ? pace
                                                           : deadline - now,
                           &key, fd >= 0);
        alerts_reap(t->alerts);
        /* A signal may be a new size of the window. */
        if ( fd >= 0 && rc )
            return 2;
        rc = t->live ? feed_live_poll(t->live) : 0;
        if ( rc < 0 )
            return rc;
        pace = session_pace(pace, rc);
    }
    if ( t->trace )
        rc = feed_next(t->trace, &in);
    else
        rc = feed_live_next(t->live, &in) ?: 1;
    return rc > 0 ? update(t, &in, skip) : rc;
}

/* Pages of plain text. */
static int batch(struct top *t)
{
    uint64_t n = 0, deadline = now_ns();
    int rc = 1;

    while ( rc > 0 && (!t->updates || n < t->updates) )
    {
        struct top_page page;
        unsigned int i;

        deadline += t->live ? t->interval_ns : 0;
        /* After a stall there is nothing to catch up with. */
        if ( t->live && deadline < now_ns() )
            deadline = now_ns() + t->interval_ns;
        rc = top_next(t, -1, deadline, false);
        if ( rc <= 0 )
            break;
        rc = top_render(&t->model, &t->view, &page) ?: 1;
        if ( n++ )
            putchar('\n');
        for ( i = 0; rc > 0 && i < page.nr; i++ )
            puts(page.lines[i].text);
        top_page_clear(&page);
        /* Who reads a pipe wants to see it now; and may have gone. */
        if ( rc > 0 && fflush(stdout) )
            return CLI_FAILURE;
    }
    if ( rc < 0 )
        cli_host_error(rc, t->source);
    else if ( !n && t->trace )
        puts("The trace has no records.");
    return rc < 0 ? CLI_FAILURE : CLI_OK;
}

static int show(struct top *t, bool plain)
{
    int status;

    t->view.selected = ~0u;
    t->view.source = t->source;
    if ( plain )
        return batch(t);
    if ( !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) )
        return cli_usage("top", "this is not a terminal; -b gives plain text");
    status = top_screen(t);
    return status;
}

static int top_trace(struct top *t, bool plain)
{
    int status;

    t->r.all_streams = true;
    status = reader_open(&t->r);
    if ( status )
        return status;
    t->select = t->r.select;
    t->trace = feed_trace(t->r.trace, t->r.iter, t->interval_ns, &t->select);
    if ( !t->trace )
    {
        cli_error("out of memory");
        return CLI_FAILURE;
    }
    feed_from(t->trace, t->r.from);
    snprintf(t->source, sizeof(t->source), "%.120s", t->r.dir);
    status = show(t, plain);
    if ( reader_errors(&t->r) && !status )
        status = CLI_FAILURE;
    return status;
}

static int top_host(struct top *t, bool plain)
{
    int status = session_begin(&t->s, "top", "top", &t->opt), rc;

    if ( !status )
    {
        select_of_config(&t->s.config, &t->select);
        rc = feed_live_open(t->s.host, &t->s.config, &t->select, &t->live);
        if ( rc )
        {
            cli_host_error(rc, "top");
            status = CLI_FAILURE;
        }
    }
    if ( !status )
    {
        gethostname(t->source, sizeof(t->source) - 1);
        if ( !alerts_run_command(t->alerts) )
            confine(NULL);
        status = show(t, plain);
        signals_quit_at_once();
        rc = feed_live_close(t->live);
        if ( rc )
            cli_host_error(rc, "top");
        if ( rc && !status )
            status = CLI_FAILURE;
    }
    return session_end(&t->s, status);
}

static void keep_list(char *to, const char *list)
{
    snprintf(to, TOP_LIST_LEN, "%s", list ? list : "");
}

int cmd_top(int argc, char **argv)
{
    struct top *t = calloc(1, sizeof(*t));
    bool plain = false;
    int status;

    if ( !t )
        return CLI_FAILURE;
    t->interval_ns = 2000000000;
    status = parse_args(argc, argv, t, &plain);
    if ( !status )
    {
        t->r.command = argv[0];
        t->r.class_list = t->opt.classes;
        t->r.domain_list = t->opt.domains;
        t->r.vector_list = t->opt.vectors;
        keep_list(t->classes, t->opt.classes);
        keep_list(t->domains, t->opt.domains);
        keep_list(t->vectors, t->opt.vectors);
        describe_filter(t);
        signals_block();
        status = t->r.dir ? top_trace(t, plain) : top_host(t, plain);
    }
    feed_close(t->trace);
    reader_close(&t->r);
    top_model_clear(&t->model);
    alerts_free(t->alerts);
    free(t);
    return cli_finish(status < 0 ? CLI_OK : status);
}
