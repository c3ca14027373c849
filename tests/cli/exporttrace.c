/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes the synthetic trace of tests/unit/export_trace.h for the tests of
 * `idtap export` with other programs.
 *
 * Usage: exporttrace DIR svm|vmx ROUNDS [lossy]
 */
#include <sys/stat.h>

#include "../unit/export_trace.h"

int main(int argc, char **argv)
{
    if ( argc < 4 || (strcmp(argv[2], "svm") && strcmp(argv[2], "vmx")) )
    {
        fputs("Usage: exporttrace DIR svm|vmx ROUNDS [lossy]\n", stderr);
        return 2;
    }

    if ( mkdir(argv[1], 0700) )
    {
        perror(argv[1]);
        return 1;
    }
    export_trace(argv[1], !strcmp(argv[2], "svm"),
                 (unsigned int)strtoul(argv[3], NULL, 10),
                 argc > 4 && !strcmp(argv[4], "lossy"));
    return 0;
}
