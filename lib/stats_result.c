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

/* The events that a part looks at, chosen or not. */
static uint32_t parts_of(unsigned int event)
{
    uint32_t parts = IDTAP_STATS_COUNTS;

    switch ( event )
    {
    case IDTAP_EV_IRQ_ENTER:
    case IDTAP_EV_SOFTIRQ_ENTER:
        parts |= IDTAP_STATS_HANDLERS | IDTAP_STATS_NET | IDTAP_STATS_ROUTES;
        break;

    case IDTAP_EV_NMI_ENTER:
        parts |= IDTAP_STATS_HANDLERS | IDTAP_STATS_NET;
        break;

    case IDTAP_EV_IRQ_EXIT:
    case IDTAP_EV_SOFTIRQ_EXIT:
        parts |= IDTAP_STATS_HANDLERS | IDTAP_STATS_ROUTES;
        break;

    case IDTAP_EV_NMI_EXIT:
        parts |= IDTAP_STATS_HANDLERS;
        break;

    case IDTAP_EV_SOFTIRQ_RAISE:
        parts |= IDTAP_STATS_HANDLERS | IDTAP_STATS_ROUTES |
                 IDTAP_STATS_RAISES;
        break;

    case IDTAP_EV_VM_EXIT:
    case IDTAP_EV_VM_ENTRY:
        parts |= IDTAP_STATS_HANDLERS | IDTAP_STATS_EXITS |
                 IDTAP_STATS_ROUTES;
        break;

    case IDTAP_EV_INJECT:
    case IDTAP_EV_LAPIC_ACCEPT:
    case IDTAP_EV_LAPIC_EOI:
        parts |= IDTAP_STATS_LAPIC;
        break;

    case IDTAP_EV_EVTCHN:
        parts |= IDTAP_STATS_ROUTES | IDTAP_STATS_UPCALLS;
        break;

    case IDTAP_EV_PV_TRAP:
        parts |= IDTAP_STATS_NET;
        break;

    case IDTAP_EV_PV_UPCALL:
        parts |= IDTAP_STATS_NET | IDTAP_STATS_UPCALLS;
        break;
    }

    if ( event == IDTAP_EV_SOFTIRQ_ENTER )
        parts |= IDTAP_STATS_RAISES;
    if ( stats_has_rip(event) )
        parts |= IDTAP_STATS_RIPS;
    if ( stats_arrives(event) )
        parts |= IDTAP_STATS_EVENTS | IDTAP_STATS_ARRIVALS;
    return parts;
}

/*
 * Two parts are but shades of others: for NET, exits look at whatever tells of
 * the current vCPU; for ROUTES, local APICs look at interrupts and softirqs.
 */
static uint16_t parts_that_look(uint32_t parts, unsigned int event)
{
    uint32_t looking = parts_of(event) & parts;

    if ( looking & IDTAP_STATS_NET )
        looking |= parts & IDTAP_STATS_EXITS;
    if ( looking & IDTAP_STATS_ROUTES )
        looking |= parts & IDTAP_STATS_LAPIC;
    return (uint16_t)(looking & ~(IDTAP_STATS_NET | IDTAP_STATS_ROUTES));
}

struct idtap_stats *
idtap_stats_create_with(const struct idtap_stats_options *options)
{
    struct idtap_stats *s = calloc(1, sizeof(*s));
    unsigned int event;

    if ( !s )
        return NULL;

    s->select = *options->select;
    s->parts = options->parts;
    s->burst_ticks = options->burst_ticks;
    s->burst_min = options->burst_min;
    s->from = options->from;
    for ( event = 0; event < IDTAP_EV_NR_RING; event++ )
    {
        s->wanted[event] = (uint8_t)wanted(options->select, event);
        s->parts_of[event] = parts_that_look(s->parts, event);
    }
    return s;
}

struct idtap_stats *idtap_stats_create(const struct idtap_select *select)
{
    return idtap_stats_create_with(&(struct idtap_stats_options){
        .select = select, .parts = IDTAP_STATS_DEFAULT });
}

void idtap_stats_watch(struct idtap_stats *s,
                       void (*fn)(void *ctx, const struct idtap_duration *span),
                       void *ctx)
{
    s->watch = fn;
    s->watch_ctx = ctx;
}

void idtap_domain_stats_clear(struct idtap_domain_stats *d)
{
    unsigned int t;

    for ( t = 0; t < IDTAP_TAB_NR; t++ )
        stats_table_clear(&d->table[t], t);
    stats_table_clear(&d->lapic, IDTAP_TAB_LAPIC);
    stats_table_clear(&d->arrivals, IDTAP_TAB_ARRIVAL);
    stats_table_clear(&d->rips, IDTAP_TAB_RIP);
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
    stats_table_clear(&s->routes, IDTAP_TAB_ROUTE);
    stats_table_clear(&s->raises, IDTAP_TAB_RAISE);
    map_clear(&s->vcpus);
    map_clear(&s->pairs);
    map_clear(&s->waits);
    hist_fronts_free(&s->fronts);
    free(s);
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
            rc = stats_rows_merge(&sum->table[table], &d->table[table],
                                  table);
    }

    return rc;
}

