/* SPDX-License-Identifier: GPL-2.0-only */
/* Holding the rules of alerts (alert_rule.h) against an interval. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <idtap/metadata.h>

#include "alert_rule.h"
#include "table_class.h"
#include "top_model.h"

/* What the rows that a rule is about have in common. */
struct sum {
    uint64_t count;
    uint64_t busy;           /* ticks */
    struct idtap_hist time;  /* ticks */
};

static bool is_reason(const struct alert_rule *rule, enum idtap_vendor vendor,
                      uint64_t key)
{
    const char *name = idtap_reason_name(vendor, (uint32_t)key);
    unsigned int i;

    for ( i = 0; i < rule->nr_reasons; i++ )
        if ( (name && !strcasecmp(name, rule->reasons[i])) ||
             (rule->reasons[i][0] >= '0' && rule->reasons[i][0] <= '9' &&
              strtoul(rule->reasons[i], NULL, 0) == key) )
            return true;
    return !rule->nr_reasons;
}

static bool is_evtchn(const struct alert_rule *rule, uint64_t key)
{
    unsigned int i;

    if ( (rule->nr_ports || rule->by_kind) && key == IDTAP_KEY_OTHER )
        return false;
    if ( rule->by_kind &&
         !(rule->evtchns >> (IDTAP_EVTCHN_KEY_KIND(key) & 31) & 1) )
        return false;
    for ( i = 0; i < rule->nr_ports; i++ )
        if ( rule->ports[i] == IDTAP_EVTCHN_KEY_PORT(key) )
            return true;
    return !rule->nr_ports;
}

static bool is_upcall(const struct alert_rule *rule, uint64_t key)
{
    return !rule->by_kind ||
           (key != IDTAP_KEY_OTHER &&
            (rule->upcalls >> (IDTAP_UPCALL_KEY_KIND(key) & 31) & 1));
}

static bool is_about(const struct alert_rule *rule, enum idtap_vendor vendor,
                     unsigned int table, uint64_t key)
{
    int vector = table_vector(table, key);
    unsigned int i;

    if ( !(rule->classes & table_class(table)) )
        return false;
    if ( rule->by_vector &&
         (vector < 0 || !(rule->vectors[vector / 64] >> (vector % 64) & 1)) )
        return false;
    if ( table == IDTAP_TAB_EXIT )
        return is_reason(rule, vendor, key);
    if ( table == IDTAP_TAB_EVTCHN )
        return is_evtchn(rule, key);
    if ( table == IDTAP_TAB_PV_UPCALL )
        return is_upcall(rule, key);
    if ( table == IDTAP_TAB_SOFTIRQ && rule->nr_softirqs )
    {
        for ( i = 0; i < rule->nr_softirqs; i++ )
            if ( rule->softirqs[i] == key )
                return true;
        return false;
    }
    return true;
}

static int add(struct sum *sum, const struct interval *in, unsigned int table,
               uint64_t key, uint64_t count, const struct idtap_hist *time)
{
    sum->count += count;
    if ( top_is_busy(in->vendor, table, key) )
        sum->busy += time->sum;
    return idtap_hist_merge(&sum->time, time);
}

static int add_domain(struct sum *sum, const struct alert_rule *rule,
                      const struct interval *in,
                      const struct idtap_domain_stats *d)
{
    const struct idtap_lapic_row **lapic;
    unsigned int t, i, nr;
    int rc = 0;

    for ( t = 0; t < IDTAP_TAB_NR && !rc; t++ )
    {
        const struct idtap_row **rows;

        if ( !(rule->classes & table_class(t)) )
            continue;
        rows = idtap_stats_rows(d, t, &nr);
        rc = nr && !rows ? -ENOMEM : 0;
        for ( i = 0; i < nr && !rc; i++ )
            if ( is_about(rule, in->vendor, t, rows[i]->key) )
                rc = add(sum, in, t, rows[i]->key, rows[i]->count,
                         &rows[i]->time);
        free(rows);
    }
    if ( rc || !(rule->classes & IDTAP_CLASS_LAPIC) )
        return rc;

    lapic = idtap_stats_lapic_rows(d, &nr);
    rc = nr && !lapic ? -ENOMEM : 0;
    for ( i = 0; i < nr && !rc; i++ )
        if ( is_about(rule, in->vendor, TABLE_LAPIC, lapic[i]->key) )
            rc = add(sum, in, TABLE_LAPIC, lapic[i]->key, lapic[i]->accepted,
                     lapic[i]->wait.count ? &lapic[i]->wait
                                          : &lapic[i]->total);
    free(lapic);
    return rc;
}

