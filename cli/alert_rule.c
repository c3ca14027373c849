/* SPDX-License-Identifier: GPL-2.0-only */
/* The grammar of alerts.  What is wrong is quoted back with the reason. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <idtap/names.h>

#include "alert_rule.h"
#include "lists.h"
#include "units.h"

#define LIMIT_MAX 1e18 /* fits a uint64_t, which alert_value() prints */

enum key { KEY_CLASS, KEY_VECTOR, KEY_REASON, KEY_SOFTIRQ, KEY_PORT, KEY_KIND,
           KEY_DOMAIN, KEY_FOR, KEY_NR };

static const char *const keys[KEY_NR] = {
    [KEY_CLASS] = "class", [KEY_VECTOR] = "vector", [KEY_REASON] = "reason",
    [KEY_SOFTIRQ] = "softirq", [KEY_PORT] = "port", [KEY_KIND] = "kind",
    [KEY_DOMAIN] = "domain", [KEY_FOR] = "for",
};

static const char *const measures[ALERT_MEASURE_NR] = {
    [ALERT_RATE] = "rate", [ALERT_COUNT] = "count", [ALERT_MEAN] = "mean",
    [ALERT_P99] = "p99", [ALERT_MAX] = "max", [ALERT_CPU] = "cpu",
    [ALERT_LOST] = "lost",
};

const char *alert_measure_name(enum alert_measure measure)
{
    return measures[measure];
}

static int __attribute__((format(printf, 2, 3)))
wrong(char *why, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, ALERT_WHY_LEN, fmt, ap);
    va_end(ap);
    return -EINVAL;
}

static int find(const char *const *table, unsigned int nr, const char *word)
{
    unsigned int i;

    for ( i = 0; i < nr; i++ )
        if ( !strcmp(table[i], word) )
            return (int)i;
    return -ENOENT;
}

static int unknown(char *why, const char *word)
{
    unsigned int i;

    for ( i = 0; i < KEY_NR; i++ )
        if ( list_is_near(word, strlen(word), keys[i]) )
            return wrong(why, "'%s' is unknown; did you mean '%s'?", word,
                         keys[i]);
    for ( i = 0; i < ALERT_MEASURE_NR; i++ )
        if ( list_is_near(word, strlen(word), measures[i]) )
            return wrong(why, "'%s' is unknown; did you mean '%s'?", word,
                         measures[i]);
    return wrong(why, "'%s' is unknown (there are class, vector, reason, "
                 "softirq, port, kind, domain, for, and rate, count, mean, p99, "
                 "max, cpu, lost)", word);
}

/* Splits @value at commas into names; cuts it. */
static int names(char *value, char out[ALERT_NAMES][ALERT_NAME_LEN],
                 unsigned int *nr, const char *key, char *why)
{
    char *save, *name;

    for ( name = strtok_r(value, ",", &save); name;
          name = strtok_r(NULL, ",", &save) )
    {
        if ( *nr == ALERT_NAMES || strlen(name) >= ALERT_NAME_LEN )
            return wrong(why, "'%s': at most %u names of at most %u letters",
                         key, ALERT_NAMES, ALERT_NAME_LEN - 1);
        snprintf(out[(*nr)++], ALERT_NAME_LEN, "%.*s", ALERT_NAME_LEN - 1,
                 name);
    }
    return *nr ? 0 : wrong(why, "'%s=' needs a value", key);
}

/* All of @text as a number, decimal or after 0x hexadecimal. */
static bool number(const char *text, unsigned long *n)
{
    char *end;

    if ( *text < '0' || *text > '9' )
        return false;
    errno = 0;
    *n = strtoul(text, &end, text[1] == 'x' || text[1] == 'X' ? 16 : 10);
    return !*end && !errno;
}

static bool reason_known(const char *name)
{
    static const enum idtap_vendor vendors[] = {
        IDTAP_VENDOR_SVM, IDTAP_VENDOR_VMX,
    };
    unsigned long n;
    size_t i, k, nr;

    if ( number(name, &n) )
        return n <= UINT16_MAX;
    for ( i = 0; i < 2; i++ )
    {
        const struct idtap_reason *r = idtap_reasons(vendors[i], &nr);

        for ( k = 0; k < nr; k++ )
            if ( !strcasecmp(r[k].name, name) )
                return true;
    }
    return false;
}

static int parse_reasons(struct alert_rule *rule, char *value, char *why)
{
    unsigned int i;
    int rc = names(value, rule->reasons, &rule->nr_reasons, "reason", why);

    for ( i = 0; !rc && i < rule->nr_reasons; i++ )
        if ( !reason_known(rule->reasons[i]) )
            return wrong(why, "'%s' is not an exit reason of AMD's or Intel's",
                         rule->reasons[i]);
    return rc;
}

static int softirq_number(const char *name)
{
    unsigned long n;
    unsigned int i;

    if ( number(name, &n) )
        return n < 256 ? (int)n : -ENOENT;
    for ( i = 0; idtap_softirq_name(i); i++ )
        if ( !strcasecmp(idtap_softirq_name(i), name) )
            return (int)i;
    return -ENOENT;
}

