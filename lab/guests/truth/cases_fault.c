/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults in the course of delivering another event (Intel SDM 3A, "Interrupt
 * 8: Double Fault Exception" and "Error Code"; AMD APM 2, "#DF" and "Error
 * Codes"; INT n in either manual's instruction reference).  A gate, a stack or
 * a page of the IDT is missing; the handler of the fault puts it right, and the
 * instruction runs again; or both faults make a #DF.  EXT (1) is set in the
 * error code unless the event was INT n, INT3 or INTO.
 */
#include "table.h"

extern const uint64_t s_icebp[], s_nops[], s_send[];

#define EXT 1
#define IDT 2
#define PF_STACK (VA_ISTACK + PAGE_SIZE - 8)    /* where a frame would begin */
#define PF_WRITE 2
#define NONCANONICAL 0x0123456789abcdefUL

#define GATE_TYPE (0xfUL << 40)
#define TASK_GATE (0x5UL << 40)

/* The vector whose delivery shall fail is the row's. */
static struct gate *victim(struct cpu *c)
{
    return cpu_gate(c, c->row->vector);
}

static void set_selector(struct cpu *c, uint16_t selector)
{
    victim(c)->lo &= ~GATE_SELECTOR;
    victim(c)->lo |= (uint64_t)selector << 16;
}

static void gate_absent(struct cpu *c) { victim(c)->lo &= ~GATE_PRESENT; }
static void gate_null(struct cpu *c)   { set_selector(c, 0); }
static void gate_data(struct cpu *c)   { set_selector(c, SEL_KDATA); }
static void gate_code32(struct cpu *c) { set_selector(c, SEL_KCODE32); }
static void gate_nocode(struct cpu *c) { set_selector(c, SEL_NOCODE); }
static void gate_beyond(struct cpu *c) { set_selector(c, SEL_BEYOND); }

static void gate_task(struct cpu *c)
{
    victim(c)->lo = (victim(c)->lo & ~GATE_TYPE) | TASK_GATE;
}

/* The IST entry is beyond the TSS's limit. */
static void tss_cut(struct cpu *c)
{
    victim(c)->lo |= GATE_IST(7);
    cpu_load_tr(c, SEL_TSS_CUT);
}

static void ist_bad(struct cpu *c)
{
    c->tss.ist[2] = NONCANONICAL;
    victim(c)->lo |= GATE_IST(3);
}

static void stack_absent(struct cpu *c)
{
    victim(c)->lo |= GATE_IST(2);
    cpu_map(c, VA_ISTACK, false);
}

static void irq_gate_absent(struct cpu *c)
{
    gate_absent(c);
    apic_ipi(c->apic_id, ICR_SELF | ICR_FIXED | VEC_PENDING);
}

static void irq_stack_absent(struct cpu *c)
{
    stack_absent(c);
    apic_ipi(c->apic_id, ICR_SELF | ICR_FIXED | VEC_PENDING);
}

/* Also for the handler of the page fault: it is entered from ring 3. */
static void rsp0_absent(struct cpu *c)
{
    c->tss.rsp[0] = VA_ISTACK + PAGE_SIZE;
    cpu_map(c, VA_ISTACK, false);
}

static void idt_absent(struct cpu *c)
{
    cpu_map(c, VA_IDT + PAGE_SIZE, false);
}

static void repair(struct cpu *c)
{
    cpu_reset_gate(c, c->row->vector);
    cpu_map(c, VA_ISTACK, true);
    cpu_map(c, VA_IDT + PAGE_SIZE, true);
    c->tss.rsp[0] = (uint64_t)(c->trap_stack + STACK_SIZE);
}

static void repair_tr(struct cpu *c)
{
    repair(c);
    cpu_load_tr(c, SEL_TSS);
}

static void on_fault(struct cpu *c, struct frame *f)
{
    (void)f;
    repair(c);
}

/* Only the page: the gate keeps its stack, and shall find it. */
static void on_stack(struct cpu *c, struct frame *f)
{
    (void)f;
    cpu_map(c, VA_ISTACK, true);
}

static void on_idt(struct cpu *c, struct frame *f)
{
    (void)f;
    cpu_map(c, VA_IDT + PAGE_SIZE, true);
}

#define Q_CODE "QEMU 7.2 gives the error code vector*16+2, without EXT"
#define Q_EXT  "QEMU 7.2 has no EXT in the error code"

/* INT 81 fails by fault v, then works. */
#define INT_FAILS(n, way, v, ec) \
    n, .code = s_int81, .vector = 0x81, .times = 50, .prepare = way, \
    .undo = repair_tr, \
    SEE({ .vector = v, .at = 1, .error = ec, .then = on_fault, \
          .failed = { FAILED(0x81, AS_INT) } }, TRAP(0x81, AS_INT))

/* Exception x fails by fault v, then comes again; a is where it saves RIP. */
#define EXC_FAILS(n, k, x, how, a, way, v, ec) \
    n, .code = k, .vector = x, .times = 50, .prepare = way, \
    .undo = repair_tr, \
    SEE({ .vector = v, .at = 1, .error = ec, .then = on_fault, \
          .failed = { FAILED(x, how) } }, \
        { .vector = x, .at = a, .as = how })

/* The stack is missing, for the event that the code raises. */
#define STACK_FAILS(n, k, x, how, a) \
    n, .code = k, .vector = x, .times = 50, .prepare = stack_absent, \
    .undo = repair, \
    SEE({ .vector = 14, .at = 1, .error = PF_WRITE, .cr2 = PF_STACK, \
          .then = on_stack, .failed = { FAILED(x, how) } }, \
        { .vector = x, .at = a, .as = how })

/* Exception x and the fault y that it meets make #DF. */
#define DOUBLE(n, k, rcx, x, way, y, ...) \
    n, .code = k, .arg = rcx, .vector = x, .times = 50, .prepare = way, \
    .undo = repair_tr, \
    SEE({ .vector = 8, .at = 1, .as = AS_MERGED, \
          .failed = { FAILED(x, AS_EXCEPTION), FAILED(y, AS_EXCEPTION) }, \
          __VA_ARGS__ })

static const struct row rows[] = {
    { INT_FAILS("int-np", gate_absent, 11, 0x81 * 8 + IDT),
      OFF(ON_QEMU, Q_CODE) },
    { INT_FAILS("int-gp-task", gate_task, 13, 0x81 * 8 + IDT),
      OFF(ON_QEMU, Q_CODE) },
    { INT_FAILS("int-gp-null", gate_null, 13, 0) },
    { INT_FAILS("int-gp-beyond", gate_beyond, 13, SEL_BEYOND) },
    { INT_FAILS("int-gp-data", gate_data, 13, SEL_KDATA) },
    { INT_FAILS("int-gp-code32", gate_code32, 13, SEL_KCODE32) },
    { INT_FAILS("int-np-code", gate_nocode, 11, SEL_NOCODE) },
    { INT_FAILS("int-ts", tss_cut, 10, SEL_TSS_CUT) },
    { INT_FAILS("int-ss", ist_bad, 12, 0) },

    /* Benign, so the second is delivered by itself. */
    { EXC_FAILS("ud-np", s_ud2, 6, AS_EXCEPTION, 1, gate_absent, 11,
                6 * 8 + IDT + EXT), OFF(ON_QEMU, Q_CODE) },
    { EXC_FAILS("ud-gp-null", s_ud2, 6, AS_EXCEPTION, 1, gate_null, 13, EXT),
      OFF(ON_QEMU, Q_EXT) },
    { EXC_FAILS("ud-gp-data", s_ud2, 6, AS_EXCEPTION, 1, gate_data, 13,
                SEL_KDATA + EXT), OFF(ON_QEMU, Q_EXT) },
    { EXC_FAILS("ud-ts", s_ud2, 6, AS_EXCEPTION, 1, tss_cut, 10,
                SEL_TSS_CUT + EXT), OFF(ON_QEMU, Q_EXT) },
    { EXC_FAILS("ud-ss", s_ud2, 6, AS_EXCEPTION, 1, ist_bad, 12, EXT),
      OFF(ON_QEMU, Q_EXT) },
    { EXC_FAILS("bp-np", s_int3, 3, AS_EXCEPTION, 2, gate_absent, 11,
                3 * 8 + IDT), OFF(ON_QEMU, Q_CODE) },
    { "icebp-np", .code = s_icebp, .vector = 1, .times = 50,
      .prepare = gate_absent, .undo = repair_tr,
      SEE({ .vector = 11, .at = 1, .error = 1 * 8 + IDT + EXT,
            .as = AS_ICEBP_FAULT, .then = on_fault,
            .failed = { FAILED(1, AS_ICEBP_FAILS) } },
          { .vector = 1, .at = 2, .as = AS_ICEBP }),
      OFF(ON_QEMU, "QEMU 7.2 makes it #UD") },

    { STACK_FAILS("int-pf", s_int81, 0x81, AS_INT, 2) },
    { STACK_FAILS("bp-pf", s_int3, 3, AS_EXCEPTION, 2) },
    { STACK_FAILS("icebp-pf", s_icebp, 1, AS_ICEBP, 2),
      OFF2(ON_QEMU, "QEMU 7.2 makes it #UD",
           ON_BOCHS_AMD, "Xen steps over ICEBP before it injects it") },
    { STACK_FAILS("ud-pf", s_ud2, 6, AS_EXCEPTION, 1) },
    /* Contributory, but a page fault after it is benign. */
    { STACK_FAILS("de-pf", s_div, 0, AS_EXCEPTION, 1) },
    { "int-pf-idt", .code = s_int81, .vector = 0x81, .times = 50,
      .prepare = idt_absent, .undo = repair,
      SEE({ .vector = 14, .at = 1, .cr2 = VA_IDT + PAGE_SIZE + 0x10,
            .then = on_idt, .failed = { FAILED(0x81, AS_INT) } },
          TRAP(0x81, AS_INT)) },
    /*
     * The CPU has taken the interrupt from the LAPIC, and then cannot deliver
     * it: in service, but nobody will ever know, as with the NMI.
     */
    { "irq-pf", .code = s_nop, .vector = VEC_PENDING, .times = 50,
      .rflags = X86_EFLAGS_IF, .prepare = irq_stack_absent, .undo = repair,
      SEE({ .vector = 14, .at = 1, .error = PF_WRITE, .cr2 = PF_STACK,
            .then = on_stack, .failed = { FAILED(VEC_PENDING, AS_IRQ) } },
          END), OFF(ON_BOCHS_VID, BOCHS_VID) },
    { "nmi-pf", .code = s_send, .icr = ICR_NMI, .vector = VEC_NMI,
      .times = 50, .flags = C_X2APIC,
      .prepare = stack_absent, .undo = repair,
      SEE({ .vector = 14, .at = 1, .error = PF_WRITE, .cr2 = PF_STACK,
            .then = on_stack, .failed = { FAILED(VEC_NMI, AS_NMI) } },
          END) },
    /* As lost, but these have EXT in the error code. */
    { "irq-np", .code = s_nop, .vector = VEC_PENDING, .times = 50,
      .rflags = X86_EFLAGS_IF, .prepare = irq_gate_absent, .undo = repair,
      SEE({ .vector = 11, .at = 1, .error = VEC_PENDING * 8 + IDT + EXT,
            .then = on_fault, .failed = { FAILED(VEC_PENDING, AS_IRQ) } },
          END),
      OFF2(ON_BOCHS_VID, BOCHS_VID, ON_QEMU, Q_CODE) },
    { "nmi-np", .code = s_send, .icr = ICR_NMI, .vector = VEC_NMI,
      .times = 50, .flags = C_X2APIC, .prepare = gate_absent, .undo = repair,
      SEE({ .vector = 11, .at = 1, .error = VEC_NMI * 8 + IDT + EXT,
            .then = on_fault, .failed = { FAILED(VEC_NMI, AS_NMI) } },
          END),
      OFF(ON_QEMU, Q_CODE) },
    /* The trap's frame is lost, as is DR6's news; the next step is not. */
    { "db-pf", .code = s_nops, .vector = 1, .rflags = X86_EFLAGS_TF,
      .times = 50, .prepare = stack_absent, .undo = repair,
      SEE({ .vector = 14, .at = 2, .error = PF_WRITE, .cr2 = PF_STACK,
            .dr6 = 0x4000, .then = on_stack,
            .failed = { FAILED(1, AS_EXCEPTION) } },
          { .vector = 1, .at = 3, .dr6 = 0x4000 }) },

    { DOUBLE("df-gp-np", s_mov_es, SEL_BEYOND, 13, gate_absent, 11, .error = 0) },
    { DOUBLE("df-np-np", s_mov_es, SEL_ABSENT, 11, gate_absent, 11, .error = 0) },
    { DOUBLE("df-de-gp", s_div, 0, 0, gate_null, 13, .error = 0) },
    { DOUBLE("df-ss-ts", s_mov_ss, SEL_ABSENT, 12, tss_cut, 10, .error = 0) },
    { DOUBLE("df-pf-np", s_read, VA_ABSENT + 8, 14, gate_absent, 11,
             .cr2 = VA_ABSENT + 8) },
    { DOUBLE("df-pf-pf", s_read, VA_ABSENT + 8, 14, stack_absent, 14,
             .cr2 = PF_STACK) },
    { "df-user", .code = s_ud2, .mode = U64, .vector = 6, .times = 50,
      .prepare = rsp0_absent, .undo = repair,
      SEE({ .vector = 8, .at = 1, .as = AS_MERGED, .cr2 = PF_STACK,
            .failed = { FAILED(6, AS_EXCEPTION), FAILED(14, AS_EXCEPTION),
                        FAILED(14, AS_EXCEPTION) } }) },
    { "df-user-int", .code = s_int80, .mode = U64, .vector = 0x80,
      .times = 50, .prepare = rsp0_absent, .undo = repair,
      SEE({ .vector = 8, .at = 1, .as = AS_MERGED, .cr2 = PF_STACK,
            .failed = { FAILED(0x80, AS_INT), FAILED(14, AS_EXCEPTION),
                        FAILED(14, AS_EXCEPTION) } }) },
};

TABLE(cases_fault);
