/* SPDX-License-Identifier: GPL-2.0-only */
/* What the row of a table of statistics is called. */
#ifndef IDTAP_EVENT_NAME_H
#define IDTAP_EVENT_NAME_H

#include <stddef.h>

#include <idtap/names.h>
#include <idtap/stats.h>

/* The tables of statistics, and the one of guests' local APICs. */
#define TABLE_LAPIC ((unsigned int)IDTAP_TAB_NR)
#define TABLE_NR    (TABLE_LAPIC + 1)

/* The key of a row that stands for all that had no row of their own. */
#define EVENT_KEY_OTHER UINT64_MAX

/* The class that a table belongs to, IDTAP_CLASS_*. */
uint32_t table_class(unsigned int table);

/* The vector of a row, or -1 if rows of this table have none. */
int table_vector(unsigned int table, uint64_t key);

#define EVENT_NAME_LEN 48

/* "0xfa timer", "MSR", "3 SCHEDULE"; returns `buf`. */
char *event_name(enum idtap_vendor vendor, unsigned int table, uint64_t key,
                 char buf[EVENT_NAME_LEN]);

#endif /* IDTAP_EVENT_NAME_H */
