/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VMCS for Intel's hooks.  Outside of VMX operation, and on other CPUs, VMREAD
 * and VMWRITE raise #UD, and in it, where a hypervisor is loaded, a process gets
 * #GP (Intel SDM volume 3, "VMREAD-Read Field from Virtual-Machine Control
 * Structure").  The kernel makes a signal of either, and its handler does what
 * they would have done.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#include "steps.h"

#define NR_FIELDS 32
#define FLAGS_CHANGED 0x8d5 /* CF, PF, AF, ZF, SF, OF */
#define FLAG_TF       0x100

static struct {
    uint32_t field;
    uint64_t value;
} fields[NR_FIELDS];

/* Registers as instructions number them. */
static const int regs[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

static uint64_t *find(uint32_t field)
{
    unsigned int i;

    for ( i = 0; i < NR_FIELDS; i++ )
        if ( fields[i].field == field || !fields[i].field )
        {
            fields[i].field = field;
            return &fields[i].value;
        }
    abort();
}

void vmcs_clear(void)
{
    unsigned int i;

    for ( i = 0; i < NR_FIELDS; i++ )
        fields[i].value = 0;
}

void vmcs_set(uint32_t field, uint64_t value)
{
    *find(field) = value;
}

uint64_t vmcs_get(uint32_t field)
{
    return *find(field);
}

static void on_illegal(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *insn = (const uint8_t *)r[REG_RIP];
    uint8_t rex = (*insn & 0xf0) == 0x40 ? *insn++ : 0;
    greg_t *reg = &r[regs[(insn[2] >> 3 & 7) | (rex & 4 ? 8 : 0)]];
    greg_t *rm = &r[regs[(insn[2] & 7) | (rex & 1 ? 8 : 0)]];

    (void)sig;
    (void)info;
    /* Of registers only. */
    if ( insn[0] != 0x0f || insn[2] < 0xc0 )
        abort();
    if ( insn[1] == 0x78 )
        *rm = (greg_t)vmcs_get((uint32_t)*reg);
    else if ( insn[1] == 0x79 )
        vmcs_set((uint32_t)*reg, (uint64_t)*rm);
    else
        abort();
    r[REG_EFL] &= ~FLAGS_CHANGED;
    r[REG_RIP] = (greg_t)(insn + 3);
    if ( r[REG_EFL] & FLAG_TF )
        steps_taken++;
}

void vmcs_setup(void)
{
    struct sigaction sa = {
        .sa_sigaction = on_illegal, .sa_flags = SA_ONSTACK | SA_SIGINFO,
    };

    if ( sigaction(SIGILL, &sa, NULL) || sigaction(SIGSEGV, &sa, NULL) )
        abort();
}
