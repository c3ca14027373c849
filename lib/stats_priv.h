/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of struct idtap_stats.  stats.c feeds the parts, each of which has
 * a file: stats_handlers.c, stats_exits.c, stats_lapic.c, stats_routes.c,
 * stats_raises.c, stats_upcalls.c, stats_events.c (arrivals and RIPs, too).
 * stats_table.c keeps
 * the rows and their bounds, stats_result.c is what readers ask.
 *
 * The rule that lets parts be done by different threads: a part writes its own
 * tables and its own state only, and reads nothing but what stats.c keeps for
 * all of them (what is chosen, losses, time).
 */
#ifndef IDTAP_STATS_PRIV_H
#define IDTAP_STATS_PRIV_H

#include "hist_front.h"
#include "map.h"
#include "trace_priv.h"

#define STACK_DEPTH 16
#define DOMAINS_RECENT 64
#define NR_SOFTIRQS 256 /* that a record can tell of */
/* More vCPUs than any host has: only nonsense gets there, and begins anew. */
#define STATS_VCPUS_MAX (1u << 17)
#define STATS_LARGEST_RECORD 40u /* of rings: struct idtap_exception */
_Static_assert(sizeof(struct idtap_exception) == STATS_LARGEST_RECORD,
               "largest");

/* Something that has begun and may end; `row` NULL: not chosen. */
struct open {
    uint64_t tsc;
    uint64_t inside; /* ticks of what has begun and ended meanwhile */
    struct idtap_row *row;
    struct idtap_row *victim; /* of the table INTERRUPTED, or NULL */
    uint8_t number;  /* vector, or softirq */
    uint8_t depth;   /* of interrupts: as recorded */
    bool unsure;     /* something inside was not timed */
    uint16_t domain; /* of the row */
};

struct stack {
    unsigned int nr;
    struct open open[STACK_DEPTH];
};

struct vcpu {
    uint64_t key;         /* domain << 16 | vcpu */
    uint64_t exit_tsc;
    struct idtap_row *row; /* of the exit's reason */
    struct idtap_row *caused; /* if it is idtap's doing, and row is set */
    uint64_t generation;  /* of stats, at the exit */
    uint64_t switches;    /* of the pCPU, at the exit */
    int cpu;              /* of the exit; -1: none is open */
};

/* Of stats_routes.c: where an accept on this pCPU comes from. */
struct route_cpu {
    uint64_t generation;
    unsigned int nr;          /* handlers of guests' IRQs under way */
    struct route_irq { uint64_t key, tsc; } irq[STACK_DEPTH], waits, runs;
    enum { ROUTE_NONE, ROUTE_ONE, ROUTE_AMBIGUOUS } waiting, running;
};

struct cpu {
    struct idtap_cpu_stats stats;
    struct stack irq, softirq;
    struct open nmi;
    struct route_cpu route;
    bool nmi_open;
    bool blind;
    struct vcpu *vcpu;       /* that exits and entries were last of */
    uint32_t current;        /* vCPU, as it was last seen, and how often */
    uint64_t switches;       /* it was another than before (NET) */
    uint64_t last_discarded; /* events_discarded of the last packet */
    uint64_t lost_count;     /* of the last LOST record */
    uint64_t lost_base;      /* what was lost before */
};

/* What idtap_select_record() would say, as far as the event id decides. */
enum wanted {
    WANTED_NEVER,
    WANTED_BY_DOMAIN,
    WANTED_BY_VECTOR, /* and domain */
    WANTED_ALWAYS,
};

/* Rows that were last asked for, by domain, table and key. */
#define ROWS_RECENT 512u
struct row_recent {
    uint64_t where; /* domain and table; 0: nothing is here */
    struct idtap_row *row;
};

struct idtap_stats {
    struct idtap_select select;
    uint32_t parts;           /* IDTAP_STATS_* */
    uint64_t burst_ticks, burst_min, from;
    uint8_t wanted[256];      /* enum wanted, by event id */
    uint16_t parts_of[256];   /* that look at this event */

    struct idtap_map domains; /* of struct idtap_domain_stats */
    struct idtap_map routes;  /* of struct idtap_route_row */
    struct idtap_map raises;  /* of struct idtap_raise_row */
    struct idtap_domain_stats *recent[DOMAINS_RECENT]; /* by id, modulo */
    struct row_recent rows[ROWS_RECENT];
    struct {
        uint64_t used;        /* bytes */
        struct idtap_stats_over over;
    } room[IDTAP_TAB_ALL];
    struct hist_fronts fronts; /* of histograms of these tables */

    struct idtap_map vcpus;   /* of struct vcpu */
    struct idtap_map pairs;   /* of struct lapic_pair */
    struct idtap_map waits;   /* of struct upcall_wait */
    uint64_t mask_tsc[NR_SOFTIRQS]; /* last raise for a set of pCPUs */

