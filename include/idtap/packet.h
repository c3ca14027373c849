/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The packet ABI: a packet is a sub-buffer of a pCPU's ring and, unchanged, a
 * CTF 1.8 packet in the trace file.  Also the two pages through which the tap
 * and the reader of a ring agree who may touch which packet.
 *
 * Rules: the tap alone writes packets and struct idtap_ring_info (dom0 has
 * them read-only); dom0 alone writes struct idtap_consumed, and the tap
 * believes no value in it that it has not checked.
 */
#ifndef IDTAP_PACKET_H
#define IDTAP_PACKET_H

#include "record.h"

#define IDTAP_CTF_MAGIC 0xc1fc1fc1u

/* CTF stream ids. */
#define IDTAP_STREAM_RING 0u /* one stream per pCPU, written by the tap */
#define IDTAP_STREAM_META 1u /* one stream, written by the recorder */

struct idtap_packet_header {
    uint32_t magic;            /* IDTAP_CTF_MAGIC */
    uint32_t stream_id;        /* IDTAP_STREAM_* */
    uint64_t timestamp_begin;  /* TSC; no record of the packet is older */
    uint64_t timestamp_end;    /* TSC; no record of the packet is younger */
    uint64_t content_size;     /* bits, this header included */
    uint64_t packet_size;      /* bits */
    uint64_t packet_seq_num;   /* 0, 1, 2, ... per stream of a recording */
    uint64_t events_discarded; /* per stream of a recording, when the packet
                                  was closed */
    uint32_t cpu_id;           /* pCPU; 0 in the stream "meta" */
    uint32_t abi_version;      /* IDTAP_ABI_VERSION */
};
IDTAP_ASSERT_SIZE(struct idtap_packet_header, 64);

/* Limits of a ring's shape; both are powers of two. */
#define IDTAP_PACKET_SIZE_MIN   4096u
#define IDTAP_PACKET_SIZE_MAX   (1u << 20)
#define IDTAP_NR_PACKETS_MIN    2u
#define IDTAP_NR_PACKETS_MAX    128u
#define IDTAP_PACKET_SIZE_DEF   65536u
#define IDTAP_NR_PACKETS_DEF    32u

#define IDTAP_RING_MAGIC 0x676e6952u /* "Ring" */

/* One page per pCPU, written by the tap, read-only in dom0. */
struct idtap_ring_info {
    uint32_t magic;       /* IDTAP_RING_MAGIC */
    uint32_t abi_version; /* IDTAP_ABI_VERSION */
    uint32_t cpu_id;
    uint32_t packet_size; /* bytes */
    uint32_t nr_packets;
    uint32_t pad;
    uint64_t first_discard_tsc;             /* 0: none so far */
    uint64_t flushed;   /* packets before this one were closed by the time of
                           the last flush; those not complete yet will be as
                           soon as the hook that was interrupted goes on */
    uint64_t begun;     /* the newest packet that anything was written to, or
                           will be at any moment: in a ring that overwrites,
                           the packet nr_packets before it is not whole */
    uint64_t reserved[2];
    uint64_t mfn[IDTAP_NR_PACKETS_MAX];     /* first frame of each packet; a
                                               packet's frames are contiguous */
    uint64_t complete[IDTAP_NR_PACKETS_MAX];/* sequence number + 1 of the newest
                                               complete packet in this place */
};
_Static_assert(sizeof(struct idtap_ring_info) <= 4096, "fits one page");

/* One per pCPU, written by dom0: how many packets the reader is done with. */
struct idtap_consumed {
    uint64_t packets;
    uint64_t pad[7]; /* a cache line each: pCPUs do not share one */
};
IDTAP_ASSERT_SIZE(struct idtap_consumed, 64);
#define IDTAP_CONSUMED_PER_PAGE (4096 / sizeof(struct idtap_consumed))

#endif /* IDTAP_PACKET_H */
