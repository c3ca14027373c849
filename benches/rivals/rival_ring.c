/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * idtap's ring, built for the host from the tap's own source, and used as the
 * hook of an interrupt uses it: the gate, the filter, then the record.  It
 * overwrites its oldest packet, as the rival's buffers do, so that no reader
 * takes part.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/control.h>

#include "../../tap/filter.h"
#include "../../tap/ring.h"
#include "rivals.h"

#define PACKET  65536u
#define PACKETS 32u
#define LINE    64u
#define VECTOR  0x30

static struct tap_ring ring __attribute__((aligned(64)));
static struct idtap_ring_info info __attribute__((aligned(64)));
static struct idtap_consumed consumed;
static struct tap_filter filter;

void ring_setup(void)
{
    unsigned char *memory = aligned_alloc(4096, (size_t)PACKET * PACKETS);
    struct idtap_config config = { .classes = IDTAP_CLASS_IRQ };
    unsigned int i;

    if ( !memory )
        abort();
    memset(memory, 0, (size_t)PACKET * PACKETS);
    ring.packet_size = PACKET;
    ring.nr_packets = PACKETS;
    ring.overwrite = true;
    ring.info = &info;
    ring.consumed = &consumed;
    for ( i = 0; i < PACKETS; i++ )
        ring.place[i].packet = memory + (size_t)PACKET * i;
    tap_ring_init(&ring);

    memset(config.vectors, 0xff, sizeof(config.vectors));
    tap_filter_build(&filter, &config);
    tap_filter_use(&filter);
    tap_classes = IDTAP_CLASS_IRQ;
}

static inline struct idtap_irq_enter *reserve(struct tap_slot *slot)
{
    struct idtap_irq_enter *r = tap_ring_reserve(&ring, sizeof(*r), slot);

    if ( r )
    {
        r->r.tsc = slot->tsc;
        r->r.event = IDTAP_EV_IRQ_ENTER;
        r->r.vector = VECTOR;
        r->r.flags = 0;
        r->r.domain = 1;
        r->r.vcpu = 0;
    }
    return r;
}

static inline void fill(struct idtap_irq_enter *r, int32_t irq)
{
    r->irq = irq;
    r->owner = IDTAP_OWNER_XEN;
    r->depth = 0;
    r->pad = 0;
}

static __attribute__((noinline)) void record(int32_t irq)
{
    struct idtap_irq_enter *r;
    struct tap_slot slot;

    if ( !tap_wanted_vector(IDTAP_CLASS_IRQ, 1, VECTOR) )
        return;
    r = reserve(&slot);
    if ( !r )
        return;
    fill(r, irq);
    tap_ring_commit(&ring, sizeof(*r), &slot);
}

static inline void hook(int32_t irq)
{
    if ( __builtin_expect(*(volatile uint32_t *)&tap_classes & IDTAP_CLASS_IRQ,
                          0) )
        record(irq);
}

static void ring_one(void)
{
    hook(-1);
}

static void ring_many(unsigned int n)
{
    unsigned int i;

    for ( i = 0; i < n; i++ )
        hook((int32_t)i);
}

void ring_many_nested(unsigned int n)
{
    struct tap_slot slot;
    unsigned int i;

    for ( i = 0; i < n; i++ )
    {
        struct idtap_irq_enter *r = reserve(&slot);

        hook((int32_t)i);
        if ( r )
        {
            fill(r, (int32_t)i);
            tap_ring_commit(&ring, sizeof(*r), &slot);
        }
    }
}

void ring_interrupted(void)
{
    struct tap_slot slot;
    struct idtap_irq_enter *r = reserve(&slot);

    raise(SIGUSR1);
    if ( r )
    {
        fill(r, -1);
        tap_ring_commit(&ring, sizeof(*r), &slot);
    }
}

static void flush_lines(const void *from, size_t size)
{
    const char *p = from;

    for ( ; p < (const char *)from + size; p += LINE )
        asm volatile ( "clflush (%0)" :: "r" (p) : "memory" );
}

void ring_flush_lines(void)
{
    unsigned int place = (ring.reserve >> ring.packet_shift) % PACKETS;
    size_t off = ring.reserve % PACKET;

    flush_lines(ring.place[place].packet + off / LINE * LINE, (size_t)2 * LINE);
    flush_lines(&ring, sizeof(ring));
    flush_lines(&info, sizeof(info));
    flush_lines(&tap_classes, sizeof(tap_classes));
    flush_lines(&tap_everything, sizeof(tap_everything));
    asm volatile ( "mfence" ::: "memory" );
}

/* Every record is there, and nothing was dropped. */
static bool ring_works(void)
{
    uint64_t before = ring.records;

    ring_one();
    return ring.records == before + 1 && !ring.discarded;
}

const struct rival rival_ring = {
    "ring", ring_one, ring_many, ring_works,
};
