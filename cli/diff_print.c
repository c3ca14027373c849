/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `idtap diff` says.  JSON: one object; keys are never renamed.
 * Percentages are null where there is no change that chance does not explain, or
 * nothing to compare; that of what was not there before is null, too, and `new`
 * is true.
 *
 *   before, after  {trace, hostname, xen_version, duration_ns, records, lost,
 *                   lost_packets, complete}
 *   threshold      percent
 *   rows           [{domain, kind, name, new, gone, before, after, change}],
 *                  the largest change first
 *     before, after  {count, per_s, timed, mean_ns, p99_ns}
 *     change         {per_s, mean_ns, p99_ns}, in percent
 *   changed_less, too_few   numbers of rows that are left out
 *   lost_more      more records were lost per second
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "json.h"
#include "units.h"

static const char *const metric_keys[DIFF_METRICS] = {
    [DIFF_RATE] = "per_s", [DIFF_MEAN] = "mean_ns", [DIFF_P99] = "p99_ns",
};

static void put_side(const char *label, const struct diff_side *s)
{
    const struct idtap_trace_info *info = idtap_trace_info(s->r.trace);
    char num[UNITS_LEN + 8], length[UNITS_LEN], host[80], xen[80];

    printf("%-7s %s (%s, Xen %s): %s records in %s", label, s->r.dir,
           reader_clean(info->hostname, host, sizeof(host)),
           reader_clean(info->xen_version, xen, sizeof(xen)),
           format_int(num, s->records),
           format_ns(length, (uint64_t)(s->seconds * 1e9)));
    if ( s->lost )
        printf(", %s lost", format_int(num, s->lost));
    if ( s->lost_packets )
        printf(", %s packets missing", format_int(num, s->lost_packets));
    putchar('\n');
}

static void put_value(enum diff_metric m, const struct diff_value *v)
{
    char buf[UNITS_LEN] = "-";

    if ( m == DIFF_RATE && v->count )
        format_count(buf, v->v[m]);
    else if ( m != DIFF_RATE && v->timed )
        format_ns(buf, (uint64_t)(v->v[m] + 0.5));
    printf(" %8s", buf);
}

static void put_change(const struct diff_row *r, enum diff_metric m)
{
    double p = r->percent[m];

    if ( isnan(p) )
        printf(" %8s", isnan(r->side[0].v[m]) || isnan(r->side[1].v[m]) ? ""
                                                                        : "~");
    else if ( isinf(p) )
        printf(" %8s", "new");
    else if ( m == DIFF_RATE && !r->side[1].count )
        printf(" %8s", "gone");
    else if ( p >= 1000 )
        printf(" %7.0fx", p / 100 + 1);
    else
        printf(" %+7.0f%%", p);
}

/* At least `width` columns; UTF-8 characters are one, whatever their bytes. */
static void put_padded(const char *s, int width)
{
    int columns = 0;
    const char *p;

    for ( p = s; *p; p++ )
        columns += ((unsigned char)*p & 0xc0) != 0x80;
    printf("%s%*s", s, columns < width ? width - columns : 0, "");
}

void diff_text(const struct diff *d)
{
    char num[UNITS_LEN + 8];
    unsigned int m;
    size_t i;
    int width = 6;

    put_side("Before", &d->side[0]);
    put_side("After", &d->side[1]);
    if ( diff_lost_more(d, d->threshold) )
        puts("More records were lost per second than before.");

    for ( i = 0; i < d->nr_rows; i++ )
        if ( (int)strlen(d->rows[i].domain) > width )
            width = (int)strlen(d->rows[i].domain);
    if ( width > 24 )
        width = 24;

    if ( d->nr_rows )
        printf("\n%-*s %-9s %-24s %26s %26s %26s\n%-*s %-9s %-24s", width, "",
               "", "", "per second    ", "mean        ", "p99        ", width,
               "Domain", "kind", "what");
    for ( m = 0; d->nr_rows && m < DIFF_METRICS; m++ )
        printf(" %8s %8s %8s", "before", "after", "change");
    if ( d->nr_rows )
        putchar('\n');

    for ( i = 0; i < d->nr_rows; i++ )
    {
        const struct diff_row *r = &d->rows[i];

        put_padded(r->domain, width);
        printf(" %-9s %-24s", r->kind, r->name);
        for ( m = 0; m < DIFF_METRICS; m++ )
        {
            put_value(m, &r->side[0]);
            put_value(m, &r->side[1]);
            put_change(r, m);
        }
        putchar('\n');
    }

    printf("\nChanged by %g %% or more: %s", d->threshold,
           format_int(num, d->nr_rows));
    printf("; by less, or by chance: %s", format_int(num, d->nr_less));
    printf("; too few events to tell: %s\n", format_int(num, d->nr_few));
}

