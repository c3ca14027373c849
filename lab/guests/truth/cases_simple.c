/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One exception each, by one instruction of 64-bit code.  What a row promises
 * is from the Intel SDM, "Exception and Interrupt Reference", and the AMD APM,
 * "Vectors"; what is common to all is in scene.c.
 */
#include "table.h"

/* Not offered to guests, refused by Xen without a word on its console. */
#define MSR_WRITE_ONLY 0x79     /* microcode update trigger */
#define MSR_READ_ONLY  0x10a    /* architectural capabilities */

#define NONCANONICAL 0x0123456789abcdefUL
#define CR4_RESERVED (1UL << 63)

static void map_lazy(struct cpu *c, struct frame *f)
{
    (void)f;
    *cpu_pte(c, VA_LAZY) |= 1;
}

static void unmap_lazy(struct cpu *c)
{
    cpu_map(c, VA_LAZY, false);
}

#define PF(n, k, m, va, ec) \
    { n, .code = k, .mode = m, .arg = va, .times = 200, \
      SEE(PAGE_FAULT(ec, va)) }
/* The address is also where RIP points to. */
#define PF_EXEC(n, m, va, ec) \
    { n, .code = s_jump, .mode = m, .arg = va, .times = 200, \
      SEE({ .vector = 14, .error = ec, .cr2 = va, .rip = va }) }

static const struct row rows[] = {
    { "de-zero", .code = s_div, .arg = 0, .times = 300, SEE(FAULT(0, 0)) },
    { "de-overflow", .code = s_div, .arg = 1, .times = 200,
      SEE(FAULT(0, 0)) },
    { "de-user", .code = s_div, .mode = U64, .times = 200, SEE(FAULT(0, 0)) },

    { "bp", .code = s_int3, .times = 300, SEE(TRAP(3, AS_EXCEPTION)) },
    { "bp-user", .code = s_int3, .mode = U64, .times = 200,
      SEE(TRAP(3, AS_EXCEPTION)) },
    { "bp-int", .code = s_int3_cd, .times = 200, SEE(TRAP(3, AS_INT)) },
    { "bp-int-user", .code = s_int3_cd, .mode = U64, .times = 200,
      SEE(TRAP(3, AS_INT)) },
    { "of", .code = s_int4, .times = 200, SEE(TRAP(4, AS_INT)) },

    { "ud", .code = s_ud2, .times = 300, SEE(FAULT(6, 0)) },
    { "ud-user", .code = s_ud2, .mode = U64, .times = 200, SEE(FAULT(6, 0)) },
    { "ud-lock", .code = s_ud_lock, .times = 200, SEE(FAULT(6, 0)),
      OFF(ON_QEMU, "QEMU 7.2 executes it") },
    { "ud-into", .code = s_into64, .rflags = X86_EFLAGS_OF, .times = 200,
      SEE(FAULT(6, 0)), OFF(ON_QEMU, "QEMU 7.2 has INTO in 64-bit mode") },

    { "np-es", .code = s_mov_es, .arg = SEL_ABSENT, .times = 200,
      SEE(FAULT(11, SEL_ABSENT)) },
    { "ss-load", .code = s_mov_ss, .arg = SEL_ABSENT, .times = 200,
      SEE(FAULT(12, SEL_ABSENT)) },
    { "ss-stack", .code = s_read_stack, .arg = NONCANONICAL, .times = 200,
      SEE(FAULT(12, 0)), OFF(ON_QEMU, "QEMU 7.2 makes it #GP") },
    { "gp-es", .code = s_mov_es, .arg = SEL_BEYOND | 3, .times = 200,
      SEE(FAULT(13, SEL_BEYOND)) },
    { "gp-ltr", .code = s_ltr, .arg = SEL_KDATA, .times = 200,
      SEE(FAULT(13, SEL_KDATA)) },
    { "gp-read", .code = s_read, .arg = NONCANONICAL, .times = 200,
      SEE(FAULT(13, 0)) },
    { "gp-write", .code = s_write, .arg = NONCANONICAL, .times = 200,
      SEE(FAULT(13, 0)) },
    { "gp-cli", .code = s_cli, .mode = U64, .times = 200, SEE(FAULT(13, 0)) },
    { "gp-hlt", .code = s_hlt, .mode = U64, .times = 200, SEE(FAULT(13, 0)) },
    { "gp-int", .code = s_int20, .mode = U64, .times = 200,
      SEE({ .vector = 13, .at = 1, .error = 0x20 * 8 + 2,
            .failed = { FAILED(0x20, AS_INT) } }),
      OFF(ON_QEMU, "QEMU 7.2 gives the error code vector*16+2") },
    { "gp-rdmsr", .code = s_rdmsr, .arg = MSR_WRITE_ONLY, .times = 300,
      SEE({ .vector = 13, .at = 1, .as = AS_XEN }) },
    { "gp-wrmsr", .code = s_wrmsr, .arg = MSR_READ_ONLY, .times = 300,
      SEE({ .vector = 13, .at = 1, .as = AS_XEN }) },

    /* Error code: 1 present, 2 write, 4 user, 8 reserved bit, 16 fetch. */
    PF("pf-read", s_read, K64, VA_ABSENT + 0x123, 0),
    PF("pf-write", s_write, K64, VA_ABSENT + 0xff8, 2),
    PF_EXEC("pf-exec", K64, VA_ABSENT + 0x10, 0x10),
    PF("pf-readonly", s_write, K64, VA_RO + 0x40, 3),
    PF_EXEC("pf-nx", K64, VA_NX + 0x80, 0x11),
    { "pf-reserved", .code = s_read, .arg = VA_RSVD + 0x18, .times = 200,
      SEE(PAGE_FAULT(9, VA_RSVD + 0x18)),
      OFF(ON_QEMU, "QEMU 7.2 leaves the present bit out of the error code") },
    /* The handler maps the page and the instruction runs again. */
    { "pf-lazy", .code = s_push_mem, .arg = VA_LAZY + 0x7f8, .times = 200,
      SEE({ .vector = 14, .at = 1, .cr2 = VA_LAZY + 0x7f8, .then = map_lazy },
          { .vector = 6, .at = 2, .pushed = 8 }), .undo = unmap_lazy },
    PF("pf-user-read", s_read, U64, VA_ABSENT + 0x7, 4),
    PF("pf-user-super", s_read, U64, VA_RO + 0x8, 5),
    PF("pf-user-write", s_write, U64, VA_USER_RO + 0x8, 7),
    PF_EXEC("pf-user-exec", U64, VA_ABSENT + 0x20, 0x14),
    PF_EXEC("pf-user-nx", U64, VA_USER_NX + 0x30, 0x15),

    { "ac", .code = s_unaligned, .mode = U64, .arg = VA_USER_RO,
      .rflags = X86_EFLAGS_AC, .times = 300, SEE(FAULT(17, 0)),
      OFF(ON_QEMU, "QEMU has no #AC") },
    /* Only ring 3 has alignment checks. */
    { "ac-not", .code = s_push_unaligned, .arg = VA_DATA,
      .rflags = X86_EFLAGS_AC, .times = 300,
      SEE({ .vector = 6, .at = 2, .pushed = 8 }) },
};

TABLE(cases_simple);
