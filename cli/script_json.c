/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records as JSON, an object per line.  Keys are those of the trace's CTF
 * fields; all numbers are exact integers.  Always there: host (if there are
 * several traces), time_ns (since the start; with --wall, since 1970), tsc, cpu
 * (null: of the recorder), domain and vcpu (null: none), event, flags.  The
 * vector is there where the record has one; names that are not known are left
 * out.  lapic_accept has three of its flags by name, as booleans: level,
 * pending, virtual.
 */
#include "json.h"
#include "script.h"

static void put_common(struct json *j, const struct script *s, int cpu,
                       const struct idtap_record *r)
{
    if ( s->host )
        json_string(j, "host", s->host);
    json_int(j, "time_ns", s->wall ? script_realtime(s, r->tsc)
                                   : script_time(s, r->tsc));
    json_uint(j, "tsc", r->tsc);
    if ( cpu < 0 )
        json_null(j, "cpu");
    else
        json_int(j, "cpu", cpu);
    if ( r->domain == IDTAP_DOMID_NONE )
        json_null(j, "domain");
    else
        json_uint(j, "domain", r->domain);
    if ( r->vcpu == IDTAP_VCPU_NONE )
        json_null(j, "vcpu");
    else
        json_uint(j, "vcpu", r->vcpu);
    json_string(j, "event", idtap_event_name(r->event));
    json_uint(j, "flags", r->flags);
}

static void put_name(struct json *j, const char *key, const char *name)
{
    if ( name )
        json_string(j, key, name);
}

static void put_ring(struct json *j, const struct script *s,
                     const struct idtap_record *r)
{
    json_uint(j, "vector", r->vector);

    switch ( r->event )
    {
    case IDTAP_EV_IRQ_ENTER:
    {
        const struct idtap_irq_enter *e = (const void *)r;

        json_int(j, "irq", e->irq);
        json_uint(j, "owner", e->owner);
        put_name(j, "owner_name", idtap_owner_name(e->owner));
        json_uint(j, "depth", e->depth);
        break;
    }

    case IDTAP_EV_VM_EXIT:
    {
        const struct idtap_vm_exit *e = (const void *)r;

        json_uint(j, "rip", e->rip);
        json_uint(j, "reason", e->reason);
        put_name(j, "reason_name", idtap_reason_name(s->r.vendor, e->reason));
        json_uint(j, "detail", e->detail);
        json_uint(j, "delivery", e->delivery);
        break;
    }

    case IDTAP_EV_PV_UPCALL:
    {
        const struct idtap_pv_upcall *u = (const void *)r;

        /* Of the others it is 0, which is no #DE. */
        if ( u->kind == IDTAP_UPCALL_EXCEPTION || u->kind == IDTAP_UPCALL_NMI )
            put_name(j, "vector_name", idtap_exception_name(r->vector));
        json_uint(j, "rip", u->rip);
        json_uint(j, "error_code", u->error_code);
        json_uint(j, "kind", u->kind);
        put_name(j, "kind_name", idtap_upcall_name(u->kind));
        break;
    }

    case IDTAP_EV_EVTCHN:
    {
        const struct idtap_evtchn *e = (const void *)r;

        json_uint(j, "port", e->port);
        json_uint(j, "kind", e->kind);
        put_name(j, "kind_name", idtap_evtchn_name(e->kind));
        json_uint(j, "source", e->source);
        break;
    }

    case IDTAP_EV_EXCEPTION:
    case IDTAP_EV_PV_TRAP:
    {
        const struct idtap_exception *e = (const void *)r;

        put_name(j, "vector_name", idtap_exception_name(r->vector));
        json_uint(j, "rip", e->rip);
        json_uint(j, "address", e->address);
        json_uint(j, "error_code", e->error_code);
        json_uint(j, "orig_vector", e->orig_vector);
        json_uint(j, "type", e->type);
        break;
    }

    case IDTAP_EV_SWINT:
        json_uint(j, "rip", ((const struct idtap_swint *)(const void *)r)->rip);
        break;

    case IDTAP_EV_NMI_ENTER:
        json_uint(j, "rip",
                  ((const struct idtap_nmi_enter *)(const void *)r)->rip);
        break;

    case IDTAP_EV_INJECT:
    {
        const struct idtap_inject *e = (const void *)r;

        put_name(j, "vector_name", idtap_exception_name(r->vector));
        json_uint(j, "error_code", e->error_code);
        json_uint(j, "type", e->type);
        json_uint(j, "insn_len", e->insn_len);
        break;
    }

    case IDTAP_EV_SOFTIRQ_RAISE:
        json_uint(j, "target_cpu",
                  ((const struct idtap_softirq_raise *)(const void *)r)->cpu);
        /* fallthrough */
    case IDTAP_EV_SOFTIRQ_ENTER:
    case IDTAP_EV_SOFTIRQ_EXIT:
        put_name(j, "vector_name", idtap_softirq_name(r->vector));
        break;

    case IDTAP_EV_LAPIC_ACCEPT:
        json_bool(j, "level", r->flags & IDTAP_F_LEVEL);
        json_bool(j, "pending", r->flags & IDTAP_F_PENDING);
        json_bool(j, "virtual", r->flags & IDTAP_F_VIRTUAL);
        break;
    }
}

static void put_meta(struct json *j, const struct idtap_record *r)
{
    switch ( r->event )
    {
    case IDTAP_EV_CLOCK_SYNC:
    {
        const struct idtap_clock_sync *c = (const void *)r;

        json_uint(j, "realtime_ns", c->realtime_ns);
        json_uint(j, "system_time_ns", c->system_time_ns);
        json_uint(j, "uncertainty_ns", c->uncertainty_ns);
        break;
    }

    case IDTAP_EV_DOMAIN:
        json_string(j, "name", ((const struct idtap_domain_name *)
                                (const void *)r)->name);
        break;

    case IDTAP_EV_TRIGGER:
        json_string(j, "message", ((const struct idtap_trigger *)
                                (const void *)r)->message);
        break;

    case IDTAP_EV_LOST:
    {
        const struct idtap_lost *l = (const void *)r;

        json_uint(j, "lost_cpu", l->cpu);
        json_uint(j, "count", l->count);
        break;
    }

    case IDTAP_EV_CONFIG:
        json_uint(j, "classes", ((const struct idtap_config_change *)
                                 (const void *)r)->classes);
        break;
    }
}

void script_json(const struct script *s, int cpu,
                 const struct idtap_record *r)
{
    struct json j;

    json_init(&j, s->out ? s->out : stdout, false);
    json_object(&j, NULL);
    put_common(&j, s, cpu, r);
    if ( r->event < IDTAP_EV_NR_RING )
        put_ring(&j, s, r);
    else
        put_meta(&j, r);
    json_end_object(&j);
}
