/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the PV truth guest share.  It obeys the rules of the other
 * truth guest (../truth/truth.h): nothing arrives that was not asked for, all
 * that arrives is counted, a counter has one writer.  One more, because a PV
 * guest's exceptions are Xen's first: a case knows what the CPU raises, which
 * Xen sees, and what Xen then delivers, which may be something else, or
 * nothing.
 *
 * No FPU and no SSE but in the cases that are about them: nobody can tell how
 * often Xen takes an #NM to load a guest's registers.
 */
#ifndef PVTRUTH_H
#define PVTRUTH_H

#define MAX_VCPUS  4
#define PAGE_SIZE  4096
#define VIRT_BASE  0xffffffff80000000   /* pvtruth.lds has it too */
#define CPU_SIZE   65536                /* of struct cpu, and its alignment */

/* Vectors of our own making, for what Xen delivers by callbacks. */
#define VEC_EVENT    256
#define VEC_SYSCALL  257
#define VEC_SYSENTER 258
#define VEC_FAILSAFE 259

/* As Xen shows them in frames and takes them (public/arch-x86/xen-x86_64.h). */
#define CS_KERNEL 0xe030
#define CS_USER   0xe033
#define SS_FLAT   0xe02b
#define SEL_ABSENT 0x2b     /* a data segment that is not present */
#define SEL_LDT    0x0f     /* a data segment, in the LDT */
#define SEL_BEYOND 0x1233   /* past what the GDT has */

#ifndef __ASSEMBLER__

#include "common.h"

/*
 * The window: pages that fault in known ways, for the kernel and, in its own
 * page tables, for user mode.  Each vCPU has its own, WINDOW_SIZE apart; rows
 * name addresses in it by their offsets.
 */
#define WINDOW      0x8000000000UL
#define WINDOW_SIZE 0x200000UL
#define AT_ABSENT   0x0000UL
#define AT_RO       0x1000UL
#define AT_NX       0x2000UL
#define AT_DATA     0x3000UL
#define AT_LAZY     0x4000UL    /* mapped by the fault */
#define AT_SPARE    0x5000UL    /* whose entry is written */
#define AT_TABLE    0x6000UL    /* the window's page table, read-only */
#define AT_CODE     0x10000UL   /* code.S */
#define CODE_PAGES  1

#define X86_EFLAGS_TF 0x00000100UL
#define X86_EFLAGS_IF 0x00000200UL
#define X86_EFLAGS_RF 0x00010000UL
#define X86_EFLAGS_AC 0x00040000UL

/* What the entries in start.S leave on the stack. */
struct frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* What Xen delivers: the names are those of idtap's upcall kinds. */
enum kind {
    EVENT, EXCEPTION, NMI, SYSCALL, INT80, NR_KINDS,
    NOTHING = NR_KINDS
};

/* Where a row is wrong, and not by the guest's fault. */
#define ON_QEMU 0x01
#define ON_AMD  0x02

/* Flags of a case. */
#define C_USER   0x01   /* in user mode */
#define C_TARGET 0x02   /* saved RIP: the address that could not be fetched */
#define C_CR2    0x04   /* CR2 must be the row's address */
#define C_WINDOW 0x08   /* the argument is an offset in the window */
#define C_REGS   0x10   /* the code changes registers */
#define C_ENTER  0x20   /* SYSENTER, which saves nothing */
#define C_CROSS  0x40   /* the next vCPU receives it */

#define NO_TRAP (-1)

struct cpu;

/*
 * One row of the table in cases.c: a scene, when it has "code", which is
 * entered with all registers known and left by what it raises; otherwise
 * raise() does all of it.
 */
struct row {
    const char *name;
    void (*raise)(struct cpu *c, const struct row *row);
    const char *code;
    uint32_t length;        /* saved RIP is so far behind "code" */
    uint64_t arg;           /* %rdi of a scene */
    uint64_t rflags;
    uint16_t cs;            /* unless it is the usual one */
    void (*before)(struct cpu *c, const struct row *row);
    void (*after)(struct cpu *c, const struct row *row);
    uint32_t times;         /* unless the command line says repeat= */
    uint32_t steps;         /* events per scene; 0 means 1 */
    int first;              /* an exception that comes before, if not 0 */
    int trap;               /* what the CPU raises, in the guest */
    enum kind kind;         /* what Xen delivers */
    uint8_t vector;
    int xen_fault;          /* what Xen raises and takes itself, if not 0 */
    uint32_t error;
    uint32_t dr6;           /* what it must say, if not 0 */
    uint32_t flags;
    uint32_t off_where;
    const char *off;        /* why it is left out there */
};

struct mismatch {
    const char *what;       /* NULL: none */
    uint64_t got, want;
};

