/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nodes under /idtap in hypfs, by which dom0 reads state and counters,
 * finds the rings and writes the configuration (include/idtap/control.h).
 *
 * Xen calls the callbacks with hypfs' lock held: read callbacks together,
 * write callbacks alone.  Only a privileged domain gets here
 * (xsm_hypfs_op()).  hypfs has no call to remove a node, so ours are
 * unlinked by hand while all CPUs are parked, when no hypercall is under way.
 */
#include "tap.h"

#define NODE_NAME_LEN 8

enum { COUNT_RECORDS, COUNT_DISCARDS, COUNT_PACKETS, NR_COUNTS };

static struct cpu_nodes {
    struct hypfs_entry_dir dir;
    struct hypfs_entry_leaf leaf[NR_COUNTS];
    char name[NODE_NAME_LEN];
} cpu_nodes[IDTAP_MAX_CPUS];

static struct hypfs_funcs counter_funcs, clock_funcs, config_funcs, flush_funcs;

static struct tap_filter filters[2];
static struct idtap_config config;  /* in force */
static struct idtap_config written; /* what dom0 wrote, not yet believed */
static uint32_t flushes, flush_word, hardware;
static char build_id[2 * IDTAP_BUILD_ID_LEN + 1];
static unsigned int root_growth; /* what /idtap added to the size of / */
static bool opened;

/* Callbacks that are looking at a ring, or changing the filter, right now. */
static unsigned int readers;
static bool stopping; /* no new filters: written by tap_recording_stop() only */

#define DIR_INIT(var, nm) \
    static struct hypfs_entry_dir var = { \
        .e = { .type = XEN_HYPFS_TYPE_DIR, .name = (nm), \
               .list = { &var.e.list, &var.e.list }, \
               .funcs = &hypfs_dir_funcs }, \
        .dirlist = { &var.dirlist, &var.dirlist }, \
    }
#define LEAF_INIT(var, ty, nm, ptr, len, wr, fn) \
    static struct hypfs_entry_leaf var = { \
        .e = { .type = XEN_HYPFS_TYPE_##ty, .name = (nm), .size = (len), \
               .max_size = (wr) ? (len) : 0, .funcs = (fn) }, \
        .u.content = (ptr), \
    }

DIR_INIT(dir, "idtap");
static const char version[] = IDTAP_VERSION;
static struct idtap_clock clock_image;
LEAF_INIT(version_node, STRING, "version", version, sizeof(version), 0,
          &hypfs_leaf_ro_funcs);
LEAF_INIT(build_id_node, STRING, "build-id", build_id, sizeof(build_id), 0,
          &hypfs_leaf_ro_funcs);
LEAF_INIT(state_node, STRING, "state", "attaching", sizeof("attaching"), 0,
          &hypfs_leaf_ro_funcs);
LEAF_INIT(hardware_node, UINT, "hardware", &hardware, sizeof(hardware), 0,
          &hypfs_leaf_ro_funcs);
LEAF_INIT(rings_node, BLOB, "rings", &tap_rings, sizeof(tap_rings), 0,
          &hypfs_leaf_ro_funcs);
LEAF_INIT(caused_node, BLOB, "caused", &tap_caused, sizeof(tap_caused), 0,
          &hypfs_leaf_ro_funcs);
LEAF_INIT(config_node, BLOB, "config", &written, sizeof(written), 1,
          &config_funcs);
LEAF_INIT(clock_node, BLOB, "clock", &clock_image, sizeof(clock_image), 0,
          &clock_funcs);
LEAF_INIT(flush_node, UINT, "flush", &flush_word, sizeof(flush_word), 1,
          &flush_funcs);

/* Copies @p out to dom0 as the contents of @entry. */
static int read_image(const struct hypfs_entry *entry, const void *p,
                      struct guest_handle uaddr)
{
    struct hypfs_entry_leaf image = *(const struct hypfs_entry_leaf *)entry;

