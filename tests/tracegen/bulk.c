/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Long traces for measurements, made of what busy hosts do in turn: a guest
 * exits, an interrupt comes, softirqs run, something is injected, the guest is
 * entered again; now and then the pCPU idles.  Durations and distances are
 * spread over some powers of two.  The same arguments make the same bytes.
 */
#include "tracegen.h"

#define PACKET_BYTES IDTAP_PACKET_SIZE_DEF

struct generator {
    struct test_stream st;
    unsigned int cpu, cpus;
    uint16_t domain; /* whose vCPU is current */
    uint64_t seed;
    uint64_t left;
};

static uint32_t draw(struct generator *g, uint32_t below)
{
    g->seed = g->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((g->seed >> 33) % below);
}

/* Most are short, a few long. */
static unsigned int pause_of(struct generator *g)
{
    return 50 + draw(g, 200u << draw(g, 6));
}

/* How long a guest runs until it exits: 2 to 66 us. */
static unsigned int guest_run(struct generator *g)
{
    return 2000 + draw(g, 1000u << draw(g, 7));
}

/* The record added when so much was used is of the vCPU on this pCPU. */
static void of_vcpu(struct generator *g, unsigned int used)
{
    struct test_stream *st = &g->st;
    struct idtap_record *r;

    /* Did it open a packet? */
    if ( used >= st->used )
        used = sizeof(struct idtap_packet_header);
    r = (void *)(st->packet + used);
    r->vcpu = (uint16_t)g->cpu;
}

/* Adds a record by one of the functions that know of vCPU 0 only. */
#define ADD(g, function, ...) do {                    \
        unsigned int used_ = (g)->st.used;            \
        function(&(g)->st, __VA_ARGS__);              \
        of_vcpu(g, used_);                            \
    } while ( 0 )

static bool go_on(struct generator *g)
{
    return g->left && g->left-- > 0;
}

static void handle_irq(struct generator *g, uint16_t domain, uint16_t flags)
{
    static const uint8_t vectors[] = { 0xfa, 0xfa, 0xfa, 0xfb, 0xfc, 0x31 };
    uint8_t v = vectors[draw(g, 6)];
    bool device = v == 0x31;

    ADD(g, test_irq_enter, pause_of(g), domain, v,
        device ? IDTAP_OWNER_GUEST : IDTAP_OWNER_DIRECT, device ? 16 : -1, 0,
        flags);
    if ( go_on(g) )
        test_raise(&g->st, 60, device ? 10 : draw(g, 2) ? 0 : 5, g->cpu);
    if ( go_on(g) )
        ADD(g, test_plain, pause_of(g), IDTAP_EV_IRQ_EXIT, domain, v, flags);
}

static void run_softirq(struct generator *g, uint16_t domain)
{
    uint8_t nr = draw(g, 2) ? 0 : draw(g, 2) ? 5 : 10;

    ADD(g, test_plain, 40, IDTAP_EV_SOFTIRQ_ENTER, domain, nr, 0);
    if ( nr == 10 && go_on(g) )
        test_lapic(&g->st, 90, IDTAP_EV_LAPIC_ACCEPT, domain, (uint16_t)g->cpu,
                   0x41, 0);
    if ( go_on(g) )
        ADD(g, test_plain, pause_of(g), IDTAP_EV_SOFTIRQ_EXIT, domain, nr, 0);
}

static void turn(struct generator *g)
{
    static const uint16_t reasons[] = { 0x60, 0x72, 0x7b, 0x7c, 0x78, 0x400 };
    uint16_t domain = g->domain;
    uint16_t vcpu = (uint16_t)g->cpu;

    if ( go_on(g) )
        test_vm_exit(&g->st, guest_run(g), domain, vcpu, reasons[draw(g, 6)]);
    if ( !draw(g, 3) && go_on(g) )
        handle_irq(g, domain, draw(g, 2) ? IDTAP_F_IN_GUEST : 0);
    if ( !draw(g, 4) && go_on(g) )
        run_softirq(g, domain);
    if ( !draw(g, 8) && go_on(g) )
        ADD(g, test_exception, 30, domain, 14, 0);
    if ( !draw(g, 4) && go_on(g) )
        test_inject_vcpu(&g->st, 30, domain, vcpu,
                         (uint8_t)(draw(g, 2) ? 0x41 : 0xec),
                         IDTAP_TYPE_EXT_INTR, 0);
    if ( !draw(g, 16) && go_on(g) )
        test_lapic(&g->st, 30, IDTAP_EV_LAPIC_EOI, domain, vcpu, 0x41, 0);
    if ( !draw(g, 5) && go_on(g) )
    {
        if ( draw(g, 2) )
            handle_irq(g, IDTAP_DOMID_IDLE, 0);
        g->domain = (uint16_t)(1 + draw(g, 12));
    }
    if ( go_on(g) )
        test_vm_entry(&g->st, pause_of(g), g->domain, vcpu);
}

void bulk(const char *dir, uint64_t records, unsigned int cpus)
{
    unsigned int i;

    for ( i = 0; i < cpus; i++ )
    {
        struct generator g = {
            .cpu = i, .cpus = cpus, .seed = i + 1, .domain = 1,
            .left = records / cpus + (i < records % cpus),
        };

        test_stream_open(&g.st, dir, i, PACKET_BYTES);
        if ( go_on(&g) )
            test_vm_entry(&g.st, 1000, g.domain, (uint16_t)i);
        while ( g.left )
            turn(&g);
        test_stream_close(&g.st);
    }
}
