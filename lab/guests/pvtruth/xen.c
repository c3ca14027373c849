/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen as a PV guest sees it: hypercalls, callbacks, vCPUs, time.
 *
 * Rules (public xen.h, callback.h): the upcall mask is what IF is to others;
 * clearing it by a store delivers nothing, the next hypercall or
 * HYPERVISOR_iret does.
 */
#include "pvtruth.h"

#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

static struct shared_info *shared;

long hypercall(unsigned int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t r10 asm("r10") = d;
    long ret;

    asm volatile ( "call *%[to]"
                   : "=a" (ret), "+D" (a), "+S" (b), "+d" (c), "+r" (r10)
                   : [to] "r" (hypercall_page + nr * 32)
                   : "memory", "rcx", "r8", "r9", "r11" );
    return ret;
}

long xen_ask(unsigned int nr, uint64_t a, uint64_t b, uint64_t c)
{
    return hypercall(nr, a, b, c, 0);
}

static struct vcpu_info *info(void)
{
    return &shared->vcpu_info[this_cpu()->id];
}

long xen_vcpu_op(unsigned int op, unsigned int vcpu, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, op, vcpu, (uint64_t)arg, 0);
}

void xen_init(const struct start_info *start)
{
    shared = memory_map(start->shared_info);
    events_init(shared);
}

/*
 * Who may raise a vector by INT n: user mode (3), the kernel (1), nobody.  The
 * vectors of exceptions that push an error code are nobody's: with INT n there
 * is none.
 */
static unsigned int dpl_of(unsigned int vector)
{
    switch ( vector )
    {
    case 3:
    case 4:
    case 0x20:
    case 0x80:
        return 3;
    case 0x22:
        return 1;
    default:
        return 0;
    }
}

static void set_traps(void)
{
    static struct trap_info traps[257];

    for ( unsigned int i = 0; i < 256; i++ )
    {
        traps[i].vector = i;
        traps[i].flags = dpl_of(i) | 4; /* upcalls masked */
        traps[i].cs = CS_USER;
        traps[i].address = (uint64_t)entries + i * 16;
    }
    if ( hypercall(__HYPERVISOR_set_trap_table, (uint64_t)traps, 0, 0, 0) )
        error("cannot set the trap table");
}

static long callback(unsigned int type, const char *address)
{
    struct callback_register reg = {
        .type = type, .flags = CALLBACKF_mask_events,
        .address = (uint64_t)address,
    };

    return hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register,
                     (uint64_t)&reg, 0, 0);
}

void xen_set_syscalls(bool there)
{
    if ( callback(CALLBACKTYPE_syscall, there ? entry_syscall : NULL) ||
         callback(CALLBACKTYPE_sysenter, there ? entry_sysenter : NULL) )
        error("cannot set the callbacks of system calls");
}

void xen_set_callbacks(struct cpu *c)
{
    set_traps();
    xen_set_syscalls(true);
    if ( callback(CALLBACKTYPE_event, entry_event) ||
         callback(CALLBACKTYPE_failsafe, entry_failsafe) ||
         callback(CALLBACKTYPE_nmi, entries + 2 * 16) ||
         hypercall(__HYPERVISOR_stack_switch, SS_FLAT,
                   (uint64_t)(c->kernel_stack + sizeof(c->kernel_stack)),
                   0, 0) )
        error("cannot set the callbacks of vcpu %u", c->id);
}

/* Starts every other vCPU at entry(); returns how many there are in all. */
unsigned int xen_boot_others(void (*entry)(struct cpu *c), uint64_t cr3)
{
    unsigned int n = 1;

    for ( ; n < MAX_VCPUS; n++ )
    {
        static struct vcpu_guest_context ctx;

        if ( xen_vcpu_op(VCPUOP_is_up, n, NULL) < 0 )
            break;
        ctx.flags = VGCF_in_kernel;
        ctx.user_regs.rip = (uint64_t)entry;
        ctx.user_regs.rdi = (uint64_t)&cpus[n];
        /* As if called: the ABI wants %rsp + 8 aligned. */
        ctx.user_regs.rsp = (uint64_t)&cpus[n] + CPU_SIZE - 8;
        ctx.user_regs.rflags = X86_EFLAGS_IF;
        ctx.user_regs.cs = CS_USER;
        ctx.user_regs.ss = ctx.kernel_ss = SS_FLAT;
        ctx.kernel_sp = ctx.user_regs.rsp;
        ctx.ctrlreg[0] = 0x80050033;    /* PG AM WP NE ET MP PE */
        ctx.ctrlreg[3] = cr3;
        if ( xen_vcpu_op(VCPUOP_initialise, n, &ctx) ||
             xen_vcpu_op(VCPUOP_up, n, NULL) )
            error("cannot start vcpu %u", n);
    }
    return n;
}

void xen_mask_upcalls(bool masked)
{
    volatile struct vcpu_info *v = info();

    v->evtchn_upcall_mask = masked;
    /* Any hypercall: on the way out Xen looks. */
    if ( !masked )
        hypercall(__HYPERVISOR_xen_version, 0, 0, 0, 0);
}

bool xen_upcalls_masked(void)
{
    return info()->evtchn_upcall_mask;
}

uint64_t xen_cr2(void)
{
    return info()->arch.cr2;
}

uint64_t xen_now(void)
{
    return clock_now(&info()->time);
}

uint64_t xen_tsc_hz(void)
{
    return clock_ns_to_tsc(&info()->time, 1000000000);
}

void xen_arm_timer(struct cpu *c, uint64_t us)
{
    struct vcpu_set_singleshot_timer set = {
        .timeout_abs_ns = xen_now() + us * 1000,
    };

    if ( xen_vcpu_op(VCPUOP_set_singleshot_timer, c->id, &set) )
        error("cannot arm the timer of vcpu %u", c->id);
}

/* SCHEDOP_poll on no port at all: any upcall ends it early. */
void xen_sleep(uint64_t ns)
{
    uint64_t until = xen_now() + ns;

    /*
     * Not SCHEDOP_poll: its time-out is Xen's time, which ours, from the TSC,
     * may be ahead of in an emulator that has run for minutes.
     */
    do
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0);
    while ( xen_now() < until );
}

/* Until an upcall comes; it unmasks upcalls. */
void xen_block(void)
{
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_block, 0, 0, 0);
}

void xen_shutdown(unsigned int reason)
{
    struct sched_shutdown sd = { .reason = reason };

    for ( ; ; )
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uint64_t)&sd, 0, 0);
}
