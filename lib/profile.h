/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Profiles as text, and payloads as ELF files to be stamped with one.  Neither
 * needs a Xen host; both get input that may be anything.
 */
#ifndef LIB_PROFILE_H
#define LIB_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include <idtap/profile.h>

struct profile_error {
    unsigned int line; /* 0: of the file as a whole */
    char what[200];
};

/*
 * Reads @text, @len bytes, into the profile and the sites of @params; the rest
 * of it is left alone.  Every field must be there, once.  0, or -EBADMSG with
 * @error filled in.
 */
int profile_parse(const char *text, size_t len, struct idtap_params *params,
                  struct profile_error *error);

/*
 * The build-id of a profile's text, without looking at the rest: 0, or
 * -EBADMSG if it has none.
 */
int profile_build_id(const char *text, size_t len,
                     uint8_t build_id[IDTAP_BUILD_ID_LEN]);

/*
 * Writes @params into the payload @elf of @len bytes, in place, and its
 * build-ids: what it stands on (the profile's), and its own (made of
 * attach_id); and resolves its symbols of IDTAP_OFFSETS.  0, or -EBADMSG with
 * the reason in @why[160] and nothing written.
 */
int payload_stamp(void *elf, size_t len, const struct idtap_params *params,
                  char why[160]);

#endif /* LIB_PROFILE_H */
