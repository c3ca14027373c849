/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all commands share that read the rings: the host, the lock of the one
 * reader, the tap (attached if nobody has, and then detached at the end), and
 * signals.
 *
 * Signals are blocked but while the command sleeps, so that no handler can
 * meet it at work: the first SIGINT, SIGTERM or SIGHUP is a wish to stop.
 */
#ifndef IDTAP_SESSION_H
#define IDTAP_SESSION_H

#include <signal.h>
#include <stdbool.h>

#include <poll.h>

#include "host_words.h"

/* The options of the attach, as typed; NULL: not given. */
struct session_options {
    const char *classes, *domains, *vectors, *ring, *packet;
    unsigned int nr_intercepts;
    const char *intercepts[IDTAP_MAX_INTERCEPTS];
    struct idtap_attach_options attach;
};

#define SESSION_LONG_OPTIONS(base) \
    { "event", required_argument, NULL, 'e' }, \
    { "domain", required_argument, NULL, 'd' }, \
    { "vector", required_argument, NULL, (base) }, \
    { "ring", required_argument, NULL, (base) + 1 }, \
    { "packet", required_argument, NULL, (base) + 2 }, \
    { "profile", required_argument, NULL, (base) + 3 }, \
    { "payload", required_argument, NULL, (base) + 4 }, \
    { "intercept", required_argument, NULL, (base) + 5 }
#define SESSION_NR_OPTIONS 6

#define SESSION_OPTIONS_HELP \
"  -e CLASS,...     irq, exit, exception, nmi, inject, softirq, lapic,\n" \
"                   swint, pv-trap, pv-upcall, evtchn, all (default)\n" \
"  -d DOMAIN,...    ids or names; 'idle' is Xen's idle time (default: all)\n" \
"  --vector LIST    like 0-31,0xf3,pf,timer (default: all)\n" \
CLI_INTERCEPT_HELP
#define SESSION_ATTACH_HELP \
"  --ring SIZE, --packet SIZE, --profile FILE, --payload FILE\n" \
"                   for the attach: see 'idtap attach --help'\n"

/* Takes option @c of SESSION_LONG_OPTIONS(@base); false: it is none. */
bool session_option(struct session_options *o, int c, int base, char *arg);

struct session {
    struct idtap_host *host;
    struct idtap_config config; /* of the options */
    bool attached_here;
    int lock;
};

/*
 * Opens the host, makes a configuration of the options, takes the lock with
 * the word @what ("record", "top"), attaches.  CLI_OK, or the exit status
 * after having said why.  session_end() in any case; it returns @status or, if
 * detaching fails, CLI_FAILURE.
 */
int session_begin(struct session *s, const char *command, const char *what,
                  struct session_options *o);
int session_end(struct session *s, int status);

/* Blocks the signals; the mask to sleep with is kept. */
void signals_block(void);
/* What has come so far. */
unsigned int signals_stop(void);  /* wishes to stop */
bool signals_child(void);         /* a child ended since the last call */
bool signals_user(void);          /* SIGUSR1 since the last call */
/* Sleeps until @ns have passed, a signal comes, or an fd (0 to 2) is ready. */
int signals_sleep(uint64_t ns, struct pollfd *fds, unsigned int nr);
const sigset_t *signals_mask(void);
/*
 * From here on a signal ends the process at once; files hold whole packets
 * only, and the tap can be detached by hand.
 */
void signals_quit_at_once(void);

/*
 * How long to sleep until the next look at the rings, if it was @ns before the
 * last one, which found the fullest at @percent: the fuller, the sooner.
 */
uint64_t session_pace(uint64_t ns, int percent);
#define SESSION_PACE_START 20000000u

/* CLOCK_MONOTONIC. */
uint64_t now_ns(void);

#endif /* IDTAP_SESSION_H */
