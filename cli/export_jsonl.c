/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The export format "jsonl": what `idtap script --json` prints, by the same
 * code.  It is here and not in the library because that code is.
 */
#include <errno.h>
#include <stdlib.h>

#include "export_jsonl.h"
#include "script.h"

static int begin(struct idtap_export *x)
{
    struct script *s = calloc(1, sizeof(*s));

    x->state = s;
    if ( !s )
        return -ENOMEM;
    s->r.vendor = x->vendor;
    s->info = x->info;
    s->out = x->out;
    return 0;
}

static int record(struct idtap_export *x, int cpu,
                  const struct idtap_record *r)
{
    script_json(x->state, cpu, r);
    return 0;
}

static int end(struct idtap_export *x)
{
    (void)x;
    return 0;
}

static void release(struct idtap_export *x)
{
    free(x->state);
}

static const struct idtap_export_ops ops = {
    .begin = begin,
    .record = record,
    .end = end,
    .release = release,
};

const struct idtap_export_format export_jsonl = {
    .name = "jsonl",
    .what = "a JSON object per line, as 'idtap script --json' prints",
    .kind = IDTAP_EXPORT_TEXT,
    .ops = &ops,
};
