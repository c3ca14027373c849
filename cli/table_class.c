/* SPDX-License-Identifier: GPL-2.0-only */
/* Which class a table's rows are of, and which vector a row has. */
#include <idtap/names.h>

#include "table_class.h"

uint32_t table_class(unsigned int table)
{
    static const uint32_t classes[TABLE_NR] = {
        [IDTAP_TAB_IRQ] = IDTAP_CLASS_IRQ,
        [IDTAP_TAB_EXIT] = IDTAP_CLASS_EXIT,
        [IDTAP_TAB_EXCEPTION] = IDTAP_CLASS_EXCEPTION,
        [IDTAP_TAB_NMI] = IDTAP_CLASS_NMI,
        [IDTAP_TAB_INJECT] = IDTAP_CLASS_INJECT,
        [IDTAP_TAB_SOFTIRQ] = IDTAP_CLASS_SOFTIRQ,
        [IDTAP_TAB_SWINT] = IDTAP_CLASS_SWINT,
        [IDTAP_TAB_PV_TRAP] = IDTAP_CLASS_PV_TRAP,
        [IDTAP_TAB_PV_UPCALL] = IDTAP_CLASS_PV_UPCALL,
        [IDTAP_TAB_EVTCHN] = IDTAP_CLASS_EVTCHN,
        [TABLE_LAPIC] = IDTAP_CLASS_LAPIC,
    };

    return classes[table];
}

int table_vector(unsigned int table, uint64_t key)
{
    if ( key == IDTAP_KEY_OTHER )
        return -1;
    switch ( table )
    {
    case IDTAP_TAB_IRQ:
        return (int)IDTAP_IRQ_KEY_VECTOR(key);

    case IDTAP_TAB_NMI:
        return 2;

    case IDTAP_TAB_PV_UPCALL:
        return idtap_upcall_has_vector(IDTAP_UPCALL_KEY_KIND(key))
               ? (int)(key & 0xff) : -1;

    case IDTAP_TAB_EXCEPTION:
    case IDTAP_TAB_INJECT:
    case IDTAP_TAB_SWINT:
    case IDTAP_TAB_PV_TRAP:
    case TABLE_LAPIC:
        return (int)(key & 0xff);

    default:
        return -1;
    }
}
