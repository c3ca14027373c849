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

static uint64_t *get_row(struct idtap_hist *h, unsigned int row)
{
    if ( !h->row[row] )
        h->row[row] = calloc(IDTAP_HIST_SUB, sizeof(*h->row[row]));
    return h->row[row];
}

int idtap_hist_add(struct idtap_hist *h, uint64_t value)
{
    if ( !get_row(h, idtap_hist_row_of(value)) )
        return -ENOMEM;

    idtap_hist_add_quickly(h, value);
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
