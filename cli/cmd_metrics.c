/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap metrics`: counters for Prometheus, from this host until told to stop,
 * or of a whole trace.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine.h"
#include "feed_live.h"
#include "metrics_http.h"
#include "options.h"
#include "reader.h"
#include "session.h"
#include "units.h"

static const char help[] =
"Usage: idtap metrics --textfile PATH [OPTION]...\n"
"       idtap metrics --listen ADDRESS:PORT|unix:PATH [OPTION]...\n"
"       idtap metrics --once -i TRACE [OPTION]...\n"
"\n"
"Counts interrupts, exits, softirqs, PV traps and upcalls, and events of event\n"
"channels by guest, and how long they take, for Prometheus, until Ctrl-C.\n"
"Attaches the tap if it is not attached, and then detaches it at the end.\n"
"\n"
"  --textfile PATH    a file for node_exporter's textfile collector, replaced\n"
"                     as a whole (its name should end in .prom)\n"
"  --listen WHERE     serve /metrics at 127.0.0.1:PORT, [::1]:PORT, or a\n"
"                     socket, unix:PATH, of mode 0600\n"
"  --listen-anywhere  WHERE may be an address that others can reach\n"
"  --interval TIME    between two files (default 15s)\n"
"  --top N            vectors, reasons, softirqs and sources of event channels\n"
"                     per guest and class that get a time series of their own\n"
"                     (default 20); the rest is counted as \"other\"\n"
"  --once             print the counters of a trace, and end\n"
"  -i TRACE           the trace; of it, also:\n"
"  --time A,B         only from A to before B, in seconds since its start\n"
"  --cpu LIST         only what these CPUs recorded\n"
SESSION_OPTIONS_HELP
SESSION_ATTACH_HELP
"\n"
"A guest of which nothing was recorded for 15 minutes is forgotten.  Values in\n"
"histograms may count up to 3.2 % higher than they are; sums are exact.\n";

#define POLL_MAX_NS 5000000000u

struct args {
    struct session_options opt;
    struct reader r;
    const char *textfile, *listen;
    bool anywhere, once;
    uint64_t interval_ns, top;
};

struct run {
    const struct args *a;
    struct feed_live *live; /* NULL: a trace, which is counted already */
    struct metrics m;
    struct metrics_http *http;
    uint64_t fetched_ns;
};

static int parse_args(int argc, char **argv, struct args *a)
{
    enum { OPT_SESSION = 256, OPT_TEXTFILE = OPT_SESSION + SESSION_NR_OPTIONS,
           OPT_LISTEN, OPT_ANYWHERE, OPT_INTERVAL, OPT_TOP, OPT_ONCE, OPT_TIME,
           OPT_CPU };
    static const struct option options[] = {
        SESSION_LONG_OPTIONS(OPT_SESSION),
        { "input", required_argument, NULL, 'i' },
        { "textfile", required_argument, NULL, OPT_TEXTFILE },
        { "listen", required_argument, NULL, OPT_LISTEN },
        { "listen-anywhere", no_argument, NULL, OPT_ANYWHERE },
        { "interval", required_argument, NULL, OPT_INTERVAL },
        { "top", required_argument, NULL, OPT_TOP },
        { "time", required_argument, NULL, OPT_TIME },
        { "cpu", required_argument, NULL, OPT_CPU },
        { "once", no_argument, NULL, OPT_ONCE },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, "+:hi:e:d:", options)) != -1 )
    {
        if ( session_option(&a->opt, c, OPT_SESSION, optarg) )
            continue;
        switch ( c )
        {
        case 'i': a->r.dir = optarg; break;
        case OPT_TEXTFILE: a->textfile = optarg; break;
        case OPT_LISTEN: a->listen = optarg; break;
        case OPT_ANYWHERE: a->anywhere = true; break;
        case OPT_TIME: a->r.window = optarg; break;
        case OPT_CPU: a->r.cpu_list = optarg; break;
        case OPT_ONCE: a->once = true; break;
        case OPT_INTERVAL:
            if ( parse_duration(optarg, &a->interval_ns) ||
                 a->interval_ns < 100000000 )
                return cli_usage(argv[0], "--interval: '%s' is not a time of "
                                 "100 ms or more", optarg);
            break;
        case OPT_TOP:
            if ( parse_size(optarg, &a->top) || !a->top || a->top > 65536 )
                return cli_usage(argv[0], "--top: '%s' is not a number from 1 "
                                 "to 65536", optarg);
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
    if ( a->once && (!a->r.dir || a->textfile || a->listen) )
        return cli_usage(argv[0], "--once prints the counters of a trace: it "
                         "needs -i, and goes with neither --textfile nor "
                         "--listen");
    if ( !a->r.dir && (a->r.window || a->r.cpu_list) )
        return cli_usage(argv[0], "--time and --cpu choose from a trace: with "
                         "-i");
    if ( !a->once && !a->textfile && !a->listen )
        return cli_usage(argv[0], "--textfile, --listen or --once is needed");
    return CLI_OK;
}

/* The whole file, or the old one. */
static int write_textfile(const char *path, const struct metrics *m)
{
    char tmp[4096];
    bool bad;
    FILE *f;
    int fd, rc = 0;

    /* The collector reads *.prom only: this is not one yet. */
    if ( snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp) )
        return -ENAMETOOLONG;
    fd = mkostemp(tmp, O_CLOEXEC);
    if ( fd < 0 )
        return -errno;
    /* node_exporter is not root. */
    f = fchmod(fd, 0644) ? NULL : fdopen(fd, "w");
    if ( !f )
    {
        rc = -errno;
        close(fd);
    }
    else
    {
        metrics_print(m, METRICS_TEXT, f);
        bad = ferror(f);
        if ( fclose(f) || bad )
            rc = errno ? -errno : -EIO;
    }
    if ( !rc && rename(tmp, path) )
        rc = -errno;
    if ( rc )
        unlink(tmp);
    return rc;
}

static int fetch(void *ctx, const struct metrics **m)
{
    struct run *r = ctx;
    struct interval in;
    int rc = 0;

    *m = &r->m;
    if ( r->live )
    {
        rc = feed_live_next(r->live, &in);
        r->fetched_ns = now_ns();
        if ( !rc )
            rc = metrics_add(&r->m, &in);
    }
    return rc;
}

static int publish(struct run *r)
{
    const struct metrics *m;
    int rc = fetch(r, &m);

    if ( !rc && r->a->textfile )
    {
        rc = write_textfile(r->a->textfile, m);
        if ( rc )
        {
            cli_error("%s: %s", r->a->textfile, strerror(-rc));
            return -EDOM;
        }
    }
    return rc;
}

/* Until a signal says stop.  -EDOM: the reason was said. */
static int loop(struct run *r)
{
    struct pollfd p = { .fd = r->http ? metrics_http_fd(r->http) : -1,
                        .events = POLLIN };
    uint64_t deadline = now_ns(), pace = SESSION_PACE_START, now;
    int rc = 0;

    r->fetched_ns = deadline;
    while ( !rc && !signals_stop() )
    {
        now = now_ns();
        if ( r->a->textfile && now >= deadline )
        {
            rc = publish(r);
            deadline += r->a->interval_ns;
            if ( deadline < now )
                deadline = now + r->a->interval_ns;
            continue;
        }
        /* Nobody asks: what has come is counted all the same. */
        if ( r->live && now - r->fetched_ns >= POLL_MAX_NS )
        {
            const struct metrics *m;

            rc = fetch(r, &m);
            continue;
        }
        if ( !r->live )
            pace = POLL_MAX_NS;
        if ( r->a->textfile && pace > deadline - now )
            pace = deadline - now;
        signals_sleep(pace, &p, 1);
        /* Also without an event: connections time out. */
        if ( r->http )
            metrics_http_run(r->http);
        if ( r->live && (rc = feed_live_poll(r->live)) >= 0 )
        {
            pace = session_pace(pace ? pace : SESSION_PACE_START, rc);
            rc = 0;
        }
    }
    return rc;
}

static int serve(struct run *r)
{
    int rc = loop(r);

    if ( rc && rc != -EDOM )
        cli_host_error(rc, "metrics");
    return rc ? CLI_FAILURE : CLI_OK;
}

/* Counts all of the trace: the most frequent of all get the series. */
static int count_trace(struct run *r, struct reader *reader)
{
    struct feed *f = feed_trace(reader->trace, reader->iter, UINT64_MAX,
                                &reader->select);
    struct interval in;
    int rc = f ? 0 : -ENOMEM;

    if ( f )
        feed_from(f, reader->from);
    while ( !rc && (rc = feed_next(f, &in)) > 0 )
        rc = metrics_add(&r->m, &in);
    feed_close(f);
    return rc;
}

static int metrics_trace(struct run *r, struct args *a)
{
    int status;

    a->r.command = "metrics";
    a->r.all_streams = true;
    a->r.class_list = a->opt.classes;
    a->r.domain_list = a->opt.domains;
    a->r.vector_list = a->opt.vectors;
    status = reader_open(&a->r);
    if ( !status && count_trace(r, &a->r) )
    {
        cli_error("out of memory");
        status = CLI_FAILURE;
    }
    if ( !status )
        status = reader_errors(&a->r);
    if ( !status && a->once )
        metrics_print(&r->m, METRICS_TEXT, stdout);
    else if ( !status )
        status = serve(r);
    reader_close(&a->r);
    return status;
}

static int metrics_host(struct run *r, struct args *a)
{
    struct idtap_select select;
    struct session s;
    int status = session_begin(&s, "metrics", "metrics", &a->opt), rc;

    if ( !status )
    {
        select_of_config(&s.config, &select);
        rc = feed_live_open(s.host, &s.config, &select, &r->live);
        if ( rc )
        {
            cli_host_error(rc, "metrics");
            status = CLI_FAILURE;
        }
    }
    if ( !status )
    {
        confine(a->textfile);
        r->m.forget_ns = 15 * 60 * 1000000000ull;
        status = serve(r);
        signals_quit_at_once();
        /* What happened since the last file counts, too. */
        if ( !status && a->textfile && publish(r) )
            status = CLI_FAILURE;
        if ( feed_live_close(r->live) && !status )
            status = CLI_FAILURE;
    }
    return session_end(&s, status);
}

int cmd_metrics(int argc, char **argv)
{
    struct args a = { .interval_ns = 15000000000, .top = 20 };
    struct run r = { .a = &a };
    int status = parse_args(argc, argv, &a);

    if ( !status )
    {
        r.m.limit = (unsigned int)a.top;
        signals_block();
        /* Before anything is attached: an address may be wrong or taken. */
        if ( a.listen )
            status = metrics_http_open(argv[0], a.listen, a.anywhere, fetch,
                                       &r, &r.http);
    }
    if ( !status )
        status = a.r.dir ? metrics_trace(&r, &a) : metrics_host(&r, &a);
    metrics_http_close(r.http);
    metrics_clear(&r.m);
    return cli_finish(status < 0 ? CLI_OK : status);
}
