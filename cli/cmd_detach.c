/* SPDX-License-Identifier: GPL-2.0-only */
/* `idtap detach`: takes the tap out of Xen, whatever state it is in. */
#include <stdio.h>

#include "host_words.h"
#include "options.h"

static const char help[] =
"Usage: idtap detach\n"
"\n"
"Takes the tap out of Xen: restores every changed byte, removes its nodes from\n"
"hypfs, gives its memory back. Refuses while somebody records. Also removes\n"
"what a killed 'idtap record' or 'idtap attach' left behind.\n";

int cmd_detach(int argc, char **argv)
{
    static const struct option options[] = {
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct idtap_host *host;
    int c, status;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, ":h", options)) != -1 )
    {
        if ( c != 'h' )
            return cli_bad_option(c, argv);
        fputs(help, stdout);
        return cli_finish(CLI_OK);
    }
    if ( optind < argc )
        return cli_usage(argv[0], "unexpected argument '%s'", argv[optind]);

    status = cli_open_host(&host);
    if ( status )
        return status;
    status = cli_detach(host);
    if ( !status )
        printf("detached\n");
    idtap_host_close(host);
    return cli_finish(status);
}
