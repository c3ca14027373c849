/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scene: a piece of code (code*.S), how the vCPU enters it, and each event
 * that must follow, in order.  play() runs it once and compares everything an
 * event's handler can see with what the scene says; what the scene does not
 * mention must be as it was when the code began.  After the last event the
 * handler leads back to play().
 */
#ifndef SCENE_H
#define SCENE_H

#include "truth.h"

/* Privilege and size of the code: ring 0 or 3; 64, 32 or 16 bit. */
enum mode { K64, U64, K32, U32, K16, U16 };

/* How an event comes about, which decides who sees it besides the guest. */
enum as {
    AS_EXCEPTION,   /* the CPU raises it: INT3 and INTO are among these */
    AS_INT,         /* INT n */
    AS_ICEBP,       /* F1: an exception of its own kind */
    AS_ICEBP_FAILS, /* the same, with a gate at fault: on AMD Xen finds that */
    AS_ICEBP_FAULT, /* ... the fault that it meets */
    AS_XEN,         /* Xen raises it for an instruction that it emulates */
    AS_NMI,
    AS_IRQ,         /* through the LAPIC */
    AS_MERGED,      /* #DF: what it was made of is in "failed" */
};

/* An event that the CPU began to deliver, in vain. */
struct failed {
    uint8_t vector;
    bool real;              /* false: no entry */
    enum as as;
};

struct event {
    uint8_t vector;
    uint8_t at;             /* saved RIP: which point of the code */
    enum as as;
    uint32_t error;
    uint32_t set, clear;    /* saved RFLAGS, compared with the beginning; RF */
    uint64_t cr2;           /* 0: as it was */
    uint64_t rip;           /* instead of "at", unless 0 */
    uint32_t dr6;           /* bits that must be set; all others must not */
    int32_t pushed;         /* bytes that the code pushed before */
    bool kernel;            /* at the first instruction of a handler */
    bool inside;            /* somewhere in a handler: only the vector counts */
    bool late;              /* on AMD, the same as "inside" */
    bool loose;             /* rax, rbx, rcx, rdx may have changed */
    struct failed failed[3];
    /* What the handler does; then the code goes on.  Not for the last. */
    void (*then)(struct cpu *c, struct frame *f);
};

struct scene {
    const uint64_t *code;   /* its points; the first is its beginning */
    enum mode mode;
    uint64_t rcx;           /* all other registers are witnesses */
    uint32_t icr;           /* unless 0: the code is WRMSR, to x2APIC's ICR */
    uint32_t rflags;        /* besides the arithmetic ones of START_FLAGS */
    uint64_t dr7;           /* unless 0 */
    unsigned int nr_see;
    const struct event *see;
};

#define START_FLAGS 0x87U   /* CF PF SF and the one that is always set */
#define DR6_CLEAR   0xffff0ff0UL
#define DR7_CLEAR   0x400UL
#define CR2_BEFORE  0xc2c2c000UL

void play(struct cpu *c, const struct scene *s);
void play_row(struct cpu *c, const struct row *row);

/* A fact that a scene's own function found out: must be, and is digested. */
void must_be(struct cpu *c, const char *what, uint64_t got, uint64_t want);

/* The address of a point of the code, as the mode's RIP has it. */
uint64_t point(const uint64_t *code, unsigned int at, enum mode mode);

#endif
