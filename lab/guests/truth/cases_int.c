/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * INT n.  Below 32 it is a software interrupt of an exception's vector and
 * pushes no error code, so the gates of such vectors lead to other entries here.
 */
#include "table.h"

static void soft_gates(struct cpu *c)
{
    for ( unsigned int v = 0; v < 256; v++ )
    {
        struct gate *gate = cpu_gate(c, v);
        uint64_t to = (uint64_t)soft_entries + v * 16;

        gate->lo |= GATE_DPL;
        if ( v < 32 )
            gate->lo = (gate->lo & ~0xffff00000000ffffUL) | (to & 0xffff) |
                       ((to & 0xffff0000) << 32);
    }
}

/* All of them, with every gate open to ring 3. */
static void raise_int_all(struct cpu *c, const struct row *row)
{
    soft_gates(c);
    for ( unsigned int v = 0; v < 256; v++ )
    {
        struct event ev = { .vector = v, .as = AS_INT };
        uint64_t code[2] = { s_int_all[1 + v], s_int_all[1 + v] + 2 };
        struct scene s = { .code = code, .mode = row->mode, .see = &ev,
                           .nr_see = 1 };

        ev.at = 1;
        play(c, &s);
    }
    for ( unsigned int v = 0; v < 256; v++ )
        cpu_reset_gate(c, v);
}

static const struct row rows[] = {
    { "int-all", 0, raise_int_all, .mode = K64, .times = 10,
      .flags = C_SCENES },
    { "int-all-user", 0, raise_int_all, .mode = U64, .times = 10,
      .flags = C_SCENES },
    { "int-all-32", 0, raise_int_all, .mode = K32, .times = 5,
      .flags = C_SCENES },
    { "int-all-user-32", 0, raise_int_all, .mode = U32, .times = 5,
      .flags = C_SCENES },
    { "int-all-16", 0, raise_int_all, .mode = K16, .times = 5,
      .flags = C_SCENES },
    { "int-all-user-16", 0, raise_int_all, .mode = U16, .times = 5,
      .flags = C_SCENES },
    { "int-80", .code = s_int80, .times = 300, SEE(TRAP(0x80, AS_INT)) },
    { "int-80-user", .code = s_int80, .mode = U64, .times = 200,
      SEE(TRAP(0x80, AS_INT)) },
};

TABLE(cases_int);
