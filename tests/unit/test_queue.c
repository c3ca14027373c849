/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets in memory, merged while they come: the same records in the same order
 * as from the disk, whatever the order in which CPUs hand in and however often
 * one looks; and what is wrong is left out, and known to be missing.
 */
#include <errno.h>
#include <string.h>

#include <idtap/queue.h>

#include "common.h"

#define PACKET IDTAP_PACKET_SIZE_MIN
#define ROUNDS 700u

static char *dir;
static uint8_t *file[2];
static unsigned int nr_packets[2];

/* The records that came out, one after the other. */
static uint8_t *out;
static size_t out_len;
static uint64_t horizon, begins, ends, lost, discarded;
static unsigned int stop_after;

static int setup(void **state)
{
    unsigned int i;
    size_t len;

    (void)state;
    dir = test_dir();
    test_small_trace(dir, ROUNDS);
    for ( i = 0; i < 2; i++ )
    {
        char *path = test_path(dir, i ? "cpu1" : "cpu0");

        file[i] = test_read_file(path, &len);
        nr_packets[i] = (unsigned int)(len / PACKET);
        free(path);
    }
    out = malloc(4 << 20);
    assert_non_null(out);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(file[0]);
    free(file[1]);
    free(out);
    test_remove(dir);
    return 0;
}

static int collect(void *ctx, const struct idtap_run *run)
{
    const uint8_t *p;

    (void)ctx;
    for ( p = run->begin; p < run->end; p = idtap_record_next(p) )
        assert_true(idtap_record_at(p)->tsc < horizon);
    assert_int_equal(run->stream, run->cpu + 1);
    assert_int_equal(run->packet_begins, run->begin == run->packet->begin);
    assert_int_equal(run->packet_ends, run->end == run->packet->end);
    begins += run->packet_begins;
    ends += run->packet_ends;
    lost += run->packet_begins ? run->packet->lost_packets : 0;
    discarded += run->packet_begins ? run->packet->discarded : 0;
    memcpy(out + out_len, run->begin, (size_t)(run->end - run->begin));
    out_len += (size_t)(run->end - run->begin);
    return stop_after && !--stop_after ? -ECANCELED : 0;
}

static void reset(void)
{
    out_len = 0;
    begins = ends = lost = discarded = 0;
    stop_after = 0;
}

static int advance(struct idtap_queue *q, uint64_t tsc)
{
    horizon = tsc;
    return idtap_queue_advance(q, tsc, collect, NULL);
}

static const struct idtap_packet_header *packet(unsigned int cpu,
                                                unsigned int nr)
{
    return (const void *)(file[cpu] + (size_t)nr * PACKET);
}

static void add(struct idtap_queue *q, unsigned int cpu, unsigned int nr)
{
    assert_int_equal(idtap_queue_add(q, cpu, packet(cpu, nr), PACKET), 0);
}

/* What the iterator says of the trace on the disk. */
static size_t from_disk(uint8_t *to)
{
    static struct idtap_error err;
    struct idtap_trace *t;
    struct idtap_iter *it;
    struct idtap_run run;
    size_t len = 0;

    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_iter_open(t, NULL, &it), 0);
    while ( idtap_iter_next(it, &run) > 0 )
        if ( run.cpu >= 0 )
        {
            memcpy(to + len, run.begin, (size_t)(run.end - run.begin));
            len += (size_t)(run.end - run.begin);
        }
    idtap_iter_close(it);
    idtap_trace_close(t);
    return len;
}

/*
 * Hands in step by step, one CPU up to @ahead packets before the other, and
 * advances as far as is known.
 */
static void same_as_disk(void **state)
{
    static uint8_t want[4 << 20];
    size_t len = from_disk(want);
    unsigned int ahead, n[2];

    (void)state;
    assert_true(nr_packets[0] > 10 && nr_packets[0] == nr_packets[1]);
    for ( ahead = 0; ahead <= nr_packets[0]; ahead += 3 )
    {
        struct idtap_queue *q = idtap_queue_create();

        reset();
        n[0] = n[1] = 0;
        while ( n[1] < nr_packets[1] )
        {
            uint64_t known;

            while ( n[0] < nr_packets[0] && n[0] <= n[1] + ahead )
                add(q, 0, n[0]++);
            add(q, 1, n[1]++);
            /* Each CPU has told of all until its last packet's end. */
            known = packet(0, n[0] - 1)->timestamp_end;
            if ( packet(1, n[1] - 1)->timestamp_end < known )
                known = packet(1, n[1] - 1)->timestamp_end;
            /* At times no more than half of that. */
            assert_int_equal(advance(q, n[1] % 3 ? known : known / 2), 0);
        }
        assert_int_equal(advance(q, UINT64_MAX), 0);
        assert_int_equal(out_len, len);
        assert_memory_equal(out, want, len);
        assert_int_equal(begins, nr_packets[0] + nr_packets[1]);
        assert_int_equal(ends, begins);
        assert_int_equal(lost, 0);
        assert_int_equal(idtap_queue_bytes(q), 0);
        idtap_queue_destroy(q);
    }
}

/* Nonsense is refused, and the next packet tells that one is missing. */
static void nonsense(void **state)
{
    struct idtap_queue *q = idtap_queue_create();
    struct idtap_packet_header *h = malloc(PACKET);
    unsigned int i;

    (void)state;
    reset();
    add(q, 0, 0);
    for ( i = 0; i < 5; i++ )
    {
        memcpy(h, packet(0, 1), PACKET);
        if ( i == 0 )
            h->magic++;
        else if ( i == 1 )
            h->packet_size *= 2;
        else if ( i == 2 )
            h->packet_seq_num = 0;
        else if ( i == 3 )
            h->cpu_id = 1;
        else
            ((struct idtap_record *)(void *)(h + 1))->event = 99;
        assert_int_equal(idtap_queue_add(q, 0, h, PACKET), -EBADMSG);
    }
    assert_int_equal(idtap_queue_add(q, 0, packet(0, 1), PACKET / 2),
                     -EBADMSG);
    assert_int_equal(idtap_queue_bytes(q), PACKET);
    memcpy(h, packet(0, 3), PACKET);
    h->events_discarded = 5;
    assert_int_equal(idtap_queue_add(q, 0, h, PACKET), 0);
    assert_int_equal(advance(q, UINT64_MAX), 0);
    assert_int_equal(lost, 2);
    assert_int_equal(discarded, 5);
    idtap_queue_destroy(q);
    free(h);
}

/* Whoever is called may stop it; nothing comes twice, nothing is left out. */
static void stopped(void **state)
{
    struct idtap_queue *q = idtap_queue_create();
    uint64_t first;

    (void)state;
    reset();
    add(q, 0, 0);
    add(q, 1, 0);
    stop_after = 5;
    assert_int_equal(advance(q, UINT64_MAX), -ECANCELED);
    first = out_len;
    assert_true(first > 0);
    assert_int_equal(advance(q, UINT64_MAX), 0);
    assert_int_equal(out_len, packet(0, 0)->content_size / 8 +
                              packet(1, 0)->content_size / 8 -
                              2 * sizeof(struct idtap_packet_header));
    assert_int_equal(ends, 2);
    idtap_queue_destroy(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_disk),
        cmocka_unit_test(nonsense),
        cmocka_unit_test(stopped),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