static int parse_softirqs(struct alert_rule *rule, char *value, char *why)
{
    char all[ALERT_NAMES][ALERT_NAME_LEN];
    int rc = names(value, all, &rule->nr_softirqs, "softirq", why);
    unsigned int i;

    for ( i = 0; !rc && i < rule->nr_softirqs; i++ )
    {
        int nr = softirq_number(all[i]);

        if ( nr < 0 )
            return wrong(why, "'%s' is not a softirq of Xen's", all[i]);
        rule->softirqs[i] = (unsigned int)nr;
    }
    return rc;
}

static int parse_ports(struct alert_rule *rule, char *value, char *why)
{
    char all[ALERT_NAMES][ALERT_NAME_LEN];
    int rc = names(value, all, &rule->nr_ports, "port", why);
    unsigned int i;

    for ( i = 0; !rc && i < rule->nr_ports; i++ )
    {
        unsigned long port;

        if ( !number(all[i], &port) || port > UINT32_MAX )
            return wrong(why, "'%s' is not a port of an event channel", all[i]);
        rule->ports[i] = (uint32_t)port;
    }
    return rc;
}

/* The kind of this name, as a bit; 0: there is none. */
static uint32_t kind_bit(const char *(*name_of)(unsigned int kind),
                         const char *name)
{
    unsigned int i;

    for ( i = 0; i < 32; i++ )
        if ( name_of(i) && !strcasecmp(name_of(i), name) )
            return 1u << i;
    return 0;
}

/* No name is a kind of both: which class is meant is clear. */
static int parse_kinds(struct alert_rule *rule, char *value, char *why)
{
    char all[ALERT_NAMES][ALERT_NAME_LEN];
    unsigned int i, nr = 0;
    int rc = names(value, all, &nr, "kind", why);

    rule->by_kind = true;
    for ( i = 0; !rc && i < nr; i++ )
    {
        uint32_t upcall = kind_bit(idtap_upcall_name, all[i]);
        uint32_t evtchn = kind_bit(idtap_evtchn_name, all[i]);

        if ( !upcall && !evtchn )
            return wrong(why, "'%s' is not a kind of upcall or event channel "
                         "(event, exception, nmi, syscall, int80; interdomain, "
                         "pirq, virq, ipi)", all[i]);
        rule->upcalls |= upcall;
        rule->evtchns |= evtchn;
    }
    return rc;
}

static int parse_domain(struct alert_rule *rule, const char *value, char *why)
{
    if ( !*value || strlen(value) >= sizeof(rule->domain) )
        return wrong(why, "'domain=%s': not a domain", value);
    rule->scope = !strcmp(value, "each") ? ALERT_EACH : ALERT_ONE;
    snprintf(rule->domain, sizeof(rule->domain), "%.*s", ALERT_NAME_LEN - 1,
             value);
    return 0;
}

static int selector(struct alert_rule *rule, enum key key, char *value,
                    char *why)
{
    char list_why[LIST_WHY_LEN];

    switch ( key )
    {
    case KEY_CLASS:
        if ( list_classes(value, &rule->classes, list_why) )
            return wrong(why, "class: %s", list_why);
        return 0;

    case KEY_VECTOR:
        rule->by_vector = true;
        if ( list_vectors(value, rule->vectors, list_why) )
            return wrong(why, "vector: %s", list_why);
        return 0;

    case KEY_REASON:
        return parse_reasons(rule, value, why);

    case KEY_SOFTIRQ:
        return parse_softirqs(rule, value, why);

    case KEY_PORT:
        return parse_ports(rule, value, why);

    case KEY_KIND:
        return parse_kinds(rule, value, why);

    case KEY_DOMAIN:
        return parse_domain(rule, value, why);

    default:
        if ( parse_duration(value, &rule->for_ns) )
            return wrong(why, "'for=%s' is not a time", value);
        return 0;
    }
}

static int condition(struct alert_rule *rule, enum alert_measure measure,
                     const char *op, const char *value, char *why)
{
    struct alert_condition *c = &rule->conditions[rule->nr_conditions];
    bool time = measure == ALERT_MEAN || measure == ALERT_P99 ||
                measure == ALERT_MAX;
    const char *unit = measure == ALERT_RATE ? "/s" :
                       measure == ALERT_CPU ? "%" : "";
    uint64_t ns;
    char *end;

    if ( rule->nr_conditions++ == ALERT_CONDITIONS )
        return wrong(why, "'%s': more than %u conditions", measures[measure],
                     ALERT_CONDITIONS);
    c->measure = measure;
    c->less = op[0] == '<';
    c->or_equal = op[1] == '=';
    if ( time )
    {
        /* A number alone would be seconds, which nobody means. */
        if ( parse_duration(value, &ns) ||
             strspn(value, "0123456789") == strlen(value) )
            return wrong(why, "'%s' is not a time (like 20us or 5ms)", value);
        c->limit = (double)ns;
        return 0;
    }
    if ( *value < '0' || *value > '9' )
        return wrong(why, "'%s' is not a number", value);
    c->limit = strtod(value, &end);
    /* "1k": a thousand; of times and percents there is no such thing. */
    if ( (*end == 'k' || *end == 'M') && measure != ALERT_CPU )
        c->limit *= *end++ == 'k' ? 1e3 : 1e6;
    if ( *end && strcmp(end, unit) )
        return wrong(why, "'%s': '%s' is not a unit of %s", value, end,
                     measures[measure]);
    if ( !(c->limit <= LIMIT_MAX) )
        return wrong(why, "'%s' is too large: no more than 10^18", value);
    return 0;
}

