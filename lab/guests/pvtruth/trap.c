/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenes, and what ends them: everything that Xen delivers arrives here, with
 * upcalls masked.  Count first, judge after: the counters must be right even
 * when an expectation is not met.
 */
#include "pvtruth.h"

#include <xen/xen.h>

#define EXC_NMI 2
#define EXC_PF  14
#define DR6_NONE 0xffff0ff0UL

void mismatch(struct cpu *c, const char *what, uint64_t got, uint64_t want)
{
    if ( got != want && !c->mismatch.what )
        c->mismatch = (struct mismatch){ what, got, want };
}

static bool is_user(const struct row *row)
{
    return row->flags & C_USER;
}

static uint64_t expected_rip(const struct cpu *c, const struct row *row)
{
    if ( row->flags & C_TARGET )
        return c->start.rdi;
    /* Steps go over instructions of one byte. */
    return c->start.rip + (row->steps ? c->hits : row->length);
}

static void check_registers(struct cpu *c, const struct frame *f)
{
    static const char *const names[] = {
        "r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rbp", "rdi",
        "rsi", "rdx", "rcx", "rbx", "rax",
    };
    const uint64_t *got = (const uint64_t *)f;
    const uint64_t *want = (const uint64_t *)&c->start;

    for ( unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++ )
        mismatch(c, names[i], got[i], want[i]);
}

static void check_dr6(struct cpu *c, const struct row *row)
{
    uint64_t dr6 = hypercall(__HYPERVISOR_get_debugreg, 6, 0, 0, 0);

    mismatch(c, "dr6", dr6, DR6_NONE | row->dr6);
    hypercall(__HYPERVISOR_set_debugreg, 6, DR6_NONE, 0, 0);
}

/* SYSENTER leaves Xen no way to know where it was, nor the stack. */
static void check_sysenter(struct cpu *c, const struct frame *f)
{
    mismatch(c, "rip", f->rip, 0);
    mismatch(c, "cs", f->cs & 0xffff, 3);
    mismatch(c, "rsp", f->rsp, 0);
    check_registers(c, f);
}

static void check(struct cpu *c, const struct row *row, const struct frame *f)
{
    mismatch(c, "error", f->error, row->error);
    mismatch(c, "masked", xen_upcalls_masked(), true);
    if ( row->flags & C_ENTER )
    {
        check_sysenter(c, f);
        return;
    }
    mismatch(c, "rip", f->rip, expected_rip(c, row));
    mismatch(c, "cs", f->cs & 0xffff, c->start.cs);
    mismatch(c, "upcall-mask", f->cs >> 32, !(c->start.rflags & X86_EFLAGS_IF));
    mismatch(c, "ss", f->ss, c->start.ss);
    mismatch(c, "rsp", f->rsp, c->start.rsp);
    mismatch(c, "rflags", f->rflags & ~X86_EFLAGS_RF, c->start.rflags);
    if ( row->kind == SYSCALL )
    {
        /* The instruction itself puts them there. */
        mismatch(c, "rcx", f->rcx, f->rip);
        mismatch(c, "r11", f->r11, c->start.rflags);
        c->start.rcx = f->rcx;
        c->start.r11 = f->r11;
    }
    if ( !(row->flags & C_REGS) )
        check_registers(c, f);
    if ( row->flags & C_CR2 )
        mismatch(c, "cr2", xen_cr2(), c->start.rdi);
    if ( row->dr6 )
        check_dr6(c, row);
}

static void go_home(struct cpu *c, struct frame *f)
{
    c->scene = NULL;
    f->rip = (uint64_t)home;
    f->cs = CS_KERNEL;
    f->rflags = X86_EFLAGS_IF | 2;
    f->rsp = c->home;
    f->ss = SS_FLAT;
}

