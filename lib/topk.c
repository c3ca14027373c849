/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The most frequent numbers: a heap of counters with the smallest on top, which
 * is the one that a newcomer takes over, and a hash table to find a number's
 * place in it.  Collisions go to the next slot; an entry that is taken out
 * pulls those behind it back, so that there are no tombstones to collect.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/topk.h>

#define ROOM_MIN 16u

static uint32_t home(const struct idtap_topk *t, uint64_t value)
{
    return (uint32_t)((value * 0x9e3779b97f4a7c15ull) >> 32) &
           (t->nr_index - 1);
}

/* The slot of `value`, or the free one where it belongs. */
static uint32_t slot_of(const struct idtap_topk *t, uint64_t value)
{
    uint32_t i = home(t, value);

    while ( t->index[i] && t->heap[t->index[i] - 1].value != value )
        i = (i + 1) & (t->nr_index - 1);
    return i;
}

static void forget(struct idtap_topk *t, uint64_t value)
{
    uint32_t mask = t->nr_index - 1, hole = slot_of(t, value), i = hole;

    t->index[hole] = 0;
    for ( ;; )
    {
        uint32_t wish;

        i = (i + 1) & mask;
        if ( !t->index[i] )
            return;
        wish = home(t, t->heap[t->index[i] - 1].value);
        /* May it stay?  Only if the hole is not on its way from home. */
        if ( ((i - wish) & mask) < ((i - hole) & mask) )
            continue;
        t->index[hole] = t->index[i];
        t->index[i] = 0;
        hole = i;
    }
}

static void put(struct idtap_topk *t, uint32_t place,
                const struct idtap_topk_entry *e, uint32_t slot)
{
    t->heap[place] = *e;
    t->index[slot] = place + 1;
}

static void sift_down(struct idtap_topk *t, uint32_t i, uint32_t slot)
{
    struct idtap_topk_entry e = t->heap[i];

    for ( ;; )
    {
        uint32_t child = 2 * i + 1, moved;

        if ( child >= t->nr )
            break;
        if ( child + 1 < t->nr &&
             t->heap[child + 1].count < t->heap[child].count )
            child++;
        if ( t->heap[child].count >= e.count )
            break;
        moved = slot_of(t, t->heap[child].value);
        t->heap[i] = t->heap[child];
        t->index[moved] = i + 1;
        i = child;
    }
    put(t, i, &e, slot);
}

static void sift_up(struct idtap_topk *t, uint32_t i, uint32_t slot)
{
    struct idtap_topk_entry e = t->heap[i];

    while ( i && t->heap[(i - 1) / 2].count > e.count )
    {
        uint32_t parent = (i - 1) / 2;
        uint32_t moved = slot_of(t, t->heap[parent].value);

        t->heap[i] = t->heap[parent];
        t->index[moved] = i + 1;
        i = parent;
    }
    put(t, i, &e, slot);
}

static int grow(struct idtap_topk *t)
{
    uint32_t room = t->room ? 2 * t->room : ROOM_MIN, i;
    struct idtap_topk_entry *heap = realloc(t->heap, room * sizeof(*heap));
    uint32_t *index;

    if ( !heap )
        return -ENOMEM;
    t->heap = heap;
    index = calloc(2 * room, sizeof(*index));
    if ( !index )
        return -ENOMEM;

    free(t->index);
    t->index = index;
    t->room = room;
    t->nr_index = 2 * room;
    for ( i = 0; i < t->nr; i++ )
        t->index[slot_of(t, t->heap[i].value)] = i + 1;
    return 0;
}