struct port {
    uint32_t port;
    const char *kind;
    uint64_t sent;          /* how often it was made pending */
};
enum { P_SELF, P_CROSS, P_LOOP, P_TIMER, NR_PORTS };

struct cpu {
    uint32_t id;
    struct cpu *next;       /* the one our cross-vCPU events go to */
    uint64_t window;
    const struct row *row;  /* the case at work */

    const struct row *scene;    /* the same, while a scene is played */
    uint32_t hits;
    bool first_came;
    uint64_t home;          /* the stack of who called go() */
    struct frame launch, start;

    uint64_t trap[256];     /* what the CPU raised in the guest */
    uint64_t asked[NR_KINDS][256];  /* what Xen should have delivered */
    uint64_t upcall[NR_KINDS][256]; /* what it did deliver */
    uint64_t xen_fault[32];
    struct port ports[NR_PORTS];
    uint32_t loop_from;     /* the end that is sent from */
    volatile uint64_t taken[NR_PORTS];
    volatile uint64_t nmis;
    uint64_t raised;        /* in this case */
    uint64_t unexpected;
    uint32_t unexpected_vector;
    struct mismatch mismatch;
    volatile uint64_t progress;

    uint8_t kernel_stack[4096] __attribute__((aligned(16)));
    uint8_t scene_stack[4096] __attribute__((aligned(16)));
} __attribute__((aligned(CPU_SIZE)));
_Static_assert(sizeof(struct cpu) == CPU_SIZE, "start.S; the rest is stack");

extern struct cpu cpus[MAX_VCPUS];
extern unsigned int nr_vcpus;

static inline struct cpu *this_cpu(void)
{
    uint64_t rsp;

    asm volatile ( "mov %%rsp, %0" : "=r" (rsp) );
    /* A full stack pointer is the end of the one before. */
    return (struct cpu *)((rsp - 1) & ~(CPU_SIZE - 1UL));
}

/* options.c */
struct options {
    uint64_t repeat;        /* 0: each row's own number */
    uint64_t timer_us;      /* how far ahead timers are armed */
    bool fifo;              /* FIFO event channels */
    const char *cases;
};
extern struct options opt;
void options_parse(char *cmdline);
bool options_chosen(const struct row *row);
const char *options_off(const struct row *row); /* why; NULL: it is not */

/* cases.c */
extern const struct row cases[];
extern const unsigned int nr_cases;

/* run.c */
void run_cases(struct cpu *c);
void report_and_exit(void) __attribute__((noreturn));
void wait_for(const volatile uint64_t *what, uint64_t want);

/* trap.c */
void trap(struct frame *f);
void play(struct cpu *c, const struct row *row);
void mismatch(struct cpu *c, const char *what, uint64_t got, uint64_t want);

/* memory.c */
struct start_info;
void memory_init(const struct start_info *info);
void *memory_map(uint64_t machine);     /* a page of Xen's or a back end's */
long memory_map_xens(void);             /* what Xen says to it */
uint64_t memory_mfn(const volatile void *page);
uint64_t memory_pte(struct cpu *c, uint64_t at); /* of a window's plain page */
void memory_set(uint64_t va, uint64_t pte);
void memory_segments(void);             /* on each vCPU */
void memory_ldt(bool there);
uint64_t memory_user_root(void);

/* xen.c */
struct shared_info;
void xen_init(const struct start_info *info);
void xen_set_callbacks(struct cpu *c);  /* on each vCPU */
void xen_set_syscalls(bool there);
unsigned int xen_boot_others(void (*entry)(struct cpu *c), uint64_t cr3);
long xen_vcpu_op(unsigned int op, unsigned int vcpu, void *arg);
void xen_arm_timer(struct cpu *c, uint64_t us);
void xen_mask_upcalls(bool masked);     /* of this vCPU */
bool xen_upcalls_masked(void);
uint64_t xen_cr2(void);
uint64_t xen_tsc_hz(void);
void xen_block(void);
long hypercall(unsigned int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/* events.c */
void events_init(struct shared_info *page);
void events_use_fifo(void);
void events_bind(struct cpu *c);
void events_take(const struct cpu *c, uint64_t *took);
void events_mask(uint32_t port);
void events_unmask(uint32_t port);
bool events_forget(uint32_t port);      /* was it pending? */

/* start.S */
extern char hypercall_page[], entries[], home[];
extern char entry_event[], entry_syscall[], entry_sysenter[], entry_failsafe[];
void go(const struct frame *launch, uint64_t *home_rsp);

/* code.S; a label's address in the window */
extern char code_start[];
static inline uint64_t code_at(const struct cpu *c, const char *label)
{
    return c->window + AT_CODE + (uint64_t)(label - code_start);
}

static inline void cpu_pause(void) { asm volatile ( "pause" ::: "memory" ); }

#endif /* !__ASSEMBLER__ */
#endif
