/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A Xen that is none: what libxencall, libxenforeignmemory and libxenstore
 * would answer, so that all of idtap that runs in dom0 can be tested on any
 * machine.  build/idtap-fake is linked with it in place of these libraries.
 *
 * Its state is a file, $FAKEXEN/world, which every idtap maps at the same place:
 * what one attaches, another one finds.  The rings are the tap's own, ring.c and
 * filter.c; a thread of whoever has the rings mapped is the pCPUs, and counts
 * what it records.
 *
 *   $FAKEXEN/build-id   of this Xen, in hex
 *   $FAKEXEN/domains    "ID NAME [REASON]", a line each; with a reason (Xen's
 *                       SHUTDOWN_*) it has shut down
 *   $FAKEXEN_FAIL       NAME=ERRNO,...: these operations fail
 *   $FAKEXEN_OTHER      there is another live patch, on top
 *   $FAKEXEN_STATE      of the tap, instead of "ready"
 *   $FAKEXEN_DIE        N: killed just before its write number N; +N: after it
 *
 * Whoever is killed shall not take a pCPU or a hypercall along, as nobody can
 * in a real Xen: killer/ kills under the world's lock.
 *
 * What it is not: it has no text to patch and no guests, and so says nothing
 * about whether the tap works in a Xen.  The lab does.
 */
#ifndef TESTS_FAKEXEN_H
#define TESTS_FAKEXEN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <idtap/control.h>
#include <idtap/profile.h>

#include "../../tap/filter.h"
#include "../../tap/ring.h"

#define FAKE_CPUS      3u  /* of which number 1 is offline, without a ring */
#define FAKE_CPU_GONE  1u
#define FAKE_PAGE      4096u
#define FAKE_FRAMES    (64u << 8) /* 64 MiB: pages that mfns count */

struct world {
    bool made;                 /* written last, by who makes it */
    pthread_mutex_t lock;      /* of everything below */
    uint8_t build_id[IDTAP_BUILD_ID_LEN];
    uint32_t tsc_khz;
    bool uploaded, applied;    /* our payload */
    int32_t action_rc;         /* of the last apply or revert */
    struct idtap_params params; /* what the payload was stamped with */
    struct idtap_config config;
    struct tap_filter filter;
    struct idtap_rings rings;
    uint32_t flushes;
    uint64_t frames;           /* handed out */
    uint64_t turns;            /* of the pCPUs */
    struct tap_ring ring[FAKE_CPUS];
};

/* The world, locked; exits if there is none to be had. */
struct world *fake_lock(void);
void fake_unlock(struct world *w);

/* The file of frames; the first ones are the world itself. */
int fake_file(void);

/* A path below $FAKEXEN, in a static buffer. */
const char *fake_path(const char *name);

/*
 * Who maps the rings holds a shared lock on a file: one who is killed lets go of
 * it.  A descriptor to close; is there anybody?
 */
int fake_mapper(void);
bool fake_mapped(void);

/* If $FAKEXEN_FAIL says so: sets errno, and true. */
bool fake_fails(const char *name);

/* With the lock: rings of the size that the payload asks for; none. */
int fake_rings_make(struct world *w);
/* A turn of all pCPUs, with the lock. */
void fake_cpus_run(struct world *w);
/* The number that `idtap` is told as its hardware. */
uint32_t fake_hardware(void);

/* What a write to these nodes does; 0 or -errno. */
int fake_config_write(struct world *w, const void *data, uint64_t size);
int fake_flush(struct world *w, uint32_t what);

/* Domains: calls @fn for each until it says false. */
struct fake_domain {
    unsigned int id;
    char name[80];
    int reason; /* -1: it runs */
};
void fake_domains(bool (*fn)(void *ctx, const struct fake_domain *d),
                  void *ctx);

#endif /* TESTS_FAKEXEN_H */
