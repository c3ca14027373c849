/* SPDX-License-Identifier: GPL-2.0-only */
/* Are two statistics the same to the last bit?  Fails the test if not. */
#ifndef TESTS_STATS_SAME_H
#define TESTS_STATS_SAME_H

#include "common.h"

static void same_hist(const struct idtap_hist *a, const struct idtap_hist *b)
{
    unsigned int r;

    assert_int_equal(a->count, b->count);
    assert_int_equal(a->sum, b->sum);
    assert_int_equal(a->min, b->min);
    assert_int_equal(a->max, b->max);
    for ( r = 0; r < IDTAP_HIST_ROWS; r++ )
        if ( a->row[r] )
            assert_memory_equal(a->row[r], b->row[r],
                                IDTAP_HIST_SUB * sizeof(uint64_t));
}

static void same_rows(const struct idtap_domain_stats *a,
                      const struct idtap_domain_stats *b, unsigned int table)
{
    unsigned int i, n, m;
    const struct idtap_row **x = idtap_stats_rows(a, table, &n);
    const struct idtap_row **y = idtap_stats_rows(b, table, &m);

    assert_int_equal(n, m);
    for ( i = 0; i < n; i++ )
    {
        assert_int_equal(x[i]->key, y[i]->key);
        assert_int_equal(x[i]->count, y[i]->count);
        assert_int_equal(x[i]->extra, y[i]->extra);
        same_hist(&x[i]->time, &y[i]->time);
        assert_int_equal(!x[i]->net, !y[i]->net);
        if ( x[i]->net )
            same_hist(x[i]->net, y[i]->net);
    }
    free(x);
    free(y);
}

static void same_lapic(const struct idtap_domain_stats *a,
                       const struct idtap_domain_stats *b)
{
    unsigned int i, n, m;
    const struct idtap_lapic_row **x = idtap_stats_lapic_rows(a, &n);
    const struct idtap_lapic_row **y = idtap_stats_lapic_rows(b, &m);

    assert_int_equal(n, m);
    for ( i = 0; i < n; i++ )
    {
        assert_int_equal(x[i]->key, y[i]->key);
        assert_int_equal(x[i]->accepted, y[i]->accepted);
        assert_int_equal(x[i]->pending, y[i]->pending);
        assert_int_equal(x[i]->eois, y[i]->eois);
        same_hist(&x[i]->wait, &y[i]->wait);
        same_hist(&x[i]->service, &y[i]->service);
        same_hist(&x[i]->total, &y[i]->total);
    }
    free(x);
    free(y);
}

static void same_cpus(const struct idtap_stats *a, const struct idtap_stats *b)
{
    unsigned int i;

    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        struct idtap_cpu_stats x = idtap_stats_cpu(a, i);
        struct idtap_cpu_stats y = idtap_stats_cpu(b, i);

        assert_int_equal(x.present, y.present);
        assert_int_equal(x.records, y.records);
        assert_int_equal(x.packets, y.packets);
        assert_int_equal(x.discarded, y.discarded);
        assert_int_equal(x.lost_packets, y.lost_packets);
    }
}

static void same(const struct idtap_stats *a, const struct idtap_stats *b)
{
    unsigned int i, t, n, m;
    const struct idtap_domain_stats **x = idtap_stats_domains(a, &n);
    const struct idtap_domain_stats **y = idtap_stats_domains(b, &m);
    uint64_t chosen, chosen_b, first, last, first_b, last_b;

    assert_int_equal(idtap_stats_records(a, &chosen),
                     idtap_stats_records(b, &chosen_b));
    assert_int_equal(chosen, chosen_b);
    assert_int_equal(idtap_stats_classes(a), idtap_stats_classes(b));
    assert_int_equal(idtap_stats_span(a, &first, &last),
                     idtap_stats_span(b, &first_b, &last_b));
    assert_int_equal(first, first_b);
    assert_int_equal(last, last_b);
    same_cpus(a, b);
    assert_int_equal(n, m);
    for ( i = 0; i < n; i++ )
    {
        assert_int_equal(x[i]->domain, y[i]->domain);
        assert_int_equal(x[i]->records, y[i]->records);
        for ( t = 0; t < IDTAP_TAB_NR; t++ )
            same_rows(x[i], y[i], t);
        assert_int_equal(x[i]->arrivals.nr, y[i]->arrivals.nr);
        same_lapic(x[i], y[i]);
        assert_int_equal(x[i]->rips.nr, y[i]->rips.nr);
    }
    free(x);
    free(y);
}

#endif /* TESTS_STATS_SAME_H */
