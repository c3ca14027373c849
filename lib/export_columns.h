/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record as a row of one wide table: what the formats that are tables (CSV,
 * RowBinary, SQLite) and those that have key and value (Perfetto) have in
 * common.  The columns are those of `idtap script --json`, and a few more.
 *
 * To add an event: its fields in export_columns.c; what has no column goes as
 * bytes into `raw`, so that nothing is left out of an event that nobody has
 * described yet.
 */
#ifndef IDTAP_EXPORT_COLUMNS_H
#define IDTAP_EXPORT_COLUMNS_H

#include "export_priv.h"

enum export_column_id {
    COL_TIME_NS, COL_WALL_NS, COL_TSC, COL_CPU, COL_DOMAIN, COL_DOMAIN_NAME,
    COL_VCPU, COL_EVENT, COL_CLASS, COL_VECTOR, COL_VECTOR_NAME, COL_FLAGS,
    COL_IRQ, COL_OWNER, COL_OWNER_NAME, COL_DEPTH, COL_RIP, COL_REASON,
    COL_REASON_NAME, COL_DETAIL, COL_DELIVERY, COL_ADDRESS, COL_ERROR_CODE,
    COL_ORIG_VECTOR, COL_TYPE, COL_TYPE_NAME, COL_INSN_LEN, COL_TARGET_CPU,
    COL_PORT, COL_KIND, COL_KIND_NAME, COL_SOURCE,
    COL_REALTIME_NS, COL_SYSTEM_TIME_NS, COL_UNCERTAINTY_NS, COL_NAME,
    COL_LOST_CPU, COL_COUNT, COL_CLASSES, COL_RAW,
    COL_NR
};
_Static_assert(COL_NR <= 64, "a bit each");

enum export_column_type {
    COL_INT,   /* of `bytes`, signed if `sign` */
    COL_WORD,  /* text: one of a few words that follow from other columns */
    COL_TEXT,  /* any text */
    COL_BYTES,
};

struct export_column {
    const char *name;
    uint8_t type;  /* enum export_column_type */
    uint8_t bytes;
    bool sign;
    bool always;   /* in every row */
    bool meta;     /* only in records of the stream "meta" */
};

extern const struct export_column export_columns[COL_NR];

struct export_row {
    uint64_t present;        /* bit n: column n is in this row */
    uint64_t number[COL_NR]; /* sign-extended */
    const char *text[COL_NR];
    const uint8_t *raw;      /* COL_RAW */
    size_t raw_len;
};

static inline bool export_row_has(const struct export_row *row,
                                  enum export_column_id c)
{
    return row->present >> c & 1;
}

/*
 * What a record of this event calls its vector, or NULL.  It must have one:
 * upcalls of some kinds have 0 for none.
 */
const char *export_vector_name(unsigned int event, unsigned int vector);

/* Likewise its kind, of events that have kinds. */
const char *export_kind_name(unsigned int event, unsigned int kind);

/*
 * Fills in a row, which holds pointers into the record, the trace's names and
 * memory that lives for ever.
 */
void export_row_fill(struct export_row *row, const struct idtap_export *x,
                     int cpu, const struct idtap_record *r);

#endif /* IDTAP_EXPORT_COLUMNS_H */
