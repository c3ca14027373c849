/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a trace of known contents for the command line's tests: ten seconds
 * on two CPUs, a tick being a nanosecond.
 *
 *   all the time   100 times a second and CPU: guest 1 exits (MSR, 5 us), the
 *                  timer comes (2 us), 0xf3 is accepted, injected, EOI'd
 *   second 3 to 5  on CPU 0 also 2000 NMIs a second, of guest 1
 *   second 6       guest 1, "web", is gone; another has its id, "shop"
 *   second 8       CPU 1 loses 7 records
 *
 * Or two seconds of PV guests, for "make_trace DIR pv", 100 times a second:
 *
 *   dom0's timer (port 3, 2 us until the upcall) and an event of guest 1's that
 *   joins it (port 7); a #PF of dom0, with its upcall; guest 1 exits for #PF by
 *   idtap's doing (4 us), and executes INT 0x80
 *
 * Usage: make_trace DIR [pv]
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "../unit/common.h"

#define TICKS_PER_S 1000000000ull
#define MSR 0x7c

static const char *dir;

static uint64_t at(unsigned int s, unsigned int ns)
{
    return TEST_START + s * TICKS_PER_S + ns;
}

static void meta(void)
{
    struct idtap_metastream *ms;
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    uint64_t t = at(0, 0);

    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    assert_int_equal(idtap_metastream_attach(ms, t), 0);
    assert_int_equal(idtap_metastream_config(ms, t, IDTAP_CLASS_ALL), 0);
    assert_int_equal(idtap_metastream_domain(ms, t, 0, "Domain-0"), 0);
    assert_int_equal(idtap_metastream_domain(ms, t, 1, "web"), 0);
    assert_int_equal(idtap_metastream_domain(ms, at(6, 0), 1, "shop"), 0);
    assert_int_equal(idtap_metastream_detach(ms, at(10, 0)), 0);
    assert_int_equal(idtap_metastream_close(ms), 0);
    close(fd);
}

/* Moves the stream's clock to @tsc, which is not in the past. */
static unsigned int until(struct test_stream *s, uint64_t tsc)
{
    assert_true(tsc >= s->tsc);
    return (unsigned int)(tsc - s->tsc);
}

static void usual(struct test_stream *s, unsigned int cpu, uint64_t begin)
{
    test_vm_exit(s, until(s, begin), 1, (uint16_t)cpu, MSR);
    test_irq_enter(s, 1000, 1, 0xfa, IDTAP_OWNER_DIRECT, -1, 0,
                   IDTAP_F_IN_GUEST);
    test_plain(s, 2000, IDTAP_EV_IRQ_EXIT, 1, 0xfa, IDTAP_F_IN_GUEST);
    test_lapic(s, 500, IDTAP_EV_LAPIC_ACCEPT, 1, (uint16_t)cpu, 0xf3, 0);
    test_inject_vcpu(s, 1000, 1, (uint16_t)cpu, 0xf3, IDTAP_TYPE_EXT_INTR, 0);
    test_vm_entry(s, 500, 1, (uint16_t)cpu);
    test_lapic(s, 10000, IDTAP_EV_LAPIC_EOI, 1, (uint16_t)cpu, 0xf3, 0);
}

static void stream(unsigned int cpu)
{
    unsigned int s, i, k;
    struct test_stream st;

    test_stream_open(&st, dir, cpu, IDTAP_PACKET_SIZE_MIN);
    for ( s = 0; s < 10; s++ )
        for ( i = 0; i < 100; i++ )
        {
            uint64_t begin = at(s, i * 10000000);

            usual(&st, cpu, begin);
            for ( k = 0; cpu == 0 && s >= 3 && s < 5 && k < 20; k++ )
            {
                test_nmi_enter(&st, until(&st, begin + 100000 +
                                               k * 400000), 1);
                test_plain(&st, 3000, IDTAP_EV_NMI_EXIT, 1, 2, 0);
            }
            if ( cpu == 1 && s == 8 && i == 50 )
            {
                st.h.events_discarded = 7;
                test_stream_flush(&st);
            }
        }
    test_stream_close(&st);
}

static void pv_stream(void)
{
    struct test_stream s;
    unsigned int i;

    test_stream_open(&s, dir, 0, IDTAP_PACKET_SIZE_MIN);
    for ( i = 0; i < 200; i++ )
    {
        test_evtchn(&s, until(&s, at(0, i * 10000000)), 0, 0, 3,
                    IDTAP_EVTCHN_VIRQ, 0, 0);
        test_evtchn(&s, 1000, 0, 0, 7, IDTAP_EVTCHN_INTERDOMAIN, 1,
                    IDTAP_F_PENDING);
        test_upcall(&s, 1000, 0, 0, IDTAP_UPCALL_EVENT, 0);
        test_pv_trap(&s, 1000, 0, 14, IDTAP_F_IN_GUEST);
        test_upcall(&s, 1000, 0, 0, IDTAP_UPCALL_EXCEPTION, 14);
        test_vm_exit_of(&s, 1000, 1, 14, IDTAP_F_INTERCEPT);
        test_exception(&s, 1000, 1, 14, IDTAP_F_INTERCEPT);
        test_vm_entry(&s, 3000, 1, 0);
        test_swint(&s, 1000, 1, 0x80);
    }
    test_stream_close(&s);
}

int main(int argc, char **argv)
{
    struct idtap_trace_info info = test_info();
    bool pv = argc == 3 && !strcmp(argv[2], "pv");

    if ( (argc != 2 && !pv) || mkdir(argv[1], 0700) )
        return 1;
    dir = argv[1];
    test_metadata(dir, &info);
    meta();
    if ( pv )
    {
        pv_stream();
        return 0;
    }
    stream(0);
    stream(1);
    return 0;
}
