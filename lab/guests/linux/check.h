/* SPDX-License-Identifier: GPL-2.0-only */
/* The side of check.c that main.c sees: what parts found, to be printed. */
#ifndef LOAD_CHECK_H
#define LOAD_CHECK_H

#include "load.h"

#define VECTORS      32
#define DIGEST_BEGIN 14695981039346656037ull

struct found {
    uint64_t digest;          /* of the part that runs */
    uint64_t raised[VECTORS]; /* since it last began to count */
    uint64_t by_int[VECTORS]; /* of these, by INT n */
};
extern struct found *found;

void found_init(void);
void found_count_again(void);
uint64_t digest_add(uint64_t digest, uint64_t value);

#endif /* LOAD_CHECK_H */
