/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain names of a trace.  Read before everything else, because names come in
 * whenever the recorder learnt them, and a report wants them from the start.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace_priv.h"

struct idtap_trace_names {
    unsigned int nr, room;
    struct entry {
        uint16_t domain;
        char name[IDTAP_NAME_LEN];
    } *entries; /* sorted by domain */
};

/* Where `domain` is, or would be. */
static unsigned int place(const struct idtap_trace_names *n, uint16_t domain)
{
    unsigned int lo = 0, hi = n->nr;

    while ( lo < hi )
    {
        unsigned int mid = (lo + hi) / 2;

        if ( n->entries[mid].domain < domain )
            lo = mid + 1;
        else
            hi = mid;
    }

    return lo;
}

static int put(struct idtap_trace_names *n, const struct idtap_domain_name *d)
{
    unsigned int i = place(n, d->r.domain);

    /* Not named yet, or no more: that says nothing of what is in the trace. */
    if ( !d->name[0] )
        return 0;
    if ( i == n->nr || n->entries[i].domain != d->r.domain )
    {
        if ( n->nr == n->room )
        {
            unsigned int room = n->room ? 2 * n->room : 16;
            struct entry *e = realloc(n->entries, room * sizeof(*e));

            if ( !e )
                return -ENOMEM;
            n->entries = e;
            n->room = room;
        }
        memmove(&n->entries[i + 1], &n->entries[i],
                (n->nr - i) * sizeof(*n->entries));
        n->nr++;
        n->entries[i].domain = d->r.domain;
    }

    /* The reader has seen its NUL. */
    memcpy(n->entries[i].name, d->name, IDTAP_NAME_LEN);
    return 0;
}

int idtap_trace_names_load(const struct idtap_trace *t,
                           struct idtap_trace_names **names)
{
    struct idtap_trace_names *n = calloc(1, sizeof(*n));
    struct idtap_error *err = malloc(sizeof(*err));
    struct idtap_cursor *c = NULL;
    struct idtap_packet packet;
    int rc = n && err ? 0 : -ENOMEM;

    /* "meta" is the first stream, if it is there. */
    if ( !rc && t->streams[0].cpu < 0 )
        rc = idtap_cursor_open(t, 0, &c);

    while ( !rc && c && idtap_cursor_next(c, &packet, err) > 0 )
    {
        const uint8_t *p;

        for ( p = packet.begin; p < packet.end && !rc;
              p = idtap_record_next(p) )
            if ( idtap_record_at(p)->event == IDTAP_EV_DOMAIN )
                rc = put(n, (const void *)p);
    }

    idtap_cursor_close(c);
    free(err);
    if ( rc )
        idtap_trace_names_free(n);
    else
        *names = n;
    return rc;
}

void idtap_trace_names_free(struct idtap_trace_names *n)
{
    if ( !n )
        return;

    free(n->entries);
    free(n);
}

const char *idtap_trace_names_get(const struct idtap_trace_names *n,
                                  uint16_t domain)
{
    unsigned int i = place(n, domain);

    return i < n->nr && n->entries[i].domain == domain ? n->entries[i].name
                                                       : NULL;
}

int idtap_trace_names_find(const struct idtap_trace_names *n, const char *name)
{
    int found = -ENOENT;
    unsigned int i;

    for ( i = 0; i < n->nr; i++ )
        if ( !strcmp(n->entries[i].name, name) )
        {
            if ( found >= 0 )
                return -ENOTUNIQ;
            found = n->entries[i].domain;
        }

    return found;
}
