/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of a trace: what happened how often, by domain, and how long it
 * took.  Fed with the runs of an iterator (trace.h), in their order; several
 * can be merged, when each was fed with a stretch of time of its own.
 *
 * Durations are in TSC ticks and come from pairs of records of one pCPU:
 * irq_enter and irq_exit (nested ones included in the outer), nmi_enter and
 * nmi_exit, softirq_enter and softirq_exit, and vm_exit and the vm_entry of
 * the same vCPU that ends it.  Where records may be missing between the two, no
 * duration is taken: `count` of a row is how often it happened, and
 * `time.count` how many of these have a duration.  What waits in a guest's
 * local APIC is paired by vCPU and vector, on whatever pCPUs the records are;
 * events of event channels with the upcall of their vCPU, likewise.
 *
 * A struct idtap_stats belongs to one thread at a time.
 */
#ifndef IDTAP_STATS_H
#define IDTAP_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include <idtap/control.h>
#include <idtap/hist.h>
#include <idtap/select.h>
#include <idtap/topk.h>
#include <idtap/trace.h>

/*
 * What is to be found out: each part costs time, and fills tables of its own.
 * No part knows of another, so that they can be done by different threads.
 */
#define IDTAP_STATS_COUNTS   (1u << 0) /* records, CPUs, EXCEPTION, INJECT,
                                          SWINT, PV_*, EVTCHN */
#define IDTAP_STATS_HANDLERS (1u << 1) /* IRQ, NMI, SOFTIRQ */
#define IDTAP_STATS_EXITS    (1u << 2) /* EXIT, CAUSED */
#define IDTAP_STATS_NET      (1u << 3) /* net times of the former two, and
                                          INTERRUPTED */
#define IDTAP_STATS_LAPIC    (1u << 4) /* local APICs */
#define IDTAP_STATS_ROUTES   (1u << 5) /* with LAPIC: from IRQs to guests */
#define IDTAP_STATS_RAISES   (1u << 6) /* softirqs: raise to run */
#define IDTAP_STATS_EVENTS   (1u << 7) /* EVENT */
#define IDTAP_STATS_ARRIVALS (1u << 8) /* gaps and bursts */
#define IDTAP_STATS_RIPS     (1u << 9) /* where exceptions are raised */
#define IDTAP_STATS_UPCALLS  (1u << 10) /* with COUNTS: times of EVTCHN */
#define IDTAP_STATS_DEFAULT  (IDTAP_STATS_COUNTS | IDTAP_STATS_HANDLERS | \
                              IDTAP_STATS_EXITS | IDTAP_STATS_LAPIC)

/* What a row of a table is about, and what `key`, `count`, `extra` are. */
enum idtap_table {
    IDTAP_TAB_IRQ,       /* IDTAP_IRQ_KEY(); taken; of these in guest mode */
    IDTAP_TAB_EXIT,      /* exit reason; exits; of these (NET), the pCPU was
                            seen to run something else before the entry */
    IDTAP_TAB_EXCEPTION, /* vector; exceptions; of these intercepted by idtap */
    IDTAP_TAB_NMI,       /* 0; taken; of these in guest mode */
    IDTAP_TAB_INJECT,    /* vector; injected; injected again (not in count) */
    IDTAP_TAB_SOFTIRQ,   /* number; entered; raised */
    IDTAP_TAB_INTERRUPTED, /* IDTAP_INTERRUPTED_KEY(); times; -; `time` is the
                              handler's net time */
    IDTAP_TAB_EVENT,     /* IDTAP_EVENT_KEY(); events; in guest mode */
    IDTAP_TAB_CAUSED,    /* vector, or IDTAP_CAUSED_SWINT; exits that idtap has
                            caused; -; to the next entry */
    IDTAP_TAB_SWINT,     /* vector; INT n; - */
    IDTAP_TAB_PV_TRAP,   /* IDTAP_PV_TRAP_KEY(); traps; - */
    IDTAP_TAB_PV_UPCALL, /* IDTAP_UPCALL_KEY(); upcalls; - */
    IDTAP_TAB_EVTCHN,    /* IDTAP_EVTCHN_KEY(); events; of these, an upcall was
                            pending already; `time` (UPCALLS) is from one that
                            was not so to the upcall, of PV guests */
    IDTAP_TAB_NR
};

#define IDTAP_CAUSED_SWINT 256u

