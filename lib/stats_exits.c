/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of VM exits: how often, and how long until the next entry.
 *
 * A vCPU's exit is ended by its next entry, wherever that is; only if it is on
 * the same pCPU is it a duration.  As a vCPU may have visited a blind pCPU in
 * between, no exit is paired on any pCPU while one is blind.
 *
 * What passes between exit and entry is not all Xen's: the vCPU may sleep, or
 * another one run.  The net time is of those exits during which the pCPU was
 * seen to do nothing for another vCPU, the idle ones included: no record that
 * tells of the current vCPU tells of another.  This sees the more the more
 * classes were recorded: other guests by exits, Xen's idling by interrupts and
 * softirqs.
 */
#include <errno.h>

#include "stats_priv.h"

static struct vcpu *vcpu_of(struct idtap_stats *s, struct cpu *c,
                            const struct idtap_record *r)
{
    uint64_t key = (uint64_t)r->domain << 16 | r->vcpu;
    unsigned int i;

    if ( c->vcpu && c->vcpu->key == key )
        return c->vcpu;

    c->vcpu = map_find(&s->vcpus, key);
    if ( c->vcpu )
        return c->vcpu;
    if ( s->vcpus.nr == STATS_VCPUS_MAX )
    {
        map_clear(&s->vcpus);
        for ( i = 0; i < s->nr_cpus; i++ )
            s->cpus[i].vcpu = NULL;
    }
    c->vcpu = map_insert(&s->vcpus, key, sizeof(*c->vcpu));
    return c->vcpu;
}

static int vm_exit(struct idtap_stats *s, struct cpu *c, int cpu,
                   const struct idtap_record *r, bool chosen)
{
    const struct idtap_vm_exit *e = (const void *)r;
    struct vcpu *v = vcpu_of(s, c, r);

    if ( !v )
        return -ENOMEM;

    v->row = v->caused = NULL;
    if ( chosen && (r->flags & IDTAP_F_INTERCEPT) )
    {
        v->caused = stats_row_of(s, r, IDTAP_TAB_CAUSED, stats_caused_key(e));
        if ( !v->caused )
            return -ENOMEM;
        v->caused->count++;
    }
    if ( chosen )
    {
        v->row = stats_row_of(s, r, IDTAP_TAB_EXIT, e->reason);
        if ( !v->row )
            return -ENOMEM;
        v->row->count++;
    }
    v->exit_tsc = r->tsc;
    v->generation = s->generation;
    v->switches = c->switches;
    v->cpu = s->nr_blind ? -1 : cpu;
    return 0;
}

static int vm_entry(struct idtap_stats *s, struct cpu *c, int cpu,
                    const struct idtap_record *r)
{
    struct vcpu *v = vcpu_of(s, c, r);
    uint64_t ticks;
    int rc = 0;

    if ( !v )
        return -ENOMEM;

    if ( v->row && v->cpu == cpu && v->generation == s->generation )
    {
        ticks = r->tsc - v->exit_tsc;
        stats_tell(s, IDTAP_DURATION_EXIT, r->domain, v->row->key, v->exit_tsc,
                   r->tsc);
        rc = stats_took(s, IDTAP_TAB_EXIT, &v->row->time, ticks);
        if ( !rc && v->caused )
            rc = stats_took(s, IDTAP_TAB_CAUSED, &v->caused->time, ticks);
        if ( v->switches != c->switches )
            v->row->extra++;
        else if ( !rc && (s->parts & IDTAP_STATS_NET) )
            rc = stats_took_net(s, IDTAP_TAB_EXIT, v->row, ticks);
    }
    v->row = NULL;
    return rc;
}

int stats_exits(struct idtap_stats *s, struct cpu *c, int cpu,
                const struct idtap_record *r, bool chosen)
{
    uint32_t current = (uint32_t)r->domain << 16 | r->vcpu;

    if ( s->parts & IDTAP_STATS_NET )
    {
        c->switches += current != c->current;
        c->current = current;
    }

    if ( r->event == IDTAP_EV_VM_EXIT )
        return vm_exit(s, c, cpu, r, chosen);
    if ( r->event == IDTAP_EV_VM_ENTRY )
        return vm_entry(s, c, cpu, r);
    return 0;
}
