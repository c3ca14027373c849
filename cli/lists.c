/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parsers of lists.  They take what a user typed: nothing is guessed, and a
 * wrong item is quoted back with the reason.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <idtap/names.h>
#include <idtap/record.h>

#include "lists.h"
#include "units.h"

/* One item of a list: not NUL-terminated. */
struct item {
    const char *s;
    size_t len;
};

/* Length for "%.*s", bounded so that a long item does not eat the message. */
static int quoted(const struct item *it)
{
    return it->len > 40 ? 40 : (int)it->len;
}

/* Takes the next item off *text; 0, or -EINVAL if it is empty. */
static int next_item(const char **text, struct item *it, char *why)
{
    const char *comma = strchr(*text, ',');

    it->s = *text;
    it->len = comma ? (size_t)(comma - *text) : strlen(*text);
    *text = comma ? comma + 1 : NULL;

    if ( it->len )
        return 0;

    snprintf(why, LIST_WHY_LEN, "an item of the list is empty");
    return -EINVAL;
}

/* A number at s, at most `max`; moves *s behind it.  -EINVAL, -ERANGE. */
static int number(const char **s, const char *end, unsigned int max,
                  unsigned int *n)
{
    unsigned int base = 10, v = 0;
    const char *p = *s;

    if ( end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X') )
    {
        base = 16;
        p += 2;
    }

    if ( p == end || !isxdigit((unsigned char)*p) ||
         (base == 10 && !isdigit((unsigned char)*p)) )
        return -EINVAL;

    for ( ; p < end && isxdigit((unsigned char)*p); p++ )
    {
        unsigned int digit;

        if ( isdigit((unsigned char)*p) )
            digit = (unsigned int)(*p - '0');
        else if ( base == 16 )
            digit = (unsigned int)(tolower((unsigned char)*p) - 'a' + 10);
        else
            break;

        v = v * base + digit;
        if ( v > max )
            return -ERANGE;
    }

    *s = p;
    *n = v;
    return 0;
}

/* N or N-M. */
static int range(const struct item *it, unsigned int max, unsigned int *lo,
                 unsigned int *hi)
{
    const char *p = it->s, *end = it->s + it->len;
    int rc = number(&p, end, max, lo);

    if ( rc )
        return rc;

    *hi = *lo;
    if ( p < end && *p == '-' )
    {
        p++;
        rc = number(&p, end, max, hi);
        if ( rc )
            return rc;
    }

    return p == end ? 0 : -EINVAL;
}

static int set_range(const struct item *it, const char *kind,
                     unsigned int lo, unsigned int hi, uint64_t bits[4],
                     char *why)
{
    if ( lo > hi )
    {
        snprintf(why, LIST_WHY_LEN, "'%.*s' is not a range of %ss: it ends "
                 "before it begins", quoted(it), it->s, kind);
        return -EINVAL;
    }

    for ( ; lo <= hi; lo++ )
        bits[lo / 64] |= 1ull << (lo % 64);
    return 0;
}

bool list_is_near(const char *word, size_t len, const char *known)
{
    size_t n = strlen(known), head = 0, tail = 0, min = len < n ? len : n;

    /* What is alike at both ends; one slip lies between. */
    while ( head < min && tolower((unsigned char)word[head]) == known[head] )
        head++;
    while ( tail < min - head &&
            tolower((unsigned char)word[len - 1 - tail]) ==
            known[n - 1 - tail] )
        tail++;

    if ( len == n && head + tail + 2 == n &&
         tolower((unsigned char)word[head]) == known[head + 1] &&
         tolower((unsigned char)word[head + 1]) == known[head] )
        return true; /* two letters swapped */

    /* Short words are near to everything: ask for two letters in common. */
    return head + tail >= 2 && len - head - tail <= 1 && n - head - tail <= 1;
}

static const char *near_vector(const struct item *it)
{
    unsigned int v;

    for ( v = 0; v < 256; v++ )
    {
        const char *name = idtap_host_vector_name(v);

        if ( name && list_is_near(it->s, it->len, name) )
            return name;
    }

    /* Exceptions have two letters: one too many is all we can recognize. */
    if ( it->len >= 3 )
    {
        int e = idtap_vector_by_name(it->s, it->len - 1);

        if ( e < 0 )
            e = idtap_vector_by_name(it->s + 1, it->len - 1);
        if ( e >= 0 )
            return idtap_exception_name((unsigned int)e);
    }

    return NULL;
}

int list_vectors(const char *text, uint64_t bits[4], char why[LIST_WHY_LEN])
{
    uint64_t set[4] = { 0 };
    struct item it;

    do {
        unsigned int lo, hi;
        int rc = next_item(&text, &it, why);

        if ( rc )
            return rc;

        rc = range(&it, 255, &lo, &hi);
        if ( rc == -ERANGE )
        {
            snprintf(why, LIST_WHY_LEN, "'%.*s' is not a vector: vectors are "
                     "0 to 255 (0xff)", quoted(&it), it.s);
            return -EINVAL;
        }
        if ( rc )
        {
            const char *hint;

            rc = idtap_vector_by_name(it.s, it.len);
            if ( rc < 0 )
            {
                hint = near_vector(&it);
                snprintf(why, LIST_WHY_LEN,
                         "'%.*s' is not a vector name or number%s%s%s",
                         quoted(&it), it.s, hint ? "; did you mean '" : "",
                         hint ? hint : "", hint ? "'?" : "");
                return -EINVAL;
            }
            lo = hi = (unsigned int)rc;
        }
        rc = set_range(&it, "vector", lo, hi, set, why);
        if ( rc )
            return rc;
    } while ( text );

    memcpy(bits, set, sizeof(set));
    return 0;
}

int list_cpus(const char *text, uint64_t bits[4], char why[LIST_WHY_LEN])
{
    uint64_t set[4] = { 0 };
    struct item it;

    do {
        unsigned int lo, hi;
        int rc = next_item(&text, &it, why);

        if ( rc )
            return rc;

        rc = range(&it, 255, &lo, &hi);
        if ( rc )
        {
            snprintf(why, LIST_WHY_LEN, "'%.*s' is not a CPU: CPUs are "
                     "0 to 255", quoted(&it), it.s);
            return -EINVAL;
        }
        rc = set_range(&it, "CPU", lo, hi, set, why);
        if ( rc )
            return rc;
    } while ( text );

    memcpy(bits, set, sizeof(set));
    return 0;
}

int list_classes(const char *text, uint32_t *mask, char why[LIST_WHY_LEN])
{
    uint32_t set = 0, class;
    struct item it;

    do {
        const char *near = NULL;
        int rc = next_item(&text, &it, why);

        if ( rc )
            return rc;

        class = idtap_class_by_name(it.s, it.len);
        if ( class )
        {
            set |= class;
            continue;
        }

        for ( class = 1; class & IDTAP_CLASS_ALL; class <<= 1 )
            if ( list_is_near(it.s, it.len, idtap_class_name(class)) )
                near = idtap_class_name(class);
        snprintf(why, LIST_WHY_LEN, "'%.*s' is not a class%s%s%s; classes are "
                 "irq, exit, exception, nmi, inject, softirq, lapic, swint, "
                 "pv-trap, pv-upcall, evtchn, all",
                 quoted(&it), it.s, near ? " (did you mean '" : "",
                 near ? near : "", near ? "'?)" : "");
        return -EINVAL;
    } while ( text );

    *mask = set;
    return 0;
}

/* One domain: its id, or -EINVAL. */
static int domain(const struct item *it, list_resolve_fn *resolve, void *ctx,
                  char *why)
{
    const char *p = it->s, *end = it->s + it->len;
    unsigned int id;
    char name[128];
    int rc;

    if ( it->len == 4 && !strncasecmp(it->s, "idle", 4) )
        return IDTAP_DOMID_IDLE;

    rc = number(&p, end, IDTAP_DOMID_IDLE, &id);
    if ( !rc && p == end )
        return (int)id;
    if ( rc == -ERANGE )
    {
        snprintf(why, LIST_WHY_LEN, "'%.*s' is not a domain id: it is above "
                 "%u", quoted(it), it->s, IDTAP_DOMID_IDLE);
        return -EINVAL;
    }

    rc = -ENOENT;
    if ( resolve && it->len < sizeof(name) )
    {
        memcpy(name, it->s, it->len);
        name[it->len] = '\0';
        rc = resolve(ctx, name);
    }
    if ( rc >= 0 )
        return rc;

    snprintf(why, LIST_WHY_LEN, rc == -ENOTUNIQ ?
             "several domains are called '%.*s': use the id" :
             "no domain is called '%.*s'", quoted(it), it->s);
    return -EINVAL;
}

int list_domains(const char *text, uint16_t *ids, unsigned int max,
                 unsigned int *nr, list_resolve_fn *resolve, void *ctx,
                 char why[LIST_WHY_LEN])
{
    unsigned int n = 0, i;
    struct item it;

    do {
        int id, rc = next_item(&text, &it, why);

        if ( rc )
            return rc;

        id = domain(&it, resolve, ctx, why);
        if ( id < 0 )
            return id;

        for ( i = 0; i < n && ids[i] != id; i++ )
            ;
        if ( i < n )
            continue;
        if ( n == max )
        {
            snprintf(why, LIST_WHY_LEN, "more than %u domains", max);
            return -EINVAL;
        }
        ids[n++] = (uint16_t)id;
    } while ( text );

    *nr = n;
    return 0;
}

/* One side of a window. */
static int side(const char *text, size_t len, uint64_t *ns, char *why)
{
    char copy[40];
    int rc = -EINVAL;

    if ( len < sizeof(copy) )
    {
        memcpy(copy, text, len);
        copy[len] = '\0';
        rc = parse_time(copy, ns);
    }
    if ( !rc )
        return 0;

    snprintf(why, LIST_WHY_LEN, "'%.*s' is not a time: times are like 1.5, "
             "20ms, 7us, 1min, and no finer than a nanosecond",
             len > 40 ? 40 : (int)len, text);
    return -EINVAL;
}

int list_window(const char *text, uint64_t *from, uint64_t *to,
                char why[LIST_WHY_LEN])
{
    const char *comma = strchr(text, ',');
    uint64_t a = 0, b = UINT64_MAX;

    if ( !comma || strchr(comma + 1, ',') )
    {
        snprintf(why, LIST_WHY_LEN, "'%.40s' is not a window of time: say A,B "
                 "(or A, or ,B with one side open)", text);
        return -EINVAL;
    }
    if ( comma > text && side(text, (size_t)(comma - text), &a, why) )
        return -EINVAL;
    if ( comma[1] == '+' )
    {
        if ( side(comma + 2, strlen(comma + 2), &b, why) )
            return -EINVAL;
        if ( __builtin_add_overflow(a, b, &b) )
            b = UINT64_MAX;
    }
    else if ( comma[1] && side(comma + 1, strlen(comma + 1), &b, why) )
        return -EINVAL;

    if ( a >= b )
    {
        snprintf(why, LIST_WHY_LEN, "'%.40s' is empty: it ends before it "
                 "begins", text);
        return -EINVAL;
    }
    *from = a;
    *to = b;
    return 0;
}
