/* SPDX-License-Identifier: GPL-2.0-only */
/* The inside of struct idtap_stats: stats.c fills it, stats_result.c reads. */
#ifndef IDTAP_STATS_PRIV_H
#define IDTAP_STATS_PRIV_H

#include "map.h"

#define STACK_DEPTH 16

/* Something that has begun and may end; `row` NULL: not chosen. */
struct open {
    uint64_t tsc;
    struct idtap_row *row;
    uint8_t number; /* vector, or softirq */
    uint8_t depth;  /* of interrupts: as recorded */
};

struct stack {
    unsigned int nr;
    struct open open[STACK_DEPTH];
};

struct vcpu {
    uint64_t key;         /* domain << 16 | vcpu */
    uint64_t exit_tsc;
    struct idtap_row *row; /* of the exit's reason */
    uint64_t generation;  /* of stats, at the exit */
    int cpu;              /* of the exit; -1: none is open */
};

struct cpu {
    struct idtap_cpu_stats stats;
    struct stack irq, softirq;
    struct open nmi;
    bool nmi_open;
    bool blind;
    uint64_t last_discarded; /* events_discarded of the last packet */
    uint64_t lost_count;     /* of the last LOST record */
    uint64_t lost_base;      /* of the first, if it came before any CONFIG */
};

/* What idtap_select_record() would say, as far as the event id decides. */
enum wanted {
    WANTED_NEVER,
    WANTED_BY_DOMAIN,
    WANTED_BY_VECTOR, /* and domain */
    WANTED_ALWAYS,
};

struct idtap_stats {
    struct idtap_select select;
    uint8_t wanted[256];      /* enum wanted, by event id */
    struct idtap_map domains; /* of struct idtap_domain_stats */
    struct idtap_map vcpus;   /* of struct vcpu */
    struct idtap_map pairs;   /* of struct lapic_pair, in stats_lapic.c */
    struct idtap_domain_stats *domain; /* the last one looked up */
    uint64_t generation;      /* grows whenever open exits are void */
    unsigned int nr_blind;    /* pCPUs that are */
    uint64_t nr_configs;      /* the first CONFIG record, and changes since */
    uint32_t classes;         /* of the last CONFIG record */
    bool any;
    uint64_t first, last;     /* TSC */
    uint64_t chosen;
    struct cpu cpus[IDTAP_MAX_CPUS];
};

/* A record's domain; NULL: no memory. */
static inline struct idtap_domain_stats *
domain_of(struct idtap_stats *s, const struct idtap_record *r)
{
    if ( !s->domain || s->domain->domain != r->domain )
        s->domain = map_get(&s->domains, r->domain, sizeof(*s->domain));
    return s->domain;
}

/* Counts a chosen record of the domain last looked up. */
static inline void choose(struct idtap_stats *s)
{
    s->domain->records++;
    s->chosen++;
}

/*
 * The class lapic, in stats_lapic.c: an accept or EOI that is chosen; an
 * injection, be it chosen or not.  0 or -ENOMEM.
 */
int stats_lapic_accept(struct idtap_stats *s, const struct idtap_record *r);
int stats_lapic_eoi(struct idtap_stats *s, const struct idtap_record *r);
int stats_lapic_inject(struct idtap_stats *s, const struct idtap_record *r);

/* Tables of struct idtap_lapic_row.  The first: 0 or -ENOMEM. */
int stats_lapic_merge(struct idtap_map *to, const struct idtap_map *from);
void stats_lapic_clear(struct idtap_map *m);

/* A record of this time was seen. */
static inline void note_time(struct idtap_stats *s, uint64_t tsc)
{
    if ( !s->any )
        s->first = s->last = tsc;
    s->any = true;
    if ( tsc > s->last )
        s->last = tsc;
    else if ( tsc < s->first )
        s->first = tsc;
}

#endif /* IDTAP_STATS_PRIV_H */
