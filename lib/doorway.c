/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nodes of hypfs that the tap opens under /idtap (include/idtap/control.h),
 * by hypercall: libxenhypfs writes text only, and our nodes are binary.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <xen/xen.h>
#include <xen/hypfs.h>
#include <xencall.h>

#include "host_internal.h"

#define BUSY_TRIES 1000 /* of 1 ms */

static int hypfs_op(struct idtap_host *host, unsigned int op, const char *path,
                    void *buf, size_t size)
{
    char *path_buf = host_buffer(host, strlen(path) + 1);
    int rc;

    if ( !path_buf )
        return -ENOMEM;
    strcpy(path_buf, path);
    rc = xencall5(host->call, __HYPERVISOR_hypfs_op, op, (uint64_t)path_buf,
                  strlen(path) + 1, (uint64_t)buf, size);
    if ( rc < 0 )
        rc = -errno;
    host_buffer_free(host, path_buf);
    return rc;
}

int hypfs_read(struct idtap_host *host, const char *path, void *buf,
               size_t size)
{
    struct xen_hypfs_direntry *e = host_buffer(host, sizeof(*e) + size);
    int rc;

    if ( !e )
        return -ENOMEM;
    rc = hypfs_op(host, XEN_HYPFS_OP_read, path, e, sizeof(*e) + size);
    if ( !rc )
    {
        rc = e->content_len <= size ? (int)e->content_len : -EMSGSIZE;
        if ( rc > 0 )
            memcpy(buf, e + 1, rc);
    }
    host_buffer_free(host, e);
    return rc;
}

int hypfs_write(struct idtap_host *host, const char *path, const void *buf,
                size_t size)
{
    void *copy = host_buffer(host, size);
    int rc;

    if ( !copy )
        return -ENOMEM;
    memcpy(copy, buf, size);
    rc = hypfs_op(host, XEN_HYPFS_OP_write_contents, path, copy, size);
    host_buffer_free(host, copy);
    return rc;
}

/* A node that must have exactly @size bytes. */
static int read_exactly(struct idtap_host *host, const char *path, void *buf,
                        size_t size)
{
    int rc = hypfs_read(host, path, buf, size);

    if ( rc < 0 )
        return rc;
    return (size_t)rc == size ? 0 : -EPROTO;
}

static int read_string(struct idtap_host *host, const char *path, char *buf,
                       size_t size)
{
    int rc = hypfs_read(host, path, buf, size - 1);

    buf[rc > 0 ? rc : 0] = '\0';
    return rc < 0 ? rc : 0;
}

static int read_cpu(struct idtap_host *host, unsigned int cpu,
                    struct idtap_cpu_status *status)
{
    static const char *const nodes[] = { "records", "discards", "packets" };
    uint64_t *const values[] = { &status->records, &status->discards,
                                 &status->packets };
    char path[64];
    unsigned int i;
    int rc;

    for ( i = 0; i < 3; i++ )
    {
        snprintf(path, sizeof(path), IDTAP_HYPFS_DIR "/cpu%u/%s", cpu,
                 nodes[i]);
        rc = read_exactly(host, path, values[i], sizeof(uint64_t));
        if ( rc )
            return rc;
    }
    status->present = true;
    return 0;
}

int idtap_status(struct idtap_host *host, struct idtap_status *status)
{
    struct livepatch_stack stack;
    struct idtap_clock clock;
    unsigned int i;
    int rc;

    memset(status, 0, sizeof(*status));
    rc = livepatch_applied(host, IDTAP_PAYLOAD_NAME);
    if ( rc == -ENOENT )
        return 0;
    if ( rc < 0 )
        return rc;
    if ( !rc )
    {
        status->state = IDTAP_STATE_UPLOADED;
        return 0;
    }

    rc = livepatch_list(host, IDTAP_PAYLOAD_NAME, &stack);
    if ( rc )
        return rc;
    status->on_top = stack.on_top;

    if ( (rc = read_string(host, IDTAP_HYPFS_DIR "/state", status->text,
                           sizeof(status->text))) ||
         (rc = read_string(host, IDTAP_HYPFS_DIR "/version", status->version,
                           sizeof(status->version))) )
        return rc;
    if ( (rc = idtap_clock(host, &clock)) ||
         (rc = read_exactly(host, IDTAP_HYPFS_DIR "/hardware",
                            &status->hardware, sizeof(status->hardware))) )
        return rc;
    status->tsc_khz = clock.tsc_khz;
    status->state = strcmp(status->text, "ready") ? IDTAP_STATE_FAILED
                                                  : IDTAP_STATE_ATTACHED;
    if ( (rc = read_exactly(host, IDTAP_HYPFS_DIR "/config", &status->config,
                            sizeof(status->config))) ||
         (rc = read_exactly(host, IDTAP_HYPFS_DIR "/caused", &status->caused,
                            sizeof(status->caused))) ||
         (rc = read_exactly(host, IDTAP_HYPFS_DIR "/rings", &status->rings,
                            sizeof(status->rings))) )
        return rc;
    if ( status->rings.abi_version != IDTAP_ABI_VERSION ||
         status->config.magic != IDTAP_CONFIG_MAGIC ||
         status->rings.nr_cpus > IDTAP_MAX_CPUS )
        return status->state == IDTAP_STATE_FAILED ? 0 : -EPROTO;

    status->nr_cpus = status->rings.nr_cpus;
    for ( i = 0; i < status->nr_cpus; i++ )
        if ( status->rings.info_mfn[i] &&
             (rc = read_cpu(host, i, &status->cpu[i])) )
            return rc;
    return 0;
}

/* The tap answers -EBUSY while a pCPU is coming or going: that passes. */
static int write_patiently(struct idtap_host *host, const char *path,
                           const void *buf, size_t size)
{
    struct timespec t = { .tv_nsec = 1000000 };
    unsigned int i;
    int rc;

    for ( i = 0; i < BUSY_TRIES; i++ )
    {
        rc = hypfs_write(host, path, buf, size);
        if ( rc != -EBUSY )
            break;
        nanosleep(&t, NULL);
    }
    return rc;
}

int idtap_configure(struct idtap_host *host, const struct idtap_config *config)
{
    struct idtap_config c = *config;

    c.magic = IDTAP_CONFIG_MAGIC;
    c.version = IDTAP_ABI_VERSION;
    c.size = sizeof(c);
    return write_patiently(host, IDTAP_HYPFS_DIR "/config", &c, sizeof(c));
}

int idtap_configuration(struct idtap_host *host, struct idtap_config *config)
{
    return read_exactly(host, IDTAP_HYPFS_DIR "/config", config,
                        sizeof(*config));
}

int idtap_flush(struct idtap_host *host, uint32_t what)
{
    return write_patiently(host, IDTAP_HYPFS_DIR "/flush", &what,
                           sizeof(what));
}

int idtap_clock(struct idtap_host *host, struct idtap_clock *clock)
{
    return read_exactly(host, IDTAP_HYPFS_DIR "/clock", clock, sizeof(*clock));
}
