/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that are the same everywhere for the same seed. */
#ifndef LAB_PROGRAMS_RND_H
#define LAB_PROGRAMS_RND_H

#include <stddef.h>
#include <stdint.h>

static uint64_t rnd_state = 1;

static inline void rnd_seed(uint64_t seed)
{
    rnd_state = seed * 2 + 1; /* not 0 */
}

/* xorshift64 */
static inline uint64_t rnd(void)
{
    rnd_state ^= rnd_state << 13;
    rnd_state ^= rnd_state >> 7;
    rnd_state ^= rnd_state << 17;
    return rnd_state;
}

static inline unsigned int rnd_below(unsigned int n)
{
    return (unsigned int)((rnd() >> 32) % n);
}

static inline void rnd_bytes(void *p, size_t size)
{
    uint8_t *b = p;

    while ( size-- )
        *b++ = (uint8_t)(rnd() >> 40);
}

#endif /* LAB_PROGRAMS_RND_H */