static int merge_domain(struct idtap_stats *to,
                        const struct idtap_domain_stats *from)
{
    struct idtap_domain_stats *d = stats_domain(to, from->domain);
    unsigned int t;
    int rc = d ? 0 : -ENOMEM;

    if ( d )
        d->records += from->records;
    for ( t = 0; t < IDTAP_TAB_NR && !rc; t++ )
        rc = stats_rows_merge(&d->table[t], &from->table[t], t);
    if ( !rc )
        rc = stats_rows_merge(&d->lapic, &from->lapic, IDTAP_TAB_LAPIC);
    if ( !rc )
        rc = stats_rows_merge(&d->arrivals, &from->arrivals,
                              IDTAP_TAB_ARRIVAL);
    return rc ? rc : stats_rows_merge(&d->rips, &from->rips, IDTAP_TAB_RIP);
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
    uint32_t i, nr_cpus = from->nr_cpus > to->nr_cpus ? from->nr_cpus
                                                      : to->nr_cpus;
    int rc = 0;

    for ( i = 0; from->domains.mask && i <= from->domains.mask && !rc; i++ )
        if ( from->domains.slot[i] )
            rc = merge_domain(to, from->domains.slot[i]);
    if ( !rc )
        rc = stats_rows_merge(&to->routes, &from->routes, IDTAP_TAB_ROUTE);
    if ( !rc )
        rc = stats_rows_merge(&to->raises, &from->raises, IDTAP_TAB_RAISE);
    for ( i = 0; i < IDTAP_TAB_ALL; i++ )
    {
        to->room[i].over.records += from->room[i].over.records;
        to->room[i].over.times += from->room[i].over.times;
    }
    /* Another part of the same stretch knows nothing of pCPUs. */
    for ( i = 0; (from->parts & IDTAP_STATS_COUNTS) && i < nr_cpus; i++ )
        merge_cpu(stats_cpu(to, i), &from->cpus[i], from_first);

    if ( from->any )
    {
        note_time(to, from->first);
        note_time(to, from->last);
    }
    to->chosen += from->chosen;
    to->nr_configs += from->nr_configs;
    if ( from->classes )
        to->classes = from->classes;
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

    for ( i = 0; i < s->nr_cpus; i++ )
        n += s->cpus[i].stats.records;
    *chosen = s->chosen;
    return n;
}

struct idtap_cpu_stats idtap_stats_cpu(const struct idtap_stats *s,
                                       unsigned int cpu)
{
    const struct cpu *c = &s->cpus[cpu];
    struct idtap_cpu_stats stats = { 0 };
    uint64_t total;

    if ( cpu >= s->nr_cpus )
        return stats;
    stats = c->stats;
    total = c->lost_count > c->last_discarded ? c->lost_count
                                              : c->last_discarded;
    stats.discarded = total > c->lost_base ? total - c->lost_base : 0;
    return stats;
}

uint32_t idtap_stats_classes(const struct idtap_stats *s)
{
    return s->classes;
}

struct idtap_stats_over idtap_stats_over(const struct idtap_stats *s,
                                         unsigned int table)
{
    return s->room[table].over;
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

static int by_accepted(const void *a, const void *b)
{
    const struct idtap_lapic_row *x = *(void *const *)a;
    const struct idtap_lapic_row *y = *(void *const *)b;

    return x->accepted != y->accepted ? (x->accepted > y->accepted ? -1 : 1)
                                      : by_key(a, b);
}

static int by_arrivals(const void *a, const void *b)
{
    const struct idtap_arrival_row *x = *(void *const *)a;
    const struct idtap_arrival_row *y = *(void *const *)b;

    return x->count != y->count ? (x->count > y->count ? -1 : 1)
                                : by_key(a, b);
}

static int by_total(const void *a, const void *b)
{
    const struct idtap_rip_row *x = *(void *const *)a;
    const struct idtap_rip_row *y = *(void *const *)b;

    return x->rips.total != y->rips.total
           ? (x->rips.total > y->rips.total ? -1 : 1) : by_key(a, b);
}

/* What a map holds, in order. */
static void *sorted(const struct idtap_map *m,
                    int (*order)(const void *a, const void *b),
                    unsigned int *nr)
{
    void **all = map_elements(m);

    *nr = m->nr;
    if ( all )
        qsort(all, *nr, sizeof(*all), order);
    return all;
}

const struct idtap_domain_stats **
idtap_stats_domains(const struct idtap_stats *s, unsigned int *nr)
{
    return sorted(&s->domains, by_key, nr);
}

const struct idtap_row **
idtap_stats_rows(const struct idtap_domain_stats *d, enum idtap_table table,
                 unsigned int *nr)
{
    return sorted(&d->table[table], by_count, nr);
}

const struct idtap_lapic_row **
idtap_stats_lapic_rows(const struct idtap_domain_stats *d, unsigned int *nr)
{
    return sorted(&d->lapic, by_accepted, nr);
}

const struct idtap_arrival_row **
idtap_stats_arrivals(const struct idtap_domain_stats *d, unsigned int *nr)
{
    return sorted(&d->arrivals, by_arrivals, nr);
}

const struct idtap_rip_row **
idtap_stats_rips(const struct idtap_domain_stats *d, unsigned int *nr)
{
    return sorted(&d->rips, by_total, nr);
}

const struct idtap_route_row **
idtap_stats_routes(const struct idtap_stats *s, unsigned int *nr)
{
    return sorted(&s->routes, by_key, nr);
}

const struct idtap_raise_row **
idtap_stats_raises(const struct idtap_stats *s, unsigned int *nr)
{
    return sorted(&s->raises, by_key, nr);
}
