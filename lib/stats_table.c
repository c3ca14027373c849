/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of the statistics, and their bounds.  Every table has a budget of
 * its own, so that what fits into one does not depend on the others, nor on who
 * fills them.  New rows are refused a little before histograms are, so that
 * the row of others can still have one.
 */
#include <errno.h>
#include <stdlib.h>

#include "stats_priv.h"

const uint64_t stats_budget = 8u << 20;

#define ROWS_BUDGET (stats_budget / 4 * 3)
/* Of malloc(), and of the hash table. */
#define OVERHEAD 48u
#define HIST_ROW_BYTES (IDTAP_HIST_SUB * sizeof(uint64_t) + 16)

static const size_t row_sizes[IDTAP_TAB_ALL] = {
    [0 ... IDTAP_TAB_NR - 1] = sizeof(struct idtap_row),
    [IDTAP_TAB_LAPIC]   = sizeof(struct idtap_lapic_row),
    [IDTAP_TAB_ROUTE]   = sizeof(struct idtap_route_row),
    [IDTAP_TAB_RAISE]   = sizeof(struct idtap_raise_row),
    [IDTAP_TAB_ARRIVAL] = sizeof(struct idtap_arrival_row),
    [IDTAP_TAB_RIP]     = sizeof(struct idtap_rip_row),
};

/* Of these, pointers to fronts, which are there for a while and not counted. */
static const uint8_t fronts_of[IDTAP_TAB_ALL] = {
    [0 ... IDTAP_TAB_NR - 1] = 1,
    [IDTAP_TAB_LAPIC]   = 3,
    [IDTAP_TAB_ROUTE]   = 3,
    [IDTAP_TAB_RAISE]   = 1,
    [IDTAP_TAB_ARRIVAL] = 1,
};

size_t stats_row_size(unsigned int table)
{
    return row_sizes[table];
}

static uint64_t row_counts_as(unsigned int table)
{
    return row_sizes[table] - fronts_of[table] * sizeof(void *) + OVERHEAD;
}

struct idtap_map *stats_map(struct idtap_stats *s,
                            struct idtap_domain_stats *d, unsigned int table)
{
    switch ( table )
    {
    case IDTAP_TAB_LAPIC:   return &d->lapic;
    case IDTAP_TAB_ARRIVAL: return &d->arrivals;
    case IDTAP_TAB_RIP:     return &d->rips;
    case IDTAP_TAB_ROUTE:   return &s->routes;
    case IDTAP_TAB_RAISE:   return &s->raises;
    default:                return &d->table[table];
    }
}

struct idtap_domain_stats *stats_domain(struct idtap_stats *s, uint64_t domain)
{
    return map_get(&s->domains, domain, sizeof(struct idtap_domain_stats));
}

/* Bytes that the rows of a map are counted as. */
static uint64_t used_by(const struct idtap_map *m, unsigned int table)
{
    uint64_t used = 0;
    uint32_t i;
    unsigned int r;

    for ( i = 0; m->mask && i <= m->mask; i++ )
    {
        const struct idtap_row *row = m->slot[i];

        if ( !row )
            continue;
        used += row_counts_as(table);
        for ( r = 0; r < IDTAP_HIST_ROWS; r++ )
            used += row->time.row[r] ? HIST_ROW_BYTES : 0;
    }
    return used;
}

bool stats_rows_fit(const struct idtap_stats *s)
{
    uint32_t i;
    unsigned int t;

    for ( t = 0; t < IDTAP_TAB_NR; t++ )
    {
        uint64_t used = 0;

        for ( i = 0; s->domains.mask && i <= s->domains.mask; i++ )
        {
            const struct idtap_domain_stats *d = s->domains.slot[i];

            used += d ? used_by(&d->table[t], t) : 0;
        }
        if ( used >= ROWS_BUDGET )
            return false;
    }
    return true;
}

void *stats_new_row(struct idtap_stats *s, unsigned int table,
                    struct idtap_map *map, uint64_t key, size_t size)
{
    if ( s->room[table].used < ROWS_BUDGET )
    {
        s->room[table].used += row_counts_as(table);
        return map_insert(map, key, size);
    }

    s->room[table].over.records++;
    if ( map != &s->routes && map != &s->raises )
    {
        struct idtap_domain_stats *d = stats_domain(s, IDTAP_DOMAIN_OTHER);

        if ( !d )
            return NULL;
        map = stats_map(s, d, table);
    }
    return map_get(map, IDTAP_KEY_OTHER, size);
}

/* A duration for which the histogram needs another row. */
static int took_new(struct idtap_stats *s, unsigned int table,
                    struct idtap_hist *h, uint64_t ticks)
{
    if ( s->room[table].used >= stats_budget )
    {
        s->room[table].over.times++;
        return 0;
    }
    s->room[table].used += HIST_ROW_BYTES;
    if ( idtap_hist_add(h, ticks) )
        return -ENOMEM;
    if ( h->front )
        hist_front_row(h->front, idtap_hist_row_of(ticks));
    return 0;
}

int stats_took_slowly(struct idtap_stats *s, unsigned int table,
                      struct idtap_hist *h, uint64_t ticks)
{
    if ( h->front ? !hist_front_add_slowly(h->front, ticks)
                  : !idtap_hist_add_quickly(h, ticks) )
        return took_new(s, table, h, ticks);
    if ( h->count % FRONT_AFTER == 0 )
        hist_front_give(&s->fronts, h);
    return 0;
}

