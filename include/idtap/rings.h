/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the rings of an attached tap: map them, take complete packets one by
 * one, give them back.  No copy is made; a packet is read where the tap wrote
 * it.
 *
 * One reader at a time per tap.  A struct idtap_rings_map is used by one
 * thread at a time; errors are -errno.
 */
#ifndef IDTAP_RINGS_H
#define IDTAP_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/control.h>
#include <idtap/host.h>

struct idtap_rings_map;

/*
 * Maps the rings that @rings (of idtap_status()) tells of.  While they are
 * mapped the tap refuses to detach.  idtap_rings_unmap() accepts NULL.
 */
int idtap_rings_map(const struct idtap_rings *rings,
                    struct idtap_rings_map **map);
void idtap_rings_unmap(struct idtap_rings_map *map);

/* Bytes in a packet, and packets in a ring. */
size_t idtap_rings_packet_size(const struct idtap_rings_map *map);
unsigned int idtap_rings_nr_packets(const struct idtap_rings_map *map);

/*
 * The oldest packet of @cpu that is complete and was not given back, or NULL.
 * It stays as it is until idtap_rings_give_back().
 */
const struct idtap_packet_header *
idtap_rings_take(struct idtap_rings_map *map, unsigned int cpu);
void idtap_rings_give_back(struct idtap_rings_map *map, unsigned int cpu);

/* How full the ring of @cpu is: complete packets not given back, of all. */
unsigned int idtap_rings_pending(struct idtap_rings_map *map,
                                 unsigned int cpu);

/*
 * After a flush: are packets of @cpu that the flush closed still to come?
 * They are as soon as an interrupted hook has gone on.
 */
bool idtap_rings_unsettled(struct idtap_rings_map *map, unsigned int cpu);

/* Gives back everything that lies in the rings, unread. */
void idtap_rings_forget(struct idtap_rings_map *map);

/*
 * After a flush: calls @take, which takes what it can get and returns 0 or
 * -errno, until every packet that the flush closed was taken.  -ETIMEDOUT if
 * that does not come to an end.
 */
int idtap_rings_settle(struct idtap_rings_map *map, int (*take)(void *ctx),
                       void *ctx);

/*
 * Closes the gate, forgets what an earlier reader left, and makes packets and
 * discards count from 0 again.  @overwrite: a full ring shall overwrite its
 * oldest packet until the next restart, instead of dropping what is new.
 */
int idtap_rings_restart(struct idtap_host *host, struct idtap_rings_map *map,
                        bool overwrite);

/*
 * Of a ring that overwrites, while nothing is recorded: goes on to the oldest
 * packet that is still whole, or the @keep-th newest.  Returns how many packets
 * were passed over.
 */
uint64_t idtap_rings_catch_up(struct idtap_rings_map *map, unsigned int cpu,
                              unsigned int keep);

/*
 * While a ring overwrites: packets of @cpu closed since the attach, by number;
 * and a copy of the one of number @seq into @buf, of a packet's size.  False if
 * it is not complete, or was overwritten, be it under our eyes.
 */
uint64_t idtap_rings_closed(struct idtap_rings_map *map, unsigned int cpu);
bool idtap_rings_copy(struct idtap_rings_map *map, unsigned int cpu,
                      uint64_t seq, void *buf);

/* TSC of the first discard of the recording on @cpu, or 0. */
uint64_t idtap_rings_first_discard(struct idtap_rings_map *map,
                                   unsigned int cpu);

#endif /* IDTAP_RINGS_H */
