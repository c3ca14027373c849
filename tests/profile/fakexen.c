/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A symbol file that looks to tools/make-profile like a Xen's: structures with
 * the fields that it asks for, at places that no Xen has them, and functions
 * that call what the tap hooks.  With -DPRINT it is a program that says where
 * the compiler has put each field: the answers that the profile must have.
 */
#include <stddef.h>
#include <stdint.h>

struct list { struct list *next, *prev; };
struct domain;

struct cpu_user_regs {
    uint64_t gpr[17];
    uint32_t error_code, entry_vector;
    uint64_t rip;
};

struct vcpu {
    char pad0[4];
    int vcpu_id, processor;
    char pad1[1000];
    struct domain *domain;
    void *vcpu_info;
    struct {
        struct { char pad[40]; void *trap_ctxt; } pv;
        struct {
            struct { char pad[136]; void *vmcb; uint64_t vmcb_pa; } svm;
            struct { char pad[152]; unsigned int secondary_exec_control; } vmx;
            struct { char pad[7]; _Bool nv_guestmode; } nvcpu;
            struct { char pad[24]; } vlapic;
        } hvm;
    } arch;
};

struct evtchn {
    char lock[9];
    unsigned char state;
    uint32_t port;
    union { uint32_t virq; void *p[2]; } u;
};

struct domain {
    char pad0[2];
    uint16_t domain_id;
    unsigned int max_vcpus;
    char pad1[300];
    struct vcpu **vcpu;
    struct domain *next_in_list;
    unsigned int options;
    struct evtchn *evtchn;
};

struct cpu_info {
    struct cpu_user_regs guest_cpu_user_regs;
    unsigned int processor_id;
    struct vcpu *current_vcpu;
    unsigned long per_cpu_offset;
    char rest[100];
};

struct irq_desc { char pad[12]; unsigned int status; char more[40]; int irq; };
struct page_info { unsigned long list[2]; unsigned long count_info; };

/* DWARF tells only of types that something has. */
struct vcpu a_vcpu;
struct domain a_domain;
struct cpu_info a_cpu;
struct irq_desc a_desc;
struct page_info a_page;
struct evtchn an_evtchn;
void (*softirq_handlers[11])(void);

#ifdef PRINT

#include <stdio.h>

#define FIELD(s, f) printf("offset " #s "." #f " %zu\n", offsetof(struct s, f))
#define FROM_END(f) printf("offset cpu_info." #f " %zu\n", \
    sizeof(struct cpu_info) - offsetof(struct cpu_info, f))
#define SIZE(s) printf("offset sizeof." #s " %zu\n", sizeof(struct s))

int main(void)
{
    FIELD(vcpu, vcpu_id);
    FIELD(vcpu, processor);
    FIELD(vcpu, domain);
    FIELD(vcpu, vcpu_info);
    FIELD(vcpu, arch.pv.trap_ctxt);
    FIELD(vcpu, arch.hvm.svm.vmcb);
    FIELD(vcpu, arch.hvm.svm.vmcb_pa);
    FIELD(vcpu, arch.hvm.nvcpu.nv_guestmode);
    FIELD(vcpu, arch.hvm.vlapic);
    FIELD(vcpu, arch.hvm.vmx.secondary_exec_control);
    FIELD(domain, domain_id);
    FIELD(domain, max_vcpus);
    FIELD(domain, vcpu);
    FIELD(domain, next_in_list);
    FIELD(domain, options);
    FIELD(domain, evtchn);
    FIELD(evtchn, port);
    FIELD(evtchn, state);
    FIELD(evtchn, u);
    FIELD(cpu_user_regs, entry_vector);
    FIELD(cpu_user_regs, rip);
    FIELD(irq_desc, status);
    FIELD(irq_desc, irq);
    FIELD(page_info, count_info);
    FROM_END(guest_cpu_user_regs);
    FROM_END(processor_id);
    FROM_END(current_vcpu);
    FROM_END(per_cpu_offset);
    SIZE(irq_desc);
    SIZE(page_info);
    SIZE(evtchn);
    printf("offset NR_SOFTIRQS %zu\n",
           sizeof(softirq_handlers) / sizeof(softirq_handlers[0]));
    return 0;
}

#else

#define EMPTY(name) void name(void); \
    __attribute__((noinline)) void name(void) { asm volatile ( "nop" ); }
EMPTY(do_IRQ)
EMPTY(do_nmi)
EMPTY(svm_vmexit_handler)
EMPTY(raise_softirq)
EMPTY(create_bounce_frame)
EMPTY(do_page_fault)

/* Labels as in entry.S, a call behind each, and one that ends a function. */
asm ( ".globl common_interrupt, handle_exception_saved, test_guest_events\n"
      ".globl vmx_vmexit_handler, tail_caller, do_trap_like\n"
      "common_interrupt: call do_IRQ\n ret\n"
      "handle_exception_saved: call do_page_fault\n ret\n"
      "test_guest_events: call create_bounce_frame\n ret\n"
      "vmx_vmexit_handler: call do_IRQ\n call do_nmi\n ret\n"
      "tail_caller: jmp raise_softirq\n"
#ifdef STRANGE
      ".globl nobody_knows_me\n"
      "nobody_knows_me: call create_bounce_frame\n ret\n"
#endif
#ifdef CONDITIONAL
      "conditional: jz raise_softirq\n ret\n"
#endif
      "do_trap_like: ret\n" );

#endif
