/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page faults that the kernel resolves: many at a time, of anonymous, file and
 * copy-on-write pages, of stacks that grow, of the kernel's own accesses.  What
 * is in the pages afterwards is checked.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "load.h"

#define STORM_PAGES 64
#define FILE_PAGES  16
#define STACK_PAGES 32

void part_storms(void)
{
    for ( unsigned int round = 0; round < 4; round++ )
    {
        uint64_t *p = (uint64_t *)map_pages(STORM_PAGES,
                                            PROT_READ | PROT_WRITE);

        for ( size_t i = 0; i < STORM_PAGES; i++ )
        {
            CHECK(p[i * PAGE / 8] == 0);
            p[i * PAGE / 8] = cycle ^ (i << 20);
        }
        /* Away and back: half of the pages fault again, and are empty. */
        CHECK(!mprotect(p, STORM_PAGES * PAGE, PROT_NONE));
        CHECK(!mprotect(p, STORM_PAGES * PAGE, PROT_READ | PROT_WRITE));
        CHECK(!madvise(p, STORM_PAGES / 2 * PAGE, MADV_DONTNEED));
        for ( size_t i = 0; i < STORM_PAGES; i++ )
            CHECK(p[i * PAGE / 8] ==
                  (i < STORM_PAGES / 2 ? 0 : (cycle ^ (i << 20))));
        CHECK(!munmap(p, STORM_PAGES * PAGE));
        result(round);
    }
}

void part_cow(void)
{
    const size_t pages = 32;
    uint64_t *p = (uint64_t *)map_pages(pages, PROT_READ | PROT_WRITE);
    pid_t pid;

    for ( size_t i = 0; i < pages; i++ )
        p[i * PAGE / 8] = i + 1;
    pid = fork();
    CHECK(pid >= 0);
    if ( pid == 0 )
    {
        for ( size_t i = 0; i < pages; i++ )
        {
            CHECK(p[i * PAGE / 8] == i + 1);
            p[i * PAGE / 8] = ~i;
        }
        for ( size_t i = 0; i < pages; i++ )
        {
            CHECK(p[i * PAGE / 8] == ~i);
            result(p[i * PAGE / 8]);
        }
        _exit(42);
    }
    child_succeeds(pid);
    for ( size_t i = 0; i < pages; i++ )
    {
        CHECK(p[i * PAGE / 8] == i + 1);
        result(p[i * PAGE / 8]);
    }
    CHECK(!munmap(p, pages * PAGE));
}

/* A file's pages: shared ones that are the file, private ones that are not. */
void part_files(void)
{
    int fd = memfd_create("load", 0);
    uint64_t *shared, *private, n;

    CHECK(fd >= 0);
    CHECK(!ftruncate(fd, FILE_PAGES * PAGE));
    shared = mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
                  fd, 0);
    private = mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
                   fd, 0);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    for ( size_t i = 0; i < FILE_PAGES; i++ )
        shared[i * PAGE / 8] = 3 * i + 1;
    for ( size_t i = 0; i < FILE_PAGES; i++ )
    {
        CHECK(private[i * PAGE / 8] == 3 * i + 1);
        private[i * PAGE / 8]++;
        CHECK(pread(fd, &n, sizeof(n), i * PAGE) == sizeof(n));
        CHECK(n == 3 * i + 1 && shared[i * PAGE / 8] == n);
        CHECK(private[i * PAGE / 8] == n + 1);
        result(n + private[i * PAGE / 8]);
    }
    CHECK(!munmap(shared, FILE_PAGES * PAGE));
    CHECK(!munmap(private, FILE_PAGES * PAGE));
    close(fd);
}

/* A stack grows by a page with each fault below it. */
void part_stack(void)
{
    char *room = map_pages(1024, PROT_NONE), *stack;

    CHECK(!munmap(room, 1024 * PAGE));
    stack = mmap(room + 1000 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1,
                 0);
    CHECK(stack != MAP_FAILED);
    for ( size_t i = 0; i < STACK_PAGES; i++ )
        stack[-(ptrdiff_t)i * PAGE] = i + 1;
    for ( size_t i = 0; i < STACK_PAGES; i++ )
    {
        CHECK(stack[-(ptrdiff_t)i * PAGE] == (char)(i + 1));
        result(i);
    }
    CHECK(!munmap(stack - (STACK_PAGES - 1) * PAGE, STACK_PAGES * PAGE));
}

/* The kernel touches a program's memory: it resolves its own faults, or makes
   EFAULT of them. */
void part_kernel_faults(void)
{
    char *p = map_pages(8, PROT_READ | PROT_WRITE);
    char *none = map_pages(1, PROT_NONE);
    int fd[2];

    CHECK(!pipe(fd));
    for ( size_t i = 0; i < 8; i++ )
    {
        char byte = i + 1;

        CHECK(write(fd[1], &byte, 1) == 1);
        CHECK(read(fd[0], none, 1) == -1 && errno == EFAULT);
        CHECK(read(fd[0], p + i * PAGE, 1) == 1);
        CHECK(p[i * PAGE] == byte);
        CHECK(write(fd[1], none, 1) == -1 && errno == EFAULT);
        result(p[i * PAGE]);
    }
    close(fd[0]);
    close(fd[1]);
    CHECK(!munmap(p, 8 * PAGE));
    CHECK(!munmap(none, PAGE));
}
