/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What hooks write, byte for byte, of every kind of exit and entry, usual or
 * not: the hot path has a variant for each kind, and a guest in the lab does not
 * come to all of them.
 */
#ifndef TESTS_HOTPATH_RECORDS_H
#define TESTS_HOTPATH_RECORDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps.h"

#define RIP 0xffffffff81234567ull

/* What is not usual, as bits. */
#define NONE       0u
#define NESTED     (1u << 0)
#define DELIVERING (1u << 1) /* a #PF was being delivered */
#define OURS       (1u << 2) /* an exit that idtap asked for */
#define GIVEN_BACK (1u << 2) /* an entry after one */

/* Calls @hook on Xen's stack; what it writes is all in one packet. */
void call(void *hook, unsigned long a, unsigned long b, unsigned long c);

/* The next record that it wrote, whose common part must be this. */
const void *next(size_t size, unsigned int event, unsigned int vector,
                 unsigned int flags);

/* And there is none more. */
void no_more(void);

/* The flags of an exit's records, but for what its vector says. */
unsigned int odd_flags(unsigned int odd);

/* idtap_vm_exit's `delivery`. */
unsigned int delivery(unsigned int odd, unsigned int type);

void records_of_lapic(void **state);
void svm_records_of_exits(void **state);
void svm_vector_of_interrupt(void **state);
void svm_records_of_exceptions(void **state);
void svm_flags_of_given_back(void **state);
void svm_records_of_entries(void **state);
void vmx_records_of_exits(void **state);
void vmx_records_of_exceptions(void **state);
void vmx_records_of_entries(void **state);

#endif /* TESTS_HOTPATH_RECORDS_H */
