/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which records of a trace are wanted: the reading side's twin of struct
 * idtap_config, with the same meaning.  Constant once made; any thread.
 */
#ifndef IDTAP_SELECT_H
#define IDTAP_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include <idtap/record.h>

/* Classes the records of which are chosen by vector, too. */
#define IDTAP_SELECT_BY_VECTOR (IDTAP_CLASS_IRQ | IDTAP_CLASS_EXCEPTION | \
                                IDTAP_CLASS_NMI | IDTAP_CLASS_INJECT | \
                                IDTAP_CLASS_LAPIC | IDTAP_CLASS_SWINT | \
                                IDTAP_CLASS_PV_TRAP)

struct idtap_select {
    uint32_t classes;       /* IDTAP_CLASS_* */
    bool any_domain;        /* `domains` does not count */
    uint64_t vectors[4];    /* bit v of word v / 64 */
    uint64_t domains[1024]; /* likewise, by domain id */
    uint64_t cpus[4];       /* likewise, of the pCPU that recorded it */
};

/* Everything. */
void idtap_select_init(struct idtap_select *s);
void idtap_select_domain(struct idtap_select *s, uint16_t domain);

/* The part that does not depend on the kind of record. */
static inline bool idtap_select_has_domain(const struct idtap_select *s,
                                           uint16_t domain)
{
    return s->any_domain || (s->domains[domain / 64] >> (domain % 64) & 1);
}

static inline bool idtap_select_has_vector(const struct idtap_select *s,
                                           uint8_t vector)
{
    return s->vectors[vector / 64] >> (vector % 64) & 1;
}

static inline bool idtap_select_has_cpu(const struct idtap_select *s,
                                        unsigned int cpu)
{
    return s->cpus[cpu / 64] >> (cpu % 64) & 1;
}

/*
 * Is this record of a ring wanted, if its pCPU is?  Records of "meta" are not
 * asked about.
 */
bool idtap_select_record(const struct idtap_select *s,
                         const struct idtap_record *r);

#endif /* IDTAP_SELECT_H */
