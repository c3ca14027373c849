/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a synthetic trace that looks like a host at work: two guests and dom0
 * on a few pCPUs, with exits, interrupts, injections, idle time, and in the
 * fifth tenth of the trace a storm of one device's interrupts.  The same
 * arguments make the same trace.
 *
 * Usage: scene DIR [KEY=VALUE]...
 *
 *   records=N   stop after some N records of rings (10000)
 *   cpus=N      pCPUs (4)
 *   rate=N      the storm's interrupts, in percent (100)
 *   slow=N      time that Xen takes for an exit, in percent (100)
 *   seed=N      (1)
 *   lose=1      the last pCPU's ring is too small now and then
 *   host=NAME   hostname (xen1)
 *   db=NAME     name of the second guest (db); may hold anything
 *   dbid=N      its domain id (2)
 *   offset=N    the host was started N ns later: its TSC begins elsewhere,
 *   khz=N       and ticks at another rate (1000000)
 *   skew=N      its realtime is wrong by N ns, uncertain=N is what it says (0)
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "../unit/common.h"

#define MAX_SCENE_CPUS 64

static struct scene {
    uint64_t records, cpus, rate, slow, seed, lose, dbid, offset, khz, skew,
        uncertain;
    const char *host, *db;
} o = { .records = 10000, .cpus = 4, .rate = 100, .slow = 100, .seed = 1,
        .dbid = 2, .khz = 1000000, .host = "xen1", .db = "db" };

static uint64_t state;

static uint64_t chance(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % n;
}

/* Around `mean`, with a long tail. */
static uint64_t about(uint64_t mean)
{
    uint64_t n = mean / 2 + chance(mean + 1);

    return chance(50) ? n + 1 : n * (2 + chance(30));
}

/* A pCPU, and the vCPU that it runs; times in ns. */
struct pcpu {
    struct test_stream s;
    uint64_t ns;
    uint16_t domain, vcpu;
    bool halted;
    uint64_t dropped;
};

static uint64_t tsc_of(uint64_t ns)
{
    return TEST_START + (uint64_t)((unsigned __int128)ns * o.khz / 1000000);
}

static void put(struct pcpu *p, uint64_t dt, struct idtap_record *r,
                size_t size)
{
    p->ns += dt;
    r->tsc = p->s.tsc = tsc_of(p->ns);
    test_stream_add(&p->s, r, size);
}

static void plain(struct pcpu *p, uint64_t dt, uint8_t event, uint8_t vector,
                  uint16_t flags)
{
    struct idtap_record r = { .event = event, .vector = vector,
        .flags = flags, .domain = p->domain, .vcpu = p->vcpu };

    put(p, dt, &r, sizeof(r));
}

static void irq(struct pcpu *p, uint64_t dt, uint8_t vector, int nr,
                uint64_t took, uint16_t flags)
{
    struct idtap_irq_enter e = {
        .r = { .event = IDTAP_EV_IRQ_ENTER, .vector = vector, .flags = flags,
               .domain = p->domain, .vcpu = p->vcpu },
        .irq = nr,
        .owner = nr < 0 ? IDTAP_OWNER_DIRECT : IDTAP_OWNER_GUEST,
    };

    put(p, dt, &e.r, sizeof(e));
    plain(p, about(took), IDTAP_EV_IRQ_EXIT, vector, flags);
}

static void vm_exit(struct pcpu *p, uint64_t dt, uint16_t reason)
{
    struct idtap_vm_exit e = {
        .r = { .event = IDTAP_EV_VM_EXIT, .domain = p->domain,
               .vcpu = p->vcpu },
        .rip = 0xffffffff81000000 + chance(1 << 20), .reason = reason,
    };

    put(p, dt, &e.r, sizeof(e));
}

static void inject(struct pcpu *p, uint64_t dt, uint8_t vector, uint8_t type)
{
    struct idtap_inject e = {
        .r = { .event = IDTAP_EV_INJECT, .vector = vector,
               .domain = p->domain, .vcpu = p->vcpu },
        .type = type,
    };

    put(p, dt, &e.r, sizeof(e));
}

/* An interrupt of the guest's, from its local APIC to its EOI. */
static void deliver(struct pcpu *p, uint8_t vector)
{
    plain(p, about(300), IDTAP_EV_LAPIC_ACCEPT, vector, 0);
    inject(p, about(900), vector, IDTAP_TYPE_EXT_INTR);
    plain(p, about(200), IDTAP_EV_VM_ENTRY, 0, IDTAP_F_INJECTS);
    vm_exit(p, about(2500), 0x7c);
    plain(p, about(400), IDTAP_EV_LAPIC_EOI, vector, 0);
}

