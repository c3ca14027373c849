/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every vector ends here, with interrupts off.  Count first, judge after: the
 * counters must be right even when an expectation is not met.  While a scene is
 * played, scene.c judges; otherwise only what was asked of Xen may come.
 *
 * Which of the received vectors Xen injects (AMD APM, "Event Injection"; Intel
 * SDM, "VM Entries and Event Injection"):
 *  - NMIs, virtual interrupts and upcalls, all of them; but with virtual
 *    interrupt delivery the CPU itself takes the LAPIC's vectors, without an
 *    injection;
 *  - exceptions that Xen intercepts on every CPU (#DB, #AC; #MC is never
 *    raised here) and hands back;
 *  - exceptions of instructions that Xen emulates (AS_XEN in the tables).
 * All other exceptions and INT n stay inside the guest.
 */
#include "truth.h"

void publish(struct cpu *c, uint8_t v)
{
    /* Pairs with wait_handled(); x86 keeps the order of stores. */
    asm volatile ( "" ::: "memory" );
    c->handled[v]++;
}

/* What comes through the LAPIC needs an EOI. */
void from_lapic(struct cpu *c, uint8_t v)
{
    c->lapic[v]++;
    if ( !xen_virtual_delivery() )
        c->injected[v]++;
    apic_eoi();
}

static void surprise(struct cpu *c, uint8_t v)
{
    c->unexpected++;
    c->unexpected_vector = v;
}

static void interrupt(struct cpu *c, uint8_t v)
{
    switch ( v )
    {
    case VEC_NMI:
        c->injected[v]++;
        if ( !c->row || c->row->vector != v )
            surprise(c, v);
        break;

    case VEC_ONESHOT:
    case VEC_DEADLINE:
    case VEC_IPI_SELF ... VEC_IPI_MASK:
        from_lapic(c, v);
        if ( !c->row || c->row->vector != v )
            surprise(c, v);
        break;

    case VEC_UPCALL:
        /* An upcall that brings no event is a surprise, and counted. */
        if ( xen_take_events(c) != 1 )
            surprise(c, v);
        if ( opt.lapic_upcall )
            from_lapic(c, v);
        else
            c->injected[v]++;
        break;

    default:
        surprise(c, v);
        if ( apic_in_service(v) )
            from_lapic(c, v);
        else
            c->injected[v]++;
        break;
    }
    publish(c, v);
}

/*
 * QEMU 7.2 now and then delivers an injected interrupt twice when Xen also
 * asks for an interrupt window, as it always does with upcall=callback, and else
 * if another interrupt is waiting: its VMRUN leaves the vector behind as a
 * pending exception.  Xen injects once.  Such a ghost is known by what no CPU
 * does: a maskable interrupt with interrupts off, before its own handler's first
 * instruction.  It is left out of all counts and reported by itself; with
 * strict=1 it is a failure.
 */
static bool is_ghost(const struct frame *f)
{
    return f->vector >= 32 && !(f->rflags & X86_EFLAGS_IF) &&
           f->rip == (uint64_t)entries + f->vector * 16;
}

static void crash(const struct frame *f) __attribute__((noreturn));
static void crash(const struct frame *f)
{
    uint64_t cr2;

    asm volatile ( "mov %%cr2, %0" : "=r" (cr2) );
    die("vcpu=%u vector=%lu error=0x%lx cs=0x%lx rip=0x%lx cr2=0x%lx"
        " rsp=0x%lx case=%s", this_cpu()->id, f->vector, f->error, f->cs,
        f->rip, cr2, f->rsp, this_cpu()->row ? this_cpu()->row->name : "none");
}

void trap(struct frame *f)
{
    struct cpu *c = this_cpu();
    uint8_t v = f->vector;

    if ( is_ghost(f) )
    {
        c->ghosts++;
        c->ghost = v;
        return;
    }
    c->count[v]++;
    if ( c->expect.armed )
        scene_event(c, f);
    else if ( v < 32 && v != VEC_NMI )
        crash(f);
    else
        interrupt(c, v);
}
