/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC as Xen emulates it for a PVH guest, by x2APIC MSRs or by the
 * xAPIC's page (Intel SDM, "Advanced Programmable Interrupt Controller";
 * AMD APM, same title).  Register n is MSR 0x800 + n, or base + n * 16.
 */
#include "truth.h"

#define MSR_APIC_BASE    0x1b
#define MSR_TSC_DEADLINE 0x6e0
#define APIC_PAGE        0xfee00000UL

#define REG_ID    0x02
#define REG_EOI   0x0b
#define REG_SPIV  0x0f
#define REG_ISR   0x10
#define REG_ICR   0x30
#define REG_ICR2  0x31
#define REG_LVTT  0x32
#define REG_TMICT 0x38
#define REG_TDCR  0x3e
#define REG_SELF  0x3f

#define SPIV_ENABLE   0x100
#define LVTT_DEADLINE 0x40000
#define TDCR_BY_1     0xb

/* Xen's virtual LAPIC timer counts at 100 MHz, whatever the CPU. */
#define TICKS_PER_US 100

static volatile uint32_t *page_reg(unsigned int reg)
{
    return (volatile uint32_t *)(APIC_PAGE + reg * 16UL);
}

static uint32_t apic_read(unsigned int reg)
{
    return opt.xapic ? *page_reg(reg) : (uint32_t)rdmsr(0x800 + reg);
}

static void apic_write(unsigned int reg, uint32_t val)
{
    if ( opt.xapic )
        *page_reg(reg) = val;
    else
        wrmsr(0x800 + reg, val);
}

void apic_init(struct cpu *c)
{
    uint32_t r[4];

    cpuid(1, r);
    if ( !opt.xapic )
    {
        if ( !(r[2] & (1u << 21)) )
            error("no x2APIC: say apic=xapic");
        wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
    }
    c->apic_id = apic_read(REG_ID);
    if ( opt.xapic )
        c->apic_id >>= 24;
    apic_write(REG_SPIV, SPIV_ENABLE | VEC_SPURIOUS);
    apic_write(REG_TDCR, TDCR_BY_1);
}

bool apic_has_deadline(void)
{
    uint32_t r[4];

    cpuid(1, r);
    return r[2] & (1u << 24);
}

bool apic_in_service(uint8_t vector)
{
    return apic_read(REG_ISR + vector / 32) & (1u << (vector % 32));
}

void apic_eoi(void)
{
    apic_write(REG_EOI, 0);
}

void apic_ipi(uint32_t dest, uint32_t icr_low)
{
    if ( opt.xapic )
    {
        apic_write(REG_ICR2, dest << 24);
        apic_write(REG_ICR, icr_low);
    }
    else
        wrmsr(0x800 + REG_ICR, ((uint64_t)dest << 32) | icr_low);
}

void apic_self_msr(uint8_t vector)
{
    wrmsr(0x800 + REG_SELF, vector);
}

static void set_lvtt(struct cpu *c, uint32_t lvtt)
{
    if ( c->lvtt == lvtt )
        return;
    c->lvtt = lvtt;
    apic_write(REG_LVTT, lvtt);
}

void apic_arm_oneshot(struct cpu *c, uint64_t us)
{
    set_lvtt(c, VEC_ONESHOT);
    apic_write(REG_TMICT, us * TICKS_PER_US);
}

void apic_arm_deadline(struct cpu *c, uint64_t us)
{
    set_lvtt(c, LVTT_DEADLINE | VEC_DEADLINE);
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + xen_ns_to_tsc(us * 1000));
}
