/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Single steps of ourselves: with RFLAGS.TF set the CPU traps after each
 * instruction, and the kernel makes a signal of it, in whose handler TF is
 * clear (Intel SDM, "Single-Step Exception Condition").
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#include "steps.h"

volatile unsigned long steps_taken;

static void on_trap(int sig)
{
    (void)sig;
    steps_taken++;
}

unsigned long steps(void *fn, unsigned long arg1, unsigned long arg2,
                    unsigned long arg3)
{
    steps_taken = 0;
    asm volatile ( "pushfq; orq $0x100, (%%rsp); popfq\n\t"
                   "call *%[fn]\n\t"
                   "pushfq; andq $~0x100, (%%rsp); popfq"
                   : "+D" (arg1), "+S" (arg2), "+d" (arg3)
                   : [fn] "b" (fn)
                   : "rax", "rcx", "r8", "r9", "r10", "r11", "memory", "cc" );
    return steps_taken;
}

void on_xens_stack(void (*fn)(void))
{
    static char handlers[65536];
    static ucontext_t here, there;
    stack_t alt = { .ss_sp = handlers, .ss_size = sizeof(handlers) };
    struct sigaction sa = { .sa_handler = on_trap, .sa_flags = SA_ONSTACK };

    if ( sigaltstack(&alt, NULL) || sigaction(SIGTRAP, &sa, NULL) ||
         getcontext(&there) )
        abort();
    there.uc_stack.ss_sp = (char *)(uintptr_t)xen_stack;
    there.uc_stack.ss_size = XEN_STACK_SIZE - XEN_CPU_INFO;
    there.uc_link = &here;
    makecontext(&there, fn, 0);
    swapcontext(&here, &there);
}
