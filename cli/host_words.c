/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words for people about Xen and the tap.  The library returns numbers; here
 * they become a sentence that says what to do next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "host_words.h"
#include "intercepts.h"
#include "lists.h"
#include "units.h"

#define LOCK_FILE "/run/idtap.lock"
#define CHANGE_LOCK_FILE "/run/idtap.change"

int cli_open_host(struct idtap_host **host)
{
    int rc = idtap_host_open(host);

    switch ( -rc )
    {
    case 0:
        return CLI_OK;
    case ENODEV:
        cli_error("this is not a Xen control domain: run idtap in dom0 (is "
                  "/dev/xen/privcmd there? is xenfs mounted on /proc/xen?)");
        return CLI_NO_XEN;
    case EACCES:
        cli_error("only root may talk to the hypervisor: run idtap as root");
        return CLI_NO_XEN;
    case EPERM:
        cli_error("Xen says that this domain is not privileged: run idtap in "
                  "dom0");
        return CLI_NO_XEN;
    case ENOSYS:
    case EOPNOTSUPP:
        cli_error("this Xen was built without live patching "
                  "(CONFIG_LIVEPATCH): idtap needs it");
        return CLI_NO_XEN;
    default:
        cli_error("cannot talk to Xen: %s", strerror(-rc));
        return CLI_FAILURE;
    }
}

static const char *refusal(int rc)
{
    switch ( -rc )
    {
    case IDTAP_REFUSE_PARAMS:
        return "the tap found its parameters invalid (ring sizes must be "
               "powers of two; see idtap attach --help)";
    case IDTAP_REFUSE_SITE:
        return "a call site in Xen's text is not what the profile says; "
               "another live patch may have changed it";
    case IDTAP_REFUSE_INVARIANT:
        return "the profile contradicts the running Xen";
    case IDTAP_REFUSE_SOFTIRQ:
        return "somebody else has replaced a softirq handler of Xen's";
    case IDTAP_REFUSE_PRESENT:
        return "there is a tap in Xen already, under another name "
               "(see xen-livepatch list)";
    case IDTAP_REFUSE_CPUS:
        return "this host has more CPUs than idtap supports";
    case IDTAP_REFUSE_HELD:
        return "a process in dom0 still maps the tap's rings";
    case IDTAP_REFUSE_WAITING:
        return "a vCPU is waiting inside Xen for a memory-event listener; try "
               "again when it has answered";
    default:
        return NULL;
    }
}

/* What the tap says to a configuration. */
static const char *config_refusal(int rc)
{
    switch ( -rc )
    {
    case IDTAP_REFUSE_HARDWARE:
        return "this host's CPUs cannot do that: exceptions can be intercepted "
               "with AMD SVM, and with Intel VMX where software may write all "
               "VMCS fields (Haswell and later); INT n with AMD SVM only";
    case IDTAP_REFUSE_NO_HVM:
        return "only running HVM and PVH guests can be intercepted; what a PV "
               "guest raises goes through Xen anyway";
    default:
        return NULL;
    }
}

void cli_host_error(int rc, const char *what)
{
    const char *words = refusal(rc);

    if ( config_refusal(rc) )
        cli_error("--intercept: %s", config_refusal(rc));
    else if ( words )
        cli_error("%s: refused: %s. Details: xl dmesg | grep idtap", what,
                  words);
    else if ( rc == -EPROTO )
        cli_error("%s: the tap in Xen belongs to another version of idtap; "
                  "remove it with 'idtap detach'", what);
    else
        cli_error("%s: %s", what, strerror(-rc));
}

/*
 * One attach or detach at a time, and whoever is killed in the middle lets go:
 * so what is found half done is nobody's.  -1: no lock, no such conclusions.
 */
