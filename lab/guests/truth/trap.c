/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every vector ends here, with interrupts off.  Count first, judge after: the
 * counters must be right even when an expectation is not met.
 *
 * Which of the received vectors Xen injects (AMD APM, "Event Injection"; Intel
 * SDM, "VM Entries and Event Injection"):
 *  - NMIs, virtual interrupts and upcalls, all of them; but with virtual
 *    interrupt delivery the CPU itself takes the LAPIC's vectors, without an
 *    injection;
 *  - exceptions that Xen intercepts on every CPU (#DB, #AC; #MC is never
 *    raised here) and hands back;
 *  - exceptions of instructions that Xen emulates (rows with C_INJECTED).
 * All other exceptions and INT n stay inside the guest.
 */
#include "truth.h"

#include <xen/xen.h>

#define EXC_DB 1
#define EXC_AC 17
#define EXC_MC 18

static void mismatch(struct cpu *c, const char *what, uint64_t got,
                     uint64_t want)
{
    if ( got != want && !c->mismatch.what )
        c->mismatch = (struct mismatch){ what, got, want };
}

static uint64_t expected_rip(const struct row *row, const struct expect *e)
{
    switch ( row->rip )
    {
    case RIP_TARGET:
        return row->cr2;
    case RIP_TRAP:
        /* Steps go over instructions of one byte. */
        return row->steps ? e->rip + e->hits : e->after;
    default:
        return e->rip;
    }
}

static void check_dr6(struct cpu *c)
{
    uint64_t dr6;

    asm volatile ( "mov %%dr6, %0" : "=r" (dr6) );
    mismatch(c, "dr6", dr6, 0xffff4ff0);        /* BS and the fixed ones */
    asm volatile ( "mov %0, %%dr6" :: "r" (0xffff0ff0UL) );
}

static void check(struct cpu *c, const struct frame *f)
{
    const struct row *row = c->row;
    const struct expect *e = &c->expect;
    bool user = row->flags & C_USER;

    mismatch(c, "vector", f->vector, row->vector);
    mismatch(c, "error", f->error, row->error);
    mismatch(c, "rip", f->rip, expected_rip(row, e));
    mismatch(c, "cs", f->cs, user ? SEL_UCODE : SEL_KCODE);
    mismatch(c, "if", f->rflags & X86_EFLAGS_IF, 0);
    mismatch(c, "rax", f->rax, e->rax);
    if ( !user )
        mismatch(c, "rsp", f->rsp, e->rsp);
    if ( row->flags & C_CR2 )
    {
        uint64_t cr2;

        asm volatile ( "mov %%cr2, %0" : "=r" (cr2) );
        mismatch(c, "cr2", cr2, row->cr2);
    }
    if ( row->flags & C_DR6_BS )
        check_dr6(c);
}

/* An exception or an INT n that the case at work has asked for. */
static void expected(struct cpu *c, struct frame *f)
{
    const struct row *row = c->row;
    struct expect *e = &c->expect;
    uint64_t v = f->vector;

    e->hits++;
    if ( row->flags & C_INJECTED || v == EXC_DB || v == EXC_AC )
        c->injected[v]++;
    if ( v == EXC_DB || v == EXC_AC )
        c->intercepted[v]++;

    check(c, f);

    /* A page that the fault maps: the instruction runs again. */
    if ( row->cr2 == VA_LAZY && v == row->vector )
    {
        *c->lazy_pte |= 1;
        return;
    }
    if ( e->hits < row->steps && v == row->vector )
        return;

    f->rip = e->resume;
    f->rflags &= ~(X86_EFLAGS_TF | X86_EFLAGS_AC);
    if ( f->cs != SEL_KCODE )
    {
        f->cs = SEL_KCODE;
        f->ss = SEL_KDATA;
        f->rsp = e->rsp;
    }
}

static void publish(struct cpu *c, uint8_t v)
{
    /* Pairs with wait_handled(); x86 keeps the order of stores. */
    asm volatile ( "" ::: "memory" );
    c->handled[v]++;
}

/* What comes through the LAPIC needs an EOI. */
static void from_lapic(struct cpu *c, uint8_t v)
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
 * asks for an interrupt window, as it always does with upcall=callback: its
 * VMRUN leaves the vector behind as a pending exception.  Xen injects once.
 * Such a ghost is known by what no CPU does: a maskable interrupt with
 * interrupts off, before its handler's first instruction.  It is left out of
 * all counts and reported by itself; with strict=1 it is a failure.
 */
static bool is_ghost(const struct frame *f)
{
    return f->vector == VEC_UPCALL && !opt.lapic_upcall &&
           !(f->rflags & X86_EFLAGS_IF) &&
           f->rip == (uint64_t)stubs + VEC_UPCALL * 16;
}

void trap(struct frame *f)
{
    struct cpu *c = this_cpu();
    uint8_t v = f->vector;

    if ( is_ghost(f) )
    {
        c->ghosts++;
        return;
    }
    c->count[v]++;
    if ( c->expect.armed && v != VEC_NMI )
        expected(c, f);
    else if ( v < 32 && v != VEC_NMI )
        crash(f);
    else
        interrupt(c, v);
}

/* From here to disarm() the only vectors are those of the case. */
void arm(struct cpu *c)
{
    irq_off();
    c->expect.hits = 0;
    c->expect.armed = true;
    asm volatile ( "" ::: "memory" );
}

void disarm(struct cpu *c)
{
    const struct row *row = c->row;

    asm volatile ( "" ::: "memory" );
    c->expect.armed = false;
    mismatch(c, "times", c->expect.hits, row->steps ? row->steps : 1);
    irq_on();
}
