/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running the cases and judging them.  All vCPUs run a case at the same time,
 * with a barrier before and after it; vCPU 0 judges in between, while the
 * others wait.  So each vCPU's counts are as exact as with one vCPU, and the
 * host sees them all at once.
 */
#include "scene.h"

/*
 * So many sleeps in a row without anything moving: something is lost.  At
 * least 20 s; counted in sleeps because an emulated clock may leap ahead.
 */
#define STUCK_SLEEPS 100000
#define SLEEP_NS     200000
/* How often loop= and seconds= say how it goes. */
#define CALM_NS   1000000000UL

#define FNV_OFFSET 0xcbf29ce484222325UL

struct result {
    uint64_t raised, received;
    bool ran, bad;
};

static struct result results[MAX_CASES];
/* Of one raise; each must be like the first. */
static uint64_t digests[MAX_VCPUS][MAX_CASES];
static volatile bool last_pass;

/* Who arrived at the barrier, and how often it opened. */
static volatile unsigned int arrived, opened;

static uint64_t all_progress(void)
{
    uint64_t n = 0;

    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        n += cpus[i].progress;
    return n;
}

/* Waiting: spin a little, then let others have the CPU. */
struct waiting {
    unsigned int spins, sleeps;
    uint64_t progress;
};

/* An IRET to the next instruction: it ends the blocking of NMIs, if any. */
static void iret(void)
{
    asm volatile ( "mov %%rsp, %%rax\n\t"
                   "pushq %0\n\t"
                   "pushq %%rax\n\t"
                   "pushfq\n\t"
                   "pushq %1\n\t"
                   "lea 1f(%%rip), %%rax\n\t"
                   "pushq %%rax\n\t"
                   "iretq\n\t"
                   "1:"
                   :: "i" (SEL_KDATA), "i" (SEL_KCODE)
                   : "rax", "memory", "cc" );
}

/*
 * Bochs 2.7 forgets on VM entry to unblock NMIs: when a vCPU is preempted in
 * its NMI handler, the next one on that CPU is blocked for ever.  So who waits
 * in vain tries an IRET; an NMI that arrives by it is counted as `unblocked`,
 * and with strict=1 it is a failure.
 */
#define UNBLOCK_SLEEPS 25

static void unblock_nmi(void)
{
    struct cpu *c = this_cpu();
    uint64_t before = ((volatile struct cpu *)c)->count[VEC_NMI];

    iret();
    c->unblocked += ((volatile struct cpu *)c)->count[VEC_NMI] - before;
}

/* Not an interrupt is on its way now: nothing ends it early. */
static void rest(void)
{
    /* As in stuck(). */
    if ( options_on(ON_BOCHS) )
        unblock_nmi();
    xen_sleep(opt.rest_ms * 1000000);
}

static bool stuck(struct waiting *w)
{
    uint64_t progress;

    if ( ++w->spins % 256 )
    {
        cpu_pause();
        return false;
    }
    /*
     * And who sleeps with NMIs blocked, by what Bochs forgot when it entered
     * this vCPU, passes that on to the next.
     */
    if ( options_on(ON_BOCHS) || (w->sleeps + 1) % UNBLOCK_SLEEPS == 0 )
        unblock_nmi();
    xen_sleep(SLEEP_NS);
    progress = all_progress();
    if ( progress != w->progress )
        w->sleeps = 0;
    w->progress = progress;
    w->sleeps++;
    return w->sleeps > STUCK_SLEEPS;
}

