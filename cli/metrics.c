/* SPDX-License-Identifier: GPL-2.0-only */
/* Adding up what intervals count. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/metadata.h>

#include "metrics.h"
#include "top_model.h"

const uint64_t metrics_bounds[METRICS_BUCKETS] = {
    1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000,
    2000000, 5000000, 10000000, 100000000, 1000000000, UINT64_MAX,
};

/* The largest value of a bucket (include/idtap/hist.h). */
static uint64_t bucket_end(unsigned int row, unsigned int column)
{
    uint64_t width = row ? 1ull << (row - 1) : 1;

    return row ? ((uint64_t)IDTAP_HIST_SUB + column) * width + (width - 1)
               : column;
}

static void add_hist(struct metrics_hist *to, const struct idtap_hist *h,
                     uint64_t khz)
{
    unsigned int r, c, b;

    for ( r = 0; r < IDTAP_HIST_ROWS; r++ )
        for ( c = 0; h->row[r] && c < IDTAP_HIST_SUB; c++ )
        {
            uint64_t ns;

            if ( !h->row[r][c] )
                continue;
            ns = bucket_end(r, c) < h->max ? bucket_end(r, c) : h->max;
            ns = idtap_tsc_to_ns(ns, khz);
            for ( b = 0; ns > metrics_bounds[b]; b++ )
                ;
            to->count[b] += h->row[r][c];
        }
    to->total += h->count;
    to->sum += (double)idtap_tsc_to_ns(h->sum, khz) / 1e9;
}

/* What a series is told apart by. */
static uint64_t series_key(unsigned int table, uint64_t key)
{
    int vector;

    if ( key == IDTAP_KEY_OTHER )
        return key;
    switch ( table )
    {
    case IDTAP_TAB_PV_TRAP:
    case IDTAP_TAB_PV_UPCALL:
        return key;

    case IDTAP_TAB_EVTCHN:
        /* A guest that starts anew has other ports for the same things. */
        return IDTAP_EVTCHN_KEY(0, IDTAP_EVTCHN_KEY_KIND(key),
                                IDTAP_EVTCHN_KEY_SOURCE(key));

    default:
        /* Of interrupts, the vector alone. */
        vector = table_vector(table, key);
        return vector < 0 ? key : (uint64_t)vector;
    }
}

static int add_count(const struct metrics *m, struct metrics_domain *d,
                     unsigned int table, uint64_t key, uint64_t count)
{
    struct metrics_row *row;
    unsigned int i;

    key = series_key(table, key);
    for ( i = 0; i < d->nr_rows; i++ )
        if ( d->rows[i].table == table && d->rows[i].key == key )
        {
            d->rows[i].count += count;
            return 0;
        }
    if ( key == IDTAP_KEY_OTHER || d->nr_in[table] >= m->limit )
    {
        d->other[table] += count;
        return 0;
    }
    row = realloc(d->rows, (d->nr_rows + 1) * sizeof(*row));
    if ( !row )
        return -ENOMEM;
    d->rows = row;
    d->rows[d->nr_rows++] = (struct metrics_row){ table, key, count };
    d->nr_in[table]++;
    return 0;
}

static struct metrics_hist *hist_of(struct metrics_domain *d,
                                    unsigned int table)
{
    switch ( table )
    {
    case IDTAP_TAB_EXIT: return &d->exit;
    case IDTAP_TAB_IRQ: return &d->irq;
    case IDTAP_TAB_NMI: return &d->nmi;
    case IDTAP_TAB_SOFTIRQ: return &d->softirq;
    case IDTAP_TAB_EVTCHN: return &d->evtchn;
    default: return NULL;
    }
}

static int add_table(const struct metrics *m, struct metrics_domain *d,
                     const struct interval *in,
                     const struct idtap_domain_stats *s, unsigned int table)
{
    struct metrics_hist *hist = hist_of(d, table);
    unsigned int i, nr;
    const struct idtap_row **rows = idtap_stats_rows(s, table, &nr);
    int rc = nr && !rows ? -ENOMEM : 0;

    /* Rows come by falling count: the most frequent get the series. */
    for ( i = 0; i < nr && !rc; i++ )
    {
        rc = add_count(m, d, table, rows[i]->key, rows[i]->count);
        /* HLT would be all that is seen. */
        if ( hist && (table != IDTAP_TAB_EXIT ||
                      top_is_busy(in->vendor, table, rows[i]->key)) )
            add_hist(hist, &rows[i]->time, in->tsc_khz);
    }
    free(rows);
    return rc;
}

