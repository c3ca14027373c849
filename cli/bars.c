/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histograms on a terminal: a bar per power of two of nanoseconds.  What is
 * counted are ticks in buckets of 3.2 % width; a bucket belongs to the bar that
 * its largest value lies in.
 */
#include <stdio.h>
#include <string.h>

#include <idtap/metadata.h>

#include "sheet.h"
#include "units.h"

#define BAR_WIDTH 40
#define NR_BARS   65 /* below 1 ns, below 2 ns, below 4 ns, ... */

static void fill(const struct sheet_look *look, const struct idtap_hist *h,
                 uint64_t bars[NR_BARS])
{
    unsigned int row, column;

    memset(bars, 0, NR_BARS * sizeof(*bars));
    for ( row = 0; row < IDTAP_HIST_ROWS; row++ )
        for ( column = 0; h->row[row] && column < IDTAP_HIST_SUB; column++ )
        {
            uint64_t end = idtap_hist_bucket_end(row, column), ns;

            if ( end > h->max )
                end = h->max;
            ns = idtap_tsc_to_ns(end, look->khz);
            bars[ns ? 64 - __builtin_clzll(ns) : 0] += h->row[row][column];
        }
}

static void range(const uint64_t bars[NR_BARS], unsigned int *first,
                  unsigned int *last)
{
    for ( *first = 0; !bars[*first]; )
        ++*first;
    for ( *last = NR_BARS - 1; !bars[*last]; )
        --*last;
}

/* In eighths of a character where the terminal can, as long as the share. */
static void put_bar(bool utf8, uint64_t n, uint64_t most)
{
    static const char *const eighths[] = {
        "", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a",
        "\u2589", "\u2588",
    };
    unsigned int steps = utf8 ? 8 : 1, i, len;

    len = (unsigned int)((double)n / (double)most * BAR_WIDTH * steps + 0.5);
    if ( n && !len )
        len = 1; /* what is there is seen */
    for ( i = 0; i < len / steps; i++ )
        fputs(utf8 ? eighths[8] : "@", stdout);
    if ( utf8 )
        fputs(eighths[len % 8], stdout);
    for ( i = (len + steps - 1) / steps; i < BAR_WIDTH; i++ )
        putchar(' ');
}

/* 2^n ns; three digits say all of what was counted in 3.2 % steps. */
static void put_bound(unsigned int n)
{
    char buf[UNITS_LEN];

    printf("%8s", n > 63 ? "" : format_ns(buf, 1ull << n));
}

void bars_text(const struct sheet_look *look, const char *title,
               const struct idtap_hist *h)
{
    uint64_t bars[NR_BARS], most = 0;
    unsigned int first, last, i;
    char count[UNITS_LEN + 8];

    fill(look, h, bars);
    range(bars, &first, &last);
    for ( i = first; i <= last; i++ )
        if ( bars[i] > most )
            most = bars[i];

    printf("\n  %s: %s\n", title, format_int(count, h->count));
    for ( i = first; i <= last; i++ )
    {
        fputs("  ", stdout);
        if ( i )
            put_bound(i - 1);
        else
            printf("%8s", "0 ns");
        fputs(" .. ", stdout);
        put_bound(i);
        printf(" %11s %5.1f%% |", format_int(count, bars[i]),
               100. * (double)bars[i] / (double)h->count);
        put_bar(look->utf8, bars[i], most);
        fputs("|\n", stdout);
    }
}

void bars_json(const struct sheet_look *look, const struct idtap_hist *h)
{
    uint64_t bars[NR_BARS];
    unsigned int first, last, i;

    fill(look, h, bars);
    range(bars, &first, &last);
    json_array(look->json, "bars");
    for ( i = first; i <= last; i++ )
    {
        json_array(look->json, NULL);
        json_uint(look->json, NULL, i > 63 ? UINT64_MAX : 1ull << i);
        json_uint(look->json, NULL, bars[i]);
        json_end_array(look->json);
    }
    json_end_array(look->json);
}
