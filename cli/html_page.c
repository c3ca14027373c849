/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts the page together: cli/html/page.html, in which {{NAME}} stands for what
 * the table below tells.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "html.h"

struct page {
    struct html *html;
    FILE *out;
    char *report, *maps, *records; /* JSON */
    size_t left;                   /* bytes that the timeline may have */
};

/* Text in the document, outside of scripts. */
static void html_escaped(FILE *out, const char *s)
{
    for ( ; *s; s++ )
        switch ( *s )
        {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        default:
            putc((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s, out);
        }
}

static int put_title(struct page *p)
{
    html_escaped(p->out, idtap_trace_info(p->html->report.r.trace)->hostname);
    return 0;
}

static int put_report(struct page *p)
{
    fputs(p->report, p->out);
    return 0;
}

static int put_maps(struct page *p)
{
    fputs(p->maps, p->out);
    return 0;
}

static int put_records(struct page *p)
{
    fputs(p->records, p->out);
    return 0;
}

static int put_timeline(struct page *p)
{
    return html_timeline(p->html, p->out, p->left);
}

static const struct part {
    const char *name;
    const char *file;          /* a file of ours, or */
    int (*put)(struct page *p); /* what is made: 0 or -ENOMEM */
} parts[] = {
    { "title", NULL, put_title },
    { "css", html_file_css, NULL },
    { "report", NULL, put_report },
    { "timeline", NULL, put_timeline },
    { "maps", NULL, put_maps },
    { "records", NULL, put_records },
    { "data.js", html_file_js_data, NULL },
    { "view.js", html_file_js_view, NULL },
    { "lanes.js", html_file_js_lanes, NULL },
    { "heat.js", html_file_js_heat, NULL },
    { "tables.js", html_file_js_tables, NULL },
    { "main.js", html_file_js_main, NULL },
};

static int put_part(struct page *p, const char *name, size_t len)
{
    size_t i;

    for ( i = 0; i < sizeof(parts) / sizeof(parts[0]); i++ )
        if ( strlen(parts[i].name) == len &&
             !strncmp(parts[i].name, name, len) )
        {
            if ( !parts[i].file )
                return parts[i].put(p);
            fputs(parts[i].file, p->out);
        }

    return 0;
}

/* What `make` prints, as a string, or NULL. */
static char *printed(const struct html *html,
                     int (*make)(const struct html *html, FILE *out),
                     size_t *left)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    int rc = f ? make(html, f) : -ENOMEM;

    if ( f && fclose(f) )
        rc = -ENOMEM;
    if ( rc )
    {
        free(text);
        return NULL;
    }

    *left -= len < *left ? len : *left;
    return text;
}

static int make_report(const struct html *html, FILE *out)
{
    struct report report = html->report;

    report.out = out;
    return report_json(&report);
}

int html_page(struct html *html, FILE *out, size_t budget)
{
    struct page p = { .html = html, .out = out, .left = budget };
    const char *s = html_file_page, *mark, *end;
    int rc = 0;

    p.report = printed(html, make_report, &p.left);
    p.maps = printed(html, html_maps, &p.left);
    p.records = printed(html, html_records, &p.left);
    if ( !p.report || !p.maps || !p.records )
        rc = -ENOMEM;

    while ( !rc && (mark = strstr(s, "{{")) && (end = strstr(mark, "}}")) )
    {
        fwrite(s, 1, (size_t)(mark - s), out);
        rc = put_part(&p, mark + 2, (size_t)(end - mark - 2));
        s = end + 2;
    }
    if ( !rc )
        fputs(s, out);

    free(p.report);
    free(p.maps);
    free(p.records);
    return rc;
}
