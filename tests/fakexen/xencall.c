/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypercalls that idtap makes, as libxencall offers them. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/hypfs.h>
#include <xen/sysctl.h>
#include <xen/version.h>
#include <xencall.h>

#include "fakexen.h"

xencall_handle *xencall_open(struct xentoollog_logger *logger,
                             unsigned int flags)
{
    (void)logger;
    (void)flags;
    return fake_fails("open") ? NULL : (void *)fake_lock;
}

int xencall_close(xencall_handle *call)
{
    (void)call;
    return 0;
}

void *xencall_alloc_buffer(xencall_handle *call, size_t size)
{
    (void)call;
    return fake_fails("buffer") ? NULL : malloc(size);
}

void xencall_free_buffer(xencall_handle *call, void *p)
{
    (void)call;
    free(p);
}

/* As the kernel hands it on. */
static int answer(int rc)
{
    if ( rc >= 0 )
        return rc;
    errno = -rc;
    return -1;
}

int xencall2(xencall_handle *call, unsigned int op, uint64_t what, uint64_t arg)
{
    xen_build_id_t *id = (void *)arg;
    struct world *w = fake_lock();
    int rc = -ENOSYS;

    (void)call;
    if ( op == __HYPERVISOR_xen_version && what == XENVER_version )
        rc = fake_fails("version") ? -errno : 4 << 16 | 17;
    else if ( op == __HYPERVISOR_xen_version && what == XENVER_extraversion )
    {
        strcpy((char *)arg, ".5-fake");
        rc = 0;
    }
    else if ( op == __HYPERVISOR_xen_version && what == XENVER_build_id )
    {
        memcpy(id->buf, w->build_id, IDTAP_BUILD_ID_LEN);
        rc = IDTAP_BUILD_ID_LEN;
    }
    fake_unlock(w);
    return answer(rc);
}

static int upload(struct world *w, struct xen_sysctl_livepatch_upload *u)
{
    static const uint32_t magic[3] = {
        IDTAP_PARAMS_MAGIC, IDTAP_ABI_VERSION, sizeof(w->params),
    };
    const uint8_t *params;

    if ( w->uploaded )
        return -EEXIST;
    params = memmem(u->payload.p, u->size, magic, sizeof(magic));
    if ( !params || params + sizeof(w->params) >
                    (const uint8_t *)u->payload.p + u->size )
        return -EINVAL;
    memcpy(&w->params, params, sizeof(w->params));
    if ( memcmp(w->params.profile.build_id, w->build_id, IDTAP_BUILD_ID_LEN) )
        return -EINVAL;
    w->uploaded = true;
    w->action_rc = 0;
    return 0;
}

static int apply(struct world *w)
{
    if ( w->applied )
        return -EINVAL;
    if ( fake_fails("apply") )
        return -errno;
    w->applied = !fake_rings_make(w);
    return w->applied ? 0 : -ENOMEM;
}

static int revert(struct world *w)
{
    if ( fake_fails("revert") )
        return -errno;
    if ( fake_mapped() )
        return -IDTAP_REFUSE_HELD;
    w->applied = false;
    return 0;
}

static int action(struct world *w, const struct xen_sysctl_livepatch_action *a)
{
    if ( !w->uploaded )
        return -ENOENT;
    if ( fake_fails("action") )
        return -errno;
    switch ( a->cmd )
    {
    case LIVEPATCH_ACTION_APPLY:
        w->action_rc = apply(w);
        return 0;

    case LIVEPATCH_ACTION_REVERT:
        w->action_rc = revert(w);
        return 0;

    case LIVEPATCH_ACTION_UNLOAD:
        if ( w->applied )
            return -EINVAL;
        w->uploaded = false;
        return 0;
    }
    return -EOPNOTSUPP;
}

/* Ours first, the other one on top. */
static int list(struct world *w, struct xen_sysctl_livepatch_list *l)
{
    unsigned int other = getenv("FAKEXEN_OTHER") ? 1 : 0;
    unsigned int nr = w->uploaded + other, ours = w->uploaded && !l->idx;

    if ( !l->nr || (!nr && !l->idx) )
        return 0;
    if ( l->idx >= nr )
        return -EINVAL;
    l->status.p->state = !ours || w->applied ? LIVEPATCH_STATE_APPLIED
                                             : LIVEPATCH_STATE_CHECKED;
    strcpy(l->name.p, ours ? IDTAP_PAYLOAD_NAME : "other");
    return 1;
}

static int livepatch(struct world *w, struct xen_sysctl_livepatch_op *op)
{
    switch ( op->cmd )
    {
    case XEN_SYSCTL_LIVEPATCH_UPLOAD:
        return fake_fails("upload") ? -errno : upload(w, &op->u.upload);

    case XEN_SYSCTL_LIVEPATCH_GET:
        if ( fake_fails("get") )
            return -errno;
        if ( !w->uploaded )
            return -ENOENT;
        op->u.get.status.state = w->applied ? LIVEPATCH_STATE_APPLIED
                                            : LIVEPATCH_STATE_CHECKED;
        op->u.get.status.rc = w->action_rc;
        return 0;

    case XEN_SYSCTL_LIVEPATCH_LIST:
        return list(w, &op->u.list);

    case XEN_SYSCTL_LIVEPATCH_ACTION:
        return action(w, &op->u.action);
    }
    return -EOPNOTSUPP;
}

struct search {
    unsigned int id;
    struct fake_domain found;
};

static bool same_id(void *ctx, const struct fake_domain *d)
{
    struct search *s = ctx;

    if ( d->id != s->id )
        return true;
    s->found = *d;
    return false;
}

