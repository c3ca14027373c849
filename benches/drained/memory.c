/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Foreign memory of the fake Xen (tests/fakexen), without the pCPUs that run
 * there: here the bench writes the records.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include <xenforeignmemory.h>

#include "../../tests/fakexen/fakexen.h"

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
                                               unsigned int flags)
{
    (void)logger;
    (void)flags;
    return (void *)xenforeignmemory_open;
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
    (void)fmem;
    return 0;
}

void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom,
                           int prot, size_t pages, const xen_pfn_t arr[],
                           int err[])
{
    size_t i;
    void *p;

    (void)fmem;
    if ( dom != DOMID_XEN )
    {
        errno = EINVAL;
        return NULL;
    }
    for ( i = 0; i < pages; i++ )
        err[i] = arr[i] != arr[0] + i || arr[i] >= FAKE_FRAMES ? -EINVAL : 0;
    p = mmap(NULL, pages * FAKE_PAGE, prot, MAP_SHARED, fake_file(),
             (off_t)(arr[0] * FAKE_PAGE));
    return p == MAP_FAILED ? NULL : p;
}

int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr,
                           size_t pages)
{
    (void)fmem;
    return munmap(addr, pages * FAKE_PAGE);
}
