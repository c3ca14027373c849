/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the rings to runs.  A pCPU's packets come when they are full; until
 * then nobody knows what is in them.  A flush closes them all, and what is
 * older than the moment before the flush is then known.
 */
#include <errno.h>
#include <stdlib.h>

#include <idtap/live.h>
#include <idtap/queue.h>
#include <idtap/rings.h>

/* Packets in memory, at most, between two handings over. */
#define QUEUE_MAX (64u << 20)

struct idtap_live {
    struct idtap_host *host;
    struct idtap_rings_map *map;
    struct idtap_queue *queue;
    idtap_live_fn *fn;
    void *ctx;
    unsigned int nr_cpus;
    uint64_t tsc_khz;
};

static int take_all(void *ctx)
{
    struct idtap_live *l = ctx;
    size_t size = idtap_rings_packet_size(l->map);
    const struct idtap_packet_header *h;
    unsigned int i;

    for ( i = 0; i < l->nr_cpus; i++ )
        while ( (h = idtap_rings_take(l->map, i)) )
        {
            int rc = idtap_queue_add(l->queue, i, h, size);

            if ( rc )
                return rc;
            idtap_rings_give_back(l->map, i);
        }
    return 0;
}

int idtap_live_poll(struct idtap_live *l)
{
    unsigned int i, most = 0;
    uint64_t tsc;
    int rc;

    for ( i = 0; i < l->nr_cpus; i++ )
    {
        unsigned int pending = idtap_rings_pending(l->map, i);

        if ( pending > most )
            most = pending;
    }
    rc = take_all(l);
    if ( !rc && idtap_queue_bytes(l->queue) > QUEUE_MAX )
        rc = idtap_live_advance(l, &tsc);
    return rc ? rc : (int)(most * 100 / idtap_rings_nr_packets(l->map));
}

int idtap_live_advance(struct idtap_live *l, uint64_t *tsc)
{
    struct idtap_clock clock;
    int rc;

    /* Room first: a ring without any cannot close its open packet. */
    if ( (rc = take_all(l)) || (rc = idtap_clock(l->host, &clock)) ||
         (rc = idtap_flush(l->host, IDTAP_FLUSH)) ||
         (rc = idtap_rings_settle(l->map, take_all, l)) )
        return rc;
    *tsc = clock.tsc;
    return idtap_queue_advance(l->queue, clock.tsc, l->fn, l->ctx);
}

uint64_t idtap_live_tsc_khz(const struct idtap_live *l)
{
    return l->tsc_khz;
}

static void live_free(struct idtap_live *l)
{
    idtap_rings_unmap(l->map);
    idtap_queue_destroy(l->queue);
    free(l);
}

static int map_rings(struct idtap_live *l)
{
    struct idtap_status *status = calloc(1, sizeof(*status));
    int rc = status ? idtap_status(l->host, status) : -ENOMEM;

    if ( !rc && status->state != IDTAP_STATE_ATTACHED )
        rc = -ENXIO;
    if ( !rc )
        rc = idtap_rings_map(&status->rings, &l->map);
    if ( !rc )
        l->nr_cpus = status->nr_cpus;
    free(status);
    return rc;
}

int idtap_live_start(struct idtap_host *host,
                     const struct idtap_config *config, idtap_live_fn *fn,
                     void *ctx, struct idtap_live **out, uint64_t *tsc)
{
    struct idtap_live *l = calloc(1, sizeof(*l));
    struct idtap_clock clock;
    int rc;

    if ( !l )
        return -ENOMEM;
    l->host = host;
    l->fn = fn;
    l->ctx = ctx;
    l->queue = idtap_queue_create();
    if ( !l->queue )
        rc = -ENOMEM;
    else if ( !(rc = map_rings(l)) &&
              !(rc = idtap_rings_restart(host, l->map, false)) &&
              !(rc = idtap_clock(host, &clock)) )
        rc = idtap_configure(host, config);
    if ( rc )
    {
        live_free(l);
        return rc;
    }
    l->tsc_khz = clock.tsc_khz;
    *tsc = clock.tsc;
    *out = l;
    return 0;
}

int idtap_live_stop(struct idtap_live *l)
{
    struct idtap_config off = { .classes = 0 };
    int rc = idtap_configure(l->host, &off);

    live_free(l);
    return rc;
}
