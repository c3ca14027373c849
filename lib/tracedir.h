/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace directory that is being written: metadata, the stream "meta", one
 * file per pCPU.  Shared by what records all the time and what saves a ring
 * once.  Functions return 0 or -errno; rules as in include/idtap/recorder.h.
 */
#ifndef LIB_TRACEDIR_H
#define LIB_TRACEDIR_H

#include <idtap/host.h>
#include <idtap/metadata.h>
#include <idtap/metastream.h>
#include <idtap/packet.h>

struct tracedir {
    struct idtap_host *host;
    struct idtap_trace_info info;
    struct idtap_metastream *meta; /* NULL: not open */
    int dir;                       /* -1: not open */
    int fd[IDTAP_MAX_CPUS];        /* -1: no packet yet */
    uint64_t size[IDTAP_MAX_CPUS]; /* bytes of whole packets in fd */
    /* Names written into this directory, so that each goes in once. */
    char (*known)[IDTAP_NAME_LEN]; /* by domain id */
};

/* Prepares @t, and fills in what the metadata will say: it begins now. */
int tracedir_init(struct tracedir *t, struct idtap_host *host,
                  const char *command);
void tracedir_free(struct tracedir *t);

/* Begins in @dirfd, which becomes @t's; "meta" must get a record at once. */
int tracedir_open(struct tracedir *t, int dirfd);
/* Ends; the first error of closing. */
int tracedir_close(struct tracedir *t);

/* A clock record, of *tsc; the names that are new since the last time. */
int tracedir_note_clock(struct tracedir *t, uint64_t *tsc);
void tracedir_note_domains(struct tracedir *t, uint64_t tsc);

/*
 * The packet of @size bytes, or nothing of it.  @header: what to write instead
 * of its own; NULL: its own.
 */
int tracedir_write(struct tracedir *t, unsigned int cpu,
                   const struct idtap_packet_header *header,
                   const void *packet, size_t size);

#endif /* LIB_TRACEDIR_H */
