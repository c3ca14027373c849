/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap record`: attaches if nobody has, records until told to stop, detaches
 * if it had attached.
 *
 * Signals are blocked but while it sleeps, so that no handler can meet the
 * recorder at work: the first SIGINT or SIGTERM ends the recording, a second
 * one gives up draining.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <idtap/recorder.h>

#include "host_words.h"
#include "units.h"

static const char help[] =
"Usage: idtap record [OPTION]... [-- COMMAND [ARG]...]\n"
"\n"
"Records until Ctrl-C, until COMMAND ends, or for -T SECONDS; attaches the tap\n"
"if it is not attached, and then detaches it at the end.\n"
"\n"
"  -o DIR           where the trace goes (default " DEFAULT_TRACE_DIR ")\n"
"  -e CLASS,...     irq, exit, exception, nmi, inject, softirq, lapic,\n"
"                   swint, pv-trap, pv-upcall, evtchn, all (default)\n"
"  -d DOMAIN,...    ids or names; 'idle' is Xen's idle time (default: all)\n"
"  --vector LIST    like 0-31,0xf3,pf,timer (default: all)\n"
CLI_INTERCEPT_HELP
"  -T TIME          stop after TIME (10s, 500ms, 2m; no unit: seconds)\n"
"  --rotate SIZE    begin a new part, DIR/000001, ..., after every SIZE\n"
"  --keep N         keep the last N parts only\n"
"  --fail-on-loss   exit with status 4 if records were lost\n"
"  --ring SIZE, --packet SIZE, --profile FILE, --payload FILE\n"
"                   for the attach: see 'idtap attach --help'\n"
"\n"
"Records that find no room in the ring are counted, and the count is shown at\n"
"the end and by every reader of the trace.\n";

struct record_args {
    const char *classes, *domains, *vectors, *ring, *packet;
    const char *intercepts[IDTAP_MAX_INTERCEPTS];
    unsigned int nr_intercepts;
    struct idtap_recorder_options rec;
    struct idtap_attach_options attach;
    uint64_t duration_ns; /* 0: no limit */
    bool fail_on_loss;
    char **command;       /* NULL: none */
};

static volatile sig_atomic_t stop_signals;
static volatile sig_atomic_t child_ended;

static void on_signal(int sig)
{
    if ( sig == SIGCHLD )
        child_ended = 1;
    else
        stop_signals++;
}

static int parse_args(int argc, char **argv, struct record_args *a)
{
    enum { OPT_VECTOR = 256, OPT_RING, OPT_PACKET, OPT_PROFILE, OPT_PAYLOAD,
           OPT_ROTATE, OPT_KEEP, OPT_FAIL_ON_LOSS, OPT_INTERCEPT };
    static const struct option options[] = {
        { "output", required_argument, NULL, 'o' },
        { "event", required_argument, NULL, 'e' },
        { "domain", required_argument, NULL, 'd' },
        { "time", required_argument, NULL, 'T' },
        { "vector", required_argument, NULL, OPT_VECTOR },
        { "ring", required_argument, NULL, OPT_RING },
        { "packet", required_argument, NULL, OPT_PACKET },
        { "profile", required_argument, NULL, OPT_PROFILE },
        { "payload", required_argument, NULL, OPT_PAYLOAD },
        { "rotate", required_argument, NULL, OPT_ROTATE },
        { "keep", required_argument, NULL, OPT_KEEP },
        { "intercept", required_argument, NULL, OPT_INTERCEPT },
        { "fail-on-loss", no_argument, NULL, OPT_FAIL_ON_LOSS },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    uint64_t n;
    int c;

    opterr = 0;
    while ( (c = getopt_long(argc, argv, "+:ho:e:d:T:", options, NULL)) != -1 )
        switch ( c )
        {
        case 'o': a->rec.dir = optarg; break;
        case 'e': a->classes = optarg; break;
        case 'd': a->domains = optarg; break;
        case OPT_VECTOR: a->vectors = optarg; break;
        case OPT_INTERCEPT:
            if ( a->nr_intercepts == IDTAP_MAX_INTERCEPTS )
                return cli_usage(argv[0], "--intercept: too many");
            a->intercepts[a->nr_intercepts++] = optarg;
            break;
        case OPT_RING: a->ring = optarg; break;
        case OPT_PACKET: a->packet = optarg; break;
        case OPT_PROFILE: a->attach.profile = optarg; break;
        case OPT_PAYLOAD: a->attach.payload = optarg; break;
        case OPT_FAIL_ON_LOSS: a->fail_on_loss = true; break;
        case 'T':
            if ( parse_duration(optarg, &a->duration_ns) || !a->duration_ns )
                return cli_usage(argv[0], "-T: '%s' is not a time", optarg);
            break;
        case OPT_ROTATE:
            if ( parse_size(optarg, &a->rec.rotate_bytes) ||
                 !a->rec.rotate_bytes )
                return cli_usage(argv[0], "--rotate: '%s' is not a size",
                                 optarg);
            break;
        case OPT_KEEP:
            if ( parse_size(optarg, &n) || !n || n > 999999 )
                return cli_usage(argv[0], "--keep: '%s' is not a number of "
                                 "parts", optarg);
            a->rec.keep_parts = n;
            break;
        case 'h':
            fputs(help, stdout);
            return -1;
        default:
            return cli_bad_option(c, argv);
        }
    if ( a->rec.keep_parts && !a->rec.rotate_bytes )
        return cli_usage(argv[0], "--keep needs --rotate");
    if ( optind < argc && strcmp(argv[optind - 1], "--") )
        return cli_usage(argv[0], "unexpected argument '%s' (a command comes "
                         "after --)", argv[optind]);
    if ( optind < argc )
        a->command = argv + optind;
    return cli_ring_geometry(argv[0], a->ring, a->packet, &a->attach);
}

/* Blocks what ends a recording; @waiting is the mask to sleep with. */
static void take_signals(sigset_t *waiting)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
    struct sigaction sa = { .sa_handler = on_signal };
    sigset_t block;
    size_t i;

    sigemptyset(&block);
    for ( i = 0; i < sizeof(signals) / sizeof(signals[0]); i++ )
    {
        sigaddset(&block, signals[i]);
        sigaction(signals[i], &sa, NULL);
    }
    sigprocmask(SIG_BLOCK, &block, waiting);
}

/* Starts COMMAND; -1 after saying why not. */
static pid_t start_command(char **command, const sigset_t *mask)
{
    int report[2], err = 0;
    pid_t pid;

    if ( pipe(report) )
    {
        cli_error("pipe: %s", strerror(errno));
        return -1;
    }
    pid = fork();
    if ( !pid )
    {
        close(report[0]);
        fcntl(report[1], F_SETFD, FD_CLOEXEC);
        sigprocmask(SIG_SETMASK, mask, NULL);
        execvp(command[0], command);
        err = errno;
        if ( write(report[1], &err, sizeof(err)) < 0 )
            _exit(126);
        _exit(127);
    }
    close(report[1]);
    if ( pid < 0 )
        cli_error("fork: %s", strerror(errno));
    else if ( read(report[0], &err, sizeof(err)) == sizeof(err) )
    {
        cli_error("%s: %s", command[0], strerror(err));
        waitpid(pid, NULL, 0);
        pid = -1;
    }
    close(report[0]);
    return pid;
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/*
 * Drains until it is time to stop.  The fuller the rings were, the sooner the
 * next look.
 */
static int record_loop(struct idtap_recorder *r, const struct record_args *a,
                       pid_t child, const sigset_t *waiting)
{
    uint64_t begin = now_ns(), noted = begin, now, sleep_ns = 20000000;
    int rc = 0;

    for ( ;; )
    {
        struct timespec t;

        now = now_ns();
        if ( stop_signals || (child > 0 && child_ended) ||
             (a->duration_ns && now - begin >= a->duration_ns) )
            return 0;
        t.tv_nsec = sleep_ns;
        if ( a->duration_ns && a->duration_ns - (now - begin) < sleep_ns )
            t.tv_nsec = a->duration_ns - (now - begin);
        t.tv_sec = 0;
        ppoll(NULL, 0, &t, waiting);

        rc = idtap_recorder_drain(r);
        if ( rc >= 0 )
        {
            if ( rc >= 25 && sleep_ns > 1000000 )
                sleep_ns /= 2;
            else if ( rc < 10 && sleep_ns < 100000000 )
                sleep_ns *= 2;
            rc = 0;
        }
        now = now_ns();
        if ( !rc && now - noted >= 1000000000 )
        {
            noted = now;
            rc = idtap_recorder_note(r);
        }
        if ( rc )
            return rc;
    }
}

/* A second signal while the rest is drained ends the process at once; the
   files hold whole packets only, and the tap can be detached by hand. */
static void quit_at_once(int sig)
{
    static const char words[] =
        "\nidtap: stopped at once; run 'idtap detach' to remove the tap\n";

    (void)sig;
    if ( write(STDERR_FILENO, words, sizeof(words) - 1) < 0 )
        _exit(CLI_FAILURE);
    _exit(CLI_FAILURE);
}

static void second_signal_quits(void)
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

static void summary(const struct record_args *a,
                    const struct idtap_recorder_stats *stats, uint64_t ns)
{
    char time[UNITS_LEN], bytes[UNITS_LEN];
    unsigned int i;

    fprintf(stderr, "idtap: recorded %s into %s: %llu packets, %sB%s\n",
            format_ns(time, ns), a->rec.dir,
            (unsigned long long)stats->packets,
            format_count(bytes, stats->bytes),
            stats->discarded ? "" : ", nothing lost");
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        if ( stats->cpu[i].discarded )
            fprintf(stderr, "idtap: CPU %u lost %llu records: the ring was "
                    "full (try a larger --ring, or fewer classes)\n", i,
                    (unsigned long long)stats->cpu[i].discarded);
}

static int trace_failure(int rc, const char *dir)
{
    if ( rc == -EEXIST )
        cli_error("%s: there is something in it already; choose another "
                  "directory with -o, or remove it", dir);
    else if ( rc == -ENOSPC || rc == -EDQUOT )
        cli_error("%s: the disk is full; the trace is readable up to here",
                  dir);
    else
        cli_host_error(rc, dir);
    return CLI_FAILURE;
}

static int record(struct idtap_host *host, const struct record_args *a)
{
    struct idtap_recorder_stats *stats = calloc(1, sizeof(*stats));
    struct idtap_recorder *r;
    sigset_t waiting;
    uint64_t begin;
    pid_t child = 0;
    int rc, rc2, status = CLI_OK, wait_status = 0;

    if ( !stats )
        return trace_failure(-ENOMEM, a->rec.dir);
    take_signals(&waiting);
    rc = idtap_recorder_start(host, &a->rec, &r);
    if ( rc )
    {
        free(stats);
        return trace_failure(rc, a->rec.dir);
    }
    begin = now_ns();
    if ( a->command )
        child = start_command(a->command, &waiting);
    if ( child >= 0 )
        rc = record_loop(r, a, child, &waiting);
    second_signal_quits();

    rc2 = idtap_recorder_stop(r, rc < 0, stats);
    if ( child > 0 && child_ended )
        waitpid(child, &wait_status, 0);
    if ( rc || rc2 )
        status = trace_failure(rc ? rc : rc2, a->rec.dir);
    else if ( child < 0 )
        status = CLI_FAILURE;
    summary(a, stats, now_ns() - begin);
    if ( wait_status )
        cli_warn("%s ended with status %d", a->command[0],
                 WIFEXITED(wait_status) ? WEXITSTATUS(wait_status)
                                        : 128 + WTERMSIG(wait_status));
    if ( !status && stats->discarded && a->fail_on_loss )
        status = CLI_LOST;
    free(stats);
    return status;
}

/* The command line, for the trace's metadata. */
static char *joined(int argc, char **argv)
{
    size_t len = sizeof("idtap");
    char *s;
    int i;

    for ( i = 0; i < argc; i++ )
        len += strlen(argv[i]) + 1;
    s = malloc(len);
    if ( !s )
        return NULL;
    strcpy(s, "idtap");
    for ( i = 0; i < argc; i++ )
    {
        strcat(s, " ");
        strcat(s, argv[i]);
    }
    return s;
}

int cmd_record(int argc, char **argv)
{
    struct record_args a = { .rec.dir = DEFAULT_TRACE_DIR };
    char *command = joined(argc, argv);
    struct idtap_host *host = NULL;
    bool attached_here = false;
    int lock = -1, rc, status;

    a.rec.command = command;
    status = parse_args(argc, argv, &a);
    if ( status < 0 )
    {
        free(command);
        return cli_finish(CLI_OK);
    }
    if ( !status )
        status = cli_open_host(&host);
    if ( !status )
        status = cli_config(argv[0], a.classes, a.domains, a.vectors,
                            &a.rec.config);
    if ( !status )
        status = cli_intercepts(argv[0], a.intercepts, a.nr_intercepts,
                                &a.rec.config);
    if ( !status && (lock = cli_lock_reader()) < 0 )
        status = CLI_FAILURE;
    if ( !status )
    {
        struct idtap_config now;

        /* Attached already: used as it is, and left attached. */
        rc = idtap_configuration(host, &now);
        if ( rc )
        {
            status = cli_attach(host, &a.attach);
            attached_here = !status;
        }
        else if ( a.ring || a.packet )
            cli_warn("the tap is attached already: its ring size stays");
    }
    if ( !status )
        status = record(host, &a);
    if ( attached_here && cli_detach(host) && !status )
        status = CLI_FAILURE;
    if ( lock >= 0 )
        close(lock);
    idtap_host_close(host);
    free(command);
    return cli_finish(status);
}
