/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records as lines for people: time, CPU, domain and vCPU, event in columns,
 * then what there is to say about it as words and KEY=VALUE.  And, with
 * --format int, the shortest form there is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "script.h"

static void put_time(const struct script *s, uint64_t tsc)
{
    int64_t ns = script_time(s, tsc);
    uint64_t abs = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

    if ( s->wall )
    {
        int64_t real = script_realtime(s, tsc);
        time_t sec = (time_t)(real / 1000000000);
        char text[32] = "?";
        struct tm tm;

        if ( localtime_r(&sec, &tm) )
            strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
        printf("%s.%09" PRId64, text, real % 1000000000);
    }
    else
        printf("%s%*" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : " ",
               abs < 10000000000 ? 1 : 5, abs / 1000000000,
               abs % 1000000000);
}

static void put_place(const struct script *s, int cpu,
                      const struct idtap_record *r)
{
    char who[24] = "-";

    if ( r->domain == IDTAP_DOMID_IDLE )
        snprintf(who, sizeof(who), "idle");
    else if ( r->domain != IDTAP_DOMID_NONE && r->vcpu != IDTAP_VCPU_NONE )
        snprintf(who, sizeof(who), "d%uv%u", r->domain, r->vcpu);
    else if ( r->domain != IDTAP_DOMID_NONE )
        snprintf(who, sizeof(who), "d%u", r->domain);

    if ( s->host )
        printf("  %-*s", s->host_width, s->host);
    if ( cpu < 0 )
        printf("  meta   ");
    else
        printf("  cpu%-3d ", cpu);
    printf("%-8s %-13s", who, idtap_event_name(r->event));
}

static void put_vector(const struct idtap_record *r)
{
    const char *name = NULL;

    switch ( r->event )
    {
    case IDTAP_EV_IRQ_ENTER:
    case IDTAP_EV_IRQ_EXIT:
        name = idtap_host_vector_name(r->vector);
        break;

    case IDTAP_EV_SOFTIRQ_RAISE:
    case IDTAP_EV_SOFTIRQ_ENTER:
    case IDTAP_EV_SOFTIRQ_EXIT:
        name = idtap_softirq_name(r->vector);
        printf(" %u%s%s", r->vector, name ? " " : "", name ? name : "");
        return;

    case IDTAP_EV_VM_EXIT:
    case IDTAP_EV_VM_ENTRY:
        if ( !r->vector )
            return; /* most have none */
        /* fallthrough */
    case IDTAP_EV_LAPIC_ACCEPT:
    case IDTAP_EV_LAPIC_EOI:
    case IDTAP_EV_SWINT:
        break; /* an interrupt, even where exceptions have the number, too */

    default:
        if ( r->vector < 32 )
            name = idtap_exception_name(r->vector);
        break;
    }

    printf(" 0x%02x%s%s", r->vector, name ? " " : "", name ? name : "");
}

static void put_type(unsigned int type)
{
    const char *name = idtap_type_name(type);

    if ( name )
        printf(" %s", name);
    else
        printf(" type=%u", type);
}

static void put_exit(const struct script *s, const struct idtap_record *r)
{
    const struct idtap_vm_exit *e = (const void *)r;
    const char *name = idtap_reason_name(s->r.vendor, e->reason);

    if ( name )
        printf(" %s", name);
    else
        printf(" reason=%#x", e->reason);
    put_vector(r);
    printf(" rip=%#" PRIx64, e->rip);
    if ( e->detail )
        printf(" detail=%#" PRIx32, e->detail);
    if ( r->flags & IDTAP_F_DELIVERY )
        printf(" delivering=0x%02x", IDTAP_DELIVERY_VECTOR(e->delivery));
}

static void put_exception(const struct idtap_record *r)
{
    const struct idtap_exception *e = (const void *)r;

    put_vector(r);
    put_type(e->type);
    printf(" rip=%#" PRIx64, e->rip);
    if ( r->flags & IDTAP_F_ERROR_CODE )
        printf(" error=%#" PRIx32, e->error_code);
    if ( r->flags & IDTAP_F_ADDRESS )
        printf(" %s=%#" PRIx64, r->vector == 1 ? "dr6" : "address",
               e->address);
    if ( r->flags & IDTAP_F_DELIVERY )
        printf(" delivering=0x%02x", e->orig_vector);
}

static void put_upcall(const struct idtap_record *r)
{
    const struct idtap_pv_upcall *u = (const void *)r;
    const char *name = idtap_upcall_name(u->kind);

    if ( name )
        printf(" %s", name);
    else
        printf(" kind=%u", u->kind);
    if ( idtap_upcall_has_vector(u->kind) )
        put_vector(r);
    printf(" handler=%#" PRIx64, u->rip);
    if ( r->flags & IDTAP_F_ERROR_CODE )
        printf(" error=%#" PRIx32, u->error_code);
}

static void put_evtchn(const struct idtap_record *r)
{
    const struct idtap_evtchn *e = (const void *)r;
    const char *name = idtap_evtchn_name(e->kind);

    printf(" port=%" PRIu32, e->port);
    if ( name )
        printf(" %s", name);
    else
        printf(" kind=%u", e->kind);
    switch ( e->kind )
    {
    case IDTAP_EVTCHN_VIRQ:
        name = idtap_virq_name(e->source);
        printf(" %u%s%s", e->source, name ? " " : "", name ? name : "");
        break;
    case IDTAP_EVTCHN_PIRQ:
        printf(" %u", e->source);
        break;
    case IDTAP_EVTCHN_INTERDOMAIN:
        printf(" d%u", e->source);
        break;
    }
}

