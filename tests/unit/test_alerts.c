/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Alerts: the grammar, which quotes what is wrong; what rules find in a known
 * trace; when they fire and when it is over; and the command that is told.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../cli/alerts.h"
#include "feed_test.h"

static void grammar(void **state)
{
    static const struct { const char *text, *why; } wrong[] = {
        { "", "no condition" },
        { "vector=nmi", "no condition" },
        { "rate", "'rate' needs '>'" },
        { "rate>", "'rate>' needs a value" },
        { "rate=5", "'rate='" },
        { "rate>>5", "'rate>>'" },
        { "rate>x", "'x' is not a number" },
        { "rate>5/m", "'/m' is not a unit of rate" },
        { "rate>-5", "'-5' is not a number" },
        { "max>5", "'5' is not a time" },
        { "p99>5/s", "'5/s' is not a time" },
        { "cpu>5k", "'k' is not a unit of cpu" },
        { ">5", "nothing before '>'" },
        { "vektor=nmi rate>1", "'vektor' is unknown; did you mean 'vector'" },
        { "rat>5", "did you mean 'rate'" },
        { "nonsense>5", "'nonsense' is unknown" },
        { "vector>5 rate>1", "'vector>'" },
        { "vector=nosuch rate>1", "nosuch" },
        { "vector= rate>1", "'rate" },
        { "class=irq,nosuch rate>1", "nosuch" },
        { "reason=NOSUCH rate>1", "'NOSUCH' is not an exit reason" },
        { "reason=65536 rate>1", "'65536' is not" },
        { "softirq=NOSUCH rate>1", "'NOSUCH' is not a softirq" },
        { "for=ever rate>1", "'for=ever'" },
        { "port=x rate>1", "'x' is not a port" },
        { "port=4294967296 rate>1", "not a port" },
        { "rate>1 port=", "'port=' needs a value" },
        { "kind=event,evnt rate>1", "'evnt' is not a kind of" },
        { "class=evtchns rate>1", "evtchns" },
        { "rate>1 rate>2 rate>3 rate>4 rate>5", "more than 4" },
        { "softirq=1,2,3,4,5,6,7,8,9 rate>1", "at most 8" },
        /* What is no number any more, and what would not print. */
        { "rate>1e999", "'1e999' is too large" },
        { "count<2e18", "'2e18' is too large" },
        { "lost>999999999999999M", "too large" },
        /* Not cut, which would be another rule. */
        { "vector=100,101,102,103,104,105,106,107,108,109,110,111,112,113,114,"
          "115,116,117,118,119,120,121,122,123,124,125,126,127,128,129,130,131,"
          "132,133,134 rate>1", "longer than 127 letters" },
    };
    static const char *const right[] = {
        "rate>1", "rate > 1000/s", "rate>=1.5k/s", "rate<1M", "count>0",
        "vector=nmi rate>1000/s", "class=irq,nmi\tvector=0-31,pf rate>1",
        "domain=web1 reason=MSR,HLT,0x7b p99>50us for=5s",
        "softirq=TIMER,3 mean<=1ms", "domain=each cpu>12.5%", "lost>0",
        "domain=idle max>1s", "port=3,4294967295 rate>1",
        "kind=virq,EVENT,int80 rate>1",
        "class=pv-trap,pv-upcall vector=pf rate>1",
        "class=swint vector=0x80 count>0",
    };
    char why[ALERT_WHY_LEN];
    struct alert_rule rule;
    unsigned int i;

    (void)state;
    for ( i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++ )
        if ( !alert_parse(wrong[i].text, &rule, why) ||
             !strstr(why, wrong[i].why) )
            fail_msg("'%s': '%s' does not say \"%s\"", wrong[i].text, why,
                     wrong[i].why);
    for ( i = 0; i < sizeof(right) / sizeof(right[0]); i++ )
        if ( alert_parse(right[i], &rule, why) )
            fail_msg("'%s': %s", right[i], why);

    assert_int_equal(alert_parse("vector=nmi rate>=1.5k/s for=2s", &rule, why),
                     0);
    assert_true(rule.by_vector && rule.vectors[0] == 4 && !rule.vectors[3]);
    assert_int_equal(rule.classes, IDTAP_SELECT_BY_VECTOR);
    assert_true(rule.conditions[0].limit == 1500);
    assert_true(rule.conditions[0].or_equal && !rule.conditions[0].less);
    assert_int_equal(rule.for_ns, 2000000000);
    assert_int_equal(alert_parse("reason=MSR max<20us", &rule, why), 0);
    assert_int_equal(rule.classes, IDTAP_CLASS_EXIT);
    assert_true(rule.conditions[0].limit == 20000 && rule.conditions[0].less);
}

static unsigned int nr_findings;
static struct alert_finding findings[8];

