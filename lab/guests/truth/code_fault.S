/* SPDX-License-Identifier: GPL-2.0-only */
/* Code of the scenes of cases_fault.c, cases_nmi.c and cases_shadow.c. */
#include "code_macros.h"

        .code64

        /* IRETQ to point 2; one part of its frame is %rcx. */
        .macro  iret name, rip, cs, ss
        code    \name
        pushq   \ss
        push    %rsp
        pushfq
        pushq   \cs
        pushq   \rip
        point
        iretq
.Liret_\name:
        point
        ud2
        .endm

        iret    iret_cs, $.Liret_iret_cs, %rcx, $0x10
        iret    iret_ss, $.Liret_iret_ss, $0x08, %rcx
        iret    iret_rip, %rcx, $0x08, $0x10

        /* A WRMSR that sends something, here by the x2APIC's ICR. */
        code    send
        wrmsr
        point
        nop
        point
        ud2

        /* What runs in the shadow of STI, two bytes each, and what is next. */
        .macro  shadow name, insn:vararg
        code    \name
        sti
        point
        \insn
        point
        nop
        point
        ud2
        .endm

        shadow  sti_nop, nop
        shadow  sti_hlt, hlt
        shadow  sti_ud2, ud2
        shadow  sti_int3, int3
        shadow  sti_int81, int $0x81
        shadow  sti_div, div %ecx
        shadow  sti_push, push (%rcx)

        .section .note.GNU-stack, "", @progbits
