/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing scenes: records at points of time, on several CPUs. */
#include "tracegen.h"

struct test_stream *scene_cpu(struct scene *s, unsigned int cpu)
{
    if ( !s->open[cpu] )
        test_stream_open(&s->cpu[cpu], s->dir, cpu, IDTAP_PACKET_SIZE_MIN);
    s->open[cpu] = true;
    return &s->cpu[cpu];
}

static struct idtap_record head(uint64_t t, uint8_t event, uint16_t domain,
                                uint16_t vcpu, uint8_t vector, uint16_t flags)
{
    return (struct idtap_record){ .tsc = TEST_START + t, .event = event,
        .vector = vector, .flags = flags, .domain = domain, .vcpu = vcpu };
}

static void add(struct scene *s, unsigned int cpu, const void *record,
                size_t size)
{
    const struct idtap_record *r = record;
    struct test_stream *st = scene_cpu(s, cpu);

    /* A packet that is closed ends before this record. */
    if ( st->used + size >= st->packet_size )
        test_stream_flush(st);
    assert_true(r->tsc >= st->tsc);
    if ( st->used == sizeof(st->h) )
        st->h.timestamp_begin = r->tsc;
    st->tsc = r->tsc;
    test_stream_add(st, record, size);
}

void irq_enter(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
               uint8_t vector, uint8_t owner, int irq, uint8_t depth,
               uint16_t flags)
{
    struct idtap_irq_enter e = {
        .r = head(t, IDTAP_EV_IRQ_ENTER, domain, 0, vector, flags),
        .irq = irq, .owner = owner, .depth = depth,
    };

    add(s, cpu, &e, sizeof(e));
}

void plain(struct scene *s, unsigned int cpu, uint64_t t, uint8_t event,
           uint16_t domain, uint16_t vcpu, uint8_t vector, uint16_t flags)
{
    struct idtap_record r = head(t, event, domain, vcpu, vector, flags);

    add(s, cpu, &r, sizeof(r));
}

void vm_exit(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
             uint16_t vcpu, uint16_t reason)
{
    struct idtap_vm_exit e = {
        .r = head(t, IDTAP_EV_VM_EXIT, domain, vcpu, 0, 0),
        .rip = 0xffffffff81000000, .reason = reason,
    };

    add(s, cpu, &e, sizeof(e));
}

void inject(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
            uint16_t vcpu, uint8_t vector, uint16_t flags)
{
    struct idtap_inject e = {
        .r = head(t, IDTAP_EV_INJECT, domain, vcpu, vector, flags),
        .type = IDTAP_TYPE_EXT_INTR,
    };

    add(s, cpu, &e, sizeof(e));
}

void nmi_enter(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain)
{
    struct idtap_nmi_enter e = {
        .r = head(t, IDTAP_EV_NMI_ENTER, domain, 0, 2, 0),
        .rip = 0xffff82d040200000,
    };

    add(s, cpu, &e, sizeof(e));
}

void softirq_raise(struct scene *s, unsigned int cpu, uint64_t t, uint8_t nr,
                   uint32_t target, uint16_t flags)
{
    struct idtap_softirq_raise e = {
        .r = head(t, IDTAP_EV_SOFTIRQ_RAISE, 0, 0, nr, flags), .cpu = target,
    };

    add(s, cpu, &e, sizeof(e));
}

void exception(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
               uint8_t vector, uint64_t rip)
{
    struct idtap_exception e = {
        .r = head(t, IDTAP_EV_EXCEPTION, domain, 0, vector, 0),
        .rip = rip, .type = IDTAP_TYPE_HW_EXCEPTION,
    };

    add(s, cpu, &e, sizeof(e));
}

void evtchn(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
            uint8_t kind, uint16_t source)
{
    struct idtap_evtchn e = {
        .r = head(t, IDTAP_EV_EVTCHN, domain, 0, 0, 0),
        .port = 7, .source = source, .kind = kind,
    };

    add(s, cpu, &e, sizeof(e));
}

void caused_exit(struct scene *s, unsigned int cpu, uint64_t t,
                 uint16_t domain, uint16_t reason, uint8_t vector)
{
    struct idtap_vm_exit e = {
        .r = head(t, IDTAP_EV_VM_EXIT, domain, 0, vector, IDTAP_F_INTERCEPT),
        .rip = 0xffffffff81000000, .reason = reason,
    };

    add(s, cpu, &e, sizeof(e));
}

void caused_exception(struct scene *s, unsigned int cpu, uint64_t t,
                      uint16_t domain, uint8_t vector, uint64_t rip)
{
    struct idtap_exception e = {
        .r = head(t, IDTAP_EV_EXCEPTION, domain, 0, vector,
                  IDTAP_F_INTERCEPT),
        .rip = rip, .type = IDTAP_TYPE_HW_EXCEPTION,
    };

    add(s, cpu, &e, sizeof(e));
}

void swint(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
           uint8_t vector, uint64_t rip)
{
    struct idtap_swint e = {
        .r = head(t, IDTAP_EV_SWINT, domain, 0, vector, 0), .rip = rip,
    };

    add(s, cpu, &e, sizeof(e));
}

void pv_trap(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
             uint8_t vector, uint64_t rip, uint16_t flags)
{
    struct idtap_exception e = {
        .r = head(t, IDTAP_EV_PV_TRAP, domain, 0, vector, flags),
        .rip = rip, .type = IDTAP_TYPE_HW_EXCEPTION,
    };

    add(s, cpu, &e, sizeof(e));
}

void upcall(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
            uint16_t vcpu, uint8_t kind, uint8_t vector)
{
    struct idtap_pv_upcall e = {
        .r = head(t, IDTAP_EV_PV_UPCALL, domain, vcpu, vector, 0),
        .rip = 0xffffffff81e00000, .kind = kind,
    };

    add(s, cpu, &e, sizeof(e));
}

void evtchn_port(struct scene *s, unsigned int cpu, uint64_t t,
                 uint16_t domain, uint16_t vcpu, uint32_t port, uint8_t kind,
                 uint16_t source, uint16_t flags)
{
    struct idtap_evtchn e = {
        .r = head(t, IDTAP_EV_EVTCHN, domain, vcpu, 0, flags),
        .port = port, .source = source, .kind = kind,
    };

    add(s, cpu, &e, sizeof(e));
}

void packet_ends(struct scene *s, unsigned int cpu, uint64_t discarded)
{
    struct test_stream *st = scene_cpu(s, cpu);

    st->h.events_discarded = discarded;
    test_stream_flush(st);
}
