/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a pCPU, and what a vCPU, was doing when: states from the records of a
 * trace, in their order.
 *
 * The rules.  A record tells what begins or ends there, and most tell whose vCPU
 * was current.  If another is current than was at the record before, and no
 * entry says since when, then Xen has switched in between: what Xen seemed to
 * do since then is not told as such, for the vCPU that was switched to may have
 * run all the time without leaving a record.  An exit for HLT is idle until the
 * next entry, as far as no other record says otherwise.
 *
 * Losses: see stats.c; where a pCPU is blind its state is "lost", no vCPU's
 * state is known, and all is found out anew afterwards.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/timeline.h>

#include "map.h"
#include "series.h"

#define FIRST_SHIFT 7u /* 128 ns */
#define BINS_MAX    (1u << 31)

/* What a record is, beside its class. */
static const struct {
    bool ends;   /* it ends something that another record counted */
    bool tells;  /* its domain and vCPU are those that are current */
} kinds[IDTAP_EV_NR_RING] = {
    [IDTAP_EV_IRQ_ENTER]     = { .tells = true },
    [IDTAP_EV_IRQ_EXIT]      = { .tells = true, .ends = true },
    [IDTAP_EV_VM_EXIT]       = { .tells = true },
    [IDTAP_EV_VM_ENTRY]      = { .tells = true, .ends = true },
    [IDTAP_EV_EXCEPTION]     = { .tells = true },
    [IDTAP_EV_NMI_ENTER]     = { .tells = true },
    [IDTAP_EV_NMI_EXIT]      = { .tells = true, .ends = true },
    [IDTAP_EV_INJECT]        = { .tells = true },
    [IDTAP_EV_SOFTIRQ_RAISE] = { .ends = true }, /* counted when it runs */
    [IDTAP_EV_SOFTIRQ_ENTER] = { .tells = true },
    [IDTAP_EV_SOFTIRQ_EXIT]  = { .tells = true, .ends = true },
    [IDTAP_EV_LAPIC_EOI]     = { .ends = true },
    [IDTAP_EV_SWINT]         = { .tells = true },
    [IDTAP_EV_PV_TRAP]       = { .tells = true },
    [IDTAP_EV_PV_UPCALL]     = { .tells = true },
};

struct pcpu {
    struct idtap_lane lane;
    bool present;
    bool lost;              /* records are missing since `since` */
    bool nmi;
    bool switches;          /* the innermost softirq may not return */
    bool known;             /* `current` is */
    unsigned int irqs, softirqs; /* open ones */
    enum idtap_tl_state base;    /* when none of these is */
    uint32_t current;       /* domain << 16 | vcpu */
    uint64_t since;
};

struct vcpu_lane {
    struct idtap_lane lane; /* begins with the key */
    enum idtap_tl_state state;
    uint64_t since;
    uint64_t generation;
    uint64_t other_until;   /* end of the last stretch of IDTAP_TL_OTHER */
};

struct idtap_timeline {
    struct idtap_select select;
    unsigned int largest; /* record of a ring, in bytes */
    uint16_t hlt[2];      /* exit reasons that mean so; 0xffff: none */
    uint64_t tsc_khz;
    uint32_t max_cells;
    uint64_t nr_cells;
    unsigned int shift;
    bool any, left_out;
    uint64_t first;       /* TSC */
    uint64_t last;        /* ns */
    uint64_t generation;  /* grows with each loss */
    struct idtap_map vcpus; /* of struct vcpu_lane */
    struct pcpu cpus[IDTAP_MAX_CPUS];
};

/* Looked up once: names are slow to find, and exits are many. */
static void find_halts(struct idtap_timeline *t, enum idtap_vendor vendor)
{
    size_t i, nr;
    const struct idtap_reason *all = idtap_reasons(vendor, &nr);

    t->hlt[0] = t->hlt[1] = 0xffff;
    for ( i = 0; i < nr; i++ )
        if ( !strcmp(all[i].name, "HLT") )
            t->hlt[0] = all[i].code;
        else if ( !strcmp(all[i].name, "IDLE_HLT") )
            t->hlt[1] = all[i].code;
}

