/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file `metadata` of a trace directory: CTF 1.8 TSDL text that tells any
 * CTF reader how the packets are laid out, and this library where, when and
 * with what the trace was taken.
 */
#ifndef IDTAP_METADATA_H
#define IDTAP_METADATA_H

#include <stddef.h>
#include <stdint.h>

/*
 * All strings end in NUL.  Whoever fills it in owns it; it holds no pointers
 * and can be copied.
 */
struct idtap_trace_info {
    uint8_t uuid[16];
    uint64_t tsc_khz;           /* 1 to IDTAP_TSC_KHZ_MAX */
    uint64_t start_tsc;         /* TSC and */
    uint64_t start_realtime_ns; /* CLOCK_REALTIME, read together */
    char xen_version[64];       /* "4.17.5+72-g01140da4e8" */
    char xen_build_id[65];      /* hex */
    char cpu_vendor[16];        /* "AMD" or "Intel": exit reasons' names */
    char cpu_model[64];
    char hostname[65];
    char idtap_version[32];
    char command[1024];         /* the recorder's command line */
};

#define IDTAP_TSC_KHZ_MAX 100000000u /* 100 GHz: above is nonsense */

#define IDTAP_METADATA_FILE "metadata"

/*
 * Writes the metadata of `info` into the directory `dirfd`, as a new file of
 * mode 0600.  Returns 0, -EEXIST if there is one already, -EINVAL if tsc_khz is
 * out of range, or another -errno; the file is not left behind on errors.  Any
 * thread.
 */
int idtap_metadata_write(int dirfd, const struct idtap_trace_info *info);

/*
 * Reads back what idtap_metadata_write() wrote, from `text` of `len` bytes (no
 * NUL needed).  Other writers' metadata is refused.  Returns 0 or -EBADMSG, and
 * then the byte where it went wrong in *offset and the reason, a string that
 * lives for ever, in *what.  Any thread.
 */
int idtap_metadata_parse(const char *text, size_t len,
                         struct idtap_trace_info *info, size_t *offset,
                         const char **what);

/* `delta` TSC ticks in nanoseconds, rounded down; saturates. */
static inline uint64_t idtap_tsc_to_ns(uint64_t delta, uint64_t tsc_khz)
{
    unsigned __int128 ns;

    if ( delta <= UINT64_MAX / 1000000 )
        return delta * 1000000 / tsc_khz;

    ns = (unsigned __int128)delta * 1000000 / tsc_khz;
    return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

/* CLOCK_REALTIME, in ns, of the moment `tsc`, as the trace's clock says. */
static inline int64_t idtap_tsc_to_realtime(const struct idtap_trace_info *i,
                                            uint64_t tsc)
{
    uint64_t start = i->start_realtime_ns;

    if ( tsc >= i->start_tsc )
        return (int64_t)(start + idtap_tsc_to_ns(tsc - i->start_tsc,
                                                 i->tsc_khz));
    return (int64_t)(start - idtap_tsc_to_ns(i->start_tsc - tsc, i->tsc_khz));
}

#endif /* IDTAP_METADATA_H */
