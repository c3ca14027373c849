/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading traces.  A trace is a directory with `metadata`, one stream file per
 * pCPU (`cpu0`, `cpu1`, ...) and the stream `meta`; or a directory of such
 * directories (`000001`, `000002`, ...), the parts of one recording, which are
 * read as one.
 *
 * Nothing in a trace is trusted.  Every packet is checked, header and records,
 * before any of it is handed out: what a caller gets has known event ids,
 * records that lie within the packet, times that never go back.  Packets are
 * read into memory of the reader's own, so that a file that changes or shrinks
 * meanwhile can do no harm.
 *
 * Functions return -errno on failure and describe it in a struct idtap_error:
 *   -ENODATA   the file ends inside a packet (the recorder was killed)
 *   -EBADMSG   a field holds what it cannot hold
 *   -ENOENT, -EACCES, -EIO, ...  from the system
 *   -ENOMEM
 */
#ifndef IDTAP_TRACE_H
#define IDTAP_TRACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/metadata.h>
#include <idtap/packet.h>

struct idtap_error {
    int code;               /* -errno, as returned */
    uint64_t offset;        /* byte of the file where it is wrong */
    uint64_t packet_offset; /* first byte of the packet that this is in */
    char path[PATH_MAX];
    char what[192];         /* in words, without path and offset */
};

struct idtap_trace;

/*
 * Opens the trace at `path`.  The result is constant: any number of threads
 * may use it, each with cursors and iterators of its own, until closed.
 * Stream files are not looked into.  On failure *err is filled in.
 */
int idtap_trace_open(const char *path, struct idtap_trace **trace,
                     struct idtap_error *err);
/* NULL is legal.  Cursors and iterators must be gone. */
void idtap_trace_close(struct idtap_trace *trace);

/* Lives as long as the trace. */
const struct idtap_trace_info *idtap_trace_info(const struct idtap_trace *t);

/* Streams are numbered from 0: "meta" first, then by pCPU. */
unsigned int idtap_trace_nr_streams(const struct idtap_trace *t);
/* The stream's pCPU, or -1 for "meta". */
int idtap_trace_stream_cpu(const struct idtap_trace *t, unsigned int stream);
/* Bytes in all stream files, as they were when the trace was opened. */
uint64_t idtap_trace_bytes(const struct idtap_trace *t);
/* Directories of the trace: 1, or the number of its parts, and their paths. */
unsigned int idtap_trace_nr_parts(const struct idtap_trace *t);
const char *idtap_trace_part(const struct idtap_trace *t, unsigned int part);

/* A checked packet.  Valid until its cursor moves on or is closed. */
struct idtap_packet {
    struct idtap_packet_header header;
    const uint8_t *begin;  /* records, aligned to 8: begin <= r < end */
    const uint8_t *end;
    uint64_t lost_packets; /* missing between the packet before and this one */
    uint64_t discarded;    /* records discarded since the packet before was
                              closed; the stream's first: since the start */
    uint64_t offset;       /* in its file */
    const char *path;
};

/* Bytes of a record of this (known) event id. */
extern const uint8_t idtap_record_bytes[256];

static inline const struct idtap_record *idtap_record_at(const uint8_t *p)
{
    return (const struct idtap_record *)(const void *)p;
}

static inline const uint8_t *idtap_record_next(const uint8_t *p)
{
    return p + idtap_record_bytes[idtap_record_at(p)->event];
}

/* One stream, packet by packet.  A cursor belongs to one thread at a time. */
struct idtap_cursor;

int idtap_cursor_open(const struct idtap_trace *t, unsigned int stream,
                      struct idtap_cursor **cursor);
void idtap_cursor_close(struct idtap_cursor *c); /* NULL is legal */

/*
 * The next packet: 1; or 0 at the end; or -errno, and *err is filled in.  After
 * the end or an error, 0.
 */
int idtap_cursor_next(struct idtap_cursor *c, struct idtap_packet *p,
                      struct idtap_error *err);

/*
 * All streams as one, in the order of time; records of the same time in the
 * order of streams.  Delivered in runs: records of one packet that come before
 * any other stream's next.  An iterator belongs to one thread at a time.
 */
struct idtap_run {
    unsigned int stream;
    int cpu;                           /* -1: "meta" */
    const struct idtap_packet *packet; /* valid, as begin and end are, until */
    const uint8_t *begin, *end;        /* the next call; may be empty */
    bool packet_begins;                /* the packet's first run */
    bool packet_ends;                  /* the packet's last run */
};

struct idtap_iter;

/* `cpus`: bit set of the pCPUs wanted (bit n of word n / 64), NULL for all. */
int idtap_iter_open(const struct idtap_trace *t, const uint64_t cpus[4],
                    struct idtap_iter **iter);
void idtap_iter_close(struct idtap_iter *it); /* NULL is legal */

/*
 * To be called before the first run, if at all: only records of rings with
 * from <= tsc < to are wanted, and of "meta" only what is before `to`.  Packets
 * before the window come as empty runs, for what they tell of losses; what is
 * wrong in streams behind it is not found.
 */
void idtap_iter_window(struct idtap_iter *it, uint64_t from, uint64_t to);

/*
 * The next run: 1; 0 at the end; -ENOMEM.  A stream in which something is wrong
 * ends there, the others go on: look at idtap_iter_errors() at the end.
 */
int idtap_iter_next(struct idtap_iter *it, struct idtap_run *run);

/* What went wrong so far: an array, its length in *nr.  Valid until closed. */
const struct idtap_error *idtap_iter_errors(const struct idtap_iter *it,
                                            unsigned int *nr);
/* Packets delivered so far, of all streams. */
uint64_t idtap_iter_packets(const struct idtap_iter *it);

/* Names of domains, from the stream "meta".  Constant; any thread. */
struct idtap_trace_names;

/*
 * Reads all names of the trace; a broken "meta" yields the names before the
 * break (the break itself is for idtap_iter_errors() to tell).  0 or -ENOMEM.
 */
int idtap_trace_names_load(const struct idtap_trace *t,
                           struct idtap_trace_names **names);
void idtap_trace_names_free(struct idtap_trace_names *n); /* NULL is legal */
/* The last name of `domain`, or NULL.  Lives as long as `n`. */
const char *idtap_trace_names_get(const struct idtap_trace_names *n,
                                  uint16_t domain);
/* The id of the domain called `name`; -ENOENT, -ENOTUNIQ. */
int idtap_trace_names_find(const struct idtap_trace_names *n,
                           const char *name);

#endif /* IDTAP_TRACE_H */
