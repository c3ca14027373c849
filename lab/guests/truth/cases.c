/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of cases, in the order in which they run.  To add a case, add a
 * row to the table it belongs to; a new family is a new file with a table.
 *
 * A row with an "off" text is wrong in the emulator, or in Xen, that the text
 * is for, and right elsewhere.  There it is left out of cases=all; name it in
 * cases=, or say cases=every, to run it.
 */
#include "table.h"

const struct row *cases[MAX_CASES];
unsigned int nr_cases;

extern const struct table cases_simple, cases_segments, cases_fpu, cases_int;
extern const struct table cases_debug, cases_fault, cases_iret;
extern const struct table cases_shadow;
extern const struct table cases_async;

static const struct table *const tables[] = {
    &cases_simple, &cases_segments, &cases_fpu, &cases_int, &cases_debug,
    &cases_fault, &cases_iret, &cases_shadow, &cases_async,
};

void cases_collect(void)
{
    for ( unsigned int t = 0; t < sizeof(tables) / sizeof(tables[0]); t++ )
        for ( unsigned int i = 0; i < tables[t]->n; i++ )
        {
            if ( nr_cases == MAX_CASES )
                error("more than %u cases", MAX_CASES);
            cases[nr_cases++] = &tables[t]->rows[i];
        }
}
