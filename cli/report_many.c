/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report of several traces: first what all have in common, time and who did
 * how much, then the report of each.  JSON: {clocks, reports}; reports are what
 * a single report is, in the order of clocks, where many.c says what these are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "many.h"
#include "report.h"
#include "units.h"

/* A domain of one of the traces. */
struct line {
    char name[READER_NAME_LEN];
    uint64_t records;
    double seconds;
};

static int by_rate(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    double rx = x->seconds > 0 ? (double)x->records / x->seconds : 0;
    double ry = y->seconds > 0 ? (double)y->records / y->seconds : 0;

    return rx != ry ? (rx < ry ? 1 : -1) : strcmp(x->name, y->name);
}

static int add_lines(struct line **lines, size_t *nr,
                     const struct report *report)
{
    unsigned int i, n;
    const struct idtap_domain_stats **all =
        idtap_stats_domains(report->stats, &n);
    struct line *more = realloc(*lines, (*nr + n + 1) * sizeof(*more));

    if ( more )
        *lines = more;
    if ( !more || (!all && n) )
    {
        free(all);
        return -ENOMEM;
    }

    for ( i = 0; i < n; i++ )
    {
        struct line *l = &more[*nr];

        if ( !all[i]->records )
            continue;
        reader_domain(&report->r, (uint16_t)all[i]->domain, l->name);
        l->records = all[i]->records;
        l->seconds = (double)report->duration_ns / 1e9;
        ++*nr;
    }
    free(all);
    return 0;
}

/* All domains of all hosts, the busiest first. */
static int put_domains(const struct report *reports, unsigned int nr)
{
    struct line *lines = NULL;
    size_t n = 0, k;
    unsigned int i;
    int width = 6, rc = 0;

    for ( i = 0; i < nr && !rc; i++ )
        rc = add_lines(&lines, &n, &reports[i]);
    if ( !rc )
    {
        qsort(lines, n, sizeof(*lines), by_rate);
        for ( k = 0; k < n; k++ )
            if ( (int)strlen(lines[k].name) > width )
                width = (int)strlen(lines[k].name);
        printf("%-*s %13s %8s\n", width, "All hosts", "records", "per s");
    }
    for ( k = 0; k < n && !rc; k++ )
    {
        char num[UNITS_LEN + 8], rate[UNITS_LEN] = "-";

        if ( lines[k].seconds > 0 )
            format_count(rate, (double)lines[k].records / lines[k].seconds);
        printf("%-*s %13s %8s\n", width, lines[k].name,
               format_int(num, lines[k].records), rate);
    }

    free(lines);
    return rc;
}

static int put_text(const struct report *reports, const struct many *m,
                    const struct report_how *how)
{
    unsigned int i;
    int rc = put_domains(reports, m->nr);

    for ( i = 0; i < m->nr && !rc; i++ )
    {
        putchar('\n');
        rc = how->print(&reports[i], how->options);
    }
    return rc;
}

static int put_json(const struct report *reports, const struct many *m,
                    const struct report_how *how)
{
    struct json j;
    unsigned int i;
    int rc = 0;

    /* A report is a document of its own to its writer. */
    fputs("{\"clocks\": ", stdout);
    json_init(&j, stdout, false);
    many_json_clocks(m, &j, NULL);
    fputs(", \"reports\": [\n", stdout);
    for ( i = 0; i < m->nr && !rc; i++ )
    {
        if ( i )
            putchar(',');
        rc = how->print(&reports[i], how->options);
    }
    puts("]}");
    return rc;
}

/* What is wrong with the traces, and with how well they fit. */
static int say_all(const struct report *reports, const struct many *m,
                   bool fail_on_loss)
{
    unsigned int i;
    bool lost = false;
    int status = CLI_OK;

    many_say_clocks(m);
    for ( i = 0; i < m->nr; i++ )
    {
        if ( many_any_loss(reports[i].stats) )
        {
            cli_warn("%s:", m->label[i]);
            lost = reader_losses(reports[i].stats);
        }
        if ( reader_errors(&m->r[i]) )
            status = CLI_FAILURE;
    }
    return !status && lost && fail_on_loss ? CLI_LOST : status;
}

int report_many(const struct report *model, struct many *m,
                const struct report_how *how)
{
    struct report *reports = calloc(m->nr, sizeof(*reports));
    unsigned int i;
    int rc = reports ? 0 : -ENOMEM, status;

    for ( i = 0; i < m->nr && !rc; i++ )
    {
        reports[i] = *model;
        reports[i].r = m->r[i];
        reports[i].r.host = m->label[i];
        rc = how->gather(&reports[i], how->options);
    }
    if ( !rc )
        rc = (how->json ? put_json : put_text)(reports, m, how);

    if ( rc )
    {
        cli_error("out of memory");
        status = CLI_FAILURE;
    }
    else
        status = say_all(reports, m, how->fail_on_loss);

    for ( i = 0; reports && i < m->nr; i++ )
        idtap_stats_destroy(reports[i].stats);
    free(reports);
    return status;
}
