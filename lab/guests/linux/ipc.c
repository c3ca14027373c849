/* SPDX-License-Identifier: GPL-2.0-only */
/* Two processes that wait for each other: pipes, sockets, futexes. */
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "load.h"

/* Numbers there and back, each one greater. */
static void ping_pong(int ours, int theirs_in, int theirs_out, int ours_in)
{
    const unsigned int rounds = 100;
    unsigned int n;
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
        result(n);
    }
    child_succeeds(pid);
}

void part_ipc(void)
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

void part_futex(void)
{
    uint32_t *turn = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint32_t *sum = turn + 1;
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
    child_succeeds(pid);
    CHECK(*sum == 100);
    result(*sum);
    CHECK(!munmap(turn, PAGE));
}
