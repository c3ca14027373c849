/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring under load: threads that own a ring each, as pCPUs do, interrupted
 * by signals of three levels, as by interrupts and NMIs, while another thread
 * reads.  Signals come from timers, at any instruction, and now and then from
 * the race windows themselves.  Every record is accounted for.
 *
 * Also built with the thread sanitizer, which delivers the timers' signals
 * late but sees each access that no barrier orders.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "ring_test.h"

#define WRITERS 2
#define PACKET 4096
#define PACKETS 128

/* Records that level 0 attempts, all writers together. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PATIENT 4000000ul
#define HASTY   1000000ul
#else
#define PATIENT 40000000ul
#define HASTY   10000000ul
#endif

struct writer {
    struct test_ring t;
    pthread_t thread;
    unsigned long attempts;
    bool patient; /* waits for the reader: nothing may be dropped */
    bool done;
    uint64_t dropped; /* so far, as the thread itself last saw */
    uint64_t read_at; /* the reader's: "dropped" when it last read */
    unsigned int level, depth, deepest;
    unsigned long flushes;
};

static struct writer writers[WRITERS];
static __thread struct writer *self;
static __thread unsigned int countdown = 1;
static __thread uint64_t seed = 1;

uint64_t ring_clock(void)
{
    uint32_t lo, hi;

    asm volatile ( "rdtsc" : "=a" (lo), "=d" (hi) :: "memory" );
    return (uint64_t)hi << 32 | lo;
}

static unsigned int random_below(unsigned int n)
{
    seed = ring_mix(seed + 0x632be59bd9b4e019);
    return (seed >> 20) % n;
}

static void on_signal(int sig);

/* A signal to ourselves; the thread sanitizer would not let it nest. */
static void interrupt(unsigned int level)
{
    int sig = SIGRTMIN + (int)level - 1;

#ifdef __SANITIZE_THREAD__
    on_signal(sig);
#else
    pthread_kill(pthread_self(), sig);
#endif
}

/*
 * One interrupt in 2000 windows, more in the rare one and in handlers; only a
 * higher one interrupts a handler, so that there is an end to it.
 */
static void ring_window(enum window window)
{
    bool rare = window == WINDOW_switch || (self && self->level);

    if ( --countdown && (!rare || countdown % 8) )
        return;
    countdown = 1 + random_below(4000);
    if ( self && self->level < 3 )
        interrupt(self->level + 1 + random_below(3 - self->level));
}

static unsigned int random_size(void)
{
    return 16 + 8 * random_below(4);
}

/*
 * Whoever waits leaves room for those who may interrupt it after it looked:
 * each of them fills no more than a packet, and flushes once.
 */
static bool room(const struct writer *w, unsigned int level)
{
    return !__atomic_load_n(&w->patient, __ATOMIC_RELAXED) ||
           ring_free(&w->t) >= 10 - level;
}

static void on_signal(int sig)
{
    unsigned int level = 1 + sig - SIGRTMIN, n;
    struct writer *w = self;
    unsigned int interrupted = w->level;

    /* No mask kept the timers' signals from a call by interrupt(). */
    if ( level <= interrupted || !room(w, level) )
        return;
    w->level = level;
    if ( ++w->depth > w->deepest )
        w->deepest = w->depth;
    for ( n = 1 + random_below(3); n; n-- )
        ring_write(&w->t, level, random_size());
    if ( level < 3 && !random_below(8) )
    {
        tap_ring_flush(&w->t.ring);
        w->flushes++;
    }
    w->depth--;
    w->level = interrupted;
}

/* Signal n is blocked in the handlers of itself and of higher ones. */
static void handlers(void)
{
    int i, k;

    for ( i = 0; i < 3; i++ )
    {
        struct sigaction sa = { .sa_handler = on_signal };

        sigemptyset(&sa.sa_mask);
        for ( k = 0; k <= i; k++ )
            sigaddset(&sa.sa_mask, SIGRTMIN + k);
        assert_int_equal(sigaction(SIGRTMIN + i, &sa, NULL), 0);
    }
}

/* On a CPU of its own if there is one; a pCPU does not migrate. */
static void pin(unsigned int nr)
{
    cpu_set_t all, one;
    int cpu;

    if ( sched_getaffinity(0, sizeof(all), &all) )
        return;
    nr %= (unsigned int)CPU_COUNT(&all);
    for ( cpu = 0; cpu < CPU_SETSIZE; cpu++ )
        if ( CPU_ISSET(cpu, &all) && !nr-- )
        {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
            return;
        }
}