int stats_took_net(struct idtap_stats *s, unsigned int table,
                   struct idtap_row *row, uint64_t ticks)
{
    if ( !row->net )
    {
        if ( s->room[table].used >= stats_budget )
        {
            s->room[table].over.times++;
            return 0;
        }
        row->net = calloc(1, sizeof(*row->net));
        if ( !row->net )
            return -ENOMEM;
        s->room[table].used += sizeof(*row->net) - sizeof(void *) + OVERHEAD;
    }

    return stats_took(s, table, row->net, ticks);
}

static int merge_plain(struct idtap_row *to, const struct idtap_row *from)
{
    int rc;

    to->count += from->count;
    to->extra += from->extra;
    rc = idtap_hist_merge(&to->time, &from->time);
    if ( rc || !from->net )
        return rc;
    if ( !to->net )
        to->net = calloc(1, sizeof(*to->net));
    return to->net ? idtap_hist_merge(to->net, from->net) : -ENOMEM;
}

static int merge_lapic(struct idtap_lapic_row *to,
                       const struct idtap_lapic_row *from)
{
    int rc;

    to->accepted += from->accepted;
    to->pending += from->pending;
    to->level += from->level;
    to->queued += from->queued;
    to->eois += from->eois;
    rc = idtap_hist_merge(&to->wait, &from->wait);
    if ( !rc )
        rc = idtap_hist_merge(&to->service, &from->service);
    return rc ? rc : idtap_hist_merge(&to->total, &from->total);
}

static int merge_route(struct idtap_route_row *to,
                       const struct idtap_route_row *from)
{
    int rc;

    to->taken += from->taken;
    to->forwarded += from->forwarded;
    to->ambiguous += from->ambiguous;
    to->accepted += from->accepted;
    to->joined += from->joined;
    rc = idtap_hist_merge(&to->accept, &from->accept);
    if ( !rc )
        rc = idtap_hist_merge(&to->inject, &from->inject);
    return rc ? rc : idtap_hist_merge(&to->eoi, &from->eoi);
}

static int merge_raise(struct idtap_raise_row *to,
                       const struct idtap_raise_row *from)
{
    to->raised += from->raised;
    to->coalesced += from->coalesced;
    to->runs += from->runs;
    to->unsure += from->unsure;
    return idtap_hist_merge(&to->wait, &from->wait);
}

static int merge_arrival(struct idtap_arrival_row *to,
                         const struct idtap_arrival_row *from)
{
    to->count += from->count;
    to->bursts += from->bursts;
    to->in_bursts += from->in_bursts;
    if ( from->longest > to->longest )
        to->longest = from->longest;
    return idtap_hist_merge(&to->gap, &from->gap);
}

int stats_rows_merge(struct idtap_map *to, const struct idtap_map *from,
                     unsigned int table)
{
    uint32_t i;
    int rc = 0;

    for ( i = 0; from->mask && i <= from->mask && !rc; i++ )
    {
        const void *row = from->slot[i];
        void *into;

        if ( !row )
            continue;
        into = map_get(to, map_key(row), row_sizes[table]);
        if ( !into )
            return -ENOMEM;
        switch ( table )
        {
        case IDTAP_TAB_LAPIC:   rc = merge_lapic(into, row); break;
        case IDTAP_TAB_ROUTE:   rc = merge_route(into, row); break;
        case IDTAP_TAB_RAISE:   rc = merge_raise(into, row); break;
        case IDTAP_TAB_ARRIVAL: rc = merge_arrival(into, row); break;
        case IDTAP_TAB_RIP:
            rc = idtap_topk_merge(&((struct idtap_rip_row *)into)->rips,
                                  &((const struct idtap_rip_row *)row)->rips);
            break;
        default:                rc = merge_plain(into, row); break;
        }
    }

    return rc;
}

int stats_rows_move(struct idtap_stats *to, struct idtap_stats *from)
{
    unsigned int t;
    uint32_t i;

    for ( i = 0; from->domains.mask && i <= from->domains.mask; i++ )
    {
        struct idtap_domain_stats *old = from->domains.slot[i], *d;

        if ( !old )
            continue;
        d = stats_domain(to, old->domain);
        if ( !d )
            return -ENOMEM;
        for ( t = 0; t < IDTAP_TAB_NR; t++ )
        {
            struct idtap_map empty = d->table[t];

            if ( empty.nr )
                continue;
            d->table[t] = old->table[t];
            old->table[t] = empty;
        }
    }
    return 0;
}

static void clear_row(void *row, unsigned int table)
{
    struct idtap_row *plain = row;
    struct idtap_lapic_row *lapic = row;
    struct idtap_route_row *route = row;

    switch ( table )
    {
    case IDTAP_TAB_LAPIC:
        idtap_hist_clear(&lapic->wait);
        idtap_hist_clear(&lapic->service);
        idtap_hist_clear(&lapic->total);
        break;

    case IDTAP_TAB_ROUTE:
        idtap_hist_clear(&route->accept);
        idtap_hist_clear(&route->inject);
        idtap_hist_clear(&route->eoi);
        break;

    case IDTAP_TAB_RAISE:
        idtap_hist_clear(&((struct idtap_raise_row *)row)->wait);
        break;

    case IDTAP_TAB_ARRIVAL:
        idtap_hist_clear(&((struct idtap_arrival_row *)row)->gap);
        break;

    case IDTAP_TAB_RIP:
        idtap_topk_clear(&((struct idtap_rip_row *)row)->rips);
        break;

    default:
        idtap_hist_clear(&plain->time);
        if ( plain->net )
            idtap_hist_clear(plain->net);
        free(plain->net);
        break;
    }
}

void stats_table_clear(struct idtap_map *m, unsigned int table)
{
    uint32_t i;

    for ( i = 0; m->mask && i <= m->mask; i++ )
        if ( m->slot[i] )
            clear_row(m->slot[i], table);
    map_clear(m);
}
