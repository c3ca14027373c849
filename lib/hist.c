/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Base-2 exponential histograms with linear sub-buckets.  Rows (one power of
 * two each) come into being when first hit: there is a histogram per exit
 * reason and domain, and most of them live in two or three rows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/hist.h>

/* Row 0 holds 0 to SUB - 1; row r > 0 holds SUB << (r - 1) and up. */
static unsigned int row_of(uint64_t value)
{
    if ( value < IDTAP_HIST_SUB )
        return 0;
    return (unsigned int)(64 - __builtin_clzll(value)) - IDTAP_HIST_SUB_BITS;
}

static unsigned int column_of(uint64_t value, unsigned int row)
{
    return (unsigned int)(row ? value >> (row - 1) : value) &
           (IDTAP_HIST_SUB - 1);
}

static uint64_t *get_row(struct idtap_hist *h, unsigned int row)
{
    if ( !h->row[row] )
        h->row[row] = calloc(IDTAP_HIST_SUB, sizeof(*h->row[row]));
    return h->row[row];
}

bool idtap_hist_has_room(const struct idtap_hist *h, uint64_t value)
{
    return h->row[row_of(value)];
}

int idtap_hist_add(struct idtap_hist *h, uint64_t value)
{
    unsigned int row = row_of(value);
    uint64_t *buckets = get_row(h, row);

    if ( !buckets )
        return -ENOMEM;

    buckets[column_of(value, row)]++;
    if ( !h->count || value < h->min )
        h->min = value;
    if ( value > h->max )
        h->max = value;
    h->count++;
    h->sum += value;
    return 0;
}

int idtap_hist_merge(struct idtap_hist *to, const struct idtap_hist *from)
{
    unsigned int r, c;

    if ( !from->count )
        return 0;

    for ( r = 0; r < IDTAP_HIST_ROWS; r++ )
        if ( from->row[r] && !get_row(to, r) )
            return -ENOMEM;

    for ( r = 0; r < IDTAP_HIST_ROWS; r++ )
        for ( c = 0; from->row[r] && c < IDTAP_HIST_SUB; c++ )
            to->row[r][c] += from->row[r][c];

    if ( !to->count || from->min < to->min )
        to->min = from->min;
    if ( from->max > to->max )
        to->max = from->max;
    to->count += from->count;
    to->sum += from->sum;
    return 0;
}

void idtap_hist_clear(struct idtap_hist *h)
{
    unsigned int r;

    for ( r = 0; r < IDTAP_HIST_ROWS; r++ )
        free(h->row[r]);
    memset(h, 0, sizeof(*h));
}

uint64_t idtap_hist_quantile(const struct idtap_hist *h, unsigned int permille)
{
    /* The rank-th smallest, from 1; rounded up, without overflow. */
    uint64_t rank = h->count / 1000 * permille +
                    (h->count % 1000 * permille + 999) / 1000;
    uint64_t seen = 0;
    unsigned int r, c;

    if ( !h->count )
        return 0;
    if ( !rank )
        return h->min;

    for ( r = 0; r < IDTAP_HIST_ROWS; r++ )
        for ( c = 0; h->row[r] && c < IDTAP_HIST_SUB; c++ )
        {
            seen += h->row[r][c];
            if ( seen >= rank )
            {
                uint64_t end = idtap_hist_bucket_end(r, c);

                return end < h->max ? end : h->max;
            }
        }

    return h->max;
}
