/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this host's CPUs can do for guests, as far as it decides what can be
 * seen: IDTAP_HW_* (include/idtap/control.h).  Xen's own variables are asked,
 * for what Xen does not use does not matter.
 *
 * Bits: Intel SDM volume 3, "VM-Execution Control Fields" and appendix
 * "Miscellaneous Data" (IA32_VMX_MISC).
 */
#include "tap.h"

#define PIN_POSTED_INTERRUPTS      (1u << 7)
#define SECONDARY_VIRTUAL_DELIVERY (1u << 9)
#define MSR_VMX_MISC               0x485
#define VMX_MISC_WRITE_ALL         (1u << 29)

static uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;

    asm volatile ( "rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr) );
    return (uint64_t)hi << 32 | lo;
}

uint32_t tap_hardware(void)
{
    uint32_t hw;

    if ( hvm_is("SVM") )
        return IDTAP_HW_SVM | IDTAP_HW_INTERCEPT | IDTAP_HW_SWINT;
    if ( !hvm_is("VMX") )
        return 0;

    hw = IDTAP_HW_VMX;
    if ( vmx_secondary_exec_control & SECONDARY_VIRTUAL_DELIVERY )
        hw |= IDTAP_HW_VIRTUAL_DELIVERY;
    if ( vmx_pin_based_exec_control & PIN_POSTED_INTERRUPTS )
        hw |= IDTAP_HW_POSTED;
    /* Handing an exit back to Xen as another one takes a write to its reason. */
    if ( rdmsr(MSR_VMX_MISC) & VMX_MISC_WRITE_ALL )
        hw |= IDTAP_HW_INTERCEPT;
    return hw;
}
