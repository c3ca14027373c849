/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals that a program sends itself, system calls that a filter turns into
 * signals, and the two old ways into the kernel: INT 0x80, and the vsyscall
 * page, whose calls are page faults.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "load.h"

static volatile sig_atomic_t got_signals;

static void on_count(int sig)
{
    (void)sig;
    got_signals++;
}

void part_signals(void)
{
    struct sigaction sa = { .sa_handler = on_count };

    CHECK(!sigaction(SIGUSR1, &sa, NULL));
    got_signals = 0;
    for ( int i = 1; i <= 50; i++ )
    {
        CHECK(!kill(getpid(), SIGUSR1));
        CHECK(got_signals == i);
    }
    result(got_signals);
}

#ifndef SYS_SECCOMP /* not in this libc */
#define SYS_SECCOMP 1
#endif
#define FILTER_DATA 0x2a
#define ANSWER      77

static volatile sig_atomic_t filtered;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

    CHECK(sig == SIGSYS && info->si_code == SYS_SECCOMP);
    CHECK(info->si_errno == FILTER_DATA);
    CHECK(info->si_syscall == SYS_getppid);
    CHECK(info->si_arch == AUDIT_ARCH_X86_64);
    CHECK((uint64_t)info->si_call_addr == (uint64_t)r[REG_RIP]);
    CHECK(r[REG_RAX] == SYS_getppid);
    r[REG_RAX] = ANSWER;
    filtered++;
}

static int filter_getppid(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | FILTER_DATA),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {
        .len = sizeof(code) / sizeof(code[0]), .filter = code,
    };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* In a child, because a filter stays. */
static bool in_child(bool (*f)(void))
{
    pid_t pid = fork();
    int status;

    CHECK(pid >= 0);
    if ( pid == 0 )
    {
        signal(SIGSEGV, SIG_DFL);
        _exit(f() ? 42 : 43);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 42;
}

static bool has_filters(void)
{
    return !filter_getppid();
}

const char *lacks_seccomp(void)
{
    return in_child(has_filters) ? NULL : "the kernel has no seccomp filters";
}

void part_seccomp(void)
{
    struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
    pid_t pid = fork();

    CHECK(pid >= 0);
    if ( pid == 0 )
    {
        CHECK(!sigaction(SIGSYS, &sa, NULL));
        CHECK(!filter_getppid());
        for ( int i = 1; i <= 10; i++ )
        {
            CHECK(syscall(SYS_getppid) == ANSWER);
            CHECK(filtered == i);
            CHECK(getpid() > 0);
        }
        result(filtered);
        _exit(42);
    }
    child_succeeds(pid);
}

#define VSYSCALL_TIME 0xffffffffff600400ull
#define GETPID_32     20

static long old_getpid(void)
{
    long rax = GETPID_32;

    asm volatile ( "int $0x80" : "+a" (rax)
                   :: "memory", "r8", "r9", "r10", "r11" );
    return rax;
}

static bool has_int_80(void)
{
    return old_getpid() == getpid();
}

static bool has_vsyscall(void)
{
    time_t (*vsyscall_time)(time_t *) = (void *)VSYSCALL_TIME;

    return vsyscall_time(NULL) != (time_t)-1;
}

static bool int_80, vsyscall;

const char *lacks_old_syscalls(void)
{
    int_80 = in_child(has_int_80);
    if ( !int_80 )
        say_skip("int-0x80", "not in this kernel");
    vsyscall = in_child(has_vsyscall);
    if ( !vsyscall )
        say_skip("vsyscall", "not in this kernel");
    return int_80 || vsyscall ? NULL : "neither INT 0x80 nor vsyscalls";
}

void part_old_syscalls(void)
{
    time_t (*vsyscall_time)(time_t *) = (void *)VSYSCALL_TIME;

    for ( int i = 0; i < 20; i++ )
    {
        if ( int_80 )
            CHECK(old_getpid() == getpid());
        if ( vsyscall )
        {
            time_t before = time(NULL), t = vsyscall_time(NULL);

            /* Its second may be a tick behind. */
            CHECK(t + 1 >= before && t <= time(NULL));
        }
    }
    result(int_80);
    result(vsyscall);
}
