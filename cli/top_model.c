/* SPDX-License-Identifier: GPL-2.0-only */
/* From the statistics of an interval to the numbers that are shown. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/metadata.h>

#include "top_model.h"

bool top_is_busy(enum idtap_vendor vendor, unsigned int table, uint64_t key)
{
    const char *name;

    if ( table != IDTAP_TAB_EXIT )
        return table != TABLE_LAPIC && table != IDTAP_TAB_EVTCHN;
    name = idtap_reason_name(vendor, (uint32_t)key);
    return !name || (strcmp(name, "HLT") && strncmp(name, "MWAIT", 5));
}

static void summarise(struct top_times *t, const struct idtap_hist *h,
                      uint64_t khz)
{
    memset(t, 0, sizeof(*t));
    if ( !h->count )
        return;
    t->count = h->count;
    t->sum = idtap_tsc_to_ns(h->sum, khz);
    t->min = idtap_tsc_to_ns(h->min, khz);
    t->mean = idtap_tsc_to_ns(idtap_hist_mean(h), khz);
    t->p99 = idtap_tsc_to_ns(idtap_hist_quantile(h, 990), khz);
    t->max = idtap_tsc_to_ns(h->max, khz);
}

/* The smallest value of a bucket (include/idtap/hist.h). */
static uint64_t bucket_begin(unsigned int row, unsigned int column)
{
    return row ? ((uint64_t)IDTAP_HIST_SUB + column) << (row - 1) : column;
}

static void fill_bars(uint64_t bars[TOP_BARS], const struct idtap_hist *h,
                      uint64_t khz)
{
    unsigned int r, c;

    memset(bars, 0, TOP_BARS * sizeof(*bars));
    for ( r = 0; r < IDTAP_HIST_ROWS; r++ )
        for ( c = 0; h->row[r] && c < IDTAP_HIST_SUB; c++ )
        {
            uint64_t ns = idtap_tsc_to_ns(bucket_begin(r, c), khz);

            bars[ns ? 63 - __builtin_clzll(ns) : 0] += h->row[r][c];
        }
}

/* Is this the event that is watched? */
static bool is_watched(const struct top_watch *w, const struct top_row *row)
{
    return w->on && w->row.domain == row->domain &&
           w->row.life == row->life && w->row.table == row->table &&
           w->row.key == row->key;
}

static int add_row(struct top_model *m, const struct interval *in,
                   struct top_domain *d, const struct top_row *what,
                   const struct idtap_hist *time)
{
    struct top_row *row;

    if ( !(m->nr_rows & (m->nr_rows - 1)) )
    {
        unsigned int room = m->nr_rows ? 2 * m->nr_rows : 1;

        row = realloc(m->rows, room * sizeof(*row));
        if ( !row )
            return -ENOMEM;
        m->rows = row;
    }
    row = &m->rows[m->nr_rows++];
    *row = *what;
    row->domain = d->domain;
    row->life = domain_names_life(in->names, d->domain);
    memcpy(row->domain_text, d->text, sizeof(row->domain_text));
    row->busy = top_is_busy(in->vendor, row->table, row->key);
    row_name(in->vendor, row->table, row->key, row->name, sizeof(row->name));
    summarise(&row->time, time, in->tsc_khz);

    d->count[row->table] += row->count;
    m->seen |= table_class(row->table);
    if ( row->table == IDTAP_TAB_EXIT && row->busy )
        d->xen_ns += row->time.sum;
    if ( is_watched(&m->watch, row) )
    {
        m->watch.row = *row;
        fill_bars(m->watch.bars, time, in->tsc_khz);
    }
    return 0;
}

/* Has it no row of its own?  Rows come by falling count. */
static bool is_one_of_many(const struct top_model *m,
                           const struct idtap_domain_stats *s,
                           const struct idtap_row *row, enum idtap_table table,
                           unsigned int nr_before)
{
    const struct top_row *watched = &m->watch.row;

    if ( table != IDTAP_TAB_EVTCHN )
        return false;
    return row->key == IDTAP_KEY_OTHER ||
           (nr_before >= TOP_PORTS &&
            !(m->watch.on && watched->domain == s->domain &&
              watched->table == table && watched->key == row->key));
}

static int add_table(struct top_model *m, const struct interval *in,
                     struct top_domain *d, const struct idtap_domain_stats *s,
                     enum idtap_table table)
{
    struct top_row others = { .table = table, .key = IDTAP_KEY_OTHER };
    unsigned int i, nr;
    const struct idtap_row **rows = idtap_stats_rows(s, table, &nr);
    int rc = !rows && nr ? -ENOMEM : 0;

