/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mixed load for a Linux guest: timers, page faults, signals, IPC, in
 * cycles.  Each part knows what it must find and says so when it does not, so
 * that damage done to the guest from outside shows inside.  Nothing depends
 * on how fast the machine is; an emulated one may be very slow.
 */
#include <errno.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static unsigned long cycle;

static void __attribute__((noreturn, format(printf, 1, 2)))
failure(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    printf("load: FAILURE cycle %lu: ", cycle);
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
    /* A child must not run its parent's buffers out again. */
    fflush(stdout);
    _exit(1);
}

#define CHECK(cond) \
    do { \
        if ( !(cond) ) \
            failure("%s, line %d: %s (errno %d)", __func__, __LINE__, #cond, \
                    errno); \
    } while ( 0 )

static uint64_t now_ns(void)
{
    struct timespec ts;

    CHECK(!clock_gettime(CLOCK_MONOTONIC, &ts));
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* A timer that fires early, or time that runs back, is a failure. */
static void part_timers(void)
{
    struct itimerspec its = {
        .it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000,
    };
    uint64_t start = now_ns(), ticks = 0, n;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);

    CHECK(fd >= 0);
    CHECK(!timerfd_settime(fd, 0, &its, NULL));
    while ( ticks < 20 )
    {
        CHECK(read(fd, &n, sizeof(n)) == sizeof(n));
        CHECK(n > 0);
        ticks += n;
        CHECK(now_ns() - start >= ticks * 1000000);
    }
    close(fd);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
    (void)sig;
    alarms++;
}

static void part_alarms(void)
{
    struct itimerval it = { .it_interval.tv_usec = 2000,
                            .it_value.tv_usec = 2000 };
    struct sigaction sa = { .sa_handler = on_alarm };
    sigset_t block, old;

    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    CHECK(!sigprocmask(SIG_BLOCK, &block, &old));
    CHECK(!sigaction(SIGALRM, &sa, NULL));
    alarms = 0;
    CHECK(!setitimer(ITIMER_REAL, &it, NULL));
    while ( alarms < 5 )
        CHECK(sigsuspend(&old) == -1 && errno == EINTR);
    it = (struct itimerval){};
    CHECK(!setitimer(ITIMER_REAL, &it, NULL));
    CHECK(!sigprocmask(SIG_SETMASK, &old, NULL));
}

static void part_faults(void)
{
    const size_t pages = 64;

    for ( unsigned int round = 0; round < 8; round++ )
    {
        uint64_t *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        CHECK(p != MAP_FAILED);
        for ( size_t i = 0; i < pages; i++ )
        {
            CHECK(p[i * PAGE / 8] == 0);
            p[i * PAGE / 8] = cycle ^ (i << 20);
        }
        for ( size_t i = 0; i < pages; i++ )
            CHECK(p[i * PAGE / 8] == (cycle ^ (i << 20)));
        CHECK(!munmap(p, pages * PAGE));
    }
}