/* Something was delivered in a scene. */
static void scene_event(struct cpu *c, struct frame *f, enum kind kind,
                        uint8_t vector)
{
    const struct row *row = c->scene;

    if ( row->first && !c->first_came && kind == EXCEPTION &&
         vector == row->first )
    {
        c->first_came = true;
        if ( vector == EXC_PF )
            memory_set(xen_cr2() & -PAGE_SIZE, memory_pte(c, AT_LAZY));
        return;
    }
    c->hits++;
    mismatch(c, "kind", kind, row->kind);
    mismatch(c, "vector", vector, row->vector);
    check(c, row, f);
    if ( c->hits < row->steps && !c->mismatch.what )
        return;
    go_home(c, f);
}

void play(struct cpu *c, const struct row *row)
{
    uint64_t *regs = (uint64_t *)&c->start;

    for ( unsigned int i = 0; i < 15; i++ )
        regs[i] = 0x7275746868a5a500UL + i;
    c->start.rdi = row->arg + (row->flags & C_WINDOW ? c->window : 0);
    c->start.rip = code_at(c, row->code);
    c->start.cs = row->cs ?: is_user(row) ? CS_USER : CS_KERNEL;
    c->start.rflags = row->rflags | 2 | (is_user(row) ? X86_EFLAGS_IF : 0);
    /* Never used in user mode; in the kernel, not aligned as Xen will. */
    c->start.rsp = is_user(row) ? 0x7275746870UL :
        (uint64_t)(c->scene_stack + sizeof(c->scene_stack) - 24);
    c->start.ss = SS_FLAT;

    xen_mask_upcalls(true);
    c->launch = c->start;
    c->hits = 0;
    c->first_came = false;
    c->scene = row;
    go(&c->launch, &c->home);
    asm volatile ( "" ::: "memory" );
    mismatch(c, "times", c->hits, row->steps ?: 1);
}

static void surprise(struct cpu *c, uint32_t vector)
{
    c->unexpected++;
    c->unexpected_vector = vector;
}

static void event(struct cpu *c)
{
    uint64_t took[NR_PORTS] = {};
    bool any = false;

    events_take(c, took);
    for ( unsigned int i = 0; i < NR_PORTS; i++ )
    {
        any |= took[i];
        c->taken[i] += took[i];
    }
    /* An upcall that brings no event is a surprise, and counted. */
    if ( !any )
        surprise(c, VEC_EVENT);
}

static enum kind kind_of(const struct frame *f)
{
    switch ( f->vector )
    {
    case EXC_NMI:
        return NMI;
    case 0x80:
        return INT80;
    case VEC_EVENT:
        return EVENT;
    case VEC_SYSCALL:
    case VEC_SYSENTER:
        return SYSCALL;
    default:
        return EXCEPTION;
    }
}

static void crash(const struct cpu *c, const struct frame *f)
    __attribute__((noreturn));
static void crash(const struct cpu *c, const struct frame *f)
{
    die("vcpu=%u vector=%lu error=0x%lx cs=0x%lx rip=0x%lx cr2=0x%lx"
        " rsp=0x%lx case=%s", c->id, f->vector, f->error, f->cs, f->rip,
        xen_cr2(), f->rsp, c->row ? c->row->name : "none");
}

void trap(struct frame *f)
{
    struct cpu *c = this_cpu();
    enum kind kind = kind_of(f);
    uint8_t vector = f->vector;     /* 0 for what has none */

    if ( f->vector >= VEC_EVENT )
        vector = 0;
    c->upcall[kind][vector]++;
    if ( f->vector == VEC_FAILSAFE )
        crash(c, f);

    switch ( kind )
    {
    case EVENT:
        event(c);
        if ( c->scene && c->scene->kind == EVENT )
            scene_event(c, f, kind, vector);
        break;

    case NMI:
        c->nmis++;
        if ( !c->row || c->row->kind != NMI )
            surprise(c, vector);
        break;

    default:
        if ( !c->scene )
            crash(c, f);
        scene_event(c, f, kind, vector);
        break;
    }
}
