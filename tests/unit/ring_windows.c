/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts in the ring's named race windows.  First each window alone, with
 * its worked result; then every window, with everything that an interrupt can
 * do there, in every state of the ring that matters, nested up to three deep.
 *
 * "clock" is a window too: `reserve` was read, the clock was not.
 */
#include "ring_test.h"

#define WINDOW_clock NR_WINDOWS
#define NR_PLACES (NR_WINDOWS + 1)
#define NEST 2

static struct test_ring t;
static uint64_t now;

/* What interrupts level @i, where, and what it does there. */
static struct plan {
    unsigned int window;
    unsigned int skip;  /* times that the window is passed before */
    const char *script; /* NULL: nothing */
} plan[NEST];
static unsigned int depth;
static unsigned long fired[NEST][NR_PLACES];

/*
 * A script is a row of letters:
 *   w  a record of 24 bytes      p  more than a packet full of records
 *   s  a record of 16 bytes      d  records until two were dropped
 *   f  flush                     r  the reader takes all it can get
 */
static void run(const char *script)
{
    for ( ; *script; script++ )
    {
        uint64_t discarded = t.ring.discarded;
        unsigned int i;

        switch ( *script )
        {
        case 'w':
            ring_write(&t, depth, 24);
            break;
        case 's':
            ring_write(&t, depth, 16);
            break;
        case 'p':
            for ( i = 0; i < 5; i++ )
                ring_write(&t, depth, 1024);
            break;
        case 'd':
            while ( ring_write(&t, depth, 1024) )
                ;
            while ( t.ring.discarded < discarded + 2 )
                ring_write(&t, depth, 16);
            break;
        case 'f':
            tap_ring_flush(&t.ring);
            break;
        case 'r':
            ring_drain(&t);
            break;
        default:
            fail_msg("no such letter: %c", *script);
        }
    }
}

static void hit(unsigned int window)
{
    struct plan *p = &plan[depth];
    const char *script;

    if ( depth >= NEST || !p->script || p->window != window || p->skip-- )
        return;
    script = p->script;
    p->script = NULL;
    fired[depth][window]++;
    depth++;
    run(script);
    depth--;
}

static void ring_window(enum window window)
{
    hit(window);
}

uint64_t ring_clock(void)
{
    hit(WINDOW_clock);
    return ++now;
}

static void interrupt(unsigned int level, unsigned int window,
                      unsigned int skip, const char *script)
{
    plan[level] = (struct plan){ window, skip, script };
}

static void ready(unsigned int nr_packets)
{
    memset(plan, 0, sizeof(plan));
    ring_open(&t, 6, 4096, nr_packets);
    t.nested = true;
}

static void done(void)
{
    memset(plan, 0, sizeof(plan));
    ring_settle(&t);
    ring_close(&t);
}

static const uint64_t *record(unsigned int packet, unsigned int offset)
{
    return (const void *)(t.ring.place[packet].packet + HEADER + offset);
}

static unsigned int level_of(const uint64_t *word)
{
    return (word[1] >> 12) & 15;
}

/* Who is interrupted before it has a place comes later, and is younger. */
static void before_reserve(void **state)
{
    unsigned int i;

    (void)state;
    for ( i = 0; i < 2; i++ )
    {
        ready(2);
        interrupt(0, i ? WINDOW_clock : WINDOW_reserve, 0, "w");
        assert_true(ring_write(&t, 0, 16));
        assert_int_equal(level_of(record(0, 0)), 1);
        assert_int_equal(level_of(record(0, 24)), 0);
        assert_true(record(0, 0)[0] < record(0, 24)[0]);
        done();
    }
}

/* Who is interrupted after it has a place came first. */
static void before_commit(void **state)
{
    (void)state;
    ready(2);
    interrupt(0, WINDOW_commit, 0, "w");
    assert_true(ring_write(&t, 0, 16));
    assert_int_equal(level_of(record(0, 0)), 0);
    assert_int_equal(level_of(record(0, 16)), 1);
    assert_true(record(0, 0)[0] < record(0, 16)[0]);
    done();
}

