/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of bins with something in them, as timelines are made of.  They are
 * written in the order of time only.  `*nr_cells` counts cells over all series
 * of a timeline.  All return 0 or -ENOMEM.
 */
#ifndef IDTAP_SERIES_H
#define IDTAP_SERIES_H

#include <idtap/timeline.h>

/* Adds `value` to the bin, which is the last one written or a later one. */
int series_add(struct idtap_series *s, uint32_t bin, uint64_t value,
               uint64_t *nr_cells);
/* A state that lasted from `from` to `to`, in ns. */
int series_add_span(struct idtap_series *s, uint64_t from, uint64_t to,
                    unsigned int shift, uint64_t *nr_cells);
/* From bins of 1 << shift ns to such of twice the width. */
int series_coarsen(struct idtap_series *s, unsigned int shift,
                   uint64_t *nr_cells);
void series_clear(struct idtap_series *s);

#endif /* IDTAP_SERIES_H */
