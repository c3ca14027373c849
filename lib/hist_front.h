/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fronts of histograms.  Most of the time that a histogram takes is waiting for
 * the bucket, for buckets of 64 bits of all rows of all domains are more than
 * the first-level cache holds.  So those that are hit often get a front: buckets
 * of one byte, side by side, which are emptied into the histogram when one is
 * full, and at the end.
 *
 * A front has buckets where the histogram has its row already, and no others, so
 * that the histogram's memory grows when it would without.  While there is a
 * front, only the two together are the histogram: who reads it must call
 * hist_fronts_empty() before.
 */
#ifndef LIB_HIST_FRONT_H
#define LIB_HIST_FRONT_H

#include <idtap/hist.h>

#define FRONT_ROWS  24u /* larger values are the histogram's own */
#define FRONTS_MAX  256u
#define FRONT_AFTER 32u /* values: then a histogram gets one */

struct idtap_hist_front {
    _Alignas(64) struct idtap_hist *hist;
    uint64_t sum, min, max; /* of the values that are here */
    uint32_t rows;          /* a bit each: hist->row[] is there */
    _Alignas(64) uint8_t bucket[FRONT_ROWS * IDTAP_HIST_SUB];
};

struct hist_fronts {
    struct idtap_hist_front *front; /* FRONTS_MAX; NULL: none are given */
    unsigned int nr;
};

/* 0 or -ENOMEM. */
int hist_fronts_init(struct hist_fronts *f);
/* Whoever has a front has none any more, and none are given any more. */
void hist_fronts_empty(struct hist_fronts *f);
/* The same, for histograms that nobody reads any more. */
void hist_fronts_free(struct hist_fronts *f);

/* Gives the histogram a front, if there is one left. */
void hist_front_give(struct hist_fronts *f, struct idtap_hist *h);

/* Adds a value; false: there is no bucket for it, or it is full. */
static inline bool hist_front_add(struct idtap_hist_front *f, uint64_t value)
{
    /* Rows 0 and 1 have buckets of one value, each further one of twice. */
    unsigned int shift = IDTAP_HIST_ROWS - 2 -
        (unsigned int)__builtin_clzll(value | IDTAP_HIST_SUB);
    uint64_t i = (shift << IDTAP_HIST_SUB_BITS) + (value >> shift);

    if ( i >= sizeof(f->bucket) || !(f->rows >> (i / IDTAP_HIST_SUB) & 1) ||
         f->bucket[i] == UINT8_MAX )
        return false;

    f->bucket[i]++;
    f->sum += value;
    if ( value < f->min )
        f->min = value;
    if ( value > f->max )
        f->max = value;
    return true;
}

/* What hist_front_add() did not; false: the histogram needs memory for it. */
bool hist_front_add_slowly(struct idtap_hist_front *f, uint64_t value);
/* The histogram has got this row. */
void hist_front_row(struct idtap_hist_front *f, unsigned int row);

#endif /* LIB_HIST_FRONT_H */
