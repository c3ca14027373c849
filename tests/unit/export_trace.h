/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A synthetic trace for the tests of exporting: three pCPUs with one clock,
 * interrupts that nest, vCPUs that exit, are injected into and move between
 * pCPUs, softirqs that do not return, and, if asked for, losses.
 */
#ifndef TESTS_EXPORT_TRACE_H
#define TESTS_EXPORT_TRACE_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "common.h"

#define NR_CPUS 3u
#define GUEST   1u
#define OTHER   7u

struct machine {
    bool svm, lossy;
    uint64_t now;
    struct test_stream cpu[NR_CPUS];
    struct idtap_metastream *meta;
};

/* Who runs on the pCPU in this round; each vCPU on one pCPU at a time. */
static uint16_t vcpu_on(unsigned int cpu, unsigned int round)
{
    return (uint16_t)((cpu + round / 5) % NR_CPUS);
}

static struct idtap_record common(struct machine *m, unsigned int cpu,
                                  uint8_t event, uint16_t vcpu,
                                  uint8_t vector, uint16_t flags)
{
    m->now += 2000 + (m->now >> 3) % 3701;
    m->cpu[cpu].tsc = m->now;
    return (struct idtap_record){
        .tsc = m->now, .event = event, .vector = vector, .flags = flags,
        .domain = GUEST, .vcpu = vcpu,
    };
}

static void plain(struct machine *m, unsigned int cpu, uint8_t event,
                  uint16_t vcpu, uint8_t vector, uint16_t flags)
{
    struct idtap_record r = common(m, cpu, event, vcpu, vector, flags);

    test_stream_add(&m->cpu[cpu], &r, sizeof(r));
}

static void irq(struct machine *m, unsigned int cpu, uint16_t vcpu,
                uint8_t vector, uint8_t owner, int nr, uint8_t depth)
{
    struct idtap_irq_enter e = {
        .r = common(m, cpu, IDTAP_EV_IRQ_ENTER, vcpu, vector,
                    depth ? 0 : IDTAP_F_IN_GUEST),
        .irq = nr, .owner = owner, .depth = depth,
    };

    test_stream_add(&m->cpu[cpu], &e, sizeof(e));
}

static void vm_exit(struct machine *m, unsigned int cpu, uint16_t vcpu,
                    uint16_t reason, uint8_t vector)
{
    struct idtap_vm_exit e = {
        .r = common(m, cpu, IDTAP_EV_VM_EXIT, vcpu, vector, 0),
        .rip = 0xffffffff81000000 + m->now % 4096, .reason = reason,
        .detail = reason * 3u,
    };

    test_stream_add(&m->cpu[cpu], &e, sizeof(e));
}

static void inject(struct machine *m, unsigned int cpu, uint16_t vcpu,
                   uint8_t vector, uint8_t type, uint16_t flags)
{
    struct idtap_inject e = {
        .r = common(m, cpu, IDTAP_EV_INJECT, vcpu, vector, flags),
        .error_code = flags & IDTAP_F_ERROR_CODE ? 2 : 0, .type = type,
    };

    test_stream_add(&m->cpu[cpu], &e, sizeof(e));
}

static void exception(struct machine *m, unsigned int cpu, uint16_t vcpu)
{
    struct idtap_exception e = {
        .r = common(m, cpu, IDTAP_EV_EXCEPTION, vcpu, 1, IDTAP_F_ADDRESS),
        .rip = 0x400000, .address = 0xffff0ff1,
        .type = IDTAP_TYPE_HW_EXCEPTION,
    };

    test_stream_add(&m->cpu[cpu], &e, sizeof(e));
}

static void swint(struct machine *m, unsigned int cpu, uint16_t vcpu)
{
    struct idtap_swint e = {
        .r = common(m, cpu, IDTAP_EV_SWINT, vcpu, 0x80, 0), .rip = 0x401000,
    };

    test_stream_add(&m->cpu[cpu], &e, sizeof(e));
}

static void nmi(struct machine *m, unsigned int cpu, uint16_t vcpu)
{
    struct idtap_nmi_enter e = {
        .r = common(m, cpu, IDTAP_EV_NMI_ENTER, vcpu, 2, 0),
        .rip = 0xffff82d040200000,
    };

    test_stream_add(&m->cpu[cpu], &e, sizeof(e));
    plain(m, cpu, IDTAP_EV_NMI_EXIT, vcpu, 2, 0);
}

static void raise_softirq(struct machine *m, unsigned int cpu, uint16_t vcpu,
                          uint8_t nr)
{
    struct idtap_softirq_raise e = {
        .r = common(m, cpu, IDTAP_EV_SOFTIRQ_RAISE, vcpu, nr, 0),
        .cpu = (cpu + 1) % NR_CPUS,
    };

    test_stream_add(&m->cpu[cpu], &e, sizeof(e));
}

