/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzers share.  Each is one file around production code, run by
 * clang's libFuzzer with the address and undefined-behaviour sanitizers; beside
 * what these find, each states what must hold of input that was accepted.
 *
 * Rules: the same input does the same; memory handed to the code under test has
 * not a byte to spare, so that reading beyond it is seen.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold, or else the input is a finding. */
#define FUZZ_CHECK(cond) \
    do { \
        if ( !(cond) ) \
        { \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
                    #cond); \
            abort(); \
        } \
    } while ( 0 )

/* A copy of these bytes and nothing else; free(). */
static inline void *fuzz_copy(const void *data, size_t size)
{
    void *copy = malloc(size ? size : 1);

    FUZZ_CHECK(copy);
    memcpy(copy, data, size);
    return copy;
}

/* As a string; free(). */
static inline char *fuzz_text(const void *data, size_t size)
{
    char *copy = malloc(size + 1);

    FUZZ_CHECK(copy);
    memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

/* A reason in words for people: it ends, and is not empty. */
#define FUZZ_CHECK_WHY(why) \
    FUZZ_CHECK(memchr((why), '\0', sizeof(why)) && (why)[0])

#endif /* TESTS_FUZZ_H */