/* The interrupt takes the last room: the step is the interrupted one's. */
static void room_taken(void **state)
{
    (void)state;
    ready(2);
    ring_fill(&t, 32);
    interrupt(0, WINDOW_reserve, 0, "w");
    assert_true(ring_write(&t, 0, 24));
    assert_int_equal(t.ring.reserve, 4096 + HEADER + 24);
    assert_int_equal(t.ring.packets, 1);
    done();

    /* The interrupt makes the step that the interrupted one was about to. */
    ready(2);
    ring_fill(&t, 16);
    interrupt(0, WINDOW_reserve, 0, "w");
    assert_true(ring_write(&t, 0, 16));
    assert_int_equal(t.ring.reserve, 4096 + HEADER + 24 + 16);
    assert_int_equal(level_of(record(1, 0)), 1);
    done();
}

/* A packet with a record under way is closed, but not complete. */
static void flush_under_record(void **state)
{
    (void)state;
    ready(4);
    assert_true(ring_write(&t, 0, 16));
    interrupt(0, WINDOW_commit, 0, "frwfr");
    interrupt(1, WINDOW_clock, 0, "r");
    assert_true(ring_write(&t, 0, 16));
    assert_int_equal(t.info.flushed, 2);
    assert_int_equal(t.ring.packets, 2); /* now they are */
    assert_int_equal(t.next, 0);         /* they were not, for the reader */
    done();

    ready(4);
    interrupt(0, WINDOW_commit, 0, "f");
    interrupt(1, WINDOW_commit, 0, "r");
    assert_true(ring_write(&t, 0, 16));
    assert_int_equal(t.info.complete[0], 1);
    assert_int_equal(t.info.complete[1], 0);
    done();
}

/* In "switch" the new packet is filled and closed before it is opened. */
static void close_before_open(void **state)
{
    unsigned int i;

    (void)state;
    ready(8);
    ring_fill(&t, 8);
    interrupt(0, WINDOW_switch, 0, "ppr");
    assert_true(ring_write(&t, 0, 16));
    assert_int_equal(t.ring.packets, 4); /* ten records, three in each */
    assert_int_equal(t.next, 0);
    for ( i = 0; i < 4; i++ )
        assert_int_equal(t.info.complete[i], i + 1);
    done();
}

/*
 * What is dropped after the step is not told of by the packet that the step
 * closes, or the packet after it would tell of fewer.
 */
static void late_discards(void **state)
{
    const struct idtap_packet_header *h[4];
    unsigned int i;

    (void)state;
    ready(4);
    ring_fill(&t, 8);
    for ( i = 0; i < 4; i++ )
        h[i] = (const void *)t.ring.place[i].packet;
    interrupt(0, WINDOW_switch, 0, "d");
    assert_true(ring_write(&t, 0, 16));
    assert_int_equal(t.ring.discarded, t.dropped[1]);
    assert_true(t.dropped[1] > 0);
    assert_int_equal(t.ring.packets, 3);
    for ( i = 0; i < 3; i++ )
        assert_int_equal(h[i]->events_discarded, 0);
    ring_drain(&t);
    assert_true(tap_ring_flush(&t.ring));
    assert_int_equal(h[3]->events_discarded, t.dropped[1]);
    done();
}

/*
 * Who was interrupted in a step says late where to go on, and is wrong: the next
 * record finds its way all the same, and those after it the quick one.
 */
static void late_place(void **state)
{
    static const unsigned int windows[] = { WINDOW_switch, WINDOW_point };
    const struct tap_place *place;
    unsigned int i;

    (void)state;
    for ( i = 0; i < 2; i++ )
    {
        ready(8);
        ring_fill(&t, 8);
        interrupt(0, windows[i], 0, "ppw");
        assert_true(ring_write(&t, 0, 16));
        place = &t.ring.place[t.ring.reserve >> t.ring.packet_shift];
        assert_ptr_not_equal(t.ring.now, place);
        assert_true(ring_write(&t, 0, 16));
        assert_ptr_equal(t.ring.now, place);
        assert_int_equal(place->last, t.ring.reserve | t.ring.packet_mask);
        done();
    }
}