/* What a PV domain 0 raises and gets, between two runs of the guest. */
static void visit_pv(struct machine *m, unsigned int cpu)
{
    uint16_t vcpu = (uint16_t)cpu;
    struct idtap_exception trap = {
        .r = common(m, cpu, IDTAP_EV_PV_TRAP, vcpu, 14, IDTAP_F_IN_GUEST |
                    IDTAP_F_ERROR_CODE | IDTAP_F_ADDRESS),
        .rip = 0x402000, .address = 0x7000, .error_code = 6,
    };
    struct idtap_pv_upcall upcall = { .rip = 0xffffffff82000000 };
    struct idtap_evtchn evtchn = {
        .port = 5, .source = 0, .kind = IDTAP_EVTCHN_VIRQ,
    };

    trap.r.domain = 0;
    test_stream_add(&m->cpu[cpu], &trap, sizeof(trap));
    upcall.r = common(m, cpu, IDTAP_EV_PV_UPCALL, vcpu, 14,
                      IDTAP_F_ERROR_CODE);
    upcall.r.domain = 0;
    upcall.error_code = 6;
    upcall.kind = IDTAP_UPCALL_EXCEPTION;
    test_stream_add(&m->cpu[cpu], &upcall, sizeof(upcall));
    evtchn.r = common(m, cpu, IDTAP_EV_EVTCHN, vcpu, 0, 0);
    evtchn.r.domain = 0;
    test_stream_add(&m->cpu[cpu], &evtchn, sizeof(evtchn));
    upcall.r = common(m, cpu, IDTAP_EV_PV_UPCALL, vcpu, 0, 0);
    upcall.r.domain = 0;
    upcall.error_code = 0;
    upcall.kind = IDTAP_UPCALL_EVENT;
    test_stream_add(&m->cpu[cpu], &upcall, sizeof(upcall));
    /* #DE: that vector is 0, too. */
    upcall.r = common(m, cpu, IDTAP_EV_PV_UPCALL, vcpu, 0, 0);
    upcall.r.domain = 0;
    upcall.kind = IDTAP_UPCALL_EXCEPTION;
    test_stream_add(&m->cpu[cpu], &upcall, sizeof(upcall));
}

/* One exit, all that Xen may do meanwhile, and perhaps the entry. */
static void visit(struct machine *m, unsigned int cpu, unsigned int round,
                  uint16_t vcpu, bool enter)
{
    static const uint16_t svm[] = { 0x72, 0x78, 0x60, 0x7c, 0x41, 0x400 };
    static const uint16_t vmx[] = { 10, 12, 1, 31, 0, 48 };
    unsigned int kind = round % 6;
    uint16_t reason = m->svm ? svm[kind] : vmx[kind];

    vm_exit(m, cpu, vcpu, reason, kind == 2 ? 0xfa : kind == 4 ? 1 : 0);
    if ( kind == 2 )
    {
        irq(m, cpu, vcpu, 0xfa, IDTAP_OWNER_DIRECT, -1, 0);
        irq(m, cpu, vcpu, 0x31, IDTAP_OWNER_GUEST, 16, 1);
        raise_softirq(m, cpu, vcpu, 0);
        plain(m, cpu, IDTAP_EV_IRQ_EXIT, vcpu, 0x31, 0);
        plain(m, cpu, IDTAP_EV_IRQ_EXIT, vcpu, 0xfa, 0);
        plain(m, cpu, IDTAP_EV_SOFTIRQ_ENTER, vcpu, 0, 0);
        nmi(m, cpu, vcpu);
        plain(m, cpu, IDTAP_EV_SOFTIRQ_EXIT, vcpu, 0, 0);
    }
    if ( kind == 4 )
        exception(m, cpu, vcpu);
    if ( kind == 4 && m->svm )
        swint(m, cpu, vcpu);
    if ( kind == 5 )
    {
        /* SCHEDULE returns every other time. */
        plain(m, cpu, IDTAP_EV_SOFTIRQ_ENTER, vcpu, 3, 0);
        if ( round / 6 % 2 )
            irq(m, cpu, vcpu, 0x55, IDTAP_OWNER_SPURIOUS, -1, 0);
        if ( round / 6 % 3 == 1 )
            plain(m, cpu, IDTAP_EV_SOFTIRQ_EXIT, vcpu, 3, 0);
    }

    if ( !enter )
        return;
    plain(m, cpu, IDTAP_EV_LAPIC_ACCEPT, vcpu, 0xf3, 0);
    if ( round % 7 == 3 )
        plain(m, cpu, IDTAP_EV_LAPIC_ACCEPT, vcpu, 0xf3, IDTAP_F_PENDING);
    inject(m, cpu, vcpu, 0xf3, IDTAP_TYPE_EXT_INTR, 0);
    plain(m, cpu, IDTAP_EV_VM_ENTRY, vcpu, 0, IDTAP_F_INJECTS);
    vm_exit(m, cpu, vcpu, m->svm ? 0x7c : 31, 0);
    plain(m, cpu, IDTAP_EV_LAPIC_EOI, vcpu, 0xf3, 0);
    if ( round % 3 == 0 )
        inject(m, cpu, vcpu, 13, IDTAP_TYPE_HW_EXCEPTION, IDTAP_F_ERROR_CODE);
    if ( round % 11 == 0 )
        inject(m, cpu, vcpu, 0x40, IDTAP_TYPE_EXT_INTR, IDTAP_F_REINJECT);
    plain(m, cpu, IDTAP_EV_VM_ENTRY, vcpu, 0, 0);
}

