/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nanoseconds per record of the rivals, round by round in turn on one CPU.  The
 * least of the rounds counts, as whatever else the machine does only adds to it;
 * a round is short, and has some packets in it, so that what a change of packets
 * costs is in the number.
 *
 *   hot     many records in a row, a little more than a packet of the ring
 *   signal  the same in a signal handler
 *   nested  the ring only: a record inside the reservation of another
 *   cold    one record after the caches were filled with something else
 *   flushed the ring only: one record after its own lines were flushed; these
 *           two are medians
 *
 * Usage: ring [--without-lttng]     lines "KIND RIVAL NANOSECONDS"
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rivals.h"

#define ROUNDS      1500
#define RECORDS     3000u
#define COLD_ROUNDS 201
#define NR_RIVALS   2

static const struct rival *rivals[NR_RIVALS] = { &rival_ring, &rival_lttng };
static unsigned int nr_rivals = NR_RIVALS;
static double ns_per_tick;

static inline uint64_t ticks(void)
{
    uint32_t lo, hi;

    asm volatile ( "lfence; rdtsc; lfence" : "=a" (lo), "=d" (hi) :: "memory" );
    return (uint64_t)hi << 32 | lo;
}

static void calibrate(void)
{
    struct timespec pause = { .tv_nsec = 200000000 }, a, b;
    uint64_t begin, end;

    clock_gettime(CLOCK_MONOTONIC, &a);
    begin = ticks();
    nanosleep(&pause, NULL);
    end = ticks();
    clock_gettime(CLOCK_MONOTONIC, &b);
    ns_per_tick = ((double)(b.tv_sec - a.tv_sec) * 1e9 +
                   (double)(b.tv_nsec - a.tv_nsec)) / (double)(end - begin);
}

static void stay_here(void)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof(one), &one);
}

static void say(const char *kind, const char *rival, uint64_t t, double records)
{
    printf("%s %s %.2f\n", kind, rival, (double)t * ns_per_tick / records);
}

static uint64_t timed(void (*fn)(unsigned int n), unsigned int n)
{
    uint64_t begin = ticks();

    fn(n);
    return ticks() - begin;
}

static void keep_least(uint64_t *least, uint64_t t)
{
    if ( t < *least )
        *least = t;
}

/* The handler's part: which rival, and its least. */
static const struct rival *volatile at_work;
static volatile uint64_t in_handler;

static void on_signal(int sig)
{
    (void)sig;
    in_handler = timed(at_work->many, RECORDS);
}

static void hot(void)
{
    uint64_t least[NR_RIVALS], handler[NR_RIVALS], nested = UINT64_MAX;
    unsigned int i, k;

    for ( k = 0; k < NR_RIVALS; k++ )
        least[k] = handler[k] = UINT64_MAX;
    signal(SIGUSR1, on_signal);
    for ( i = 0; i < ROUNDS; i++ )
    {
        for ( k = 0; k < nr_rivals; k++ )
        {
            at_work = rivals[k];
            keep_least(&least[k], timed(rivals[k]->many, RECORDS));
            if ( at_work == &rival_ring )
                ring_interrupted();
            else
                raise(SIGUSR1);
            keep_least(&handler[k], in_handler);
        }
        keep_least(&nested, timed(ring_many_nested, RECORDS / 2));
    }
    for ( k = 0; k < nr_rivals; k++ )
    {
        say("hot", rivals[k]->name, least[k], RECORDS);
        say("signal", rivals[k]->name, handler[k], RECORDS);
    }
    say("nested", "ring", nested, RECORDS);
}

static unsigned char *evict_buffer;
static size_t evict_size;

/* Twice what the caches hold, written. */
static void evict(void)
{
    size_t i;

    for ( i = 0; i < evict_size; i += 64 )
        evict_buffer[i]++;
    asm volatile ( "mfence" ::: "memory" );
}

static void evict_init(void)
{
    long llc = sysconf(_SC_LEVEL3_CACHE_SIZE);

    evict_size = llc > 0 ? 2 * (size_t)llc : (size_t)64 << 20;
    evict_buffer = malloc(evict_size);
    if ( !evict_buffer )
        abort();
    memset(evict_buffer, 1, evict_size);
}

static void nothing(void)
{
    asm volatile ( "" ::: "memory" );
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t once(void (*volatile fn)(void))
{
    uint64_t begin = ticks();

    fn();
    return ticks() - begin;
}

static uint64_t median(uint64_t *t)
{
    qsort(t, COLD_ROUNDS, sizeof(*t), compare);
    return t[COLD_ROUNDS / 2];
}

/* Less what the same measurement of nothing takes. */
static void cold(void)
{
    static uint64_t t[NR_RIVALS][COLD_ROUNDS], none[COLD_ROUNDS];
    static uint64_t flushed[COLD_ROUNDS], warm[COLD_ROUNDS];
    uint64_t base, m;
    unsigned int i, k;

    evict_init();
    for ( i = 0; i < COLD_ROUNDS; i++ )
    {
        evict();
        none[i] = once(nothing);
        for ( k = 0; k < nr_rivals; k++ )
        {
            evict();
            t[k][i] = once(rivals[k]->one);
        }
        rival_ring.one();
        ring_flush_lines();
        flushed[i] = once(rival_ring.one);
        warm[i] = once(nothing);
    }
    base = median(none);
    for ( k = 0; k < nr_rivals; k++ )
    {
        m = median(t[k]);
        say("cold", rivals[k]->name, m > base ? m - base : 0, 1);
    }
    m = median(flushed);
    base = median(warm);
    say("flushed", "ring", m > base ? m - base : 0, 1);
}

int main(int argc, char **argv)
{
    unsigned int k;

    if ( argc > 1 && !strcmp(argv[1], "--without-lttng") )
        nr_rivals = 1;
    ring_setup();
    for ( k = 0; k < nr_rivals; k++ )
        if ( !rivals[k]->works() )
        {
            fprintf(stderr, "%s does not record\n", rivals[k]->name);
            return 1;
        }
    stay_here();
    calibrate();
    hot();
    cold();
    for ( k = 0; k < nr_rivals; k++ )
        if ( !rivals[k]->works() )
        {
            fprintf(stderr, "%s has stopped recording\n", rivals[k]->name);
            return 1;
        }
    return 0;
}
