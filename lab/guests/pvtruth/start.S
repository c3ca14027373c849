/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ELF notes that Xen's domain builder reads, the entry, the ways in that Xen
 * delivers to, and the way into a scene.
 *
 * Rules (public/arch-x86/xen-x86_64.h): at the entry %rsi is the start info.
 * A handler is entered with %rcx and %r11 on the stack, above them what a CPU
 * would push.  The way back is HYPERVISOR_iret, which takes the upcall mask
 * from the saved IF and, by the RPL of the saved CS, goes to user mode or stays
 * in the kernel; its entry is jumped to with the flags word on top of the frame.
 */
#include "pvtruth.h"

#define __HYPERVISOR_iret 23

        .macro  note type, size, value:vararg
        .pushsection .note.Xen, "a", @note
        .align  4
        .long   4, 2f - 1f, \type
        .asciz  "Xen"
1:      .\size  \value
2:      .align  4
        .popsection
        .endm

        note    1, quad, _start             /* XEN_ELFNOTE_ENTRY */
        note    2, quad, hypercall_page     /* XEN_ELFNOTE_HYPERCALL_PAGE */
        note    3, quad, VIRT_BASE          /* XEN_ELFNOTE_VIRT_BASE */
        note    4, quad, VIRT_BASE          /* XEN_ELFNOTE_PADDR_OFFSET */
        note    5, asciz, "xen-3.0"         /* XEN_ELFNOTE_XEN_VERSION */
        note    6, asciz, "pvtruth"         /* XEN_ELFNOTE_GUEST_OS */
        note    8, asciz, "generic"         /* XEN_ELFNOTE_LOADER */

        .text
        .globl  _start
_start:
        cld
        lea     cpus + CPU_SIZE(%rip), %rsp
        mov     %rsi, %rdi
        call    pvtruth_main
        ud2

        .balign 4096
        .globl  hypercall_page
hypercall_page:
        .skip   4096

/*
 * One entry per vector, 16 bytes apart.  Vectors with which Xen pushes an error
 * code: #DF #TS #NP #SS #GP #PF #AC.
 */
        .balign 16
        .globl  entries
entries:
        vector = 0
        .rept   256
        .balign 16
        pop     %rcx
        pop     %r11
        .if     !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17)
        pushq   $0
        .endif
        pushq   $vector
        jmp     save
        vector = vector + 1
        .endr

        .macro  callback name, number
        .globl  \name
\name:
        pop     %rcx
        pop     %r11
        pushq   $0
        pushq   $\number
        jmp     save
        .endm
        callback entry_event, VEC_EVENT
        callback entry_syscall, VEC_SYSCALL
        callback entry_sysenter, VEC_SYSENTER
        callback entry_failsafe, VEC_FAILSAFE

save:
        push    %rax
        push    %rbx
        push    %rcx
        push    %rdx
        push    %rsi
        push    %rdi
        push    %rbp
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        cld
        mov     %rsp, %rdi
        mov     %rsp, %rbp
        and     $~0xf, %rsp
        call    trap
        mov     %rbp, %rsp
restore:
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rbp
        pop     %rdi
        pop     %rsi
        pop     %rdx
        pop     %rcx
        pop     %rbx
        pop     %rax
        add     $16, %rsp           /* vector and error code */
        pushq   $0                  /* all registers as they are */
        jmp     hypercall_page + __HYPERVISOR_iret * 32

/*
 * void go(const struct frame *launch, uint64_t *home_rsp): enter what the
 * frame says, which is used up.  trap() ends it by a return to home, with the
 * stack pointer that is noted here.
 */
        .globl  go
go:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     %rsp, (%rsi)
        mov     %rdi, %rsp
        jmp     restore
        .globl  home
home:
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret

        .section .note.GNU-stack, "", @progbits
