/* SPDX-License-Identifier: GPL-2.0-only */
/* The ways of raising a vector, for the table in cases.c. */
#ifndef RAISE_H
#define RAISE_H

#include "truth.h"

#define WAY(name) void raise_##name(struct cpu *c, const struct row *row)
WAY(div_zero);
WAY(div_overflow);
WAY(step);
WAY(icebp);
WAY(int3);
WAY(ud2);
WAY(lock);
WAY(int);
WAY(load_es);
WAY(load_ss);
WAY(rdmsr);
WAY(wrmsr);
WAY(read);
WAY(read_stack);
WAY(write);
WAY(jump);
WAY(lazy);
WAY(user_read);
WAY(user_write);
WAY(user_exec);
WAY(user_int);
WAY(user_int_dpl);
WAY(user_cli);
WAY(user_unaligned);
WAY(ipi_self);
WAY(ipi_msr);
WAY(ipi_masked);
WAY(ipi_cross);
WAY(ipi_all);
WAY(nmi_self);
WAY(nmi_cross);
WAY(oneshot);
WAY(oneshot_hlt);
WAY(deadline);
WAY(event_self);
WAY(event_cross);
WAY(event_timer);
#undef WAY

#endif
