/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One vCPU's tables: GDT, TSS, IDT and page tables; all its own, so that a case
 * may change them.
 *
 * Rules (AMD APM and Intel SDM, "Segment Descriptors", "IST", "Page Tables"):
 * every gate is an interrupt gate, so handlers run with interrupts off and a
 * vCPU's counters need no locks; #DF has a stack of its own.
 */
#include "truth.h"

#include <xen/xen.h>
#include <xen/vcpu.h>
#include <xen/hvm/hvm_vcpu.h>

#define PTE_P    0x001UL
#define PTE_W    0x002UL
#define PTE_U    0x004UL
#define PTE_RSVD (1UL << 51)    /* reserved below 52-bit physical addresses */
#define PTE_NX   (1UL << 63)

#define CR0_BITS  0x80050033UL  /* PG AM WP NE ET MP PE */
#define CR4_BITS  0x620UL       /* OSXMMEXCPT OSFXSR PAE */
#define EFER_BITS 0xd00UL       /* LMA LME NXE */

struct table_ptr {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct tables {
    uint64_t pml4[512], pdpt[512], pd[512], pt[512];
    /* Pages of the window that are the vCPU's own. */
    uint8_t ustack[PAGE_SIZE], kstack[2 * PAGE_SIZE], istack[PAGE_SIZE];
    uint8_t data[PAGE_SIZE];
    /* Vectors 0 to 127 are at the end of one page, the others in the next. */
    uint8_t idt[2 * PAGE_SIZE];
};

#define IDT_OFFSET (PAGE_SIZE / 2)

struct cpu cpus[MAX_VCPUS];
unsigned int nr_vcpus = 1;

static struct tables tables[MAX_VCPUS] __attribute__((aligned(PAGE_SIZE)));

/* What the window's pages hold: zeroes, and a `ret` to run into. */
static uint8_t plain_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t code_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

struct gate *cpu_gate(struct cpu *c, uint8_t vector)
{
    return (struct gate *)(tables[c->id].idt + IDT_OFFSET) + vector;
}

void cpu_reset_gate(struct cpu *c, uint8_t vector)
{
    uint64_t to = (uint64_t)entries + vector * 16;
    /* INT3, INTO and INT 0x80 are for ring 3 too. */
    uint64_t dpl = (vector == 3 || vector == 4 || vector == 0x80) ? 3 : 0;
    uint64_t ist = vector == 8;
    struct gate *gate = cpu_gate(c, vector);

    gate->lo = (to & 0xffff) | ((uint64_t)SEL_KCODE << 16) | GATE_IST(ist) |
               (0xeUL << 40) | (dpl << 45) | GATE_PRESENT |
               ((to & 0xffff0000) << 32);
    gate->hi = to >> 32;
}

uint64_t *cpu_pte(struct cpu *c, uint64_t va)
{
    return &tables[c->id].pt[(va >> 12) & 511];
}

void cpu_map(struct cpu *c, uint64_t va, bool present)
{
    if ( present )
        *cpu_pte(c, va) |= PTE_P;
    else
        *cpu_pte(c, va) &= ~PTE_P;
    asm volatile ( "invlpg (%0)" :: "r" (va) : "memory" );
}

static void window_build(struct tables *t)
{
    uint64_t plain = (uint64_t)plain_page, code = (uint64_t)code_page;
    uint64_t table = PTE_P | PTE_W | PTE_U;

    t->pml4[0] = (uint64_t)t->pdpt | table;
    for ( unsigned int i = 0; i < 4; i++ )
        t->pdpt[i] = ((uint64_t *)boot_pdpt)[i];
    t->pdpt[WINDOW >> 30] = (uint64_t)t->pd | table;
    t->pd[(WINDOW >> 21) & 511] = (uint64_t)t->pt | table;

#define PAGE(va, entry) t->pt[((va) >> 12) & 511] = (entry)
    PAGE(VA_ABSENT,  0);
    PAGE(VA_RO,      plain | PTE_NX | PTE_P);
    PAGE(VA_NX,      code | PTE_NX | PTE_W | PTE_P);
    PAGE(VA_RSVD,    plain | PTE_RSVD | PTE_W | PTE_P);
    PAGE(VA_USER_RO, plain | PTE_NX | PTE_U | PTE_P);
    PAGE(VA_USER_NX, code | PTE_NX | PTE_U | PTE_W | PTE_P);
    PAGE(VA_LAZY,    plain | PTE_NX | PTE_W);   /* the handler sets PTE_P */
    PAGE(VA_USTACK,  (uint64_t)t->ustack | PTE_NX | PTE_U | PTE_W | PTE_P);
    PAGE(VA_KSTACK,  (uint64_t)t->kstack | PTE_NX | PTE_W | PTE_P);
    PAGE(VA_KSTACK + PAGE_SIZE,
         (uint64_t)(t->kstack + PAGE_SIZE) | PTE_NX | PTE_W | PTE_P);
    PAGE(VA_ISTACK,  (uint64_t)t->istack | PTE_NX | PTE_W | PTE_P);
    PAGE(VA_DATA,    (uint64_t)t->data | PTE_NX | PTE_U | PTE_W | PTE_P);
    PAGE(VA_IDT,     (uint64_t)t->idt | PTE_NX | PTE_W | PTE_P);
    PAGE(VA_IDT + PAGE_SIZE,
         (uint64_t)(t->idt + PAGE_SIZE) | PTE_NX | PTE_W | PTE_P);
    for ( unsigned int i = 0; i < CODE_PAGES; i++ )
        PAGE(VA_CODE + i * PAGE_SIZE,
             (uint64_t)(code_start + i * PAGE_SIZE) | PTE_U | PTE_P);
#undef PAGE
}

/* A data or code segment of four gigabytes, or of one page. */
static uint64_t descriptor(uint64_t flags, uint64_t base)
{
    return flags | ((base & 0xffffff) << 16) | ((base >> 24 & 0xff) << 56);
}

static void gdt_build(struct cpu *c)
{
    uint64_t *gdt = c->gdt, tss = (uint64_t)&c->tss;

    gdt[SEL_KCODE >> 3]   = 0x00af9b000000ffffUL;
    gdt[SEL_KDATA >> 3]   = 0x00cf93000000ffffUL;
    gdt[SEL_UDATA >> 3]   = 0x00cff3000000ffffUL;
    gdt[SEL_UCODE >> 3]   = 0x00affb000000ffffUL;
    gdt[SEL_ABSENT >> 3]  = 0x00cf13000000ffffUL;       /* P clear */
    gdt[SEL_NOCODE >> 3]  = 0x00af1b000000ffffUL;
    gdt[SEL_KCODE32 >> 3] = 0x00cf9b000000ffffUL;
    gdt[SEL_UCODE32 >> 3] = 0x00cffb000000ffffUL;
    gdt[SEL_KCODE16 >> 3] = descriptor(0x00009b000000ffffUL,
                                       (uint64_t)code_start);
    gdt[SEL_UCODE16 >> 3] = descriptor(0x0000fb000000ffffUL, VA_CODE);
    gdt[SEL_TSS >> 3] = descriptor((sizeof(c->tss) - 1) | (0x89UL << 40), tss);
    gdt[(SEL_TSS >> 3) + 1] = tss >> 32;
    gdt[SEL_TSS_CUT >> 3] =
        descriptor((offsetof(struct tss, ist[6]) - 1) | (0x89UL << 40), tss);
    gdt[(SEL_TSS_CUT >> 3) + 1] = tss >> 32;
}

/* Called on the first vCPU for every vCPU, itself first. */
void cpu_build(struct cpu *c, unsigned int id)
{
    for ( unsigned int i = 0; i < PAGE_SIZE && id == 0; i++ )
        code_page[i] = 0xc3;

    c->self = c;
    c->id = id;
    /* Not the stack in use: it holds the frames of who went to ring 3. */
    c->tss.rsp[0] = (uint64_t)(c->trap_stack + STACK_SIZE);
    c->tss.ist[0] = (uint64_t)(c->df_stack + PAGE_SIZE);
    c->tss.ist[1] = VA_ISTACK + PAGE_SIZE;
    c->tss.iomap = sizeof(c->tss);

    gdt_build(c);
    for ( unsigned int v = 0; v < 256; v++ )
        cpu_reset_gate(c, v);
    window_build(&tables[id]);
}

uint64_t cpu_cr3(const struct cpu *c)
{
    return (uint64_t)tables[c->id].pml4;
}

/* LTR wants a TSS that is not busy. */
void cpu_load_tr(struct cpu *c, uint16_t selector)
{
    c->gdt[SEL_TSS >> 3] &= ~(2UL << 40);
    c->gdt[SEL_TSS_CUT >> 3] &= ~(2UL << 40);
    asm volatile ( "ltr %0" :: "r" (selector) : "memory" );
}

/* Called on the vCPU itself. */
void cpu_load(struct cpu *c)
{
    struct table_ptr gdtr = { sizeof(c->gdt) - 1, (uint64_t)c->gdt };
    struct table_ptr idtr = { 256 * sizeof(struct gate) - 1,
                              VA_IDT + IDT_OFFSET };

    asm volatile ( "mov %0, %%cr3" :: "r" (cpu_cr3(c)) : "memory" );
    asm volatile ( "lgdt %0\n\t"
                   "pushq %1\n\t"
                   "lea 1f(%%rip), %%rax\n\t"
                   "pushq %%rax\n\t"
                   "lretq\n\t"
                   /* 64-bit code has no use for these, all other has. */
                   "1: mov %3, %%ds\n\t"
                   "mov %3, %%es\n\t"
                   "xor %%eax, %%eax\n\t"
                   "mov %%eax, %%fs\n\t"
                   "mov %%eax, %%gs\n\t"
                   "mov %2, %%ss\n\t"
                   :: "m" (gdtr), "i" (SEL_KCODE), "r" (SEL_KDATA), "r" (SEL_UDATA)
                   : "rax", "memory" );
    asm volatile ( "lidt %0" :: "m" (idtr) : "memory" );
    cpu_load_tr(c, SEL_TSS);
    wrmsr(0xc0000101, (uint64_t)c);     /* GS base, see this_cpu() */
}

/* Starts every other vCPU at entry(); returns how many there are in all. */
unsigned int cpu_boot_others(void (*entry)(struct cpu *c))
{
    unsigned int n = 1;

    for ( ; n < MAX_VCPUS; n++ )
    {
        struct cpu *c = &cpus[n];
        static struct vcpu_hvm_context ctx;

        if ( xen_vcpu_op(VCPUOP_is_up, n, NULL) < 0 )
            break;

        cpu_build(c, n);
        ctx = (struct vcpu_hvm_context){ .mode = VCPU_HVM_MODE_64B };
        ctx.cpu_regs.x86_64 = (struct vcpu_hvm_x86_64){
            .rip = (uint64_t)entry, .rdi = (uint64_t)c,
            /* As if called: the ABI wants %rsp + 8 aligned. */
            .rsp = (uint64_t)(c->stack + STACK_SIZE - 8),
            .rflags = 2, .cr0 = CR0_BITS, .cr3 = cpu_cr3(c), .cr4 = CR4_BITS,
            .efer = EFER_BITS,
        };
        if ( xen_vcpu_op(VCPUOP_initialise, n, &ctx) ||
             xen_vcpu_op(VCPUOP_up, n, NULL) )
            error("cannot start vcpu %u", n);
    }

    return n;
}
