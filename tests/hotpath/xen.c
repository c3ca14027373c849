/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tap's hooks need of Xen and of the rest of the tap, so that they link
 * here: structures with the few fields that are looked at, functions that do
 * nothing.  The numbers of the profile are free; the hooks take them from there.
 */
#include <stdlib.h>
#include <string.h>

#include "steps.h"

#define PACKET  65536u
#define PACKETS 4u
#define DOMAIN  XEN_DOMAIN
#define OTHER_DOMAIN 4
#define NOT_IN_TABLE 0x30 /* a vector with an irq_desc */

const struct idtap_params tap_params = {
    .profile = {
        .stack_size = XEN_STACK_SIZE, .cpu_info_regs = 264,
        .cpu_info_processor = 64, .cpu_info_current = 56,
        .cpu_info_percpu = 48, .vcpu_id = 0, .vcpu_processor = 4,
        .vcpu_domain = 16, .vcpu_svm_vmcb = 1472, .vcpu_nv_guestmode = 1960,
        .vcpu_vlapic = 1112, .vcpu_vmx_secondary = 1524, .vcpu_info = 8,
        .domain_id = 0, .regs_entry_vector = 124, .regs_rip = 128,
        .irq_desc_size = 256, .irq_desc_status = 0, .irq_guest_bit = 4,
        .nr_softirqs = 11,
    },
};

