/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Retargeting of call sites.
 *
 * A site is one `call rel32` or tail `jmp rel32` of Xen's text, listed in the
 * profile.  Only the four bytes of its displacement ever change, only while
 * Xen has parked every other CPU with interrupts off and made its text
 * writable (arch_livepatch_quiesce()), and only after every site of the list
 * was found to be what the profile says.
 */
#include "tap.h"

static const struct {
    const void *target; /* what Xen calls */
    const void *hook;   /* what it shall call instead */
} hooks[IDTAP_NR_HOOKS] = {
    [IDTAP_HOOK_do_IRQ] = { do_IRQ, tap_do_IRQ },
    [IDTAP_HOOK_do_IRQ_vmexit] = { do_IRQ, tap_do_IRQ_vmexit },
    [IDTAP_HOOK_do_nmi] = { do_nmi, tap_do_nmi },
    [IDTAP_HOOK_do_nmi_vmexit] = { do_nmi, tap_do_nmi_vmexit },
    [IDTAP_HOOK_svm_vmexit] = { svm_vmexit_handler, tap_svm_vmexit },
    [IDTAP_HOOK_svm_vmenter] = { svm_vmenter_helper, tap_svm_vmenter },
    [IDTAP_HOOK_vmx_vmexit] = { vmx_vmexit_handler, tap_vmx_vmexit },
    [IDTAP_HOOK_vmx_vmenter] = { vmx_vmenter_helper, tap_vmx_vmenter },
    [IDTAP_HOOK_raise_softirq] = { raise_softirq, tap_raise_softirq },
    [IDTAP_HOOK_cpu_raise_softirq] =
        { cpu_raise_softirq, tap_cpu_raise_softirq },
    [IDTAP_HOOK_cpumask_raise_softirq] =
        { cpumask_raise_softirq, tap_cpumask_raise_softirq },
    [IDTAP_HOOK_vlapic_set_irq] = { vlapic_set_irq, tap_vlapic_set_irq },
    [IDTAP_HOOK_vlapic_handle_EOI] =
        { vlapic_handle_EOI, tap_vlapic_handle_EOI },
    [IDTAP_HOOK_do_page_fault] = { do_page_fault, tap_do_page_fault },
    [IDTAP_HOOK_do_general_protection] =
        { do_general_protection, tap_do_general_protection },
    [IDTAP_HOOK_do_invalid_op] = { do_invalid_op, tap_do_invalid_op },
    [IDTAP_HOOK_do_device_not_available] =
        { do_device_not_available, tap_do_device_not_available },
    [IDTAP_HOOK_do_int3] = { do_int3, tap_do_int3 },
    [IDTAP_HOOK_do_trap] = { do_trap, tap_do_trap },
    [IDTAP_HOOK_do_debug] = { do_debug, tap_do_debug },
    [IDTAP_HOOK_bounce_event] = { create_bounce_frame, tap_bounce_event },
    [IDTAP_HOOK_bounce_exception] =
        { create_bounce_frame, tap_bounce_exception },
    [IDTAP_HOOK_bounce_trap] = { create_bounce_frame, tap_bounce_trap },
    [IDTAP_HOOK_bounce_syscall] = { create_bounce_frame, tap_bounce_syscall },
    [IDTAP_HOOK_bounce_int80] = { create_bounce_frame, tap_bounce_int80 },
};

#define INSN_SIZE 5 /* opcode and rel32 */
#define CACHE_LINE 64u

static char *site_insn(const struct idtap_site *s)
{
    return (char *)(uintptr_t)_stext + s->offset;
}

static const void *site_target(const struct idtap_site *s)
{
    int32_t rel;

    memcpy(&rel, site_insn(s) + 1, sizeof(rel));
    return site_insn(s) + INSN_SIZE + rel;
}

static int64_t displacement(const struct idtap_site *s, const void *to)
{
    return (const char *)to - (site_insn(s) + INSN_SIZE);
}

/* One store: whoever executes it meanwhile calls the old or the new target. */
static void site_set(const struct idtap_site *s, const void *to)
{
    typedef int32_t __attribute__((aligned(1))) rel32;

    *(volatile rel32 *)(site_insn(s) + 1) = displacement(s, to);
}

/*
 * Parked CPUs can still take an NMI, in the midst of the change.  Its site must
 * not be seen half-written: a store within a cache line is not (Intel SDM
 * "Guaranteed Atomic Operations"; AMD APM "Access Atomicity").
 */
static bool torn_for_nmi(const struct idtap_site *s)
{
    return s->hook == IDTAP_HOOK_do_nmi &&
           ((uintptr_t)site_insn(s) + 1) % CACHE_LINE >
           CACHE_LINE - sizeof(int32_t);
}

static bool site_ok(const struct idtap_site *s)
{
    int64_t rel;

    if ( s->hook >= IDTAP_NR_HOOKS ||
         (s->opcode != 0xe8 && s->opcode != 0xe9) ||
         s->offset > (unsigned long)(_etext - _stext) - INSN_SIZE )
        return false;
    rel = displacement(s, hooks[s->hook].hook);
    return (uint8_t)*site_insn(s) == s->opcode &&
           site_target(s) == hooks[s->hook].target && rel == (int32_t)rel &&
           !torn_for_nmi(s);
}

int tap_sites_check(void)
{
    uint32_t seen = 0;
    unsigned int i;

    for ( i = 0; i < tap_params.nr_sites; i++ )
    {
        const struct idtap_site *s = &tap_params.site[i];

        if ( !site_ok(s) )
        {
            printk(XENLOG_ERR "idtap: refused: site %u (_stext+%#x, opcode "
                   "%02x, hook %u) is not as the profile says\n",
                   i, s->offset, s->opcode, s->hook);
            return -IDTAP_REFUSE_SITE;
        }
        seen |= 1u << s->hook;
    }

    if ( seen != (1u << IDTAP_NR_HOOKS) - 1 )
    {
        printk(XENLOG_ERR "idtap: refused: the profile lacks sites (hooks "
               "seen: %#x)\n", seen);
        return -IDTAP_REFUSE_SITE;
    }
    return 0;
}

void tap_sites_retarget(void)
{
    unsigned int i;

    for ( i = 0; i < tap_params.nr_sites; i++ )
        site_set(&tap_params.site[i], hooks[tap_params.site[i].hook].hook);
}

void tap_sites_restore(void)
{
    unsigned int i;

    for ( i = 0; i < tap_params.nr_sites; i++ )
        site_set(&tap_params.site[i], hooks[tap_params.site[i].hook].target);
}
