/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The beginning of the list of offsets in instructions (tap/offset.h):
 * linked first.
 */
#include "offset.h"

const struct tap_offset_place tap_places_begin[0]
    __attribute__((section(TAP_OFFSET_PLACES)));
