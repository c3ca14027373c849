/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timeline as JSON: a lane's series are strings (html_bytes.h), of blocks of
 * bins.  A block of one bin: gap * 2 + 1, value.  Of n: gap * 2, n * 2 + full,
 * and if they are not full, n values.  gap: bins between the end of the block
 * before and this one.  A state's times are in units of 1 / TIME_UNITS of a bin
 * (of ns, if bins are narrower); what rounding takes from a bin, the next one
 * gets.
 */
#include <errno.h>
#include <stdlib.h>

#include "html.h"
#include "html_bytes.h"

#define TIME_BITS  10u
#define TIME_UNITS (1u << TIME_BITS)

/* A series, and how many bits of its values are dropped. */
struct rounded {
    const struct idtap_series *s;
    unsigned int drop;
};

static struct rounded rounded_time(const struct idtap_series *s,
                                   unsigned int shift)
{
    return (struct rounded){ s, shift > TIME_BITS ? shift - TIME_BITS : 0 };
}

static void put_series(struct bytes *b, const void *from)
{
    const struct rounded *r = from;
    /* An empty series has no cells, and NULL + 0 is not defined. */
    const struct idtap_cell *c = r->s->cell;
    const struct idtap_cell *stop = r->s->nr ? c + r->s->nr : c;
    uint64_t carry = 0;
    uint32_t end = 0;

    while ( c < stop )
    {
        const struct idtap_cell *first = c;

        if ( c->run > 1 )
        {
            bytes_put(b, (uint64_t)(c->bin - end) * 2);
            bytes_put(b, (uint64_t)c->run * 2 + 1);
            end = c->bin + c->run;
            c++;
            continue;
        }

        while ( c + 1 < stop && c[1].bin == c->bin + 1 && c[1].run == 1 )
            c++;
        bytes_put(b, (uint64_t)(first->bin - end) * 2 + (c == first));
        if ( c != first )
            bytes_put(b, (uint64_t)(c + 1 - first) * 2);
        end = c->bin + 1;
        for ( c++; first < c; first++ )
        {
            carry += first->value;
            bytes_put(b, carry >> r->drop);
            carry &= (1ull << r->drop) - 1;
        }
    }
}

static size_t lanes_len(const struct idtap_lane **lanes, unsigned int nr,
                        unsigned int shift)
{
    size_t len = 0;
    unsigned int i, k;

    for ( i = 0; i < nr; i++ )
    {
        len += 100; /* of keys and names */
        for ( k = 0; k < IDTAP_TL_STATES + IDTAP_TL_CLASSES; k++ )
        {
            struct rounded r =
                k < IDTAP_TL_STATES
                ? rounded_time(&lanes[i]->time[k], shift)
                : (struct rounded){ &lanes[i]->events[k - IDTAP_TL_STATES],
                                    0 };

            len += bytes_json_len(put_series, &r) + 10;
        }
    }

    return len;
}

static int put_lane(struct json *j, const struct idtap_lane *l,
                    unsigned int shift)
{
    static const char *const states[IDTAP_TL_STATES] = {
        [IDTAP_TL_GUEST] = "guest", [IDTAP_TL_XEN] = "xen",
        [IDTAP_TL_IDLE] = "idle", [IDTAP_TL_OTHER] = "other",
        [IDTAP_TL_SOFTIRQ] = "softirq", [IDTAP_TL_IRQ] = "irq",
        [IDTAP_TL_NMI] = "nmi", [IDTAP_TL_LOST] = "lost",
    };
    unsigned int i;
    int rc = 0;

    json_object(j, NULL);
    if ( l->cpu >= 0 )
        json_int(j, "cpu", l->cpu);
    else
    {
        json_uint(j, "domain", l->domain);
        json_uint(j, "vcpu", l->vcpu);
    }

    json_object(j, "time");
    for ( i = 0; i < IDTAP_TL_STATES && !rc; i++ )
    {
        struct rounded r = rounded_time(&l->time[i], shift);

        if ( l->time[i].nr && states[i] )
            rc = bytes_json(j, states[i], put_series, &r);
    }
    json_end_object(j);

    json_object(j, "events");
    for ( i = 0; i < IDTAP_TL_CLASSES && !rc; i++ )
    {
        const char *name = idtap_class_name(1u << i);
        struct rounded r = { &l->events[i], 0 };
        char number[16];

        if ( !name )
        {
            snprintf(number, sizeof(number), "class %u", i);
            name = number;
        }
        if ( l->events[i].nr )
            rc = bytes_json(j, name, put_series, &r);
    }
    json_end_object(j);
    json_end_object(j);

    return rc;
}

int html_timeline(struct html *html, FILE *out, size_t budget)
{
    struct idtap_timeline *t = html->timeline;
    const struct idtap_trace_info *info =
        idtap_trace_info(html->report.r.trace);
    unsigned int i, nr;
    const struct idtap_lane **lanes = idtap_timeline_lanes(t, &nr);
    struct json j;
    int rc = !lanes && nr ? -ENOMEM : 0;

    while ( !rc && idtap_timeline_shift(t) < 50 &&
            lanes_len(lanes, nr, idtap_timeline_shift(t)) > budget )
        rc = idtap_timeline_coarsen(t);

    json_init(&j, out, false);
    json_object(&j, NULL);
    json_int(&j, "start_ns",
             idtap_tsc_to_realtime(info, idtap_timeline_first(t)) -
             (int64_t)info->start_realtime_ns);
    json_uint(&j, "span_ns", idtap_timeline_span(t));
    json_uint(&j, "shift", idtap_timeline_shift(t));
    json_uint(&j, "time_units", TIME_UNITS);
    json_bool(&j, "left_out", idtap_timeline_left_out(t));
    json_array(&j, "lanes");
    for ( i = 0; i < nr && !rc; i++ )
        rc = put_lane(&j, lanes[i], idtap_timeline_shift(t));
    json_end_array(&j);
    json_end_object(&j);

    free(lanes);
    return rc;
}
