/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fields of Xen's structures, for hooks: their offsets are known only when the
 * payload is stamped for the build it goes to, and then are in the instructions
 * themselves, as if the hook had been compiled with Xen (IDTAP_OFFSETS in
 * include/idtap/profile.h; lib/payload.c puts them there).  A load from the
 * profile, for each field of each record, is what that saves.
 *
 * The assembler lists each place in an instruction that such a number went to;
 * tap_check_params() looks at them all, and refuses a payload in which one is
 * not what its profile says.
 */
#ifndef TAP_OFFSET_H
#define TAP_OFFSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/profile.h>

enum tap_offset {
#define X(name, value) TAP_OFFSET_##name,
    IDTAP_OFFSETS(X, _)
#undef X
    NR_TAP_OFFSETS
};

/*
 * The list: a section to which each object adds its part; tap/offset_begin.c is
 * linked first and tap/offset_end.c last.
 */
struct tap_offset_place {
    int32_t place;   /* of 32 bits, from this field on */
    uint32_t offset; /* enum tap_offset */
};
#define TAP_OFFSET_PLACES "tap_offset_places"
extern const struct tap_offset_place tap_places_begin[], tap_places_end[];

/*
 * Lists the number @name that ends @behind bytes before here.  Operands of
 * instructions are in this order: displacement, immediate.
 */
#define OFFSET_PLACE(name, behind) \
    "\n9911:\t.pushsection " TAP_OFFSET_PLACES ", \"a\", @progbits\n\t" \
    ".long 9911b - 4 - " #behind " - .\n\t" \
    ".long %c[index_" #name "]\n\t" \
    ".popsection"
#define OFFSET_INDEX(name) [index_##name] "i" (TAP_OFFSET_##name)

/* @n times the number. */
#define OFFSET_TIMES(n, name) \
    ({ \
        int64_t product_ = 0; \
        asm inline ( "imulq $" IDTAP_OFFSET_SYMBOL #name ", %1, %0" \
                     OFFSET_PLACE(name, 0) \
                     : "=r" (product_) \
                     : "r" ((int64_t)(n)), OFFSET_INDEX(name) : "cc" ); \
        product_; \
    })

/* @base and the number. */
#define OFFSET_ADD(base, name) \
    ({ \
        const char *at_ = NULL; \
        asm inline ( "leaq " IDTAP_OFFSET_SYMBOL #name "(%1), %0" \
                     OFFSET_PLACE(name, 0) \
                     : "=r" (at_) : "r" (base), OFFSET_INDEX(name) ); \
        at_; \
    })

#define OFFSET_INSN(insn, size, value, base, name) \
    asm inline volatile ( insn " " IDTAP_OFFSET_SYMBOL #name "(%1), %" size "0" \
                          OFFSET_PLACE(name, 0) \
                          : "=r" (value) : "r" (base), OFFSET_INDEX(name) )

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
        asm inline volatile ( "testl $" IDTAP_OFFSET_SYMBOL #mask ", " \
                              IDTAP_OFFSET_SYMBOL #name "(%1)" \
                              OFFSET_PLACE(name, 4) OFFSET_PLACE(mask, 0) \
                              : "=@ccnz" (set_) \
                              : "r" (base_), OFFSET_INDEX(name), \
                                OFFSET_INDEX(mask) ); \
        set_; \
    })

/* Is the field of 8 bits another number than 0? */
#define FIELD_SET(base, name) \
    ({ \
        const void *base_ = (base); \
        bool set_ = false; \
        asm inline volatile ( "cmpb $0, " IDTAP_OFFSET_SYMBOL #name "(%1)" \
                              OFFSET_PLACE(name, 1) \
                              : "=@ccnz" (set_) \
                              : "r" (base_), OFFSET_INDEX(name) ); \
        set_; \
    })

#endif /* TAP_OFFSET_H */
