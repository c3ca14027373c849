/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of a report in any of its three faces: text for people, JSON and CSV
 * for programs.  A table is described once, as columns; its rows are cells in
 * the same order.  What a column becomes:
 *
 *   kind      text              JSON, CSV: keys
 *   TEXT      as it is          KEY
 *   COUNT     1,234             KEY
 *   CPU       7, or "sets"      KEY (null: sets)
 *   RATE      12.3 k            KEY, six digits after the point
 *   SHARE     12.3%             KEY, 0 to 1
 *   TIME      1.23 us           KEY, ns
 *   ADDRESS   hexadecimal       KEY, hexadecimal with 0x, as a string
 *   DOMAIN    d1 (web)          domain, domain_name
 *   VECTOR    0x0e #PF          KEY, KEY_name
 *   REASON    MSR, reason 0x7c  KEY, KEY_name
 *   SOFTIRQ   5 TASKLET         KEY, KEY_name
 *   HIST      min to max        JSON: KEY, an object or null;
 *                               CSV: KEY_count, KEY_sum_ns, ...
 *
 * Text is gathered until sheet_end(), to know how wide columns are; the other
 * two are written at once.
 */
#ifndef IDTAP_SHEET_H
#define IDTAP_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/hist.h>

#include "json.h"
#include "reader.h"

enum cell_kind {
    CELL_TEXT, CELL_COUNT, CELL_CPU, CELL_RATE, CELL_SHARE, CELL_TIME,
    CELL_ADDRESS, CELL_DOMAIN, CELL_VECTOR, CELL_REASON, CELL_SOFTIRQ,
    CELL_HIST,
};

struct column {
    const char *key;    /* of JSON and CSV; never renamed */
    const char *title;  /* of text; NULL: not shown there */
    enum cell_kind kind;
};

#define SHEET_COLUMNS 16

/* The field of the column's kind; a cell may be null. */
struct cell {
    bool null;
    uint64_t n;                  /* all but the following; TIME in ticks */
    double real;                 /* RATE, SHARE */
    const char *text;            /* TEXT; a name, or NULL */
    const struct idtap_hist *hist;
};

enum sheet_face { SHEET_TEXT, SHEET_JSON, SHEET_CSV };

struct sheet_look {
    enum sheet_face face;
    const struct reader *reader; /* names of domains */
    uint64_t khz;
    bool exact_ns;               /* text: times in whole nanoseconds */
    bool histograms;             /* not CSV */
    bool name_column;            /* CSV: the table's name comes first */
    bool utf8;                   /* text: what the terminal can show */
    struct json *json;           /* JSON: inside an object */
};

struct sheet;

/*
 * `name`, `title` and `columns` (up to a key of NULL) must outlive the sheet.
 * NULL for want of memory.
 */
struct sheet *sheet_begin(const struct sheet_look *look, const char *name,
                          const char *title, const struct column *columns);

/* One cell per column; copied, but for histograms.  0 or -ENOMEM. */
int sheet_row(struct sheet *s, const struct cell *cells);

/* A remark below the table (not in CSV).  0 or -ENOMEM. */
int sheet_note(struct sheet *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints what is not printed yet, and frees.  0 or -ENOMEM. */
int sheet_end(struct sheet *s);

/* The text of a cell that is no histogram, in `buf`. */
#define SHEET_CELL_LEN 128
const char *sheet_cell_text(const struct sheet_look *look,
                            const struct column *column,
                            const struct cell *cell, char buf[SHEET_CELL_LEN]);

/* cli/bars.c: a histogram in text; its bars as [[below_ns, count], ...]. */
void bars_text(const struct sheet_look *look, const char *title,
               const struct idtap_hist *h);
void bars_json(const struct sheet_look *look, const struct idtap_hist *h);

#endif /* IDTAP_SHEET_H */
