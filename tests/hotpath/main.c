/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many instructions the tap's hooks take: the payload's own objects, called
 * as Xen's sites call them and single-stepped.  What is counted of a hook is the
 * difference to calling Xen's function, which does nothing here, directly.  The
 * numbers are exact, and the same on every machine that has the same compiler.
 *
 * AMD's hooks only: Intel's read the VMCS.
 *
 * What they write is looked at in records.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "steps.h"

#define VECTOR 0x30
/* Instructions at most, of an idle hook and of a record. */
#define IDLE   3
#define RECORD 60
/* And what the compiler needs for the way through a table of functions. */
#define IDLE_TABLE 6

static const struct row {
    const char *name;
    void *hook, *xens;
    uint32_t class;
    unsigned int records; /* that it writes */
    unsigned int vector;
    bool in_vmcb; /* the vector is that of an exit, or of an injection */
    bool softirq; /* reached through the table */
} rows[] = {
    { "irq", tap_do_IRQ, do_IRQ, IDTAP_CLASS_IRQ, 2, VECTOR, 0, 0 },
    { "nmi", tap_do_nmi, do_nmi, IDTAP_CLASS_NMI, 2, 2, 0, 0 },
    { "softirq", NULL, NULL, IDTAP_CLASS_SOFTIRQ, 2, 0, 0, 1 },
    { "softirq raise", tap_raise_softirq, raise_softirq, IDTAP_CLASS_SOFTIRQ, 1,
      0, 0, 0 },
    { "VM exit", tap_svm_vmexit, svm_vmexit_handler, IDTAP_CLASS_EXIT, 1, 0, 0,
      0 },
    { "VM entry", tap_svm_vmenter, svm_vmenter_helper, IDTAP_CLASS_EXIT, 1, 0,
      0, 0 },
    { "#DB", tap_svm_vmexit, svm_vmexit_handler, IDTAP_CLASS_EXCEPTION, 1, 1, 1,
      0 },
    { "#UD", tap_svm_vmexit, svm_vmexit_handler, IDTAP_CLASS_EXCEPTION, 1, 6, 1,
      0 },
    { "#GP", tap_svm_vmexit, svm_vmexit_handler, IDTAP_CLASS_EXCEPTION, 1, 13,
      1, 0 },
    { "#PF", tap_svm_vmexit, svm_vmexit_handler, IDTAP_CLASS_EXCEPTION, 1, 14,
      1, 0 },
    { "#PF and exit", tap_svm_vmexit, svm_vmexit_handler,
      IDTAP_CLASS_EXCEPTION | IDTAP_CLASS_EXIT, 2, 14, 1, 0 },
    { "inject", tap_svm_vmenter, svm_vmenter_helper, IDTAP_CLASS_INJECT, 1,
      VECTOR, 1, 0 },
    { "LAPIC accept", tap_vlapic_set_irq, vlapic_set_irq, IDTAP_CLASS_LAPIC, 1,
      VECTOR, 0, 0 },
    { "LAPIC EOI", tap_vlapic_handle_EOI, vlapic_handle_EOI, IDTAP_CLASS_LAPIC, 1,
      VECTOR, 0, 0 },
};
#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static struct {
    unsigned long idle, other, domain, vector, recorded, one_domain;
    uint64_t records;
} found[NR_ROWS];

static unsigned long arg(const struct row *r)
{
    return r->class == IDTAP_CLASS_LAPIC ? (unsigned long)xen_vlapic :
           r->class == IDTAP_CLASS_SOFTIRQ ? 1 : (unsigned long)xen_regs;
}

static unsigned long cost(const struct row *r)
{
    unsigned long with, without;

    if ( r->softirq )
    {
        void *xens = softirq_handlers[1];

        without = steps(xens, 0, 0, 0);
        tap_softirqs_swap();
        with = steps(softirq_handlers[1], 0, 0, 0);
        tap_softirqs_restore();
    }
    else
    {
        without = steps(r->xens, arg(r), VECTOR, 0);
        with = steps(r->hook, arg(r), VECTOR, 0);
    }
    return with - without;
}

