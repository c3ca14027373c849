/* SPDX-License-Identifier: GPL-2.0-only */
/* What sheet.c and sheet_text.c know of each other. */
#ifndef IDTAP_SHEET_PRIV_H
#define IDTAP_SHEET_PRIV_H

#include "sheet.h"

#define HIST_TIMES 6
#define FIELDS_MAX (SHEET_COLUMNS * HIST_TIMES)

/* What is shown of a histogram; in JSON and CSV, with _ns. */
struct sheet_time {
    const char *key, *title;
};
extern const struct sheet_time sheet_times[HIST_TIMES];

struct line {
    char **fields;                 /* text, one per field of a line */
    struct idtap_hist *hists;      /* one per column, if they are shown */
};

struct sheet {
    const struct sheet_look *look;
    const char *name, *title;
    const struct column *columns;
    unsigned int nr_columns, nr_fields;
    unsigned int nr, room;
    struct line *lines;            /* text only */
    unsigned int nr_notes;
    char *notes[8];
};

/* In ticks; `i` is that of sheet_times[]. */
uint64_t sheet_time_of(const struct idtap_hist *h, unsigned int i);
void sheet_time_text(const struct sheet_look *look, uint64_t ticks,
                     char buf[SHEET_CELL_LEN]);
/* Columns to the left are words, the others numbers. */
bool sheet_is_word(enum cell_kind kind);

/* Text: takes a row, which is 0 or -ENOMEM; prints all. */
int sheet_text_row(struct sheet *s, const struct cell *cells);
void sheet_text(const struct sheet *s);

#endif /* IDTAP_SHEET_PRIV_H */
