/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters as text: Prometheus' own format, which node_exporter's textfile
 * collector reads, and OpenMetrics.  They differ in what a counter's family is
 * called, and in the last line.
 *
 * Names of guests are anybody's: they go through put_label() only.
 */
#include <inttypes.h>
#include <string.h>

#include "metrics.h"

struct printer {
    FILE *f;
    enum metrics_format format;
    const struct metrics *m;
};

const char *metrics_content_type(enum metrics_format format)
{
    return format == METRICS_TEXT
           ? "text/plain; version=0.0.4; charset=utf-8"
           : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

/* The head of a family; a counter's samples end in "_total". */
static void put_head(const struct printer *p, const char *name,
                     const char *type, const char *help)
{
    const char *suffix = p->format == METRICS_TEXT && !strcmp(type, "counter")
                         ? "_total" : "";

    fprintf(p->f, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name,
            suffix, type);
}

/* What is no UTF-8 would make the whole page unreadable. */
static void put_label(const struct printer *p, const char *key,
                      const char *value)
{
    fprintf(p->f, "%s=\"", key);
    for ( ; *value; value++ )
    {
        unsigned char c = (unsigned char)*value;

        if ( c == '"' || c == '\\' )
            fprintf(p->f, "\\%c", c);
        else if ( c < ' ' || c > '~' )
            fputc('?', p->f);
        else
            fputc(c, p->f);
    }
    fputc('"', p->f);
}

static void put_domain(const struct printer *p, const struct metrics_domain *d)
{
    fprintf(p->f, "{domain=\"%u\",", d->domain);
    put_label(p, "name", d->name);
}

static void put_total(const struct printer *p, const char *name,
                      const char *help, double value)
{
    put_head(p, name, "counter", help);
    fprintf(p->f, "%s_total %.17g\n", name, value);
}

static void put_gauge(const struct printer *p, const char *name,
                      const char *help, uint64_t value)
{
    put_head(p, name, "gauge", help);
    fprintf(p->f, "%s %" PRIu64 "\n", name, value);
}

static void put_word(const struct printer *p, const char *key,
                     const char *word)
{
    fputc(',', p->f);
    put_label(p, key, word);
}

/* A label that is a name, or the number of what has none. */
static void put_named(const struct printer *p, const char *key,
                      const char *name, const char *format, unsigned int n)
{
    char number[32];

    snprintf(number, sizeof(number), format, n);
    put_word(p, key, name ? name : number);
}

/* What a vCPU's event channel is bound to, as far as its kind has it. */
static void put_source(const struct printer *p, uint64_t key)
{
    unsigned int kind = IDTAP_EVTCHN_KEY_KIND(key);
    unsigned int source = IDTAP_EVTCHN_KEY_SOURCE(key);
    const char *name = kind == IDTAP_EVTCHN_IPI ? "none" :
                       kind == IDTAP_EVTCHN_VIRQ ? idtap_virq_name(source)
                                                 : NULL;

    put_named(p, "source", name, "%u", source);
}

static void put_vector(const struct printer *p, unsigned int table,
                       uint64_t key)
{
    int vector = table_vector(table, key);

    put_named(p, "vector", vector < 0 ? "none" : NULL, "0x%02x",
              (unsigned int)vector);
}

/*
 * The labels of a row; of all that had no room, the same ones.  What has no
 * name is a number.
 */
static void put_keys(const struct printer *p, unsigned int table,
                     const uint64_t *key)
{
    static const char *const single[TABLE_NR] = {
        [IDTAP_TAB_EXIT] = "reason", [IDTAP_TAB_SOFTIRQ] = "softirq",
    };
    static const char *const pairs[TABLE_NR][2] = {
        [IDTAP_TAB_PV_TRAP] = { "vector", "where" },
        [IDTAP_TAB_PV_UPCALL] = { "kind", "vector" },
        [IDTAP_TAB_EVTCHN] = { "kind", "source" },
    };
    unsigned int kind;

    if ( !key )
    {
        const char *const *pair = pairs[table];

        put_word(p, pair[0] ? pair[0] : single[table] ? single[table]
                                                      : "vector", "other");
        if ( pair[1] )
            put_word(p, pair[1], "other");
        return;
    }
    switch ( table )
    {
    case IDTAP_TAB_EXIT:
        put_named(p, single[table],
                  idtap_reason_name(p->m->vendor, (uint32_t)*key), "%u",
                  (unsigned int)*key);
        return;

    case IDTAP_TAB_SOFTIRQ:
        put_named(p, single[table], idtap_softirq_name((unsigned int)*key),
                  "%u", (unsigned int)*key);
        return;

    case IDTAP_TAB_PV_TRAP:
        put_vector(p, table, *key);
        put_word(p, "where", IDTAP_PV_TRAP_KEY_XEN(*key) ? "xen" : "guest");
        return;

    case IDTAP_TAB_PV_UPCALL:
        kind = IDTAP_UPCALL_KEY_KIND(*key);
        put_named(p, "kind", idtap_upcall_name(kind), "%u", kind);
        put_vector(p, table, *key);
        return;

    case IDTAP_TAB_EVTCHN:
        kind = IDTAP_EVTCHN_KEY_KIND(*key);
        put_named(p, "kind", idtap_evtchn_name(kind), "%u", kind);
        put_source(p, *key);
        return;

    default:
        put_vector(p, table, *key);
        return;
    }
}

static void put_table(const struct printer *p, const struct metrics_domain *d,
                      const char *name, unsigned int table, bool with_class)
{
    unsigned int i;

    for ( i = 0; i <= d->nr_rows; i++ )
    {
        bool other = i == d->nr_rows;

        if ( other ? !d->other[table] : d->rows[i].table != table )
            continue;
        fprintf(p->f, "%s_total", name);
        put_domain(p, d);
        if ( with_class )
            fprintf(p->f, ",class=\"%s\"",
                    idtap_class_name(table_class(table)));
        put_keys(p, table, other ? NULL : &d->rows[i].key);
        fprintf(p->f, "} %" PRIu64 "\n", other ? d->other[table]
                                               : d->rows[i].count);
    }
}

static void put_hist(const struct printer *p, const struct metrics_domain *d,
                     const char *name, const struct metrics_hist *h)
{
    uint64_t n = 0;
    unsigned int i;

    if ( !h->total )
        return;
    for ( i = 0; i < METRICS_BUCKETS; i++ )
    {
        n += h->count[i];
        fprintf(p->f, "%s_bucket", name);
        put_domain(p, d);
        if ( metrics_bounds[i] == UINT64_MAX )
            fprintf(p->f, ",le=\"+Inf\"} %" PRIu64 "\n", n);
        else
        {
            double le = (double)metrics_bounds[i] / 1e9;

            /* OpenMetrics wants a point in whole numbers. */
            fprintf(p->f, le < 1 ? ",le=\"%g\"} %" PRIu64 "\n"
                                 : ",le=\"%.1f\"} %" PRIu64 "\n", le, n);
        }
    }
    fprintf(p->f, "%s_sum", name);
    put_domain(p, d);
    fprintf(p->f, "} %.9f\n%s_count", h->sum, name);
    put_domain(p, d);
    fprintf(p->f, "} %" PRIu64 "\n", h->total);
}

static void put_counters(const struct printer *p)
{
    static const struct {
        const char *name, *help;
        unsigned int tables[6], nr;
    } families[] = {
        { "idtap_interrupts", "Interrupts, NMIs and exceptions: physical ones "
          "by whom they interrupted, and what guests got.",
          { IDTAP_TAB_IRQ, IDTAP_TAB_NMI, IDTAP_TAB_EXCEPTION,
            IDTAP_TAB_INJECT, TABLE_LAPIC, IDTAP_TAB_SWINT }, 6 },
        { "idtap_vm_exits", "VM exits.", { IDTAP_TAB_EXIT }, 1 },
        { "idtap_softirqs", "Softirqs of Xen's that ran.",
          { IDTAP_TAB_SOFTIRQ }, 1 },
        { "idtap_pv_traps", "Exceptions that a PV guest raised, or Xen itself "
          "while the guest was current.", { IDTAP_TAB_PV_TRAP }, 1 },
        { "idtap_pv_upcalls", "Times that Xen made a PV guest go to a handler "
          "of its own.", { IDTAP_TAB_PV_UPCALL }, 1 },
        { "idtap_evtchn_events", "Events of event channels, by what these are "
          "bound to.", { IDTAP_TAB_EVTCHN }, 1 },
    };
    const struct metrics *m = p->m;
    unsigned int f, i, k;

    for ( f = 0; f < sizeof(families) / sizeof(families[0]); f++ )
    {
        put_head(p, families[f].name, "counter", families[f].help);
        for ( i = 0; i < m->nr_domains; i++ )
            for ( k = 0; k < families[f].nr; k++ )
                put_table(p, &m->domains[i], families[f].name,
                          families[f].tables[k], !f);
    }
}

/* What idtap's own interception costs. */
static void put_caused(const struct printer *p)
{
    const struct metrics *m = p->m;
    unsigned int i;

    put_head(p, "idtap_intercepted_exits", "counter", "VM exits that idtap "
             "has caused by interception.");
    for ( i = 0; i < m->nr_domains; i++ )
        if ( m->domains[i].caused )
        {
            fputs("idtap_intercepted_exits_total", p->f);
            put_domain(p, &m->domains[i]);
            fprintf(p->f, "} %" PRIu64 "\n", m->domains[i].caused);
        }
    put_head(p, "idtap_intercepted_exit_seconds", "counter", "From these exits "
             "to the next entry of the vCPU.");
    for ( i = 0; i < m->nr_domains; i++ )
        if ( m->domains[i].caused )
        {
            fputs("idtap_intercepted_exit_seconds_total", p->f);
            put_domain(p, &m->domains[i]);
            fprintf(p->f, "} %.9f\n", m->domains[i].caused_seconds);
        }
}

static void put_hists(const struct printer *p)
{
    static const struct {
        const char *name, *help;
        size_t offset;
    } hists[] = {
        { "idtap_vm_exit_seconds", "From an exit to the next entry of the "
          "vCPU, without HLT and MWAIT.",
          offsetof(struct metrics_domain, exit) },
        { "idtap_irq_seconds", "In handlers of physical interrupts.",
          offsetof(struct metrics_domain, irq) },
        { "idtap_nmi_seconds", "In handlers of physical NMIs.",
          offsetof(struct metrics_domain, nmi) },
        { "idtap_softirq_seconds", "In softirqs that returned.",
          offsetof(struct metrics_domain, softirq) },
        { "idtap_lapic_wait_seconds", "From when a local APIC accepted an "
          "interrupt until it was injected.",
          offsetof(struct metrics_domain, lapic) },
        { "idtap_evtchn_upcall_seconds", "From when an event became pending "
          "until the upcall into the PV guest.",
          offsetof(struct metrics_domain, evtchn) },
    };
    unsigned int i, k;

    for ( k = 0; k < sizeof(hists) / sizeof(hists[0]); k++ )
    {
        put_head(p, hists[k].name, "histogram", hists[k].help);
        for ( i = 0; i < p->m->nr_domains; i++ )
        {
            const struct metrics_domain *d = &p->m->domains[i];

            put_hist(p, d, hists[k].name,
                     (const void *)((const char *)d + hists[k].offset));
        }
    }
}

void metrics_print(const struct metrics *m, enum metrics_format format,
                   FILE *f)
{
    struct printer p = { .f = f, .format = format, .m = m };

    put_head(&p, "idtap_build_info", "gauge", "The version of idtap.");
    fprintf(f, "idtap_build_info{version=\"%s\"} 1\n", IDTAP_VERSION);
    put_gauge(&p, "idtap_cpus", "CPUs of the host that have recorded.",
              m->nr_cpus);
    put_total(&p, "idtap_records", "Records read.", (double)m->records);
    put_total(&p, "idtap_lost_records", "Records lost: the ring was full.",
              (double)m->lost);
    put_total(&p, "idtap_lost_packets", "Packets missing, with an unknown "
              "number of records.", (double)m->packets_lost);
    put_total(&p, "idtap_cpu_seconds", "CPU time of idtap in dom0.",
              (double)m->self_ns / 1e9);
    put_counters(&p);
    put_caused(&p);
    put_hists(&p);
    if ( format == METRICS_OPENMETRICS )
        fputs("# EOF\n", f);
}