static double measure(enum alert_measure m, const struct sum *sum,
                      const struct interval *in, bool *known)
{
    uint64_t ticks;

    *known = true;
    switch ( m )
    {
    case ALERT_RATE: return (double)sum->count * 1e9 / (double)in->ns;
    case ALERT_COUNT: return (double)sum->count;
    case ALERT_LOST: return (double)in->lost;
    case ALERT_CPU:
        return 100. * (double)idtap_tsc_to_ns(sum->busy, in->tsc_khz) /
               (double)in->ns;
    case ALERT_MEAN: ticks = idtap_hist_mean(&sum->time); break;
    case ALERT_P99: ticks = idtap_hist_quantile(&sum->time, 990); break;
    default: ticks = sum->time.max; break;
    }
    *known = sum->time.count != 0;
    return (double)idtap_tsc_to_ns(ticks, in->tsc_khz);
}

static bool holds(const struct alert_condition *c, double value)
{
    if ( c->or_equal && value == c->limit )
        return true;
    return c->less ? value < c->limit : value > c->limit;
}

static void judge(const struct alert_rule *rule, const struct interval *in,
                  const struct sum *sum, struct alert_finding *f)
{
    unsigned int i;

    f->met = true;
    for ( i = 0; i < rule->nr_conditions; i++ )
    {
        const struct alert_condition *c = &rule->conditions[i];
        bool known;

        f->value[i] = measure(c->measure, sum, in, &known);
        f->met = f->met && known && holds(c, f->value[i]);
    }
}

/* Is this the domain that an ALERT_ONE speaks of? */
static bool is_domain(const struct alert_rule *rule, const struct interval *in,
                      uint16_t domain)
{
    const char *name = domain_names_get(in->names, domain);
    char *end;
    unsigned long id = strtoul(rule->domain, &end, 10);

    if ( !*end )
        return id == domain;
    if ( !strcmp(rule->domain, "idle") )
        return domain == IDTAP_DOMID_IDLE;
    return name && !strcmp(name, rule->domain);
}

int alert_evaluate(const struct alert_rule *rule, const struct interval *in,
                   int (*fn)(void *ctx, const struct alert_finding *finding),
                   void *ctx)
{
    struct alert_finding f = { .domain = IDTAP_DOMID_NONE };
    const struct idtap_domain_stats **all;
    struct sum sum = { 0 };
    unsigned int i, nr;
    int rc;

    all = idtap_stats_domains(in->stats, &nr);
    rc = nr && !all ? -ENOMEM : 0;
    for ( i = 0; i < nr && !rc; i++ )
    {
        uint16_t domain = (uint16_t)all[i]->domain;

        if ( rule->scope == ALERT_ONE && !is_domain(rule, in, domain) )
            continue;
        if ( rule->scope != ALERT_TOGETHER )
            f.domain = domain;
        rc = add_domain(&sum, rule, in, all[i]);
        if ( rc || rule->scope != ALERT_EACH )
            continue;
        judge(rule, in, &sum, &f);
        rc = fn(ctx, &f);
        idtap_hist_clear(&sum.time);
        memset(&sum, 0, sizeof(sum));
    }
    free(all);
    if ( !rc && rule->scope != ALERT_EACH )
    {
        judge(rule, in, &sum, &f);
        rc = fn(ctx, &f);
    }
    idtap_hist_clear(&sum.time);
    return rc;
}
