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
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <idtap/metadata.h>
#include <idtap/metastream.h>
#include <idtap/recorder.h>
#include <idtap/rings.h>

#define SETTLE_TRIES 1000 /* of 1 ms */
#define MAX_KNOWN_DOMAINS 4096

struct idtap_recorder {
    struct idtap_host *host;
    struct idtap_rings_map *map;
    struct idtap_recorder_options opt;
    struct idtap_recorder_stats stats;
    struct idtap_trace_info info;
    struct idtap_metastream *meta;
    unsigned int nr_cpus;
    bool started;              /* the tap has our configuration */
    int top;                   /* the trace directory */
    int dir;                   /* the present part, or a copy of `top` */
    int fd[IDTAP_MAX_CPUS];    /* -1: no packet yet */
    uint64_t size[IDTAP_MAX_CPUS]; /* bytes of whole packets in fd */
    uint64_t part_bytes;
    /* Names written into the present part, so that each goes in once. */
    char (*known)[IDTAP_NAME_LEN]; /* by domain id */
};

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/*
 * The host's clocks and dom0's at one moment: the tap is asked between two
 * looks at CLOCK_REALTIME; of a few tries the quickest is the best.
 */
static int sync_clock(struct idtap_host *host, struct idtap_clock *clock,
                      uint64_t *realtime, uint64_t *uncertainty)
{
    unsigned int i;

    *uncertainty = UINT64_MAX;
    for ( i = 0; i < 5; i++ )
    {
        struct idtap_clock c;
        uint64_t before = clock_ns(CLOCK_REALTIME), after;
        int rc = idtap_clock(host, &c);

        if ( rc )
            return rc;
        after = clock_ns(CLOCK_REALTIME);
        if ( after < before || (after - before) / 2 >= *uncertainty )
            continue;
        *clock = c;
        *uncertainty = (after - before) / 2;
        *realtime = before + *uncertainty;
    }
    return *uncertainty == UINT64_MAX ? -EAGAIN : 0;
}

/* One word of /proc/cpuinfo, of the first CPU. */
static void cpuinfo(const char *key, char *out, size_t size)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[256];

    out[0] = '\0';
    while ( f && fgets(line, sizeof(line), f) && !out[0] )
    {
        char *colon = strchr(line, ':');

        if ( !strncmp(line, key, strlen(key)) && colon && colon[1] )
        {
            line[strcspn(line, "\n")] = '\0';
            snprintf(out, size, "%s", colon + 2);
        }
    }
    if ( f )
        fclose(f);
}

static int describe(struct idtap_recorder *r)
{
    struct idtap_trace_info *info = &r->info;
    struct idtap_clock clock;
    uint64_t uncertainty;
    char vendor[32];
    int rc = sync_clock(r->host, &clock, &info->start_realtime_ns,
                        &uncertainty);

    if ( rc )
        return rc;
    /* One for all parts: they are one trace. */
    if ( getrandom(info->uuid, sizeof(info->uuid), 0) < 0 )
        return -errno;
    info->start_tsc = clock.tsc;
    info->tsc_khz = clock.tsc_khz;
    snprintf(info->xen_version, sizeof(info->xen_version), "%.63s",
             idtap_host_version(r->host));
    snprintf(info->xen_build_id, sizeof(info->xen_build_id), "%.64s",
             idtap_host_build_id_hex(r->host));
    cpuinfo("vendor_id", vendor, sizeof(vendor));
    snprintf(info->cpu_vendor, sizeof(info->cpu_vendor), "%s",
             strcmp(vendor, "GenuineIntel") ? "AMD" : "Intel");
    cpuinfo("model name", info->cpu_model, sizeof(info->cpu_model));
    gethostname(info->hostname, sizeof(info->hostname) - 1);
    snprintf(info->idtap_version, sizeof(info->idtap_version), "%s",
             IDTAP_VERSION);
    snprintf(info->command, sizeof(info->command), "%s",
             r->opt.command ? r->opt.command : "");
    return 0;
}

static int note_clock(struct idtap_recorder *r, uint64_t *tsc)
{
    struct idtap_clock clock;
    uint64_t realtime, uncertainty;
    int rc = sync_clock(r->host, &clock, &realtime, &uncertainty);

    if ( rc )
        return rc;
    *tsc = clock.tsc;
    return idtap_metastream_clock_sync(r->meta, clock.tsc, realtime,
                                       clock.system_time_ns, uncertainty);
}

struct note_ctx {
    struct idtap_recorder *r;
    uint64_t tsc;
};

