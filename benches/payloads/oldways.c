/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a record costs in the ways that Xen itself has: a record of its trace
 * buffer (xentrace must be running, or nothing is recorded), and a line on the
 * console.  Both are called as code inside Xen would, and what the call of an
 * empty function costs is printed beside them.
 *
 * printk() writes to the emulated UART, too; its instructions are in the number.
 */
#include "measure.h"

#define TRC_GEN 0x0001f000 /* public/trace.h */

void __trace_var(void);
extern int tb_init_done;

static void oldways_nothing(void)
{
}

static uint32_t oldways_data[3];

/* As a tracing macro does it: with the TSC, three words. */
static void oldways_trace(void)
{
    void (*trace)(uint32_t event, bool cycles, unsigned int extra,
                  const void *data) =
        (void (*)(uint32_t, bool, unsigned int, const void *))__trace_var;

    trace(TRC_GEN | 1, true, sizeof(oldways_data), oldways_data);
}

static void oldways_printk(void)
{
    printk("int:%d\n", 14);
}

static int oldways_pre_apply(struct payload *payload)
{
    (void)payload;
    measure_say("nothing", measure(oldways_nothing, 0, 0));
    if ( tb_init_done )
        measure_say("trace", measure(oldways_trace, 0, 0));
    measure_say("printk", measure(oldways_printk, 0, 0));
    return -MEASURE_REFUSE;
}

PAYLOAD_HOOK(preapply, oldways_pre_apply);
PAYLOAD_NOTES('o', 'l', 'd', 'w', 'a', 'y', 's');
