/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of exporting share: exporting a trace to memory or a place. */
#ifndef TESTS_EXPORT_TEST_H
#define TESTS_EXPORT_TEST_H

#include <errno.h>

#include <idtap/export.h>

#include "export_trace.h"

#define ROUNDS 400u

static struct idtap_error export_err;

static inline char *new_trace(bool svm, bool lossy)
{
    char *dir = test_dir();

    export_trace(dir, svm, ROUNDS, lossy);
    return dir;
}

static inline const struct idtap_export_format *find_format(const char *name)
{
    unsigned int i, nr;
    const struct idtap_export_format *f = idtap_export_formats(&nr);

    for ( i = 0; i < nr; i++ )
        if ( !strcmp(f[i].name, name) )
            return &f[i];
    fail_msg("there is no format %s", name);
    return NULL;
}

/* Returns what idtap_export() did; `select` NULL: everything. */
static inline int export_to(const struct idtap_export_format *format,
                            const char *dir, const char *path,
                            const struct idtap_select *select, bool force)
{
    static const uint64_t cpus[4] = { ~0ull, ~0ull, ~0ull, ~0ull };
    struct idtap_export_options o = {
        .chosen = select, .cpus = cpus, .path = path, .force = force,
    };
    struct idtap_trace_names *names;
    struct idtap_select all;
    struct idtap_stats *stats;
    struct idtap_trace *t;
    int rc;

    idtap_select_init(&all);
    o.select = select ? select : &all;
    assert_int_equal(idtap_trace_open(dir, &t, &export_err), 0);
    assert_int_equal(idtap_trace_names_load(t, &names), 0);
    assert_int_equal(idtap_iter_open(t, NULL, &o.iter), 0);
    o.trace = t;
    o.names = names;

    rc = idtap_export(format, &o, &stats, &export_err);
    assert_int_equal(export_err.code, rc);
    if ( rc )
        assert_true(export_err.what[0]);
    idtap_stats_destroy(stats);
    idtap_iter_close(o.iter);
    idtap_trace_names_free(names);
    idtap_trace_close(t);
    return rc;
}

/* The whole output, malloc'ed, with a NUL behind it. */
static inline uint8_t *export_bytes(const char *format, const char *dir,
                                    const struct idtap_select *select,
                                    size_t *len)
{
    char *out_dir = test_dir(), *path = test_path(out_dir, "out");
    uint8_t *data;

    assert_int_equal(export_to(find_format(format), dir, path, select, false),
                     0);
    data = test_read_file(path, len);
    data[*len] = '\0';
    free(path);
    test_remove(out_dir);
    return data;
}

#endif /* TESTS_EXPORT_TEST_H */
