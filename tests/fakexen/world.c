/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of the fake Xen, its pCPUs, and what they record. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fakexen.h"

/* The same in every process, as rings hold pointers; nobody else is there. */
#define WORLD_AT ((void *)0x200000000000)
#define WORLD_SIZE ((size_t)FAKE_FRAMES * FAKE_PAGE)

static struct world *world;
static int file = -1;

const char *fake_path(const char *name)
{
    static char path[512];
    const char *dir = getenv("FAKEXEN");

    if ( !dir )
    {
        fputs("fakexen: FAKEXEN is not set\n", stderr);
        exit(99);
    }
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

bool fake_fails(const char *name)
{
    const char *list = getenv("FAKEXEN_FAIL"), *p = list;
    size_t len = strlen(name);

    while ( p && *p )
    {
        if ( !strncmp(p, name, len) && p[len] == '=' )
        {
            errno = atoi(p + len + 1);
            return true;
        }
        p = strchr(p, ',');
        p = p ? p + 1 : NULL;
    }
    return false;
}

static void die(const char *what)
{
    perror(what);
    exit(99);
}

static uint32_t measure_khz(void)
{
    struct timespec t = { .tv_nsec = 20000000 }, a, b;
    uint64_t tsc = tap_ring_clock(), ns;

    clock_gettime(CLOCK_MONOTONIC, &a);
    nanosleep(&t, NULL);
    tsc = tap_ring_clock() - tsc;
    clock_gettime(CLOCK_MONOTONIC, &b);
    ns = (uint64_t)(b.tv_sec - a.tv_sec) * 1000000000 +
         (uint64_t)(b.tv_nsec - a.tv_nsec);
    return (uint32_t)(tsc * 1000000 / ns);
}

static void create(struct world *w)
{
    pthread_mutexattr_t attr;
    char hex[3] = "";
    FILE *f = fopen(fake_path("build-id"), "r");
    unsigned int i;

    if ( !f )
        die(fake_path("build-id"));
    for ( i = 0; i < IDTAP_BUILD_ID_LEN; i++ )
    {
        if ( fread(hex, 1, 2, f) != 2 )
            die("fakexen: build-id");
        w->build_id[i] = (uint8_t)strtoul(hex, NULL, 16);
    }
    fclose(f);
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&w->lock, &attr);
    w->frames = (sizeof(*w) + FAKE_PAGE - 1) / FAKE_PAGE;
    w->tsc_khz = measure_khz();
    w->made = true;
}

