/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer without a fuzzer: runs its function over files, for builds by any
 * compiler, as tools/coverage needs.
 *
 * Usage: NAME FILE...
 */
#include "fuzz.h"

int main(int argc, char **argv)
{
    static uint8_t data[1 << 20];
    size_t len;
    FILE *f;
    int i;

    for ( i = 1; i < argc; i++ )
    {
        f = fopen(argv[i], "r");
        if ( !f )
        {
            perror(argv[i]);
            return 1;
        }
        len = fread(data, 1, sizeof(data), f);
        fclose(f);
        LLVMFuzzerTestOneInput(data, len);
    }
    return 0;
}
