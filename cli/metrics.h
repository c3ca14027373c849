/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters for Prometheus: what intervals count, added up for as long as we
 * run, with a bounded number of time series.
 *
 * The vectors, reasons, softirqs, ... of a guest that come first get a series
 * each, up to a limit; what comes later is counted in the series "other".  A
 * series never goes back and never moves: rate() may be trusted.  A guest of
 * which nothing is heard for long, or whose id has gone to another, is
 * forgotten.
 *
 * One thread at a time.
 */
#ifndef IDTAP_METRICS_H
#define IDTAP_METRICS_H

#include <stdio.h>

#include <idtap/names.h>

#include "feed.h"
#include "table_class.h"

#define METRICS_BUCKETS 16 /* the last is +Inf */

/* A histogram in seconds, as Prometheus wants it. */
struct metrics_hist {
    uint64_t count[METRICS_BUCKETS]; /* not cumulative */
    uint64_t total;
    double sum;                      /* seconds */
};

/*
 * `key` is the vector, exit reason or softirq; of PV traps and upcalls that of
 * the statistics, of event channels the same without the port.
 */
struct metrics_row {
    unsigned int table;              /* enum idtap_table or TABLE_LAPIC */
    uint64_t key;
    uint64_t count;
};

struct metrics_domain {
    uint16_t domain;
    unsigned int life;
    char name[IDTAP_NAME_LEN];
    uint64_t heard_ns;               /* realtime of its last record */
    unsigned int nr_rows, nr_in[TABLE_NR];
    struct metrics_row *rows;
    uint64_t other[TABLE_NR];
    struct metrics_hist exit, irq, nmi, softirq, lapic, evtchn;
    uint64_t caused;                 /* exits that idtap asked for, */
    double caused_seconds;           /* and how long they took */
};

struct metrics {
    unsigned int limit;              /* rows of a domain and table */
    uint64_t forget_ns;              /* 0: never */
    unsigned int nr_domains;
    struct metrics_domain *domains;
    enum idtap_vendor vendor;
    unsigned int nr_cpus;
    uint64_t records, lost, packets_lost, self_ns;
};

/* Adds an interval to @m, of which all but `limit` and `forget_ns` was zero.
   0 or -ENOMEM. */
int metrics_add(struct metrics *m, const struct interval *in);
void metrics_clear(struct metrics *m);

enum metrics_format {
    METRICS_TEXT,       /* Prometheus' text format, version 0.0.4 */
    METRICS_OPENMETRICS /* OpenMetrics 1.0 */
};

/* Upper ends of the buckets, in ns; the last is UINT64_MAX. */
extern const uint64_t metrics_bounds[METRICS_BUCKETS];

void metrics_print(const struct metrics *m, enum metrics_format format,
                   FILE *f);

/* "text/plain; version=0.0.4; charset=utf-8" and so on. */
const char *metrics_content_type(enum metrics_format format);

#endif /* IDTAP_METRICS_H */
