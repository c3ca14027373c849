/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the library that talk to Xen share: hypercalls, the
 * live-patch operations and the nodes of hypfs.  Rules as in
 * include/idtap/host.h.
 */
#ifndef LIB_HOST_INTERNAL_H
#define LIB_HOST_INTERNAL_H

#include <idtap/host.h>

struct xencall_handle;

struct idtap_host {
    struct xencall_handle *call;
    uint32_t sysctl_version; /* the one this Xen speaks; 0: not known yet */
    char version[80];
    uint8_t build_id[64];
    unsigned int build_id_len;
    char build_id_hex[129];
};

/* A buffer that may be handed to Xen; NULL if there is no memory. */
void *host_buffer(struct idtap_host *host, size_t size);
void host_buffer_free(struct idtap_host *host, void *p);

struct xen_sysctl;
/* One sysctl; *op is copied in and out.  >= 0 or -errno. */
int host_sysctl(struct idtap_host *host, struct xen_sysctl *op);

/* lib/livepatch.c; payloads by name. */
int livepatch_upload(struct idtap_host *host, const char *name,
                     const void *payload, size_t size);
enum livepatch_action {
    LIVEPATCH_APPLY,
    LIVEPATCH_REVERT,
    LIVEPATCH_UNLOAD,
};
/* Waits for the end; retries when Xen could not park its CPUs in time. */
int livepatch_do(struct idtap_host *host, const char *name,
                 enum livepatch_action action);
/* 1: applied, 0: uploaded only, -ENOENT: not there, or another -errno. */
int livepatch_applied(struct idtap_host *host, const char *name);

struct livepatch_stack {
    unsigned int nr_applied;
    bool found;            /* the payload asked for is applied */
    bool on_top;           /* and the last one in Xen's list */
    char top[128];         /* name of the last applied one */
    /*
     * Build-id of the last applied payload, if it told one in its metadata or
     * is ours; Xen does not tell it otherwise.
     */
};
int livepatch_list(struct idtap_host *host, const char *name,
                   struct livepatch_stack *stack);

/* lib/doorway.c; @path begins with '/'.  Bytes read, or -errno. */
int hypfs_read(struct idtap_host *host, const char *path, void *buf,
               size_t size);
int hypfs_write(struct idtap_host *host, const char *path, const void *buf,
                size_t size);

#endif /* LIB_HOST_INTERNAL_H */
