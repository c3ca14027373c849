/* SPDX-License-Identifier: GPL-2.0-only */
/* `idtap filter`: changes what is recorded, while it is being recorded. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "host_words.h"

static const char help[] =
"Usage: idtap filter [-e CLASS,...] [-d DOMAIN,...] [--vector LIST]\n"
"\n"
"Changes what the tap records from now on; a recording that is under way goes\n"
"on with it. What is not given is not filtered by. All of it takes effect at\n"
"once, or none.\n"
"\n"
"  -e CLASS,...     irq, exit, exception, nmi, inject, softirq, lapic, all\n"
"  -d DOMAIN,...    ids or names; 'idle' is Xen's idle time\n"
"  --vector LIST    like 0-31,0xf3,pf,timer\n";

int cmd_filter(int argc, char **argv)
{
    enum { OPT_VECTOR = 256 };
    static const struct option options[] = {
        { "event", required_argument, NULL, 'e' },
        { "domain", required_argument, NULL, 'd' },
        { "vector", required_argument, NULL, OPT_VECTOR },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *classes = NULL, *domains = NULL, *vectors = NULL;
    struct idtap_config config;
    struct idtap_host *host;
    int c, rc, status;

    opterr = 0;
    while ( (c = getopt_long(argc, argv, ":he:d:", options, NULL)) != -1 )
        switch ( c )
        {
        case 'e': classes = optarg; break;
        case 'd': domains = optarg; break;
        case OPT_VECTOR: vectors = optarg; break;
        case 'h':
            fputs(help, stdout);
            return cli_finish(CLI_OK);
        default:
            return cli_bad_option(c, argv);
        }
    if ( optind < argc )
        return cli_usage(argv[0], "unexpected argument '%s'", argv[optind]);

    status = cli_open_host(&host);
    if ( status )
        return status;
    status = cli_config(argv[0], classes, domains, vectors, &config);
    if ( !status && (rc = idtap_configure(host, &config)) )
    {
        cli_host_error(rc, rc == -ENOENT ? "no tap is attached" : "filter");
        status = CLI_FAILURE;
    }
    idtap_host_close(host);
    return cli_finish(status);
}
