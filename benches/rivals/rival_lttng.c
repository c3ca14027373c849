/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The same record by an LTTng-UST tracepoint.  LTTng decides at run time whether
 * it records: a session must have been started before this program.
 */
#include "rivals.h"
#include "lttng_irq.h"

static inline void hook(int32_t irq)
{
    lttng_ust_tracepoint(idtap_bench, irq_enter, irq, 1, 0);
}

static void lttng_one(void)
{
    hook(-1);
}

static void lttng_many(unsigned int n)
{
    unsigned int i;

    for ( i = 0; i < n; i++ )
        hook((int32_t)i);
}

static bool lttng_works(void)
{
    return lttng_ust_tracepoint_enabled(idtap_bench, irq_enter);
}

const struct rival rival_lttng = {
    "lttng", lttng_one, lttng_many, lttng_works,
};
