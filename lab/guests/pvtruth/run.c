/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running the cases and judging them.  All vCPUs run a case at the same time,
 * with a barrier before and after it; vCPU 0 judges in between, while the
 * others wait.
 */
#include "pvtruth.h"

/*
 * So many sleeps in a row without anything moving: something is lost.  At
 * least 20 s; counted in sleeps because an emulated clock may leap ahead.
 */
#define STUCK_SLEEPS 100000
#define SLEEP_NS     200000

struct result {
    uint64_t raised, received;
    bool ran, bad;
};

static struct result results[128];

/* Who arrived at the barrier, and how often it opened. */
static volatile unsigned int arrived, opened;

/* Waiting: spin a little, then let others have the CPU. */
struct waiting {
    unsigned int spins, sleeps;
    uint64_t progress;
};

static bool stuck(struct waiting *w)
{
    uint64_t progress = 0;

    if ( ++w->spins % 256 )
    {
        cpu_pause();
        return false;
    }
    xen_sleep(SLEEP_NS);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        progress += cpus[i].progress;
    if ( progress != w->progress )
        w->sleeps = 0;
    w->progress = progress;
    return ++w->sleeps > STUCK_SLEEPS;
}

void wait_for(const volatile uint64_t *what, uint64_t want)
{
    struct waiting w = {};

    while ( *what < want )
        if ( stuck(&w) )
            fail("vcpu %u: an event never arrived, case %s", this_cpu()->id,
                 this_cpu()->row->name);
}

static void barrier(void)
{
    unsigned int gate = opened;
    struct waiting w = {};

    if ( __atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == nr_vcpus )
    {
        arrived = 0;
        __atomic_store_n(&opened, gate + 1, __ATOMIC_SEQ_CST);
        return;
    }
    while ( opened == gate )
        if ( stuck(&w) )
            fail("a vcpu is lost, case %s",
                 this_cpu()->row ? this_cpu()->row->name : "none");
}

/* What so many raises should bring. */
static void expect(struct cpu *c, const struct row *row, uint64_t times)
{
    struct cpu *to = row->flags & C_CROSS ? c->next : c;
    uint64_t events = times * (row->steps ?: 1);

    if ( row->first )
    {
        c->trap[row->first] += times;
        c->asked[EXCEPTION][row->first] += times;
    }
    if ( row->trap != NO_TRAP )
        c->trap[row->trap] += events;
    if ( row->kind != NOTHING )
        to->asked[row->kind][row->vector] += events;
    if ( row->xen_fault )
        c->xen_fault[row->xen_fault] += events;
    c->raised = events;
}

/* One case, on one vCPU. */
static void run_one(struct cpu *c, const struct row *row)
{
    uint64_t times = opt.repeat ?: row->times;

    expect(c, row, times);
    for ( uint64_t i = 0; i < times; i++ )
    {
        if ( row->before )
            row->before(c, row);
        if ( row->code )
            play(c, row);
        else
            row->raise(c, row);
        if ( row->after )
            row->after(c, row);
        c->progress++;
    }
}

static uint64_t received(const struct row *row)
{
    uint64_t n = 0;

    if ( row->kind != NOTHING )
        for ( unsigned int i = 0; i < nr_vcpus; i++ )
            n += cpus[i].upcall[row->kind][row->vector];
    return n;
}

static void judge_counts(struct cpu *c, const struct row *row)
{
    for ( unsigned int k = 0; k < NR_KINDS; k++ )
        for ( unsigned int v = 0; v < 256; v++ )
            mismatch(c, "count", c->upcall[k][v], c->asked[k][v]);
    if ( c->unexpected )
        say("UNEXPECTED vcpu=%u n=%lu last vector=%u case=%s", c->id,
            c->unexpected, c->unexpected_vector, row->name);
    mismatch(c, "unexpected", c->unexpected, 0);
    c->unexpected = 0;
}

/* On vCPU 0, while the others wait. */
static void judge(const struct row *row, struct result *r, uint64_t before)
{
    r->ran = true;
    r->received += received(row) - before;
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
    {
        struct cpu *c = &cpus[i];

        r->raised += c->raised;
        judge_counts(c, row);
        if ( !c->mismatch.what )
            continue;
        say("mismatch vcpu=%u case=%s %s=0x%lx expected=0x%lx", i, row->name,
            c->mismatch.what, c->mismatch.got, c->mismatch.want);
        c->mismatch.what = NULL;
        r->bad = true;
    }
}

void run_cases(struct cpu *c)
{
    xen_mask_upcalls(false);
    for ( unsigned int i = 0; i < nr_cases; i++ )
    {
        const struct row *row = &cases[i];
        uint64_t before;

        if ( !options_chosen(row) )
            continue;
        before = received(row);
        c->row = row;
        barrier();
        run_one(c, row);
        barrier();
        if ( c->id == 0 )
            judge(row, &results[i], before);
        barrier();
    }
    xen_mask_upcalls(true);
}

static void say_counts(const struct cpu *c)
{
    static const char *const kinds[NR_KINDS] = {
        "event", "exception", "nmi", "syscall", "int80",
    };

    for ( unsigned int v = 0; v < 256; v++ )
        if ( c->trap[v] )
            say("pv-trap vcpu=%u vector=%u n=%lu", c->id, v, c->trap[v]);
    for ( unsigned int k = 0; k < NR_KINDS; k++ )
        for ( unsigned int v = 0; v < 256; v++ )
            if ( c->upcall[k][v] )
                say("pv-upcall vcpu=%u kind=%s vector=%u n=%lu", c->id,
                    kinds[k], v, c->upcall[k][v]);
    for ( unsigned int v = 0; v < 32; v++ )
        if ( c->xen_fault[v] )
            say("xen-fault vcpu=%u vector=%u n=%lu", c->id, v,
                c->xen_fault[v]);
    for ( unsigned int i = 0; i < NR_PORTS; i++ )
        say("evtchn port=%u kind=%s n=%lu", c->ports[i].port,
            c->ports[i].kind, c->ports[i].sent);
}

static void say_case(const struct row *row, const struct result *r)
{
    unsigned int vector = row->trap == NO_TRAP ? row->vector : row->trap;

    if ( r->ran )
        say("case %s vector=%u raised=%lu received=%lu %s", row->name, vector,
            r->raised, r->received, r->bad ? "FAILURE" : "OK");
    else if ( options_off(row) )
        say("case %s vector=%u OFF %s", row->name, vector, options_off(row));
}

/* On vCPU 0, when all others have stopped. */
void report_and_exit(void)
{
    unsigned int bad = 0, ran = 0;

    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        say_counts(&cpus[i]);
    for ( unsigned int i = 0; i < nr_cases; i++ )
    {
        say_case(&cases[i], &results[i]);
        ran += results[i].ran;
        bad += results[i].bad;
    }
    if ( !ran )
        error("no case ran");
    if ( bad )
        fail("%u of %u cases", bad, ran);
    success();
}
