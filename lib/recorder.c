/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the rings to the disk.  See include/idtap/recorder.h for the rules; the
 * layout of a trace directory is in lib/metadata.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <idtap/recorder.h>
#include <idtap/rings.h>

#include "tracedir.h"

struct idtap_recorder {
    struct idtap_host *host;
    struct idtap_rings_map *map;
    struct idtap_recorder_options opt;
    struct idtap_recorder_stats stats;
    struct tracedir trace;     /* the present part, or the only one */
    unsigned int nr_cpus;
    bool started;              /* the tap has our configuration */
    int top;                   /* the trace directory */
    uint64_t part_bytes;
};

/* Somebody else (`idtap filter`) may have changed what is recorded. */
static int note_config(struct idtap_recorder *r, uint64_t tsc)
{
    struct idtap_config now;
    int rc;

    if ( !r->started )
        return 0;
    rc = idtap_configuration(r->host, &now);
    if ( rc || now.classes == r->opt.config.classes )
        return rc;
    r->opt.config = now;
    return idtap_metastream_config(r->trace.meta, tsc, now.classes);
}

int idtap_recorder_note(struct idtap_recorder *r)
{
    uint64_t tsc;
    int rc = tracedir_note_clock(&r->trace, &tsc);

    if ( !rc )
        rc = note_config(r, tsc);
    if ( !rc )
        tracedir_note_domains(&r->trace, tsc);
    return rc ? rc : idtap_metastream_flush(r->trace.meta);
}

/* Losses so far, per pCPU, as of @tsc. */
static int note_losses(struct idtap_recorder *r, uint64_t tsc)
{
    unsigned int i;
    int rc = 0;

    for ( i = 0; !rc && i < r->nr_cpus; i++ )
        if ( r->stats.cpu[i].discarded )
            rc = idtap_metastream_lost(r->trace.meta, tsc, i,
                                       r->stats.cpu[i].discarded);
    return rc;
}

