/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rows of the statistics' tables are called, the same everywhere. */
#include <inttypes.h>
#include <stdio.h>

#include "row_name.h"

void row_name(enum idtap_vendor vendor, enum idtap_table table, uint64_t key,
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
