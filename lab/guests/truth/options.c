/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel command line may say, and what it means for the cases. */
#include "truth.h"

struct options opt = {
    .timer_us = 200, .lapic_upcall = true, .rf = true,
    .cases = "all", .without = "",
};

static void set(const char *name, const char *value)
{
    if ( word_equal(name, "repeat") )
        opt.repeat = word_number(name, value);
    else if ( word_equal(name, "timer") )
        opt.timer_us = word_number(name, value);
    else if ( word_equal(name, "seconds") )
        opt.seconds = word_number(name, value);
    else if ( word_equal(name, "loop") )
        opt.loop = word_number(name, value);
    else if ( word_equal(name, "rest") )
        opt.rest_ms = word_number(name, value);
    else if ( word_equal(name, "strict") )
        opt.strict = word_number(name, value);
    else if ( word_equal(name, "rf") )
        opt.rf = word_number(name, value);
    else if ( word_equal(name, "cases") )
        opt.cases = value;
    else if ( word_equal(name, "without") )
        opt.without = value;
    else if ( word_equal(name, "apic") && word_equal(value, "xapic") )
        opt.xapic = true;
    else if ( word_equal(name, "apic") && word_equal(value, "x2apic") )
        opt.xapic = false;
    else if ( word_equal(name, "upcall") && word_equal(value, "lapic") )
        opt.lapic_upcall = true;
    else if ( word_equal(name, "upcall") && word_equal(value, "callback") )
        opt.lapic_upcall = false;
    else
        error("unknown option %s=%s", name, value);
}

static bool is_amd(void)
{
    uint32_t r[4];

    cpuid(0, r);
    return r[1] == 0x68747541;      /* Auth */
}

/*
 * QEMU's model is "EPYC"; the brand of a real one has a number.  Bochs has the
 * brands of real CPUs, but a TSC of 50 MHz; no real CPU of such a brand is
 * that slow.
 */
static uint32_t where_we_are(void)
{
    bool amd = is_amd();

    if ( cpu_brand_is("AMD EPYC Processor") )
        return ON_QEMU | ON_AMD;
    if ( xen_tsc_hz() < 200000000 )
        return amd ? ON_BOCHS_AMD | ON_AMD : ON_BOCHS_INTEL | ON_INTEL |
               (xen_virtual_delivery() ? ON_BOCHS_VID : 0);
    return amd ? ON_AMD : ON_INTEL | ON_REAL_INTEL;
}

bool options_on(uint32_t where)
{
    static uint32_t here;

    if ( !here )
        here = where_we_are();
    return here & where;
}

const char *options_off(const struct row *row)
{
    for ( unsigned int i = 0; i < 2; i++ )
        if ( options_on(row->off[i].where) )
            return row->off[i].why;
    return NULL;
}

bool options_chosen(const struct row *row)
{
    if ( word_listed(opt.without, row->name) )
        return false;
    return word_listed(opt.cases, "every") || word_listed(opt.cases, row->name) ||
           (word_listed(opt.cases, "all") && !options_off(row));
}

static bool case_exists(const char *name)
{
    bool found = word_equal(name, "all") || word_equal(name, "every");

    for ( unsigned int i = 0; i < nr_cases; i++ )
        found |= word_equal(name, cases[i]->name);
    return found;
}

void options_parse(char *cmdline)
{
    words_parse(cmdline, set);
    if ( opt.timer_us < 1 || opt.timer_us > 1000000 )
        error("timer= wants 1 to 1000000 microseconds");
    words_check(opt.cases, case_exists);
    words_check(opt.without, case_exists);
}
