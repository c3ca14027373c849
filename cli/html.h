/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `idtap html` gathers, and the parts of the page that are made of it.  The
 * page itself lies in cli/html/, as ordinary files.
 *
 * Rules: nothing from a trace goes into the page but through json.h, which
 * escapes what could end a script element, or html_escaped(); the page's script
 * puts it into the document as text only.
 */
#ifndef IDTAP_HTML_H
#define IDTAP_HTML_H

#include <idtap/heatmap.h>
#include <idtap/timeline.h>

#include "report.h"

#define HTML_RECORDS_MAX 20000u /* more: the page has none of them */
#define HTML_MAPS_MAX    64u    /* of 160 KB; more: only as part of "all" */
#define HTML_ALL_DOMAINS 0x10000u
#define HTML_LONGEST     10u    /* durations told one by one, per map */

/* Kinds of maps: of durations; but exits in which the guest waits are apart. */
#define HTML_KIND_HALT IDTAP_DURATION_NR
#define HTML_KINDS     (HTML_KIND_HALT + 1)

/* A record, with room for the largest of a ring. */
struct html_record {
    int cpu;
    union {
        struct idtap_record r;
        struct idtap_exception largest;
    } u;
};

struct html_map {
    unsigned int kind;
    uint32_t domain; /* or HTML_ALL_DOMAINS */
    struct idtap_heatmap map;
    unsigned int nr_longest;
    struct idtap_duration longest[HTML_LONGEST]; /* the longest first */
};

struct html {
    struct report report;
    struct idtap_timeline *timeline;
    struct html_map *maps[HTML_KINDS + HTML_MAPS_MAX];
    unsigned int nr_maps;
    struct html_map *last[2][HTML_KINDS]; /* found: of one, of all */
    bool maps_full;      /* some domains have no map */
    bool no_memory;      /* while a map was to be made */
    struct html_record *records;
    uint32_t nr_records; /* more than HTML_RECORDS_MAX: not kept */
};

/* A duration for the latency maps; `ctx` is the struct html. */
void html_span(void *ctx, const struct idtap_duration *span);

/* Writes the page, of at most some `budget` bytes.  0 or -ENOMEM. */
int html_page(struct html *html, FILE *out, size_t budget);

/* JSON of: timeline, coarsened until it fits; maps; records.  0 or -ENOMEM. */
int html_timeline(struct html *html, FILE *out, size_t budget);
int html_maps(const struct html *html, FILE *out);
int html_records(const struct html *html, FILE *out);

/* The files of cli/html/, each ending in a NUL. */
extern const char html_file_page[], html_file_css[], html_file_js_data[],
    html_file_js_view[], html_file_js_lanes[], html_file_js_heat[],
    html_file_js_tables[], html_file_js_main[];

#endif /* IDTAP_HTML_H */
