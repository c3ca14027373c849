/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durations over time: how many durations of which length began when.  Columns
 * are stretches of time, all of the same width, which doubles when the trace
 * outgrows the map; rows are buckets of duration, IDTAP_HEAT_SUB for each power
 * of two.  A map has a fixed size, some 160 KB, and is copied as a whole.
 *
 * A zeroed structure is an empty map.  One thread at a time.
 */
#ifndef IDTAP_HEATMAP_H
#define IDTAP_HEATMAP_H

#include <stdint.h>

#define IDTAP_HEAT_COLUMNS 512
#define IDTAP_HEAT_SUB     2
#define IDTAP_HEAT_ROWS    (40 * IDTAP_HEAT_SUB) /* the last: 18 min and more */

struct idtap_heatmap {
    unsigned int shift;    /* a column is 1 << shift ns */
    uint64_t count;        /* of all durations */
    uint32_t cell[IDTAP_HEAT_COLUMNS][IDTAP_HEAT_ROWS];
};

/* A duration of `ns` that began `at` ns after the map's beginning. */
void idtap_heatmap_add(struct idtap_heatmap *h, uint64_t at, uint64_t ns);

/* The row of a duration of `ns`, and the least duration of a row. */
unsigned int idtap_heatmap_row(uint64_t ns);
uint64_t idtap_heatmap_row_ns(unsigned int row);

#endif /* IDTAP_HEATMAP_H */
