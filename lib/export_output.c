/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where an export goes: stdout, a file, a directory.
 *
 * Rules: what lies there is not touched unless asked for; a file of the name
 * that was asked for is always whole, because it is written as NAME.part and
 * renamed at the end; nothing is ever written into the trace that is read.
 */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <idtap/metadata.h>
#include <idtap/metastream.h>

#include "export_priv.h"
#include "trace_priv.h"

#define BUFFER_BYTES (256u << 10)

static int fail(struct idtap_error *err, const char *path, int code,
                const char *what)
{
    return trace_error(err, code, path ? path : "stdout", 0, what,
                       strerror(-code));
}

/* Is `path` a part of the trace, or within one? */
static bool in_trace(const struct idtap_trace *t, const char *path, bool dir)
{
    char parent[PATH_MAX];
    struct stat a, b;
    unsigned int i;
    char *slash;

    snprintf(parent, sizeof(parent), "%s", path);
    if ( !dir )
    {
        slash = strrchr(parent, '/');
        if ( !slash )
            strcpy(parent, ".");
        else
            slash[slash == parent] = '\0';
    }

    if ( stat(parent, &a) )
        return false;
    for ( i = 0; i < idtap_trace_nr_parts(t); i++ )
    {
        if ( !stat(idtap_trace_part(t, i), &b) && a.st_dev == b.st_dev &&
             a.st_ino == b.st_ino )
            return true;

        /* The directory of a recording in parts is no place for a trace. */
        snprintf(parent, sizeof(parent), "%s/..", idtap_trace_part(t, i));
        if ( dir && !stat(parent, &b) && a.st_dev == b.st_dev &&
             a.st_ino == b.st_ino )
            return true;
    }
    return false;
}

/* Is there a trace in this directory, and not one in parts? */
static bool is_trace(const char *path)
{
    char file[PATH_MAX];
    struct stat st;

    return snprintf(file, sizeof(file), "%s/" IDTAP_METADATA_FILE, path) <
               (int)sizeof(file) &&
           !lstat(file, &st) && S_ISREG(st.st_mode);
}

static bool is_empty_dir(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *d;
    bool empty = true;

    if ( !dir )
        return false;
    while ( empty && (d = readdir(dir)) )
        empty = !strcmp(d->d_name, ".") || !strcmp(d->d_name, "..");
    closedir(dir);
    return empty;
}

int output_clear_trace(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *d;
    int rc = 0;

    if ( !dir )
        return -errno;
    while ( (d = readdir(dir)) )
    {
        const char *n = d->d_name;
        size_t digits = strspn(n + (strncmp(n, "cpu", 3) ? 0 : 3),
                               "0123456789");

        if ( strcmp(n, IDTAP_METADATA_FILE) && strcmp(n, IDTAP_META_FILE) &&
             (strncmp(n, "cpu", 3) || !digits || n[3 + digits]) )
            continue;
        if ( unlinkat(dirfd(dir), n, 0) && !rc )
            rc = -errno;
    }
    closedir(dir);
    return rc;
}

static int open_dir(struct export_output *o, bool force,
                    struct idtap_error *err)
{
    struct stat st;
    int rc;

    if ( !mkdir(o->path, 0700) )
    {
        o->made_dir = true;
        return 0;
    }
    if ( errno != EEXIST )
        return fail(err, o->path, -errno, "cannot make the directory: %s");
    if ( stat(o->path, &st) || !S_ISDIR(st.st_mode) )
        return fail(err, o->path, -ENOTDIR, "exists, and is no directory");
    if ( is_empty_dir(o->path) )
        return 0;
    if ( !force )
        return fail(err, o->path, -EEXIST, "exists, and is not empty");
    if ( !is_trace(o->path) )
        return fail(err, o->path, -ENOTEMPTY, "is not empty, and holds no "
                    "trace that could be replaced");

    rc = output_clear_trace(o->path);
    return rc ? fail(err, o->path, rc, "cannot replace the trace: %s") : 0;
}

/* By its name, a file is to be compressed. */
static bool wants_zstd(const char *path)
{
    size_t len = path ? strlen(path) : 0;

    return len > 4 && !strcmp(path + len - 4, ".zst");
}

