/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which alerts are on, since when, for whom; and the commands that are told.
 * Commands run beside us: one that hangs must not stop what is recorded.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alerts.h"
#include "cli.h"
#include "units.h"

#define RUNNING_MAX 16

/* A rule, of a domain, that was met in the last interval. */
struct state {
    unsigned int rule;
    uint16_t domain;
    unsigned int life;
    bool fired;              /* else it waits until `for` is over */
    bool seen;               /* in this interval */
    uint64_t since;          /* TSC */
    char name[IDTAP_NAME_LEN];   /* of the domain when it began: its id may */
    char text[DOMAIN_TEXT_LEN];  /* have gone to another when it is over */
};

struct alerts {
    const char *run;
    unsigned int nr_rules, nr_states;
    struct alert_rule *rules;
    struct state *states;
    alerts_say_fn *say;
    void *say_ctx;
    pid_t running[RUNNING_MAX];

    unsigned int rule;       /* under evaluation */
    const struct interval *in;
};

static void say_stderr(void *ctx, bool fired, uint16_t domain,
                       const char *line)
{
    (void)ctx;
    (void)fired;
    (void)domain;
    fflush(stdout);
    fprintf(stderr, "idtap: %s\n", line);
}

int alerts_option(struct alerts **out, const char *command, bool is_rule,
                  const char *arg)
{
    struct alerts *a = *out;
    struct alert_rule *rules;
    char why[ALERT_WHY_LEN];

    if ( !a )
    {
        a = *out = calloc(1, sizeof(*a));
        if ( !a )
            goto no_memory;
        a->say = say_stderr;
    }
    if ( !is_rule )
    {
        a->run = arg;
        return CLI_OK;
    }
    rules = realloc(a->rules, (a->nr_rules + 1) * sizeof(*rules));
    if ( !rules )
        goto no_memory;
    a->rules = rules;
    if ( alert_parse(arg, &rules[a->nr_rules], why) )
        return cli_usage(command, "'%s': %s", arg, why);
    a->nr_rules++;
    return CLI_OK;

 no_memory:
    cli_error("out of memory");
    return CLI_FAILURE;
}

int alerts_check(const struct alerts *a, const char *command)
{
    if ( a && a->run && !a->nr_rules )
        return cli_usage(command, "--alert-run needs --alert");
    return CLI_OK;
}

bool alerts_any(const struct alerts *a)
{
    return a && a->nr_rules;
}

bool alerts_run_command(const struct alerts *a)
{
    return a && a->run;
}

void alerts_free(struct alerts *a)
{
    if ( !a )
        return;
    free(a->rules);
    free(a->states);
    free(a);
}

void alerts_say(struct alerts *a, alerts_say_fn *say, void *ctx)
{
    if ( !a )
        return;
    a->say = say;
    a->say_ctx = ctx;
}

void alerts_reap(struct alerts *a)
{
    unsigned int i;

    for ( i = 0; a && i < RUNNING_MAX; i++ )
        if ( a->running[i] && waitpid(a->running[i], NULL, WNOHANG) )
            a->running[i] = 0;
}

static void set_number(const char *name, double value)
{
    char text[64];

    snprintf(text, sizeof(text), "%.3f", value);
    setenv(name, text, 1);
}

/* How long it has been so, in ns; one that is over ended an interval ago. */
static uint64_t lasted(const struct alerts *a, const struct state *s,
                       const struct alert_finding *f)
{
    return idtap_tsc_to_ns((f ? a->in->end : a->in->begin) - s->since,
                           a->in->tsc_khz);
}

/* CLOCK_REALTIME of the interval's end; returns `buf`. */
static char *when(const struct alerts *a, const char *format, char buf[64])
{
    time_t t = (time_t)(a->in->realtime_ns / 1000000000);
    struct tm tm;

    if ( !localtime_r(&t, &tm) || !strftime(buf, 64, format, &tm) )
        snprintf(buf, 64, "?");
    return buf;
}

/* In the child: the facts, and the command. */
static void __attribute__((noreturn))
run_child(const struct alerts *a, const struct state *s,
          const struct alert_finding *f)
{
    const struct alert_rule *rule = &a->rules[s->rule];
    int null = open("/dev/null", O_RDWR);
    char text[64] = "all";
    sigset_t none;

    setenv("IDTAP_ALERT", rule->text, 1);
    setenv("IDTAP_ALERT_STATE", f ? "fired" : "over", 1);
    setenv("IDTAP_ALERT_MEASURE",
           alert_measure_name(rule->conditions[0].measure), 1);
    set_number("IDTAP_ALERT_LIMIT", rule->conditions[0].limit);
    if ( f )
        set_number("IDTAP_ALERT_VALUE", f->value[0]);
    if ( s->domain != IDTAP_DOMID_NONE )
        snprintf(text, sizeof(text), "%u", s->domain);
    setenv("IDTAP_ALERT_DOMAIN", text, 1);
    setenv("IDTAP_ALERT_DOMAIN_NAME", s->name, 1);
    setenv("IDTAP_ALERT_TIME", when(a, "%Y-%m-%dT%H:%M:%S%z", text), 1);
    set_number("IDTAP_ALERT_SECONDS", (double)lasted(a, s, f) / 1e9);

    /* What it says goes to stderr: stdout may be a screen or somebody's pipe. */
    dup2(null, STDIN_FILENO);
    dup2(isatty(STDOUT_FILENO) ? null : STDERR_FILENO, STDOUT_FILENO);
    if ( isatty(STDERR_FILENO) )
        dup2(null, STDERR_FILENO);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    execl("/bin/sh", "sh", "-c", a->run, (char *)NULL);
    _exit(127);
}

