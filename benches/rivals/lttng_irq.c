/* SPDX-License-Identifier: GPL-2.0-only */
/* LTTng's side of the tracepoint: code that its headers make. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_irq.h"