    uint64_t generation;      /* grows whenever what is open is void */
    unsigned int nr_blind;    /* pCPUs that are */
    uint64_t nr_configs;      /* the first CONFIG record, and changes since */
    uint32_t classes;         /* of the last CONFIG record */
    bool any;
    uint64_t first, last;     /* TSC */
    uint64_t chosen;
    void (*watch)(void *ctx, const struct idtap_duration *span); /* or NULL */
    void *watch_ctx;
    unsigned int nr_cpus;     /* of cpus: behind these is nothing, and memory
                                 that nobody has touched shall stay so */
    struct cpu cpus[IDTAP_MAX_CPUS];
};

/* A pCPU of which something is to be kept. */
static inline struct cpu *stats_cpu(struct idtap_stats *s, unsigned int cpu)
{
    if ( cpu >= s->nr_cpus )
        s->nr_cpus = cpu + 1;
    return &s->cpus[cpu];
}

/* Tells whoever watches of a duration. */
static inline void stats_tell(const struct idtap_stats *s,
                              enum idtap_duration_kind kind, uint16_t domain,
                              uint64_t key, uint64_t begin, uint64_t end)
{
    if ( s->watch )
        s->watch(s->watch_ctx,
                 &(struct idtap_duration){ kind, domain, key, begin, end });
}

/* A run, and what of its packet the statistics need to know. */
struct stats_feed {
    int cpu;                  /* -1: "meta" */
    const uint8_t *begin, *end;
    const uint8_t *blind;     /* from this record on records may be missing;
                                 NULL: from none */
    bool packet_begins;
    bool goes_blind;          /* records were dropped after the run's last */
    /* If packet_begins: */
    uint64_t lost_packets;
    uint64_t events_discarded;
    uint64_t timestamp_begin, timestamp_end;
};

/* The key in CAUSED of an exit that idtap asked for. */
static inline uint16_t stats_caused_key(const struct idtap_vm_exit *e)
{
    /* VMX has no exit for INT n, and no other reason of this number. */
    const uint16_t svm_exit_swint = 0x75;

    /* Exits for exceptions have a vector; #DE has 0, and so has INT n. */
    return e->reason == svm_exit_swint ? IDTAP_CAUSED_SWINT : e->r.vector;
}

static inline bool stats_chooses(const struct idtap_stats *s,
                                 const struct idtap_record *r)
{
    switch ( s->wanted[r->event] )
    {
    case WANTED_ALWAYS:
        return true;

    case WANTED_NEVER:
        return false;

    default:
        return idtap_select_record(&s->select, r);
    }
}

void stats_feed_of(const struct idtap_run *run, struct stats_feed *feed);
int stats_feed(struct idtap_stats *s, const struct stats_feed *feed);

/* What is voided by a loss, and by a change of what is recorded. */
static inline uint64_t stats_epoch(const struct idtap_stats *s)
{
    return s->generation + s->nr_configs; /* neither of the two ever falls */
}

/*
 * Rows.  Each returns the row, made if need be; the row of others if there is
 * no room; NULL if there is no memory.  `size` is that of the table's rows.
 */
struct idtap_domain_stats *stats_domain(struct idtap_stats *s,
                                        uint64_t domain);
void *stats_new_row(struct idtap_stats *s, unsigned int table,
                    struct idtap_map *map, uint64_t key, size_t size);

/* Of tables of struct idtap_row without net times: none met its bounds. */
bool stats_rows_fit(const struct idtap_stats *s);

/* Bytes of rows and histograms that a table may have. */
extern const uint64_t stats_budget;

/* The map of such a table. */
struct idtap_map *stats_map(struct idtap_stats *s,
                            struct idtap_domain_stats *d, unsigned int table);
size_t stats_row_size(unsigned int table);

/* A record's domain; NULL: no memory. */
static inline struct idtap_domain_stats *
domain_of(struct idtap_stats *s, const struct idtap_record *r)
{
    struct idtap_domain_stats **d = &s->recent[r->domain % DOMAINS_RECENT];

    if ( !*d || (*d)->domain != r->domain )
        *d = stats_domain(s, r->domain);
    return *d;
}

static inline void *stats_row(struct idtap_stats *s, unsigned int table,
                              struct idtap_map *map, uint64_t key, size_t size)
{
    void *row = map_find(map, key);

    return row ? row : stats_new_row(s, table, map, key, size);
}

/* The same for a row of the record's domain, in a table of struct idtap_row. */
static inline struct idtap_row *stats_row_of(struct idtap_stats *s,
                                             const struct idtap_record *r,
                                             enum idtap_table table,
                                             uint64_t key)
{
    uint64_t where = 1ull << 32 | (uint64_t)r->domain << 8 | table;
    struct row_recent *recent =
        &s->rows[((key + (where << 20)) * 0x9e3779b97f4a7c15ull) >> 32 &
                 (ROWS_RECENT - 1)];

    if ( recent->where != where || recent->row->key != key )
    {
        struct idtap_domain_stats *d = domain_of(s, r);
        struct idtap_row *row = d ? stats_row(s, table, &d->table[table], key,
                                              sizeof(*row)) : NULL;

        if ( !row )
            return NULL;
        *recent = (struct row_recent){ where, row };
    }
    return recent->row;
}

