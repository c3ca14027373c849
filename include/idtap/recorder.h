/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recording: drains an attached tap's rings into a trace directory.
 *
 * A packet goes from the ring to its file in one write(2).  When writing fails
 * (a full disk) the file is cut back to its last whole packet, so that the
 * trace stays readable, and recording ends.
 *
 * One recorder per tap; used by one thread.  Errors are -errno.
 */
#ifndef IDTAP_RECORDER_H
#define IDTAP_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/host.h>

struct idtap_recorder;

struct idtap_recorder_options {
    const char *dir;             /* made if it is not there; must be empty of
                                    traces; mode 0700 */
    struct idtap_config config;  /* what to record */
    uint64_t rotate_bytes;       /* begin a new part after so much; 0: never.
                                    Parts are DIR/000001, DIR/000002, ... */
    unsigned int keep_parts;     /* delete older ones; 0: keep all */
    const char *command;         /* for the metadata */
    /* Called for each packet that was written; NULL: not. */
    void (*packet)(void *ctx, unsigned int cpu, const void *packet,
                   size_t size);
    void *ctx;
};

struct idtap_recorder_stats {
    uint64_t packets;
    uint64_t bytes;     /* written, whole packets */
    uint64_t discarded; /* records lost, of all pCPUs */
    unsigned int parts;
    struct {
        uint64_t discarded;
        uint64_t first_discard_tsc; /* 0: none */
    } cpu[IDTAP_MAX_CPUS];
};

/*
 * Makes the directory @path if it is not there, mode 0700, and opens it into
 * *fd.  -EEXIST: there is something in it already.
 */
int idtap_trace_make_dir(const char *path, int *fd);

/*
 * Begins: makes the directory, forgets what lies unread in the rings, starts
 * the tap.  The host stays the caller's and must outlive the recorder.
 * -EEXIST: there is a trace already; -EPROTO: the tap speaks another version.
 */
int idtap_recorder_start(struct idtap_host *host,
                         const struct idtap_recorder_options *options,
                         struct idtap_recorder **recorder);

/*
 * Writes out what is complete.  Returns how full the fullest ring was, in
 * percent, for the caller to decide when to come again; or -errno, and then
 * the recording is to be stopped.
 */
int idtap_recorder_drain(struct idtap_recorder *recorder);

/* Clock, domain names, losses: into the stream "meta"; about once a second. */
int idtap_recorder_note(struct idtap_recorder *recorder);

/*
 * Closes all open packets and writes them out: every record older than *tsc is
 * then on the disk.  Each pCPU's packet costs its whole size there.
 */
int idtap_recorder_sync(struct idtap_recorder *recorder, uint64_t *tsc);

/* Marks this moment in the trace, because of @domain, or IDTAP_DOMID_NONE. */
int idtap_recorder_trigger(struct idtap_recorder *recorder, uint16_t domain,
                           const char *text);

/*
 * Stops the tap, drains the rest (unless @quickly), closes and frees.  @stats
 * is filled in even on errors; the first error is returned.
 */
int idtap_recorder_stop(struct idtap_recorder *recorder, bool quickly,
                        struct idtap_recorder_stats *stats);

#endif /* IDTAP_RECORDER_H */
