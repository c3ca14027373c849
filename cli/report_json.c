/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report for programs.  One object; keys are never renamed, new ones may
 * come.  All numbers are exact integers, times in nanoseconds; a name that is
 * not known is null.
 *
 *   trace, uuid, hostname, xen_version, xen_build_id, cpu_vendor, cpu_model,
 *   idtap_version, command                                        strings
 *   tsc_khz, start_realtime_ns, duration_ns, records, chosen
 *   complete      false: something was wrong with the trace, see stderr
 *   cpus          [{cpu, records, packets, discarded, lost_packets}]
 *   domains       [{domain, name, records, exits, injected, exceptions, caused,
 *                   swints, pv_traps, pv_upcalls, evtchns, irqs, softirqs, nmis,
 *                   lapic}], by id
 *   irqs          as in domains, summed up
 *
 *   exits         [{reason, name, count, time}]
 *   injected      [{vector, name, count, again}]
 *   exceptions    [{vector, name, count, intercepted}]
 *   irqs          [{vector, irq, owner, name, count, in_guest, time}]
 *   softirqs      [{softirq, name, count, raised, time}]
 *   nmis          [{count, in_guest, time}]
 *   caused        [{vector, name, count, time}]; vector null: INT n
 *   swints        [{vector, count}]
 *   pv_traps      [{vector, name, in_xen, count}]
 *   pv_upcalls    [{vector, name, kind, count}]; name: of the kind; vector
 *                 null: it has none
 *   evtchns       [{port, kind, name, source, source_name, count, pending,
 *                   time}]; source: other domain, PIRQ, VIRQ, or null;
 *                 time: null but in the page of `idtap html`
 *   lapic         [{vector, accepted, coalesced, level, virtual, eois,
 *                   accept_to_inject, inject_to_eoi, accept_to_eoi}], not there
 *                 if there are none; coalesced, level, virtual: of the accepted;
 *                 the last three are like time
 *   time          {count, sum_ns, min_ns, mean_ns, p50_ns, p99_ns, p999_ns,
 *                 max_ns}, or null if nothing could be timed; count: how many
 *                 were
 *
 * Rows are in order of falling count.  What there was no room for is in the
 * domain 65536, in rows with a key of 2^64 - 1 cut to its width.  With --table,
 * there are no domains and irqs, but
 *
 *   tables        [{table, rows, notes}], the rows' keys: cli/sheet.h
 */
#include <errno.h>
#include <stdlib.h>

#include "json.h"
#include "report.h"

static void put_name(struct json *j, const char *name)
{
    if ( name )
        json_string(j, "name", name);
    else
        json_null(j, "name");
}

static void put_times(struct json *j, const struct report *report,
                      const char *key, const struct idtap_hist *h)
{
    uint64_t khz = idtap_trace_info(report->r.trace)->tsc_khz;

    if ( !h->count )
    {
        json_null(j, key);
        return;
    }

    json_object(j, key);
    json_uint(j, "count", h->count);
    json_uint(j, "sum_ns", idtap_tsc_to_ns(h->sum, khz));
    json_uint(j, "min_ns", idtap_tsc_to_ns(h->min, khz));
    json_uint(j, "mean_ns", idtap_tsc_to_ns(idtap_hist_mean(h), khz));
    json_uint(j, "p50_ns", idtap_tsc_to_ns(idtap_hist_quantile(h, 500), khz));
    json_uint(j, "p99_ns", idtap_tsc_to_ns(idtap_hist_quantile(h, 990), khz));
    json_uint(j, "p999_ns",
              idtap_tsc_to_ns(idtap_hist_quantile(h, 999), khz));
    json_uint(j, "max_ns", idtap_tsc_to_ns(h->max, khz));
    json_end_object(j);
}

static void put_time(struct json *j, const struct report *report,
                     const struct idtap_hist *h)
{
    put_times(j, report, "time", h);
}

static void put_irq_key(struct json *j, uint64_t key)
{
    unsigned int vector = IDTAP_IRQ_KEY_VECTOR(key);
    int32_t irq = IDTAP_IRQ_KEY_IRQ(key);
    const char *owner = idtap_owner_name(IDTAP_IRQ_KEY_OWNER(key));

    json_uint(j, "vector", vector);
    if ( irq >= 0 )
        json_int(j, "irq", irq);
    else
        json_null(j, "irq");
    if ( owner )
        json_string(j, "owner", owner);
    else
        json_null(j, "owner");
    put_name(j, irq < 0 ? idtap_host_vector_name(vector) : NULL);
}

