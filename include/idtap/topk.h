/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The most frequent of many numbers, in bounded memory.  As long as there are
 * at most `max` different ones, all are counted exactly.  From then on it is
 * the Space-Saving algorithm (Metwally, Agrawal, El Abbadi, 2005): a number
 * that has no counter takes over the smallest one, with its count, and
 * remembers that count as its `error`.  So
 *
 *   count - error <= how often it came <= count,
 *
 * and what has no counter came at most idtap_topk_missed() times.  Without
 * merging that is never more than one part in `max` of the total.
 *
 * A zeroed structure is empty.  One thread at a time.
 */
#ifndef IDTAP_TOPK_H
#define IDTAP_TOPK_H

#include <stdint.h>

struct idtap_topk_entry {
    uint64_t value;
    uint64_t count;
    uint64_t error; /* `count` may be this much too high */
};

struct idtap_topk {
    uint64_t total;   /* numbers added */
    uint64_t missed;  /* see idtap_topk_missed() */
    uint32_t nr, room;
    uint32_t nr_index; /* a power of two, twice `room` */
    struct idtap_topk_entry *heap; /* the smallest count on top */
    uint32_t *index;  /* hash table of places in the heap, + 1 */
};

#define IDTAP_TOPK_MAX 1024u

/*
 * Counts `value` once.  `max`, a power of two up to IDTAP_TOPK_MAX, may differ
 * from call to call, but counters that are there stay.  0 or -ENOMEM.
 */
int idtap_topk_add(struct idtap_topk *t, uint64_t value, uint32_t max);

/* Adds `from` to `to`; the bounds hold for the sum.  0 or -ENOMEM. */
int idtap_topk_merge(struct idtap_topk *to, const struct idtap_topk *from);

void idtap_topk_clear(struct idtap_topk *t);

/* How often a value that has no counter may have come; 0: all is exact. */
static inline uint64_t idtap_topk_missed(const struct idtap_topk *t)
{
    return t->missed;
}

/*
 * All entries, by falling count, then value: a malloc'ed array of t->nr; NULL
 * for want of memory, or if there are none.
 */
struct idtap_topk_entry *idtap_topk_sorted(const struct idtap_topk *t);

#endif /* IDTAP_TOPK_H */
