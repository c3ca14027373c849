/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics by several threads.  What the summary needs is done lane by lane
 * (stats_lanes.h); this is for all else, and for traces that are too much for
 * that.
 *
 * What is paired in a trace reaches across pCPUs and across any point of time,
 * so neither of the two can be cut without changing results.  The parts can:
 * each has tables and state of its own and wants all records in order.  So one
 * thread reads, checks and merges the streams into batches, and while it makes
 * the next one, others lead the parts through the last; whoever is done takes
 * the next task.  A part sees the same records in the same order whatever the
 * number of threads, and the results are the same to the last bit.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "stats_lanes.h"

/* Two batches shall stay in a second-level cache, or nearly. */
#define BATCH_BYTES (192u << 10)
#define BATCH_RUNS  4096u
#define MAX_THREADS 16u

/*
 * What goes together: the shades of a part.  The first to be merged says what
 * was lost before; only this one knows.
 */
static const uint32_t tasks[] = {
    IDTAP_STATS_COUNTS | IDTAP_STATS_UPCALLS,
    IDTAP_STATS_EXITS | IDTAP_STATS_NET,
    IDTAP_STATS_HANDLERS | IDTAP_STATS_NET,
    IDTAP_STATS_LAPIC | IDTAP_STATS_ROUTES,
    IDTAP_STATS_ARRIVALS,
    IDTAP_STATS_EVENTS,
    IDTAP_STATS_RAISES | IDTAP_STATS_RIPS,
};
#define NR_TASKS (sizeof(tasks) / sizeof(tasks[0]))

struct batch {
    uint8_t *bytes;
    size_t used;
    struct stats_feed *runs;
    unsigned int nr;
};

struct work {
    struct idtap_iter *iter;
    struct idtap_stats *stats[NR_TASKS];
    unsigned int nr;            /* of stats */
    struct batch batch[2];
    unsigned int current;       /* the one to look at, not to fill */
    struct idtap_run run;       /* one that did not fit into its batch */
    bool pending, done;
    pthread_mutex_t start;      /* held until it is known who takes part */
    bool abandoned;
    pthread_barrier_t barrier;
    atomic_uint next;           /* task: 0 is to fill, n is stats[n - 1] */
    atomic_int error;
};

static void add(struct batch *b, const struct idtap_run *run)
{
    struct stats_feed *f = &b->runs[b->nr++];
    size_t len = (size_t)(run->end - run->begin);
    uint8_t *to = b->bytes + b->used;

    stats_feed_of(run, f);
    if ( len )
        memcpy(to, run->begin, len);
    if ( f->blind )
        f->blind = to + (f->blind - run->begin);
    f->begin = to;
    f->end = to + len;
    b->used += len;
}

/* Fills a batch; it stays empty at the trace's end. */
static int fill(struct work *w, struct batch *b)
{
    b->used = b->nr = 0;

    while ( !w->done )
    {
        if ( !w->pending )
        {
            int rc = idtap_iter_next(w->iter, &w->run);

            if ( rc < 0 )
                return rc;
            w->done = !rc;
            if ( !rc )
                break;
        }

        /* A run is within a packet, and so fits into an empty batch. */
        w->pending = b->nr == BATCH_RUNS ||
                     b->used + (size_t)(w->run.end - w->run.begin) >
                     BATCH_BYTES;
        if ( w->pending )
            break;
        add(b, &w->run);
    }

    return 0;
}

static int look(struct idtap_stats *s, const struct batch *b)
{
    unsigned int i;
    int rc = 0;

    for ( i = 0; i < b->nr && !rc; i++ )
        rc = stats_feed(s, &b->runs[i]);
    return rc;
}

/* Does tasks of this round until none is left. */
static void help(struct work *w)
{
    unsigned int task;

    while ( (task = atomic_fetch_add(&w->next, 1)) <= w->nr )
    {
        int rc = task ? look(w->stats[task - 1], &w->batch[w->current])
                      : fill(w, &w->batch[!w->current]);

        if ( rc )
            atomic_store(&w->error, rc);
    }
}

/* Is there another round? */
static bool goes_on(struct work *w)
{
    return w->batch[w->current].nr && !atomic_load(&w->error);
}

static void *helper(void *arg)
{
    struct work *w = arg;
    bool abandoned;

    pthread_mutex_lock(&w->start);
    abandoned = w->abandoned;
    pthread_mutex_unlock(&w->start);

    while ( !abandoned )
    {
        pthread_barrier_wait(&w->barrier); /* a round begins, */
        if ( !goes_on(w) )
            return NULL;
        help(w);
        pthread_barrier_wait(&w->barrier); /* and is over */
    }
    return NULL;
}

