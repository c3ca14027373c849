/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writer of a trace's stream "meta": what the recorder knows and the tap does
 * not.  Records gather in a packet in memory; idtap_metastream_flush() and a
 * full packet append it, whole, with one write(2), so that a reader of a
 * recording that runs, or was killed, finds whole packets only.
 *
 * Timestamps never go back within a stream: a `tsc` older than the record
 * before is raised to that record's.
 *
 * One thread at a time per stream.  Every function returns 0 or -errno.  After
 * a failed write the packet is kept and the next flush tries again; what the
 * failed write left in the file is cut off first.
 */
#ifndef IDTAP_METASTREAM_H
#define IDTAP_METASTREAM_H

#include <stdint.h>

struct idtap_metastream;

#define IDTAP_META_FILE "meta"

/*
 * Creates the file "meta" in the directory `dirfd` (which stays the caller's),
 * mode 0600.  -EEXIST if there is one.  The file gets its first byte with the
 * first flush: append and flush a record at once, for an empty stream file is
 * an error to readers.
 */
int idtap_metastream_open(int dirfd, struct idtap_metastream **ms);

/* Flushes and frees, even when flushing fails.  NULL is legal. */
int idtap_metastream_close(struct idtap_metastream *ms);

int idtap_metastream_flush(struct idtap_metastream *ms);

int idtap_metastream_attach(struct idtap_metastream *ms, uint64_t tsc);
int idtap_metastream_detach(struct idtap_metastream *ms, uint64_t tsc);

int idtap_metastream_clock_sync(struct idtap_metastream *ms, uint64_t tsc,
                                uint64_t realtime_ns, uint64_t system_time_ns,
                                uint64_t uncertainty_ns);

/* A name that does not fit is cut, between characters if it is UTF-8. */
int idtap_metastream_domain(struct idtap_metastream *ms, uint64_t tsc,
                            uint16_t domain, const char *name);

/*
 * `count` records discarded on `cpu`, as events_discarded counts them.  The
 * last one tells of discards that no packet lived to tell of: write one per
 * pCPU at the end, if there were any.  One that comes before the stream's first
 * CONFIG record is what had been counted when this trace (or part) began, and
 * is subtracted.
 */
int idtap_metastream_lost(struct idtap_metastream *ms, uint64_t tsc,
                          uint32_t cpu, uint64_t count);

/* What somebody waited for has happened, to `domain` (or NONE); as names. */
int idtap_metastream_trigger(struct idtap_metastream *ms, uint64_t tsc,
                             uint16_t domain, const char *text);

int idtap_metastream_config(struct idtap_metastream *ms, uint64_t tsc,
                            uint32_t classes);

#endif /* IDTAP_METASTREAM_H */
