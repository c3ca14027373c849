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

/* The label of a row, "0xf3" or "MSR". */
static void put_key(const struct printer *p, const struct metrics_row *r)
{
    const char *name = NULL;
    char number[32];

    if ( r->table == IDTAP_TAB_EXIT )
        name = idtap_reason_name(p->m->vendor, (uint32_t)r->key);
    else if ( r->table == IDTAP_TAB_SOFTIRQ )
        name = idtap_softirq_name((unsigned int)r->key);
    snprintf(number, sizeof(number), table_vector(r->table, r->key) < 0
             ? "%" PRIu64 : "0x%02" PRIx64, r->key);
    put_label(p, r->table == IDTAP_TAB_EXIT ? "reason" :
                 r->table == IDTAP_TAB_SOFTIRQ ? "softirq" : "vector",
              name ? name : number);
}

static void put_table(const struct printer *p, const struct metrics_domain *d,
                      const char *name, unsigned int table)
{
    bool by_vector = table != IDTAP_TAB_EXIT && table != IDTAP_TAB_SOFTIRQ;
    const char *key = table == IDTAP_TAB_EXIT ? "reason" :
                      table == IDTAP_TAB_SOFTIRQ ? "softirq" : "vector";
    unsigned int i;

    for ( i = 0; i <= d->nr_rows; i++ )
    {
        if ( i < d->nr_rows ? d->rows[i].table != table : !d->other[table] )
            continue;
        fprintf(p->f, "%s_total", name);
        put_domain(p, d);
        if ( by_vector )
            fprintf(p->f, ",class=\"%s\"",
                    idtap_class_name(table_class(table)));
        fputc(',', p->f);
        if ( i < d->nr_rows )
            put_key(p, &d->rows[i]);
        else
            put_label(p, key, "other");
        fprintf(p->f, "} %" PRIu64 "\n", i < d->nr_rows ? d->rows[i].count
                                                       : d->other[table]);
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
    static const unsigned int interrupts[] = {
        IDTAP_TAB_IRQ, IDTAP_TAB_NMI, IDTAP_TAB_EXCEPTION, IDTAP_TAB_INJECT,
        TABLE_LAPIC,
    };
    const struct metrics *m = p->m;
    unsigned int i, k;

    put_head(p, "idtap_interrupts", "counter", "Interrupts, NMIs and "
             "exceptions: physical ones by whom they interrupted, and what "
             "guests got.");
    for ( i = 0; i < m->nr_domains; i++ )
        for ( k = 0; k < 5; k++ )
            put_table(p, &m->domains[i], "idtap_interrupts", interrupts[k]);
    put_head(p, "idtap_vm_exits", "counter", "VM exits.");
    for ( i = 0; i < m->nr_domains; i++ )
        put_table(p, &m->domains[i], "idtap_vm_exits", IDTAP_TAB_EXIT);
    put_head(p, "idtap_softirqs", "counter", "Softirqs of Xen's that ran.");
    for ( i = 0; i < m->nr_domains; i++ )
        put_table(p, &m->domains[i], "idtap_softirqs", IDTAP_TAB_SOFTIRQ);
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
    put_hists(&p);
    if ( format == METRICS_OPENMETRICS )
        fputs("# EOF\n", f);
}
