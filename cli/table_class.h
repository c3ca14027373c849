/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables that live views look at, and what their rows have in common. */
#ifndef IDTAP_TABLE_CLASS_H
#define IDTAP_TABLE_CLASS_H

#include <idtap/stats.h>

/* The tables of statistics, and the one of guests' local APICs. */
#define TABLE_LAPIC ((unsigned int)IDTAP_TAB_LAPIC)
#define TABLE_NR    (TABLE_LAPIC + 1)

/*
 * The class that a table belongs to, IDTAP_CLASS_*; 0: its rows are of events
 * that have a row elsewhere.
 */
uint32_t table_class(unsigned int table);

/* The vector of a row, or -1 if it has none. */
int table_vector(unsigned int table, uint64_t key);

#endif /* IDTAP_TABLE_CLASS_H */
