/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checking a configuration and making a filter of it.  What comes in was
 * written by dom0 and is not trusted.  Builds in the tap and on the host.
 */
#include <stddef.h>

#include "filter.h"

#define EINVAL_ 22

uint32_t tap_classes, tap_everything;

static struct tap_filter nothing;
const struct tap_filter *tap_filter = &nothing;

static bool intercepts_ok(const struct idtap_config *config)
{
    unsigned int i, k;

    if ( config->nr_intercepts > IDTAP_MAX_INTERCEPTS || config->pad )
        return false;
    for ( i = 0; i < IDTAP_MAX_INTERCEPTS; i++ )
    {
        const struct idtap_intercept *e = &config->intercepts[i];

        if ( i >= config->nr_intercepts )
        {
            if ( e->exceptions || e->domain || e->flags )
                return false;
            continue;
        }
        if ( (e->exceptions & IDTAP_INTERCEPT_NEVER) ||
             (e->flags & ~IDTAP_INTERCEPT_SWINT) ||
             (e->domain >= IDTAP_DOMID_IDLE && e->domain != IDTAP_INTERCEPT_ALL) )
            return false;
        for ( k = 0; k < i; k++ )
            if ( config->intercepts[k].domain == e->domain )
                return false;
    }
    return true;
}

int tap_config_check(const struct idtap_config *config, unsigned int len)
{
    unsigned int i;

    if ( len != sizeof(*config) || config->magic != IDTAP_CONFIG_MAGIC ||
         config->version != IDTAP_ABI_VERSION ||
         config->size != sizeof(*config) ||
         (config->classes & ~IDTAP_CLASS_ALL) ||
         config->nr_domains > IDTAP_MAX_DOMAINS || !intercepts_ok(config) )
        return -EINVAL_;

    for ( i = 0; i < IDTAP_MAX_DOMAINS; i++ )
        if ( i < config->nr_domains ? config->domains[i] > IDTAP_DOMID_IDLE
                                    : config->domains[i] != 0 )
            return -EINVAL_;

    return 0;
}

void tap_filter_build(struct tap_filter *filter,
                      const struct idtap_config *config)
{
    uint64_t all_vectors = ~0ull;
    unsigned int i;

    for ( i = 0; i < 4; i++ )
    {
        filter->vectors[i] = config->vectors[i];
        all_vectors &= config->vectors[i];
    }
    filter->classes = config->classes;
    filter->any_domain = config->nr_domains ? 0 : config->classes;
    filter->everything = filter->any_domain &
                         (~all_vectors ? TAP_CLASSES_NO_VECTOR : ~0u);
    if ( (filter->everything & IDTAP_CLASS_EXCEPTION) &&
         !(config->classes & IDTAP_CLASS_EXIT) )
        filter->everything |= TAP_ONLY_EXCEPTIONS;
    for ( i = 0; i < sizeof(filter->domains) / sizeof(filter->domains[0]); i++ )
        filter->domains[i] = 0;
    filter->nr_intercepts = config->nr_intercepts;
    for ( i = 0; i < IDTAP_MAX_INTERCEPTS; i++ )
        filter->intercepts[i] = config->intercepts[i];
    for ( i = 0; i < config->nr_domains; i++ )
        filter->domains[config->domains[i] / 64] |=
            1ul << (config->domains[i] % 64);
}

void tap_filter_use(const struct tap_filter *filter)
{
    uint32_t both = tap_everything & filter->everything;

    /* Never more than the filter in force lets pass; stores stay in order. */
    __atomic_store_n(&tap_everything, both, __ATOMIC_RELEASE);
    __atomic_store_n(&tap_filter, filter, __ATOMIC_RELEASE);
    __atomic_store_n(&tap_everything, filter->everything, __ATOMIC_RELEASE);
}
