/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words for people and for awk, through Xen's PV console ring.
 *
 * Rules (Xen public io/console.h): we own out_prod, the back end owns
 * out_cons; the ring may be full, then we wait.  The console's port stays
 * masked, so the back end's notifications raise no upcall and printing leaves
 * the counts alone.
 */
#include "common.h"

#include <xen/xen.h>
#include <xen/sched.h>
#include <xen/io/console.h>

static struct xencons_interface *ring;
static uint32_t port;
static volatile bool busy;

void console_init(struct xencons_interface *its_ring, uint32_t its_port)
{
    ring = its_ring;
    port = its_port;
    if ( !ring || !port )
        xen_shutdown(SHUTDOWN_crash);
}

static void put(char ch)
{
    volatile struct xencons_interface *r = ring;
    uint32_t prod = r->out_prod;

    while ( prod - r->out_cons >= sizeof(r->out) )
    {
        xen_send(port);
        xen_sleep(1000000);
    }
    r->out[MASK_XENCONS_IDX(prod, r->out)] = ch;
    /* The character before the index; pairs with the back end's read. */
    asm volatile ( "" ::: "memory" );
    r->out_prod = prod + 1;
}

static void put_number(uint64_t n, unsigned int base)
{
    char buf[20];
    unsigned int i = 0;

    do {
        buf[i++] = "0123456789abcdef"[n % base];
        n /= base;
    } while ( n );
    while ( i )
        put(buf[--i]);
}

/* %s %u %x, the last two also with l, and %ld; no widths. */
static void vprint(const char *fmt, va_list ap)
{
    for ( ; *fmt; fmt++ )
    {
        bool is_long = false;
        uint64_t n;

        if ( *fmt != '%' )
        {
            put(*fmt);
            continue;
        }
        if ( *++fmt == 'l' )
        {
            is_long = true;
            fmt++;
        }
        if ( *fmt == 's' )
        {
            for ( const char *s = va_arg(ap, const char *); *s; s++ )
                put(*s);
            continue;
        }
        n = is_long ? va_arg(ap, uint64_t) : va_arg(ap, unsigned int);
        if ( *fmt == 'd' && (int64_t)n < 0 )
        {
            put('-');
            n = -n;
        }
        put_number(n, *fmt == 'x' ? 16 : 10);
    }
}

static void vsay(const char *prefix, const char *fmt, va_list ap)
{
    for ( const char *s = prefix; *s; s++ )
        put(*s);
    vprint(fmt, ap);
    put('\n');
    xen_send(port);
}

void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsay("truth: ", fmt, ap);
    va_end(ap);
}

/* One vCPU has the last word; the others wait for the end. */
static void take_last_word(void)
{
    while ( __atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE) )
        xen_sleep(1000000000);
}

static void finish(unsigned int reason) __attribute__((noreturn));
static void finish(unsigned int reason)
{
    volatile struct xencons_interface *r = ring;
    uint64_t until = xen_now() + 5000000000UL;

    /* Let the back end read the last line; not for ever. */
    while ( r->out_cons != r->out_prod && xen_now() < until )
    {
        xen_send(port);
        xen_sleep(1000000);
    }
    xen_shutdown(reason);
}

static void verdict(const char *word, const char *fmt, va_list ap,
                    unsigned int reason) __attribute__((noreturn));
static void verdict(const char *word, const char *fmt, va_list ap,
                    unsigned int reason)
{
    take_last_word();
    vsay(word, fmt, ap);
    finish(reason);
}

void success(void)
{
    take_last_word();
    say("SUCCESS");
    finish(SHUTDOWN_poweroff);
}

void fail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    verdict("truth: FAILURE ", fmt, ap, SHUTDOWN_poweroff);
}

void error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    verdict("truth: ERROR ", fmt, ap, SHUTDOWN_poweroff);
}

void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    verdict("truth: CRASH ", fmt, ap, SHUTDOWN_crash);
}
