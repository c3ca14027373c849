/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting the tap in and taking it out: choose the profile, stamp the payload,
 * upload, apply, wait until the tap is ready.  Whatever fails, what was begun
 * is taken back.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host_internal.h"
#include "profile.h"

#define MAX_FILE (4u << 20)
#define PATH_LEN 4096
#define READY_TRIES 1000 /* of 10 ms */

const char *idtap_libdir(void)
{
    const char *dir = getenv("IDTAP_LIBDIR");

    return dir && *dir ? dir : IDTAP_LIBDIR;
}

static void __attribute__((format(printf, 4, 5)))
say(struct idtap_attach_error *e, const char *file, unsigned int line,
    const char *fmt, ...)
{
    va_list ap;

    snprintf(e->file, sizeof(e->file), "%s", file);
    e->line = line;
    va_start(ap, fmt);
    vsnprintf(e->what, sizeof(e->what), fmt, ap);
    va_end(ap);
}

/* A whole file, NUL-terminated; free() it. */
static int read_file(const char *path, char **out, size_t *len)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    ssize_t n = 0;
    char *buf;

    if ( fd < 0 )
        return -errno;
    if ( fstat(fd, &st) )
        rc = -errno;
    else if ( !S_ISREG(st.st_mode) || st.st_size > (off_t)MAX_FILE )
        rc = -EFBIG;
    buf = rc ? NULL : malloc(st.st_size + 1);
    if ( !rc && !buf )
        rc = -ENOMEM;
    if ( !rc && (n = read(fd, buf, st.st_size)) < 0 )
        rc = -errno;
    close(fd);
    if ( rc )
    {
        free(buf);
        return rc;
    }
    buf[n] = '\0';
    *out = buf;
    *len = n;
    return 0;
}

static int load_profile(const char *path, struct idtap_params *params,
                        struct idtap_attach_error *error)
{
    struct profile_error pe;
    size_t len = 0;
    char *text = NULL;
    int rc = read_file(path, &text, &len);

    if ( rc )
    {
        say(error, path, 0, "%s", strerror(-rc));
        return rc == -ENOENT ? -ENOMEDIUM : rc;
    }
    rc = profile_parse(text, len, params, &pe);
    if ( rc )
        say(error, path, pe.line, "%s", pe.what);
    free(text);
    return rc;
}

/* Into @path: the file of @dir that is for the running build, or -ENOMEDIUM. */
static int find_profile(struct idtap_host *host, const char *dir,
                        char path[PATH_LEN])
{
    uint8_t build_id[IDTAP_BUILD_ID_LEN];
    struct dirent *e;
    DIR *d = opendir(dir);
    int rc = -ENOMEDIUM;

    if ( !d )
        return rc;
    while ( rc && (e = readdir(d)) )
    {
        const char *dot = strrchr(e->d_name, '.');
        size_t len;
        char *text;

        if ( !dot || strcmp(dot, ".profile") ||
             snprintf(path, PATH_LEN, "%s/%s", dir, e->d_name) >= PATH_LEN ||
             read_file(path, &text, &len) )
            continue;
        if ( !profile_build_id(text, len, build_id) &&
             host->build_id_len == sizeof(build_id) &&
             !memcmp(build_id, host->build_id, sizeof(build_id)) )
            rc = 0;
        free(text);
    }
    closedir(d);
    return rc;
}

static int choose_profile(struct idtap_host *host,
                          const struct idtap_attach_options *opt,
                          struct idtap_params *params,
                          struct idtap_attach_error *error)
{
    char path[PATH_LEN], dir[PATH_LEN];
    int rc;

    if ( opt->profile )
        snprintf(path, sizeof(path), "%s", opt->profile);
    else
    {
        if ( opt->profile_dir )
            snprintf(dir, sizeof(dir), "%s", opt->profile_dir);
        else
            snprintf(dir, sizeof(dir), "%s/profiles", idtap_libdir());
        rc = find_profile(host, dir, path);
        if ( rc )
        {
            say(error, dir, 0, "no profile there is for the running Xen %s, "
                "build-id %s", host->version, host->build_id_hex);
            return rc;
        }
    }

