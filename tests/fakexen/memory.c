/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Foreign memory: frames of the world's file.  Who has it open is who the pCPUs
 * run for: a thread, so that packets fill while the reader looks.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <xenforeignmemory.h>

#include "fakexen.h"

static pthread_t thread;
static bool stop;
static int mapper = -1;

static void *run(void *arg)
{
    struct timespec t = { .tv_nsec = 1000000 };

    (void)arg;
    while ( !__atomic_load_n(&stop, __ATOMIC_ACQUIRE) )
    {
        struct world *w = fake_lock();

        if ( w->config.classes )
            fake_cpus_run(w);
        fake_unlock(w);
        nanosleep(&t, NULL);
    }
    return NULL;
}

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
                                               unsigned int flags)
{
    (void)logger;
    (void)flags;
    if ( fake_fails("foreign") )
        return NULL;
    fake_unlock(fake_lock()); /* there is a world now */
    mapper = fake_mapper();
    stop = false;
    if ( pthread_create(&thread, NULL, run, NULL) )
        abort();
    return (void *)run;
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
    (void)fmem;
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    return close(mapper);
}

void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom,
                           int prot, size_t pages, const xen_pfn_t arr[],
                           int err[])
{
    size_t i;
    void *p;

    (void)fmem;
    if ( dom != DOMID_XEN || fake_fails("map") )
    {
        errno = errno ? errno : EINVAL;
        return NULL;
    }
    for ( i = 0; i < pages; i++ )
    {
        /* The fake's rings are in a row. */
        err[i] = arr[i] != arr[0] + i || arr[i] >= FAKE_FRAMES ? -EINVAL : 0;
        if ( fake_fails("page") )
            err[i] = -errno;
    }
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
