/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From Xen's hand-over to the verdict.  The order matters: ports are masked
 * and the upcall vector is set before any LAPIC is enabled, and interrupts
 * stay off until every vCPU is ready.
 */
#include "truth.h"

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/params.h>

void truth_main(struct hvm_start_info *info);

/* vCPU 0 lets the others enable their LAPICs; how many have. */
static volatile bool may_enable;
static volatile unsigned int ready;

/* The other vCPUs. */
static void start_other(struct cpu *c)
{
    cpu_load(c);
    while ( !may_enable )
        xen_sleep(1000000);
    apic_init(c);
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    run_cases(c);
    for ( ; ; )
        xen_sleep(1000000000);
}

static void say_begin(void)
{
    unsigned int n = 0;

    for ( unsigned int i = 0; i < nr_cases; i++ )
        n += options_chosen(cases[i]);
    say("begin cases=%u vcpus=%u apic=%s upcall=%s virtual-delivery=%u", n,
        nr_vcpus, opt.xapic ? "xapic" : "x2apic",
        opt.lapic_upcall ? "lapic" : "callback", xen_virtual_delivery());
}

void truth_main(struct hvm_start_info *info)
{
    struct cpu *c = &cpus[0];

    cpu_build(c, 0);
    cpu_load(c);
    xen_init();
    console_init((struct xencons_interface *)
                 (xen_param(HVM_PARAM_CONSOLE_PFN) * PAGE_SIZE),
                 xen_param(HVM_PARAM_CONSOLE_EVTCHN));
    cases_collect();
    if ( info->cmdline_paddr )
        options_parse((char *)info->cmdline_paddr);

    nr_vcpus = cpu_boot_others(start_other);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
    {
        cpus[i].next = &cpus[(i + 1) % nr_vcpus];
        xen_bind_ports(&cpus[i]);
    }
    xen_set_upcall();
    apic_init(c);
    __atomic_store_n(&may_enable, true, __ATOMIC_SEQ_CST);
    while ( ready != nr_vcpus - 1 )
        xen_sleep(1000000);
    denied_check();
    say_begin();
    run_cases(c);
    report_and_exit();
}
