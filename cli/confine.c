/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recorder runs for hours, as root, in dom0.  Once the rings are mapped it
 * reads memory, writes files, asks xenstore for names, and in the end tells Xen
 * to let go of the tap: for that it needs open files and the toolstack's
 * devices, but no capability, no other program and no network.
 *
 * Rules: what is refused fails with EPERM and kills nobody, because a recorder
 * that dies leaves its tap behind.  A list of what is refused, not of what is
 * allowed: libraries and the C library are free to change how they do their
 * work.  What is left is still much: who can write to /dev/xen/privcmd can tell
 * Xen everything.
 */
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "confine.h"

#ifdef IDTAP_HAVE_CONFINE

#include <cap-ng.h>
#include <seccomp.h>

#define REFUSE(name) SCMP_SYS(name)

/* Other programs, other processes, the kernel's own workings. */
static const int refused[] = {
    REFUSE(execve), REFUSE(execveat),
#ifndef __SANITIZE_ADDRESS__ /* looks for leaks by tracing its own threads */
    REFUSE(ptrace),
#endif
    REFUSE(process_vm_readv), REFUSE(process_vm_writev), REFUSE(kcmp),
    REFUSE(pidfd_getfd),
    REFUSE(mount), REFUSE(umount2), REFUSE(pivot_root), REFUSE(chroot),
    REFUSE(move_mount), REFUSE(open_tree), REFUSE(fsopen), REFUSE(fsmount),
    REFUSE(unshare), REFUSE(setns), REFUSE(open_by_handle_at),
    REFUSE(init_module), REFUSE(finit_module), REFUSE(delete_module),
    REFUSE(kexec_load), REFUSE(kexec_file_load), REFUSE(reboot),
    REFUSE(bpf), REFUSE(perf_event_open), REFUSE(userfaultfd),
    REFUSE(io_uring_setup), REFUSE(io_uring_enter), REFUSE(io_uring_register),
    REFUSE(keyctl), REFUSE(add_key), REFUSE(request_key),
    REFUSE(setuid), REFUSE(setgid), REFUSE(setreuid), REFUSE(setregid),
    REFUSE(setresuid), REFUSE(setresgid), REFUSE(setgroups),
    REFUSE(swapon), REFUSE(swapoff), REFUSE(acct), REFUSE(quotactl),
    REFUSE(settimeofday), REFUSE(clock_settime), REFUSE(adjtimex),
    REFUSE(clock_adjtime), REFUSE(sethostname), REFUSE(setdomainname),
    REFUSE(syslog), REFUSE(iopl), REFUSE(ioperm), REFUSE(mknod),
    REFUSE(mknodat),
};

static int refuse(scmp_filter_ctx f)
{
    const uint32_t eperm = SCMP_ACT_ERRNO(EPERM);
    unsigned int i;
    int rc;

    for ( i = 0; i < sizeof(refused) / sizeof(refused[0]); i++ )
    {
        rc = seccomp_rule_add(f, eperm, refused[i], 0);
        /* Not known to this libseccomp: nor to the kernels of its time. */
        if ( rc && rc != -EDOM && rc != -EFAULT )
            return rc;
    }
    /* xenstored is behind a local socket; nothing else is. */
    rc = seccomp_rule_add(f, eperm, SCMP_SYS(socket), 1,
                          SCMP_A0(SCMP_CMP_NE, AF_UNIX));
    if ( !rc )
        rc = seccomp_rule_add(f, eperm, SCMP_SYS(listen), 0);
    /* The console's input queue: what is put there runs after we ended. */
    if ( !rc )
        rc = seccomp_rule_add(f, eperm, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff,
                                      0x5412 /* TIOCSTI */));
    return rc;
}

static int filter_system_calls(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    int rc;

    if ( !f )
        return -ENOMEM;
    rc = refuse(f);
    /* All threads: libxenstore may have started one. */
    if ( !rc )
        rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    if ( !rc )
        rc = seccomp_load(f);
    seccomp_release(f);
    return rc;
}

/* root's own files need no capability, somebody else's directory does. */
static bool needs_override(const char *path)
{
    char copy[PATH_MAX];
    struct stat st;

    if ( !path )
        return false;
    snprintf(copy, sizeof(copy), "%s", path);
    if ( !stat(copy, &st) && S_ISDIR(st.st_mode) )
        return st.st_uid != geteuid();
    return stat(dirname(copy), &st) || st.st_uid != geteuid();
}

void confine(const char *path)
{
    int rc;

    capng_clear(CAPNG_SELECT_BOTH);
    if ( needs_override(path) )
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
                     CAP_DAC_OVERRIDE);
    /* The bounding set first, while we still may. */
    rc = capng_apply(CAPNG_SELECT_BOTH);
    if ( rc )
        cli_warn("cannot give up capabilities: libcap-ng says %d", rc);
    rc = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno
                                                : filter_system_calls();
    if ( rc )
        cli_warn("cannot restrict system calls: %s", strerror(-rc));
}

#else

void confine(const char *path)
{
    (void)path;
}

#endif

bool confined(pid_t pid)
{
    uint64_t effective = 0, keeps = 1 << 1; /* CAP_DAC_OVERRIDE */
    unsigned int seccomp = 0;
    char path[32], line[128];
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    f = fopen(path, "r");
    if ( !f )
        return false;
    while ( fgets(line, sizeof(line), f) )
    {
        (void)sscanf(line, "CapEff: %" SCNx64, &effective);
        (void)sscanf(line, "Seccomp: %u", &seccomp);
    }
    fclose(f);
    return seccomp == 2 && !(effective & ~keeps);
}
