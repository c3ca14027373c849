/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap record --flight`: dom0 sleeps until something happens, then saves what
 * the rings hold.  A guest that crashes wakes us by itself; for rules we look,
 * once a second, at the packets that were completed since, each pCPU by itself
 * and the newest 16 at most.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <idtap/flight.h>
#include <idtap/queue.h>
#include <idtap/shutdowns.h>

#include "alert_rule.h"
#include "confine.h"
#include "feed_live.h"
#include "record.h"
#include "units.h"

#define LOOK_NS  1000000000u
#define LOOK_MAX 16

struct flight {
    const struct record_args *args;
    struct idtap_flight *f;
    struct idtap_shutdowns *shutdowns; /* NULL: cannot be seen */
    struct domain_names *names;
    enum idtap_vendor vendor;
    uint64_t tsc_khz;
    unsigned int nr_rules;
    struct alert_rule rules[FLIGHT_TRIGGERS];
    uint64_t looked_ns;

    bool triggered;
    uint16_t domain;                /* IDTAP_DOMID_NONE: nobody's */
    char text[IDTAP_TRIGGER_LEN];
    unsigned int saved;             /* traces so far */

    /* While a pCPU's packets are looked at. */
    unsigned int cpu;
    struct idtap_queue *queue;
    uint64_t begin, end;            /* TSC; begin 0: no packet yet */
    const struct alert_rule *rule;
};

int flight_options(struct record_args *a, const char *command)
{
    char why[ALERT_WHY_LEN];
    struct alert_rule rule;
    uint64_t ring = IDTAP_PACKET_SIZE_MIN * 2, packet;
    unsigned int i;

    if ( !a->flight_bytes )
        return a->nr_triggers || a->flight_keep
               ? cli_usage(command, "--trigger and --flight-keep need --flight")
               : CLI_OK;
    if ( a->rec.rotate_bytes || a->alerts )
        return cli_usage(command, "--flight writes nothing until it is "
                         "triggered: no --rotate, and --trigger instead of "
                         "--alert");
    for ( i = 0; i < a->nr_triggers; i++ )
    {
        unsigned int k;

        if ( alert_parse(a->triggers[i], &rule, why) )
            return cli_usage(command, "--trigger '%s': %s", a->triggers[i],
                             why);
        for ( k = 0; k < rule.nr_conditions; k++ )
            if ( rule.conditions[k].measure == ALERT_LOST || rule.for_ns )
                return cli_usage(command, "--trigger '%s': '%s' is for alerts "
                                 "only: a trigger looks at samples",
                                 a->triggers[i], rule.for_ns ? "for" : "lost");
    }
    if ( a->opt.ring )
        return CLI_OK;

    /* A ring that holds so much, of packets that are not too many. */
    while ( ring < a->flight_bytes && ring < 1ull << 40 )
        ring *= 2;
    packet = ring / IDTAP_NR_PACKETS_MAX;
    if ( packet > IDTAP_PACKET_SIZE_MAX )
        return cli_usage(command, "--flight: at most %uM for each CPU",
                         IDTAP_NR_PACKETS_MAX * (IDTAP_PACKET_SIZE_MAX >> 20));
    snprintf(a->ring_text, sizeof(a->ring_text), "%llu",
             (unsigned long long)ring);
    a->opt.ring = a->ring_text;
    if ( !a->opt.packet && packet > IDTAP_PACKET_SIZE_DEF )
    {
        snprintf(a->packet_text, sizeof(a->packet_text), "%llu",
                 (unsigned long long)packet);
        a->opt.packet = a->packet_text;
    }
    return CLI_OK;
}

static void __attribute__((format(printf, 3, 4)))
trigger(struct flight *fl, uint16_t domain, const char *fmt, ...)
{
    va_list ap;

    /* The first is what is saved for. */
    if ( fl->triggered )
        return;
    fl->triggered = true;
    fl->domain = domain;
    va_start(ap, fmt);
    vsnprintf(fl->text, sizeof(fl->text), fmt, ap);
    va_end(ap);
}

/* Did the guest's last exit end it, as a triple fault does? */
static bool triple_fault(struct flight *fl, uint16_t domain)
{
    int reason = idtap_flight_last_exit(fl->f, domain);
    const char *name = reason < 0 ? NULL : idtap_reason_name(fl->vendor,
                                                             reason);

    return name && (!strcmp(name, "SHUTDOWN") || !strcmp(name, "TRIPLE_FAULT"));
}

/* Is it one of the guests that are recorded? */
static bool is_chosen(const struct flight *fl, uint16_t domain)
{
    const struct idtap_config *c = &fl->args->rec.config;
    unsigned int i;

    for ( i = 0; i < c->nr_domains; i++ )
        if ( c->domains[i] == domain )
            return true;
    return !c->nr_domains;
}

static int guest_ended(void *ctx, uint16_t domain, enum idtap_shutdown why)
{
    struct flight *fl = ctx;
    char text[DOMAIN_TEXT_LEN];

    if ( !is_chosen(fl, domain) )
        return 0;
    domain_names_refresh(fl->names);
    domain_names_text(fl->names, domain, text);
    if ( why == IDTAP_SHUTDOWN_CRASH )
        trigger(fl, domain, "guest %s crashed", text);
    else if ( why == IDTAP_SHUTDOWN_WATCHDOG )
        trigger(fl, domain, "the watchdog of guest %s ended it", text);
    else if ( why == IDTAP_SHUTDOWN_REBOOT && triple_fault(fl, domain) )
        trigger(fl, domain, "guest %s triple-faulted", text);
    return 0;
}

static void add_packet(void *ctx, const void *packet, size_t size)
{
    struct flight *fl = ctx;
    const struct idtap_packet_header *h = packet;

    if ( idtap_queue_add(fl->queue, fl->cpu, packet, size) )
        return;
    if ( !fl->begin )
        fl->begin = h->timestamp_begin;
    fl->end = h->timestamp_end;
}

static int count(void *stats, const struct idtap_run *run)
{
    return idtap_stats_run(stats, run);
}

static int found(void *ctx, const struct alert_finding *f)
{
    struct flight *fl = ctx;
    const struct alert_condition *c = &fl->rule->conditions[0];
    char value[ALERT_VALUE_LEN];

    if ( f->met )
        trigger(fl, f->domain, "%.60s: %s %s on CPU %u", fl->rule->text,
                alert_measure_name(c->measure),
                alert_value(c->measure, f->value[0], value), fl->cpu);
    return 0;
}

/* Holds the rules against what was counted of one pCPU. */
static int look_at(struct flight *fl, struct idtap_stats *stats,
                   uint64_t elapsed_ns, bool skipped)
{
    struct interval in = {
        .stats = stats, .names = fl->names, .vendor = fl->vendor,
        .tsc_khz = fl->tsc_khz, .begin = fl->begin, .end = fl->end,
    };
    unsigned int i;
    int rc = idtap_queue_advance(fl->queue, UINT64_MAX, count, stats);

    in.ns = idtap_tsc_to_ns(fl->end - fl->begin, fl->tsc_khz);
    /* A short burst, and nothing since: it was all of the time. */
    if ( !skipped && in.ns < elapsed_ns )
        in.ns = elapsed_ns;
    if ( !in.ns )
        in.ns = 1;
    for ( i = 0; i < fl->nr_rules && !rc; i++ )
    {
        fl->rule = &fl->rules[i];
        rc = alert_evaluate(fl->rule, &in, found, fl);
    }
    return rc;
}

static int look(struct flight *fl)
{
    uint64_t now = now_ns(), elapsed = now - fl->looked_ns;
    struct idtap_select select;
    int rc = 0;

    idtap_flight_note(fl->f);
    fl->looked_ns = now;
    if ( !fl->nr_rules )
        return 0;
    domain_names_refresh(fl->names);
    idtap_select_init(&select);
    for ( fl->cpu = 0; fl->cpu < idtap_flight_nr_cpus(fl->f) && !rc; fl->cpu++ )
    {
        struct idtap_stats *stats = idtap_stats_create(&select);
        bool skipped;

        fl->begin = fl->end = 0;
        fl->queue = idtap_queue_create();
        if ( !stats || !fl->queue )
            rc = -ENOMEM;
        else
        {
            idtap_flight_look(fl->f, fl->cpu, LOOK_MAX, add_packet, fl,
                              &skipped);
            if ( fl->begin )
                rc = look_at(fl, stats, elapsed, skipped);
        }
        idtap_queue_destroy(fl->queue);
        idtap_stats_destroy(stats);
    }
    return rc;
}

/* The text that `idtap trigger` left for us. */
static void triggered_by_hand(struct flight *fl)
{
    char text[IDTAP_TRIGGER_LEN] = "";
    int fd = open(TRIGGER_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

    if ( fd >= 0 )
    {
        close(fd);
        unlink(TRIGGER_FILE);
    }
    text[n > 0 ? n : 0] = '\0';
    trigger(fl, IDTAP_DOMID_NONE, "%s", text[0] ? text : "by hand");
}

/* Sleeps until it is triggered: 1; or told to stop, 0; or -errno. */
static int wait_for_trigger(struct flight *fl, uint64_t deadline,
                            struct record_run *run)
{
    struct pollfd wake = { .fd = -1, .events = POLLIN };
    int rc;

    if ( fl->shutdowns )
        wake.fd = idtap_shutdowns_fd(fl->shutdowns);
    fl->triggered = false;
    for ( ;; )
    {
        uint64_t now = now_ns(), ns = LOOK_NS;

        if ( signals_user() )
            triggered_by_hand(fl);
        if ( fl->triggered )
            return 1;
        if ( signals_stop() || record_command_ended(run) ||
             (deadline && now >= deadline) )
            return 0;
        if ( now - fl->looked_ns >= LOOK_NS && (rc = look(fl)) )
            return rc;
        if ( fl->triggered )
            continue;
        if ( deadline && deadline - now < ns )
            ns = deadline - now;
        signals_sleep(ns, &wake, 1);
        if ( fl->shutdowns &&
             (rc = idtap_shutdowns_check(fl->shutdowns, guest_ended, fl)) &&
             rc != -ENOENT )
            return rc;
    }
}

/* Where the next trace goes: the directory, or one below it, by number. */
static int next_dir(const struct flight *fl, char *path, size_t size, int *fd)
{
    const struct record_args *a = fl->args;

    snprintf(path, size, "%s", a->rec.dir);
    if ( a->flight_keep )
        snprintf(path, size, "%s/snapshot-%04u", a->rec.dir, fl->saved + 1);
    return idtap_trace_make_dir(path, fd);
}

static int save(struct flight *fl)
{
    struct idtap_recorder_stats *stats = calloc(1, sizeof(*stats));
    char path[4096], bytes[UNITS_LEN];
    int fd = -1, rc = stats ? 0 : -ENOMEM;

    fprintf(stderr, "idtap: triggered: %s\n", fl->text);
    if ( !rc )
        rc = next_dir(fl, path, sizeof(path), &fd);
    if ( !rc )
        rc = idtap_flight_save(fl->f, fd, fl->args->rec.command,
                               fl->args->flight_bytes, fl->domain, fl->text,
                               stats);
    if ( !rc )
    {
        fl->saved++;
        fprintf(stderr, "idtap: saved %llu packets, %sB into %s\n",
                (unsigned long long)stats->packets,
                format_count(bytes, (double)stats->bytes), path);
    }
    free(stats);
    return rc;
}

static int prepare(struct flight *fl, struct idtap_host *host)
{
    const struct record_args *a = fl->args;
    char why[ALERT_WHY_LEN];
    struct idtap_clock clock;
    int rc = idtap_clock(host, &clock);

    if ( rc )
        return rc;
    for ( fl->nr_rules = 0; fl->nr_rules < a->nr_triggers; fl->nr_rules++ )
        if ( alert_parse(a->triggers[fl->nr_rules],
                         &fl->rules[fl->nr_rules], why) )
            return -EINVAL;
    fl->tsc_khz = clock.tsc_khz;
    fl->vendor = host_vendor();
    fl->names = domain_names_create();
    if ( !fl->names )
        return -ENOMEM;
    domain_names_refresh(fl->names);
    rc = idtap_shutdowns_open(host, &fl->shutdowns);
    if ( rc )
        cli_warn("guests that crash cannot be seen (%s): other triggers only",
                 strerror(-rc));
    return 0;
}

static int fly(struct flight *fl, struct idtap_host *host,
               struct record_run *run)
{
    const struct record_args *a = fl->args;
    uint64_t deadline = a->duration_ns ? now_ns() + a->duration_ns : 0;
    char size[UNITS_LEN];
    int rc = idtap_flight_start(host, &a->rec.config, &fl->f);

    if ( rc )
        return rc;
    fl->looked_ns = now_ns();
    if ( idtap_flight_capacity(fl->f) < a->flight_bytes / 2 )
        cli_warn("the tap was attached with smaller rings: the last %sB of "
                 "each CPU are kept; for more, detach first",
                 format_count(size, (double)idtap_flight_capacity(fl->f)));
    if ( a->command && (run->child = record_start_command(a->command)) < 0 )
        rc = -ECHILD;
    confine(a->rec.dir);
    while ( !rc && (rc = wait_for_trigger(fl, deadline, run)) > 0 )
    {
        rc = save(fl);
        if ( rc || !a->flight_keep )
            break;
        rc = idtap_flight_resume(fl->f);
    }
    signals_quit_at_once();
    if ( idtap_flight_stop(fl->f) && !rc )
        rc = -EIO;
    return rc;
}

int record_flight(struct idtap_host *host, struct record_args *a)
{
    struct flight *fl = calloc(1, sizeof(*fl));
    struct record_run run = { 0 };
    bool existed = !access(a->rec.dir, F_OK);
    int rc = fl ? 0 : -ENOMEM, fd = -1;

    if ( !rc )
    {
        fl->args = a;
        /* What somebody had to say to a recorder before us. */
        unlink(TRIGGER_FILE);
        /* Better to know now than when it matters. */
        rc = idtap_trace_make_dir(a->rec.dir, &fd);
    }
    if ( !rc )
    {
        close(fd);
        rc = prepare(fl, host);
        if ( !rc )
            rc = fly(fl, host, &run);
        if ( !fl->saved )
        {
            if ( !existed )
                rmdir(a->rec.dir);
            if ( !rc )
                fprintf(stderr, "idtap: nothing happened, nothing saved\n");
        }
        idtap_shutdowns_close(fl->shutdowns);
        domain_names_destroy(fl->names);
    }
    free(fl);
    return rc == -ECHILD ? CLI_FAILURE
                         : rc ? record_failure(rc, a->rec.dir) : CLI_OK;
}
