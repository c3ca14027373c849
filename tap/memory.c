/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rings' memory: pages of Xen's heap, shared with dom0 through DOMID_XEN
 * as xentrace's are.  Packets and info pages are read-only to dom0; only the
 * pages of consumed positions are writable.
 *
 * A page that dom0 still maps must not be freed.  Xen counts such mappings in
 * page_info.count_info.  Taking a page back is one compare-and-exchange of
 * that word from "allocated, nobody but us" to "no reference": from then on
 * nobody can get one (page_get_owner_and_reference() in arch/x86/mm.c), so
 * there is no window in which a new mapping could slip in.
 */
#include "tap.h"

struct tap_cpu tap_no_cpu = { .ring = TAP_RING_NONE(tap_no_cpu.ring) };
struct tap_cpu *tap_cpus[IDTAP_MAX_CPUS] = {
    [0 ... IDTAP_MAX_CPUS - 1] = &tap_no_cpu
};
struct idtap_rings tap_rings;

/* What tap_cpus[] shows to hooks, when it shows it. */
static struct tap_cpu *owned[IDTAP_MAX_CPUS];

#define NR_CONSUMED_PAGES (IDTAP_MAX_CPUS / IDTAP_CONSUMED_PER_PAGE)

static struct idtap_consumed *consumed_page[NR_CONSUMED_PAGES];
static bool allocated;

static unsigned int packet_order(void)
{
    unsigned int order = 0;

    while ( (PAGE_SIZE << order) < tap_params.packet_size )
        order++;
    return order;
}

/* Calls @fn for every shared chunk of 2^order pages, until it says false. */
static bool for_each_shared(bool (*fn)(void *va, unsigned int order))
{
    unsigned int i, k;

    for ( i = 0; i < NR_CONSUMED_PAGES; i++ )
        if ( consumed_page[i] && !fn(consumed_page[i], 0) )
            return false;
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        if ( !owned[i] )
            continue;
        if ( !fn(owned[i]->ring.info, 0) )
            return false;
        for ( k = 0; k < tap_params.nr_packets; k++ )
            if ( !fn(owned[i]->ring.place[k].packet, packet_order()) )
                return false;
    }
    return true;
}

static uint64_t *count_info(void *va, unsigned int page)
{
    return (uint64_t *)((char *)virt_to_page(va) +
                        (size_t)page * PROFILE.page_info_size +
                        PROFILE.page_info_count);
}

/* What count_info of a page is while shared and unmapped, and after. */
static uint64_t state_shared(void)
{
    return 1ul << PROFILE.pgc_allocated_bit | 1ul << PROFILE.pgc_xen_heap_bit |
           1;
}

static uint64_t state_taken(void)
{
    return 1ul << PROFILE.pgc_xen_heap_bit;
}

static bool chunk_unmapped(void *va, unsigned int order)
{
    unsigned int i;

    for ( i = 0; i < (1u << order); i++ )
        if ( READ_ONCE(*count_info(va, i)) != state_shared() )
            return false;
    return true;
}

static bool chunk_take(void *va, unsigned int order)
{
    unsigned int i;

    for ( i = 0; i < (1u << order); i++ )
    {
        uint64_t old = state_shared();

        if ( !__atomic_compare_exchange_n(count_info(va, i), &old,
                                          state_taken(), false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) )
            return false;
    }
    return true;
}