    image.u.content = p;
    return hypfs_read_leaf(&image.e, uaddr);
}

static int counter_read(const struct hypfs_entry *entry,
                        struct guest_handle uaddr)
{
    unsigned int cpu = ((const char *)entry - (const char *)cpu_nodes) /
                       sizeof(cpu_nodes[0]);
    unsigned int which = (const struct hypfs_entry_leaf *)entry -
                         cpu_nodes[cpu].leaf;
    const struct tap_cpu *c;
    uint64_t value = 0;

    /* Pairs with tap_recording_stop(): either it sees us, or we see none. */
    __atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
    c = __atomic_load_n(&tap_cpus[cpu], __ATOMIC_SEQ_CST);
    if ( tap_has_ring(c) )
        value = which == COUNT_RECORDS  ? READ_ONCE(c->ring.records) :
                which == COUNT_DISCARDS ? READ_ONCE(c->ring.discarded) :
                                          READ_ONCE(c->ring.packets);
    __atomic_fetch_sub(&readers, 1, __ATOMIC_SEQ_CST);
    return read_image(entry, &value, uaddr);
}

static int clock_read(const struct hypfs_entry *entry,
                      struct guest_handle uaddr)
{
    struct idtap_clock now = { .tsc_khz = cpu_khz };
    unsigned long flags;

    /* Both clocks at one moment, as nearly as can be. */
    asm volatile ( "pushfq; popq %0; cli" : "=r" (flags) :: "memory" );
    now.tsc = tap_ring_clock();
    now.system_time_ns = get_s_time();
    asm volatile ( "pushq %0; popfq" :: "r" (flags) : "memory", "cc" );
    return read_image(entry, &now, uaddr);
}

static int config_read(const struct hypfs_entry *entry,
                       struct guest_handle uaddr)
{
    return read_image(entry, &config, uaddr);
}

static void nothing(void *info)
{
    (void)info;
}

/*
 * Hooks see the new filter at once, whole.  The gate is opened for the old and
 * the new classes first and narrowed last, so that nothing that both let pass
 * is missed.  When the call returns every pCPU has taken an interrupt since;
 * only a hook that this very interrupt interrupted may still finish a record
 * by the old filter.
 */
static int config_apply(const struct idtap_config *new)
{
    struct tap_filter *next =
        tap_filter == &filters[0] ? &filters[1] : &filters[0];
    uint32_t gate = new->classes | (new->nr_intercepts ? TAP_GATE_INTERCEPT : 0);

    if ( !get_cpu_maps() )
        return -XEN_EBUSY;
    tap_filter_build(next, new);
    WRITE_ONCE(tap_classes, tap_classes | gate);
    tap_filter_use(next);
    on_selected_cpus(cpu_online_map, nothing, NULL, 1);
    /* No exit hook may be idle while its pCPU has something to restore. */
    if ( !new->nr_intercepts && !tap_intercepts_settle() )
        gate |= TAP_GATE_INTERCEPT;
    WRITE_ONCE(tap_classes, gate);
    put_cpu_maps();
    config = *new;
    return 0;
}

static int config_write(struct hypfs_entry_leaf *leaf,
                        struct guest_handle uaddr, unsigned int ulen)
{
    struct idtap_config new;
    int rc = hypfs_write_leaf(leaf, uaddr, ulen); /* into `written` */

    leaf->e.size = sizeof(config); /* hypfs_write_leaf() sets it to ulen */
    if ( rc )
        return rc;
    new = written;
    if ( (rc = tap_config_check(&new, ulen)) ||
         (rc = tap_intercepts_check(&new)) )
        return rc;
    /* Pairs with tap_recording_stop(), as in counter_read(). */
    __atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
    rc = __atomic_load_n(&stopping, __ATOMIC_SEQ_CST) ? -XEN_EBUSY
                                                      : config_apply(&new);
    __atomic_fetch_sub(&readers, 1, __ATOMIC_SEQ_CST);
    return rc;
}

