/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking a fault on purpose: the handler keeps what the kernel says of it and
 * jumps back to where it was asked for.
 */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "load.h"
#include "raise.h"

static sigjmp_buf back;
static struct fault *volatile taken;
static volatile bool check_registers;
static bool armed;

/* Raisers load these registers; a program that may be interrupted anywhere must
   find them as they were. */
static bool registers_kept(const greg_t *r)
{
    return (uint64_t)r[REG_R8] == PATTERN_R8 &&
           (uint64_t)r[REG_R9] == PATTERN_R9 &&
           (uint64_t)r[REG_R10] == PATTERN_R10 &&
           (uint64_t)r[REG_R11] == PATTERN_R11;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    struct fault *f = taken;

    /* The kernel leaves EFLAGS.AC as it was. */
    asm volatile ( "pushfq; andl %0, (%%rsp); popfq"
                   :: "i" (~EFLAGS_AC) : "memory", "cc" );
    if ( !f )
        failure("signal %d, vector %d, at %#llx, asked for by nobody", sig,
                (int)r[REG_TRAPNO], (unsigned long long)r[REG_RIP]);
    f->sig = sig;
    f->code = info->si_code;
    f->addr = (uint64_t)info->si_addr;
    f->vector = r[REG_TRAPNO];
    f->error = r[REG_ERR];
    f->cr2 = r[REG_CR2];
    f->rip = r[REG_RIP];
    f->flags = r[REG_EFL];
    if ( check_registers && !registers_kept(r) )
        failure("vector %d: registers changed: r8 %#llx r9 %#llx r10 %#llx "
                "r11 %#llx", (int)f->vector, (unsigned long long)r[REG_R8],
                (unsigned long long)r[REG_R9], (unsigned long long)r[REG_R10],
                (unsigned long long)r[REG_R11]);
    siglongjmp(back, 1);
}

static void arm(void)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

    for ( size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++ )
        CHECK(!sigaction(signals[i], &sa, NULL));
    armed = true;
}

void fault_take(struct fault *f, void (*raise)(uint64_t arg), uint64_t arg,
                bool registers)
{
    static const uint32_t mxcsr = 0x1f80;

    if ( !armed )
        arm();
    memset(f, 0, sizeof(*f));
    check_registers = registers;
    taken = f;
    if ( !sigsetjmp(back, 1) )
        raise(arg);
    taken = NULL;
    /* Whatever the raiser had unmasked, loaded or pushed. */
    asm volatile ( "fninit; ldmxcsr %0; mov %1, %%ds; mov %1, %%es"
                   :: "m" (mxcsr), "r" (0) );
    if ( f->sig )
        raised(f->vector, 1);
}
