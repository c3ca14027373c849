/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What live views and alerts are fed with: statistics of one interval after
 * the other, from the rings of the attached tap or from a recorded trace.
 * Intervals follow each other without gaps, in TSC; an event counts in the
 * interval in which it began.  What begins in one interval and ends in another
 * has a count and no duration.
 *
 * One thread at a time.
 */
#ifndef IDTAP_FEED_H
#define IDTAP_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include <idtap/names.h>
#include <idtap/stats.h>
#include <idtap/trace.h>

#include "domain_names.h"

struct interval {
    const struct idtap_stats *stats; /* the feed's, until its next interval */
    const struct domain_names *names;
    enum idtap_vendor vendor;
    uint64_t number;       /* 1, 2, ... */
    uint64_t begin, end;   /* TSC */
    uint64_t tsc_khz;
    uint64_t ns;           /* from begin to end; not 0 */
    uint64_t realtime_ns;  /* CLOCK_REALTIME of the end */
    unsigned int nr_cpus;  /* that have sent packets so far */
    uint64_t lost;         /* records lost, as far as told in this interval */
    uint64_t lost_total;   /* since the beginning */
    uint64_t self_ns;      /* CPU time that this process took; 0: a trace */
};

struct feed;

/* What a feed of any kind does with runs; feed.c's, for feed_live.c. */
struct feed_core {
    struct idtap_select select;
    struct idtap_stats *stats; /* of the interval under way */
    struct idtap_stats *shown; /* of the one before, which the user has */
    struct domain_names *names;
    struct interval now;      /* the interval under way, `begin` is set */
    bool seen[IDTAP_MAX_CPUS];
    bool configured;          /* a CONFIG record was seen */
    uint64_t lost[IDTAP_MAX_CPUS];
    uint64_t from;            /* TSC; what was lost before does not count */
};

int feed_core_init(struct feed_core *c, const struct idtap_select *select);
void feed_core_destroy(struct feed_core *c);
int feed_core_run(struct feed_core *c, const struct idtap_run *run);
/* Ends the interval at @tsc, fills in *out, begins the next.  0 or -ENOMEM. */
int feed_core_end(struct feed_core *c, uint64_t tsc, struct interval *out);
/* Counts anew, by another choice; the interval goes on.  0 or -ENOMEM. */
int feed_core_select(struct feed_core *c, const struct idtap_select *select);

/*
 * Intervals of `interval_ns` of a trace, read through `iter` (which stays the
 * caller's, as the trace does).  The last one may be shorter; one without any
 * record is as long as nothing happens.  NULL: no memory.
 */
struct feed *feed_trace(const struct idtap_trace *trace,
                        struct idtap_iter *iter, uint64_t interval_ns,
                        const struct idtap_select *select);

/* The iterator's window begins at this TSC; before the first feed_next(). */
void feed_from(struct feed *f, uint64_t tsc);

/* The next interval: 1; 0 at the end; -ENOMEM. */
int feed_next(struct feed *f, struct interval *out);

/* Another choice, from the next interval on.  0 or -ENOMEM. */
int feed_select(struct feed *f, const struct idtap_select *select);

void feed_close(struct feed *f); /* NULL is legal */

#endif /* IDTAP_FEED_H */
