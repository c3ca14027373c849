/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Intel's hooks write.  What is to be is worked out here once more, in the
 * plainest way, from the VMCS (Intel SDM volume 3, "VM-Exit Information Fields",
 * "VM-Entry Controls for Event Injection").
 */
#include "../../tap/exit_vmx.h"
#include "records.h"

#define QUALIFICATION 0x1111222233334444ull
#define ERROR_CODE    0x55556666u
#define LENGTH        0x203u /* of which a record has 8 bits */
#define DELIVERED     (INFO_VALID | 3u << 8 | 14)

static void vmcs_exit(uint32_t reason, uint32_t info, unsigned int odd)
{
    vmcs_clear();
    vmcs_set(VM_EXIT_REASON, reason);
    vmcs_set(VM_EXIT_INTR_INFO, info);
    vmcs_set(VM_EXIT_INTR_ERROR_CODE, ERROR_CODE);
    vmcs_set(EXIT_QUALIFICATION, QUALIFICATION);
    vmcs_set(GUEST_RIP, RIP);
    vmcs_set(GUEST_CR0, 1);
    /* Not valid: the rest means nothing. */
    vmcs_set(IDT_VECTORING_INFO, odd & DELIVERING ? DELIVERED : 0x321);
    xen_vcpu[tap_params.profile.vcpu_nv_guestmode] = odd & NESTED ? 1 : 0;
}

void vmx_records_of_exits(void **state)
{
    static const struct {
        uint32_t reason, info;
    } exits[] = {
        /* @info is defined for the first two only. */
        { 1, INFO_VALID | XEN_VECTOR }, { 1, 0 }, { 2, INFO_VALID | 5 },
        { 7, INFO_VALID | 5 }, { 10, 0 }, { 30, 0 }, { 48, 0 }, { 65, 0 },
        { 33 | REASON_ENTRY_FAILED, 0 }, { 10 | 1u << 29, 0 },
        /* An NMI, which is no exception here; and what is nothing. */
        { 0, INFO_VALID | 2u << 8 | 2 }, { 0, 0 },
    };
    unsigned int i, odd, one;

    (void)state;
    for ( i = 0; i < sizeof(exits) / sizeof(exits[0]); i++ )
    for ( odd = NONE; odd <= (NESTED | DELIVERING); odd++ )
    for ( one = 0; one < 2; one++ )
    {
        uint32_t reason = exits[i].reason, info = exits[i].info;
        const struct idtap_vm_exit *r;

        xen_record(IDTAP_CLASS_EXIT | IDTAP_CLASS_EXCEPTION,
                   one ? XEN_OURS : XEN_ANY, XEN_ANY_VECTOR);
        vmcs_exit(reason, info, odd);
        call(tap_vmx_vmexit, (unsigned long)xen_regs, 0, 0);
        r = next(sizeof(*r), IDTAP_EV_VM_EXIT,
                 (uint16_t)reason <= 1 && (info & INFO_VALID) ? info & 0xff : 0,
                 odd_flags(odd) | (reason & REASON_ENTRY_FAILED
                                   ? IDTAP_F_ENTRY_FAILED : 0));
        assert_true(r->rip == RIP);
        assert_int_equal(r->reason, (uint16_t)reason);
        assert_int_equal(r->delivery,
                         delivery(odd, reason ? 0 : info >> 8 & 7));
        assert_int_equal(r->detail, (uint16_t)reason > 1
                                    ? (uint32_t)QUALIFICATION : 0);
        no_more();

        xen_record(IDTAP_CLASS_EXCEPTION, XEN_ANY, XEN_ANY_VECTOR);
        call(tap_vmx_vmexit, (unsigned long)xen_regs, 0, 0);
        no_more();
        xen_record(IDTAP_CLASS_EXIT, XEN_OTHER, XEN_ANY_VECTOR);
        call(tap_vmx_vmexit, (unsigned long)xen_regs, 0, 0);
        no_more();
    }
}

