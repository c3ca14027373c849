/* SPDX-License-Identifier: GPL-2.0-only */
/* Statistics as a whole: making, merging, summing up and reading them. */
#include <errno.h>
#include <stdlib.h>

#include <idtap/names.h>

#include "stats_priv.h"

/* Most selections choose all domains and vectors: found out once. */
static enum wanted wanted(const struct idtap_select *s, unsigned int event)
{
    uint32_t class = idtap_event_class(event);
    const uint64_t *v = s->vectors;
    bool any_vector = (v[0] & v[1] & v[2] & v[3]) == ~0ull;

    if ( !(class & s->classes) )
        return WANTED_NEVER;
    if ( (class & IDTAP_SELECT_BY_VECTOR) && !any_vector )
        return WANTED_BY_VECTOR;
    return s->any_domain ? WANTED_ALWAYS : WANTED_BY_DOMAIN;
}

struct idtap_stats *idtap_stats_create(const struct idtap_select *select)
{
    struct idtap_stats *s = calloc(1, sizeof(*s));
    unsigned int event;

    if ( !s )
        return NULL;

    s->select = *select;
    for ( event = 0; event < 256; event++ )
        s->wanted[event] = (uint8_t)wanted(select, event);
    return s;
}

void idtap_domain_stats_clear(struct idtap_domain_stats *d)
{
    unsigned int t;
    uint32_t i;

    for ( t = 0; t < IDTAP_TAB_NR; t++ )
    {
        struct idtap_map *m = &d->table[t];

        for ( i = 0; m->mask && i <= m->mask; i++ )
            if ( m->slot[i] )
                idtap_hist_clear(&((struct idtap_row *)m->slot[i])->time);
        map_clear(m);
    }
    stats_lapic_clear(&d->lapic);
}

void idtap_stats_destroy(struct idtap_stats *s)
{
    uint32_t i;

    if ( !s )
        return;

    for ( i = 0; s->domains.mask && i <= s->domains.mask; i++ )
        if ( s->domains.slot[i] )
            idtap_domain_stats_clear(s->domains.slot[i]);
    map_clear(&s->domains);
    map_clear(&s->vcpus);
    map_clear(&s->pairs);
    free(s);
}

static int merge_row(struct idtap_map *m, const struct idtap_row *from)
{
    struct idtap_row *to = map_get(m, from->key, sizeof(*to));

    if ( !to )
        return -ENOMEM;

    to->count += from->count;
    to->extra += from->extra;
    return idtap_hist_merge(&to->time, &from->time);
}

static int merge_table(struct idtap_map *to, const struct idtap_map *from)
{
    uint32_t i;
    int rc = 0;

    for ( i = 0; from->mask && i <= from->mask && !rc; i++ )
        if ( from->slot[i] )
            rc = merge_row(to, from->slot[i]);

    return rc;
}

int idtap_stats_sum(const struct idtap_stats *s, enum idtap_table table,
                    struct idtap_domain_stats *sum)
{
    uint32_t i;
    int rc = 0;

    for ( i = 0; s->domains.mask && i <= s->domains.mask && !rc; i++ )
    {
        const struct idtap_domain_stats *d = s->domains.slot[i];

        if ( d )
            rc = merge_table(&sum->table[table], &d->table[table]);
    }

    return rc;
}

static int merge_domain(struct idtap_stats *to,
                        const struct idtap_domain_stats *from)
{
    struct idtap_domain_stats *d = map_get(&to->domains, from->domain,
                                           sizeof(*d));
    unsigned int t;
    int rc = d ? 0 : -ENOMEM;

    if ( d )
        d->records += from->records;
    for ( t = 0; t < IDTAP_TAB_NR && !rc; t++ )
        rc = merge_table(&d->table[t], &from->table[t]);

    return rc ? rc : stats_lapic_merge(&d->lapic, &from->lapic);
}

/* Counts since attach are not added up: the later stretch knows the most. */
static void merge_cpu(struct cpu *to, const struct cpu *from, bool from_first)
{
    to->stats.present |= from->stats.present;
    to->stats.records += from->stats.records;
    to->stats.packets += from->stats.packets;
    to->stats.lost_packets += from->stats.lost_packets;
    if ( from->last_discarded > to->last_discarded )
        to->last_discarded = from->last_discarded;
    if ( from->lost_count > to->lost_count )
        to->lost_count = from->lost_count;
    if ( from_first )
        to->lost_base = from->lost_base;
}

int idtap_stats_merge(struct idtap_stats *to, const struct idtap_stats *from)
{
    bool from_first = from->any && (!to->any || from->first < to->first);
    uint32_t i;
    int rc = 0;

    for ( i = 0; from->domains.mask && i <= from->domains.mask && !rc; i++ )
        if ( from->domains.slot[i] )
            rc = merge_domain(to, from->domains.slot[i]);
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        merge_cpu(&to->cpus[i], &from->cpus[i], from_first);

    if ( from->any )
    {
        note_time(to, from->first);
        note_time(to, from->last);
    }
    to->chosen += from->chosen;
    to->nr_configs += from->nr_configs;
    return rc;
}

bool idtap_stats_span(const struct idtap_stats *s, uint64_t *first,
                      uint64_t *last)
{
    *first = s->first;
    *last = s->last;
    return s->any;
}

uint64_t idtap_stats_records(const struct idtap_stats *s, uint64_t *chosen)
{
    uint64_t n = 0;
    unsigned int i;

    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        n += s->cpus[i].stats.records;
    *chosen = s->chosen;
    return n;
}

struct idtap_cpu_stats idtap_stats_cpu(const struct idtap_stats *s,
                                       unsigned int cpu)
{
    const struct cpu *c = &s->cpus[cpu];
    struct idtap_cpu_stats stats = c->stats;
    uint64_t total = c->lost_count > c->last_discarded ? c->lost_count
                                                       : c->last_discarded;

    stats.discarded = total > c->lost_base ? total - c->lost_base : 0;
    return stats;
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = map_key(*(void *const *)a), y = map_key(*(void *const *)b);

    return x < y ? -1 : x > y;
}

static int by_count(const void *a, const void *b)
{
    const struct idtap_row *x = *(void *const *)a, *y = *(void *const *)b;

    return x->count != y->count ? (x->count > y->count ? -1 : 1)
                                : by_key(a, b);
}

const struct idtap_domain_stats **
idtap_stats_domains(const struct idtap_stats *s, unsigned int *nr)
{
    void **all = map_elements(&s->domains);

    *nr = s->domains.nr;
    if ( all )
        qsort(all, *nr, sizeof(*all), by_key);
    return (const struct idtap_domain_stats **)all;
}

const struct idtap_row **
idtap_stats_rows(const struct idtap_domain_stats *d, enum idtap_table table,
                 unsigned int *nr)
{
    void **all = map_elements(&d->table[table]);

    *nr = d->table[table].nr;
    if ( all )
        qsort(all, *nr, sizeof(*all), by_count);
    return (const struct idtap_row **)all;
}