/*
 * The next piece: a word, or an operator.  Into buf; returns its length, 0 if
 * there is none, @size or more if it is too long: then it is cut.
 */
static size_t token(const char **p, char *buf, size_t size, bool value)
{
    static const char blanks[] = " \t\n", ops[] = "<>=";
    size_t len;

    *p += strspn(*p, blanks);
    if ( !**p )
        return 0;
    if ( strchr(ops, **p) )
        len = strspn(*p, ops);
    else
        len = strcspn(*p, value ? " \t\n" : " \t\n<>=");
    snprintf(buf, size, "%.*s", len < size ? (int)len : (int)size - 1, *p);
    *p += len;
    return len;
}

static int term(struct alert_rule *rule, const char **p, char *why)
{
    char word[64], op[4] = "", value[128];
    int key, measure;
    size_t len;

    token(p, word, sizeof(word), false);
    key = find(keys, KEY_NR, word);
    measure = find(measures, ALERT_MEASURE_NR, word);
    if ( strchr("<>=", word[0]) )
        return wrong(why, "there is nothing before '%s'", word);
    if ( key < 0 && measure < 0 )
        return unknown(why, word);
    if ( !token(p, op, sizeof(op), false) || !strchr("<>=", op[0]) )
        return wrong(why, "'%s' needs %s", word,
                     key >= 0 ? "'=' and a value" : "'>' and a number");
    if ( key >= 0 ? strcmp(op, "=") != 0
                  : strcmp(op, ">") && strcmp(op, "<") && strcmp(op, ">=") &&
                    strcmp(op, "<=") )
        return wrong(why, "'%s%s': there %s", word, op,
                     key >= 0 ? "must be '='" : "must be >, >=, < or <=");
    len = token(p, value, sizeof(value), true);
    if ( !len || strchr("<>=", value[0]) )
        return wrong(why, "'%s%s' needs a value", word, op);
    /* Half a list would be another rule. */
    if ( len >= sizeof(value) )
        return wrong(why, "'%s%s%.40s...' is longer than %zu letters: use ranges",
                     word, op, value, sizeof(value) - 1);
    return key >= 0 ? selector(rule, (enum key)key, value, why)
                    : condition(rule, (enum alert_measure)measure, op, value,
                                why);
}

/* What has no class gets those that the rest can be said of. */
static uint32_t classes_of(const struct alert_rule *rule)
{
    if ( rule->nr_reasons )
        return IDTAP_CLASS_EXIT;
    if ( rule->nr_softirqs )
        return IDTAP_CLASS_SOFTIRQ;
    if ( rule->nr_ports )
        return IDTAP_CLASS_EVTCHN;
    if ( rule->by_kind )
        return (rule->upcalls ? IDTAP_CLASS_PV_UPCALL : 0) |
               (rule->evtchns ? IDTAP_CLASS_EVTCHN : 0);
    return rule->by_vector ? IDTAP_SELECT_BY_VECTOR : IDTAP_CLASS_ALL;
}

int alert_parse(const char *text, struct alert_rule *rule,
                char why[ALERT_WHY_LEN])
{
    const char *p = text;
    int rc = 0;

    memset(rule, 0, sizeof(*rule));
    rule->text = text;
    while ( !rc && p[strspn(p, " \t\n")] )
        rc = term(rule, &p, why);
    if ( rc )
        return rc;
    if ( !rule->nr_conditions )
        return wrong(why, "'%s' has no condition, like rate>1000/s", text);

    if ( !rule->classes )
        rule->classes = classes_of(rule);
    return 0;
}

char *alert_value(enum alert_measure measure, double value,
                  char buf[ALERT_VALUE_LEN])
{
    char text[UNITS_LEN + 8];

    switch ( measure )
    {
    case ALERT_RATE:
        snprintf(buf, ALERT_VALUE_LEN, "%s/s", format_count(text, value));
        break;

    case ALERT_MEAN:
    case ALERT_P99:
    case ALERT_MAX:
        format_ns(buf, (uint64_t)value);
        break;

    case ALERT_CPU:
        snprintf(buf, ALERT_VALUE_LEN, "%.1f%%", value);
        break;

    default:
        format_int(buf, (uint64_t)value);
        break;
    }
    return buf;
}
