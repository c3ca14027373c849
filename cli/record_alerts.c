/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Alerts while recording.  The recorder shows each packet that it has written;
 * they are counted by the second, for which all packets are closed then.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <idtap/queue.h>

#include "alerts.h"
#include "feed_live.h"
#include "record.h"

/* Packets in memory, at most, between two looks. */
#define QUEUE_MAX (64u << 20)

struct record_alerts {
    struct alerts *alerts;
    struct idtap_queue *queue;
    struct feed_core core;
    struct idtap_recorder *recorder;
    int failed;             /* -errno of the observer, who cannot return one */
};

static void observe(void *ctx, unsigned int cpu, const void *packet,
                    size_t size)
{
    struct record_alerts *ra = ctx;
    int rc = idtap_queue_add(ra->queue, cpu, packet, size);

    if ( rc && !ra->failed )
        ra->failed = rc;
}

/* An alert is also marked in the trace. */
static void say(void *ctx, bool fired, uint16_t domain, const char *line)
{
    struct record_alerts *ra = ctx;

    fprintf(stderr, "idtap: %s\n", line);
    (void)fired;
    if ( ra->recorder )
        idtap_recorder_trigger(ra->recorder, domain, line);
}

int record_alerts_open(struct record_alerts **out, struct record_args *args,
                       struct idtap_host *host)
{
    struct idtap_select select;
    struct idtap_clock clock;
    struct record_alerts *ra;
    int rc;

    *out = NULL;
    if ( !alerts_any(args->alerts) )
        return 0;
    rc = idtap_clock(host, &clock);
    if ( rc )
        return rc;
    ra = calloc(1, sizeof(*ra));
    if ( !ra )
        return -ENOMEM;
    ra->alerts = args->alerts;
    ra->queue = idtap_queue_create();
    select_of_config(&args->rec.config, &select);
    rc = feed_core_init(&ra->core, &select);
    if ( rc || !ra->queue )
    {
        record_alerts_close(ra);
        return -ENOMEM;
    }
    ra->core.now.begin = clock.tsc;
    ra->core.now.tsc_khz = clock.tsc_khz;
    ra->core.now.vendor = host_vendor();
    alerts_say(ra->alerts, say, ra);
    args->rec.packet = observe;
    args->rec.ctx = ra;
    *out = ra;
    return 0;
}

static int count(void *core, const struct idtap_run *run)
{
    return feed_core_run(core, run);
}

int record_alerts_look(struct record_alerts *ra, struct idtap_recorder *r)
{
    struct interval in;
    struct timespec t;
    uint64_t tsc;
    int rc;

    if ( !ra )
        return 0;
    ra->recorder = r;
    if ( (rc = idtap_recorder_sync(r, &tsc)) || (rc = ra->failed) ||
         (rc = idtap_queue_advance(ra->queue, tsc, count, &ra->core)) )
        return rc;
    domain_names_refresh(ra->core.names);
    if ( (rc = feed_core_end(&ra->core, tsc, &in)) )
        return rc;
    clock_gettime(CLOCK_REALTIME, &t);
    in.realtime_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    return alerts_look(ra->alerts, &in);
}

bool record_alerts_full(const struct record_alerts *ra)
{
    return ra && idtap_queue_bytes(ra->queue) > QUEUE_MAX;
}

void record_alerts_close(struct record_alerts *ra)
{
    if ( !ra )
        return;
    idtap_queue_destroy(ra->queue);
    feed_core_destroy(&ra->core);
    free(ra);
}
