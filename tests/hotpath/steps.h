/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting the instructions of a call, exactly: by single-stepping it.  And the
 * Xen that the tap's hooks see here: one pCPU, one vCPU, functions that return
 * at once.
 */
#ifndef TESTS_HOTPATH_H
#define TESTS_HOTPATH_H

#include "../../tap/emit.h"

#define XEN_STACK_SIZE 65536u
#define XEN_CPU_INFO   512u /* more than the hooks look at */
extern char xen_stack[XEN_STACK_SIZE];

/* Instructions of a call of @fn, the call itself with them.  One that the
   handler of a signal does is counted by that. */
extern volatile unsigned long steps_taken;
unsigned long steps(void *fn, unsigned long arg1, unsigned long arg2,
                    unsigned long arg3);

/* Runs @fn where stack_end() finds what Xen has at the end of a stack. */
void on_xens_stack(void (*fn)(void));

/* The pCPU's ring, with room; what is recorded; for which domain. */
extern struct tap_cpu xen_cpu;
void xen_setup(void);
enum xen_domains { XEN_ANY, XEN_OURS, XEN_OTHER };
#define XEN_ANY_VECTOR 256u
void xen_record(uint32_t classes, enum xen_domains domains,
                unsigned int vector);

/* The vCPU that is current, its ids, and what its virtual APIC says of
   XEN_VECTOR. */
extern char *const xen_vcpu;
extern bool xen_pending;
#define XEN_DOMAIN 3
#define XEN_VCPU   5
#define XEN_VECTOR 0x30

/* Arguments for hooks. */
extern struct cpu_user_regs *const xen_regs;
extern struct vlapic *const xen_vlapic;
extern char xen_vmcb[4096];

/* What vlapic_set_irq() was given last. */
extern unsigned int xen_vector, xen_level;

/*
 * vmcs.c: the fields of the current VMCS.  VMREAD and VMWRITE are illegal here,
 * and done in the handler of the signal.
 */
void vmcs_setup(void);
void vmcs_clear(void);
void vmcs_set(uint32_t field, uint64_t value);
uint64_t vmcs_get(uint32_t field);

#endif /* TESTS_HOTPATH_H */
