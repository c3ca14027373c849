/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap trigger`: tells the flight recorder of this host to save now.  It is a
 * signal; the text lies in a file for as long as the recorder takes to wake.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <idtap/record.h>

#include "host_words.h"
#include "options.h"
#include "record.h"

static const char help[] =
"Usage: idtap trigger [TEXT]\n"
"\n"
"Makes 'idtap record --flight', which runs on this host, save what its rings\n"
"hold now, marked with TEXT.  The same as SIGUSR1 to that process.\n";

/* Whole or not at all: the recorder may look at any moment. */
static int leave_text(const char *text)
{
    int fd = open(TRIGGER_FILE ".new", O_WRONLY | O_CREAT | O_TRUNC |
                                       O_CLOEXEC | O_NOFOLLOW, 0600);
    bool bad;

    if ( fd < 0 )
        return -errno;
    bad = write(fd, text, strlen(text)) != (ssize_t)strlen(text);
    if ( close(fd) || bad || rename(TRIGGER_FILE ".new", TRIGGER_FILE) )
        return -EIO;
    return 0;
}

int cmd_trigger(int argc, char **argv)
{
    static const struct option options[] = {
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    char what[READER_WHAT_LEN];
    pid_t pid;
    int c, rc;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, "+:h", options)) != -1 )
    {
        if ( c != 'h' )
            return cli_bad_option(c, argv);
        fputs(help, stdout);
        return cli_finish(CLI_OK);
    }
    if ( argc - optind > 1 )
        return cli_usage(argv[0], "'%s': one argument only; quote the text",
                         argv[optind + 1]);

    pid = cli_reader(what);
    if ( !pid || strcmp(what, FLIGHT_WORD) )
    {
        if ( pid )
            cli_error("process %d is no flight recorder but 'idtap %s'", pid,
                      what);
        else
            cli_error("no flight recorder runs here (idtap record --flight)");
        return CLI_FAILURE;
    }
    rc = optind < argc ? leave_text(argv[optind]) : 0;
    if ( rc )
    {
        cli_error("%s: %s", TRIGGER_FILE, strerror(-rc));
        return CLI_FAILURE;
    }
    if ( kill(pid, SIGUSR1) )
    {
        cli_error("process %d: %s", pid, strerror(errno));
        return CLI_FAILURE;
    }
    return CLI_OK;
}
