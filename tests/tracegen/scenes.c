/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracegen: writes the synthetic traces that tests/report/run and benches/read
 * work with.  Each scene is about one thing; what a report has to say of it is
 * worked out beside it, and written down in tests/report/run.
 *
 * Usage: tracegen SCENE DIR        DIR must not exist
 *        tracegen bulk DIR RECORDS CPUS
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "tracegen.h"

#define XEN    IDTAP_OWNER_XEN
#define GUEST  IDTAP_OWNER_GUEST
#define DIRECT IDTAP_OWNER_DIRECT

#define TIMER    0
#define TASKLET  5
#define HVM_DPCI 10

static void irq_exit(struct scene *s, unsigned int cpu, uint64_t t,
                     uint16_t domain, uint8_t vector)
{
    plain(s, cpu, t, IDTAP_EV_IRQ_EXIT, domain, 0, vector, 0);
}

/*
 * A tasklet of 60 ns, in it an interrupt of 30, in which another of 10, in
 * which an NMI of 3; and an NMI of 4 in the tasklet itself.  Net: tasklet
 * 60 - 30 - 4 = 26, 0x40 30 - 10 = 20, 0x50 10 - 3 = 7.
 */
static void nesting(struct scene *s)
{
    plain(s, 0, 0, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, TASKLET, 0);
    irq_enter(s, 0, 10, 1, 0x40, DIRECT, -1, 0, 0);
    irq_enter(s, 0, 20, 1, 0x50, XEN, 9, 1, 0);
    nmi_enter(s, 0, 22, 1);
    plain(s, 0, 25, IDTAP_EV_NMI_EXIT, 1, 0, 2, 0);
    irq_exit(s, 0, 30, 1, 0x50);
    irq_exit(s, 0, 40, 1, 0x40);
    nmi_enter(s, 0, 50, 1);
    plain(s, 0, 54, IDTAP_EV_NMI_EXIT, 1, 0, 2, 0);
    plain(s, 0, 60, IDTAP_EV_SOFTIRQ_EXIT, 1, 0, TASKLET, 0);
    /* 10 in guest mode, 5 while idle. */
    irq_enter(s, 0, 100, 1, 0x40, DIRECT, -1, 0, IDTAP_F_IN_GUEST);
    irq_exit(s, 0, 110, 1, 0x40);
    irq_enter(s, 0, 200, IDTAP_DOMID_IDLE, 0x40, DIRECT, -1, 0, 0);
    irq_exit(s, 0, 205, IDTAP_DOMID_IDLE, 0x40);
    /* An interrupt in a tasklet whose end is not seen: no net of the tasklet. */
    plain(s, 0, 300, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, TASKLET, 0);
    irq_enter(s, 0, 310, 1, 0x60, DIRECT, -1, 0, 0);
    irq_enter(s, 0, 320, 1, 0x60, DIRECT, -1, 0, 0);
    irq_exit(s, 0, 325, 1, 0x60);
    plain(s, 0, 400, IDTAP_EV_SOFTIRQ_EXIT, 1, 0, TASKLET, 0);
}

/*
 * 0xf3 of domain 1: 20 arrivals 1000 ns apart, from 0; 5 from 1,019,000; one
 * at 1,223,000.  On two CPUs in turn.  25 gaps, 1,223,000 together.
 */
static void bursts(struct scene *s)
{
    unsigned int i;

    for ( i = 0; i < 20; i++ )
        inject(s, i % 2, 1000 * i, 1, 0, 0xf3, 0);
    inject(s, 1, 500000, 1, 0, 0xf3, IDTAP_F_REINJECT); /* is none */
    for ( i = 0; i < 5; i++ )
        inject(s, i % 2, 1019000 + 1000 * i, 1, 0, 0xf3, 0);
    inject(s, 0, 1223000, 1, 0, 0xf3, 0);
}

/*
 * Three stretches that losses divide.  Arrivals 10 apart: three gaps of 10; no
 * pair across: of two exits, interrupts and raises, one each is timed.
 */
