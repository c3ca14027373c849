/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deciding on interception, and counting what it causes: tap/intercept.h.
 *
 * The counts are of all pCPUs together and updated with locked instructions;
 * beside a VM exit that costs nothing.
 */
#include "tap.h"

#define CDF_hvm (1u << 0) /* XEN_DOMCTL_CDF_hvm, public/domctl.h */
#define SETTLE_NS 1000000000 /* a second: no exit takes so long */
#define MOVED_NS  1000000    /* from an exit to the entry after it, mostly */

struct idtap_caused_table tap_caused;

static bool nested(const struct vcpu *v)
{
    return FIELD(uint8_t, v, PROFILE.vcpu_nv_guestmode);
}

uint32_t tap_intercept_own(struct tap_cpu *c, const struct vcpu *v,
                           uint32_t xens, bool *swint)
{
    const struct tap_filter *f =
        __atomic_load_n(&tap_filter, __ATOMIC_RELAXED);
    const struct idtap_intercept *e;

    *swint = false;
    /*
     * A nested guest's exceptions belong to its own hypervisor.  And who asked
     * for interception must be there: a recorder's mapping of the rings ends
     * with the recorder, however it ends.
     */
    if ( likely(!f->nr_intercepts) || nested(v) || !tap_memory_mapped(c) )
        return 0;
    e = tap_intercept_wanted(f, domain_id(vcpu_domain(v)));
    if ( !e )
        return 0;
    *swint = e->flags & IDTAP_INTERCEPT_SWINT;
    return e->exceptions & ~xens;
}

static struct idtap_caused *caused_of(uint16_t domain)
{
    unsigned int i;

    for ( i = 0; i < IDTAP_MAX_INTERCEPTS - 1; i++ )
    {
        struct idtap_caused *e = &tap_caused.domain[i];
        uint16_t none = IDTAP_DOMID_NONE;

        if ( READ_ONCE(e->domain) == domain ||
             __atomic_compare_exchange_n(&e->domain, &none, domain, false,
                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
             none == domain )
            return e;
    }
    return &tap_caused.domain[i];
}

void tap_intercept_caused(struct tap_cpu *c, const struct vcpu *v,
                          unsigned int vector)
{
    struct idtap_caused *e;

    c->run.domain = domain_id(vcpu_domain(v));
    c->run.since = tap_ring_clock();
    c->run.vcpu = v;
    e = caused_of(c->run.domain);
    __atomic_fetch_add(vector == TAP_CAUSED_SWINT ? &e->swint
                                                  : &e->exits[vector % 32],
                       1, __ATOMIC_RELAXED);
}

void tap_intercept_entered(struct tap_cpu *c, const struct vcpu *v)
{
    /* Another vCPU: ours was put off, and does not come back from that exit
       on this pCPU at once.  What it took is not known then. */
    if ( c->run.since && c->run.vcpu == v )
        __atomic_fetch_add(&caused_of(c->run.domain)->ticks,
                           tap_ring_clock() - c->run.since, __ATOMIC_RELAXED);
    c->run.since = 0;
}

/* The list is safe to walk: a hypercall is not preempted, and a domain that is
   taken off it stays in memory until every pCPU has been through RCU. */
static bool is_hvm(unsigned int domid)
{
    const struct domain *d;

    for ( d = domain_list; d; d = FIELD(const struct domain *, d,
                                        PROFILE.domain_next) )
        if ( domain_id(d) == domid )
            return FIELD(uint32_t, d, PROFILE.domain_options) & CDF_hvm;
    return false;
}

int tap_intercepts_check(const struct idtap_config *config)
{
    uint32_t hw = tap_hardware();
    unsigned int i;

    if ( config->nr_intercepts && !(hw & IDTAP_HW_INTERCEPT) )
        return -IDTAP_REFUSE_HARDWARE;
    for ( i = 0; i < config->nr_intercepts; i++ )
    {
        const struct idtap_intercept *e = &config->intercepts[i];

        if ( (e->flags & IDTAP_INTERCEPT_SWINT) && !(hw & IDTAP_HW_SWINT) )
            return -IDTAP_REFUSE_HARDWARE;
        if ( e->domain != IDTAP_INTERCEPT_ALL && !is_hvm(e->domain) )
            return -IDTAP_REFUSE_NO_HVM;
    }
    return 0;
}

static bool running(unsigned int cpu)
{
    const struct tap_cpu *c = READ_ONCE(tap_cpus[cpu]);

    return READ_ONCE(c->run.own) || READ_ONCE(c->run.swint);
}

/*
 * Of all pCPUs, for an event's exit and its entry may be on two of them: how
 * many are on their way, and how many ever were.
 */
static uint32_t moved, moved_ever;

void tap_intercept_moved(bool begins)
{
    uint32_t n = READ_ONCE(moved);

    if ( begins )
    {
        __atomic_fetch_add(&moved_ever, 1, __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&moved, 1, __ATOMIC_SEQ_CST);
    }
    else
        while ( n && !__atomic_compare_exchange_n(&moved, &n, n - 1, false,
                                                  __ATOMIC_SEQ_CST,
                                                  __ATOMIC_SEQ_CST) )
            ;
}

static bool any_running(void)
{
    unsigned int cpu;

    for ( cpu = 0; cpu < IDTAP_MAX_CPUS; cpu++ )
        if ( running(cpu) )
            return true;
    return false;
}

bool tap_intercepts_settle(void)
{
    int64_t begin = get_s_time(), now;
    uint32_t ever, on_their_way;

    /*
     * Whoever entered a guest before the interrupt has left it for the
     * interrupt, and is about to come to the exit hook.  What is still set
     * after so long belongs to an entry that failed, and to no run, or to a
     * pCPU that does not get on (a hypervisor below us).
     *
     * An event is counted before its exit is seen as left, and until its entry
     * is seen as running: none is on its way at first, and none has begun until
     * all pCPUs were found outside.  Its vCPU may wait for this very pCPU, or be
     * paused, or destroyed: it is not waited for long.
     */
    do {
        ever = __atomic_load_n(&moved_ever, __ATOMIC_SEQ_CST);
        on_their_way = __atomic_load_n(&moved, __ATOMIC_SEQ_CST);
        now = get_s_time();
        if ( !any_running() )
        {
            if ( !on_their_way &&
                 __atomic_load_n(&moved_ever, __ATOMIC_SEQ_CST) == ever )
                return true;
            if ( now - begin > MOVED_NS )
                return false;
        }
        asm volatile ( "pause" ::: "memory" );
    } while ( now - begin < SETTLE_NS );
    return false;
}

void tap_intercepts_restart(void)
{
    unsigned int i;

    /* Of a vCPU that was destroyed, if any. */
    WRITE_ONCE(moved, 0);
    memset(&tap_caused, 0, sizeof(tap_caused));
    for ( i = 0; i < IDTAP_MAX_INTERCEPTS; i++ )
        tap_caused.domain[i].domain = IDTAP_DOMID_NONE;
}
