/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap script`: a trace as text, one line per record, in the order of time.
 * What is wrong with the trace, and what was lost, comes last, on stderr.
 */
#include <string.h>

#include "cli.h"
#include "options.h"
#include "script.h"

static int help(void)
{
    puts("Usage: idtap script [OPTION]...\n"
         "\n"
         "Prints a trace, one line per record, in the order of time. Several traces\n"
         "(-i A -i B) become one, by their hosts' clocks; lines then name the host.\n"
         "\n"
         READER_OPTIONS_HELP
         READER_WINDOW_HELP
         "      --wall           the time of day, not since the start\n"
         "      --json           one JSON object per line\n"
         "      --format int     'int:N' for each interrupt, exception, NMI and\n"
         "                       injected event, N its vector in decimal\n"
         "      --help           this text");
    return cli_finish(CLI_OK);
}

static int parse(int argc, char **argv, struct script *script,
                 struct many *many)
{
    enum { OPT_VECTOR = 256, OPT_CPU, OPT_TIME, OPT_WALL, OPT_JSON,
           OPT_FORMAT, OPT_HELP };
    static const struct option options[] = {
        { "input", required_argument, NULL, 'i' },
        { "domain", required_argument, NULL, 'd' },
        { "event", required_argument, NULL, 'e' },
        { "vector", required_argument, NULL, OPT_VECTOR },
        { "cpu", required_argument, NULL, OPT_CPU },
        { "time", required_argument, NULL, OPT_TIME },
        { "wall", no_argument, NULL, OPT_WALL },
        { "json", no_argument, NULL, OPT_JSON },
        { "format", required_argument, NULL, OPT_FORMAT },
        { "help", no_argument, NULL, OPT_HELP },
        { NULL, 0, NULL, 0 },
    };
    bool ints = false, json = false;
    int c, status;

    many->nr = 0;
    opterr = 0;
    while ( (c = cli_getopt(argc, argv, "+:i:d:e:", options)) != -1 )
        switch ( c )
        {
        case 'i':
            script->r.dir = optarg;
            status = many_add(many, argv[0], optarg);
            if ( status )
                return status;
            break;
        case 'd': script->r.domain_list = optarg; break;
        case 'e': script->r.class_list = optarg; break;
        case OPT_VECTOR: script->r.vector_list = optarg; break;
        case OPT_CPU: script->r.cpu_list = optarg; break;
        case OPT_TIME: script->r.window = optarg; break;
        case OPT_WALL: script->wall = true; break;
        case OPT_JSON: json = true; break;
        case OPT_FORMAT:
            if ( strcmp(optarg, "int") )
                return cli_usage(argv[0], "--format: '%s' is not a format; "
                                 "there is 'int'", optarg);
            ints = true;
            break;
        case OPT_HELP: return -1;
        default: return cli_bad_option(c, argv);
        }

    if ( optind < argc )
        return cli_usage(argv[0], "'%s' is too much: a trace is given with -i",
                         argv[optind]);
    if ( json && ints )
        return cli_usage(argv[0], "--json and --format exclude each other");

    script->print = json ? script_json : ints ? script_int : script_line;
    return CLI_OK;
}

/* Goes through the trace; -1 for want of memory, 1 if nobody reads on. */
static int run(struct script *script, struct idtap_stats *stats)
{
    struct idtap_run run;
    const uint8_t *p;
    int rc;

    while ( (rc = idtap_iter_next(script->r.iter, &run)) > 0 )
    {
        if ( idtap_stats_run(stats, &run) )
            return -1;
        for ( p = run.begin; p < run.end; p = idtap_record_next(p) )
            script_record(script, run.cpu, idtap_record_at(p));
        if ( ferror(stdout) )
            return 1;
    }

    return rc;
}

static int several(const struct script *script, struct many *many)
{
    int status = many_open(many, &script->r);

    if ( !status )
        status = cli_finish(script_many(script, many));
    many_close(many);
    return status;
}

int cmd_script(int argc, char **argv)
{
    static struct many many;
    struct script script = { .r.command = argv[0] };
    /* Counts what was lost; of records it shall count none. */
    static const struct idtap_select none;
    struct idtap_stats_options losses = { .select = &none,
                                          .parts = IDTAP_STATS_COUNTS };
    struct idtap_stats *stats = NULL;
    int rc, status = parse(argc, argv, &script, &many);

    if ( status )
        return status < 0 ? help() : status;

    setvbuf(stdout, NULL, _IOFBF, 1 << 18);
    if ( many.nr > 1 )
        return several(&script, &many);

    status = reader_open(&script.r);
    if ( status )
        goto out;
    script.info = idtap_trace_info(script.r.trace);

    losses.from = script.r.from;
    stats = idtap_stats_create_with(&losses);
    rc = stats ? run(&script, stats) : -1;
    if ( rc < 0 )
    {
        cli_error("out of memory");
        status = CLI_FAILURE;
    }
    else if ( !rc )
    {
        reader_losses(stats);
        status = reader_errors(&script.r);
    }
    status = cli_finish(status);

 out:
    idtap_stats_destroy(stats);
    reader_close(&script.r);
    return status;
}
