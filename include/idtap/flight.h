/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flight recorder: the rings overwrite what is oldest, nobody reads, and
 * when something has happened the newest packets of every pCPU are saved as a
 * trace.  Nothing is written while they are read: the tap is closed for that.
 *
 * In such a trace the packets of a pCPU count from 0, and discards from its
 * first packet: what was overwritten is not lost, it is older than the trace.
 *
 * One reader at a time per tap; used by one thread.  Errors are -errno.
 */
#ifndef IDTAP_FLIGHT_H
#define IDTAP_FLIGHT_H

#include <idtap/recorder.h>

struct idtap_flight;

/*
 * Begins to overwrite.  The host stays the caller's and must outlive the
 * result.  -EINVAL: the tap does not know how to; -EPROTO: it speaks another
 * version.
 */
int idtap_flight_start(struct idtap_host *host,
                       const struct idtap_config *config,
                       struct idtap_flight **flight);

/* Bytes per pCPU that can be saved: the ring but for one packet. */
uint64_t idtap_flight_capacity(const struct idtap_flight *f);
/* In a ring; pCPUs have the numbers below the second. */
size_t idtap_flight_packet_size(const struct idtap_flight *f);
unsigned int idtap_flight_nr_cpus(const struct idtap_flight *f);

/* Learns the names of the guests there are; about once a second. */
void idtap_flight_note(struct idtap_flight *f);

/*
 * Calls @fn for the packets that pCPU @cpu has completed since the last look,
 * the oldest first, the newest @max of them at most.  They are copies, which
 * nobody has checked.  Returns their number; *skipped: there were more.
 */
unsigned int idtap_flight_look(struct idtap_flight *f, unsigned int cpu,
                               unsigned int max,
                               void (*fn)(void *ctx, const void *packet,
                                          size_t size),
                               void *ctx, bool *skipped);

/*
 * Closes all open packets and looks for @domain's exits among the newest
 * records: the last one's reason, or -ENOENT.
 */
int idtap_flight_last_exit(struct idtap_flight *f, uint16_t domain);

/*
 * Closes the tap and saves the newest packets, @bytes of each pCPU at most,
 * into the directory @dirfd, which becomes ours.  The trigger is marked with
 * @text and @domain (or IDTAP_DOMID_NONE), as of now.  Afterwards: resume or
 * stop.
 */
int idtap_flight_save(struct idtap_flight *f, int dirfd, const char *command,
                      uint64_t bytes, uint16_t domain, const char *text,
                      struct idtap_recorder_stats *stats);

/* Begins anew after saving. */
int idtap_flight_resume(struct idtap_flight *f);

/* Stops the tap and frees; what was not saved is gone. */
int idtap_flight_stop(struct idtap_flight *f);

#endif /* IDTAP_FLIGHT_H */