/* An incomplete packet is in the way of a whole lap: dropped, not trampled. */
static void lap(void **state)
{
    unsigned int i;

    (void)state;
    for ( i = 0; i < 2; i++ )
    {
        ready(4);
        ring_fill(&t, 8);
        /* A reader that says that it has read all, and more. */
        t.consumed.packets = i ? 4 : 0;
        interrupt(0, WINDOW_switch, 0, "d");
        assert_true(ring_write(&t, 0, 16));
        assert_int_equal(t.ring.reserve >> t.ring.packet_shift, 3);
        assert_true(t.ring.discarded > 0);
        done();
    }
}

/* Whoever interrupts goes far ahead, and the reader too: there is room. */
static void old_news(void **state)
{
    unsigned int i;

    (void)state;
    for ( i = 0; i < 2; i++ )
    {
        ready(2);
        run("wfrwfr"); /* in the first lap there is always room */
        ring_fill(&t, 8);
        interrupt(0, WINDOW_clock, 0, "wrwwfrwfrww");
        if ( i )
            assert_true(tap_ring_flush(&t.ring));
        else
            assert_true(ring_write(&t, 0, 16));
        assert_int_equal(t.ring.discarded, 0);
        done();
    }
}

static const char *const scripts[] = {
    "s", "w", "ww", "p", "d", "f", "wf", "fwf", "r", "pr", "dr", "drd", "rp",
};
#define NR_SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

/* The outer operation, with the interrupts planned, on a ring so full. */
static void scenario(const char *operation, unsigned int full,
                     unsigned int left, const struct plan first,
                     const struct plan second)
{
    ready(4);
    while ( full-- )
    {
        ring_fill(&t, 8);
        ring_write(&t, 0, 16);
    }
    ring_fill(&t, left);
    plan[0] = first;
    plan[1] = second;
    run(operation);
    assert_int_equal(depth, 0);
    done();
}

static void everything(void **state)
{
    static const char *const operations[] = { "s", "w", "f", "d" };
    static const unsigned int lefts[] = { 8, 16, 24, 32, 48, 1032 };
    unsigned int op, full, left, skip, w1, w2, s1, s2;
    unsigned long n = 0;

    (void)state;
    memset(fired, 0, sizeof(fired));
    for ( op = 0; op < 4; op++ )
    for ( full = 0; full < 4; full++ )
    for ( left = 0; left < 6; left++ )
    for ( w1 = 0; w1 < NR_PLACES; w1++ )
    for ( skip = 0; skip < 3; skip++ )
    for ( s1 = 0; s1 < NR_SCRIPTS; s1++ )
    {
        struct plan first = { w1, skip, scripts[s1] }, second = { 0, 0, NULL };

        scenario(operations[op], full, lefts[left], first, second);
        n++;
#ifdef __SANITIZE_ADDRESS__
        if ( left % 3 || skip == 2 )
            continue;
#endif
        for ( w2 = 0; w2 < NR_PLACES; w2++ )
            for ( s2 = 0; s2 < NR_SCRIPTS; s2 += 2, n++ )
            {
                second = (struct plan){ w2, (n % 3), scripts[s2] };
                scenario(operations[op], full, lefts[left], first, second);
            }
    }

    for ( w1 = 0; w1 < NEST * NR_PLACES; w1++ )
        assert_true(fired[w1 / NR_PLACES][w1 % NR_PLACES] > 100);
    print_message("%lu scenarios\n", n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_reserve),
        cmocka_unit_test(before_commit),
        cmocka_unit_test(room_taken),
        cmocka_unit_test(flush_under_record),
        cmocka_unit_test(close_before_open),
        cmocka_unit_test(late_discards),
        cmocka_unit_test(late_place),
        cmocka_unit_test(lap),
        cmocka_unit_test(old_news),
        cmocka_unit_test(everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
