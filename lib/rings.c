/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rings as dom0 sees them: pages of Xen's, shared through DOMID_XEN.  Only
 * the page of consumed positions is mapped writable.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/xen.h>
#include <xenforeignmemory.h>

#include <idtap/rings.h>

#define PAGE 4096u

struct ring_map {
    const volatile struct idtap_ring_info *info;
    const uint8_t *packets; /* all of them, in order of place; NULL: no ring */
    uint64_t next;          /* sequence number, since attach, to take */
};

struct idtap_rings_map {
    xenforeignmemory_handle *fmem;
    unsigned int nr_cpus;
    uint32_t packet_size, nr_packets;
    struct idtap_consumed *consumed[IDTAP_MAX_CPUS / IDTAP_CONSUMED_PER_PAGE];
    struct ring_map ring[IDTAP_MAX_CPUS];
};

/* Maps @n frames in a row; NULL with errno. */
static void *map_frames(struct idtap_rings_map *map, int prot, size_t n,
                        const xen_pfn_t *frames)
{
    int *err = calloc(n, sizeof(*err));
    void *p = NULL;
    size_t i;

    if ( !err )
        return NULL;
    p = xenforeignmemory_map(map->fmem, DOMID_XEN, prot, n, frames, err);
    for ( i = 0; p && i < n; i++ )
        if ( err[i] )
        {
            xenforeignmemory_unmap(map->fmem, p, n);
            p = NULL;
            errno = -err[i];
        }
    free(err);
    return p;
}

static void *map_frame(struct idtap_rings_map *map, int prot, uint64_t mfn)
{
    xen_pfn_t frame = mfn;

    return map_frames(map, prot, 1, &frame);
}

static struct idtap_consumed *consumed_of(struct idtap_rings_map *map,
                                          unsigned int cpu)
{
    return &map->consumed[cpu / IDTAP_CONSUMED_PER_PAGE]
                         [cpu % IDTAP_CONSUMED_PER_PAGE];
}

static int map_ring(struct idtap_rings_map *map, unsigned int cpu, uint64_t mfn)
{
    struct ring_map *ring = &map->ring[cpu];
    size_t per_packet = map->packet_size / PAGE, i;
    size_t n = per_packet * map->nr_packets;
    xen_pfn_t *frames;
    uint64_t begun;

    ring->info = map_frame(map, PROT_READ, mfn);
    if ( !ring->info )
        return -errno;
    if ( ring->info->magic != IDTAP_RING_MAGIC ||
         ring->info->abi_version != IDTAP_ABI_VERSION ||
         ring->info->cpu_id != cpu ||
         ring->info->packet_size != map->packet_size ||
         ring->info->nr_packets != map->nr_packets )
        return -EPROTO;

    frames = calloc(n, sizeof(*frames));
    if ( !frames )
        return -ENOMEM;
    for ( i = 0; i < n; i++ )
        frames[i] = ring->info->mfn[i / per_packet] + i % per_packet;
    ring->packets = map_frames(map, PROT_READ, n, frames);
    free(frames);
    if ( !ring->packets )
        return -errno;

    /*
     * Go on where the last reader stopped.  If it left a position that no packet
     * has come to yet, the ring would be full for ever: nothing is left to read.
     */
    ring->next = consumed_of(map, cpu)->packets;
    begun = ring->info->begun;
    if ( ring->next > begun )
    {
        ring->next = begun;
        __atomic_store_n(&consumed_of(map, cpu)->packets, begun,
                         __ATOMIC_RELEASE);
    }
    return 0;
}

int idtap_rings_map(const struct idtap_rings *rings,
                    struct idtap_rings_map **out)
{
    struct idtap_rings_map *map;
    unsigned int i;
    int rc = 0;

    if ( rings->abi_version != IDTAP_ABI_VERSION ||
         rings->nr_cpus > IDTAP_MAX_CPUS ||
         rings->packet_size < IDTAP_PACKET_SIZE_MIN ||
         rings->packet_size > IDTAP_PACKET_SIZE_MAX ||
         rings->nr_packets < IDTAP_NR_PACKETS_MIN ||
         rings->nr_packets > IDTAP_NR_PACKETS_MAX )
        return -EPROTO;
    map = calloc(1, sizeof(*map));
    if ( !map )
        return -ENOMEM;
    map->nr_cpus = rings->nr_cpus;
    map->packet_size = rings->packet_size;
    map->nr_packets = rings->nr_packets;
    map->fmem = xenforeignmemory_open(NULL, 0);
    if ( !map->fmem )
        rc = -errno;

    for ( i = 0; !rc && i < IDTAP_MAX_CPUS / IDTAP_CONSUMED_PER_PAGE; i++ )
        if ( rings->consumed_mfn[i] )
        {
            map->consumed[i] = map_frame(map, PROT_READ | PROT_WRITE,
                                         rings->consumed_mfn[i]);
            if ( !map->consumed[i] )
                rc = -errno;
        }
    for ( i = 0; !rc && i < map->nr_cpus; i++ )
        if ( rings->info_mfn[i] )
            rc = map->consumed[i / IDTAP_CONSUMED_PER_PAGE]
                 ? map_ring(map, i, rings->info_mfn[i]) : -EPROTO;
    if ( rc )
    {
        idtap_rings_unmap(map);
        return rc;
    }
    *out = map;
    return 0;
}

