/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMCS, as Intel's hooks see it: Intel SDM volume 3, "VM-Exit Information
 * Fields", "VM-Entry Controls for Event Injection", appendices "Field Encoding
 * in VMCS" and "VMX Basic Exit Reasons".
 */
#ifndef TAP_EXIT_VMX_H
#define TAP_EXIT_VMX_H

#include "emit.h"

#define VM_ENTRY_INTR_INFO       0x4016
#define VM_ENTRY_EXC_ERROR_CODE  0x4018
#define VM_ENTRY_INSN_LEN        0x401a
#define VM_EXIT_REASON           0x4402
#define VM_EXIT_INTR_INFO        0x4404
#define VM_EXIT_INTR_ERROR_CODE  0x4406
#define IDT_VECTORING_INFO       0x4408
#define VM_EXIT_INSN_LEN         0x440c
#define EXCEPTION_BITMAP         0x4004
#define GUEST_INTERRUPTIBILITY   0x4824
#define EXIT_QUALIFICATION       0x6400
#define GUEST_CR0                0x6800
#define GUEST_RIP                0x681e
#define GUEST_RFLAGS             0x6820

#define REASON_EXCEPTION_NMI 0
#define REASON_EXTERNAL_INTR 1
#define REASON_INTR_WINDOW   7
#define REASON_ENTRY_FAILED  (1u << 31)

#define INFO_VECTOR(i)   ((i) & 0xff)
#define INFO_TYPE(i)     (((i) >> 8) & 7)
#define INFO_ERROR_CODE  (1u << 11)
#define INFO_VALID       (1u << 31)
#define INFO_TYPE_MASK   (7u << 8)
/* Of a hardware exception, and nothing else. */
#define INFO_USUAL_MASK  (INFO_VALID | INFO_TYPE_MASK)
#define INFO_USUAL       (INFO_VALID | IDTAP_TYPE_HW_EXCEPTION << 8)

#endif /* TAP_EXIT_VMX_H */
