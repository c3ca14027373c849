/* SPDX-License-Identifier: GPL-2.0-only */
/* Names: the right ones, there and back, and none for what has none. */
#include <errno.h>
#include <string.h>

#include <idtap/names.h>

#include "common.h"

static void vectors(void **state)
{
    unsigned int v;

    (void)state;
    assert_string_equal(idtap_exception_name(14), "#PF");
    assert_string_equal(idtap_exception_name(2), "NMI");
    assert_null(idtap_exception_name(9));
    assert_null(idtap_exception_name(32));
    assert_string_equal(idtap_host_vector_name(0xfa), "timer");
    assert_null(idtap_host_vector_name(0xf3));

    for ( v = 0; v < 256; v++ )
    {
        const char *e = idtap_exception_name(v);
        const char *h = idtap_host_vector_name(v);

        assert_false(e && h);
        if ( e || h )
            assert_int_equal(idtap_vector_by_name(e ? e : h,
                                                  strlen(e ? e : h)), v);
    }
    assert_int_equal(idtap_vector_by_name("gp", 2), 13);
    assert_int_equal(idtap_vector_by_name("gpx", 2), 13);
    assert_int_equal(idtap_vector_by_name("gpx", 3), -ENOENT);
    assert_int_equal(idtap_vector_by_name("", 0), -ENOENT);
    assert_int_equal(idtap_vector_by_name("#", 1), -ENOENT);
}

static void reasons(void **state)
{
    enum idtap_vendor vendor;
    size_t i, nr;

    (void)state;
    assert_int_equal(idtap_vendor_of("AMD"), IDTAP_VENDOR_SVM);
    assert_int_equal(idtap_vendor_of("Intel"), IDTAP_VENDOR_VMX);
    assert_int_equal(idtap_vendor_of(""), IDTAP_VENDOR_UNKNOWN);
    assert_string_equal(idtap_reason_name(IDTAP_VENDOR_SVM, 0x72), "CPUID");
    assert_string_equal(idtap_reason_name(IDTAP_VENDOR_SVM, 0x400), "NPF");
    assert_string_equal(idtap_reason_name(IDTAP_VENDOR_SVM, 0xffff),
                        "INVALID");
    assert_string_equal(idtap_reason_name(IDTAP_VENDOR_SVM, 0x4e),
                        "EXCEPTION_PF");
    assert_string_equal(idtap_reason_name(IDTAP_VENDOR_VMX, 10), "CPUID");
    assert_string_equal(idtap_reason_name(IDTAP_VENDOR_VMX, 48),
                        "EPT_VIOLATION");
    assert_null(idtap_reason_name(IDTAP_VENDOR_VMX, 35));
    assert_null(idtap_reason_name(IDTAP_VENDOR_SVM, 0x399));
    assert_null(idtap_reason_name(IDTAP_VENDOR_UNKNOWN, 10));

    /* Lookup is by bisection: the tables must be in order, without twins. */
    for ( vendor = IDTAP_VENDOR_SVM; vendor <= IDTAP_VENDOR_VMX; vendor++ )
    {
        const struct idtap_reason *r = idtap_reasons(vendor, &nr);

        assert_true(nr > 60);
        for ( i = 0; i < nr; i++ )
        {
            assert_true(!i || r[i - 1].code < r[i].code);
            assert_string_equal(idtap_reason_name(vendor, r[i].code),
                                r[i].name);
        }
    }
}

static void events(void **state)
{
    unsigned int e;
    uint32_t class;

    (void)state;
    for ( e = 0; e < 300; e++ )
    {
        const char *name;
        bool known = e < 256 && idtap_record_bytes[e];

        assert_int_equal(known, idtap_event_name(e) != NULL);
        class = idtap_event_class(e);
        assert_int_equal(e > 0 && e < IDTAP_EV_NR_RING, class != 0);
        if ( class )
        {
            name = idtap_class_name(class);
            assert_int_equal(idtap_class_by_name(name, strlen(name)), class);
        }
    }
    assert_int_equal(idtap_class_by_name("all", 3), IDTAP_CLASS_ALL);
    assert_int_equal(idtap_class_by_name("al", 2), 0);
    assert_null(idtap_class_name(IDTAP_CLASS_ALL));
    assert_int_equal(IDTAP_CLASS_ALL, 0x7ff);
    assert_string_equal(idtap_class_name(IDTAP_CLASS_LAPIC), "lapic");
    assert_string_equal(idtap_event_name(IDTAP_EV_LAPIC_ACCEPT),
                        "lapic_accept");
    assert_string_equal(idtap_event_name(IDTAP_EV_LAPIC_EOI), "lapic_eoi");
    assert_int_equal(idtap_event_class(IDTAP_EV_LAPIC_ACCEPT),
                     IDTAP_CLASS_LAPIC);
    assert_int_equal(idtap_event_class(IDTAP_EV_LAPIC_EOI), IDTAP_CLASS_LAPIC);
    assert_string_equal(idtap_softirq_name(3), "SCHEDULE");
    assert_string_equal(idtap_softirq_name(10), "HVM_DPCI");
    assert_null(idtap_softirq_name(11));
    assert_string_equal(idtap_owner_name(IDTAP_OWNER_SPURIOUS), "spurious");
    assert_null(idtap_owner_name(4));
    assert_null(idtap_type_name(1));
    assert_null(idtap_type_name(7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(reasons),
        cmocka_unit_test(events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