static int found(void *ctx, const struct alert_finding *f)
{
    (void)ctx;
    findings[nr_findings++] = *f;
    return 0;
}

/* What a rule measures in the second millisecond. */
static void measures(void **state)
{
    static const struct {
        const char *rule;
        bool met;
        double value;
    } cases[] = {
        { "vector=nmi rate>900000/s", true, 1e6 },
        { "vector=nmi rate>1M", false, 1e6 },
        { "vector=nmi rate>=1M", true, 1e6 },
        { "class=nmi domain=web rate>=0", true, 0 },
        { "class=nmi domain=2 count>0", true, 1000 },
        { "domain=web count>0", true, 200 },
        { "domain=nobody count>0", false, 0 },
        { "domain=nobody count<1", true, 0 },
        { "vector=0xf3 count>0", true, 100 },
        { "vector=0xf4 count>0", false, 0 },
        { "reason=MSR count>0", true, 100 },
        { "reason=msr,HLT count>0", true, 100 },
        { "reason=0x7c count>0", true, 100 },
        { "reason=HLT count>0", false, 0 },
        { "reason=MSR mean>1999ns", true, 2000 },
        { "reason=MSR max>2us", false, 2000 },
        { "class=nmi p99<=500ns", true, 500 },
        { "class=nmi cpu>49%", true, 50 },
        { "class=exit cpu>19.9%", true, 20 },
        { "class=inject max<1s", false, 0 }, /* there are no durations */
        { "softirq=TIMER count>0", false, 0 },
        { "lost>0", false, 0 },
        { "reason=MSR count>0 max>1us max<1us", false, 100 },
    };
    struct feed_test t;
    struct interval in;
    unsigned int i;

    (void)state;
    feed_test_open(&t, MS);
    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(feed_next(t.feed, &in), 1);
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        char why[ALERT_WHY_LEN];
        struct alert_rule rule;

        assert_int_equal(alert_parse(cases[i].rule, &rule, why), 0);
        nr_findings = 0;
        assert_int_equal(alert_evaluate(&rule, &in, found, NULL), 0);
        assert_int_equal(nr_findings, 1);
        if ( findings[0].met != cases[i].met ||
             findings[0].value[0] != cases[i].value )
            fail_msg("'%s': %f, %smet", cases[i].rule, findings[0].value[0],
                     findings[0].met ? "" : "not ");
    }
    feed_test_close(&t);
}

/* PV guests and event channels, in the first millisecond of their trace. */
static void pv_measures(void **state)
{
    static const struct { const char *rule; double value; } cases[] = {
        { "class=pv-trap count>0", 200 },
        { "class=pv-trap vector=pf domain=2 count>0", 200 },
        { "class=pv-trap vector=gp count>0", 0 },
        { "class=pv-upcall count>0", 200 },
        { "class=pv-upcall vector=pf count>0", 100 },
        { "class=swint vector=0x80 domain=web count>0", 100 },
        { "class=swint domain=2 count>0", 0 },
        { "class=evtchn count>0", 200 },
        { "port=7 count>0", 100 },
        { "port=3,7 count>0", 200 },
        { "port=8 count>0", 0 },
        { "kind=virq count>0", 100 },
        { "kind=event count>0", 100 },
        { "kind=exception,virq count>0", 200 },
        { "kind=ipi count>0", 0 },
        { "kind=virq port=7 count>0", 0 },
        { "class=evtchn max>0ns", 2000 },
        { "port=3 mean>0ns", 2000 },
        /* A wait is nobody's work. */
        { "class=evtchn cpu>0", 0 },
        /* What idtap causes is counted by its reason, and once. */
        { "class=exit count>0", 100 },
        { "class=exception,exit vector=pf count>0", 100 },
        { "count>0", 900 },
        /* What has a vector; an upcall repeats the trap. */
        { "vector=pf count>0", 300 },
    };
    struct feed_test t;
    struct interval in;
    unsigned int i;

    (void)state;
    feed_test_open_pv(&t, MS);
    assert_int_equal(feed_next(t.feed, &in), 1);
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        char why[ALERT_WHY_LEN];
        struct alert_rule rule;

        assert_int_equal(alert_parse(cases[i].rule, &rule, why), 0);
        nr_findings = 0;
        assert_int_equal(alert_evaluate(&rule, &in, found, NULL), 0);
        assert_int_equal(nr_findings, 1);
        if ( findings[0].value[0] != cases[i].value )
            fail_msg("'%s': %f, not %f", cases[i].rule, findings[0].value[0],
                     cases[i].value);
    }
    feed_test_close(&t);
}

