/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap repair`: cuts every damaged stream back to its last good packet, so
 * that any reader takes the trace again.  It says what it does before it does
 * it, and touches nothing that is whole.
 *
 * A stream is given up from the first damage on: what comes behind a damaged
 * packet cannot be told from chance.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <idtap/trace.h>

#include "cli.h"
#include "options.h"
#include "units.h"

struct repair {
    const char *dir;
    bool dry_run;
    unsigned int nr_damaged;
};

static int help(void)
{
    puts("Usage: idtap repair [OPTION]...\n"
         "\n"
         "Cuts the damaged streams of a trace back to their last good packet.\n"
         "A stream without any good packet is removed.\n"
         "\n"
         "  -i, --input DIR      the trace (default: " DEFAULT_TRACE_DIR ")\n"
         "  -n, --dry-run        only say what would be done\n"
         "      --help           this text");
    return cli_finish(CLI_OK);
}

static int parse(int argc, char **argv, struct repair *repair)
{
    enum { OPT_HELP = 256 };
    static const struct option options[] = {
        { "input", required_argument, NULL, 'i' },
        { "dry-run", no_argument, NULL, 'n' },
        { "help", no_argument, NULL, OPT_HELP },
        { NULL, 0, NULL, 0 },
    };
    int c;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, "+:i:n", options)) != -1 )
        switch ( c )
        {
        case 'i': repair->dir = optarg; break;
        case 'n': repair->dry_run = true; break;
        case OPT_HELP: return -1;
        default: return cli_bad_option(c, argv);
        }

    if ( optind < argc )
        return cli_usage(argv[0], "'%s' is too much: a trace is given with -i",
                         argv[optind]);
    return CLI_OK;
}

/* Cuts the file of `e` before the packet of `e`. */
static int cut(struct repair *repair, const struct idtap_error *e)
{
    char num[2][UNITS_LEN + 8];
    struct stat st;
    int rc;

    if ( lstat(e->path, &st) || !S_ISREG(st.st_mode) ||
         (e->code != -ENODATA && e->code != -EBADMSG) )
    {
        cli_trace_error(e, NULL);
        return CLI_FAILURE;
    }

    repair->nr_damaged++;
    printf("%s: offset %llu: %s\n", e->path, (unsigned long long)e->offset,
           e->what);
    if ( e->packet_offset )
        printf("  %s to its first %s bytes, %s bytes are given up\n",
               repair->dry_run ? "would be cut" : "cutting it",
               format_int(num[0], e->packet_offset),
               format_int(num[1], (uint64_t)st.st_size - e->packet_offset));
    else
        printf("  no good packet in its %s bytes: %s\n",
               format_int(num[0], (uint64_t)st.st_size),
               repair->dry_run ? "would be removed" : "removing it");
    fflush(stdout);

    if ( repair->dry_run )
        return CLI_OK;
    rc = e->packet_offset ? truncate(e->path, (off_t)e->packet_offset)
                          : unlink(e->path);
    if ( rc )
    {
        cli_error("%s: cannot repair: %s", e->path, strerror(errno));
        return CLI_FAILURE;
    }
    return CLI_OK;
}

/* Walks a stream of a single part; cuts it where it is damaged. */
static int stream(struct repair *repair, const struct idtap_trace *t,
                  unsigned int nr)
{
    static struct idtap_error err;
    struct idtap_cursor *c;
    struct idtap_packet packet;
    int rc;

    if ( idtap_cursor_open(t, nr, &c) )
    {
        cli_error("out of memory");
        return CLI_FAILURE;
    }
    do {
        rc = idtap_cursor_next(c, &packet, &err);
    } while ( rc > 0 );
    idtap_cursor_close(c);

    return rc ? cut(repair, &err) : CLI_OK;
}

/* A part is repaired as the trace that it is. */
static int part(struct repair *repair, const char *path)
{
    static struct idtap_error err;
    struct idtap_trace *t;
    int status = CLI_OK;
    unsigned int i;

    if ( idtap_trace_open(path, &t, &err) )
    {
        cli_trace_error(&err, NULL);
        return CLI_FAILURE;
    }

    for ( i = 0; i < idtap_trace_nr_streams(t); i++ )
        if ( stream(repair, t, i) )
            status = CLI_FAILURE;

    idtap_trace_close(t);
    return status;
}

/* A recorder that was killed at once has made files, and written nothing. */
static int nothing_left(const struct repair *repair)
{
    static struct idtap_error err;
    struct idtap_trace *t;
    int rc = idtap_trace_open(repair->dir, &t, &err);

    if ( !rc )
    {
        idtap_trace_close(t);
        return CLI_OK;
    }
    if ( rc == -ENODATA )
        cli_error("%s: nothing is left of this trace: nothing good was in it",
                  repair->dir);
    else
        cli_trace_error(&err, NULL);
    return CLI_FAILURE;
}

int cmd_repair(int argc, char **argv)
{
    static struct idtap_error err;
    struct repair repair = { .dir = DEFAULT_TRACE_DIR };
    struct idtap_trace *t;
    unsigned int i;
    int status = parse(argc, argv, &repair);

    if ( status )
        return status < 0 ? help() : status;

    if ( idtap_trace_open(repair.dir, &t, &err) )
    {
        cli_trace_error(&err, NULL);
        return CLI_FAILURE;
    }

    for ( i = 0; i < idtap_trace_nr_parts(t); i++ )
        if ( part(&repair, idtap_trace_part(t, i)) )
            status = CLI_FAILURE;
    idtap_trace_close(t);

    if ( !status && !repair.nr_damaged )
        printf("%s: nothing to repair\n", repair.dir);
    else if ( !status && !repair.dry_run )
        status = nothing_left(&repair);
    return cli_finish(status);
}
