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
#include <stdint.h>

#pragma GCC visibility push(hidden)
extern const uint8_t _stext[], _etext[];
extern const uint8_t softirq_handlers[]
    asm("\"common/softirq.c#softirq_handlers\"");
int printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define NR_SOFTIRQS 11
#define REFUSE 61 /* ENODATA: nothing to apply */

struct payload;

static uint64_t fnv(uint64_t sum, const uint8_t *from, const uint8_t *to)
{
    for ( ; from < to; from++ )
        sum = (sum ^ *from) * 0x100000001b3ull;
    return sum;
}

static int textsum_pre_apply(struct payload *payload)
{
    uint64_t sum = 0xcbf29ce484222325ull;

    (void)payload;
    sum = fnv(sum, _stext, _etext);
    sum = fnv(sum, softirq_handlers, softirq_handlers + 8 * NR_SOFTIRQS);
    printk("<0>textsum: %016lx\n", (unsigned long)sum);
    return -REFUSE;
}

static const void *const textsum_hook
    __attribute__((used, section(".livepatch.hooks.preapply"))) =
    textsum_pre_apply;

/* What Xen wants to know of a payload; XEN_BUILD_ID comes from the makefile. */
struct build_id_note {
    uint32_t namesz, descsz, type;
    char name[4];
    uint8_t desc[20];
};
#define NOTE(var, sec, ...) \
    static const struct build_id_note textsum_##var \
        __attribute__((used, aligned(4), section(sec))) = { \
        4, 20, 3 /* NT_GNU_BUILD_ID */, "GNU", { __VA_ARGS__ } \
    }
NOTE(self, ".note.gnu.build-id", 't', 'e', 'x', 't', 's', 'u', 'm');
NOTE(depends, ".livepatch.depends", XEN_BUILD_ID);
NOTE(xen_depends, ".livepatch.xen_depends", XEN_BUILD_ID);