static void run(struct alerts *a, const struct state *s,
                const struct alert_finding *f)
{
    unsigned int i = 0;

    if ( !a->run )
        return;
    alerts_reap(a);
    while ( i < RUNNING_MAX && a->running[i] )
        i++;
    if ( i == RUNNING_MAX )
    {
        cli_warn("--alert-run: %u commands are still running; not run again",
                 RUNNING_MAX);
        return;
    }
    fflush(NULL);
    a->running[i] = fork();
    if ( !a->running[i] )
        run_child(a, s, f);
    if ( a->running[i] < 0 )
    {
        cli_warn("--alert-run: fork: %s", strerror(errno));
        a->running[i] = 0;
    }
}

/* Says and tells that @s fired (@f) or is over (NULL). */
static void tell(struct alerts *a, const struct state *s,
                 const struct alert_finding *f)
{
    const struct alert_rule *rule = &a->rules[s->rule];
    char value[ALERT_VALUE_LEN], line[512];
    char time[UNITS_LEN], clock[64];
    size_t n;
    unsigned int i;

    n = (size_t)snprintf(line, sizeof(line), "%s: %s '%.200s'",
                         f ? "alert" : "alert over", when(a, "%T", clock),
                         rule->text);
    if ( s->domain != IDTAP_DOMID_NONE )
        n += (size_t)snprintf(line + n, sizeof(line) - n, " %s",
                              s->text);
    for ( i = 0; f && i < rule->nr_conditions; i++ )
    {
        enum alert_measure m = rule->conditions[i].measure;

        n += (size_t)snprintf(line + n, sizeof(line) - n, "%s %s %s",
                              i ? "," : ":", alert_measure_name(m),
                              alert_value(m, f->value[i], value));
    }
    if ( !f )
        snprintf(line + n, sizeof(line) - n, ", after %s",
                 format_ns(time, lasted(a, s, f)));
    a->say(a->say_ctx, f, s->domain, line);
    run(a, s, f);
}

static struct state *state_of(struct alerts *a, uint16_t domain, bool make)
{
    unsigned int life = domain_names_life(a->in->names, domain), i;
    const char *name = domain_names_get(a->in->names, domain);
    struct state *s;

    for ( i = 0; i < a->nr_states; i++ )
        if ( a->states[i].rule == a->rule && a->states[i].domain == domain &&
             a->states[i].life == life )
            return &a->states[i];
    s = make ? realloc(a->states, (a->nr_states + 1) * sizeof(*s)) : NULL;
    if ( !s )
        return NULL;
    a->states = s;
    s += a->nr_states++;
    *s = (struct state){ .rule = a->rule, .domain = domain, .life = life,
                         .since = a->in->begin };
    snprintf(s->name, sizeof(s->name), "%s", name ? name : "");
    domain_names_text(a->in->names, domain, s->text);
    return s;
}

static int judge(void *ctx, const struct alert_finding *f)
{
    struct alerts *a = ctx;
    struct state *s;

    if ( !f->met )
        return 0;
    s = state_of(a, f->domain, true);
    if ( !s )
        return -ENOMEM;
    s->seen = true;
    if ( !s->fired && idtap_tsc_to_ns(a->in->end - s->since,
                                      a->in->tsc_khz) >=
                      a->rules[a->rule].for_ns )
    {
        s->fired = true;
        tell(a, s, f);
    }
    return 0;
}

int alerts_look(struct alerts *a, const struct interval *in)
{
    unsigned int i, n = 0;
    int rc = 0;

    if ( !a )
        return 0;
    a->in = in;
    for ( i = 0; i < a->nr_states; i++ )
        a->states[i].seen = false;
    for ( a->rule = 0; a->rule < a->nr_rules && !rc; a->rule++ )
        rc = alert_evaluate(&a->rules[a->rule], in, judge, a);

    /* What was not met this time is over. */
    for ( i = 0; i < a->nr_states; i++ )
    {
        if ( a->states[i].seen || rc )
            a->states[n++] = a->states[i];
        else if ( a->states[i].fired )
            tell(a, &a->states[i], NULL);
    }
    a->nr_states = n;
    return rc;
}
