/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the rings to the file: the library's recorder with the fake Xen's rings,
 * which somebody has attached.
 *
 *   write     the rings are full, and are drained; in turn with a plain write(2)
 *             of as many bytes, from the same pages, which is all that it could
 *             be at best.  CPU time, the least of the rounds
 *   sustain   a thread writes records as a hook does, as fast as it can, and
 *             waits when no packet is free, so that nothing is lost; this one is
 *             the recorder, and sleeps a little while the rings are not full
 *
 * Usage: drain DIRECTORY     lines "KIND NUMBER"
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <idtap/recorder.h>

#include "../../tests/fakexen/fakexen.h"

#define ROUNDS     200
#define SECONDS    3
#define PART_BYTES (128ull << 20)

static struct world *world;
static struct idtap_recorder *recorder;
static bool stop;
static uint64_t written; /* records, by the writing thread */

static void die(const char *what, int rc)
{
    fprintf(stderr, "drain: %s: %s\n", what, strerror(-rc));
    exit(1);
}

static double now(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Is there room for a record, be it in the next packet? */
static bool room(const struct tap_ring *ring)
{
    uint64_t read = __atomic_load_n(&ring->consumed->packets, __ATOMIC_ACQUIRE);
    uint64_t left = ring->packet_size - (ring->reserve & (ring->packet_size - 1));

    return left > sizeof(struct idtap_irq_enter) ||
           (ring->reserve >> ring->packet_shift) - read < ring->nr_packets - 1;
}

static void put(struct tap_ring *ring)
{
    struct tap_slot slot;
    struct idtap_irq_enter *r = tap_ring_reserve(ring, sizeof(*r), &slot);

    if ( !r )
        return;
    *r = (struct idtap_irq_enter){
        .r = { .tsc = slot.tsc, .event = IDTAP_EV_IRQ_ENTER, .vector = 0x30,
               .domain = 1 }, .irq = -1, .owner = IDTAP_OWNER_DIRECT,
    };
    tap_ring_commit(ring, sizeof(*r), &slot);
}

static uint64_t packets(void)
{
    return world->ring[0].packets + world->ring[2].packets;
}

/* How full the rings were, in percent. */
static int drain(void)
{
    int rc = idtap_recorder_drain(recorder);

    if ( rc < 0 )
        die("drain", rc);
    return rc;
}

/* Bytes of @n packets, from the ring's pages, to @fd by write(2). */
static void plain_write(int fd, uint64_t n)
{
    const struct tap_ring *ring = &world->ring[0];
    uint64_t i;

    for ( i = 0; i < n; i++ )
        if ( write(fd, ring->place[i % ring->nr_packets].packet,
                   ring->packet_size) !=
             (ssize_t)ring->packet_size )
            die("write", -errno);
}

static void rounds(const char *dir)
{
    double drained = 1e9, plain = 1e9, t;
    uint64_t bytes = 0, before;
    char name[512];
    int i, fd;

    snprintf(name, sizeof(name), "%s/plain", dir);
    fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if ( fd < 0 )
        die(name, -errno);
    for ( i = 0; i < ROUNDS; i++ )
    {
        before = packets();
        while ( room(&world->ring[0]) )
            put(&world->ring[0]);
        while ( room(&world->ring[2]) )
            put(&world->ring[2]);
        t = now(CLOCK_THREAD_CPUTIME_ID);
        drain();
        t = now(CLOCK_THREAD_CPUTIME_ID) - t;
        /* The first has the rings' restart in it. */
        if ( i && (packets() - before) * world->ring[0].packet_size != bytes &&
             i > 1 )
            die("rounds differ", -EINVAL);
        bytes = (packets() - before) * world->ring[0].packet_size;
        drained = i && t < drained ? t : drained;

        if ( i % 16 == 0 && ftruncate(fd, 0) )
            die("truncate", -errno);
        t = now(CLOCK_THREAD_CPUTIME_ID);
        plain_write(fd, packets() - before);
        t = now(CLOCK_THREAD_CPUTIME_ID) - t;
        plain = t < plain ? t : plain;
    }
    close(fd);
    unlink(name);
    printf("write %.3f\n", (double)bytes / drained / 1e9);
    printf("plain %.3f\n", (double)bytes / plain / 1e9);
}

static void *write_records(void *arg)
{
    (void)arg;
    while ( !__atomic_load_n(&stop, __ATOMIC_ACQUIRE) )
    {
        unsigned int i, cpu = written / 1024 % 2 * 2;

        for ( i = 0; i < 1024; i++ )
        {
            while ( !room(&world->ring[cpu]) &&
                    !__atomic_load_n(&stop, __ATOMIC_ACQUIRE) )
                asm volatile ( "pause" );
            put(&world->ring[cpu]);
            written++;
        }
    }
    return NULL;
}

static void sustain(void)
{
    double begin = now(CLOCK_MONOTONIC), end, cpu = now(CLOCK_THREAD_CPUTIME_ID);
    const struct timespec pause = { .tv_nsec = 200000 };
    pthread_t thread;
    int rc;

    rc = pthread_create(&thread, NULL, write_records, NULL);
    if ( rc )
        die("thread", -rc);
    while ( (end = now(CLOCK_MONOTONIC)) - begin < SECONDS )
        if ( drain() < 25 )
            nanosleep(&pause, NULL);
    cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    /* It may be waiting for room; what it had to drop then, it drops now. */
    pthread_join(thread, NULL);
    printf("sustain %.0f\n", (double)written / (end - begin));
    printf("sustain-cpu %.0f\n", (double)written / cpu);
}

int main(int argc, char **argv)
{
    struct idtap_recorder_options opt = {
        .rotate_bytes = PART_BYTES, .keep_parts = 2, .command = "bench",
        .config = { .magic = IDTAP_CONFIG_MAGIC, .version = IDTAP_ABI_VERSION,
                    .size = sizeof(opt.config), .classes = IDTAP_CLASS_IRQ },
    };
    struct idtap_recorder_stats stats;
    struct idtap_host *host;
    char dir[400];
    int rc;

    if ( argc != 2 )
        return 2;
    snprintf(dir, sizeof(dir), "%s/trace", argv[1]);
    opt.dir = dir;
    memset(opt.config.vectors, 0xff, sizeof(opt.config.vectors));
    if ( (rc = idtap_host_open(&host)) )
        die("open", rc);
    world = fake_lock();
    fake_unlock(world);
    if ( (rc = idtap_recorder_start(host, &opt, &recorder)) )
        die("start", rc);
    rounds(argv[1]);
    sustain();
    rc = idtap_recorder_stop(recorder, false, &stats);
    if ( rc )
        die("stop", rc);
    idtap_host_close(host);
    printf("packets %llu\n", (unsigned long long)stats.packets);
    printf("lost %llu\n", (unsigned long long)stats.discarded);
    return 0;
}
