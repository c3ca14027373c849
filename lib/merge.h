/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Merging streams by time: a heap of lanes, the one with the oldest next
 * record on top.  What is handed out are runs, as long as the lead does not
 * change, so that the heap is only touched when it does.
 */
#ifndef LIB_MERGE_H
#define LIB_MERGE_H

#include <stdbool.h>
#include <stdint.h>

/* The beginning of a structure that knows a stream, and how far it is. */
struct merge_lane {
    uint64_t tsc;        /* of its next record */
    unsigned int stream; /* of equal times, the lower number goes first */
};

static inline bool merge_before(const struct merge_lane *a,
                                const struct merge_lane *b)
{
    return a->tsc != b->tsc ? a->tsc < b->tsc : a->stream < b->stream;
}

/* Puts heap[i], which may have become younger, where it belongs. */
static inline void merge_sift_down(struct merge_lane **heap, unsigned int nr,
                                   unsigned int i)
{
    struct merge_lane *lane = heap[i];

    for ( ;; )
    {
        unsigned int child = 2 * i + 1;

        if ( child >= nr )
            break;
        if ( child + 1 < nr && merge_before(heap[child + 1], heap[child]) )
            child++;
        if ( !merge_before(heap[child], lane) )
            break;
        heap[i] = heap[child];
        i = child;
    }

    heap[i] = lane;
}

static inline void merge_build(struct merge_lane **heap, unsigned int nr)
{
    unsigned int i;

    for ( i = nr / 2; i-- > 0; )
        merge_sift_down(heap, nr, i);
}

/* The last time at which heap[0], there is one, still has the lead. */
static inline uint64_t merge_limit(struct merge_lane *const *heap,
                                   unsigned int nr)
{
    const struct merge_lane *next;

    if ( nr < 2 )
        return UINT64_MAX;
    next = nr == 2 || merge_before(heap[1], heap[2]) ? heap[1] : heap[2];
    return next->tsc - (next->stream < heap[0]->stream);
}

#endif /* LIB_MERGE_H */
