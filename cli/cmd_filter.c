/* SPDX-License-Identifier: GPL-2.0-only */
/* `idtap filter`: changes what is recorded, while it is being recorded. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host_words.h"
#include "options.h"

static const char help[] =
"Usage: idtap filter [-e CLASS,...] [-d DOMAIN,...] [--vector LIST]\n"
"                    [--intercept [DOMAIN=]LIST]...\n"
"\n"
"Changes what the tap records from now on; a recording that is under way goes\n"
"on with it. What is not given is not filtered by, and what is intercepted stays\n"
"so without --intercept ('none' ends it). All of it takes effect at once, or\n"
"none.\n"
"\n"
"  -e CLASS,...     irq, exit, exception, nmi, inject, softirq, lapic,\n"
"                   swint, pv-trap, pv-upcall, evtchn, all\n"
"  -d DOMAIN,...    ids or names; 'idle' is Xen's idle time\n"
"  --vector LIST    like 0-31,0xf3,pf,timer\n"
CLI_INTERCEPT_HELP;

int cmd_filter(int argc, char **argv)
{
    enum { OPT_VECTOR = 256, OPT_INTERCEPT };
    static const struct option options[] = {
        { "event", required_argument, NULL, 'e' },
        { "domain", required_argument, NULL, 'd' },
        { "vector", required_argument, NULL, OPT_VECTOR },
        { "intercept", required_argument, NULL, OPT_INTERCEPT },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *classes = NULL, *domains = NULL, *vectors = NULL;
    const char *intercepts[IDTAP_MAX_INTERCEPTS];
    unsigned int nr_intercepts = 0;
    struct idtap_config config, now;
    struct idtap_host *host;
    int c, rc, status;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, ":he:d:", options)) != -1 )
        switch ( c )
        {
        case 'e': classes = optarg; break;
        case 'd': domains = optarg; break;
        case OPT_VECTOR: vectors = optarg; break;
        case OPT_INTERCEPT:
            if ( nr_intercepts == IDTAP_MAX_INTERCEPTS )
                return cli_usage(argv[0], "--intercept: too many");
            intercepts[nr_intercepts++] = optarg;
            break;
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
    if ( !status )
        status = cli_intercepts(argv[0], intercepts, nr_intercepts, &config);
    if ( status )
        goto out;
    rc = idtap_configuration(host, &now);
    if ( !rc && !nr_intercepts )
    {
        config.nr_intercepts = now.nr_intercepts;
        memcpy(config.intercepts, now.intercepts, sizeof(now.intercepts));
    }
    if ( rc || (rc = idtap_configure(host, &config)) )
    {
        cli_host_error(rc, rc == -ENOENT ? "no tap is attached" : "filter");
        status = CLI_FAILURE;
    }
 out:
    idtap_host_close(host);
    return cli_finish(status);
}
