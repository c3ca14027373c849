/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the truth guest share.  The guest raises known numbers of
 * known vectors and says what it saw; a tap on the hypervisor is judged by
 * these numbers, to the unit.  Hence the rules every file obeys:
 *
 *  - nothing may arrive that was not asked for: every event channel is masked
 *    until it is needed, every asynchronous event is raised only after the
 *    one before it was handled, so nothing can coalesce;
 *  - everything that does arrive is counted, expected or not;
 *  - a counter has one writer, its own vCPU with interrupts off.
 *
 * No FPU and no SSE anywhere: the guest has no state of that kind to lose.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include "common.h"

#define MAX_VCPUS  8
#define STACK_SIZE 16384
#define PAGE_SIZE  4096

/* Selectors; cpu.c holds the descriptors. */
#define SEL_KCODE   0x08
#define SEL_KDATA   0x10
#define SEL_UDATA   0x1b
#define SEL_UCODE   0x23
#define SEL_ABSENT  0x28        /* a data segment that is not present */
#define SEL_TSS     0x30        /* 16 bytes, as is the next */
#define SEL_TSS_CUT 0x40        /* the same TSS, without its last IST entry */
#define SEL_KCODE32 0x50
#define SEL_UCODE32 0x5b
#define SEL_KCODE16 0x60        /* the 16-bit ones begin at the code's page */
#define SEL_UCODE16 0x6b
#define SEL_NOCODE  0x70        /* a 64-bit code segment that is not present */
#define SEL_BEYOND  0x1230      /* past the GDT's limit */

/*
 * The window: pages that fault in known ways, at the same address on every
 * vCPU, each of which has page tables of its own.  Below 4 GiB, so that 32-bit
 * code reaches it; no memory is there otherwise.
 */
#define WINDOW      0x80000000UL
#define VA_ABSENT   (WINDOW + 0x0000)
#define VA_RO       (WINDOW + 0x1000)   /* supervisor, read-only */
#define VA_NX       (WINDOW + 0x2000)   /* supervisor, no-execute */
#define VA_RSVD     (WINDOW + 0x3000)   /* a reserved bit is set */
#define VA_USER_RO  (WINDOW + 0x4000)
#define VA_USER_NX  (WINDOW + 0x5000)
#define VA_LAZY     (WINDOW + 0x6000)   /* mapped by the fault, see cases.c */
#define VA_USTACK   (WINDOW + 0x8000)   /* where scenes have their stacks */
#define VA_KSTACK   (WINDOW + 0xa000)   /* two pages */
#define VA_ISTACK   (WINDOW + 0xd000)   /* of IST entries, see raise_fault.c */
#define VA_DATA     (WINDOW + 0xe000)   /* user, writable, the vCPU's own */
#define VA_IDT      (WINDOW + 0x10000)  /* two pages */
#define VA_CODE     (WINDOW + 0x20000)  /* code*.S, for ring 3 */
#define CODE_PAGES  4

/* Vectors that arrive by themselves.  INT n never uses these. */
#define VEC_NMI       2
#define VEC_ONESHOT   0x40
#define VEC_DEADLINE  0x41
#define VEC_IPI_SELF  0x50
#define VEC_IPI_MSR   0x51
#define VEC_IPI_CROSS 0x52
#define VEC_IPI_ALL   0x53
#define VEC_IPI_MASK  0x54
#define VEC_PENDING   0x55      /* sent before a scene begins */
#define VEC_UPCALL    0xf3
#define VEC_SPURIOUS  0xff

#define X86_EFLAGS_TF 0x00000100UL
#define X86_EFLAGS_IF 0x00000200UL
#define X86_EFLAGS_DF 0x00000400UL
#define X86_EFLAGS_OF 0x00000800UL
#define X86_EFLAGS_NT 0x00004000UL
#define X86_EFLAGS_RF 0x00010000UL
#define X86_EFLAGS_AC 0x00040000UL

/* What the entries in start.S leave on the stack. */
struct frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Where a row is wrong, and not by the guest's fault. */
#define ON_QEMU        0x01
#define ON_BOCHS_AMD   0x02
#define ON_BOCHS_INTEL 0x04
#define ON_BOCHS       (ON_BOCHS_AMD | ON_BOCHS_INTEL)
#define ON_AMD         0x08     /* any, emulated or not */
#define ON_INTEL       0x20
#define ON_BOCHS_VID   0x40     /* Intel with virtual interrupt delivery */
#define ON_REAL_INTEL  0x10     /* not emulated: stock Xen itself is wrong */

