/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that ends badly: executes CPUID a thousand times, each of which is an
 * exit, and then crashes (SCHEDOP_shutdown) or, if its command line begins
 * with 't', triple-faults: an undefined instruction without an IDT.
 *
 * PVH, 32 bits, no paging, no stack; see truth/start.S.
 */
#define HYPERVISOR_sched_op 29
#define SCHEDOP_shutdown    2
#define SHUTDOWN_crash      3
#define CMDLINE             24      /* in struct hvm_start_info */

        .section .note.Xen, "a", @note
        .align  4
        .long   4, 4, 18            /* XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz  "Xen"
        .long   _start

        .data
reason: .long   SHUTDOWN_crash
no_idt: .word   0
        .long   0

        .text
        .code32
        .globl  _start
_start:
        mov     CMDLINE(%ebx), %ebp
        mov     $1000, %edi
1:      xor     %eax, %eax
        cpuid
        dec     %edi
        jnz     1b

        test    %ebp, %ebp
        jz      2f
        cmpb    $'t', (%ebp)
        jne     2f
        lidt    no_idt
        ud2

        /* %ecx is the end of "AuthenticAMD" or of "GenuineIntel". */
2:      cmp     $0x444d4163, %ecx
        mov     $HYPERVISOR_sched_op, %eax
        mov     $SCHEDOP_shutdown, %ebx
        mov     $reason, %ecx
        jne     3f
        vmmcall
3:      vmcall
4:      hlt
        jmp     4b
