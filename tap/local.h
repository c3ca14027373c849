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

/* If *p is still *old: *p = new, and true; else *old is what it is. */
static inline bool local_try_cmpxchg(uint64_t *p, uint64_t *old, uint64_t new)
{
    bool done;

    asm volatile ( "cmpxchgq %[new], %[p]"
                   : "=@ccz" (done), [p] "+m" (*p), "+a" (*old)
                   : [new] "r" (new)
                   : "memory" );
    return done;
}

static inline bool local_cmpxchg(uint64_t *p, uint64_t old, uint64_t new)
{
    return local_try_cmpxchg(p, &old, new);
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

/*
 * Has the word of 32 bits in memory one of @bits?  In one instruction, and
 * looked at each time, as a volatile would be; for which GCC takes two.
 */
#define local_test(word, bits) \
    ({ \
        bool set_ = false; \
        asm volatile ( "testl %[b], %[w]" \
                       : "=@ccnz" (set_) : [w] "m" (word), [b] "ri" (bits) ); \
        set_; \
    })

/* Is the word of 64 bits in memory less than @n? */
static inline bool local_less(const uint64_t *p, uint64_t n)
{
    bool less;

    asm volatile ( "cmpq %[n], %[p]"
                   : "=@ccb" (less) : [p] "m" (*p), [n] "r" (n) );
    return less;
}

/* Is the word of 64 bits in memory @value? */
#define local_is(word, value) \
    ({ \
        bool is_ = false; \
        asm volatile ( "cmpq %[v], %[w]" \
                       : "=@ccz" (is_) : [w] "m" (word), [v] "er" (value) ); \
        is_; \
    })

/* Is bit @nr of @bits, a constant, set? */
#define local_bit(bits, nr) \
    ({ \
        bool set_ = false; \
        asm ( "btl %[n], %[b]" \
              : "=@ccc" (set_) : [b] "r" (bits), [n] "r" (nr) ); \
        set_; \
    })

#endif /* TAP_LOCAL_H */
