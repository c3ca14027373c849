/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring that overwrites: it refuses nothing but what would be written over
 * a record in progress, what is left is whole and without gaps, and who reads
 * while it is written knows whether what he read was.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "ring_test.h"

static struct test_ring t;
static uint64_t now;

/* What happens, once, in a window that is passed for the @skip-th time. */
static struct {
    unsigned int window, skip;
    void (*fn)(void);
} plan;
static unsigned int level;
static unsigned long fired;
static bool stressed, real_clock;

static void ring_window_stressed(void);

static void ring_window(enum window window)
{
    void (*fn)(void) = plan.fn;

    if ( stressed )
    {
        ring_window_stressed();
        return;
    }
    if ( !fn || plan.window != window || plan.skip-- )
        return;
    plan.fn = NULL;
    fired++;
    level++;
    fn();
    level--;
}

uint64_t ring_clock(void)
{
    uint32_t lo, hi;

    if ( !real_clock )
        return ++now;
    asm volatile ( "rdtsc" : "=a" (lo), "=d" (hi) :: "memory" );
    return (uint64_t)hi << 32 | lo;
}

static void ready(unsigned int packet_size, unsigned int nr_packets)
{
    memset(&plan, 0, sizeof(plan));
    ring_open(&t, 6, packet_size, nr_packets);
    assert_true(tap_ring_restart(&t.ring, true));
}

/* Random sizes, in every shape: nothing is refused, the newest stay. */
static void newest_stay(void **state)
{
    static const struct {
        unsigned int packet_size, nr_packets;
    } shapes[] = { { 4096, 2 }, { 4096, 128 }, { 8192, 4 }, { 65536, 32 } };
    unsigned int i, k, n;

    (void)state;
    for ( i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++ )
        for ( n = 1; n <= 300000; n *= 7 )
        {
            ready(shapes[i].packet_size, shapes[i].nr_packets);
            for ( k = 0; k < n; k++ )
                assert_true(ring_write(&t, 0, 16 + 8 * (ring_mix(k) % 120)));
            assert_int_equal(t.ring.discarded, 0);
            ring_settle_overwritten(&t);
            assert_int_equal(t.told, 0);
            assert_int_equal(t.info.first_discard_tsc, 0);
            assert_int_equal(t.expect[0], n);
            assert_int_equal(t.recorded[0], n - t.oldest[0]);
            ring_close(&t);
        }
}

/* dom0's word does not count. */
static void any_consumed(void **state)
{
    unsigned int k;

    (void)state;
    ready(4096, 4);
    for ( k = 0; k < 20000; k++ )
    {
        t.consumed.packets = k % 3 ? ring_mix(k) : t.info.begun + k % 9 - 4;
        assert_true(ring_write(&t, 0, 16 + 8 * (ring_mix(k) % 4)));
    }
    ring_settle_overwritten(&t);
    ring_close(&t);
}

/* From one way to the other and back: packets count from 0 each time. */
static void modes(void **state)
{
    unsigned int i, k;

    (void)state;
    ready(4096, 4);
    for ( i = 0; i < 10; i++ )
    {
        bool over = i % 2 == 0;

        for ( k = 0; k < 1000; k++ )
            assert_int_equal(ring_write(&t, 0, 32), over || k < 4 * 125);
        if ( over )
            ring_settle_overwritten(&t);
        else
        {
            assert_false(tap_ring_restart(&t.ring, true));
            assert_false(t.ring.overwrite);
            ring_drain(&t);
        }
        assert_true(tap_ring_restart(&t.ring, !over));
        /* The flush of a full ring that drops has told of what it dropped. */
        ring_drain(&t);
        memset(t.expect, 0, sizeof(t.expect));
        memset(t.recorded, 0, sizeof(t.recorded));
        memset(t.attempted, 0, sizeof(t.attempted));
        memset(t.dropped, 0, sizeof(t.dropped));
        t.ring.records = t.ring.discarded = 0;
        t.ring.discarded_base = t.ring.discarded_told = 0;
        t.told = t.told_from = 0;
        t.first = t.next;
    }
    ring_close(&t);
}

