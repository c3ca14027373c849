/* SPDX-License-Identifier: GPL-2.0-only */
/* How idtap speaks to people when something is not as it should be. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include <idtap/trace.h>

#include "cli.h"

static void say(const char *kind, const char *fmt, va_list ap)
{
    /* What was printed before belongs before, when both go to one place. */
    fflush(stdout);
    fprintf(stderr, "idtap: %s: ", kind);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

void cli_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("error", fmt, ap);
    va_end(ap);
}

void cli_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("warning", fmt, ap);
    va_end(ap);
}

int cli_usage(const char *command, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("error", fmt, ap);
    va_end(ap);

    if ( command )
        fprintf(stderr, "Try 'idtap %s --help'.\n", command);
    else
        fputs("Try 'idtap --help'.\n", stderr);

    return CLI_USAGE;
}

int cli_bad_option(int c, char **argv)
{
    /* The word that getopt_long() looked at last. */
    const char *word = argv[optind - 1];

    if ( c == ':' )
    {
        if ( optopt && word[0] == '-' && word[1] != '-' )
            return cli_usage(argv[0], "option -%c needs an argument", optopt);
        return cli_usage(argv[0], "option %s needs an argument", word);
    }

    /* optopt is 0 for unknown long options, the code for `--flag=value`. */
    if ( optopt && !strncmp(word, "--", 2) )
        return cli_usage(argv[0], "option %s takes no argument", word);
    if ( optopt )
        return cli_usage(argv[0], "unknown option -%c", optopt);
    return cli_usage(argv[0], "unknown option %s", word);
}

int cli_finish(int status)
{
    if ( fflush(stdout) || ferror(stdout) )
    {
        /* Whoever closed the pipe has seen enough: no words about that. */
        if ( errno != EPIPE )
            cli_error("cannot write the output: %s", strerror(errno));
        return CLI_FAILURE;
    }

    return status;
}

void cli_trace_error(const struct idtap_error *e, const char *dir)
{
    if ( e->code != -ENODATA && e->code != -EBADMSG )
    {
        cli_error("%s: %s", e->path, e->what);
        return;
    }

    cli_error("%s: offset %llu: %s", e->path, (unsigned long long)e->offset,
              e->what);
    if ( dir )
        fprintf(stderr, "To cut the trace back to the packets before: "
                "idtap repair -i %s\n", dir);
}
