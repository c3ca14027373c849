/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mixed load for a Linux guest: timers, page faults, signals, exceptions, a
 * debugger, IPC, in cycles.  Each part knows what it must find and says so when
 * it does not, so that damage done to the guest from outside shows inside.
 * Nothing depends on how fast the machine is; an emulated one may be very slow.
 *
 * Each part's digest must be the same in every cycle; they are printed at the
 * end, so that two runs on one machine can be compared, too.
 *
 *     load CYCLES SECONDS VERBOSE [WAIT]    ends when both are over; 0 0: never
 *
 * With WAIT it waits after the first cycle until somebody says a line on its
 * standard input, and counts from there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define SECOND 1000000000ull

static struct part {
    const char *name;
    void (*run)(void);
    const char *(*lacks)(void);
    const char *why; /* it is left out */
    uint64_t digest;
} parts[] = {
    { .name = "timers", .run = part_timers },
    { .name = "alarms", .run = part_alarms },
    { .name = "storms", .run = part_storms },
    { .name = "cow", .run = part_cow },
    { .name = "files", .run = part_files },
    { .name = "stack", .run = part_stack },
    { .name = "kernel-faults", .run = part_kernel_faults },
    { .name = "userfault", .run = part_userfault, .lacks = lacks_userfault },
    { .name = "page-faults", .run = part_page_faults },
    { .name = "exceptions", .run = part_exceptions,
      .lacks = lacks_exceptions },
    { .name = "steps", .run = part_steps },
    { .name = "breakpoints", .run = part_breakpoints },
    { .name = "watchpoints", .run = part_watchpoints,
      .lacks = lacks_watchpoints },
    { .name = "signals", .run = part_signals },
    { .name = "seccomp", .run = part_seccomp, .lacks = lacks_seccomp },
    { .name = "old-syscalls", .run = part_old_syscalls,
      .lacks = lacks_old_syscalls },
    { .name = "ipc", .run = part_ipc },
    { .name = "futex", .run = part_futex },
    { .name = "numbers", .run = part_numbers },
};
#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

static bool verbose; /* where does it hang? */

static void find_out(void)
{
    for ( size_t i = 0; i < NR_PARTS; i++ )
    {
        struct part *p = &parts[i];

        if ( p->lacks && (p->why = p->lacks()) )
            say_skip(p->name, p->why);
    }
}

static void run_cycle(void)
{
    for ( size_t i = 0; i < NR_PARTS; i++ )
    {
        struct part *p = &parts[i];

        if ( p->why )
            continue;
        if ( verbose )
            printf("load: cycle %lu part %s\n", cycle, p->name);
        found->digest = DIGEST_BEGIN;
        p->run();
        if ( cycle == 1 )
            p->digest = found->digest;
        else if ( found->digest != p->digest )
            failure("%s: the digest was %016llx and is %016llx", p->name,
                    (unsigned long long)p->digest,
                    (unsigned long long)found->digest);
    }
}

static void print_found(void)
{
    for ( unsigned int v = 0; v < VECTORS; v++ )
        if ( found->raised[v] )
            printf("load: raised vector=%u n=%llu int=%llu\n", v,
                   (unsigned long long)found->raised[v],
                   (unsigned long long)found->by_int[v]);
    for ( size_t i = 0; i < NR_PARTS; i++ )
        if ( !parts[i].why )
            printf("load: digest %s %016llx\n", parts[i].name,
                   (unsigned long long)parts[i].digest);
}

static void wait_for_line(void)
{
    int c;

    printf("load: waiting\n");
    do
        c = getchar();
    while ( c != '\n' && c != EOF );
    CHECK(c == '\n');
    found_count_again();
}

int main(int argc, char **argv)
{
    unsigned long cycles = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    unsigned long seconds = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    uint64_t said = 0, begin, now;
    bool wait = argc > 4 && strtoul(argv[4], NULL, 10), over = false;

    verbose = argc > 3 && strtoul(argv[3], NULL, 10);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("load: begin cycles=%lu seconds=%lu\n", cycles, seconds);
    found_init();
    find_out();
    begin = now_ns();
    while ( !over )
    {
        cycle++;
        run_cycle();

        /* At most one line a second, and always the first and the last. */
        now = now_ns();
        over = (cycles || seconds) && cycle >= cycles &&
               now - begin >= seconds * SECOND;
        if ( now - said >= SECOND || over )
        {
            printf("load: cycle %lu ok\n", cycle);
            said = now;
        }
        if ( wait && cycle == 1 )
        {
            wait_for_line();
            begin = now_ns();
        }
    }

    print_found();
    printf("load: SUCCESS cycles=%lu\n", cycle);
    return 0;
}
