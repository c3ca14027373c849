/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel command line may say, and what it means for the cases. */
#include "pvtruth.h"

struct options opt = { .timer_us = 200, .cases = "all" };

static void set(const char *name, const char *value)
{
    if ( word_equal(name, "repeat") )
        opt.repeat = word_number(name, value);
    else if ( word_equal(name, "timer") )
        opt.timer_us = word_number(name, value);
    else if ( word_equal(name, "events") && word_equal(value, "fifo") )
        opt.fifo = true;
    else if ( word_equal(name, "events") && word_equal(value, "2l") )
        opt.fifo = false;
    else if ( word_equal(name, "cases") )
        opt.cases = value;
    else
        error("unknown option %s=%s", name, value);
}

static bool is_amd(void)
{
    uint32_t a = 0, b, c = 0, d;

    asm volatile ( "cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d) );
    return b == 0x68747541;     /* Auth */
}

/* QEMU's model is "EPYC"; the brand of a real one has a number. */
static uint32_t where_we_are(void)
{
    return (cpu_brand_is("AMD EPYC Processor") ? ON_QEMU : 0) |
           (is_amd() ? ON_AMD : 0);
}

const char *options_off(const struct row *row)
{
    return where_we_are() & row->off_where ? row->off : NULL;
}

bool options_chosen(const struct row *row)
{
    return word_listed(opt.cases, "every") ||
           word_listed(opt.cases, row->name) ||
           (word_listed(opt.cases, "all") && !options_off(row));
}

static bool case_exists(const char *name)
{
    bool found = word_equal(name, "all") || word_equal(name, "every");

    for ( unsigned int i = 0; i < nr_cases; i++ )
        found |= word_equal(name, cases[i].name);
    return found;
}

void options_parse(char *cmdline)
{
    words_parse(cmdline, set);
    if ( opt.timer_us < 1 || opt.timer_us > 1000000 )
        error("timer= wants 1 to 1000000 microseconds");
    words_check(opt.cases, case_exists);
}