static void rounds(struct work *w)
{
    int rc = fill(w, &w->batch[w->current]);

    if ( rc )
        atomic_store(&w->error, rc);
    for ( ;; )
    {
        bool more = goes_on(w);

        atomic_store(&w->next, 0);
        pthread_barrier_wait(&w->barrier);
        if ( !more )
            return;
        help(w);
        pthread_barrier_wait(&w->barrier);
        w->current = !w->current;
    }
}

static int run_threads(struct work *w, unsigned int threads)
{
    pthread_t thread[MAX_THREADS];
    unsigned int i, n = 0;
    int rc = 0;

    pthread_mutex_lock(&w->start);
    while ( n + 1 < threads &&
            !pthread_create(&thread[n], NULL, helper, w) )
        n++;
    if ( pthread_barrier_init(&w->barrier, NULL, n + 1) )
    {
        w->abandoned = true;
        rc = -ENOMEM;
    }
    pthread_mutex_unlock(&w->start);

    if ( !rc )
        rounds(w);
    for ( i = 0; i < n; i++ )
        pthread_join(thread[i], NULL);
    if ( !rc )
        pthread_barrier_destroy(&w->barrier);
    return rc ? rc : atomic_load(&w->error);
}

static int alone(struct idtap_iter *it, struct idtap_stats *s)
{
    struct idtap_run run;
    int rc;

    while ( (rc = idtap_iter_next(it, &run)) > 0 )
    {
        rc = idtap_stats_run(s, &run);
        if ( rc )
            break;
    }
    return rc;
}

/*
 * Deals out the tasks: as many sets as there are threads, for every set goes
 * through all records once.
 */
static void group(struct work *w, uint32_t parts, unsigned int threads,
                  uint32_t sets[NR_TASKS])
{
    unsigned int i, n = 0;

    for ( i = 0; i < NR_TASKS; i++ )
    {
        uint32_t mine = parts & tasks[i];

        if ( !(mine & ~IDTAP_STATS_NET) )
            continue;
        if ( n < threads )
            sets[w->nr++] = mine;
        else
            sets[n % threads] |= mine;
        n++;
    }
}

static int prepare(struct work *w, const struct idtap_stats_options *o,
                   unsigned int threads)
{
    uint32_t sets[NR_TASKS];
    unsigned int i;

    for ( i = 0; i < 2; i++ )
    {
        w->batch[i].bytes = malloc(BATCH_BYTES);
        w->batch[i].runs = calloc(BATCH_RUNS, sizeof(*w->batch[i].runs));
        if ( !w->batch[i].bytes || !w->batch[i].runs )
            return -ENOMEM;
    }

    group(w, o->parts, threads, sets);
    for ( i = 0; i < w->nr; i++ )
    {
        struct idtap_stats_options mine = *o;

        mine.parts = sets[i];
        w->stats[i] = idtap_stats_create_with(&mine);
        if ( !w->stats[i] || hist_fronts_init(&w->stats[i]->fronts) )
            return -ENOMEM;
    }
    return 0;
}

int idtap_stats_all(struct idtap_iter *it,
                    const struct idtap_stats_options *options,
                    unsigned int threads, struct idtap_stats **out)
{
    struct work w = { .iter = it, .start = PTHREAD_MUTEX_INITIALIZER };
    struct idtap_stats *all;
    unsigned int i;
    int rc = stats_lanes_can(it, options)
             ? stats_lanes_all(it, options, threads, out) : -EAGAIN;

    if ( rc != -EAGAIN )
        return rc;

    all = idtap_stats_create_with(options);
    rc = all ? hist_fronts_init(&all->fronts) : -ENOMEM;
    if ( threads > MAX_THREADS )
        threads = MAX_THREADS;
    if ( !rc && threads <= 1 )
        rc = alone(it, all);
    else if ( !rc )
    {
        rc = prepare(&w, options, threads);
        if ( threads > w.nr + 1 )
            threads = w.nr + 1;
        if ( !rc )
            rc = run_threads(&w, threads);
        for ( i = 0; i < w.nr; i++ )
        {
            if ( !rc )
            {
                hist_fronts_empty(&w.stats[i]->fronts);
                rc = idtap_stats_merge(all, w.stats[i]);
            }
            idtap_stats_destroy(w.stats[i]);
        }
        for ( i = 0; i < 2; i++ )
        {
            free(w.batch[i].bytes);
            free(w.batch[i].runs);
        }
    }

    if ( rc )
    {
        idtap_stats_destroy(all);
        return rc;
    }
    hist_fronts_empty(&all->fronts);
    *out = all;
    return 0;
}
