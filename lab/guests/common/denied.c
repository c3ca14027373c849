/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What idtap's user in dom0 may ask Xen for, and no guest may: hypfs, where the
 * tap is spoken to, and sysctls, by which it is attached.  Xen must say so
 * before it looks at anything else; requests are right otherwise.
 */
#include "common.h"

/* The header is for toolstacks, which this guest plays here. */
#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/errno.h>
#include <xen/hypfs.h>
#include <xen/sysctl.h>

static unsigned int tried;

void denied(const char *what, long rc)
{
    tried++;
    if ( rc != -XEN_EPERM )
        fail("Xen lets a guest do %s: %ld", what, rc);
}

void denied_check(void)
{
    static const char path[] = "/idtap/config";
    static struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_livepatch_op,
        .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
        .u.livepatch.cmd = XEN_SYSCTL_LIVEPATCH_LIST,
    };

    denied("hypfs get_version",
           xen_ask(__HYPERVISOR_hypfs_op, XEN_HYPFS_OP_get_version, 0, 0));
    denied("hypfs read",
           xen_ask(__HYPERVISOR_hypfs_op, XEN_HYPFS_OP_read, (uint64_t)path,
                   sizeof(path)));
    denied("hypfs write",
           xen_ask(__HYPERVISOR_hypfs_op, XEN_HYPFS_OP_write_contents,
                   (uint64_t)path, sizeof(path)));
    denied("sysctl livepatch_op",
           xen_ask(__HYPERVISOR_sysctl, (uint64_t)&op, 0, 0));
    say("denied calls=%u", tried);
}