/* Who makes it may be killed at any moment: the next one makes it anew. */
static void open_world(void)
{
    file = open(fake_path("world"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if ( file < 0 || flock(file, LOCK_EX) || ftruncate(file, WORLD_SIZE) )
        die(fake_path("world"));
    world = mmap(WORLD_AT, WORLD_SIZE, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
    if ( world != WORLD_AT )
        die("fakexen: mmap");
    if ( !world->made )
        create(world);
    flock(file, LOCK_UN);
}

struct world *fake_lock(void)
{
    if ( !world )
        open_world();
    if ( pthread_mutex_lock(&world->lock) == EOWNERDEAD )
        pthread_mutex_consistent(&world->lock);
    tap_filter = &world->filter;
    return world;
}

void fake_unlock(struct world *w)
{
    pthread_mutex_unlock(&w->lock);
}

int fake_file(void)
{
    return file;
}

static int mappers(int how)
{
    int fd = open(fake_path("mappers"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if ( fd < 0 )
        die(fake_path("mappers"));
    if ( flock(fd, how) )
    {
        close(fd);
        return -1;
    }
    return fd;
}

int fake_mapper(void)
{
    return mappers(LOCK_SH);
}

bool fake_mapped(void)
{
    int fd = mappers(LOCK_EX | LOCK_NB);

    if ( fd < 0 )
        return true;
    close(fd);
    return false;
}

uint32_t fake_hardware(void)
{
    return IDTAP_HW_SVM | IDTAP_HW_INTERCEPT | IDTAP_HW_SWINT;
}

static uint64_t take_frames(struct world *w, uint64_t n)
{
    uint64_t first = w->frames;

    if ( first + n > FAKE_FRAMES )
        return 0;
    w->frames += n;
    memset((char *)w + first * FAKE_PAGE, 0, n * FAKE_PAGE);
    return first;
}

static void *frame(struct world *w, uint64_t mfn)
{
    return (char *)w + mfn * FAKE_PAGE;
}

static int make_ring(struct world *w, unsigned int cpu,
                     struct idtap_consumed *consumed)
{
    const struct idtap_params *p = &w->params;
    struct tap_ring *ring = &w->ring[cpu];
    uint64_t info = take_frames(w, 1), packets, k;

    packets = take_frames(w, (uint64_t)p->packet_size / FAKE_PAGE *
                             p->nr_packets);
    if ( !info || !packets )
        return -ENOMEM;
    memset(ring, 0, sizeof(*ring));
    ring->cpu = cpu;
    ring->packet_size = p->packet_size;
    ring->nr_packets = p->nr_packets;
    ring->consumed = consumed;
    ring->info = frame(w, info);
    *ring->info = (struct idtap_ring_info){
        .magic = IDTAP_RING_MAGIC, .abi_version = IDTAP_ABI_VERSION,
        .cpu_id = cpu, .packet_size = p->packet_size,
        .nr_packets = p->nr_packets,
    };
    for ( k = 0; k < p->nr_packets; k++ )
    {
        ring->info->mfn[k] = packets + k * (p->packet_size / FAKE_PAGE);
        ring->place[k].packet = frame(w, ring->info->mfn[k]);
    }
    tap_ring_init(ring);
    w->rings.info_mfn[cpu] = info;
    return 0;
}

int fake_rings_make(struct world *w)
{
    unsigned int i;
    int rc = 0;

    w->frames = (sizeof(*w) + FAKE_PAGE - 1) / FAKE_PAGE;
    memset(&w->rings, 0, sizeof(w->rings));
    memset(&w->config, 0, sizeof(w->config));
    memset(&w->filter, 0, sizeof(w->filter));
    w->config.magic = IDTAP_CONFIG_MAGIC;
    w->config.version = IDTAP_ABI_VERSION;
    w->config.size = sizeof(w->config);
    w->rings.abi_version = IDTAP_ABI_VERSION;
    w->rings.nr_cpus = FAKE_CPUS;
    w->rings.packet_size = w->params.packet_size;
    w->rings.nr_packets = w->params.nr_packets;
    w->rings.attach_id = w->params.attach_id;
    w->rings.consumed_mfn[0] = take_frames(w, 1);
    for ( i = 0; !rc && i < FAKE_CPUS; i++ )
        if ( i != FAKE_CPU_GONE )
            rc = make_ring(w, i,
                           (struct idtap_consumed *)
                           frame(w, w->rings.consumed_mfn[0]) + i);
    return rc;
}

int fake_config_write(struct world *w, const void *data, uint64_t size)
{
    const struct idtap_config *config = data;
    unsigned int i;

    if ( tap_config_check(config, (unsigned int)size) )
        return -EINVAL;
    /* dom0 is a PV guest. */
    for ( i = 0; i < config->nr_intercepts; i++ )
        if ( config->intercepts[i].domain == 0 )
            return -IDTAP_REFUSE_NO_HVM;
    w->config = *config;
    tap_filter_build(&w->filter, config);
    return 0;
}

int fake_flush(struct world *w, uint32_t what)
{
    unsigned int i;

    if ( what < IDTAP_FLUSH || what > IDTAP_FLUSH_OVERWRITE ||
         (what != IDTAP_FLUSH && w->config.classes) )
        return -EINVAL;
    w->flushes++;
    for ( i = 0; i < FAKE_CPUS; i++ )
        if ( i == FAKE_CPU_GONE )
            ;
        else if ( what == IDTAP_FLUSH )
            tap_ring_flush(&w->ring[i]);
        else
            tap_ring_restart(&w->ring[i], what == IDTAP_FLUSH_OVERWRITE);
    return 0;
}

/* A hook: what it does once the filter has let it pass. */
static void put(struct world *w, unsigned int cpu, void *record, size_t size)
{
    struct tap_slot slot;
    void *at = tap_ring_reserve(&w->ring[cpu], (unsigned int)size, &slot);

    if ( !at )
        return;
    ((struct idtap_record *)record)->tsc = slot.tsc;
    memcpy(at, record, size);
    tap_ring_commit(&w->ring[cpu], (unsigned int)size, &slot);
}

static void plain(struct world *w, unsigned int cpu, uint32_t class,
                  uint8_t event, uint16_t domain, uint8_t vector)
{
    struct idtap_record r = { .event = event, .vector = vector,
                              .domain = domain };

    if ( class & (IDTAP_CLASS_EXIT | IDTAP_CLASS_SOFTIRQ)
         ? tap_wanted(class, domain) : tap_wanted_vector(class, domain, vector) )
        put(w, cpu, &r, sizeof(r));
}

/* A guest's exit for an interrupt, and back: seven or eight records. */
static void turn(struct world *w, unsigned int cpu, uint16_t domain)
{
    struct idtap_vm_exit exit = {
        .r = { .event = IDTAP_EV_VM_EXIT, .domain = domain },
        .rip = 0xffffffff81000000, .reason = 0x7c,
    };
    struct idtap_irq_enter irq = {
        .r = { .event = IDTAP_EV_IRQ_ENTER, .vector = 0xfa, .domain = domain,
               .flags = IDTAP_F_IN_GUEST }, .irq = -1,
        .owner = IDTAP_OWNER_DIRECT,
    };
    struct idtap_inject inject = {
        .r = { .event = IDTAP_EV_INJECT, .vector = 0xf3, .domain = domain },
    };
    struct idtap_softirq_raise raise = {
        .r = { .event = IDTAP_EV_SOFTIRQ_RAISE, .domain = domain }, .cpu = cpu,
    };

    if ( tap_wanted(IDTAP_CLASS_EXIT, domain) )
        put(w, cpu, &exit, sizeof(exit));
    if ( tap_wanted_vector(IDTAP_CLASS_IRQ, domain, 0xfa) )
        put(w, cpu, &irq, sizeof(irq));
    if ( tap_wanted(IDTAP_CLASS_SOFTIRQ, domain) )
        put(w, cpu, &raise, sizeof(raise));
    plain(w, cpu, IDTAP_CLASS_IRQ, IDTAP_EV_IRQ_EXIT, domain, 0xfa);
    plain(w, cpu, IDTAP_CLASS_LAPIC, IDTAP_EV_LAPIC_ACCEPT, domain, 0xf3);
    if ( tap_wanted_vector(IDTAP_CLASS_INJECT, domain, 0xf3) )
        put(w, cpu, &inject, sizeof(inject));
    plain(w, cpu, IDTAP_CLASS_EXIT, IDTAP_EV_VM_ENTRY, domain, 0);
    plain(w, cpu, IDTAP_CLASS_LAPIC, IDTAP_EV_LAPIC_EOI, domain, 0xf3);
}

void fake_cpus_run(struct world *w)
{
    unsigned int cpu, i;

    w->turns++;
    for ( i = 0; i < 4; i++ )
        for ( cpu = 0; cpu < FAKE_CPUS; cpu++ )
            if ( cpu != FAKE_CPU_GONE )
                turn(w, cpu, (uint16_t)(1 + i % 2));
}
