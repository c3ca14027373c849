/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions that raise an exception, each a function of one argument (%rdi),
 * and sequences for a tracer: C says neither where an instruction is nor which
 * one it is.  A raiser returns if nothing happens.
 */
#include "raise.h"

        .macro  RAISER name
        .globl  raise_\name
        .type   raise_\name, @function
        .balign 16
raise_\name:
        movabs  $PATTERN_R8, %r8
        movabs  $PATTERN_R9, %r9
        movabs  $PATTERN_R10, %r10
        movabs  $PATTERN_R11, %r11
        .endm

        /* The address that will be saved. */
        .macro  AT name
        .globl  raise_\name\()_at
raise_\name\()_at:
        .endm

        .text
        RAISER  de_zero
        mov     $1, %eax
        xor     %edx, %edx
        xor     %ecx, %ecx
        AT      de_zero
        div     %ecx
        ret

        RAISER  de_overflow
        mov     $1, %edx
        xor     %eax, %eax
        mov     $1, %ecx
        AT      de_overflow
        div     %ecx
        ret

        RAISER  db_step
        pushfq
        orl     $EFLAGS_TF, (%rsp)
        popfq
        nop                             /* the trap is after this one */
        AT      db_step
        pushfq
        andl    $~EFLAGS_TF, (%rsp)
        popfq
        ret

        RAISER  db_icebp
        .byte   0xf1
        AT      db_icebp
        ret

        RAISER  bp
        int3
        AT      bp
        ret

        /* The other encoding of INT3. */
        RAISER  bp_cd03
        .byte   0xcd, 3
        AT      bp_cd03
        ret

        RAISER  of_int
        int     $4
        AT      of_int
        ret

        RAISER  ud2
        AT      ud2
        ud2
        ret

        RAISER  ud_push_es
        AT      ud_push_es
        .byte   0x06
        ret

        RAISER  ud_lock
        AT      ud_lock
        .byte   0xf0, 0x89, 0xc0        /* lock mov %eax, %eax */
        ret

        RAISER  load_es
        AT      load_es
        mov     %edi, %es
        ret

        RAISER  load_ss
        AT      load_ss
        mov     %edi, %ss
        ret

        RAISER  read_stack
        push    %rbp
        mov     %rdi, %rbp
        AT      read_stack
        mov     (%rbp), %rax
        pop     %rbp
        ret

        RAISER  hlt
        AT      hlt
        hlt
        ret

        RAISER  cli
        AT      cli
        cli
        ret

        RAISER  read_cr0
        AT      read_cr0
        mov     %cr0, %rax
        ret

        RAISER  rdmsr
        mov     $0x10, %ecx
        AT      rdmsr
        rdmsr
        ret

        RAISER  int_90
        AT      int_90
        int     $0x90
        ret

        RAISER  read
        AT      read
        mov     (%rdi), %rax
        ret

        RAISER  write
        AT      write
        mov     %rax, (%rdi)
        ret

        RAISER  jump
        AT      jump
        jmp     *%rdi

        RAISER  unaligned
        pushfq
        orl     $EFLAGS_AC, (%rsp)
        popfq
        AT      unaligned
        mov     1(%rdi), %eax
        pushfq
        andl    $~EFLAGS_AC, (%rsp)
        popfq
        ret

        /*
         * %rdi: a struct of control word or MXCSR, and two doubles at 8 and 16.
         * x87 exceptions are reported by the x87 instruction after.
         */
        RAISER  mf_div
        fninit
        fldcw   (%rdi)
        fldl    8(%rdi)
        fdivl   16(%rdi)
        AT      mf_div
        fwait
        ret

        RAISER  mf_scale
        fninit
        fldcw   (%rdi)
        fldl    16(%rdi)
        fldl    8(%rdi)
        fscale
        AT      mf_scale
        fwait
        ret

        RAISER  xm_div
        ldmxcsr (%rdi)
        movsd   8(%rdi), %xmm0
        AT      xm_div
        divsd   16(%rdi), %xmm0
        ret

        /*
         * %rdi: 64 KiB below 4 GiB, 32-bit code at its beginning; its %ecx is
         * 2 KiB after that.  DS and ES are null in 64-bit code.
         */
        .globl  raise_compat
        .type   raise_compat, @function
raise_compat:
        mov     %ss, %eax
        mov     %eax, %ds
        mov     %eax, %es
        lea     0x800(%rdi), %ecx
        lea     0x10000(%rdi), %rsp
        push    $0x23                   /* Linux' 32-bit code segment */
        push    %rdi
        lretq

        /* The instruction that follows is one to be stepped over. */
        .macro  S insn:vararg
        .pushsection .rodata.steps, "a"
        .quad   991f
        .popsection
991:    \insn
        .endm

        .pushsection .rodata.steps, "a"
        .globl  step_addresses
        .balign 8
step_addresses:
        .popsection

        S nop
        S mov   $1, %eax
        S push  %rax
        S pop   %rcx
        S call  1f
1:      S add   $8, %rsp
        S jmp   2f
        ud2
2:      S mov   $3, %ecx
        S lea   watched(%rip), %rdi
        S mov   %rdi, %rsi
        .globl  step_rep
step_rep:
        S rep movsb
        S mov   %eax, (%r12)            /* pages that are not there yet */
        S mov   (%r13), %rax
        S mov   %ss, %eax
        .globl  step_mov_ss
step_mov_ss:
        S mov   %eax, %ss               /* holds back the trap after it */
        S nop
        S nop
        S xor   %eax, %eax
        S cpuid
        S rdtsc
        S mov   $39, %eax               /* getpid */
        S syscall
        S int3
        .globl  step_ud2
step_ud2:
        S ud2
        S fninit
        S fld1
        S fstp  %st(0)
        .globl  step_pause
step_pause:
        S pause
        S nop
        S nop
        .pushsection .rodata.steps, "a"
        .quad   0
        .popsection

        .globl  bp_begin, bp_function, bp_function_second, bp_end
bp_begin:
        mov     $BP_CALLS, %ecx
        xor     %eax, %eax
1:      call    bp_function
        dec     %ecx
        jnz     1b
bp_end: ud2
bp_function:
        inc     %eax
bp_function_second:
        ret

        .globl  watch_begin, watch_function, watch_after_write
        .globl  watch_after_read, watch_end
watch_begin:
        mov     $BP_CALLS, %ecx
1:      call    watch_function
        dec     %ecx
        jnz     1b
watch_end:
        ud2
watch_function:
        mov     %rcx, watched(%rip)
watch_after_write:
        mov     watched+8(%rip), %rdx
watch_after_read:
        ret

        .data
        .balign 16
        .globl  watched
watched:
        .quad   0, 0

        .section .note.GNU-stack, "", @progbits
