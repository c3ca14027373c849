/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long Xen keeps all CPUs parked to apply or revert a live patch.  Applied
 * below the tap, this retargets the calls of two functions that stand at the
 * ends of that time in check_for_livepatch_work(): arch_livepatch_mask(), after
 * which the CPUs are called together, and arch_livepatch_post_action(), which
 * comes next after the action.  In between interrupts are off from the moment
 * that all CPUs have come.  What it saw is printed when it is itself reverted.
 *
 * The calls are found by what they call, in all of Xen's text.
 */
#include "measure.h"

#define NR_WINDOWS 64
#define NR_CALLS   4
#define REFUSE     61

extern const uint8_t _stext[], _etext[];
void arch_livepatch_mask(void);
void arch_livepatch_post_action(void);

static uint64_t window_begin, window_ticks[NR_WINDOWS];
static unsigned int window_nr;

static struct {
    uint8_t *at;
    measured_fn *was;
} window_calls[NR_CALLS];
static unsigned int window_nr_calls;

static void window_mask(void)
{
    arch_livepatch_mask();
    window_begin = measure_clock();
}

/* The CPU that did it comes first, the others when they are let go. */
static void window_post_action(void)
{
    uint64_t end = measure_clock();

    if ( window_begin && window_nr < NR_WINDOWS )
        window_ticks[window_nr++] = end - window_begin;
    window_begin = 0;
    arch_livepatch_post_action();
}

static void window_find(measured_fn *fn)
{
    const uint8_t *p;

    for ( p = _stext; p + 5 <= _etext; p++ )
        if ( *p == 0xe8 && measure_target((unsigned long)p) == fn &&
             window_nr_calls < NR_CALLS )
        {
            window_calls[window_nr_calls].at = (uint8_t *)p;
            window_calls[window_nr_calls++].was = fn;
        }
}

static int window_pre_apply(struct payload *payload)
{
    (void)payload;
    window_nr_calls = 0;
    window_find(arch_livepatch_mask);
    window_find(arch_livepatch_post_action);
    /* One of the first, two of the other: who does it, and who waits. */
    if ( window_nr_calls != 3 )
    {
        printk("<0>window: %u calls found\n", window_nr_calls);
        return -REFUSE;
    }
    return 0;
}

static void window_set(bool ours)
{
    unsigned int i;

    for ( i = 0; i < window_nr_calls; i++ )
    {
        measured_fn *to = window_calls[i].was;

        if ( ours )
            to = to == arch_livepatch_mask ? window_mask : window_post_action;
        *(volatile int32_t *)(window_calls[i].at + 1) =
            (intptr_t)to - (intptr_t)(window_calls[i].at + 5);
    }
}

static void window_load(void)
{
    window_set(true);
}

static void window_unload(void)
{
    window_set(false);
}

static int window_pre_revert(struct payload *payload)
{
    unsigned int i;

    (void)payload;
    for ( i = 0; i < window_nr; i++ )
        printk("<0>measured: window %u %lu\n", i,
               (unsigned long)window_ticks[i]);
    return 0;
}

PAYLOAD_HOOK(preapply, window_pre_apply);
PAYLOAD_HOOK(load, window_load);
PAYLOAD_HOOK(prerevert, window_pre_revert);
PAYLOAD_HOOK(unload, window_unload);
PAYLOAD_NOTES('w', 'i', 'n', 'd', 'o', 'w');
