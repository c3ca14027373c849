/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of alerts: "vector=nmi rate>1000/s".  A rule is a row of words:
 *
 *   class=LIST    vector=LIST    reason=LIST    softirq=LIST   which events
 *   port=LIST     kind=LIST      event channels; upcalls, too
 *   domain=NAME   this guest's only (an id, or "idle"); domain=each: every
 *                 guest by itself; else all domains together
 *   rate>N[/s]    count>N        events of the interval
 *   mean>TIME     p99>TIME       max>TIME       of their durations
 *   cpu>N%        these durations together, of one CPU
 *   lost>N        records lost, on all CPUs
 *   for=TIME      only if it has been so for so long
 *
 * with >, >=, < or <=.  At least one condition; of several all must be met.
 * A condition on durations is not met where there are none.
 */
#ifndef IDTAP_ALERT_RULE_H
#define IDTAP_ALERT_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "feed.h"

#define ALERT_WHY_LEN   256
#define ALERT_CONDITIONS 4
#define ALERT_NAMES      8
#define ALERT_NAME_LEN  48
#define ALERT_VALUE_LEN 32

enum alert_measure {
    ALERT_RATE, ALERT_COUNT, ALERT_MEAN, ALERT_P99, ALERT_MAX, ALERT_CPU,
    ALERT_LOST, ALERT_MEASURE_NR
};

enum alert_scope { ALERT_TOGETHER, ALERT_EACH, ALERT_ONE };

struct alert_condition {
    enum alert_measure measure;
    bool less, or_equal;
    double limit;              /* events, per second, ns, percent, records */
};

struct alert_rule {
    const char *text;          /* the caller's */
    uint32_t classes;          /* IDTAP_CLASS_* */
    bool by_vector;
    uint64_t vectors[4];
    unsigned int nr_reasons, nr_softirqs, nr_ports; /* 0: all */
    char reasons[ALERT_NAMES][ALERT_NAME_LEN]; /* names or numbers */
    unsigned int softirqs[ALERT_NAMES];
    uint32_t ports[ALERT_NAMES]; /* of event channels */
    bool by_kind;
    uint32_t upcalls, evtchns; /* bit n: kind n */
    enum alert_scope scope;
    char domain[ALERT_NAME_LEN]; /* of ALERT_ONE, as typed */
    uint64_t for_ns;
    unsigned int nr_conditions;
    struct alert_condition conditions[ALERT_CONDITIONS];
};

/* 0, or -EINVAL with the reason, which quotes the bad word, in `why`. */
int alert_parse(const char *text, struct alert_rule *rule,
                char why[ALERT_WHY_LEN]);

const char *alert_measure_name(enum alert_measure measure);

/* "2,345/s", "1.23 ms", "45.6%"; returns `buf`. */
char *alert_value(enum alert_measure measure, double value,
                  char buf[ALERT_VALUE_LEN]);

/* What a rule finds of one domain, or of all together. */
struct alert_finding {
    uint16_t domain;           /* IDTAP_DOMID_NONE: all together */
    bool met;                  /* all conditions, in this interval */
    double value[ALERT_CONDITIONS]; /* what was measured for each */
};

/*
 * Holds @rule against an interval; calls @fn for each domain that has records
 * (ALERT_EACH), or once.  0; -ENOMEM; or what @fn returned if not 0.
 */
int alert_evaluate(const struct alert_rule *rule, const struct interval *in,
                   int (*fn)(void *ctx, const struct alert_finding *finding),
                   void *ctx);

#endif /* IDTAP_ALERT_RULE_H */
