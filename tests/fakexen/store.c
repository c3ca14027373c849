/* SPDX-License-Identifier: GPL-2.0-only */
/* Xenstore: the names of domains, and word of those that end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <xenstore.h>

#include "fakexen.h"

struct xs_handle {
    int fd; /* inotify: the list of domains was replaced */
};

void fake_domains(bool (*fn)(void *ctx, const struct fake_domain *d),
                  void *ctx)
{
    FILE *f = fopen(fake_path("domains"), "r");
    struct fake_domain d;
    char line[128];
    bool more = true;

    while ( f && more && fgets(line, sizeof(line), f) )
    {
        d.reason = -1;
        if ( sscanf(line, "%u %79s %d", &d.id, d.name, &d.reason) >= 2 )
            more = fn(ctx, &d);
    }
    if ( f )
        fclose(f);
}

struct xs_handle *xs_open(unsigned long flags)
{
    struct xs_handle *xs;

    (void)flags;
    if ( fake_fails("xenstore") )
        return NULL;
    xs = malloc(sizeof(*xs));
    if ( xs )
        xs->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return xs;
}

void xs_close(struct xs_handle *xs)
{
    close(xs->fd);
    free(xs);
}

bool xs_watch(struct xs_handle *xs, const char *path, const char *token)
{
    (void)path;
    (void)token;
    return inotify_add_watch(xs->fd, getenv("FAKEXEN"), IN_MOVED_TO) >= 0;
}

int xs_fileno(struct xs_handle *xs)
{
    return xs->fd;
}

char **xs_check_watch(struct xs_handle *xs)
{
    char buf[512] __attribute__((aligned(8)));

    return read(xs->fd, buf, sizeof(buf)) > 0 ? calloc(3, sizeof(char *))
                                              : NULL;
}

static bool count(void *ctx, const struct fake_domain *d)
{
    (void)d;
    ++*(unsigned int *)ctx;
    return true;
}

struct fill {
    char **ids, *text;
    unsigned int nr;
};

static bool add(void *ctx, const struct fake_domain *d)
{
    struct fill *f = ctx;

    f->ids[f->nr++] = f->text;
    f->text += sprintf(f->text, "%u", d->id) + 1;
    return true;
}

/* Pointers and texts in one piece, as libxenstore has them. */
char **xs_directory(struct xs_handle *xs, xs_transaction_t t, const char *path,
                    unsigned int *num)
{
    unsigned int nr = 0;
    struct fill f = { .nr = 0 };

    (void)xs;
    (void)t;
    (void)path;
    if ( fake_fails("directory") )
        return NULL;
    fake_domains(count, &nr);
    f.ids = malloc(nr * (sizeof(char *) + 12) + 1);
    if ( !f.ids )
        return NULL;
    f.text = (char *)(f.ids + nr);
    fake_domains(add, &f);
    *num = f.nr;
    return f.ids;
}

struct wanted {
    unsigned int id;
    char *name;
};

static bool match(void *ctx, const struct fake_domain *d)
{
    struct wanted *w = ctx;

    if ( d->id != w->id )
        return true;
    /* "-" has none, or none any more. */
    if ( strcmp(d->name, "-") )
        w->name = strdup(d->name);
    return false;
}

void *xs_read(struct xs_handle *xs, xs_transaction_t t, const char *path,
              unsigned int *len)
{
    struct wanted w = { .name = NULL };

    (void)xs;
    (void)t;
    (void)len;
    if ( sscanf(path, "/local/domain/%u/name", &w.id) == 1 )
        fake_domains(match, &w);
    return w.name;
}
