/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics that are made lane by lane (lib/stats_lanes.h) are those that the
 * records of all streams give in order: of traces in which everything happens
 * that makes order matter.  vCPUs are everywhere at once, times are equal,
 * records and packets are lost, the recorder changes its mind, windows cut,
 * streams are broken.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "common.h"
#include "stats_same.h"

#ifdef __SANITIZE_ADDRESS__
#define TRACES 8 /* twice each kind */
#else
#define TRACES 24
#endif

#define NR_CPUS 4u
#define RECORDS 6000u /* of each */

static uint32_t seed;
static bool time_stands; /* all records are of one moment */

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * below) >> 32);
}

/* A record of any kind; `wild`: of vCPUs wherever they are. */
static void random_record(struct test_stream *st, unsigned int cpu, bool wild)
{
    static const uint16_t reasons[] = { 0x40, 0x60, 0x72, 0x75, 0x400, 0x78 };
    uint16_t domain = (uint16_t)draw(3);
    uint16_t vcpu = (uint16_t)(wild || !draw(50) ? draw(3) : cpu);
    unsigned int dt = !time_stands && draw(4) ? draw(40) : 0;
    struct idtap_vm_exit e;

    switch ( draw(13) )
    {
    case 0: case 1: case 2:
        st->tsc += dt;
        e = (struct idtap_vm_exit){
            .r = { .tsc = st->tsc, .event = IDTAP_EV_VM_EXIT,
                   .vector = (uint8_t)draw(3), .domain = domain, .vcpu = vcpu,
                   .flags = draw(8) ? 0 : IDTAP_F_INTERCEPT },
            .reason = reasons[draw(6)],
        };
        test_stream_add(st, &e, sizeof(e));
        return;
    case 3: case 4: case 5:
        test_vm_entry(st, dt, domain, vcpu);
        return;
    case 6:
        test_irq_enter(st, dt, domain, (uint8_t)(0x30 + draw(3)),
                       IDTAP_OWNER_DIRECT, -1, (uint8_t)draw(2), 0);
        return;
    case 7:
        test_plain(st, dt, IDTAP_EV_IRQ_EXIT, domain,
                   (uint8_t)(0x30 + draw(3)), 0);
        return;
    case 8:
        test_plain(st, dt, draw(2) ? IDTAP_EV_SOFTIRQ_ENTER
                                   : IDTAP_EV_SOFTIRQ_EXIT, domain,
                   (uint8_t)draw(3), 0);
        return;
    case 9:
        if ( draw(2) )
            test_nmi_enter(st, dt, domain);
        else
            test_plain(st, dt, IDTAP_EV_NMI_EXIT, domain, 2, 0);
        return;
    case 10:
        test_raise(st, dt, (uint8_t)draw(3), cpu);
        if ( !draw(4) )
            test_exception(st, dt, domain, 14, 0);
        return;
    case 11:
        test_inject_vcpu(st, dt, domain, vcpu, (uint8_t)(0x40 + draw(2)),
                         IDTAP_TYPE_EXT_INTR,
                         draw(8) ? 0 : IDTAP_F_REINJECT);
        return;
    default:
        test_lapic(st, dt, draw(2) ? IDTAP_EV_LAPIC_ACCEPT
                                   : IDTAP_EV_LAPIC_EOI, domain, vcpu,
                   (uint8_t)(0x40 + draw(2)),
                   draw(8) ? 0 : IDTAP_F_PENDING);
        return;
    }
}

/* Returns the last record's time. */
static uint64_t ring(const char *dir, unsigned int cpu, uint32_t s, bool lossy)
{
    struct test_stream st;
    unsigned int i;
    uint64_t last;

    test_stream_open(&st, dir, cpu, 4096);
    /* One of them has little to say. */
    for ( i = 0; i < (cpu == s % NR_CPUS ? RECORDS / 50 : RECORDS); i++ )
    {
        random_record(&st, cpu, s % 3 == 0);
        if ( cpu == s % NR_CPUS )
            st.tsc += draw(1000);
        if ( !draw(400) )
            test_stream_flush(&st);
        if ( lossy && !draw(300) )
            st.h.events_discarded += draw(5);
        if ( lossy && !draw(500) && st.used == sizeof(st.h) )
            st.h.packet_seq_num += draw(3);
        if ( !draw(900) )
            st.tsc += draw(5000);
    }
    last = st.tsc;
    test_stream_close(&st);
    return last;
}

static void meta(const char *dir, uint64_t last)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    struct idtap_metastream *ms;
    uint64_t tsc = TEST_START, lost = 0;

    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    while ( tsc < last )
    {
        if ( !draw(3) )
            idtap_metastream_config(ms, tsc, draw(2) ? IDTAP_CLASS_ALL
                                                     : IDTAP_CLASS_EXIT);
        else if ( !draw(3) )
            idtap_metastream_lost(ms, tsc, draw(NR_CPUS), lost += draw(4));
        else
            idtap_metastream_clock_sync(ms, tsc, 1700000000000000000u + tsc,
                                        tsc, 10);
        tsc += draw((uint32_t)(last - TEST_START) / 10);
    }
    assert_int_equal(idtap_metastream_close(ms), 0);
    close(fd);
}