static void losses(struct scene *s)
{
    vm_exit(s, 0, 0, 1, 0, 0x72);
    inject(s, 0, 1, 1, 0, 0x30, 0);
    inject(s, 0, 11, 1, 0, 0x30, 0);
    irq_enter(s, 0, 20, 1, 0x40, DIRECT, -1, 0, 0);
    softirq_raise(s, 0, 21, TASKLET, 0, 0);
    packet_ends(s, 0, 3);

    irq_exit(s, 0, 100, 1, 0x40);
    plain(s, 0, 101, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, TASKLET, 0);
    plain(s, 0, 102, IDTAP_EV_SOFTIRQ_EXIT, 1, 0, TASKLET, 0);
    inject(s, 0, 110, 1, 0, 0x30, 0);
    inject(s, 0, 120, 1, 0, 0x30, 0);
    plain(s, 0, 130, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
    packet_ends(s, 0, 3);
    scene_cpu(s, 0)->h.packet_seq_num += 2;

    inject(s, 0, 200, 1, 0, 0x30, 0);
    inject(s, 0, 210, 1, 0, 0x30, 0);
    vm_exit(s, 0, 220, 1, 0, 0x72);
    irq_enter(s, 0, 230, 1, 0x40, DIRECT, -1, 0, 0);
    irq_exit(s, 0, 237, 1, 0x40);
    softirq_raise(s, 0, 240, TASKLET, 0, 0);
    plain(s, 0, 246, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, TASKLET, 0);
    plain(s, 0, 248, IDTAP_EV_SOFTIRQ_EXIT, 1, 0, TASKLET, 0);
    plain(s, 0, 260, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
}

/* Interrupts of 7 ns at 0, 1, 2 and 3600 s; the wall clock is set back. */
static void clock_steps(struct scene *s)
{
    static const uint64_t at[] = { 0, 1000000000, 2000000000, 3600000000000 };
    int fd = open(s->dir, O_RDONLY | O_DIRECTORY);
    struct idtap_metastream *ms;
    unsigned int i;

    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    idtap_metastream_config(ms, TEST_START, IDTAP_CLASS_ALL);
    for ( i = 0; i < 4; i++ )
    {
        idtap_metastream_clock_sync(ms, TEST_START + at[i],
                                    1700000000000000000u - at[i], at[i], 10);
        irq_enter(s, 0, at[i], 1, 0x40, DIRECT, -1, 0, 0);
        irq_exit(s, 0, at[i] + 7, 1, 0x40);
    }
    assert_int_equal(idtap_metastream_close(ms), 0);
    close(fd);
}

/*
 * Domain 1's CPUID takes 100.  It moves to CPU 1 and back at two INTRs: they
 * have no durations.  Its HLT of 300 lets domain 2 run, whose IOIO of 200 lets
 * domain 1 run.
 */
static void migration(struct scene *s)
{
    vm_exit(s, 0, 0, 1, 0, 0x72);
    plain(s, 0, 100, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
    vm_exit(s, 0, 200, 1, 0, 0x60);
    plain(s, 1, 250, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
    vm_exit(s, 1, 300, 1, 0, 0x60);
    plain(s, 0, 400, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
    vm_exit(s, 0, 500, 1, 0, 0x78);
    plain(s, 0, 600, IDTAP_EV_VM_ENTRY, 2, 0, 0, 0);
    vm_exit(s, 0, 700, 2, 0, 0x7b);
    plain(s, 0, 800, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
    plain(s, 0, 900, IDTAP_EV_VM_ENTRY, 2, 0, 0, 0);
    /* The trace ends 1000 ns after it began. */
    plain(s, 0, 1000, IDTAP_EV_IRQ_EXIT, 2, 0, 0x99, 0);
}

/* Domain n of 1 to 200 gets n of vector 0x30. */
static void domains(struct scene *s)
{
    unsigned int d, i, t = 0;

    for ( d = 1; d <= 200; d++ )
        for ( i = 0; i < d; i++ )
            inject(s, d % NR_CPUS, t++, (uint16_t)d, 0, 0x30, 0);
}

/*
 * More than tables can hold: 30000 domains, two interrupts each of 5 to 30004
 * ns, exits and injections, and as many vCPUs.  Nothing is known but totals.
 */
static void crowd(struct scene *s)
{
    uint64_t t = 0;
    unsigned int d, i;

    for ( i = 0; i < 2; i++ )
        for ( d = 0; d < 30000; d++ )
        {
            uint16_t domain = (uint16_t)d;
            uint8_t vector = (uint8_t)(d * 7);

            vm_exit(s, 0, t, domain, (uint16_t)(d * 31), (uint16_t)(d * 13));
            irq_enter(s, 0, t + 1, domain, vector, XEN, (int)d, 0, 0);
            irq_exit(s, 0, t + 6 + d, domain, vector);
            plain(s, 0, t + 7 + d, IDTAP_EV_LAPIC_ACCEPT, domain, 0, vector,
                  0);
            inject(s, 0, t + 8 + 2 * d, domain, 0, vector, 0);
            exception(s, 0, t + 8 + 2 * d, domain, vector, t);
            softirq_raise(s, 0, t + 9 + 2 * d, vector, d % 256, 0);
            plain(s, 0, t + 10 + 2 * d, IDTAP_EV_VM_ENTRY, domain,
                  (uint16_t)(d * 31), 0, 0);
            t += 11 + 2 * d;
        }
}

/*
 * TASKLET on CPU 1: raised at 100 and 150, runs at 180: 80, one coalesced.  At
 * 210 after a raise for a set at 200: unsure.  At 300, runs at 310: 10.
 * TIMER on CPU 0: raised at 400, runs at 404: 4; and once without a raise.
 */
static void softirqs(struct scene *s)
{
    softirq_raise(s, 0, 100, TASKLET, 1, 0);
    softirq_raise(s, 0, 150, TASKLET, 1, 0);
    plain(s, 1, 180, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, TASKLET, 0);
    plain(s, 1, 190, IDTAP_EV_SOFTIRQ_EXIT, 1, 0, TASKLET, 0);
    softirq_raise(s, 0, 200, TASKLET, 2, IDTAP_F_CPU_MASK);
    softirq_raise(s, 0, 210, TASKLET, 1, 0);
    plain(s, 1, 230, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, TASKLET, 0);
    plain(s, 1, 240, IDTAP_EV_SOFTIRQ_EXIT, 1, 0, TASKLET, 0);
    softirq_raise(s, 0, 300, TASKLET, 1, 0);
    plain(s, 1, 310, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, TASKLET, 0);
    softirq_raise(s, 0, 400, TIMER, 0, 0);
    plain(s, 0, 404, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, TIMER, 0);
    plain(s, 0, 406, IDTAP_EV_SOFTIRQ_EXIT, 1, 0, TIMER, 0);
    plain(s, 0, 500, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, TIMER, 0);
}

static void forwarded_irq(struct scene *s, uint64_t t, uint8_t vector, int irq)
{
    irq_enter(s, 0, t, 0, vector, GUEST, irq, 0, 0);
    softirq_raise(s, 0, t + 2, HVM_DPCI, 0, 0);
    irq_exit(s, 0, t + 3, 0, vector);
}

static void dpci(struct scene *s, uint64_t t, uint64_t accept, uint16_t flags)
{
    plain(s, 0, t, IDTAP_EV_SOFTIRQ_ENTER, 0, 0, HVM_DPCI, 0);
    plain(s, 0, accept, IDTAP_EV_LAPIC_ACCEPT, 3, 1, 0x41, flags);
    plain(s, 0, accept + 1, IDTAP_EV_SOFTIRQ_EXIT, 0, 0, HVM_DPCI, 0);
}

/*
 * IRQ 16 at 0 is accepted by domain 3 at 25, injected at 125, ended at 325.
 * Then again, with another before it: joined.  IRQs 16 and 17 before one
 * HVM_DPCI: nobody's.  IRQ 18 is told
 * to domain 0 by an event channel, 2 after it.
 */
static void routes(struct scene *s)
{
    forwarded_irq(s, 0, 0x31, 16);
    dpci(s, 20, 25, 0);
    inject(s, 1, 125, 3, 1, 0x41, 0);
    plain(s, 1, 325, IDTAP_EV_LAPIC_EOI, 3, 1, 0x41, 0);

    plain(s, 2, 390, IDTAP_EV_LAPIC_ACCEPT, 3, 1, 0x41, 0); /* from elsewhere */
    forwarded_irq(s, 400, 0x31, 16);
    dpci(s, 430, 440, IDTAP_F_PENDING);
    inject(s, 1, 490, 3, 1, 0x41, 0);
    plain(s, 1, 500, IDTAP_EV_LAPIC_EOI, 3, 1, 0x41, 0);

    forwarded_irq(s, 1000, 0x31, 16);
    forwarded_irq(s, 1010, 0x39, 17);
    dpci(s, 1020, 1025, 0);
    inject(s, 1, 1045, 3, 1, 0x41, 0);
    plain(s, 1, 1055, IDTAP_EV_LAPIC_EOI, 3, 1, 0x41, 0);

    irq_enter(s, 0, 2000, 0, 0x21, GUEST, 18, 0, 0);
    evtchn(s, 0, 2002, 0, IDTAP_EVTCHN_PIRQ, 18);
    evtchn(s, 0, 2002, 0, IDTAP_EVTCHN_VIRQ, 0); /* not the IRQ's */
    irq_exit(s, 0, 2003, 0, 0x21);
}

/* #PF of domain 1: 50 at 0x1000, 30 at 0x2000, and 20 each elsewhere. */
static void rips(struct scene *s)
{
    unsigned int i;

    for ( i = 0; i < 100; i++ )
        exception(s, 0, i, 1, 14, i < 50 ? 0x1000 : i < 80 ? 0x2000
                                                 : 0x3000 + i);
}

/* 3000 at 0xdead, one after the other with 3000 that come but once. */
static void many_rips(struct scene *s)
{
    unsigned int i;

    for ( i = 0; i < 6000; i++ )
        exception(s, 0, i, 1, 14, i % 2 ? 0xdead : 0x100000 + i);
}

/*
 * Intercepted #PF of domain 1: two of 10 and 30, and an exit without an entry.
 * INT 0x80 and INT 3, intercepted: 20 and 4.  A #DB that Xen intercepts: 5.
 */
static void intercepted(struct scene *s)
{
    caused_exit(s, 0, 0, 1, 0x4e, 14);
    caused_exception(s, 0, 1, 1, 14, 0x1000);
    plain(s, 0, 10, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
    caused_exit(s, 0, 100, 1, 0x4e, 14);
    caused_exception(s, 0, 101, 1, 14, 0x1000);
    plain(s, 0, 130, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
    caused_exit(s, 0, 200, 1, 0x75, 0);
    swint(s, 0, 201, 1, 0x80, 0x2000);
    plain(s, 0, 220, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
    vm_exit(s, 0, 300, 1, 0, 0x41);
    exception(s, 0, 301, 1, 1, 0x3000);
    plain(s, 0, 305, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
    caused_exit(s, 0, 400, 1, 0x4e, 14);
    caused_exit(s, 0, 500, 1, 0x75, 0);
    swint(s, 0, 501, 1, 3, 0x2000);
    plain(s, 0, 504, IDTAP_EV_VM_ENTRY, 1, 0, 0, 0);
}

/*
 * Domain 0, a PV guest.  Two #PF of its own, one that Xen fixes up; an INT 0x82,
 * which raises #GP; a system call; an INT 0x80, of which no trap was recorded; a
 * #DE, whose vector is 0, as it is written where there is none.
 *
 * Events.  vCPU 0: port 3 at 100, joined by port 9, upcall at 130: 30.  Port 9
 * at 200, upcall at 240: 40; meanwhile vCPU 1: port 4, 20.  Port 9 at 300 has no
 * upcall of its own; port 3 at 350: 10.  An upcall out of nowhere.  Port 3 at
 * 600, then records are lost.  Port 12 at 800: 5.  Domain 3 has no upcalls.
 */
static void pv(struct scene *s)
{
    const uint8_t excp = IDTAP_UPCALL_EXCEPTION, event = IDTAP_UPCALL_EVENT;
    const uint8_t inter = IDTAP_EVTCHN_INTERDOMAIN;

    pv_trap(s, 0, 0, 0, 14, 0x1000, IDTAP_F_IN_GUEST);
    upcall(s, 0, 1, 0, 0, excp, 14);
    pv_trap(s, 0, 10, 0, 14, 0x1000, IDTAP_F_IN_GUEST);
    upcall(s, 0, 11, 0, 0, excp, 14);
    pv_trap(s, 0, 20, 0, 14, 0xffff82d040200000, 0);
    pv_trap(s, 0, 30, 0, 13, 0x1001, IDTAP_F_IN_GUEST);
    upcall(s, 0, 31, 0, 0, excp, 0x82);
    upcall(s, 0, 40, 0, 0, IDTAP_UPCALL_SYSCALL, 0);
    upcall(s, 0, 45, 0, 0, IDTAP_UPCALL_INT80, 0x80);
    upcall(s, 0, 50, 0, 0, excp, 0);
    upcall(s, 0, 52, 0, 0, excp, 0);

    evtchn_port(s, 0, 100, 0, 0, 3, IDTAP_EVTCHN_VIRQ, 0, 0);
    evtchn_port(s, 1, 110, 0, 0, 9, inter, 5, IDTAP_F_PENDING);
    upcall(s, 0, 130, 0, 0, event, 0);
    evtchn_port(s, 1, 200, 0, 0, 9, inter, 5, 0);
    evtchn_port(s, 1, 205, 0, 1, 4, IDTAP_EVTCHN_IPI, 0, 0);
    upcall(s, 1, 225, 0, 1, event, 0);
    upcall(s, 0, 240, 0, 0, event, 0);
    evtchn_port(s, 1, 300, 0, 0, 9, inter, 5, 0);
    evtchn_port(s, 0, 350, 0, 0, 3, IDTAP_EVTCHN_VIRQ, 0, 0);
    upcall(s, 0, 360, 0, 0, event, 0);
    upcall(s, 0, 400, 0, 0, event, 0);
    evtchn_port(s, 0, 500, 3, 0, 1, inter, 0, 0);
    evtchn_port(s, 0, 600, 0, 0, 3, IDTAP_EVTCHN_VIRQ, 0, 0);
    packet_ends(s, 0, 2);
    upcall(s, 0, 700, 0, 0, event, 0);
    evtchn_port(s, 0, 800, 0, 0, 12, IDTAP_EVTCHN_PIRQ, 18, 0);
    upcall(s, 0, 805, 0, 0, event, 0);
}

/* Interrupts of 1, 2, ... 1000 ns. */
static void ladder(struct scene *s)
{
    unsigned int i;
    uint64_t t = 0;

    for ( i = 1; i <= 1000; i++ )
    {
        irq_enter(s, 0, t, 1, 0x40, DIRECT, -1, 0, 0);
        irq_exit(s, 0, t + i, 1, 0x40);
        t += 2000;
    }
}

static const struct {
    const char *name;
    void (*write)(struct scene *s);
} scenes[] = {
    { "nesting", nesting },
    { "bursts", bursts },
    { "losses", losses },
    { "clock-steps", clock_steps },
    { "migration", migration },
    { "domains", domains },
    { "crowd", crowd },
    { "softirqs", softirqs },
    { "routes", routes },
    { "rips", rips },
    { "many-rips", many_rips },
    { "intercepted", intercepted },
    { "pv", pv },
    { "ladder", ladder },
};

#define NR_SCENES (sizeof(scenes) / sizeof(scenes[0]))

static void make_dir(const char *dir)
{
    struct idtap_trace_info info = test_info();

    if ( mkdir(dir, 0700) )
    {
        perror(dir);
        exit(1);
    }
    test_metadata(dir, &info);
}

int main(int argc, char **argv)
{
    struct scene s = { NULL };
    unsigned int i, cpu;

    if ( argc == 5 && !strcmp(argv[1], "bulk") )
    {
        make_dir(argv[2]);
        bulk(argv[2], strtoull(argv[3], NULL, 10),
             (unsigned int)strtoul(argv[4], NULL, 10));
        return 0;
    }

    for ( i = 0; argc == 3 && i < NR_SCENES; i++ )
    {
        if ( strcmp(argv[1], scenes[i].name) )
            continue;
        make_dir(argv[2]);
        s.dir = argv[2];
        scenes[i].write(&s);
        for ( cpu = 0; cpu < NR_CPUS; cpu++ )
            if ( s.open[cpu] )
                test_stream_close(&s.cpu[cpu]);
        return 0;
    }

    fputs("Usage: tracegen SCENE DIR\n"
          "       tracegen bulk DIR RECORDS CPUS\n"
          "Scenes:", stderr);
    for ( i = 0; i < NR_SCENES; i++ )
        fprintf(stderr, " %s", scenes[i].name);
    fputc('\n', stderr);
    return 2;
}
