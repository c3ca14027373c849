/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking over the rings: what every reader does first, and after a flush.  A
 * flush closes packets on their own pCPUs; a hook that it interrupted in
 * mid-record completes its packet a moment later.
 */
#include <errno.h>
#include <limits.h>
#include <time.h>

#include <idtap/rings.h>

#define SETTLE_TRIES 1000 /* of 1 ms */

void idtap_rings_forget(struct idtap_rings_map *map)
{
    unsigned int i;

    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        idtap_rings_catch_up(map, i, UINT_MAX);
        while ( idtap_rings_take(map, i) )
            idtap_rings_give_back(map, i);
    }
}

int idtap_rings_settle(struct idtap_rings_map *map, int (*take)(void *ctx),
                       void *ctx)
{
    unsigned int tries, i;
    int rc;

    for ( tries = 0; tries < SETTLE_TRIES; tries++ )
    {
        struct timespec t = { .tv_nsec = 1000000 };
        bool more = false;

        rc = take(ctx);
        if ( rc < 0 )
            return rc;
        for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
            more |= idtap_rings_unsettled(map, i);
        if ( !more )
            return 0;
        nanosleep(&t, NULL);
    }
    return -ETIMEDOUT;
}

static int forget_all(void *map)
{
    idtap_rings_forget(map);
    return 0;
}

/*
 * The first flush may find no room for a new packet; after forgetting there is
 * some.
 */
int idtap_rings_restart(struct idtap_host *host, struct idtap_rings_map *map,
                        bool overwrite)
{
    struct idtap_config off = { .classes = 0 };
    int rc = idtap_configure(host, &off);

    if ( rc )
        return rc;
    idtap_rings_forget(map);
    if ( (rc = idtap_flush(host, IDTAP_FLUSH)) ||
         (rc = idtap_rings_settle(map, forget_all, map)) )
        return rc;
    rc = idtap_flush(host, overwrite ? IDTAP_FLUSH_OVERWRITE
                                     : IDTAP_FLUSH_RESTART);
    return rc ? rc : idtap_rings_settle(map, forget_all, map);
}
