/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entry, those of interrupts, and the way into ring 3.
 *
 * Xen starts a PVH guest in 32-bit protected mode without paging, %ebx
 * pointing at struct hvm_start_info (Xen: docs/misc/pvh.pandoc, public
 * arch-x86/hvm/start_info.h); the ELF note below names the entry.  The other
 * vCPUs start in 64-bit C, see cpu_boot_others().
 */

#define MSR_EFER    0xc0000080
#define EFER_BITS   0x900           /* LME, NXE */
#define CR4_BITS    0x620           /* OSXMMEXCPT OSFXSR PAE */
#define CR0_BITS    0x80050033      /* PG AM WP NE ET MP PE */

        .section .note.Xen, "a", @note
        .align  4
        .long   4, 4, 18            /* XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz  "Xen"
        .long   _start

        .text
        .code32
        .globl  _start
_start:
        cld
        mov     $boot_stack_end, %esp
        mov     %ebx, start_info

        /* The first 4 GiB, one to one, in pages of 2 MiB. */
        mov     $boot_pd, %edi
        mov     $0x83, %eax
        mov     $2048, %ecx
1:      mov     %eax, (%edi)
        movl    $0, 4(%edi)
        add     $0x200000, %eax
        add     $8, %edi
        loop    1b

        mov     $CR4_BITS, %eax
        mov     %eax, %cr4
        mov     $boot_pml4, %eax
        mov     %eax, %cr3
        mov     $MSR_EFER, %ecx
        rdmsr
        or      $EFER_BITS, %eax
        wrmsr
        mov     $CR0_BITS, %eax
        mov     %eax, %cr0
        lgdt    boot_gdtr
        ljmp    $8, $start64

        .code64
start64:
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     start_info, %edi
        call    truth_main
        ud2

/*
 * One entry per vector, 16 bytes apart.  Vectors for which the CPU pushes an
 * error code: #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX (AMD APM, "Vectors";
 * Intel SDM, "Exceptions and Interrupts").
 */
        .balign 16
        .globl  entries
entries:
        vector = 0
        .rept   256
        .balign 16
        .if     !(vector == 8 || (vector >= 10 && vector <= 14) || \
                  vector == 17 || vector == 21 || vector == 29 || vector == 30)
        pushq   $0
        .endif
        pushq   $vector
        jmp     save
        vector = vector + 1
        .endr

/* For INT n of a vector that has an error code otherwise. */
        .balign 16
        .globl  soft_entries
soft_entries:
        vector = 0
        .rept   32
        .balign 16
        pushq   $0
        pushq   $vector
        jmp     save
        vector = vector + 1
        .endr

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
        mov     %rsp, %rbp          /* the CPU aligned %rsp by 16; 22 words */
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
        add     $16, %rsp
        iretq

/*
 * void go(start, home_rsp): enter what the frame says, by IRET.  A handler
 * leads back by an IRET to home, with the stack that *home_rsp holds.
 */
        .globl  go, home
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
home:
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret

        .section .rodata
        .balign 8
boot_gdt:
        .quad   0
        .quad   0x00af9b000000ffff  /* 64-bit code */
boot_gdtr:
        .word   boot_gdtr - boot_gdt - 1
        .quad   boot_gdt

        .data
        .balign 4096
        .globl  boot_pml4
boot_pml4:
        .quad   boot_pdpt + 7
        .fill   511, 8, 0
        .globl  boot_pdpt
boot_pdpt:
        .quad   boot_pd + 0x0003
        .quad   boot_pd + 0x1003
        .quad   boot_pd + 0x2003
        .quad   boot_pd + 0x3003
        .fill   508, 8, 0

        .bss
        .balign 4096
boot_pd:
        .skip   4 * 4096
        .skip   16384
boot_stack_end:
        .globl  start_info
start_info:
        .skip   4

        .section .note.GNU-stack, "", @progbits
