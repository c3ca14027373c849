/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes and times.  Parsing is in integers throughout, so that what was typed
 * is what is meant; only points of time have fractions ("1.5s").
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "units.h"

/* Digits at *s; moves *s behind them. */
static int digits(const char **s, uint64_t *n)
{
    const char *p = *s;
    uint64_t v = 0;

    if ( *p < '0' || *p > '9' )
        return -EINVAL;

    for ( ; *p >= '0' && *p <= '9'; p++ )
        if ( __builtin_mul_overflow(v, 10u, &v) ||
             __builtin_add_overflow(v, (unsigned int)(*p - '0'), &v) )
            return -ERANGE;

    *s = p;
    *n = v;
    return 0;
}

static int scaled(uint64_t unit, uint64_t n, uint64_t *out)
{
    uint64_t v;

    if ( __builtin_mul_overflow(n, unit, &v) )
        return -ERANGE;
    *out = v;
    return 0;
}

int parse_size(const char *text, uint64_t *bytes)
{
    static const char letters[] = "KMGT";
    uint64_t n;
    const char *l;
    int rc = digits(&text, &n);

    if ( rc )
        return rc;
    if ( !*text )
    {
        *bytes = n;
        return 0;
    }

    /* Upper or lower case: clearing bit 5 makes ASCII letters upper. */
    l = strchr(letters, *text & ~0x20);
    if ( !l || !*l || (text[1] && strcmp(text + 1, "iB") && text[1] != 'B') ||
         (text[1] == 'B' && text[2]) )
        return -EINVAL;

    return scaled(1ull << (10 * (l - letters + 1)), n, bytes);
}

/* The unit that `text` is, in ns; 0: none. */
static uint64_t unit_of(const char *text)
{
    static const struct { const char *name; uint64_t ns; } units[] = {
        { "", 1000000000 }, { "s", 1000000000 }, { "ms", 1000000 },
        { "us", 1000 }, { "ns", 1 }, { "m", 60000000000 },
        { "min", 60000000000 }, { "h", 3600000000000 },
    };
    size_t i;

    for ( i = 0; i < sizeof(units) / sizeof(units[0]); i++ )
        if ( !strcmp(text, units[i].name) )
            return units[i].ns;
    return 0;
}

int parse_duration(const char *text, uint64_t *ns)
{
    uint64_t n;
    int rc = digits(&text, &n);

    if ( rc )
        return rc;
    return unit_of(text) ? scaled(unit_of(text), n, ns) : -EINVAL;
}

int parse_time(const char *text, uint64_t *ns)
{
    const char *fraction = NULL;
    uint64_t n, unit, part;
    int rc = digits(&text, &n);

    if ( rc )
        return rc;
    if ( *text == '.' )
    {
        fraction = ++text;
        if ( *text < '0' || *text > '9' )
            return -EINVAL;
        text += strspn(text, "0123456789");
    }
    unit = unit_of(text);
    if ( !unit )
        return -EINVAL;
    rc = scaled(unit, n, &n);

    /* Zeros below a nanosecond do no harm. */
    for ( part = unit; !rc && fraction && fraction < text; fraction++ )
    {
        unsigned int digit = (unsigned int)(*fraction - '0');

        if ( digit && (part * digit) % 10 )
            return -EINVAL;
        if ( __builtin_add_overflow(n, part * digit / 10, &n) )
            return -ERANGE;
        part /= 10;
    }
    if ( !rc )
        *ns = n;
    return rc;
}

/* Three digits that count, without rounding up into a fourth. */
static void three(char *buf, double v, const char *unit)
{
    int places = v < 9.995 ? 2 : v < 99.95 ? 1 : 0;

    snprintf(buf, UNITS_LEN, "%.*f %s", places, v, unit);
}

char *format_ns(char buf[UNITS_LEN], uint64_t ns)
{
    if ( ns < 1000 )
        snprintf(buf, UNITS_LEN, "%u ns", (unsigned int)ns);
    else if ( ns < 999500 )
        three(buf, (double)ns / 1e3, "us");
    else if ( ns < 999500000 )
        three(buf, (double)ns / 1e6, "ms");
    else
        three(buf, (double)ns / 1e9, "s");

    return buf;
}

char *format_count(char buf[UNITS_LEN], double n)
{
    if ( n < 9.995 )
        snprintf(buf, UNITS_LEN, "%.2f", n);
    else if ( n < 99.95 )
        snprintf(buf, UNITS_LEN, "%.1f", n);
    else if ( n < 9999.5 )
        snprintf(buf, UNITS_LEN, "%.0f", n);
    else if ( n < 999500 )
        three(buf, n / 1e3, "k");
    else if ( n < 999500000 )
        three(buf, n / 1e6, "M");
    else
        three(buf, n / 1e9, "G");

    return buf;
}

char *format_int(char buf[UNITS_LEN + 8], uint64_t n)
{
    char plain[UNITS_LEN], *out = buf;
    int len = snprintf(plain, sizeof(plain), "%llu", (unsigned long long)n);
    int i;

    for ( i = 0; i < len; i++ )
    {
        if ( i && (len - i) % 3 == 0 )
            *out++ = ',';
        *out++ = plain[i];
    }
    *out = '\0';

    return buf;
}
