/* SPDX-License-Identifier: GPL-2.0-only */
/* `idtap script` of several traces: their records in one order of time. */
#include <stdlib.h>
#include <string.h>

#include <idtap/merge.h>

#include "cli.h"
#include "script.h"

/* Prints what was read; -1 for want of memory, 1 if nobody reads on. */
static int run(struct idtap_merge *merge, struct script *scripts,
               struct idtap_stats **stats)
{
    struct idtap_run run;
    const uint8_t *p;
    unsigned int i;
    int rc;

    while ( (rc = idtap_merge_next(merge, &i, &run)) > 0 )
    {
        if ( idtap_stats_run(stats[i], &run) )
            return -1;
        for ( p = run.begin; p < run.end; p = idtap_record_next(p) )
            script_record(&scripts[i], run.cpu, idtap_record_at(p));
        if ( ferror(stdout) )
            return 1;
    }

    return rc;
}

/* What was wrong with each trace; an exit status. */
static int say_losses(const struct many *m, struct idtap_stats **stats)
{
    unsigned int i;
    int status = CLI_OK;

    for ( i = 0; i < m->nr; i++ )
    {
        if ( many_any_loss(stats[i]) )
        {
            cli_warn("%s:", m->label[i]);
            reader_losses(stats[i]);
        }
        if ( reader_errors(&m->r[i]) )
            status = CLI_FAILURE;
    }
    return status;
}

int script_many(const struct script *model, struct many *m)
{
    static const struct idtap_select none;
    struct idtap_merge_input inputs[MANY_MAX];
    struct idtap_stats *stats[MANY_MAX] = { NULL };
    struct script *scripts = calloc(m->nr, sizeof(*scripts));
    struct idtap_merge *merge = NULL;
    int rc = scripts ? 0 : -1, status = CLI_OK;
    unsigned int i;

    for ( i = 0; i < m->nr && !rc; i++ )
    {
        scripts[i] = *model;
        scripts[i].r = m->r[i];
        scripts[i].info = idtap_trace_info(m->r[i].trace);
        scripts[i].clock = m->clock[i];
        scripts[i].zero_ns = m->zero_ns;
        scripts[i].host = m->label[i];
        scripts[i].host_width = m->label_width;
        inputs[i] = (struct idtap_merge_input){ m->r[i].iter, m->clock[i] };
        stats[i] = idtap_stats_create(&none);
        if ( !stats[i] )
            rc = -1;
    }
    if ( !rc && idtap_merge_open(inputs, m->nr, &merge) )
        rc = -1;

    if ( !rc )
        rc = run(merge, scripts, stats);
    if ( rc < 0 )
    {
        cli_error("out of memory");
        status = CLI_FAILURE;
    }
    else if ( !rc )
    {
        many_say_clocks(m);
        status = say_losses(m, stats);
    }

    idtap_merge_close(merge);
    for ( i = 0; i < m->nr; i++ )
        idtap_stats_destroy(stats[i]);
    free(scripts);
    return status;
}
