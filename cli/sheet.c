/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables as JSON and CSV, and what these have in common with text, which is
 * sheet_text.c's: sheet.h says what each kind of cell becomes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/metadata.h>

#include "sheet_priv.h"
#include "units.h"

const struct sheet_time sheet_times[HIST_TIMES] = {
    { "min", "min" }, { "mean", "mean" }, { "p50", "p50" }, { "p99", "p99" },
    { "p999", "p99.9" }, { "max", "max" },
};

static uint64_t ns(const struct sheet_look *look, uint64_t ticks)
{
    return idtap_tsc_to_ns(ticks, look->khz);
}

uint64_t sheet_time_of(const struct idtap_hist *h, unsigned int i)
{
    switch ( i )
    {
    case 0:  return h->min;
    case 1:  return idtap_hist_mean(h);
    case 2:  return idtap_hist_quantile(h, 500);
    case 3:  return idtap_hist_quantile(h, 990);
    case 4:  return idtap_hist_quantile(h, 999);
    default: return h->max;
    }
}

static bool is_named(enum cell_kind kind)
{
    return kind == CELL_VECTOR || kind == CELL_REASON || kind == CELL_SOFTIRQ;
}

bool sheet_is_word(enum cell_kind kind)
{
    return kind == CELL_TEXT || kind == CELL_DOMAIN || is_named(kind);
}

void sheet_time_text(const struct sheet_look *look, uint64_t ticks,
                     char buf[SHEET_CELL_LEN])
{
    char time[UNITS_LEN];

    if ( look->exact_ns )
        snprintf(buf, SHEET_CELL_LEN, "%" PRIu64, ns(look, ticks));
    else
        snprintf(buf, SHEET_CELL_LEN, "%s", format_ns(time, ns(look, ticks)));
}

const char *sheet_cell_text(const struct sheet_look *look,
                            const struct column *column,
                            const struct cell *c, char buf[SHEET_CELL_LEN])
{
    char number[UNITS_LEN + 8], name[READER_NAME_LEN];
    const char *text = c->text ? c->text : "";
    const char *blank = c->text ? " " : "";

    if ( c->null )
        return strcpy(buf, column->kind == CELL_CPU ? "sets" : "-");

    switch ( column->kind )
    {
    case CELL_TEXT:
        snprintf(buf, SHEET_CELL_LEN, "%s", text);
        break;

    case CELL_COUNT:
        snprintf(buf, SHEET_CELL_LEN, "%s", format_int(number, c->n));
        break;

    case CELL_CPU:
        snprintf(buf, SHEET_CELL_LEN, "%" PRIu64, c->n);
        break;

    case CELL_RATE:
        snprintf(buf, SHEET_CELL_LEN, "%s", format_count(number, c->real));
        break;

    case CELL_SHARE:
        snprintf(buf, SHEET_CELL_LEN, "%.1f%%", 100. * c->real);
        break;

    case CELL_TIME:
        sheet_time_text(look, c->n, buf);
        break;

    case CELL_ADDRESS:
        snprintf(buf, SHEET_CELL_LEN, "%016" PRIx64, c->n);
        break;

    case CELL_DOMAIN:
        if ( c->n > UINT16_MAX )
            return strcpy(buf, "(other)");
        reader_domain(look->reader, (uint16_t)c->n, name);
        snprintf(buf, SHEET_CELL_LEN, "%s", name);
        break;

    case CELL_VECTOR:
        snprintf(buf, SHEET_CELL_LEN, "0x%02" PRIx64 "%s%s", c->n, blank,
                 text);
        break;

    case CELL_REASON:
        if ( c->text )
            snprintf(buf, SHEET_CELL_LEN, "%s", text);
        else
            snprintf(buf, SHEET_CELL_LEN, "reason %#" PRIx64, c->n);
        break;

    case CELL_SOFTIRQ:
        snprintf(buf, SHEET_CELL_LEN, "%" PRIu64 "%s%s", c->n, blank, text);
        break;

    case CELL_HIST:
        *buf = '\0';
        break;
    }

    return buf;
}

/* --- CSV --- */

