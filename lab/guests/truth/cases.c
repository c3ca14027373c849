/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cases, a row each.  To add one, add a row; if it needs a new way of
 * raising, add a function to raise.c.  What a row promises (vector, error
 * code, saved RIP, CR2) is from the Intel SDM, "Exception and Interrupt
 * Reference", and the AMD APM, "Vectors".
 *
 * A row with an "off" text is wrong in QEMU 7.2's emulation, and right on real
 * CPUs and in Bochs.  On QEMU it is left out of cases=all; name it in cases=,
 * or say cases=every, to run it.
 *
 * Not here at all: #NM (with lazy FPU switching its interception comes and
 * goes with the host's scheduling), #MF and #XM (they need FPU state), #TS
 * (no task gates in long mode), #DF and #MC (nothing to come back to).
 */
#include "raise.h"

/* Not offered to guests, refused by Xen without a word on its console. */
#define MSR_WRITE_ONLY 0x79     /* microcode update trigger */
#define MSR_READ_ONLY  0x10a    /* architectural capabilities */

#define NONCANONICAL 0x0123456789abcdefUL

#define PF(n, way, va, ec, rule, fl) \
    { .name = n, .vector = 14, .raise = way, .arg = va, .cr2 = va, \
      .error = ec, .rip = rule, .times = 500, .flags = C_CR2 | (fl) }

