/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: which one became pending, for whom, and whether that makes
 * an upcall.
 *
 * Xen reaches the two implementations (event_2l.c, event_fifo.c) through tables
 * of functions; as with softirqs, two pointers are exchanged while all CPUs are
 * parked.  The channel is locked by the caller, in any context but NMI.
 */
#include "emit.h"

typedef void set_pending_fn(struct vcpu *v, struct evtchn *evtchn);

/* Is an upcall pending on the vCPU?  (vcpu_info.evtchn_upcall_pending) */
static bool upcall_pending(const struct vcpu *v)
{
    return FIELD(uint8_t, FIELD(const char *, v, PROFILE.vcpu_info), 0);
}

/* The PIRQ, VIRQ or other domain that the channel is bound to. */
static uint16_t source_of(const struct evtchn *evtchn, unsigned int state)
{
    const struct domain *d;

    switch ( state )
    {
    case IDTAP_EVTCHN_PIRQ:
    case IDTAP_EVTCHN_VIRQ:
        return FIELD(uint32_t, evtchn, PROFILE.evtchn_u);
    case IDTAP_EVTCHN_INTERDOMAIN:
        d = FIELD(const struct domain *, evtchn,
                  PROFILE.evtchn_u + EVTCHN_REMOTE_DOM);
        return d ? domain_id(d) : IDTAP_DOMID_NONE;
    default:
        return 0;
    }
}

static noinline void record(const struct vcpu *v, const struct evtchn *evtchn)
{
    unsigned int state = FIELD(uint8_t, evtchn, PROFILE.evtchn_state);
    struct tap_ring *ring;
    struct idtap_evtchn *r;
    struct tap_slot slot;

    if ( !tap_wanted_of(IDTAP_CLASS_EVTCHN, v) )
        return;
    ring = &this_tap_cpu()->ring;
    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_EVTCHN, 0,
                      upcall_pending(v) ? IDTAP_F_PENDING : 0), v);
    if ( unlikely(!r) )
        return;
    r->port = FIELD(uint32_t, evtchn, PROFILE.evtchn_port);
    r->source = source_of(evtchn, state);
    r->kind = state;
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

/*
 * The record is written first, so that its time comes before all that the
 * upcall sets off; whether there will be one is what the guest's own mask says
 * then.
 */
static void set_pending(struct vcpu *v, struct evtchn *evtchn,
                        set_pending_fn *xens)
{
    if ( !tap_idle(IDTAP_CLASS_EVTCHN) )
        record(v, evtchn);
    xens(v, evtchn);
}

static void set_pending_2l(struct vcpu *v, struct evtchn *evtchn)
{
    set_pending(v, evtchn, evtchn_2l_set_pending);
}

static void set_pending_fifo(struct vcpu *v, struct evtchn *evtchn)
{
    set_pending(v, evtchn, evtchn_fifo_set_pending);
}

static struct {
    struct evtchn_port_ops *ops;
    set_pending_fn *xens, *ours;
} const tables[] = {
    { &evtchn_port_ops_2l, evtchn_2l_set_pending, set_pending_2l },
    { &evtchn_port_ops_fifo, evtchn_fifo_set_pending, set_pending_fifo },
};
#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))

int tap_evtchn_check(void)
{
    unsigned int i;

    for ( i = 0; i < NR_TABLES; i++ )
        if ( tables[i].ops->set_pending != tables[i].xens )
        {
            printk(XENLOG_ERR "idtap: refused: evtchn_port_ops %u is not "
                   "Xen's own\n", i);
            return -IDTAP_REFUSE_EVTCHN;
        }
    return 0;
}

void tap_evtchn_swap(void)
{
    unsigned int i;

    for ( i = 0; i < NR_TABLES; i++ )
        WRITE_ONCE(tables[i].ops->set_pending, tables[i].ours);
}

void tap_evtchn_restore(void)
{
    unsigned int i;

    for ( i = 0; i < NR_TABLES; i++ )
        WRITE_ONCE(tables[i].ops->set_pending, tables[i].xens);
}
