/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of a trace directory; the layout is in lib/metadata.c. */
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

#include <idtap/recorder.h>

#include "tracedir.h"

#define MAX_KNOWN_DOMAINS 4096

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

static int describe(struct tracedir *t, const char *command)
{
    struct idtap_trace_info *info = &t->info;
    struct idtap_clock clock;
    uint64_t uncertainty;
    char vendor[32];
    int rc = sync_clock(t->host, &clock, &info->start_realtime_ns,
                        &uncertainty);

    if ( rc )
        return rc;
    /* One for all parts: they are one trace. */
    if ( getrandom(info->uuid, sizeof(info->uuid), 0) < 0 )
        return -errno;
    info->start_tsc = clock.tsc;
    info->tsc_khz = clock.tsc_khz;
    snprintf(info->xen_version, sizeof(info->xen_version), "%.63s",
             idtap_host_version(t->host));
    snprintf(info->xen_build_id, sizeof(info->xen_build_id), "%.64s",
             idtap_host_build_id_hex(t->host));
    cpuinfo("vendor_id", vendor, sizeof(vendor));
    snprintf(info->cpu_vendor, sizeof(info->cpu_vendor), "%s",
             strcmp(vendor, "GenuineIntel") ? "AMD" : "Intel");
    cpuinfo("model name", info->cpu_model, sizeof(info->cpu_model));
    gethostname(info->hostname, sizeof(info->hostname) - 1);
    snprintf(info->idtap_version, sizeof(info->idtap_version), "%s",
             IDTAP_VERSION);
    snprintf(info->command, sizeof(info->command), "%s",
             command ? command : "");
    return 0;
}

int tracedir_init(struct tracedir *t, struct idtap_host *host,
                  const char *command)
{
    unsigned int i;

    memset(t, 0, sizeof(*t));
    t->host = host;
    t->dir = -1;
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        t->fd[i] = -1;
    t->known = calloc(MAX_KNOWN_DOMAINS, sizeof(*t->known));
    return t->known ? describe(t, command) : -ENOMEM;
}

void tracedir_free(struct tracedir *t)
{
    /* One that was never initialised is all zero. */
    if ( t->host )
        tracedir_close(t);
    free(t->known);
    t->known = NULL;
}

int tracedir_note_clock(struct tracedir *t, uint64_t *tsc)
{
    struct idtap_clock clock;
    uint64_t realtime, uncertainty;
    int rc = sync_clock(t->host, &clock, &realtime, &uncertainty);

    if ( rc )
        return rc;
    *tsc = clock.tsc;
    return idtap_metastream_clock_sync(t->meta, clock.tsc, realtime,
                                       clock.system_time_ns, uncertainty);
}

struct note_ctx {
    struct tracedir *t;
    uint64_t tsc;
};

static int note_domain(void *ctx, unsigned int domid, const char *name)
{
    const struct note_ctx *c = ctx;
    char *known;

    /* Not named yet, or no more: that says nothing of what is in the trace. */
    if ( !*name )
        return 0;
    if ( domid >= MAX_KNOWN_DOMAINS )
        return idtap_metastream_domain(c->t->meta, c->tsc, domid, name);
    known = c->t->known[domid];
    if ( !strncmp(known, name, IDTAP_NAME_LEN - 1) )
        return 0;
    snprintf(known, IDTAP_NAME_LEN, "%s", name);
    return idtap_metastream_domain(c->t->meta, c->tsc, domid, name);
}

void tracedir_note_domains(struct tracedir *t, uint64_t tsc)
{
    struct note_ctx ctx = { .t = t, .tsc = tsc };

    /* A host without a running xenstored is recorded too, without names. */
    idtap_domains(note_domain, &ctx);
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

int idtap_trace_make_dir(const char *path, int *fd)
{
    int rc;

    if ( mkdir(path, 0700) && errno != EEXIST )
        return -errno;
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if ( *fd < 0 )
        return -errno;
    rc = check_empty(*fd);
    if ( rc )
    {
        close(*fd);
        *fd = -1;
    }
    return rc;
}

int tracedir_open(struct tracedir *t, int dirfd)
{
    int rc;

    t->dir = dirfd;
    if ( (rc = idtap_metadata_write(t->dir, &t->info)) ||
         (rc = idtap_metastream_open(t->dir, &t->meta)) )
        return rc;
    memset(t->known, 0, MAX_KNOWN_DOMAINS * sizeof(*t->known));
    return 0;
}

int tracedir_close(struct tracedir *t)
{
    bool opened = t->meta;
    int rc = idtap_metastream_close(t->meta);
    struct stat st;
    unsigned int i;

    /* A file without a packet is none: the disk was full from the beginning. */
    if ( opened && rc && !fstatat(t->dir, IDTAP_META_FILE, &st, 0) &&
         !st.st_size )
        unlinkat(t->dir, IDTAP_META_FILE, 0);
    t->meta = NULL;
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        if ( t->fd[i] >= 0 )
            close(t->fd[i]);
        t->fd[i] = -1;
        t->size[i] = 0;
    }
    if ( t->dir >= 0 )
        close(t->dir);
    t->dir = -1;
    return rc;
}

/* A file without a packet is none: readers may ask for one. */
static int cut_back(struct tracedir *t, unsigned int cpu, int rc)
{
    char name[16];

    if ( ftruncate(t->fd[cpu], t->size[cpu]) && rc == -ENOSPC )
        rc = -errno;
    if ( !t->size[cpu] )
    {
        snprintf(name, sizeof(name), "cpu%u", cpu);
        unlinkat(t->dir, name, 0);
    }
    return rc;
}

static int open_stream(struct tracedir *t, unsigned int cpu)
{
    char name[16];

    snprintf(name, sizeof(name), "cpu%u", cpu);
    t->fd[cpu] = openat(t->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        0600);
    return t->fd[cpu] < 0 ? -errno : 0;
}

int tracedir_write(struct tracedir *t, unsigned int cpu,
                   const struct idtap_packet_header *header,
                   const void *packet, size_t size)
{
    size_t done = 0;
    int rc;

    if ( t->fd[cpu] < 0 && (rc = open_stream(t, cpu)) )
        return rc;
    while ( done < size )
    {
        const char *from = (const char *)packet + done;
        size_t len = size - done;
        ssize_t n;

        if ( header && done < sizeof(*header) )
        {
            from = (const char *)header + done;
            len = sizeof(*header) - done;
        }
        n = write(t->fd[cpu], from, len);
        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            return cut_back(t, cpu, n ? -errno : -EIO);
        done += n;
    }
    t->size[cpu] += size;
    return 0;
}
