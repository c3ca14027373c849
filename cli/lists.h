/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parsers of the lists that options take: "0-31,0xf3,pf,timer".  Each returns
 * 0, or -EINVAL with the reason, in words for people, in `why`; the results
 * are written on success only.  An empty list or item is an error.  Numbers
 * are decimal, or hexadecimal after 0x.  Any thread.
 */
#ifndef IDTAP_LISTS_H
#define IDTAP_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIST_WHY_LEN 256

/* Sets of 256: bit n of word n / 64. */
int list_vectors(const char *text, uint64_t bits[4], char why[LIST_WHY_LEN]);
int list_cpus(const char *text, uint64_t bits[4], char why[LIST_WHY_LEN]);

int list_classes(const char *text, uint32_t *mask, char why[LIST_WHY_LEN]);

/*
 * A window of time, "A,B", in ns since the start of the trace, `from` inside
 * and `to` outside; either side may be left out (0, UINT64_MAX), and "+" before
 * B means: so long after A.  As parse_time() has it.
 */
int list_window(const char *text, uint64_t *from, uint64_t *to,
                char why[LIST_WHY_LEN]);

/*
 * Finds the domain called `name`: its id, -ENOENT, or -ENOTUNIQ if there are
 * several.
 */
typedef int list_resolve_fn(void *ctx, const char *name);

/*
 * Ids, "idle", or names that `resolve` knows (NULL: none), into ids[max], their
 * number into *nr.  An id that comes twice is kept once.
 */
int list_domains(const char *text, uint16_t *ids, unsigned int max,
                 unsigned int *nr, list_resolve_fn *resolve, void *ctx,
                 char why[LIST_WHY_LEN]);

/* Is `word` one slip of the keyboard away from `known`? */
bool list_is_near(const char *word, size_t len, const char *known);

static inline bool list_has(const uint64_t bits[4], unsigned int n)
{
    return bits[n / 64] >> (n % 64) & 1;
}

#endif /* IDTAP_LISTS_H */
