/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reader of the rings that lies: it writes consumed positions that are not
 * so, while hooks record, and asks for flushes.  Whatever it says, what is in
 * the rings must keep its order: a packet that is whole is in order, positions
 * only grow, what the tap alone writes stays as it was.
 *
 *     positions lie SEED MILLISECONDS     ends with a lie in force
 *     positions map                       maps what it may not: all must be
 *                                         refused
 *
 * `lie` may run beside a recorder.
 */
#include <sys/mman.h>
#include <time.h>

#include <xenforeignmemory.h>
#include <xen/memory.h>

#include <idtap/rings.h>

#include "raw.h"
#include "rnd.h"
#include <trace_priv.h>

static struct raw raw;
static struct idtap_status status;
static xenforeignmemory_handle *fmem;
static struct idtap_rings_map *rings;

static struct cpu {
    volatile struct idtap_consumed *consumed;
    const volatile struct idtap_ring_info *info;
    uint64_t begun; /* as last seen */
} cpus[IDTAP_MAX_CPUS];

static unsigned long lies, flushed, whole, torn;

static int failed(const char *what, unsigned int cpu, int rc)
{
    printf("positions: FAILURE %s, pCPU %u: %d\n", what, cpu, rc);
    return 1;
}

static void *map_frame(int prot, uint64_t mfn)
{
    xen_pfn_t frame = mfn;
    int err = 0;
    void *p = xenforeignmemory_map(fmem, DOMID_XEN, prot, 1, &frame, &err);

    if ( p && err )
    {
        xenforeignmemory_unmap(fmem, p, 1);
        errno = -err;
        p = NULL;
    }
    return p;
}

static int map_all(void)
{
    unsigned int i;
    int rc = idtap_rings_map(&status.rings, &rings);

    if ( rc )
        return failed("idtap_rings_map()", 0, rc);
    for ( i = 0; i < status.nr_cpus; i++ )
    {
        struct idtap_consumed *page;

        if ( !status.rings.info_mfn[i] )
            continue;
        page = map_frame(PROT_READ | PROT_WRITE,
                         status.rings.consumed_mfn[i / IDTAP_CONSUMED_PER_PAGE]);
        cpus[i].info = map_frame(PROT_READ, status.rings.info_mfn[i]);
        if ( !page || !cpus[i].info )
            return failed("cannot map", i, -errno);
        cpus[i].consumed = &page[i % IDTAP_CONSUMED_PER_PAGE];
    }
    return 0;
}

static uint64_t lie_about(const struct cpu *c)
{
    const uint64_t begun = c->info->begun, n = status.rings.nr_packets;

    switch ( rnd_below(14) )
    {
    case 0: return 0;
    case 1: return ~0ull;
    case 2: return begun + (1ull << 32);
    case 3: return begun - (1ull << 32);
    case 4: return begun + 1; /* beyond what there is */
    case 5: return begun + n;
    case 6: return begun - n;
    case 7: return begun - n + 1;
    case 8: return c->consumed->packets - 1 - rnd_below((unsigned int)n);
    case 9: return 1ull << 63;
    case 10: return rnd();
    /* So much was not read, but may well have been. */
    case 11: return begun - rnd_below((unsigned int)n);
    default: return begun;
    }
}

/* What the tap wrote into its info page fits together. */
static int check_info(unsigned int cpu)
{
    struct cpu *c = &cpus[cpu];
    const volatile struct idtap_ring_info *info = c->info;
    const uint64_t n = status.rings.nr_packets;
    uint64_t place, begun = info->begun;

    if ( info->magic != IDTAP_RING_MAGIC || info->cpu_id != cpu ||
         info->packet_size != status.rings.packet_size ||
         info->nr_packets != n || info->abi_version != IDTAP_ABI_VERSION )
        return failed("its info page is another", cpu, 0);
    if ( begun < c->begun )
        return failed("it went back", cpu, 0);
    c->begun = begun;
    for ( place = 0; place < n; place++ )
    {
        uint64_t done = info->complete[place];

        if ( done && ((done - 1) % n != place || done - 1 > info->begun) )
            return failed("a packet is complete in the wrong place", cpu,
                          (int)place);
    }
    return 0;
}

