/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets of a recording that goes on, as runs in the order of time: what an
 * iterator (trace.h) is to a trace on the disk.
 *
 * Packets are copied and checked when they are added, so that nobody can
 * change them afterwards.  A pCPU's packets are added in the order in which
 * they were closed; records are handed over once it is known that no older
 * one is to come.
 *
 * A struct idtap_queue belongs to one thread at a time.
 */
#ifndef IDTAP_QUEUE_H
#define IDTAP_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include <idtap/control.h>
#include <idtap/trace.h>

struct idtap_queue;

/* NULL for want of memory. */
struct idtap_queue *idtap_queue_create(void);
void idtap_queue_destroy(struct idtap_queue *q); /* NULL is legal */

/*
 * Adds a copy of the packet of `size` bytes that lies at `packet` (aligned to
 * 8), the next of pCPU `cpu`.  Returns 0, -ENOMEM, or -EBADMSG if something
 * is wrong with it: then it is not added, and the next one will tell that a
 * packet is missing.
 */
int idtap_queue_add(struct idtap_queue *q, unsigned int cpu,
                    const void *packet, size_t size);

/* Bytes of the packets in it. */
size_t idtap_queue_bytes(const struct idtap_queue *q);

/*
 * Calls @fn for every run of records older than @horizon (a TSC), in the order
 * of time; `stream` of a run is 1 + its pCPU.  The caller knows that no packet
 * to be added holds an older record.  Stops, and returns what @fn returned, if
 * that is not 0; that run counts as handed over.
 */
int idtap_queue_advance(struct idtap_queue *q, uint64_t horizon,
                        int (*fn)(void *ctx, const struct idtap_run *run),
                        void *ctx);

#endif /* IDTAP_QUEUE_H */
