/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions of 32-bit and 16-bit code in long mode: those that 64-bit code
 * does not have (INTO, BOUND), and that all others are as there.  The handlers
 * are 64-bit code all the same.  The 16-bit segments have a base, so RIP is
 * not the linear address.
 */
#include "table.h"

#define BOTH(n, k, e) \
    { n "-32", .code = k##_32, .mode = K32, .times = 100, SEE(e) }, \
    { n "-16", .code = k##_16, .mode = K16, .times = 100, SEE(e) }, \
    { n "-user-32", .code = k##_32, .mode = U32, .times = 100, SEE(e) }, \
    { n "-user-16", .code = k##_16, .mode = U16, .times = 100, SEE(e) }

#define BOTH_ARG(n, k, a, fl, e) \
    { n "-32", .code = k##_32, .mode = K32, .arg = a, .rflags = fl, \
      .times = 100, SEE(e) }, \
    { n "-16", .code = k##_16, .mode = K16, .arg = a, .rflags = fl, \
      .times = 100, SEE(e) }, \
    { n "-user-32", .code = k##_32, .mode = U32, .arg = a, .rflags = fl, \
      .times = 100, SEE(e) }, \
    { n "-user-16", .code = k##_16, .mode = U16, .arg = a, .rflags = fl, \
      .times = 100, SEE(e) }

static const struct row rows[] = {
    BOTH_ARG("of", s_into, 0, X86_EFLAGS_OF, TRAP(4, AS_EXCEPTION)),
    /* No overflow: nothing comes before the end. */
    { "of-not-32", .code = s_into_32, .mode = K32, .times = 100, SEE(END) },
    BOTH_ARG("br", s_bound, VA_DATA, 0, FAULT(5, 0)),
    BOTH("de", s_div, FAULT(0, 0)),
    BOTH("ud", s_ud2, FAULT(6, 0)),
    BOTH("bp", s_int3, TRAP(3, AS_EXCEPTION)),
    { "bp-int-32", .code = s_int3_cd_32, .mode = U32, .times = 100,
      SEE(TRAP(3, AS_INT)) },
    { "int-80-32", .code = s_int80_32, .mode = U32, .times = 100,
      SEE(TRAP(0x80, AS_INT)) },
    { "int-80-16", .code = s_int80_16, .mode = U16, .times = 100,
      SEE(TRAP(0x80, AS_INT)) },
    { "pf-32", .code = s_read_32, .mode = K32, .arg = VA_ABSENT + 0x10,
      .times = 100, SEE(PAGE_FAULT(0, VA_ABSENT + 0x10)) },
    { "pf-user-32", .code = s_read_32, .mode = U32, .arg = VA_ABSENT + 0x10,
      .times = 100, SEE(PAGE_FAULT(4, VA_ABSENT + 0x10)) },
    { "pf-user-16", .code = s_read_16, .mode = U16, .arg = VA_ABSENT + 0x10,
      .times = 100, SEE(PAGE_FAULT(4, VA_ABSENT + 0x10)) },
    { "np-32", .code = s_mov_es_32, .mode = K32, .arg = SEL_ABSENT,
      .times = 100, SEE(FAULT(11, SEL_ABSENT)) },
    { "gp-cli-32", .code = s_cli_32, .mode = U32, .times = 100,
      SEE(FAULT(13, 0)) },
    { "ac-32", .code = s_unaligned_32, .mode = U32, .arg = VA_USER_RO,
      .rflags = X86_EFLAGS_AC, .times = 100, SEE(FAULT(17, 0)),
      OFF(ON_QEMU, "QEMU has no #AC") },
};

TABLE(cases_segments);
