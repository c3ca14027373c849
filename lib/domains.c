/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domains of this host and their names, from xenstore.  Xen itself knows
 * no names, and its list of domains changes shape with its releases.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include <idtap/host.h>

static int one_domain(struct xs_handle *xs, const char *id,
                      int (*fn)(void *ctx, unsigned int domid,
                                const char *name), void *ctx)
{
    char path[64], *end, *name;
    unsigned long domid = strtoul(id, &end, 10);
    int rc;

    if ( *end || end == id || domid >= IDTAP_DOMID_IDLE )
        return 0;
    snprintf(path, sizeof(path), "/local/domain/%lu/name", domid);
    name = xs_read(xs, XBT_NULL, path, NULL);
    rc = fn(ctx, domid, name ? name : "");
    free(name);
    return rc;
}

int idtap_domains(int (*fn)(void *ctx, unsigned int domid, const char *name),
                  void *ctx)
{
    struct xs_handle *xs = xs_open(0);
    unsigned int i, n;
    char **ids;
    int rc = 0;

    if ( !xs )
        return -errno;
    ids = xs_directory(xs, XBT_NULL, "/local/domain", &n);
    if ( !ids )
        rc = -errno;
    for ( i = 0; ids && !rc && i < n; i++ )
        rc = one_domain(xs, ids[i], fn, ctx);
    free(ids);
    xs_close(xs);
    return rc;
}
