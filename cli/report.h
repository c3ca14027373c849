/* SPDX-License-Identifier: GPL-2.0-only */
/* The two faces of `idtap report`: text for people, JSON for programs. */
#ifndef IDTAP_REPORT_H
#define IDTAP_REPORT_H

#include "reader.h"

struct report {
    struct reader r;
    struct idtap_stats *stats;
    uint64_t duration_ns;
    bool exact_ns;  /* text: times as whole nanoseconds */
    bool complete;  /* nothing was wrong with any stream */
};

/* Both print to stdout and return 0 or -ENOMEM. */
int report_text(const struct report *report);
int report_json(const struct report *report);

#endif /* IDTAP_REPORT_H */
