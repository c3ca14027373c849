/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches guests end.  xenstored wakes everybody who watches @releaseDomain
 * when a guest has shut down; why, only Xen knows, until the toolstack has
 * destroyed the domain.
 *
 * Domctls carry an interface version that changes with Xen's releases; the
 * first fields of XEN_DOMCTL_getdomaininfo have kept their places in all of
 * them, so the version is found by asking, as that of sysctls is.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xencall.h>
#include <xenstore.h>

#include <idtap/shutdowns.h>

#include "host_internal.h"

/* Xen 4.8 (the first with live patching) to well after today's. */
#define DOMCTL_VERSION_MIN 0x0bu
#define DOMCTL_VERSION_MAX 0x20u

#define NR_WORDS (0x8000 / 64)

struct idtap_shutdowns {
    struct idtap_host *host;
    struct xs_handle *xs;
    uint32_t version;
    uint64_t known[NR_WORDS]; /* ended, and told of */
    int (*fn)(void *ctx, uint16_t domain, enum idtap_shutdown why);
    void *ctx;
};

/* The XEN_DOMINF_* flags of @domain; -ESRCH if there is none. */
static int domain_flags(struct idtap_shutdowns *s, uint16_t domain,
                        uint32_t version, uint32_t *flags)
{
    struct xen_domctl *op = host_buffer(s->host, sizeof(*op));
    int rc;

    if ( !op )
        return -ENOMEM;
    op->cmd = XEN_DOMCTL_getdomaininfo;
    op->interface_version = version;
    op->domain = domain;
    rc = xencall1(s->host->call, __HYPERVISOR_domctl, (uint64_t)op);
    if ( rc < 0 )
        rc = -errno;
    /* Xen up to 4.17 answers with the next domain that there is. */
    else if ( op->u.getdomaininfo.domain != domain )
        rc = -ESRCH;
    *flags = op->u.getdomaininfo.flags;
    host_buffer_free(s->host, op);
    return rc < 0 ? rc : 0;
}

static int find_version(struct idtap_shutdowns *s)
{
    uint32_t v, flags;
    int rc = -EACCES;

    for ( v = DOMCTL_VERSION_MIN; rc == -EACCES && v <= DOMCTL_VERSION_MAX;
          v++ )
    {
        rc = domain_flags(s, 0, v, &flags);
        s->version = v;
    }
    return rc;
}

static int check_one(void *shutdowns, unsigned int domid, const char *name)
{
    struct idtap_shutdowns *s = shutdowns;
    uint64_t *word = &s->known[domid / 64 % NR_WORDS];
    uint64_t bit = 1ull << (domid % 64);
    uint32_t flags;

    (void)name;
    /* Ids are used again: one that runs has not ended. */
    if ( domain_flags(s, (uint16_t)domid, s->version, &flags) ||
         !(flags & XEN_DOMINF_shutdown) )
    {
        *word &= ~bit;
        return 0;
    }
    if ( *word & bit )
        return 0;
    *word |= bit;
    return s->fn ? s->fn(s->ctx, (uint16_t)domid,
                         flags >> XEN_DOMINF_shutdownshift &
                         XEN_DOMINF_shutdownmask)
                 : 0;
}

int idtap_shutdowns_check(struct idtap_shutdowns *s,
                          int (*fn)(void *ctx, uint16_t domain,
                                    enum idtap_shutdown why),
                          void *ctx)
{
    char **event;

    while ( (event = xs_check_watch(s->xs)) )
        free(event);
    s->fn = fn;
    s->ctx = ctx;
    return idtap_domains(check_one, s);
}

int idtap_shutdowns_open(struct idtap_host *host, struct idtap_shutdowns **out)
{
    struct idtap_shutdowns *s = calloc(1, sizeof(*s));
    int rc = 0;

    if ( !s )
        return -ENOMEM;
    s->host = host;
    s->xs = xs_open(0);
    if ( !s->xs || !xs_watch(s->xs, "@releaseDomain", "idtap") )
        rc = errno ? -errno : -EIO;
    if ( !rc )
        rc = find_version(s);
    if ( !rc )
        rc = idtap_shutdowns_check(s, NULL, NULL);
    if ( rc )
    {
        idtap_shutdowns_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void idtap_shutdowns_close(struct idtap_shutdowns *s)
{
    if ( !s )
        return;
    if ( s->xs )
        xs_close(s->xs);
    free(s);
}

int idtap_shutdowns_fd(const struct idtap_shutdowns *s)
{
    return xs_fileno(s->xs);
}
