/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways of raising a vector.  Those with RAISE() are synchronous: the
 * exception or INT n happens at label 1, nothing else can arrive, and trap()
 * compares what was saved with what RAISE() noted.  The others ask Xen for an
 * interrupt and wait until it was handled before they return.
 */
#include "raise.h"

/* enter_user() in start.S knows these. */
_Static_assert(offsetof(struct expect, resume) == 16, "start.S");
_Static_assert(offsetof(struct expect, rsp) == 24, "start.S");
_Static_assert(offsetof(struct expect, rax) == 32, "start.S");

#define WITNESS 0x7472757468a5a5a5UL

/*
 * One instruction with rax, rcx and rdx as given.  NOTE fills in what trap()
 * will compare; label 2 is where the handler goes on.
 */
#define NOTE "lea 1f(%%rip), %%r10\n\t"         \
             "mov %%r10, %c[o_rip](%[e])\n\t"   \
             "lea 2f(%%rip), %%r10\n\t"         \
             "mov %%r10, %c[o_after](%[e])\n\t" \
             "mov %%r10, %c[o_resume](%[e])\n\t" \
             "mov %%rsp, %c[o_rsp](%[e])\n\t"   \
             "mov %%rax, %c[o_rax](%[e])\n\t"
#define RAISE(c, insn, in_a, in_c, in_d) ({                                 \
    uint64_t a_ = (in_a), c_ = (in_c), d_ = (in_d);                          \
    asm volatile ( NOTE insn "\n2:"                                         \
                   : "+a" (a_), "+c" (c_), "+d" (d_)                        \
                   : [e] "r" (&(c)->expect),                                \
                     [o_rip] "i" (offsetof(struct expect, rip)),            \
                     [o_after] "i" (offsetof(struct expect, after)),        \
                     [o_resume] "i" (offsetof(struct expect, resume)),      \
                     [o_rsp] "i" (offsetof(struct expect, rsp)),            \
                     [o_rax] "i" (offsetof(struct expect, rax))             \
                   : "r10", "memory", "cc" );                               \
    d_;                                                                     \
})

void raise_div_zero(struct cpu *c, const struct row *row)
{
    RAISE(c, "1: div %%ecx", row->arg, 0, 0);
}

void raise_div_overflow(struct cpu *c, const struct row *row)
{
    RAISE(c, "1: div %%ecx", row->arg, 1, 5);
}

/* Up to eight instructions of one byte, each followed by #DB. */
void raise_step(struct cpu *c, const struct row *row)
{
    (void)row;
    RAISE(c, "pushfq; orl $0x100, (%%rsp); popfq\n"
             "1: nop; nop; nop; nop; nop; nop; nop; nop", WITNESS, 0, 0);
}

void raise_icebp(struct cpu *c, const struct row *row)
{
    (void)row;
    RAISE(c, "1: .byte 0xf1", WITNESS, 0, 0);
}

void raise_int3(struct cpu *c, const struct row *row)
{
    (void)row;
    RAISE(c, "1: int3", WITNESS, 0, 0);
}

void raise_ud2(struct cpu *c, const struct row *row)
{
    (void)row;
    RAISE(c, "1: ud2", WITNESS, 0, 0);
}

/* LOCK on an instruction that may not have it. */
void raise_lock(struct cpu *c, const struct row *row)
{
    (void)row;
    RAISE(c, "1: .byte 0xf0, 0x48, 0x89, 0xc9", WITNESS, 0, 0);
}

void raise_int(struct cpu *c, const struct row *row)
{
    switch ( row->vector )
    {
#define INT(n) case n: RAISE(c, "1: int $" #n, WITNESS, 0, 0); break
    INT(0x04);
    INT(0x20);
    INT(0x21);
    INT(0x3f);
    INT(0x80);
    INT(0xc8);
    INT(0xee);
    INT(0xfe);
#undef INT
    default:
        error("case %s: no INT for vector %u", row->name, row->vector);
    }
}

void raise_load_es(struct cpu *c, const struct row *row)
{
    RAISE(c, "1: mov %%ecx, %%es", WITNESS, row->arg, 0);
}

void raise_load_ss(struct cpu *c, const struct row *row)
{
    RAISE(c, "1: mov %%ecx, %%ss", WITNESS, row->arg, 0);
}

void raise_rdmsr(struct cpu *c, const struct row *row)
{
    RAISE(c, "1: rdmsr", WITNESS, row->arg, 0);
}

void raise_wrmsr(struct cpu *c, const struct row *row)
{
    RAISE(c, "1: wrmsr", WITNESS, row->arg, 0);
}

void raise_read(struct cpu *c, const struct row *row)
{
    RAISE(c, "1: mov (%%rcx), %%rdx", WITNESS, row->arg, 0);
}

/* Based on %rsp, so that the stack segment is used. */
void raise_read_stack(struct cpu *c, const struct row *row)
{
    RAISE(c, "1: mov (%%rsp, %%rcx), %%rdx", WITNESS, row->arg, 0);
}

