/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics lane by lane.  Most of what the summary asks of a trace does not
 * need the order of all streams: what is counted, and what nests on one pCPU.
 * So each stream (a lane) is gone through by itself, in slices of time, and only
 * what other pCPUs may have a part in is written into a journal: VM exits with
 * their entries, for vCPUs move; what local APICs do; losses; what the recorder
 * tells.  When all lanes are through a slice, the journals are settled
 * (stats_settle.c), in the order of time as far as it matters.  The result is
 * that of stats_feed() with the runs of all lanes in order, to the last bit.
 *
 * A slice ends for a lane at a time, of which it takes all records; or, for the
 * lane that determines that time, at the end of a packet, so that there is
 * progress even if all times are equal.  Of equal times the lower lane goes
 * first, as in merge.h.
 *
 * Who writes what: a lane's task (one thread at a time) its lane and its shard;
 * settling (one thread at a time) the statistics of the whole.  A journal is
 * the lane's during one slice, settling's during the next, while the lane writes
 * the other one: a barrier is between.  If one thread does all, it settles a
 * slice before it begins the next, and one journal is enough.
 */
#ifndef LIB_STATS_LANES_H
#define LIB_STATS_LANES_H

#include "stats_priv.h"
#include "trace_priv.h"

#define LANE_ROWS   16
#define LANE_VCPUS  256

/* Rows of exit reasons that were last seen; a row knows its reason. */
static inline struct idtap_row **lane_row_place(struct idtap_row **rows,
                                                uint16_t reason)
{
    return &rows[(reason ^ reason >> 4 ^ reason >> 8) % LANE_ROWS];
}

/* A vCPU, as settling knows it. */
struct settled_vcpu {
    struct vcpu v;
    uint64_t slice;            /* the last one in which a lane has seen it, */
    bool shared;               /* and whether several have */
    bool chosen;               /* an exit is open, which counts: */
    uint16_t reason, caused;   /* its */
    struct idtap_row *rows[LANE_ROWS];
};

/* A vCPU, as a lane knows it. */
struct lane_vcpu {
    uint64_t key;              /* domain << 16 | vcpu; constant */
    struct settled_vcpu *settled; /* settling's; NULL: not yet asked for */
    uint64_t slice;            /* the last one in which it was seen, and there */
    uint64_t exit_tsc;
    uint16_t reason, caused;
    bool open;                 /* an exit that has had no entry */
    bool chosen;               /* and that counts */
    struct idtap_row *rows[LANE_ROWS];
};

#define NOT_CAUSED 0xffffu

/* An exit and the entry that follows it in this lane, or one of the two. */
struct lane_exit {
    struct lane_vcpu *v;
    uint64_t exit_tsc, entry_tsc;
    uint16_t reason;
    uint16_t caused; /* key of the row in CAUSED, or NOT_CAUSED */
    bool has_exit, has_entry;
    bool chosen;
};

/* What must be seen in order: a record, whole as far as it matters. */
#define ORDERED_BYTES 32
#define ORDERED_BASE  0xffu /* event id: a struct idtap_lost with lost_base */
struct lane_ordered {
    _Alignas(8) uint8_t bytes[ORDERED_BYTES];
};

/* The pCPU goes blind, or sees again, after so much of the journal. */
struct lane_mark {
    uint64_t tsc;
    size_t exits, ordered;
    bool blind;
};

struct journal {
    struct lane_exit *exits;
    struct lane_ordered *ordered;
    struct lane_mark *marks;
    struct lane_vcpu **seen;   /* vCPUs of this slice */
    size_t nr_exits, nr_ordered, nr_marks, nr_seen;
    size_t room_exits, room_ordered, room_marks, room_seen;
    bool lapic;                /* there is an accept or EOI */
};

