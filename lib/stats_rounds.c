/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics lane by lane, by one thread or many (stats_lanes.h has the idea).
 *
 * Lanes are dealt out to shards, each with rows of its own, for two lanes of a
 * shard are never worked on at the same time.  In a round, the tasks are the
 * shards, which go through a slice, and settling of the slice before; whoever is
 * done takes the next task.  In the end shards are added up.
 *
 * Rows are bounded, and who gets one of the last is decided by the order of
 * time: which shards do not know.  So whenever a bound is met, all is given up,
 * and done anew in order.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "stats_lanes.h"

#define MAX_THREADS 64u
#define NR_DOMAINS  (UINT16_MAX + 1u)
/* Of a lane, in a slice; and bytes of them in all lanes. */
#define PACKETS_MAX 16u
#define SLICE_BYTES (8u << 20)
/* Bytes of rows in all shards; vCPUs that all lanes know. */
#define ROWS_MAX    (96u << 20)
#define VCPUS_MAX   (2 * STATS_VCPUS_MAX)

struct rounds {
    struct idtap_iter *iter;
    struct idtap_stats *all;
    struct idtap_stats **shards;
    uint64_t **records_of;      /* by shard, then domain; behind these, the
                                   domains of records that do not count so */
    unsigned int nr_shards;
    struct lane *lanes;
    unsigned int nr;
    struct settling *settling;
    struct slice slice;         /* that is gone through; nr - 1 is settled */
    unsigned int packets;
    bool more;                  /* there is another round */
    pthread_mutex_t start;      /* held until it is known who takes part */
    bool abandoned;
    pthread_barrier_t barrier;
    atomic_uint next;           /* task: 0 is to settle, n is shards[n - 1] */
    atomic_int error;
};

bool stats_lanes_can(const struct idtap_iter *it,
                     const struct idtap_stats_options *options)
{
    return iter_unused(it) && (options->parts & IDTAP_STATS_COUNTS) &&
           !(options->parts & ~IDTAP_STATS_DEFAULT);
}

/* Where the next slice ends; false if there is none. */
static bool plan(struct rounds *r)
{
    bool any = false;
    unsigned int i;

    r->slice.nr++;
    r->slice.packets = r->packets;
    for ( i = 0; i < r->nr; i++ )
    {
        const struct lane *l = &r->lanes[i];
        uint64_t end = l->packet.header.timestamp_end, later;

        if ( l->done )
            continue;
        /* What it says is checked when it is read; this is but a plan. */
        later = r->packets > 1 ? iter_lane_peek(r->iter, i, r->packets - 1)
                               : 0;
        if ( later > end )
            end = later;
        if ( any && r->slice.tsc <= end )
            continue;
        any = true;
        r->slice.tsc = end;
        r->slice.lane = i;
    }
    return any;
}

static bool too_much(const struct rounds *r)
{
    uint64_t rows = 0, vcpus = 0;
    unsigned int i, t;

    for ( i = 0; i < r->nr_shards; i++ )
        for ( t = 0; t < IDTAP_TAB_ALL; t++ )
            rows += r->shards[i]->room[t].used;
    for ( i = 0; i < r->nr; i++ )
        vcpus += r->lanes[i].vcpus.nr;
    return rows > ROWS_MAX || vcpus > VCPUS_MAX ||
           r->all->vcpus.nr > STATS_VCPUS_MAX;
}

static int do_shard(struct rounds *r, unsigned int shard)
{
    unsigned int i;
    int rc = 0;

    for ( i = shard; i < r->nr && !rc; i += r->nr_shards )
        rc = lane_slice(&r->lanes[i], r->iter, &r->slice);
    return rc;
}

/* Does tasks of this round until none is left. */
static void help(struct rounds *r)
{
    unsigned int task;

    while ( (task = atomic_fetch_add(&r->next, 1)) <= r->nr_shards )
    {
        int rc = task ? do_shard(r, task - 1)
                      : settle_slice(r->settling, r->slice.nr - 1);

        if ( rc )
            atomic_store(&r->error, rc);
    }
}

static void *helper(void *arg)
{
    struct rounds *r = arg;
    bool abandoned;

    pthread_mutex_lock(&r->start);
    abandoned = r->abandoned;
    pthread_mutex_unlock(&r->start);

    while ( !abandoned )
    {
        pthread_barrier_wait(&r->barrier); /* a round begins, */
        if ( !r->more )
            return NULL;
        help(r);
        pthread_barrier_wait(&r->barrier); /* and is over */
    }
    return NULL;
}