static int domctl(struct xen_domctl *op)
{
    struct search s = { .id = op->domain, .found.id = ~0u };

    if ( op->interface_version != XEN_DOMCTL_INTERFACE_VERSION )
        return -EACCES;
    fake_domains(same_id, &s);
    if ( s.found.id != s.id )
        return -ESRCH;
    op->u.getdomaininfo.domain = op->domain;
    op->u.getdomaininfo.flags = s.found.reason < 0 ? 0 :
        XEN_DOMINF_shutdown |
        (uint32_t)s.found.reason << XEN_DOMINF_shutdownshift;
    return 0;
}

int xencall1(xencall_handle *call, unsigned int op, uint64_t arg)
{
    struct xen_sysctl *sysctl = (void *)arg;
    struct world *w = fake_lock();
    int rc = -ENOSYS;

    (void)call;
    if ( op == __HYPERVISOR_domctl )
        rc = fake_fails("domctl") ? -errno : domctl((void *)arg);
    else if ( op == __HYPERVISOR_sysctl )
        rc = sysctl->interface_version != XEN_SYSCTL_INTERFACE_VERSION
             ? -EACCES :
             sysctl->cmd != XEN_SYSCTL_livepatch_op ? -EOPNOTSUPP :
             fake_fails("livepatch") ? -errno
                                     : livepatch(w, &sysctl->u.livepatch);
    fake_unlock(w);
    return answer(rc);
}

/* Up to 8 KiB of a node's contents; the size, or -errno. */
static int node(struct world *w, const char *path, void *out)
{
    struct idtap_clock clock = { .tsc_khz = w->tsc_khz };
    static const struct idtap_caused_table caused;
    const char *state = getenv("FAKEXEN_STATE") ? getenv("FAKEXEN_STATE")
                                                : "ready";
    uint32_t hardware = fake_hardware();
    const struct tap_ring *ring;
    unsigned int cpu;
    char which[16];

#define IS(name, from, size) \
    if ( !strcmp(path, (name)) ) \
        return memcpy(out, (from), (size)) ? (int)(size) : 0

    IS("state", state, strlen(state) + 1);
    IS("version", IDTAP_VERSION, sizeof(IDTAP_VERSION));
    IS("hardware", &hardware, sizeof(hardware));
    IS("config", &w->config, sizeof(w->config));
    IS("rings", &w->rings, sizeof(w->rings));
    if ( !strcmp(path, "caused") )
    {
        struct idtap_caused_table *t = out;
        unsigned int i;

        *t = caused;
        for ( i = 0; i < IDTAP_MAX_INTERCEPTS; i++ )
            t->domain[i].domain = IDTAP_DOMID_NONE;
        if ( w->config.nr_intercepts )
            t->domain[0] = (struct idtap_caused){
                .domain = 1, .ticks = w->tsc_khz, .swint = 3,
                .exits = { [14] = 1234 },
            };
        return sizeof(*t);
    }
    clock.tsc = tap_ring_clock();
    clock.system_time_ns = clock.tsc / w->tsc_khz * 1000000;
    IS("clock", &clock, sizeof(clock));
    if ( sscanf(path, "cpu%u/%15s", &cpu, which) != 2 || cpu >= FAKE_CPUS )
        return -ENOENT;
    ring = &w->ring[cpu];
    path = which;
    IS("records", &ring->records, 8);
    IS("discards", &ring->discarded, 8);
    IS("packets", &ring->packets, 8);
#undef IS
    return -ENOENT;
}

static int hypfs_read(struct world *w, const char *path, void *buf,
                      uint64_t size)
{
    static uint8_t contents[sizeof(struct idtap_caused_table) + 4096];
    struct xen_hypfs_direntry *e = buf;
    int len;

    if ( strncmp(path, IDTAP_HYPFS_DIR "/", 7) )
        return strcmp(path, "/") ? -ENOENT : -ENOBUFS;
    if ( !w->applied )
        return -ENOENT;
    if ( fake_fails(path + 7) )
        return -errno;
    len = node(w, path + 7, contents);
    if ( len < 0 )
        return len;
    memset(e, 0, sizeof(*e));
    e->content_len = (uint32_t)len;
    if ( sizeof(*e) + (uint64_t)len > size )
        return -ENOBUFS;
    memcpy(e + 1, contents, (size_t)len);
    return 0;
}

static int hypfs_write(struct world *w, const char *path, const void *buf,
                       uint64_t size)
{
    uint32_t word;

    if ( !w->applied )
        return -ENOENT;
    if ( !strcmp(path, IDTAP_HYPFS_DIR "/config") )
        return fake_fails("configure") ? -errno
                                       : fake_config_write(w, buf, size);
    if ( strcmp(path, IDTAP_HYPFS_DIR "/flush") || size != sizeof(word) )
        return -EACCES;
    memcpy(&word, buf, sizeof(word));
    return fake_fails("flush") ? -errno : fake_flush(w, word);
}

int xencall5(xencall_handle *call, unsigned int op, uint64_t what,
             uint64_t path, uint64_t path_len, uint64_t buf, uint64_t size)
{
    struct world *w = fake_lock();
    int rc = -ENOSYS;

    (void)call;
    (void)path_len;
    if ( op != __HYPERVISOR_hypfs_op || fake_fails("hypfs") )
        ;
    else if ( what == XEN_HYPFS_OP_read )
        rc = hypfs_read(w, (const char *)path, (void *)buf, size);
    else if ( what == XEN_HYPFS_OP_write_contents )
        rc = hypfs_write(w, (const char *)path, (const void *)buf, size);
    fake_unlock(w);
    return answer(rc);
}
