/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A SQLite database.  All is one transaction with prepared statements; there is
 * no journal, because a file that could not be finished is removed anyway.
 * SQLite keeps some megabytes of pages in memory, and sorts for the indexes in
 * files, so memory does not grow with the trace.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export_sqlite.h"

#ifdef IDTAP_HAVE_SQLITE
#include <sqlite3.h>

struct sqlite {
    sqlite3 *db;
    sqlite3_stmt *record, *meta, *span, *loss;
};

static int db_error(struct idtap_export *x)
{
    const struct sqlite *q = x->state;
    int sys = sqlite3_system_errno(q->db);

    switch ( sqlite3_errcode(q->db) )
    {
    case SQLITE_NOMEM:
        return -ENOMEM;

    case SQLITE_FULL:
        sys = sys ? sys : ENOSPC;
        break;
    }
    return export_error(x, sys ? -sys : -EIO, "cannot write: %s",
                        sys ? strerror(sys) : sqlite3_errmsg(q->db));
}

static int exec(struct idtap_export *x, const char *sql)
{
    struct sqlite *q = x->state;

    return sqlite3_exec(q->db, sql, NULL, NULL, NULL) == SQLITE_OK
           ? 0 : db_error(x);
}

static int exec_text(struct idtap_export *x, int (*print)(FILE *f))
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    int rc = f ? print(f) : -ENOMEM;

    if ( f && fclose(f) && !rc )
        rc = -ENOMEM;
    if ( !rc )
        rc = exec(x, text);
    free(text);
    return rc;
}

static int prepare(struct idtap_export *x, sqlite3_stmt **stmt,
                   const char *sql)
{
    struct sqlite *q = x->state;

    return sqlite3_prepare_v3(q->db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt,
                              NULL) == SQLITE_OK ? 0 : db_error(x);
}

static int step(struct idtap_export *x, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    if ( rc != SQLITE_DONE )
        return db_error(x);
    sqlite3_reset(stmt);
    return 0;
}

/* "INSERT INTO record VALUES (?1,?,?,...)", as the schema has them. */
static int prepare_rows(struct idtap_export *x, sqlite3_stmt **stmt, bool meta)
{
    char sql[64 + 2 * COL_NR];
    unsigned int i, len;

    len = (unsigned int)snprintf(sql, sizeof(sql),
                                 "INSERT INTO %s VALUES (?1",
                                 meta ? "meta" : "record");
    for ( i = 0; i < COL_NR; i++ )
        if ( export_sqlite_has(i, meta) )
            len += (unsigned int)snprintf(sql + len, sizeof(sql) - len, ",?");
    snprintf(sql + len, sizeof(sql) - len, ")");
    return prepare(x, stmt, sql);
}

/* One row of a table of two or three columns: numbers, and a text. */
static int put_word(struct idtap_export *x, const char *sql, int64_t a,
                    int64_t b, const char *text, const char *more)
{
    sqlite3_stmt *stmt = NULL;
    int rc = prepare(x, &stmt, sql);

    if ( rc )
        return rc;
    /* Parameters that the statement has not are none of its errors. */
    sqlite3_bind_int64(stmt, sqlite3_bind_parameter_index(stmt, ":a"), a);
    sqlite3_bind_int64(stmt, sqlite3_bind_parameter_index(stmt, ":b"), b);
    sqlite3_bind_text(stmt, sqlite3_bind_parameter_index(stmt, ":text"), text,
                      -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, sqlite3_bind_parameter_index(stmt, ":more"), more,
                      -1, SQLITE_STATIC);
    rc = step(x, stmt);
    sqlite3_finalize(stmt);
    return rc;
}

