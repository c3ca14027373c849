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

/* TSC of the first discard of the recording on @cpu, or 0. */
uint64_t idtap_rings_first_discard(struct idtap_rings_map *map,
                                   unsigned int cpu);

#endif /* IDTAP_RINGS_H */
