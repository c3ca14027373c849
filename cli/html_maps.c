/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durations over time, of all domains and of single ones, and the longest of
 * them.  In JSON a map's cells are a string (html_bytes.h): gap, count for each
 * cell that has a count, by column, then row.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "html_bytes.h"
#include "row_name.h"
#include "top_model.h"

static void put_map(struct bytes *b, const void *from)
{
    const struct idtap_heatmap *h = from;
    uint32_t c, r, gap = 0;

    for ( c = 0; c < IDTAP_HEAT_COLUMNS; c++ )
        for ( r = 0; r < IDTAP_HEAT_ROWS; r++, gap++ )
            if ( h->cell[c][r] )
            {
                bytes_put(b, gap);
                bytes_put(b, h->cell[c][r]);
                gap = UINT32_MAX; /* 0 at the next cell */
            }
}

static struct html_map *map_of(struct html *html, unsigned int kind,
                               uint32_t domain)
{
    unsigned int i, all = 0;
    struct html_map *m = html->last[domain == HTML_ALL_DOMAINS][kind];

    /* The same as the last time, nearly always. */
    if ( m && m->domain == domain )
        return m;

    for ( i = 0; i < html->nr_maps; i++ )
    {
        m = html->maps[i];
        if ( m->kind == kind && m->domain == domain )
            return html->last[domain == HTML_ALL_DOMAINS][kind] = m;
        all += m->domain == HTML_ALL_DOMAINS;
    }

    /* The maps of all domains together always find room. */
    if ( domain != HTML_ALL_DOMAINS && i - all == HTML_MAPS_MAX )
    {
        html->maps_full = true;
        return NULL;
    }

    m = calloc(1, sizeof(*m));
    if ( !m )
    {
        html->no_memory = true;
        return NULL;
    }
    m->kind = kind;
    m->domain = domain;
    html->maps[html->nr_maps++] = m;
    return m;
}

/* Keeps the longest, in order; of equal ones the first. */
static void keep_longest(struct html_map *m, const struct idtap_duration *span)
{
    uint64_t length = span->end - span->begin;
    unsigned int i = m->nr_longest;

    if ( i == HTML_LONGEST &&
         length <= m->longest[i - 1].end - m->longest[i - 1].begin )
        return;

    while ( i > 0 && length > m->longest[i - 1].end - m->longest[i - 1].begin )
        i--;
    if ( m->nr_longest < HTML_LONGEST )
        m->nr_longest++;
    memmove(&m->longest[i + 1], &m->longest[i],
            (m->nr_longest - i - 1) * sizeof(m->longest[0]));
    m->longest[i] = *span;
}

static void add_span(struct html_map *m, const struct idtap_duration *span,
                     uint64_t at, uint64_t ns)
{
    if ( !m )
        return;

    idtap_heatmap_add(&m->map, at, ns);
    keep_longest(m, span);
}

void html_span(void *ctx, const struct idtap_duration *span)
{
    struct html *html = ctx;
    uint64_t khz = idtap_trace_info(html->report.r.trace)->tsc_khz;
    uint64_t at = idtap_tsc_to_ns(span->begin -
                                  idtap_timeline_first(html->timeline), khz);
    uint64_t ns = idtap_tsc_to_ns(span->end - span->begin, khz);

    unsigned int kind = span->kind;

    /* They would be the longest, and hide what Xen works on. */
    if ( kind == IDTAP_DURATION_EXIT &&
         !top_is_busy(html->report.r.vendor, IDTAP_TAB_EXIT, span->key) )
        kind = HTML_KIND_HALT;
    add_span(map_of(html, kind, HTML_ALL_DOMAINS), span, at, ns);
    add_span(map_of(html, kind, span->domain), span, at, ns);
}