static int put_words(struct idtap_export *x)
{
    static const char two[] = "INSERT INTO %s VALUES (:a, :text)";
    size_t i, nr;
    const struct idtap_reason *reasons = idtap_reasons(x->vendor, &nr);
    unsigned int event, n;
    char sql[64];
    int rc = 0;

    for ( i = 0; i < nr && !rc; i++ )
        rc = put_word(x, "INSERT INTO reason VALUES (:a, :text)",
                      reasons[i].code, 0, reasons[i].name, NULL);
    for ( i = 0; i < 256 && !rc; i++ )
    {
        snprintf(sql, sizeof(sql), two, "owner");
        if ( idtap_owner_name((unsigned int)i) )
            rc = put_word(x, sql, (int64_t)i, 0,
                          idtap_owner_name((unsigned int)i), NULL);
        snprintf(sql, sizeof(sql), two, "type");
        if ( !rc && idtap_type_name((unsigned int)i) )
            rc = put_word(x, sql, (int64_t)i, 0,
                          idtap_type_name((unsigned int)i), NULL);
    }
    for ( i = 0; i < 0x10000 && !rc; i++ )
    {
        const char *name = idtap_trace_names_get(x->names, (uint16_t)i);

        if ( name )
            rc = put_word(x, "INSERT INTO domain VALUES (:a, :text)",
                          (int64_t)i, 0, name, NULL);
    }
    for ( event = 0; event < 256 && !rc; event++ )
    {
        if ( !idtap_event_name(event) )
            continue;
        rc = put_word(x, "INSERT INTO event VALUES (:a, :text, :more)", event,
                      0, idtap_event_name(event),
                      idtap_class_name(idtap_event_class(event)));
        for ( n = 0; n < 256 && !rc; n++ )
        {
            if ( export_vector_name(event, n) )
                rc = put_word(x, "INSERT INTO vector VALUES (:a, :b, :text)",
                              event, n, export_vector_name(event, n), NULL);
            if ( !rc && export_kind_name(event, n) )
                rc = put_word(x, "INSERT INTO kind VALUES (:a, :b, :text)",
                              event, n, export_kind_name(event, n), NULL);
        }
    }
    return rc;
}

static int put_metadata(struct idtap_export *x)
{
    static const char number[] =
        "INSERT INTO metadata VALUES (:text, :a)";
    static const char text[] = "INSERT INTO metadata VALUES (:text, :more)";
    const struct idtap_trace_info *i = x->info;
    const struct { const char *key, *value; } texts[] = {
        { "hostname", i->hostname }, { "xen_version", i->xen_version },
        { "xen_build_id", i->xen_build_id },
        { "cpu_vendor", i->cpu_vendor }, { "cpu_model", i->cpu_model },
        { "idtap_version", i->idtap_version }, { "command", i->command },
    };
    const struct { const char *key; uint64_t value; } numbers[] = {
        { "tsc_khz", i->tsc_khz }, { "start_tsc", i->start_tsc },
        { "start_realtime_ns", i->start_realtime_ns },
        { "filtered", x->chosen },
    };
    char uuid[33];
    size_t n;
    int rc;

    for ( n = 0; n < 16; n++ )
        snprintf(uuid + 2 * n, 3, "%02x", i->uuid[n]);
    rc = put_word(x, text, 0, 0, "uuid", uuid);
    for ( n = 0; n < sizeof(texts) / sizeof(texts[0]) && !rc; n++ )
        rc = put_word(x, text, 0, 0, texts[n].key, texts[n].value);
    for ( n = 0; n < sizeof(numbers) / sizeof(numbers[0]) && !rc; n++ )
        rc = put_word(x, number, (int64_t)numbers[n].value, 0,
                      numbers[n].key, NULL);
    return rc;
}

static int begin(struct idtap_export *x)
{
    struct sqlite *q = calloc(1, sizeof(*q));
    int rc;

    x->state = q;
    if ( !q )
        return -ENOMEM;
    if ( sqlite3_open_v2(x->path, &q->db, SQLITE_OPEN_READWRITE, NULL) !=
         SQLITE_OK )
        return q->db ? db_error(x) : -ENOMEM;

    rc = exec(x, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                 "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = FILE;"
                 "BEGIN");
    if ( !rc )
        rc = exec_text(x, export_sqlite_tables);
    if ( !rc )
        rc = put_metadata(x);
    if ( !rc )
        rc = put_words(x);
    if ( !rc )
        rc = prepare_rows(x, &q->record, false);
    if ( !rc )
        rc = prepare_rows(x, &q->meta, true);
    if ( !rc )
        rc = prepare(x, &q->span, "INSERT INTO span VALUES (?, ?, ?, ?)");
    if ( !rc )
        rc = prepare(x, &q->loss,
                     "INSERT INTO loss VALUES (?, ?, ?, ?, ?, ?, ?)");
    return rc;
}