struct idtap_timeline *
idtap_timeline_create(const struct idtap_select *select,
                      enum idtap_vendor vendor, uint64_t tsc_khz,
                      uint32_t max_cells)
{
    struct idtap_timeline *t = calloc(1, sizeof(*t));
    unsigned int i;

    if ( !t )
        return NULL;

    t->select = *select;
    find_halts(t, vendor);
    t->tsc_khz = tsc_khz;
    t->max_cells = max_cells;
    t->shift = FIRST_SHIFT;
    for ( i = 0; i < IDTAP_EV_NR_RING; i++ )
        if ( idtap_record_bytes[i] > t->largest )
            t->largest = idtap_record_bytes[i];
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        t->cpus[i].lane.key = i;
        t->cpus[i].lane.cpu = (int)i;
        t->cpus[i].lane.domain = IDTAP_DOMID_NONE;
        t->cpus[i].lane.vcpu = IDTAP_VCPU_NONE;
    }
    return t;
}

/* Calls `fn` for every series of a lane; stops when it does not return 0. */
static int each_series(struct idtap_timeline *t, struct idtap_lane *l,
                       int (*fn)(struct idtap_timeline *t,
                                 struct idtap_series *s))
{
    unsigned int i;
    int rc = 0;

    for ( i = 0; i < IDTAP_TL_STATES && !rc; i++ )
        rc = fn(t, &l->time[i]);
    for ( i = 0; i < IDTAP_TL_CLASSES && !rc; i++ )
        rc = fn(t, &l->events[i]);

    return rc;
}

static int each_lane(struct idtap_timeline *t,
                     int (*fn)(struct idtap_timeline *t,
                               struct idtap_series *s))
{
    uint32_t i;
    int rc = 0;

    for ( i = 0; i < IDTAP_MAX_CPUS && !rc; i++ )
        rc = each_series(t, &t->cpus[i].lane, fn);
    for ( i = 0; t->vcpus.mask && i <= t->vcpus.mask && !rc; i++ )
        if ( t->vcpus.slot[i] )
            rc = each_series(t, t->vcpus.slot[i], fn);

    return rc;
}

static int clear_one(struct idtap_timeline *t, struct idtap_series *s)
{
    (void)t;
    series_clear(s);
    return 0;
}

static int coarsen_one(struct idtap_timeline *t, struct idtap_series *s)
{
    return s->nr ? series_coarsen(s, t->shift, &t->nr_cells) : 0;
}

void idtap_timeline_destroy(struct idtap_timeline *t)
{
    if ( !t )
        return;

    each_lane(t, clear_one);
    map_clear(&t->vcpus);
    free(t);
}

int idtap_timeline_coarsen(struct idtap_timeline *t)
{
    int rc = each_lane(t, coarsen_one);

    if ( !rc )
        t->shift++;
    return rc;
}

static inline uint32_t bin_of(const struct idtap_timeline *t, uint64_t ns)
{
    return (uint32_t)(ns >> t->shift);
}

/* The lane did this since then. */
static int spent(struct idtap_timeline *t, struct idtap_lane *l,
                 enum idtap_tl_state state, uint64_t since, uint64_t now)
{
    if ( state == IDTAP_TL_UNKNOWN )
        return 0;
    return series_add_span(&l->time[state], since, now, t->shift,
                           &t->nr_cells);
}

/* The lane of a vCPU in *lane, or NULL if it has none; 0 or -ENOMEM. */
static int lane_of(struct idtap_timeline *t, uint16_t domain, uint16_t vcpu,
                   struct vcpu_lane **lane)
{
    uint64_t key = (uint64_t)domain << 16 | vcpu;

    *lane = NULL;
    if ( domain >= IDTAP_DOMID_IDLE || vcpu == IDTAP_VCPU_NONE ||
         !idtap_select_has_domain(&t->select, domain) )
        return 0;

