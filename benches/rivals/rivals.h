/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two that write the same record: idtap's ring, as a hook uses it, and an
 * LTTng-UST tracepoint.  Each has the same functions, and each loop is beside
 * the call that it repeats, so that both are compiled alike.
 */
#ifndef BENCH_RIVALS_H
#define BENCH_RIVALS_H

#include <stdbool.h>
#include <stdint.h>

struct rival {
    const char *name;
    void (*one)(void);             /* a record */
    void (*many)(unsigned int n);  /* so many */
    bool (*works)(void);           /* are records kept? */
};

extern const struct rival rival_ring, rival_lttng;

void ring_setup(void);
/* A pair: a record that is written while another is reserved and not yet
   committed; @n of them. */
void ring_many_nested(unsigned int n);
/* Raises SIGUSR1 while a record is reserved and not yet committed. */
void ring_interrupted(void);
/* Out of all caches: what the next record of the ring touches. */
void ring_flush_lines(void);

#endif /* BENCH_RIVALS_H */
