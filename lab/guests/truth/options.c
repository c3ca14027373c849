/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel command line: words of the form name=value.  An unknown word is
 * an error, because a test that misspells an option must not pass.
 */
#include "truth.h"

struct options opt = {
    .timer_us = 200, .lapic_upcall = true, .cases = "all",
};

static bool equal(const char *a, const char *b)
{
    while ( *a && *a == *b )
        a++, b++;
    return *a == *b;
}

static uint64_t number(const char *word, const char *s)
{
    uint64_t n = 0;

    if ( !*s )
        error("no number in %s=", word);
    for ( ; *s; s++ )
    {
        if ( *s < '0' || *s > '9' || n > 1000000000 )
            error("bad number in %s=", word);
        n = n * 10 + (*s - '0');
    }
    return n;
}

static void set(const char *name, const char *value)
{
    if ( equal(name, "repeat") )
        opt.repeat = number(name, value);
    else if ( equal(name, "timer") )
        opt.timer_us = number(name, value);
    else if ( equal(name, "seconds") )
        opt.seconds = number(name, value);
    else if ( equal(name, "loop") )
        opt.loop = number(name, value);
    else if ( equal(name, "strict") )
        opt.strict = number(name, value);
    else if ( equal(name, "cases") )
        opt.cases = value;
    else if ( equal(name, "apic") && equal(value, "xapic") )
        opt.xapic = true;
    else if ( equal(name, "apic") && equal(value, "x2apic") )
        opt.xapic = false;
    else if ( equal(name, "upcall") && equal(value, "lapic") )
        opt.lapic_upcall = true;
    else if ( equal(name, "upcall") && equal(value, "callback") )
        opt.lapic_upcall = false;
    else
        error("unknown option %s=%s", name, value);
}

/* Is name one of the words of a list with commas? */
static bool listed(const char *list, const char *name)
{
    while ( *list )
    {
        const char *n = name;

        while ( *n && *n == *list )
            n++, list++;
        if ( !*n && (!*list || *list == ',') )
            return true;
        while ( *list && *list != ',' )
            list++;
        if ( *list )
            list++;
    }
    return false;
}

static bool brand_is(const char *start)
{
    uint32_t r[3][4];

    for ( unsigned int i = 0; i < 3; i++ )
        cpuid(0x80000002 + i, r[i]);
    for ( unsigned int i = 0; i < sizeof(r); i++ )
    {
        char ch = ((const char *)r)[i];

        if ( ch != start[i] || !ch )
            return ch == start[i];
    }
    return false;
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

    if ( brand_is("AMD EPYC Processor") )
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
    return listed(opt.cases, "every") || listed(opt.cases, row->name) ||
           (listed(opt.cases, "all") && !options_off(row));
}

/* Every name of cases= must exist. */
static void check_cases(const char *list)
{
    while ( *list )
    {
        char name[32];
        unsigned int n = 0;
        bool found;

        for ( ; *list && *list != ','; list++ )
            if ( n < sizeof(name) - 1 )
                name[n++] = *list;
        name[n] = 0;
        if ( *list )
            list++;

        found = equal(name, "all") || equal(name, "every");
        for ( unsigned int i = 0; i < nr_cases; i++ )
            found |= equal(name, cases[i]->name);
        if ( !found )
            error("unknown case %s", name);
    }
}

void options_parse(char *s)
{
    while ( *s )
    {
        char *name, *value;

        while ( *s == ' ' )
            *s++ = 0;
        if ( !*s )
            break;
        for ( name = s; *s && *s != ' ' && *s != '='; s++ )
            ;
        if ( *s != '=' )
            error("an option without a value");
        *s++ = 0;
        for ( value = s; *s && *s != ' '; s++ )
            ;
        if ( *s )
            *s++ = 0;
        set(name, value);
    }

    if ( opt.timer_us < 1 || opt.timer_us > 1000000 )
        error("timer= wants 1 to 1000000 microseconds");
    check_cases(opt.cases);
}
