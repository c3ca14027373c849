/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What idtap asks of the system and gets another answer to (by the linker's
 * --wrap): this is dom0, we are root, and what idtap keeps in /run is in
 * $FAKEXEN, so that tests do not meet there.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fakexen.h"

#define RUN_FILES "/run/idtap."
#define LEN 512

int __real_access(const char *path, int mode);
int __real_open(const char *path, int flags, ...);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
ssize_t __real_write(int fd, const void *buf, size_t size);
int __wrap_access(const char *path, int mode);
uid_t __wrap_geteuid(void);
int __wrap_open(const char *path, int flags, ...);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
ssize_t __wrap_write(int fd, const void *buf, size_t size);

/* @path, or where it is here, in @buf. */
static const char *moved(const char *path, char buf[LEN])
{
    if ( strncmp(path, RUN_FILES, strlen(RUN_FILES)) )
        return path;
    snprintf(buf, LEN, "%s", fake_path(path + strlen("/run/")));
    return buf;
}

int __wrap_access(const char *path, int mode)
{
    return strcmp(path, "/proc/xen") ? __real_access(path, mode) : 0;
}

uid_t __wrap_geteuid(void)
{
    return 0;
}

int __wrap_open(const char *path, int flags, ...)
{
    char buf[LEN];
    mode_t mode = 0;
    va_list ap;

    if ( flags & O_CREAT )
    {
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    return __real_open(moved(path, buf), flags, mode);
}

int __wrap_rename(const char *from, const char *to)
{
    char buf[2][LEN];

    return __real_rename(moved(from, buf[0]), moved(to, buf[1]));
}

int __wrap_unlink(const char *path)
{
    char buf[LEN];

    return __real_unlink(moved(path, buf));
}

/* The lock: a pCPU is not to be killed (fakexen.h). */
static void die(void)
{
    fake_lock();
    raise(SIGKILL);
}

ssize_t __wrap_write(int fd, const void *buf, size_t size)
{
    static unsigned int writes;
    const char *when = getenv("FAKEXEN_DIE");
    bool it = when && ++writes == (unsigned int)atoi(when);
    ssize_t rc;

    if ( it && *when != '+' )
        die();
    rc = __real_write(fd, buf, size);
    if ( it )
        die();
    return rc;
}