/* Deletes part number @part, whose files are all ours. */
static void delete_part(struct idtap_recorder *r, unsigned int part)
{
    char name[16];
    struct dirent *e;
    DIR *d;
    int fd;

    snprintf(name, sizeof(name), "%06u", part);
    fd = openat(r->top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    d = fd < 0 ? NULL : fdopendir(fd);
    while ( d && (e = readdir(d)) )
        unlinkat(dirfd(d), e->d_name, 0);
    if ( d )
        closedir(d);
    unlinkat(r->top, name, AT_REMOVEDIR);
}

/* A directory for the next part (or the only one), with metadata and meta. */
static int open_part(struct idtap_recorder *r)
{
    char name[16];
    uint64_t tsc;
    int rc, fd;

    r->stats.parts++;
    if ( r->opt.rotate_bytes )
    {
        snprintf(name, sizeof(name), "%06u", r->stats.parts);
        if ( mkdirat(r->top, name, 0700) )
            return -errno;
        fd = openat(r->top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if ( r->opt.keep_parts && r->stats.parts > r->opt.keep_parts )
            delete_part(r, r->stats.parts - r->opt.keep_parts);
    }
    else
        fd = fcntl(r->top, F_DUPFD_CLOEXEC, 0);
    if ( fd < 0 )
        return -errno;

    r->part_bytes = 0;
    if ( (rc = tracedir_open(&r->trace, fd)) ||
         (rc = tracedir_note_clock(&r->trace, &tsc)) ||
         (r->stats.parts == 1 &&
          (rc = idtap_metastream_attach(r->trace.meta, tsc))) ||
         /* What was lost before the configuration is not this part's loss. */
         (rc = note_losses(r, tsc)) ||
         (rc = idtap_metastream_config(r->trace.meta, tsc, r->opt.config.classes)) )
        return rc;
    return idtap_recorder_note(r);
}

static int rotate(struct idtap_recorder *r)
{
    uint64_t tsc;
    int rc = tracedir_note_clock(&r->trace, &tsc), rc2;

    if ( !rc )
        rc = note_losses(r, tsc);
    rc2 = tracedir_close(&r->trace);
    rc = rc ? rc : rc2;
    return rc ? rc : open_part(r);
}

/* All complete packets of one pCPU. */
static int drain_cpu(struct idtap_recorder *r, unsigned int cpu)
{
    size_t size = idtap_rings_packet_size(r->map);
    const struct idtap_packet_header *h;
    int rc;

    while ( (h = idtap_rings_take(r->map, cpu)) )
    {
        rc = tracedir_write(&r->trace, cpu, NULL, h, size);
        if ( rc )
            return rc;
        if ( r->opt.packet )
            r->opt.packet(r->opt.ctx, cpu, h, size);
        r->stats.packets++;
        r->stats.bytes += size;
        r->part_bytes += size;
        r->stats.cpu[cpu].discarded = h->events_discarded;
        idtap_rings_give_back(r->map, cpu);
    }
    return 0;
}

int idtap_recorder_drain(struct idtap_recorder *r)
{
    unsigned int i, most = 0;
    int rc;

    for ( i = 0; i < r->nr_cpus; i++ )
    {
        unsigned int pending = idtap_rings_pending(r->map, i);

        if ( pending > most )
            most = pending;
        rc = drain_cpu(r, i);
        if ( rc )
            return rc;
    }
    if ( r->opt.rotate_bytes && r->part_bytes >= r->opt.rotate_bytes )
    {
        rc = rotate(r);
        if ( rc )
            return rc;
    }
    return most * 100 / idtap_rings_nr_packets(r->map);
}

static void recorder_free(struct idtap_recorder *r)
{
    tracedir_free(&r->trace);
    if ( r->top >= 0 )
        close(r->top);
    idtap_rings_unmap(r->map);
    free(r);
}

int idtap_recorder_start(struct idtap_host *host,
                         const struct idtap_recorder_options *options,
                         struct idtap_recorder **out)
{
    struct idtap_recorder *r = calloc(1, sizeof(*r));
    struct idtap_status *status = calloc(1, sizeof(*status));
    int rc;

    if ( !r || !status )
    {
        free(r);
        free(status);
        return -ENOMEM;
    }
    r->host = host;
    r->opt = *options;
    r->top = -1;
    rc = idtap_status(host, status);
    if ( !rc && status->state != IDTAP_STATE_ATTACHED )
        rc = -ENXIO;
    if ( !rc )
        rc = idtap_rings_map(&status->rings, &r->map);
    r->nr_cpus = status->nr_cpus;
    free(status);

    if ( rc || (rc = idtap_trace_make_dir(r->opt.dir, &r->top)) ||
         (rc = idtap_rings_restart(host, r->map, false)) ||
         (rc = tracedir_init(&r->trace, host, r->opt.command)) ||
         (rc = open_part(r)) ||
         (rc = idtap_configure(host, &r->opt.config)) )
    {
        recorder_free(r);
        return rc;
    }
    r->started = true;
    *out = r;
    return 0;
}

static int drain_all(void *recorder)
{
    int rc = idtap_recorder_drain(recorder);

    return rc < 0 ? rc : 0;
}

int idtap_recorder_sync(struct idtap_recorder *r, uint64_t *tsc)
{
    struct idtap_clock clock;
    int rc = idtap_clock(r->host, &clock);

    if ( rc || (rc = drain_all(r)) ||
         (rc = idtap_flush(r->host, IDTAP_FLUSH)) )
        return rc;
    *tsc = clock.tsc;
    return idtap_rings_settle(r->map, drain_all, r);
}

int idtap_recorder_trigger(struct idtap_recorder *r, uint16_t domain,
                           const char *text)
{
    struct idtap_clock clock;
    int rc = idtap_clock(r->host, &clock);

    return rc ? rc : idtap_metastream_trigger(r->trace.meta, clock.tsc, domain,
                                              text);
}

/* The end of the stream "meta". */
static int note_end(struct idtap_recorder *r)
{
    uint64_t tsc;
    int rc = idtap_recorder_note(r);

    if ( rc || (rc = tracedir_note_clock(&r->trace, &tsc)) ||
         (rc = note_losses(r, tsc)) )
        return rc;
    return idtap_metastream_detach(r->trace.meta, tsc);
}

int idtap_recorder_stop(struct idtap_recorder *r, bool quickly,
                        struct idtap_recorder_stats *stats)
{
    struct idtap_config off = { .classes = 0 };
    int rc = idtap_configure(r->host, &off), rc2;
    unsigned int i;

    r->started = false;

    if ( !rc && !quickly )
    {
        /* The rest may fill the ring: room first, then the flush. */
        rc = idtap_recorder_drain(r);
        if ( rc >= 0 )
            rc = idtap_flush(r->host, IDTAP_FLUSH);
        if ( !rc )
            rc = idtap_rings_settle(r->map, drain_all, r);
        if ( !rc )
            rc = note_end(r);
    }
    rc2 = tracedir_close(&r->trace);

    for ( i = 0; i < r->nr_cpus; i++ )
    {
        r->stats.discarded += r->stats.cpu[i].discarded;
        r->stats.cpu[i].first_discard_tsc = idtap_rings_first_discard(r->map,
                                                                      i);
    }
    *stats = r->stats;
    recorder_free(r);
    return rc ? rc : rc2;
}
