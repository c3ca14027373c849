/* SPDX-License-Identifier: GPL-2.0-only */
/* `idtap attach`: puts the tap into the running Xen. */
#include <stdio.h>

#include "host_words.h"
#include "options.h"

static const char help[] =
"Usage: idtap attach [OPTION]...\n"
"\n"
"Puts the tap into the running Xen, through its live-patch interface. It\n"
"records nothing until 'idtap record' asks it to. Needs root in dom0.\n"
"\n"
"  --ring SIZE      memory for records, per CPU (default 2M)\n"
"  --packet SIZE    of which a packet is so much (default 64K)\n"
"  --profile FILE   what to know of this Xen build, instead of the installed\n"
"                   profile with its build-id\n"
"  --payload FILE   the tap, instead of the installed one\n"
"\n"
"Sizes are powers of two. The tap checks every call site and every number of\n"
"the profile on the running system before it changes anything.\n";

int cmd_attach(int argc, char **argv)
{
    enum { OPT_RING = 256, OPT_PACKET, OPT_PROFILE, OPT_PAYLOAD };
    static const struct option options[] = {
        { "ring", required_argument, NULL, OPT_RING },
        { "packet", required_argument, NULL, OPT_PACKET },
        { "profile", required_argument, NULL, OPT_PROFILE },
        { "payload", required_argument, NULL, OPT_PAYLOAD },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct idtap_attach_options opt = { .packet_size = 0 };
    const char *ring = NULL, *packet = NULL;
    struct idtap_host *host;
    int c, status;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, ":h", options)) != -1 )
        switch ( c )
        {
        case OPT_RING: ring = optarg; break;
        case OPT_PACKET: packet = optarg; break;
        case OPT_PROFILE: opt.profile = optarg; break;
        case OPT_PAYLOAD: opt.payload = optarg; break;
        case 'h':
            fputs(help, stdout);
            return cli_finish(CLI_OK);
        default:
            return cli_bad_option(c, argv);
        }
    if ( optind < argc )
        return cli_usage(argv[0], "unexpected argument '%s'", argv[optind]);
    status = cli_ring_geometry(argv[0], ring, packet, &opt);
    if ( status )
        return status;

    status = cli_open_host(&host);
    if ( status )
        return status;
    status = cli_attach(host, &opt);
    if ( !status )
        printf("attached to Xen %s\n", idtap_host_version(host));
    idtap_host_close(host);
    return cli_finish(status);
}