static void two_laps(void)
{
    unsigned int i;

    for ( i = 0; i < 2 * 4 * t.ring.nr_packets; i++ )
        ring_write(&t, level, 1024 - 16);
}

/* A record in progress is never written over: what would, is dropped. */
static void under_a_record(void **state)
{
    (void)state;
    ready(4096, 4);
    assert_true(ring_write(&t, 0, 16));
    plan.window = WINDOW_commit;
    plan.fn = two_laps;
    assert_true(ring_write(&t, 0, 64));
    assert_null(plan.fn);
    assert_true(t.ring.discarded > 0);
    assert_int_equal(t.ring.discarded, t.dropped[1]);
    /* All but the place of the interrupted record's packet was used. */
    assert_int_equal(t.info.begun, 3);
    t.nested = true;
    ring_drain(&t);
    assert_int_equal(t.recorded[0], 2);
    ring_settle_overwritten(&t);
    ring_close(&t);

    /* Interrupted before it had a place: it comes last, nothing is dropped. */
    ready(4096, 4);
    assert_true(ring_write(&t, 0, 16));
    plan.window = WINDOW_reserve;
    plan.fn = two_laps;
    assert_true(ring_write(&t, 0, 64));
    assert_int_equal(t.ring.discarded, 0);
    ring_settle_overwritten(&t);
    assert_int_equal(t.recorded[0], 1);
    assert_int_equal(t.oldest[0], 1);
    ring_close(&t);
}

static unsigned int script_records, script_size;
static bool script_flush;

static void script(void)
{
    unsigned int i;

    for ( i = 0; i < script_records; i++ )
        ring_write(&t, level, script_size);
    if ( script_flush )
        tap_ring_flush(&t.ring);
}

/* Every window, at every state of the ring, little and much happening there. */
static void windows(void **state)
{
    static const unsigned int lefts[] = { 8, 16, 24, 48, 1032 };
    static const unsigned int records[] = { 0, 1, 3, 5, 9, 14, 40 };
    unsigned int w, skip, full, l, r, op;
    unsigned long n = 0;

    (void)state;
    fired = 0;
    for ( w = 0; w < NR_WINDOWS; w++ )
    for ( skip = 0; skip < 3; skip++ )
    for ( full = 0; full < 7; full++ )
    for ( l = 0; l < 5; l++ )
    for ( r = 0; r < 2 * 7; r++ )
    for ( op = 0; op < 3; op++, n++ )
    {
        unsigned int i;

        ready(4096, full % 2 ? 4 : 2);
        for ( i = 0; i < full; i++ )
        {
            ring_fill(&t, 8);
            assert_true(ring_write(&t, 0, 16));
        }
        ring_fill(&t, lefts[l]);
        script_records = records[r % 7];
        script_size = r % 3 ? 1000 : 24;
        script_flush = r >= 7;
        plan.window = w;
        plan.skip = skip;
        plan.fn = script;
        if ( op == 0 )
            tap_ring_flush(&t.ring);
        else
            ring_write(&t, 0, op == 1 ? 16 : 40);
        plan.fn = NULL;
        assert_int_equal(level, 0);
        ring_settle_overwritten(&t);
        ring_close(&t);
    }
    assert_true(fired > 1000);
    print_message("%lu scenarios, %lu interrupts\n", n, fired);
}

/*
 * A reader beside the writer, as dom0 is: copies the newest packet whenever it
 * likes, and then asks whether it was overwritten meanwhile.
 */
#define STRESS_RECORDS 6000000ul
#ifdef __SANITIZE_THREAD__
#define SAMPLES 0 /* a copy that races is the point, and found by its seal */
#else
#define SAMPLES 1
#endif

