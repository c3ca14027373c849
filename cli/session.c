/* SPDX-License-Identifier: GPL-2.0-only */
/* A reader's life: host, lock, attach, signals, detach. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "session.h"

static volatile sig_atomic_t stops, children, user;
static sigset_t waiting;

bool session_option(struct session_options *o, int c, int base, char *arg)
{
    if ( c == 'e' )
        o->classes = arg;
    else if ( c == 'd' )
        o->domains = arg;
    else if ( c == base )
        o->vectors = arg;
    else if ( c == base + 1 )
        o->ring = arg;
    else if ( c == base + 2 )
        o->packet = arg;
    else if ( c == base + 3 )
        o->attach.profile = arg;
    else if ( c == base + 4 )
        o->attach.payload = arg;
    else if ( c == base + 5 )
    {
        /* One too many is counted, for session_begin() to refuse. */
        if ( o->nr_intercepts < IDTAP_MAX_INTERCEPTS )
            o->intercepts[o->nr_intercepts] = arg;
        o->nr_intercepts++;
    }
    else
        return false;
    return true;
}

static int attach(struct session *s, const struct session_options *o)
{
    struct idtap_config now;
    int status;

    /* Attached already: used as it is, and left attached. */
    if ( !idtap_configuration(s->host, &now) )
    {
        if ( o->ring || o->packet )
            cli_warn("the tap is attached already: its ring size stays");
        return CLI_OK;
    }
    status = cli_attach(s->host, &o->attach);
    s->attached_here = !status;
    return status;
}

int session_begin(struct session *s, const char *command, const char *what,
                  struct session_options *o)
{
    int status;

    memset(s, 0, sizeof(*s));
    s->lock = -1;
    if ( o->nr_intercepts > IDTAP_MAX_INTERCEPTS )
        return cli_usage(command, "--intercept: too many");
    status = cli_ring_geometry(command, o->ring, o->packet, &o->attach);
    if ( !status )
        status = cli_open_host(&s->host);
    if ( !status )
        status = cli_config(command, o->classes, o->domains, o->vectors,
                            &s->config);
    if ( !status )
        status = cli_intercepts(command, o->intercepts, o->nr_intercepts,
                                &s->config);
    if ( !status && (s->lock = cli_lock_reader(what)) < 0 )
        status = CLI_FAILURE;
    return status ? status : attach(s, o);
}

int session_end(struct session *s, int status)
{
    if ( s->attached_here && cli_detach(s->host) && !status )
        status = CLI_FAILURE;
    if ( s->lock >= 0 )
        close(s->lock);
    idtap_host_close(s->host);
    return status;
}

static void on_signal(int sig)
{
    if ( sig == SIGCHLD )
        children = 1;
    else if ( sig == SIGUSR1 )
        user = 1;
    else
        stops++;
}

void signals_block(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1 };
    struct sigaction sa = { .sa_handler = on_signal };
    sigset_t block;
    size_t i;

    sigemptyset(&block);
    for ( i = 0; i < sizeof(signals) / sizeof(signals[0]); i++ )
    {
        sigaddset(&block, signals[i]);
        sigaction(signals[i], &sa, NULL);
    }
    sigprocmask(SIG_BLOCK, &block, &waiting);
}

unsigned int signals_stop(void)
{
    return (unsigned int)stops;
}

bool signals_child(void)
{
    bool was = children;

    children = 0;
    return was;
}

bool signals_user(void)
{
    bool was = user;

    user = 0;
    return was;
}

const sigset_t *signals_mask(void)
{
    return &waiting;
}

int signals_sleep(uint64_t ns, struct pollfd *fds, unsigned int nr)
{
    struct timespec t = {
        .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000),
    };

    return ppoll(fds, nr, &t, &waiting);
}

uint64_t session_pace(uint64_t ns, int percent)
{
    if ( percent >= 25 && ns > 1000000 )
        return ns / 2;
    if ( percent < 10 && ns < 100000000 )
        return ns * 2;
    return ns;
}

static void quit_at_once(int sig)
{
    static const char words[] =
        "\nidtap: stopped at once; run 'idtap detach' to remove the tap\n";

    (void)sig;
    if ( write(STDERR_FILENO, words, sizeof(words) - 1) < 0 )
        _exit(CLI_FAILURE);
    _exit(CLI_FAILURE);
}

void signals_quit_at_once(void)
{
    struct sigaction sa = { .sa_handler = quit_at_once };
    sigset_t unblock;

    sigemptyset(&unblock);
    sigaddset(&unblock, SIGINT);
    sigaddset(&unblock, SIGTERM);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigprocmask(SIG_UNBLOCK, &unblock, NULL);
}

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
