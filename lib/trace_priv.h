/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the reader know of each other. */
#ifndef IDTAP_TRACE_PRIV_H
#define IDTAP_TRACE_PRIV_H

#include <stdarg.h>

#include <idtap/trace.h>

struct trace_stream {
    int cpu;             /* -1: "meta" */
    unsigned int nr_files;
    char **files;        /* paths, in the order of parts */
};

struct idtap_trace {
    struct idtap_trace_info info;
    unsigned int nr_parts;
    char **parts;
    unsigned int nr_streams;
    struct trace_stream *streams; /* "meta" first, then by pCPU */
    uint64_t bytes;
};

/* Fills in *err and returns `code`. */
int trace_error(struct idtap_error *err, int code, const char *path,
                uint64_t offset, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Reads DIR/metadata.  -errno, with *err filled in. */
int trace_read_metadata(const char *dir, struct idtap_trace_info *info,
                        struct idtap_error *err);

/*
 * Checks the packet of `len` bytes at `p` (a whole one; aligned to 8) except
 * for what only its neighbours can tell.  Returns 0, or -EBADMSG with the byte
 * of the packet in err->offset and err->what filled in.
 */
int packet_check_header(const struct idtap_packet_header *h, int cpu,
                        struct idtap_error *err);
int packet_check_records(const uint8_t *p, int cpu, struct idtap_error *err);

/*
 * The records of a ring's packet by who looks at them, in the packet's order:
 * what looks at one kind of records goes through these only, and meets few
 * surprises there.
 */
enum packet_list {
    PACKET_REST,     /* nobody's */
    PACKET_EXITS,    /* VM exits and entries */
    PACKET_IRQS,     /* interrupts, NMIs */
    PACKET_SOFTIRQS, /* that are run */
    PACKET_RAISES,   /* of softirqs */
    PACKET_COUNTS,   /* what else is only counted */
    PACKET_ORDERED,  /* what must be seen in the order of all streams */
    PACKET_LISTS,
    PACKET_UNKNOWN = PACKET_LISTS /* events that are none; packet.c's */
};

/*
 * A record's place: in the low half bytes from the packet's begin, in the high
 * half how many of PACKET_EXITS are before it.
 */
typedef uint64_t packet_place;

static inline uint32_t packet_place_offset(packet_place p)
{
    return (uint32_t)p;
}

static inline uint32_t packet_place_exits(packet_place p)
{
    return (uint32_t)(p >> 32);
}

struct packet_lists {
    packet_place *at[PACKET_LISTS + 1];
    uint32_t nr[PACKET_LISTS];
    uint64_t *records_of;        /* by domain id: one is added for each record */
    uint8_t bytes[256];          /* by event id: how long a record is, */
    uint8_t list[256];           /* which list it is in, */
    packet_place step[256];      /* and how the next one's place differs */
    packet_place *memory;
    size_t room;
};

/* Which list an event is in is given by its id. */
void packet_lists_init(struct packet_lists *l, const uint8_t list_of[256]);
void packet_lists_free(struct packet_lists *l);
/*
 * As packet_check_records(), of a ring; fills in *l, too.  Up to 8 bytes behind
 * the packet are read, and nothing is done with them.
 */
int packet_sort_records(const uint8_t *p, struct packet_lists *l,
                        struct idtap_error *err);

/* As idtap_cursor_next(); `lists`, if not NULL, are filled in. */
int cursor_next(struct idtap_cursor *c, struct idtap_packet *p,
                struct packet_lists *lists, struct idtap_error *err);
/*
 * Looks at the header of the packet that is `n` > 0 packets behind the last one
 * read, or the last in its file: its timestamp_end, not checked by anything; 0:
 * there is none.
 */
uint64_t cursor_peek(const struct idtap_cursor *c, unsigned int n);

/*
 * The streams of an iterator, each by itself, for who does not need the records
 * of all in one order.  Begins with iter_lanes_begin(), before any run was
 * taken; different lanes may be read by different threads; ends with
 * iter_lanes_end(), then the iterator is at its end, its errors and packets as
 * if it had been used; or with iter_restart(), then it is as new.
 */
bool iter_unused(const struct idtap_iter *it);
void iter_lanes_begin(struct idtap_iter *it);
unsigned int iter_lanes(const struct idtap_iter *it);
unsigned int iter_lane_stream(const struct idtap_iter *it, unsigned int lane);
int iter_lane_cpu(const struct idtap_iter *it, unsigned int lane);
/* TSC: the iterator's window. */
void iter_get_window(const struct idtap_iter *it, uint64_t *from, uint64_t *to);
/*
 * The lane's next packet: 1, 0, -ENOMEM.  `after`: the time of the last record
 * that was taken, for the order of errors.
 */
int iter_lane_next(struct idtap_iter *it, unsigned int lane, uint64_t after,
                   struct idtap_packet *p, struct packet_lists *lists);
uint64_t iter_lane_peek(const struct idtap_iter *it, unsigned int lane,
                        unsigned int n);
int iter_lanes_end(struct idtap_iter *it);
int iter_restart(struct idtap_iter *it);

#endif /* IDTAP_TRACE_PRIV_H */
