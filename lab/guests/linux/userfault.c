/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page faults that another thread resolves (userfaultfd): each one must arrive
 * there, with its address and kind, and only it.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "load.h"

#define PAGES 16

static int open_userfault(void)
{
    struct uffdio_api api = { .api = UFFD_API };
    int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

    if ( fd >= 0 && ioctl(fd, UFFDIO_API, &api) )
    {
        close(fd);
        fd = -1;
    }
    return fd;
}

const char *lacks_userfault(void)
{
    int fd = open_userfault();

    if ( fd < 0 )
        return strerror(errno);
    close(fd);
    return NULL;
}

struct server {
    int fd;
    char *pages;
    uint64_t seen[PAGES]; /* offset of each fault, and bit 0: a write */
};

static void *serve(void *arg)
{
    char *content = map_pages(1, PROT_READ | PROT_WRITE);
    struct server *s = arg;

    for ( size_t i = 0; i < PAGES; i++ )
    {
        struct uffdio_copy copy = { .len = PAGE, .src = (uint64_t)content };
        struct uffd_msg m;

        CHECK(read(s->fd, &m, sizeof(m)) == sizeof(m));
        CHECK(m.event == UFFD_EVENT_PAGEFAULT);
        copy.dst = m.arg.pagefault.address & ~(uint64_t)(PAGE - 1);
        s->seen[i] = (copy.dst - (uint64_t)s->pages) |
                     !!(m.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WRITE);
        memset(content, (int)(copy.dst / PAGE % 251), PAGE);
        CHECK(!ioctl(s->fd, UFFDIO_COPY, &copy));
        CHECK(copy.copy == PAGE);
    }
    CHECK(!munmap(content, PAGE));
    return NULL;
}

void part_userfault(void)
{
    struct server s = { .fd = open_userfault() };
    struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
    pthread_t thread;

    CHECK(s.fd >= 0);
    s.pages = map_pages(PAGES, PROT_READ | PROT_WRITE);
    reg.range.start = (uint64_t)s.pages;
    reg.range.len = PAGES * PAGE;
    CHECK(!ioctl(s.fd, UFFDIO_REGISTER, &reg));
    CHECK(!pthread_create(&thread, NULL, serve, &s));
    for ( size_t i = 0; i < PAGES; i++ )
    {
        /* From the end, reading and writing by turns. */
        size_t n = PAGES - 1 - i;
        volatile uint8_t *p = (uint8_t *)s.pages + n * PAGE;

        if ( i & 1 )
            p[1] = i;
        CHECK(p[0] == (uint64_t)p / PAGE % 251);
        CHECK(!(i & 1) || p[1] == i);
    }
    CHECK(!pthread_join(thread, NULL));
    for ( size_t i = 0; i < PAGES; i++ )
    {
        CHECK(s.seen[i] == ((PAGES - 1 - i) * PAGE | (i & 1)));
        result(s.seen[i]);
    }
    close(s.fd);
    CHECK(!munmap(s.pages, PAGES * PAGE));
}
