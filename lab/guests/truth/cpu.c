/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One vCPU's tables: GDT, TSS, page tables, and the IDT that all share.
 *
 * Rules (AMD APM and Intel SDM, "Segment Descriptors", "IST", "Page Tables"):
 * every gate is an interrupt gate, so handlers run with interrupts off and a
 * vCPU's counters need no locks; #DF has a stack of its own.  Each vCPU has
 * its own page tables, so that one may change its window while another uses
 * the same addresses.
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
#define CR4_BITS  0x20UL        /* PAE */
#define EFER_BITS 0xd00UL       /* LMA LME NXE */

struct gate {
    uint64_t lo, hi;
};

struct table_ptr {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct tables {
    uint64_t pml4[512], pdpt[512], pd[512], pt[512];
};

struct cpu cpus[MAX_VCPUS];
unsigned int nr_vcpus = 1;

static struct gate idt[256] __attribute__((aligned(16)));
static struct tables tables[MAX_VCPUS] __attribute__((aligned(PAGE_SIZE)));

/* What the window's pages hold: zeroes, and a `ret` to run into. */
static uint8_t plain_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t code_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static void idt_build(void)
{
    for ( unsigned int v = 0; v < 256; v++ )
    {
        uint64_t to = (uint64_t)stubs + v * 16;
        /* INT3 and INT 0x80 are for ring 3 too. */
        uint64_t dpl = (v == 3 || v == 0x80) ? 3 : 0;
        uint64_t ist = v == 8;

        idt[v].lo = (to & 0xffff) | ((uint64_t)SEL_KCODE << 16) | (ist << 32) |
                    (0xeUL << 40) | (dpl << 45) | (1UL << 47) |
                    ((to & 0xffff0000) << 32);
        idt[v].hi = to >> 32;
    }
}

static void window_build(struct cpu *c, struct tables *t)
{
    uint64_t plain = (uint64_t)plain_page, code = (uint64_t)code_page;
    uint64_t table = PTE_P | PTE_W | PTE_U;

    t->pml4[0] = ((uint64_t *)boot_pml4)[0];
    t->pml4[(WINDOW >> 39) & 511] = (uint64_t)t->pdpt | table;
    t->pdpt[0] = (uint64_t)t->pd | table;
    t->pd[0] = (uint64_t)t->pt | table;

#define PAGE(va, entry) t->pt[((va) >> 12) & 511] = (entry)
    PAGE(VA_ABSENT,  0);
    PAGE(VA_RO,      plain | PTE_NX | PTE_P);
    PAGE(VA_NX,      code | PTE_NX | PTE_W | PTE_P);
    PAGE(VA_RSVD,    plain | PTE_RSVD | PTE_W | PTE_P);
    PAGE(VA_USER,    (uint64_t)user_start | PTE_U | PTE_P);
    PAGE(VA_USER_RO, plain | PTE_NX | PTE_U | PTE_P);
    PAGE(VA_USER_NX, code | PTE_NX | PTE_U | PTE_W | PTE_P);
    PAGE(VA_LAZY,    plain | PTE_NX | PTE_W);   /* trap() sets PTE_P */
#undef PAGE
    c->lazy_pte = &t->pt[(VA_LAZY >> 12) & 511];
}

/* Called on the first vCPU for every vCPU, itself first. */
void cpu_build(struct cpu *c, unsigned int id)
{
    uint64_t tss = (uint64_t)&c->tss;

    if ( id == 0 )
    {
        idt_build();
        for ( unsigned int i = 0; i < PAGE_SIZE; i++ )
            code_page[i] = 0xc3;
    }

    c->self = c;
    c->id = id;
    /* Not the stack in use: it holds the frames of who went to ring 3. */
    c->tss.rsp[0] = (uint64_t)(c->user_stack + STACK_SIZE);
    c->tss.ist[0] = (uint64_t)(c->df_stack + PAGE_SIZE);
    c->tss.iomap = sizeof(c->tss);

    c->gdt[SEL_KCODE >> 3]  = 0x00af9b000000ffffUL;
    c->gdt[SEL_KDATA >> 3]  = 0x00cf93000000ffffUL;
    c->gdt[SEL_UDATA >> 3]  = 0x00cff3000000ffffUL;
    c->gdt[SEL_UCODE >> 3]  = 0x00affb000000ffffUL;
    c->gdt[SEL_ABSENT >> 3] = 0x00cf13000000ffffUL;     /* P clear */
    c->gdt[SEL_TSS >> 3] = (sizeof(c->tss) - 1) | ((tss & 0xffffff) << 16) |
                           (0x89UL << 40) | ((tss >> 24 & 0xff) << 56);
    c->gdt[(SEL_TSS >> 3) + 1] = tss >> 32;

    window_build(c, &tables[id]);
}

uint64_t cpu_cr3(const struct cpu *c)
{
    return (uint64_t)tables[c->id].pml4;
}

/* Called on the vCPU itself. */
void cpu_load(struct cpu *c)
{
    struct table_ptr gdtr = { sizeof(c->gdt) - 1, (uint64_t)c->gdt };
    struct table_ptr idtr = { sizeof(idt) - 1, (uint64_t)idt };

    asm volatile ( "mov %0, %%cr3" :: "r" (cpu_cr3(c)) : "memory" );
    asm volatile ( "lgdt %0\n\t"
                   "pushq %1\n\t"
                   "lea 1f(%%rip), %%rax\n\t"
                   "pushq %%rax\n\t"
                   "lretq\n\t"
                   "1: xor %%eax, %%eax\n\t"
                   "mov %%eax, %%ds\n\t"
                   "mov %%eax, %%es\n\t"
                   "mov %%eax, %%fs\n\t"
                   "mov %%eax, %%gs\n\t"
                   "mov %2, %%ss\n\t"
                   :: "m" (gdtr), "i" (SEL_KCODE), "r" (SEL_KDATA)
                   : "rax", "memory" );
    asm volatile ( "lidt %0\n\t"
                   "ltr %w1" :: "m" (idtr), "r" (SEL_TSS) : "memory" );
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
