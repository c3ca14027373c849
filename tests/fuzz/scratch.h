/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A directory of the fuzzer's own, in $FUZZ_SCRATCH or /tmp; it and what is in
 * it are removed at exit, but not by libFuzzer, which ends without: who runs
 * that removes $FUZZ_SCRATCH.
 */
#ifndef TESTS_FUZZ_SCRATCH_H
#define TESTS_FUZZ_SCRATCH_H

const char *scratch_dir(void);

/* Removes what is in the directory @name of it, if it exists, and itself. */
void scratch_remove(const char *name);

#endif /* TESTS_FUZZ_SCRATCH_H */
