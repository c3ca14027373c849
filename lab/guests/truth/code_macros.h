/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For code*.S: pieces of code that scenes run (scene.h).  `code name` begins
 * one and makes the symbol s_name, an array of the addresses of its points: 0
 * is the beginning, each `point` is the next.  All ends in ud2, so that code
 * that goes on in error is caught; a scene may also ask for this #UD.
 *
 * The code is linked for ring 0 and mapped once more for ring 3 at VA_CODE, so
 * it refers to itself relative to %rip only.  No register but %rsp may have
 * changed when an event comes.
 */
        .macro  point
        .pushsection .rodata
        .quad   .Lpoint\@
        .popsection
.Lpoint\@:
        .endm

        .macro  code name
        .pushsection .rodata
        .balign 8
        .globl  s_\name
s_\name:
        .popsection
        point
        .endm

        .section .code, "ax"
