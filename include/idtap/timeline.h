/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace as a timeline: for each pCPU and each vCPU what it was doing when, and
 * how many events of each class there were.  Time is cut into bins; what is
 * kept are the bins in which something was, so that the memory in use depends
 * on a limit and not on the trace: when there are too many, pairs of bins become
 * one.  A short trace thus has bins of 128 ns, in which hardly two records meet,
 * and a long one bins as fine as the limit allows.
 *
 * A state lasts from one record to the next.  What a pCPU does is told by its
 * innermost open record: NMI, interrupt, softirq, VM exit.  Where records were
 * lost nothing is told.
 *
 * All times are in nanoseconds since the first record of a pCPU.  A struct
 * idtap_timeline belongs to one thread at a time.
 */
#ifndef IDTAP_TIMELINE_H
#define IDTAP_TIMELINE_H

#include <stdint.h>

#include <idtap/names.h>
#include <idtap/select.h>
#include <idtap/trace.h>

enum idtap_tl_state {
    IDTAP_TL_UNKNOWN, /* nothing is known; has no series */
    IDTAP_TL_GUEST,   /* the CPU runs the guest */
    IDTAP_TL_XEN,     /* from a VM exit to the next entry; of a vCPU: it may
                         have had to wait for a pCPU meanwhile */
    IDTAP_TL_IDLE,    /* pCPU: Xen's idle vCPU, or one that halted; vCPU: it
                         has halted */
    IDTAP_TL_OTHER,   /* what leaves no records, as PV guests do; of a vCPU: it
                         was current then */
    IDTAP_TL_SOFTIRQ, /* the rest: of pCPUs only */
    IDTAP_TL_IRQ,
    IDTAP_TL_NMI,
    IDTAP_TL_LOST,    /* records were lost; it is not known what happened */
    IDTAP_TL_STATES
};

#define IDTAP_TL_CLASSES 32 /* by the number of the class's bit */

/* `run` bins, from `bin` on, with `value` each: ns of a state, or events. */
struct idtap_cell {
    uint32_t bin;
    uint32_t run;   /* more than 1 only where the state lasts all the time */
    uint64_t value;
};

/* In the order of bins, none twice. */
struct idtap_series {
    uint32_t nr, room;
    struct idtap_cell *cell;
};

struct idtap_lane {
    uint64_t key;
    int cpu;         /* pCPU, or -1: the lane is a vCPU's */
    uint16_t domain; /* of a vCPU */
    uint16_t vcpu;
    struct idtap_series time[IDTAP_TL_STATES];
    struct idtap_series events[IDTAP_TL_CLASSES];
};

struct idtap_timeline;

/* Lanes of vCPUs are at most this many; what comes too late has none. */
#define IDTAP_TL_VCPUS_MAX 2048u

/*
 * At most `max_cells` cells, of 16 bytes each.  `select` is copied: it says
 * which records count as events, and which pCPUs and domains' vCPUs have
 * lanes; states come from all records.  `vendor` is for the exit reason that is
 * HLT.  NULL for want of memory.
 */
struct idtap_timeline *
idtap_timeline_create(const struct idtap_select *select,
                      enum idtap_vendor vendor, uint64_t tsc_khz,
                      uint32_t max_cells);
void idtap_timeline_destroy(struct idtap_timeline *t); /* NULL is legal */

/* Adds a run of an iterator, in their order.  0 or -ENOMEM. */
int idtap_timeline_run(struct idtap_timeline *t, const struct idtap_run *run);

/*
 * After the last run: what is still going on goes on until the last record; but
 * not a vCPU's exit, after which nothing was seen of it.  0 or -ENOMEM.
 */
int idtap_timeline_finish(struct idtap_timeline *t);

/* Makes bins twice as wide.  0 or -ENOMEM. */
int idtap_timeline_coarsen(struct idtap_timeline *t);

/* A bin is 1 << shift ns wide. */
unsigned int idtap_timeline_shift(const struct idtap_timeline *t);
/* TSC of the first record, and ns from there to the last; 0: there is none. */
uint64_t idtap_timeline_first(const struct idtap_timeline *t);
uint64_t idtap_timeline_span(const struct idtap_timeline *t);
/* Are there vCPUs without a lane, because there are too many? */
bool idtap_timeline_left_out(const struct idtap_timeline *t);

/*
 * All lanes: pCPUs by number, then vCPUs by domain and number.  A malloc'ed
 * array (the lanes stay with `t`), its length in *nr; NULL for want of memory,
 * or when *nr is 0.
 */
const struct idtap_lane **idtap_timeline_lanes(const struct idtap_timeline *t,
                                               unsigned int *nr);

#endif /* IDTAP_TIMELINE_H */
