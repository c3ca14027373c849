/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of alerts: their grammar, and what they find in intervals of a trace in
 * which a bit of everything happens.  What is accepted has a condition, and
 * limits that are numbers; more blanks between its words change nothing.
 */
#include <math.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "../../cli/alert_rule.h"
#include "../unit/common.h"
#include "fuzz.h"
#include "scratch.h"

static struct interval interval;

/* The trace's second interval, to which all rules are held. */
static void make_interval(void)
{
    static struct idtap_error err;
    struct idtap_select select;
    /* What the interval stands on, until the end. */
    static struct idtap_trace *trace;
    static struct idtap_iter *iter;
    static struct feed *feed;
    char dir[128];

    if ( interval.stats )
        return;
    snprintf(dir, sizeof(dir), "%s/trace", scratch_dir());
    FUZZ_CHECK(!mkdir(dir, 0700));
    test_small_trace(dir, 60);
    idtap_select_init(&select);
    FUZZ_CHECK(!idtap_trace_open(dir, &trace, &err));
    FUZZ_CHECK(!idtap_iter_open(trace, NULL, &iter));
    feed = feed_trace(trace, iter, 3000, &select);
    FUZZ_CHECK(feed);
    FUZZ_CHECK(feed_next(feed, &interval) == 1);
    FUZZ_CHECK(feed_next(feed, &interval) == 1);
}

static int found(void *ctx, const struct alert_finding *finding)
{
    const struct alert_rule *rule = ctx;
    char buf[ALERT_VALUE_LEN];
    unsigned int i;

    for ( i = 0; i < rule->nr_conditions; i++ )
    {
        FUZZ_CHECK(isfinite(finding->value[i]) && finding->value[i] >= 0);
        alert_value(rule->conditions[i].measure, finding->value[i], buf);
        FUZZ_CHECK_WHY(buf);
    }
    return 0;
}

static void check_rule(struct alert_rule *rule)
{
    char buf[ALERT_VALUE_LEN];
    unsigned int i;

    FUZZ_CHECK(rule->nr_conditions && rule->nr_conditions <= ALERT_CONDITIONS);
    FUZZ_CHECK(rule->nr_reasons <= ALERT_NAMES);
    FUZZ_CHECK(rule->nr_softirqs <= ALERT_NAMES);
    FUZZ_CHECK(rule->nr_ports <= ALERT_NAMES);
    FUZZ_CHECK(!rule->by_kind || rule->upcalls || rule->evtchns);
    FUZZ_CHECK(rule->classes && !(rule->classes & ~IDTAP_CLASS_ALL));
    for ( i = 0; i < rule->nr_conditions; i++ )
    {
        const struct alert_condition *c = &rule->conditions[i];

        FUZZ_CHECK(c->measure < ALERT_MEASURE_NR);
        FUZZ_CHECK(isfinite(c->limit) && c->limit >= 0);
        alert_value(c->measure, c->limit, buf);
        FUZZ_CHECK_WHY(buf);
    }
    make_interval();
    FUZZ_CHECK(!alert_evaluate(rule, &interval, found, rule));
}

/* Each blank twice. */
static char *wider(const char *text)
{
    char *wide = malloc(2 * strlen(text) + 1), *p = wide;

    FUZZ_CHECK(wide);
    for ( ; *text; text++ )
    {
        *p++ = *text;
        if ( strchr(" \t\n", *text) )
            *p++ = *text;
    }
    *p = '\0';
    return wide;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct alert_rule rule, again;
    char why[ALERT_WHY_LEN], *text = fuzz_text(data, size), *wide;

    memset(why, 0xee, sizeof(why));
    if ( alert_parse(text, &rule, why) )
        FUZZ_CHECK_WHY(why);
    else
    {
        check_rule(&rule);
        wide = wider(text);
        FUZZ_CHECK(!alert_parse(wide, &again, why));
        rule.text = again.text = NULL;
        FUZZ_CHECK(!memcmp(&rule, &again, sizeof(rule)));
        free(wide);
    }
    free(text);
    return 0;
}
