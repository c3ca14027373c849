/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening a trace on a user's behalf, and speaking about its state. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "lists.h"
#include "reader.h"

/* Reserved by Xen as an invalid id (DOMID_INVALID): no record has it. */
#define DOMID_OF_NONE 0x7ff4

static int resolve(void *ctx, const char *name)
{
    const struct reader *r = ctx;
    int id = idtap_trace_names_find(r->names, name);

    return id == -ENOENT && r->lenient ? DOMID_OF_NONE : id;
}

/* The lists that need no trace. */
static int parse_lists(struct reader *r)
{
    char why[LIST_WHY_LEN];
    uint64_t from, to;

    idtap_select_init(&r->select);

    if ( r->class_list && list_classes(r->class_list, &r->select.classes,
                                       why) )
        return cli_usage(r->command, "-e: %s", why);
    if ( r->vector_list && list_vectors(r->vector_list, r->select.vectors,
                                        why) )
        return cli_usage(r->command, "--vector: %s", why);
    if ( r->cpu_list && list_cpus(r->cpu_list, r->select.cpus, why) )
        return cli_usage(r->command, "--cpu: %s", why);
    if ( r->window && list_window(r->window, &from, &to, why) )
        return cli_usage(r->command, "--time: %s", why);

    return CLI_OK;
}

static int parse_domains(struct reader *r)
{
    uint16_t ids[256];
    char why[LIST_WHY_LEN];
    unsigned int i, nr;

    if ( list_domains(r->domain_list, ids, 256, &nr, resolve, r, why) )
        return cli_usage(r->command, "-d: %s", why);

    for ( i = 0; i < nr; i++ )
        idtap_select_domain(&r->select, ids[i]);
    return CLI_OK;
}

/* The first TSC that is shown as `ns` or later; saturates. */
static uint64_t tsc_at(const struct reader *r, uint64_t ns)
{
    const struct idtap_trace_info *info = idtap_trace_info(r->trace);
    unsigned __int128 ticks = ((unsigned __int128)ns * info->tsc_khz +
                               999999) / 1000000 + info->start_tsc;

    return ticks > UINT64_MAX ? UINT64_MAX : (uint64_t)ticks;
}

/* The window was seen to be a good one before. */
static void set_window(struct reader *r)
{
    uint64_t from, to;
    char why[LIST_WHY_LEN];

    if ( !r->window || list_window(r->window, &from, &to, why) )
        return;
    if ( from )
        r->from = tsc_at(r, from);
    idtap_iter_window(r->iter, r->from,
                      to == UINT64_MAX ? to : tsc_at(r, to));
}

static int out_of_memory(void)
{
    cli_error("out of memory");
    return CLI_FAILURE;
}

int reader_open(struct reader *r)
{
    static struct idtap_error err;
    int status = parse_lists(r);
    bool by_default = false;

    if ( status )
        return status;
    if ( !r->dir )
    {
        r->dir = DEFAULT_TRACE_DIR;
        by_default = true;
    }
    r->chosen = r->class_list || r->vector_list || r->cpu_list ||
                r->domain_list;

    if ( idtap_trace_open(r->dir, &r->trace, &err) )
    {
        cli_trace_error(&err, NULL);
        if ( by_default && err.code == -ENOENT )
            fputs("Name a trace with -i, or record one: idtap record\n",
                  stderr);
        return CLI_FAILURE;
    }
    r->vendor = idtap_vendor_of(idtap_trace_info(r->trace)->cpu_vendor);

    if ( idtap_trace_names_load(r->trace, &r->names) )
        return out_of_memory();
    if ( r->domain_list )
    {
        status = parse_domains(r);
        if ( status )
            return status;
    }

    if ( idtap_iter_open(r->trace, r->all_streams ? NULL : r->select.cpus,
                         &r->iter) )
        return out_of_memory();
    set_window(r);
    return CLI_OK;
}

void reader_close(struct reader *r)
{
    idtap_iter_close(r->iter);
    idtap_trace_names_free(r->names);
    idtap_trace_close(r->trace);
    r->iter = NULL;
    r->names = NULL;
    r->trace = NULL;
}

int reader_errors(const struct reader *r)
{
    unsigned int i, nr;
    const struct idtap_error *e = idtap_iter_errors(r->iter, &nr);

    /* The hint is the same for all: once is enough. */
    for ( i = 0; i < nr; i++ )
        cli_trace_error(&e[i], i + 1 == nr ? r->dir : NULL);

    return nr ? CLI_FAILURE : CLI_OK;
}

bool reader_losses(const struct idtap_stats *stats)
{
    bool any = false;
    unsigned int i;

    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        struct idtap_cpu_stats c = idtap_stats_cpu(stats, i);

        if ( c.discarded )
            cli_warn("CPU %u: %llu records were lost: the ring was full", i,
                     (unsigned long long)c.discarded);
        if ( c.lost_packets )
            cli_warn("CPU %u: %llu packets are missing, with an unknown number "
                     "of records", i, (unsigned long long)c.lost_packets);
        any = any || c.discarded || c.lost_packets;
    }

    return any;
}

char *reader_clean(const char *s, char *buf, size_t len)
{
    size_t i;

    for ( i = 0; s[i] && i + 1 < len; i++ )
        buf[i] = (unsigned char)s[i] < ' ' || s[i] == 0x7f ? '?' : s[i];
    buf[i] = '\0';
    return buf;
}

char *reader_domain(const struct reader *r, uint16_t domain,
                    char buf[READER_NAME_LEN])
{
    const char *name = idtap_trace_names_get(r->names, domain);
    char clean[IDTAP_NAME_LEN];

    char *p = buf;
    size_t len = READER_NAME_LEN;

    if ( r->host )
    {
        snprintf(buf, len, "%.60s: ", r->host);
        p += strlen(buf);
        len -= strlen(buf);
    }

    if ( domain == IDTAP_DOMID_IDLE )
        snprintf(p, len, "Xen (idle)");
    else if ( domain == IDTAP_DOMID_NONE )
        snprintf(p, len, "no domain");
    else if ( name && *name )
        snprintf(p, len, "d%u (%s)", domain,
                 reader_clean(name, clean, sizeof(clean)));
    else
        snprintf(p, len, "d%u", domain);
    return buf;
}
