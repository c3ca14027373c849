/* SPDX-License-Identifier: GPL-2.0-only */
/* Rings that overwrite, and saving what is in them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <idtap/flight.h>
#include <idtap/rings.h>

#include "tracedir.h"
#include "trace_priv.h"

#define MAX_NAMES 4096

struct idtap_flight {
    struct idtap_host *host;
    struct idtap_rings_map *map;
    struct idtap_config config;
    unsigned int nr_cpus;
    void *buf;                      /* of a packet's size */
    uint64_t looked[IDTAP_MAX_CPUS]; /* packets before this one were seen */
    char (*names)[IDTAP_NAME_LEN];  /* by domain id; also of guests gone */

    /* While saving. */
    struct tracedir *trace;
    struct idtap_recorder_stats *stats;
    struct base {
        bool known;
        bool gone;                  /* older packets are not in the trace */
        uint64_t seq, discarded;    /* that the trace counts from */
    } base[IDTAP_MAX_CPUS];
};

static void flight_free(struct idtap_flight *f)
{
    idtap_rings_unmap(f->map);
    free(f->buf);
    free(f->names);
    free(f);
}

int idtap_flight_resume(struct idtap_flight *f)
{
    unsigned int i;
    int rc = idtap_rings_restart(f->host, f->map, true);

    for ( i = 0; i < f->nr_cpus; i++ )
        f->looked[i] = idtap_rings_closed(f->map, i);
    return rc ? rc : idtap_configure(f->host, &f->config);
}

int idtap_flight_start(struct idtap_host *host,
                       const struct idtap_config *config,
                       struct idtap_flight **out)
{
    struct idtap_flight *f = calloc(1, sizeof(*f));
    struct idtap_status *status = calloc(1, sizeof(*status));
    int rc = f && status ? 0 : -ENOMEM;

    if ( !rc )
    {
        f->host = host;
        f->config = *config;
        rc = idtap_status(host, status);
    }
    if ( !rc && status->state != IDTAP_STATE_ATTACHED )
        rc = -ENXIO;
    if ( !rc )
        rc = idtap_rings_map(&status->rings, &f->map);
    if ( !rc )
    {
        f->nr_cpus = status->nr_cpus;
        f->buf = malloc(idtap_rings_packet_size(f->map));
        f->names = calloc(MAX_NAMES, sizeof(*f->names));
        rc = f->buf && f->names ? idtap_flight_resume(f) : -ENOMEM;
    }
    free(status);
    if ( rc )
    {
        if ( f )
            flight_free(f);
        return rc;
    }
    idtap_flight_note(f);
    *out = f;
    return 0;
}

uint64_t idtap_flight_capacity(const struct idtap_flight *f)
{
    return (uint64_t)(idtap_rings_nr_packets(f->map) - 1) *
           idtap_rings_packet_size(f->map);
}

size_t idtap_flight_packet_size(const struct idtap_flight *f)
{
    return idtap_rings_packet_size(f->map);
}

unsigned int idtap_flight_nr_cpus(const struct idtap_flight *f)
{
    return f->nr_cpus;
}

static int note_name(void *flight, unsigned int domid, const char *name)
{
    struct idtap_flight *f = flight;

    if ( domid < MAX_NAMES && *name )
        snprintf(f->names[domid], sizeof(f->names[domid]), "%s", name);
    return 0;
}

void idtap_flight_note(struct idtap_flight *f)
{
    idtap_domains(note_name, f);
}

unsigned int idtap_flight_look(struct idtap_flight *f, unsigned int cpu,
                               unsigned int max,
                               void (*fn)(void *ctx, const void *packet,
                                          size_t size),
                               void *ctx, bool *skipped)
{
    uint64_t closed = idtap_rings_closed(f->map, cpu), seq = f->looked[cpu];
    unsigned int n = 0;

    *skipped = closed - seq > max;
    if ( *skipped )
        seq = closed - max;
    for ( ; seq < closed; seq++ )
        if ( idtap_rings_copy(f->map, cpu, seq, f->buf) )
        {
            fn(ctx, f->buf, idtap_rings_packet_size(f->map));
            n++;
        }
        else
            *skipped = true;
    f->looked[cpu] = closed;
    return n;
}

/* The last exit of @domain in the packet in f->buf, or NULL. */
static const struct idtap_vm_exit *last_exit(const struct idtap_flight *f,
                                             unsigned int cpu, uint16_t domain)
{
    static struct idtap_error err;
    const struct idtap_packet_header *h = f->buf;
    const struct idtap_vm_exit *last = NULL;
    const uint8_t *p = f->buf, *end;

    if ( packet_check_header(h, (int)cpu, &err) ||
         packet_check_records(p, (int)cpu, &err) )
        return NULL;
    end = p + h->content_size / 8;
    for ( p += sizeof(*h); p < end; p = idtap_record_next(p) )
        if ( idtap_record_at(p)->event == IDTAP_EV_VM_EXIT &&
             idtap_record_at(p)->domain == domain )
            last = (const void *)p;
    return last;
}

int idtap_flight_last_exit(struct idtap_flight *f, uint16_t domain)
{
    uint64_t tsc = 0, seq, closed;
    unsigned int i;
    int rc = idtap_flush(f->host, IDTAP_FLUSH), reason = -ENOENT;

    if ( rc )
        return rc;
    /* The flush may have come right after a packet was full. */
    for ( i = 0; i < f->nr_cpus; i++ )
    {
        closed = idtap_rings_closed(f->map, i);
        for ( seq = closed > 2 ? closed - 2 : 0; seq < closed; seq++ )
        {
            const struct idtap_vm_exit *e =
                idtap_rings_copy(f->map, i, seq, f->buf)
                ? last_exit(f, i, domain) : NULL;

            if ( e && e->r.tsc >= tsc )
            {
                tsc = e->r.tsc;
                reason = e->reason;
            }
        }
    }
    return reason;
}

