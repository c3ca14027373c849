/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page /metrics for Prometheus to fetch, over a socket of this machine.
 * libmicrohttpd is loaded when it is asked for: nothing else needs it.
 */
#ifndef IDTAP_METRICS_HTTP_H
#define IDTAP_METRICS_HTTP_H

#include "metrics.h"

struct metrics_http;

/*
 * Listens at "127.0.0.1:9999", "[::1]:9999" or "unix:/path".  Addresses that
 * others can reach are refused unless @anywhere.  @fetch brings the counters
 * up to date when they are asked for; 0 or -errno.  CLI_OK, or the exit status
 * after having said why.
 */
int metrics_http_open(const char *command, const char *where, bool anywhere,
                      int (*fetch)(void *ctx, const struct metrics **m),
                      void *ctx, struct metrics_http **http);
void metrics_http_close(struct metrics_http *h); /* NULL is legal */

/* Readable when there is something to do, which run() does. */
int metrics_http_fd(const struct metrics_http *h);
void metrics_http_run(struct metrics_http *h);

#endif /* IDTAP_METRICS_HTTP_H */
