/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many instructions the tap's hooks take: the payload's own objects, called
 * as Xen's sites call them and single-stepped.  What is counted of a hook is the
 * difference to calling Xen's function, which does nothing here, directly.  The
 * numbers are exact, and the same on every machine that has the same compiler.
 *
 * Of Intel's hooks VMREAD counts as an instruction, as it is one.
 *
 * What they write is looked at in records.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../tap/exit_svm.h"
#include "../../tap/exit_vmx.h"
#include "records.h"

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
    bool in_vmcb; /* the vector is that of an exit, or of an injection (in the
                     VMCS, too) */
    bool softirq; /* reached through the table */
    unsigned int more; /* instructions that Intel's records take beyond RECORD:
                          each VMREAD is two, where AMD's load is one */
} rows[] = {
#define SVM_EXIT  tap_svm_vmexit, svm_vmexit_handler
#define SVM_ENTRY tap_svm_vmenter, svm_vmenter_helper
#define VMX_EXIT  tap_vmx_vmexit, vmx_vmexit_handler
#define VMX_ENTRY tap_vmx_vmenter, vmx_vmenter_helper
#define ROW(name, functions, class, records, vector, ...) \
    { name, functions, IDTAP_CLASS_##class, records, vector, __VA_ARGS__ }
#define EXCEPTION(name, functions, vector, ...) \
    { name, functions, IDTAP_CLASS_EXCEPTION, 1, vector, .in_vmcb = true, \
      __VA_ARGS__ }
#define FN(name) tap_##name, name
    ROW("irq", FN(do_IRQ), IRQ, 2, VECTOR, .more = 0),
    ROW("nmi", FN(do_nmi), NMI, 2, 2, .more = 0),
    { "softirq", NULL, NULL, IDTAP_CLASS_SOFTIRQ, 2, .softirq = true },
    ROW("softirq raise", FN(raise_softirq), SOFTIRQ, 1, 0, .more = 0),
    ROW("LAPIC accept", FN(vlapic_set_irq), LAPIC, 1, VECTOR, .more = 0),
    ROW("LAPIC EOI", FN(vlapic_handle_EOI), LAPIC, 1, VECTOR, .more = 0),
    ROW("SVM: exit", SVM_EXIT, EXIT, 1, 0, .more = 0),
    ROW("SVM: entry", SVM_ENTRY, EXIT, 1, 0, .more = 0),
    EXCEPTION("SVM: #DB", SVM_EXIT, 1, .more = 0),
    EXCEPTION("SVM: #UD", SVM_EXIT, 6, .more = 0),
    EXCEPTION("SVM: #GP", SVM_EXIT, 13, .more = 0),
    EXCEPTION("SVM: #PF", SVM_EXIT, 14, .more = 0),
    ROW("SVM: #PF, exit", SVM_EXIT, EXCEPTION | IDTAP_CLASS_EXIT, 2, 14,
        .in_vmcb = true),
    ROW("SVM: injection", SVM_ENTRY, INJECT, 1, VECTOR, .in_vmcb = true),
    ROW("VMX: exit", VMX_EXIT, EXIT, 1, 0, .more = 0),
    ROW("VMX: interrupt", VMX_EXIT, EXIT, 1, VECTOR, .in_vmcb = true,
        .more = 1),
    ROW("VMX: entry", VMX_ENTRY, EXIT, 1, 0, .more = 0),
    EXCEPTION("VMX: #DB", VMX_EXIT, 1, .more = 15),
    EXCEPTION("VMX: #UD", VMX_EXIT, 6, .more = 15),
    EXCEPTION("VMX: #GP", VMX_EXIT, 13, .more = 15),
    EXCEPTION("VMX: #PF", VMX_EXIT, 14, .more = 15),
    ROW("VMX: injection", VMX_ENTRY, INJECT, 1, VECTOR, .in_vmcb = true),
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

/* What the CPU says of an exit, or Xen of an entry. */
static void vmcb_say(const struct row *r)
{
    bool exception = r->in_vmcb && (r->class & IDTAP_CLASS_EXCEPTION);
    bool interrupt = r->in_vmcb && r->class == IDTAP_CLASS_EXIT;
    uint32_t info = INFO_VALID | r->vector |
                    (exception ? IDTAP_TYPE_HW_EXCEPTION << 8 : 0) |
                    (r->vector == 13 || r->vector == 14 ? INFO_ERROR_CODE : 0);
    uint64_t code = exception ? VMEXIT_EXCEPTION_FIRST + r->vector : 0x7c;
    uint64_t event = r->in_vmcb && r->class == IDTAP_CLASS_INJECT
                     ? EVENT_V | r->vector : 0;

    memcpy(xen_vmcb + VMCB_EXITCODE, &code, sizeof(code));
    memcpy(xen_vmcb + VMCB_EVENTINJ, &event, sizeof(event));
    vmcs_clear();
    vmcs_set(VM_EXIT_REASON, exception ? REASON_EXCEPTION_NMI :
                             interrupt ? REASON_EXTERNAL_INTR : 30);
    vmcs_set(VM_EXIT_INTR_INFO, exception || interrupt ? info : 0);
    vmcs_set(VM_ENTRY_INTR_INFO, event ? info : 0);
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
    vmcs_setup();
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
        assert_in_range(found[i].recorded, IDLE,
                        RECORD * rows[i].records + rows[i].more);
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
        cmocka_unit_test(svm_records_of_exits),
        cmocka_unit_test(svm_vector_of_interrupt),
        cmocka_unit_test(svm_records_of_exceptions),
        cmocka_unit_test(svm_flags_of_given_back),
        cmocka_unit_test(svm_records_of_entries),
        cmocka_unit_test(vmx_records_of_exits),
        cmocka_unit_test(vmx_records_of_exceptions),
        cmocka_unit_test(vmx_records_of_entries),
        cmocka_unit_test(records_of_lapic),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