/* Writes all that can be had; to be called until it has settled. */
static int save_packets(void *flight)
{
    struct idtap_flight *f = flight;
    size_t size = idtap_rings_packet_size(f->map);
    const struct idtap_packet_header *p;
    unsigned int i;

    for ( i = 0; i < f->nr_cpus; i++ )
        while ( (p = idtap_rings_take(f->map, i)) )
        {
            struct idtap_packet_header h = *p;
            struct base *b = &f->base[i];
            int rc;

            /*
             * What the oldest packet tells to be lost may have been lost
             * before it: if there is any, the trace begins behind it.
             */
            if ( !b->known && b->gone && h.events_discarded )
            {
                b->discarded = h.events_discarded;
                b->gone = false;
                idtap_rings_give_back(f->map, i);
                continue;
            }
            if ( !b->known )
                b->seq = h.packet_seq_num;
            b->known = true;
            h.packet_seq_num -= b->seq;
            h.events_discarded -= b->discarded;
            rc = tracedir_write(f->trace, i, &h, p, size);
            if ( rc )
                return rc;
            f->stats->packets++;
            f->stats->bytes += size;
            f->stats->cpu[i].discarded = h.events_discarded;
            idtap_rings_give_back(f->map, i);
        }
    return 0;
}

/* Where the trace will begin: the oldest packet's time, at most @now. */
static uint64_t oldest(struct idtap_flight *f, uint64_t bytes, uint64_t now)
{
    size_t size = idtap_rings_packet_size(f->map);
    uint64_t keep = (bytes + size - 1) / size;
    unsigned int i;

    for ( i = 0; i < f->nr_cpus; i++ )
    {
        const struct idtap_packet_header *h;

        f->base[i] = (struct base){
            .gone = idtap_rings_catch_up(f->map, i, keep < UINT_MAX
                                                    ? (unsigned int)keep
                                                    : UINT_MAX) != 0,
        };
        h = idtap_rings_take(f->map, i);
        if ( h && h->timestamp_begin < now )
            now = h->timestamp_begin;
    }
    return now;
}

/*
 * The stream "meta": its records are in the order of time, and the names are
 * those that were known while the rings were filled.
 */
static int save_meta(struct idtap_flight *f, uint64_t trigger_tsc,
                     uint16_t domain, const char *text)
{
    struct idtap_metastream *meta = f->trace->meta;
    uint64_t begin = f->trace->info.start_tsc, now;
    unsigned int i;
    int rc = idtap_metastream_config(meta, begin, f->config.classes);

    for ( i = 0; i < MAX_NAMES && !rc; i++ )
        if ( f->names[i][0] )
            rc = idtap_metastream_domain(meta, begin, (uint16_t)i,
                                         f->names[i]);
    if ( !rc )
        rc = idtap_metastream_trigger(meta, trigger_tsc, domain, text);
    if ( !rc )
        rc = tracedir_note_clock(f->trace, &now);
    return rc ? rc : idtap_metastream_flush(meta);
}

static int save(struct idtap_flight *f, int dirfd, uint64_t bytes,
                uint64_t trigger_tsc, uint16_t domain, const char *text)
{
    struct idtap_trace_info *info = &f->trace->info;
    uint64_t begin, before;
    int rc, rc2;

    /* The clock is known best now; it began to count for this trace before. */
    begin = oldest(f, bytes, trigger_tsc);
    before = idtap_tsc_to_ns(info->start_tsc - begin, info->tsc_khz);
    info->start_tsc = begin;
    info->start_realtime_ns -= before < info->start_realtime_ns
                               ? before : info->start_realtime_ns;
    rc = tracedir_open(f->trace, dirfd);
    if ( !rc )
        rc = save_meta(f, trigger_tsc, domain, text);
    if ( !rc )
        rc = idtap_rings_settle(f->map, save_packets, f);
    rc2 = tracedir_close(f->trace);
    return rc ? rc : rc2;
}

int idtap_flight_save(struct idtap_flight *f, int dirfd, const char *command,
                      uint64_t bytes, uint16_t domain, const char *text,
                      struct idtap_recorder_stats *stats)
{
    struct idtap_config off = { .classes = 0 }, now;
    struct tracedir trace;
    struct idtap_clock clock;
    unsigned int i;
    int rc;

    memset(stats, 0, sizeof(*stats));
    /* Somebody else (`idtap filter`) may have changed what is recorded. */
    if ( !(rc = idtap_configuration(f->host, &now)) )
        f->config = now;
    if ( !(rc = idtap_clock(f->host, &clock)) &&
         !(rc = idtap_configure(f->host, &off)) )
        rc = idtap_flush(f->host, IDTAP_FLUSH);
    if ( rc )
    {
        close(dirfd);
        return rc;
    }
    f->trace = &trace;
    f->stats = stats;
    rc = tracedir_init(&trace, f->host, command);
    if ( rc )
        close(dirfd);
    else
        rc = save(f, dirfd, bytes, clock.tsc, domain, text);
    tracedir_free(&trace);
    f->trace = NULL;
    f->stats = NULL;
    stats->parts = 1;
    for ( i = 0; i < f->nr_cpus; i++ )
        stats->discarded += stats->cpu[i].discarded;
    return rc;
}

int idtap_flight_stop(struct idtap_flight *f)
{
    struct idtap_config off = { .classes = 0 };
    int rc = idtap_configure(f->host, &off);

    flight_free(f);
    return rc;
}