static void json_side(struct json *j, const char *key,
                      const struct diff_side *s)
{
    const struct idtap_trace_info *info = idtap_trace_info(s->r.trace);

    json_object(j, key);
    json_string(j, "trace", s->r.dir);
    json_string(j, "hostname", info->hostname);
    json_string(j, "xen_version", info->xen_version);
    json_uint(j, "duration_ns", (uint64_t)(s->seconds * 1e9 + 0.5));
    json_uint(j, "records", s->records);
    json_uint(j, "lost", s->lost);
    json_uint(j, "lost_packets", s->lost_packets);
    json_bool(j, "complete", s->complete);
    json_end_object(j);
}

static void json_value(struct json *j, const char *key,
                       const struct diff_value *v)
{
    unsigned int m;

    json_object(j, key);
    json_uint(j, "count", v->count);
    json_uint(j, "timed", v->timed);
    for ( m = 0; m < DIFF_METRICS; m++ )
        json_double(j, metric_keys[m], v->v[m]);
    json_end_object(j);
}

void diff_json(const struct diff *d)
{
    struct json j;
    unsigned int m;
    size_t i;

    json_init(&j, stdout, true);
    json_object(&j, NULL);
    json_side(&j, "before", &d->side[0]);
    json_side(&j, "after", &d->side[1]);
    json_double(&j, "threshold", d->threshold);
    json_array(&j, "rows");
    for ( i = 0; i < d->nr_rows; i++ )
    {
        const struct diff_row *r = &d->rows[i];

        json_object(&j, NULL);
        json_string(&j, "domain", r->domain);
        json_string(&j, "kind", r->kind);
        json_string(&j, "name", r->name);
        json_bool(&j, "new", !r->side[0].count);
        json_bool(&j, "gone", !r->side[1].count);
        json_value(&j, "before", &r->side[0]);
        json_value(&j, "after", &r->side[1]);
        json_object(&j, "change");
        for ( m = 0; m < DIFF_METRICS; m++ )
            json_double(&j, metric_keys[m], r->percent[m]);
        json_end_object(&j);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_uint(&j, "changed_less", d->nr_less);
    json_uint(&j, "too_few", d->nr_few);
    json_bool(&j, "lost_more", diff_lost_more(d, d->threshold));
    json_end_object(&j);
}

/* A field of text (RFC 4180). */
static void csv_text(const char *s)
{
    putchar('"');
    for ( ; *s; s++ )
    {
        if ( *s == '"' )
            putchar('"');
        putchar(*s);
    }
    putchar('"');
}

static void csv_number(double v)
{
    putchar(',');
    if ( isfinite(v) )
        printf("%.6g", v);
}

void diff_csv(const struct diff *d)
{
    unsigned int m;
    size_t i;

    fputs("domain,kind,name,before_count,after_count", stdout);
    for ( m = 0; m < DIFF_METRICS; m++ )
        printf(",before_%s,after_%s,change_%s_percent", metric_keys[m],
               metric_keys[m], metric_keys[m]);
    putchar('\n');

    for ( i = 0; i < d->nr_rows; i++ )
    {
        const struct diff_row *r = &d->rows[i];

        csv_text(r->domain);
        printf(",%s,", r->kind);
        csv_text(r->name);
        printf(",%" PRIu64 ",%" PRIu64, r->side[0].count, r->side[1].count);
        for ( m = 0; m < DIFF_METRICS; m++ )
        {
            csv_number(r->side[0].v[m]);
            csv_number(r->side[1].v[m]);
            csv_number(r->percent[m]);
        }
        putchar('\n');
    }
}
