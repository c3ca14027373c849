/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The load of the Linux guest: what its parts share.
 *
 * A part does one kind of work, checks all that it sees, and hands what must be
 * the same in each cycle and in each run to result(): no times, no process ids,
 * no addresses that the kernel chose.  Children are forked and waited for within
 * a part; they may call all of this, too.
 */
#ifndef LOAD_H
#define LOAD_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE 4096

extern unsigned long cycle; /* 0: finding out what this machine can do */

/* Says what went wrong and ends the process; a parent must notice that. */
void __attribute__((noreturn, format(printf, 1, 2)))
failure(const char *fmt, ...);

#define CHECK(cond) \
    do { \
        if ( !(cond) ) \
            failure("%s, line %d: %s (errno %d)", __func__, __LINE__, #cond, \
                    errno); \
    } while ( 0 )

/* What a part has found out, in order, becomes the part's digest. */
void result(uint64_t value);
/* The program has raised @n exceptions @vector, and seen them arrive. */
void raised(unsigned int vector, unsigned int n);
/* One of these was no exception to the CPU, but an INT @vector. */
void raised_by_int(unsigned int vector);

uint64_t now_ns(void);

/* QEMU's CPU is "EPYC"; the brand of a real one has a number.  For what must
   not even be tried there. */
bool on_qemu(void);

/* Waits for a child that must end with _exit(42). */
void child_succeeds(pid_t pid);
/* An anonymous private mapping. */
char *map_pages(size_t pages, int prot);

/* What a signal told of the exception that it comes from. */
struct fault {
    int sig, code; /* sig 0: nothing happened */
    uint64_t addr; /* si_addr */
    uint64_t vector, error, cr2, rip, flags;
};

/*
 * Calls @raise(@arg), which is to run into a signal, and comes back.  Raisers
 * from raise.S also have their registers checked (`registers`).
 */
void fault_take(struct fault *f, void (*raise)(uint64_t arg), uint64_t arg,
                bool registers);

/* The parts, in the files of the same or nearly the same names. */
void part_timers(void);
void part_alarms(void);
void part_signals(void);
void part_seccomp(void);
void part_old_syscalls(void);
void part_storms(void);
void part_cow(void);
void part_files(void);
void part_stack(void);
void part_kernel_faults(void);
void part_userfault(void);
void part_exceptions(void);
void part_page_faults(void);
void part_numbers(void);
void part_steps(void);
void part_breakpoints(void);
void part_watchpoints(void);
void part_ipc(void);
void part_futex(void);

/*
 * Before the first cycle: the reason why a part cannot run here, or NULL.  Some
 * also find out what of a part must be left out, and say so.
 */
const char *lacks_userfault(void);
const char *lacks_watchpoints(void);
const char *lacks_old_syscalls(void);
const char *lacks_seccomp(void);
const char *lacks_exceptions(void);

/* Prints "load: skip NAME: WHY". */
void say_skip(const char *name, const char *why);

#endif /* LOAD_H */