/* @xen: raised by Xen's own code, while the domain's vCPU was current. */
#define IDTAP_PV_TRAP_KEY(xen, vector) \
    ((uint64_t)!!(xen) << 8 | (uint8_t)(vector))
#define IDTAP_PV_TRAP_KEY_XEN(key) ((unsigned int)((key) >> 8) & 1)

#define IDTAP_UPCALL_KEY(kind, vector) \
    ((uint64_t)(kind) << 8 | (uint8_t)(vector))
#define IDTAP_UPCALL_KEY_KIND(key) ((unsigned int)((key) >> 8) & 0xff)

#define IDTAP_EVTCHN_KEY(port, kind, source) \
    ((uint64_t)(port) << 24 | (uint64_t)(kind) << 16 | (uint16_t)(source))
#define IDTAP_EVTCHN_KEY_PORT(key)   ((uint32_t)((key) >> 24))
#define IDTAP_EVTCHN_KEY_KIND(key)   ((unsigned int)((key) >> 16) & 0xff)
#define IDTAP_EVTCHN_KEY_SOURCE(key) ((unsigned int)(key) & 0xffff)

/* Tables with rows of other shapes, for idtap_stats_over(). */
enum idtap_other_table {
    IDTAP_TAB_LAPIC = IDTAP_TAB_NR,
    IDTAP_TAB_ROUTE,
    IDTAP_TAB_RAISE,
    IDTAP_TAB_ARRIVAL,
    IDTAP_TAB_RIP,
    IDTAP_TAB_ALL
};

#define IDTAP_DOMAIN_OTHER 0x10000u /* what had no room */
#define IDTAP_KEY_OTHER    UINT64_MAX

#define IDTAP_IRQ_KEY(owner, vector, irq) \
    ((uint64_t)(owner) << 40 | (uint64_t)(vector) << 32 | (uint32_t)(irq))
#define IDTAP_IRQ_KEY_OWNER(key)  ((unsigned int)((key) >> 40))
#define IDTAP_IRQ_KEY_VECTOR(key) ((unsigned int)((key) >> 32) & 0xff)
#define IDTAP_IRQ_KEY_IRQ(key)    ((int32_t)(uint32_t)(key))

/* What an interrupt or NMI interrupted. */
enum idtap_mode {
    IDTAP_MODE_GUEST, /* the domain's vCPU, in guest mode */
    IDTAP_MODE_XEN,   /* Xen, while that vCPU was current */
    IDTAP_MODE_IDLE,  /* Xen, with nothing to do */
};

/* `event` is IDTAP_EV_IRQ_ENTER or IDTAP_EV_NMI_ENTER. */
#define IDTAP_INTERRUPTED_KEY(event, mode, vector) \
    ((uint64_t)(event) << 16 | (uint64_t)(mode) << 8 | (uint8_t)(vector))
#define IDTAP_INTERRUPTED_EVENT(key) ((unsigned int)((key) >> 16) & 0xff)
#define IDTAP_INTERRUPTED_MODE(key)  ((unsigned int)((key) >> 8) & 0xff)

/*
 * Of events, arrivals and RIPs.  A kind of event is its record's event id.  What
 * has no vector is not what has vector 0, which is #DE.
 */
#define IDTAP_VECTOR_NONE 0x100u
#define IDTAP_EVENT_KEY(event, vector) \
    ((uint64_t)(event) << 16 | (uint16_t)(vector))
#define IDTAP_EVENT_KEY_EVENT(key)  ((unsigned int)((key) >> 16) & 0xff)
#define IDTAP_EVENT_KEY_VECTOR(key) ((unsigned int)(key) & 0xffff)

struct idtap_row {
    uint64_t key;
    uint64_t count;
    uint64_t extra;
    struct idtap_hist time; /* ticks; empty where there are no durations */
    struct idtap_hist *net; /* NULL: none.  Handlers: without the interrupts,
                               NMIs and softirqs inside; exits: those without
                               `extra` */
};

/* A vector of the local APICs of a domain's vCPUs. */
struct idtap_lapic_row {
    uint64_t key;             /* vector */
    uint64_t accepted;
    uint64_t pending;         /* of these: coalesced with one that waited */
    uint64_t level;           /* of these: level-triggered */
    uint64_t queued;          /* of these: left to the CPU to deliver */
    uint64_t eois;            /* that Xen has seen */
    struct idtap_hist wait;    /* ticks: accept to injection, */
    struct idtap_hist service; /* injection to EOI, */
    struct idtap_hist total;   /* accept to EOI */
};