/* Undoes chunk_take() for the pages it had got. */
static bool chunk_put_back(void *va, unsigned int order)
{
    unsigned int i;

    for ( i = 0; i < (1u << order); i++ )
    {
        uint64_t old = state_taken();

        __atomic_compare_exchange_n(count_info(va, i), &old, state_shared(),
                                    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    return true;
}

/* From DOMID_XEN's list back to Xen alone, and to the heap. */
static bool chunk_free(void *va, unsigned int order)
{
    unsigned int i;

    for ( i = 0; i < (1u << order); i++ )
        free_domheap_pages((struct page_info *)
                           ((char *)virt_to_page(va) +
                            (size_t)i * PROFILE.page_info_size), 0);
    free_xenheap_pages(va, order);
    return true;
}

static void *chunk_alloc(unsigned int order, unsigned int share)
{
    void *va = alloc_xenheap_pages(order, 0);
    unsigned int i;

    if ( !va )
        return NULL;
    /* Xen's heap may hold secrets of Xen's; dom0 is about to read this. */
    memset(va, 0, (size_t)PAGE_SIZE << order);
    for ( i = 0; i < (1u << order); i++ )
        share_xen_page_with_guest((struct page_info *)
                                  ((char *)virt_to_page(va) +
                                   (size_t)i * PROFILE.page_info_size),
                                  dom_xen, share);
    return va;
}

/* Gives back what a half-finished ring_alloc() had got. */
static void ring_free(struct tap_ring *ring)
{
    unsigned int k;

    for ( k = 0; k < tap_params.nr_packets; k++ )
        if ( ring->place[k].packet )
        {
            chunk_take(ring->place[k].packet, packet_order());
            chunk_free(ring->place[k].packet, packet_order());
        }
    if ( ring->info )
    {
        chunk_take(ring->info, 0);
        chunk_free(ring->info, 0);
    }
}

static bool ring_alloc(struct tap_ring *ring, unsigned int cpu)
{
    unsigned int k;

    ring->cpu = cpu;
    ring->packet_size = tap_params.packet_size;
    ring->nr_packets = tap_params.nr_packets;
    ring->consumed = &consumed_page[cpu / IDTAP_CONSUMED_PER_PAGE]
                                   [cpu % IDTAP_CONSUMED_PER_PAGE];
    ring->info = chunk_alloc(0, SHARE_ro);
    if ( !ring->info )
        return false;
    ring->info->magic = IDTAP_RING_MAGIC;
    ring->info->abi_version = IDTAP_ABI_VERSION;
    ring->info->cpu_id = cpu;
    ring->info->packet_size = ring->packet_size;
    ring->info->nr_packets = ring->nr_packets;
    for ( k = 0; k < ring->nr_packets; k++ )
    {
        ring->place[k].packet = chunk_alloc(packet_order(), SHARE_ro);
        if ( !ring->place[k].packet )
            return false;
        ring->info->mfn[k] = domain_page_map_to_mfn(ring->place[k].packet);
    }
    tap_ring_init(ring);
    return true;
}

static int cpu_alloc(unsigned int cpu)
{
    struct idtap_consumed **page =
        &consumed_page[cpu / IDTAP_CONSUMED_PER_PAGE];
    struct tap_cpu *c;

    if ( !*page )
    {
        *page = chunk_alloc(0, SHARE_rw);
        if ( !*page )
            return -XEN_ENOMEM;
        tap_rings.consumed_mfn[cpu / IDTAP_CONSUMED_PER_PAGE] =
            domain_page_map_to_mfn(*page);
    }

    c = alloc_xenheap_pages(0, 0);
    if ( !c )
        return -XEN_ENOMEM;
    memset(c, 0, PAGE_SIZE);
    if ( !ring_alloc(&c->ring, cpu) )
    {
        ring_free(&c->ring);
        free_xenheap_pages(c, 0);
        return -XEN_ENOMEM;
    }
    tap_rings.info_mfn[cpu] = domain_page_map_to_mfn(c->ring.info);
    owned[cpu] = c;
    return 0;
}

/* All chunks are taken: give them to the heap. */
static void free_all(void)
{
    unsigned int i;

    for_each_shared(chunk_free);
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        if ( owned[i] )
            free_xenheap_pages(owned[i], 0);
        owned[i] = NULL;
        tap_rings.info_mfn[i] = 0;
    }
    for ( i = 0; i < NR_CONSUMED_PAGES; i++ )
    {
        consumed_page[i] = NULL;
        tap_rings.consumed_mfn[i] = 0;
    }
    allocated = false;
}

int tap_memory_alloc(void)
{
    unsigned int cpu;

    tap_rings.abi_version = IDTAP_ABI_VERSION;
    tap_rings.nr_cpus = nr_cpu_ids;
    tap_rings.packet_size = tap_params.packet_size;
    tap_rings.nr_packets = tap_params.nr_packets;
    tap_rings.attach_id = tap_params.attach_id;

    for ( cpu = 0; cpu < nr_cpu_ids; cpu++ )
    {
        if ( !test_bit(cpu, cpu_present_map) )
            continue;
        /* Clearing megabytes takes a while; timers must not wait for it. */
        process_pending_softirqs();
        if ( cpu_alloc(cpu) )
        {
            for_each_shared(chunk_take);
            free_all();
            return -XEN_ENOMEM;
        }
    }
    allocated = true;
    return 0;
}

void tap_memory_show(bool show)
{
    unsigned int i;

    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        WRITE_ONCE(tap_cpus[i], show && owned[i] ? owned[i] : &tap_no_cpu);
}

bool tap_memory_mapped(const struct tap_cpu *c)
{
    return !chunk_unmapped(c->ring.info, 0);
}

bool tap_memory_held(void)
{
    return allocated && !for_each_shared(chunk_unmapped);
}

int tap_memory_free(void)
{
    if ( !allocated )
        return 0;
    if ( !for_each_shared(chunk_take) )
    {
        for_each_shared(chunk_put_back);
        return -IDTAP_REFUSE_HELD;
    }
    free_all();
    return 0;
}
