/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions as a program sees them: signal, si_code, si_addr, vector, error
 * code, saved RIP and registers.  What must be in them is from the Intel SDM,
 * "Exception and Interrupt Reference", and from what Linux does with it.
 *
 * Emulators have some wrong, or not at all.  A row with a `may_lack` text is
 * tried before the first cycle and left out, with a word, if it is not as it
 * should be; a row without must be right.
 */
#include <asm/ldt.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "load.h"
#include "raise.h"

#define NONCANONICAL 0x0123456789abcdefull
#define SEL_LDT      7      /* first entry of the LDT, RPL 3 */
#define SEL_BEYOND   0x1003 /* no such entry in Linux' GDT */

/* x87: all masked but one; 64 bits of precision. */
#define X87(unmasked) (0x37f & ~(unmasked))
#define SSE(unmasked) (0x1f80 & ~((unmasked) << 7))
#define IE 0x01
#define DE 0x02
#define ZE 0x04
#define OE 0x08
#define UE 0x10
#define PE 0x20

static const uint64_t words[2] __attribute__((aligned(16)));
static const struct numbers
    mf_zero = { X87(ZE), 1, 0 }, mf_invalid = { X87(IE), 0, 0 },
    mf_overflow = { X87(OE), 1, 100000 }, mf_underflow = { X87(UE), 1, -100000 },
    mf_inexact = { X87(PE), 1, 3 },
    xm_zero = { SSE(ZE), 1, 0 }, xm_invalid = { SSE(IE), 0, 0 },
    xm_overflow = { SSE(OE), 1e300, 1e-300 },
    xm_underflow = { SSE(UE), 1e-300, 1e300 },
    xm_denormal = { SSE(DE), 5e-324, 1 }, xm_inexact = { SSE(PE), 1, 3 };

enum addr { ADDR_0, ADDR_RIP };

struct row {
    const char *name;
    void (*raise)(uint64_t arg);
    const char *at;
    uint64_t arg;
    uint8_t vector;
    uint16_t error;
    int sig, code;
    enum addr addr;
    const char *may_lack;
};

#define R(what) raise_##what, raise_##what##_at
#define N(n) (uint64_t)&(n)
/* Its error code.  Right when INT n is intercepted, which gives its delivery to
   Xen: so it must not be found out by trying. */
static const char wrong_on_qemu[] = "QEMU 7.2 has another error code";
#define NO_XM "no #XM here"

