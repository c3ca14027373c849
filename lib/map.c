/* SPDX-License-Identifier: GPL-2.0-only */
/* The rare half of the hash tables: growing, listing, freeing. */
#include <stdlib.h>
#include <string.h>

#include "map.h"

static void place(void **slot, uint32_t mask, void *element)
{
    uint32_t i = map_hash(map_key(element)) & mask;

    while ( slot[i] )
        i = (i + 1) & mask;
    slot[i] = element;
}

void *map_insert(struct idtap_map *m, uint64_t key, size_t size)
{
    uint64_t *e;

    if ( 4 * m->nr >= m->mask )
    {
        uint32_t i, mask = m->mask ? 2 * m->mask + 1 : 31;
        void **slot = calloc((size_t)mask + 1, sizeof(*slot));

        if ( !slot )
            return NULL;
        for ( i = 0; m->mask && i <= m->mask; i++ )
            if ( m->slot[i] )
                place(slot, mask, m->slot[i]);
        free(m->slot);
        m->slot = slot;
        m->mask = mask;
    }

    e = calloc(1, size);
    if ( e )
    {
        *e = key;
        place(m->slot, m->mask, e);
        m->nr++;
    }

    return e;
}

void map_clear(struct idtap_map *m)
{
    uint32_t i;

    for ( i = 0; m->mask && i <= m->mask; i++ )
        free(m->slot[i]);
    free(m->slot);
    memset(m, 0, sizeof(*m));
}

void **map_elements(const struct idtap_map *m)
{
    void **all = m->nr ? malloc(m->nr * sizeof(*all)) : NULL;
    uint32_t i, n = 0;

    for ( i = 0; all && i <= m->mask; i++ )
        if ( m->slot[i] )
            all[n++] = m->slot[i];

    return all;
}
