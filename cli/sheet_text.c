/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables as text.  Lines are gathered until all are there, for only then it is
 * known how wide columns are.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet_priv.h"

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
                sheet_time_text(s->look, sheet_time_of(h, k), buf);
            line->fields[f] = strdup(buf);
            if ( !line->fields[f++] )
                return -ENOMEM;
        }
    }

    return 0;
}

int sheet_text_row(struct sheet *s, const struct cell *cells)
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
            title[f] = c->kind == CELL_HIST ? sheet_times[k].title : c->title;
            left[f] = sheet_is_word(c->kind);
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
            if ( sheet_is_word(s->columns[k].kind) &&
                 strcmp(line->fields[f], "-") )
                n += (unsigned int)snprintf(title + n, sizeof(title) - n,
                                            "%s, ", line->fields[f]);
            f += s->columns[k].kind == CELL_HIST ? HIST_TIMES : 1;
        }
        snprintf(title + n, sizeof(title) - n, "%s", s->columns[i].title);
        bars_text(s->look, title, &line->hists[i]);
    }
}

void sheet_text(const struct sheet *s)
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