static const struct row rows[] = {
    { "de-zero", R(de_zero), 0, 0, 0, SIGFPE, FPE_INTDIV, ADDR_RIP, NULL },
    { "de-overflow", R(de_overflow), 0, 0, 0, SIGFPE, FPE_INTDIV, ADDR_RIP,
      NULL },
    { "db-step", R(db_step), 0, 1, 0, SIGTRAP, TRAP_TRACE, ADDR_RIP, NULL },
    { "db-icebp", R(db_icebp), 0, 1, 0, SIGTRAP, TRAP_BRKPT, ADDR_RIP,
      "not this machine's #DB" },
    { "bp", R(bp), 0, 3, 0, SIGTRAP, SI_KERNEL, ADDR_0, NULL },
    { "bp-int-3", R(bp_cd03), 0, 3, 0, SIGTRAP, SI_KERNEL, ADDR_0, NULL },
    { "of-int-4", R(of_int), 0, 4, 0, SIGSEGV, SI_KERNEL, ADDR_0, NULL },
    { "ud2", R(ud2), 0, 6, 0, SIGILL, ILL_ILLOPN, ADDR_RIP, NULL },
    { "ud-push-es", R(ud_push_es), 0, 6, 0, SIGILL, ILL_ILLOPN, ADDR_RIP,
      NULL },
    { "ud-lock", R(ud_lock), 0, 6, 0, SIGILL, ILL_ILLOPN, ADDR_RIP,
      "executed here" },
    { "np-es", R(load_es), SEL_LDT, 11, SEL_LDT & ~3, SIGBUS, SI_KERNEL, ADDR_0,
      "no LDT" },
    { "ss-load", R(load_ss), SEL_LDT, 12, SEL_LDT & ~3, SIGBUS, SI_KERNEL,
      ADDR_0, "no LDT" },
    { "ss-stack", R(read_stack), NONCANONICAL, 12, 0, SIGBUS, SI_KERNEL, ADDR_0,
      "#GP here" },
    { "gp-read", R(read), NONCANONICAL, 13, 0, SIGSEGV, SI_KERNEL, ADDR_0,
      NULL },
    { "gp-write", R(write), NONCANONICAL, 13, 0, SIGSEGV, SI_KERNEL, ADDR_0,
      NULL },
    { "gp-hlt", R(hlt), 0, 13, 0, SIGSEGV, SI_KERNEL, ADDR_0, NULL },
    { "gp-cli", R(cli), 0, 13, 0, SIGSEGV, SI_KERNEL, ADDR_0, NULL },
    { "gp-cr0", R(read_cr0), 0, 13, 0, SIGSEGV, SI_KERNEL, ADDR_0, NULL },
    { "gp-rdmsr", R(rdmsr), 0, 13, 0, SIGSEGV, SI_KERNEL, ADDR_0, NULL },
    { "gp-selector", R(load_es), SEL_BEYOND, 13, SEL_BEYOND & ~3, SIGSEGV,
      SI_KERNEL, ADDR_0, NULL },
    { "gp-int-90", R(int_90), 0, 13, 0x90 * 8 + 2, SIGSEGV, SI_KERNEL, ADDR_0,
      wrong_on_qemu },
    { "ac", R(unaligned), N(words), 17, 0, SIGBUS, BUS_ADRALN, ADDR_0,
      "no #AC here" },
    { "mf-zero", R(mf_div), N(mf_zero), 16, 0, SIGFPE, FPE_FLTDIV, ADDR_RIP,
      NULL },
    { "mf-invalid", R(mf_div), N(mf_invalid), 16, 0, SIGFPE, FPE_FLTINV,
      ADDR_RIP, NULL },
    { "mf-overflow", R(mf_scale), N(mf_overflow), 16, 0, SIGFPE, FPE_FLTOVF,
      ADDR_RIP, NULL },
    { "mf-underflow", R(mf_scale), N(mf_underflow), 16, 0, SIGFPE, FPE_FLTUND,
      ADDR_RIP, NULL },
    { "mf-inexact", R(mf_div), N(mf_inexact), 16, 0, SIGFPE, FPE_FLTRES,
      ADDR_RIP, NULL },
    { "xm-zero", R(xm_div), N(xm_zero), 19, 0, SIGFPE, FPE_FLTDIV, ADDR_RIP,
      NO_XM },
    { "xm-invalid", R(xm_div), N(xm_invalid), 19, 0, SIGFPE, FPE_FLTINV,
      ADDR_RIP, NO_XM },
    { "xm-overflow", R(xm_div), N(xm_overflow), 19, 0, SIGFPE, FPE_FLTOVF,
      ADDR_RIP, NO_XM },
    { "xm-underflow", R(xm_div), N(xm_underflow), 19, 0, SIGFPE, FPE_FLTUND,
      ADDR_RIP, NO_XM },
    { "xm-denormal", R(xm_div), N(xm_denormal), 19, 0, SIGFPE, FPE_FLTUND,
      ADDR_RIP, NO_XM },
    { "xm-inexact", R(xm_div), N(xm_inexact), 19, 0, SIGFPE, FPE_FLTRES,
      ADDR_RIP, NO_XM },
};

/* 32-bit code, for what 64-bit code cannot do. */
#define COMPAT_SIZE   0x11000 /* with its stack */
#define COMPAT_BOUNDS 0x800

static const struct compat_row {
    const char *name;
    uint8_t code[16];
    uint8_t at; /* offset of the saved RIP */
    uint8_t vector;
    int sig, code_of_signal;
    bool addr_rip;
    const char *may_lack;
} compat_rows[] = {
    /* mov $0x7fffffff, %eax; add $1, %eax; into; ud2 */
    { "of-into", { 0xb8, 0xff, 0xff, 0xff, 0x7f, 0x83, 0xc0, 0x01, 0xce,
      0x0f, 0x0b }, 9, 4, SIGSEGV, SI_KERNEL, false, NULL },
    /* mov $5, %eax; bound %eax, (%ecx); ud2 */
    { "br-bound", { 0xb8, 5, 0, 0, 0, 0x62, 0x01, 0x0f, 0x0b }, 5, 5, SIGSEGV,
      SI_KERNEL, false, NULL },
    /* int3 */
    { "bp-compat", { 0xcc, 0x0f, 0x0b }, 1, 3, SIGTRAP, SI_KERNEL, false,
      NULL },
    /* nop; ud2 */
    { "ud2-compat", { 0x90, 0x0f, 0x0b }, 1, 6, SIGILL, ILL_ILLOPN, true,
      NULL },
    /* xor %edx, %edx; xor %ebx, %ebx; div %ebx; ud2 */
    { "de-compat", { 0x31, 0xd2, 0x31, 0xdb, 0xf7, 0xf3, 0x0f, 0x0b }, 4, 0,
      SIGFPE, FPE_INTDIV, true, NULL },
};

#define NR_ROWS   (sizeof(rows) / sizeof(rows[0]))
#define NR_COMPAT (sizeof(compat_rows) / sizeof(compat_rows[0]))
#define TIMES     4