/*
 * An IRQ that Xen forwards to guests, and a guest that it was forwarded to.
 * The row of the domain IDTAP_DOMID_NONE has what is known of the IRQ itself.
 */
struct idtap_route_row {
    uint64_t key;              /* IDTAP_ROUTE_KEY() */
    uint64_t taken;            /* of the IRQ itself: how often, and how often */
    uint64_t forwarded;        /* it raised HVM_DPCI; of these, others had */
    uint64_t ambiguous;        /* done so too before it ran */
    uint64_t accepted;         /* of the domain: by its local APICs or event */
    uint64_t joined;           /* channels; of these joined one that waited */
    struct idtap_hist accept;  /* ticks: irq_enter to the accept, */
    struct idtap_hist inject;  /* to the injection, */
    struct idtap_hist eoi;     /* to the EOI */
};
#define IDTAP_ROUTE_KEY(domain, vector, irq) \
    ((uint64_t)(domain) << 40 | (uint64_t)(vector) << 32 | (uint32_t)(irq))
#define IDTAP_ROUTE_DOMAIN(key) ((unsigned int)((key) >> 40))

/* A softirq on a pCPU. */
struct idtap_raise_row {
    uint64_t key;              /* number << 16 | pCPU, or IDTAP_RAISE_MASK */
    uint64_t raised;           /* for this pCPU, alone; MASK: for sets */
    uint64_t coalesced;        /* of these: raised already, and not run yet */
    uint64_t runs;
    uint64_t unsure;           /* of these: a set raised it, maybe it alone */
    struct idtap_hist wait;    /* ticks: earliest raise to run */
    uint64_t generation, raise_tsc, run_tsc; /* of what is under way */
    bool open, tainted;
};
#define IDTAP_RAISE_MASK 0xffffu

/* Arrivals of a vector. */
struct idtap_arrival_row {
    uint64_t key;              /* IDTAP_EVENT_KEY() */
    uint64_t count;
    struct idtap_hist gap;     /* ticks since the one before */
    uint64_t bursts;           /* runs of more than burst_min arrivals, each */
    uint64_t in_bursts;        /* less than burst_ticks after the one before; */
    uint64_t longest;          /* arrivals in these; most in one */
    uint64_t generation, last_tsc, run; /* of the run under way */
};

/* Where exceptions and the like are raised: the most frequent RIPs. */
struct idtap_rip_row {
    uint64_t key;              /* IDTAP_EVENT_KEY() */
    struct idtap_topk rips;
};

/* A hash table of pointers to structures that begin with their 64-bit key. */
struct idtap_map {
    void **slot;       /* NULL: free */
    uint32_t mask;     /* slots - 1, or 0 while there are none */
    uint32_t nr;
};

struct idtap_domain_stats {
    uint64_t domain;        /* as in struct idtap_record */
    uint64_t records;       /* chosen ones, of all kinds */
    struct idtap_map table[IDTAP_TAB_NR]; /* of struct idtap_row */
    struct idtap_map lapic;               /* of struct idtap_lapic_row */
    struct idtap_map arrivals;            /* of struct idtap_arrival_row */
    struct idtap_map rips;                /* of struct idtap_rip_row */
};

struct idtap_cpu_stats {
    bool present;
    uint64_t records;       /* all, chosen or not */
    uint64_t packets;
    uint64_t discarded;     /* records that the tap dropped */
    uint64_t lost_packets;  /* packets that are missing in the stream */
};

/* Opaque to users, but for what the accessors below give. */
struct idtap_stats;

struct idtap_stats_options {
    const struct idtap_select *select; /* copied */
    uint32_t parts;                    /* IDTAP_STATS_* */
    uint64_t burst_ticks, burst_min;   /* ARRIVALS; see the row */
    uint64_t from;  /* TSC: what is before was lost or counted elsewhere */
};

/* The second does IDTAP_STATS_DEFAULT.  NULL for want of memory. */
struct idtap_stats *
idtap_stats_create_with(const struct idtap_stats_options *options);
struct idtap_stats *idtap_stats_create(const struct idtap_select *select);
void idtap_stats_destroy(struct idtap_stats *s); /* NULL is legal */

