/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A live-patch payload that changes nothing: when Xen is asked to apply it, it
 * prints a checksum of everything that a tap may change (Xen's text and the
 * table of softirq handlers) on the console, and refuses to be applied.  So a
 * test can compare Xen before an attach and after the detach, without trusting
 * the tap.
 *
 * FNV-1a, 64 bits, byte by byte.
 */
#include "note.h"

extern const uint8_t _stext[], _etext[];
extern const uint8_t softirq_handlers[]
    asm("\"common/softirq.c#softirq_handlers\"");
int printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define NR_SOFTIRQS 11
#define REFUSE 61 /* ENODATA: nothing to apply */

struct payload;

static uint64_t textsum_fnv(uint64_t sum, const uint8_t *from,
                            const uint8_t *to)
{
    for ( ; from < to; from++ )
        sum = (sum ^ *from) * 0x100000001b3ull;
    return sum;
}

static int textsum_pre_apply(struct payload *payload)
{
    uint64_t sum = 0xcbf29ce484222325ull;

    (void)payload;
    sum = textsum_fnv(sum, _stext, _etext);
    sum = textsum_fnv(sum, softirq_handlers,
                      softirq_handlers + 8 * NR_SOFTIRQS);
    printk("<0>textsum: %016lx\n", (unsigned long)sum);
    return -REFUSE;
}

PAYLOAD_HOOK(preapply, textsum_pre_apply);
PAYLOAD_NOTES('t', 'e', 'x', 't', 's', 'u', 'm');
