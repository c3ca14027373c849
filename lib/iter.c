/* SPDX-License-Identifier: GPL-2.0-only */
/* All streams of a trace in the order of time: a heap (merge.h) of cursors. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"
#include "trace_priv.h"

/* A stream, and how far it is; of an empty packet, m.tsc is its begin. */
struct lane {
    struct merge_lane m;
    struct idtap_cursor *cursor;
    int cpu;
    struct idtap_packet packet;
    const uint8_t *pos; /* next record of the packet, or its end */
    bool fresh;         /* nothing of the packet was handed out yet */
};

struct idtap_iter {
    unsigned int nr;     /* lanes in the heap */
    unsigned int nr_lanes;
    struct lane *lanes;
    struct merge_lane **heap;
    struct lane *last;   /* whose run the caller holds, or NULL */
    uint64_t from, to;   /* TSC: the window; `to` is outside */
    uint64_t packets;
    unsigned int nr_errors;
    struct idtap_error *errors;
};

static void look_at(struct lane *l)
{
    l->m.tsc = l->pos < l->packet.end ? idtap_record_at(l->pos)->tsc
                                      : l->packet.header.timestamp_begin;
}

/* Steps over what is before the window: a packet may become an empty one. */
static void enter_window(const struct idtap_iter *it, struct lane *l)
{
    if ( l->cpu >= 0 && l->packet.header.timestamp_end < it->from )
        l->pos = l->packet.end;
    while ( l->cpu >= 0 && l->pos < l->packet.end &&
            idtap_record_at(l->pos)->tsc < it->from )
        l->pos = idtap_record_next(l->pos);
    look_at(l);
}

/* The lane's next packet: 1, 0 if the lane is at its end, -ENOMEM. */
static int advance(struct idtap_iter *it, struct lane *l)
{
    struct idtap_error *e;
    int rc;

    e = realloc(it->errors, (it->nr_errors + 1) * sizeof(*e));
    if ( !e )
        return -ENOMEM;
    it->errors = e;

    rc = idtap_cursor_next(l->cursor, &l->packet, &e[it->nr_errors]);
    if ( rc < 0 )
    {
        it->nr_errors++;
        return 0;
    }
    if ( rc > 0 )
    {
        it->packets++;
        l->pos = l->packet.begin;
        l->fresh = true;
        enter_window(it, l);
    }

    return rc;
}

int idtap_iter_open(const struct idtap_trace *t, const uint64_t cpus[4],
                    struct idtap_iter **iter)
{
    struct idtap_iter *it = calloc(1, sizeof(*it));
    unsigned int i;
    int rc = 0;

    if ( !it )
        return -ENOMEM;
    it->to = UINT64_MAX;
    it->lanes = calloc(t->nr_streams, sizeof(*it->lanes));
    it->heap = calloc(t->nr_streams, sizeof(*it->heap));
    if ( !it->lanes || !it->heap )
        rc = -ENOMEM;

    for ( i = 0; !rc && i < t->nr_streams; i++ )
    {
        struct lane *l = &it->lanes[it->nr_lanes];

        l->m.stream = i;
        l->cpu = t->streams[i].cpu;
        if ( cpus && l->cpu >= 0 &&
             !(cpus[l->cpu / 64] >> (l->cpu % 64) & 1) )
            continue;
        rc = idtap_cursor_open(t, i, &l->cursor);
        if ( rc )
            break;
        it->nr_lanes++;
        rc = advance(it, l);
        if ( rc > 0 )
        {
            it->heap[it->nr++] = &l->m;
            rc = 0;
        }
    }

    if ( rc )
    {
        idtap_iter_close(it);
        return rc;
    }

    merge_build(it->heap, it->nr);
    *iter = it;
    return 0;
}

void idtap_iter_window(struct idtap_iter *it, uint64_t from, uint64_t to)
{
    unsigned int i;

    it->from = from;
    it->to = to;
    for ( i = 0; i < it->nr; i++ )
        enter_window(it, (struct lane *)(void *)it->heap[i]);
    merge_build(it->heap, it->nr);
}

void idtap_iter_close(struct idtap_iter *it)
{
    unsigned int i;

    if ( !it )
        return;

    for ( i = 0; i < it->nr_lanes; i++ )
        idtap_cursor_close(it->lanes[i].cursor);
    free(it->lanes);
    free(it->heap);
    free(it->errors);
    free(it);
}

/* The lane of the last run moves on, now that the caller is done with it. */
static int settle(struct idtap_iter *it)
{
    struct lane *l = it->last;

    it->last = NULL;
    if ( !l )
        return 0;

    if ( l->pos < l->packet.end )
        look_at(l);
    else
    {
        int rc = advance(it, l);

        if ( rc < 0 )
            return rc;
        if ( !rc && --it->nr == 0 )
            return 0;
        if ( !rc )
            it->heap[0] = it->heap[it->nr];
    }

    merge_sift_down(it->heap, it->nr, 0);
    return 0;
}

int idtap_iter_next(struct idtap_iter *it, struct idtap_run *run)
{
    struct lane *l;
    const uint8_t *p;
    uint64_t limit;
    int rc = settle(it);

    if ( rc )
        return rc;
    if ( !it->nr || (it->to != UINT64_MAX && it->heap[0]->tsc >= it->to) )
        return 0;

    /* A lane begins with its merge_lane. */
    l = (struct lane *)(void *)it->heap[0];
    p = l->packet.end;
    limit = merge_limit(it->heap, it->nr);
    if ( limit >= it->to && it->to != UINT64_MAX )
        limit = it->to - 1;
    if ( limit < l->packet.header.timestamp_end )
        for ( p = l->pos; p < l->packet.end; p = idtap_record_next(p) )
            if ( idtap_record_at(p)->tsc > limit )
                break;

    *run = (struct idtap_run){
        .stream = l->m.stream,
        .cpu = l->cpu,
        .packet = &l->packet,
        .begin = l->pos,
        .end = p,
        .packet_begins = l->fresh,
        .packet_ends = p == l->packet.end,
    };
    l->fresh = false;
    l->pos = p;
    it->last = l;
    return 1;
}

const struct idtap_error *idtap_iter_errors(const struct idtap_iter *it,
                                            unsigned int *nr)
{
    *nr = it->nr_errors;
    return it->errors;
}

uint64_t idtap_iter_packets(const struct idtap_iter *it)
{
    return it->packets;
}
