/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of bins.  A state that lasts for many bins is one cell with a run, so
 * that a quiet hour costs no more than a quiet millisecond.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "series.h"

static int append(struct idtap_series *s, uint32_t bin, uint32_t run,
                  uint64_t value, uint64_t *nr_cells)
{
    if ( s->nr == s->room )
    {
        uint32_t room = s->room ? s->room + s->room / 2 : 8;
        struct idtap_cell *c = realloc(s->cell, room * sizeof(*c));

        if ( !c )
            return -ENOMEM;
        s->cell = c;
        s->room = room;
    }

    s->cell[s->nr++] = (struct idtap_cell){ bin, run, value };
    ++*nr_cells;
    return 0;
}

int series_add(struct idtap_series *s, uint32_t bin, uint64_t value,
               uint64_t *nr_cells)
{
    struct idtap_cell *last = s->nr ? &s->cell[s->nr - 1] : NULL;

    if ( last && last->run == 1 && last->bin >= bin )
    {
        last->value += value;
        return 0;
    }

    return append(s, bin, 1, value, nr_cells);
}

/* `run` bins that are full, `value` each. */
static int add_run(struct idtap_series *s, uint32_t bin, uint32_t run,
                   uint64_t value, uint64_t *nr_cells)
{
    struct idtap_cell *last = s->nr ? &s->cell[s->nr - 1] : NULL;

    if ( last && last->bin + last->run == bin && last->value == value )
    {
        last->run += run;
        return 0;
    }

    return append(s, bin, run, value, nr_cells);
}

int series_add_span(struct idtap_series *s, uint64_t from, uint64_t to,
                    unsigned int shift, uint64_t *nr_cells)
{
    uint64_t width = 1ull << shift;
    uint32_t first = (uint32_t)(from >> shift), last;
    int rc;

    if ( from >= to )
        return 0;

    last = (uint32_t)((to - 1) >> shift);
    if ( first == last )
        return series_add(s, first, to - from, nr_cells);

    rc = series_add(s, first, width - (from & (width - 1)), nr_cells);
    if ( !rc && last - first > 1 )
        rc = add_run(s, first + 1, last - first - 1, width, nr_cells);
    return rc ? rc : series_add(s, last, to - ((uint64_t)last << shift),
                                nr_cells);
}

int series_coarsen(struct idtap_series *s, unsigned int shift,
                   uint64_t *nr_cells)
{
    struct idtap_series wide = { 0 };
    uint64_t width = 1ull << shift, cells = 0;
    uint32_t i;
    int rc = 0;

    for ( i = 0; i < s->nr && !rc; i++ )
    {
        struct idtap_cell c = s->cell[i];

        if ( c.run == 1 )
        {
            rc = series_add(&wide, c.bin / 2, c.value, &cells);
            continue;
        }

        /* The halves at both ends have neighbours that are not of the run. */
        if ( c.bin % 2 )
        {
            rc = series_add(&wide, c.bin / 2, width, &cells);
            c.bin++;
            c.run--;
        }
        if ( !rc && c.run / 2 )
            rc = add_run(&wide, c.bin / 2, c.run / 2, 2 * width, &cells);
        if ( !rc && c.run % 2 )
            rc = series_add(&wide, (c.bin + c.run) / 2, width, &cells);
    }

    if ( rc )
    {
        series_clear(&wide);
        return rc;
    }

    *nr_cells += cells;
    *nr_cells -= s->nr;
    series_clear(s);
    *s = wide;
    return 0;
}

void series_clear(struct idtap_series *s)
{
    free(s->cell);
    memset(s, 0, sizeof(*s));
}
