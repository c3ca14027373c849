/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking at what a hook has just written; and what hooks write that are the
 * same on both vendors' CPUs.
 */
#include "records.h"

static const unsigned char *at; /* where the next record is expected */

static struct {
    void *hook;
    unsigned long arg[3];
} job;

static void do_job(void)
{
    ((void (*)(unsigned long, unsigned long, unsigned long))job.hook)(
        job.arg[0], job.arg[1], job.arg[2]);
}

static const unsigned char *position(void)
{
    const struct tap_ring *ring = &xen_cpu.ring;

    return ring->now->packet + (ring->reserve & ring->packet_mask);
}

void call(void *hook, unsigned long a, unsigned long b, unsigned long c)
{
    struct tap_ring *ring = &xen_cpu.ring;

    if ( (ring->reserve & ring->packet_mask) > ring->packet_size - 256 )
        assert_true(tap_ring_flush(ring));
    /* cmocka takes the signal for itself, before each test. */
    vmcs_setup();
    at = position();
    job.hook = hook;
    job.arg[0] = a;
    job.arg[1] = b;
    job.arg[2] = c;
    on_xens_stack(do_job);
}

const void *next(size_t size, unsigned int event, unsigned int vector,
                        unsigned int flags)
{
    const struct idtap_record *r = (const void *)at;

    assert_in_range(at - xen_cpu.ring.now->packet, 1,
                    position() - xen_cpu.ring.now->packet - size);
    assert_int_equal(r->event, event);
    assert_int_equal(r->vector, vector);
    assert_int_equal(r->flags, flags);
    assert_int_equal(r->domain, XEN_DOMAIN);
    assert_int_equal(r->vcpu, XEN_VCPU);
    at += size;
    return r;
}

void no_more(void)
{
    assert_ptr_equal(at, position());
}

unsigned int odd_flags(unsigned int odd)
{
    return (odd & NESTED ? IDTAP_F_NESTED : 0) |
           (odd & DELIVERING ? IDTAP_F_DELIVERY : 0) |
           (odd & OURS ? IDTAP_F_INTERCEPT : 0);
}

unsigned int delivery(unsigned int odd, unsigned int type)
{
    return (odd & DELIVERING ? IDTAP_DELIVERY_VALID | 0x30e : 0) | type << 12;
}

void records_of_lapic(void **state)
{
    unsigned int how;

    (void)state;
    for ( how = 0; how < 16; how++ )
    {
        bool level = how & 1, one = how & 2, low = how & 8;
        /* Bytes: what is above them in a register is nothing. */
        unsigned int vector = 0xabcd00 | (low ? 15 : XEN_VECTOR);
        unsigned int high = 0xdcba00;

        xen_pending = how & 4;
        xen_record(IDTAP_CLASS_LAPIC, one ? XEN_OURS : XEN_ANY, XEN_ANY_VECTOR);
        call(tap_vlapic_set_irq, (unsigned long)xen_vlapic, vector,
             high | level);
        if ( !low )
            next(sizeof(struct idtap_record), IDTAP_EV_LAPIC_ACCEPT, XEN_VECTOR,
                 (level ? IDTAP_F_LEVEL : 0) |
                 (xen_pending ? IDTAP_F_PENDING : 0));
        no_more();
        assert_int_equal((uint8_t)xen_vector, (uint8_t)vector);
        assert_int_equal((uint8_t)xen_level, level);

        call(tap_vlapic_handle_EOI, (unsigned long)xen_vlapic, vector, 0);
        next(sizeof(struct idtap_record), IDTAP_EV_LAPIC_EOI, (uint8_t)vector,
             0);
        no_more();
    }
    xen_pending = false;
}
