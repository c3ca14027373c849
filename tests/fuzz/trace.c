/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces, as the library reads them.  What must hold of any directory:
 *
 *   streams one by one, and all as one, have the same packets and records, and
 *   the same errors; time never goes back; every record lies in its packet
 *   a trace merged with itself has each record twice
 *   statistics by several threads, or added up of several, say the same
 */
#include <stdbool.h>
#include <string.h>

#include <idtap/clock_map.h>
#include <idtap/merge.h>
#include <idtap/stats.h>

#include "fuzz.h"
#include "trace_input.h"

struct count {
    uint64_t records, packets;
    uint64_t lost; /* packets of rings; may go round, as sums of nonsense do */
    unsigned int errors;
};

static void check_error(const struct idtap_error *e)
{
    FUZZ_CHECK(e->code < 0 && e->path[0]);
    FUZZ_CHECK(e->packet_offset <= e->offset);
    FUZZ_CHECK_WHY(e->what);
}

/* Records in [begin, end), which are whole; time goes on from *tsc. */
static uint64_t count_records(const uint8_t *begin, const uint8_t *end,
                              uint64_t *tsc)
{
    uint64_t n = 0;

    for ( ; begin < end; begin = idtap_record_next(begin), n++ )
    {
        const struct idtap_record *r = idtap_record_at(begin);

        FUZZ_CHECK(idtap_record_bytes[r->event] >= sizeof(*r));
        FUZZ_CHECK(r->tsc >= *tsc);
        *tsc = r->tsc;
    }
    FUZZ_CHECK(begin == end);
    return n;
}

static struct count by_streams(const struct idtap_trace *t)
{
    static struct idtap_error err;
    struct count c = { 0 };
    unsigned int i;

    for ( i = 0; i < idtap_trace_nr_streams(t); i++ )
    {
        struct idtap_cursor *cursor;
        struct idtap_packet p;
        uint64_t tsc = 0;
        int rc;

        FUZZ_CHECK(!idtap_cursor_open(t, i, &cursor));
        while ( (rc = idtap_cursor_next(cursor, &p, &err)) > 0 )
        {
            c.packets++;
            c.records += count_records(p.begin, p.end, &tsc);
            if ( idtap_trace_stream_cpu(t, i) >= 0 )
                c.lost += p.lost_packets;
        }
        FUZZ_CHECK(!idtap_cursor_next(cursor, &p, &err) || !rc);
        if ( rc )
        {
            check_error(&err);
            c.errors++;
        }
        idtap_cursor_close(cursor);
    }
    return c;
}

static void check_iter(const struct idtap_trace *t, const struct count *want)
{
    const struct idtap_error *errors;
    struct idtap_iter *iter;
    struct idtap_run run;
    uint64_t records = 0, begins = 0, ends = 0, tsc = 0;
    unsigned int nr, i;

    FUZZ_CHECK(!idtap_iter_open(t, NULL, &iter));
    while ( idtap_iter_next(iter, &run) > 0 )
    {
        records += count_records(run.begin, run.end, &tsc);
        begins += run.packet_begins;
        ends += run.packet_ends;
        FUZZ_CHECK(run.cpu == idtap_trace_stream_cpu(t, run.stream));
    }
    errors = idtap_iter_errors(iter, &nr);
    for ( i = 0; i < nr; i++ )
        check_error(&errors[i]);
    FUZZ_CHECK(nr == want->errors && records == want->records);
    FUZZ_CHECK(begins == want->packets && ends == want->packets);
    FUZZ_CHECK(idtap_iter_packets(iter) == want->packets);
    idtap_iter_close(iter);
}

static void check_merge(const struct idtap_trace *t, const struct count *want)
{
    struct idtap_merge_input in[2];
    struct idtap_clock_map *map;
    struct idtap_merge *merge;
    struct idtap_run run;
    uint64_t records[2] = { 0 }, tsc[2] = { 0 };
    unsigned int which;

    FUZZ_CHECK(!idtap_clock_map_load(t, &map));
    for ( which = 0; which < 2; which++ )
    {
        in[which].map = map;
        FUZZ_CHECK(!idtap_iter_open(t, NULL, &in[which].iter));
    }
    FUZZ_CHECK(!idtap_merge_open(in, 2, &merge));
    while ( idtap_merge_next(merge, &which, &run) > 0 )
    {
        FUZZ_CHECK(which < 2);
        records[which] += count_records(run.begin, run.end, &tsc[which]);
    }
    FUZZ_CHECK(records[0] == want->records && records[1] == want->records);
    idtap_merge_close(merge);
    for ( which = 0; which < 2; which++ )
        idtap_iter_close(in[which].iter);
    idtap_clock_map_free(map);
}

#define EVERY_PART ((IDTAP_STATS_UPCALLS << 1) - 1)

static struct idtap_stats *statistics(const struct idtap_trace *t,
                                      unsigned int threads)
{
    static struct idtap_select select;
    struct idtap_stats_options options = {
        .select = &select, .parts = EVERY_PART, .burst_min = 2,
        .burst_ticks = 1000,
    };
    struct idtap_stats *stats;
    struct idtap_iter *iter;

    idtap_select_init(&select);
    FUZZ_CHECK(!idtap_iter_open(t, NULL, &iter));
    FUZZ_CHECK(!idtap_stats_all(iter, &options, threads, &stats));
    idtap_iter_close(iter);
    return stats;
}

/* The same, whoever counted. */
static void check_stats(const struct idtap_trace *t, const struct count *want)
{
    struct idtap_stats *one = statistics(t, 1), *two = NULL;
    uint64_t n[2], chosen[2], lost = 0;
    unsigned int i;

    n[0] = idtap_stats_records(one, &chosen[0]);
    FUZZ_CHECK(n[0] <= want->records && chosen[0] <= n[0]);
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        lost += idtap_stats_cpu(one, i).lost_packets;
    FUZZ_CHECK(lost == want->lost);

    /* Threads cost much to start: only now and then. */
    if ( want->records % 16 == 1 )
    {
        two = statistics(t, 3);
        n[1] = idtap_stats_records(two, &chosen[1]);
        FUZZ_CHECK(n[0] == n[1] && chosen[0] == chosen[1]);
        idtap_stats_destroy(two);
    }
    idtap_stats_destroy(one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct idtap_error err;
    struct idtap_trace_names *names;
    struct idtap_trace *t;
    struct count want;
    char *dir;

    dir = input_write("trace", data, size);
    if ( idtap_trace_open(dir, &t, &err) )
        check_error(&err);
    else
    {
        want = by_streams(t);
        check_iter(t, &want);
        check_merge(t, &want);
        check_stats(t, &want);
        FUZZ_CHECK(!idtap_trace_names_load(t, &names));
        idtap_trace_names_get(names, 1);
        idtap_trace_names_find(names, "web");
        idtap_trace_names_free(names);
        idtap_trace_close(t);
    }
    free(dir);
    return 0;
}
