/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration blob, as the tap checks it before it believes it: compiled
 * for the host, the same source.  Whatever is accepted keeps its invariants,
 * which are written down here once more and in another way, and the filter made
 * of it lets pass what it says and nothing else.
 *
 * The first byte says which fields that a random blob would never get right
 * (magic, version, size, padding) are put right; the rest is the blob.
 */
#include <stdbool.h>

#include "../../tap/filter.h"
#include "fuzz.h"

#define FIX_HEADER 1
#define FIX_TAIL   2 /* what is unused is 0 */

static bool listed(const struct idtap_config *c, unsigned int domid)
{
    unsigned int i;

    for ( i = 0; i < c->nr_domains; i++ )
        if ( c->domains[i] == domid )
            return true;
    return !c->nr_domains;
}

static void check_accepted(const struct idtap_config *c)
{
    static bool taken[0x10000];
    unsigned int i;

    FUZZ_CHECK(c->magic == IDTAP_CONFIG_MAGIC && c->size == sizeof(*c));
    FUZZ_CHECK((c->classes | IDTAP_CLASS_ALL) == IDTAP_CLASS_ALL);
    FUZZ_CHECK(c->nr_domains <= 64 && c->nr_intercepts <= 32 && !c->pad);
    for ( i = 0; i < 64; i++ )
        FUZZ_CHECK(c->domains[i] <= (i < c->nr_domains ? 0x7fff : 0));
    for ( i = 0; i < 32; i++ )
    {
        const struct idtap_intercept *e = &c->intercepts[i];

        if ( i >= c->nr_intercepts )
        {
            FUZZ_CHECK(!e->exceptions && !e->domain && !e->flags);
            continue;
        }
        /* Never NMIs nor machine checks; each guest once; never the idle one. */
        FUZZ_CHECK(!(e->exceptions & 0x40004) && e->flags <= 1);
        FUZZ_CHECK(e->domain < 0x7fff || e->domain == 0xfffe);
        FUZZ_CHECK(!taken[e->domain]);
        taken[e->domain] = true;
    }
    for ( i = 0; i < c->nr_intercepts; i++ )
        taken[c->intercepts[i].domain] = false;
}

static void check_wanted(const struct idtap_config *c, unsigned int domid,
                         unsigned int vector)
{
    bool domain = listed(c, domid);
    bool in_set = c->vectors[vector / 64] >> (vector % 64) & 1;
    uint32_t class;

    for ( class = 1; class <= IDTAP_CLASS_ALL; class <<= 1 )
    {
        bool on = c->classes & class;

        FUZZ_CHECK(tap_wanted(class, domid) == (on && domain));
        /* A class that has no vector is not asked for by one. */
        FUZZ_CHECK((class & TAP_CLASSES_NO_VECTOR) ||
                   tap_wanted_vector(class, domid, vector) ==
                   (on && domain && in_set));
        FUZZ_CHECK(!tap_wants_every(class) ||
                   (on && domain && ((class & TAP_CLASSES_NO_VECTOR) ||
                                     in_set)));
    }
    FUZZ_CHECK(!tap_wants_every(TAP_ONLY_EXCEPTIONS) ||
               (tap_wanted_vector(IDTAP_CLASS_EXCEPTION, domid, vector) &&
                !tap_wanted(IDTAP_CLASS_EXIT, domid)));
}

static void check_intercepts(const struct idtap_config *c,
                             const struct tap_filter *f, unsigned int domid)
{
    const struct idtap_intercept *got = tap_intercept_wanted(f, domid), *own;
    unsigned int i;

    for ( own = NULL, i = 0; i < c->nr_intercepts; i++ )
        if ( c->intercepts[i].domain == domid )
            own = &c->intercepts[i];
    for ( i = 0; !own && i < c->nr_intercepts; i++ )
        if ( c->intercepts[i].domain == 0xfffe )
            own = &c->intercepts[i];
    FUZZ_CHECK(!got == !own);
    if ( own )
        FUZZ_CHECK(got >= f->intercepts &&
                   got < f->intercepts + f->nr_intercepts &&
                   !memcmp(got, own, sizeof(*own)));
}

static void repair(struct idtap_config *c, unsigned int what)
{
    unsigned int i;

    if ( what & FIX_HEADER )
    {
        c->magic = IDTAP_CONFIG_MAGIC;
        c->version = IDTAP_ABI_VERSION;
        c->size = sizeof(*c);
        c->pad = 0;
    }
    if ( what & FIX_TAIL )
    {
        c->classes &= IDTAP_CLASS_ALL;
        c->nr_domains %= IDTAP_MAX_DOMAINS + 1;
        c->nr_intercepts %= IDTAP_MAX_INTERCEPTS + 1;
        for ( i = c->nr_domains; i < IDTAP_MAX_DOMAINS; i++ )
            c->domains[i] = 0;
        for ( i = c->nr_intercepts; i < IDTAP_MAX_INTERCEPTS; i++ )
            c->intercepts[i] = (struct idtap_intercept){ 0 };
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t probes[] = { 0, 1, 63, 64, 0x7ffe, 0x7fff };
    static struct tap_filter filter;
    struct idtap_config config;
    unsigned int i;
    uint8_t *blob;

    if ( !size )
        return 0;
    if ( size - 1 == sizeof(config) )
    {
        memcpy(&config, data + 1, sizeof(config));
        repair(&config, data[0]);
        blob = fuzz_copy(&config, sizeof(config));
    }
    else
        blob = fuzz_copy(data + 1, size - 1);

    if ( !tap_config_check((const void *)blob, (unsigned int)(size - 1)) )
    {
        FUZZ_CHECK(size - 1 == sizeof(config));
        check_accepted(&config);
        memset(&filter, 0xff, sizeof(filter)); /* made over what was before */
        tap_filter_build(&filter, &config);
        tap_filter_use(&filter);
        for ( i = 0; i < 256; i++ )
            check_wanted(&config, probes[i % 6], i);
        for ( i = 0; i < 0x8000; i += i < 256 ? 1 : 61 )
            check_wanted(&config, i, i % 256);
        for ( i = 0; i < IDTAP_MAX_DOMAINS; i++ )
            check_wanted(&config, config.domains[i], i);
        for ( i = 0; i < IDTAP_MAX_INTERCEPTS; i++ )
            check_intercepts(&config, &filter, config.intercepts[i].domain);
        check_intercepts(&config, &filter, 12345);
    }
    free(blob);
    return 0;
}