/* What the channel is bound to; an IPI's is bound to nothing else. */
static void put_source(struct json *j, uint64_t key)
{
    unsigned int kind = IDTAP_EVTCHN_KEY_KIND(key);
    unsigned int source = IDTAP_EVTCHN_KEY_SOURCE(key);
    const char *name = kind == IDTAP_EVTCHN_VIRQ ? idtap_virq_name(source)
                                                 : NULL;

    if ( kind == IDTAP_EVTCHN_IPI )
        json_null(j, "source");
    else
        json_uint(j, "source", source);
    if ( name )
        json_string(j, "source_name", name);
    else
        json_null(j, "source_name");
}

static void put_row(struct json *j, const struct report *report,
                    enum idtap_table table, const struct idtap_row *row)
{
    unsigned int key = (unsigned int)row->key;

    json_object(j, NULL);
    switch ( table )
    {
    case IDTAP_TAB_EXIT:
        json_uint(j, "reason", key);
        put_name(j, idtap_reason_name(report->r.vendor, key));
        json_uint(j, "count", row->count);
        put_time(j, report, &row->time);
        break;

    case IDTAP_TAB_INJECT:
    case IDTAP_TAB_EXCEPTION:
        json_uint(j, "vector", key);
        put_name(j, key < 32 ? idtap_exception_name(key) : NULL);
        json_uint(j, "count", row->count);
        json_uint(j, table == IDTAP_TAB_INJECT ? "again" : "intercepted",
                  row->extra);
        break;

    case IDTAP_TAB_CAUSED:
        if ( key == IDTAP_CAUSED_SWINT )
            json_null(j, "vector"); /* INT n, whatever n */
        else
            json_uint(j, "vector", key);
        put_name(j, key < 32 ? idtap_exception_name(key) : NULL);
        json_uint(j, "count", row->count);
        put_time(j, report, &row->time);
        break;

    case IDTAP_TAB_SWINT:
        json_uint(j, "vector", key);
        json_uint(j, "count", row->count);
        break;

    case IDTAP_TAB_PV_TRAP:
        json_uint(j, "vector", key & 0xff);
        put_name(j, (key & 0xff) < 32 ? idtap_exception_name(key & 0xff)
                                      : NULL);
        json_bool(j, "in_xen", IDTAP_PV_TRAP_KEY_XEN(row->key));
        json_uint(j, "count", row->count);
        break;

    case IDTAP_TAB_PV_UPCALL:
        if ( idtap_upcall_has_vector(IDTAP_UPCALL_KEY_KIND(row->key)) ||
             row->key == IDTAP_KEY_OTHER )
            json_uint(j, "vector", key & 0xff);
        else
            json_null(j, "vector"); /* and not #DE's */
        put_name(j, idtap_upcall_name(IDTAP_UPCALL_KEY_KIND(row->key)));
        json_uint(j, "kind", IDTAP_UPCALL_KEY_KIND(row->key));
        json_uint(j, "count", row->count);
        break;

    case IDTAP_TAB_EVTCHN:
        json_uint(j, "port", IDTAP_EVTCHN_KEY_PORT(row->key));
        json_uint(j, "kind", IDTAP_EVTCHN_KEY_KIND(row->key));
        put_name(j, idtap_evtchn_name(IDTAP_EVTCHN_KEY_KIND(row->key)));
        put_source(j, row->key);
        json_uint(j, "count", row->count);
        json_uint(j, "pending", row->extra);
        put_time(j, report, &row->time);
        break;

    case IDTAP_TAB_SOFTIRQ:
        json_uint(j, "softirq", key);
        put_name(j, idtap_softirq_name(key));
        json_uint(j, "count", row->count);
        json_uint(j, "raised", row->extra);
        put_time(j, report, &row->time);
        break;

    default:
        if ( table == IDTAP_TAB_IRQ )
            put_irq_key(j, row->key);
        json_uint(j, "count", row->count);
        json_uint(j, "in_guest", row->extra);
        put_time(j, report, &row->time);
        break;
    }
    json_end_object(j);
}

static int put_table(struct json *j, const struct report *report,
                     const struct idtap_domain_stats *d,
                     enum idtap_table table, const char *key)
{
    unsigned int i, nr;
    const struct idtap_row **rows = idtap_stats_rows(d, table, &nr);

    if ( !rows && nr )
        return -ENOMEM;

    json_array(j, key);
    for ( i = 0; i < nr; i++ )
        put_row(j, report, table, rows[i]);
    json_end_array(j);

    free(rows);
    return 0;
}

static int put_lapic(struct json *j, const struct report *report,
                     const struct idtap_domain_stats *d)
{
    unsigned int i, nr;
    const struct idtap_lapic_row **rows = idtap_stats_lapic_rows(d, &nr);

    if ( !rows )
        return nr ? -ENOMEM : 0;

    json_array(j, "lapic");
    for ( i = 0; i < nr; i++ )
    {
        const struct idtap_lapic_row *row = rows[i];

        json_object(j, NULL);
        json_uint(j, "vector", row->key);
        json_uint(j, "accepted", row->accepted);
        json_uint(j, "coalesced", row->pending);
        json_uint(j, "level", row->level);
        json_uint(j, "virtual", row->queued);
        json_uint(j, "eois", row->eois);
        put_times(j, report, "accept_to_inject", &row->wait);
        put_times(j, report, "inject_to_eoi", &row->service);
        put_times(j, report, "accept_to_eoi", &row->total);
        json_end_object(j);
    }
    json_end_array(j);

    free(rows);
    return 0;
}

