/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several traces, of several hosts, as one: their runs in the order of real time
 * (clock_map.h).  Each record stays its trace's: domain ids, TSC and pCPUs mean
 * what they mean there, and whoever keeps statistics keeps one for each trace.
 *
 * How right the order is: within a trace, exactly; between traces, as far as
 * their clock maps, and the hosts' clocks themselves, are.  Whether those agree
 * (NTP, PTP) is not to be seen in a trace.
 */
#ifndef IDTAP_MERGE_H
#define IDTAP_MERGE_H

#include <idtap/clock_map.h>
#include <idtap/trace.h>

struct idtap_merge_input {
    struct idtap_iter *iter;           /* at its beginning */
    const struct idtap_clock_map *map;
};

struct idtap_merge;

/*
 * The inputs are copied; iterators and maps stay the caller's, and are not used
 * otherwise until idtap_merge_close().  0 or -ENOMEM.
 */
int idtap_merge_open(const struct idtap_merge_input *inputs, unsigned int nr,
                     struct idtap_merge **merge);
void idtap_merge_close(struct idtap_merge *m); /* NULL is legal */

/*
 * The next run, a part of one of input *input: 1; 0 at the end; -ENOMEM.  With
 * equal times, the input of the lower number goes first.  Valid until the next
 * call.  What idtap_iter_next() says of a run holds of these, too.
 */
int idtap_merge_next(struct idtap_merge *m, unsigned int *input,
                     struct idtap_run *run);

#endif /* IDTAP_MERGE_H */
