/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels, by either of Xen's ABIs (public event_channel.h): two-level,
 * bits in the shared page, or FIFO, words in a page of ours and per vCPU a
 * queue of those pending.
 *
 * Rules: all ports are masked from the start, the console's and the store's for
 * good.  A port has one consumer, the vCPU that it notifies.  FIFO: a word that
 * is in a queue stays there until its consumer has taken it out, pending or
 * not; Xen only ever appends.
 */
#include "pvtruth.h"

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/vcpu.h>

#define WORDS   (PAGE_SIZE / sizeof(event_word_t))
#define PENDING (1U << EVTCHN_FIFO_PENDING)
#define MASKED  (1U << EVTCHN_FIFO_MASKED)
#define LINKED  (1U << EVTCHN_FIFO_LINKED)

static struct shared_info *shared;

/* FIFO: words by port, and each vCPU's control block, in a page of its own. */
static event_word_t words[WORDS] __attribute__((aligned(PAGE_SIZE)));
static union {
    struct evtchn_fifo_control_block block;
    uint8_t page[PAGE_SIZE];
} control[MAX_VCPUS] __attribute__((aligned(PAGE_SIZE)));

static long event_op(unsigned int op, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, op, (uint64_t)arg, 0, 0);
}

void events_init(struct shared_info *page)
{
    shared = page;
    for ( unsigned int i = 0; i < 64; i++ )
    {
        shared->evtchn_mask[i] = ~0UL;
        shared->evtchn_pending[i] = 0;
    }
    for ( unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++ )
    {
        shared->vcpu_info[i].evtchn_upcall_mask = 1;
        shared->vcpu_info[i].evtchn_pending_sel = 0;
        shared->vcpu_info[i].evtchn_upcall_pending = 0;
    }
    for ( unsigned int i = 0; i < WORDS; i++ )
        words[i] = MASKED;
}

/* Called on the first vCPU, before any port is bound. */
void events_use_fifo(void)
{
    struct evtchn_expand_array array = { .array_gfn = memory_mfn(words) };

    for ( unsigned int i = 0; i < nr_vcpus; i++ )
    {
        struct evtchn_init_control init = {
            .control_gfn = memory_mfn(&control[i]), .vcpu = i,
        };

        if ( event_op(EVTCHNOP_init_control, &init) )
            error("no FIFO event channels on vcpu %u", i);
    }
    if ( event_op(EVTCHNOP_expand_array, &array) )
        error("no array for FIFO event channels");
}

static void set_bit(unsigned long *bits, uint32_t port)
{
    asm volatile ( "lock btsq %1, %0" : "+m" (bits[port / 64])
                   : "r" ((uint64_t)port % 64) : "memory", "cc" );
}

static bool clear_bit(unsigned long *bits, uint32_t port)
{
    bool was;

    asm volatile ( "lock btrq %2, %1" : "=@ccc" (was), "+m" (bits[port / 64])
                   : "r" ((uint64_t)port % 64) : "memory" );
    return was;
}

void events_mask(uint32_t port)
{
    if ( opt.fifo )
        __atomic_fetch_or(&words[port], MASKED, __ATOMIC_SEQ_CST);
    else
        set_bit(shared->evtchn_mask, port);
}

/* Xen looks whether the port is pending. */
void events_unmask(uint32_t port)
{
    struct evtchn_unmask unmask = { .port = port };

    if ( event_op(EVTCHNOP_unmask, &unmask) )
        error("cannot unmask port %u", port);
}

bool events_forget(uint32_t port)
{
    if ( opt.fifo )
        return __atomic_fetch_and(&words[port], ~PENDING, __ATOMIC_SEQ_CST) &
               PENDING;
    return clear_bit(shared->evtchn_pending, port);
}

static struct port ipi(uint32_t vcpu)
{
    struct evtchn_bind_ipi bind = { .vcpu = vcpu };

    if ( event_op(EVTCHNOP_bind_ipi, &bind) )
        error("cannot bind an event channel for vcpu %u", vcpu);
    return (struct port){ bind.port, "ipi", 0 };
}

static struct port timer(uint32_t vcpu)
{
    struct evtchn_bind_virq bind = { .virq = VIRQ_TIMER, .vcpu = vcpu };

