/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An LTTng-UST tracepoint with the three fields of struct idtap_irq_enter, for
 * benches/ring.  LTTng includes this file several times.
 */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER idtap_bench
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "lttng_irq.h"

#if !defined(BENCH_LTTNG_IRQ_H) || \
    defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define BENCH_LTTNG_IRQ_H

#include <stdint.h>

#include <lttng/tracepoint.h>

/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(idtap_bench, irq_enter,
    LTTNG_UST_TP_ARGS(int32_t, irq, uint8_t, owner, uint8_t, depth),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, irq, irq)
        lttng_ust_field_integer(uint8_t, owner, owner)
        lttng_ust_field_integer(uint8_t, depth, depth)))
/* clang-format on */

#endif

#include <lttng/tracepoint-event.h>
