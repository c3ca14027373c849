/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands that need a Xen host share: opening it, saying what went
 * wrong and what to do about it, and the lock that keeps two recorders apart.
 */
#ifndef IDTAP_HOST_WORDS_H
#define IDTAP_HOST_WORDS_H

#include <sys/types.h>

#include <idtap/host.h>

#include "cli.h"

/* CLI_OK, or CLI_NO_XEN or CLI_FAILURE after saying why. */
int cli_open_host(struct idtap_host **host);

/* Attaches; on failure says why and what to do, and returns the status. */
int cli_attach(struct idtap_host *host,
               const struct idtap_attach_options *options);

/* Detaches, the same way. */
int cli_detach(struct idtap_host *host);

/* An error of a host function while doing @what, in words. */
void cli_host_error(int rc, const char *what);

/*
 * The lock of whoever reads the rings, and what it is doing, one word
 * ("record").  An fd to be closed at the end, or -1 after saying who has it.
 */
int cli_lock_reader(const char *what);

#define READER_WHAT_LEN 16
/* The process that has the lock, or 0; and, if asked, what it is doing. */
pid_t cli_reader(char what[READER_WHAT_LEN]);

/* "--ring SIZE" and "--packet SIZE" into options; CLI_OK or CLI_USAGE. */
int cli_ring_geometry(const char *command, const char *ring,
                      const char *packet,
                      struct idtap_attach_options *options);

/*
 * -e, -d and --vector (NULL: not given) into a configuration.  Domains by id
 * or by a name that xenstore knows.  CLI_OK or CLI_USAGE.
 */
int cli_config(const char *command, const char *classes, const char *domains,
               const char *vectors, struct idtap_config *config);

/*
 * The arguments of --intercept, [DOMAIN=]LIST, @nr of them, into @config, which
 * cli_config() has filled in: without DOMAIN they are for the domains of -d, or
 * for every HVM guest.  CLI_OK or CLI_USAGE.
 */
int cli_intercepts(const char *command, const char *const *texts,
                   unsigned int nr, struct idtap_config *config);

#define CLI_INTERCEPT_HELP \
    "  --intercept [DOMAIN=]LIST\n" \
    "                   make DOMAIN (default: those of -d, or every HVM guest)\n" \
    "                   exit for these exceptions, too, and give them back:\n" \
    "                   0-31, names like pf, 'all'; 'swint' for INT n (AMD).\n" \
    "                   Costs the guest time; lasts as long as the recording\n"

#endif /* IDTAP_HOST_WORDS_H */
