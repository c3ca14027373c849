/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * #DB in all its forms (Intel SDM 3B, "Debug Exceptions"; AMD APM 2, "Debug and
 * Performance Resources"): single step, breakpoints on data and instructions,
 * ICEBP, general detect; DR6 exactly, and RF.  Stock Xen intercepts each of
 * these and hands it back.
 *
 * Breakpoint 0 is on writes of 4 bytes, 1 on accesses of 8, 2 on accesses of 2
 * bytes that hold a stack segment's selector, all in the page VA_DATA; 3 is on
 * the instruction at the code's point 1.
 */
#include "table.h"

extern const uint64_t s_nops[], s_popf[], s_step_ud2[], s_step_int80[];
extern const uint64_t s_step_int3[], s_step_cpuid[], s_step_push[];
extern const uint64_t s_step_mov_ss[], s_step_sti[], s_icebp[], s_write4[];
extern const uint64_t s_push_data[], s_mov_dr[], s_nop2[], s_mov_ss_int80[];
extern const uint64_t s_mov_ss_int3[];
extern const uint64_t s_nops_32[], s_icebp_32[], s_write4_32[], s_nop2_32[];
extern const uint64_t s_nops_16[], s_nop2_16[];

#define TF X86_EFLAGS_TF
#define BS 0x4000U
#define BD 0x2000U

#define VA_WRITTEN  (VA_DATA + 0x100)
#define VA_ACCESSED (VA_DATA + 0x108)
#define VA_SELECTOR (VA_DATA + 0x110)

/* Enable, kind and length of each breakpoint (SDM 3B, "Debug Registers"). */
#define DR7_WRITTEN  (DR7_CLEAR | 0x01 | 1UL << 16 | 3UL << 18)
#define DR7_ACCESSED (DR7_CLEAR | 0x04 | 3UL << 20 | 2UL << 22)
#define DR7_SELECTOR (DR7_CLEAR | 0x10 | 3UL << 24 | 1UL << 26)
#define DR7_CODE     (DR7_CLEAR | 0x40)
#define DR7_GD       (DR7_CLEAR | 0x2000)

static void set_breakpoints(struct cpu *c)
{
    const struct row *row = c->row;
    uint64_t code = row->code[1];

    if ( row->mode == U64 || row->mode == U32 || row->mode == U16 )
        code += VA_CODE - (uint64_t)code_start;
    *(volatile uint16_t *)VA_SELECTOR = SEL_KDATA;
    asm volatile ( "mov %0, %%dr0" :: "r" (VA_WRITTEN) );
    asm volatile ( "mov %0, %%dr1" :: "r" (VA_ACCESSED) );
    asm volatile ( "mov %0, %%dr2" :: "r" (VA_SELECTOR) );
    asm volatile ( "mov %0, %%dr3" :: "r" (code) );
}

/* The handler of an instruction breakpoint lets the instruction run. */
static void set_rf(struct cpu *c, struct frame *f)
{
    (void)c;
    f->rflags |= X86_EFLAGS_RF;
}

static void skip_ud2(struct cpu *c, struct frame *f)
{
    (void)c;
    f->rip += 2;
}

static void stop_steps(struct cpu *c, struct frame *f)
{
    (void)c;
    f->rflags &= ~TF;
}

/*
 * QEMU's VMRUN and VM exits change DR7 without telling the breakpoints that it
 * made for the old value: they stay, miss, and removing one is a crash of QEMU.
 */
#define QEMU_DR7 "QEMU 7.2 dies of a breakpoint that was there at a VM exit"

#define BOCHS_SS "Bochs 2.7 forgets the breakpoint when INT n comes"

#define STEP(n) { .vector = 1, .at = (n), .dr6 = BS }
#define STEPS8  STEP(2), STEP(3), STEP(4), STEP(5), STEP(6), STEP(7), STEP(8), \
                STEP(9)
#define STEP_ROWS(n, k, m) \
    { n, .code = k, .mode = m, .rflags = TF, .times = 50, SEE(STEPS8) }
#define BREAK(n, k, m, a, d7, ...) \
    n, .code = k, .mode = m, .arg = a, .dr7 = d7, .times = 100, \
    .prepare = set_breakpoints, SEE(__VA_ARGS__)
