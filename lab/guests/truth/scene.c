/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Playing a scene (scene.h) and comparing, event by event, what its handler
 * sees: vector, error code, all registers, the frame's alignment, CR2, DR6 and
 * DR7.  What is compared goes into the case's digest as it was, expected or not,
 * so that two runs can be compared even when both fail.
 *
 * RF in the saved RFLAGS (Intel SDM 3B, "Instruction-Breakpoint Exception
 * Condition" and "Interrupt/Trap Return"; AMD APM 2, "Breakpoint Instruction"):
 * set for faults but instruction breakpoints, else as it was.
 */
#include "scene.h"

#define EXC_DB 1
#define EXC_BP 3
#define EXC_OF 4
#define EXC_SS 12
#define EXC_AC 17

#define DR6_BD 0x2000U
#define DR7_GD 0x2000UL

#define MSR_ICR 0x830

#define FNV_PRIME 0x100000001b3UL

/* struct frame is pushed by hand in start.S. */
_Static_assert(offsetof(struct frame, rax) == 14 * 8, "start.S");
_Static_assert(sizeof(struct frame) == 22 * 8, "start.S");

static const struct {
    uint16_t cs, ss;
} selectors[] = {
    [K64] = { SEL_KCODE, SEL_KDATA },   [U64] = { SEL_UCODE, SEL_UDATA },
    [K32] = { SEL_KCODE32, SEL_KDATA }, [U32] = { SEL_UCODE32, SEL_UDATA },
    [K16] = { SEL_KCODE16, SEL_KDATA }, [U16] = { SEL_UCODE16, SEL_UDATA },
};

static bool is_user(enum mode m) { return m == U64 || m == U32 || m == U16; }

uint64_t point(const uint64_t *code, unsigned int at, enum mode mode)
{
    uint64_t offset = code[at] - (uint64_t)code_start;

    switch ( mode )
    {
    case K16:
    case U16:
        return offset;
    case U64:
    case U32:
        return VA_CODE + offset;
    default:
        return code[at];
    }
}

static void digest(struct cpu *c, uint64_t value)
{
    for ( unsigned int i = 0; i < 8; i++ )
    {
        c->digest ^= (uint8_t)(value >> (i * 8));
        c->digest *= FNV_PRIME;
    }
}

static void compare(struct cpu *c, const char *what, uint64_t got,
                    uint64_t want)
{
    if ( got != want && !c->mismatch.what )
        c->mismatch = (struct mismatch){ what, c->expect.hits, got, want,
                                         c->expect.rip };
}

void must_be(struct cpu *c, const char *what, uint64_t got, uint64_t want)
{
    digest(c, got);
    compare(c, what, got, want);
}

/* Registers of a frame, in the order of struct frame. */
static const char *const register_names[] = {
    "r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8",
    "rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax",
};
#define NR_REGISTERS 15
#define FIRST_LOOSE  11

static bool is_trap(const struct event *ev)
{
    return ev->as == AS_INT || ev->as == AS_NMI || ev->as == AS_IRQ ||
           (ev->as == AS_EXCEPTION && (ev->vector == EXC_BP ||
                                       ev->vector == EXC_OF));
}

/* A fault, and not one that Xen made up: Xen leaves RF alone. */
static bool sets_rf(const struct event *ev)
{
    return !is_trap(ev) && ev->vector != EXC_DB && ev->as != AS_XEN;
}

static uint64_t rflags_of(const struct expect *e, const struct event *ev)
{
    uint64_t flags = e->start.rflags;

    if ( sets_rf(ev) )
        flags |= X86_EFLAGS_RF;
    return (flags | ev->set) & ~(uint64_t)ev->clear;
}

/* A fault that Xen gives the guest; the CPU may have left RF clear then. */
static bool by_xen(const struct event *ev)
{
    return options_on(ON_AMD) &&
           (ev->vector == EXC_AC || ev->as == AS_ICEBP_FAULT);
}

/*
 * What is not compared: RF, where the manuals leave it open; and for all faults
 * in QEMU 7.2, which never sets it, or if the command line says so.
 */
static uint64_t rflags_mask(const struct event *ev)
{
    if ( ev->as == AS_MERGED || ev->kernel || by_xen(ev) ||
         (sets_rf(ev) && (!opt.rf || options_on(ON_QEMU))) )
        return ~X86_EFLAGS_RF;
    return ~0UL;
}

static void check_debug(struct cpu *c, const struct event *ev)
{
    uint64_t dr6, dr7, want = c->expect.scene->dr7;

    asm volatile ( "mov %%dr6, %0" : "=r" (dr6) );
    asm volatile ( "mov %%dr7, %0" : "=r" (dr7) );
    must_be(c, "dr6", dr6, DR6_CLEAR | ev->dr6);
    /* General detect switches itself off. */
    if ( ev->dr6 & DR6_BD )
        want &= ~DR7_GD;
    must_be(c, "dr7", dr7, want ? want : DR7_CLEAR);
    if ( ev->dr6 )
        asm volatile ( "mov %0, %%dr6" :: "r" (DR6_CLEAR) );
}

static void check(struct cpu *c, const struct frame *f, const struct event *ev)
{
    const struct expect *e = &c->expect;
    enum mode mode = ev->kernel ? K64 : e->scene->mode;
    const uint64_t *got = &f->r15, *want = &e->start.r15;
    uint64_t mask = rflags_mask(ev), cr2;

    must_be(c, "vector", f->vector, ev->vector);
    /* #SS for a stack that is not canonical: with or without a selector. */
    must_be(c, "error", f->error,
            f->vector == EXC_SS && ev->failed[0].real ?
            ev->error | (f->error & SEL_KDATA) : ev->error);
    if ( ev->inside || (ev->late && options_on(ON_AMD)) )
        return;
    asm volatile ( "mov %%cr2, %0" : "=r" (cr2) );
    must_be(c, "rip", f->rip,
            ev->rip ? ev->rip : point(e->scene->code, ev->at, mode));
    must_be(c, "cs", f->cs, selectors[mode].cs);
    must_be(c, "ss", f->ss, is_user(e->scene->mode) && ev->kernel ? 0 :
            selectors[mode].ss);
    if ( !ev->kernel )
        must_be(c, "rsp", f->rsp, e->start.rsp - ev->pushed);
    must_be(c, "rflags", f->rflags & mask, rflags_of(e, ev) & mask);
    for ( unsigned int i = 0; i < NR_REGISTERS; i++ )
        must_be(c, register_names[i], got[i],
                ev->loose && i >= FIRST_LOOSE ? got[i] : want[i]);
    must_be(c, "cr2", cr2, ev->cr2 ? ev->cr2 : e->cr2);
    must_be(c, "alignment", (uint64_t)(f + 1) % 16, 0);
    check_debug(c, ev);
}

/* Who sees it besides the guest: trap.c and run.c say what these mean. */
static void count(struct cpu *c, uint8_t v, enum as as)
{
    switch ( as )
    {
    case AS_INT:
        c->swint[v]++;
        break;
    case AS_ICEBP:
    case AS_ICEBP_FAILS:
        c->icebp++;
        c->intercepted[v]++;
        if ( as == AS_ICEBP || !options_on(ON_AMD) )
            c->injected[v]++;
        if ( !options_on(ON_AMD) )
            c->exception[v]++;
        break;
    case AS_ICEBP_FAULT:
        count(c, v, options_on(ON_AMD) ? AS_XEN : AS_EXCEPTION);
        break;
    case AS_XEN:
        c->injected[v]++;
        break;
    case AS_EXCEPTION:
        c->exception[v]++;
        if ( v == EXC_DB || v == EXC_AC )
        {
            c->intercepted[v]++;
            c->injected[v]++;
        }
        break;
    case AS_NMI:
        c->injected[v]++;
        break;
    case AS_IRQ:
        from_lapic(c, v);
        break;
    case AS_MERGED:
        break;
    }
}

static void go_home(struct cpu *c, struct frame *f)
{
    f->rip = (uint64_t)home;
    f->cs = SEL_KCODE;
    f->ss = SEL_KDATA;
    f->rsp = c->expect.home;
    f->rflags = 2;
}

/* Not what the scene asked for: it ends here, as a failure. */
static void stray(struct cpu *c, struct frame *f)
{
    c->expect.strayed = true;
    if ( f->vector >= 32 && apic_in_service(f->vector) )
        from_lapic(c, f->vector);
    publish(c, f->vector);
    go_home(c, f);
}

void scene_event(struct cpu *c, struct frame *f)
{
    struct expect *e = &c->expect;
    const struct event *ev;

    e->rip = f->rip;
    if ( e->hits >= e->scene->nr_see || e->strayed )
    {
        compare(c, "one more vector", f->vector, ~0UL);
        e->hits++;
        stray(c, f);
        return;
    }

    ev = &e->scene->see[e->hits];
    check(c, f, ev);
    e->hits++;
    if ( f->vector != ev->vector )
    {
        stray(c, f);
        return;
    }
    for ( unsigned int i = 0; i < 3; i++ )
        if ( ev->failed[i].real )
            count(c, ev->failed[i].vector, ev->failed[i].as);
    count(c, f->vector, ev->as);
    publish(c, f->vector);
    /* CR2 stays what the last page fault made it. */
    if ( ev->cr2 )
        e->cr2 = ev->cr2;

    if ( e->hits == e->scene->nr_see )
        go_home(c, f);
    else if ( ev->then )
        ev->then(c, f);
}

static void start(struct cpu *c, const struct scene *s)
{
    struct frame *f = &c->expect.start;
    uint64_t *reg = &f->r15;

    for ( unsigned int i = 0; i < NR_REGISTERS; i++ )
    {
        /* 32-bit code has the lower half of the last seven. */
        reg[i] = 0x72757468a5a50000UL + i * 0x1101;
        if ( i >= 8 && s->mode != K64 && s->mode != U64 )
            reg[i] = (uint32_t)reg[i];
    }
    f->rcx = s->rcx;
    if ( s->icr )
    {
        f->rcx = MSR_ICR;
        f->rax = s->icr;
        f->rdx = c->apic_id;
    }
    f->rip = point(s->code, 0, s->mode);
    f->cs = selectors[s->mode].cs;
    f->ss = selectors[s->mode].ss;
    f->rflags = START_FLAGS | s->rflags;
    /* Not aligned: the CPU shall do that. */
    f->rsp = (is_user(s->mode) ? VA_USTACK + PAGE_SIZE :
              VA_KSTACK + 2 * PAGE_SIZE) - 0x88;
    c->launch[7] = *f;
    /* RF must be clear when the first event comes. */
    f->rflags &= ~X86_EFLAGS_RF;
}

/* With interrupts off: nothing comes but what the scene asks for. */
void play(struct cpu *c, const struct scene *s)
{
    struct expect *e = &c->expect;

    for ( unsigned int i = 0; i < s->nr_see; i++ )
        c->asked[s->see[i].vector]++;

    e->scene = s;
    e->hits = 0;
    e->strayed = false;
    e->cr2 = CR2_BEFORE;
    start(c, s);
    asm volatile ( "mov %0, %%cr2" :: "r" (CR2_BEFORE) );
    if ( s->dr7 )
        asm volatile ( "mov %0, %%dr7" :: "r" (s->dr7) );

    e->armed = true;
    asm volatile ( "" ::: "memory" );
    go(&c->launch[7], &e->home);
    asm volatile ( "" ::: "memory" );
    e->armed = false;

    if ( s->dr7 )
        asm volatile ( "mov %0, %%dr7" :: "r" (DR7_CLEAR) );
    compare(c, "events", e->hits, s->nr_see);
}

void play_row(struct cpu *c, const struct row *row)
{
    struct scene s = {
        .code = row->code, .mode = row->mode, .rcx = row->arg,
        .icr = row->icr,
        .rflags = row->rflags, .dr7 = row->dr7,
        .nr_see = row->nr_see, .see = row->see,
    };

    if ( row->prepare )
        row->prepare(c);
    play(c, &s);
    if ( row->undo )
        row->undo(c);
}
