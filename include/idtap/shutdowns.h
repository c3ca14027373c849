/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests that end: xenstore says that one did, Xen says why.
 *
 * Used by one thread.  Errors are -errno.
 */
#ifndef IDTAP_SHUTDOWNS_H
#define IDTAP_SHUTDOWNS_H

#include <idtap/host.h>

/* Why a guest ended (Xen's public/sched.h). */
enum idtap_shutdown {
    IDTAP_SHUTDOWN_POWEROFF = 0,
    IDTAP_SHUTDOWN_REBOOT   = 1, /* also a triple fault, by default */
    IDTAP_SHUTDOWN_SUSPEND  = 2,
    IDTAP_SHUTDOWN_CRASH    = 3,
    IDTAP_SHUTDOWN_WATCHDOG = 4,
};

struct idtap_shutdowns;

/* Guests that have ended before are not told of.  The host must outlive it. */
int idtap_shutdowns_open(struct idtap_host *host, struct idtap_shutdowns **s);
void idtap_shutdowns_close(struct idtap_shutdowns *s); /* NULL is legal */

/* Readable when it is time to check; checking now and then is right, too. */
int idtap_shutdowns_fd(const struct idtap_shutdowns *s);

/*
 * Calls @fn for every guest that has ended since the last check and is still
 * known to Xen.  0, -errno, or what @fn returned if that is not 0.
 */
int idtap_shutdowns_check(struct idtap_shutdowns *s,
                          int (*fn)(void *ctx, uint16_t domain,
                                    enum idtap_shutdown why),
                          void *ctx);

#endif /* IDTAP_SHUTDOWNS_H */