#define BREAK_ROW(...) { BREAK(__VA_ARGS__), OFF(ON_QEMU, QEMU_DR7) }

static const struct row rows[] = {
    { "db-step", .code = s_nops, .rflags = TF, .times = 100, SEE(STEP(2)) },
    STEP_ROWS("db-step8", s_nops, K64),
    STEP_ROWS("db-step8-user", s_nops, U64),
    STEP_ROWS("db-step8-32", s_nops_32, K32),
    STEP_ROWS("db-step8-user-32", s_nops_32, U32),
    STEP_ROWS("db-step8-user-16", s_nops_16, U16),
    { "db-step-popf", .code = s_popf, .times = 100,
      SEE({ .vector = 1, .at = 2, .dr6 = BS, .set = TF }) },
    { "db-step-popf-user", .code = s_popf, .mode = U64, .times = 100,
      SEE({ .vector = 1, .at = 2, .dr6 = BS, .set = TF }) },
    { "db-step-end", .code = s_nop2, .rflags = TF, .times = 100,
      SEE({ .vector = 1, .at = 2, .dr6 = BS, .then = stop_steps },
          { .vector = 6, .at = 3, .clear = TF }) },
    /* The fault comes instead of the step, and has TF in its frame. */
    { "db-step-fault", .code = s_step_ud2, .rflags = TF, .times = 100,
      SEE({ .vector = 6, .at = 1, .then = skip_ud2 }, STEP(3)) },
    { "db-step-fault-user", .code = s_step_ud2, .mode = U64, .rflags = TF,
      .times = 100,
      SEE({ .vector = 6, .at = 1, .then = skip_ud2 }, STEP(3)) },
    /* INT n clears TF: the step after the handler's IRET is the next one. */
    { "db-step-int", .code = s_step_int80, .rflags = TF, .times = 100,
      SEE(TRAP(0x80, AS_INT), STEP(3)) },
    { "db-step-int-user", .code = s_step_int80, .mode = U64, .rflags = TF,
      .times = 100, SEE(TRAP(0x80, AS_INT), STEP(3)) },
    { "db-step-bp", .code = s_step_int3, .rflags = TF, .times = 100,
      SEE(TRAP(3, AS_EXCEPTION), STEP(3)) },
    /* Xen emulates this one, and the step after it. */
    { "db-step-cpuid", .code = s_step_cpuid, .rflags = TF, .times = 100,
      SEE({ .vector = 1, .at = 2, .as = AS_XEN, .dr6 = BS, .loose = true }) },
    { "db-step-sti", .code = s_step_sti, .rflags = TF, .times = 100,
      SEE({ .vector = 1, .at = 2, .dr6 = BS, .set = X86_EFLAGS_IF }),
      OFF(ON_QEMU, "QEMU 7.2 has the step after the next instruction") },
    /* None after the load of a stack segment, but after what follows it. */
    { "db-step-ss", .code = s_step_mov_ss, .arg = VA_SELECTOR, .rflags = TF,
      .times = 100, .prepare = set_breakpoints, SEE(STEP(3)) },

    BREAK_ROW("db-write", s_write4, K64, VA_WRITTEN, DR7_WRITTEN,
              { .vector = 1, .at = 2, .dr6 = 1 }),
    BREAK_ROW("db-write-on", s_write4, K64, VA_WRITTEN, DR7_WRITTEN,
              { .vector = 1, .at = 2, .dr6 = 1 }, { .vector = 6, .at = 3 }),
    BREAK_ROW("db-write-user", s_write4, U64, VA_WRITTEN, DR7_WRITTEN,
              { .vector = 1, .at = 2, .dr6 = 1 }),
    BREAK_ROW("db-write-user-32", s_write4_32, U32, VA_WRITTEN, DR7_WRITTEN,
              { .vector = 1, .at = 2, .dr6 = 1 }),
    BREAK_ROW("db-write-beside", s_write4, K64, VA_WRITTEN + 4, DR7_WRITTEN,
              { .vector = 6, .at = 3 }),
    BREAK_ROW("db-access", s_push_data, K64, VA_ACCESSED, DR7_ACCESSED,
              { .vector = 1, .at = 2, .dr6 = 2, .pushed = 8 }),
    { "db-write-step", .code = s_write4, .arg = VA_WRITTEN,
      .dr7 = DR7_WRITTEN, .rflags = TF, .times = 100,
      .prepare = set_breakpoints,
      SEE({ .vector = 1, .at = 2, .dr6 = BS | 1 }, STEP(3)),
      OFF(ON_QEMU, QEMU_DR7) },

    BREAK_ROW("db-code", s_nop2, K64, 0, DR7_CODE,
              { .vector = 1, .at = 1, .dr6 = 8, .then = set_rf },
              { .vector = 6, .at = 3 }),
    BREAK_ROW("db-code-user", s_nop2, U64, 0, DR7_CODE,
              { .vector = 1, .at = 1, .dr6 = 8, .then = set_rf },
              { .vector = 6, .at = 3 }),
    BREAK_ROW("db-code-32", s_nop2_32, K32, 0, DR7_CODE,
              { .vector = 1, .at = 1, .dr6 = 8, .then = set_rf },
              { .vector = 6, .at = 3 }),
    BREAK_ROW("db-code-user-16", s_nop2_16, U16, 0, DR7_CODE,
              { .vector = 1, .at = 1, .dr6 = 8, .then = set_rf },
              { .vector = 6, .at = 3 }),
    /* The fault behind the breakpoint, with RF set by the handler. */
    BREAK_ROW("db-code-fault", s_step_ud2, K64, 0, DR7_CODE,
              { .vector = 1, .at = 1, .dr6 = 8, .then = set_rf },
              { .vector = 6, .at = 1 }),
    /* A fault's frame has RF: no breakpoint when the instruction runs again. */
    { "db-code-rf", .code = s_nop2, .rflags = X86_EFLAGS_RF,
      .dr7 = DR7_CODE, .times = 100, .prepare = set_breakpoints,
      SEE({ .vector = 6, .at = 3 }), OFF(ON_QEMU, QEMU_DR7) },

    { "db-icebp", .code = s_icebp, .times = 100, SEE(
      { .vector = 1, .at = 2, .as = AS_ICEBP }),
      OFF(ON_QEMU, "QEMU 7.2 makes it #UD") },
    { "db-icebp-user", .code = s_icebp, .mode = U64, .times = 100, SEE(
      { .vector = 1, .at = 2, .as = AS_ICEBP }),
      OFF(ON_QEMU, "QEMU 7.2 makes it #UD") },
    { "db-icebp-user-32", .code = s_icebp_32, .mode = U32, .times = 100, SEE(
      { .vector = 1, .at = 2, .as = AS_ICEBP }),
      OFF(ON_QEMU, "QEMU 7.2 makes it #UD") },

    /* RF stays clear: so CPUs do it, whatever the manuals seem to say. */
    { BREAK("db-detect", s_mov_dr, K64, 0, DR7_GD,
            { .vector = 1, .at = 1, .dr6 = BD }),
      OFF2(ON_QEMU, "QEMU 7.2 does not have it", ON_REAL_INTEL,
           "Xen 4.17 hands #DB back with DR7.GD still set") },

    /* A breakpoint on the load of a stack segment waits for one instruction. */
    BREAK_ROW("db-ss", s_step_mov_ss, K64, VA_SELECTOR, DR7_SELECTOR,
              { .vector = 1, .at = 3, .dr6 = 4 }),
    /* And comes before the first of a handler, if that instruction is INT n. */
    { BREAK("db-ss-int", s_mov_ss_int80, K64, VA_SELECTOR, DR7_SELECTOR,
            { .vector = 1, .dr6 = 4, .kernel = true,
              .rip = (uint64_t)entries + 0x80 * 16 }, TRAP(0x80, AS_INT)),
      OFF2(ON_QEMU, QEMU_DR7, ON_BOCHS, BOCHS_SS) },
    { BREAK("db-ss-bp", s_mov_ss_int3, K64, VA_SELECTOR, DR7_SELECTOR,
            { .vector = 1, .dr6 = 4, .kernel = true,
              .rip = (uint64_t)entries + 3 * 16 }, TRAP(3, AS_EXCEPTION)),
      OFF2(ON_QEMU, QEMU_DR7, ON_BOCHS, BOCHS_SS) },
};

TABLE(cases_debug);