static int rounds(struct rounds *r, bool threads)
{
    do
    {
        r->more = !atomic_load(&r->error) && plan(r);
        if ( r->more && too_much(r) )
        {
            atomic_store(&r->error, -EAGAIN);
            r->more = false;
        }
        atomic_store(&r->next, 0);
        if ( threads )
            pthread_barrier_wait(&r->barrier);
        if ( !r->more )
            break;
        help(r);
        if ( threads )
            pthread_barrier_wait(&r->barrier);
    } while ( r->more );

    if ( atomic_load(&r->error) )
        return atomic_load(&r->error);
    return settle_slice(r->settling, r->slice.nr - 1);
}

static int run_threads(struct rounds *r, unsigned int threads)
{
    pthread_t thread[MAX_THREADS];
    unsigned int i, n = 0;
    int rc = 0;

    pthread_mutex_lock(&r->start);
    while ( n + 1 < threads &&
            !pthread_create(&thread[n], NULL, helper, r) )
        n++;
    if ( n && pthread_barrier_init(&r->barrier, NULL, n + 1) )
    {
        r->abandoned = true;
        rc = -ENOMEM;
    }
    pthread_mutex_unlock(&r->start);

    if ( !rc )
        rc = rounds(r, n);
    for ( i = 0; i < n; i++ )
        pthread_join(thread[i], NULL);
    if ( n && !r->abandoned )
        pthread_barrier_destroy(&r->barrier);
    return rc;
}

static int add_domain(struct idtap_stats *s, unsigned int domain,
                      uint64_t *records)
{
    struct idtap_domain_stats *d = *records ? stats_domain(s, domain) : NULL;

    if ( d )
    {
        d->records += *records;
        s->chosen += *records;
    }
    else if ( *records )
        return -ENOMEM;
    *records = 0;
    return 0;
}

/*
 * Domains that reading a shard's packets has counted.  Mostly the domains that
 * have rows are all; then the others' counters, half a megabyte that was never
 * touched, need not be looked at.
 */
static int add_domains(struct rounds *r, unsigned int shard)
{
    struct idtap_stats *s = r->shards[shard];
    uint64_t *records_of = r->records_of[shard], left = 0, before = s->chosen;
    unsigned int i;
    int rc = 0;

    for ( i = shard; i < r->nr; i += r->nr_shards )
        left += r->lanes[i].counted
                ? s->cpus[r->lanes[i].cpu].stats.records : 0;

    for ( i = 0; s->domains.mask && i <= s->domains.mask && !rc; i++ )
    {
        const struct idtap_domain_stats *d = s->domains.slot[i];

        if ( d && d->domain < NR_DOMAINS )
            rc = add_domain(s, (unsigned int)d->domain,
                            &records_of[d->domain]);
    }
    left -= s->chosen - before;
    for ( i = 0; left && i < NR_DOMAINS && !rc; i++ )
        rc = add_domain(s, i, &records_of[i]);
    return rc;
}

/* What settling has done of a pCPU is in `to` already. */
static void add_cpus(struct idtap_stats *to, const struct rounds *r)
{
    unsigned int i;

    for ( i = 0; i < r->nr; i++ )
    {
        const struct lane *l = &r->lanes[i];
        const struct cpu *from = l->cpu < 0 ? NULL : &l->shard->cpus[l->cpu];
        struct cpu *c = from ? stats_cpu(to, (unsigned int)l->cpu) : NULL;

        if ( !c )
            continue;
        c->stats.present |= from->stats.present;
        c->stats.records += from->stats.records;
        c->stats.packets += from->stats.packets;
        c->stats.lost_packets += from->stats.lost_packets;
        c->last_discarded = from->last_discarded;
    }
}

static int add_up(struct rounds *r)
{
    unsigned int i;
    int rc = 0;

    add_cpus(r->all, r);
    hist_fronts_empty(&r->all->fronts);
    for ( i = 0; i < r->nr_shards && !rc; i++ )
    {
        hist_fronts_empty(&r->shards[i]->fronts);
        rc = add_domains(r, i);
        r->shards[i]->parts &= ~IDTAP_STATS_COUNTS; /* added already */
        if ( !rc )
            rc = stats_rows_move(r->all, r->shards[i]);
        if ( !rc )
            rc = idtap_stats_merge(r->all, r->shards[i]);
    }
    return rc ? rc : stats_rows_fit(r->all) ? 0 : -EAGAIN;
}