/* One byte somewhere in the rings is another. */
static void spoil(const char *dir)
{
    char name[] = "cpu0", *path;
    uint8_t *data;
    size_t len;

    name[3] = (char)('0' + draw(NR_CPUS));
    path = test_path(dir, name);
    data = test_read_file(path, &len);
    data[draw((uint32_t)len)] ^= (uint8_t)(1u << draw(8));
    test_write_file(path, data, len);
    free(data);
    free(path);
}

static char *make(uint32_t s, uint64_t *last)
{
    struct idtap_trace_info info = test_info();
    char *dir = test_dir();
    unsigned int cpu;

    seed = s * 2654435761u + 1;
    *last = 0;
    test_metadata(dir, &info);
    for ( cpu = 0; cpu < NR_CPUS; cpu++ )
    {
        uint64_t end = ring(dir, cpu, s, s % 2);

        *last = end > *last ? end : *last;
    }
    if ( s % 5 )
        meta(dir, *last);
    for ( cpu = 0; s % 4 == 3 && cpu < 12; cpu++ )
        spoil(dir);
    return dir;
}

static void same_errors(const struct idtap_iter *a, const struct idtap_iter *b)
{
    unsigned int i, n, m;
    const struct idtap_error *x = idtap_iter_errors(a, &n);
    const struct idtap_error *y = idtap_iter_errors(b, &m);

    assert_int_equal(n, m);
    assert_int_equal(idtap_iter_packets(a), idtap_iter_packets(b));
    for ( i = 0; i < n; i++ )
    {
        assert_int_equal(x[i].code, y[i].code);
        assert_int_equal(x[i].offset, y[i].offset);
        assert_string_equal(x[i].path, y[i].path);
        assert_string_equal(x[i].what, y[i].what);
    }
}

static struct idtap_iter *iter_of(const struct idtap_trace *t, uint64_t from,
                                  uint64_t to)
{
    struct idtap_iter *it;

    assert_int_equal(idtap_iter_open(t, NULL, &it), 0);
    if ( from || to != UINT64_MAX )
        idtap_iter_window(it, from, to);
    return it;
}

/* Returns how many records there are. */
static uint64_t compare(const char *dir, uint64_t from, uint64_t to,
                    const struct idtap_select *select)
{
    static const unsigned int threads[] = { 1, 2, 5 };
    static struct idtap_error err;
    struct idtap_stats_options options = {
        .select = select, .parts = IDTAP_STATS_DEFAULT, .from = from,
    };
    struct idtap_stats *in_order = idtap_stats_create_with(&options), *lanes;
    struct idtap_iter *it, *other;
    struct idtap_trace *t;
    struct idtap_run run;
    uint64_t records, chosen;
    unsigned int i;

    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    it = iter_of(t, from, to);
    while ( idtap_iter_next(it, &run) > 0 )
        assert_int_equal(idtap_stats_run(in_order, &run), 0);

    for ( i = 0; i < sizeof(threads) / sizeof(threads[0]); i++ )
    {
        other = iter_of(t, from, to);
        assert_int_equal(idtap_stats_all(other, &options, threads[i], &lanes),
                         0);
        same(in_order, lanes);
        same_errors(it, other);
        assert_int_equal(idtap_iter_next(other, &run), 0);
        idtap_stats_destroy(lanes);
        idtap_iter_close(other);
    }

    records = idtap_stats_records(in_order, &chosen);
    idtap_iter_close(it);
    idtap_trace_close(t);
    idtap_stats_destroy(in_order);
    return records;
}

static void random_traces(void **state)
{
    uint32_t s;

    (void)state;
    for ( s = 0; s < TRACES; s++ )
    {
        struct idtap_select select;
        uint64_t last, span, from, records;
        char *dir = make(s, &last);

        idtap_select_init(&select);
        records = compare(dir, 0, UINT64_MAX, &select);
        assert_true(s % 4 == 3 || records > 3 * RECORDS);
        span = last - TEST_START;
        from = TEST_START + draw((uint32_t)span / 2);
        compare(dir, from, from + draw((uint32_t)span / 2), &select);
        compare(dir, 0, from, &select);

        select.classes = IDTAP_CLASS_ALL & ~(1u << draw(11));
        idtap_select_domain(&select, (uint16_t)draw(3));
        select.vectors[0] = 0x5555555555555555u;
        select.cpus[0] = 1u << draw(NR_CPUS) | 1u << draw(NR_CPUS);
        compare(dir, 0, UINT64_MAX, &select);
        compare(dir, from, UINT64_MAX, &select);
        test_remove(dir);
    }
}

/* Where all is at one time, slices end by packets. */
static void one_moment(void **state)
{
    struct idtap_trace_info info = test_info();
    struct idtap_select select;
    char *dir = test_dir();
    unsigned int cpu, i;

    (void)state;
    seed = 1;
    time_stands = true;
    idtap_select_init(&select);
    test_metadata(dir, &info);
    for ( cpu = 0; cpu < NR_CPUS; cpu++ )
    {
        struct test_stream st;

        test_stream_open(&st, dir, cpu, 4096);
        for ( i = 0; i < 8000; i++ )
            random_record(&st, cpu, true);
        test_stream_close(&st);
    }
    time_stands = false;
    assert_true(compare(dir, 0, UINT64_MAX, &select) >= NR_CPUS * 8000);
    test_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_traces),
        cmocka_unit_test(one_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