static int open_stream(struct export_output *o, int fd,
                       struct idtap_error *err)
{
    if ( wants_zstd(o->path) )
    {
        int rc = export_zstd_open(fd, &o->f, err);

        if ( rc )
        {
            close(fd);
            return rc;
        }
    }
    else
        o->f = fdopen(fd, "w");
    o->buf = malloc(BUFFER_BYTES);
    if ( !o->f || !o->buf )
    {
        if ( o->f )
            fclose(o->f);
        else
            close(fd);
        o->f = NULL;
        return fail(err, o->path, -ENOMEM, "out of memory");
    }
    setvbuf(o->f, o->buf, _IOFBF, BUFFER_BYTES);
    return 0;
}

static int open_file(struct export_output *o,
                     const struct idtap_export_format *format, bool force,
                     struct idtap_error *err)
{
    const char *path;
    struct stat st;
    bool there = !stat(o->path, &st);
    int fd;

    if ( there && S_ISDIR(st.st_mode) )
        return fail(err, o->path, -EISDIR, "is a directory");
    if ( format->kind == IDTAP_EXPORT_FILE && wants_zstd(o->path) )
        return fail(err, o->path, -EINVAL, "is written in no order, and cannot "
                    "be compressed on the way");
    if ( there && S_ISREG(st.st_mode) && !force )
        return fail(err, o->path, -EEXIST, "exists already");
    if ( there && !S_ISREG(st.st_mode) && format->kind == IDTAP_EXPORT_FILE )
        return fail(err, o->path, -EEXIST, "exists, and is no file");

    /* Devices and pipes are written as they are. */
    if ( (!there || S_ISREG(st.st_mode)) &&
         asprintf(&o->temp, "%s.part", o->path) < 0 )
    {
        o->temp = NULL;
        return fail(err, o->path, -ENOMEM, "out of memory");
    }

    path = o->temp ? o->temp : o->path;
    if ( o->temp && unlink(path) && errno != ENOENT )
    {
        int rc = fail(err, path, -errno, "cannot write: %s");

        free(o->temp);
        o->temp = NULL;
        return rc;
    }
    fd = open(path, O_WRONLY | O_CLOEXEC | (o->temp ? O_CREAT | O_EXCL : 0),
              0600);
    if ( fd < 0 )
    {
        int rc = fail(err, o->path, -errno, "cannot write: %s");

        free(o->temp);
        o->temp = NULL;
        return rc;
    }
    if ( format->kind == IDTAP_EXPORT_FILE )
    {
        close(fd); /* it is there, and can be written */
        return 0;
    }
    return open_stream(o, fd, err);
}

int output_open(struct export_output *o, const struct idtap_export_format *f,
                const struct idtap_export_options *options,
                struct idtap_error *err)
{
    bool dir = f->kind == IDTAP_EXPORT_DIRECTORY;
    int fd, rc;

    *o = (struct export_output){ .path = options->path };
    if ( !o->path )
    {
        /* Not stdout itself, so that its end can be told from errors. */
        fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        return fd < 0 ? fail(err, NULL, -errno, "cannot write: %s")
                      : open_stream(o, fd, err);
    }
    if ( in_trace(options->trace, o->path, dir) )
        return fail(err, o->path, -EBUSY,
                    dir ? "is the trace that is read"
                        : "lies within the trace that is read");

    rc = dir ? open_dir(o, options->force, err)
             : open_file(o, f, options->force, err);
    if ( rc )
        output_abandon(o, f);
    return rc;
}

int output_commit(struct export_output *o, struct idtap_error *err)
{
    int rc = 0;

    if ( o->f )
    {
        errno = 0;
        if ( fflush(o->f) || ferror(o->f) )
            rc = errno ? -errno : -EIO;
        if ( fclose(o->f) && !rc )
            rc = -errno;
        o->f = NULL;
        free(o->buf);
        o->buf = NULL;
    }
    if ( !rc && o->temp && rename(o->temp, o->path) )
        rc = -errno;
    if ( rc )
        return fail(err, o->path, rc, "cannot write: %s");

    free(o->temp);
    o->temp = NULL;
    return 0;
}

void output_abandon(struct export_output *o,
                    const struct idtap_export_format *format)
{
    if ( o->f )
        fclose(o->f);
    free(o->buf);
    if ( o->temp )
        unlink(o->temp);
    free(o->temp);

    if ( format->kind == IDTAP_EXPORT_DIRECTORY && o->made_dir )
    {
        output_clear_trace(o->path);
        rmdir(o->path);
    }
    *o = (struct export_output){ .path = o->path };
}
