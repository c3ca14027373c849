/* SPDX-License-Identifier: GPL-2.0-only */
/* What the table in cases.c uses beside scenes. */
#ifndef RAISE_H
#define RAISE_H

#include "pvtruth.h"

#define WAY(name) void raise_##name(struct cpu *c, const struct row *row)
WAY(rdmsr);
WAY(wbinvd);
WAY(clts);
WAY(read_cr0);
WAY(cli_sti);
WAY(in);
WAY(cpuid);
WAY(ldt);
WAY(write_table);
WAY(bad_read);
WAY(bad_write);
WAY(nmi_self);
WAY(nmi_cross);
WAY(event_self);
WAY(event_cross);
WAY(event_loop);
WAY(event_masked);
WAY(event_unmask);
WAY(event_pair);
WAY(event_timer);
WAY(event_block);
#undef WAY

/* Before and after a scene. */
void set_ts(struct cpu *c, const struct row *row);
void arm_timer(struct cpu *c, const struct row *row);
void arm_masked(struct cpu *c, const struct row *row);
void no_syscalls(struct cpu *c, const struct row *row);
void syscalls(struct cpu *c, const struct row *row);
void unmap(struct cpu *c, const struct row *row);
void watch_code(struct cpu *c, const struct row *row);
void watch_data(struct cpu *c, const struct row *row);
void unwatch(struct cpu *c, const struct row *row);
void allow_io(struct cpu *c, const struct row *row);
void forbid_io(struct cpu *c, const struct row *row);

#endif
