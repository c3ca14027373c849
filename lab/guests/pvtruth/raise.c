/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways of raising what is no scene.  Some are instructions that Xen
 * emulates: the CPU raises an exception and nothing is delivered, so all that
 * can be checked is that they did their work.  The others ask Xen for an event
 * and wait until it was handled before they return.
 */
#include "raise.h"

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/physdev.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/errno.h>

#define MSR_PAT 0x277
#define XENS_PAT 0x050100070406UL       /* Xen's ABI for PV guests */
#define DR7_EXEC_0  0x00000002UL        /* global, execution */
#define DR7_WRITE_0 0x000d0002UL        /* global, write, four bytes */

void raise_rdmsr(struct cpu *c, const struct row *row)
{
    uint32_t lo, hi;

    (void)row;
    asm volatile ( "rdmsr" : "=a" (lo), "=d" (hi) : "c" (MSR_PAT) );
    mismatch(c, "pat", ((uint64_t)hi << 32) | lo, XENS_PAT);
}

void raise_wbinvd(struct cpu *c, const struct row *row)
{
    (void)c, (void)row;
    asm volatile ( "wbinvd" ::: "memory" );
}

void raise_clts(struct cpu *c, const struct row *row)
{
    (void)c, (void)row;
    asm volatile ( "clts" );
}

void raise_read_cr0(struct cpu *c, const struct row *row)
{
    uint64_t cr0;

    (void)row;
    asm volatile ( "mov %%cr0, %0" : "=r" (cr0) );
    mismatch(c, "cr0", cr0 & 0x80000001, 0x80000001);   /* PG PE */
}

/* With the I/O privilege level: Xen skips them. */
void raise_cli_sti(struct cpu *c, const struct row *row)
{
    (void)row;
    asm volatile ( "cli; sti" ::: "memory" );
    mismatch(c, "upcall-mask", xen_upcalls_masked(), false);
}

/* Ports that the domain has not been given read as all ones. */
void raise_in(struct cpu *c, const struct row *row)
{
    uint8_t value;

    (void)row;
    asm volatile ( "in $0x80, %0" : "=a" (value) );
    mismatch(c, "al", value, 0xff);
}

/* ud2a "xen" cpuid: asks Xen instead of the CPU. */
void raise_cpuid(struct cpu *c, const struct row *row)
{
    uint32_t a, b, d, leaf = 0x40000000;

    (void)row;
    asm volatile ( ".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
                   : "=a" (a), "=b" (b), "+c" (leaf), "=d" (d)
                   : "a" (0x40000000) );
    mismatch(c, "signature", b, 0x566e6558);    /* XenV */
}

void raise_ldt(struct cpu *c, const struct row *row)
{
    (void)c, (void)row;
    memory_ldt(true);
    asm volatile ( "mov %0, %%es" :: "r" (SEL_LDT) );
    asm volatile ( "mov %0, %%es" :: "r" (0) );
    memory_ldt(false);
}

/* Xen writes the entry; a change from present to absent and back. */
void raise_write_table(struct cpu *c, const struct row *row)
{
    volatile uint64_t *pte = (volatile uint64_t *)
        (c->window + AT_TABLE + AT_SPARE / PAGE_SIZE * 8);
    uint64_t value = *pte ? 0 : memory_pte(c, AT_SPARE);

    (void)row;
    *pte = value;
    mismatch(c, "pte", *pte & ~0xf00UL, value);
}

/* Hypercalls whose argument Xen cannot read, or cannot write. */
void raise_bad_read(struct cpu *c, const struct row *row)
{
    mismatch(c, "rc", -hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send,
                                 c->window + row->arg, 0, 0), XEN_EFAULT);
}

void raise_bad_write(struct cpu *c, const struct row *row)
{
    mismatch(c, "rc", -hypercall(__HYPERVISOR_xen_version, XENVER_extraversion,
                                 c->window + row->arg, 0, 0), XEN_EFAULT);
}

static void send_nmi(struct cpu *to)
{
    uint64_t want = to->nmis + 1;

    if ( xen_vcpu_op(VCPUOP_send_nmi, to->id, NULL) )
        error("cannot send an NMI to vcpu %u", to->id);
    wait_for(&to->nmis, want);
}

void raise_nmi_self(struct cpu *c, const struct row *row)
{
    (void)row;
    send_nmi(c);
}

void raise_nmi_cross(struct cpu *c, const struct row *row)
{
    (void)row;
    send_nmi(c->next);
}

static void send(struct cpu *to, unsigned int p)
{
    struct port *port = &to->ports[p];

    xen_send(p == P_LOOP ? to->loop_from : port->port);
    port->sent++;
}

