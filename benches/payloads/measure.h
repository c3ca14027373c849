/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting the instructions of a call inside Xen, where the TSC counts them
 * (`lab/run --icount`).  Between the two readings of the clock there is the
 * call, through a pointer, of one function, and nothing else; interrupts are
 * off.  What is told of a function is the difference between two functions
 * measured so, by the same code: so the readings themselves, the call and the
 * thunk it goes through are in neither.
 *
 * A payload that includes this measures in its pre-apply hook, prints a line
 * per number on Xen's console, and then refuses to be applied: nothing in Xen
 * is changed.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>

#include "../../tests/payloads/note.h"

int printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define MEASURE_REFUSE 61 /* ENODATA: nothing to apply */
#define MEASURE_ROUNDS 64

struct payload;
typedef void measured_fn(void);

static inline uint64_t measure_clock(void)
{
    uint32_t lo, hi;

    asm volatile ( "rdtsc" : "=a" (lo), "=d" (hi) :: "memory" );
    return (uint64_t)hi << 32 | lo;
}

static inline unsigned long measure_irq_off(void)
{
    unsigned long flags;

    asm volatile ( "pushf; pop %0; cli" : "=rm" (flags) :: "memory" );
    return flags;
}

static inline void measure_irq_restore(unsigned long flags)
{
    asm volatile ( "push %0; popf" :: "rm" (flags) : "memory", "cc" );
}

/* Of the rounds; they differ only if what was called does. */
struct measure {
    uint64_t least, most;
};

/* The call of @fn, with two arguments, between two readings of the clock. */
static __attribute__((noinline)) uint64_t
measure_once(measured_fn *fn, unsigned long arg1, unsigned long arg2)
{
    void (*call)(unsigned long, unsigned long) =
        (void (*)(unsigned long, unsigned long))fn;
    uint64_t before = measure_clock();

    call(arg1, arg2);
    return measure_clock() - before;
}

static inline struct measure measure(measured_fn *fn, unsigned long arg1,
                                     unsigned long arg2)
{
    struct measure m = { ~0ull, 0 };
    unsigned int i;

    for ( i = 0; i < MEASURE_ROUNDS; i++ )
    {
        unsigned long flags = measure_irq_off();
        uint64_t t = measure_once(fn, arg1, arg2);

        measure_irq_restore(flags);
        if ( t < m.least )
            m.least = t;
        if ( t > m.most )
            m.most = t;
    }
    return m;
}

static inline void measure_say(const char *name, struct measure m)
{
    printk("<0>measured: %s %lu %lu\n", name, (unsigned long)m.least,
           (unsigned long)m.most);
}

/* What the call or jmp at @site goes to. */
static inline measured_fn *measure_target(unsigned long site)
{
    return (measured_fn *)(site + 5 + *(const int32_t *)(site + 1));
}

#endif /* BENCH_MEASURE_H */
