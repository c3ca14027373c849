# SPDX-License-Identifier: GPL-2.0-only
#
# The boot sector of the lab's disk for Bochs. GRUB, on an emulated CPU, needs
# half a minute for Xen and dom0; this needs three seconds, because everything
# on the disk already lies there as memory shall hold it (lab/emulator-bochs.sh
# lays it out). So there is nothing to parse here: read a table, copy what it
# names, jump.
#
# Sector 1 of the disk is the table, 32-bit little-endian words:
#     destination, first sector, number of sectors (1 to 65536), 0
# A row with no sectors ends it, and says where to go:
#     entry point, multiboot information, 0, 0
#
# Rules:
#  - the BIOS loads this at 0x7c00 and jumps to it in real mode (IBM PC);
#  - sectors are read with the ATA command READ SECTORS EXT, by polling: after
#    each sector the drive sets BSY, and clears it with DRQ set when the next
#    is there (ATA/ATAPI-6, "PIO data-in command protocol"); one command may
#    read 65536 sectors, spelt 0;
#  - multiboot 1, "Machine state": protected mode, flat segments, A20 open,
#    paging and interrupts off, EAX the magic number, EBX the information;
#  - Bochs does "rep insw" in one go, but not "rep insd".
# An error writes "Shutdown" to Bochs' port 0x8900, which ends the emulator.

        .set    TABLE,     0x8000
        .set    MAGIC,     0x2badb002

        .set    ATA_DATA,  0x1f0
        .set    ATA_COUNT, 0x1f2
        .set    ATA_LBA0,  0x1f3
        .set    ATA_LBA1,  0x1f4
        .set    ATA_LBA2,  0x1f5
        .set    ATA_DRIVE, 0x1f6
        .set    ATA_CMD,   0x1f7
        .set    ATA_CTRL,  0x3f6
        .set    READ_EXT,  0x24
        .set    BSY,       0x80
        .set    DRQ,       0x08
        .set    ERR,       0x01

        .code16
        .globl  _start
_start: cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        inb     $0x92, %al              # A20: system control port A
        orb     $2, %al
        andb    $0xfe, %al
        outb    %al, $0x92
        lgdtl   gdtr
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmpl   $8, $flat

        .code32
flat:   movl    $16, %eax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %fs
        movw    %ax, %gs
        movw    %ax, %ss
        movl    $_start, %esp

        movb    $2, %al                 # nIEN: no interrupts from the drive
        movl    $ATA_CTRL, %edx
        outb    %al, %dx

        movl    $TABLE, %edi            # the table itself
        movl    $1, %ebx
        movl    $1, %ebp
        call    read

        movl    $TABLE, %esi
row:    movl    (%esi), %edi
        movl    4(%esi), %ebx
        movl    8(%esi), %ebp
        addl    $16, %esi
        testl   %ebp, %ebp
        jz      go
        call    read
        jmp     row

go:     movl    $MAGIC, %eax
        jmp     *%edi

# read: sectors %ebx to %ebx + %ebp - 1, to %edi.
read:   movl    $ATA_DRIVE, %edx
        movb    $0x40, %al              # LBA, first drive
        outb    %al, %dx
        call    idle
        # Two writes to each register, the high half first.
        movl    $ATA_COUNT, %edx
        movl    %ebp, %eax
        movb    %ah, %al
        outb    %al, %dx
        incl    %edx                    # ATA_LBA0
        movl    %ebx, %eax
        shrl    $24, %eax
        outb    %al, %dx
        incl    %edx                    # ATA_LBA1
        xorl    %eax, %eax
        outb    %al, %dx
        incl    %edx                    # ATA_LBA2
        outb    %al, %dx
        movl    $ATA_COUNT, %edx
        movl    %ebp, %eax
        outb    %al, %dx
        incl    %edx
        movl    %ebx, %eax
        outb    %al, %dx
        incl    %edx
        shrl    $8, %eax
        outb    %al, %dx
        incl    %edx
        shrl    $8, %eax
        outb    %al, %dx
        movl    $ATA_CMD, %edx
        movb    $READ_EXT, %al
        outb    %al, %dx
1:      call    idle
        testb   $ERR, %al
        jnz     fail
        testb   $DRQ, %al
        jz      1b
        movl    $ATA_DATA, %edx
        movl    $256, %ecx
        rep insw
        decl    %ebp
        jnz     1b
        ret

# idle: waits until the drive is not busy; %al is its status then.
idle:   movl    $ATA_CMD, %edx
1:      inb     %dx, %al
        testb   $BSY, %al
        jnz     1b
        ret

fail:   movl    $word, %esi
        movl    $8, %ecx
        movl    $0x8900, %edx
        rep outsb
        hlt

word:   .ascii  "Shutdown"

        .balign 8
gdt:    .quad   0
        .quad   0x00cf9b000000ffff      # code, 4 GiB
        .quad   0x00cf93000000ffff      # data, 4 GiB
gdtr:   .word   . - gdt - 1
        .long   gdt

        .org    _start + 510
        .word   0xaa55