/* Flags of a case. */
#define C_ONE      0x01 /* only vCPU 0 raises it */
#define C_TO_ALL   0x02 /* every vCPU receives it */
#define C_X2APIC   0x04 /* needs the x2APIC's registers */
#define C_DEADLINE 0x08 /* needs the TSC deadline timer */
#define C_SCENES   0x10 /* raise() plays scenes; otherwise it waits */

struct cpu;
struct event;
struct scene;

/* Rows that have an interrupt wait while IF is clear. */
#define BOCHS_VID \
    "Bochs 2.7: with a physical interrupt a virtual one comes in spite of IF"

/* Why a row is left out of cases=all. */
struct off {
    uint32_t where;
    const char *why;
};

/*
 * One row of a table of cases.  With "code" it is a scene (scene.h), played as
 * often as the row says; otherwise raise() does it.
 */
struct row {
    const char *name;
    uint8_t vector;         /* that raise() raises, or prepare() prepares */
    void (*raise)(struct cpu *c, const struct row *row);
    uint64_t arg;           /* for raise(); %rcx of a scene */
    uint32_t times;         /* unless the command line says repeat= */
    uint32_t flags;
    struct off off[2];

    const uint64_t *code;
    uint32_t mode;          /* enum mode */
    uint32_t rflags;        /* see struct scene */
    uint32_t icr;
    uint64_t dr7;
    unsigned int nr_see;
    const struct event *see;
    void (*prepare)(struct cpu *c);     /* before each scene */
    void (*undo)(struct cpu *c);        /* and after it */
};

/* What the scene at play is up to.  Written by its own vCPU only. */
struct expect {
    const struct scene *scene;
    struct frame start;     /* as it began */
    uint64_t home;          /* the stack of who called go() */
    uint64_t cr2;
    uint64_t rip;           /* of the last event */
    uint32_t hits;          /* since armed */
    bool armed;
    bool strayed;           /* something else happened, and ended it */
};

struct mismatch {
    const char *what;       /* NULL: none */
    uint32_t event;         /* of the scene */
    uint64_t got, want;
    uint64_t rip;           /* saved by the event */
};

/* Architectural: AMD APM and Intel SDM, "64-Bit Task State Segment". */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, iomap;
} __attribute__((packed));

struct gate {
    uint64_t lo, hi;
};

struct cpu {
    struct cpu *self;               /* %gs:0 */
    uint32_t id;                    /* Xen's number of this vCPU */
    uint32_t apic_id;
    struct cpu *next;               /* the one our cross-vCPU events go to */
    const struct row *row;          /* the case at work */
    struct expect expect;
    uint64_t digest;                /* of what was seen, this time */

    uint64_t count[256];            /* everything received */
    uint64_t asked[256];            /* everything that should be */
    uint64_t injected[256];         /* of these, what Xen injected */
    uint64_t lapic[256];            /* of these, what went through the LAPIC */
    uint64_t intercepted[32];       /* exceptions that stock Xen intercepts */
    uint64_t exception[32];         /* all that the CPU raised, see run.c */
    uint64_t swint[256];            /* INT n that the CPU began */
    uint64_t icebp;
    volatile uint64_t handled[256]; /* published when EOI etc. are done */
    uint64_t ghosts;                /* interrupts of the emulator's making, */
    uint8_t ghost;                  /* and the vector of the last */
    uint64_t unblocked;             /* NMIs that an IRET freed, see run.c */
    uint64_t unexpected;
    uint8_t unexpected_vector;
    struct mismatch mismatch;       /* the first one of this case */
    volatile uint64_t progress;     /* grows while this vCPU is alive */

    uint32_t lvtt;                  /* last value written */
    uint32_t port_self, port_cross, port_timer;

    struct tss tss;
    uint64_t gdt[16];
    uint8_t stack[STACK_SIZE] __attribute__((aligned(16)));
    uint8_t trap_stack[STACK_SIZE] __attribute__((aligned(16)));
    uint8_t df_stack[PAGE_SIZE] __attribute__((aligned(16)));
    struct frame launch[8];         /* go() enters by the last one */
};

extern struct cpu cpus[MAX_VCPUS];
extern unsigned int nr_vcpus;

static inline struct cpu *this_cpu(void)
{
    struct cpu *c;

    asm volatile ( "mov %%gs:0, %0" : "=r" (c) );
    return c;
}

