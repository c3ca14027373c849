/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of rows; a number that has no name is shown as the number. */
#include <inttypes.h>
#include <stdio.h>

#include "event_name.h"

uint32_t table_class(unsigned int table)
{
    static const uint32_t classes[TABLE_NR] = {
        [IDTAP_TAB_IRQ] = IDTAP_CLASS_IRQ,
        [IDTAP_TAB_EXIT] = IDTAP_CLASS_EXIT,
        [IDTAP_TAB_EXCEPTION] = IDTAP_CLASS_EXCEPTION,
        [IDTAP_TAB_NMI] = IDTAP_CLASS_NMI,
        [IDTAP_TAB_INJECT] = IDTAP_CLASS_INJECT,
        [IDTAP_TAB_SOFTIRQ] = IDTAP_CLASS_SOFTIRQ,
        [TABLE_LAPIC] = IDTAP_CLASS_LAPIC,
    };

    return classes[table];
}

int table_vector(unsigned int table, uint64_t key)
{
    if ( key == EVENT_KEY_OTHER )
        return -1;
    switch ( table )
    {
    case IDTAP_TAB_IRQ:
        return (int)IDTAP_IRQ_KEY_VECTOR(key);

    case IDTAP_TAB_NMI:
        return 2;

    case IDTAP_TAB_EXCEPTION:
    case IDTAP_TAB_INJECT:
    case TABLE_LAPIC:
        return (int)(key & 0xff);

    default:
        return -1;
    }
}

/* A number and, if it has one, its name. */
static char *number(char *buf, const char *format, unsigned int n,
                    const char *name)
{
    int len = snprintf(buf, EVENT_NAME_LEN, format, n);

    if ( name )
        snprintf(buf + len, EVENT_NAME_LEN - (size_t)len, " %s", name);
    return buf;
}

char *event_name(enum idtap_vendor vendor, unsigned int table, uint64_t key,
                 char buf[EVENT_NAME_LEN])
{
    unsigned int vector = (unsigned int)table_vector(table, key);
    const char *name;

    if ( key == EVENT_KEY_OTHER )
    {
        snprintf(buf, EVENT_NAME_LEN, "other");
        return buf;
    }
    switch ( table )
    {
    case IDTAP_TAB_EXIT:
        name = idtap_reason_name(vendor, (uint32_t)key);
        if ( name )
            snprintf(buf, EVENT_NAME_LEN, "%s", name);
        else
            snprintf(buf, EVENT_NAME_LEN, "reason %#" PRIx64, key);
        return buf;

    case IDTAP_TAB_SOFTIRQ:
        return number(buf, "%u", (unsigned int)key,
                      idtap_softirq_name((unsigned int)key));

    case IDTAP_TAB_NMI:
        snprintf(buf, EVENT_NAME_LEN, "NMI");
        return buf;

    case IDTAP_TAB_IRQ:
        if ( IDTAP_IRQ_KEY_IRQ(key) < 0 )
            return number(buf, "0x%02x", vector,
                          idtap_host_vector_name(vector));
        name = idtap_owner_name(IDTAP_IRQ_KEY_OWNER(key));
        snprintf(buf, EVENT_NAME_LEN, "0x%02x irq %d, of %s", vector,
                 IDTAP_IRQ_KEY_IRQ(key), name ? name : "nobody known");
        return buf;

    default:
        return number(buf, "0x%02x", vector,
                      vector < 32 ? idtap_exception_name(vector) : NULL);
    }
}