int idtap_topk_add(struct idtap_topk *t, uint64_t value, uint32_t max)
{
    uint32_t slot = t->nr_index ? slot_of(t, value) : 0;
    struct idtap_topk_entry *e;

    if ( t->nr_index && t->index[slot] )
    {
        uint32_t place = t->index[slot] - 1;

        t->total++;
        t->heap[place].count++;
        sift_down(t, place, slot);
        return 0;
    }

    if ( t->nr == t->room && t->room < max )
    {
        if ( grow(t) )
            return -ENOMEM;
        slot = slot_of(t, value);
    }

    t->total++;
    if ( t->nr < t->room && t->nr < max )
    {
        /* What was missed so far may have been this one. */
        e = &t->heap[t->nr];
        *e = (struct idtap_topk_entry){ value, t->missed + 1, t->missed };
        t->index[slot] = ++t->nr;
        sift_up(t, t->nr - 1, slot);
        return 0;
    }

    e = &t->heap[0];
    if ( e->count > t->missed )
        t->missed = e->count;
    forget(t, e->value);
    *e = (struct idtap_topk_entry){ value, t->missed + 1, t->missed };
    slot = slot_of(t, value);
    t->index[slot] = 1;
    sift_down(t, 0, slot);
    return 0;
}

void idtap_topk_clear(struct idtap_topk *t)
{
    free(t->heap);
    free(t->index);
    memset(t, 0, sizeof(*t));
}

static int by_count(const void *a, const void *b)
{
    const struct idtap_topk_entry *x = a, *y = b;

    if ( x->count != y->count )
        return x->count > y->count ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

struct idtap_topk_entry *idtap_topk_sorted(const struct idtap_topk *t)
{
    struct idtap_topk_entry *all = t->nr ? malloc(t->nr * sizeof(*all)) : NULL;

    if ( all )
    {
        memcpy(all, t->heap, t->nr * sizeof(*all));
        qsort(all, t->nr, sizeof(*all), by_count);
    }
    return all;
}

/* The entry of `value`, or NULL. */
static const struct idtap_topk_entry *find(const struct idtap_topk *t,
                                           uint64_t value)
{
    uint32_t slot = t->nr_index ? slot_of(t, value) : 0;

    return t->nr_index && t->index[slot] ? &t->heap[t->index[slot] - 1] : NULL;
}

/* Both sides' entries, each once, added up. */
static uint32_t unite(const struct idtap_topk *a, const struct idtap_topk *b,
                      struct idtap_topk_entry *all)
{
    uint32_t i, n = 0;

    for ( i = 0; i < a->nr; i++ )
    {
        const struct idtap_topk_entry *other = find(b, a->heap[i].value);

        all[n] = a->heap[i];
        all[n].count += other ? other->count : b->missed;
        all[n++].error += other ? other->error : b->missed;
    }
    for ( i = 0; i < b->nr; i++ )
        if ( !find(a, b->heap[i].value) )
        {
            all[n] = b->heap[i];
            all[n].count += a->missed;
            all[n++].error += a->missed;
        }

    return n;
}

int idtap_topk_merge(struct idtap_topk *to, const struct idtap_topk *from)
{
    struct idtap_topk_entry *all;
    struct idtap_topk sum = { .total = to->total + from->total,
                              .missed = to->missed + from->missed };
    uint32_t i, n;

    if ( !from->nr )
        return 0;
    all = calloc(to->nr + from->nr, sizeof(*all));
    if ( !all )
        return -ENOMEM;

    n = unite(to, from, all);
    qsort(all, n, sizeof(*all), by_count);
    if ( n > IDTAP_TOPK_MAX )
    {
        if ( all[IDTAP_TOPK_MAX].count > sum.missed )
            sum.missed = all[IDTAP_TOPK_MAX].count;
        n = IDTAP_TOPK_MAX;
    }
    while ( sum.room < n )
        if ( grow(&sum) )
        {
            free(all);
            idtap_topk_clear(&sum);
            return -ENOMEM;
        }

    /* From the smallest up, the array is a heap as it is. */
    for ( i = 0; i < n; i++ )
    {
        sum.heap[i] = all[n - 1 - i];
        sum.nr = i + 1;
        sum.index[slot_of(&sum, sum.heap[i].value)] = i + 1;
    }

    free(all);
    idtap_topk_clear(to);
    *to = sum;
    return 0;
}
