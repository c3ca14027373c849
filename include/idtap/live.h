/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watching an attached tap: its records as runs in the order of time, while
 * they come, with nothing on the disk.
 *
 * One reader at a time per tap; used by one thread.  Errors are -errno.
 */
#ifndef IDTAP_LIVE_H
#define IDTAP_LIVE_H

#include <idtap/host.h>
#include <idtap/trace.h>

struct idtap_live;

/* 0, or -errno, which ends the handing over and is returned. */
typedef int idtap_live_fn(void *ctx, const struct idtap_run *run);

/*
 * Begins: forgets what lies unread in the rings, starts the tap.  The host
 * stays the caller's and must outlive the result.  *tsc: nothing older comes.
 * -EPROTO: the tap speaks another version.
 */
int idtap_live_start(struct idtap_host *host,
                     const struct idtap_config *config, idtap_live_fn *fn,
                     void *ctx, struct idtap_live **live, uint64_t *tsc);

/*
 * Takes what is complete out of the rings; hands it over if it gets too much.
 * Returns how full the fullest ring was, in percent; or -errno.
 */
int idtap_live_poll(struct idtap_live *live);

/* Hands over every record up to now, which is *tsc; or -errno. */
int idtap_live_advance(struct idtap_live *live, uint64_t *tsc);

uint64_t idtap_live_tsc_khz(const struct idtap_live *live);

/* Stops the tap and frees; what is in the rings is forgotten. */
int idtap_live_stop(struct idtap_live *live);

#endif /* IDTAP_LIVE_H */
