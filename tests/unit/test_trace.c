/* SPDX-License-Identifier: GPL-2.0-only */
/* The reader, on traces that are in order: round trips, merging, parts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

static struct idtap_error err;

static void round_trip(void **state)
{
    char *dir = test_dir();
    uint64_t ring, meta, written = test_small_trace(dir, 200);

    (void)state;
    assert_int_equal(written, 2 * 200 * 13);
    assert_int_equal(test_read_all(dir, &ring, &meta, &err), 0);
    assert_int_equal(ring, written);
    assert_int_equal(meta, TEST_META_RECORDS);
    test_remove(dir);
}

static void merged_in_order(void **state)
{
    struct idtap_trace_info info = test_info();
    char *dir = test_dir();
    struct test_stream s[3];
    struct idtap_trace *t;
    struct idtap_iter *it;
    struct idtap_run run;
    unsigned int cpu, i, n = 0;

    (void)state;
    test_metadata(dir, &info);
    for ( cpu = 0; cpu < 3; cpu++ )
        test_stream_open(&s[cpu], dir, cpu, IDTAP_PACKET_SIZE_MIN);
    /* Record i is on CPU i % 3, at time i / 2: pairs share a time. */
    for ( i = 0; i < 3000; i++ )
    {
        cpu = i % 3;
        s[cpu].tsc = TEST_START + i / 2;
        test_plain(&s[cpu], 0, IDTAP_EV_IRQ_EXIT, 0, (uint8_t)i, 0);
    }
    for ( cpu = 0; cpu < 3; cpu++ )
        test_stream_close(&s[cpu]);

    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_trace_nr_streams(t), 3);
    assert_int_equal(idtap_trace_stream_cpu(t, 2), 2);
    assert_int_equal(idtap_iter_open(t, NULL, &it), 0);
    while ( idtap_iter_next(it, &run) > 0 )
    {
        const uint8_t *p;

        for ( p = run.begin; p < run.end; p = idtap_record_next(p), n++ )
        {
            /* Of two of one time, the lower CPU comes first. */
            unsigned int first = n & ~1u;
            unsigned int lower = first % 3 < (first + 1) % 3 ? first
                                                             : first + 1;
            unsigned int want = n == first ? lower : 2 * first + 1 - lower;

            assert_int_equal(idtap_record_at(p)->tsc, TEST_START + n / 2);
            assert_int_equal(idtap_record_at(p)->vector, (uint8_t)want);
            assert_int_equal(run.cpu, want % 3);
        }
    }
    assert_int_equal(n, 3000);

    idtap_iter_close(it);
    idtap_trace_close(t);
    test_remove(dir);
}

static void chosen_cpus(void **state)
{
    const uint64_t cpus[4] = { 1u << 1 };
    char *dir = test_dir();
    uint64_t written = test_small_trace(dir, 30), n = 0;
    struct idtap_trace *t;
    struct idtap_iter *it;
    struct idtap_run run;

    (void)state;
    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_iter_open(t, cpus, &it), 0);
    while ( idtap_iter_next(it, &run) > 0 )
    {
        const uint8_t *p;

        assert_int_not_equal(run.cpu, 0);
        for ( p = run.begin; p < run.end; p = idtap_record_next(p) )
            n += run.cpu >= 0;
    }
    assert_int_equal(n, written / 2);
    idtap_iter_close(it);
    idtap_trace_close(t);
    test_remove(dir);
}

static void loss_is_told(void **state)
{
    struct idtap_trace_info info = test_info();
    char *dir = test_dir();
    struct test_stream s;
    struct idtap_trace *t;
    struct idtap_cursor *c;
    struct idtap_packet p;

    (void)state;
    test_metadata(dir, &info);
    test_stream_open(&s, dir, 7, IDTAP_PACKET_SIZE_MIN);
    s.h.events_discarded = 2;
    test_stream_flush(&s);
    s.h.events_discarded = 5;
    s.h.packet_seq_num += 3;
    test_stream_flush(&s);
    test_stream_flush(&s);
    test_stream_close(&s);

    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_trace_stream_cpu(t, 0), 7);
    assert_int_equal(idtap_cursor_open(t, 0, &c), 0);
    assert_int_equal(idtap_cursor_next(c, &p, &err), 1);
    assert_int_equal(p.discarded, 2);
    assert_int_equal(p.lost_packets, 0);
    assert_int_equal(idtap_cursor_next(c, &p, &err), 1);
    assert_int_equal(p.discarded, 3);
    assert_int_equal(p.lost_packets, 3);
    assert_int_equal(p.offset, IDTAP_PACKET_SIZE_MIN);
    assert_int_equal(idtap_cursor_next(c, &p, &err), 1);
    assert_int_equal(p.discarded + p.lost_packets, 0);
    assert_ptr_equal(p.begin, p.end);
    assert_int_equal(idtap_cursor_next(c, &p, &err), 0);
    assert_int_equal(idtap_cursor_next(c, &p, &err), 0);
    idtap_cursor_close(c);
    idtap_trace_close(t);
    test_remove(dir);
}

