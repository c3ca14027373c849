/* SPDX-License-Identifier: GPL-2.0-only */
/* `idtap status`: what the tap of this host is, does, and has counted. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <idtap/names.h>

#include "confine.h"
#include "host_words.h"
#include "json.h"
#include "options.h"
#include "status_intercepts.h"
#include "units.h"

static const char help[] =
"Usage: idtap status [--json]\n"
"\n"
"Says whether a tap is attached to this host's Xen, what it records, for whom,\n"
"and what each CPU has recorded and lost since the attach.\n";

static const char *const state_words[] = {
    [IDTAP_STATE_DETACHED] = "detached",
    [IDTAP_STATE_UPLOADED] = "uploaded",
    [IDTAP_STATE_ATTACHED] = "attached",
    [IDTAP_STATE_FAILED] = "failed",
};

static unsigned int vectors_set(const struct idtap_config *c)
{
    unsigned int i, n = 0;

    for ( i = 0; i < 4; i++ )
        n += __builtin_popcountll(c->vectors[i]);
    return n;
}

static void print_config(const struct idtap_config *c)
{
    unsigned int i;
    uint32_t class;

    printf("records    ");
    if ( !c->classes )
        printf("nothing");
    for ( class = 1, i = 0; class <= c->classes; class <<= 1 )
        if ( c->classes & class )
            printf("%s%s", i++ ? ", " : "", idtap_class_name(class));
    if ( c->classes && c->nr_domains )
    {
        printf("; of domains");
        for ( i = 0; i < c->nr_domains; i++ )
            printf("%s %u", i ? "," : "", c->domains[i]);
    }
    if ( c->classes && vectors_set(c) != 256 )
        printf("; %u of 256 vectors", vectors_set(c));
    printf("\n");
}

static const struct { uint32_t bit; const char *word, *text; } hardware[] = {
    { IDTAP_HW_SVM, "svm", "AMD SVM" },
    { IDTAP_HW_VMX, "vmx", "Intel VMX" },
    { IDTAP_HW_VIRTUAL_DELIVERY, "virtual_interrupt_delivery",
      "virtual interrupt delivery (the CPU delivers what a guest's local APIC "
      "accepts: recorded as queued)" },
    { IDTAP_HW_POSTED, "posted_interrupts",
      "posted interrupts (what devices post is not seen)" },
};

static void print_hardware(const struct idtap_status *s)
{
    unsigned int i, n = 0;

    printf("hardware  ");
    for ( i = 0; i < sizeof(hardware) / sizeof(hardware[0]); i++ )
        if ( s->hardware & hardware[i].bit )
            printf("%s %s", n++ ? "," : "", hardware[i].text);
    printf("%s\n", n ? "" : " no HVM guests: neither Intel VMX nor AMD SVM");
}

static void print_cpus(const struct idtap_status *s)
{
    char a[UNITS_LEN + 8], b[UNITS_LEN + 8], c[UNITS_LEN + 8];
    unsigned int i;

    printf("\n%5s %20s %16s %12s\n", "CPU", "records", "lost", "packets");
    for ( i = 0; i < s->nr_cpus; i++ )
        if ( s->cpu[i].present )
            printf("%5u %20s %16s %12s\n", i,
                   format_int(a, s->cpu[i].records),
                   format_int(b, s->cpu[i].discards),
                   format_int(c, s->cpu[i].packets));
}

static void print_text(struct idtap_host *host, const struct idtap_status *s)
{
    char what[READER_WHAT_LEN];
    pid_t reader = cli_reader(what);

    printf("Xen        %s, build-id %s\n", idtap_host_version(host),
           idtap_host_build_id_hex(host));
    printf("tap        %s", state_words[s->state]);
    switch ( s->state )
    {
    case IDTAP_STATE_UPLOADED:
        printf(": in Xen but not in effect; 'idtap detach' removes it");
        break;
    case IDTAP_STATE_FAILED:
        printf(": %s", s->text);
        break;
    case IDTAP_STATE_ATTACHED:
        printf(", version %s%s", s->version,
               s->on_top ? "" : "; another live patch lies on top of it and "
                                "must be reverted before it can be detached");
        break;
    default:
        break;
    }
    printf("\n");
    if ( s->state != IDTAP_STATE_ATTACHED )
        return;

    print_hardware(s);
    print_config(&s->config);
    status_intercepts_print(s);
    if ( reader )
        printf("reader     process %d (%s)%s\n", reader, what,
               confined(reader) ? ", confined: no capabilities, no other "
                                  "programs, no network" : "");
    else
        printf("reader     none%s\n", s->config.classes
               ? ": the recorder ended without stopping the tap; what does not "
                 "fit the rings is lost, and counted. 'idtap detach' removes "
                 "the tap, 'idtap record' takes it over" : "");
    printf("ring       %u packets of %u KiB per CPU\n", s->rings.nr_packets,
           s->rings.packet_size / 1024);
    print_cpus(s);
}

static void print_json(struct idtap_host *host, const struct idtap_status *s)
{
    char what[READER_WHAT_LEN];
    struct json j;
    unsigned int i;
    uint32_t class;

    json_init(&j, stdout, true);
    json_object(&j, NULL);
    json_string(&j, "xen_version", idtap_host_version(host));
    json_string(&j, "build_id", idtap_host_build_id_hex(host));
    json_string(&j, "state", state_words[s->state]);
    if ( s->state == IDTAP_STATE_ATTACHED )
    {
        json_string(&j, "version", s->version);
        json_bool(&j, "on_top", s->on_top);
        json_int(&j, "reader_pid", cli_reader(what));
        json_string(&j, "reader", what);
        json_bool(&j, "reader_confined", confined(cli_reader(what)));
        json_array(&j, "hardware");
        for ( i = 0; i < sizeof(hardware) / sizeof(hardware[0]); i++ )
            if ( s->hardware & hardware[i].bit )
                json_string(&j, NULL, hardware[i].word);
        json_end_array(&j);
        json_uint(&j, "packet_size", s->rings.packet_size);
        json_uint(&j, "packets_per_ring", s->rings.nr_packets);
        json_array(&j, "classes");
        for ( class = 1; class <= s->config.classes; class <<= 1 )
            if ( s->config.classes & class )
                json_string(&j, NULL, idtap_class_name(class));
        json_end_array(&j);
        json_array(&j, "domains");
        for ( i = 0; i < s->config.nr_domains; i++ )
            json_uint(&j, NULL, s->config.domains[i]);
        json_end_array(&j);
        status_intercepts_json(&j, s);
        json_array(&j, "cpus");
        for ( i = 0; i < s->nr_cpus; i++ )
        {
            if ( !s->cpu[i].present )
                continue;
            json_object(&j, NULL);
            json_uint(&j, "cpu", i);
            json_uint(&j, "records", s->cpu[i].records);
            json_uint(&j, "discards", s->cpu[i].discards);
            json_uint(&j, "packets", s->cpu[i].packets);
            json_end_object(&j);
        }
        json_end_array(&j);
    }
    json_end_object(&j);
    putchar('\n');
}

int cmd_status(int argc, char **argv)
{
    enum { OPT_JSON = 256 };
    static const struct option options[] = {
        { "json", no_argument, NULL, OPT_JSON },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct idtap_status *s;
    struct idtap_host *host;
    int json = 0, c, rc, status;

    opterr = 0;
    while ( (c = cli_getopt(argc, argv, ":h", options)) != -1 )
        switch ( c )
        {
        case OPT_JSON:
            json = 1;
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
    s = calloc(1, sizeof(*s));
    rc = s ? idtap_status(host, s) : -ENOMEM;
    if ( rc )
    {
        cli_host_error(rc, "status");
        status = CLI_FAILURE;
    }
    else if ( json )
        print_json(host, s);
    else
        print_text(host, s);
    free(s);
    idtap_host_close(host);
    return cli_finish(status);
}