static void flush_ring(struct tap_ring *ring, uint32_t what)
{
    if ( what == IDTAP_FLUSH )
        tap_ring_flush(ring);
    else
        tap_ring_restart(ring, what == IDTAP_FLUSH_OVERWRITE);
}

static void flush_this_cpu(void *info)
{
    struct tap_cpu *c = this_tap_cpu();

    if ( tap_has_ring(c) )
        flush_ring(&c->ring, *(const uint32_t *)info);
}

/* A pCPU that is offline has no writer: its ring is flushed from here. */
static int flush_all(uint32_t what)
{
    unsigned int i;

    if ( !get_cpu_maps() )
        return -XEN_EBUSY;
    on_selected_cpus(cpu_online_map, flush_this_cpu, &what, 1);
    for ( i = 0; i < nr_cpu_ids; i++ )
        if ( tap_has_ring(tap_cpus[i]) && !test_bit(i, cpu_online_map) )
            flush_ring(&tap_cpus[i]->ring, what);
    put_cpu_maps();
    if ( what != IDTAP_FLUSH )
        tap_intercepts_restart();
    return 0;
}

static int flush_write(struct hypfs_entry_leaf *leaf,
                       struct guest_handle uaddr, unsigned int ulen)
{
    int rc = hypfs_write_leaf(leaf, uaddr, ulen);
    uint32_t what;

    if ( rc )
        return rc;
    what = flush_word;
    flush_word = ++flushes; /* which is what it reads as */
    if ( what < IDTAP_FLUSH || what > IDTAP_FLUSH_OVERWRITE ||
         (what != IDTAP_FLUSH && config.classes) )
        return -XEN_EINVAL;
    /* Pairs with tap_recording_stop(), as in counter_read(). */
    __atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
    rc = flush_all(what);
    __atomic_fetch_sub(&readers, 1, __ATOMIC_SEQ_CST);
    return rc;
}

static void wait_for_readers(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    while ( __atomic_load_n(&readers, __ATOMIC_SEQ_CST) )
        process_pending_softirqs();
}

int tap_recording_stop(bool stop)
{
    static struct idtap_config before; /* one live-patch operation at a time */
    struct idtap_config none = config;
    int rc;

    if ( !stop )
    {
        tap_memory_show(true);
        rc = config_apply(&before);
        __atomic_store_n(&stopping, false, __ATOMIC_SEQ_CST);
        return rc;
    }

    /* Pairs with config_write(): either we see it, or it sees us. */
    __atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
    wait_for_readers();
    before = config;
    none.classes = none.nr_intercepts = 0;
    if ( (rc = config_apply(&none)) )
    {
        __atomic_store_n(&stopping, false, __ATOMIC_SEQ_CST);
        return rc;
    }
    /*
     * The gate is still open for who has not come to its exit hook in time.  To
     * take our intercepts away there it needs its ring: so every pCPU goes
     * through softirqs first, which are behind the hook.
     */
    if ( tap_classes )
        rcu_barrier();
    tap_memory_show(false);
    wait_for_readers();
    rcu_barrier();
    return 0;
}

void tap_doorway_state(const char *state)
{
    unsigned int len = 0;

    while ( state[len++] )
        ;
    state_node.u.content = state;
    __atomic_store_n(&state_node.e.size, len, __ATOMIC_RELEASE);
}

/* "cpu" and a number. */
static void cpu_name(char *name, unsigned int cpu)
{
    unsigned int digits = cpu >= 100 ? 3 : cpu >= 10 ? 2 : 1, i;

    memcpy(name, "cpu", 3);
    for ( i = digits; i--; cpu /= 10 )
        name[3 + i] = '0' + cpu % 10;
    name[3 + digits] = '\0';
}

