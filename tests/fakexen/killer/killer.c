/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kills a process that uses the fake Xen, at a moment when it is neither in a
 * hypercall nor a pCPU, and says what the rings were like then:
 *
 *     fakexen-killer PID
 *
 * prints "killed" or "gone" (it had ended before), and if a tap is attached
 * "cpu N consumed PACKETS": taken out of the ring since counts began from 0.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../fakexen.h"

/* A zombie whose other threads are gone, or not even that. */
static bool dead(int pid)
{
    unsigned int threads = 0;
    char path[32], state = 'X';
    struct dirent *d;
    DIR *dir;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    dir = opendir(path);
    while ( dir && (d = readdir(dir)) )
        threads += d->d_name[0] != '.';
    if ( dir )
        closedir(dir);
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    f = fopen(path, "r");
    if ( f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1 )
        state = 'X';
    if ( f )
        fclose(f);
    return threads < 2 && (state == 'Z' || state == 'X');
}

int main(int argc, char **argv)
{
    int pid = argc == 2 ? atoi(argv[1]) : 0;
    struct timespec t = { .tv_nsec = 1000000 };
    struct world *w;
    unsigned int cpu;
    bool was_dead;

    if ( pid <= 0 )
    {
        fputs("Usage: fakexen-killer PID\n", stderr);
        return 2;
    }
    w = fake_lock();
    was_dead = dead(pid);
    if ( kill(pid, SIGKILL) && errno != ESRCH )
    {
        perror("kill");
        return 1;
    }
    while ( !dead(pid) )
        nanosleep(&t, NULL);
    puts(was_dead ? "gone" : "killed");
    for ( cpu = 0; w->applied && cpu < FAKE_CPUS; cpu++ )
        if ( w->ring[cpu].consumed )
            printf("cpu %u consumed %llu\n", cpu, (unsigned long long)
                   (w->ring[cpu].consumed->packets - w->ring[cpu].seq_base));
    fake_unlock(w);
    return 0;
}
