/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fields of Xen's structures, for hooks: their offsets are known only when the
 * payload is stamped for the build it goes to, and then are in the instructions
 * themselves, as if the hook had been compiled with Xen (IDTAP_OFFSETS in
 * include/idtap/profile.h; lib/payload.c puts them there).  A load from the
 * profile, for each field of each record, is what that saves.
 *
 * tap_check_params() refuses a payload in which one of these symbols was
 * resolved to anything else than its profile says.  It looks at one instruction
 * for each; that all of them got the same is lib/payload.c's to do, and its
 * test's to see.
 */
#ifndef TAP_OFFSET_H
#define TAP_OFFSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/profile.h>

/* The number itself. */
#define OFFSET(name) \
    ({ \
        int64_t o_ = 0; \
        asm ( "movq $" IDTAP_OFFSET_SYMBOL #name ", %0" : "=r" (o_) ); \
        o_; \
    })

/* @n times the number. */
#define OFFSET_TIMES(n, name) \
    ({ \
        int64_t product_ = 0; \
        asm ( "imulq $" IDTAP_OFFSET_SYMBOL #name ", %1, %0" \
              : "=r" (product_) : "r" ((int64_t)(n)) : "cc" ); \
        product_; \
    })

/* @base and the number. */
#define OFFSET_ADD(base, name) \
    ({ \
        const char *at_ = NULL; \
        asm ( "leaq " IDTAP_OFFSET_SYMBOL #name "(%1), %0" \
              : "=r" (at_) : "r" (base) ); \
        at_; \
    })

#define OFFSET_INSN(insn, size, value, base, name) \
    asm volatile ( insn " " IDTAP_OFFSET_SYMBOL #name "(%1), %" size "0" \
                   : "=r" (value) : "r" (base) )

/*
 * The field of @type, which is unsigned or a pointer, at the number from @base;
 * one of less than 32 bits comes as a number that needs no extension any more.
 * Read where it says so, each time: what the compiler does not know to be a load
 * it would do before the test that the pointer is one.
 */
#define FIELD_AT(type, base, name) \
    ({ \
        const void *base_ = (base); \
        uint64_t value_ = 0; \
        if ( sizeof(type) == 8 ) \
            OFFSET_INSN("movq", "", value_, base_, name); \
        else if ( sizeof(type) == 4 ) \
            OFFSET_INSN("movl", "k", value_, base_, name); \
        else if ( sizeof(type) == 2 ) \
            OFFSET_INSN("movzwl", "k", value_, base_, name); \
        else \
            OFFSET_INSN("movzbl", "k", value_, base_, name); \
        (__typeof__(__builtin_choose_expr(sizeof(type) < 4, 0ul, \
                                          (type)0)))value_; \
    })

/* Has the field of 32 bits one of the bits of the number @mask? */
#define FIELD_TEST(base, name, mask) \
    ({ \
        const void *base_ = (base); \
        bool set_ = false; \
        asm volatile ( "testl $" IDTAP_OFFSET_SYMBOL #mask ", " \
                       IDTAP_OFFSET_SYMBOL #name "(%1)" \
                       : "=@ccnz" (set_) : "r" (base_) ); \
        set_; \
    })

#endif /* TAP_OFFSET_H */
