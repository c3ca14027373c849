/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The control ABI: what dom0 and the tap say to each other through hypfs,
 * under /idtap.
 *
 *   version      string   of the tap
 *   build-id     string   of the Xen that the tap was made for, in hex
 *   state        string   "ready", or "failed: " and why
 *   hardware     uint     IDTAP_HW_* of this host
 *   config       blob rw  struct idtap_config; applied whole or not at all
 *   flush        uint rw  writing IDTAP_FLUSH closes every pCPU's open packet;
 *                         IDTAP_FLUSH_RESTART, while nothing is recorded, also
 *                         makes packets and discards count from 0 again; reads
 *                         as the number of writes so far
 *   clock        blob     struct idtap_clock
 *   rings        blob     struct idtap_rings
 *   cpuN/records, cpuN/discards, cpuN/packets   uint (64 bit)
 */
#ifndef IDTAP_CONTROL_H
#define IDTAP_CONTROL_H

#include "packet.h"

#define IDTAP_CONFIG_MAGIC   0x66436469u /* "idCf" */
#define IDTAP_MAX_DOMAINS    64u
#define IDTAP_FLUSH          1u
#define IDTAP_FLUSH_RESTART  2u

/* What the CPUs can do, as far as Xen makes use of it. */
#define IDTAP_HW_SVM              (1u << 0)
#define IDTAP_HW_VMX              (1u << 1)
#define IDTAP_HW_VIRTUAL_DELIVERY (1u << 2) /* the CPU delivers interrupts that
                                               a local APIC accepted */
#define IDTAP_HW_POSTED           (1u << 3) /* devices and other CPUs may post
                                               interrupts into a running guest */
#define IDTAP_HW_INTERCEPT        (1u << 4) /* exceptions can be intercepted and
                                               given back */
#define IDTAP_HW_SWINT            (1u << 5) /* INT n can be intercepted */

/*
 * What to record.  A record is written if its class is chosen, and its domain
 * is (or no domain is listed), and, for the classes that have a vector (irq,
 * exception, nmi, inject, lapic), its bit in `vectors` is set.  Softirqs are not
 * filtered by vector.  `domain` is as in struct idtap_record.
 */
struct idtap_config {
    uint32_t magic;      /* IDTAP_CONFIG_MAGIC */
    uint16_t version;    /* IDTAP_ABI_VERSION */
    uint16_t size;       /* sizeof(struct idtap_config) */
    uint32_t classes;    /* IDTAP_CLASS_*; 0: record nothing */
    uint32_t nr_domains; /* 0: all */
    uint64_t vectors[4]; /* bit v of word v / 64 */
    uint16_t domains[IDTAP_MAX_DOMAINS]; /* unused ones are 0 */
};
IDTAP_ASSERT_SIZE(struct idtap_config, 176);

struct idtap_clock {
    uint64_t tsc;            /* host TSC and Xen's system time, */
    uint64_t system_time_ns; /* read together, interrupts off */
    uint64_t tsc_khz;
};
IDTAP_ASSERT_SIZE(struct idtap_clock, 24);

#define IDTAP_MAX_CPUS 256u

struct idtap_rings {
    uint32_t abi_version;
    uint32_t nr_cpus;     /* of the arrays' used entries; some may have no
                             ring (info_mfn 0) */
    uint32_t packet_size;
    uint32_t nr_packets;
    uint64_t attach_id;   /* random, new at each attach */
    uint64_t consumed_mfn[IDTAP_MAX_CPUS / IDTAP_CONSUMED_PER_PAGE];
    uint64_t info_mfn[IDTAP_MAX_CPUS]; /* struct idtap_ring_info */
};
IDTAP_ASSERT_SIZE(struct idtap_rings, 24 + 8 * 4 + 8 * 256);

#define IDTAP_HYPFS_DIR    "/idtap"
#define IDTAP_PAYLOAD_NAME "idtap"

#endif /* IDTAP_CONTROL_H */
