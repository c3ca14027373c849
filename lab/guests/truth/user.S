/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs in ring 3: one page, mapped at VA_USER.  Each piece raises its
 * exception at its own label; should nothing happen, the ud2 behind it ends
 * the visit and is reported as a mismatch.  %rdi is the address to touch.
 */
        .section .user, "ax"
        .balign 4096
        .globl  user_start
user_start:
        .globl  user_read
user_read:
        mov     (%rdi), %rbx
        ud2
        .globl  user_write
user_write:
        mov     %rbx, (%rdi)
        ud2
        .globl  user_int
user_int:
        int     $0x80
        .globl  user_int_after
user_int_after:
        ud2
        .globl  user_int_dpl
user_int_dpl:
        int     $0x20               /* its gate is for ring 0 */
        ud2
        .globl  user_cli
user_cli:
        cli
        ud2
        .globl  user_unaligned
user_unaligned:
        mov     1(%rdi), %ebx
        ud2
        .balign 4096

        .section .note.GNU-stack, "", @progbits
