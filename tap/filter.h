/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What gets recorded.  Decided before the clock is read and before arguments
 * are gathered.
 *
 * tap_classes is the gate that an idle hook tests: a superset of the classes
 * of the filter in force.  tap_filter is the filter in force; it is replaced
 * as a whole, never changed in place.  Both are written under hypfs' write
 * lock (tap/doorway.c) and read by hooks without any lock.
 */
#ifndef TAP_FILTER_H
#define TAP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/control.h>

/*
 * A bit of tap_classes beside the classes: exceptions of some guest may be
 * intercepted, so that no hook of VM exits and entries is idle.
 */
#define TAP_GATE_INTERCEPT (1u << 31)
_Static_assert(!(IDTAP_CLASS_ALL & TAP_GATE_INTERCEPT), "a bit of its own");

struct tap_filter {
    uint32_t classes;
    uint32_t any_domain; /* the classes, if of every domain; else none */
    uint32_t anything;   /* the classes, if of every domain and vector; else
                            none */
    uint32_t nr_intercepts;
    struct idtap_intercept intercepts[IDTAP_MAX_INTERCEPTS];
    uint64_t vectors[4];
    uint64_t domains[0x8000 / 64]; /* every domain id, DOMID_IDLE included */
};

extern uint32_t tap_classes;
extern const struct tap_filter *tap_filter;

/*
 * Checks a configuration that dom0 wrote, @len bytes of it.  Returns 0 or
 * -EINVAL; believes nothing.
 */
int tap_config_check(const struct idtap_config *config, unsigned int len);

/* Makes a filter of a checked configuration. */
void tap_filter_build(struct tap_filter *filter,
                      const struct idtap_config *config);

/* The one in force; what it points to does not change while a hook looks. */
static inline const struct tap_filter *tap_filter_now(void)
{
    return *(const struct tap_filter *const volatile *)&tap_filter;
}

static inline bool filter_domain(const struct tap_filter *f, unsigned int domid)
{
    return f->any_domain ||
           ((f->domains[(domid / 64) % 512] >> (domid % 64)) & 1);
}

/* For classes that have no vector. */
static inline bool tap_wanted(uint32_t class, unsigned int domid)
{
    const struct tap_filter *f = tap_filter_now();

    /* What is mostly asked for first. */
    return (f->any_domain & class) ||
           ((f->classes & class) && filter_domain(f, domid));
}

/* For classes that have one; by @f, which is or was in force. */
static inline bool tap_passes_vector(const struct tap_filter *f, uint32_t class,
                                     unsigned int domid, unsigned int vector)
{
    return (f->anything & class) ||
           ((f->classes & class) &&
            ((f->vectors[(vector / 64) % 4] >> (vector % 64)) & 1) &&
            filter_domain(f, domid));
}

static inline bool tap_wanted_vector(uint32_t class, unsigned int domid,
                                     unsigned int vector)
{
    return tap_passes_vector(tap_filter_now(), class, domid, vector);
}

/* What to intercept of a guest; NULL: nothing. */
static inline const struct idtap_intercept *
tap_intercept_wanted(const struct tap_filter *f, unsigned int domid)
{
    const struct idtap_intercept *any = NULL;
    unsigned int i;

    for ( i = 0; i < f->nr_intercepts; i++ )
        if ( f->intercepts[i].domain == domid )
            return &f->intercepts[i];
        else if ( f->intercepts[i].domain == IDTAP_INTERCEPT_ALL )
            any = &f->intercepts[i];
    return any;
}

#endif /* TAP_FILTER_H */
