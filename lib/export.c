/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exporter: the table of formats, and the walk through the trace that feeds
 * one of them.
 *
 * Losses are told to a format when the pCPU's next packet comes, for only then
 * is it known when they ended; how many there were is what idtap_stats_cpu()
 * says, so that the losses of an export add up to those of a report.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "export_priv.h"

static const struct idtap_export_format formats[] = {
    {
        .name = "csv",
        .what = "a table for spreadsheets and data frames",
        .kind = IDTAP_EXPORT_TEXT,
        .ops = &export_csv_ops,
    },
    {
        .name = "ctf",
        .what = "a trace as it was recorded, of the chosen records only",
        .kind = IDTAP_EXPORT_DIRECTORY,
        .ops = &export_ctf_ops,
    },
    {
        .name = "perfetto",
        .what = "for ui.perfetto.dev and trace_processor",
        .kind = IDTAP_EXPORT_BINARY,
        .ops = &export_perfetto_ops,
    },
    {
        .name = "sqlite",
        .what = "a database, with views",
        .kind = IDTAP_EXPORT_FILE,
#ifdef IDTAP_HAVE_SQLITE
        .ops = &export_sqlite_ops,
        .schema = export_sqlite_schema,
#else
        .missing = "SQLite",
#endif
    },
    {
        .name = "xentrace",
        .what = "for xenalyze and xentrace_format",
        .kind = IDTAP_EXPORT_BINARY,
        .ops = &export_xentrace_ops,
    },
    {
        .name = "rowbinary",
        .what = "for ClickHouse",
        .kind = IDTAP_EXPORT_BINARY,
        .ops = &export_rowbinary_ops,
        .schema = export_rowbinary_schema,
    },
};

const struct idtap_export_format *idtap_export_formats(unsigned int *nr)
{
    *nr = sizeof(formats) / sizeof(formats[0]);
    return formats;
}

int export_error(struct idtap_export *x, int code, const char *fmt, ...)
{
    va_list ap;

    snprintf(x->err->path, sizeof(x->err->path), "%s",
             x->path ? x->path : "stdout");
    va_start(ap, fmt);
    vsnprintf(x->err->what, sizeof(x->err->what), fmt, ap);
    va_end(ap);
    return code;
}

/* A pCPU, and how much of its losses was told. */
struct lane {
    bool begun;
    bool losing;       /* from_tsc is set */
    uint64_t from_tsc; /* after this, its packet's losses may have begun */
    uint64_t last_tsc; /* of its last record, or of its packet's begin */
    uint64_t told_records, told_packets;
};

struct walk {
    struct idtap_export x;
    const struct idtap_export_ops *ops;
    struct idtap_iter *iter;
    struct idtap_stats *stats;
    struct export_spans *spans; /* NULL: the format does not want them */
    uint64_t last_tsc;          /* of the trace, so far */
    struct lane lanes[IDTAP_MAX_CPUS];
};

/* Tells of what was lost on `cpu` since the last time, before `to_tsc`. */
static int tell_loss(struct walk *w, unsigned int cpu, uint64_t to_tsc,
                     uint64_t records, uint64_t packets)
{
    struct lane *l = &w->lanes[cpu];
    struct idtap_export_loss loss = {
        .cpu = (int)cpu,
        .from_tsc = l->losing ? l->from_tsc :
                    l->begun ? l->last_tsc : w->x.info->start_tsc,
        .to_tsc = to_tsc,
        .records = records - l->told_records,
        .packets = packets - l->told_packets,
    };

    if ( records <= l->told_records )
        loss.records = 0;
    if ( packets <= l->told_packets )
        loss.packets = 0;
    if ( !loss.records && !loss.packets )
        return 0;

    l->told_records += loss.records;
    l->told_packets += loss.packets;
    if ( loss.from_tsc > to_tsc )
        loss.from_tsc = to_tsc;
    return w->ops->loss ? w->ops->loss(&w->x, &loss) : 0;
}

/*
 * Before idtap_stats_run(): the discards that a packet's header counts lie at
 * its end or behind it, but the packets that are missing, before it.
 */
static int tell_losses(struct walk *w, const struct idtap_run *run)
{
    unsigned int cpu = (unsigned int)run->cpu;
    struct idtap_cpu_stats c = idtap_stats_cpu(w->stats, cpu);
    struct lane *l = &w->lanes[cpu];
    /* What is missing before a window is not missing in it. */
    bool missing = run->packet->header.timestamp_begin >= w->x.from;
    uint64_t begin = run->begin < run->end
                     ? idtap_record_at(run->begin)->tsc
                     : run->packet->header.timestamp_begin;
    int rc = tell_loss(w, cpu, begin, c.discarded,
                       c.lost_packets +
                       (missing ? run->packet->lost_packets : 0));

    if ( !l->begun || begin > l->last_tsc )
        l->last_tsc = begin;
    l->begun = true;
    l->losing = false;
    return rc;
}

static int meta_run(struct walk *w, const struct idtap_run *run)
{
    const uint8_t *p;
    int rc = 0;

    for ( p = run->begin; p < run->end && !rc; p = idtap_record_next(p) )
    {
        const struct idtap_record *r = idtap_record_at(p);

        w->last_tsc = r->tsc;
        /* Whoever chooses records did not choose ours. */
        if ( w->ops->record && !w->x.chosen )
            rc = w->ops->record(&w->x, run->cpu, r);
    }
    return rc;
}