/* Adds a run; 0 or -ENOMEM. */
int idtap_stats_run(struct idtap_stats *s, const struct idtap_run *run);

/*
 * Feeds all that is left of the iterator, with up to `threads` threads.  The
 * result is the same for any number of threads.  In *s; 0 or -ENOMEM.
 */
int idtap_stats_all(struct idtap_iter *it,
                    const struct idtap_stats_options *options,
                    unsigned int threads, struct idtap_stats **s);

/*
 * Adds what `from`, which was fed with a later or earlier stretch of the same
 * trace, has counted; 0 or -ENOMEM (`to` is then of no more use).
 */
int idtap_stats_merge(struct idtap_stats *to, const struct idtap_stats *from);

/*
 * Durations as they are found, for whoever wants to know when they were, too:
 * the very ones that the tables sum up.  In the order of their ends.
 */
enum idtap_duration_kind {
    IDTAP_DURATION_EXIT,    /* VM exit to entry */
    IDTAP_DURATION_IRQ,
    IDTAP_DURATION_SOFTIRQ,
    IDTAP_DURATION_NMI,
    IDTAP_DURATION_WAIT,    /* local APIC: accept to injection, */
    IDTAP_DURATION_SERVICE, /* injection to EOI, */
    IDTAP_DURATION_TOTAL,   /* accept to EOI */
    IDTAP_DURATION_UPCALL,  /* event channel to upcall */
    IDTAP_DURATION_NR
};

struct idtap_duration {
    enum idtap_duration_kind kind;
    uint16_t domain;     /* the row is this domain's, and */
    uint64_t key;        /* this its key */
    uint64_t begin, end; /* TSC */
};

/* `fn` is called by idtap_stats_run(); it must not call functions of `s`. */
void idtap_stats_watch(struct idtap_stats *s,
                       void (*fn)(void *ctx, const struct idtap_duration *span),
                       void *ctx);

/* TSC of the first and the last record; false if there is none at all. */
bool idtap_stats_span(const struct idtap_stats *s, uint64_t *first,
                      uint64_t *last);
/* Records of rings: all, and those chosen. */
uint64_t idtap_stats_records(const struct idtap_stats *s, uint64_t *chosen);
/* By pCPU, 0 to IDTAP_MAX_CPUS - 1.  The result changes with the next run. */
struct idtap_cpu_stats idtap_stats_cpu(const struct idtap_stats *s,
                                       unsigned int cpu);

/* Classes that the recorder last asked for; 0: not told. */
uint32_t idtap_stats_classes(const struct idtap_stats *s);

/*
 * What of a table had no room: records counted in the row of others, and
 * durations that are in no histogram.  `table` is of either enum.
 */
struct idtap_stats_over {
    uint64_t records, times;
};
struct idtap_stats_over idtap_stats_over(const struct idtap_stats *s,
                                         unsigned int table);

/*
 * All domains, by id; all rows of a table, by falling count, then key (of the
 * local APICs' rows, `accepted` is the count; routes and raises are by key).  A
 * malloc'ed array that the caller frees (the elements stay with `s`), its
 * length in *nr; NULL for want of memory, or when *nr is 0.
 */
const struct idtap_domain_stats **
idtap_stats_domains(const struct idtap_stats *s, unsigned int *nr);
const struct idtap_row **
idtap_stats_rows(const struct idtap_domain_stats *d, enum idtap_table table,
                 unsigned int *nr);
const struct idtap_lapic_row **
idtap_stats_lapic_rows(const struct idtap_domain_stats *d, unsigned int *nr);

const struct idtap_arrival_row **
idtap_stats_arrivals(const struct idtap_domain_stats *d, unsigned int *nr);
const struct idtap_rip_row **
idtap_stats_rips(const struct idtap_domain_stats *d, unsigned int *nr);
const struct idtap_route_row **
idtap_stats_routes(const struct idtap_stats *s, unsigned int *nr);
const struct idtap_raise_row **
idtap_stats_raises(const struct idtap_stats *s, unsigned int *nr);

/*
 * One table summed up over all domains, in *sum, which the caller hands in
 * zeroed and gives back to idtap_domain_stats_clear(), always.
 */
int idtap_stats_sum(const struct idtap_stats *s, enum idtap_table table,
                    struct idtap_domain_stats *sum);
void idtap_domain_stats_clear(struct idtap_domain_stats *d);

#endif /* IDTAP_STATS_H */
