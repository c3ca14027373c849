/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What users type: lists of classes, domains, vectors, CPUs, windows of time,
 * interceptions, tables, sizes and times.  What is accepted must mean the same
 * when it is written down plainly and read again; what is refused must say why
 * and change nothing.  The first byte chooses the parser.
 */
#include <errno.h>
#include <stdbool.h>

#include <idtap/control.h>
#include <idtap/names.h>

#include "../../cli/intercepts.h"
#include "../../cli/lists.h"
#include "../../cli/units.h"
#include "fuzz.h"

static char why[LIST_WHY_LEN];

typedef int bits_fn(const char *text, uint64_t bits[4], char why[LIST_WHY_LEN]);

static void bit_list(bits_fn *parse, const char *text)
{
    uint64_t bits[4], again[4];
    char plain[256 * 4 + 1] = "";
    unsigned int i, n = 0;

    memset(bits, 0xee, sizeof(bits));
    memcpy(again, bits, sizeof(bits));
    if ( parse(text, bits, why) )
    {
        FUZZ_CHECK_WHY(why);
        FUZZ_CHECK(!memcmp(bits, again, sizeof(bits)));
        return;
    }
    for ( i = 0; i < 256; i++ )
        if ( list_has(bits, i) )
            n += (unsigned int)snprintf(plain + n, sizeof(plain) - n, "%s%u",
                                        n ? "," : "", i);
    FUZZ_CHECK(n);
    FUZZ_CHECK(!parse(plain, again, why));
    FUZZ_CHECK(!memcmp(bits, again, sizeof(bits)));
}

static void classes(const char *text)
{
    uint32_t mask = 0xeeeeeeee;

    if ( list_classes(text, &mask, why) )
    {
        FUZZ_CHECK_WHY(why);
        FUZZ_CHECK(mask == 0xeeeeeeee);
    }
    else
        FUZZ_CHECK(mask && !(mask & ~IDTAP_CLASS_ALL));
}

/* Some are known, one of them twice. */
static int resolve(void *ctx, const char *name)
{
    FUZZ_CHECK(!ctx && *name && strlen(name) < 128);
    return !strcmp(name, "web") ? 1 : !strcmp(name, "db") ? 0x7ff0 :
           !strcmp(name, "twin") ? -ENOTUNIQ : -ENOENT;
}

static void domains(const char *text)
{
    uint16_t ids[IDTAP_MAX_DOMAINS + 1];
    unsigned int nr = 12345, i, k;

    ids[IDTAP_MAX_DOMAINS] = 0xbeef;
    if ( list_domains(text, ids, IDTAP_MAX_DOMAINS, &nr, resolve, NULL, why) )
    {
        FUZZ_CHECK_WHY(why);
        FUZZ_CHECK(nr == 12345);
        return;
    }
    FUZZ_CHECK(nr && nr <= IDTAP_MAX_DOMAINS);
    FUZZ_CHECK(ids[IDTAP_MAX_DOMAINS] == 0xbeef);
    for ( i = 0; i < nr; i++ )
    {
        FUZZ_CHECK(ids[i] <= IDTAP_DOMID_IDLE);
        for ( k = 0; k < i; k++ )
            FUZZ_CHECK(ids[k] != ids[i]);
    }
}

static void window(const char *text)
{
    uint64_t from = 7, to = 5, again[2];
    char plain[64], end[32] = "";

    if ( list_window(text, &from, &to, why) )
    {
        FUZZ_CHECK_WHY(why);
        FUZZ_CHECK(from == 7 && to == 5);
        return;
    }
    FUZZ_CHECK(from < to);
    if ( to != UINT64_MAX )
        snprintf(end, sizeof(end), "%lluns", (unsigned long long)to);
    snprintf(plain, sizeof(plain), "%lluns,%s", (unsigned long long)from, end);
    FUZZ_CHECK(!list_window(plain, &again[0], &again[1], why));
    FUZZ_CHECK(again[0] == from && again[1] == to);
}

static void intercepts(const char *text)
{
    char domain[INTERCEPT_DOMAIN_LEN];
    const char *list;
    uint32_t exceptions;
    uint16_t flags;

    memset(domain, 0xee, sizeof(domain));
    list = intercept_split(text, domain, why);
    if ( !list )
    {
        FUZZ_CHECK_WHY(why);
        return;
    }
    FUZZ_CHECK(list >= text && list <= text + strlen(text));
    FUZZ_CHECK(strlen(domain) < sizeof(domain));
    if ( intercept_list(list, &exceptions, &flags, why) )
        FUZZ_CHECK_WHY(why);
    else
    {
        FUZZ_CHECK(!(exceptions & IDTAP_INTERCEPT_NEVER));
        FUZZ_CHECK(!(flags & ~IDTAP_INTERCEPT_SWINT));
    }
}

static void units(const char *text)
{
    uint64_t n = 7, t = 7, again;
    char buf[UNITS_LEN], plain[UNITS_LEN + 8];
    int rc = parse_size(text, &n);

    FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ERANGE);
    FUZZ_CHECK(!rc || n == 7);
    n = 7;
    rc = parse_duration(text, &n);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ERANGE);
    FUZZ_CHECK(!rc || n == 7);
    if ( !rc )
    {
        /* Every duration is a time. */
        FUZZ_CHECK(!parse_time(text, &t) && t == n);
        snprintf(plain, sizeof(plain), "%lluns", (unsigned long long)n);
        FUZZ_CHECK(!parse_duration(plain, &again) && again == n);
    }
    t = 7;
    rc = parse_time(text, &t);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ERANGE);
    FUZZ_CHECK(!rc || t == 7);
    FUZZ_CHECK(strlen(format_ns(buf, t)) < sizeof(buf));
    FUZZ_CHECK(strlen(format_count(buf, (double)t)) < sizeof(buf));
    FUZZ_CHECK(strlen(format_int(plain, t)) < sizeof(plain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if ( !size )
        return 0;
    text = fuzz_text(data + 1, size - 1);
    memset(why, 0xee, sizeof(why));
    switch ( data[0] % 7 )
    {
    case 0: bit_list(list_vectors, text); break;
    case 1: bit_list(list_cpus, text); break;
    case 2: classes(text); break;
    case 3: domains(text); break;
    case 4: window(text); break;
    case 5: intercepts(text); break;
    case 6: units(text); break;
    }
    free(text);
    return 0;
}