/* options.c: the kernel command line. */
struct options {
    uint64_t repeat;        /* 0: each row's own number */
    uint64_t timer_us;      /* how far ahead timers are armed */
    uint64_t seconds;       /* repeat the passes for so long */
    bool loop;              /* for ever */
    uint64_t rest_ms;       /* sleep so long after each pass */
    bool strict;            /* ghosts are failures, see trap.c */
    bool rf;                /* RF of faults is compared */
    bool xapic;             /* MMIO instead of x2APIC MSRs */
    bool lapic_upcall;      /* upcalls by each vCPU's LAPIC, not by callback */
    const char *cases, *without;
};
extern struct options opt;
void options_parse(char *cmdline);      /* keeps pointers into cmdline */
bool options_chosen(const struct row *row);
const char *options_off(const struct row *row); /* why; NULL: it is not */
bool options_on(uint32_t where);        /* ON_...: are we there? */

/* cases.c: all rows of all tables, in order. */
#define MAX_CASES 256
extern unsigned int nr_cases;
extern const struct row *cases[MAX_CASES];
void cases_collect(void);

/* run.c */
void run_cases(struct cpu *c);
void report_and_exit(void) __attribute__((noreturn));
void wait_handled(struct cpu *c, uint8_t vector, uint64_t want);

/* cpu.c */
void cpu_build(struct cpu *c, unsigned int id);
void cpu_load(struct cpu *c);
uint64_t cpu_cr3(const struct cpu *c);
unsigned int cpu_boot_others(void (*entry)(struct cpu *c));
uint64_t *cpu_pte(struct cpu *c, uint64_t va);  /* of the window */
void cpu_map(struct cpu *c, uint64_t va, bool present);
struct gate *cpu_gate(struct cpu *c, uint8_t vector);
void cpu_reset_gate(struct cpu *c, uint8_t vector);
void cpu_load_tr(struct cpu *c, uint16_t selector);
#define GATE_PRESENT  (1UL << 47)
#define GATE_DPL      (3UL << 45)
#define GATE_IST(n)   ((uint64_t)(n) << 32)
#define GATE_SELECTOR (0xffffUL << 16)

/* trap.c */
void trap(struct frame *f);
void from_lapic(struct cpu *c, uint8_t v);
void publish(struct cpu *c, uint8_t v);

/* scene.c */
void scene_event(struct cpu *c, struct frame *f);

/* apic.c */
void apic_init(struct cpu *c);
bool apic_has_deadline(void);
bool apic_in_service(uint8_t vector);
void apic_eoi(void);
void apic_ipi(uint32_t dest, uint32_t icr_low);
void apic_self_msr(uint8_t vector);
void apic_arm_oneshot(struct cpu *c, uint64_t us);
void apic_arm_deadline(struct cpu *c, uint64_t us);
#define ICR_FIXED  0x00004000u      /* level: assert */
#define ICR_NMI    0x00004400u
#define ICR_SELF   0x00040000u
#define ICR_ALL    0x00080000u      /* including self */

/* xen.c: hypercalls, event channels, time. */
void xen_init(void);
void xen_bind_ports(struct cpu *c);
void xen_set_upcall(void);
bool xen_virtual_delivery(void);
long xen_vcpu_op(unsigned int op, unsigned int vcpu, void *arg);
uint64_t xen_param(uint32_t index);
unsigned int xen_take_events(struct cpu *c);
void xen_arm_timer(struct cpu *c, uint64_t us);
uint64_t xen_ns_to_tsc(uint64_t ns);
uint64_t xen_tsc_hz(void);

/* start.S */
extern char entries[], soft_entries[], boot_pml4[], boot_pdpt[], code_start[];
extern char home[];
void go(const struct frame *start, uint64_t *home_rsp);

/* Small instructions. */
static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;

    asm volatile ( "rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr) );
    return ((uint64_t)hi << 32) | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t val)
{
    asm volatile ( "wrmsr" :: "c" (msr), "a" ((uint32_t)val),
                   "d" ((uint32_t)(val >> 32)) : "memory" );
}

static inline void cpuid(uint32_t leaf, uint32_t r[4])
{
    asm volatile ( "cpuid" : "=a" (r[0]), "=b" (r[1]), "=c" (r[2]), "=d" (r[3])
                   : "a" (leaf), "c" (0) );
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    asm volatile ( "rdtsc" : "=a" (lo), "=d" (hi) );
    return ((uint64_t)hi << 32) | lo;
}

static inline void irq_on(void)  { asm volatile ( "sti" ::: "memory" ); }
static inline void irq_off(void) { asm volatile ( "cli" ::: "memory" ); }
static inline void cpu_pause(void) { asm volatile ( "pause" ::: "memory" ); }

#endif