static int note_domain(void *ctx, unsigned int domid, const char *name)
{
    const struct note_ctx *c = ctx;
    char *known;

    if ( domid >= MAX_KNOWN_DOMAINS )
        return idtap_metastream_domain(c->r->meta, c->tsc, domid, name);
    known = c->r->known[domid];
    if ( known[0] && !strncmp(known, name, IDTAP_NAME_LEN - 1) )
        return 0;
    snprintf(known, IDTAP_NAME_LEN, "%s", name);
    return idtap_metastream_domain(c->r->meta, c->tsc, domid, name);
}

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
    return idtap_metastream_config(r->meta, tsc, now.classes);
}

int idtap_recorder_note(struct idtap_recorder *r)
{
    struct note_ctx ctx = { .r = r };
    int rc = note_clock(r, &ctx.tsc);

    if ( !rc )
        rc = note_config(r, ctx.tsc);
    /* A host without a running xenstored is recorded too, without names. */
    if ( !rc )
        idtap_domains(note_domain, &ctx);
    return rc ? rc : idtap_metastream_flush(r->meta);
}

/* Losses so far, per pCPU, as of @tsc. */
static int note_losses(struct idtap_recorder *r, uint64_t tsc)
{
    unsigned int i;
    int rc = 0;

    for ( i = 0; !rc && i < r->nr_cpus; i++ )
        if ( r->stats.cpu[i].discarded )
            rc = idtap_metastream_lost(r->meta, tsc, i,
                                       r->stats.cpu[i].discarded);
    return rc;
}