/* libxenforeignmemory takes no const pointer to unmap. */
static void unmap(struct idtap_rings_map *map, const volatile void *p, size_t n)
{
    if ( p )
        xenforeignmemory_unmap(map->fmem, (void *)(uintptr_t)p, n);
}

void idtap_rings_unmap(struct idtap_rings_map *map)
{
    unsigned int i;

    if ( !map )
        return;
    for ( i = 0; i < map->nr_cpus; i++ )
    {
        unmap(map, map->ring[i].packets,
              (size_t)map->packet_size / PAGE * map->nr_packets);
        unmap(map, map->ring[i].info, 1);
    }
    for ( i = 0; i < IDTAP_MAX_CPUS / IDTAP_CONSUMED_PER_PAGE; i++ )
        unmap(map, map->consumed[i], 1);
    if ( map->fmem )
        xenforeignmemory_close(map->fmem);
    free(map);
}

size_t idtap_rings_packet_size(const struct idtap_rings_map *map)
{
    return map->packet_size;
}

unsigned int idtap_rings_nr_packets(const struct idtap_rings_map *map)
{
    return map->nr_packets;
}

static bool complete(const struct idtap_rings_map *map,
                     const struct ring_map *ring, uint64_t seq)
{
    /* Pairs with the release store in tap_ring_complete(). */
    return __atomic_load_n(&ring->info->complete[seq % map->nr_packets],
                           __ATOMIC_ACQUIRE) == seq + 1;
}

const struct idtap_packet_header *
idtap_rings_take(struct idtap_rings_map *map, unsigned int cpu)
{
    const struct ring_map *ring = &map->ring[cpu];

    if ( cpu >= map->nr_cpus || !ring->packets ||
         !complete(map, ring, ring->next) )
        return NULL;
    return (const void *)(ring->packets +
                          ring->next % map->nr_packets *
                          (size_t)map->packet_size);
}

void idtap_rings_give_back(struct idtap_rings_map *map, unsigned int cpu)
{
    struct ring_map *ring = &map->ring[cpu];

    ring->next++;
    /* Pairs with the acquire load in packet_free(): all reading is done. */
    __atomic_store_n(&consumed_of(map, cpu)->packets, ring->next,
                     __ATOMIC_RELEASE);
}

unsigned int idtap_rings_pending(struct idtap_rings_map *map, unsigned int cpu)
{
    const struct ring_map *ring = &map->ring[cpu];
    unsigned int n = 0;

    if ( !ring->packets )
        return 0;
    while ( n < map->nr_packets && complete(map, ring, ring->next + n) )
        n++;
    return n;
}

/* Is packet @seq still what it was, though others may have come after it? */
static bool whole(const struct idtap_rings_map *map,
                  const struct ring_map *ring, uint64_t seq)
{
    /* Pairs with announce(): loads of the packet come before this one. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&ring->info->begun, __ATOMIC_ACQUIRE) <
           seq + map->nr_packets;
}

uint64_t idtap_rings_catch_up(struct idtap_rings_map *map, unsigned int cpu,
                              unsigned int keep)
{
    struct ring_map *ring = &map->ring[cpu];
    uint64_t gone, begun;

    if ( !ring->packets )
        return 0;
    if ( keep >= map->nr_packets )
        keep = map->nr_packets - 1;
    begun = ring->info->begun;
    if ( begun <= ring->next + keep )
        return 0;
    gone = begun - keep - ring->next;
    ring->next += gone;
    return gone;
}

uint64_t idtap_rings_closed(struct idtap_rings_map *map, unsigned int cpu)
{
    const struct ring_map *ring = &map->ring[cpu];

    return ring->packets ? __atomic_load_n(&ring->info->begun,
                                           __ATOMIC_ACQUIRE) : 0;
}

bool idtap_rings_copy(struct idtap_rings_map *map, unsigned int cpu,
                      uint64_t seq, void *buf)
{
    const struct ring_map *ring = &map->ring[cpu];

    if ( !ring->packets || !complete(map, ring, seq) )
        return false;
    memcpy(buf, ring->packets + seq % map->nr_packets *
                (size_t)map->packet_size, map->packet_size);
    return whole(map, ring, seq);
}

bool idtap_rings_unsettled(struct idtap_rings_map *map, unsigned int cpu)
{
    const struct ring_map *ring = &map->ring[cpu];

    return ring->packets && ring->next < ring->info->flushed;
}

uint64_t idtap_rings_first_discard(struct idtap_rings_map *map,
                                   unsigned int cpu)
{
    const struct ring_map *ring = &map->ring[cpu];

    return ring->packets ? ring->info->first_discard_tsc : 0;
}