static bool left_out[NR_ROWS], compat_left_out[NR_COMPAT];
static uint8_t *compat;

static bool as_it_should(const struct fault *f, uint64_t at,
                         unsigned int vector, unsigned int error, int sig,
                         int code, bool addr_rip)
{
    return f->sig == sig && f->code == code && f->vector == vector &&
           f->error == error && f->rip == at && f->addr == (addr_rip ? at : 0);
}

static void wrong(const char *name, const struct fault *f, uint64_t at)
{
    failure("%s: signal %d code %d addr %#llx vector %llu error %#llx "
            "rip %#llx (expected at %#llx)", name, f->sig, f->code,
            (unsigned long long)f->addr, (unsigned long long)f->vector,
            (unsigned long long)f->error, (unsigned long long)f->rip,
            (unsigned long long)at);
}

/* What INT n raises is not intercepted as an exception. */
static bool by_int(const struct row *r)
{
    return r->raise == raise_bp_cd03 || r->raise == raise_of_int;
}

static bool try_row(const struct row *r, struct fault *f)
{
    fault_take(f, r->raise, r->arg, true);
    if ( f->sig && by_int(r) )
        raised_by_int(f->vector);
    return as_it_should(f, (uint64_t)r->at, r->vector, r->error, r->sig,
                        r->code, r->addr == ADDR_RIP);
}

static bool lacking(const struct row *r)
{
    struct fault f;

    if ( r->may_lack == wrong_on_qemu )
        return on_qemu();
    return r->may_lack && !try_row(r, &f);
}

static bool try_compat(const struct compat_row *r, struct fault *f)
{
    memcpy(compat, r->code, sizeof(r->code));
    fault_take(f, raise_compat, (uint64_t)compat, false);
    return as_it_should(f, (uint64_t)compat + r->at, r->vector, 0, r->sig,
                        r->code_of_signal, r->addr_rip);
}

/* A data segment that is not present, as the LDT's first entry. */
static void make_ldt(void)
{
    struct user_desc d = {
        .entry_number = 0, .limit = 0xfffff, .seg_32bit = 1,
        .limit_in_pages = 1, .seg_not_present = 1, .useable = 1,
    };

    /* Without it rows that need it are left out. */
    (void)syscall(SYS_modify_ldt, 0x11, &d, sizeof(d));
}

const char *lacks_exceptions(void)
{
    struct fault f;
    int32_t *bounds;
    size_t i;

    make_ldt();
    compat = mmap(NULL, COMPAT_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(compat != MAP_FAILED);
    bounds = (int32_t *)(compat + COMPAT_BOUNDS);
    bounds[0] = 0;
    bounds[1] = 3;

    for ( i = 0; i < NR_ROWS; i++ )
        if ( lacking(&rows[i]) )
        {
            left_out[i] = true;
            say_skip(rows[i].name, rows[i].may_lack);
        }
    for ( i = 0; i < NR_COMPAT; i++ )
        if ( compat_rows[i].may_lack && !try_compat(&compat_rows[i], &f) )
        {
            compat_left_out[i] = true;
            say_skip(compat_rows[i].name, compat_rows[i].may_lack);
        }
    return NULL;
}

static void found(size_t row, const struct fault *f, uint64_t base)
{
    result(row);
    result(f->sig);
    result(f->code);
    result(f->vector);
    result(f->error);
    result(f->rip - base);
    result(f->flags & EFLAGS_KEPT);
}

void part_exceptions(void)
{
    struct fault f;
    size_t i;

    for ( unsigned int n = 0; n < TIMES; n++ )
    {
        for ( i = 0; i < NR_ROWS; i++ )
        {
            if ( left_out[i] )
                continue;
            if ( !try_row(&rows[i], &f) )
                wrong(rows[i].name, &f, (uint64_t)rows[i].at);
            found(i, &f, (uint64_t)rows[i].at);
        }
        for ( i = 0; i < NR_COMPAT; i++ )
        {
            if ( compat_left_out[i] )
                continue;
            if ( !try_compat(&compat_rows[i], &f) )
                wrong(compat_rows[i].name, &f,
                      (uint64_t)compat + compat_rows[i].at);
            found(NR_ROWS + i, &f, (uint64_t)compat);
        }
    }
}

/* FPU and SSE state must survive what interrupts this. */
void part_numbers(void)
{
    volatile double x = 1.0;
    uint64_t h = 0;

    for ( int i = 0; i < 20000; i++ )
    {
        x = x * 1.0000001 + 0.5;
        h = (h ^ (uint64_t)(x * 16)) * 1099511628211ull;
    }
    result(h);
}