void raise_write(struct cpu *c, const struct row *row)
{
    RAISE(c, "1: mov %%rdx, (%%rcx)", WITNESS, row->arg, 0);
}

void raise_jump(struct cpu *c, const struct row *row)
{
    RAISE(c, "1: jmp *%%rcx", WITNESS, row->arg, 0);
}

/* The fault maps the page and the instruction runs again, as in any OS. */
void raise_lazy(struct cpu *c, const struct row *row)
{
    uint64_t got = RAISE(c, "1: mov (%%rcx), %%rdx", WITNESS, row->arg, 1);

    if ( got )
        error("case %s: read 0x%lx", row->name, got);
    *c->lazy_pte &= ~1UL;
    asm volatile ( "invlpg (%0)" :: "r" (row->arg) : "memory" );
}

static void in_user(struct cpu *c, const char *at, const char *after,
                    uint64_t rdi, uint64_t flags)
{
    c->expect.rip = USER_VA(at);
    c->expect.after = USER_VA(after);
    c->expect.rax = WITNESS;
    enter_user(&c->expect, USER_VA(at), rdi, flags | 2);
}

void raise_user_read(struct cpu *c, const struct row *row)
{
    in_user(c, user_read, user_read, row->arg, 0);
}

void raise_user_write(struct cpu *c, const struct row *row)
{
    in_user(c, user_write, user_write, row->arg, 0);
}

/* Enter ring 3 at the address that cannot be fetched. */
void raise_user_exec(struct cpu *c, const struct row *row)
{
    c->expect.rax = WITNESS;
    enter_user(&c->expect, row->arg, 0, 2);
}

void raise_user_int(struct cpu *c, const struct row *row)
{
    (void)row;
    in_user(c, user_int, user_int_after, 0, 0);
}

void raise_user_int_dpl(struct cpu *c, const struct row *row)
{
    (void)row;
    in_user(c, user_int_dpl, user_int_dpl, 0, 0);
}

void raise_user_cli(struct cpu *c, const struct row *row)
{
    (void)row;
    in_user(c, user_cli, user_cli, 0, 0);
}

void raise_user_unaligned(struct cpu *c, const struct row *row)
{
    in_user(c, user_unaligned, user_unaligned, row->arg, X86_EFLAGS_AC);
}

void raise_ipi_self(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    apic_ipi(c->apic_id, ICR_SELF | ICR_FIXED | row->vector);
    wait_handled(c, row->vector, want);
}

void raise_ipi_msr(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    apic_self_msr(row->vector);
    wait_handled(c, row->vector, want);
}

/* Sent with interrupts off: Xen must wait for the window. */
void raise_ipi_masked(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    irq_off();
    apic_ipi(c->apic_id, ICR_SELF | ICR_FIXED | row->vector);
    if ( c->handled[row->vector] == want )
        error("case %s: interrupted with interrupts off", row->name);
    irq_on();
    wait_handled(c, row->vector, want);
}

void raise_ipi_cross(struct cpu *c, const struct row *row)
{
    uint64_t want = c->next->handled[row->vector] + 1;

    apic_ipi(c->next->apic_id, ICR_FIXED | row->vector);
    wait_handled(c->next, row->vector, want);
}

void raise_ipi_all(struct cpu *c, const struct row *row)
{
    uint64_t want[MAX_VCPUS];

    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        want[i] = cpus[i].handled[row->vector] + 1;
    apic_ipi(c->apic_id, ICR_ALL | ICR_FIXED | row->vector);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        wait_handled(&cpus[i], row->vector, want[i]);
}

void raise_nmi_self(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    apic_ipi(c->apic_id, ICR_NMI);
    wait_handled(c, row->vector, want);
}

void raise_nmi_cross(struct cpu *c, const struct row *row)
{
    uint64_t want = c->next->handled[row->vector] + 1;

    apic_ipi(c->next->apic_id, ICR_NMI);
    wait_handled(c->next, row->vector, want);
}

void raise_oneshot(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    apic_arm_oneshot(c, opt.timer_us);
    wait_handled(c, row->vector, want);
}

/* As an idle loop does it: HLT until the tick. */
void raise_oneshot_hlt(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    irq_off();
    apic_arm_oneshot(c, opt.timer_us);
    while ( c->handled[row->vector] != want )
        asm volatile ( "sti; hlt; cli" ::: "memory" );
    irq_on();
}

void raise_deadline(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    apic_arm_deadline(c, opt.timer_us);
    wait_handled(c, row->vector, want);
}

void raise_event_self(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    xen_send(c->port_self);
    wait_handled(c, row->vector, want);
}

void raise_event_cross(struct cpu *c, const struct row *row)
{
    uint64_t want = c->next->handled[row->vector] + 1;

    xen_send(c->next->port_cross);
    wait_handled(c->next, row->vector, want);
}

void raise_event_timer(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    xen_arm_timer(c, opt.timer_us);
    wait_handled(c, row->vector, want);
}
