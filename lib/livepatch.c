/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen's live-patch operations: upload, apply, revert, unload, list
 * (public/sysctl.h, docs/misc/livepatch.pandoc).
 *
 * Apply and revert are asynchronous: Xen parks all CPUs when they next idle or
 * leave a guest, within a time limit.  Xen's default of 30 ms is too short
 * for a busy host; running into the limit changes nothing and can be tried
 * again.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/sysctl.h>

#include "host_internal.h"

#define PARK_TIMEOUT_NS  1000000000u
#define TRIES            5
#define POLL_NS          1000000
#define POLLS            30000 /* half a minute: something is very wrong */

static void pause_ns(long ns)
{
    struct timespec t = { .tv_nsec = ns };

    nanosleep(&t, NULL);
}

/* The name in a buffer for Xen; @size counts its NUL, as Xen wants it. */
static char *name_buffer(struct idtap_host *host, const char *name,
                         struct xen_livepatch_name *out)
{
    char *buf = host_buffer(host, strlen(name) + 1);

    if ( buf )
    {
        strcpy(buf, name);
        memset(out, 0, sizeof(*out));
        out->name.p = buf;
        out->size = strlen(name) + 1;
    }
    return buf;
}

int livepatch_upload(struct idtap_host *host, const char *name,
                     const void *payload, size_t size)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_livepatch_op };
    void *data = host_buffer(host, size);
    char *buf = name_buffer(host, name, &op.u.livepatch.u.upload.name);
    int rc = -ENOMEM;

    if ( data && buf )
    {
        memcpy(data, payload, size);
        op.u.livepatch.cmd = XEN_SYSCTL_LIVEPATCH_UPLOAD;
        op.u.livepatch.u.upload.size = size;
        op.u.livepatch.u.upload.payload.p = data;
        rc = host_sysctl(host, &op);
    }
    host_buffer_free(host, buf);
    host_buffer_free(host, data);
    return rc;
}

static int get_status(struct idtap_host *host, const char *name,
                      struct xen_livepatch_status *status)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_livepatch_op };
    char *buf = name_buffer(host, name, &op.u.livepatch.u.get.name);
    int rc;

    if ( !buf )
        return -ENOMEM;
    op.u.livepatch.cmd = XEN_SYSCTL_LIVEPATCH_GET;
    rc = host_sysctl(host, &op);
    *status = op.u.livepatch.u.get.status;
    host_buffer_free(host, buf);
    return rc;
}

int livepatch_applied(struct idtap_host *host, const char *name)
{
    struct xen_livepatch_status status;
    int rc = get_status(host, name, &status);

    return rc ? rc : status.state == LIVEPATCH_STATE_APPLIED;
}

static int action_once(struct idtap_host *host, const char *name,
                       uint32_t cmd, uint32_t flags)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_livepatch_op };
    char *buf = name_buffer(host, name, &op.u.livepatch.u.action.name);
    struct xen_livepatch_status status;
    unsigned int i;
    int rc;

    if ( !buf )
        return -ENOMEM;
    op.u.livepatch.cmd = XEN_SYSCTL_LIVEPATCH_ACTION;
    op.u.livepatch.u.action.cmd = cmd;
    op.u.livepatch.u.action.timeout = PARK_TIMEOUT_NS;
    op.u.livepatch.u.action.flags = flags;
    rc = host_sysctl(host, &op);
    host_buffer_free(host, buf);
    if ( rc )
        return rc;
    if ( cmd == LIVEPATCH_ACTION_UNLOAD )
        return 0;

    for ( i = 0; i < POLLS; i++ )
    {
        rc = get_status(host, name, &status);
        if ( rc )
            return rc;
        if ( status.rc != -EAGAIN )
            return status.rc;
        pause_ns(POLL_NS);
    }
    return -ETIMEDOUT;
}

int livepatch_do(struct idtap_host *host, const char *name,
                 enum livepatch_action action)
{
    static const uint32_t cmds[] = {
        [LIVEPATCH_APPLY] = LIVEPATCH_ACTION_APPLY,
        [LIVEPATCH_REVERT] = LIVEPATCH_ACTION_REVERT,
        [LIVEPATCH_UNLOAD] = LIVEPATCH_ACTION_UNLOAD,
    };
    struct livepatch_stack stack;
    uint32_t flags = 0;
    unsigned int i;
    int rc;

    if ( action == LIVEPATCH_APPLY )
    {
        rc = livepatch_list(host, name, &stack);
        if ( rc )
            return rc;
        /*
         * Xen does not tell the build-id of the patch on top, which a payload
         * would have to name.  What counts for the tap is that its sites are
         * as the profile says, and that it proves itself.
         */
        if ( stack.nr_applied )
            flags = LIVEPATCH_ACTION_APPLY_NODEPS;
    }

    for ( i = 0; i < TRIES; i++ )
    {
        rc = action_once(host, name, cmds[action], flags);
        if ( rc != -EBUSY )
            break;
        /* A while, so that what keeps the CPUs busy may pass. */
        pause_ns(POLL_NS * 20);
    }
    return rc;
}

int livepatch_list(struct idtap_host *host, const char *name,
                   struct livepatch_stack *stack)
{
    /* Each payload is asked for by itself: few, and simple buffers. */
    struct {
        xen_livepatch_status_t status;
        uint32_t name_len, metadata_len;
        char name[XEN_LIVEPATCH_NAME_SIZE];
        char metadata[65536];
    } *buf = host_buffer(host, sizeof(*buf));
    unsigned int i;
    int rc = 0;

    if ( !buf )
        return -ENOMEM;
    memset(stack, 0, sizeof(*stack));
    for ( i = 0; ; i++ )
    {
        struct xen_sysctl op = { .cmd = XEN_SYSCTL_livepatch_op };
        struct xen_sysctl_livepatch_list *list = &op.u.livepatch.u.list;

        op.u.livepatch.cmd = XEN_SYSCTL_LIVEPATCH_LIST;
        list->idx = i;
        list->nr = 1;
        list->status.p = &buf->status;
        list->name.p = buf->name;
        list->len.p = &buf->name_len;
        list->metadata.p = buf->metadata;
        list->metadata_len.p = &buf->metadata_len;
        rc = host_sysctl(host, &op);
        if ( rc <= 0 )
        {
            /* Past the end; an empty list answers 0. */
            if ( rc == -EINVAL )
                rc = 0;
            break;
        }
        buf->name[sizeof(buf->name) - 1] = '\0';
        if ( buf->status.state != LIVEPATCH_STATE_APPLIED )
            continue;
        stack->nr_applied++;
        stack->on_top = !strcmp(buf->name, name);
        stack->found |= stack->on_top;
        snprintf(stack->top, sizeof(stack->top), "%s", buf->name);
    }
    host_buffer_free(host, buf);
    return rc;
}