    rc = load_profile(path, params, error);
    if ( rc )
        return rc;
    if ( host->build_id_len != IDTAP_BUILD_ID_LEN ||
         memcmp(params->profile.build_id, host->build_id, IDTAP_BUILD_ID_LEN) )
    {
        say(error, path, 0, "the profile is for another build than the running "
            "Xen %s, build-id %s", host->version, host->build_id_hex);
        return -ENOMEDIUM;
    }
    return 0;
}

static int load_payload(const struct idtap_attach_options *opt,
                        const struct idtap_params *params, char **payload,
                        size_t *len, struct idtap_attach_error *error)
{
    char path[PATH_LEN], why[160];
    int rc;

    snprintf(path, sizeof(path), "%s%s", opt->payload ? "" : idtap_libdir(),
             opt->payload ? opt->payload : "/tap.o");
    rc = read_file(path, payload, len);
    if ( rc )
    {
        say(error, path, 0, "%s", strerror(-rc));
        return rc;
    }
    rc = payload_stamp(*payload, *len, params, why);
    if ( rc )
    {
        say(error, path, 0, "%s", why);
        free(*payload);
    }
    return rc;
}

/* The tap allocates its rings after Xen has called the attach done. */
static int wait_ready(struct idtap_host *host)
{
    char state[200];
    unsigned int i;

    for ( i = 0; i < READY_TRIES; i++ )
    {
        struct timespec t = { .tv_nsec = 10000000 };
        int rc = hypfs_read(host, IDTAP_HYPFS_DIR "/state", state,
                            sizeof(state));

        if ( rc > 0 )
            return strcmp(state, "ready") ? -ENOMEM : 0;
        if ( rc != -ENOENT )
            return rc < 0 ? rc : -EPROTO;
        nanosleep(&t, NULL);
    }
    return -ETIMEDOUT;
}

static int put_in(struct idtap_host *host, const char *payload, size_t len)
{
    int rc = livepatch_upload(host, IDTAP_PAYLOAD_NAME, payload, len);

    if ( rc )
        return rc;
    rc = livepatch_do(host, IDTAP_PAYLOAD_NAME, LIVEPATCH_APPLY);
    if ( !rc )
        rc = wait_ready(host);
    if ( rc )
        idtap_detach(host);
    return rc;
}

int idtap_attach(struct idtap_host *host,
                 const struct idtap_attach_options *opt,
                 struct idtap_attach_error *error)
{
    struct idtap_params *params = calloc(1, sizeof(*params));
    char *payload, word[8];
    size_t len;
    int rc;

    if ( !params )
        return -ENOMEM;
    memset(error, 0, sizeof(*error));

    rc = livepatch_applied(host, IDTAP_PAYLOAD_NAME);
    if ( rc != -ENOENT )
    {
        rc = rc < 0 ? rc : -EALREADY;
        goto out;
    }
    /* Without hypfs nobody could talk to the tap. */
    rc = hypfs_read(host, "/", word, 0);
    if ( rc < 0 && rc != -EMSGSIZE && rc != -ENOBUFS )
    {
        rc = -ENOSYS;
        goto out;
    }

    params->magic = IDTAP_PARAMS_MAGIC;
    params->abi_version = IDTAP_ABI_VERSION;
    params->size = sizeof(*params);
    params->packet_size = opt->packet_size ? opt->packet_size
                                           : IDTAP_PACKET_SIZE_DEF;
    params->nr_packets = opt->nr_packets ? opt->nr_packets
                                         : IDTAP_NR_PACKETS_DEF;
    do {
        if ( getrandom(&params->attach_id, sizeof(params->attach_id), 0) < 0 )
        {
            rc = -errno;
            goto out;
        }
    } while ( !params->attach_id );

    rc = choose_profile(host, opt, params, error);
    if ( !rc )
        rc = load_payload(opt, params, &payload, &len, error);
    if ( !rc )
    {
        rc = put_in(host, payload, len);
        free(payload);
    }

 out:
    free(params);
    return rc;
}

int idtap_detach(struct idtap_host *host)
{
    int rc = livepatch_applied(host, IDTAP_PAYLOAD_NAME);

    if ( rc < 0 )
        return rc;
    if ( rc )
    {
        rc = livepatch_do(host, IDTAP_PAYLOAD_NAME, LIVEPATCH_REVERT);
        if ( rc )
            return rc;
    }
    return livepatch_do(host, IDTAP_PAYLOAD_NAME, LIVEPATCH_UNLOAD);
}