static void send_and_wait(struct cpu *to, unsigned int p)
{
    uint64_t want = to->taken[p] + 1;

    send(to, p);
    wait_for(&to->taken[p], want);
}

void raise_event_self(struct cpu *c, const struct row *row)
{
    (void)row;
    send_and_wait(c, P_SELF);
}

void raise_event_cross(struct cpu *c, const struct row *row)
{
    (void)row;
    send_and_wait(c->next, P_CROSS);
}

void raise_event_loop(struct cpu *c, const struct row *row)
{
    (void)row;
    send_and_wait(c, P_LOOP);
}

/* Three times the same masked port: pending once, and no upcall. */
void raise_event_masked(struct cpu *c, const struct row *row)
{
    (void)row;
    events_mask(c->ports[P_SELF].port);
    for ( unsigned int i = 0; i < 3; i++ )
        send(c, P_SELF);
    mismatch(c, "pending", events_forget(c->ports[P_SELF].port), true);
    events_unmask(c->ports[P_SELF].port);
}

/* The upcall comes when the port is unmasked. */
void raise_event_unmask(struct cpu *c, const struct row *row)
{
    uint64_t want = c->taken[P_SELF] + 1;

    (void)row;
    events_mask(c->ports[P_SELF].port);
    send(c, P_SELF);
    mismatch(c, "taken", c->taken[P_SELF], want - 1);
    events_unmask(c->ports[P_SELF].port);
    wait_for(&c->taken[P_SELF], want);
}

/* Two ports, one of them twice, while upcalls are masked: one upcall. */
void raise_event_pair(struct cpu *c, const struct row *row)
{
    uint64_t self = c->taken[P_SELF] + 1, loop = c->taken[P_LOOP] + 1;

    (void)row;
    xen_mask_upcalls(true);
    send(c, P_SELF);
    send(c, P_LOOP);
    send(c, P_SELF);
    xen_mask_upcalls(false);
    wait_for(&c->taken[P_SELF], self);
    wait_for(&c->taken[P_LOOP], loop);
}

void raise_event_timer(struct cpu *c, const struct row *row)
{
    uint64_t want = c->taken[P_TIMER] + 1;

    arm_timer(c, row);
    wait_for(&c->taken[P_TIMER], want);
}

/* As an idle loop does it: blocked until the tick. */
void raise_event_block(struct cpu *c, const struct row *row)
{
    uint64_t want = c->taken[P_TIMER] + 1;

    xen_mask_upcalls(true);
    arm_timer(c, row);
    while ( c->taken[P_TIMER] < want )
    {
        xen_block();
        xen_mask_upcalls(true);
    }
    xen_mask_upcalls(false);
}

void arm_timer(struct cpu *c, const struct row *row)
{
    (void)row;
    xen_arm_timer(c, opt.timer_us);
    c->ports[P_TIMER].sent++;
}

/* Upcalls stay masked until the scene is entered. */
void arm_masked(struct cpu *c, const struct row *row)
{
    xen_mask_upcalls(true);
    arm_timer(c, row);
}

void set_ts(struct cpu *c, const struct row *row)
{
    (void)c, (void)row;
    hypercall(__HYPERVISOR_fpu_taskswitch, 1, 0, 0, 0);
}

void no_syscalls(struct cpu *c, const struct row *row)
{
    (void)c, (void)row;
    xen_set_syscalls(false);
}

void syscalls(struct cpu *c, const struct row *row)
{
    (void)c, (void)row;
    xen_set_syscalls(true);
}

void unmap(struct cpu *c, const struct row *row)
{
    memory_set(c->window + (row->arg & -PAGE_SIZE), 0);
}

static void watch(struct cpu *c, uint64_t address, uint64_t dr7)
{
    if ( hypercall(__HYPERVISOR_set_debugreg, 0, address, 0, 0) ||
         hypercall(__HYPERVISOR_set_debugreg, 7, dr7, 0, 0) )
        error("vcpu %u cannot set its debug registers", c->id);
}

void watch_code(struct cpu *c, const struct row *row)
{
    watch(c, code_at(c, row->code), DR7_EXEC_0);
}

void watch_data(struct cpu *c, const struct row *row)
{
    watch(c, c->window + row->arg, DR7_WRITE_0);
}

void unwatch(struct cpu *c, const struct row *row)
{
    (void)row;
    watch(c, 0, 0);
}

static void set_iopl(uint32_t level)
{
    struct physdev_set_iopl iopl = { .iopl = level };

    if ( hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl,
                   (uint64_t)&iopl, 0, 0) )
        error("cannot set the I/O privilege level");
}

void allow_io(struct cpu *c, const struct row *row)
{
    (void)c, (void)row;
    set_iopl(1);
}

void forbid_io(struct cpu *c, const struct row *row)
{
    (void)c, (void)row;
    set_iopl(0);
}
