/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Alerts at work: rules (alert_rule.h) held against interval after interval;
 * what fires, and when it is over, is said and handed to a command.
 *
 * One thread; `struct alerts *` may be NULL everywhere: no alerts.
 */
#ifndef IDTAP_ALERTS_H
#define IDTAP_ALERTS_H

#include <stdbool.h>

#include "alert_rule.h"

struct alerts;

#define ALERTS_HELP \
"  --alert RULE     say when this begins and when it is over, for example\n" \
"                   'vector=nmi rate>1000/s', 'domain=web1 reason=MSR\n" \
"                   p99>50us for=5s'; may be given several times\n" \
"  --alert-run CMD  then run CMD by sh, with the facts in IDTAP_ALERT,\n" \
"                   IDTAP_ALERT_STATE (fired, over), _MEASURE, _VALUE, _LIMIT,\n" \
"                   _DOMAIN, _DOMAIN_NAME, _TIME, _SECONDS\n"

/*
 * Takes "--alert RULE" or "--alert-run CMD"; *a is made if it is NULL.  CLI_OK
 * or, after saying why, CLI_USAGE or CLI_FAILURE.
 */
int alerts_option(struct alerts **a, const char *command, bool is_rule,
                  const char *arg);
/* After the last option; the same. */
int alerts_check(const struct alerts *a, const char *command);
void alerts_free(struct alerts *a);

/*
 * Says @line, one for each that fires or is over, by @say instead of on
 * stderr; @domain is whose it is, or IDTAP_DOMID_NONE.
 */
typedef void alerts_say_fn(void *ctx, bool fired, uint16_t domain,
                           const char *line);
void alerts_say(struct alerts *a, alerts_say_fn *say, void *ctx);

/* Holds all rules against an interval.  0 or -ENOMEM. */
int alerts_look(struct alerts *a, const struct interval *in);

/* Are there any rules? */
bool alerts_any(const struct alerts *a);

/* Is there a command to run? */
bool alerts_run_command(const struct alerts *a);

/* To be called now and then: commands that have ended. */
void alerts_reap(struct alerts *a);

#endif /* IDTAP_ALERTS_H */
