/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap export`: a trace in another program's format.  What is wrong with the
 * trace, and what was lost, comes last, on stderr; what could be read is
 * exported all the same, as the other commands do.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "export_jsonl.h"
#include "lists.h"
#include "options.h"
#include "reader.h"

struct export {
    struct reader r;
    const char *format_name;
    const struct idtap_export_format *format;
    const char *output; /* NULL: stdout */
    bool force, schema;
};

/* The formats, ours first; NULL behind the last. */
static const struct idtap_export_format *format_nr(unsigned int i)
{
    unsigned int nr;
    const struct idtap_export_format *f = idtap_export_formats(&nr);

    if ( !i )
        return &export_jsonl;
    return i <= nr ? &f[i - 1] : NULL;
}

static int help(void)
{
    const struct idtap_export_format *f;
    unsigned int i;

    puts("Usage: idtap export -f FORMAT [OPTION]...\n"
         "\n"
         "Writes a trace in a format that other programs read:\n");
    for ( i = 0; (f = format_nr(i)); i++ )
        printf("  %-10s %s%s\n", f->name, f->what,
               f->missing ? " (not in this build)" : "");
    puts("\n"
         "  -f, --format FORMAT  one of these\n"
         "  -o, --output PATH    the file, or directory (ctf), to make; default,\n"
         "                       but for ctf and sqlite: stdout\n"
         READER_OPTIONS_HELP
         READER_WINDOW_HELP
         "      --force          replace what is there\n"
         "      --schema         print the table definitions of rowbinary or\n"
         "                       sqlite, and export nothing\n"
         "      --help           this text\n"
         "\n"
         "docs/export.md says what each format holds.");
    return cli_finish(CLI_OK);
}

static int parse(int argc, char **argv, struct export *e)
{
    enum { OPT_VECTOR = 256, OPT_CPU, OPT_TIME, OPT_FORCE, OPT_SCHEMA, OPT_HELP };
    static const struct option options[] = {
        { "format", required_argument, NULL, 'f' },
        { "output", required_argument, NULL, 'o' },
        { "input", required_argument, NULL, 'i' },
        { "domain", required_argument, NULL, 'd' },
        { "event", required_argument, NULL, 'e' },
        { "vector", required_argument, NULL, OPT_VECTOR },
        { "cpu", required_argument, NULL, OPT_CPU },
        { "time", required_argument, NULL, OPT_TIME },
        { "force", no_argument, NULL, OPT_FORCE },
        { "schema", no_argument, NULL, OPT_SCHEMA },
        { "help", no_argument, NULL, OPT_HELP },
        { NULL, 0, NULL, 0 },
    };
    int c;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, "+:f:o:i:d:e:", options)) != -1 )
        switch ( c )
        {
        case 'f': e->format_name = optarg; break;
        case 'o': e->output = optarg; break;
        case 'i': e->r.dir = optarg; break;
        case 'd': e->r.domain_list = optarg; break;
        case 'e': e->r.class_list = optarg; break;
        case OPT_VECTOR: e->r.vector_list = optarg; break;
        case OPT_CPU: e->r.cpu_list = optarg; break;
        case OPT_TIME: e->r.window = optarg; break;
        case OPT_FORCE: e->force = true; break;
        case OPT_SCHEMA: e->schema = true; break;
        case OPT_HELP: return -1;
        default: return cli_bad_option(c, argv);
        }

    if ( optind < argc )
        return cli_usage(argv[0], "'%s' is too much: a trace is given with -i",
                         argv[optind]);
    return CLI_OK;
}

static int bad_format(const struct export *e)
{
    const struct idtap_export_format *f;
    char list[200] = "";
    unsigned int i, len = 0;

    for ( i = 0; (f = format_nr(i)); i++ )
    {
        if ( e->format_name && list_is_near(e->format_name,
                                            strlen(e->format_name), f->name) )
            return cli_usage(e->r.command, "'%s' is not a format; did you mean "
                             "'%s'?", e->format_name, f->name);
        if ( len < sizeof(list) )
            len += (unsigned int)snprintf(list + len, sizeof(list) - len,
                                          "%s%s", i ? ", " : "", f->name);
    }
    if ( !e->format_name )
        return cli_usage(e->r.command, "a format is needed, with -f: %s",
                         list);
    return cli_usage(e->r.command, "'%s' is not a format; there are %s",
                     e->format_name, list);
}

/* What can be said of the options without a trace. */
static int check(struct export *e)
{
    const struct idtap_export_format *f;
    unsigned int i;

    for ( i = 0; (f = format_nr(i)); i++ )
        if ( e->format_name && !strcmp(e->format_name, f->name) )
            break;
    if ( !f )
        return bad_format(e);
    e->format = f;

    if ( f->missing )
    {
        cli_error("this idtap was built without %s, which the format %s needs",
                  f->missing, f->name);
        return CLI_FAILURE;
    }
    if ( e->schema )
        return f->schema ? CLI_OK
                         : cli_usage(e->r.command, "--schema: %s has no table "
                                     "definitions", f->name);

    if ( e->output && !strcmp(e->output, "-") )
        e->output = NULL;
    if ( e->output && !*e->output )
        return cli_usage(e->r.command, "-o: the name is empty");
    if ( !e->output && (f->kind == IDTAP_EXPORT_FILE ||
                        f->kind == IDTAP_EXPORT_DIRECTORY) )
        return cli_usage(e->r.command, "%s needs a %s of its own: name it with "
                         "-o", f->name, f->kind == IDTAP_EXPORT_FILE
                                        ? "file" : "directory");
    if ( !e->output && f->kind == IDTAP_EXPORT_BINARY && isatty(1) )
        return cli_usage(e->r.command, "%s is not for terminals: name a file "
                         "with -o", f->name);
    return CLI_OK;
}

static int failed(const struct export *e, const struct idtap_error *err)
{
    /* Whoever closed the pipe has seen enough: no words about that. */
    if ( err->code == -EPIPE && !e->output )
        return CLI_FAILURE;

    if ( *err->path )
        cli_error("%s: %s", err->path, err->what);
    else
        cli_error("%s", err->what);
    if ( err->code == -EEXIST )
        fputs("To replace it: --force\n", stderr);
    return CLI_FAILURE;
}

static int export(struct export *e)
{
    static struct idtap_error err;
    struct idtap_export_options options = {
        .trace = e->r.trace,
        .names = e->r.names,
        .iter = e->r.iter,
        .select = &e->r.select,
        .cpus = e->r.select.cpus,
        .chosen = e->r.chosen,
        .windowed = e->r.window,
        .from = e->r.from,
        .path = e->output,
        .force = e->force,
    };
    struct idtap_stats *stats;
    int status = CLI_OK;

    if ( idtap_export(e->format, &options, &stats, &err) )
        status = failed(e, &err);
    else
        reader_losses(stats);
    if ( !status )
        status = reader_errors(&e->r);
    idtap_stats_destroy(stats);
    return status;
}

int cmd_export(int argc, char **argv)
{
    struct export e = { .r.command = argv[0] };
    int status = parse(argc, argv, &e);

    if ( status )
        return status < 0 ? help() : status;

    status = check(&e);
    if ( status )
        return status;
    if ( e.schema )
    {
        e.format->schema(stdout);
        return cli_finish(CLI_OK);
    }

    status = reader_open(&e.r);
    if ( !status )
        status = export(&e);
    reader_close(&e.r);
    return status;
}
