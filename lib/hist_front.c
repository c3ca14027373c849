/* SPDX-License-Identifier: GPL-2.0-only */
/* The rare half of hist_front.h: giving fronts, and emptying them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hist_front.h"

int hist_fronts_init(struct hist_fronts *f)
{
    f->front = aligned_alloc(_Alignof(struct idtap_hist_front),
                             FRONTS_MAX * sizeof(*f->front));
    f->nr = 0;
    return f->front ? 0 : -ENOMEM;
}

void hist_fronts_free(struct hist_fronts *f)
{
    free(f->front);
    f->front = NULL;
    f->nr = 0;
}

void hist_front_row(struct idtap_hist_front *f, unsigned int row)
{
    if ( row < FRONT_ROWS )
        f->rows |= 1u << row;
}

void hist_front_give(struct hist_fronts *fronts, struct idtap_hist *h)
{
    struct idtap_hist_front *f;
    unsigned int r;

    if ( !fronts->front || fronts->nr == FRONTS_MAX || h->front )
        return;

    f = &fronts->front[fronts->nr++];
    memset(f, 0, sizeof(*f));
    f->hist = h;
    f->min = UINT64_MAX;
    for ( r = 0; r < FRONT_ROWS; r++ )
        if ( h->row[r] )
            hist_front_row(f, r);
    h->front = f;
}

static void empty_bucket(struct idtap_hist_front *f, unsigned int i)
{
    f->hist->row[i / IDTAP_HIST_SUB][i % IDTAP_HIST_SUB] += f->bucket[i];
    f->hist->count += f->bucket[i];
    f->bucket[i] = 0;
}

bool hist_front_add_slowly(struct idtap_hist_front *f, uint64_t value)
{
    unsigned int row = idtap_hist_row_of(value);

    if ( row >= FRONT_ROWS || !f->hist->row[row] )
        return idtap_hist_add_quickly(f->hist, value);

    empty_bucket(f, row * IDTAP_HIST_SUB + idtap_hist_column_of(value));
    return hist_front_add(f, value);
}

static void empty(struct idtap_hist_front *f)
{
    struct idtap_hist *h = f->hist;
    unsigned int i;

    for ( i = 0; i < sizeof(f->bucket); i++ )
        if ( f->bucket[i] )
            empty_bucket(f, i);
    h->sum += f->sum;
    if ( f->min < h->min )
        h->min = f->min;
    if ( f->max > h->max )
        h->max = f->max;
    h->front = NULL;
}

void hist_fronts_empty(struct hist_fronts *f)
{
    while ( f->nr )
        empty(&f->front[--f->nr]);
    hist_fronts_free(f);
}
