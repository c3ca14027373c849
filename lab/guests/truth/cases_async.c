/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Xen delivers: IPIs, NMIs, timers and event channels.  Each function
 * asks for one and waits until it was handled, so that none can coalesce.
 */
#include "table.h"

static void raise_ipi_self(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    apic_ipi(c->apic_id, ICR_SELF | ICR_FIXED | row->vector);
    wait_handled(c, row->vector, want);
}

static void raise_ipi_msr(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    apic_self_msr(row->vector);
    wait_handled(c, row->vector, want);
}

/* Sent with interrupts off: Xen must wait for the window. */
static void raise_ipi_masked(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    irq_off();
    apic_ipi(c->apic_id, ICR_SELF | ICR_FIXED | row->vector);
    if ( c->handled[row->vector] == want )
        error("case %s: interrupted with interrupts off", row->name);
    irq_on();
    wait_handled(c, row->vector, want);
}

static void raise_ipi_cross(struct cpu *c, const struct row *row)
{
    uint64_t want = c->next->handled[row->vector] + 1;

    apic_ipi(c->next->apic_id, ICR_FIXED | row->vector);
    wait_handled(c->next, row->vector, want);
}

static void raise_ipi_all(struct cpu *c, const struct row *row)
{
    uint64_t want[MAX_VCPUS];

    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        want[i] = cpus[i].handled[row->vector] + 1;
    apic_ipi(c->apic_id, ICR_ALL | ICR_FIXED | row->vector);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        wait_handled(&cpus[i], row->vector, want[i]);
}

static void raise_nmi_self(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    apic_ipi(c->apic_id, ICR_NMI);
    wait_handled(c, row->vector, want);
}

static void raise_nmi_cross(struct cpu *c, const struct row *row)
{
    uint64_t want = c->next->handled[row->vector] + 1;

    apic_ipi(c->next->apic_id, ICR_NMI);
    wait_handled(c->next, row->vector, want);
}

static void raise_oneshot(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    apic_arm_oneshot(c, opt.timer_us);
    wait_handled(c, row->vector, want);
}

/* As an idle loop does it: HLT until the tick. */
static void raise_oneshot_hlt(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    irq_off();
    apic_arm_oneshot(c, opt.timer_us);
    while ( c->handled[row->vector] != want )
        asm volatile ( "sti; hlt; cli" ::: "memory" );
    irq_on();
}

static void raise_deadline(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    apic_arm_deadline(c, opt.timer_us);
    wait_handled(c, row->vector, want);
}

static void raise_event_self(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    xen_send(c->port_self);
    wait_handled(c, row->vector, want);
}

static void raise_event_cross(struct cpu *c, const struct row *row)
{
    uint64_t want = c->next->handled[row->vector] + 1;

    xen_send(c->next->port_cross);
    wait_handled(c->next, row->vector, want);
}

static void raise_event_timer(struct cpu *c, const struct row *row)
{
    uint64_t want = c->handled[row->vector] + 1;

    xen_arm_timer(c, opt.timer_us);
    wait_handled(c, row->vector, want);
}

static const struct row rows[] = {
    { "ipi-self", VEC_IPI_SELF, raise_ipi_self, .times = 200 },
    { "ipi-self-msr", VEC_IPI_MSR, raise_ipi_msr, .times = 200,
      .flags = C_X2APIC },
    { "ipi-masked", VEC_IPI_MASK, raise_ipi_masked, .times = 200 },
    { "ipi-cross", VEC_IPI_CROSS, raise_ipi_cross, .times = 100 },
    { "ipi-all", VEC_IPI_ALL, raise_ipi_all, .times = 50,
      .flags = C_ONE | C_TO_ALL },
    { "nmi-self", VEC_NMI, raise_nmi_self, .times = 100 },
    { "nmi-cross", VEC_NMI, raise_nmi_cross, .times = 50 },

    { "timer-oneshot", VEC_ONESHOT, raise_oneshot, .times = 100 },
    { "timer-hlt", VEC_ONESHOT, raise_oneshot_hlt, .times = 100 },
    { "timer-deadline", VEC_DEADLINE, raise_deadline, .times = 100,
      .flags = C_DEADLINE },

    { "event-self", VEC_UPCALL, raise_event_self, .times = 200 },
    { "event-cross", VEC_UPCALL, raise_event_cross, .times = 100 },
    { "event-timer", VEC_UPCALL, raise_event_timer, .times = 100 },
};

TABLE(cases_async);
