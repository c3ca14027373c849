/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The schema of the SQLite database: tables first, for the export to fill, then
 * indexes and views, which are made when all rows are there.  docs/export.md
 * says what they mean; a change that breaks a query is a new SCHEMA_VERSION.
 */
#include <errno.h>

#include "export_sqlite.h"

#ifdef IDTAP_HAVE_SQLITE

#define SCHEMA_VERSION 1

/* Numbers of events in SQL's text. */
#define STR_(x) #x
#define STR(x) STR_(x)
#define EV_VM_EXIT      3
#define EV_INJECT       8
#define EV_LAPIC_ACCEPT 12
#define EV_LAPIC_EOI    13
#define EV_PV_UPCALL    16
#define UPCALL_EXCEPTION 1
_Static_assert(EV_VM_EXIT == IDTAP_EV_VM_EXIT &&
               EV_INJECT == IDTAP_EV_INJECT &&
               EV_LAPIC_ACCEPT == IDTAP_EV_LAPIC_ACCEPT &&
               EV_LAPIC_EOI == IDTAP_EV_LAPIC_EOI &&
               EV_PV_UPCALL == IDTAP_EV_PV_UPCALL &&
               UPCALL_EXCEPTION == IDTAP_UPCALL_EXCEPTION, "as in record.h");

static void put_columns(FILE *f, bool meta)
{
    unsigned int i;

    for ( i = 0; i < COL_NR; i++ )
        if ( export_sqlite_has(i, meta) )
            fprintf(f, ",\n    \"%s\" %s", export_columns[i].name,
                    export_columns[i].type == COL_TEXT ? "TEXT" :
                    export_columns[i].type == COL_BYTES ? "BLOB" : "INTEGER");
}

int export_sqlite_tables(FILE *f)
{
    fputs("PRAGMA user_version = " STR(SCHEMA_VERSION) ";\n"
          "CREATE TABLE metadata (key TEXT PRIMARY KEY, value)"
          " WITHOUT ROWID;\n"
          "CREATE TABLE domain (id INTEGER PRIMARY KEY, name TEXT);\n"
          "CREATE TABLE event (id INTEGER PRIMARY KEY, name TEXT,"
          " class TEXT);\n"
          "CREATE TABLE reason (id INTEGER PRIMARY KEY, name TEXT);\n"
          "CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT);\n"
          "CREATE TABLE type (id INTEGER PRIMARY KEY, name TEXT);\n"
          "CREATE TABLE vector (event INTEGER, vector INTEGER, name TEXT,\n"
          "    PRIMARY KEY (event, vector)) WITHOUT ROWID;\n"
          "CREATE TABLE kind (event INTEGER, kind INTEGER, name TEXT,\n"
          "    PRIMARY KEY (event, kind)) WITHOUT ROWID;\n", f);

    fputs("CREATE TABLE record (\n"
          "    id INTEGER PRIMARY KEY", f);
    put_columns(f, false);
    fputs("\n);\n"
          "CREATE TABLE meta (\n"
          "    id INTEGER PRIMARY KEY", f);
    put_columns(f, true);
    fputs("\n);\n"
          "CREATE TABLE span (\n"
          "    begin INTEGER PRIMARY KEY REFERENCES record (id),\n"
          "    end_tsc INTEGER,\n"
          "    ticks INTEGER,\n"
          "    duration_ns INTEGER\n"
          ");\n"
          "CREATE TABLE loss (\n"
          "    cpu INTEGER,\n"
          "    from_ns INTEGER,\n"
          "    to_ns INTEGER,\n"
          "    from_tsc INTEGER,\n"
          "    to_tsc INTEGER,\n"
          "    records INTEGER,\n"
          "    packets INTEGER\n"
          ");\n", f);
    return ferror(f) ? -EIO : 0;
}

/* Upcalls for events and system calls have no vector: their 0 is not #DE's. */
#define JOIN_VECTOR \
    "    LEFT JOIN vector v ON v.event = r.event AND v.vector = r.vector\n" \
    "        AND (r.vector <> 0 OR r.event <> " STR(EV_PV_UPCALL) \
    " OR r.kind = " STR(UPCALL_EXCEPTION) ")\n"

