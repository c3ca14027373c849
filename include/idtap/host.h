/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * This host's Xen, and the tap in it: open, attach, detach, look, configure.
 *
 * Through Xen's stable libraries and hypercalls only, so that one build works
 * with every Xen that has live patching.
 *
 * Errors are -errno, or -IDTAP_REFUSE_* (include/idtap/profile.h) where the
 * tap itself refused.  A struct idtap_host may be used by one thread at a
 * time.
 */
#ifndef IDTAP_HOST_H
#define IDTAP_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/control.h>
#include <idtap/profile.h>

struct idtap_host;

/*
 * Opens the way to Xen.  -ENODEV: this is not a Xen domain, or not one that
 * may make hypercalls for others; -EACCES: not root; -EPERM: not a privileged
 * domain.  Close with idtap_host_close(), which accepts NULL.
 */
int idtap_host_open(struct idtap_host **host);
void idtap_host_close(struct idtap_host *host);

/* Of the running Xen; strings live as long as the host. */
const char *idtap_host_version(const struct idtap_host *host);
const uint8_t *idtap_host_build_id(const struct idtap_host *host);
const char *idtap_host_build_id_hex(const struct idtap_host *host);

struct idtap_attach_options {
    const char *payload;      /* file; NULL: the installed one */
    const char *profile;      /* file; NULL: found by build-id */
    const char *profile_dir;  /* NULL: the installed one */
    uint32_t packet_size;     /* bytes; 0: default */
    uint32_t nr_packets;      /* 0: default */
};

/*
 * What went wrong and where, beside the error code: the file and line at
 * fault, if a file was.  Filled in on errors only.
 */
struct idtap_attach_error {
    char file[4096];
    unsigned int line;
    char what[200];
};

/*
 * Puts the tap into Xen; it records nothing yet.  On error nothing is left
 * attached.  -EALREADY: a tap is there; -ENOENT: no payload file; -ENOMEDIUM:
 * no profile for this build; -EBADMSG: a profile or payload that makes no
 * sense; -ENOSYS: this Xen has no live patching, or no hypfs; -EBUSY: Xen
 * could not park its CPUs in time; -ENOMEM: not enough memory for the rings.
 */
int idtap_attach(struct idtap_host *host,
                 const struct idtap_attach_options *options,
                 struct idtap_attach_error *error);

/*
 * Takes the tap out, whatever state it is in.  -ENOENT: none is there;
 * -IDTAP_REFUSE_HELD: a process still maps its rings; -EBUSY: another live
 * patch lies on top of it, or Xen could not park its CPUs in time.
 */
int idtap_detach(struct idtap_host *host);

enum idtap_state {
    IDTAP_STATE_DETACHED,
    IDTAP_STATE_UPLOADED, /* in Xen, but not applied: an attach was killed */
    IDTAP_STATE_ATTACHED,
    IDTAP_STATE_FAILED,   /* applied, but it could not get its memory */
};

struct idtap_cpu_status {
    bool present;
    uint64_t records, discards, packets;
};

struct idtap_status {
    enum idtap_state state;
    char text[200];    /* the tap's own word on its state */
    char version[32];  /* the tap's */
    uint32_t hardware; /* IDTAP_HW_* (control.h) */
    uint64_t tsc_khz;
    struct idtap_config config;
    struct idtap_caused_table caused;
    struct idtap_rings rings;
    unsigned int nr_cpus;
    struct idtap_cpu_status cpu[IDTAP_MAX_CPUS];
    bool on_top;       /* no other live patch lies above it */
};

/* Fills in @status, which is large: not for a small stack. */
int idtap_status(struct idtap_host *host, struct idtap_status *status);

/*
 * Puts @config in force; `magic`, `version` and `size` are filled in here.
 * -EINVAL: the tap found it wrong, and goes on with the old one.
 */
int idtap_configure(struct idtap_host *host, const struct idtap_config *config);

/* What is in force now. */
int idtap_configuration(struct idtap_host *host, struct idtap_config *config);

/* @what: IDTAP_FLUSH or IDTAP_FLUSH_RESTART (include/idtap/control.h). */
int idtap_flush(struct idtap_host *host, uint32_t what);

/* The host's TSC and system time, read by the tap. */
int idtap_clock(struct idtap_host *host, struct idtap_clock *clock);

/*
 * Calls @fn for every domain that xenstore knows, with its name ("" if it has
 * none).  Stops and returns what @fn returned if that is not 0.
 */
int idtap_domains(int (*fn)(void *ctx, unsigned int domid, const char *name),
                  void *ctx);

/* Where the payload and the profiles are looked for: a directory. */
const char *idtap_libdir(void);

#endif /* IDTAP_HOST_H */
