/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page faults that a program asks for and gets a signal of: each combination
 * of access and reason, with its error code and addresses; and a heap that is
 * made of such faults, page by page.
 */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "load.h"
#include "raise.h"

/* Of the error code. */
#define P 1
#define W 2
#define U 4
#define I 16

#define PAGES 16

/* Kernel addresses are reported as if they were present. */
#define KERNEL_ADDRESS 0xffffffff81000000ull

static void expect(const char *what, void (*raise)(uint64_t), uint64_t arg,
                   uint64_t at, int sig, int code, unsigned int error)
{
    struct fault f;

    fault_take(&f, raise, arg, true);
    if ( f.sig != sig || f.code != code || f.vector != 14 ||
         f.error != error || f.addr != arg || f.cr2 != arg || f.rip != at )
        failure("%s at %#llx: signal %d code %d addr %#llx vector %llu "
                "error %#llx cr2 %#llx rip %#llx", what,
                (unsigned long long)arg, f.sig, f.code,
                (unsigned long long)f.addr, (unsigned long long)f.vector,
                (unsigned long long)f.error, (unsigned long long)f.cr2,
                (unsigned long long)f.rip);
    result(f.code);
    result(f.error);
    result(f.flags & EFLAGS_KEPT);
    result(f.addr % PAGE);
}

#define READ(a, sig, code, error) \
    expect("read", raise_read, (uint64_t)(a), (uint64_t)raise_read_at, sig, \
           code, (error) | U)
#define WRITE(a, sig, code, error) \
    expect("write", raise_write, (uint64_t)(a), (uint64_t)raise_write_at, sig, \
           code, (error) | U | W)
/* The address of an instruction that cannot be fetched is its own. */
#define JUMP(a, sig, code, error) \
    expect("jump", raise_jump, (uint64_t)(a), (uint64_t)(a), sig, code, \
           (error) | U | I)

static void kinds_of_faults(void)
{
    char *none = map_pages(2, PROT_NONE);
    char *readonly = map_pages(1, PROT_READ);
    char *data = map_pages(1, PROT_READ | PROT_WRITE);
    int fd = memfd_create("short", 0);
    char *file;

    /* A page beside one that is not there at all. */
    CHECK(!munmap(none + PAGE, PAGE));
    READ(none + PAGE + 0x123, SIGSEGV, SEGV_MAPERR, 0);
    WRITE(none + PAGE + 0xff8, SIGSEGV, SEGV_MAPERR, 0);
    JUMP(none + PAGE + 0x10, SIGSEGV, SEGV_MAPERR, 0);
    READ(none + 0x18, SIGSEGV, SEGV_ACCERR, 0);
    WRITE(none + 0x20, SIGSEGV, SEGV_ACCERR, 0);
    JUMP(none + 0x30, SIGSEGV, SEGV_ACCERR, 0);
    READ(0x8, SIGSEGV, SEGV_MAPERR, 0);
    READ(KERNEL_ADDRESS, SIGSEGV, SEGV_MAPERR, P);
    WRITE(KERNEL_ADDRESS, SIGSEGV, SEGV_MAPERR, P);

    CHECK(*(volatile char *)readonly == 0);
    WRITE(readonly + 0x40, SIGSEGV, SEGV_ACCERR, P);
    *(volatile char *)data = 1;
    JUMP(data + 0x80, SIGSEGV, SEGV_ACCERR, P);
    /* Written, then taken away: the kernel keeps the page, the CPU must not. */
    CHECK(!mprotect(data, PAGE, PROT_NONE));
    READ(data, SIGSEGV, SEGV_ACCERR, 0);
    CHECK(!mprotect(data, PAGE, PROT_READ));
    CHECK(*(volatile char *)data == 1);
    WRITE(data + 8, SIGSEGV, SEGV_ACCERR, P);

    /* Beyond the end of a file. */
    CHECK(fd >= 0 && !ftruncate(fd, PAGE));
    file = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(file != MAP_FAILED && *(volatile char *)file == 0);
    READ(file + PAGE + 0x50, SIGBUS, BUS_ADRERR, 0);

    close(fd);
    CHECK(!munmap(file, 2 * PAGE));
    CHECK(!munmap(none, PAGE));
    CHECK(!munmap(readonly, PAGE));
    CHECK(!munmap(data, PAGE));
}

/* Guard pages: each page becomes accessible when it has faulted. */
static void guarded_pages(void)
{
    char *p = map_pages(PAGES, PROT_NONE);

    for ( size_t i = 0; i < PAGES; i++ )
    {
        WRITE(p + i * PAGE + 8 * i, SIGSEGV, SEGV_ACCERR, 0);
        CHECK(!mprotect(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE));
        p[i * PAGE] = i;
    }
    for ( size_t i = 0; i < PAGES; i++ )
        CHECK(p[i * PAGE] == (char)i);
    CHECK(!munmap(p, PAGES * PAGE));
}

void part_page_faults(void)
{
    kinds_of_faults();
    guarded_pages();
}
