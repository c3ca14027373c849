/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `idtap top` knows of one interval: numbers and names, in no order that
 * is anybody's taste.  Made of an interval's statistics; holds no pointers
 * into them.  Times are in ns.  One thread at a time.
 */
#ifndef IDTAP_TOP_MODEL_H
#define IDTAP_TOP_MODEL_H

#include "feed.h"
#include "row_name.h"
#include "table_class.h"

/* Times of what is paired; all 0 if `count` is. */
struct top_times {
    uint64_t count, sum, min, mean, p99, max;
};

struct top_row {
    uint16_t domain;
    unsigned int life;       /* of the domain: see domain_names_life() */
    unsigned int table;      /* enum idtap_table or TABLE_LAPIC */
    uint64_t key;
    uint64_t count;
    uint64_t extra;          /* as in struct idtap_row; lapic: coalesced */
    bool busy;               /* see top_is_busy() */
    struct top_times time;   /* lapic: accept to injection, or to the EOI where
                                the CPU delivers; evtchn: to the upcall */
    char domain_text[DOMAIN_TEXT_LEN];
    char name[ROW_NAME_LEN];
};

struct top_domain {
    uint16_t domain;
    char text[DOMAIN_TEXT_LEN];
    uint64_t records;
    uint64_t count[TABLE_NR]; /* events */
    uint64_t xen_ns;          /* in Xen, see top_is_busy() */
};

/*
 * A guest may have thousands of event channels: this many have a row each, the
 * busiest (and the one that is watched), all others one together.
 */
#define TOP_PORTS 20

#define TOP_HISTORY 120
#define TOP_BARS    64

/* One event, watched from interval to interval. */
struct top_watch {
    bool on;
    bool vanished;           /* its guest is gone, another has its id */
    struct top_row row;      /* of the last interval; count 0: not there */
    unsigned int nr_history;
    double history[TOP_HISTORY]; /* rates, the oldest first */
    uint64_t bars[TOP_BARS]; /* of row.time: how many took 2^n ns or more and
                                less than twice that */
};

struct top_model {
    uint64_t number;
    uint64_t ns;             /* of the interval; not 0 */
    uint64_t realtime_ns;
    unsigned int nr_cpus;
    uint64_t records, lost, lost_total, self_ns;
    uint64_t caused, caused_ns; /* exits that idtap asked for, and theirs */
    uint32_t seen;           /* classes, since the first update */
    unsigned int nr_domains, nr_rows;
    struct top_domain *domains; /* by id */
    struct top_row *rows;
    struct top_watch watch;  /* lives on from one update to the next */
};

/*
 * Makes @m, which was zeroed in the beginning, tell of @in.  0 or -ENOMEM;
 * then @m is empty.
 */
int top_model_update(struct top_model *m, const struct interval *in);
void top_model_clear(struct top_model *m);

/* Watches the event of @row from now on; NULL: nothing. */
void top_model_watch(struct top_model *m, const struct top_row *row);

static inline double top_rate(const struct top_model *m, uint64_t count)
{
    return (double)count * 1e9 / (double)m->ns;
}

/*
 * Does the CPU work in Xen during this event?  Not during exits in which the
 * guest waits (HLT, MWAIT), nor while an interrupt waits in a local APIC, nor
 * from an event channel to the upcall.
 */
bool top_is_busy(enum idtap_vendor vendor, unsigned int table, uint64_t key);

#endif /* IDTAP_TOP_MODEL_H */
