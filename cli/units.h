/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes and times, as people write and read them.  The parsers return 0,
 * -EINVAL, or -ERANGE when it does not fit, and write on success only.  The
 * formatters return `buf`.  Any thread.
 */
#ifndef IDTAP_UNITS_H
#define IDTAP_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* "4096", "64K", "1M", "2G": bytes. */
int parse_size(const char *text, uint64_t *bytes);

/* "10s", "500ms", "20us", "7ns", "2m", "1h"; no unit: seconds.  Into ns. */
int parse_duration(const char *text, uint64_t *ns);

/*
 * As above, and with a fraction: "1.5", "0.25ms".  Digits below a nanosecond
 * are -EINVAL: they could not be meant.
 */
int parse_time(const char *text, uint64_t *ns);

#define UNITS_LEN 24

/* "950 ns", "1.23 us", "45.6 ms", "7.89 s"; three digits that count. */
char *format_ns(char buf[UNITS_LEN], uint64_t ns);

/* "12.3 M" and the like for counts and rates; exact below 10,000. */
char *format_count(char buf[UNITS_LEN], double n);

/* 1234567 as "1,234,567". */
char *format_int(char buf[UNITS_LEN + 8], uint64_t n);

#endif /* IDTAP_UNITS_H */
