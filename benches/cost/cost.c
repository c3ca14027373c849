/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that counts what an exit costs it.  Each way to cause one is done
 * again and again between two readings of the TSC; the least is printed, as
 * anything else was interrupted.  Where the TSC counts instructions, that is
 * their exact number, from the guest's instruction through the CPU, Xen and what
 * stands in its way to the next instruction.
 *
 *   cpuid   Xen emulates the instruction: an exit and an entry
 *   gp      RDMSR of what is not there: Xen emulates it, and injects #GP
 *   db      a single step: Xen intercepts #DB and gives it back
 *   ud, pf  exceptions that Xen does not intercept: without a tap that asks for
 *           them they cost no exit
 *
 * The truth guest's start, CPU and Xen parts are used; cases and scenes are not.
 */
#include "../../lab/guests/truth/truth.h"

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/params.h>

#define TRAP_db 1
#define TRAP_ud 6
#define TRAP_gp 13
#define TRAP_pf 14
#define MSR_WRITE_ONLY 0x79 /* microcode update trigger */

struct options opt = { .lapic_upcall = true };

static uint64_t rounds = 2000;

void truth_main(struct hvm_start_info *info);

/* Handlers step over the instruction, or end the stepping. */
void trap(struct frame *f)
{
    switch ( f->vector )
    {
    case TRAP_db:
        f->rflags &= ~X86_EFLAGS_TF;
        break;
    case TRAP_ud: /* UD2 */
    case TRAP_gp: /* RDMSR */
        f->rip += 2;
        break;
    case TRAP_pf: /* a load of three bytes */
        f->rip += 3;
        break;
    default:
        die("vector=%lu rip=0x%lx", f->vector, f->rip);
    }
}

#define WAY(name, code) \
    static __attribute__((noinline)) uint64_t way_##name(void) \
    { \
        uint64_t before = rdtsc(); \
        \
        code; \
        return rdtsc() - before; \
    }

WAY(nothing, asm volatile ( "" ::: "memory" ))
WAY(cpuid, asm volatile ( "cpuid" : : "a" (0), "c" (0) : "rbx", "rdx" ))
WAY(gp, asm volatile ( "rdmsr" : : "c" (MSR_WRITE_ONLY) : "rax", "rdx" ))
WAY(db, asm volatile ( "pushf; orq $0x100, (%%rsp); popf; nop"
                       ::: "memory", "cc" ))
WAY(ud, asm volatile ( "ud2" ))
WAY(pf, asm volatile ( "movq (%%rax), %%rdx" :: "a" (VA_ABSENT) : "rdx" ))

static const struct {
    const char *name;
    uint64_t (*once)(void);
} ways[] = {
    { "nothing", way_nothing }, { "cpuid", way_cpuid }, { "gp", way_gp },
    { "db", way_db }, { "ud", way_ud }, { "pf", way_pf },
};

static void run(unsigned int way)
{
    uint64_t least = ~0UL, total, begin, t;
    uint64_t i, at_least = 0;

    begin = rdtsc();
    for ( i = 0; i < rounds; i++ )
    {
        t = ways[way].once();
        if ( t < least )
        {
            least = t;
            at_least = 0;
        }
        at_least += t == least;
    }
    total = rdtsc() - begin;
    say("cost %s least=%lu times=%lu of=%lu total=%lu", ways[way].name, least,
        at_least, rounds, total);
}

static void set(const char *name, const char *value)
{
    if ( word_equal(name, "rounds") )
        rounds = word_number(name, value);
    else
        error("unknown option %s=%s", name, value);
}

void truth_main(struct hvm_start_info *info)
{
    struct cpu *c = &cpus[0];

    cpu_build(c, 0);
    cpu_load(c);
    xen_init();
    console_init((struct xencons_interface *)
                 (xen_param(HVM_PARAM_CONSOLE_PFN) * PAGE_SIZE),
                 xen_param(HVM_PARAM_CONSOLE_EVTCHN));
    if ( info->cmdline_paddr )
        words_parse((char *)info->cmdline_paddr, set);
    for ( unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]); i++ )
        run(i);
    success();
}
