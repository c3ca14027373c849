/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What AMD's hooks write, byte for byte, of every kind of exit and entry, usual
 * or not: the hot path has a variant for each kind, and a guest in the lab does
 * not come to all of them.  What is to be is worked out here once more, in the
 * plainest way, from the VMCB (AMD APM volume 2, "SVM Intercept Exit Codes",
 * "Event Injection").
 */
#include <string.h>

#include "../../tap/exit_svm.h"
#include "records.h"

#define INFO1    0x1111222233334444ull
#define INFO2    0x5555666677778888ull
#define DR6_     0x9999aaaabbbbccccull
#define DELIVERY (EVENT_V | 3u << 8 | 14) /* a #PF, in the middle of it */

static void vmcb_put(unsigned int offset, const void *value, size_t size)
{
    memcpy(xen_vmcb + offset, value, size);
}
#define PUT(field, type, value) \
    do { \
        type value_ = (value); \
        vmcb_put(VMCB_##field, &value_, sizeof(value_)); \
    } while ( 0 )

static void vmcb_exit(uint64_t code, unsigned int odd)
{
    memset(xen_vmcb, 0, sizeof(xen_vmcb));
    PUT(EXITCODE, uint64_t, code);
    PUT(EXITINFO1, uint64_t, INFO1);
    PUT(EXITINFO2, uint64_t, INFO2);
    PUT(RIP, uint64_t, RIP);
    PUT(DR6, uint64_t, DR6_);
    /* Without EVENT_V the rest means nothing. */
    PUT(EXITINTINFO, uint64_t, odd & DELIVERING ? DELIVERY : 0x321);
    xen_vcpu[tap_params.profile.vcpu_nv_guestmode] = odd & NESTED ? 1 : 0;
}

void svm_records_of_exits(void **state)
{
    static const struct {
        uint64_t code;
        unsigned int vector;
    } exits[] = {
        { 0x72, 0 }, { 0x7c, 0 }, { 0x400, 0 }, { 0x403, 0 }, { 0x61, 0 },
        { 0, 0 }, { 0x3f, 0 }, { 0x62, 0 }, { 0x87, 0 }, { 0x89, 0 },
        { VMEXIT_INTR, 0 }, { VMEXIT_INTR, XEN_VECTOR }, { -1ull, 0 },
    };
    unsigned int i, odd, one;

    (void)state;
    for ( i = 0; i < sizeof(exits) / sizeof(exits[0]); i++ )
    for ( odd = NONE; odd <= (NESTED | DELIVERING); odd++ )
    for ( one = 0; one < 2; one++ )
    {
        const struct idtap_vm_exit *r;

        xen_record(IDTAP_CLASS_EXIT | IDTAP_CLASS_EXCEPTION,
                   one ? XEN_OURS : XEN_ANY, XEN_ANY_VECTOR);
        vmcb_exit(exits[i].code, odd);
        /* An interrupt may come after another exit, too. */
        xen_cpu.run.exit_vector = exits[i].code == VMEXIT_INTR
                                  ? exits[i].vector : one ? XEN_VECTOR : 0;
        call(tap_svm_vmexit, (unsigned long)xen_regs, 0, 0);
        r = next(sizeof(*r), IDTAP_EV_VM_EXIT, exits[i].vector, odd_flags(odd));
        assert_true(r->rip == RIP);
        assert_int_equal(r->reason, (uint16_t)exits[i].code);
        assert_int_equal(r->delivery, delivery(odd, 0));
        assert_int_equal(r->detail, (uint32_t)INFO1);
        no_more();
        assert_int_equal(xen_cpu.run.exit_vector, 0);

        xen_record(IDTAP_CLASS_EXIT, XEN_OTHER, XEN_ANY_VECTOR);
        call(tap_svm_vmexit, (unsigned long)xen_regs, 0, 0);
        no_more();
    }
}

/*
 * An exit's vector is that of the first interrupt taken at STGI before it, and
 * not of one that came while exits were nobody's business.
 */
void svm_vector_of_interrupt(void **state)
{
    char *regs = (char *)xen_regs;
    uint64_t stgi = (uint64_t)svm_stgi_label;
    const uint8_t vectors[] = { XEN_VECTOR, XEN_VECTOR + 1 };
    unsigned int i;

    (void)state;
    memcpy(regs + tap_params.profile.regs_rip, &stgi, sizeof(stgi));
    vmcb_exit(VMEXIT_INTR, NONE);
    for ( i = 0; i < 2; i++ )
    {
        unsigned int k;

        xen_record(IDTAP_CLASS_IRQ | (i ? IDTAP_CLASS_EXIT : 0), XEN_ANY,
                   XEN_ANY_VECTOR);
        for ( k = 0; k < 2; k++ )
        {
            regs[tap_params.profile.regs_entry_vector] = (char)vectors[k];
            call(tap_do_IRQ, (unsigned long)xen_regs, 0, 0);
            next(sizeof(struct idtap_irq_enter), IDTAP_EV_IRQ_ENTER, vectors[k],
                 IDTAP_F_IN_GUEST);
            next(sizeof(struct idtap_record), IDTAP_EV_IRQ_EXIT, vectors[k],
                 IDTAP_F_IN_GUEST);
            no_more();
        }
        call(tap_svm_vmexit, (unsigned long)xen_regs, 0, 0);
        if ( i )
            next(sizeof(struct idtap_vm_exit), IDTAP_EV_VM_EXIT, vectors[0], 0);
        no_more();
        assert_int_equal(xen_cpu.run.exit_vector, 0);
    }
    memset(regs + tap_params.profile.regs_rip, 0, sizeof(stgi));
}

static bool has_error_code(unsigned int vector)
{
    switch ( vector )
    {
    case 8: case 10: case 11: case 12: case 13: case 14: case 17: case 21:
    case 29: case 30:
        return true;
    default:
        return false;
    }
}

static void exception_expect(uint64_t code, unsigned int vector,
                             uint32_t classes, unsigned int odd)
{
    unsigned int type = code == VMEXIT_ICEBP       ? IDTAP_TYPE_PRI_SW_EXC :
                        vector == 3 || vector == 4 ? IDTAP_TYPE_SW_EXCEPTION
                                                   : IDTAP_TYPE_HW_EXCEPTION;
    uint32_t error_code = has_error_code(vector) ? (uint32_t)INFO1 : 0;

    if ( classes & IDTAP_CLASS_EXIT )
    {
        const struct idtap_vm_exit *r =
            next(sizeof(*r), IDTAP_EV_VM_EXIT, vector, odd_flags(odd));

        assert_true(r->rip == RIP);
        assert_int_equal(r->reason, code);
        assert_int_equal(r->delivery, delivery(odd, type));
        assert_int_equal(r->detail, error_code);
    }
    if ( classes & IDTAP_CLASS_EXCEPTION )
    {
        const struct idtap_exception *r =
            next(sizeof(*r), IDTAP_EV_EXCEPTION, vector,
                 odd_flags(odd) |
                 (has_error_code(vector) ? IDTAP_F_ERROR_CODE : 0) |
                 (vector == 14 || vector == 1 ? IDTAP_F_ADDRESS : 0));

        assert_true(r->rip == RIP);
        assert_true(r->address == (vector == 14  ? INFO2 :
                                   vector == 1 ? DR6_ : 0));
        assert_int_equal(r->error_code, error_code);
        assert_int_equal(r->orig_vector, odd & DELIVERING ? 14 : 0);
        assert_int_equal(r->type, type);
        assert_int_equal(r->pad, 0);
    }
    no_more();
}

void svm_records_of_exceptions(void **state)
{
    static const uint32_t wanted[] = {
        IDTAP_CLASS_EXIT, IDTAP_CLASS_EXCEPTION,
        IDTAP_CLASS_EXIT | IDTAP_CLASS_EXCEPTION,
    };
    unsigned int n, odd, one, w;

    (void)state;
    for ( n = 0; n <= 32; n++ )
    for ( odd = NONE; odd <= (NESTED | DELIVERING | OURS); odd++ )
    for ( one = 0; one < 2; one++ )
    for ( w = 0; w < 3; w++ )
    {
        unsigned int vector = n < 32 ? n : 1;
        uint64_t code = n < 32 ? VMEXIT_EXCEPTION_FIRST + n : VMEXIT_ICEBP;

        /* ICEBP is nothing that idtap asks for. */
        if ( code == VMEXIT_ICEBP && (odd & OURS) )
            continue;
        xen_record(wanted[w], one ? XEN_OURS : XEN_ANY, XEN_ANY_VECTOR);
        vmcb_exit(code, odd);
        xen_cpu.run.own = odd & OURS ? 1u << vector : 0;
        call(tap_svm_vmexit, (unsigned long)xen_regs, 0, 0);
        exception_expect(code, vector, wanted[w], odd);
        assert_int_equal(xen_cpu.run.own, 0);

        /* By vector: that of another class has none. */
        xen_record(wanted[w], XEN_ANY, vector ^ 64);
        vmcb_exit(code, odd & ~OURS);
        call(tap_svm_vmexit, (unsigned long)xen_regs, 0, 0);
        exception_expect(code, vector, wanted[w] & IDTAP_CLASS_EXIT,
                         odd & ~OURS);
    }
}

/*
 * RF in the frame of what is given back: as svm_frame_flags() says; and if what
 * Xen is about to enter with is not what the VMCB has, it is left alone.
 */
void svm_flags_of_given_back(void **state)
{
    uint64_t *regs_word = regs_flags(xen_regs), rf = 1u << 16, in_vmcb;
    unsigned int vector, has, same;

    (void)state;
    xen_record(0, XEN_ANY, XEN_ANY_VECTOR);
    tap_classes = TAP_GATE_INTERCEPT;
    for ( vector = 0; vector < 32; vector++ )
    for ( has = 0; has < 2; has++ )
    for ( same = 0; same < 2; same++ )
    {
        uint64_t before = 0x246 | (has ? rf : 0), after = before;

        if ( vector == 3 || vector == 4 )
            after &= ~rf; /* traps, of an instruction that would go on */
        else if ( vector != 1 && vector != 2 && vector != 8 && vector != 18 )
            after |= rf; /* faults */
        vmcb_exit(VMEXIT_EXCEPTION_FIRST + vector, NONE);
        PUT(RFLAGS, uint64_t, before);
        *regs_word = same ? before : ~before;
        xen_cpu.run.own = 1u << vector;
        call(tap_svm_vmexit, (unsigned long)xen_regs, 0, 0);
        no_more();
        memcpy(&in_vmcb, xen_vmcb + VMCB_RFLAGS, sizeof(in_vmcb));
        assert_true(in_vmcb == (same ? after : before));
        assert_true(*regs_word == (same ? after : ~before));
    }
    *regs_word = 0;
}

static void entry_expect(uint64_t event, uint32_t classes, unsigned int odd,
                         bool again)
{
    unsigned int vector = event & EVENT_V ? EVENT_VECTOR(event) : 0;
    bool given_back = (odd & GIVEN_BACK) &&
                      EVENT_TYPE(event) >= IDTAP_TYPE_HW_EXCEPTION;

    if ( (classes & IDTAP_CLASS_INJECT) && (event & EVENT_V) )
    {
        const struct idtap_inject *r =
            next(sizeof(*r), IDTAP_EV_INJECT, vector,
                 (odd & NESTED ? IDTAP_F_NESTED : 0) |
                 (again ? IDTAP_F_REINJECT : 0) |
                 (given_back ? IDTAP_F_INTERCEPT : 0) |
                 (event & EVENT_EV ? IDTAP_F_ERROR_CODE : 0));

        assert_int_equal(r->error_code, event & EVENT_EV ? event >> 32 : 0);
        assert_int_equal(r->type, EVENT_TYPE(event));
        assert_int_equal(r->insn_len, 0);
        assert_int_equal(r->pad, 0);
    }
    if ( classes & IDTAP_CLASS_EXIT )
        next(sizeof(struct idtap_record), IDTAP_EV_VM_ENTRY, vector,
             (odd & NESTED ? IDTAP_F_NESTED : 0) |
             (event & EVENT_V ? IDTAP_F_INJECTS : 0));
    no_more();
}

void svm_records_of_entries(void **state)
{
    /* Of what is not valid nothing counts. */
    static const uint64_t events[] = {
        0, 0x321, EVENT_V | XEN_VECTOR, EVENT_V | 2u << 8 | 2,
        EVENT_V | 3u << 8 | 6, EVENT_V | 4u << 8 | 0x80,
        EVENT_V | EVENT_EV | 3u << 8 | 13 | 0x1234567800000000ull,
        DELIVERY | EVENT_EV | 0x700000000ull,
    };
    static const uint32_t wanted[] = {
        IDTAP_CLASS_EXIT, IDTAP_CLASS_INJECT,
        IDTAP_CLASS_EXIT | IDTAP_CLASS_INJECT,
    };
    unsigned int i, odd, one, w;

    (void)state;
    for ( i = 0; i < sizeof(events) / sizeof(events[0]); i++ )
    for ( odd = NONE; odd <= (NESTED | DELIVERING | GIVEN_BACK); odd++ )
    for ( one = 0; one < 2; one++ )
    for ( w = 0; w < 3; w++ )
    {
        xen_record(wanted[w], one ? XEN_OURS : XEN_ANY, XEN_ANY_VECTOR);
        vmcb_exit(odd & GIVEN_BACK ? VMEXIT_SMI : 0x7c, odd);
        PUT(EVENTINJ, uint64_t, events[i]);
        call(tap_svm_vmenter, (unsigned long)xen_regs, 0, 0);
        entry_expect(events[i], wanted[w], odd,
                     (odd & DELIVERING) && (uint16_t)events[i] % 0x800 ==
                     (uint16_t)DELIVERY);

        /* By vector: an entry has none. */
        xen_record(wanted[w], XEN_ANY, EVENT_VECTOR(events[i]) ^ 64);
        call(tap_svm_vmenter, (unsigned long)xen_regs, 0, 0);
        entry_expect(events[i], wanted[w] & IDTAP_CLASS_EXIT, odd, false);
    }
}
