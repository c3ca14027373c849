/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two fronts of `idtap top`, plain text and screen, share: where the
 * intervals come from, what is chosen, and what is shown of it.
 */
#ifndef IDTAP_TOP_H
#define IDTAP_TOP_H

#include "feed_live.h"
#include "reader.h"
#include "session.h"
#include "top_render.h"

struct alerts;

#define TOP_LIST_LEN 128

struct top {
    struct reader r;           /* of a trace; r.dir NULL: this host */
    struct session s;
    struct session_options opt;
    struct feed *trace;        /* one of the two */
    struct feed_live *live;
    uint64_t interval_ns;
    uint64_t updates;          /* to show; 0: no limit */
    struct idtap_select select;
    char classes[TOP_LIST_LEN], domains[TOP_LIST_LEN], vectors[TOP_LIST_LEN];
    char filter[3 * TOP_LIST_LEN + 256]; /* these, in words */
    char source[128];
    struct alerts *alerts;  /* alerts; NULL: none */
    struct top_model model;
    struct top_view view;
};

/*
 * Waits until the next interval is over, if this is a host, and counts it into
 * the model (not if @skip).  1; 0: there is no more, or a signal says stop;
 * -errno.  @fd: a key there, or a signal, ends the waiting early: 2.
 */
int top_next(struct top *t, int fd, uint64_t deadline, bool skip);

/*
 * Chooses anew, by one of the three lists ('e', 'd', 'v'; "" is all); what is
 * wrong with it comes back in `why`.  0 or -errno.
 */
int top_choose(struct top *t, char which, const char *list, char *why);

/* The screen's loop; an exit status. */
int top_screen(struct top *t);

#endif /* IDTAP_TOP_H */
