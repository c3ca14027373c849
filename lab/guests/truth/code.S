/* SPDX-License-Identifier: GPL-2.0-only */
/* 64-bit code of scenes; %rcx is the row's arg. */
#include "code_macros.h"

        .code64

        /* An instruction at point 1 and the end at point 2. */
        .macro  simple name, insn:vararg
        code    \name
        point
        \insn
        point
        ud2
        .endm

        simple  div, div %ecx
        simple  ud2, ud2
        simple  ud_lock, .byte 0xf0, 0x48, 0x89, 0xc9
        simple  into64, .byte 0xce
        simple  int3, int3
        simple  int3_cd, .byte 0xcd, 3
        simple  int4, .byte 0xcd, 4
        simple  int20, int $0x20
        simple  int80, int $0x80
        simple  int81, int $0x81
        simple  mov_es, mov %ecx, %es
        simple  mov_ss, mov %ecx, %ss
        simple  rdmsr, rdmsr
        simple  wrmsr, wrmsr
        simple  read, mov (%rcx), %rdx
        simple  read_stack, mov (%rsp, %rcx), %rdx
        simple  write, mov %rdx, (%rcx)
        simple  jump, jmp *%rcx
        simple  cli, cli
        simple  hlt, hlt
        simple  unaligned, mov 1(%rcx), %ebx
        simple  push_mem, push (%rcx)
        simple  push_unaligned, push 1(%rcx)
        simple  ltr, ltr %cx
        simple  mov_cr4, mov %rcx, %cr4
        simple  fninit, fninit
        simple  nop, nop

        /* Each INT n, two bytes at points 1 to 256, and an end. */
        code    int_all
        n = 0
        .rept   256
        point
        .byte   0xcd, n
        ud2
        n = n + 1
        .endr

        /* x87: a division by zero that is noticed at point 1. */
        code    mf
        fninit
        fldcw   x87_control(%rip)
        fldz
        fld1
        fdiv    %st(1), %st
        point
        fwait
        point
        ud2
x87_control:
        .word   0x37b               /* all masked but ZM */

        /* SSE: a division by zero at point 1. */
        code    xm
        ldmxcsr sse_control(%rip)
        movss   sse_one(%rip), %xmm1
        xorps   %xmm0, %xmm0
        point
        divss   %xmm0, %xmm1
        point
        ud2
        .balign 4
sse_control:
        .long   0x1d80              /* all masked but ZM */
sse_one:
        .long   0x3f800000

        .section .note.GNU-stack, "", @progbits
