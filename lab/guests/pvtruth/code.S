/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The code of scenes, in a page that kernel and user mode execute at the same
 * address.  Each piece raises its event at its own label; should nothing
 * happen, the ud2 behind it ends the scene and is reported as a mismatch.
 * %rdi is the row's argument.
 */
        .macro  piece name, insns:vararg
        .globl  code_\name
code_\name:
        \insns
        ud2
        .endm

        .section .code, "ax"
        .balign 4096
        .globl  code_start
code_start:
        piece   div, div %edi
        piece   int3, int3
        piece   cd03, .byte 0xcd, 3
        piece   cd04, .byte 0xcd, 4
        piece   ud2, ud2
        piece   lock, .byte 0xf0, 0x48, 0x89, 0xc9  /* lock mov */
        piece   fnop, fnop
        piece   int20, int $0x20
        piece   int21, int $0x21
        piece   int22, int $0x22
        piece   int80, int $0x80
        piece   read, mov (%rdi), %rbx
        piece   write, mov %rbx, (%rdi)
        piece   jump, jmp *%rdi
        piece   stack, mov (%rsp, %rdi), %rbx
        piece   load_es, mov %edi, %es
        piece   load_ss, mov %edi, %ss
        piece   hlt, hlt
        piece   cli, cli
        piece   rdmsr, rdmsr
        piece   wrmsr, wrmsr
        piece   out, out %al, $0x80
        piece   lgdt, lgdt (%rdi)
        piece   unaligned, mov 1(%rdi), %ebx
        piece   syscall, syscall
        piece   sysenter, sysenter
        piece   spin, 1: jmp 1b

        .globl  code_steps
code_steps:
        .rept   9
        nop
        .endr
        ud2
        .globl  code_forced
code_forced:                        /* Xen's own CPUID, public/arch-x86/xen.h */
        .byte   0x0f, 0x0b, 0x78, 0x65, 0x6e
        cpuid
        syscall
        ud2

        .globl  code_lazy
code_lazy:
        mov     (%rdi), %rbx
        syscall
        ud2

        .globl  code_mf
code_mf:                            /* 1 / 0, unmasked */
        fninit
        fldcw   control(%rip)
        fld1
        fdivs   zero(%rip)
        fwait
        ud2
        .globl  code_xm
code_xm:                            /* 0 / 0, unmasked */
        ldmxcsr mxcsr(%rip)
        xorps   %xmm0, %xmm0
        divss   %xmm0, %xmm0
        ud2
        .balign 4
control:
        .short  0x037b
        .balign 4
mxcsr:
        .long   0x1f00
zero:
        .long   0
        .balign 4096

        .section .note.GNU-stack, "", @progbits