static void softirq(struct pcpu *p, uint8_t nr, uint64_t took)
{
    plain(p, about(150), IDTAP_EV_SOFTIRQ_ENTER, nr, 0);
    plain(p, about(took), IDTAP_EV_SOFTIRQ_EXIT, nr, 0);
}

/* dom0, a PV guest, has work: it leaves no exits. */
static void dom0(struct pcpu *p)
{
    struct idtap_pv_upcall u = { .rip = 0xffffffff81e00000,
                                 .kind = IDTAP_UPCALL_EVENT };
    struct idtap_evtchn e = { .port = 7, .source = 1,
                              .kind = IDTAP_EVTCHN_INTERDOMAIN };

    p->domain = 0;
    irq(p, about(50000), 0x31, 24, 3000, 0);
    u.r = (struct idtap_record){ .event = IDTAP_EV_PV_UPCALL,
                                 .vcpu = p->vcpu };
    put(p, about(700), &u.r, sizeof(u));
    /* #DE: vector 0, which the one before has for none. */
    u.kind = IDTAP_UPCALL_EXCEPTION;
    put(p, 100, &u.r, sizeof(u));
    e.r = (struct idtap_record){ .event = IDTAP_EV_EVTCHN, .domain = 1 };
    put(p, about(9000), &e.r, sizeof(e));
    irq(p, about(30000), 0xfa, -1, 1500, 0);
    plain(p, about(300), IDTAP_EV_SOFTIRQ_ENTER, 3, 0);
}

static void halt(struct pcpu *p)
{
    uint16_t domain = p->domain, vcpu = p->vcpu;

    vm_exit(p, about(4000), 0x78);
    plain(p, about(700), IDTAP_EV_SOFTIRQ_ENTER, 3, 0);
    p->domain = IDTAP_DOMID_IDLE;
    p->vcpu = (uint16_t)p->s.h.cpu_id;
    irq(p, about(120000), 0xfa, -1, 1500, 0);
    plain(p, about(300), IDTAP_EV_SOFTIRQ_ENTER, 3, 0);
    if ( !chance(4) )
        dom0(p);
    p->domain = domain;
    p->vcpu = vcpu;
    deliver(p, 0xf3);
}

/* One turn of a guest; `storm`: its disk has much to say. */
static void turn(struct pcpu *p, bool storm)
{
    static const uint16_t reasons[] = { 0x72, 0x7c, 0x7c, 0x7c, 0x81, 0x81,
                                        0x7b, 0x400 };
    uint64_t n = chance(100);

    if ( storm && p->domain == o.dbid && chance(100) < 60 * o.rate / 100 )
    {
        irq(p, about(6000), 0x31, 24, 4000, IDTAP_F_IN_GUEST);
        vm_exit(p, 100, 0x60);
        deliver(p, 0x51);
    }
    else if ( n < 12 )
    {
        halt(p);
    }
    else if ( n < 22 )
    {
        irq(p, about(20000), 0xfa, -1, 1500, IDTAP_F_IN_GUEST);
        vm_exit(p, 100, 0x60);
        softirq(p, 0, 2500);
        deliver(p, 0xef);
    }
    else if ( n < 24 )
    {
        struct idtap_exception e = {
            .r = { .event = IDTAP_EV_EXCEPTION, .vector = 1,
                   .domain = p->domain, .vcpu = p->vcpu },
            .rip = 0x401000, .type = IDTAP_TYPE_HW_EXCEPTION,
        };

        vm_exit(p, about(9000), 0x41);
        put(p, 100, &e.r, sizeof(e));
        inject(p, about(800), 1, IDTAP_TYPE_HW_EXCEPTION);
    }
    else
    {
        vm_exit(p, about(15000),
                reasons[chance(sizeof(reasons) / sizeof(reasons[0]))]);
        p->ns += about(2000) * o.slow / 100;
    }
    plain(p, about(300), IDTAP_EV_VM_ENTRY, 0, 0);
}

