/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several traces given to one command: what their hosts are called, and how
 * their clocks are aligned.  Domains of different hosts are different, even if
 * they are called the same; so a list of domains chooses in each trace those
 * that it has.
 */
#ifndef IDTAP_MANY_H
#define IDTAP_MANY_H

#include <idtap/clock_map.h>

#include "json.h"
#include "reader.h"

#define MANY_MAX 64
#define MANY_LABEL_LEN 160

struct many {
    unsigned int nr;
    struct reader r[MANY_MAX];
    struct idtap_clock_map *clock[MANY_MAX];
    char label[MANY_MAX][MANY_LABEL_LEN]; /* hostname, fit for a terminal; with
                                             the trace, if two have the same */
    int label_width;
    int64_t start_ns[MANY_MAX]; /* CLOCK_REALTIME of the trace's start */
    int64_t zero_ns;            /* the earliest of these */
};

/* Another trace, from `-i`.  CLI_OK, or CLI_USAGE after having said why. */
int many_add(struct many *m, const char *command, const char *dir);

/*
 * Opens all, with the options of `like`, which is not open.  CLI_OK, or the exit
 * status after having said why.  many_close() in any case.
 */
int many_open(struct many *m, const struct reader *like);
void many_close(struct many *m);

/* What the order of different traces' records is worth: on stderr; as JSON. */
void many_say_clocks(const struct many *m);
void many_json_clocks(const struct many *m, struct json *j, const char *key);

/* Was anything lost?  What, reader_losses() says, but not of which host. */
bool many_any_loss(const struct idtap_stats *stats);

#endif /* IDTAP_MANY_H */