    *lane = map_find(&t->vcpus, key);
    if ( *lane )
        return 0;
    if ( t->vcpus.nr == IDTAP_TL_VCPUS_MAX )
    {
        t->left_out = true;
        return 0;
    }

    *lane = map_insert(&t->vcpus, key, sizeof(**lane));
    if ( !*lane )
        return -ENOMEM;
    (*lane)->lane.cpu = -1;
    (*lane)->lane.domain = domain;
    (*lane)->lane.vcpu = vcpu;
    return 0;
}

/* What leaves no records is, as far as is known, the current vCPU. */
static int spent_other(struct idtap_timeline *t, uint32_t current,
                       uint64_t since, uint64_t now)
{
    struct vcpu_lane *v;
    int rc = lane_of(t, (uint16_t)(current >> 16), (uint16_t)current, &v);

    if ( rc || !v )
        return rc;

    /* It may be seen on another pCPU before this one tells that it left. */
    if ( since < v->other_until )
        since = v->other_until;
    if ( now > v->other_until )
        v->other_until = now;
    return spent(t, &v->lane, IDTAP_TL_OTHER, since, now);
}

static enum idtap_tl_state state_of(const struct pcpu *c)
{
    if ( c->lost )
        return IDTAP_TL_LOST;
    if ( c->nmi )
        return IDTAP_TL_NMI;
    if ( c->irqs )
        return IDTAP_TL_IRQ;
    return c->softirqs ? IDTAP_TL_SOFTIRQ : c->base;
}

static enum idtap_tl_state base_of(uint32_t current)
{
    return current >> 16 == IDTAP_DOMID_IDLE ? IDTAP_TL_IDLE : IDTAP_TL_OTHER;
}

/* Ends what the pCPU did so far, as this record tells what that was. */
static int end_state(struct idtap_timeline *t, struct pcpu *c,
                     const struct idtap_record *r, uint64_t now)
{
    enum idtap_tl_state state = state_of(c);
    uint32_t current = (uint32_t)r->domain << 16 | r->vcpu;
    uint32_t whose = c->current;
    uint64_t since = c->since;
    bool known = c->known;
    int rc;

    c->since = now;
    c->lost = false;
    if ( r->event < IDTAP_EV_NR_RING && kinds[r->event].tells &&
         (!c->known || c->current != current) )
    {
        /* Injections come right before the entry: Xen is at it. */
        bool enters = r->event == IDTAP_EV_VM_ENTRY ||
                      r->event == IDTAP_EV_INJECT;

        if ( !enters && (state == IDTAP_TL_XEN ||
                         (state == IDTAP_TL_SOFTIRQ && c->switches)) )
        {
            state = base_of(current);
            whose = current;
        }
        c->known = true;
        c->current = current;
        c->base = enters ? IDTAP_TL_XEN : base_of(current);
        c->irqs = c->softirqs = 0;
    }

    rc = spent(t, &c->lane, state, since, now);
    return rc || state != IDTAP_TL_OTHER || !known
           ? rc : spent_other(t, whose, since, now);
}

static bool halts(const struct idtap_timeline *t, const struct idtap_record *r)
{
    uint16_t reason = ((const struct idtap_vm_exit *)(const void *)r)->reason;

    return reason != 0xffff && (reason == t->hlt[0] || reason == t->hlt[1]);
}