static int ring_run(struct walk *w, const struct idtap_run *run)
{
    struct lane *l = &w->lanes[run->cpu];
    const uint8_t *p;
    int rc = w->spans ? export_spans_begin(w->spans, run) : 0;

    for ( p = run->begin; p < run->end && !rc; p = idtap_record_next(p) )
    {
        const struct idtap_record *r = idtap_record_at(p);
        bool chosen = !w->x.chosen || idtap_select_record(w->x.select, r);

        w->x.records += chosen;
        if ( chosen && w->ops->record )
            rc = w->ops->record(&w->x, run->cpu, r);
        if ( !rc && w->spans )
            rc = export_spans_record(w->spans, run, r, chosen);
        if ( !l->losing && export_in_tail(run->packet, r) )
        {
            l->losing = true;
            l->from_tsc = l->last_tsc;
        }
        w->last_tsc = l->last_tsc = r->tsc;
    }
    if ( !rc && w->spans )
        rc = export_spans_end(w->spans, run);
    return rc;
}

/* What made writing fail, if it did: nothing else has failed since. */
static int stream_error(const struct walk *w)
{
    if ( !w->x.out || !ferror(w->x.out) )
        return 0;
    return errno ? -errno : -EIO;
}

static int one_run(struct walk *w, const struct idtap_run *run)
{
    int rc = 0;

    if ( run->cpu >= 0 && run->packet_begins )
        rc = tell_losses(w, run);
    if ( !rc )
        rc = idtap_stats_run(w->stats, run);
    if ( !rc && w->ops->run )
        rc = w->ops->run(&w->x, run);
    if ( !rc )
        rc = run->cpu < 0 ? meta_run(w, run) : ring_run(w, run);

    /* A stream that nobody takes need not be gone through to the end. */
    return rc ? rc : stream_error(w);
}

static int walk(struct walk *w)
{
    struct idtap_run run;
    unsigned int cpu;
    int rc;

    rc = w->ops->begin ? w->ops->begin(&w->x) : 0;
    while ( !rc )
    {
        rc = idtap_iter_next(w->iter, &run);
        if ( rc <= 0 )
            break;
        rc = one_run(w, &run);
    }

    for ( cpu = 0; !rc && cpu < IDTAP_MAX_CPUS; cpu++ )
    {
        struct idtap_cpu_stats c = idtap_stats_cpu(w->stats, cpu);

        if ( c.present && export_has_cpu(&w->x, cpu) )
            rc = tell_loss(w, cpu, w->last_tsc, c.discarded, c.lost_packets);
    }
    if ( !rc && w->spans )
        rc = export_spans_finish(w->spans);
    if ( !rc )
        rc = w->ops->end(&w->x);
    return rc ? rc : stream_error(w);
}

/* Words for what has none yet, and the name that the user gave. */
static int explain(struct idtap_export *x, int rc)
{
    if ( rc && !x->err->what[0] )
        export_error(x, rc, rc == -ENOMEM ? "out of memory"
                                          : "cannot write: %s",
                     strerror(-rc));
    if ( rc )
        snprintf(x->err->path, sizeof(x->err->path), "%s",
                 x->path ? x->path : "stdout");
    x->err->code = rc;
    return rc;
}

static int run_export(struct walk *w, struct export_output *o)
{
    static const struct idtap_select none;
    int rc = 0;

    w->x.out = o->f;
    w->x.path = o->temp ? o->temp : o->path;
    w->stats = idtap_stats_create_with(&(struct idtap_stats_options){
        .select = &none, .parts = IDTAP_STATS_DEFAULT, .from = w->x.from });
    if ( w->ops->span_begin )
        w->spans = export_spans_create(&w->x);
    if ( !w->stats || (w->ops->span_begin && !w->spans) )
        rc = -ENOMEM;
    else
    {
        errno = 0;
        rc = walk(w);
        if ( w->ops->release )
            w->ops->release(&w->x);
    }

    export_spans_destroy(w->spans);
    w->x.path = o->path;
    return explain(&w->x, rc);
}

int idtap_export(const struct idtap_export_format *format,
                 const struct idtap_export_options *options,
                 struct idtap_stats **stats, struct idtap_error *err)
{
    const struct idtap_trace_info *info = idtap_trace_info(options->trace);
    struct export_output o;
    struct walk *w;
    int rc;

    *stats = NULL;
    memset(err, 0, sizeof(*err));
    if ( format->missing )
    {
        snprintf(err->what, sizeof(err->what),
                 "this idtap was built without %s", format->missing);
        return err->code = -EOPNOTSUPP;
    }

    w = calloc(1, sizeof(*w));
    if ( !w )
    {
        snprintf(err->what, sizeof(err->what), "out of memory");
        return err->code = -ENOMEM;
    }
    w->ops = format->ops;
    w->iter = options->iter;
    w->x = (struct idtap_export){
        .format = format,
        .trace = options->trace,
        .info = info,
        .names = options->names,
        .vendor = idtap_vendor_of(info->cpu_vendor),
        .select = options->select,
        .cpus = options->cpus,
        .chosen = options->chosen,
        .windowed = options->windowed,
        .from = options->from,
        .err = err,
    };

    rc = output_open(&o, format, options, err);
    if ( !rc )
    {
        rc = run_export(w, &o);
        if ( !rc )
            rc = output_commit(&o, err);
        if ( rc )
            output_abandon(&o, format);
    }

    *stats = w->stats;
    free(w);
    return rc;
}
