/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Synthetic traces.  A scene writes a trace of which all is known, so that what
 * a report says of it can be worked out by hand: a tick is a nanosecond, and
 * every record is put at a time of its own, in ns since the start.
 */
#ifndef TESTS_TRACEGEN_H
#define TESTS_TRACEGEN_H

#include "../unit/common.h"

#define NR_CPUS 4 /* of scenes */

/* A trace under construction; streams of CPUs come into being when used. */
struct scene {
    const char *dir;
    struct test_stream cpu[NR_CPUS];
    bool open[NR_CPUS];
};

struct test_stream *scene_cpu(struct scene *s, unsigned int cpu);

/* Records, on `cpu`, at `t`. */
void irq_enter(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
               uint8_t vector, uint8_t owner, int irq, uint8_t depth,
               uint16_t flags);
/* Those that are no longer than their common part. */
void plain(struct scene *s, unsigned int cpu, uint64_t t, uint8_t event,
           uint16_t domain, uint16_t vcpu, uint8_t vector, uint16_t flags);
void vm_exit(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
             uint16_t vcpu, uint16_t reason);
void inject(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
            uint16_t vcpu, uint8_t vector, uint16_t flags);
void nmi_enter(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain);
void softirq_raise(struct scene *s, unsigned int cpu, uint64_t t, uint8_t nr,
                   uint32_t target, uint16_t flags);
void exception(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
               uint8_t vector, uint64_t rip);

void evtchn(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
            uint8_t kind, uint16_t source);

/* What there is by idtap's interception. */
void caused_exit(struct scene *s, unsigned int cpu, uint64_t t,
                 uint16_t domain, uint16_t reason, uint8_t vector);
void caused_exception(struct scene *s, unsigned int cpu, uint64_t t,
                      uint16_t domain, uint8_t vector, uint64_t rip);
void swint(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
           uint8_t vector, uint64_t rip);
/* Of PV guests. */
void pv_trap(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
             uint8_t vector, uint64_t rip, uint16_t flags);
void upcall(struct scene *s, unsigned int cpu, uint64_t t, uint16_t domain,
            uint16_t vcpu, uint8_t kind, uint8_t vector);
void evtchn_port(struct scene *s, unsigned int cpu, uint64_t t,
                 uint16_t domain, uint16_t vcpu, uint32_t port, uint8_t kind,
                 uint16_t source, uint16_t flags);

/* Closes the packet, in which `discarded` records (in total) were dropped. */
void packet_ends(struct scene *s, unsigned int cpu, uint64_t discarded);

/* A long trace like those of busy hosts; deterministic. */
void bulk(const char *dir, uint64_t records, unsigned int cpus);

#endif /* TESTS_TRACEGEN_H */
