/* SPDX-License-Identifier: GPL-2.0-only */
/* The scratch directory. */
#include <ftw.h>
#include <unistd.h>

#include "fuzz.h"
#include "scratch.h"

static char dir[96];

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    remove(path);
    return 0;
}

static void remove_all(void)
{
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_dir(void)
{
    if ( *dir )
        return dir;
    snprintf(dir, sizeof(dir), "%s/idtap-fuzz-XXXXXX",
             getenv("FUZZ_SCRATCH") ? getenv("FUZZ_SCRATCH") : "/tmp");
    FUZZ_CHECK(mkdtemp(dir));
    atexit(remove_all);
    return dir;
}

void scratch_remove(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", scratch_dir(), name);
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