/* Quoted if need be, as RFC 4180 has it. */
static void csv_text(const char *s)
{
    if ( !strpbrk(s, ",\"\r\n") )
    {
        fputs(s, stdout);
        return;
    }

    putchar('"');
    for ( ; *s; s++ )
    {
        if ( *s == '"' )
            putchar('"');
        putchar(*s);
    }
    putchar('"');
}

static void csv_hist_head(const char *key)
{
    unsigned int i;

    printf("%s_count,%s_sum_ns", key, key);
    for ( i = 0; i < HIST_TIMES; i++ )
        printf(",%s_%s_ns", key, sheet_times[i].key);
}

static void csv_head(const struct sheet *s)
{
    unsigned int i;

    if ( s->look->name_column )
        fputs("table,", stdout);
    for ( i = 0; i < s->nr_columns; i++ )
    {
        const char *key = s->columns[i].key;

        if ( i )
            putchar(',');
        if ( s->columns[i].kind == CELL_HIST )
            csv_hist_head(key);
        else if ( s->columns[i].kind == CELL_DOMAIN )
            fputs("domain,domain_name", stdout);
        else if ( is_named(s->columns[i].kind) )
            printf("%s,%s_name", key, key);
        else
            fputs(key, stdout);
    }
    fputs("\r\n", stdout);
}

static void csv_hist(const struct sheet_look *look, const struct idtap_hist *h)
{
    unsigned int i;

    if ( !h || !h->count )
    {
        fputs("0,0,,,,,,", stdout);
        return;
    }
    printf("%" PRIu64 ",%" PRIu64, h->count, ns(look, h->sum));
    for ( i = 0; i < HIST_TIMES; i++ )
        printf(",%" PRIu64, ns(look, sheet_time_of(h, i)));
}

static void csv_cell(const struct sheet_look *look, enum cell_kind kind,
                     const struct cell *c)
{
    const char *name = c->text;
    char clean[IDTAP_NAME_LEN];

    switch ( kind )
    {
    case CELL_HIST:
        csv_hist(look, c->null ? NULL : c->hist);
        return;

    case CELL_DOMAIN:
        if ( c->null )
            putchar(',');
        else if ( c->n > UINT16_MAX )
            fputs(",other", stdout);
        else
        {
            name = idtap_trace_names_get(look->reader->names, (uint16_t)c->n);
            printf("%" PRIu64 ",", c->n);
            csv_text(name ? reader_clean(name, clean, sizeof(clean)) : "");
        }
        return;

    case CELL_VECTOR:
    case CELL_REASON:
    case CELL_SOFTIRQ:
        if ( !c->null )
            printf("%" PRIu64, c->n);
        putchar(',');
        csv_text(name ? name : "");
        return;

    default:
        break;
    }

    if ( c->null )
        return;
    if ( kind == CELL_TEXT )
        csv_text(name ? name : "");
    else if ( kind == CELL_RATE || kind == CELL_SHARE )
        printf("%.6f", c->real);
    else if ( kind == CELL_ADDRESS )
        printf("0x%016" PRIx64, c->n);
    else
        printf("%" PRIu64, kind == CELL_TIME ? ns(look, c->n) : c->n);
}

/* --- JSON --- */

static void json_hist(const struct sheet_look *look, const char *key,
                      const struct idtap_hist *h)
{
    struct json *j = look->json;
    char name[16];
    unsigned int i;

    if ( !h || !h->count )
    {
        json_null(j, key);
        return;
    }

    json_object(j, key);
    json_uint(j, "count", h->count);
    json_uint(j, "sum_ns", ns(look, h->sum));
    for ( i = 0; i < HIST_TIMES; i++ )
    {
        snprintf(name, sizeof(name), "%s_ns", sheet_times[i].key);
        json_uint(j, name, ns(look, sheet_time_of(h, i)));
    }
    if ( look->histograms )
        bars_json(look, h);
    json_end_object(j);
}

static void json_text(struct json *j, const char *key, const char *text)
{
    if ( text )
        json_string(j, key, text);
    else
        json_null(j, key);
}

