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

#endif /* IDTAP_TRACE_PRIV_H */