/* What the pCPU does from here on. */
static void begin_state(const struct idtap_timeline *t, struct pcpu *c,
                        const struct idtap_record *r)
{
    switch ( r->event )
    {
    case IDTAP_EV_IRQ_ENTER:
        c->irqs = ((const struct idtap_irq_enter *)(const void *)r)->depth + 1u;
        break;

    case IDTAP_EV_IRQ_EXIT:
        c->irqs -= c->irqs > 0;
        break;

    case IDTAP_EV_NMI_ENTER:
        c->nmi = true;
        break;

    case IDTAP_EV_NMI_EXIT:
        c->nmi = false;
        break;

    case IDTAP_EV_SOFTIRQ_ENTER:
        c->softirqs = c->switches ? 1 : c->softirqs + 1;
        c->switches = idtap_softirq_may_not_return(r->vector);
        break;

    case IDTAP_EV_SOFTIRQ_EXIT:
        c->softirqs -= c->softirqs > 0;
        c->switches = false;
        break;

    case IDTAP_EV_VM_EXIT:
    case IDTAP_EV_VM_ENTRY:
        c->irqs = c->softirqs = 0;
        c->nmi = c->switches = false;
        c->base = r->event == IDTAP_EV_VM_ENTRY ? IDTAP_TL_GUEST :
                  halts(t, r) ? IDTAP_TL_IDLE : IDTAP_TL_XEN;
        return;
    }

    /* An interrupt may be recorded before the exit that it causes. */
    if ( (r->flags & IDTAP_F_IN_GUEST) && c->base == IDTAP_TL_GUEST )
        c->base = IDTAP_TL_XEN;
}

static int vcpu_record(struct idtap_timeline *t, const struct idtap_record *r,
                       uint64_t now, struct idtap_lane **lane)
{
    struct vcpu_lane *v;
    int rc = lane_of(t, r->domain, r->vcpu, &v);

    *lane = v ? &v->lane : NULL;
    if ( !v )
        return rc;

    if ( r->event == IDTAP_EV_VM_EXIT || r->event == IDTAP_EV_VM_ENTRY )
    {
        if ( v->generation == t->generation )
            rc = spent(t, &v->lane, v->state, v->since, now);
        v->generation = t->generation;
        v->since = now;
        v->state = r->event == IDTAP_EV_VM_ENTRY ? IDTAP_TL_GUEST :
                   halts(t, r) ? IDTAP_TL_IDLE : IDTAP_TL_XEN;
    }
    return rc;
}

/* Counts a chosen record in both of its lanes. */
static int count(struct idtap_timeline *t, struct idtap_lane *cpu,
                 struct idtap_lane *vcpu, const struct idtap_record *r,
                 uint64_t now)
{
    uint32_t class = idtap_event_class(r->event), bin = bin_of(t, now);
    int i, rc;

    if ( !class || (r->flags & IDTAP_F_REINJECT) ||
         (r->event < IDTAP_EV_NR_RING && kinds[r->event].ends) ||
         !idtap_select_has_cpu(&t->select, (unsigned int)cpu->cpu) ||
         !idtap_select_record(&t->select, r) )
        return 0;

    i = __builtin_ctz(class);
    rc = series_add(&cpu->events[i], bin, 1, &t->nr_cells);
    return rc || !vcpu ? rc : series_add(&vcpu->events[i], bin, 1,
                                         &t->nr_cells);
}

/* Keeps within the limits, before a record of this time is added. */
static int make_room(struct idtap_timeline *t, uint64_t now)
{
    int rc = 0;

    if ( t->nr_cells >= t->max_cells )
        while ( !rc && t->nr_cells >= t->max_cells / 4 * 3 && t->shift < 63 )
            rc = idtap_timeline_coarsen(t);
    while ( !rc && now >> t->shift >= BINS_MAX )
        rc = idtap_timeline_coarsen(t);

    return rc;
}

static int ring_record(struct idtap_timeline *t, struct pcpu *c,
                       const struct idtap_record *r)
{
    uint64_t now;
    struct idtap_lane *vcpu;
    int rc;

    if ( !t->any )
        t->first = r->tsc;
    t->any = true;
    now = idtap_tsc_to_ns(r->tsc - t->first, t->tsc_khz);

    /* Its first record: nothing is known of before. */
    if ( !c->present )
        c->since = now;
    c->present = true;

    rc = make_room(t, now);
    if ( !rc )
        rc = end_state(t, c, r, now);
    if ( !rc )
        rc = vcpu_record(t, r, now, &vcpu);
    if ( !rc )
        rc = count(t, &c->lane, vcpu, r, now);
    begin_state(t, c, r);
    t->last = now;
    return rc;
}

