/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a trace's TSC to CLOCK_REALTIME of its host, as the clock_sync records of
 * the stream "meta" tell: in straight lines from one record to the next, outside
 * of them with the rate that the metadata tells.
 *
 * If the host's clock was set meanwhile, only what comes after the last time is
 * used, for then it was set right: before that, time is counted back with the
 * TSC.  A slewed clock (500 ppm at most) is followed.  Mapped time never goes
 * back when the TSC does not.
 *
 * A map is constant: any thread.
 */
#ifndef IDTAP_CLOCK_MAP_H
#define IDTAP_CLOCK_MAP_H

#include <stdint.h>

#include <idtap/trace.h>

struct idtap_clock_map;

/*
 * A "meta" that is broken counts up to the break; one without clock_sync records
 * leaves the metadata's start.  0 or -ENOMEM.
 */
int idtap_clock_map_load(const struct idtap_trace *t,
                         struct idtap_clock_map **map);
void idtap_clock_map_free(struct idtap_clock_map *map); /* NULL is legal */

/*
 * ns since 1970.  `hint`, which begins as 0 and may be NULL, makes a row of
 * calls in the order of time fast.
 */
int64_t idtap_clock_map_ns(const struct idtap_clock_map *map, uint64_t tsc,
                           unsigned int *hint);

/* The first TSC that is mapped to `ns` or later; UINT64_MAX if none is. */
uint64_t idtap_clock_map_tsc(const struct idtap_clock_map *map, int64_t ns);

/* How far what was mapped can be believed. */
struct idtap_clock_quality {
    unsigned int syncs;      /* records that are used */
    uint64_t uncertainty_ns; /* the largest of them; UINT64_MAX: not known */
    unsigned int steps;      /* how often the clock was set */
    int64_t step_ns;         /* the last time: by how much */
    int64_t drift_ppb;       /* realtime against the TSC's rate; 0: not known */
};

struct idtap_clock_quality
idtap_clock_map_quality(const struct idtap_clock_map *map);

#endif /* IDTAP_CLOCK_MAP_H */
