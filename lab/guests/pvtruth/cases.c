/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cases, a row each.  To add one, add a row; for a new instruction, a piece
 * to code.S; for what is no scene, a function to raise.c.  What the CPU does is
 * from the Intel SDM, "Exception and Interrupt Reference", and the AMD APM,
 * "Vectors"; what Xen makes of it, from its public headers and, where these are
 * silent, from its arch/x86/traps.c and arch/x86/pv.
 *
 * A row with an "off" text is left out of cases=all where it says; name it in
 * cases=, or say cases=every, to run it.
 *
 * Not here: #BR (no BOUND in 64-bit mode), #TS (no task gates), #DF and #MC
 * (nothing to come back to).
 */
#include "raise.h"

#define CODE(label) extern char label[]
CODE(code_div); CODE(code_int3); CODE(code_cd03); CODE(code_cd04);
CODE(code_ud2); CODE(code_lock); CODE(code_fnop); CODE(code_int20);
CODE(code_int21); CODE(code_int22); CODE(code_int80); CODE(code_read);
CODE(code_write); CODE(code_jump); CODE(code_stack); CODE(code_load_es);
CODE(code_load_ss); CODE(code_hlt); CODE(code_cli); CODE(code_rdmsr);
CODE(code_wrmsr); CODE(code_out); CODE(code_lgdt); CODE(code_unaligned);
CODE(code_syscall); CODE(code_sysenter); CODE(code_spin); CODE(code_steps);
CODE(code_forced); CODE(code_lazy); CODE(code_mf); CODE(code_xm);

#define NONCANONICAL 0x0123456789abcdefUL

/* The CPU raises it, and that is what Xen delivers. */
#define AS_RAISED(v) .trap = (v), .kind = EXCEPTION, .vector = (v)
/* The CPU raises it, and Xen does what the instruction wanted. */
#define EMULATED(v) .trap = (v), .kind = NOTHING
/* The CPU raises nothing. */
#define ONLY(k, v) .trap = NO_TRAP, .kind = (k), .vector = (v)

#define SCENE(n, piece, len) .name = (n), .code = (piece), .length = (len)
#define PF(n, piece, at, ec, fl) \
    { SCENE(n, piece, 0), .arg = (at), .error = (ec), .times = 150, \
      .flags = C_WINDOW | C_CR2 | (fl), AS_RAISED(14) }
#define QEMU_INT .off_where = ON_QEMU, \
                 .off = "QEMU 7.2 gives the error code vector*16+2"
#define QEMU_OFF(why) .off_where = ON_QEMU, .off = (why)

