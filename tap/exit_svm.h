/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMCB, as AMD's hooks see it: AMD APM volume 2, "Layout of VMCB", "SVM
 * Intercept Exit Codes", "Event Injection".
 */
#ifndef TAP_EXIT_SVM_H
#define TAP_EXIT_SVM_H

#include "emit.h"

/* Byte offsets in the VMCB. */
#define VMCB_EXCEPTIONS  0x008 /* intercepts; their clean bit is bit 0 */
#define VMCB_GENERAL1    0x00c
#define VMCB_SHADOW      0x068
#define VMCB_EXITCODE    0x070
#define VMCB_EXITINFO1   0x078
#define VMCB_EXITINFO2   0x080
#define VMCB_EXITINTINFO 0x088
#define VMCB_EVENTINJ    0x0a8
#define VMCB_CLEAN       0x0c0
#define VMCB_NEXTRIP     0x0c8
#define VMCB_CS_ATTR     0x412
#define VMCB_CS_BASE     0x418
#define VMCB_CPL         0x4cb
#define VMCB_EFER        0x4d0
#define VMCB_CR0         0x558
#define VMCB_DR6         0x560
#define VMCB_RFLAGS      0x570
#define VMCB_RIP         0x578
#define VMCB_CR2         0x640

#define VMCB(type, vmcb, field) FIELD(type, vmcb, VMCB_##field)
/* Are some of @bits set, in the first 32 of the field? */
#define VMCB_TEST(vmcb, field, bits) \
    local_test(FIELD(uint32_t, vmcb, VMCB_##field), bits)
/* Is the field of 64 bits @value? */
#define VMCB_IS(vmcb, field, value) \
    local_is(FIELD(uint64_t, vmcb, VMCB_##field), value)
#define VMCB_SET(type, vmcb, field, value) \
    (*(volatile type *)((uintptr_t)(vmcb) + VMCB_##field) = (value))

#define VMEXIT_EXCEPTION_FIRST 0x40
#define VMEXIT_INTR            0x60
#define VMEXIT_SMI             0x62
#define VMEXIT_SWINT           0x75
#define VMEXIT_ICEBP           0x88

#define GENERAL1_SWINT   (1u << 21)
#define CLEAN_INTERCEPTS (1u << 0)
#define SHADOW_INTERRUPT (1u << 0)

/* EVENTINJ and EXITINTINFO. */
#define EVENT_VECTOR(e) ((e) & 0xff)
#define EVENT_TYPE(e)   (((e) >> 8) & 7)
#define EVENT_EV        (1u << 11) /* an error code is in the high half */
#define EVENT_V         (1u << 31)

/* Xen's handler, for an exit that is none of its business. */
void svm_vmexit_neutral(struct cpu_user_regs *regs, const char *vmcb);

/*
 * RFLAGS as they are to be in the frame of what is given back; after
 * svm_vmexit_neutral(), before the injection.
 */
void svm_frame_flags(struct cpu_user_regs *regs, const char *vmcb,
                     const struct x86_event *e);

/*
 * tap/swint.c: gives back an exit for INT n, which idtap asked for.  False if
 * it cannot tell which: then the guest is to execute it by itself.
 */
bool tap_swint_reflect(struct tap_cpu *c, const struct vcpu *v,
                       struct cpu_user_regs *regs, const char *vmcb);

#endif /* TAP_EXIT_SVM_H */
