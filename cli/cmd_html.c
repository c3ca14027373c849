/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap html`: the report as one page for a browser, with a timeline.  The page
 * holds what the trace adds up to, never the trace: its size has a limit, and so
 * has the memory in use.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "html.h"
#include "options.h"
#include "units.h"

#define DEFAULT_PAGE "idtap.html"
#define PAGE_BYTES   7500000u
#define MAX_CELLS    4000000u /* 64 MB */

static int help(void)
{
    puts("Usage: idtap html [OPTION]...\n"
         "\n"
         "Writes a trace's report as one page for a browser: the tables of 'idtap\n"
         "report', a timeline of pCPUs and vCPUs to zoom into, latencies over time,\n"
         "vectors by guest. The page needs nothing but itself, and stays below 8 MB,\n"
         "whatever the trace.\n"
         "\n"
         READER_OPTIONS_HELP
         READER_WINDOW_HELP
         "  -o, --output FILE    the page (default: " DEFAULT_PAGE "; -: stdout)\n"
         "      --fail-on-loss   exit status 4 if records were lost\n"
         "      --help           this text\n"
         "\n"
         "FILE#t=1.2,1.3 opens the page on the time from 1.2 s to 1.3 s.");
    return cli_finish(CLI_OK);
}

struct options {
    const char *output;
    bool fail_on_loss;
};

static int parse(int argc, char **argv, struct reader *r, struct options *o)
{
    enum { OPT_VECTOR = 256, OPT_CPU, OPT_TIME, OPT_LOSS, OPT_HELP };
    static const struct option options[] = {
        { "input", required_argument, NULL, 'i' },
        { "output", required_argument, NULL, 'o' },
        { "domain", required_argument, NULL, 'd' },
        { "event", required_argument, NULL, 'e' },
        { "vector", required_argument, NULL, OPT_VECTOR },
        { "cpu", required_argument, NULL, OPT_CPU },
        { "time", required_argument, NULL, OPT_TIME },
        { "fail-on-loss", no_argument, NULL, OPT_LOSS },
        { "help", no_argument, NULL, OPT_HELP },
        { NULL, 0, NULL, 0 },
    };
    int c;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, "+:i:o:d:e:", options)) != -1 )
        switch ( c )
        {
        case 'i': r->dir = optarg; break;
        case 'o': o->output = optarg; break;
        case 'd': r->domain_list = optarg; break;
        case 'e': r->class_list = optarg; break;
        case OPT_VECTOR: r->vector_list = optarg; break;
        case OPT_CPU: r->cpu_list = optarg; break;
        case OPT_TIME: r->window = optarg; break;
        case OPT_LOSS: o->fail_on_loss = true; break;
        case OPT_HELP: return -1;
        default: return cli_bad_option(c, argv);
        }

    if ( optind < argc )
        return cli_usage(argv[0], "'%s' is too much: a trace is given with -i, "
                         "the page with -o", argv[optind]);
    return CLI_OK;
}

/* Keeps the chosen records while they are few. */
static void keep_records(struct html *html, const struct idtap_run *run)
{
    const uint8_t *p;

    for ( p = run->begin; p < run->end && html->nr_records <= HTML_RECORDS_MAX;
          p = idtap_record_next(p) )
    {
        const struct idtap_record *r = idtap_record_at(p);
        struct html_record *h = &html->records[html->nr_records];
        size_t size = idtap_record_bytes[r->event];

        if ( !idtap_select_has_cpu(&html->report.r.select,
                                   (unsigned int)run->cpu) ||
             !idtap_select_record(&html->report.r.select, r) ||
             html->nr_records++ == HTML_RECORDS_MAX )
            continue;
        h->cpu = run->cpu;
        memcpy(&h->u, p, size < sizeof(h->u) ? size : sizeof(h->u));
    }
}

/* All in one pass; 0 or -ENOMEM. */
static int gather(struct html *html)
{
    struct report *report = &html->report;
    struct idtap_stats_options options = {
        .select = &report->r.select, .from = report->r.from,
        .parts = IDTAP_STATS_DEFAULT | IDTAP_STATS_UPCALLS,
    };
    uint64_t first, last, khz = idtap_trace_info(report->r.trace)->tsc_khz;
    struct idtap_run run;
    unsigned int nr;
    int rc;

    html->records = malloc(HTML_RECORDS_MAX * sizeof(*html->records));
    report->stats = idtap_stats_create_with(&options);
    html->timeline = idtap_timeline_create(&report->r.select, report->r.vendor,
                                           khz, MAX_CELLS);
    if ( !html->records || !report->stats || !html->timeline )
        return -ENOMEM;
    idtap_stats_watch(report->stats, html_span, html);

    while ( (rc = idtap_iter_next(report->r.iter, &run)) > 0 )
    {
        /* The timeline first: spans are told relative to its beginning. */
        if ( idtap_timeline_run(html->timeline, &run) ||
             idtap_stats_run(report->stats, &run) || html->no_memory )
            return -ENOMEM;
        if ( run.cpu >= 0 )
            keep_records(html, &run);
    }
    if ( rc || idtap_timeline_finish(html->timeline) )
        return -ENOMEM;

    if ( idtap_stats_span(report->stats, &first, &last) )
        report->duration_ns = idtap_tsc_to_ns(last - first, khz);
    idtap_iter_errors(report->r.iter, &nr);
    report->complete = !nr;
    return 0;
}

/* Half a page is of no use: it is taken away again. */
static int failed(FILE *f, const char *path, int error)
{
    struct stat st;

    if ( error == ENOMEM )
        cli_error("out of memory");
    else
        cli_error("cannot write %s: %s", path, strerror(error));
    if ( f != stdout )
    {
        if ( !fstat(fileno(f), &st) && S_ISREG(st.st_mode) )
            unlink(path);
        fclose(f);
    }
    return CLI_FAILURE;
}

static int write_page(struct html *html, const char *path)
{
    bool to_stdout = !strcmp(path, "-");
    FILE *f = to_stdout ? stdout : fopen(path, "we");
    char size[UNITS_LEN];
    long len;

    if ( !f )
    {
        cli_error("cannot write %s: %s", path, strerror(errno));
        return CLI_FAILURE;
    }
    errno = 0;
    if ( html_page(html, f, PAGE_BYTES) )
        return failed(f, path, ENOMEM);
    if ( to_stdout )
        return CLI_OK; /* cli_finish() looks at it */

    if ( fflush(f) || ferror(f) )
        return failed(f, path, errno ? errno : EIO);
    len = ftell(f);
    if ( fclose(f) )
    {
        cli_error("cannot write %s: %s", path, strerror(errno));
        return CLI_FAILURE;
    }
    fprintf(stderr, "idtap: wrote %s", path);
    if ( len > 0 )
        fprintf(stderr, ", %sB", format_count(size, (double)len));
    fputc('\n', stderr);
    return CLI_OK;
}

static void release(struct html *html)
{
    unsigned int i;

    for ( i = 0; i < html->nr_maps; i++ )
        free(html->maps[i]);
    free(html->records);
    idtap_timeline_destroy(html->timeline);
    idtap_stats_destroy(html->report.stats);
    reader_close(&html->report.r);
}

int cmd_html(int argc, char **argv)
{
    static struct html html;
    struct reader *r = &html.report.r;
    struct options o = { .output = DEFAULT_PAGE };
    int status;

    memset(&html, 0, sizeof(html));
    r->command = argv[0];
    r->all_streams = true;
    status = parse(argc, argv, r, &o);
    if ( status )
        return status < 0 ? help() : status;

    status = reader_open(r);
    if ( status )
        goto out;

    if ( gather(&html) )
    {
        cli_error("out of memory");
        status = CLI_FAILURE;
        goto out;
    }

    /* Of a trace of which nothing can be read there is no page. */
    if ( html.report.complete || idtap_iter_packets(r->iter) )
    {
        bool lost = reader_losses(html.report.stats);

        status = write_page(&html, o.output);
        if ( !status && lost && o.fail_on_loss )
            status = CLI_LOST;
    }
    if ( reader_errors(r) )
        status = CLI_FAILURE;
    status = cli_finish(status);

 out:
    release(&html);
    return status;
}