static void exception_expect(uint32_t info, uint32_t classes, unsigned int odd)
{
    unsigned int vector = info & 0xff, type = info >> 8 & 7;
    uint32_t error_code = info & INFO_ERROR_CODE ? ERROR_CODE : 0;

    if ( classes & IDTAP_CLASS_EXIT )
    {
        const struct idtap_vm_exit *r =
            next(sizeof(*r), IDTAP_EV_VM_EXIT, vector, odd_flags(odd));

        assert_true(r->rip == RIP);
        assert_int_equal(r->reason, 0);
        assert_int_equal(r->delivery, delivery(odd, type));
        assert_int_equal(r->detail, error_code);
    }
    if ( classes & IDTAP_CLASS_EXCEPTION )
    {
        bool address = vector == 14 || vector == 1;
        const struct idtap_exception *r =
            next(sizeof(*r), IDTAP_EV_EXCEPTION, vector,
                 odd_flags(odd) |
                 (info & INFO_ERROR_CODE ? IDTAP_F_ERROR_CODE : 0) |
                 (address ? IDTAP_F_ADDRESS : 0));

        assert_true(r->rip == RIP);
        assert_true(r->address == (address ? QUALIFICATION : 0));
        assert_int_equal(r->error_code, error_code);
        assert_int_equal(r->orig_vector, odd & DELIVERING ? 14 : 0);
        assert_int_equal(r->type, type);
        assert_int_equal(r->pad, 0);
    }
    no_more();
}

void vmx_records_of_exceptions(void **state)
{
    static const uint32_t wanted[] = {
        IDTAP_CLASS_EXIT, IDTAP_CLASS_EXCEPTION,
        IDTAP_CLASS_EXIT | IDTAP_CLASS_EXCEPTION,
    };
    static const uint32_t infos[] = {
        3u << 8 | 0, 3u << 8 | 1, 5u << 8 | 1, 6u << 8 | 3, 6u << 8 | 4,
        3u << 8 | 6, 3u << 8 | INFO_ERROR_CODE | 8,
        3u << 8 | INFO_ERROR_CODE | 13, 3u << 8 | 13,
        3u << 8 | INFO_ERROR_CODE | 14, 3u << 8 | INFO_ERROR_CODE | 17,
        3u << 8 | 20,
    };
    unsigned int i, odd, one, w;

    (void)state;
    for ( i = 0; i < sizeof(infos) / sizeof(infos[0]); i++ )
    for ( odd = NONE; odd <= (NESTED | DELIVERING | OURS); odd++ )
    for ( one = 0; one < 2; one++ )
    for ( w = 0; w < 3; w++ )
    {
        uint32_t info = infos[i] | INFO_VALID, vector = info & 0xff;

        xen_record(wanted[w], one ? XEN_OURS : XEN_ANY, XEN_ANY_VECTOR);
        vmcs_exit(REASON_EXCEPTION_NMI, info, odd);
        xen_cpu.run.own = odd & OURS ? 1u << vector : 0;
        xen_cpu.run.xens = 0x42;
        call(tap_vmx_vmexit, (unsigned long)xen_regs, 0, 0);
        exception_expect(info, wanted[w], odd);
        assert_int_equal(xen_cpu.run.own, 0);
        assert_int_equal(vmcs_get(EXCEPTION_BITMAP), odd & OURS ? 0x42 : 0);
        assert_int_equal(vmcs_get(VM_EXIT_REASON),
                         odd & OURS ? REASON_INTR_WINDOW : 0);

        /* By vector: an exit has none. */
        xen_record(wanted[w], XEN_ANY, vector ^ 64);
        vmcs_exit(REASON_EXCEPTION_NMI, info, odd & ~OURS);
        call(tap_vmx_vmexit, (unsigned long)xen_regs, 0, 0);
        exception_expect(info, wanted[w] & IDTAP_CLASS_EXIT, odd & ~OURS);
    }
}