/* A packet of a ring, of which there is one in each lane. */
static unsigned int packets_of(const struct rounds *r, unsigned int threads)
{
    uint64_t bytes = 0;
    unsigned int i;

    for ( i = 0; i < r->nr; i++ )
        if ( r->lanes[i].cpu >= 0 && !r->lanes[i].done )
            bytes += r->lanes[i].packet.header.packet_size / 8;
    /*
     * Alone, it is best to stay in the cache.  But of one packet, a slice would
     * end where any lane's packet does, and cut all the others'; of two, most
     * packets are cut once.
     */
    if ( threads < 2 )
        return 2;
    if ( !bytes || SLICE_BYTES < 2 * bytes )
        return 1;
    return SLICE_BYTES / bytes < PACKETS_MAX
           ? (unsigned int)(SLICE_BYTES / bytes) : PACKETS_MAX;
}

static int prepare(struct rounds *r, const struct idtap_stats_options *options,
                   unsigned int *threads)
{
    unsigned int i;
    int rc = 0;

    iter_lanes_begin(r->iter);
    r->nr = iter_lanes(r->iter);
    r->nr_shards = *threads < 2 ? 1 : 2 * *threads;
    if ( r->nr_shards > r->nr )
        r->nr_shards = r->nr;
    if ( *threads > r->nr_shards + 1 )
        *threads = r->nr_shards + 1;

    r->all = idtap_stats_create_with(options);
    r->lanes = calloc(r->nr, sizeof(*r->lanes));
    r->shards = calloc(r->nr_shards, sizeof(*r->shards));
    r->records_of = calloc(r->nr_shards, sizeof(*r->records_of));
    if ( !r->all || !r->lanes || !r->shards || !r->records_of ||
         hist_fronts_init(&r->all->fronts) )
        return -ENOMEM;
    r->settling = settling_create(r->all, r->lanes, r->nr);

    for ( i = 0; i < r->nr_shards; i++ )
    {
        r->shards[i] = idtap_stats_create_with(options);
        r->records_of[i] = calloc(2 * NR_DOMAINS, sizeof(uint64_t));
        if ( !r->shards[i] || !r->records_of[i] ||
             hist_fronts_init(&r->shards[i]->fronts) )
            return -ENOMEM;
    }
    if ( !r->settling )
        return -ENOMEM;
    for ( i = 0; i < r->nr && !rc; i++ )
    {
        unsigned int shard = i % r->nr_shards;

        lane_init(&r->lanes[i], r->iter, i, r->shards[shard],
                  r->records_of[shard], r->records_of[shard] + NR_DOMAINS);
        r->lanes[i].journals = *threads < 2 ? 1 : 2;
        rc = lane_begin(&r->lanes[i], r->iter);
    }
    r->packets = packets_of(r, *threads);
    return rc;
}

static void release(struct rounds *r)
{
    unsigned int i;

    settling_destroy(r->settling);
    for ( i = 0; r->shards && i < r->nr_shards; i++ )
        idtap_stats_destroy(r->shards[i]);
    for ( i = 0; r->records_of && i < r->nr_shards; i++ )
        free(r->records_of[i]);
    for ( i = 0; r->lanes && i < r->nr; i++ )
        lane_free(&r->lanes[i]);
    free(r->shards);
    free(r->records_of);
    free(r->lanes);
}

int stats_lanes_all(struct idtap_iter *it,
                    const struct idtap_stats_options *options,
                    unsigned int threads, struct idtap_stats **all)
{
    struct rounds r = { .iter = it, .start = PTHREAD_MUTEX_INITIALIZER };
    int rc;

    if ( threads > MAX_THREADS )
        threads = MAX_THREADS;
    rc = prepare(&r, options, &threads);
    if ( !rc )
        rc = run_threads(&r, threads);
    if ( !rc )
        rc = add_up(&r);
    if ( !rc )
        rc = iter_lanes_end(it);
    release(&r);

    if ( rc )
        idtap_stats_destroy(r.all);
    else
        *all = r.all;
    if ( rc == -EAGAIN && iter_restart(it) )
        rc = -ENOMEM;
    return rc;
}
