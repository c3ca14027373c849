/* SPDX-License-Identifier: GPL-2.0-only */
/* Exporting as CTF: copies agree with what they are copied from. */
#include <sys/stat.h>

#include "export_test.h"

/* The copy of a choice tells what a choice of the original does. */
static void ctf_of(const struct idtap_select *select)
{
    char *dir = new_trace(false, true), *copy = test_dir();
    struct idtap_stats *a = test_stats(dir, select), *b;
    struct idtap_trace *t[2];
    uint64_t chosen[2], ring, meta[2];
    unsigned int cpu, table;

    assert_int_equal(export_to(find_format("ctf"), dir, copy, select, false),
                     0);
    b = test_stats(copy, NULL);
    idtap_stats_records(a, &chosen[0]);
    assert_int_equal(idtap_stats_records(b, &chosen[1]), chosen[0]);
    assert_int_equal(chosen[1], chosen[0]);
    for ( cpu = 0; cpu < NR_CPUS; cpu++ )
    {
        struct idtap_cpu_stats x = idtap_stats_cpu(a, cpu);
        struct idtap_cpu_stats y = idtap_stats_cpu(b, cpu);

        assert_int_equal(x.discarded, y.discarded);
        assert_int_equal(x.lost_packets, y.lost_packets);
    }
    for ( table = 0; table < IDTAP_TAB_NR; table++ )
    {
        unsigned int i, nr[2];
        const struct idtap_domain_stats **d = idtap_stats_domains(a, &nr[0]);
        const struct idtap_row **rows = nr[0] ?
            idtap_stats_rows(d[0], table, &nr[1]) : NULL;

        for ( i = 0; rows && i < nr[1]; i++ )
        {
            const struct idtap_row *row =
                test_row(b, (uint16_t)d[0]->domain, table, rows[i]->key);

            assert_non_null(row);
            assert_int_equal(row->count, rows[i]->count);
            assert_int_equal(row->time.sum, rows[i]->time.sum);
        }
        free(rows);
        free(d);
    }
    idtap_stats_destroy(a);
    idtap_stats_destroy(b);

    assert_int_equal(test_read_all(dir, &ring, &meta[0], &export_err), 0);
    assert_int_equal(test_read_all(copy, &ring, &meta[1], &export_err), 0);
    assert_int_equal(meta[0], meta[1]);

    /* Readers must not take the two for one. */
    assert_int_equal(idtap_trace_open(dir, &t[0], &export_err), 0);
    assert_int_equal(idtap_trace_open(copy, &t[1], &export_err), 0);
    assert_memory_not_equal(idtap_trace_info(t[0])->uuid,
                            idtap_trace_info(t[1])->uuid, 16);
    idtap_trace_close(t[0]);
    idtap_trace_close(t[1]);
    test_remove(copy);
    test_remove(dir);
}

static void ctf(void **state)
{
    struct idtap_select s;

    (void)state;
    ctf_of(NULL);
    idtap_select_init(&s);
    ctf_of(&s);
    s.classes = IDTAP_CLASS_EXIT | IDTAP_CLASS_SOFTIRQ;
    ctf_of(&s);
    s.classes = IDTAP_CLASS_IRQ | IDTAP_CLASS_NMI;
    ctf_of(&s);
    memset(s.vectors, 0, sizeof(s.vectors));
    s.vectors[0xfa / 64] = 1ull << (0xfa % 64);
    ctf_of(&s);
    idtap_select_init(&s);
    idtap_select_domain(&s, OTHER); /* there is nothing of it */
    ctf_of(&s);
}

/* One part of a recording, from `tsc` on; "meta" begins a little earlier. */
static void one_part(const char *dir, const char *name, uint64_t tsc,
                     uint64_t seq)
{
    struct idtap_trace_info info = test_info();
    char *part = test_path(dir, name);
    struct idtap_metastream *ms;
    struct test_stream s;
    unsigned int i;
    int fd;

    assert_int_equal(mkdir(part, 0700), 0);
    test_metadata(part, &info);
    fd = open(part, O_RDONLY | O_DIRECTORY);
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    assert_int_equal(idtap_metastream_lost(ms, tsc - 50, 0, seq), 0);
    assert_int_equal(idtap_metastream_config(ms, tsc - 50, IDTAP_CLASS_ALL),
                     0);
    assert_int_equal(idtap_metastream_clock_sync(ms, tsc + 3000, 1, 2, 3), 0);
    assert_int_equal(idtap_metastream_close(ms), 0);
    close(fd);

    test_stream_open(&s, part, 0, IDTAP_PACKET_SIZE_MIN);
    s.tsc = s.h.timestamp_begin = tsc;
    s.h.packet_seq_num = seq;
    s.h.events_discarded = seq;
    for ( i = 0; i < 200; i++ )
    {
        test_vm_exit(&s, 10, 1, 0, 0x72);
        test_vm_entry(&s, 10, 1, 0);
    }
    test_stream_close(&s);
    free(part);
}

/* A recording in parts becomes one trace, with the same in it. */
static void parts(void **state)
{
    char *dir = test_dir(), *out = test_dir(), *copy = test_path(out, "copy");
    struct idtap_select s;
    uint64_t ring[2], meta[2];
    unsigned int i;

    (void)state;
    one_part(dir, "000001", TEST_START, 7);
    one_part(dir, "000002", TEST_START + 5000, 30);
    assert_int_equal(test_read_all(dir, &ring[0], &meta[0], &export_err), 0);
    assert_int_equal(ring[0], 800);

    idtap_select_init(&s);
    for ( i = 0; i < 2; i++ )
    {
        struct idtap_stats *a = test_stats(dir, NULL), *b;
        struct idtap_cpu_stats x = idtap_stats_cpu(a, 0), y;

        assert_int_equal(export_to(find_format("ctf"), dir, copy,
                                   i ? &s : NULL, i), 0);
        assert_int_equal(test_read_all(copy, &ring[1], &meta[1], &export_err),
                         0);
        assert_int_equal(ring[1], ring[0]);
        assert_int_equal(meta[1], meta[0]);
        b = test_stats(copy, NULL);
        y = idtap_stats_cpu(b, 0);
        assert_int_equal(x.discarded, 23);
        assert_int_equal(y.discarded, x.discarded);
        assert_int_equal(y.lost_packets, x.lost_packets);
        idtap_stats_destroy(a);
        idtap_stats_destroy(b);
    }

    /* Beside its parts there is no room. */
    assert_int_equal(export_to(find_format("ctf"), dir, dir, NULL, true),
                     -EBUSY);
    free(copy);
    test_remove(out);
    test_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ctf),
        cmocka_unit_test(parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
