/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time, as Xen tells each vCPU: struct vcpu_time_info in public xen.h.
 * "version" is odd while Xen changes the rest.
 */
#include "common.h"

#include <xen/xen.h>

static struct vcpu_time_info copy_of(const volatile struct vcpu_time_info *t)
{
    struct vcpu_time_info copy;

    do {
        copy.version = t->version & ~1u;
        asm volatile ( "lfence" ::: "memory" );
        copy.tsc_timestamp = t->tsc_timestamp;
        copy.system_time = t->system_time;
        copy.tsc_to_system_mul = t->tsc_to_system_mul;
        copy.tsc_shift = t->tsc_shift;
        asm volatile ( "lfence" ::: "memory" );
    } while ( copy.version != t->version );

    return copy;
}

uint64_t clock_now(const volatile struct vcpu_time_info *info)
{
    struct vcpu_time_info t = copy_of(info);
    uint32_t lo, hi;
    uint64_t delta;

    asm volatile ( "rdtsc" : "=a" (lo), "=d" (hi) );
    delta = (((uint64_t)hi << 32) | lo) - t.tsc_timestamp;
    /* Another CPU's time stamp may be a little ahead of this one's TSC. */
    if ( (int64_t)delta < 0 )
        delta = 0;
    if ( t.tsc_shift < 0 )
        delta >>= -t.tsc_shift;
    else
        delta <<= t.tsc_shift;
    return t.system_time +
           (uint64_t)(((unsigned __int128)delta * t.tsc_to_system_mul) >> 32);
}

uint64_t clock_ns_to_tsc(const volatile struct vcpu_time_info *info,
                         uint64_t ns)
{
    struct vcpu_time_info t = copy_of(info);
    uint64_t ticks = (ns << 32) / t.tsc_to_system_mul;

    return t.tsc_shift < 0 ? ticks << -t.tsc_shift : ticks >> t.tsc_shift;
}
