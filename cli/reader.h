/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands that read traces share: the options that choose a trace
 * and records of it, opening it, going through it, and saying what was lost.
 */
#ifndef IDTAP_READER_H
#define IDTAP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/names.h>
#include <idtap/select.h>
#include <idtap/stats.h>
#include <idtap/trace.h>

struct reader {
    const char *command;  /* set these, then reader_open(); NULL: not given */
    const char *dir;
    const char *domain_list, *class_list, *vector_list, *cpu_list, *window;
    bool all_streams; /* read what is not chosen, too: it ends what is */
    const char *host; /* goes before domains' names; NULL: there is one only */
    bool lenient; /* names of domains that are not in the trace choose none */

    struct idtap_trace *trace; /* the rest is reader_open()'s */
    struct idtap_trace_names *names;
    struct idtap_iter *iter;
    struct idtap_select select;
    uint64_t from;             /* TSC at which the window begins, or 0 */
    enum idtap_vendor vendor;
    bool chosen; /* some list was given */
};

/*
 * Parses the lists and opens the trace.  Returns CLI_OK, or the exit status
 * after having said why.  reader_close() in any case.
 */
int reader_open(struct reader *r);
void reader_close(struct reader *r);

/*
 * After the iterator's end: says on stderr what was wrong with streams.  CLI_OK
 * if nothing was, else CLI_FAILURE.
 */
int reader_errors(const struct reader *r);

/* Says on stderr what each pCPU lost; true if any did. */
bool reader_losses(const struct idtap_stats *stats);

#define READER_NAME_LEN 120

/* "d1 (name)", "d0 (Domain-0)", "Xen (idle)", "no domain"; or "host: d1". */
char *reader_domain(const struct reader *r, uint16_t domain,
                    char buf[READER_NAME_LEN]);

/* Text of a guest's, made fit for a terminal: control characters become '?'. */
char *reader_clean(const char *s, char *buf, size_t len);

#define READER_OPTIONS_HELP \
    "  -i, --input DIR      the trace (default: " DEFAULT_TRACE_DIR ")\n" \
    "  -d, --domain LIST    only these domains: ids, names, idle\n" \
    "  -e, --event LIST     only these classes: irq, exit, exception, nmi,\n" \
    "                       inject, softirq, lapic, swint, pv-trap, pv-upcall,\n" \
    "                       evtchn, all\n" \
    "      --vector LIST    only these vectors (of irq, exception, nmi,\n" \
    "                       inject, lapic, swint, pv-trap): 0-31,0xf3,pf\n"

/* Of those that know --time, too. */
#define READER_WINDOW_HELP \
    "      --cpu LIST       only what these CPUs recorded\n" \
    "      --time A,B       only from A to before B, in seconds since the start\n" \
    "                       (or 20ms, 7us); ',B' and 'A,' are open; 'A,+B': for B\n"

#endif /* IDTAP_READER_H */
