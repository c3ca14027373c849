/* SPDX-License-Identifier: GPL-2.0-only */
/* Code of the scenes of cases_debug.c: 64-bit, then the rest. */
#include "code_macros.h"

        .code64

        .macro  nops name
        code    \name
        .rept   8
        point
        nop
        .endr
        point
        ud2
        .endm

        nops    nops

        /* TF by POPF: the next instruction is the first that is stepped. */
        code    popf
        pushfq
        orl     $0x100, (%rsp)
        popfq
        point
        nop
        point
        ud2

        /* Two instructions: what is stepped, and what comes behind it. */
        .macro  two name, insn:vararg
        code    \name
        point
        \insn
        point
        nop
        point
        ud2
        .endm

        two     step_ud2, ud2
        two     step_int80, int $0x80
        two     step_int3, int3
        two     step_cpuid, cpuid
        two     step_push, push (%rcx)
        two     step_mov_ss, mov (%rcx), %ss
        two     step_sti, sti
        two     icebp, .byte 0xf1
        two     write4, movl %edx, (%rcx)
        two     push_data, push (%rcx)
        two     mov_dr, mov %rcx, %dr0
        two     nop2, nop

        code    mov_ss_int80
        mov     (%rcx), %ss
        point
        int     $0x80
        point
        ud2

        code    mov_ss_int3
        mov     (%rcx), %ss
        point
        int3
        point
        ud2

        .code32
        nops    nops_32
        two     icebp_32, .byte 0xf1
        two     write4_32, movl %edx, (%ecx)
        two     nop2_32, nop

        .code16
        nops    nops_16
        two     nop2_16, nop

        .section .note.GNU-stack, "", @progbits
