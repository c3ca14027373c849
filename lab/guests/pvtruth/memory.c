/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables, by Xen's rules for PV guests: they hold machine addresses, a
 * page that is a page table or has descriptors is mapped read-only wherever it
 * is mapped, and Xen checks what is put into a table in use.
 *
 * The domain builder has mapped all of the kernel.  The windows are built
 * beside that and hung into the kernel's root and into the one of user mode,
 * which has nothing else.
 */
#include "pvtruth.h"

#include <xen/xen.h>
#include <xen/sched.h>

#define PTE_P  0x001UL
#define PTE_W  0x002UL
#define PTE_U  0x004UL
#define PTE_AD 0x060UL
#define PTE_NX (1UL << 63)

typedef uint64_t table_t[512] __attribute__((aligned(PAGE_SIZE)));

static table_t user_root, l3, l2, l1[MAX_VCPUS];
static table_t gdt, ldt;
static const unsigned long *mfn_list;

/* What the pages of the windows hold: zeroes, and a `ret` to run into. */
static uint8_t plain_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t code_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t data_page[MAX_VCPUS][PAGE_SIZE]
    __attribute__((aligned(PAGE_SIZE)));

/* Where pages are mapped that are not ours. */
static uint8_t foreign_page[2][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

uint64_t memory_mfn(const volatile void *page)
{
    return mfn_list[((uint64_t)page - VIRT_BASE) / PAGE_SIZE];
}

static uint64_t machine(const volatile void *page)
{
    return memory_mfn(page) * PAGE_SIZE;
}

void memory_set(uint64_t va, uint64_t pte)
{
    if ( hypercall(__HYPERVISOR_update_va_mapping, va, pte, UVMF_INVLPG, 0) )
        error("cannot map 0x%lx", va);
}

static void make_readonly(void *page)
{
    memory_set((uint64_t)page, machine(page) | PTE_AD | PTE_U | PTE_P);
}

void *memory_map(uint64_t address)
{
    static unsigned int used;
    void *va = foreign_page[used++];

    memory_set((uint64_t)va, address | PTE_AD | PTE_U | PTE_W | PTE_P);
    return va;
}

/* As dom0 maps the tap's rings; whose page it is, Xen shall not even look. */
long memory_map_xens(void)
{
    return hypercall(__HYPERVISOR_update_va_mapping_otherdomain,
                     (uint64_t)plain_page, machine(plain_page) | PTE_AD |
                     PTE_U | PTE_P, UVMF_INVLPG, DOMID_XEN);
}

uint64_t memory_pte(struct cpu *c, uint64_t at)
{
    uint64_t pte = PTE_AD | PTE_U | PTE_P;

    switch ( at )
    {
    case AT_RO:
    case AT_LAZY:
    case AT_SPARE:
        return machine(plain_page) | pte | PTE_NX;
    case AT_NX:
        return machine(code_page) | pte | PTE_NX;
    case AT_DATA:
        return machine(data_page[c->id]) | pte | PTE_W | PTE_NX;
    case AT_TABLE:
        return machine(l1[c->id]) | pte | PTE_NX;
    default:
        return machine(code_start + (at - AT_CODE)) | pte;
    }
}

static void build_window(struct cpu *c)
{
    static const uint64_t pages[] = { AT_RO, AT_NX, AT_DATA, AT_TABLE };
    uint64_t *t = l1[c->id];

    for ( unsigned int i = 0; i < sizeof(pages) / sizeof(pages[0]); i++ )
        t[pages[i] / PAGE_SIZE] = memory_pte(c, pages[i]);
    for ( unsigned int i = 0; i < CODE_PAGES; i++ )
        t[AT_CODE / PAGE_SIZE + i] = memory_pte(c, AT_CODE + i * PAGE_SIZE);
    make_readonly(t);
    l2[c->id] = machine(t) | PTE_AD | PTE_U | PTE_W | PTE_P;
}

void memory_init(const struct start_info *info)
{
    uint64_t table = PTE_AD | PTE_U | PTE_W | PTE_P;
    struct mmu_update update;
    struct mmuext_op pin = { .cmd = MMUEXT_PIN_L4_TABLE };

    mfn_list = (const unsigned long *)info->mfn_list;
    if ( hypercall(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
                   VMASST_TYPE_writable_pagetables, 0, 0) )
        xen_shutdown(SHUTDOWN_crash);
    for ( unsigned int i = 0; i < PAGE_SIZE; i++ )
        code_page[i] = 0xc3;

    for ( unsigned int i = 0; i < MAX_VCPUS; i++ )
    {
        cpus[i].id = i;
        cpus[i].window = WINDOW + i * WINDOW_SIZE;
        build_window(&cpus[i]);
    }
    l3[0] = machine(l2) | table;
    user_root[(WINDOW >> 39) & 511] = machine(l3) | table;
    make_readonly(l2);
    make_readonly(l3);
    make_readonly(user_root);

    update.ptr = (machine((void *)info->pt_base) +
                  ((WINDOW >> 39) & 511) * 8) | MMU_NORMAL_PT_UPDATE;
    update.val = machine(l3) | table;
    pin.arg1.mfn = memory_mfn(user_root);
    if ( hypercall(__HYPERVISOR_mmu_update, (uint64_t)&update, 1, 0,
                   DOMID_SELF) ||
         hypercall(__HYPERVISOR_mmuext_op, (uint64_t)&pin, 1, 0, DOMID_SELF) )
        xen_shutdown(SHUTDOWN_crash);

    gdt[SEL_ABSENT >> 3] = 0x00cf73000000ffffUL;    /* P clear */
    ldt[SEL_LDT >> 3] = 0x00cff3000000ffffUL;
    make_readonly(gdt);
    make_readonly(ldt);
}

uint64_t memory_user_root(void)
{
    return memory_mfn(user_root);
}

/* Called on each vCPU: its page tables of user mode, its descriptors. */
void memory_segments(void)
{
    struct mmuext_op root = {
        .cmd = MMUEXT_NEW_USER_BASEPTR, .arg1.mfn = memory_mfn(user_root),
    };
    uint64_t frame = memory_mfn(gdt);

    if ( hypercall(__HYPERVISOR_mmuext_op, (uint64_t)&root, 1, 0,
                   DOMID_SELF) ||
         hypercall(__HYPERVISOR_set_gdt, (uint64_t)&frame, 16, 0, 0) )
        error("cannot set the tables of vcpu %u", this_cpu()->id);
}

/* Xen maps an LDT's page when it is first used: each time it was set anew. */
void memory_ldt(bool there)
{
    struct mmuext_op op = {
        .cmd = MMUEXT_SET_LDT, .arg1.linear_addr = there ? (uint64_t)ldt : 0,
        .arg2.nr_ents = there ? 16 : 0,
    };

    if ( hypercall(__HYPERVISOR_mmuext_op, (uint64_t)&op, 1, 0, DOMID_SELF) )
        error("cannot set the LDT");
}
