/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens a trace: finds its parts and stream files, and reads the metadata.
 *
 * Rules: files that are no streams are none of our business; file names decide
 * which stream a file belongs to, and the packets in it must agree.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <idtap/control.h>
#include <idtap/metastream.h>

#include "trace_priv.h"

int trace_error(struct idtap_error *err, int code, const char *path,
                uint64_t offset, const char *fmt, ...)
{
    va_list ap;

    err->code = code;
    err->offset = offset;
    err->packet_offset = offset;
    snprintf(err->path, sizeof(err->path), "%s", path);
    va_start(ap, fmt);
    vsnprintf(err->what, sizeof(err->what), fmt, ap);
    va_end(ap);

    return code;
}

static int no_memory(struct idtap_error *err, const char *path)
{
    return trace_error(err, -ENOMEM, path, 0, "out of memory");
}

/* -2: no stream; -1: "meta"; else the pCPU. */
static int stream_of(const char *name)
{
    unsigned int cpu = 0;
    const char *p = name + 3;

    if ( !strcmp(name, IDTAP_META_FILE) )
        return -1;
    if ( strncmp(name, "cpu", 3) || !*p || (*p == '0' && p[1]) )
        return -2;

    for ( ; *p; p++ )
    {
        if ( *p < '0' || *p > '9' )
            return -2;
        cpu = cpu * 10 + (unsigned int)(*p - '0');
        if ( cpu >= IDTAP_MAX_CPUS )
            return -2;
    }

    return (int)cpu;
}

static int is_part(const struct dirent *d)
{
    return strlen(d->d_name) == 6 && strspn(d->d_name, "0123456789") == 6;
}

static struct trace_stream *stream_get(struct idtap_trace *t, int cpu)
{
    struct trace_stream *s;
    unsigned int i;

    for ( i = 0; i < t->nr_streams; i++ )
        if ( t->streams[i].cpu == cpu )
            return &t->streams[i];

    s = realloc(t->streams, (t->nr_streams + 1) * sizeof(*s));
    if ( !s )
        return NULL;
    t->streams = s;
    s += t->nr_streams++;
    memset(s, 0, sizeof(*s));
    s->cpu = cpu;
    return s;
}

static int add_file(struct idtap_trace *t, const char *dir, const char *name,
                    int cpu)
{
    struct trace_stream *s = stream_get(t, cpu);
    struct stat st;
    char **files;

    if ( !s )
        return -ENOMEM;
    files = realloc(s->files, (s->nr_files + 1) * sizeof(*files));
    if ( !files )
        return -ENOMEM;
    s->files = files;
    if ( asprintf(&files[s->nr_files], "%s/%s", dir, name) < 0 )
        return -ENOMEM;

    if ( !stat(files[s->nr_files++], &st) )
        t->bytes += (uint64_t)st.st_size;
    return 0;
}

/* One directory of streams. */
static int add_part(struct idtap_trace *t, const char *path,
                    struct idtap_error *err)
{
    struct idtap_trace_info info;
    char **parts;
    struct dirent *d;
    DIR *dir;
    int rc = trace_read_metadata(path, &info, err);

    if ( rc )
        return rc;
    if ( !t->nr_parts )
        t->info = info;
    else if ( memcmp(t->info.uuid, info.uuid, sizeof(info.uuid)) ||
              t->info.tsc_khz != info.tsc_khz )
        return trace_error(err, -EBADMSG, path, 0,
                           "part of another recording than the parts before");

    parts = realloc(t->parts, (t->nr_parts + 1) * sizeof(*parts));
    if ( !parts )
        return no_memory(err, path);
    t->parts = parts;
    parts[t->nr_parts] = strdup(path);
    if ( !parts[t->nr_parts] )
        return no_memory(err, path);
    t->nr_parts++;

    dir = opendir(path);
    if ( !dir )
        return trace_error(err, -errno, path, 0, "cannot open: %s",
                           strerror(errno));
    while ( (d = readdir(dir)) )
    {
        int cpu = stream_of(d->d_name);

        if ( cpu < -1 )
            continue;
        rc = add_file(t, path, d->d_name, cpu);
        if ( rc )
        {
            no_memory(err, path);
            break;
        }
    }
    closedir(dir);

