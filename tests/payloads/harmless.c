/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A live patch that does nothing, to lie below or above the tap in Xen's stack
 * of patches.
 */
#include "note.h"

static void harmless_nothing(void)
{
}

/* Xen takes tables of these; one entry each. */
PAYLOAD_HOOK(load, harmless_nothing);
PAYLOAD_HOOK(unload, harmless_nothing);
PAYLOAD_NOTES('h', 'a', 'r', 'm', 'l', 'e', 's', 's');
