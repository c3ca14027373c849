/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A directory of the fuzzer's own, in memory if the system has such a place; it
 * and what is in it are removed at exit.
 */
#ifndef TESTS_FUZZ_SCRATCH_H
#define TESTS_FUZZ_SCRATCH_H

const char *scratch_dir(void);

/* Removes what is in the directory @name of it, if it exists, and itself. */
void scratch_remove(const char *name);

#endif /* TESTS_FUZZ_SCRATCH_H */