static int lock_changes(void)
{
    int fd = open(CHANGE_LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    while ( fd >= 0 && flock(fd, LOCK_EX) )
        if ( errno != EINTR )
        {
            close(fd);
            fd = -1;
        }
    return fd;
}

static void unlock_changes(int fd)
{
    if ( fd >= 0 )
        close(fd);
}

/* Is the payload in Xen, not in effect? */
static bool half_attached(struct idtap_host *host)
{
    struct idtap_status *s = calloc(1, sizeof(*s));
    bool half = s && !idtap_status(host, s) && s->state == IDTAP_STATE_UPLOADED;

    free(s);
    return half;
}

static int try_attach(struct idtap_host *host,
                      const struct idtap_attach_options *options,
                      struct idtap_attach_error *e)
{
    int lock = lock_changes(), rc = idtap_attach(host, options, e);

    if ( rc == -EALREADY && lock >= 0 && half_attached(host) )
    {
        cli_warn("an attach or detach was killed half done; its rest is "
                 "removed first");
        rc = idtap_detach(host);
        if ( !rc )
            rc = idtap_attach(host, options, e);
    }
    unlock_changes(lock);
    return rc;
}

int cli_attach(struct idtap_host *host,
               const struct idtap_attach_options *options)
{
    struct idtap_attach_error *e = calloc(1, sizeof(*e));
    int rc = e ? try_attach(host, options, e) : -ENOMEM;
    int status = CLI_FAILURE;

    switch ( -rc )
    {
    case 0:
        status = CLI_OK;
        break;
    case EALREADY:
        cli_error("a tap is attached already; see 'idtap status'");
        break;
    case ENOMEDIUM:
        cli_error("%s: %s", e->file, e->what);
        fprintf(stderr, "A profile is made from the build's symbol file "
                "(docs/profiles.md):\n"
                "  tools/make-profile XEN-SYMS > NAME.profile\n"
                "  idtap attach --profile NAME.profile\n");
        status = CLI_NO_XEN;
        break;
    case EBADMSG:
        if ( e->line )
            cli_error("%s:%u: %s", e->file, e->line, e->what);
        else
            cli_error("%s: %s", e->file, e->what);
        break;
    case ENOSYS:
        cli_error("this Xen was built without hypfs (CONFIG_HYPFS): idtap "
                  "needs it");
        status = CLI_NO_XEN;
        break;
    case ENOMEM:
        cli_error("Xen has not enough free memory for the rings; try a "
                  "smaller --ring");
        break;
    case EBUSY:
        cli_error("Xen could not park its CPUs within a second, or another "
                  "live patch is being applied; nothing was changed, try "
                  "again");
        break;
    default:
        if ( e && e->what[0] )
            cli_error("%s: %s", e->file, e->what);
        else
            cli_host_error(rc, "attach");
    }
    free(e);
    return status;
}

int cli_detach(struct idtap_host *host)
{
    int lock = lock_changes(), rc = idtap_detach(host);
    pid_t pid;

    unlock_changes(lock);
    switch ( -rc )
    {
    case 0:
        return CLI_OK;
    case ENOENT:
        cli_error("no tap is attached");
        return CLI_FAILURE;
    case IDTAP_REFUSE_HELD:
        pid = cli_reader(NULL);
        if ( pid )
            cli_error("the tap is in use: process %d is recording; stop it "
                      "first (kill %d)", pid, pid);
        else
            cli_host_error(rc, "detach");
        return CLI_FAILURE;
    case EBUSY:
        cli_error("another live patch lies on top of the tap and must be "
                  "reverted first (xen-livepatch list), or Xen could not park "
                  "its CPUs within a second: then try again");
        return CLI_FAILURE;
    default:
        cli_host_error(rc, "detach");
        return CLI_FAILURE;
    }
}

/* The lock file says whose the lock is, once it is known held. */
static pid_t read_pid(int fd, char what[READER_WHAT_LEN])
{
    char text[64] = "";
    int pid = 0;

    what[0] = '\0';
    if ( pread(fd, text, sizeof(text) - 1, 0) > 0 )
        sscanf(text, "%d %15s", &pid, what);
    return pid;
}

int cli_lock_reader(const char *what)
{
    int fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    char other[READER_WHAT_LEN];
    pid_t pid;

    if ( fd < 0 )
    {
        cli_error("%s: %s", LOCK_FILE, strerror(errno));
        return -1;
    }
    if ( flock(fd, LOCK_EX | LOCK_NB) )
    {
        pid = read_pid(fd, other);
        cli_error("process %d is recording already (idtap %s); a tap has one "
                  "reader", pid, other);
        close(fd);
        return -1;
    }
    if ( ftruncate(fd, 0) || dprintf(fd, "%d %s\n", getpid(), what) < 0 )
        cli_warn("%s: %s", LOCK_FILE, strerror(errno));
    return fd;
}

pid_t cli_reader(char what[READER_WHAT_LEN])
{
    char ignored[READER_WHAT_LEN];
    int fd = open(LOCK_FILE, O_RDONLY | O_CLOEXEC);
    pid_t pid = 0;

    if ( !what )
        what = ignored;
    what[0] = '\0';
    if ( fd < 0 )
        return 0;
    if ( flock(fd, LOCK_SH | LOCK_NB) )
        pid = read_pid(fd, what);
    close(fd);
    return pid;
}

static bool power_of_two(uint64_t n)
{
    return n && !(n & (n - 1));
}

int cli_ring_geometry(const char *command, const char *ring,
                      const char *packet, struct idtap_attach_options *options)
{
    uint64_t ring_size = (uint64_t)IDTAP_PACKET_SIZE_DEF * IDTAP_NR_PACKETS_DEF;
    uint64_t packet_size = IDTAP_PACKET_SIZE_DEF, n;

    if ( packet && parse_size(packet, &packet_size) )
        return cli_usage(command, "--packet: '%s' is not a size", packet);
    if ( ring && parse_size(ring, &ring_size) )
        return cli_usage(command, "--ring: '%s' is not a size", ring);
    /* A small ring with the default packets: smaller packets then. */
    while ( !packet && packet_size > IDTAP_PACKET_SIZE_MIN &&
            ring_size / packet_size < 8 )
        packet_size /= 2;

    if ( !power_of_two(packet_size) || packet_size < IDTAP_PACKET_SIZE_MIN ||
         packet_size > IDTAP_PACKET_SIZE_MAX )
        return cli_usage(command, "--packet: must be a power of two from %uK "
                         "to %uK", IDTAP_PACKET_SIZE_MIN >> 10,
                         IDTAP_PACKET_SIZE_MAX >> 10);
    n = ring_size / packet_size;
    if ( !power_of_two(ring_size) || n < IDTAP_NR_PACKETS_MIN ||
         n > IDTAP_NR_PACKETS_MAX )
        return cli_usage(command, "--ring: must be a power of two, and %u to "
                         "%u packets of %lluK", IDTAP_NR_PACKETS_MIN,
                         IDTAP_NR_PACKETS_MAX,
                         (unsigned long long)packet_size >> 10);
    options->packet_size = packet_size;
    options->nr_packets = n;
    return CLI_OK;
}

struct find_domain {
    const char *name;
    int id;
};

static int match_domain(void *ctx, unsigned int domid, const char *name)
{
    struct find_domain *f = ctx;

    if ( !strcmp(name, f->name) )
        f->id = f->id >= 0 ? -ENOTUNIQ : (int)domid;
    return 0;
}

static int resolve_domain(void *ctx, const char *name)
{
    struct find_domain f = { .name = name, .id = -ENOENT };

    (void)ctx;
    idtap_domains(match_domain, &f);
    return f.id;
}

int cli_config(const char *command, const char *classes, const char *domains,
               const char *vectors, struct idtap_config *config)
{
    char why[LIST_WHY_LEN];
    unsigned int n = 0;

    memset(config, 0, sizeof(*config));
    config->classes = IDTAP_CLASS_ALL;
    memset(config->vectors, 0xff, sizeof(config->vectors));

    if ( classes && list_classes(classes, &config->classes, why) )
        return cli_usage(command, "-e: %s", why);
    if ( vectors && list_vectors(vectors, config->vectors, why) )
        return cli_usage(command, "--vector: %s", why);
    if ( domains && list_domains(domains, config->domains, IDTAP_MAX_DOMAINS,
                                 &n, resolve_domain, NULL, why) )
        return cli_usage(command, "-d: %s", why);
    config->nr_domains = n;
    return CLI_OK;
}

/* Puts an entry into @config, instead of one that its domain has. */
static bool put_intercept(struct idtap_config *config,
                          const struct idtap_intercept *new)
{
    unsigned int i;

    for ( i = 0; i < config->nr_intercepts; i++ )
        if ( config->intercepts[i].domain == new->domain )
            break;
    if ( i == IDTAP_MAX_INTERCEPTS )
        return false;
    if ( i == config->nr_intercepts )
        config->nr_intercepts++;
    config->intercepts[i] = *new;
    return true;
}

static int one_intercept(const char *command, const char *text,
                         struct idtap_config *config)
{
    char why[LIST_WHY_LEN], domain[INTERCEPT_DOMAIN_LEN];
    uint16_t ids[IDTAP_MAX_DOMAINS] = { IDTAP_INTERCEPT_ALL };
    const char *list = intercept_split(text, domain, why);
    struct idtap_intercept entry = { 0 };
    unsigned int i, n = 1;

    if ( !list || intercept_list(list, &entry.exceptions, &entry.flags, why) )
        return cli_usage(command, "--intercept: %s", why);
    if ( *domain )
    {
        if ( list_domains(domain, ids, 1, &n, resolve_domain, NULL, why) )
            return cli_usage(command, "--intercept: %s", why);
    }
    else if ( config->nr_domains )
    {
        n = config->nr_domains;
        memcpy(ids, config->domains, n * sizeof(ids[0]));
    }
    for ( i = 0; i < n; i++ )
    {
        entry.domain = ids[i];
        if ( !put_intercept(config, &entry) )
            return cli_usage(command, "--intercept: more than %u domains",
                             IDTAP_MAX_INTERCEPTS);
    }
    return CLI_OK;
}

int cli_intercepts(const char *command, const char *const *texts,
                   unsigned int nr, struct idtap_config *config)
{
    unsigned int i;
    int status;

    for ( i = 0; i < nr; i++ )
        if ( (status = one_intercept(command, texts[i], config)) )
            return status;
    return CLI_OK;
}
