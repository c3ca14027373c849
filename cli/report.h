/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap report`: the two faces of the summary (report_text.c, report_json.c),
 * and the tables that can be asked for one by one (report_tables.c, with their
 * rows in report_domains.c and report_host.c).
 */
#ifndef IDTAP_REPORT_H
#define IDTAP_REPORT_H

#include <stdio.h>

#include "lists.h"
#include "reader.h"
#include "sheet.h"

struct report {
    struct reader r;
    struct idtap_stats *stats;
    uint64_t duration_ns;
    uint64_t duration_ticks;
    uint64_t burst_min, burst_ns;
    unsigned int top; /* rows of a table, in text; 0: all */
    FILE *out;        /* JSON: a line, to there; NULL: indented, to stdout */
    bool exact_ns;    /* text: times as whole nanoseconds */
    bool complete;    /* nothing was wrong with any stream */
};

/* How the report of one trace, which is open, is made; 0 or -ENOMEM. */
struct report_how {
    int (*gather)(struct report *report, const void *options);
    int (*print)(const struct report *report, const void *options);
    const void *options;
    bool json, fail_on_loss;
};

/* Several traces, opened, each with what `model` says; an exit status. */
struct many;
int report_many(const struct report *model, struct many *m,
                const struct report_how *how);

/* Both print to stdout and return 0 or -ENOMEM. */
int report_text(const struct report *report);
int report_json(const struct report *report);

/* What both begin with. */
void report_header(const struct report *report);
void report_json_facts(struct json *j, const struct report *report);

/* A set of tables is a mask of the table's numbers. */
struct report_table {
    const char *name;
    const char *title;
    const char *help;
    uint32_t parts;       /* IDTAP_STATS_* that it is made from */
    uint32_t over;        /* mask of idtap_stats' tables, for what was too much */
    uint32_t classes;     /* it is empty without; 0: of any */
    bool by_default;
    const struct column *columns;
    /* Adds all rows (and notes); 0 or -ENOMEM. */
    int (*rows)(const struct report *report, struct sheet *sheet);
};

/*
 * Parses "NAME,..."; `all` and `latency` stand for several.  0, or -EINVAL with
 * the reason in `why`.
 */
int report_tables_parse(const char *text, uint32_t *tables,
                        char why[LIST_WHY_LEN]);
uint32_t report_tables_default(void);
void report_tables_help(void);
/* What --table takes, by number; NULL behind the last. */
const char *report_table_word(unsigned int i);
/* The parts of the statistics that these tables need. */
uint32_t report_tables_parts(uint32_t tables);
/* Prints them; 0 or -ENOMEM. */
int report_tables(const struct report *report, uint32_t tables,
                  enum sheet_face face, bool histograms);

/* Says on stderr what the summary had no room for. */
void report_over(const struct report *report);

/* report_domains.c */
extern const struct column report_vectors_columns[], report_exits_columns[],
    report_caused_columns[], report_swints_columns[],
    report_pv_traps_columns[], report_pv_upcalls_columns[],
    report_evtchns_columns[], report_evtchn_latency_columns[],
    report_injected_columns[],
    report_exceptions_columns[],
    report_softirqs_columns[], report_nmis_columns[], report_lapic_columns[],
    report_xentime_columns[], report_arrivals_columns[],
    report_rips_columns[], report_interrupted_columns[];
int report_vectors(const struct report *report, struct sheet *sheet);
int report_exits(const struct report *report, struct sheet *sheet);
int report_injected(const struct report *report, struct sheet *sheet);
int report_caused(const struct report *report, struct sheet *sheet);
int report_swints(const struct report *report, struct sheet *sheet);
int report_pv_traps(const struct report *report, struct sheet *sheet);
int report_pv_upcalls(const struct report *report, struct sheet *sheet);
int report_evtchns(const struct report *report, struct sheet *sheet);
int report_evtchn_latency(const struct report *report, struct sheet *sheet);
int report_exceptions(const struct report *report, struct sheet *sheet);
int report_softirqs(const struct report *report, struct sheet *sheet);
int report_nmis(const struct report *report, struct sheet *sheet);
int report_lapic(const struct report *report, struct sheet *sheet);
int report_xentime(const struct report *report, struct sheet *sheet);
int report_arrivals(const struct report *report, struct sheet *sheet);
int report_rips(const struct report *report, struct sheet *sheet);
int report_interrupted(const struct report *report, struct sheet *sheet);

/* report_host.c */
extern const struct column report_irqs_columns[], report_net_columns[],
    report_irq_latency_columns[], report_softirq_latency_columns[];
int report_irqs(const struct report *report, struct sheet *sheet);
int report_net(const struct report *report, struct sheet *sheet);
int report_irq_latency(const struct report *report, struct sheet *sheet);
int report_softirq_latency(const struct report *report, struct sheet *sheet);

/* Helpers of both: cells. */
static inline struct cell cell_n(uint64_t n)
{
    return (struct cell){ .n = n };
}

static inline struct cell cell_text(const char *text)
{
    return (struct cell){ .text = text, .null = !text };
}

static inline struct cell cell_named(uint64_t n, const char *name)
{
    return (struct cell){ .n = n, .text = name, .null = n == IDTAP_KEY_OTHER };
}

static inline struct cell cell_hist(const struct idtap_hist *h)
{
    return (struct cell){ .hist = h, .null = !h };
}

/* Per second, and of a total; null where that makes no sense. */
struct cell report_rate(const struct report *report, uint64_t n);
struct cell report_share(uint64_t n, uint64_t of);
/* Ticks of the span. */
struct cell report_of_span(const struct report *report, uint64_t ticks);
/* A vector as its kind of event has it; `event` is of record.h. */
struct cell report_vector(unsigned int event, uint64_t vector);
/* "irq", "inject", ...: the class of the event. */
const char *report_kind(unsigned int event);
/* Up to `top` rows, if that is set and this is text. */
bool report_enough(const struct report *report, struct sheet *sheet,
                   unsigned int shown, unsigned int of);

/* For the tables that are by domain: a row, and whose it is. */
struct ref {
    uint64_t domain;
    uint64_t weight;  /* the more, the earlier */
    uint64_t total;   /* of the weights of the domain's rows */
    const void *row;  /* begins with its key */
};

/* Makes the cells of a row. */
typedef void report_cells_fn(const struct report *report, const struct ref *ref,
                             struct cell *cells);

/* What these tables begin with: domain, key, count, rate, share. */
#define DOMAIN { "domain", "domain", CELL_DOMAIN }
#define COUNT(word) { "count", word, CELL_COUNT }, \
                    { "per_second", "per s", CELL_RATE }, \
                    { "share", "share", CELL_SHARE }
#define END { NULL, NULL, CELL_TEXT }
const struct idtap_row *report_begin(const struct report *report,
                                     const struct ref *ref, struct cell key,
                                     struct cell *cells);

/* All rows of a table, the most frequent first; 0 or -ENOMEM. */
int report_put_plain(const struct report *report, struct sheet *sheet,
                     enum idtap_table table, report_cells_fn *fn);

#endif /* IDTAP_REPORT_H */
