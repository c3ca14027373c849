/* SPDX-License-Identifier: GPL-2.0-only */
/* Durations over time, in a map whose columns widen as time goes on. */
#include <string.h>

#include <idtap/heatmap.h>

#define FIRST_SHIFT 10u /* about 1 us */
_Static_assert(IDTAP_HEAT_SUB == 2, "rows below are halves of an octave");

unsigned int idtap_heatmap_row(uint64_t ns)
{
    unsigned int octave = ns ? 63u - (unsigned int)__builtin_clzll(ns) : 0;
    unsigned int row = 2 * octave;

    /* The upper half of the octave: the bit below the highest is set. */
    if ( octave && (ns >> (octave - 1) & 1) )
        row++;
    return row < IDTAP_HEAT_ROWS ? row : IDTAP_HEAT_ROWS - 1;
}

uint64_t idtap_heatmap_row_ns(unsigned int row)
{
    uint64_t ns = 1ull << row / 2;

    return row ? ns + (row % 2 ? ns / 2 : 0) : 0;
}

static void widen(struct idtap_heatmap *h)
{
    unsigned int c, r;

    for ( c = 0; c < IDTAP_HEAT_COLUMNS / 2; c++ )
        for ( r = 0; r < IDTAP_HEAT_ROWS; r++ )
            h->cell[c][r] = h->cell[2 * c][r] + h->cell[2 * c + 1][r];
    memset(h->cell[c], 0, sizeof(h->cell) / 2);
    h->shift++;
}

void idtap_heatmap_add(struct idtap_heatmap *h, uint64_t at, uint64_t ns)
{
    if ( !h->shift )
        h->shift = FIRST_SHIFT;
    while ( at >> h->shift >= IDTAP_HEAT_COLUMNS )
        widen(h);

    h->count++;
    h->cell[at >> h->shift][idtap_heatmap_row(ns)]++;
}
