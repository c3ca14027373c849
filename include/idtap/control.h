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
 *   caused       blob     struct idtap_caused_table
 *   flush        uint rw  writing IDTAP_FLUSH closes every pCPU's open packet;
 *                         IDTAP_FLUSH_RESTART, while nothing is recorded, also
 *                         makes packets and discards count from 0 again;
 *                         IDTAP_FLUSH_OVERWRITE is the same, and from then on
 *                         until the next restart a full ring overwrites its
 *                         oldest packet; reads as the number of writes so far
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
#define IDTAP_FLUSH_OVERWRITE 3u

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
 * Exceptions that idtap makes a guest exit for, beyond those that Xen asks for,
 * and gives back.  In force only while some process in dom0 maps the rings: a
 * recorder that dies takes its interceptions with it.
 */
#define IDTAP_MAX_INTERCEPTS  32u
#define IDTAP_INTERCEPT_ALL   0xfffeu    /* `domain`: every HVM guest that has
                                            no entry of its own */
#define IDTAP_INTERCEPT_SWINT (1u << 0)  /* `flags`: INT n, where the hardware
                                            can */
/* Never: the host's own. #MC and NMI are recorded without interception. */
#define IDTAP_INTERCEPT_NEVER (1u << 2 | 1u << 18)

struct idtap_intercept {
    uint32_t exceptions; /* bit v: vector v */
    uint16_t domain;
    uint16_t flags;
};
IDTAP_ASSERT_SIZE(struct idtap_intercept, 8);

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
    uint32_t nr_intercepts;
    uint32_t pad;
    struct idtap_intercept intercepts[IDTAP_MAX_INTERCEPTS]; /* unused: 0 */
};
IDTAP_ASSERT_SIZE(struct idtap_config, 184 + 8 * 32);

/* The exits that idtap has caused, since counts began from 0 again. */
struct idtap_caused {
    uint16_t domain;    /* IDTAP_DOMID_NONE: unused */
    uint16_t pad[3];
    uint64_t ticks;     /* TSC, from these exits to the entries after them */
    uint64_t swint;     /* exits for INT n, */
    uint64_t exits[32]; /* for exceptions, by vector */
};
IDTAP_ASSERT_SIZE(struct idtap_caused, 24 + 8 * 32);

/* The last entry counts for all domains that found no entry of their own. */
struct idtap_caused_table {
    struct idtap_caused domain[IDTAP_MAX_INTERCEPTS];
};

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