static int add_caused(struct metrics_domain *d, const struct interval *in,
                      const struct idtap_domain_stats *s)
{
    unsigned int i, nr;
    const struct idtap_row **rows = idtap_stats_rows(s, IDTAP_TAB_CAUSED, &nr);
    int rc = nr && !rows ? -ENOMEM : 0;

    for ( i = 0; i < nr && !rc; i++ )
    {
        d->caused += rows[i]->count;
        d->caused_seconds +=
            (double)idtap_tsc_to_ns(rows[i]->time.sum, in->tsc_khz) / 1e9;
    }
    free(rows);
    return rc;
}

static int add_domain(struct metrics *m, struct metrics_domain *d,
                      const struct interval *in,
                      const struct idtap_domain_stats *s)
{
    const struct idtap_lapic_row **lapic;
    unsigned int t, i, nr;
    int rc = 0;

    for ( t = 0; t < IDTAP_TAB_NR && !rc; t++ )
        if ( table_class(t) )
            rc = add_table(m, d, in, s, t);
    if ( !rc )
        rc = add_caused(d, in, s);
    if ( rc )
        return rc;

    lapic = idtap_stats_lapic_rows(s, &nr);
    rc = nr && !lapic ? -ENOMEM : 0;
    for ( i = 0; i < nr && !rc; i++ )
    {
        rc = add_count(m, d, TABLE_LAPIC, lapic[i]->key, lapic[i]->accepted);
        add_hist(&d->lapic, &lapic[i]->wait, in->tsc_khz);
    }
    free(lapic);
    return rc;
}

static void drop(struct metrics *m, struct metrics_domain *d)
{
    free(d->rows);
    *d = m->domains[--m->nr_domains];
}

/* The entry of a domain as it lives now; one of a former life goes. */
static struct metrics_domain *domain_of(struct metrics *m,
                                        const struct interval *in,
                                        uint16_t domain)
{
    unsigned int life = domain_names_life(in->names, domain), i;
    const char *name = domain_names_get(in->names, domain);
    struct metrics_domain *d;

    for ( i = 0; i < m->nr_domains; i++ )
        if ( m->domains[i].domain == domain )
            break;
    if ( i < m->nr_domains && m->domains[i].life != life )
    {
        drop(m, &m->domains[i]);
        i = m->nr_domains;
    }
    if ( i == m->nr_domains )
    {
        d = realloc(m->domains, (m->nr_domains + 1) * sizeof(*d));
        if ( !d )
            return NULL;
        m->domains = d;
        memset(&d[m->nr_domains++], 0, sizeof(*d));
    }
    d = &m->domains[i];
    d->domain = domain;
    d->life = life;
    d->heard_ns = in->realtime_ns;
    snprintf(d->name, sizeof(d->name), "%s",
             name ? name : domain == IDTAP_DOMID_IDLE ? "idle" : "");
    return d;
}

static int by_id(const void *a, const void *b)
{
    const struct metrics_domain *x = a, *y = b;

    return (x->domain > y->domain) - (x->domain < y->domain);
}

int metrics_add(struct metrics *m, const struct interval *in)
{
    const struct idtap_domain_stats **all;
    unsigned int i, nr;
    uint64_t chosen;
    int rc;

    m->vendor = in->vendor;
    m->nr_cpus = in->nr_cpus;
    m->lost += in->lost;
    m->self_ns += in->self_ns;
    idtap_stats_records(in->stats, &chosen);
    m->records += chosen;
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        m->packets_lost += idtap_stats_cpu(in->stats, i).lost_packets;

    all = idtap_stats_domains(in->stats, &nr);
    rc = nr && !all ? -ENOMEM : 0;
    for ( i = 0; i < nr && !rc; i++ )
    {
        struct metrics_domain *d;

        if ( !all[i]->records || all[i]->domain > UINT16_MAX )
            continue;
        d = domain_of(m, in, (uint16_t)all[i]->domain);
        rc = d ? add_domain(m, d, in, all[i]) : -ENOMEM;
    }
    free(all);

    for ( i = m->nr_domains; m->forget_ns && i-- > 0; )
        if ( in->realtime_ns - m->domains[i].heard_ns > m->forget_ns )
            drop(m, &m->domains[i]);
    if ( m->nr_domains )
        qsort(m->domains, m->nr_domains, sizeof(*m->domains), by_id);
    return rc;
}

void metrics_clear(struct metrics *m)
{
    while ( m->nr_domains )
        drop(m, &m->domains[0]);
    free(m->domains);
    m->domains = NULL;
}
