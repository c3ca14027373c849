/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a command and says how far the TSC went meanwhile.  In a dom0 whose TSC
 * counts instructions that is a number of them, idle time included.
 *
 * Usage: stopwatch FILE COMMAND...   the number goes to FILE
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t clock_now(void)
{
    uint32_t lo, hi;

    asm volatile ( "rdtsc" : "=a" (lo), "=d" (hi) :: "memory" );
    return (uint64_t)hi << 32 | lo;
}

int main(int argc, char **argv)
{
    uint64_t begin = clock_now();
    int status;
    pid_t pid;
    FILE *f;

    if ( argc < 3 )
        return 2;
    pid = fork();
    if ( !pid )
    {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if ( pid < 0 || waitpid(pid, &status, 0) < 0 )
        return 1;
    begin = clock_now() - begin;
    f = fopen(argv[1], "w");
    if ( !f || fprintf(f, "%llu\n", (unsigned long long)begin) < 0 ||
         fclose(f) )
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
