/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel command line: words of the form name=value, some values being
 * lists of names.  An unknown word is an error, because a test that misspells
 * an option must not pass.
 */
#include "common.h"

bool word_equal(const char *a, const char *b)
{
    while ( *a && *a == *b )
        a++, b++;
    return *a == *b;
}

uint64_t word_number(const char *word, const char *s)
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

/* Is name one of the words of a list with commas? */
bool word_listed(const char *list, const char *name)
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

/* Every name of a list must exist. */
void words_check(const char *list, bool (*exists)(const char *name))
{
    while ( *list )
    {
        char name[32];
        unsigned int n = 0;

        for ( ; *list && *list != ','; list++ )
            if ( n < sizeof(name) - 1 )
                name[n++] = *list;
        name[n] = 0;
        if ( *list )
            list++;
        if ( !exists(name) )
            error("unknown case %s", name);
    }
}

void words_parse(char *s, void (*set)(const char *name, const char *value))
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
}