    return rc;
}

/*
 * A recorder that was killed when it began a part leaves it without metadata,
 * and then without streams.
 */
static bool never_begun(const char *path)
{
    struct dirent *d;
    DIR *dir = opendir(path);
    bool empty = dir;

    while ( dir && (d = readdir(dir)) )
        if ( d->d_name[0] != '.' )
            empty = false;
    if ( dir )
        closedir(dir);
    return empty;
}

static int add_parts(struct idtap_trace *t, const char *path,
                     struct idtap_error *err)
{
    struct dirent **names;
    int i, rc = 0, n = scandir(path, &names, is_part, alphasort);

    if ( n < 0 )
        return trace_error(err, -errno, path, 0, "cannot open: %s",
                           strerror(errno));

    for ( i = 0; i < n; i++ )
    {
        char part[PATH_MAX];

        if ( !rc && snprintf(part, sizeof(part), "%s/%s", path,
                             names[i]->d_name) >= (int)sizeof(part) )
            rc = trace_error(err, -ENAMETOOLONG, path, 0, "path too long");
        if ( !rc && !never_begun(part) )
            rc = add_part(t, part, err);
        free(names[i]);
    }
    free(names);

    if ( !rc && !t->nr_parts )
        rc = trace_error(err, -ENOENT, path, 0,
                         "not a trace: there is no file 'metadata' in it");
    return rc;
}

static int by_cpu(const void *a, const void *b)
{
    const struct trace_stream *x = a, *y = b;

    return x->cpu < y->cpu ? -1 : x->cpu > y->cpu;
}

int idtap_trace_open(const char *path, struct idtap_trace **trace,
                     struct idtap_error *err)
{
    struct idtap_trace *t = calloc(1, sizeof(*t));
    char file[PATH_MAX];
    struct stat st;
    int rc;

    if ( !t )
        return no_memory(err, path);

    if ( stat(path, &st) )
        rc = trace_error(err, -errno, path, 0, "cannot open: %s",
                         strerror(errno));
    else if ( !S_ISDIR(st.st_mode) )
        rc = trace_error(err, -ENOTDIR, path, 0,
                         "not a trace: a trace is a directory");
    else if ( snprintf(file, sizeof(file), "%s/" IDTAP_METADATA_FILE, path) >=
              (int)sizeof(file) )
        rc = trace_error(err, -ENAMETOOLONG, path, 0, "path too long");
    else if ( !lstat(file, &st) )
        rc = add_part(t, path, err);
    else
        rc = add_parts(t, path, err);

    if ( !rc && !t->nr_streams )
        rc = trace_error(err, -ENODATA, path, 0,
                         "empty trace: there is no stream in it");
    if ( rc )
    {
        idtap_trace_close(t);
        return rc;
    }

    qsort(t->streams, t->nr_streams, sizeof(*t->streams), by_cpu);
    *trace = t;
    return 0;
}

void idtap_trace_close(struct idtap_trace *t)
{
    unsigned int i, j;

    if ( !t )
        return;

    for ( i = 0; i < t->nr_streams; i++ )
    {
        for ( j = 0; j < t->streams[i].nr_files; j++ )
            free(t->streams[i].files[j]);
        free(t->streams[i].files);
    }
    free(t->streams);
    for ( i = 0; i < t->nr_parts; i++ )
        free(t->parts[i]);
    free(t->parts);
    free(t);
}

const struct idtap_trace_info *idtap_trace_info(const struct idtap_trace *t)
{
    return &t->info;
}

unsigned int idtap_trace_nr_streams(const struct idtap_trace *t)
{
    return t->nr_streams;
}

int idtap_trace_stream_cpu(const struct idtap_trace *t, unsigned int stream)
{
    return t->streams[stream].cpu;
}

uint64_t idtap_trace_bytes(const struct idtap_trace *t)
{
    return t->bytes;
}

unsigned int idtap_trace_nr_parts(const struct idtap_trace *t)
{
    return t->nr_parts;
}

const char *idtap_trace_part(const struct idtap_trace *t, unsigned int part)
{
    return t->parts[part];
}