/* A duration of a row of the table; 0 or -ENOMEM. */
int stats_took_slowly(struct idtap_stats *s, unsigned int table,
                      struct idtap_hist *h, uint64_t ticks);

static inline int stats_took(struct idtap_stats *s, unsigned int table,
                             struct idtap_hist *h, uint64_t ticks)
{
    return h->front && hist_front_add(h->front, ticks)
           ? 0 : stats_took_slowly(s, table, h, ticks);
}

/* As above, into row->net. */
int stats_took_net(struct idtap_stats *s, unsigned int table,
                   struct idtap_row *row, uint64_t ticks);

int stats_rows_merge(struct idtap_map *to, const struct idtap_map *from,
                     unsigned int table);
/*
 * Gives `to` those tables of struct idtap_row that it has nothing in yet, rather
 * than copies.  To be merged after that; nothing is counted in `from` any more.
 */
int stats_rows_move(struct idtap_stats *to, struct idtap_stats *from);
void stats_table_clear(struct idtap_map *m, unsigned int table);

/*
 * The parts.  Each is told of the records that it has asked for (parts_of[]),
 * in order; `chosen` says whether to count it.  0 or -ENOMEM.
 */
static inline bool stats_counts_rows(uint8_t event)
{
    const uint64_t events =
        1ull << IDTAP_EV_EXCEPTION | 1ull << IDTAP_EV_INJECT |
        1ull << IDTAP_EV_SWINT | 1ull << IDTAP_EV_PV_TRAP |
        1ull << IDTAP_EV_PV_UPCALL | 1ull << IDTAP_EV_EVTCHN;

    return events >> (event % 64) & 1;
}
/* In its row, if its kind has some. */
int stats_count(struct idtap_stats *s, const struct idtap_record *r);
void stats_meta_record(struct idtap_stats *s, const struct idtap_record *r);
int stats_handlers(struct idtap_stats *s, struct cpu *c,
                   const struct idtap_record *r, bool chosen);
void stats_handlers_forget(struct cpu *c);

/* A chosen softirq_raise. */
int stats_softirq_raise(struct idtap_stats *s, const struct idtap_record *r);

/*
 * Records of PACKET_IRQS or PACKET_SOFTIRQS alone, for who does not want net
 * times: for these the two must be seen together.  `exits`, `exits_after`: how
 * many of PACKET_EXITS come before what these follow, and before what follows
 * them.  `chosen`: their pCPU is; `all`: they are, whatever they are.
 */
struct stats_handlers_list {
    const uint8_t *packet;
    const packet_place *at;
    uint32_t nr, exits, exits_after;
    bool chosen, all;
};
int stats_irqs_some(struct idtap_stats *s, struct cpu *c,
                    const struct stats_handlers_list *l);
int stats_softirqs_some(struct idtap_stats *s, struct cpu *c,
                        const struct stats_handlers_list *l);
/* Neither interrupts nor softirqs are under way. */
static inline void stats_handlers_guest_ran(struct cpu *c)
{
    c->irq.nr = c->softirq.nr = 0;
}
int stats_exits(struct idtap_stats *s, struct cpu *c, int cpu,
                const struct idtap_record *r, bool chosen);
int stats_lapic(struct idtap_stats *s, struct cpu *c,
                const struct idtap_record *r, bool chosen);
int stats_raises(struct idtap_stats *s, int cpu,
                 const struct idtap_record *r, bool chosen);
int stats_upcalls(struct idtap_stats *s, const struct idtap_record *r,
                  bool chosen);
int stats_event(struct idtap_stats *s, const struct idtap_record *r);
int stats_arrival(struct idtap_stats *s, const struct idtap_record *r);
int stats_rip(struct idtap_stats *s, const struct idtap_record *r);

/*
 * Routes, as a part of the local APICs' part.  Anything but an accept; where an
 * accept on this pCPU comes from (ROUTE_ONE: *from is filled in); its row.
 */
int stats_route_record(struct idtap_stats *s, struct cpu *c,
                       const struct idtap_record *r);
int stats_route_source(struct idtap_stats *s, struct cpu *c,
                       struct route_irq *from);
struct idtap_route_row *stats_route_row(struct idtap_stats *s,
                                        unsigned int domain, uint64_t key);

/* Events that have a vector and arrive somewhere: what `event` tables show. */
bool stats_arrives(unsigned int event);
bool stats_has_rip(unsigned int event);

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
