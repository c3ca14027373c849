/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets in memory, merged by time.  A lane per pCPU is a list of packets;
 * while records are handed over, the lanes that have some are in a heap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/queue.h>

#include "merge.h"
#include "trace_priv.h"

struct node {
    struct node *next;
    struct idtap_packet packet;
    size_t size;
    const uint8_t *pos; /* next record to hand over, or the end */
    bool fresh;         /* nothing of it was handed over yet */
    uint64_t bytes[];   /* the packet, aligned to 8 */
};

struct lane {
    struct merge_lane m;
    unsigned int cpu;
    struct node *first, **last;
    bool started;       /* the following are of the packet added last */
    uint64_t seq, end_tsc, discarded;
};

struct idtap_queue {
    size_t bytes;
    struct lane lanes[IDTAP_MAX_CPUS];
    struct merge_lane *heap[IDTAP_MAX_CPUS];
};

struct idtap_queue *idtap_queue_create(void)
{
    struct idtap_queue *q = calloc(1, sizeof(*q));
    unsigned int i;

    for ( i = 0; q && i < IDTAP_MAX_CPUS; i++ )
    {
        q->lanes[i].m.stream = 1 + i;
        q->lanes[i].cpu = i;
        q->lanes[i].last = &q->lanes[i].first;
    }
    return q;
}

static void drop_first(struct idtap_queue *q, struct lane *l)
{
    struct node *n = l->first;

    l->first = n->next;
    if ( !l->first )
        l->last = &l->first;
    q->bytes -= n->size;
    free(n);
}

void idtap_queue_destroy(struct idtap_queue *q)
{
    unsigned int i;

    if ( !q )
        return;
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        while ( q->lanes[i].first )
            drop_first(q, &q->lanes[i]);
    free(q);
}

size_t idtap_queue_bytes(const struct idtap_queue *q)
{
    return q->bytes;
}

/* The copy in `n` against what is known of the pCPU's stream. */
static bool node_ok(const struct lane *l, const struct node *n,
                    struct idtap_error *err)
{
    const struct idtap_packet_header *h = (const void *)n->bytes;

    return n->size >= sizeof(*h) &&
           !packet_check_header(h, (int)l->cpu, err) &&
           h->packet_size / 8 == n->size &&
           !packet_check_records((const void *)n->bytes, (int)l->cpu, err) &&
           (!l->started || (h->packet_seq_num > l->seq &&
                            h->timestamp_begin >= l->end_tsc &&
                            h->events_discarded >= l->discarded));
}

int idtap_queue_add(struct idtap_queue *q, unsigned int cpu,
                    const void *packet, size_t size)
{
    static __thread struct idtap_error err;
    struct lane *l = &q->lanes[cpu];
    struct node *n = malloc(sizeof(*n) + size);
    const struct idtap_packet_header *h;

    if ( !n )
        return -ENOMEM;
    memset(n, 0, sizeof(*n));
    n->size = size;
    memcpy(n->bytes, packet, size);
    if ( !node_ok(l, n, &err) )
    {
        free(n);
        return -EBADMSG;
    }

    h = (const void *)n->bytes;
    n->packet.header = *h;
    n->packet.begin = (const uint8_t *)n->bytes + sizeof(*h);
    n->packet.end = (const uint8_t *)n->bytes + h->content_size / 8;
    n->packet.lost_packets = l->started ? h->packet_seq_num - l->seq - 1 : 0;
    n->packet.discarded = h->events_discarded - l->discarded;
    n->packet.path = "";
    n->pos = n->packet.begin;
    n->fresh = true;
    *l->last = n;
    l->last = &n->next;
    q->bytes += size;

    l->started = true;
    l->seq = h->packet_seq_num;
    l->end_tsc = h->timestamp_end;
    l->discarded = h->events_discarded;
    return 0;
}

/* Is there something older than `horizon` in the lane?  Sets its time. */
static bool look_at(struct lane *l, uint64_t horizon)
{
    const struct node *n = l->first;

    if ( !n )
        return false;
    l->m.tsc = n->pos < n->packet.end ? idtap_record_at(n->pos)->tsc
                                      : n->packet.header.timestamp_begin;
    return l->m.tsc < horizon;
}

/* Hands over what `l` has up to the time `limit`. */
static int hand_over(struct idtap_queue *q, struct lane *l, uint64_t limit,
                     int (*fn)(void *ctx, const struct idtap_run *run),
                     void *ctx)
{
    struct node *n = l->first;
    const uint8_t *p = n->pos;
    struct idtap_run run;
    int rc;

    while ( p < n->packet.end && idtap_record_at(p)->tsc <= limit )
        p = idtap_record_next(p);
    run = (struct idtap_run){
        .stream = l->m.stream,
        .cpu = (int)l->cpu,
        .packet = &n->packet,
        .begin = n->pos,
        .end = p,
        .packet_begins = n->fresh,
        .packet_ends = p == n->packet.end,
    };
    rc = fn(ctx, &run);
    n->fresh = false;
    n->pos = p;
    if ( run.packet_ends )
        drop_first(q, l);
    return rc;
}

int idtap_queue_advance(struct idtap_queue *q, uint64_t horizon,
                        int (*fn)(void *ctx, const struct idtap_run *run),
                        void *ctx)
{
    unsigned int nr = 0, i;
    int rc = 0;

    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        if ( look_at(&q->lanes[i], horizon) )
            q->heap[nr++] = &q->lanes[i].m;
    merge_build(q->heap, nr);

    while ( nr && !rc )
    {
        /* A lane begins with its merge_lane. */
        struct lane *l = (struct lane *)(void *)q->heap[0];
        uint64_t limit = merge_limit(q->heap, nr);

        rc = hand_over(q, l, limit < horizon ? limit : horizon - 1, fn, ctx);
        if ( !look_at(l, horizon) )
            q->heap[0] = q->heap[--nr];
        if ( nr )
            merge_sift_down(q->heap, nr, 0);
    }
    return rc;
}