static bool writing;
static __thread bool is_writer;
static unsigned long nested_writes;

/* Now and then an interrupt, which writes; and at times a lot. */
static void ring_window_stressed(void)
{
    static unsigned int countdown = 1;
    static uint64_t seed;
    unsigned int n;

    if ( !is_writer || --countdown )
        return;
    seed = ring_mix(seed + 0x632be59bd9b4e019);
    countdown = 1 + seed % 500;
    if ( level == LEVELS - 1 )
        return;
    level++;
    for ( n = 1 + seed / 512 % 4; n; n--, nested_writes++ )
        ring_write(&t, level, 16 + 8 * (seed >> 20) % 4 * 8);
    if ( seed % 64 == 0 )
        for ( n = 0; n < 200; n++, nested_writes++ )
            ring_write(&t, level, 40);
    level--;
}

/* On one CPU: a pCPU does not migrate, and has one clock. */
static void stay_here(void)
{
    cpu_set_t one;
    int cpu = sched_getcpu();

    CPU_ZERO(&one);
    CPU_SET(cpu < 0 ? 0 : cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void *writer(void *arg)
{
    unsigned long i;

    (void)arg;
    stay_here();
    is_writer = true;
    for ( i = 0; i < STRESS_RECORDS; i++ )
        ring_write(&t, 0, 16 + 8 * (ring_mix(i) % 4));
    __atomic_store_n(&writing, false, __ATOMIC_RELEASE);
    return NULL;
}

/* Of the copies, which were right, and which were known to be wrong. */
static void sample(struct test_ring *r, unsigned char *copy,
                   unsigned long *good, unsigned long *lapped)
{
    uint64_t begun = __atomic_load_n(&t.info.begun, __ATOMIC_ACQUIRE), seq;
    unsigned int place;

    if ( !begun )
        return;
    seq = begun - 1;
    place = seq & (t.ring.nr_packets - 1);
    if ( __atomic_load_n(&t.info.complete[place], __ATOMIC_ACQUIRE) != begun )
        return;
    memcpy(copy, t.ring.place[place].packet, t.ring.packet_size);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if ( __atomic_load_n(&t.info.begun, __ATOMIC_ACQUIRE) >=
         seq + t.ring.nr_packets )
    {
        ++*lapped;
        return;
    }
    memset(r->expect, 0, sizeof(r->expect));
    r->next = seq;
    r->tsc = 0;
    if ( ring_read_packet(r, (const void *)copy) )
        ++*good;
    ring_fine(r);
}

static void stress(void **state)
{
    static struct test_ring reader;
    unsigned char *copy = malloc(4096);
    unsigned long good = 0, lapped = 0;
    pthread_t thread;

    (void)state;
    ready(4096, 4);
    reader.ring.packet_size = 4096;
    reader.ring.cpu = t.ring.cpu;
    reader.first = t.first;
    reader.nested = true;
    stressed = writing = real_clock = true;
    assert_int_equal(pthread_create(&thread, NULL, writer, NULL), 0);
    while ( __atomic_load_n(&writing, __ATOMIC_ACQUIRE) )
        if ( SAMPLES )
            sample(&reader, copy, &good, &lapped);
        else
            sched_yield();
    assert_int_equal(pthread_join(thread, NULL), 0);
    is_writer = false;
    stressed = false;

    assert_int_equal(level, 0);
    ring_settle_overwritten(&t);
    assert_true(nested_writes > 1000);
    if ( SAMPLES )
        assert_true(good > 100);
    print_message("%lu nested; %lu packets read, %lu seen to be overwritten\n",
                  nested_writes, good, lapped);
    ring_close(&t);
    free(copy);
    real_clock = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_stay),
        cmocka_unit_test(any_consumed),
        cmocka_unit_test(modes),
        cmocka_unit_test(under_a_record),
        cmocka_unit_test(windows),
        cmocka_unit_test(stress),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
