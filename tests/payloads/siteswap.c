/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A live patch that does to one of the tap's sites what the tap would do: it
 * retargets the call to a function of its own, which goes on to the original.
 * SITE is the site's address, a call or jmp to raise_softirq(); it comes from
 * the profile, through the makefile.
 */
#include "note.h"

void raise_softirq(unsigned int nr);

static int32_t siteswap_old;

static void siteswap_hook(unsigned int nr)
{
    raise_softirq(nr);
}

static void siteswap_load(void)
{
    volatile int32_t *rel = (int32_t *)(SITE + 1);

    siteswap_old = *rel;
    *rel = (uintptr_t)siteswap_hook - (SITE + 5);
}

static void siteswap_unload(void)
{
    *(volatile int32_t *)(SITE + 1) = siteswap_old;
}

PAYLOAD_HOOK(load, siteswap_load);
PAYLOAD_HOOK(unload, siteswap_unload);
PAYLOAD_NOTES('s', 'i', 't', 'e', 's', 'w', 'a', 'p');
