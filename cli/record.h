/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of `idtap record` share. */
#ifndef IDTAP_CLI_RECORD_H
#define IDTAP_CLI_RECORD_H

#include <sys/types.h>

#include <idtap/recorder.h>

#include "session.h"

#define FLIGHT_TRIGGERS 16

/* What the reader's lock says of a flight recorder. */
#define FLIGHT_WORD "flight"
/* What `idtap trigger` has to say to it. */
#define TRIGGER_FILE "/run/idtap.trigger"

struct alerts;
struct record_alerts;

struct record_args {
    struct session_options opt;
    struct idtap_recorder_options rec;
    struct alerts *alerts;
    uint64_t duration_ns; /* 0: no limit */
    bool fail_on_loss;
    char **command;       /* NULL: none */

    uint64_t flight_bytes; /* 0: no flight recorder */
    bool flight_keep;
    unsigned int nr_triggers;
    const char *triggers[FLIGHT_TRIGGERS];
    char ring_text[24], packet_text[24];
};

struct record_run {
    struct record_alerts *alerts;
    pid_t child;          /* of COMMAND; 0: none, -1: it did not start */
    bool child_ended;
    int wait_status;
};

/*
 * Alerts of a recording: what is written is also counted.  open() puts its
 * observer into args->rec; NULL and 0 if there are no alerts.  0 or -errno.
 */
int record_alerts_open(struct record_alerts **ra, struct record_args *args,
                       struct idtap_host *host);
int record_alerts_look(struct record_alerts *ra, struct idtap_recorder *r);
/* Is so much waiting to be counted that one should look at once? */
bool record_alerts_full(const struct record_alerts *ra);
void record_alerts_close(struct record_alerts *ra);

/* Starts COMMAND; -1 after saying why not. */
pid_t record_start_command(char **command);
/* COMMAND, if there is one, has ended: its status is kept. */
bool record_command_ended(struct record_run *run);

/* Says what went wrong with the trace in @dir; returns CLI_FAILURE. */
int record_failure(int rc, const char *dir);

/* Checks the options of --flight, and chooses a ring.  CLI_OK or CLI_USAGE. */
int flight_options(struct record_args *a, const char *command);
/* Flies; an exit status. */
int record_flight(struct idtap_host *host, struct record_args *a);

#endif /* IDTAP_CLI_RECORD_H */
