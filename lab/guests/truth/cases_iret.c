/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IRET that faults, and the blocking of NMIs, which ends with an IRET, whether
 * it faults or not (Intel SDM 3A, "Handling Multiple NMIs"; 3C, "Virtual NMIs";
 * AMD APM 2, "#NMI").  While NMIs are blocked one is remembered, not two.
 *
 * Xen on AMD unblocks by an intercept of IRET, and then cannot inject an NMI
 * before the next VM exit unless the guest has interrupts on.
 */
#include "table.h"

extern const uint64_t s_iret_cs[], s_iret_ss[], s_iret_rip[], s_send[];

#define NONCANONICAL 0x0123456789abcdefUL
#define IRET_FRAME 40

static void exit_to_xen(void)
{
    uint32_t r[4];

    cpuid(0, r);
}

/* None may arrive before the handler's IRET. */
static void send_nmis(struct cpu *c, unsigned int n)
{
    uint32_t before = c->expect.hits;

    while ( n-- )
        apic_ipi(c->apic_id, ICR_NMI);
    exit_to_xen();
    must_be(c, "events while blocked",
            *(volatile uint32_t *)&c->expect.hits, before);
}

/*
 * Nothing blocks it, so it has come.  Not always so in Bochs 2.7, where NMIs
 * may still be blocked after a VM entry: then it comes with the next IRET.
 */
static void must_have_come(struct cpu *c, uint32_t events)
{
    if ( !options_on(ON_BOCHS) )
        must_be(c, "events when unblocked",
                *(volatile uint32_t *)&c->expect.hits, events);
}

static void one_more(struct cpu *c, struct frame *f)
{
    (void)f;
    send_nmis(c, 1);
}

static void two_more(struct cpu *c, struct frame *f)
{
    (void)f;
    send_nmis(c, 2);
}

/* The IRET of an exception's handler unblocks, too early for this one. */
static void one_more_then_int3(struct cpu *c, struct frame *f)
{
    (void)f;
    send_nmis(c, 1);
    asm volatile ( "int3" ::: "memory" );
    exit_to_xen();
    must_have_come(c, 3);
}

static void bad_iret(struct cpu *c, struct frame *f)
{
    (void)c;
    f->cs = SEL_BEYOND;
}

static void one_more_then_bad_iret(struct cpu *c, struct frame *f)
{
    send_nmis(c, 1);
    f->cs = SEL_BEYOND;
}

/* From the IRET that faulted back to where the code was. */
static void back(struct cpu *c, struct frame *f)
{
    const struct expect *e = &c->expect;

    f->rip = point(e->scene->code, 1, e->scene->mode);
    f->cs = e->start.cs;
    f->rflags = e->start.rflags;
    f->rsp = e->start.rsp;
    f->ss = e->start.ss;
}

/* NMIs are unblocked here: the next one comes at once. */
static void nmi_then_back(struct cpu *c, struct frame *f)
{
    apic_ipi(c->apic_id, ICR_NMI);
    exit_to_xen();
    must_have_come(c, 3);
    back(c, f);
}

#define IRET(n, k, a, v, ec) \
    { n, .code = k, .arg = a, .times = 100, \
      SEE({ .vector = v, .at = 1, .error = ec, .pushed = IRET_FRAME }) }
#define NMI_ROW(n, ...) \
    { n, .code = s_send, .icr = ICR_NMI, .rflags = X86_EFLAGS_IF, \
      .times = 50, .flags = C_X2APIC | C_ONE, SEE(__VA_ARGS__) }
#define NMI { .vector = VEC_NMI, .at = 1, .as = AS_NMI }
#define NMI_THEN(f) { .vector = VEC_NMI, .at = 1, .as = AS_NMI, .then = f }
/* On AMD it may also come just before the IRET that ends the handler. */
#define NMI_NEXT { .vector = VEC_NMI, .at = 1, .as = AS_NMI, .late = true }
#define NMI_INSIDE { .vector = VEC_NMI, .as = AS_NMI, .inside = true }

static const struct row rows[] = {
    { "iret", .code = s_iret_cs, .arg = SEL_KCODE, .times = 100,
      SEE({ .vector = 6, .at = 2, .pushed = 8 }) },
    IRET("iret-gp-beyond", s_iret_cs, SEL_BEYOND, 13, SEL_BEYOND),
    IRET("iret-gp-null", s_iret_cs, 0, 13, 0),
    IRET("iret-gp-data", s_iret_cs, SEL_KDATA, 13, SEL_KDATA),
    IRET("iret-np-code", s_iret_cs, SEL_NOCODE, 11, SEL_NOCODE),
    IRET("iret-gp-ss", s_iret_ss, SEL_BEYOND, 13, SEL_BEYOND),
    IRET("iret-gp-ss-rpl", s_iret_ss, SEL_UDATA, 13, SEL_UDATA & ~3),
    { "iret-gp-rip", .code = s_iret_rip, .arg = NONCANONICAL, .times = 100,
      SEE({ .vector = 13, .at = 1, .pushed = IRET_FRAME }),
      OFF(ON_QEMU, "QEMU 7.2 has the #GP after the IRET") },
    { "iret-gp-nt", .code = s_iret_cs, .arg = SEL_KCODE, .times = 100,
      .rflags = X86_EFLAGS_NT,
      SEE({ .vector = 13, .at = 1, .pushed = IRET_FRAME }) },

    NMI_ROW("nmi", NMI, END),
    NMI_ROW("nmi-blocked", NMI_THEN(one_more), NMI_NEXT, END),
    NMI_ROW("nmi-blocked-two", NMI_THEN(two_more), NMI_NEXT, END),
    NMI_ROW("nmi-unblocked", NMI_THEN(one_more_then_int3),
            { .vector = 3, .as = AS_EXCEPTION, .inside = true }, NMI_INSIDE,
            END),
    NMI_ROW("nmi-iret-gp", NMI_THEN(bad_iret),
            { .vector = 13, .error = SEL_BEYOND, .inside = true,
              .then = nmi_then_back }, NMI_INSIDE, END),
    /* The one that waits is first: before the #GP's handler has begun. */
    { "nmi-iret-order", .code = s_send, .icr = ICR_NMI,
      .rflags = X86_EFLAGS_IF, .times = 50, .flags = C_X2APIC | C_ONE,
      SEE(NMI_THEN(one_more_then_bad_iret), NMI_INSIDE,
          { .vector = 13, .error = SEL_BEYOND, .inside = true, .then = back },
          END),
      OFF(ON_AMD, "Xen injects the NMI at the next VM exit") },
};

TABLE(cases_iret);
