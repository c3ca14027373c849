/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two traces side by side: what `idtap diff` compares, and its three faces.
 *
 * Rows are matched by what they are called, not by number: a domain by its name,
 * for its id is another after each start; an exit by its reason's name.
 */
#ifndef IDTAP_DIFF_H
#define IDTAP_DIFF_H

#include "reader.h"
#include "row_name.h"

struct diff_side {
    struct reader r;
    struct idtap_stats *stats;
    double seconds;
    uint64_t records, lost, lost_packets;
    uint32_t classes; /* that were recorded at some time; 0: not told */
    bool complete;    /* nothing was wrong with any stream */
};

enum diff_metric { DIFF_RATE, DIFF_MEAN, DIFF_P99, DIFF_METRICS };

struct diff_value {
    uint64_t count;          /* events */
    uint64_t timed;          /* durations */
    double v[DIFF_METRICS];  /* per second; ns, or NaN if none was timed */
    double scatter;          /* standard deviation of the mean, ns */
    uint64_t p99_low, p99_high; /* ns */
};

struct diff_row {
    char domain[READER_NAME_LEN];
    const char *kind;        /* "exit", "irq", ... */
    char name[ROW_NAME_LEN];
    struct diff_value side[2];
    double percent[DIFF_METRICS]; /* change; NaN: none that chance does not
                                     explain; INFINITY: there was none before */
    double size;             /* of the largest change, to sort by */
};

struct diff {
    struct diff_side side[2];    /* before, after */
    const char *domain_list;     /* NULL: all */
    double threshold;            /* percent; rows that changed less: left out */
    double fail_above;           /* percent; negative: not asked for */

    struct diff_row *rows;       /* the largest change first */
    size_t nr_rows;
    size_t nr_less;              /* left out: changed less */
    size_t nr_few;               /* left out: too few events to tell */
    bool grew;                   /* something, by more than fail_above */
};

/* Fills in the last five from the statistics; 0, -ENOMEM, -ENOENT: domains. */
int diff_compare(struct diff *d);

/* Records lost per second grew, by more than `percent`? */
bool diff_lost_more(const struct diff *d, double percent);

/* All print to stdout. */
void diff_text(const struct diff *d);
void diff_json(const struct diff *d);
void diff_csv(const struct diff *d);

#endif /* IDTAP_DIFF_H */