static void vmcb_say(const struct row *r)
{
    uint64_t code = r->in_vmcb && (r->class & IDTAP_CLASS_EXCEPTION)
                    ? VMEXIT_EXCEPTION_FIRST + r->vector : 0x7c;
    uint64_t event = r->in_vmcb && r->class == IDTAP_CLASS_INJECT
                     ? EVENT_V | r->vector : 0;

    memcpy(xen_vmcb + VMCB_EXITCODE, &code, sizeof(code));
    memcpy(xen_vmcb + VMCB_EVENTINJ, &event, sizeof(event));
}

static void measure_all(void)
{
    unsigned int i;

    for ( i = 0; i < NR_ROWS; i++ )
    {
        const struct row *r = &rows[i];
        uint64_t before;

        vmcb_say(r);
        xen_record(0, XEN_ANY, r->vector);
        found[i].idle = cost(r);
        /* The hooks of VM exits stand in for several classes. */
        xen_record(IDTAP_CLASS_ALL &
                   ~(r->class | IDTAP_CLASS_EXIT | IDTAP_CLASS_EXCEPTION |
                     IDTAP_CLASS_INJECT), XEN_ANY, r->vector);
        found[i].other = cost(r);
        xen_record(r->class, XEN_OTHER, r->vector);
        found[i].domain = cost(r);
        xen_record(r->class, XEN_ANY, r->vector ^ 64);
        found[i].vector = cost(r);
        xen_record(r->class, XEN_OURS, r->vector);
        found[i].one_domain = cost(r);
        before = xen_cpu.ring.records;
        xen_record(r->class, XEN_ANY, XEN_ANY_VECTOR);
        found[i].recorded = cost(r);
        found[i].records = xen_cpu.ring.records - before;
    }
}

static int setup(void **state)
{
    unsigned int i;

    (void)state;
    xen_setup();
    on_xens_stack(measure_all);
    /* A class without vectors does not mind another one. */
    print_message("%-14s %5s %15s %15s %9s %15s\n", "instructions", "idle",
                  "another vector", "another domain", "recorded",
                  "of one domain");
    for ( i = 0; i < NR_ROWS; i++ )
        print_message("%-14s %5lu %15lu %15lu %9lu %15lu, %u record%s\n",
                      rows[i].name, found[i].idle, found[i].vector,
                      found[i].domain, found[i].recorded, found[i].one_domain,
                      rows[i].records, rows[i].records > 1 ? "s" : "");
    return 0;
}

static void test_idle(void **state)
{
    unsigned int i;

    (void)state;
    for ( i = 0; i < NR_ROWS; i++ )
    {
        unsigned int most = rows[i].softirq ? IDLE_TABLE : IDLE;

        assert_in_range(found[i].idle, 1, most);
        /* An interrupt at STGI is of interest to class exit, too. */
        assert_int_equal(found[i].other, found[i].idle);
    }
}

static void test_recorded(void **state)
{
    unsigned int i;

    (void)state;
    for ( i = 0; i < NR_ROWS; i++ )
    {
        assert_int_equal(found[i].records, rows[i].records);
        assert_in_range(found[i].recorded, IDLE, RECORD * rows[i].records);
    }
}

/* What is filtered out takes less than what a filter of the kind lets pass. */
static void test_filtered(void **state)
{
    unsigned int i;

    (void)state;
    for ( i = 0; i < NR_ROWS; i++ )
        assert_in_range(found[i].domain, IDLE, found[i].one_domain - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_filtered),
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(records_of_exits),
        cmocka_unit_test(records_of_exceptions),
        cmocka_unit_test(flags_of_given_back),
        cmocka_unit_test(records_of_entries),
        cmocka_unit_test(records_of_lapic),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