static void part_cow(void)
{
    const size_t pages = 32;
    uint64_t *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int status;
    pid_t pid;

    CHECK(p != MAP_FAILED);
    for ( size_t i = 0; i < pages; i++ )
        p[i * PAGE / 8] = i + 1;
    pid = fork();
    CHECK(pid >= 0);
    if ( pid == 0 )
    {
        for ( size_t i = 0; i < pages; i++ )
        {
            CHECK(p[i * PAGE / 8] == i + 1);
            p[i * PAGE / 8] = ~i;
        }
        for ( size_t i = 0; i < pages; i++ )
            CHECK(p[i * PAGE / 8] == ~i);
        _exit(42);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    for ( size_t i = 0; i < pages; i++ )
        CHECK(p[i * PAGE / 8] == i + 1);
    CHECK(!munmap(p, pages * PAGE));
}

static volatile sig_atomic_t got_signals;
static void *volatile fault_address;
static sigjmp_buf after_fault;

static void on_count(int sig)
{
    (void)sig;
    got_signals++;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    fault_address = info->si_addr;
    siglongjmp(after_fault, sig);
}

static void part_signals(void)
{
    struct sigaction sa = { .sa_handler = on_count };

    CHECK(!sigaction(SIGUSR1, &sa, NULL));
    got_signals = 0;
    for ( int i = 1; i <= 50; i++ )
    {
        CHECK(!kill(getpid(), SIGUSR1));
        CHECK(got_signals == i);
    }
}

/* #PF, #DE, #UD and #BP as a program sees them. */
static void part_exceptions(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
    int sig;

    CHECK(none != MAP_FAILED);
    CHECK(!sigaction(SIGSEGV, &sa, NULL));
    CHECK(!sigaction(SIGFPE, &sa, NULL));
    CHECK(!sigaction(SIGILL, &sa, NULL));
    CHECK(!sigaction(SIGTRAP, &sa, NULL));

    for ( int i = 0; i < 20; i++ )
    {
        sig = sigsetjmp(after_fault, 1);
        if ( !sig )
            *(volatile char *)(none + i * 8) = 1;
        CHECK(sig == SIGSEGV && fault_address == none + i * 8);

        sig = sigsetjmp(after_fault, 1);
        if ( !sig )
            asm volatile ( "xor %%edx, %%edx; div %0"
                           :: "r" (0), "a" (1) : "rdx", "cc" );
        CHECK(sig == SIGFPE);

        sig = sigsetjmp(after_fault, 1);
        if ( !sig )
            asm volatile ( "ud2" );
        CHECK(sig == SIGILL);

        sig = sigsetjmp(after_fault, 1);
        if ( !sig )
            asm volatile ( "int3" );
        CHECK(sig == SIGTRAP);
    }

    signal(SIGSEGV, SIG_DFL);
    signal(SIGFPE, SIG_DFL);
    signal(SIGILL, SIG_DFL);
    signal(SIGTRAP, SIG_DFL);
    CHECK(!munmap(none, PAGE));
}

/* Numbers there and back, each one greater. */
static void ping_pong(int ours, int theirs_in, int theirs_out, int ours_in)
{
    const unsigned int rounds = 100;
    unsigned int n;
    int status;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if ( pid == 0 )
    {
        for ( unsigned int i = 0; i < rounds; i++ )
        {
            CHECK(read(theirs_in, &n, sizeof(n)) == sizeof(n));
            n++;
            CHECK(write(theirs_out, &n, sizeof(n)) == sizeof(n));
        }
        _exit(42);
    }
    for ( unsigned int i = 0; i < rounds; i++ )
    {
        n = 2 * i;
        CHECK(write(ours, &n, sizeof(n)) == sizeof(n));
        CHECK(read(ours_in, &n, sizeof(n)) == sizeof(n));
        CHECK(n == 2 * i + 1);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

static void part_ipc(void)
{
    int a[2], b[2], s[2];

    CHECK(!pipe(a) && !pipe(b));
    ping_pong(a[1], a[0], b[1], b[0]);
    close(a[0]), close(a[1]), close(b[0]), close(b[1]);

    CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    ping_pong(s[0], s[1], s[1], s[0]);
    close(s[0]), close(s[1]);
}

static void futex_wait(uint32_t *word, uint32_t while_it_is)
{
    while ( __atomic_load_n(word, __ATOMIC_SEQ_CST) == while_it_is )
        if ( syscall(SYS_futex, word, FUTEX_WAIT, while_it_is, NULL) )
            CHECK(errno == EAGAIN || errno == EINTR);
}

static void futex_set(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    CHECK(syscall(SYS_futex, word, FUTEX_WAKE, 1) >= 0);
}

static void part_futex(void)
{
    uint32_t *turn = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint32_t *sum = turn + 1;
    int status;
    pid_t pid;

    CHECK(turn != MAP_FAILED);
    pid = fork();
    CHECK(pid >= 0);
    for ( unsigned int i = 0; i < 50; i++ )
    {
        uint32_t mine = pid == 0;

        futex_wait(turn, !mine);
        ++*sum;
        futex_set(turn, !mine);
    }
    if ( pid == 0 )
        _exit(42);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    CHECK(*sum == 100);
    CHECK(!munmap(turn, PAGE));
}

/* FPU and SSE state must survive what interrupts this. */
static void part_numbers(void)
{
    volatile double x = 1.0;
    uint64_t h = 14695981039346656037ull;

    for ( int i = 0; i < 20000; i++ )
    {
        x = x * 1.0000001 + 0.5;
        h = (h ^ (uint64_t)(x * 16)) * 1099511628211ull;
    }
    static uint64_t first;
    if ( !first )
        first = h;
    CHECK(h == first);
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    { "timers", part_timers },   { "alarms", part_alarms },
    { "faults", part_faults },   { "cow", part_cow },
    { "signals", part_signals }, { "exceptions", part_exceptions },
    { "ipc", part_ipc },         { "futex", part_futex },
    { "numbers", part_numbers },
};

int main(int argc, char **argv)
{
    unsigned long cycles = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    uint64_t said = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("load: begin cycles=%lu\n", cycles);
    do {
        uint64_t now;

        cycle++;
        for ( size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++ )
            parts[i].run();

        /* At most one line a second, and always the first and the last. */
        now = now_ns();
        if ( now - said >= 1000000000ull || cycle == cycles )
        {
            printf("load: cycle %lu ok\n", cycle);
            said = now;
        }
    } while ( cycle != cycles );

    printf("load: SUCCESS cycles=%lu\n", cycle);
    return 0;
}
