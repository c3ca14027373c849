/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the exporter know of each other. */
#ifndef IDTAP_EXPORT_PRIV_H
#define IDTAP_EXPORT_PRIV_H

#include <idtap/export.h>

extern const struct idtap_export_ops export_csv_ops;
extern const struct idtap_export_ops export_ctf_ops;
extern const struct idtap_export_ops export_perfetto_ops;
extern const struct idtap_export_ops export_rowbinary_ops;
extern const struct idtap_export_ops export_xentrace_ops;
int export_rowbinary_schema(FILE *f);

/* Of a build with SQLite. */
extern const struct idtap_export_ops export_sqlite_ops;
int export_sqlite_schema(FILE *f);

/* Fills in what went wrong at x->path, in words, and returns `code`. */
int export_error(struct idtap_export *x, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Nanoseconds since the trace's start; before it, negative. */
static inline int64_t export_time(const struct idtap_export *x, uint64_t tsc)
{
    return idtap_tsc_to_realtime(x->info, tsc) -
           (int64_t)x->info->start_realtime_ns;
}

static inline bool export_has_cpu(const struct idtap_export *x,
                                  unsigned int cpu)
{
    return x->cpus[cpu / 64] >> (cpu % 64) & 1;
}

#define EXPORT_LARGEST_RECORD 40u /* of rings: struct idtap_exception */
_Static_assert(sizeof(struct idtap_exception) == EXPORT_LARGEST_RECORD, "it");

/*
 * May records have been dropped before this one of the same packet?  Where the
 * largest no longer fits, and the packet's header tells of drops.
 */
static inline bool export_in_tail(const struct idtap_packet *p,
                                  const struct idtap_record *r)
{
    return p->discarded && (const uint8_t *)r >=
           p->begin - sizeof(p->header) + p->header.packet_size / 8 -
           EXPORT_LARGEST_RECORD;
}

/*
 * Where the output goes.  A file is written beside its place and moved there by
 * output_commit(); output_abandon() removes it.
 */
struct export_output {
    FILE *f;             /* streams; NULL: no stream is open */
    const char *path;    /* the place; NULL: stdout */
    char *temp;          /* what is written; NULL: the place itself */
    bool made_dir;
    char *buf;
};

int output_open(struct export_output *o, const struct idtap_export_format *f,
                const struct idtap_export_options *options,
                struct idtap_error *err);
/*
 * A stream that compresses what is written into it (zstd), into `fd`, which is
 * the stream's and closed with it, if this succeeds.  0 or -errno, -ENOPKG if
 * there is no libzstd; `err` says which.  One thread at a time.
 */
int export_zstd_open(int fd, FILE **f, struct idtap_error *err);

int output_commit(struct export_output *o, struct idtap_error *err);
void output_abandon(struct export_output *o,
                    const struct idtap_export_format *f);

/* Removes the files of a trace from a directory, and no others. */
int output_clear_trace(const char *dir);

/* Pairs records into spans, for formats that want that. */
struct export_spans;
struct export_spans *export_spans_create(struct idtap_export *x);
void export_spans_destroy(struct export_spans *s); /* NULL is legal */
/* Every record of a run, and before and after them; 0 or -errno. */
int export_spans_begin(struct export_spans *s, const struct idtap_run *run);
int export_spans_record(struct export_spans *s, const struct idtap_run *run,
                        const struct idtap_record *r, bool chosen);
int export_spans_end(struct export_spans *s, const struct idtap_run *run);
/* The trace has ended. */
int export_spans_finish(struct export_spans *s);

#endif /* IDTAP_EXPORT_PRIV_H */
