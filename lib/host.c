/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way to Xen: hypercalls through libxencall, whose ABI is stable.
 *
 * Sysctls carry an interface version that changes with Xen's releases though
 * the few operations used here have kept their layout since live patching
 * came; so the version is found by asking, and one binary serves them all.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/sysctl.h>
#include <xen/version.h>
#include <xencall.h>

#include "host_internal.h"

/* Xen 4.8 (the first with live patching) to well after today's. */
#define SYSCTL_VERSION_MIN 0x0eu
#define SYSCTL_VERSION_MAX 0x20u

void *host_buffer(struct idtap_host *host, size_t size)
{
    void *p = xencall_alloc_buffer(host->call, size);

    if ( p )
        memset(p, 0, size);
    return p;
}

void host_buffer_free(struct idtap_host *host, void *p)
{
    if ( p )
        xencall_free_buffer(host->call, p);
}

static int sysctl_once(struct idtap_host *host, struct xen_sysctl *op,
                       uint32_t version)
{
    struct xen_sysctl *buf = host_buffer(host, sizeof(*buf));
    int rc;

    if ( !buf )
        return -ENOMEM;
    *buf = *op;
    buf->interface_version = version;
    rc = xencall1(host->call, __HYPERVISOR_sysctl, (uint64_t)buf);
    if ( rc < 0 )
        rc = -errno;
    *op = *buf;
    host_buffer_free(host, buf);
    return rc;
}

/* A harmless sysctl; Xen answers -EACCES to a version it does not speak. */
static int find_sysctl_version(struct idtap_host *host)
{
    uint32_t v;
    int rc = -EACCES;

    for ( v = SYSCTL_VERSION_MIN; v <= SYSCTL_VERSION_MAX; v++ )
    {
        struct xen_sysctl op = { .cmd = XEN_SYSCTL_livepatch_op };

        op.u.livepatch.cmd = XEN_SYSCTL_LIVEPATCH_LIST;
        rc = sysctl_once(host, &op, v);
        if ( rc == -EACCES )
            continue;
        host->sysctl_version = v;
        return rc;
    }
    return rc;
}

int host_sysctl(struct idtap_host *host, struct xen_sysctl *op)
{
    return sysctl_once(host, op, host->sysctl_version);
}

static int read_version(struct idtap_host *host)
{
    /* The largest answer of the three is xen_build_id with its bytes. */
    struct {
        xen_build_id_t id;
        uint8_t bytes[sizeof(host->build_id)];
    } *buf = host_buffer(host, sizeof(*buf));
    int version, rc;
    unsigned int i;

    if ( !buf )
        return -ENOMEM;

    version = xencall2(host->call, __HYPERVISOR_xen_version, XENVER_version, 0);
    if ( version < 0 )
        goto error;
    if ( xencall2(host->call, __HYPERVISOR_xen_version, XENVER_extraversion,
                  (uint64_t)buf) < 0 )
        goto error;
    snprintf(host->version, sizeof(host->version), "%d.%d%.*s", version >> 16,
             version & 0xffff, (int)sizeof(xen_extraversion_t),
             (const char *)buf);

    memset(buf, 0, sizeof(*buf));
    buf->id.len = sizeof(host->build_id);
    rc = xencall2(host->call, __HYPERVISOR_xen_version, XENVER_build_id,
                  (uint64_t)buf);
    if ( rc < 0 )
        goto error;
    host->build_id_len = rc;
    memcpy(host->build_id, buf->id.buf, rc);
    for ( i = 0; i < host->build_id_len; i++ )
        sprintf(&host->build_id_hex[2 * i], "%02x", host->build_id[i]);
    host_buffer_free(host, buf);
    return 0;

 error:
    rc = -errno;
    host_buffer_free(host, buf);
    return rc;
}

int idtap_host_open(struct idtap_host **out)
{
    struct idtap_host *host;
    int rc;

    if ( access("/proc/xen", F_OK) && access("/sys/hypervisor/type", F_OK) )
        return -ENODEV;
    if ( geteuid() )
        return -EACCES;

    host = calloc(1, sizeof(*host));
    if ( !host )
        return -ENOMEM;
    host->call = xencall_open(NULL, 0);
    if ( !host->call )
    {
        rc = -ENODEV;
        goto error;
    }
    rc = read_version(host);
    if ( rc )
        goto error;
    rc = find_sysctl_version(host);
    if ( rc < 0 )
        goto error;
    *out = host;
    return 0;

 error:
    idtap_host_close(host);
    return rc;
}

void idtap_host_close(struct idtap_host *host)
{
    if ( !host )
        return;
    if ( host->call )
        xencall_close(host->call);
    free(host);
}

const char *idtap_host_version(const struct idtap_host *host)
{
    return host->version;
}

const uint8_t *idtap_host_build_id(const struct idtap_host *host)
{
    return host->build_id;
}

const char *idtap_host_build_id_hex(const struct idtap_host *host)
{
    return host->build_id_hex;
}
