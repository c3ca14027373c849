/* SPDX-License-Identifier: GPL-2.0-only */
/* 32-bit and 16-bit code of scenes; %ecx is the row's arg. */
#include "code_macros.h"

        .macro  simple name, insn:vararg
        code    \name
        point
        \insn
        point
        ud2
        .endm

        .code32
        simple  div_32, div %ecx
        simple  ud2_32, ud2
        simple  int3_32, int3
        simple  int3_cd_32, .byte 0xcd, 3
        simple  into_32, into
        simple  bound_32, bound %eax, (%ecx)
        simple  int80_32, int $0x80
        simple  read_32, mov (%ecx), %edx
        simple  unaligned_32, mov 1(%ecx), %ebx
        simple  mov_es_32, mov %ecx, %es
        simple  cli_32, cli

        .code16
        simple  div_16, div %ecx
        simple  ud2_16, ud2
        simple  int3_16, int3
        simple  into_16, into
        simple  bound_16, .byte 0x67, 0x66, 0x62, 0x01
        simple  int80_16, int $0x80
        simple  read_16, .byte 0x67, 0x66, 0x8b, 0x11

        .section .note.GNU-stack, "", @progbits