/* What the span's row is called. */
static void span_name(const struct html *html,
                      const struct idtap_duration *span, char *buf, size_t len)
{
    static const unsigned int tables[IDTAP_DURATION_NR] = {
        [IDTAP_DURATION_EXIT] = IDTAP_TAB_EXIT,
        [IDTAP_DURATION_IRQ] = IDTAP_TAB_IRQ,
        [IDTAP_DURATION_SOFTIRQ] = IDTAP_TAB_SOFTIRQ,
        [IDTAP_DURATION_NMI] = IDTAP_TAB_NMI,
        [IDTAP_DURATION_WAIT] = IDTAP_TAB_LAPIC,
        [IDTAP_DURATION_SERVICE] = IDTAP_TAB_LAPIC,
        [IDTAP_DURATION_TOTAL] = IDTAP_TAB_LAPIC,
        [IDTAP_DURATION_UPCALL] = IDTAP_TAB_EVTCHN,
    };

    row_name(html->report.r.vendor, tables[span->kind], span->key, buf, len);
}

static void put_longest(struct json *j, const struct html *html,
                        const struct html_map *m)
{
    uint64_t first = idtap_timeline_first(html->timeline);
    uint64_t khz = idtap_trace_info(html->report.r.trace)->tsc_khz;
    unsigned int i;
    char name[ROW_NAME_LEN];

    json_array(j, "longest");
    for ( i = 0; i < m->nr_longest; i++ )
    {
        const struct idtap_duration *s = &m->longest[i];

        span_name(html, s, name, sizeof(name));
        json_object(j, NULL);
        json_uint(j, "at_ns", idtap_tsc_to_ns(s->begin - first, khz));
        json_uint(j, "ns", idtap_tsc_to_ns(s->end - s->begin, khz));
        json_uint(j, "domain", s->domain);
        json_string(j, "name", name);
        json_end_object(j);
    }
    json_end_array(j);
}

int html_maps(const struct html *html, FILE *out)
{
    static const char *const kinds[HTML_KINDS] = {
        [IDTAP_DURATION_EXIT] = "VM exits: exit to entry, without HLT, MWAIT",
        [IDTAP_DURATION_IRQ] = "Physical interrupts: handler",
        [IDTAP_DURATION_SOFTIRQ] = "Softirqs: handler",
        [IDTAP_DURATION_NMI] = "NMIs: handler",
        [IDTAP_DURATION_WAIT] = "Local APIC: accept to injection",
        [IDTAP_DURATION_SERVICE] = "Local APIC: injection to EOI",
        [IDTAP_DURATION_TOTAL] = "Local APIC: accept to EOI",
        [IDTAP_DURATION_UPCALL] = "Event channels of PV guests: to the upcall",
        [HTML_KIND_HALT] = "HLT, MWAIT: the guest waits",
    };
    struct json j;
    unsigned int i, k;
    int rc = 0;

    json_init(&j, out, false);
    json_object(&j, NULL);
    json_uint(&j, "rows", IDTAP_HEAT_ROWS);
    json_bool(&j, "left_out", html->maps_full);
    json_array(&j, "row_ns");
    for ( i = 0; i < IDTAP_HEAT_ROWS; i++ )
        json_uint(&j, NULL, idtap_heatmap_row_ns(i));
    json_end_array(&j);
    json_array(&j, "maps");
    for ( k = 0; k < HTML_KINDS; k++ )
        for ( i = 0; i < html->nr_maps && !rc; i++ )
        {
            const struct html_map *m = html->maps[i];

            if ( m->kind != k )
                continue;
            json_object(&j, NULL);
            json_string(&j, "kind", kinds[k]);
            if ( m->domain == HTML_ALL_DOMAINS )
                json_null(&j, "domain");
            else
                json_uint(&j, "domain", m->domain);
            json_uint(&j, "shift", m->map.shift);
            json_uint(&j, "count", m->map.count);
            put_longest(&j, html, m);
            rc = bytes_json(&j, "cells", put_map, &m->map);
            json_end_object(&j);
        }
    json_end_array(&j);
    json_end_object(&j);

    return rc;
}