static void entry_expect(uint32_t info, uint32_t classes, unsigned int odd)
{
    unsigned int type = info >> 8 & 7;
    unsigned int vector = info & INFO_VALID ? info & 0xff : 0;

    if ( (classes & IDTAP_CLASS_INJECT) && (info & INFO_VALID) )
    {
        const struct idtap_inject *r =
            next(sizeof(*r), IDTAP_EV_INJECT, vector,
                 (odd & NESTED ? IDTAP_F_NESTED : 0) |
                 ((odd & DELIVERING) && (info & 0x7ff) == (DELIVERED & 0x7ff)
                  ? IDTAP_F_REINJECT : 0) |
                 ((odd & GIVEN_BACK) && type >= IDTAP_TYPE_HW_EXCEPTION
                  ? IDTAP_F_INTERCEPT : 0) |
                 (info & INFO_ERROR_CODE ? IDTAP_F_ERROR_CODE : 0));

        assert_int_equal(r->error_code,
                         info & INFO_ERROR_CODE ? ERROR_CODE + 1 : 0);
        assert_int_equal(r->type, type);
        assert_int_equal(r->insn_len, type >= 4 ? (uint8_t)LENGTH : 0);
        assert_int_equal(r->pad, 0);
    }
    if ( classes & IDTAP_CLASS_EXIT )
        next(sizeof(struct idtap_record), IDTAP_EV_VM_ENTRY, vector,
             (odd & NESTED ? IDTAP_F_NESTED : 0) |
             (info & INFO_VALID ? IDTAP_F_INJECTS : 0));
    no_more();
}

void vmx_records_of_entries(void **state)
{
    /* Of what is not valid nothing counts. */
    static const uint32_t infos[] = {
        0, 0x321, INFO_VALID | XEN_VECTOR, INFO_VALID | 2u << 8 | 2,
        INFO_VALID | 3u << 8 | 6, INFO_VALID | 4u << 8 | 0x80,
        INFO_VALID | 6u << 8 | 3, INFO_VALID | INFO_ERROR_CODE | 3u << 8 | 13,
        DELIVERED | INFO_ERROR_CODE,
    };
    static const uint32_t wanted[] = {
        IDTAP_CLASS_EXIT, IDTAP_CLASS_INJECT,
        IDTAP_CLASS_EXIT | IDTAP_CLASS_INJECT,
    };
    unsigned int i, odd, one, w;

    (void)state;
    for ( i = 0; i < sizeof(infos) / sizeof(infos[0]); i++ )
    for ( odd = NONE; odd <= (NESTED | DELIVERING | GIVEN_BACK); odd++ )
    for ( one = 0; one < 2; one++ )
    for ( w = 0; w < 3; w++ )
    {
        uint32_t info = infos[i];

        xen_record(wanted[w], one ? XEN_OURS : XEN_ANY, XEN_ANY_VECTOR);
        /* What was given back leaves an exit of a kind that there is not. */
        vmcs_exit(odd & GIVEN_BACK ? REASON_INTR_WINDOW : 30,
                  odd & GIVEN_BACK ? INFO_VALID | 3u << 8 | 6 : 0, odd);
        vmcs_set(VM_ENTRY_INTR_INFO, info);
        vmcs_set(VM_ENTRY_EXC_ERROR_CODE, ERROR_CODE + 1);
        vmcs_set(VM_ENTRY_INSN_LEN, LENGTH);
        call(tap_vmx_vmenter, (unsigned long)xen_regs, 0, 0);
        entry_expect(info, wanted[w], odd);

        /* By vector: an entry has none. */
        xen_record(wanted[w], XEN_ANY, (info & 0xff) ^ 64);
        call(tap_vmx_vmenter, (unsigned long)xen_regs, 0, 0);
        entry_expect(info, wanted[w] & IDTAP_CLASS_EXIT, odd);
    }
}
