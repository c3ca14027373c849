/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening several traces on a user's behalf, and speaking of their clocks. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "lists.h"
#include "many.h"
#include "units.h"

int many_add(struct many *m, const char *command, const char *dir)
{
    if ( m->nr == MANY_MAX )
        return cli_usage(command, "-i: at most %d traces", MANY_MAX);

    m->r[m->nr++].dir = dir;
    return CLI_OK;
}

/* A name that no trace knows is a mistake. */
static int resolve_any(void *ctx, const char *name)
{
    const struct many *m = ctx;
    unsigned int i;
    int found = -ENOENT;

    for ( i = 0; i < m->nr && found < 0; i++ )
        found = idtap_trace_names_find(m->r[i].names, name);
    return found;
}

static void find_labels(struct many *m)
{
    unsigned int i, k;

    for ( i = 0; i < m->nr; i++ )
    {
        const char *host = idtap_trace_info(m->r[i].trace)->hostname;
        bool same = false;
        char clean[80], dir[64];

        reader_clean(*host ? host : "?", clean, sizeof(clean));
        for ( k = 0; k < m->nr; k++ )
            same |= k != i &&
                    !strcmp(host, idtap_trace_info(m->r[k].trace)->hostname);
        if ( same )
            snprintf(m->label[i], MANY_LABEL_LEN, "%s:%s", clean,
                     reader_clean(m->r[i].dir, dir, sizeof(dir)));
        else
            snprintf(m->label[i], MANY_LABEL_LEN, "%s", clean);
        if ( (int)strlen(m->label[i]) > m->label_width )
            m->label_width = (int)strlen(m->label[i]);
    }
}

/* --time is one for all. */
static int set_windows(struct many *m, const struct reader *like)
{
    uint64_t from, to;
    char why[LIST_WHY_LEN];
    unsigned int i;

    if ( !like->window )
        return CLI_OK;
    if ( list_window(like->window, &from, &to, why) )
        return cli_usage(like->command, "--time: %s", why);

    for ( i = 0; i < m->nr; i++ )
    {
        struct reader *r = &m->r[i];
        int64_t end;

        if ( from )
            r->from = idtap_clock_map_tsc(m->clock[i],
                                          m->zero_ns + (int64_t)from);
        if ( to > INT64_MAX || __builtin_add_overflow(m->zero_ns, (int64_t)to,
                                                      &end) )
            end = INT64_MAX;
        idtap_iter_window(r->iter, r->from,
                          idtap_clock_map_tsc(m->clock[i], end));
    }
    return CLI_OK;
}

int many_open(struct many *m, const struct reader *like)
{
    char why[LIST_WHY_LEN];
    uint16_t ids[256];
    unsigned int i, nr;
    int status;

    for ( i = 0; i < m->nr; i++ )
    {
        struct reader *r = &m->r[i];
        const char *dir = r->dir;

        *r = *like;
        r->dir = dir;
        r->lenient = true;
        r->window = NULL; /* is since the first one's start: set_windows() */
        status = reader_open(r);
        if ( status )
            return status;
        if ( idtap_clock_map_load(r->trace, &m->clock[i]) )
        {
            cli_error("out of memory");
            return CLI_FAILURE;
        }
        m->start_ns[i] = idtap_clock_map_ns(
            m->clock[i], idtap_trace_info(r->trace)->start_tsc, NULL);
        if ( !i || m->start_ns[i] < m->zero_ns )
            m->zero_ns = m->start_ns[i];
    }

    status = set_windows(m, like);
    if ( status )
        return status;

    if ( like->domain_list && list_domains(like->domain_list, ids, 256, &nr,
                                           resolve_any, m, why) )
        return cli_usage(like->command, "-d: %s", why);
    find_labels(m);
    return CLI_OK;
}

void many_close(struct many *m)
{
    unsigned int i;

    for ( i = 0; i < m->nr; i++ )
    {
        idtap_clock_map_free(m->clock[i]);
        m->clock[i] = NULL;
        reader_close(&m->r[i]);
    }
}

void many_say_clocks(const struct many *m)
{
    char after[UNITS_LEN], buf[UNITS_LEN];
    unsigned int i;

    fflush(stdout);
    fputs("idtap: traces are aligned by their hosts' CLOCK_REALTIME; how far the "
          "hosts' clocks\nagree is not known to idtap, and is not in these "
          "numbers:\n", stderr);
    for ( i = 0; i < m->nr; i++ )
    {
        struct idtap_clock_quality q = idtap_clock_map_quality(m->clock[i]);

        fprintf(stderr, "  %-*s +%s, ", m->label_width, m->label[i],
                format_ns(after, (uint64_t)(m->start_ns[i] - m->zero_ns)));
        if ( q.uncertainty_ns == UINT64_MAX )
            fputs("with an unknown uncertainty", stderr);
        else
            fprintf(stderr, "+-%s", format_ns(buf, q.uncertainty_ns));
        fprintf(stderr, " (%u readings)\n", q.syncs);
        if ( q.steps )
            cli_warn("%s: the clock was set while recording (%u times, the last "
                     "time by %s%s): what was before is counted back from there",
                     m->label[i], q.steps, q.step_ns < 0 ? "-" : "",
                     format_ns(buf, q.step_ns < 0 ? 0 - (uint64_t)q.step_ns
                                                  : (uint64_t)q.step_ns));
    }
}

void many_json_clocks(const struct many *m, struct json *j, const char *key)
{
    unsigned int i;

    json_array(j, key);
    for ( i = 0; i < m->nr; i++ )
    {
        struct idtap_clock_quality q = idtap_clock_map_quality(m->clock[i]);

        json_object(j, NULL);
        json_string(j, "host", m->label[i]);
        json_string(j, "trace", m->r[i].dir);
        json_int(j, "start_realtime_ns", m->start_ns[i]);
        json_int(j, "offset_ns", m->start_ns[i] - m->zero_ns);
        if ( q.uncertainty_ns == UINT64_MAX )
            json_null(j, "uncertainty_ns");
        else
            json_uint(j, "uncertainty_ns", q.uncertainty_ns);
        json_uint(j, "readings", q.syncs);
        json_uint(j, "steps", q.steps);
        json_int(j, "last_step_ns", q.step_ns);
        json_int(j, "drift_ppb", q.drift_ppb);
        json_end_object(j);
    }
    json_end_array(j);
}

bool many_any_loss(const struct idtap_stats *stats)
{
    unsigned int i;

    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
    {
        struct idtap_cpu_stats c = idtap_stats_cpu(stats, i);

        if ( c.discarded || c.lost_packets )
            return true;
    }
    return false;
}