static int put_domain(struct json *j, const struct report *report,
                      const struct idtap_domain_stats *d)
{
    static const struct { enum idtap_table table; const char *key; } t[] = {
        { IDTAP_TAB_EXIT, "exits" },
        { IDTAP_TAB_INJECT, "injected" },
        { IDTAP_TAB_EXCEPTION, "exceptions" },
        { IDTAP_TAB_CAUSED, "caused" },
        { IDTAP_TAB_SWINT, "swints" },
        { IDTAP_TAB_PV_TRAP, "pv_traps" },
        { IDTAP_TAB_PV_UPCALL, "pv_upcalls" },
        { IDTAP_TAB_EVTCHN, "evtchns" },
        { IDTAP_TAB_IRQ, "irqs" },
        { IDTAP_TAB_SOFTIRQ, "softirqs" },
        { IDTAP_TAB_NMI, "nmis" },
    };
    unsigned int i;
    int rc = 0;

    json_object(j, NULL);
    json_uint(j, "domain", d->domain);
    put_name(j, idtap_trace_names_get(report->r.names, (uint16_t)d->domain));
    json_uint(j, "records", d->records);
    for ( i = 0; i < sizeof(t) / sizeof(t[0]) && !rc; i++ )
        rc = put_table(j, report, d, t[i].table, t[i].key);
    if ( !rc )
        rc = put_lapic(j, report, d);
    json_end_object(j);

    return rc;
}

static int put_domains(struct json *j, const struct report *report)
{
    unsigned int i, nr;
    const struct idtap_domain_stats **all =
        idtap_stats_domains(report->stats, &nr);
    int rc = !all && nr ? -ENOMEM : 0;

    json_array(j, "domains");
    for ( i = 0; i < nr && !rc; i++ )
        if ( all[i]->records || all[i]->domain == IDTAP_DOMAIN_OTHER )
            rc = put_domain(j, report, all[i]);
    json_end_array(j);

    free(all);
    return rc;
}

static void put_cpus(struct json *j, const struct report *report)
{
    unsigned int i;

    json_array(j, "cpus");
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        struct idtap_cpu_stats c = idtap_stats_cpu(report->stats, i);

        if ( !c.present )
            continue;
        json_object(j, NULL);
        json_uint(j, "cpu", i);
        json_uint(j, "records", c.records);
        json_uint(j, "packets", c.packets);
        json_uint(j, "discarded", c.discarded);
        json_uint(j, "lost_packets", c.lost_packets);
        json_end_object(j);
    }
    json_end_array(j);
}

void report_json_facts(struct json *j, const struct report *report)
{
    const struct idtap_trace_info *info = idtap_trace_info(report->r.trace);
    uint64_t chosen, records = idtap_stats_records(report->stats, &chosen);
    char uuid[33];
    unsigned int i;

    for ( i = 0; i < 16; i++ )
        snprintf(uuid + 2 * i, 3, "%02x", info->uuid[i]);

    json_string(j, "trace", report->r.dir);
    json_string(j, "uuid", uuid);
    json_string(j, "hostname", info->hostname);
    json_string(j, "xen_version", info->xen_version);
    json_string(j, "xen_build_id", info->xen_build_id);
    json_string(j, "cpu_vendor", info->cpu_vendor);
    json_string(j, "cpu_model", info->cpu_model);
    json_string(j, "idtap_version", info->idtap_version);
    json_string(j, "command", info->command);
    json_uint(j, "tsc_khz", info->tsc_khz);
    json_uint(j, "start_realtime_ns", info->start_realtime_ns);
    json_uint(j, "duration_ns", report->duration_ns);
    json_uint(j, "records", records);
    json_uint(j, "chosen", chosen);
    json_bool(j, "complete", report->complete);
    put_cpus(j, report);
}

int report_json(const struct report *report)
{
    struct idtap_domain_stats sum = { 0 };
    struct json j;
    int rc;

    json_init(&j, report->out ? report->out : stdout, !report->out);
    json_object(&j, NULL);
    report_json_facts(&j, report);
    rc = put_domains(&j, report);
    if ( !rc )
        rc = idtap_stats_sum(report->stats, IDTAP_TAB_IRQ, &sum);
    if ( !rc )
        rc = put_table(&j, report, &sum, IDTAP_TAB_IRQ, "irqs");
    json_end_object(&j);

    idtap_domain_stats_clear(&sum);
    return rc;
}