static void meta(const char *dir, const struct idtap_trace_info *info,
                 uint64_t end)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    struct idtap_metastream *ms;
    uint64_t ns;

    assert_true(fd >= 0);
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    assert_int_equal(idtap_metastream_attach(ms, TEST_START), 0);
    assert_int_equal(idtap_metastream_config(ms, TEST_START,
                                             IDTAP_CLASS_ALL), 0);
    assert_int_equal(idtap_metastream_domain(ms, TEST_START, 0, "Domain-0"),
                     0);
    assert_int_equal(idtap_metastream_domain(ms, TEST_START, 1, "web"), 0);
    assert_int_equal(idtap_metastream_domain(ms, TEST_START,
                                             (uint16_t)o.dbid, o.db), 0);
    for ( ns = 0; ns <= end; ns += end / 4 + 1 )
        assert_int_equal(idtap_metastream_clock_sync(ms, tsc_of(ns),
                             info->start_realtime_ns + ns, ns, o.uncertain),
                         0);
    assert_int_equal(idtap_metastream_detach(ms, tsc_of(end)), 0);
    assert_int_equal(idtap_metastream_close(ms), 0);
    close(fd);
}

/* What the tap does when no packet is free: it counts. */
static void drop(struct pcpu *p)
{
    uint64_t n = 1 + chance(200);

    p->s.h.events_discarded += n;
    p->dropped += n;
    test_stream_flush(&p->s);
    p->ns += 200000;
    p->s.tsc = p->s.h.timestamp_begin = tsc_of(p->ns);
}

static void run(const char *dir)
{
    static struct pcpu cpus[MAX_SCENE_CPUS];
    struct idtap_trace_info info = test_info();
    uint64_t end = o.records / o.cpus * 10600, last = 0;
    unsigned int i;

    info.tsc_khz = o.khz;
    info.start_realtime_ns += o.offset + o.skew;
    snprintf(info.hostname, sizeof(info.hostname), "%s", o.host);
    snprintf(info.cpu_model, sizeof(info.cpu_model), "AMD EPYC, as imagined");
    snprintf(info.command, sizeof(info.command), "idtap record -T 10");
    test_metadata(dir, &info);

    for ( i = 0; i < o.cpus; i++ )
    {
        struct pcpu *p = &cpus[i];
        unsigned int turns = 0;

        p->domain = (uint16_t)(i % 2 ? o.dbid : 1);
        p->vcpu = (uint16_t)(i / 2);
        test_stream_open(&p->s, dir, i, 16384);
        plain(p, 1000 * i, IDTAP_EV_VM_ENTRY, 0, 0);
        while ( p->ns < end )
        {
            bool storm = p->ns > end / 10 * 4 && p->ns < end / 10 * 5;

            turn(p, storm);
            if ( o.lose && i + 1 == o.cpus && ++turns % 150 == 0 )
                drop(p);
        }
        if ( p->ns > last )
            last = p->ns;
        test_stream_close(&p->s);
    }

    meta(dir, &info, last);
}

static void usage(const char *why)
{
    fprintf(stderr, "scene: %s\nUsage: scene DIR [KEY=VALUE]...; the keys are "
            "in the file's head\n", why);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct { const char *key; uint64_t *n; const char **s; }
    keys[] = {
        { "records", &o.records, NULL }, { "cpus", &o.cpus, NULL },
        { "rate", &o.rate, NULL }, { "slow", &o.slow, NULL },
        { "seed", &o.seed, NULL }, { "lose", &o.lose, NULL },
        { "dbid", &o.dbid, NULL }, { "offset", &o.offset, NULL },
        { "khz", &o.khz, NULL }, { "skew", &o.skew, NULL },
        { "uncertain", &o.uncertain, NULL },
        { "host", NULL, &o.host }, { "db", NULL, &o.db },
    };
    size_t k;
    int i;

    if ( argc < 2 )
        usage("no directory");
    for ( i = 2; i < argc; i++ )
    {
        char *value = strchr(argv[i], '=');

        for ( k = 0; value && k < sizeof(keys) / sizeof(keys[0]); k++ )
            if ( !strncmp(argv[i], keys[k].key, (size_t)(value - argv[i])) &&
                 !keys[k].key[value - argv[i]] )
                break;
        if ( !value || k == sizeof(keys) / sizeof(keys[0]) )
            usage(argv[i]);
        if ( keys[k].n )
            *keys[k].n = strtoull(value + 1, NULL, 0);
        else
            *keys[k].s = value + 1;
    }
    if ( !o.cpus || o.cpus > MAX_SCENE_CPUS || !o.khz || !o.dbid )
        usage("a number cannot be so");

    state = o.seed * 0x9e3779b97f4a7c15ull + 1;
    if ( mkdir(argv[1], 0700) )
    {
        perror(argv[1]);
        return 1;
    }
    run(argv[1]);
    return 0;
}