static void json_cell(const struct sheet_look *look, const struct column *col,
                      const struct cell *c)
{
    struct json *j = look->json;
    char buf[64];
    bool none = c->null || (col->kind == CELL_DOMAIN && c->n > UINT16_MAX);

    if ( col->kind == CELL_HIST )
        json_hist(look, col->key, c->null ? NULL : c->hist);
    else if ( none )
        json_null(j, col->key);
    else if ( col->kind == CELL_TEXT )
        json_text(j, col->key, c->text);
    else if ( col->kind == CELL_RATE || col->kind == CELL_SHARE )
        json_double(j, col->key, c->real);
    else if ( col->kind == CELL_ADDRESS )
    {
        snprintf(buf, sizeof(buf), "0x%016" PRIx64, c->n);
        json_string(j, col->key, buf);
    }
    else
        json_uint(j, col->key,
                  col->kind == CELL_TIME ? ns(look, c->n) : c->n);

    snprintf(buf, sizeof(buf), "%s_name", col->key);
    if ( is_named(col->kind) )
        json_text(j, buf, c->text);
    else if ( col->kind == CELL_DOMAIN )
        json_text(j, buf, c->null ? NULL : none ? "other" :
                  idtap_trace_names_get(look->reader->names,
                                        (uint16_t)c->n));
}

/* --- All faces --- */

struct sheet *sheet_begin(const struct sheet_look *look, const char *name,
                          const char *title, const struct column *columns)
{
    struct sheet *s = calloc(1, sizeof(*s));
    unsigned int i;

    if ( !s )
        return NULL;

    s->look = look;
    s->name = name;
    s->title = title;
    s->columns = columns;
    for ( i = 0; columns[i].key; i++ )
        if ( columns[i].title )
            s->nr_fields += columns[i].kind == CELL_HIST ? HIST_TIMES : 1;
    s->nr_columns = i;

    if ( look->face == SHEET_CSV )
        csv_head(s);
    else if ( look->face == SHEET_JSON )
    {
        json_object(look->json, NULL);
        json_string(look->json, "table", name);
        json_array(look->json, "rows");
    }
    return s;
}

int sheet_row(struct sheet *s, const struct cell *cells)
{
    unsigned int i;

    if ( s->look->face == SHEET_TEXT )
        return sheet_text_row(s, cells);

    if ( s->look->face == SHEET_JSON )
        json_object(s->look->json, NULL);
    else if ( s->look->name_column )
        printf("%s,", s->name);
    for ( i = 0; i < s->nr_columns; i++ )
    {
        if ( s->look->face == SHEET_JSON )
            json_cell(s->look, &s->columns[i], &cells[i]);
        else
        {
            if ( i )
                putchar(',');
            csv_cell(s->look, s->columns[i].kind, &cells[i]);
        }
    }
    if ( s->look->face == SHEET_JSON )
        json_end_object(s->look->json);
    else
        fputs("\r\n", stdout);
    return 0;
}

int sheet_note(struct sheet *s, const char *fmt, ...)
{
    va_list ap;
    int rc;

    if ( s->nr_notes == sizeof(s->notes) / sizeof(s->notes[0]) )
        return 0;
    va_start(ap, fmt);
    rc = vasprintf(&s->notes[s->nr_notes], fmt, ap);
    va_end(ap);
    if ( rc < 0 )
        return -ENOMEM;
    s->nr_notes++;
    return 0;
}

static void json_notes(const struct sheet *s)
{
    unsigned int i;

    json_end_array(s->look->json);
    json_array(s->look->json, "notes");
    for ( i = 0; i < s->nr_notes; i++ )
        json_string(s->look->json, NULL, s->notes[i]);
    json_end_array(s->look->json);
    json_end_object(s->look->json);
}

int sheet_end(struct sheet *s)
{
    unsigned int i, f;

    if ( !s )
        return -ENOMEM;

    if ( s->look->face == SHEET_TEXT )
        sheet_text(s);
    else if ( s->look->face == SHEET_JSON )
        json_notes(s);

    for ( i = 0; i < s->nr; i++ )
    {
        for ( f = 0; s->lines[i].fields && f < s->nr_fields; f++ )
            free(s->lines[i].fields[f]);
        for ( f = 0; s->lines[i].hists && f < s->nr_columns; f++ )
            idtap_hist_clear(&s->lines[i].hists[f]);
        free(s->lines[i].fields);
        free(s->lines[i].hists);
    }
    for ( i = 0; i < s->nr_notes; i++ )
        free(s->notes[i]);
    free(s->lines);
    free(s);
    return 0;
}