    for ( i = 0; i < nr && !rc; i++ )
    {
        struct top_row row = {
            .table = table, .key = rows[i]->key, .count = rows[i]->count,
            .extra = rows[i]->extra,
        };

        if ( is_one_of_many(m, s, rows[i], table, i) )
        {
            others.count += row.count;
            others.extra += row.extra;
        }
        else
            rc = add_row(m, in, d, &row, &rows[i]->time);
    }
    free(rows);
    if ( !rc && others.count )
        rc = add_row(m, in, d, &others, &(struct idtap_hist){ 0 });
    return rc;
}

/* These exits have a row by their reason, too. */
static int add_caused(struct top_model *m, const struct interval *in,
                      const struct idtap_domain_stats *s)
{
    unsigned int i, nr;
    const struct idtap_row **rows = idtap_stats_rows(s, IDTAP_TAB_CAUSED, &nr);
    int rc = !rows && nr ? -ENOMEM : 0;

    for ( i = 0; i < nr && !rc; i++ )
    {
        m->caused += rows[i]->count;
        m->caused_ns += idtap_tsc_to_ns(rows[i]->time.sum, in->tsc_khz);
    }
    free(rows);
    return rc;
}

static int add_lapic(struct top_model *m, const struct interval *in,
                     struct top_domain *d, const struct idtap_domain_stats *s)
{
    unsigned int i, nr;
    const struct idtap_lapic_row **rows = idtap_stats_lapic_rows(s, &nr);
    int rc = !rows && nr ? -ENOMEM : 0;

    for ( i = 0; i < nr && !rc; i++ )
    {
        struct top_row row = {
            .table = TABLE_LAPIC, .key = rows[i]->key,
            .count = rows[i]->accepted, .extra = rows[i]->pending,
        };

        rc = add_row(m, in, d, &row, rows[i]->wait.count ? &rows[i]->wait
                                                         : &rows[i]->total);
    }
    free(rows);
    return rc;
}

static int add_domain(struct top_model *m, const struct interval *in,
                      const struct idtap_domain_stats *s)
{
    struct top_domain *d = &m->domains[m->nr_domains];
    unsigned int t;
    int rc = 0;

    if ( !s->records || s->domain > UINT16_MAX )
        return 0;
    m->nr_domains++;
    memset(d, 0, sizeof(*d));
    d->domain = (uint16_t)s->domain;
    d->records = s->records;
    domain_names_text(in->names, d->domain, d->text);
    for ( t = 0; t < IDTAP_TAB_NR && !rc; t++ )
        if ( table_class(t) )
            rc = add_table(m, in, d, s, t);
    if ( !rc )
        rc = add_caused(m, in, s);
    return rc ? rc : add_lapic(m, in, d, s);
}

static void begin_watch(struct top_watch *w, const struct interval *in)
{
    struct top_row *row = &w->row;

    if ( !w->on )
        return;
    row->count = row->extra = 0;
    memset(&row->time, 0, sizeof(row->time));
    memset(w->bars, 0, sizeof(w->bars));
    w->vanished = row->life != domain_names_life(in->names, row->domain);
}

static void end_watch(struct top_watch *w, const struct top_model *m)
{
    if ( !w->on )
        return;
    if ( w->nr_history == TOP_HISTORY )
        memmove(w->history, w->history + 1,
                --w->nr_history * sizeof(w->history[0]));
    w->history[w->nr_history++] = top_rate(m, w->row.count);
}

int top_model_update(struct top_model *m, const struct interval *in)
{
    const struct idtap_domain_stats **all;
    unsigned int i, nr;
    uint64_t chosen;
    int rc;

    m->number = in->number;
    m->ns = in->ns;
    m->realtime_ns = in->realtime_ns;
    m->nr_cpus = in->nr_cpus;
    m->lost = in->lost;
    m->lost_total = in->lost_total;
    m->self_ns = in->self_ns;
    idtap_stats_records(in->stats, &chosen);
    m->records = chosen;
    m->nr_rows = m->nr_domains = 0;
    m->caused = m->caused_ns = 0;

    all = idtap_stats_domains(in->stats, &nr);
    free(m->domains);
    m->domains = calloc(nr ? nr : 1, sizeof(*m->domains));
    rc = !m->domains || (nr && !all) ? -ENOMEM : 0;

    begin_watch(&m->watch, in);
    for ( i = 0; i < nr && !rc; i++ )
        rc = add_domain(m, in, all[i]);
    free(all);
    if ( rc )
        m->nr_rows = m->nr_domains = 0;
    else
        end_watch(&m->watch, m);
    return rc;
}

void top_model_clear(struct top_model *m)
{
    free(m->domains);
    free(m->rows);
    memset(m, 0, sizeof(*m));
}

void top_model_watch(struct top_model *m, const struct top_row *row)
{
    memset(&m->watch, 0, sizeof(m->watch));
    if ( row )
    {
        m->watch.on = true;
        m->watch.row = *row;
    }
}
