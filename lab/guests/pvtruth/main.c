/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From Xen's hand-over to the verdict.  Upcalls are masked until every vCPU is
 * ready.
 */
#include "pvtruth.h"

#include <xen/xen.h>

struct cpu cpus[MAX_VCPUS];
unsigned int nr_vcpus = 1;

void pvtruth_main(struct start_info *info);

/*
 * How many others are ready; and whether all is set up, nr_vcpus among it, by
 * which barriers count.  A vCPU that starts may run before the one that
 * started it goes on.
 */
static volatile unsigned int ready;
static volatile bool all_set;

/* Each vCPU: its callbacks and tables. */
static void setup(struct cpu *c)
{
    xen_set_callbacks(c);
    memory_segments();
}

/* The other vCPUs. */
static void start_other(struct cpu *c)
{
    setup(c);
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    while ( !__atomic_load_n(&all_set, __ATOMIC_ACQUIRE) )  /* pvtruth_main() */
        xen_sleep(1000000);
    run_cases(c);
    for ( ; ; )
        xen_sleep(1000000000);
}

static void say_begin(const struct start_info *info)
{
    unsigned int n = 0;

    for ( unsigned int i = 0; i < nr_cases; i++ )
        n += options_chosen(&cases[i]);
    say("begin cases=%u vcpus=%u events=%s", n, nr_vcpus,
        opt.fifo ? "fifo" : "2l");
    say("ignored-port port=%u", info->console.domU.evtchn);
    say("ignored-port port=%u", info->store_evtchn);
}

void pvtruth_main(struct start_info *info)
{
    struct cpu *c = &cpus[0];

    memory_init(info);
    xen_init(info);
    console_init(memory_map(info->console.domU.mfn * PAGE_SIZE),
                 info->console.domU.evtchn);
    setup(c);
    options_parse((char *)info->cmd_line);

    nr_vcpus = xen_boot_others(start_other,
        memory_mfn((void *)info->pt_base) * PAGE_SIZE);
    if ( opt.fifo )
        events_use_fifo();
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
    {
        cpus[i].next = &cpus[(i + 1) % nr_vcpus];
        events_bind(&cpus[i]);
    }
    while ( ready != nr_vcpus - 1 )
        xen_sleep(1000000);
    denied("map the rings", memory_map_xens());
    denied_check();
    say_begin(info);
    __atomic_store_n(&all_set, true, __ATOMIC_RELEASE); /* start_other() */
    run_cases(c);
    report_and_exit();
}