static void timers_start(timer_t timer[3])
{
    static const long interval_ns[3] = { 130000, 210000, 370000 };
    int i;

    for ( i = 0; i < 3; i++ )
    {
        struct itimerspec when = {
            { 0, interval_ns[i] }, { 0, interval_ns[i] }
        };
        struct sigevent ev = {
            .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + i,
        };

        ev._sigev_un._tid = gettid();
        if ( timer_create(CLOCK_MONOTONIC, &ev, &timer[i]) ||
             timer_settime(timer[i], 0, &when, NULL) )
            abort();
    }
}

static void timers_stop(timer_t timer[3])
{
    sigset_t set;
    int i;

    sigfillset(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    for ( i = 0; i < 3; i++ )
        timer_delete(timer[i]);
}

static void *writer(void *arg)
{
    struct writer *w = arg;
    timer_t timer[3];
    unsigned long i;

    pin(w->t.ring.cpu);
    seed = w->t.ring.cpu + 1;
    self = w;
    timers_start(timer);
    for ( i = 0; i < w->attempts; i++ )
    {
        /* Sixteen records are less than a packet. */
        while ( i % 16 == 0 && !room(w, 0) )
            sched_yield();
        ring_write(&w->t, 0, random_size());
        if ( i % 16 == 0 )
            __atomic_store_n(&w->dropped, w->t.ring.discarded,
                             __ATOMIC_RELAXED);
    }
    timers_stop(timer);
    __atomic_store_n(&w->done, true, __ATOMIC_RELEASE);
    return NULL;
}

static void start(unsigned long attempts, bool patient)
{
    unsigned int i;

    memset(writers, 0, sizeof(writers));
    for ( i = 0; i < WRITERS; i++ )
    {
        struct writer *w = &writers[i];

        ring_open(&w->t, i, PACKET, PACKETS);
        w->t.nested = true;
        w->attempts = attempts / WRITERS;
        w->patient = patient;
    }
    for ( i = 0; i < WRITERS; i++ )
        assert_int_equal(pthread_create(&writers[i].thread, NULL, writer,
                                        &writers[i]), 0);
}

/* A slow reader waits until it has cost so many records since it last read. */
#define COST 200

static bool too_early(struct writer *w)
{
    uint64_t dropped = __atomic_load_n(&w->dropped, __ATOMIC_RELAXED);

    if ( dropped < w->read_at + COST &&
         !__atomic_load_n(&w->done, __ATOMIC_ACQUIRE) )
        return true;
    w->read_at = dropped;
    return false;
}

/* Reads until all writers are done; stops at nothing but the end. */
static void read_all(bool slow)
{
    const struct timespec pause[2] = { { 0, 10000 }, { 0, 2000000 } };
    bool writing = true;
    unsigned int i, got;

    while ( writing )
    {
        for ( writing = false, got = 0, i = 0; i < WRITERS; i++ )
        {
            struct writer *w = &writers[i];

            writing |= !__atomic_load_n(&w->done, __ATOMIC_ACQUIRE);
            if ( slow && too_early(w) )
                continue;
            while ( got < PACKETS && ring_read(&w->t) )
                got++;
            /* A fault must not make the writer wait for ever. */
            if ( w->t.wrong )
                __atomic_store_n(&w->patient, false, __ATOMIC_RELAXED);
        }
        if ( slow || !got )
            nanosleep(&pause[slow], NULL);
    }
    for ( i = 0; i < WRITERS; i++ )
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
}

static void stress(unsigned long attempts, bool patient)
{
    unsigned long records = 0, dropped = 0, level[LEVELS] = { 0 };
    unsigned int i, k;

    start(attempts, patient);
    read_all(!patient);

    for ( i = 0; i < WRITERS; i++ )
    {
        struct writer *w = &writers[i];

        ring_fine(&w->t);
        ring_settle(&w->t);
        assert_int_equal(w->t.attempted[0], w->attempts);
        assert_int_equal(w->depth, 0);
        assert_true(w->flushes > 10);
        if ( patient )
        {
            assert_int_equal(w->deepest, 3);
            assert_int_equal(w->t.ring.discarded, 0);
        }
        else
            assert_true(w->t.ring.discarded > 1000);
        for ( k = 0; k < LEVELS; k++ )
        {
            assert_true(w->t.attempted[k] > 100);
            level[k] += w->t.attempted[k];
        }
        records += w->t.ring.records;
        dropped += w->t.ring.discarded;
        ring_close(&w->t);
    }
    assert_true(records > 1000);
    print_message("%lu recorded, %lu dropped; by level: %lu %lu %lu %lu\n",
                  records, dropped, level[0], level[1], level[2], level[3]);
}

/* A reader that keeps up: not one is dropped. */
static void fast_reader(void **state)
{
    (void)state;
    stress(PATIENT, true);
}

/* One that does not: what is dropped is known to the unit. */
static void slow_reader(void **state)
{
    (void)state;
    stress(HASTY, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_reader),
        cmocka_unit_test(slow_reader),
    };

    handlers();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
