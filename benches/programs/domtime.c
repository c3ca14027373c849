/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long the vCPUs of a domain have run, as Xen's scheduler accounts for it:
 * nanoseconds, the time in Xen for their exits included, idle and waiting time
 * not.  Where the TSC counts instructions, these are instructions.  A domain
 * that has shut down still has its time, until it is destroyed.
 *
 * Usage: domtime DOMID
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/sysctl.h>

#include "host_internal.h"

static int cpu_time(struct idtap_host *host, unsigned int domid, uint64_t *ns)
{
    xen_domctl_getdomaininfo_t *info = host_buffer(host, sizeof(*info));
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_getdomaininfolist };
    int rc;

    if ( !info )
        return -ENOMEM;
    op.u.getdomaininfolist.first_domain = (domid_t)domid;
    op.u.getdomaininfolist.max_domains = 1;
    set_xen_guest_handle(op.u.getdomaininfolist.buffer, info);
    rc = host_sysctl(host, &op);
    if ( rc >= 0 && (op.u.getdomaininfolist.num_domains != 1 ||
                     info->domain != domid) )
        rc = -ENOENT;
    *ns = info->cpu_time;
    host_buffer_free(host, info);
    return rc < 0 ? rc : 0;
}

int main(int argc, char **argv)
{
    struct idtap_host *host;
    uint64_t ns = 0;
    int rc;

    if ( argc != 2 )
        return 2;
    rc = idtap_host_open(&host);
    if ( !rc )
    {
        rc = cpu_time(host, (unsigned int)strtoul(argv[1], NULL, 10), &ns);
        idtap_host_close(host);
    }
    if ( rc )
    {
        fprintf(stderr, "domtime: %s\n", strerror(-rc));
        return 1;
    }
    printf("%llu\n", (unsigned long long)ns);
    return 0;
}
