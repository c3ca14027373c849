/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options of a command, told to programs: `idtap --complete` lists the
 * commands, `idtap --complete COMMAND` its options.  Shell completion and the
 * tests of the manual ask it.
 *
 * What is listed is the very table that the command gives to getopt_long(), for
 * there is one door to it, cli_getopt(): an option can be neither forgotten here
 * nor invented.  What kind of value an option takes is said below; of one that
 * is not named there nothing is known.
 *
 * A line is "NAMES [KIND [WORD]...]": the names are separated by '|'; no kind:
 * the option takes no value; "word": one of the words; "list": several,
 * separated by commas; "file", "directory", "value".
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/export.h>

#include "cli.h"
#include "export_jsonl.h"
#include "options.h"
#include "report.h"
#include "top_render.h"

/* The words of an option by number; NULL behind the last. */
typedef const char *words_fn(unsigned int i);

static bool listing;

static const char *class_word(unsigned int i)
{
    unsigned int nr = (unsigned int)__builtin_popcount(IDTAP_CLASS_ALL);

    return i < nr ? idtap_class_name(1u << i) : i == nr ? "all" : NULL;
}

/* As they are typed: without the '#'. */
static const char *exception_word(unsigned int i)
{
    unsigned int v;

    for ( v = 0; v < 32; v++ )
    {
        const char *name = idtap_exception_name(v);

        if ( name && !i-- )
            return name + (*name == '#');
    }
    return NULL;
}

static const char *intercept_word(unsigned int i)
{
    static const char *const more[] = { "all", "swint", "none" };

    return i < 3 ? more[i] : exception_word(i - 3);
}

static const char *format_word(unsigned int i)
{
    unsigned int nr;
    const struct idtap_export_format *f = idtap_export_formats(&nr);

    return !i ? export_jsonl.name : i <= nr ? f[i - 1].name : NULL;
}

static const char *line_word(unsigned int i)
{
    return i ? NULL : "int";
}

static const char *sort_word(unsigned int i)
{
    return i < TOP_SORT_NR ? top_sort_name((enum top_sort)i) : NULL;
}

/* `command` NULL: in all that are not named before. */
static const struct kind {
    const char *command, *option, *kind;
    words_fn *words;
} kinds[] = {
    { NULL, "event", "list", class_word },
    { NULL, "vector", "list", exception_word },
    { NULL, "intercept", "list", intercept_word },
    { NULL, "input", "directory", NULL },
    { "record", "output", "directory", NULL },
    { NULL, "output", "file", NULL },
    { NULL, "profile", "file", NULL },
    { NULL, "payload", "file", NULL },
    { NULL, "textfile", "file", NULL },
    { NULL, "sort", "word", sort_word },
    { NULL, "table", "list", report_table_word },
    { "script", "format", "word", line_word },
    { NULL, "format", "word", format_word },
};

static void put_kind(const char *command, const char *option)
{
    const char *word;
    size_t i;
    unsigned int w;

    for ( i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++ )
    {
        const struct kind *k = &kinds[i];

        if ( !option || strcmp(k->option, option) ||
             (k->command && strcmp(k->command, command)) )
            continue;
        printf(" %s", k->kind);
        for ( w = 0; k->words && (word = k->words(w)); w++ )
            for ( putchar(' '); *word; word++ )
                putchar(tolower((unsigned char)*word));
        return;
    }
    fputs(" value", stdout);
}

/* The long options with their letters, then the letters without. */
static void list(const char *command, const char *shorts,
                 const struct option *options)
{
    const struct option *o;
    const char *s;

    for ( o = options; o->name; o++ )
    {
        if ( o->val > 0 && o->val < 256 && strchr(shorts, o->val) )
            printf("-%c|", o->val);
        printf("--%s", o->name);
        if ( o->has_arg )
            put_kind(command, o->name);
        putchar('\n');
    }

    /* What comes first in the string is a mode, or asks for ':'. */
    for ( s = shorts + strspn(shorts, "+-:"); *s; s++ )
    {
        for ( o = options; o->name && o->val != *s; o++ )
            ;
        if ( *s == ':' || o->name )
            continue;
        printf("-%c", *s);
        if ( s[1] == ':' )
            put_kind(command, NULL);
        putchar('\n');
    }
}

int cli_getopt(int argc, char **argv, const char *shorts,
               const struct option *options)
{
    if ( listing )
    {
        list(argv[0], shorts, options);
        exit(cli_finish(CLI_OK));
    }
    return getopt_long(argc, argv, shorts, options, NULL);
}

void cli_list_options(void)
{
    listing = true;
}