const struct row cases[] = {
    { "de-zero", 0, raise_div_zero, .arg = 7, .times = 1000,
      .rip = RIP_FAULT },
    { "de-overflow", 0, raise_div_overflow, .arg = 7, .times = 500,
      .rip = RIP_FAULT },
    { "db-step", 1, raise_step, .times = 300, .rip = RIP_TRAP, .steps = 1,
      .flags = C_DR6_BS },
    { "db-step8", 1, raise_step, .times = 50, .rip = RIP_TRAP, .steps = 8,
      .flags = C_DR6_BS },
    { "db-icebp", 1, raise_icebp, .times = 300, .rip = RIP_TRAP,
      .off = "QEMU 7.2 makes it #UD" },
    { "bp", 3, raise_int3, .times = 1000, .rip = RIP_TRAP },
    { "of", 4, raise_int, .times = 500, .rip = RIP_TRAP },
    { "ud", 6, raise_ud2, .times = 1000, .rip = RIP_FAULT },
    { "ud-lock", 6, raise_lock, .times = 500, .rip = RIP_FAULT,
      .off = "QEMU 7.2 executes it" },
    { "np-es", 11, raise_load_es, .arg = SEL_ABSENT, .error = SEL_ABSENT,
      .times = 500, .rip = RIP_FAULT },
    { "ss-load", 12, raise_load_ss, .arg = SEL_ABSENT, .error = SEL_ABSENT,
      .times = 500, .rip = RIP_FAULT },
    { "ss-stack", 12, raise_read_stack, .arg = NONCANONICAL, .times = 500,
      .rip = RIP_FAULT, .off = "QEMU 7.2 makes it #GP" },
    { "gp-es", 13, raise_load_es, .arg = SEL_BEYOND | 3, .error = SEL_BEYOND,
      .times = 500, .rip = RIP_FAULT },
    { "gp-read", 13, raise_read, .arg = NONCANONICAL, .times = 500,
      .rip = RIP_FAULT },
    { "gp-write", 13, raise_write, .arg = NONCANONICAL, .times = 500,
      .rip = RIP_FAULT },
    { "gp-cli", 13, raise_user_cli, .times = 500, .rip = RIP_FAULT,
      .flags = C_USER },
    { "gp-int", 13, raise_user_int_dpl, .error = 0x20 * 8 + 2, .times = 500,
      .rip = RIP_FAULT, .flags = C_USER,
      .off = "QEMU 7.2 gives the error code vector*16+2" },
    { "gp-rdmsr", 13, raise_rdmsr, .arg = MSR_WRITE_ONLY, .times = 300,
      .rip = RIP_FAULT, .flags = C_INJECTED },
    { "gp-wrmsr", 13, raise_wrmsr, .arg = MSR_READ_ONLY, .times = 300,
      .rip = RIP_FAULT, .flags = C_INJECTED },

    /* Error code: 1 present, 2 write, 4 user, 8 reserved bit, 16 fetch. */
    PF("pf-read",       raise_read,       VA_ABSENT + 0x123,  0,    RIP_FAULT,
       0),
    PF("pf-write",      raise_write,      VA_ABSENT + 0xff8,  2,    RIP_FAULT,
       0),
    PF("pf-exec",       raise_jump,       VA_ABSENT + 0x10,   0x10, RIP_TARGET,
       0),
    PF("pf-readonly",   raise_write,      VA_RO + 0x40,       3,    RIP_FAULT,
       0),
    PF("pf-nx",         raise_jump,       VA_NX + 0x80,       0x11, RIP_TARGET,
       0),
    { "pf-reserved", 14, raise_read, .arg = VA_RSVD + 0x18, .error = 9,
      .cr2 = VA_RSVD + 0x18, .times = 500, .rip = RIP_FAULT, .flags = C_CR2,
      .off = "QEMU 7.2 leaves the present bit out of the error code" },
    PF("pf-lazy",       raise_lazy,       VA_LAZY,            0,    RIP_FAULT,
       0),
    PF("pf-user-read",  raise_user_read,  VA_ABSENT + 0x7,    4,    RIP_FAULT,
       C_USER),
    PF("pf-user-super", raise_user_read,  VA_RO + 0x8,        5,    RIP_FAULT,
       C_USER),
    PF("pf-user-write", raise_user_write, VA_USER_RO + 0x8,   7,    RIP_FAULT,
       C_USER),
    PF("pf-user-exec",  raise_user_exec,  VA_ABSENT + 0x20,   0x14, RIP_TARGET,
       C_USER),
    PF("pf-user-nx",    raise_user_exec,  VA_USER_NX + 0x30,  0x15, RIP_TARGET,
       C_USER),

    { "ac", 17, raise_user_unaligned, .arg = VA_USER_RO, .times = 300,
      .rip = RIP_FAULT, .flags = C_USER, .off = "QEMU has no #AC" },

    { "int-20", 0x20, raise_int, .times = 500, .rip = RIP_TRAP },
    { "int-21", 0x21, raise_int, .times = 500, .rip = RIP_TRAP },
    { "int-3f", 0x3f, raise_int, .times = 500, .rip = RIP_TRAP },
    { "int-80", 0x80, raise_int, .times = 1000, .rip = RIP_TRAP },
    { "int-80-user", 0x80, raise_user_int, .times = 500, .rip = RIP_TRAP,
      .flags = C_USER },
    { "int-c8", 0xc8, raise_int, .times = 500, .rip = RIP_TRAP },
    { "int-ee", 0xee, raise_int, .times = 500, .rip = RIP_TRAP },
    { "int-fe", 0xfe, raise_int, .times = 500, .rip = RIP_TRAP },

    { "ipi-self", VEC_IPI_SELF, raise_ipi_self, .times = 200 },
    { "ipi-self-msr", VEC_IPI_MSR, raise_ipi_msr, .times = 200,
      .flags = C_X2APIC },
    { "ipi-masked", VEC_IPI_MASK, raise_ipi_masked, .times = 200 },
    { "ipi-cross", VEC_IPI_CROSS, raise_ipi_cross, .times = 100 },
    { "ipi-all", VEC_IPI_ALL, raise_ipi_all, .times = 50,
      .flags = C_ONE | C_TO_ALL },
    { "nmi-self", VEC_NMI, raise_nmi_self, .times = 100 },
    { "nmi-cross", VEC_NMI, raise_nmi_cross, .times = 50 },

    { "timer-oneshot", VEC_ONESHOT, raise_oneshot, .times = 100 },
    { "timer-hlt", VEC_ONESHOT, raise_oneshot_hlt, .times = 100 },
    { "timer-deadline", VEC_DEADLINE, raise_deadline, .times = 100,
      .flags = C_DEADLINE },

    { "event-self", VEC_UPCALL, raise_event_self, .times = 200 },
    { "event-cross", VEC_UPCALL, raise_event_cross, .times = 100 },
    { "event-timer", VEC_UPCALL, raise_event_timer, .times = 100 },
};

const unsigned int nr_cases = sizeof(cases) / sizeof(cases[0]);
