/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of `idtap status` about interception: what is asked for, and which
 * exits that has caused so far.
 */
#include <inttypes.h>
#include <stdio.h>

#include <idtap/names.h>

#include "status_intercepts.h"
#include "units.h"

#define VECTORS 32

static uint64_t exits_of(const struct idtap_caused *e)
{
    uint64_t n = e->swint;
    unsigned int v;

    for ( v = 0; v < VECTORS; v++ )
        n += e->exits[v];
    return n;
}

static const char *vector_name(unsigned int v, char buf[8])
{
    const char *name = idtap_exception_name(v);

    snprintf(buf, 8, "%u", v);
    return name ? name : buf;
}

static void print_asked(const struct idtap_config *c)
{
    unsigned int i, v, n;
    char buf[8];

    for ( i = 0; i < c->nr_intercepts; i++ )
    {
        const struct idtap_intercept *e = &c->intercepts[i];

        if ( e->domain == IDTAP_INTERCEPT_ALL )
            printf("intercepts every HVM guest:");
        else
            printf("intercepts d%u:", e->domain);
        if ( e->exceptions == (uint32_t)~IDTAP_INTERCEPT_NEVER )
            printf(" all exceptions");
        else
            for ( v = n = 0; v < VECTORS; v++ )
                if ( e->exceptions & (1u << v) )
                    printf("%s%s", n++ ? "," : " ", vector_name(v, buf));
        if ( e->flags & IDTAP_INTERCEPT_SWINT )
            printf(" INT n");
        printf("\n");
    }
}

void status_intercepts_print(const struct idtap_status *s)
{
    char a[UNITS_LEN + 8], t[UNITS_LEN], buf[8];
    unsigned int i, v;

    print_asked(&s->config);
    for ( i = 0; i < IDTAP_MAX_INTERCEPTS; i++ )
    {
        const struct idtap_caused *e = &s->caused.domain[i];
        uint64_t exits = exits_of(e);

        if ( !exits )
            continue;
        if ( e->domain == IDTAP_DOMID_NONE )
            printf("caused     other domains");
        else
            printf("caused     d%u", e->domain);
        printf(": %s exits, %s in Xen:", format_int(a, exits),
               format_ns(t, s->tsc_khz ? (uint64_t)((__uint128_t)e->ticks *
                                                    1000000 / s->tsc_khz)
                                       : 0));
        for ( v = 0; v < VECTORS; v++ )
            if ( e->exits[v] )
                printf(" %s %" PRIu64, vector_name(v, buf), e->exits[v]);
        if ( e->swint )
            printf(" INT %" PRIu64, e->swint);
        printf("\n");
    }
}

void status_intercepts_json(struct json *j, const struct idtap_status *s)
{
    unsigned int i, v;

    json_array(j, "intercepts");
    for ( i = 0; i < s->config.nr_intercepts; i++ )
    {
        const struct idtap_intercept *e = &s->config.intercepts[i];

        json_object(j, NULL);
        if ( e->domain == IDTAP_INTERCEPT_ALL )
            json_null(j, "domain");
        else
            json_uint(j, "domain", e->domain);
        json_uint(j, "exceptions", e->exceptions);
        json_bool(j, "swint", e->flags & IDTAP_INTERCEPT_SWINT);
        json_end_object(j);
    }
    json_end_array(j);

    json_array(j, "caused");
    for ( i = 0; i < IDTAP_MAX_INTERCEPTS; i++ )
    {
        const struct idtap_caused *e = &s->caused.domain[i];

        if ( !exits_of(e) )
            continue;
        json_object(j, NULL);
        if ( e->domain == IDTAP_DOMID_NONE )
            json_null(j, "domain");
        else
            json_uint(j, "domain", e->domain);
        json_uint(j, "ticks", e->ticks);
        json_uint(j, "swint", e->swint);
        json_array(j, "exits");
        for ( v = 0; v < VECTORS; v++ )
            json_uint(j, NULL, e->exits[v]);
        json_end_array(j);
        json_end_object(j);
    }
    json_end_array(j);
}
