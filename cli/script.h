/* SPDX-License-Identifier: GPL-2.0-only */
/* How `idtap script` prints a record: three ways. */
#ifndef IDTAP_SCRIPT_H
#define IDTAP_SCRIPT_H

#include <stdio.h>

#include "reader.h"

struct script {
    struct reader r;
    const struct idtap_trace_info *info;
    FILE *out;          /* script_json() only: where to; NULL: stdout */
    bool wall;          /* time of day, not time since the start */
    /* Prints one checked record of pCPU `cpu` (-1: of "meta") to stdout. */
    void (*print)(const struct script *s, int cpu,
                  const struct idtap_record *r);
};

void script_line(const struct script *s, int cpu,
                 const struct idtap_record *r);
void script_json(const struct script *s, int cpu,
                 const struct idtap_record *r);
void script_int(const struct script *s, int cpu,
                const struct idtap_record *r);

/* Nanoseconds since the trace's start; before it, negative. */
static inline int64_t script_time(const struct script *s, uint64_t tsc)
{
    return idtap_tsc_to_realtime(s->info, tsc) -
           (int64_t)s->info->start_realtime_ns;
}

#endif /* IDTAP_SCRIPT_H */
