/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen as the guest sees it: hypercalls, event channels (two-level ABI), time.
 *
 * Rules (Xen public xen.h, event_channel.h, hvm/params.h): a masked port sets
 * no upcall; evtchn_upcall_pending is cleared before events are looked at;
 * Xen raises one upcall for its transition from 0 to 1.  All ports are masked
 * from the start, the console's and the store's for good.
 */
#include "truth.h"

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

static uint8_t hypercall_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t shared_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static bool virtual_delivery;

static struct shared_info *shared(void)
{
    return (struct shared_info *)shared_page;
}

static long hypercall(unsigned int nr, uint64_t a, uint64_t b, uint64_t c)
{
    long ret;

    asm volatile ( "call *%[to]"
                   : "=a" (ret), "+D" (a), "+S" (b), "+d" (c)
                   : [to] "r" (hypercall_page + nr * 32)
                   : "memory", "rcx", "r8", "r9", "r10", "r11" );
    return ret;
}

long xen_ask(unsigned int nr, uint64_t a, uint64_t b, uint64_t c)
{
    return hypercall(nr, a, b, c);
}

long xen_vcpu_op(unsigned int op, unsigned int vcpu, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, op, vcpu, (uint64_t)arg);
}

static long event_op(unsigned int op, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, op, (uint64_t)arg, 0);
}

uint64_t xen_param(uint32_t index)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

    if ( hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, (uint64_t)&p, 0) )
        return 0;
    return p.value;
}

/* True when the CPU delivers the LAPIC's vectors without Xen's help. */
bool xen_virtual_delivery(void)
{
    return virtual_delivery;
}

void xen_init(void)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info,
        .gpfn = (uint64_t)shared_page / PAGE_SIZE,
    };
    uint32_t base = 0x40000000, r[4];

    /* Xen's leaves may be above those of another interface. */
    do {
        cpuid(base, r);
        if ( r[1] == XEN_CPUID_SIGNATURE_EBX )
            break;
        base += 0x100;
    } while ( base < 0x40010000 );

    cpuid(base + 4, r);
    virtual_delivery = r[0] & XEN_HVM_CPUID_X2APIC_VIRT;
    cpuid(base + 2, r);
    wrmsr(r[1], (uint64_t)hypercall_page);

    /* Without the shared page there is no console either: just stop. */
    if ( hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap,
                   (uint64_t)&map, 0) )
        xen_shutdown(SHUTDOWN_crash);

    for ( unsigned int i = 0; i < 64; i++ )
    {
        shared()->evtchn_mask[i] = ~0UL;
        shared()->evtchn_pending[i] = 0;
    }
    for ( unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++ )
    {
        shared()->vcpu_info[i].evtchn_pending_sel = 0;
        shared()->vcpu_info[i].evtchn_upcall_pending = 0;
    }
}

static uint32_t bind_ipi(uint32_t vcpu)
{
    struct evtchn_bind_ipi ipi = { .vcpu = vcpu };

    if ( event_op(EVTCHNOP_bind_ipi, &ipi) )
        error("cannot bind an event channel for vcpu %u", vcpu);
    return ipi.port;
}

static void unmask(uint32_t port)
{
    asm volatile ( "lock btrq %1, %0"
                   : "+m" (shared()->evtchn_mask[port / 64])
                   : "r" ((uint64_t)port % 64) : "memory", "cc" );
}

/* Called on the first vCPU, for each. */
void xen_bind_ports(struct cpu *c)
{
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER, .vcpu = c->id };

    xen_vcpu_op(VCPUOP_stop_periodic_timer, c->id, NULL);
    if ( event_op(EVTCHNOP_bind_virq, &virq) )
        error("cannot bind VIRQ_TIMER of vcpu %u", c->id);
    c->port_timer = virq.port;
    c->port_self = bind_ipi(c->id);
    c->port_cross = bind_ipi(c->id);
    unmask(c->port_timer);
    unmask(c->port_self);
    unmask(c->port_cross);
}

/*
 * Before any LAPIC is enabled: Xen raises the per-vCPU vector once when it is
 * set, and a disabled LAPIC does not take it.
 */
void xen_set_upcall(void)
{
    long rc = 0;

    if ( opt.lapic_upcall )
    {
        for ( unsigned int i = 0; i < nr_vcpus && !rc; i++ )
        {
            struct xen_hvm_evtchn_upcall_vector op = { i, VEC_UPCALL };

            rc = hypercall(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector,
                           (uint64_t)&op, 0);
        }
    }
    else
    {
        struct xen_hvm_param p = {
            .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ,
            .value = ((uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56) |
                     VEC_UPCALL,
        };

        rc = hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, (uint64_t)&p, 0);
    }
    if ( rc )
        error("cannot set the upcall vector: %ld", rc);
}

void xen_send(uint32_t port)
{
    struct evtchn_send send = { .port = port };

    event_op(EVTCHNOP_send, &send);
}

static bool take(uint32_t port)
{
    bool was;

    asm volatile ( "lock btrq %2, %1"
                   : "=@ccc" (was), "+m" (shared()->evtchn_pending[port / 64])
                   : "r" ((uint64_t)port % 64) : "memory" );
    return was;
}

/*
 * Called in the upcall's handler; returns how many events it brought.  The
 * words of pending bits are shared by all vCPUs, so each looks at its own
 * ports only, whatever evtchn_pending_sel says.
 */
unsigned int xen_take_events(struct cpu *c)
{
    struct vcpu_info *info = &shared()->vcpu_info[c->id];

    info->evtchn_upcall_pending = 0;
    __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    return take(c->port_self) + take(c->port_cross) + take(c->port_timer);
}

static const volatile struct vcpu_time_info *time_info(void)
{
    return &shared()->vcpu_info[this_cpu()->id].time;
}

uint64_t xen_now(void)
{
    return clock_now(time_info());
}

uint64_t xen_ns_to_tsc(uint64_t ns)
{
    return clock_ns_to_tsc(time_info(), ns);
}

uint64_t xen_tsc_hz(void)
{
    return xen_ns_to_tsc(1000000000);
}

void xen_arm_timer(struct cpu *c, uint64_t us)
{
    struct vcpu_set_singleshot_timer set = {
        .timeout_abs_ns = xen_now() + us * 1000,
    };

    if ( xen_vcpu_op(VCPUOP_set_singleshot_timer, c->id, &set) )
        error("cannot arm the timer of vcpu %u", c->id);
}

/* SCHEDOP_poll on no port at all: any interrupt ends it early. */
void xen_sleep(uint64_t ns)
{
    struct sched_poll poll = { .timeout = xen_now() + ns };

    hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (uint64_t)&poll, 0);
}

void xen_shutdown(unsigned int reason)
{
    struct sched_shutdown sd = { .reason = reason };

    for ( ; ; )
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uint64_t)&sd, 0);
}
