/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An example of libidtap: which guest was injected which vector how often.
 *
 *     cc -o vectors vectors.c $(pkg-config --cflags --libs libidtap)
 *     ./vectors TRACE
 *
 * It shows what all readers do: open, take runs of records in the order of
 * time, look at what went wrong, close.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/names.h>
#include <idtap/trace.h>

#define NR_DOMAINS 0x10000
#define NR_VECTORS 256

/* The records of a run; those of one packet, in the order of time. */
static void count_run(const struct idtap_run *run, uint64_t *counts)
{
    const uint8_t *p;

    for ( p = run->begin; p < run->end; p = idtap_record_next(p) )
    {
        const struct idtap_record *r = idtap_record_at(p);

        /* What a VM exit interrupted is injected again: the same event. */
        if ( r->event == IDTAP_EV_INJECT && !(r->flags & IDTAP_F_REINJECT) )
            counts[r->domain * NR_VECTORS + r->vector]++;
    }
}

static void print(const uint64_t *counts, const struct idtap_trace_names *names)
{
    unsigned int domain, vector;

    for ( domain = 0; domain < NR_DOMAINS; domain++ )
        for ( vector = 0; vector < NR_VECTORS; vector++ )
        {
            uint64_t n = counts[domain * NR_VECTORS + vector];
            const char *name = idtap_trace_names_get(names, (uint16_t)domain);
            const char *what = idtap_exception_name(vector);

            if ( n )
                printf("d%u %s 0x%02x %s %llu\n", domain, name ? name : "-",
                       vector, what ? what : "-", (unsigned long long)n);
        }
}

int main(int argc, char **argv)
{
    uint64_t *counts = calloc((size_t)NR_DOMAINS * NR_VECTORS, sizeof(*counts));
    const struct idtap_error *wrong;
    struct idtap_trace_names *names = NULL;
    struct idtap_iter *iter = NULL;
    struct idtap_trace *trace;
    static struct idtap_error error;
    struct idtap_run run;
    unsigned int i, nr;
    uint64_t lost = 0;
    int rc;

    if ( argc != 2 )
    {
        fputs("Usage: vectors TRACE\n", stderr);
        return 2;
    }
    if ( idtap_trace_open(argv[1], &trace, &error) )
    {
        fprintf(stderr, "vectors: %s: %s\n", error.path, error.what);
        free(counts);
        return 1;
    }

    rc = counts ? idtap_trace_names_load(trace, &names) : -ENOMEM;
    if ( !rc )
        rc = idtap_iter_open(trace, NULL, &iter);
    while ( !rc && (rc = idtap_iter_next(iter, &run)) == 1 )
    {
        count_run(&run, counts);
        if ( run.packet_begins )
            lost += run.packet->discarded;
        rc = 0;
    }

    if ( rc )
        fprintf(stderr, "vectors: %s\n", strerror(-rc));
    else
    {
        print(counts, names);
        /* A stream that is broken ends there; the others have gone on. */
        wrong = idtap_iter_errors(iter, &nr);
        for ( i = 0; i < nr; i++, rc = 1 )
            fprintf(stderr, "vectors: %s: byte %llu: %s\n", wrong[i].path,
                    (unsigned long long)wrong[i].offset, wrong[i].what);
        if ( lost )
            fprintf(stderr, "vectors: %llu records were lost\n",
                    (unsigned long long)lost);
    }

    idtap_iter_close(iter);
    idtap_trace_names_free(names);
    idtap_trace_close(trace);
    free(counts);
    return !!rc;
}
