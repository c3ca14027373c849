/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap record`: attaches if nobody has, records until told to stop, detaches
 * if it had attached.  The first SIGINT or SIGTERM ends the recording, a second
 * one gives up draining.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts.h"
#include "confine.h"
#include "options.h"
#include "record.h"
#include "units.h"

static const char help[] =
"Usage: idtap record [OPTION]... [-- COMMAND [ARG]...]\n"
"\n"
"Records until Ctrl-C, until COMMAND ends, or for -T SECONDS; attaches the tap\n"
"if it is not attached, and then detaches it at the end.\n"
"\n"
"  -o DIR           where the trace goes (default " DEFAULT_TRACE_DIR ")\n"
SESSION_OPTIONS_HELP
"  -T TIME          stop after TIME (10s, 500ms, 2m; no unit: seconds)\n"
"  --rotate SIZE    begin a new part, DIR/000001, ..., after every SIZE\n"
"  --keep N         keep the last N parts only\n"
"  --flight SIZE    write nothing; keep the last SIZE of each CPU in its ring,\n"
"                   and save it when a guest crashes or triple-faults, at\n"
"                   SIGUSR1 or 'idtap trigger', or when a rule is met; then end\n"
"  --trigger RULE   such a rule, as of --alert, of what happens on one CPU\n"
"  --flight-keep    go on afterwards; traces are DIR/snapshot-0001, ...\n"
"  --fail-on-loss   exit with status 4 if records were lost\n"
ALERTS_HELP
SESSION_ATTACH_HELP
"\n"
"With --alert dom0 counts what it records, once a second, and for that closes\n"
"all packets: the trace grows by at least a packet per second and CPU.\n"
"\n"
"Records that find no room in the ring are counted, and the count is shown at\n"
"the end and by every reader of the trace.\n";

static int parse_args(int argc, char **argv, struct record_args *a)
{
    enum { OPT_SESSION = 256, OPT_ROTATE = OPT_SESSION + SESSION_NR_OPTIONS,
           OPT_KEEP, OPT_FAIL_ON_LOSS, OPT_ALERT, OPT_ALERT_RUN, OPT_FLIGHT,
           OPT_TRIGGER, OPT_FLIGHT_KEEP };
    static const struct option options[] = {
        SESSION_LONG_OPTIONS(OPT_SESSION),
        { "output", required_argument, NULL, 'o' },
        { "time", required_argument, NULL, 'T' },
        { "rotate", required_argument, NULL, OPT_ROTATE },
        { "keep", required_argument, NULL, OPT_KEEP },
        { "fail-on-loss", no_argument, NULL, OPT_FAIL_ON_LOSS },
        { "alert", required_argument, NULL, OPT_ALERT },
        { "alert-run", required_argument, NULL, OPT_ALERT_RUN },
        { "flight", required_argument, NULL, OPT_FLIGHT },
        { "trigger", required_argument, NULL, OPT_TRIGGER },
        { "flight-keep", no_argument, NULL, OPT_FLIGHT_KEEP },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    uint64_t n;
    int c, status;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, "+:ho:e:d:T:", options)) != -1 )
    {
        if ( session_option(&a->opt, c, OPT_SESSION, optarg) )
            continue;
        switch ( c )
        {
        case 'o': a->rec.dir = optarg; break;
        case OPT_ALERT:
        case OPT_ALERT_RUN:
            status = alerts_option(&a->alerts, argv[0], c == OPT_ALERT,
                                   optarg);
            if ( status )
                return status;
            break;
        case OPT_FAIL_ON_LOSS: a->fail_on_loss = true; break;
        case OPT_FLIGHT_KEEP: a->flight_keep = true; break;
        case OPT_FLIGHT:
            if ( parse_size(optarg, &a->flight_bytes) || !a->flight_bytes )
                return cli_usage(argv[0], "--flight: '%s' is not a size",
                                 optarg);
            break;
        case OPT_TRIGGER:
            if ( a->nr_triggers == FLIGHT_TRIGGERS )
                return cli_usage(argv[0], "--trigger: more than %u",
                                 FLIGHT_TRIGGERS);
            a->triggers[a->nr_triggers++] = optarg;
            break;
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
    }
    if ( a->rec.keep_parts && !a->rec.rotate_bytes )
        return cli_usage(argv[0], "--keep needs --rotate");
    if ( optind < argc && strcmp(argv[optind - 1], "--") )
        return cli_usage(argv[0], "unexpected argument '%s' (a command comes "
                         "after --)", argv[optind]);
    if ( optind < argc )
        a->command = argv + optind;
    status = alerts_check(a->alerts, argv[0]);
    return status ? status : flight_options(a, argv[0]);
}

pid_t record_start_command(char **command)
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
        sigprocmask(SIG_SETMASK, signals_mask(), NULL);
        signal(SIGPIPE, SIG_DFL);
        signal(SIGXFSZ, SIG_DFL);
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

bool record_command_ended(struct record_run *run)
{
    if ( run->child > 0 && !run->child_ended && signals_child() &&
         waitpid(run->child, &run->wait_status, WNOHANG) == run->child )
        run->child_ended = true;
    return run->child_ended;
}

/*
 * Drains until it is time to stop.  The fuller the rings were, the sooner the
 * next look.
 */
static int record_loop(struct idtap_recorder *r, const struct record_args *a,
                       struct record_run *run)
{
    uint64_t begin = now_ns(), noted = begin, now, sleep_ns = SESSION_PACE_START;
    int rc = 0;

    for ( ;; )
    {
        uint64_t ns = sleep_ns;

        now = now_ns();
        if ( signals_stop() || record_command_ended(run) ||
             (a->duration_ns && now - begin >= a->duration_ns) )
            return 0;
        if ( a->duration_ns && a->duration_ns - (now - begin) < ns )
            ns = a->duration_ns - (now - begin);
        signals_sleep(ns, NULL, 0);
        alerts_reap(a->alerts);

        rc = idtap_recorder_drain(r);
        if ( rc < 0 )
            return rc;
        sleep_ns = session_pace(sleep_ns, rc);
        now = now_ns();
        if ( now - noted >= 1000000000 || record_alerts_full(run->alerts) )
        {
            noted = now;
            if ( (rc = idtap_recorder_note(r)) ||
                 (rc = record_alerts_look(run->alerts, r)) )
                return rc;
        }
    }
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

int record_failure(int rc, const char *dir)
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

static int record(struct idtap_host *host, struct record_args *a)
{
    struct idtap_recorder_stats *stats = calloc(1, sizeof(*stats));
    struct record_run run = { 0 };
    struct idtap_recorder *r;
    uint64_t begin;
    int rc, rc2, status = CLI_OK;

    if ( !stats )
        return record_failure(-ENOMEM, a->rec.dir);
    rc = record_alerts_open(&run.alerts, a, host);
    if ( !rc )
        rc = idtap_recorder_start(host, &a->rec, &r);
    if ( rc )
    {
        record_alerts_close(run.alerts);
        free(stats);
        return record_failure(rc, a->rec.dir);
    }
    begin = now_ns();
    if ( a->command )
        run.child = record_start_command(a->command);
    if ( !alerts_run_command(a->alerts) )
        confine(a->rec.dir);
    if ( run.child >= 0 )
        rc = record_loop(r, a, &run);
    signals_quit_at_once();

    rc2 = idtap_recorder_stop(r, rc < 0, stats);
    record_alerts_close(run.alerts);
    if ( rc || rc2 )
        status = record_failure(rc ? rc : rc2, a->rec.dir);
    else if ( run.child < 0 )
        status = CLI_FAILURE;
    summary(a, stats, now_ns() - begin);
    if ( run.wait_status )
        cli_warn("%s ended with status %d", a->command[0],
                 WIFEXITED(run.wait_status)
                 ? WEXITSTATUS(run.wait_status)
                 : 128 + WTERMSIG(run.wait_status));
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
    struct session session;
    int status;

    a.rec.command = command;
    status = parse_args(argc, argv, &a);
    if ( !status )
    {
        /* Whoever interrupts an attach means that it shall be undone. */
        signals_block();
        status = session_begin(&session, argv[0],
                               a.flight_bytes ? FLIGHT_WORD : "record",
                               &a.opt);
        a.rec.config = session.config;
        if ( !status )
            status = a.flight_bytes ? record_flight(session.host, &a)
                                    : record(session.host, &a);
        status = session_end(&session, status);
    }
    alerts_free(a.alerts);
    free(command);
    return cli_finish(status < 0 ? CLI_OK : status);
}
