/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A debugger's view: a child stepped instruction by instruction, stopped by INT3
 * that the tracer plants, and by the CPU's debug registers.  The sequences that
 * the child runs are in raise.S, so that each address is known.
 */
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"
#include "raise.h"

#define REG(r) offsetof(struct user, regs.r)
#define DEBUGREG(n) offsetof(struct user, u_debugreg[n])

/* A child that has stopped, to run from @rip when it goes on. */
static pid_t child_at(const void *rip)
{
    pid_t pid = fork();
    int status;

    CHECK(pid >= 0);
    if ( pid == 0 )
    {
        CHECK(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
        raise(SIGSTOP);
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    /* Should the tracer fail, its child must not go on alone. */
    CHECK(!ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL));
    CHECK(!ptrace(PTRACE_POKEUSER, pid, REG(rip), rip));
    return pid;
}

static void child_end(pid_t pid)
{
    int status;

    CHECK(!kill(pid, SIGKILL));
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static uint64_t peek(pid_t pid, size_t where)
{
    errno = 0;
    uint64_t value = ptrace(PTRACE_PEEKUSER, pid, where, NULL);

    CHECK(!errno);
    return value;
}

static void poke(pid_t pid, size_t where, uint64_t value)
{
    CHECK(!ptrace(PTRACE_POKEUSER, pid, where, value));
}

struct stop {
    int sig, code;
    uint64_t rip, addr;
};

/* Lets it go (@how: a PTRACE_ request) and waits until it stops. */
static void go(pid_t pid, int how, struct stop *s)
{
    siginfo_t info;
    int status;

    CHECK(!ptrace(how, pid, NULL, NULL));
    CHECK(waitpid(pid, &status, 0) == pid);
    if ( !WIFSTOPPED(status) )
        failure("a traced child ended with status 0x%x", status);
    CHECK(!ptrace(PTRACE_GETSIGINFO, pid, NULL, &info));
    *s = (struct stop){
        .sig = WSTOPSIG(status), .code = info.si_code,
        .rip = peek(pid, REG(rip)), .addr = (uint64_t)info.si_addr,
    };
}

static void wrong(const char *what, const struct stop *s, uint64_t expected)
{
    failure("%s: signal %d code %d addr %#llx rip %#llx, expected at %#llx",
            what, s->sig, s->code, (unsigned long long)s->addr,
            (unsigned long long)s->rip, (unsigned long long)expected);
}

/* The trap after it may come after the next instruction: MOV SS holds it back
   on CPUs, PAUSE in QEMU. */
static bool may_hold_back(uint64_t rip)
{
    return rip == (uint64_t)step_mov_ss || rip == (uint64_t)step_pause;
}

/*
 * Each step must end at the next address, but for a few instructions that CPUs
 * and emulators treat in their own ways: those above, and REP, which may end a
 * step with each round, or not.  What they do goes into the digest: it must be
 * the same whatever a hypervisor does.
 */
void part_steps(void)
{
    const uint64_t *expected = step_addresses, first = *expected;
    char *pages = map_pages(2, PROT_READ | PROT_WRITE);
    pid_t pid = child_at((const void *)first);
    struct stop s;

    poke(pid, REG(r12), (uint64_t)pages);
    poke(pid, REG(r13), (uint64_t)pages + PAGE);
    while ( expected[1] )
    {
        go(pid, PTRACE_SINGLESTEP, &s);
        result(s.rip - first);
        result(s.code);
        if ( s.sig == SIGILL && s.rip == (uint64_t)step_ud2 &&
             *expected == s.rip )
        {
            /* The tracer takes it over the instruction. */
            CHECK(s.code == ILL_ILLOPN && s.addr == s.rip);
            raised(6, 1);
            poke(pid, REG(rip), *++expected);
            continue;
        }
        if ( s.sig != SIGTRAP )
            wrong("step", &s, expected[1]);
        if ( s.code == SI_KERNEL )
            raised(3, 1);
        else
            raised(1, 1);
        if ( s.rip == *expected && s.rip == (uint64_t)step_rep )
            continue;
        if ( may_hold_back(*expected) && s.rip == expected[2] )
            expected++;
        if ( s.rip != *++expected )
            wrong("step", &s, *expected);
    }
    child_end(pid);
    CHECK(!munmap(pages, 2 * PAGE));
}

#define INT3 0xccl

void part_breakpoints(void)
{
    pid_t pid = child_at(bp_begin);
    struct stop s;
    long code;

    errno = 0;
    code = ptrace(PTRACE_PEEKTEXT, pid, bp_function, NULL);
    CHECK(!errno);
    for ( unsigned int i = 0; i < BP_CALLS; i++ )
    {
        CHECK(!ptrace(PTRACE_POKETEXT, pid, bp_function,
                      (code & ~0xffl) | INT3));
        go(pid, PTRACE_CONT, &s);
        if ( s.sig != SIGTRAP || s.code != SI_KERNEL ||
             s.rip != (uint64_t)bp_function + 1 )
            wrong("breakpoint", &s, (uint64_t)bp_function + 1);
        CHECK((uint32_t)peek(pid, REG(rax)) == i);
        CHECK((uint32_t)peek(pid, REG(rcx)) == BP_CALLS - i);
        raised(3, 1);

        /* Over the instruction that was there. */
        CHECK(!ptrace(PTRACE_POKETEXT, pid, bp_function, code));
        poke(pid, REG(rip), (uint64_t)bp_function);
        go(pid, PTRACE_SINGLESTEP, &s);
        if ( s.sig != SIGTRAP || s.code != TRAP_TRACE ||
             s.rip != (uint64_t)bp_function_second )
            wrong("step off a breakpoint", &s, (uint64_t)bp_function_second);
        CHECK((uint32_t)peek(pid, REG(rax)) == i + 1);
        raised(1, 1);
        result(peek(pid, REG(rax)));
    }
    go(pid, PTRACE_CONT, &s);
    if ( s.sig != SIGILL || s.rip != (uint64_t)bp_end )
        wrong("end of breakpoints", &s, (uint64_t)bp_end);
    raised(6, 1);
    child_end(pid);
}

/* DR7: enabled, type (0 execute, 1 write, 3 read or write), length - 1. */
#define DR7(n, type, len) \
    (1ul << (2 * (n)) | (uint64_t)((type) | ((len) - 1) << 2) << (16 + 4 * (n)))

struct hit {
    unsigned int dr;
    const char *rip;
};

/* NULL, or what was not as it should be (@s). */
static const char *try_watchpoints(struct stop *s, uint64_t *expected)
{
    static const struct hit hits[] = {
        { 0, watch_function }, { 1, watch_after_write },
        { 2, watch_after_read },
    };
    pid_t pid = child_at(watch_begin);
    const char *why = NULL;
    unsigned int i, k;

    poke(pid, DEBUGREG(0), (uint64_t)watch_function);
    poke(pid, DEBUGREG(1), (uint64_t)&watched[0]);
    poke(pid, DEBUGREG(2), (uint64_t)&watched[1]);
    if ( ptrace(PTRACE_POKEUSER, pid, DEBUGREG(7),
                DR7(0, 0, 1) | DR7(1, 1, 8) | DR7(2, 3, 4)) )
        why = "the kernel gives no debug registers";
    for ( i = 0; !why && i < BP_CALLS; i++ )
        for ( k = 0; !why && k < sizeof(hits) / sizeof(hits[0]); k++ )
        {
            const struct hit *h = &hits[k];

            go(pid, PTRACE_CONT, s);
            *expected = (uint64_t)h->rip;
            if ( s->sig != SIGTRAP || s->code != TRAP_HWBKPT ||
                 s->rip != (uint64_t)h->rip )
                why = "debug registers do not work here";
            else if ( (peek(pid, DEBUGREG(6)) & 0xf) != 1u << h->dr )
                why = "DR6 is wrong here";
            else
            {
                raised(1, 1);
                result(h->dr);
                result(peek(pid, REG(rcx)));
            }
            poke(pid, DEBUGREG(6), 0);
        }
    if ( !why )
    {
        go(pid, PTRACE_CONT, s);
        *expected = (uint64_t)watch_end;
        if ( s->sig != SIGILL || s->rip != (uint64_t)watch_end )
            why = "too many hits of debug registers here";
        else
            raised(6, 1);
    }
    child_end(pid);
    return why;
}

const char *lacks_watchpoints(void)
{
    /* Not to be tried: its VMRUN and VM exits change DR7 without telling the
       breakpoints that it made for the old value. */
    const char *why = on_qemu() ? "QEMU 7.2 dies of them" : NULL;
    uint64_t expected;
    struct stop s;

    for ( unsigned int i = 0; !why && i < 5; i++ )
        why = try_watchpoints(&s, &expected);
    return why;
}

void part_watchpoints(void)
{
    uint64_t expected = 0;
    struct stop s = { 0 };
    const char *why = try_watchpoints(&s, &expected);

    if ( why )
        wrong(why, &s, expected);
}