static void close_part(struct idtap_recorder *r)
{
    unsigned int i;

    for ( i = 0; i < r->nr_cpus; i++ )
    {
        if ( r->fd[i] >= 0 )
            close(r->fd[i]);
        r->fd[i] = -1;
        r->size[i] = 0;
    }
    if ( r->dir >= 0 )
        close(r->dir);
    r->dir = -1;
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
    int rc;

    r->stats.parts++;
    if ( r->opt.rotate_bytes )
    {
        snprintf(name, sizeof(name), "%06u", r->stats.parts);
        if ( mkdirat(r->top, name, 0700) )
            return -errno;
        r->dir = openat(r->top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if ( r->opt.keep_parts && r->stats.parts > r->opt.keep_parts )
            delete_part(r, r->stats.parts - r->opt.keep_parts);
    }
    else
        r->dir = fcntl(r->top, F_DUPFD_CLOEXEC, 0);
    if ( r->dir < 0 )
        return -errno;

    if ( (rc = idtap_metadata_write(r->dir, &r->info)) ||
         (rc = idtap_metastream_open(r->dir, &r->meta)) )
        return rc;
    memset(r->known, 0, MAX_KNOWN_DOMAINS * sizeof(*r->known));
    r->part_bytes = 0;
    if ( (rc = note_clock(r, &tsc)) ||
         (r->stats.parts == 1 &&
          (rc = idtap_metastream_attach(r->meta, tsc))) ||
         /* What was lost before the configuration is not this part's loss. */
         (rc = note_losses(r, tsc)) ||
         (rc = idtap_metastream_config(r->meta, tsc, r->opt.config.classes)) )
        return rc;
    return idtap_recorder_note(r);
}

static int rotate(struct idtap_recorder *r)
{
    uint64_t tsc;
    int rc = note_clock(r, &tsc), rc2;

    if ( !rc )
        rc = note_losses(r, tsc);
    rc2 = idtap_metastream_close(r->meta);
    r->meta = NULL;
    close_part(r);
    rc = rc ? rc : rc2;
    return rc ? rc : open_part(r);
}

/* The whole packet, or nothing of it. */
static int write_packet(struct idtap_recorder *r, unsigned int cpu,
                        const void *packet, size_t size)
{
    size_t done = 0;

    if ( r->fd[cpu] < 0 )
    {
        char name[16];

        snprintf(name, sizeof(name), "cpu%u", cpu);
        r->fd[cpu] = openat(r->dir, name,
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if ( r->fd[cpu] < 0 )
            return -errno;
    }
    while ( done < size )
    {
        ssize_t n = write(r->fd[cpu], (const char *)packet + done, size - done);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
        {
            int rc = n ? -errno : -EIO;

            if ( ftruncate(r->fd[cpu], r->size[cpu]) && rc == -ENOSPC )
                rc = -errno;
            /* A file without a packet is none: readers may ask for one. */
            if ( !r->size[cpu] )
            {
                char name[16];

                snprintf(name, sizeof(name), "cpu%u", cpu);
                unlinkat(r->dir, name, 0);
            }
            return rc;
        }
        done += n;
    }
    r->size[cpu] += size;
    return 0;
}

/* All complete packets of one pCPU. */
static int drain_cpu(struct idtap_recorder *r, unsigned int cpu)
{
    size_t size = idtap_rings_packet_size(r->map);
    const struct idtap_packet_header *h;
    int rc;

    while ( (h = idtap_rings_take(r->map, cpu)) )
    {
        rc = write_packet(r, cpu, h, size);
        if ( rc )
            return rc;
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

/* Gives back everything that lies in the rings, unread. */
static void forget(struct idtap_recorder *r)
{
    unsigned int i;

    for ( i = 0; i < r->nr_cpus; i++ )
        while ( idtap_rings_take(r->map, i) )
            idtap_rings_give_back(r->map, i);
}

/* After a flush: until every packet that it closed can be had. */
static int settle(struct idtap_recorder *r,
                  int (*take)(struct idtap_recorder *))
{
    unsigned int tries, i;
    int rc;

    for ( tries = 0; tries < SETTLE_TRIES; tries++ )
    {
        struct timespec t = { .tv_nsec = 1000000 };
        bool more = false;

        rc = take(r);
        if ( rc < 0 )
            return rc;
        for ( i = 0; i < r->nr_cpus; i++ )
            more |= idtap_rings_unsettled(r->map, i);
        if ( !more )
            return 0;
        nanosleep(&t, NULL);
    }
    return -ETIMEDOUT;
}

static int take_and_forget(struct idtap_recorder *r)
{
    forget(r);
    return 0;
}

/*
 * What an earlier recorder left in the rings is dropped, and counting begins
 * at 0.  The first flush may find no room for a new packet; after forgetting
 * there is some.
 */
static int restart(struct idtap_recorder *r)
{
    struct idtap_config off = { .classes = 0 };
    int rc = idtap_configure(r->host, &off);

    if ( rc )
        return rc;
    forget(r);
    if ( (rc = idtap_flush(r->host, IDTAP_FLUSH)) ||
         (rc = settle(r, take_and_forget)) )
        return rc;
    rc = idtap_flush(r->host, IDTAP_FLUSH_RESTART);
    return rc ? rc : settle(r, take_and_forget);
}

/* Is there something in the directory that a new trace would mix with? */
static int check_empty(int top)
{
    int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    int rc = d ? 0 : -errno;

    while ( !rc && (e = readdir(d)) )
        if ( e->d_name[0] != '.' )
            rc = -EEXIST;
    if ( d )
        closedir(d);
    return rc;
}

static int open_top(struct idtap_recorder *r)
{
    if ( mkdir(r->opt.dir, 0700) && errno != EEXIST )
        return -errno;
    r->top = open(r->opt.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if ( r->top < 0 )
        return -errno;
    return check_empty(r->top);
}

static void recorder_free(struct idtap_recorder *r)
{
    idtap_metastream_close(r->meta);
    close_part(r);
    if ( r->top >= 0 )
        close(r->top);
    idtap_rings_unmap(r->map);
    free(r->known);
    free(r);
}

int idtap_recorder_start(struct idtap_host *host,
                         const struct idtap_recorder_options *options,
                         struct idtap_recorder **out)
{
    struct idtap_recorder *r = calloc(1, sizeof(*r));
    struct idtap_status *status = calloc(1, sizeof(*status));
    unsigned int i;
    int rc;

    if ( !r || !status )
    {
        free(r);
        free(status);
        return -ENOMEM;
    }
    r->host = host;
    r->opt = *options;
    r->top = r->dir = -1;
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        r->fd[i] = -1;
    r->known = calloc(MAX_KNOWN_DOMAINS, sizeof(*r->known));
    rc = r->known ? idtap_status(host, status) : -ENOMEM;
    if ( !rc && status->state != IDTAP_STATE_ATTACHED )
        rc = -ENXIO;
    if ( !rc )
        rc = idtap_rings_map(&status->rings, &r->map);
    r->nr_cpus = status->nr_cpus;
    free(status);

    if ( rc || (rc = open_top(r)) || (rc = restart(r)) || (rc = describe(r)) ||
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

/* The end of the stream "meta". */
static int note_end(struct idtap_recorder *r)
{
    uint64_t tsc;
    int rc = idtap_recorder_note(r);

    if ( rc || (rc = note_clock(r, &tsc)) || (rc = note_losses(r, tsc)) )
        return rc;
    return idtap_metastream_detach(r->meta, tsc);
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
            rc = settle(r, idtap_recorder_drain);
        if ( !rc )
            rc = note_end(r);
    }
    rc2 = idtap_metastream_close(r->meta);
    r->meta = NULL;

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
