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
 * local APIC is paired by vCPU and vector, on whatever pCPUs the records are.
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
#include <idtap/trace.h>

/* What a row of a table is about, and what `key`, `count`, `extra` are. */
enum idtap_table {
    IDTAP_TAB_IRQ,       /* IDTAP_IRQ_KEY(); taken; of these in guest mode */
    IDTAP_TAB_EXIT,      /* exit reason; exits; - */
    IDTAP_TAB_EXCEPTION, /* vector; exceptions; of these intercepted by idtap */
    IDTAP_TAB_NMI,       /* 0; taken; of these in guest mode */
    IDTAP_TAB_INJECT,    /* vector; injected; injected again (not in count) */
    IDTAP_TAB_SOFTIRQ,   /* number; entered; raised */
    IDTAP_TAB_NR
};

#define IDTAP_IRQ_KEY(owner, vector, irq) \
    ((uint64_t)(owner) << 40 | (uint64_t)(vector) << 32 | (uint32_t)(irq))
#define IDTAP_IRQ_KEY_OWNER(key)  ((unsigned int)((key) >> 40))
#define IDTAP_IRQ_KEY_VECTOR(key) ((unsigned int)((key) >> 32) & 0xff)
#define IDTAP_IRQ_KEY_IRQ(key)    ((int32_t)(uint32_t)(key))

struct idtap_row {
    uint64_t key;
    uint64_t count;
    uint64_t extra;
    struct idtap_hist time; /* ticks; empty where there are no durations */
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

/* `select` is copied.  NULL for want of memory. */
struct idtap_stats *idtap_stats_create(const struct idtap_select *select);
void idtap_stats_destroy(struct idtap_stats *s); /* NULL is legal */

/* Adds a run; 0 or -ENOMEM. */
int idtap_stats_run(struct idtap_stats *s, const struct idtap_run *run);

/*
 * Adds what `from`, which was fed with a later or earlier stretch of the same
 * trace, has counted; 0 or -ENOMEM (`to` is then of no more use).
 */
int idtap_stats_merge(struct idtap_stats *to, const struct idtap_stats *from);

/* TSC of the first and the last record; false if there is none at all. */
bool idtap_stats_span(const struct idtap_stats *s, uint64_t *first,
                      uint64_t *last);
/* Records of rings: all, and those chosen. */
uint64_t idtap_stats_records(const struct idtap_stats *s, uint64_t *chosen);
/* By pCPU, 0 to IDTAP_MAX_CPUS - 1.  The result changes with the next run. */
struct idtap_cpu_stats idtap_stats_cpu(const struct idtap_stats *s,
                                       unsigned int cpu);

/*
 * All domains, by id; all rows of a table, by falling count, then key (of the
 * local APICs' rows, `accepted` is the count).  A
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

/*
 * One table summed up over all domains, in *sum, which the caller hands in
 * zeroed and gives back to idtap_domain_stats_clear(), always.
 */
int idtap_stats_sum(const struct idtap_stats *s, enum idtap_table table,
                    struct idtap_domain_stats *sum);
void idtap_domain_stats_clear(struct idtap_domain_stats *d);

#endif /* IDTAP_STATS_H */
