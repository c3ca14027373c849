/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rows of the statistics' tables are called, the same everywhere. */
#include <inttypes.h>
#include <stdio.h>

#include "row_name.h"

static void put_upcall(uint64_t key, char *buf, size_t len)
{
    unsigned int kind = IDTAP_UPCALL_KEY_KIND(key), vector = (uint8_t)key;
    const char *name = idtap_upcall_name(kind);
    const char *exception = vector < 32 ? idtap_exception_name(vector) : NULL;

    if ( !name )
        snprintf(buf, len, "kind %u", kind);
    else if ( kind == IDTAP_UPCALL_EXCEPTION && exception )
        snprintf(buf, len, "%s %s", name, exception);
    else if ( kind == IDTAP_UPCALL_EXCEPTION ) /* INT n, or a reserved one */
        snprintf(buf, len, "%s 0x%02x", name, vector);
    else
        snprintf(buf, len, "%s", name);
}

static void put_evtchn(uint64_t key, char *buf, size_t len)
{
    unsigned int kind = IDTAP_EVTCHN_KEY_KIND(key);
    unsigned int source = IDTAP_EVTCHN_KEY_SOURCE(key);
    uint32_t port = IDTAP_EVTCHN_KEY_PORT(key);
    const char *name = idtap_evtchn_name(kind);
    const char *virq = kind == IDTAP_EVTCHN_VIRQ ? idtap_virq_name(source)
                                                 : NULL;

    if ( virq )
        snprintf(buf, len, "port %" PRIu32 " VIRQ %s", port, virq);
    else if ( kind == IDTAP_EVTCHN_VIRQ || kind == IDTAP_EVTCHN_PIRQ )
        snprintf(buf, len, "port %" PRIu32 " %s %u", port, name, source);
    else if ( kind == IDTAP_EVTCHN_INTERDOMAIN )
        snprintf(buf, len, "port %" PRIu32 " with d%u", port, source);
    else
        snprintf(buf, len, "port %" PRIu32 " %s", port, name ? name : "?");
}

void row_name(enum idtap_vendor vendor, unsigned int table, uint64_t key,
              char *buf, size_t len)
{
    const char *name = NULL;
    unsigned int number = (unsigned int)key;

    if ( key == IDTAP_KEY_OTHER )
    {
        snprintf(buf, len, "others");
        return;
    }

    switch ( table )
    {
    case IDTAP_TAB_EXIT:
        name = idtap_reason_name(vendor, (uint32_t)key);
        if ( name )
            snprintf(buf, len, "%s", name);
        else
            snprintf(buf, len, "reason %#" PRIx64, key);
        return;

    case IDTAP_TAB_IRQ:
        number = IDTAP_IRQ_KEY_VECTOR(key);
        if ( IDTAP_IRQ_KEY_IRQ(key) >= 0 )
        {
            const char *owner = idtap_owner_name(IDTAP_IRQ_KEY_OWNER(key));

            snprintf(buf, len, "0x%02x irq %d, of %s", number,
                     IDTAP_IRQ_KEY_IRQ(key), owner ? owner : "nobody known");
            return;
        }
        name = idtap_host_vector_name(number);
        break;

    case IDTAP_TAB_SOFTIRQ:
        name = idtap_softirq_name(number);
        snprintf(buf, len, "%u%s%s", number, name ? " " : "",
                 name ? name : "");
        return;

    case IDTAP_TAB_CAUSED:
        if ( key == IDTAP_CAUSED_SWINT )
        {
            snprintf(buf, len, "INT n");
            return;
        }
        name = idtap_exception_name(number);
        break;

    case IDTAP_TAB_SWINT:
    case IDTAP_TAB_LAPIC:
        break; /* the guest's own vectors */

    case IDTAP_TAB_PV_TRAP:
        number = (uint8_t)key;
        name = number < 32 ? idtap_exception_name(number) : NULL;
        snprintf(buf, len, "0x%02x%s%s%s", number, name ? " " : "",
                 name ? name : "", IDTAP_PV_TRAP_KEY_XEN(key) ? " in Xen" : "");
        return;

    case IDTAP_TAB_PV_UPCALL:
        put_upcall(key, buf, len);
        return;

    case IDTAP_TAB_EVTCHN:
        put_evtchn(key, buf, len);
        return;

    case IDTAP_TAB_NMI:
        snprintf(buf, len, "NMI");
        return;

    default:
        name = number < 32 ? idtap_exception_name(number) : NULL;
        break;
    }

    snprintf(buf, len, "0x%02x%s%s", number, name ? " " : "",
             name ? name : "");
}