static const char views[] =
    "CREATE INDEX record_event ON record (event, domain, vector);\n"
    "CREATE INDEX record_vcpu ON record (domain, vcpu, tsc);\n"
    "CREATE INDEX record_reason ON record (reason, domain)"
    " WHERE reason IS NOT NULL;\n"

    "CREATE VIEW records AS SELECT r.id, r.time_ns,\n"
    "    r.time_ns + (SELECT value FROM metadata"
    " WHERE key = 'start_realtime_ns') AS wall_ns,\n"
    "    r.tsc, r.cpu, r.domain, d.name AS domain_name, r.vcpu,\n"
    "    e.name AS event, e.class, r.vector, v.name AS vector_name,\n"
    "    (r.flags & 1) != 0 AS in_guest, (r.flags & 8) != 0 AS again,\n"
    "    (r.flags & 16) != 0 AS nested, r.flags,\n"
    "    r.irq, o.name AS owner, r.depth, r.rip, r.reason,\n"
    "    x.name AS reason_name, r.detail, r.delivery, r.address,\n"
    "    r.error_code, r.orig_vector, t.name AS type, r.insn_len,\n"
    "    r.target_cpu, r.port, k.name AS kind, r.source, r.raw,\n"
    "    s.duration_ns\n"
    "FROM record r\n"
    "    LEFT JOIN event e ON e.id = r.event\n"
    "    LEFT JOIN domain d ON d.id = r.domain\n"
    JOIN_VECTOR
    "    LEFT JOIN owner o ON o.id = r.owner\n"
    "    LEFT JOIN reason x ON x.id = r.reason\n"
    "    LEFT JOIN type t ON t.id = r.type\n"
    "    LEFT JOIN kind k ON k.event = r.event AND k.kind = r.kind\n"
    "    LEFT JOIN span s ON s.begin = r.id;\n"

    "CREATE VIEW vector_counts AS\n"
    "SELECT r.domain, d.name AS domain_name, e.name AS event, e.class,\n"
    "    r.vector, v.name AS vector_name, count(*) AS count,\n"
    "    sum((r.flags & 8) != 0) AS again\n"
    "FROM record r\n"
    "    LEFT JOIN event e ON e.id = r.event\n"
    "    LEFT JOIN domain d ON d.id = r.domain\n"
    JOIN_VECTOR
    "GROUP BY r.event, r.domain, r.vector, v.name;\n"

    "CREATE VIEW exits AS\n"
    "SELECT r.id, r.time_ns, r.cpu, r.domain, d.name AS domain_name, r.vcpu,\n"
    "    r.reason, x.name AS reason_name, r.vector, r.rip, r.detail,\n"
    "    r.flags, s.ticks, s.duration_ns\n"
    "FROM record r\n"
    "    LEFT JOIN domain d ON d.id = r.domain\n"
    "    LEFT JOIN reason x ON x.id = r.reason\n"
    "    LEFT JOIN span s ON s.begin = r.id\n"
    "WHERE r.event = " STR(EV_VM_EXIT) ";\n"

    "CREATE VIEW exit_summary AS\n"
    "SELECT domain, domain_name, reason, reason_name, count(*) AS count,\n"
    "    count(ticks) AS timed, sum(ticks) * 1000000 / (SELECT value\n"
    "    FROM metadata WHERE key = 'tsc_khz') AS sum_ns,\n"
    "    min(duration_ns) AS min_ns, avg(duration_ns) AS mean_ns,\n"
    "    max(duration_ns) AS max_ns\n"
    "FROM exits GROUP BY domain, reason;\n"

    "CREATE VIEW durations AS\n"
    "SELECT r.domain, d.name AS domain_name, e.name AS event, r.vector,\n"
    "    v.name AS vector_name, r.irq, o.name AS owner, count(*) AS count,\n"
    "    count(s.ticks) AS timed, sum(s.ticks) * 1000000 / (SELECT value\n"
    "    FROM metadata WHERE key = 'tsc_khz') AS sum_ns,\n"
    "    min(s.duration_ns) AS min_ns, avg(s.duration_ns) AS mean_ns,\n"
    "    max(s.duration_ns) AS max_ns\n"
    "FROM record r\n"
    "    JOIN event e ON e.id = r.event AND e.name IN\n"
    "        ('irq_enter', 'nmi_enter', 'softirq_enter')\n"
    "    LEFT JOIN domain d ON d.id = r.domain\n"
    "    LEFT JOIN vector v ON v.event = r.event AND v.vector = r.vector\n"
    "    LEFT JOIN owner o ON o.id = r.owner\n"
    "    LEFT JOIN span s ON s.begin = r.id\n"
    "GROUP BY r.domain, r.event, r.vector, r.irq, r.owner;\n"

    /*
     * From acceptance to injection: of what happens to a vector of a vCPU, an
     * accept that did not join a wait, and an injection next.
     */
    "CREATE VIEW lapic_wait AS\n"
    "WITH step AS (\n"
    "    SELECT id, time_ns, cpu, domain, vcpu, vector, event, flags, tsc,\n"
    "        lag(event) OVER w AS before, lead(event) OVER w AS after,\n"
    "        lead(tsc) OVER w AS end_tsc\n"
    "    FROM record\n"
    "    WHERE event = " STR(EV_LAPIC_EOI) "\n"
    "        OR (event = " STR(EV_LAPIC_ACCEPT) " AND flags & 1024 = 0)\n"
    "        OR (event = " STR(EV_INJECT) " AND type = 0 AND flags & 24 = 0)\n"
    "    WINDOW w AS (PARTITION BY domain, vcpu, vector ORDER BY tsc, id)\n"
    ")\n"
    "SELECT id, time_ns, cpu, domain, vcpu, vector, end_tsc,\n"
    "    end_tsc - tsc AS ticks, (end_tsc - tsc) * 1000000 /\n"
    "    (SELECT value FROM metadata WHERE key = 'tsc_khz') AS duration_ns\n"
    "FROM step\n"
    "WHERE event = " STR(EV_LAPIC_ACCEPT) " AND flags & 2048 = 0\n"
    "    AND after = " STR(EV_INJECT) "\n"
    "    AND before IS NOT " STR(EV_LAPIC_ACCEPT) "\n"
    "    AND NOT EXISTS (SELECT 1 FROM loss WHERE loss.from_tsc < end_tsc\n"
    "                    AND loss.to_tsc > tsc);\n"

    /* From injection to EOI, of vectors that have any. */
    "CREATE VIEW lapic_service AS\n"
    "WITH step AS (\n"
    "    SELECT id, time_ns, cpu, domain, vcpu, vector, event, tsc,\n"
    "        lead(event) OVER w AS after, lead(tsc) OVER w AS end_tsc\n"
    "    FROM record\n"
    "    WHERE event = " STR(EV_LAPIC_EOI) "\n"
    "        OR (event = " STR(EV_INJECT) " AND type = 0 AND flags & 24 = 0)\n"
    "    WINDOW w AS (PARTITION BY domain, vcpu, vector ORDER BY tsc, id)\n"
    ")\n"
    "SELECT id, time_ns, cpu, domain, vcpu, vector, end_tsc,\n"
    "    end_tsc - tsc AS ticks, (end_tsc - tsc) * 1000000 /\n"
    "    (SELECT value FROM metadata WHERE key = 'tsc_khz') AS duration_ns\n"
    "FROM step\n"
    "WHERE event = " STR(EV_INJECT) " AND after = " STR(EV_LAPIC_EOI) "\n"
    "    AND NOT EXISTS (SELECT 1 FROM loss WHERE loss.from_tsc < end_tsc\n"
    "                    AND loss.to_tsc > tsc);\n";

int export_sqlite_views(FILE *f)
{
    fputs(views, f);
    return ferror(f) ? -EIO : 0;
}

int export_sqlite_schema(FILE *f)
{
    int rc = export_sqlite_tables(f);

    return rc ? rc : export_sqlite_views(f);
}

#endif /* IDTAP_HAVE_SQLITE */
