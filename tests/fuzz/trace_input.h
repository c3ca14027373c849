/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace, a directory of files, as one input of a fuzzer.
 *
 *   byte 0     whose CPUs (bit 0: Intel), the clock's speed (bits 1 and 2)
 *   then       chunks until the end; each adds to one file
 *
 * A chunk is a byte, two for its length, and so many bytes.  Bits 0 to 2 of the
 * byte say which stream: "meta", cpu0, cpu1, cpu2, cpu200, or the metadata (5).
 * With bit 7 the bytes go into the file as they are, and zeros after them up to
 * a multiple of 4 KiB if bit 6 is set, so that small inputs make whole packets.
 * Without, they are a packet's records in short: the packet around them is made
 * in order, which random bytes never are, so that what comes after the checks
 * of packets is reached:
 *
 *   packet     records discarded before it, packets lost before it; records
 *   record     event, vector, flags (2), domain, vCPU, time, shift; payload
 *
 * The time since the record before is time << shift.  Domains above 0xf0 are
 * the special ones.
 */
#ifndef TESTS_FUZZ_TRACE_INPUT_H
#define TESTS_FUZZ_TRACE_INPUT_H

#include <idtap/record.h>

#include <stddef.h>
#include <stdint.h>

#define INPUT_RAW      0x80
#define INPUT_PAD      0x40
#define INPUT_METADATA 5
#define INPUT_STREAMS  5
#define INPUT_RECORD   8  /* bytes of a short record before its payload */
#define INPUT_START    1000000u /* the clock's start */

extern const char *const input_files[INPUT_METADATA + 1];
/* Their pCPUs; -1: "meta". */
extern const int input_cpus[INPUT_STREAMS];

/*
 * Writes the directory @name below scratch_dir(), in place of what was there
 * from an input before.  Returns its path; free().
 */
char *input_write(const char *name, const uint8_t *data, size_t size);

#endif /* TESTS_FUZZ_TRACE_INPUT_H */
