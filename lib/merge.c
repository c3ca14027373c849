/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces as one, by real time.  An input's run is handed out in parts: up to
 * where the next record of another input is earlier.
 */
#include <errno.h>
#include <stdlib.h>

#include <idtap/merge.h>

struct lane {
    struct idtap_merge_input input;
    struct idtap_run run; /* what is left of it */
    int64_t ns;           /* of its first record */
    unsigned int hint;
    bool at_end;
};

struct idtap_merge {
    unsigned int nr;
    struct lane *last;    /* whose part the caller holds, or NULL */
    struct lane lanes[];
};

static int64_t time_of(struct lane *l, const uint8_t *p)
{
    return idtap_clock_map_ns(l->input.map, idtap_record_at(p)->tsc,
                              &l->hint);
}

static void look_at(struct lane *l)
{
    /* A packet without records is where it begins. */
    if ( l->run.begin < l->run.end )
        l->ns = time_of(l, l->run.begin);
    else
        l->ns = idtap_clock_map_ns(l->input.map,
                                   l->run.packet->header.timestamp_begin,
                                   &l->hint);
}

static int advance(struct lane *l)
{
    int rc = idtap_iter_next(l->input.iter, &l->run);

    if ( rc > 0 )
        look_at(l);
    l->at_end = rc <= 0;
    return rc < 0 ? rc : 0;
}

int idtap_merge_open(const struct idtap_merge_input *inputs, unsigned int nr,
                     struct idtap_merge **merge)
{
    struct idtap_merge *m = calloc(1, sizeof(*m) + nr * sizeof(m->lanes[0]));
    unsigned int i;
    int rc = m ? 0 : -ENOMEM;

    for ( i = 0; i < nr && !rc; i++ )
    {
        m->lanes[i].input = inputs[i];
        rc = advance(&m->lanes[i]);
    }

    if ( rc )
    {
        idtap_merge_close(m);
        return rc;
    }
    m->nr = nr;
    *merge = m;
    return 0;
}

void idtap_merge_close(struct idtap_merge *m)
{
    free(m);
}

/* The earliest lane, and the earliest of the others, or NULL. */
static struct lane *earliest(struct idtap_merge *m, const struct lane **next)
{
    struct lane *first = NULL;
    unsigned int i;

    *next = NULL;
    for ( i = 0; i < m->nr; i++ )
    {
        struct lane *l = &m->lanes[i];

        if ( l->at_end )
            continue;
        if ( !first || l->ns < first->ns )
        {
            *next = first;
            first = l;
        }
        else if ( !*next || l->ns < (*next)->ns )
            *next = l;
    }

    return first;
}

int idtap_merge_next(struct idtap_merge *m, unsigned int *input,
                     struct idtap_run *run)
{
    const struct lane *next;
    const uint8_t *p;
    struct lane *l = m->last;
    int rc = 0;

    m->last = NULL;
    if ( l && l->run.begin < l->run.end )
        look_at(l);
    else if ( l )
        rc = advance(l);
    if ( rc )
        return rc;

    l = earliest(m, &next);
    if ( !l )
        return 0;

    p = l->run.end;
    if ( next )
    {
        bool goes_first = l < next;

        for ( p = l->run.begin; p < l->run.end; p = idtap_record_next(p) )
        {
            int64_t ns = time_of(l, p);

            if ( ns > next->ns || (ns == next->ns && !goes_first) )
                break;
        }
    }

    *run = l->run;
    *input = (unsigned int)(l - m->lanes);
    run->end = p;
    run->packet_ends = l->run.packet_ends && p == l->run.end;
    l->run.begin = p;
    l->run.packet_begins = false;
    m->last = l;
    return 1;
}