struct lane {
    unsigned int nr;           /* in the iterator */
    int cpu;                   /* -1: "meta" */
    struct idtap_stats *shard;
    struct idtap_packet packet;
    struct packet_lists lists;
    const uint8_t *begin;      /* of the packet, for lists */
    uint32_t next[PACKET_LISTS]; /* of the lists: what was not taken yet */
    uint64_t first_tsc;        /* of the packet: what it is sorted in by */
    uint64_t last_tsc;         /* of what was taken last */
    uint32_t exits;            /* of the packet: before what was taken last */
    bool fresh;                /* nothing of the packet was taken yet */
    bool done;
    bool chosen;               /* the pCPU is */
    bool counted;              /* lists.records_of counts domains: all records
                                  are chosen */
    struct idtap_map vcpus;    /* of struct lane_vcpu */
    struct lane_vcpu *recent[LANE_VCPUS];
    uint64_t slice;
    unsigned int journals;     /* 1: slices are settled before the next; or 2 */
    struct journal journal[2];
};

/* The end of a slice. */
struct slice {
    uint64_t tsc;              /* up to and with it for lanes up to `lane`, */
    unsigned int lane;         /* before it for those behind */
    unsigned int packets;      /* at most, of a lane */
    uint64_t nr;               /* 1, 2, ... */
};

/*
 * Two arrays by domain id, of the lane's shard: records of domains that count,
 * and that do not.
 */
void lane_init(struct lane *l, struct idtap_iter *it, unsigned int nr,
               struct idtap_stats *shard, uint64_t *records_of,
               uint64_t *not_counted);
void lane_free(struct lane *l);
/* Reads the first packet. */
int lane_begin(struct lane *l, struct idtap_iter *it);
/*
 * Goes on to the slice's end, and writes that slice's journal.  0, -ENOMEM, or
 * -EAGAIN: the trace is not what its headers say, nothing can be said.
 */
int lane_slice(struct lane *l, struct idtap_iter *it,
               const struct slice *slice);

/*
 * Between stats_lane.c and stats_take.c: the lists that records are sorted into;
 * takes what is left of these, up to the places `to`; what is open in this slice
 * will have no entry in it.  0 or -ENOMEM.
 */
extern const uint8_t lane_list_of[256];
int lane_take(struct lane *l, const uint32_t to[PACKET_LISTS]);
int lane_leave_all_open(struct journal *j);

/* Room for `n` more of `what` in a journal; 0 or -ENOMEM. */
#define LANE_MORE(j, what, n)                                   \
    lane_more(&(j)->what, (j)->nr_##what, &(j)->room_##what, (n), \
              sizeof(*(j)->what))
int lane_more(void *array, size_t nr, size_t *room, size_t n, size_t size);

static inline struct journal *lane_journal_of(struct lane *l, uint64_t slice)
{
    return &l->journal[slice % l->journals];
}

static inline struct journal *lane_journal(struct lane *l)
{
    return lane_journal_of(l, l->slice);
}

static inline const struct idtap_record *
lane_record(const struct lane *l, unsigned int list, uint32_t i)
{
    return idtap_record_at(l->begin +
                           packet_place_offset(l->lists.at[list][i]));
}

/* Settles that journal of all lanes into `all`; 0 or -ENOMEM. */
struct settling;
struct settling *settling_create(struct idtap_stats *all, struct lane *lanes,
                                 unsigned int nr);
void settling_destroy(struct settling *st); /* NULL is legal */
int settle_slice(struct settling *st, uint64_t slice);

/* Can this be done lane by lane? */
bool stats_lanes_can(const struct idtap_iter *it,
                     const struct idtap_stats_options *options);
/*
 * Does it.  In *all; 0, -ENOMEM, or -EAGAIN: too much for it, the iterator is as
 * new, and it must be done otherwise.
 */
int stats_lanes_all(struct idtap_iter *it,
                    const struct idtap_stats_options *options,
                    unsigned int threads, struct idtap_stats **all);

#endif /* LIB_STATS_LANES_H */