/* A recording in three parts, of which the oldest was thrown away. */
static void rotated_parts(void **state)
{
    struct idtap_trace_info info = test_info(), other = test_info();
    char *dir = test_dir(), *part, *file;
    struct test_stream s = { .fd = -1 };
    uint64_t seq = 4, tsc = TEST_START, ring;
    unsigned int i, j;

    (void)state;
    for ( i = 2; i <= 4; i++ )
    {
        char name[8];

        snprintf(name, sizeof(name), "%06u", i);
        part = test_path(dir, name);
        assert_int_equal(mkdir(part, 0700), 0);
        test_metadata(part, &info);
        test_stream_open(&s, part, 0, IDTAP_PACKET_SIZE_MIN);
        s.h.packet_seq_num = seq;
        s.h.timestamp_begin = s.tsc = tsc;
        for ( j = 0; j < 1000; j++ )
            test_plain(&s, 3, IDTAP_EV_IRQ_EXIT, 0, 1, 0);
        test_stream_flush(&s);
        seq = s.h.packet_seq_num;
        tsc = s.tsc;
        test_stream_close(&s);
        free(part);
    }

    assert_int_equal(test_read_all(dir, &ring, NULL, &err), 0);
    assert_int_equal(ring, 3000);

    /* A recorder was killed when it began one more, with a file half written. */
    part = test_path(dir, "000005");
    assert_int_equal(mkdir(part, 0700), 0);
    file = test_path(part, ".metadata");
    test_write_file(file, "/* CTF", 6);
    free(file);
    assert_int_equal(test_read_all(dir, &ring, NULL, &err), 0);
    assert_int_equal(ring, 3000);
    /* But streams without metadata are somebody's loss. */
    file = test_path(part, "cpu0");
    test_write_file(file, "x", 1);
    free(file);
    assert_int_equal(test_read_all(dir, &ring, NULL, &err), -ENOENT);
    test_remove(part);

    /* Without the middle one, packets are missing, and no error. */
    part = test_path(dir, "000003");
    test_remove(part);
    assert_int_equal(test_read_all(dir, &ring, NULL, &err), 0);
    assert_int_equal(ring, 2000);

    /* A part of something else. */
    part = test_path(dir, "000009");
    assert_int_equal(mkdir(part, 0700), 0);
    other.uuid[0]++;
    test_metadata(part, &other);
    assert_int_equal(test_read_all(dir, NULL, NULL, &err), -EBADMSG);
    assert_non_null(strstr(err.path, "000009"));
    free(part);
    test_remove(dir);
}

static void names(void **state)
{
    struct idtap_trace_names *n;
    struct idtap_trace *t;
    char *dir = test_dir();

    (void)state;
    test_small_trace(dir, 1);
    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_trace_names_load(t, &n), 0);
    assert_string_equal(idtap_trace_names_get(n, 1), "guest");
    assert_string_equal(idtap_trace_names_get(n, 0), "Domain-0");
    assert_null(idtap_trace_names_get(n, 2));
    assert_int_equal(idtap_trace_names_find(n, "guest"), 1);
    assert_int_equal(idtap_trace_names_find(n, "gues"), -ENOENT);
    idtap_trace_names_free(n);
    idtap_trace_close(t);
    test_remove(dir);
}

static void no_trace(void **state)
{
    struct idtap_trace_info info = test_info();
    char *dir = test_dir(), *file = test_path(dir, "file");

    (void)state;
    assert_int_equal(test_read_all(dir, NULL, NULL, &err), -ENOENT);
    assert_string_equal(err.path, dir);
    test_write_file(file, "x", 1);
    assert_int_equal(test_read_all(file, NULL, NULL, &err), -ENOTDIR);
    free(file);
    file = test_path(dir, "nothing");
    assert_int_equal(test_read_all(file, NULL, NULL, &err), -ENOENT);
    free(file);

    /* Metadata alone is an empty trace; other files do not count. */
    test_metadata(dir, &info);
    file = test_path(dir, "cpu01");
    test_write_file(file, "x", 1);
    assert_int_equal(test_read_all(dir, NULL, NULL, &err), -ENODATA);
    assert_non_null(strstr(err.what, "empty"));
    free(file);
    test_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(merged_in_order),
        cmocka_unit_test(chosen_cpus),
        cmocka_unit_test(loss_is_told),
        cmocka_unit_test(rotated_parts),
        cmocka_unit_test(names),
        cmocka_unit_test(no_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