static void each(void **state)
{
    char why[ALERT_WHY_LEN];
    struct alert_rule rule;
    struct feed_test t;
    struct interval in;

    (void)state;
    feed_test_open(&t, MS);
    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(feed_next(t.feed, &in), 1);
    assert_int_equal(alert_parse("domain=each count>500", &rule, why), 0);
    nr_findings = 0;
    assert_int_equal(alert_evaluate(&rule, &in, found, NULL), 0);
    assert_int_equal(nr_findings, 2);
    assert_int_equal(findings[0].domain, 1);
    assert_false(findings[0].met);
    assert_int_equal(findings[1].domain, 2);
    assert_true(findings[1].met && findings[1].value[0] == 1000);
    feed_test_close(&t);
}

static char *said;

static void say(void *ctx, bool fired, uint16_t domain, const char *line)
{
    char *old = said;

    (void)ctx;
    assert_true(asprintf(&said, "%s%s%u %s\n", old ? old : "",
                         fired ? "+" : "-", domain, line) > 0);
    free(old);
}

/* All of the trace, by milliseconds; returns what was said. */
static const char *run(const char *rule, const char *command, uint64_t ns)
{
    struct alerts *a = NULL;
    struct feed_test t;
    struct interval in;
    int i;

    setenv("TZ", "UTC", 1);
    free(said);
    said = NULL;
    assert_int_equal(alerts_option(&a, "test", true, rule), 0);
    if ( command )
        assert_int_equal(alerts_option(&a, "test", false, command), 0);
    assert_int_equal(alerts_check(a, "test"), 0);
    alerts_say(a, say, NULL);
    feed_test_open(&t, ns);
    while ( feed_next(t.feed, &in) > 0 )
        assert_int_equal(alerts_look(a, &in), 0);
    /* Commands end by themselves. */
    for ( i = 0; command && waitpid(-1, NULL, 0) > 0; i++ )
        ;
    alerts_reap(a);
    alerts_free(a);
    feed_test_close(&t);
    return said ? said : "";
}

static void fires(void **state)
{
    (void)state;
    assert_string_equal(run("vector=nmi rate>100k", NULL, MS),
        "+65535 alert: 22:13:20 'vector=nmi rate>100k': rate 1.00 M/s\n"
        "-65535 alert over: 22:13:20 'vector=nmi rate>100k', after 1.00 ms\n");
    /* The guest that has the id of one that is gone is another. */
    assert_string_equal(run("domain=each reason=MSR count>0", NULL, MS),
        "+1 alert: 22:13:20 'domain=each reason=MSR count>0' d1 (web): "
        "count 100\n"
        "+1 alert: 22:13:20 'domain=each reason=MSR count>0' d1 (shop): "
        "count 100\n"
        "-1 alert over: 22:13:20 'domain=each reason=MSR count>0' d1 (web), "
        "after 2.00 ms\n");
    assert_string_equal(run("vector=nmi rate>100k for=2ms", NULL, MS), "");
    assert_non_null(strstr(run("vector=nmi rate>100k for=500us", NULL,
                               MS / 10), "after 1.00 ms"));
    assert_string_equal(run("lost>5 count>1", NULL, MS),
        "+65535 alert: 22:13:20 'lost>5 count>1': lost 7, count 201\n");
}

static void command(void **state)
{
    char *dir = test_dir(), *cmd, *path = test_path(dir, "facts");
    uint8_t *facts;
    size_t len;

    (void)state;
    assert_true(asprintf(&cmd, "echo \"$IDTAP_ALERT|$IDTAP_ALERT_STATE|"
                         "$IDTAP_ALERT_MEASURE|$IDTAP_ALERT_VALUE|"
                         "$IDTAP_ALERT_LIMIT|$IDTAP_ALERT_DOMAIN|"
                         "$IDTAP_ALERT_DOMAIN_NAME|$IDTAP_ALERT_SECONDS\" "
                         ">'%s.'$IDTAP_ALERT_STATE", path) > 0);
    run("domain=web class=exit rate>1", cmd, MS);
    free(path);
    path = test_path(dir, "facts.fired");
    facts = test_read_file(path, &len);
    facts[len] = '\0';
    assert_string_equal((char *)facts, "domain=web class=exit rate>1|fired|"
                        "rate|100000.000|1.000|1|web|0.001\n");
    free(facts);
    free(path);
    path = test_path(dir, "facts.over");
    facts = test_read_file(path, &len);
    facts[len] = '\0';
    /* The guest is gone, and another has its id. */
    assert_non_null(strstr((char *)facts, "|over|rate||1.000|1|web|"));
    free(facts);
    free(path);
    free(cmd);
    test_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grammar),
        cmocka_unit_test(measures),
        cmocka_unit_test(pv_measures),
        cmocka_unit_test(each),
        cmocka_unit_test(fires),
        cmocka_unit_test(command),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);

    free(said);
    return rc;
}
