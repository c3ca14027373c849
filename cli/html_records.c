/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records themselves, of traces that have few: [ns since the trace's start,
 * cpu, domain, vcpu, event's name, words], in the order of time.  A domain or
 * vCPU that is none is null.
 */
#include <string.h>

#include "html.h"
#include "json.h"

static const char *vector_name(const struct idtap_record *r)
{
    switch ( r->event )
    {
    case IDTAP_EV_IRQ_ENTER:
    case IDTAP_EV_IRQ_EXIT:
        return idtap_host_vector_name(r->vector);

    case IDTAP_EV_EXCEPTION:
    case IDTAP_EV_INJECT:
    case IDTAP_EV_NMI_ENTER:
    case IDTAP_EV_NMI_EXIT:
    case IDTAP_EV_PV_TRAP:
        return r->vector < 32 ? idtap_exception_name(r->vector) : NULL;

    default:
        return NULL;
    }
}

/* "WORD" or "WHAT NUMBER", as there is a word or not. */
static void name_or(char *buf, size_t len, const char *name, const char *what,
                    unsigned int number)
{
    if ( name )
        snprintf(buf, len, "%s", name);
    else
        snprintf(buf, len, "%s %u", what, number);
}

static void words(const struct html *html, const struct idtap_record *r,
                  char *buf, size_t len)
{
    const char *name;

    switch ( r->event )
    {
    case IDTAP_EV_VM_EXIT:
    {
        const struct idtap_vm_exit *e = (const void *)r;

        name_or(buf, len, idtap_reason_name(html->report.r.vendor, e->reason),
                "reason", e->reason);
        return;
    }

    case IDTAP_EV_PV_UPCALL:
    {
        const struct idtap_pv_upcall *u = (const void *)r;

        name_or(buf, len, idtap_upcall_name(u->kind), "kind", u->kind);
        if ( u->kind == IDTAP_UPCALL_EXCEPTION )
            snprintf(buf + strlen(buf), len - strlen(buf), " 0x%02x%s%s",
                     r->vector, idtap_exception_name(r->vector) ? " " : "",
                     idtap_exception_name(r->vector) ?: "");
        return;
    }

    case IDTAP_EV_EVTCHN:
    {
        const struct idtap_evtchn *e = (const void *)r;

        const char *virq = e->kind == IDTAP_EVTCHN_VIRQ
                           ? idtap_virq_name(e->source) : NULL;

        name = idtap_evtchn_name(e->kind);
        if ( virq || e->kind == IDTAP_EVTCHN_IPI )
            snprintf(buf, len, "port %u, %s%s%s", e->port, name,
                     virq ? " " : "", virq ? virq : "");
        else
            snprintf(buf, len, "port %u, %s %u", e->port,
                     name ? name : "kind ?", e->source);
        return;
    }

    case IDTAP_EV_VM_ENTRY:
        *buf = '\0';
        return;
    }

    if ( idtap_event_class(r->event) == IDTAP_CLASS_SOFTIRQ )
    {
        name = idtap_softirq_name(r->vector);
        snprintf(buf, len, "%u%s%s", r->vector, name ? " " : "",
                 name ? name : "");
        return;
    }

    name = vector_name(r);
    snprintf(buf, len, "0x%02x%s%s%s", r->vector, name ? " " : "",
             name ? name : "", r->flags & IDTAP_F_REINJECT ? " again" : "");
}

int html_records(const struct html *html, FILE *out)
{
    const struct idtap_trace_info *info =
        idtap_trace_info(html->report.r.trace);
    uint32_t i, nr = html->nr_records;
    struct json j;
    char buf[48];

    json_init(&j, out, false);
    if ( nr > HTML_RECORDS_MAX )
    {
        json_null(&j, NULL);
        return 0;
    }

    json_array(&j, NULL);
    for ( i = 0; i < nr; i++ )
    {
        const struct html_record *h = &html->records[i];
        const struct idtap_record *r = &h->u.r;

        json_array(&j, NULL);
        json_int(&j, NULL, idtap_tsc_to_realtime(info, r->tsc) -
                           (int64_t)info->start_realtime_ns);
        json_int(&j, NULL, h->cpu);
        if ( r->domain == IDTAP_DOMID_NONE )
            json_null(&j, NULL);
        else
            json_uint(&j, NULL, r->domain);
        if ( r->vcpu == IDTAP_VCPU_NONE )
            json_null(&j, NULL);
        else
            json_uint(&j, NULL, r->vcpu);
        json_string(&j, NULL, idtap_event_name(r->event));
        words(html, r, buf, sizeof(buf));
        json_string(&j, NULL, buf);
        json_end_array(&j);
    }
    json_end_array(&j);
    return 0;
}