/* From the last record on, and until the next one, records are missing. */
static void lose(struct idtap_timeline *t, struct pcpu *c)
{
    c->lost = c->present;
    c->nmi = c->switches = c->known = false;
    c->irqs = c->softirqs = 0;
    c->base = IDTAP_TL_UNKNOWN;
    t->generation++;
}

int idtap_timeline_run(struct idtap_timeline *t, const struct idtap_run *run)
{
    const struct idtap_packet *packet = run->packet;
    const uint8_t *p, *tail = run->end;
    struct pcpu *c;
    int rc = 0;

    if ( run->cpu < 0 )
        return 0;

    c = &t->cpus[run->cpu];
    if ( run->packet_begins && packet->lost_packets )
        lose(t, c);
    /* Behind the tail a larger record may have been dropped. */
    if ( packet->discarded )
        tail = packet->begin - sizeof(packet->header) +
               packet->header.packet_size / 8 - t->largest;

    for ( p = run->begin; p < run->end && !rc; p = idtap_record_next(p) )
    {
        if ( p >= tail )
            lose(t, c);
        rc = ring_record(t, c, idtap_record_at(p));
    }

    if ( run->packet_ends && packet->discarded )
        lose(t, c);
    return rc;
}

int idtap_timeline_finish(struct idtap_timeline *t)
{
    uint32_t i;
    int rc = 0;

    for ( i = 0; i < IDTAP_MAX_CPUS && !rc; i++ )
    {
        struct pcpu *c = &t->cpus[i];

        if ( c->present )
            rc = spent(t, &c->lane, state_of(c), c->since, t->last);
        c->since = t->last;
    }
    for ( i = 0; t->vcpus.mask && i <= t->vcpus.mask && !rc; i++ )
    {
        struct vcpu_lane *v = t->vcpus.slot[i];

        /* Whether an entry would have followed is not known. */
        if ( !v || v->generation != t->generation ||
             v->state == IDTAP_TL_XEN )
            continue;
        rc = spent(t, &v->lane, v->state, v->since, t->last);
        v->since = t->last;
    }
    while ( !rc && t->nr_cells > t->max_cells && t->shift < 63 )
        rc = idtap_timeline_coarsen(t);

    return rc;
}

unsigned int idtap_timeline_shift(const struct idtap_timeline *t)
{
    return t->shift;
}

uint64_t idtap_timeline_first(const struct idtap_timeline *t)
{
    return t->first;
}

uint64_t idtap_timeline_span(const struct idtap_timeline *t)
{
    return t->last;
}

bool idtap_timeline_left_out(const struct idtap_timeline *t)
{
    return t->left_out;
}

static bool has_lane(const struct idtap_timeline *t, unsigned int cpu)
{
    return t->cpus[cpu].present && idtap_select_has_cpu(&t->select, cpu);
}

static int by_place(const void *a, const void *b)
{
    const struct idtap_lane *x = *(void *const *)a, *y = *(void *const *)b;

    if ( (x->cpu < 0) != (y->cpu < 0) )
        return x->cpu < 0 ? 1 : -1;
    return x->key < y->key ? -1 : x->key > y->key;
}

const struct idtap_lane **idtap_timeline_lanes(const struct idtap_timeline *t,
                                               unsigned int *nr)
{
    unsigned int n = t->vcpus.nr;
    const struct idtap_lane **all;
    uint32_t i;

    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        n += has_lane(t, i);
    *nr = n;
    all = n ? malloc(n * sizeof(*all)) : NULL;
    if ( !all )
        return NULL;

    n = 0;
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        if ( has_lane(t, i) )
            all[n++] = &t->cpus[i].lane;
    for ( i = 0; t->vcpus.mask && i <= t->vcpus.mask; i++ )
        if ( t->vcpus.slot[i] )
            all[n++] = t->vcpus.slot[i];

    qsort(all, n, sizeof(*all), by_place);
    return all;
}
