/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command `idtap`: finds the subcommand in a table and hands over.  What a
 * subcommand does and understands is its own file's business.
 */
#include <signal.h>
#include <string.h>

#include "cli.h"
#include "lists.h"
#include "options.h"

static const struct {
    const char *name;
    int (*function)(int argc, char **argv);
    const char *help;
} commands[] = {
    { "attach", cmd_attach, "put the tap into the running Xen" },
    { "detach", cmd_detach, "take the tap out of Xen again" },
    { "status", cmd_status, "say what the tap of this host is doing" },
    { "record", cmd_record, "record interrupts into a trace directory" },
    { "top", cmd_top, "show what happens now, as it happens" },
    { "metrics", cmd_metrics, "count for Prometheus" },
    { "trigger", cmd_trigger, "make the flight recorder save now" },
    { "filter", cmd_filter, "change what is recorded, while it is" },
    { "report", cmd_report, "sum up a trace: counts, rates, durations" },
    { "html", cmd_html, "write a trace's report as a page for a browser" },
    { "diff", cmd_diff, "say what changed between two traces" },
    { "script", cmd_script, "print a trace, one line per record" },
    { "export", cmd_export, "write a trace in another program's format" },
    { "repair", cmd_repair, "cut a damaged trace back to whole packets" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Libraries that a build may lack. */
#ifdef IDTAP_HAVE_SQLITE
#define WITH_SQLITE " sqlite"
#else
#define WITH_SQLITE ""
#endif
#ifdef IDTAP_HAVE_CURSES
#define WITH_CURSES " ncurses"
#else
#define WITH_CURSES ""
#endif
#ifdef IDTAP_HAVE_ZSTD
#define WITH_ZSTD " zstd"
#else
#define WITH_ZSTD ""
#endif
#ifdef IDTAP_HAVE_MICROHTTPD
#define WITH_MICROHTTPD " libmicrohttpd"
#else
#define WITH_MICROHTTPD ""
#endif
#ifdef IDTAP_HAVE_CONFINE
#define WITH_CONFINE " libseccomp libcap-ng"
#else
#define WITH_CONFINE ""
#endif
#define BUILT_WITH \
    WITH_SQLITE WITH_CURSES WITH_MICROHTTPD WITH_ZSTD WITH_CONFINE

static int help(FILE *out)
{
    size_t i;

    fputs("idtap: records every interrupt of every guest of a running Xen\n"
          "\n"
          "Usage: idtap COMMAND [OPTION]...\n"
          "\n"
          "Commands:\n", out);
    for ( i = 0; i < NR_COMMANDS; i++ )
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
    fputs("\n"
          "Options:\n"
          "  --help     this text; 'idtap help COMMAND' for a command's\n"
          "  --version  the version\n"
          "\n"
          "Exit status: 0 success; 1 failure; 2 wrong usage; 3 not Xen, not\n"
          "dom0, not root, or a Xen that idtap does not know; 4 records were lost\n"
          "(with --fail-on-loss).\n", out);
    return cli_finish(CLI_OK);
}

static int run(const char *name, int argc, char **argv)
{
    const char *near = NULL;
    size_t i;

    for ( i = 0; i < NR_COMMANDS; i++ )
    {
        if ( !strcmp(name, commands[i].name) )
            return commands[i].function(argc, argv);
        if ( list_is_near(name, strlen(name), commands[i].name) )
            near = commands[i].name;
    }

    if ( near )
        return cli_usage(NULL, "'%s' is not a command; did you mean '%s'?",
                         name, near);
    return cli_usage(NULL, "'%s' is not a command", name);
}

/*
 * Not for people, and so not in the help: the commands, or one's options, a
 * line each (options.c).
 */
static int complete(int argc, char **argv)
{
    size_t i;

    if ( argc > 3 )
        return cli_usage(NULL, "--complete takes one command");
    if ( argc == 3 )
    {
        char *args[] = { argv[2], NULL };

        cli_list_options();
        return run(argv[2], 1, args);
    }
    for ( i = 0; i < NR_COMMANDS; i++ )
        puts(commands[i].name);
    return cli_finish(CLI_OK);
}

int main(int argc, char **argv)
{
    /* A reader that goes away (`| head`) is seen as a failed write. */
    signal(SIGPIPE, SIG_IGN);
    /* So is a file that may not grow: a recorder must live to detach. */
    signal(SIGXFSZ, SIG_IGN);

    if ( argc < 2 )
    {
        help(stderr);
        return CLI_USAGE;
    }

    if ( !strcmp(argv[1], "--version") )
    {
        puts("idtap " IDTAP_VERSION);
        puts(*BUILT_WITH ? "built with:" BUILT_WITH
                          : "built with: no optional library");
        return cli_finish(CLI_OK);
    }

    if ( !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") )
        return help(stdout);

    if ( !strcmp(argv[1], "help") )
    {
        char opt[] = "--help", *args[] = { argv[2], opt, NULL };

        return argc < 3 ? help(stdout) : run(argv[2], 2, args);
    }

    if ( !strcmp(argv[1], "--complete") )
        return complete(argc, argv);

    if ( argv[1][0] == '-' )
        return cli_usage(NULL, "unknown option %s", argv[1]);

    return run(argv[1], argc - 1, argv + 1);
}
