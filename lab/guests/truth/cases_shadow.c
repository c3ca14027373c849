/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An interrupt is pending when STI allows it, and comes after the instruction
 * that follows (Intel SDM 2B, "STI"; AMD APM 3, "STI").  When that instruction
 * raises something else, this is first, and the interrupt comes when the
 * handler returns; that it is not lost, not early and not late is the point.
 */
#include "table.h"

extern const uint64_t s_sti_nop[], s_sti_hlt[], s_sti_ud2[], s_sti_int3[];
extern const uint64_t s_sti_int81[], s_sti_div[], s_sti_push[];

#define IF X86_EFLAGS_IF

static void send(struct cpu *c)
{
    apic_ipi(c->apic_id, ICR_SELF | ICR_FIXED | VEC_PENDING);
}

static void unmap_lazy(struct cpu *c)
{
    cpu_map(c, VA_LAZY, false);
}

/* Without RF, or the interrupt's frame would have it too. */
static void skip2(struct cpu *c, struct frame *f)
{
    (void)c;
    f->rip += 2;
    f->rflags &= ~X86_EFLAGS_RF;
}

static void map_lazy(struct cpu *c, struct frame *f)
{
    *cpu_pte(c, VA_LAZY) |= 1;
    f->rflags &= ~X86_EFLAGS_RF;
}

#define QEMU_STI "QEMU 7.2 forgets STI's shadow at a VM exit in it"

#define IRQ(a) { .vector = VEC_PENDING, .at = (a), .as = AS_IRQ, .set = IF }
#define LAST   { .vector = 6, .at = 3, .set = IF }
#define STI(n, k, ...) \
    { n, .code = k, .times = 100, .prepare = send, SEE(__VA_ARGS__), \
      OFF2(ON_BOCHS_VID, BOCHS_VID, ON_QEMU, QEMU_STI) }

static const struct row rows[] = {
    STI("sti-nop", s_sti_nop, IRQ(2), LAST),
    STI("sti-hlt", s_sti_hlt, IRQ(2), LAST),
    STI("sti-ud", s_sti_ud2,
        { .vector = 6, .at = 1, .set = IF, .then = skip2 }, IRQ(2), LAST),
    STI("sti-de", s_sti_div,
        { .vector = 0, .at = 1, .set = IF, .then = skip2 }, IRQ(2), LAST),
    STI("sti-bp", s_sti_int3,
        { .vector = 3, .at = 2, .set = IF }, IRQ(2), LAST),
    STI("sti-int", s_sti_int81,
        { .vector = 0x81, .at = 2, .as = AS_INT, .set = IF }, IRQ(2), LAST),
    { "sti-pf", .code = s_sti_push, .arg = VA_LAZY + 0x18, .times = 100,
      .prepare = send, .undo = unmap_lazy,
      SEE({ .vector = 14, .at = 1, .set = IF, .cr2 = VA_LAZY + 0x18,
            .then = map_lazy }, IRQ(1),
          { .vector = 6, .at = 3, .set = IF, .pushed = 8 }),
      OFF2(ON_BOCHS_VID, BOCHS_VID, ON_QEMU, QEMU_STI) },
};

TABLE(cases_shadow);
