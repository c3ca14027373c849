/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How parts say what went wrong and what they found.  What is found lies in
 * memory that is shared with children, so that they take part.
 */
#include <cpuid.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

unsigned long cycle;
struct found *found;

void found_init(void)
{
    found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(found != MAP_FAILED);
}

void found_count_again(void)
{
    memset(found->raised, 0, sizeof(found->raised));
    memset(found->by_int, 0, sizeof(found->by_int));
}

void failure(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    printf("load: FAILURE cycle %lu: ", cycle);
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
    /* A child must not run its parent's buffers out again. */
    fflush(stdout);
    _exit(1);
}

/* FNV-1a. */
uint64_t digest_add(uint64_t digest, uint64_t value)
{
    unsigned int i;

    for ( i = 0; i < 8; i++ )
        digest = (digest ^ (value >> (8 * i) & 0xff)) * 1099511628211ull;
    return digest;
}

void result(uint64_t value)
{
    found->digest = digest_add(found->digest, value);
}

void raised(unsigned int vector, unsigned int n)
{
    CHECK(vector < VECTORS);
    found->raised[vector] += n;
}

void raised_by_int(unsigned int vector)
{
    CHECK(vector < VECTORS);
    found->by_int[vector]++;
}

void say_skip(const char *name, const char *why)
{
    printf("load: skip %s: %s\n", name, why);
}

uint64_t now_ns(void)
{
    struct timespec ts;

    CHECK(!clock_gettime(CLOCK_MONOTONIC, &ts));
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void child_succeeds(pid_t pid)
{
    int status;

    CHECK(waitpid(pid, &status, 0) == pid);
    if ( !WIFEXITED(status) || WEXITSTATUS(status) != 42 )
        failure("a child ended with status 0x%x", status);
}

char *map_pages(size_t pages, int prot)
{
    char *p = mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                   0);

    CHECK(p != MAP_FAILED);
    return p;
}

bool on_qemu(void)
{
    unsigned int r[3][4] = { 0 };
    char brand[sizeof(r) + 1] = "";

    for ( unsigned int i = 0; i < 3; i++ )
        if ( !__get_cpuid(0x80000002 + i, &r[i][0], &r[i][1], &r[i][2],
                          &r[i][3]) )
            return false;
    memcpy(brand, r, sizeof(r));
    return !strcmp(brand, "AMD EPYC Processor");
}
