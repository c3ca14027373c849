/* SPDX-License-Identifier: GPL-2.0-only */
/* For the files that hold a table of cases. */
#ifndef TABLE_H
#define TABLE_H

#include "scene.h"

struct table {
    const struct row *rows;
    unsigned int n;
};

#define TABLE(name) \
    const struct table name = { rows, sizeof(rows) / sizeof(rows[0]) }

/* A row's events, in order. */
#define SEE(...) \
    .see = (const struct event[]){ __VA_ARGS__ }, \
    .nr_see = sizeof((const struct event[]){ __VA_ARGS__ }) / \
              sizeof(struct event)

/* Events of code whose instruction is point 1 and whose end is point 2. */
#define FAULT(v, ec)    { .vector = (v), .at = 1, .error = (ec) }
#define PAGE_FAULT(ec, va) \
    { .vector = 14, .at = 1, .error = (ec), .cr2 = (va) }
#define TRAP(v, how)    { .vector = (v), .at = 2, .as = (how) }
#define END             { .vector = 6, .at = 2 }

/* What an event was raised for, but not delivered. */
#define FAILED(v, how)  { .vector = (v), .real = true, .as = (how) }

#define OFF(place, text) .off = { { (place), (text) } }
#define OFF2(place1, text1, place2, text2) \
    .off = { { (place1), (text1) }, { (place2), (text2) } }

/* Pieces of code: code*.S. */
extern const uint64_t s_div[], s_ud2[], s_ud_lock[], s_into64[], s_int3[];
extern const uint64_t s_int3_cd[], s_int4[], s_int20[], s_int80[], s_int81[];
extern const uint64_t s_mov_es[], s_mov_ss[], s_rdmsr[], s_wrmsr[], s_read[];
extern const uint64_t s_read_stack[], s_write[], s_jump[], s_cli[], s_hlt[];
extern const uint64_t s_unaligned[], s_push_mem[], s_ltr[], s_mov_cr4[];
extern const uint64_t s_fninit[], s_nop[], s_int_all[], s_mf[], s_xm[];
extern const uint64_t s_push_unaligned[];
extern const uint64_t s_div_32[], s_ud2_32[], s_int3_32[], s_int3_cd_32[];
extern const uint64_t s_into_32[], s_bound_32[], s_int80_32[], s_read_32[];
extern const uint64_t s_unaligned_32[], s_mov_es_32[], s_cli_32[];
extern const uint64_t s_div_16[], s_ud2_16[], s_int3_16[], s_into_16[];
extern const uint64_t s_bound_16[], s_int80_16[], s_read_16[];

#endif