static int record(struct idtap_export *x, int cpu,
                  const struct idtap_record *r)
{
    const struct sqlite *q = x->state;
    sqlite3_stmt *stmt = cpu < 0 ? q->meta : q->record;
    struct export_row row;
    unsigned int i;
    int at = 1;

    export_row_fill(&row, x, cpu, r);
    if ( cpu >= 0 )
        sqlite3_bind_int64(stmt, 1, (int64_t)x->records);
    for ( i = 0; i < COL_NR; i++ )
    {
        if ( !export_sqlite_has(i, cpu < 0) )
            continue;
        at++;
        if ( i == COL_EVENT )
            sqlite3_bind_int(stmt, at, r->event);
        else if ( !(row.present >> i & 1) )
            sqlite3_bind_null(stmt, at);
        else if ( export_columns[i].type == COL_TEXT )
            sqlite3_bind_text(stmt, at, row.text[i], -1, SQLITE_STATIC);
        else if ( export_columns[i].type == COL_BYTES )
            sqlite3_bind_blob(stmt, at, row.raw, (int)row.raw_len,
                              SQLITE_STATIC);
        else
            sqlite3_bind_int64(stmt, at, (int64_t)row.number[i]);
    }
    return step(x, stmt);
}

static int span_begin(struct idtap_export *x, struct idtap_export_span *span,
                      const struct idtap_record *r)
{
    (void)x;
    (void)span;
    (void)r;
    return 0;
}

static int span_end(struct idtap_export *x,
                    const struct idtap_export_span *span, int cpu,
                    uint64_t tsc, enum idtap_span_end how)
{
    const struct sqlite *q = x->state;
    uint64_t ticks = tsc - span->r.tsc;

    (void)cpu;
    if ( how != IDTAP_SPAN_ENDED )
        return 0;
    sqlite3_bind_int64(q->span, 1, (int64_t)span->record);
    sqlite3_bind_int64(q->span, 2, (int64_t)tsc);
    sqlite3_bind_int64(q->span, 3, (int64_t)ticks);
    sqlite3_bind_int64(q->span, 4,
                       (int64_t)idtap_tsc_to_ns(ticks, x->info->tsc_khz));
    return step(x, q->span);
}

static int span_lone(struct idtap_export *x,
                     const struct idtap_export_span *span,
                     const struct idtap_record *r)
{
    (void)x;
    (void)span;
    (void)r;
    return 0;
}

static int loss(struct idtap_export *x, const struct idtap_export_loss *l)
{
    const struct sqlite *q = x->state;

    sqlite3_bind_int(q->loss, 1, l->cpu);
    sqlite3_bind_int64(q->loss, 2, export_time(x, l->from_tsc));
    sqlite3_bind_int64(q->loss, 3, export_time(x, l->to_tsc));
    sqlite3_bind_int64(q->loss, 4, (int64_t)l->from_tsc);
    sqlite3_bind_int64(q->loss, 5, (int64_t)l->to_tsc);
    sqlite3_bind_int64(q->loss, 6, (int64_t)l->records);
    sqlite3_bind_int64(q->loss, 7, (int64_t)l->packets);
    return step(x, q->loss);
}

static int end(struct idtap_export *x)
{
    struct sqlite *q = x->state;
    int rc = exec_text(x, export_sqlite_views);

    if ( !rc )
        rc = exec(x, "COMMIT");
    if ( rc )
        return rc;

    sqlite3_finalize(q->record);
    sqlite3_finalize(q->meta);
    sqlite3_finalize(q->span);
    sqlite3_finalize(q->loss);
    q->record = q->meta = q->span = q->loss = NULL;
    if ( sqlite3_close(q->db) != SQLITE_OK )
        return db_error(x);
    q->db = NULL;
    return 0;
}

static void release(struct idtap_export *x)
{
    struct sqlite *q = x->state;

    if ( !q )
        return;
    sqlite3_finalize(q->record);
    sqlite3_finalize(q->meta);
    sqlite3_finalize(q->span);
    sqlite3_finalize(q->loss);
    sqlite3_close(q->db);
    free(q);
}

const struct idtap_export_ops export_sqlite_ops = {
    .begin = begin,
    .record = record,
    .loss = loss,
    .span_begin = span_begin,
    .span_end = span_end,
    .span_lone = span_lone,
    .end = end,
    .release = release,
};

#endif /* IDTAP_HAVE_SQLITE */
