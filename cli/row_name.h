/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rows of the statistics' tables are called. */
#ifndef IDTAP_ROW_NAME_H
#define IDTAP_ROW_NAME_H

#include <idtap/names.h>
#include <idtap/stats.h>

#define ROW_NAME_LEN 64

/*
 * "MSR", "0xfa timer", "0x31 irq 24, of guest", "3 SCHEDULE"; cut to `len`.
 * `table`: enum idtap_table, or IDTAP_TAB_LAPIC.
 */
void row_name(enum idtap_vendor vendor, unsigned int table, uint64_t key,
              char *buf, size_t len);

#endif /* IDTAP_ROW_NAME_H */