static void put_meta(const struct idtap_record *r)
{
    char name[IDTAP_NAME_LEN], text[IDTAP_TRIGGER_LEN];

    switch ( r->event )
    {
    case IDTAP_EV_CLOCK_SYNC:
    {
        const struct idtap_clock_sync *c = (const void *)r;

        printf(" realtime=%" PRIu64 " system=%" PRIu64 " uncertainty=%" PRIu64,
               c->realtime_ns, c->system_time_ns, c->uncertainty_ns);
        break;
    }

    case IDTAP_EV_DOMAIN:
        printf(" %s", reader_clean(((const struct idtap_domain_name *)
                                    (const void *)r)->name, name,
                                   sizeof(name)));
        break;

    case IDTAP_EV_TRIGGER:
        printf(" %s", reader_clean(((const struct idtap_trigger *)
                                    (const void *)r)->message, text,
                                   sizeof(text)));
        break;

    case IDTAP_EV_LOST:
    {
        const struct idtap_lost *l = (const void *)r;

        printf(" cpu=%" PRIu32 " count=%" PRIu64, l->cpu, l->count);
        break;
    }

    case IDTAP_EV_CONFIG:
    {
        uint32_t bit, classes = ((const struct idtap_config_change *)
                                 (const void *)r)->classes;

        printf(" classes=");
        for ( bit = 1; bit & IDTAP_CLASS_ALL; bit <<= 1 )
            if ( classes & bit )
            {
                classes &= ~bit;
                printf("%s%s", idtap_class_name(bit), classes ? "," : "");
            }
        if ( classes )
            printf("%#" PRIx32, classes);
        break;
    }
    }
}

static void put_details(const struct script *s, const struct idtap_record *r)
{
    switch ( r->event )
    {
    case IDTAP_EV_IRQ_ENTER:
    {
        const struct idtap_irq_enter *e = (const void *)r;
        const char *owner = idtap_owner_name(e->owner);

        put_vector(r);
        if ( owner )
            printf(" %s", owner);
        else
            printf(" owner=%u", e->owner);
        if ( e->irq >= 0 )
            printf(" irq=%" PRId32, e->irq);
        if ( e->depth )
            printf(" depth=%u", e->depth);
        break;
    }

    case IDTAP_EV_VM_EXIT:
        put_exit(s, r);
        break;

    case IDTAP_EV_EXCEPTION:
    case IDTAP_EV_PV_TRAP:
        put_exception(r);
        break;

    case IDTAP_EV_PV_UPCALL:
        put_upcall(r);
        break;

    case IDTAP_EV_EVTCHN:
        put_evtchn(r);
        break;

    case IDTAP_EV_SWINT:
        put_vector(r);
        printf(" rip=%#" PRIx64,
               ((const struct idtap_swint *)(const void *)r)->rip);
        break;

    case IDTAP_EV_NMI_ENTER:
        put_vector(r);
        printf(" rip=%#" PRIx64,
               ((const struct idtap_nmi_enter *)(const void *)r)->rip);
        break;

    case IDTAP_EV_INJECT:
    {
        const struct idtap_inject *e = (const void *)r;

        put_vector(r);
        put_type(e->type);
        if ( r->flags & IDTAP_F_ERROR_CODE )
            printf(" error=%#" PRIx32, e->error_code);
        if ( e->insn_len )
            printf(" length=%u", e->insn_len);
        break;
    }

    case IDTAP_EV_SOFTIRQ_RAISE:
        put_vector(r);
        printf(r->flags & IDTAP_F_CPU_MASK ? " on %" PRIu32 " cpus"
                                           : " on cpu%" PRIu32,
               ((const struct idtap_softirq_raise *)(const void *)r)->cpu);
        break;

    case IDTAP_EV_LAPIC_ACCEPT:
        put_vector(r);
        printf(r->flags & IDTAP_F_LEVEL ? " level" : " edge");
        break;

    default:
        if ( r->event < IDTAP_EV_NR_RING )
            put_vector(r);
        else
            put_meta(r);
        break;
    }
}

static void put_flags(uint16_t flags)
{
    static const struct { uint16_t bit; const char *word; } words[] = {
        { IDTAP_F_IN_GUEST, "in-guest" }, { IDTAP_F_REINJECT, "again" },
        { IDTAP_F_NESTED, "nested" }, { IDTAP_F_INJECTS, "injects" },
        { IDTAP_F_INTERCEPT, "intercepted" }, { IDTAP_F_PENDING, "pending" },
        { IDTAP_F_VIRTUAL, "queued" }, { IDTAP_F_ENTRY_FAILED, "entry-failed" },
    };
    size_t i;

    for ( i = 0; i < sizeof(words) / sizeof(words[0]); i++ )
        if ( flags & words[i].bit )
            printf(" %s", words[i].word);
}

void script_line(const struct script *s, int cpu,
                 const struct idtap_record *r)
{
    put_time(s, r->tsc);
    put_place(s, cpu, r);
    put_details(s, r);
    put_flags(r->flags);
    putchar_unlocked('\n');
}

void script_int(const struct script *s, int cpu,
                const struct idtap_record *r)
{
    (void)s;
    (void)cpu;

    if ( r->event == IDTAP_EV_IRQ_ENTER || r->event == IDTAP_EV_EXCEPTION ||
         r->event == IDTAP_EV_NMI_ENTER || r->event == IDTAP_EV_SWINT ||
         r->event == IDTAP_EV_PV_TRAP ||
         (r->event == IDTAP_EV_INJECT && !(r->flags & IDTAP_F_REINJECT)) )
        printf("int:%u\n", r->vector);
}
