/* SPDX-License-Identifier: GPL-2.0-only */
/* Which CPU, by its brand: emulators are known by it. */
#include "common.h"

/* Is it this brand, to the last letter? */
bool cpu_brand_is(const char *start)
{
    uint32_t r[3][4];

    for ( unsigned int i = 0; i < 3; i++ )
        asm volatile ( "cpuid" : "=a" (r[i][0]), "=b" (r[i][1]),
                                 "=c" (r[i][2]), "=d" (r[i][3])
                       : "a" (0x80000002 + i), "c" (0) );
    for ( unsigned int i = 0; i < sizeof(r); i++ )
    {
        char ch = ((const char *)r)[i];

        if ( ch != start[i] || !ch )
            return ch == start[i];
    }
    return false;
}
