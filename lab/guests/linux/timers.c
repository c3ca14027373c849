/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time: a timer that fires early, or time that runs back, is a failure; late
 * ones are not, an emulated machine may be very slow.
 */
#include <signal.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "load.h"

#define TICKS  20
#define ALARMS 5

void part_timers(void)
{
    struct itimerspec its = {
        .it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000,
    };
    uint64_t start = now_ns(), ticks = 0, n;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);

    CHECK(fd >= 0);
    CHECK(!timerfd_settime(fd, 0, &its, NULL));
    while ( ticks < TICKS )
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

void part_alarms(void)
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
    while ( alarms < ALARMS )
        CHECK(sigsuspend(&old) == -1 && errno == EINTR);
    it = (struct itimerval){ 0 };
    CHECK(!setitimer(ITIMER_REAL, &it, NULL));
    CHECK(!sigprocmask(SIG_SETMASK, &old, NULL));
}
