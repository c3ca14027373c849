/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exporting: a trace in formats that other programs read.  A format is a row of
 * a table with functions that get a trace's records one by one, in the order of
 * time; none of them holds more in memory than there are pCPUs, vCPUs and names.
 *
 * Formats may come from outside of the library: fill in a struct
 * idtap_export_format.  A format's functions return 0 or -errno; they need not
 * look at errors of `out`, which end the export.
 *
 * One thread at a time per export.
 */
#ifndef IDTAP_EXPORT_H
#define IDTAP_EXPORT_H

#include <stdio.h>

#include <idtap/names.h>
#include <idtap/select.h>
#include <idtap/stats.h>
#include <idtap/trace.h>

enum idtap_export_kind {
    IDTAP_EXPORT_TEXT,      /* a stream of lines: may go into a pipe */
    IDTAP_EXPORT_BINARY,    /* a stream of bytes: likewise, but no terminal */
    IDTAP_EXPORT_FILE,      /* needs a file of its own */
    IDTAP_EXPORT_DIRECTORY,
};

/* What is known of records that a pCPU lost. */
struct idtap_export_loss {
    int cpu;
    uint64_t from_tsc; /* they were lost after this, */
    uint64_t to_tsc;   /* and before this */
    uint64_t records;  /* dropped by the tap */
    uint64_t packets;  /* missing in the stream, with unknown many records */
};

/* Something that takes time, and how it ended. */
enum idtap_span_kind {
    IDTAP_SPAN_IRQ,     /* irq_enter to irq_exit, of a pCPU */
    IDTAP_SPAN_NMI,
    IDTAP_SPAN_SOFTIRQ,
    IDTAP_SPAN_EXIT,    /* vm_exit to vm_entry, of a vCPU */
};

enum idtap_span_end {
    IDTAP_SPAN_ENDED,     /* its end was seen: it has a duration */
    IDTAP_SPAN_ELSEWHERE, /* exit: entered again on another pCPU */
    IDTAP_SPAN_UNSEEN,    /* it has ended by then, but nobody saw when */
    IDTAP_SPAN_LOST,      /* records were lost: whether it ended is not known */
    IDTAP_SPAN_OPEN,      /* the trace ends first */
};

struct idtap_export_span {
    enum idtap_span_kind kind;
    int cpu;               /* where it began */
    struct idtap_record r; /* the common part of the record that began it, */
    uint64_t record;       /* and its number, as in `records` below */
    uint64_t cookie;       /* the format's own; 0 at first */
};

struct idtap_export_format;

/* What a format's functions work with.  All but `state` is the exporter's. */
struct idtap_export {
    const struct idtap_export_format *format;
    const struct idtap_trace *trace;
    const struct idtap_trace_info *info;
    const struct idtap_trace_names *names;
    enum idtap_vendor vendor;
    const struct idtap_select *select;
    const uint64_t *cpus;   /* bit set of pCPUs, as for idtap_iter_open() */
    bool chosen;            /* not everything of the trace is wanted */
    bool windowed;          /* only a stretch of time is, which begins */
    uint64_t from;          /* at this TSC */
    uint64_t records;       /* chosen ones of rings so far, the present one
                               included */
    FILE *out;              /* streams */
    const char *path;       /* files and directories: to be made */
    struct idtap_error *err; /* may be filled in, but for the code */
    void *state;
};

/*
 * All but `end` may be NULL.  The order is begin, then for each record run (of
 * its run), record (if it is chosen), the span functions; end; release.
 */
struct idtap_export_ops {
    int (*begin)(struct idtap_export *x);
    /* Before the records of a run, chosen or not; also of empty runs. */
    int (*run)(struct idtap_export *x, const struct idtap_run *run);
    int (*record)(struct idtap_export *x, int cpu,
                  const struct idtap_record *r);
    int (*loss)(struct idtap_export *x, const struct idtap_export_loss *loss);

    /*
     * Spans that a chosen record begins.  Those of a pCPU and kind nest.  `r` is
     * the whole record, except for softirqs that may not return: they are told
     * of when they do, and as span_lone() if they do not.
     */
    int (*span_begin)(struct idtap_export *x, struct idtap_export_span *span,
                      const struct idtap_record *r);
    int (*span_end)(struct idtap_export *x,
                    const struct idtap_export_span *span, int cpu,
                    uint64_t tsc, enum idtap_span_end how);
    /* It has begun, but what becomes of it cannot be seen. */
    int (*span_lone)(struct idtap_export *x,
                     const struct idtap_export_span *span,
                     const struct idtap_record *r);

    int (*end)(struct idtap_export *x);
    /* Always called if begin was, also after errors. */
    void (*release)(struct idtap_export *x);
};

struct idtap_export_format {
    const char *name;
    const char *what;     /* for people, short */
    enum idtap_export_kind kind;
    const char *missing;  /* NULL, or the library that this build lacks */
    const struct idtap_export_ops *ops;
    int (*schema)(FILE *f); /* prints how a database is told of it, or NULL */
};

/* The library's formats, and their number in *nr. */
const struct idtap_export_format *idtap_export_formats(unsigned int *nr);

struct idtap_export_options {
    const struct idtap_trace *trace;
    const struct idtap_trace_names *names;
    struct idtap_iter *iter;            /* at its beginning */
    const struct idtap_select *select;
    const uint64_t *cpus;               /* that `iter` was opened with */
    bool chosen;                        /* `select` or `cpus` leaves out some */
    bool windowed;                      /* `iter` has a window, which begins */
    uint64_t from;                      /* at this TSC */
    const char *path;                   /* NULL, streams only: stdout */
    bool force;                         /* replace what is at `path` */
};

/*
 * Exports.  *stats, which counts losses and no records, is the caller's to
 * destroy, NULL if it could not be made.  Streams in which something is wrong
 * end there: look at idtap_iter_errors().
 *
 * A file gets its name when it is whole, and replaces another only then; a
 * directory that could not be finished is removed.  On failure *err says what
 * went wrong with which file:
 *   -EEXIST     there is something at `path` (directories: not an empty one)
 *   -EBUSY      `path` is a part of the trace that is read
 *   -EOPNOTSUPP this build lacks the format
 *   -EIO, -ENOSPC, -EPIPE, -EACCES, ... from the system
 */
int idtap_export(const struct idtap_export_format *format,
                 const struct idtap_export_options *options,
                 struct idtap_stats **stats, struct idtap_error *err);

#endif /* IDTAP_EXPORT_H */
