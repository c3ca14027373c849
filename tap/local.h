/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations that are atomic towards this CPU only.
 *
 * A pCPU's ring is written by that pCPU alone, so the writers that can meet
 * are a hook and whatever interrupts it: an interrupt, an NMI, a machine
 * check.  One instruction cannot be interrupted half-way, hence none of these
 * has a LOCK prefix (Intel SDM "Atomic Operations"; LTTng's lib_ring_buffer
 * works the same way).  Also builds on the host, where a thread and its signal
 * handlers play these parts.
 */
#ifndef TAP_LOCAL_H
#define TAP_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

/* If *p is still old: *p = new, and true. */
static inline bool local_cmpxchg(uint64_t *p, uint64_t old, uint64_t new)
{
    bool done;

    asm volatile ( "cmpxchgq %[new], %[p]"
                   : "=@ccz" (done), [p] "+m" (*p), "+a" (old)
                   : [new] "r" (new)
                   : "memory" );
    return done;
}

/* *p -= n; is it 0 now? */
static inline bool local_sub_and_test(uint64_t *p, uint64_t n)
{
    bool zero;

    asm volatile ( "subq %[n], %[p]"
                   : "=@ccz" (zero), [p] "+m" (*p) : [n] "er" (n) : "memory" );
    return zero;
}

static inline void local_inc(uint64_t *p)
{
    asm volatile ( "incq %[p]" : [p] "+m" (*p) :: "memory", "cc" );
}

#endif /* TAP_LOCAL_H */