const struct row cases[] = {
    { SCENE("de", code_div, 0), .times = 150, AS_RAISED(0) },
    { SCENE("de-user", code_div, 0), .times = 150, .flags = C_USER,
      AS_RAISED(0) },
    { SCENE("db-step", code_steps, 0), .rflags = X86_EFLAGS_TF, .steps = 8,
      .times = 30, .dr6 = 0x4000, AS_RAISED(1) },
    { SCENE("db-step-user", code_steps, 0), .rflags = X86_EFLAGS_TF,
      .steps = 8, .times = 30, .dr6 = 0x4000, .flags = C_USER, AS_RAISED(1) },
    { SCENE("db-code", code_steps, 0), .before = watch_code, .after = unwatch,
      .times = 60, .dr6 = 0x0001, AS_RAISED(1) },
    { SCENE("db-data", code_write, 3), .arg = AT_DATA + 0x40,
      .before = watch_data, .after = unwatch, .times = 60, .dr6 = 0x0001,
      .flags = C_WINDOW, AS_RAISED(1) },
    { SCENE("bp", code_int3, 1), .times = 150, AS_RAISED(3) },
    { SCENE("bp-user", code_int3, 1), .times = 150, .flags = C_USER,
      AS_RAISED(3) },
    { SCENE("bp-int", code_cd03, 2), .times = 150, AS_RAISED(3) },
    { SCENE("of-int", code_cd04, 2), .times = 150, AS_RAISED(4) },
    { SCENE("of-int-user", code_cd04, 2), .times = 150, .flags = C_USER,
      AS_RAISED(4) },
    { SCENE("ud", code_ud2, 0), .times = 150, AS_RAISED(6) },
    { SCENE("ud-user", code_ud2, 0), .times = 150, .flags = C_USER,
      AS_RAISED(6) },
    { SCENE("ud-lock", code_lock, 0), .times = 150, AS_RAISED(6),
      QEMU_OFF("QEMU 7.2 executes it") },
    { SCENE("nm", code_fnop, 0), .before = set_ts, .times = 100, AS_RAISED(7) },
    { SCENE("nm-user", code_fnop, 0), .before = set_ts, .times = 100,
      .flags = C_USER, AS_RAISED(7) },
    { SCENE("np-es", code_load_es, 0), .arg = SEL_ABSENT,
      .error = SEL_ABSENT & ~3, .times = 100, AS_RAISED(11) },
    { SCENE("ss-load", code_load_ss, 0), .arg = SEL_ABSENT,
      .error = SEL_ABSENT & ~3, .times = 100, AS_RAISED(12) },
    { SCENE("ss-stack", code_stack, 0), .arg = NONCANONICAL, .times = 100,
      AS_RAISED(12), QEMU_OFF("QEMU 7.2 makes it #GP") },

    { SCENE("gp-es", code_load_es, 0), .arg = SEL_BEYOND,
      .error = SEL_BEYOND & ~3, .times = 100, AS_RAISED(13) },
    { SCENE("gp-read", code_read, 0), .arg = NONCANONICAL, .times = 150,
      AS_RAISED(13) },
    { SCENE("gp-write-user", code_write, 0), .arg = NONCANONICAL,
      .times = 150, .flags = C_USER, AS_RAISED(13) },
    { SCENE("gp-hlt", code_hlt, 0), .times = 100, AS_RAISED(13) },
    { SCENE("gp-hlt-user", code_hlt, 0), .times = 100, .flags = C_USER,
      AS_RAISED(13) },
    { SCENE("gp-cli", code_cli, 0), .times = 100, AS_RAISED(13) },
    { SCENE("gp-cli-user", code_cli, 0), .before = allow_io,
      .after = forbid_io, .times = 100, .flags = C_USER, AS_RAISED(13) },
    { SCENE("gp-rdmsr", code_rdmsr, 0), .times = 100, AS_RAISED(13) },
    { SCENE("gp-rdmsr-user", code_rdmsr, 0), .times = 100, .flags = C_USER,
      AS_RAISED(13) },
    { SCENE("gp-wrmsr-user", code_wrmsr, 0), .times = 100, .flags = C_USER,
      AS_RAISED(13) },
    { SCENE("gp-out", code_out, 0), .times = 100, AS_RAISED(13) },
    { SCENE("gp-lgdt", code_lgdt, 0), .arg = AT_DATA, .times = 100,
      .flags = C_WINDOW, AS_RAISED(13) },
    { SCENE("gp-iret", code_ud2, 0), .cs = SEL_BEYOND,
      .error = SEL_BEYOND & ~3, .times = 100, .flags = C_USER,
      AS_RAISED(13) },
    { SCENE("gp-int", code_int21, 0), .error = 0x21 * 8 + 2, .times = 100,
      AS_RAISED(13), QEMU_INT },
    { SCENE("gp-int-user", code_int22, 0), .error = 0x22 * 8 + 2,
      .times = 100, .flags = C_USER, AS_RAISED(13), QEMU_INT },

    /* INT n raises #GP, and Xen delivers vector n. */
    { SCENE("int", code_int22, 2), .times = 150, .trap = 13,
      .kind = EXCEPTION, .vector = 0x22, QEMU_INT },
    { SCENE("int-user", code_int20, 2), .times = 150, .flags = C_USER,
      .trap = 13, .kind = EXCEPTION, .vector = 0x20, QEMU_INT },
    { SCENE("int80", code_int80, 2), .times = 150, .trap = 0x80,
      .kind = INT80, .vector = 0x80 },
    { SCENE("int80-user", code_int80, 2), .times = 150, .flags = C_USER,
      .trap = 0x80, .kind = INT80, .vector = 0x80 },

    /* Error code: 1 present, 2 write, 4 user, 16 fetch. */
    PF("pf-read",       code_read,  AT_ABSENT + 0x123, 0,    0),
    PF("pf-write",      code_write, AT_ABSENT + 0xff8, 2,    0),
    PF("pf-exec",       code_jump,  AT_ABSENT + 0x10,  0x10, C_TARGET),
    PF("pf-readonly",   code_write, AT_RO + 0x40,      3,    0),
    PF("pf-nx",         code_jump,  AT_NX + 0x80,      0x11, C_TARGET),
    PF("pf-user-read",  code_read,  AT_ABSENT + 0x7,   4,    C_USER),
    PF("pf-user-write", code_write, AT_ABSENT + 0x7,   6,    C_USER),
    PF("pf-user-ro",    code_write, AT_RO + 0x8,       7,    C_USER),
    PF("pf-user-exec",  code_jump,  AT_ABSENT + 0x20,  0x14, C_USER | C_TARGET),
    PF("pf-user-nx",    code_jump,  AT_NX + 0x30,      0x15, C_USER | C_TARGET),
    { SCENE("pf-user-kernel", code_read, 0), .arg = VIRT_BASE, .error = 4,
      .times = 150, .flags = C_USER | C_CR2, AS_RAISED(14) },
    { SCENE("pf-user-table", code_write, 0), .arg = AT_TABLE, .error = 7,
      .times = 150, .flags = C_USER | C_CR2 | C_WINDOW, AS_RAISED(14) },
    /* The fault maps the page, and the instruction runs again. */
    { SCENE("pf-lazy", code_lazy, 5), .arg = AT_LAZY + 0x18, .first = 14,
      .after = unmap, .times = 100, .flags = C_USER | C_WINDOW | C_REGS,
      ONLY(SYSCALL, 0) },

    { SCENE("ac", code_unaligned, 0), .arg = AT_DATA, .rflags = X86_EFLAGS_AC,
      .times = 100, .flags = C_WINDOW, AS_RAISED(17),
      QEMU_OFF("QEMU has no #AC") },
    { SCENE("ac-user", code_unaligned, 0), .arg = AT_RO,
      .rflags = X86_EFLAGS_AC, .times = 100, .flags = C_USER | C_WINDOW,
      AS_RAISED(17), QEMU_OFF("QEMU has no #AC") },
    /* Each begins with an #NM that is asked for, so that Xen loads the FPU. */
    { SCENE("mf", code_mf, 16), .before = set_ts, .first = 7, .times = 60,
      AS_RAISED(16) },
    { SCENE("mf-user", code_mf, 16), .before = set_ts, .first = 7,
      .times = 60, .flags = C_USER, AS_RAISED(16) },
    { SCENE("xm-user", code_xm, 10), .before = set_ts, .first = 7,
      .times = 60, .flags = C_USER, AS_RAISED(19),
      QEMU_OFF("QEMU 7.2 has no #XM") },

    { SCENE("syscall", code_syscall, 2), .times = 300, .flags = C_USER,
      ONLY(SYSCALL, 0) },
    { SCENE("sysenter", code_sysenter, 0), .times = 150, .flags = C_USER | C_ENTER,
      ONLY(SYSCALL, 0), .off_where = ON_AMD, .off = "not in AMD's long mode" },

    /* No callback: Xen makes an exception of it, which the CPU did not raise. */
    { SCENE("syscall-none", code_syscall, 0), .before = no_syscalls,
      .after = syscalls, .times = 100, .flags = C_USER | C_REGS,
      ONLY(EXCEPTION, 6) },
    { SCENE("sysenter-none", code_sysenter, 0), .before = no_syscalls,
      .after = syscalls, .times = 100, .flags = C_USER | C_ENTER,
      ONLY(EXCEPTION, 13), .off_where = ON_AMD,
      .off = "not in AMD's long mode" },

    { .name = "emul-rdmsr", .raise = raise_rdmsr, .times = 150, EMULATED(13) },
    { .name = "emul-wbinvd", .raise = raise_wbinvd, .times = 150,
      EMULATED(13) },
    { .name = "emul-clts", .raise = raise_clts, .times = 150, EMULATED(13) },
    { .name = "emul-cr0", .raise = raise_read_cr0, .times = 150,
      EMULATED(13) },
    { .name = "emul-cli-sti", .raise = raise_cli_sti, .before = allow_io,
      .after = forbid_io, .times = 150, .steps = 2, EMULATED(13) },
    { .name = "emul-in", .raise = raise_in, .before = allow_io,
      .after = forbid_io, .times = 150, EMULATED(13) },
    { .name = "emul-cpuid", .raise = raise_cpuid, .times = 150, EMULATED(6) },
    { SCENE("emul-cpuid-user", code_forced, 9), .first = 0, .times = 150,
      .flags = C_USER | C_REGS, .trap = 6, .kind = SYSCALL },
    { .name = "emul-ldt", .raise = raise_ldt, .times = 100, EMULATED(14) },
    { .name = "emul-ptwr", .raise = raise_write_table, .times = 150,
      EMULATED(14) },

    { .name = "xen-read", .raise = raise_bad_read, .arg = AT_ABSENT,
      .times = 150, .xen_fault = 14, ONLY(NOTHING, 0) },
    { .name = "xen-write", .raise = raise_bad_write, .arg = AT_ABSENT,
      .times = 150, .xen_fault = 14, ONLY(NOTHING, 0) },
    { .name = "xen-write-ro", .raise = raise_bad_write, .arg = AT_RO,
      .times = 150, .xen_fault = 14, ONLY(NOTHING, 0) },

    { .name = "nmi-self", .raise = raise_nmi_self, .times = 100,
      ONLY(NMI, 2) },
    { .name = "nmi-cross", .raise = raise_nmi_cross, .times = 60,
      .flags = C_CROSS, ONLY(NMI, 2) },
    { .name = "event-self", .raise = raise_event_self, .times = 100,
      ONLY(EVENT, 0) },
    { .name = "event-cross", .raise = raise_event_cross, .times = 60,
      .flags = C_CROSS, ONLY(EVENT, 0) },
    { .name = "event-loop", .raise = raise_event_loop, .times = 100,
      ONLY(EVENT, 0) },
    { .name = "event-masked", .raise = raise_event_masked, .times = 60,
      ONLY(NOTHING, 0) },
    { .name = "event-unmask", .raise = raise_event_unmask, .times = 60,
      ONLY(EVENT, 0) },
    { .name = "event-pair", .raise = raise_event_pair, .times = 60,
      ONLY(EVENT, 0) },
    { .name = "event-timer", .raise = raise_event_timer, .times = 60,
      ONLY(EVENT, 0) },
    { .name = "event-block", .raise = raise_event_block, .times = 60,
      ONLY(EVENT, 0) },
    { SCENE("event-user", code_spin, 0), .before = arm_masked, .times = 60,
      .flags = C_USER, ONLY(EVENT, 0) },
};

const unsigned int nr_cases = sizeof(cases) / sizeof(cases[0]);
