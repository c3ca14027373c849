/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hypfs for programs that ask for what nobody should: any operation, path,
 * address and length go to Xen as they are.  The library's own functions make a
 * buffer for each call, which would be most of the time here.
 */
#ifndef LAB_PROGRAMS_RAW_H
#define LAB_PROGRAMS_RAW_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/hypfs.h>
#include <xencall.h>

#include <host_internal.h>

#define RAW_BUFFER 65536u

struct raw {
    struct idtap_host *host;
    char *path;   /* both may be handed to Xen: pages of their own */
    uint8_t *buf; /* of RAW_BUFFER bytes */
};

/* 0, or what idtap_host_open() says. */
static inline int raw_open(struct raw *r)
{
    int rc = idtap_host_open(&r->host);

    if ( rc )
        return rc;
    r->path = host_buffer(r->host, XEN_HYPFS_MAX_PATHLEN + 64);
    r->buf = host_buffer(r->host, RAW_BUFFER);
    return r->path && r->buf ? 0 : -ENOMEM;
}

static inline void raw_close(struct raw *r)
{
    host_buffer_free(r->host, r->path);
    host_buffer_free(r->host, r->buf);
    idtap_host_close(r->host);
}

/* What Xen answers: 0 or more, or -errno. */
static inline int raw_op(struct raw *r, uint64_t op, uint64_t path,
                         uint64_t path_len, uint64_t buf, uint64_t len)
{
    int rc = xencall5(r->host->call, __HYPERVISOR_hypfs_op, op, path, path_len,
                      buf, len);

    return rc < 0 ? -errno : rc;
}

/* The same of a path that is one. */
static inline int raw_at(struct raw *r, unsigned int op, const char *path,
                         const void *buf, uint64_t len)
{
    strcpy(r->path, path);
    return raw_op(r, op, (uint64_t)r->path, strlen(path) + 1, (uint64_t)buf,
                  len);
}

/* Reads into r->buf: a struct xen_hypfs_direntry, and what the node holds. */
static inline int raw_read(struct raw *r, const char *path)
{
    return raw_at(r, XEN_HYPFS_OP_read, path, r->buf, RAW_BUFFER);
}

static inline uint32_t raw_length(const struct raw *r)
{
    return ((const struct xen_hypfs_direntry *)r->buf)->content_len;
}

static inline const uint8_t *raw_content(const struct raw *r)
{
    return r->buf + sizeof(struct xen_hypfs_direntry);
}

#endif /* LAB_PROGRAMS_RAW_H */
