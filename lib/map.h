/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hash tables of the statistics: pointers to structures that begin with a
 * 64-bit key, open addressing, nothing is ever taken out.  The lookup is
 * inline, for it runs once per record; never more than a quarter is full, so
 * that the first look mostly hits, and the processor's guess with it.
 */
#ifndef IDTAP_MAP_H
#define IDTAP_MAP_H

#include <stdint.h>

#include <idtap/stats.h>

static inline uint32_t map_hash(uint64_t key)
{
    return (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 32);
}

static inline uint64_t map_key(const void *element)
{
    return *(const uint64_t *)element;
}

/* A new zeroed element of `size` bytes with this key; NULL: no memory. */
void *map_insert(struct idtap_map *m, uint64_t key, size_t size);

/* The element, or NULL. */
static inline void *map_find(const struct idtap_map *m, uint64_t key)
{
    uint32_t i;

    if ( !m->mask )
        return NULL;
    for ( i = map_hash(key) & m->mask; m->slot[i]; i = (i + 1) & m->mask )
        if ( map_key(m->slot[i]) == key )
            return m->slot[i];

    return NULL;
}

/* The element, made if need be; NULL: no memory. */
static inline void *map_get(struct idtap_map *m, uint64_t key, size_t size)
{
    void *e = map_find(m, key);

    return e ? e : map_insert(m, key, size);
}

/* Frees the table and its elements. */
void map_clear(struct idtap_map *m);

/* A malloc'ed array of all elements; NULL if there are none, or no memory. */
void **map_elements(const struct idtap_map *m);

#endif /* IDTAP_MAP_H */
