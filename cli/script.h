/* SPDX-License-Identifier: GPL-2.0-only */
/* How `idtap script` prints a record: three ways. */
#ifndef IDTAP_SCRIPT_H
#define IDTAP_SCRIPT_H

#include <stdio.h>

#include "many.h"
#include "reader.h"

struct script {
    struct reader r;
    const struct idtap_trace_info *info;
    FILE *out;          /* script_json() only: where to; NULL: stdout */
    bool wall;          /* time of day, not time since the start */
    const struct idtap_clock_map *clock; /* of several traces: this one's, */
    int64_t zero_ns;    /* when the first began, in ns since 1970, */
    const char *host;   /* and whose it is; NULL: there is one trace only */
    int host_width;
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

/* The record of pCPU `cpu` (-1: of "meta"), if it is chosen. */
static inline void script_record(const struct script *s, int cpu,
                                 const struct idtap_record *r)
{
    /* Whoever chooses records did not choose ours. */
    if ( cpu < 0 ? !s->r.chosen : idtap_select_record(&s->r.select, r) )
        s->print(s, cpu, r);
}

/* Several traces, opened, with all that `model` says; an exit status. */
int script_many(const struct script *model, struct many *m);

/* Nanoseconds since 1970. */
static inline int64_t script_realtime(const struct script *s, uint64_t tsc)
{
    return s->clock ? idtap_clock_map_ns(s->clock, tsc, NULL)
                    : idtap_tsc_to_realtime(s->info, tsc);
}

/* Since the trace's start (the first one's); before it, negative. */
static inline int64_t script_time(const struct script *s, uint64_t tsc)
{
    if ( s->clock )
        return script_realtime(s, tsc) - s->zero_ns;
    return idtap_tsc_to_realtime(s->info, tsc) -
           (int64_t)s->info->start_realtime_ns;
}

#endif /* IDTAP_SCRIPT_H */