static void cpu_nodes_add(unsigned int cpu)
{
    static const char *const names[NR_COUNTS] = {
        [COUNT_RECORDS] = "records",
        [COUNT_DISCARDS] = "discards",
        [COUNT_PACKETS] = "packets",
    };
    struct cpu_nodes *n = &cpu_nodes[cpu];
    unsigned int i;

    cpu_name(n->name, cpu);
    n->dir = dir;
    n->dir.e.name = n->name;
    n->dir.e.size = 0;
    n->dir.dirlist.next = n->dir.dirlist.prev = &n->dir.dirlist;
    hypfs_add_dir(&dir, &n->dir, false);
    for ( i = 0; i < NR_COUNTS; i++ )
    {
        n->leaf[i].e = (struct hypfs_entry){
            .type = XEN_HYPFS_TYPE_UINT, .size = sizeof(uint64_t),
            .name = names[i], .funcs = &counter_funcs,
        };
        n->leaf[i].u.content = &tap_no_cpu; /* unused, must not be NULL */
        hypfs_add_leaf(&n->dir, &n->leaf[i], false);
    }
}

/* Walks the list without its lock: nodes only come at boot and with patches,
   and Xen runs one live-patch operation at a time. */
int tap_doorway_check(void)
{
    const struct list_head *l;

    for ( l = hypfs_root.dirlist.next; l != &hypfs_root.dirlist; l = l->next )
    {
        const struct hypfs_entry *e =
            (const void *)((const char *)l - offsetof(struct hypfs_entry, list));

        if ( e->parent != &hypfs_root.e || e->list.next->prev != l )
        {
            printk(XENLOG_ERR "idtap: refused: hypfs is not laid out as "
                   "expected\n");
            return -IDTAP_REFUSE_INVARIANT;
        }
        if ( !memcmp(e->name, dir.e.name, sizeof("idtap")) )
        {
            printk(XENLOG_ERR "idtap: refused: /idtap is there already\n");
            return -IDTAP_REFUSE_PRESENT;
        }
    }
    return 0;
}

void tap_doorway_open(void)
{
    static const char digits[] = "0123456789abcdef";
    struct hypfs_entry_leaf *const leaves[] = {
        &version_node, &build_id_node, &state_node, &hardware_node,
        &rings_node, &caused_node, &config_node, &clock_node, &flush_node,
    };
    unsigned int i;

    for ( i = 0; i < IDTAP_BUILD_ID_LEN; i++ )
    {
        build_id[2 * i] = digits[PROFILE.build_id[i] >> 4];
        build_id[2 * i + 1] = digits[PROFILE.build_id[i] & 15];
    }
    hardware = tap_hardware();
    tap_intercepts_restart();
    config.magic = IDTAP_CONFIG_MAGIC;
    config.version = IDTAP_ABI_VERSION;
    config.size = sizeof(config);
    counter_funcs = clock_funcs = hypfs_leaf_ro_funcs;
    counter_funcs.read = counter_read;
    clock_funcs.read = clock_read;
    config_funcs = flush_funcs = hypfs_leaf_wr_funcs;
    config_funcs.read = config_read;
    config_funcs.write = config_write;
    flush_funcs.write = flush_write;

    for ( i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++ )
        hypfs_add_leaf(&dir, leaves[i], false);
    for ( i = 0; i < nr_cpu_ids; i++ )
        if ( test_bit(i, cpu_present_map) )
            cpu_nodes_add(i);
    /* Last: until now nobody could find the nodes. */
    root_growth = hypfs_root.e.size;
    opened = !hypfs_add_dir(&hypfs_root, &dir, false);
    root_growth = hypfs_root.e.size - root_growth;
}

void tap_doorway_unlink(void)
{
    struct list_head *l = &dir.e.list;

    if ( !opened )
        return;
    l->prev->next = l->next;
    l->next->prev = l->prev;
    hypfs_root.e.size -= root_growth;
    opened = false;
}
