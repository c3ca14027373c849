/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables as text, JSON and CSV: sheet.h says what each kind of cell becomes. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/metadata.h>

#include "sheet.h"
#include "units.h"

#define HIST_TIMES 6
#define FIELDS_MAX (SHEET_COLUMNS * HIST_TIMES)

/* What is shown of a histogram; in JSON and CSV, with _ns. */
static const struct { const char *key, *title; } times[HIST_TIMES] = {
    { "min", "min" }, { "mean", "mean" }, { "p50", "p50" }, { "p99", "p99" },
    { "p999", "p99.9" }, { "max", "max" },
};

struct line {
    char **fields;                 /* text, one per field of a line */
    struct idtap_hist *hists;      /* one per column, if they are shown */
};

struct sheet {
    const struct sheet_look *look;
    const char *name, *title;
    const struct column *columns;
    unsigned int nr_columns, nr_fields;
    unsigned int nr, room;
    struct line *lines;            /* text only */
    unsigned int nr_notes;
    char *notes[8];
};

static uint64_t ns(const struct sheet_look *look, uint64_t ticks)
{
    return idtap_tsc_to_ns(ticks, look->khz);
}

static uint64_t time_of(const struct idtap_hist *h, unsigned int i)
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

/* Columns to the left are words, the others numbers. */
static bool is_word(enum cell_kind kind)
{
    return kind == CELL_TEXT || kind == CELL_DOMAIN || is_named(kind);
}

static void time_text(const struct sheet_look *look, uint64_t ticks,
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
        time_text(look, c->n, buf);
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
        printf(",%s_%s_ns", key, times[i].key);
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
        printf(",%" PRIu64, ns(look, time_of(h, i)));
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
        snprintf(name, sizeof(name), "%s_ns", times[i].key);
        json_uint(j, name, ns(look, time_of(h, i)));
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

/* --- Text --- */

static int text_fields(const struct sheet *s, const struct cell *cells,
                       struct line *line)
{
    char buf[SHEET_CELL_LEN];
    unsigned int i, k, f = 0;

    for ( i = 0; i < s->nr_columns; i++ )
    {
        const struct idtap_hist *h = cells[i].hist;

        if ( !s->columns[i].title )
            continue;
        if ( s->columns[i].kind != CELL_HIST )
        {
            sheet_cell_text(s->look, &s->columns[i], &cells[i], buf);
            line->fields[f] = strdup(buf);
            if ( !line->fields[f++] )
                return -ENOMEM;
            continue;
        }

        if ( line->hists && !cells[i].null &&
             idtap_hist_merge(&line->hists[i], h) )
            return -ENOMEM;
        for ( k = 0; k < HIST_TIMES; k++ )
        {
            if ( cells[i].null || !h || !h->count )
                snprintf(buf, sizeof(buf), "-");
            else
                time_text(s->look, time_of(h, k), buf);
            line->fields[f] = strdup(buf);
            if ( !line->fields[f++] )
                return -ENOMEM;
        }
    }

    return 0;
}

static int text_row(struct sheet *s, const struct cell *cells)
{
    struct line *l;

    if ( s->nr == s->room )
    {
        unsigned int room = s->room ? 2 * s->room : 64;

        l = realloc(s->lines, room * sizeof(*l));
        if ( !l )
            return -ENOMEM;
        s->lines = l;
        s->room = room;
    }

    l = &s->lines[s->nr++];
    l->fields = calloc(s->nr_fields, sizeof(*l->fields));
    l->hists = s->look->histograms
               ? calloc(s->nr_columns, sizeof(*l->hists)) : NULL;
    if ( !l->fields || (s->look->histograms && !l->hists) )
        return -ENOMEM;
    return text_fields(s, cells, l);
}

/* Characters on the terminal; names may be UTF-8. */
static int width_of(const char *text)
{
    int n = 0;

    for ( ; *text; text++ )
        n += (*text & 0xc0) != 0x80;
    return n;
}

static void put_field(const char *text, int width, bool left, bool last)
{
    int pad = width - width_of(text);

    printf("  %*s%s%*s", left ? 0 : pad, "", text, left && !last ? pad : 0,
           "");
}

/* Group titles of histograms, where they differ from their fields' titles. */
static void text_groups(const struct sheet *s, const int *width,
                        unsigned int hists)
{
    unsigned int i, k, f = 0;

    if ( hists < 2 )
        return;
    for ( i = 0; i < s->nr_columns; i++ )
    {
        int w = 0;

        if ( !s->columns[i].title )
            continue;
        for ( k = 0; k < (s->columns[i].kind == CELL_HIST ? HIST_TIMES : 1);
              k++ )
            w += 2 + width[f++];
        printf("%*s", w, s->columns[i].kind == CELL_HIST ? s->columns[i].title
                                                         : "");
    }
    putchar('\n');
}

static void text_table(const struct sheet *s)
{
    int width[FIELDS_MAX];
    bool left[FIELDS_MAX];
    const char *title[FIELDS_MAX];
    unsigned int i, k, f = 0, hists = 0;

    for ( i = 0; i < s->nr_columns; i++ )
    {
        const struct column *c = &s->columns[i];

        if ( !c->title )
            continue;
        hists += c->kind == CELL_HIST;
        for ( k = 0; k < (c->kind == CELL_HIST ? HIST_TIMES : 1); k++, f++ )
        {
            title[f] = c->kind == CELL_HIST ? times[k].title : c->title;
            left[f] = is_word(c->kind);
            width[f] = width_of(title[f]);
        }
    }

    for ( i = 0; i < s->nr; i++ )
        for ( f = 0; f < s->nr_fields; f++ )
            if ( width_of(s->lines[i].fields[f]) > width[f] )
                width[f] = width_of(s->lines[i].fields[f]);

    text_groups(s, width, hists);
    for ( f = 0; f < s->nr_fields; f++ )
        put_field(title[f], width[f], left[f], f + 1 == s->nr_fields);
    putchar('\n');
    for ( i = 0; i < s->nr; i++ )
    {
        for ( f = 0; f < s->nr_fields; f++ )
            put_field(s->lines[i].fields[f], width[f], left[f],
                      f + 1 == s->nr_fields);
        putchar('\n');
    }
}

/* A title of what the row is about: its words. */
static void text_bars(const struct sheet *s, const struct line *line)
{
    char title[512];
    unsigned int i, f, n;

    for ( i = 0; i < s->nr_columns; i++ )
    {
        if ( s->columns[i].kind != CELL_HIST || !line->hists[i].count )
            continue;
        n = 0;
        for ( unsigned int k = f = 0; k < s->nr_columns && n < 400; k++ )
        {
            if ( !s->columns[k].title )
                continue;
            if ( is_word(s->columns[k].kind) &&
                 strcmp(line->fields[f], "-") )
                n += (unsigned int)snprintf(title + n, sizeof(title) - n,
                                            "%s, ", line->fields[f]);
            f += s->columns[k].kind == CELL_HIST ? HIST_TIMES : 1;
        }
        snprintf(title + n, sizeof(title) - n, "%s", s->columns[i].title);
        bars_text(s->look, title, &line->hists[i]);
    }
}

static void text(const struct sheet *s)
{
    unsigned int i;

    printf("\n%s\n\n", s->title);
    if ( s->nr )
        text_table(s);
    else
        puts("  nothing");
    for ( i = 0; i < s->nr_notes; i++ )
        printf("%s  %s\n", i ? "" : "\n", s->notes[i]);
    for ( i = 0; s->look->histograms && i < s->nr; i++ )
        text_bars(s, &s->lines[i]);
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
        return text_row(s, cells);

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
        text(s);
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