void wait_handled(struct cpu *c, uint8_t vector, uint64_t want)
{
    struct waiting w = {};

    /* Pairs with publish() in trap.c. */
    while ( c->handled[vector] < want )
        if ( stuck(&w) )
            fail("vcpu %u: vector %u never arrived, case %s", c->id, vector,
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

static const char *unsupported(const struct row *row)
{
    if ( (row->flags & C_X2APIC) && opt.xapic )
        return "needs apic=x2apic";
    if ( (row->flags & C_DEADLINE) && !apic_has_deadline() )
        return "no TSC deadline timer";
    return NULL;
}

static bool wanted(const struct row *row)
{
    return options_chosen(row) && !unsupported(row);
}

static bool has_scenes(const struct row *row)
{
    return row->code || (row->flags & C_SCENES);
}

/* Scenes want silence, and repeat to the bit. */
static void run_scenes(struct cpu *c, const struct row *row, uint64_t *first)
{
    irq_off();
    c->digest = FNV_OFFSET;
    if ( row->code )
        play_row(c, row);
    else
        row->raise(c, row);
    irq_on();
    if ( !*first )
        *first = c->digest;
    else if ( c->digest != *first && !c->mismatch.what )
        c->mismatch = (struct mismatch){ "digest", 0, c->digest, *first,
                                         0 };
}

/* One case, on one vCPU. */
static void run_one(struct cpu *c, const struct row *row, uint64_t *first)
{
    uint64_t times = opt.repeat ? opt.repeat : row->times;

    if ( (row->flags & C_ONE) && c->id )
        return;

    for ( uint64_t i = 0; i < times; i++ )
    {
        if ( has_scenes(row) )
            run_scenes(c, row, first);
        else
        {
            c->asked[row->vector] += row->flags & C_TO_ALL ? nr_vcpus : 1;
            row->raise(c, row);
        }
        c->progress++;
    }
}

/* What all vCPUs asked for and received so far. */
struct totals {
    uint64_t asked[256], received[256];
};

static void sum_up(struct totals *t)
{
    *t = (struct totals){};
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        for ( unsigned int v = 0; v < 256; v++ )
        {
            t->asked[v] += cpus[i].asked[v];
            t->received[v] += cpus[i].count[v];
        }
}

static void judge(const struct row *row, struct result *r,
                  const struct totals *before, const struct totals *after)
{
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
    {
        struct cpu *c = &cpus[i];

        if ( c->unexpected )
        {
            say("UNEXPECTED vcpu=%u n=%lu last vector=%u case=%s", i,
                c->unexpected, c->unexpected_vector, row->name);
            r->bad = true;
            c->unexpected = 0;
        }
        if ( c->mismatch.what )
        {
            say("mismatch vcpu=%u case=%s event=%u %s=0x%lx expected=0x%lx"
                " rip=0x%lx", i, row->name, c->mismatch.event,
                c->mismatch.what, c->mismatch.got, c->mismatch.want,
                c->mismatch.rip);
            r->bad = true;
            c->mismatch.what = NULL;
        }
    }

    r->ran = true;
    for ( unsigned int v = 0; v < 256; v++ )
    {
        uint64_t raised = after->asked[v] - before->asked[v];
        uint64_t received = after->received[v] - before->received[v];

        r->raised += raised;
        r->received += received;
        r->bad |= raised != received;
    }
}

/* Every vCPU calls this; vCPU 0 judges. */
static void run_pass(struct cpu *c)
{
    static struct totals before, after;

    for ( unsigned int i = 0; i < nr_cases; i++ )
    {
        const struct row *row = cases[i];

        if ( !wanted(row) )
            continue;

        if ( c->id == 0 )
            sum_up(&before);
        /* Set before anybody may raise: interrupt() looks at it. */
        c->row = row;
        barrier();
        run_one(c, row, &digests[c->id][i]);
        barrier();
        if ( c->id == 0 )
        {
            sum_up(&after);
            judge(row, &results[i], &before, &after);
        }
    }
}

static bool any_bad(void)
{
    for ( unsigned int i = 0; i < nr_cases; i++ )
        if ( results[i].bad )
            return true;
    return false;
}

static void say_pass(uint64_t pass)
{
    uint64_t raised = 0, received = 0;

    for ( unsigned int i = 0; i < nr_cases; i++ )
    {
        raised += results[i].raised;
        received += results[i].received;
    }
    say("pass n=%lu raised=%lu received=%lu %s", pass, raised, received,
        any_bad() ? "FAILURE" : "OK");
}

void run_cases(struct cpu *c)
{
    uint64_t start = xen_now(), said = start, pass = 0;

    irq_on();
    do {
        run_pass(c);
        if ( c->id == 0 )
        {
            uint64_t now = xen_now();

            pass++;
            if ( (opt.loop || opt.seconds) &&
                 (int64_t)(now - said) > (int64_t)CALM_NS )
            {
                say_pass(pass);
                said = now;
            }
            last_pass = any_bad() ||
                (!opt.loop && (int64_t)(now - start) >=
                              (int64_t)(opt.seconds * 1000000000UL));
        }
        barrier();
        if ( opt.rest_ms && !last_pass )
            rest();
    } while ( !last_pass );
    /* Nobody runs ahead and changes last_pass before all have read it. */
    barrier();
    irq_off();
}

static void say_counts(const char *word, const struct cpu *c,
                       const uint64_t *n, unsigned int size)
{
    for ( unsigned int v = 0; v < size; v++ )
        if ( n[v] )
            say("%s vcpu=%u vector=%u n=%lu", word, c->id, v, n[v]);
}

static void say_digests(const struct cpu *c)
{
    for ( unsigned int i = 0; i < nr_cases; i++ )
        if ( digests[c->id][i] )
            say("digest case=%s vcpu=%u value=0x%lx", cases[i]->name, c->id,
                digests[c->id][i]);
}

static void say_case(const struct row *row, const struct result *r)
{
    unsigned int vector = row->nr_see ? row->see[row->nr_see - 1].vector :
                          row->vector;

    if ( r->ran )
        say("case %s vector=%u raised=%lu received=%lu %s", row->name,
            vector, r->raised, r->received, r->bad ? "FAILURE" : "OK");
    else if ( options_chosen(row) )
        say("case %s vector=%u SKIP %s", row->name, vector,
            unsupported(row));
    else if ( options_off(row) )
        say("case %s vector=%u OFF %s", row->name, vector,
            options_off(row));
}

/* On vCPU 0, when all others have stopped. */
void report_and_exit(void)
{
    unsigned int bad = 0, ran = 0;
    uint64_t ghosts = 0, unblocked = 0;

    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        say_counts("count", &cpus[i], cpus[i].count, 256);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        say_counts("injected", &cpus[i], cpus[i].injected, 256);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        say_counts("lapic", &cpus[i], cpus[i].lapic, 256);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        say_counts("intercepted", &cpus[i], cpus[i].intercepted, 32);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        say_counts("exception", &cpus[i], cpus[i].exception, 32);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        say_counts("swint", &cpus[i], cpus[i].swint, 256);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        if ( cpus[i].icebp )
            say("icebp vcpu=%u vector=1 n=%lu", i, cpus[i].icebp);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        say_digests(&cpus[i]);
    for ( unsigned int i = 0; i < nr_cases; i++ )
    {
        say_case(cases[i], &results[i]);
        ran += results[i].ran;
        bad += results[i].bad;
    }
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
    {
        if ( cpus[i].ghosts )
            say("ghost vcpu=%u vector=%u n=%lu", i, cpus[i].ghost,
                cpus[i].ghosts);
        ghosts += cpus[i].ghosts;
        if ( cpus[i].unblocked )
            say("unblocked vcpu=%u vector=%u n=%lu", i, VEC_NMI,
                cpus[i].unblocked);
        unblocked += cpus[i].unblocked;
    }
    if ( !ran )
        error("no case ran");
    if ( ghosts && opt.strict )
        fail("%lu ghosts", ghosts);
    if ( unblocked && opt.strict )
        fail("%lu NMIs were blocked", unblocked);
    if ( bad )
        fail("%u of %u cases", bad, ran);
    success();
}