/* As the stamping of a payload does. */
__attribute__((used, noclone)) static noinline void offsets(void)
{
#define X(name, value) \
    asm volatile ( ".globl " IDTAP_OFFSET_SYMBOL #name "\n" \
                   ".set " IDTAP_OFFSET_SYMBOL #name ", %c0" :: "i" (value) );
    IDTAP_OFFSETS(X, &tap_params.profile)
#undef X
}

char xen_stack[XEN_STACK_SIZE] __attribute__((aligned(XEN_STACK_SIZE)));
char xen_vmcb[4096] __attribute__((aligned(4096)));
static char vcpu[4096], domain[4096], regs[256];
char *const xen_vcpu = vcpu;
struct cpu_user_regs *const xen_regs = (void *)regs;
struct vlapic *const xen_vlapic = (void *)(vcpu + 1112);

struct tap_cpu xen_cpu;
static struct idtap_ring_info info;
static struct idtap_consumed consumed;
static struct tap_filter filter;

/* Of the tap. */
struct tap_cpu *tap_cpus[IDTAP_MAX_CPUS];
struct tap_cpu tap_no_cpu;

uint32_t tap_hardware(void)
{
    return 0;
}

bool tap_memory_mapped(const struct tap_cpu *c)
{
    (void)c;
    return true;
}

/* Of Xen: functions that hooks stand before. */
#define XEN_NOTHING(type, name, ...) \
    type name(__VA_ARGS__) \
    { \
    }
XEN_NOTHING(void, do_IRQ, struct cpu_user_regs *r __attribute__((unused)))
XEN_NOTHING(void, do_nmi,
            const struct cpu_user_regs *r __attribute__((unused)))
XEN_NOTHING(void, svm_vmexit_handler,
            struct cpu_user_regs *r __attribute__((unused)))
XEN_NOTHING(void, svm_vmenter_helper,
            const struct cpu_user_regs *r __attribute__((unused)))
XEN_NOTHING(void, vmx_vmexit_handler,
            struct cpu_user_regs *r __attribute__((unused)))
bool vmx_vmenter_helper(const struct cpu_user_regs *r)
{
    (void)r;
    return true;
}
XEN_NOTHING(void, hvm_inject_event,
            const struct x86_event *e __attribute__((unused)))
XEN_NOTHING(void, raise_softirq, unsigned int nr __attribute__((unused)))
XEN_NOTHING(void, cpu_raise_softirq, unsigned int c __attribute__((unused)),
            unsigned int nr __attribute__((unused)))
XEN_NOTHING(void, cpumask_raise_softirq,
            const struct cpumask *m __attribute__((unused)),
            unsigned int nr __attribute__((unused)))
unsigned int xen_vector, xen_level;
void vlapic_set_irq(struct vlapic *v, unsigned int vector, unsigned int level)
{
    (void)v;
    xen_vector = vector;
    xen_level = level;
}
XEN_NOTHING(void, vlapic_handle_EOI, struct vlapic *v __attribute__((unused)),
            unsigned int vector __attribute__((unused)))

static void softirq_handler(void)
{
}

void (*softirq_handlers[16])(void) = { softirq_handler, softirq_handler };

bool xen_pending;
bool vlapic_test_irq(const struct vlapic *v, uint8_t vector)
{
    (void)v;
    (void)vector;
    return xen_pending;
}

int hvm_copy_from_guest_linear(void *buf, unsigned long addr, unsigned int size,
                               uint32_t pfec, void *pfinfo)
{
    (void)addr;
    (void)pfec;
    (void)pfinfo;
    memset(buf, 0, size);
    return 1;
}

int64_t get_s_time(void)
{
    return 0;
}

int printk(const char *fmt, ...)
{
    (void)fmt;
    return 0;
}

/* Its labels and tables. */
const char _stext[1], _etext[1], svm_stgi_label[1];
void (*const direct_apic_vector[256])(struct cpu_user_regs *) = { do_IRQ };
const char per_cpu__vector_irq[256 * sizeof(int)];
static char descs[16][256];
struct irq_desc *irq_desc = (void *)descs;
const uint32_t vmx_secondary_exec_control;
unsigned int nr_irqs = 16, nr_cpu_ids = 1, svm_feature_flags = SVM_NRIPS;
struct domain *domain_list;
const __typeof__(hvm_funcs) hvm_funcs = { "SVM" };

/* Xen's thunks, without mitigations. */
asm ( ".globl __x86_return_thunk\n__x86_return_thunk: ret\n" );
#define THUNK(reg) \
    asm ( ".globl __x86_indirect_thunk_" #reg "\n" \
          "__x86_indirect_thunk_" #reg ": jmp *%" #reg "\n" );
THUNK(rax) THUNK(rcx) THUNK(rdx) THUNK(rbx) THUNK(rbp) THUNK(rsi) THUNK(rdi)
THUNK(r8) THUNK(r9) THUNK(r10) THUNK(r11) THUNK(r12) THUNK(r13) THUNK(r14)
THUNK(r15)

/* The payload's hidden references want it in here; as Xen has it. */
asm ( ".globl memset\nmemset: mov %rdi, %r9; mov %rdx, %rcx\n"
      "mov %esi, %eax; rep stosb; mov %r9, %rax; ret\n" );

static void put(char *at, uint32_t offset, const void *value, size_t size)
{
    memcpy(at + offset, value, size);
}

void xen_setup(void)
{
    const struct idtap_profile *p = &tap_params.profile;
    char *end = xen_stack + XEN_STACK_SIZE, *v = vcpu, *d = domain;
    char *vmcb = xen_vmcb;
    struct tap_ring *ring = &xen_cpu.ring;
    unsigned short id = DOMAIN;
    uint32_t vcpu_id = XEN_VCPU;
    unsigned int i;

    put(end - p->cpu_info_current, 0, &v, sizeof(v));
    put(v, p->vcpu_id, &vcpu_id, sizeof(vcpu_id));
    put(v, p->vcpu_domain, &d, sizeof(d));
    put(v, p->vcpu_svm_vmcb, &vmcb, sizeof(vmcb));
    put(d, p->domain_id, &id, sizeof(id));
    regs[p->regs_entry_vector] = NOT_IN_TABLE;

    ring->packet_size = PACKET;
    ring->nr_packets = PACKETS;
    ring->info = &info;
    ring->consumed = &consumed;
    for ( i = 0; i < PACKETS; i++ )
        ring->place[i].packet = aligned_alloc(4096, PACKET);
    tap_ring_init(ring);
    ring->overwrite = true;
    tap_cpus[0] = &xen_cpu;
}

void xen_record(uint32_t classes, enum xen_domains domains,
                unsigned int vector)
{
    struct idtap_config config = {
        .classes = classes, .nr_domains = domains != XEN_ANY,
        .domains = { domains == XEN_OURS ? DOMAIN : OTHER_DOMAIN },
    };

    if ( vector == XEN_ANY_VECTOR )
        memset(config.vectors, 0xff, sizeof(config.vectors));
    else
        config.vectors[vector / 64] = 1ul << (vector % 64);
    tap_filter_build(&filter, &config);
    tap_filter_use(&filter);
    tap_classes = classes;
}
