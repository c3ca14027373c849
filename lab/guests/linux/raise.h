/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * raise.S: instructions that raise an exception, and sequences for a tracer.
 * raise_X_at is the saved RIP to be expected of raise_X.
 */
#ifndef LOAD_RAISE_H
#define LOAD_RAISE_H

#define PATTERN_R8  0x0808080808080808
#define PATTERN_R9  0x0909090909090909
#define PATTERN_R10 0x1010101010101010
#define PATTERN_R11 0x1111111111111111

#define BP_CALLS 5

#define EFLAGS_TF 0x100
#define EFLAGS_AC 0x40000
/* TF IF DF IOPL NT RF AC: what is saved of them is not left to chance. */
#define EFLAGS_KEPT 0x57700

#ifndef __ASSEMBLER__

#include <stdint.h>

#define RAISER(name) \
    void raise_##name(uint64_t arg); \
    extern const char raise_##name##_at[];

RAISER(de_zero) RAISER(de_overflow)
RAISER(db_step) RAISER(db_icebp)
RAISER(bp) RAISER(bp_cd03) RAISER(of_int)
RAISER(ud2) RAISER(ud_push_es) RAISER(ud_lock)
RAISER(load_es) RAISER(load_ss) RAISER(read_stack)
RAISER(hlt) RAISER(cli) RAISER(read_cr0) RAISER(rdmsr) RAISER(int_90)
RAISER(read) RAISER(write) RAISER(jump) RAISER(unaligned)
RAISER(mf_div) RAISER(mf_scale)
RAISER(xm_div)
#undef RAISER

/* Runs 32-bit code: see raise.S. */
void raise_compat(uint64_t code);

/* What mf_ and xm_ raisers take. */
struct numbers {
    uint32_t control;
    double a, b;
};

/* Single steps: the address of each instruction, ended by 0. */
extern const uint64_t step_addresses[];
extern const char step_rep[], step_mov_ss[], step_pause[], step_ud2[];

/* Calls bp_function bp_calls times, and ends at ud2. */
extern const char bp_begin[], bp_function[], bp_function_second[], bp_end[];
/* Reads and writes of watched[], the same number of times, and ends at ud2. */
extern const char watch_begin[], watch_function[], watch_after_write[],
    watch_after_read[], watch_end[];
extern uint64_t watched[2];

#endif /* __ASSEMBLER__ */

#endif /* LOAD_RAISE_H */
