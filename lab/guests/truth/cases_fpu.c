/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * #NM, #MF and #XM.  The handlers look at the FPU's state, remove the cause
 * and let the instruction run again.  Xen may itself intercept #NM to load a
 * vCPU's FPU state late; the guest does not see that.
 */
#include "table.h"

#define CR0_TS     0x8UL
#define CR4_XMM    0x400UL
#define MXCSR_ALL  0x1f80U

static uint64_t read_cr0(void)
{
    uint64_t val;

    asm volatile ( "mov %%cr0, %0" : "=r" (val) );
    return val;
}

static void set_ts(struct cpu *c)
{
    (void)c;
    asm volatile ( "mov %0, %%cr0" :: "r" (read_cr0() | CR0_TS) );
}

static void clear_ts(struct cpu *c)
{
    (void)c;
    asm volatile ( "clts" );
}

static void on_nm(struct cpu *c, struct frame *f)
{
    (void)f;
    must_be(c, "cr0.ts", read_cr0() & CR0_TS, CR0_TS);
    clear_ts(c);
}

static void clean_x87(struct cpu *c)
{
    (void)c;
    asm volatile ( "fninit" );
}

/* Status: B, ES, ZE; two values on the stack, for the result is not stored. */
static void on_mf(struct cpu *c, struct frame *f)
{
    uint16_t status;

    (void)f;
    asm volatile ( "fnstsw %0" : "=m" (status) );
    must_be(c, "x87 status", status, 0xb084);
    asm volatile ( "fnclex" );
}

static void set_mxcsr(uint32_t val)
{
    asm volatile ( "ldmxcsr %0" :: "m" (val) );
}

static void clean_sse(struct cpu *c)
{
    (void)c;
    set_mxcsr(MXCSR_ALL);
}

/* MXCSR: ZM clear, ZE set; the register that was to be divided is as it was. */
static void on_xm(struct cpu *c, struct frame *f)
{
    uint32_t mxcsr, xmm1;

    (void)f;
    asm volatile ( "stmxcsr %0" : "=m" (mxcsr) );
    asm volatile ( "movss %%xmm1, %0" : "=m" (xmm1) );
    must_be(c, "mxcsr", mxcsr, 0x1d84);
    must_be(c, "xmm1", xmm1, 0x3f800000);
    set_mxcsr(MXCSR_ALL);
}

static void set_cr4_xmm(bool on)
{
    uint64_t val;

    asm volatile ( "mov %%cr4, %0" : "=r" (val) );
    val = on ? val | CR4_XMM : val & ~CR4_XMM;
    asm volatile ( "mov %0, %%cr4" :: "r" (val) );
}

static void no_xmm(struct cpu *c)
{
    (void)c;
    set_cr4_xmm(false);
}

static void again_xmm(struct cpu *c)
{
    set_cr4_xmm(true);
    clean_sse(c);
}

static const struct row rows[] = {
    { "nm", .code = s_fninit, .times = 100, .prepare = set_ts,
      SEE({ .vector = 7, .at = 1, .then = on_nm }, END) },
    { "nm-user", .code = s_fninit, .mode = U64, .times = 100,
      .prepare = set_ts,
      SEE({ .vector = 7, .at = 1, .then = on_nm }, END) },
    { "mf", .code = s_mf, .times = 100, .undo = clean_x87,
      SEE({ .vector = 16, .at = 1, .then = on_mf }, END) },
    { "mf-user", .code = s_mf, .mode = U64, .times = 100, .undo = clean_x87,
      SEE({ .vector = 16, .at = 1, .then = on_mf }, END) },
    { "xm", .code = s_xm, .times = 100, .undo = clean_sse,
      SEE({ .vector = 19, .at = 1, .then = on_xm }, END),
      OFF(ON_QEMU, "QEMU 7.2 has no #XM") },
    { "xm-user", .code = s_xm, .mode = U64, .times = 100, .undo = clean_sse,
      SEE({ .vector = 19, .at = 1, .then = on_xm }, END),
      OFF(ON_QEMU, "QEMU 7.2 has no #XM") },
    { "xm-ud", .code = s_xm, .times = 100, .prepare = no_xmm,
      .undo = again_xmm, SEE(FAULT(6, 0)),
      OFF(ON_QEMU, "QEMU 7.2 has no #XM") },
};

TABLE(cases_fpu);
