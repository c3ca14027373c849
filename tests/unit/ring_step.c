/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An interrupt before every single instruction of the ring, the ones between
 * the named windows too: the CPU's trap flag makes a signal of each step, and
 * at the step chosen its handler writes, flushes or reads.  The reader is thus
 * also seen to get no packet a single instruction too early.
 */
#include <signal.h>
#include <ucontext.h>

#include "ring_test.h"

#define TRAP_FLAG 0x100
#define NEVER (~0ul)
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 5
#else
#define STRIDE 1
#endif

static struct test_ring t;
static uint64_t now;

static volatile bool stepping;
static volatile unsigned long step_nr, step_wanted;
static const char *volatile step_script;

/* The time is read by one instruction, as the real one is. */
uint64_t ring_clock(void)
{
    return __atomic_add_fetch(&now, 1, __ATOMIC_RELAXED);
}

static void ring_window(enum window window)
{
    (void)window;
}

/* Letters are as in the test of the windows; nothing here may fail a test. */
static void run(const char *script)
{
    unsigned int i;

    for ( ; *script; script++ )
        switch ( *script )
        {
        case 'w':
            ring_write(&t, 1, 24);
            break;
        case 'p':
            for ( i = 0; i < 5; i++ )
                ring_write(&t, 1, 1024);
            break;
        case 'd':
            while ( ring_write(&t, 1, 1024) )
                ;
            while ( ring_write(&t, 1, 16) )
                ;
            break;
        case 'l':
            for ( i = 0; i < 5 * 3 + 4; i++ )
                ring_write(&t, 1, 1024);
            break;
        case 'f':
            tap_ring_flush(&t.ring);
            break;
        case 'r':
            while ( ring_read(&t) )
                ;
            break;
        }
}

static void set_trap(void *context, bool on)
{
    ucontext_t *uc = context;

    if ( on )
        uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
    else
        uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

static void on_start(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    set_trap(context, true);
}

static void on_step(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    if ( stepping && step_nr++ == step_wanted )
    {
        stepping = false;
        run(step_script);
    }
    if ( !stepping )
        set_trap(context, false);
}

static bool overwrite; /* the ring of the trials does */

/* A write or flush, interrupted before step @step; returns the steps taken. */
static unsigned long trial(bool flush, unsigned int full, unsigned int left,
                           unsigned long step, const char *script)
{
    ring_open(&t, 4, 4096, 4);
    t.ring.overwrite = overwrite;
    t.nested = true;
    while ( full-- )
    {
        ring_fill(&t, 8);
        ring_write(&t, 0, 16);
    }
    ring_fill(&t, left);

    step_nr = 0;
    step_wanted = step;
    step_script = script;
    stepping = true;
    raise(SIGUSR1);
    if ( flush )
        tap_ring_flush(&t.ring);
    else
        ring_write(&t, 0, 24);
    stepping = false;

    if ( overwrite )
        ring_settle_overwritten(&t);
    else
        ring_settle(&t);
    ring_close(&t);
    return step_nr;
}

static void each_step(bool flush)
{
    static const char *const scripts[] = {
        "w", "f", "d", "wfr", "drd",
    };
    /* Of a ring that overwrites; 'l' goes round it, and then some. */
    static const char *const over[] = { "pfw", "l" };
    static const struct {
        unsigned int full, left;
    } states[] = { { 0, 8 }, { 1, 48 }, { 2, 8 }, { 6, 8 } };
    unsigned int i = overwrite ? 2 : 0, nr_states = overwrite ? 4 : 3;
    unsigned int k;
    unsigned long step, steps, total = 0;

    for ( ; i < nr_states; i++ )
        for ( k = 0; k < (overwrite ? 2 : 5); k++ )
        {
            /* Much of it would be the sanitizer's own instructions. */
            if ( STRIDE > 1 && (i + k) % 4 )
                continue;
            steps = trial(flush, states[i].full, states[i].left, NEVER, "");
            assert_true(steps > 50);
            for ( step = 0; step < steps; step += STRIDE, total++ )
                assert_int_equal(trial(flush, states[i].full, states[i].left,
                                       step, overwrite ? over[k]
                                                       : scripts[k]),
                                 step + 1);
        }
    print_message("%lu interrupts\n", total);
}

static void steps_of_write(void **state)
{
    (void)state;
    each_step(false);
}

static void steps_of_flush(void **state)
{
    (void)state;
    each_step(true);
}

static void steps_of_overwriting(void **state)
{
    (void)state;
    overwrite = true;
    each_step(false);
    each_step(true);
    overwrite = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_of_write),
        cmocka_unit_test(steps_of_flush),
        cmocka_unit_test(steps_of_overwriting),
    };
    struct sigaction start = {
        .sa_sigaction = on_start, .sa_flags = SA_SIGINFO,
    };
    struct sigaction each = {
        .sa_sigaction = on_step, .sa_flags = SA_SIGINFO,
    };

    if ( sigaction(SIGUSR1, &start, NULL) || sigaction(SIGTRAP, &each, NULL) )
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