/*
 * Fills the packet until the largest record has no room, and ends there what
 * began before: records may have been dropped between the two.
 */
static void fill(struct machine *m, unsigned int cpu, uint16_t vcpu)
{
    struct test_stream *s = &m->cpu[cpu];

    if ( s->used + 64 > s->packet_size - sizeof(struct idtap_exception) )
        test_stream_flush(s);
    irq(m, cpu, vcpu, 0x77, IDTAP_OWNER_GUEST, 17, 0);
    while ( s->used < s->packet_size - sizeof(struct idtap_exception) )
        raise_softirq(m, cpu, vcpu, 5);
    plain(m, cpu, IDTAP_EV_IRQ_EXIT, vcpu, 0x77, 0);
}

/* Between two rounds: what the tap would have to drop. */
static void lose(struct machine *m, unsigned int cpu, unsigned int round)
{
    struct test_stream *s = &m->cpu[cpu];

    if ( round % 50 == 20 )
    {
        if ( cpu )
            fill(m, cpu, vcpu_on(cpu, round));
        s->h.events_discarded += 3 + cpu;
        test_stream_flush(s);
    }
    if ( round % 70 == 30 )
    {
        test_stream_flush(s);
        s->h.packet_seq_num += 2;
    }
}

static void meta(struct machine *m, unsigned int round)
{
    assert_int_equal(idtap_metastream_clock_sync(m->meta, m->now,
        1700000000123456789ull + m->now, m->now, 100), 0);
    if ( !round )
    {
        assert_int_equal(idtap_metastream_config(m->meta, m->now,
                                                 IDTAP_CLASS_ALL), 0);
        assert_int_equal(idtap_metastream_domain(m->meta, m->now, 0,
                                                 "Domain-0"), 0);
        assert_int_equal(idtap_metastream_domain(m->meta, m->now, GUEST,
                                                 "web, \"one\""), 0);
        assert_int_equal(idtap_metastream_domain(m->meta, m->now, OTHER,
                                                 "other"), 0);
    }
}

/* Makes the trace in `dir`, which is there and empty. */
static void export_trace(const char *dir, bool svm, unsigned int rounds,
                         bool lossy)
{
    struct machine m = { .svm = svm, .lossy = lossy, .now = TEST_START };
    struct idtap_trace_info info = test_info();
    unsigned int cpu, round;
    int fd;

    snprintf(info.cpu_vendor, sizeof(info.cpu_vendor), "%s",
             svm ? "AMD" : "Intel");
    info.tsc_khz = 2400000;
    test_metadata(dir, &info);
    fd = open(dir, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_int_equal(idtap_metastream_open(fd, &m.meta), 0);
    assert_int_equal(idtap_metastream_attach(m.meta, m.now), 0);
    for ( cpu = 0; cpu < NR_CPUS; cpu++ )
        test_stream_open(&m.cpu[cpu], dir, cpu, IDTAP_PACKET_SIZE_MIN);

    for ( round = 0; round < rounds; round++ )
    {
        if ( round % 1000 == 0 )
            meta(&m, round);
        for ( cpu = 0; cpu < NR_CPUS; cpu++ )
        {
            uint16_t vcpu = vcpu_on(cpu, round);

            /* The last visit before it moves: entered elsewhere. */
            visit(&m, cpu, round, vcpu, true);
            if ( round % 5 == 4 )
                visit(&m, cpu, round, vcpu, false);
        }
        for ( cpu = 0; cpu < NR_CPUS; cpu++ )
        {
            if ( round % 5 == 4 )
                plain(&m, cpu, IDTAP_EV_VM_ENTRY, vcpu_on(cpu, round + 1), 0,
                      0);
            if ( round % 5 == 2 )
                visit_pv(&m, cpu);
            if ( m.lossy )
                lose(&m, cpu, round);
        }
    }

    for ( cpu = 0; cpu < NR_CPUS; cpu++ )
    {
        uint64_t lost = m.cpu[cpu].h.events_discarded;

        /* Some that no packet lived to tell of. */
        if ( m.lossy )
            assert_int_equal(idtap_metastream_lost(m.meta, m.now, cpu,
                                                   lost + 5), 0);
        test_stream_close(&m.cpu[cpu]);
    }
    assert_int_equal(idtap_metastream_detach(m.meta, m.now), 0);
    assert_int_equal(idtap_metastream_close(m.meta), 0);
    close(fd);
}

#endif /* TESTS_EXPORT_TRACE_H */
