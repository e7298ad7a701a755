/* SPDX-License-Identifier: MIT */
/* boot.S - from PVH's entry (32 bits, no paging, start info in %ebx) to kernel_main(), 4 GiB mapped one to one. */

/* What QEMU's -kernel looks for in a 64-bit ELF file: a note with the address of a 32-bit entry point. */
    .section .note.pvh, "a", @note
    .long 4, 8, 18 /* bytes of name and of value; XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad start

    .text
    .code32
    .globl start
start:
    movl $stack_top, %esp
    movl %ebx, %edi        /* the argument of kernel_main */
    movl $0x620, %eax      /* PAE; OSFXSR and OSXMMEXCPT, for the library is compiled with SSE */
    movl %eax, %cr4
    movl $level4, %eax
    movl %eax, %cr3
    movl $0xC0000080, %ecx /* EFER: long mode ... */
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl $0x80000003, %eax /* ... takes effect with paging; MP without EM, for SSE again */
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $start64
    .code64
start64:
    movl $16, %eax
    movl %eax, %ss
    call kernel_main

    .data
gdt:
    .quad 0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF /* 8: code, 16: data */
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .quad gdt

/* 2048 pages of 2 MiB. One memory type for all: firmware's MTRRs keep device registers uncached. */
    .balign 4096
level4: .quad level3 + 3
    .fill 511, 8, 0
level3: .quad level2 + 0x0003, level2 + 0x1003, level2 + 0x2003, level2 + 0x3003
    .fill 508, 8, 0
    .set page, 0
level2:
    .rept 2048
    .quad page << 21 | 0x83
    .set page, page + 1
    .endr

    .bss
    .balign 16
    .skip 32768
stack_top:
