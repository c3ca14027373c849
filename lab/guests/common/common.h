/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the truth guests have in common: words for people and for awk, options,
 * time.  Each guest provides the functions at the end; nothing here knows
 * how it was started or how it makes a hypercall.
 */
#ifndef COMMON_H
#define COMMON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcpu_time_info;
struct xencons_interface;

/* console.c.  One vCPU speaks at a time. */
void console_init(struct xencons_interface *ring, uint32_t port);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The end of a run, and its verdict; the first vCPU to come has it. */
void success(void) __attribute__((noreturn));
void fail(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));
void error(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));
void die(const char *fmt, ...) /* the domain crashes */
    __attribute__((format(printf, 1, 2), noreturn));

/* words.c: the kernel command line, and lists of names in it. */
bool word_equal(const char *a, const char *b);
uint64_t word_number(const char *word, const char *s);
bool word_listed(const char *list, const char *name);
void words_parse(char *cmdline,     /* it is cut into pieces */
                 void (*set)(const char *name, const char *value));
void words_check(const char *list, bool (*exists)(const char *name));

/* brand.c */
bool cpu_brand_is(const char *brand);

/* clock.c: a vCPU's own view of Xen's system time, in ns. */
uint64_t clock_now(const volatile struct vcpu_time_info *t);
uint64_t clock_ns_to_tsc(const volatile struct vcpu_time_info *t, uint64_t ns);

/* denied.c: Xen answers -EPERM to what only dom0 may do, or the run fails. */
void denied(const char *what, long rc);
void denied_check(void);

/* The guest's own. */
long xen_ask(unsigned int nr, uint64_t a, uint64_t b, uint64_t c);
void xen_send(uint32_t port);
uint64_t xen_now(void);
void xen_sleep(uint64_t ns);
void xen_shutdown(unsigned int reason) __attribute__((noreturn));

#endif
