/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histograms of durations (or of any 64-bit number) that never need to know a
 * range beforehand: each power of two is divided into IDTAP_HIST_SUB equal
 * buckets, so that a value is known to one part in IDTAP_HIST_SUB (3.2 %) or
 * better; below IDTAP_HIST_SUB values are exact.  Count, sum, minimum and
 * maximum are always exact.  Two histograms merge without loss.
 *
 * A zeroed structure is an empty histogram.  One thread at a time.
 */
#ifndef IDTAP_HIST_H
#define IDTAP_HIST_H

#include <stdbool.h>
#include <stdint.h>

#define IDTAP_HIST_SUB_BITS 5
#define IDTAP_HIST_SUB  (1u << IDTAP_HIST_SUB_BITS)
#define IDTAP_HIST_ROWS (64 - IDTAP_HIST_SUB_BITS + 1)

struct idtap_hist {
    uint64_t count;
    uint64_t sum;  /* wraps above 2^64 */
    uint64_t min;  /* valid if count is not 0 */
    uint64_t max;
    struct idtap_hist_front *front; /* the library's while it counts; or NULL */
    uint64_t *row[IDTAP_HIST_ROWS]; /* of IDTAP_HIST_SUB; NULL: all zero */
};

/* Both return 0 or -ENOMEM, and then have changed nothing. */
int idtap_hist_add(struct idtap_hist *h, uint64_t value);
int idtap_hist_merge(struct idtap_hist *to, const struct idtap_hist *from);

/* Row 0 holds 0 to SUB - 1; row r > 0 holds SUB << (r - 1) and up. */
static inline unsigned int idtap_hist_row_of(uint64_t value)
{
    return IDTAP_HIST_ROWS - 1 -
           (unsigned int)__builtin_clzll(value | IDTAP_HIST_SUB / 2);
}

/* Its place in that row. */
static inline unsigned int idtap_hist_column_of(uint64_t value)
{
    unsigned int row = idtap_hist_row_of(value);

    return (value >> (row ? row - 1 : 0)) & (IDTAP_HIST_SUB - 1);
}

/* Adds a value that needs no more memory; false: it does, nothing is done. */
static inline bool idtap_hist_add_quickly(struct idtap_hist *h, uint64_t value)
{
    unsigned int row = idtap_hist_row_of(value);

    if ( !h->row[row] )
        return false;

    h->row[row][idtap_hist_column_of(value)]++;
    if ( !h->count || value < h->min )
        h->min = value;
    if ( value > h->max )
        h->max = value;
    h->count++;
    h->sum += value;
    return true;
}

/* Frees what it holds and makes it empty. */
void idtap_hist_clear(struct idtap_hist *h);

/*
 * The value that `permille` of 1000 values do not exceed: the upper end of the
 * bucket that holds it, so never too small and at most one part in
 * IDTAP_HIST_SUB too large; never above the maximum.  0 if empty.
 */
uint64_t idtap_hist_quantile(const struct idtap_hist *h, unsigned int permille);

/* The largest value of bucket `column` of row `row`. */
static inline uint64_t idtap_hist_bucket_end(unsigned int row,
                                             unsigned int column)
{
    if ( !row )
        return column;
    return (((uint64_t)IDTAP_HIST_SUB + column) << (row - 1)) +
           ((1ull << (row - 1)) - 1);
}

static inline uint64_t idtap_hist_mean(const struct idtap_hist *h)
{
    return h->count ? h->sum / h->count : 0;
}

#endif /* IDTAP_HIST_H */