/* The newest packets, as they can be read: torn ones are to be expected. */
static int check_packets(unsigned int cpu, uint8_t *copy)
{
    const uint64_t n = status.rings.nr_packets;
    const struct idtap_packet_header *h = (const void *)copy;
    uint64_t seq = idtap_rings_closed(rings, cpu), i;
    struct idtap_error err;

    for ( i = 1; i < n && i <= 4 && i <= seq; i++ )
    {
        int rc;

        if ( !idtap_rings_copy(rings, cpu, seq - i, copy) )
        {
            torn++;
            continue;
        }
        rc = packet_check_header(h, (int)cpu, &err);
        if ( !rc )
            rc = packet_check_records(copy, (int)cpu, &err);
        if ( rc )
        {
            printf("positions: packet %llu: %s\n",
                   (unsigned long long)(seq - i), err.what);
            return failed("a whole packet is not in order", cpu, rc);
        }
        whole++;
    }
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static int lie(int64_t ms)
{
    int64_t end = now_ms() + ms;
    uint8_t *copy = malloc(status.rings.packet_size);
    unsigned int i, k;
    int rc = 0;

    while ( copy && !rc && now_ms() < end )
    {
        struct timespec t = { .tv_nsec = rnd_below(300000) };

        for ( i = 0; !rc && i < status.nr_cpus; i++ )
        {
            if ( !cpus[i].consumed )
                continue;
            for ( k = rnd_below(4); k; k-- )
            {
                cpus[i].consumed->packets = lie_about(&cpus[i]);
                lies++;
            }
            rc = check_info(i);
            if ( !rc && !rnd_below(16) )
                rc = check_packets(i, copy);
        }
        if ( !rc && !rnd_below(4) )
        {
            flushed++;
            if ( (rc = idtap_flush(raw.host, IDTAP_FLUSH)) )
                rc = failed("flush", 0, rc);
        }
        if ( rnd_below(2) )
            nanosleep(&t, NULL);
    }
    free(copy);
    if ( rc || !copy )
        return 1;

    /* What is left behind makes no sense for whoever comes next. */
    for ( i = 0; i < status.nr_cpus; i++ )
        if ( cpus[i].consumed )
            cpus[i].consumed->packets = i % 2 ? rnd() | 1ull << 40 : ~0ull;
    printf("positions: OK %lu lies, %lu flushes, %lu whole packets, %lu not\n",
           lies, flushed, whole, torn);
    return lies && flushed && whole ? 0 : failed("it proved nothing", 0, 0);
}

static bool is_shared(uint64_t mfn)
{
    const struct idtap_rings *r = &status.rings;
    unsigned int i;
    uint64_t k;

    for ( i = 0; i < IDTAP_MAX_CPUS / IDTAP_CONSUMED_PER_PAGE; i++ )
        if ( r->consumed_mfn[i] == mfn )
            return true;
    for ( i = 0; i < status.nr_cpus; i++ )
    {
        if ( !cpus[i].info )
            continue;
        if ( r->info_mfn[i] == mfn )
            return true;
        for ( k = 0; k < r->nr_packets; k++ )
            if ( mfn >= cpus[i].info->mfn[k] &&
                 mfn < cpus[i].info->mfn[k] + r->packet_size / 4096 )
                return true;
    }
    return false;
}

/*
 * Xen shares its table of machine frames with dom0, in pieces of 2 MiB, and such
 * a piece may well lie beside a page of the tap's (Xen's arch_init_memory()).
 */
#define M2P_FRAMES 512
static xen_pfn_t m2p[64];
static unsigned int nr_m2p;

static int find_m2p(void)
{
    struct {
        xen_machphys_mfn_list_t list;
        xen_pfn_t frames[sizeof(m2p) / sizeof(m2p[0])];
    } *b = host_buffer(raw.host, sizeof(*b));
    int rc;

    if ( !b )
        return failed("out of memory", 0, 0);
    memset(b, 0, sizeof(*b));
    b->list.max_extents = sizeof(m2p) / sizeof(m2p[0]);
    b->list.extent_start = b->frames;
    rc = xencall2(raw.host->call, __HYPERVISOR_memory_op,
                  XENMEM_machphys_mfn_list, (uintptr_t)&b->list);
    nr_m2p = b->list.nr_extents;
    memcpy(m2p, b->frames, sizeof(m2p));
    host_buffer_free(raw.host, b);
    return rc ? failed("no table of machine frames", 0, rc) : 0;
}

static bool is_m2p(uint64_t mfn)
{
    unsigned int i;

    for ( i = 0; i < nr_m2p; i++ )
        if ( mfn - m2p[i] < M2P_FRAMES )
            return true;
    return false;
}

static int refuse(int prot, uint64_t mfn, const char *what, unsigned int cpu)
{
    void *p = map_frame(prot, mfn);

    lies++;
    if ( !p )
        return 0;
    xenforeignmemory_unmap(fmem, p, 1);
    printf("positions: frame %#llx\n", (unsigned long long)mfn);
    return failed(what, cpu, 0);
}

/* A frame of the tap's, and what lies beside it. */
static int try_frame(uint64_t mfn, bool packet, unsigned int cpu)
{
    int rc = 0, i;

    if ( packet )
        rc = refuse(PROT_READ | PROT_WRITE, mfn, "a page could be mapped "
                    "writable", cpu) ||
             refuse(PROT_WRITE, mfn, "a page could be mapped writable", cpu);
    for ( i = -1; !rc && i <= 1; i += 2 )
        if ( !is_shared(mfn + i) && !is_m2p(mfn + i) )
            rc = refuse(PROT_READ, mfn + i, "a page beside could be mapped",
                        cpu);
    return rc;
}

static int map_wrongly(void)
{
    const struct idtap_rings *r = &status.rings;
    unsigned int i, k, last = r->packet_size / 4096 - 1;
    int rc = find_m2p();

    for ( i = 0; !rc && i < status.nr_cpus; i++ )
    {
        if ( !cpus[i].info )
            continue;
        rc = try_frame(r->info_mfn[i], true, i) ||
             try_frame(r->consumed_mfn[i / IDTAP_CONSUMED_PER_PAGE], false, i);
        for ( k = 0; !rc && k < r->nr_packets; k++ )
            rc = try_frame(cpus[i].info->mfn[k], true, i) ||
                 try_frame(cpus[i].info->mfn[k] + last, true, i);
    }
    if ( !rc )
        printf("positions: OK %lu mappings refused\n", lies);
    return rc;
}

int main(int argc, char **argv)
{
    bool lying = argc == 4 && !strcmp(argv[1], "lie");
    int rc;

    if ( !lying && (argc != 2 || strcmp(argv[1], "map")) )
    {
        fprintf(stderr, "Usage: positions lie SEED MILLISECONDS\n"
                        "       positions map\n");
        return 2;
    }
    if ( lying )
    {
        rnd_seed(strtoull(argv[2], NULL, 0));
        printf("positions: seed %s\n", argv[2]);
    }
    fmem = xenforeignmemory_open(NULL, 0);
    if ( !fmem || (rc = raw_open(&raw)) )
        return failed("no way to Xen", 0, fmem ? rc : -errno);
    rc = idtap_status(raw.host, &status);
    if ( rc || status.state != IDTAP_STATE_ATTACHED )
        return failed("no tap", 0, rc);
    rc = map_all();
    if ( !rc )
        rc = lying ? lie(strtoll(argv[3], NULL, 0)) : map_wrongly();
    return rc;
}
