/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What gets recorded.  Decided before the clock is read and before arguments
 * are gathered.
 *
 * tap_classes is the gate that an idle hook tests: a superset of the classes
 * of the filter in force.  tap_filter is the filter in force; it is replaced
 * as a whole, never changed in place.  tap_everything says in a word what is
 * asked for mostly: these classes, of every domain and vector; a subset of what
 * the filter lets pass.  All are written under hypfs' write lock
 * (tap/doorway.c) and read by hooks without any lock.
 */
#ifndef TAP_FILTER_H
#define TAP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/control.h>

#include "local.h"

/*
 * A bit of tap_classes beside the classes: exceptions of some guest may be
 * intercepted, so that no hook of VM exits and entries is idle.
 */
#define TAP_GATE_INTERCEPT (1u << 31)
_Static_assert(!(IDTAP_CLASS_ALL & TAP_GATE_INTERCEPT), "a bit of its own");

/* A bit of tap_everything beside them: of exceptions' exits all exceptions, and
   not the exits. */
#define TAP_ONLY_EXCEPTIONS (1u << 30)
_Static_assert(!(IDTAP_CLASS_ALL & TAP_ONLY_EXCEPTIONS), "a bit of its own");

struct tap_filter {
    uint32_t classes;
    uint32_t any_domain; /* the classes, if of every domain; else none */
    uint32_t everything; /* for tap_everything */
    uint32_t nr_intercepts;
    struct idtap_intercept intercepts[IDTAP_MAX_INTERCEPTS];
    uint64_t vectors[4];
    uint64_t domains[0x8000 / 64]; /* every domain id, DOMID_IDLE included */
};

extern uint32_t tap_classes, tap_everything;
extern const struct tap_filter *tap_filter;

/*
 * Checks a configuration that dom0 wrote, @len bytes of it.  Returns 0 or
 * -EINVAL; believes nothing.
 */
int tap_config_check(const struct idtap_config *config, unsigned int len);

/* Makes a filter of a checked configuration. */
void tap_filter_build(struct tap_filter *filter,
                      const struct idtap_config *config);

/* Puts @filter in force. */
void tap_filter_use(const struct tap_filter *filter);

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

/* Is it, whatever its domain and vector?  If not, the filter says. */
#define tap_wants_every(class) local_test(tap_everything, class)

/* Classes that have no vector: a filter of vectors is not theirs. */
#define TAP_CLASSES_NO_VECTOR (IDTAP_CLASS_EXIT | IDTAP_CLASS_SOFTIRQ | \
                               IDTAP_CLASS_PV_UPCALL | IDTAP_CLASS_EVTCHN)

/* For these. */
static inline bool tap_passes(uint32_t class, unsigned int domid)
{
    const struct tap_filter *f = tap_filter_now();

    return (f->classes & class) && filter_domain(f, domid);
}

/* For the others. */
static inline bool tap_passes_vector(uint32_t class, unsigned int domid,
                                     unsigned int vector)
{
    const struct tap_filter *f = tap_filter_now();

    return (f->classes & class) &&
           ((f->vectors[(vector / 64) % 4] >> (vector % 64)) & 1) &&
           filter_domain(f, domid);
}

static inline bool tap_wanted(uint32_t class, unsigned int domid)
{
    return tap_wants_every(class) || tap_passes(class, domid);
}

static inline bool tap_wanted_vector(uint32_t class, unsigned int domid,
                                     unsigned int vector)
{
    return tap_wants_every(class) || tap_passes_vector(class, domid, vector);
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
