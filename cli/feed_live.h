/* SPDX-License-Identifier: GPL-2.0-only */
/* The feed (feed.h) of an attached tap. */
#ifndef IDTAP_FEED_LIVE_H
#define IDTAP_FEED_LIVE_H

#include <idtap/host.h>

#include "feed.h"

struct feed_live;

/* Starts the tap with @config; the errors of idtap_live_start(). */
int feed_live_open(struct idtap_host *host, const struct idtap_config *config,
                   const struct idtap_select *select, struct feed_live **f);

/* As idtap_live_poll(): to be called many times in an interval. */
int feed_live_poll(struct feed_live *f);

/* Ends the interval now.  0 or -errno. */
int feed_live_next(struct feed_live *f, struct interval *out);

/* Another choice, from now on: of the tap, and of what is counted. */
int feed_live_configure(struct feed_live *f, const struct idtap_config *config,
                        const struct idtap_select *select);

const struct domain_names *feed_live_names(const struct feed_live *f);

/* Stops the tap; NULL is legal.  0 or -errno. */
int feed_live_close(struct feed_live *f);

/* Brings @n up to date with the guests there are. */
void domain_names_refresh(struct domain_names *n);

/* A configuration's domains, vectors and classes, to count by. */
void select_of_config(const struct idtap_config *config,
                      struct idtap_select *select);

/* What CPU time this process has had, in ns. */
uint64_t own_cpu_ns(void);

/* What `/proc/cpuinfo` says of exit reasons. */
enum idtap_vendor host_vendor(void);

#endif /* IDTAP_FEED_LIVE_H */
