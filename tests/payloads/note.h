/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Xen wants to know of every live-patch payload: its own build-id, and
 * that of the hypervisor.  XEN_BUILD_ID comes from the makefile.
 */
#ifndef PAYLOAD_NOTE_H
#define PAYLOAD_NOTE_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

struct build_id_note {
    uint32_t namesz, descsz, type;
    char name[4];
    uint8_t desc[20];
};

#define NOTE(var, sec, ...) \
    static const struct build_id_note payload_##var \
        __attribute__((used, aligned(4), section(sec))) = { \
        4, 20, 3 /* NT_GNU_BUILD_ID */, "GNU", { __VA_ARGS__ } \
    }
/* The arguments are the payload's own build-id, byte by byte. */
#define PAYLOAD_NOTES(...) \
    NOTE(self, ".note.gnu.build-id", __VA_ARGS__); \
    NOTE(depends, ".livepatch.depends", XEN_BUILD_ID); \
    NOTE(xen_depends, ".livepatch.xen_depends", XEN_BUILD_ID)

#define PAYLOAD_HOOK(when, fn) \
    static const void *const payload_##when \
        __attribute__((used, section(".livepatch.hooks." #when))) = fn

#endif /* PAYLOAD_NOTE_H */
