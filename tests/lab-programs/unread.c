/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a recorder that was killed has left in the rings: for each pCPU "cpu N
 * next SEQ", the number in its trace of the oldest packet that was not given
 * back.  All before it must be in the trace; it may be, too, if the recorder
 * died between the write and that.
 */
#include <stdio.h>
#include <stdlib.h>

#include <idtap/host.h>
#include <idtap/rings.h>

static int look(struct idtap_host *host, const struct idtap_status *status)
{
    struct idtap_rings_map *map;
    unsigned int i;
    int rc = idtap_rings_map(&status->rings, &map);

    if ( rc )
        return rc;
    /* What is in an open packet becomes one that can be taken. */
    rc = idtap_flush(host, IDTAP_FLUSH);
    for ( i = 0; !rc && i < status->nr_cpus; i++ )
    {
        const struct idtap_packet_header *h = idtap_rings_take(map, i);

        if ( h )
            printf("cpu %u next %llu\n", i,
                   (unsigned long long)h->packet_seq_num);
    }
    idtap_rings_unmap(map);
    return rc;
}

int main(void)
{
    struct idtap_status *status = calloc(1, sizeof(*status));
    struct idtap_host *host = NULL;
    int rc = status ? idtap_host_open(&host) : -1;

    if ( !rc )
        rc = idtap_status(host, status);
    if ( !rc && status->state != IDTAP_STATE_ATTACHED )
        rc = -1;
    if ( !rc )
        rc = look(host, status);
    if ( rc )
        printf("unread: %d\n", rc);
    idtap_host_close(host);
    free(status);
    return rc ? 1 : 0;
}