    xen_vcpu_op(VCPUOP_stop_periodic_timer, vcpu, NULL);
    if ( event_op(EVTCHNOP_bind_virq, &bind) )
        error("cannot bind VIRQ_TIMER of vcpu %u", vcpu);
    return (struct port){ bind.port, "virq", 0 };
}

/* Both ends are ours; Xen makes an end pending when it is bound. */
static struct port loop(struct cpu *c)
{
    struct evtchn_alloc_unbound alloc = {
        .dom = DOMID_SELF, .remote_dom = DOMID_SELF,
    };
    struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF };
    struct evtchn_bind_vcpu to = { .vcpu = c->id };
    long rc = event_op(EVTCHNOP_alloc_unbound, &alloc);

    bind.remote_port = alloc.port;
    rc = rc ?: event_op(EVTCHNOP_bind_interdomain, &bind);
    to.port = bind.local_port;
    rc = rc ?: event_op(EVTCHNOP_bind_vcpu, &to);
    if ( rc || !events_forget(bind.local_port) )
        error("cannot bind a loop for vcpu %u", c->id);
    c->loop_from = alloc.port;
    return (struct port){ bind.local_port, "interdomain", 1 };
}

/* Called on the first vCPU, for each. */
void events_bind(struct cpu *c)
{
    c->ports[P_SELF] = ipi(c->id);
    c->ports[P_CROSS] = ipi(c->id);
    c->ports[P_LOOP] = loop(c);
    c->ports[P_TIMER] = timer(c->id);
    for ( unsigned int i = 0; i < NR_PORTS; i++ )
        events_unmask(c->ports[i].port);
}

void xen_send(uint32_t port)
{
    struct evtchn_send send = { .port = port };

    event_op(EVTCHNOP_send, &send);
}

/*
 * The words of pending bits are shared by all vCPUs, so each looks at its own
 * ports only, whatever evtchn_pending_sel says.
 */
static void take_2l(const struct cpu *c, uint64_t *took)
{
    for ( unsigned int i = 0; i < NR_PORTS; i++ )
    {
        uint32_t port = c->ports[i].port;

        if ( !(shared->evtchn_mask[port / 64] & (1UL << port % 64)) &&
             clear_bit(shared->evtchn_pending, port) )
            took[i]++;
    }
}

/* Takes the word out of its queue; returns the next port, or 0. */
static uint32_t unlink(uint32_t port)
{
    event_word_t word = words[port];

    while ( !__atomic_compare_exchange_n(&words[port], &word,
                word & ~(LINKED | EVTCHN_FIFO_LINK_MASK), false,
                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) )
        ;
    return word & EVTCHN_FIFO_LINK_MASK;
}

static void take_queue(const struct cpu *c, const volatile uint32_t *head,
                       uint64_t *took)
{
    for ( uint32_t port = *head; port; )
    {
        uint32_t next = unlink(port);
        bool pending = !(words[port] & MASKED) && events_forget(port);

        for ( unsigned int i = 0; i < NR_PORTS; i++ )
            if ( pending && c->ports[i].port == port )
                took[i]++;
        port = next;
    }
}

static void take_fifo(const struct cpu *c, uint64_t *took)
{
    struct evtchn_fifo_control_block *block = &control[c->id].block;
    uint32_t ready;

    while ( (ready = __atomic_exchange_n(&block->ready, 0,
                                         __ATOMIC_SEQ_CST)) != 0 )
        for ( unsigned int q = 0; q < EVTCHN_FIFO_MAX_QUEUES; q++ )
            if ( ready & (1U << q) )
                take_queue(c, &block->head[q], took);
}

/*
 * Called in the upcall's handler: adds to "took", port by port.  Nobody is told
 * of them meanwhile: who sends one event after the other would send the next,
 * and it would be taken here, without the upcall that Xen makes for it.
 */
void events_take(const struct cpu *c, uint64_t *took)
{
    struct vcpu_info *v = &shared->vcpu_info[c->id];

    v->evtchn_upcall_pending = 0;
    __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    if ( opt.fifo )
        take_fifo(c, took);
    else
        take_2l(c, took);
}
