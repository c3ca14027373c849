/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract with Xen: every symbol the tap uses, every layout it relies
 * on.  Nothing else in the tap may name something of Xen's.
 *
 * Symbols resolve by name when Xen loads the payload; a missing one fails the
 * upload.  Offsets come from the profile of the running build (see
 * include/idtap/profile.h) and are proven by tap/invariants.c before use.
 * Prototypes and layouts written here are the same from Xen 4.17.0 to 4.17.7:
 * common/hypfs.c, common/livepatch.c, common/softirq.c, common/smp.c,
 * arch/x86/irq.c, arch/x86/mm.c, include/asm-x86/current.h.
 */
#ifndef TAP_XEN_H
#define TAP_XEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "offset.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define noinline __attribute__((noinline))
#define always_inline inline __attribute__((always_inline))
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
/* x86 keeps stores in order, and loads in order: only the compiler errs. */
#define barrier() asm volatile ( "" ::: "memory" )

/* Xen's error numbers (public/errno.h), which are Linux's. */
#define XEN_ENOMEM 12
#define XEN_EBUSY  16
#define XEN_EINVAL 22

#define PAGE_SIZE 4096u
#define DOMID_XEN 0x7ff2u /* public/xen.h */
#define XENLOG_ERR  "<0>"
#define XENLOG_INFO "<2>"

/* Opaque to the tap: reached through profile offsets only. */
struct cpu_user_regs;
struct vcpu;
struct domain;
struct page_info;
struct irq_desc;
struct cpumask;
struct vlapic;
struct evtchn;

/* The functions that sites call. */
void do_IRQ(struct cpu_user_regs *regs);
void do_nmi(const struct cpu_user_regs *regs);
void svm_vmexit_handler(struct cpu_user_regs *regs);
void svm_vmenter_helper(const struct cpu_user_regs *regs);
void vmx_vmexit_handler(struct cpu_user_regs *regs);
bool vmx_vmenter_helper(const struct cpu_user_regs *regs);
void raise_softirq(unsigned int nr);
void cpu_raise_softirq(unsigned int cpu, unsigned int nr);
void cpumask_raise_softirq(const struct cpumask *mask, unsigned int nr);
/* Their arguments are bytes, of which the rest of the register is nothing; so
   wide, they are handed on as they came. */
void vlapic_set_irq(struct vlapic *vlapic, unsigned int vector,
                    unsigned int level);
void vlapic_handle_EOI(struct vlapic *vlapic, unsigned int vector);

void do_page_fault(struct cpu_user_regs *regs);
void do_general_protection(struct cpu_user_regs *regs);
void do_invalid_op(struct cpu_user_regs *regs);
void do_device_not_available(struct cpu_user_regs *regs);
void do_int3(struct cpu_user_regs *regs);
void do_trap(struct cpu_user_regs *regs);
void do_debug(struct cpu_user_regs *regs);
/* Takes its arguments in registers of its own choice: tap/hook_pv.c. */
void create_bounce_frame(void) asm("\"x86_64/entry.S#create_bounce_frame\"");

/* Event channels (include/xen/event.h). */
struct evtchn_port_ops {
    void (*init)(struct domain *d, struct evtchn *evtchn);
    void (*set_pending)(struct vcpu *v, struct evtchn *evtchn);
};
extern struct evtchn_port_ops evtchn_port_ops_2l
    asm("\"common/event_2l.c#evtchn_port_ops_2l\"");
extern struct evtchn_port_ops evtchn_port_ops_fifo
    asm("\"common/event_fifo.c#evtchn_port_ops_fifo\"");
void evtchn_2l_set_pending(struct vcpu *v, struct evtchn *evtchn)
    asm("\"common/event_2l.c#evtchn_2l_set_pending\"");
void evtchn_fifo_set_pending(struct vcpu *v, struct evtchn *evtchn)
    asm("\"common/event_fifo.c#evtchn_fifo_set_pending\"");
#define EVTCHN_REMOTE_DOM 8 /* in the union u, u.interdomain.remote_dom */

/* Labels and tables. */
extern const char _stext[], _etext[];
extern const char svm_stgi_label[]; /* first instruction after STGI */
extern void (*softirq_handlers[])(void)
    asm("\"common/softirq.c#softirq_handlers\"");
extern void (*const direct_apic_vector[256])(struct cpu_user_regs *)
    asm("\"arch/x86/irq.c#direct_apic_vector\"");
extern const char per_cpu__vector_irq[]; /* int[256], per pCPU */
extern struct irq_desc *irq_desc;
extern unsigned int nr_irqs;
extern struct domain *domain_list;
extern struct domain *dom_xen;
extern unsigned int nr_cpu_ids;
extern const unsigned long cpu_online_map[], cpu_present_map[];
/* 0 without Intel's CPUs. */
extern const uint32_t vmx_pin_based_exec_control, vmx_secondary_exec_control;
extern unsigned long cpu_khz;
extern unsigned long max_page;
extern const unsigned long __per_cpu_offset[];
extern const struct {
    const char *name; /* "SVM" or "VMX"; NULL without either */
} hvm_funcs;

/* arch/x86/x86_emulate/x86_emulate.h */
struct x86_event {
    int16_t vector;
    uint8_t type; /* enum idtap_event_type */
    uint8_t insn_len;
    int32_t error_code; /* X86_EVENT_NO_EC: none */
    uint64_t cr2;
};
#define X86_EVENT_NO_EC (-1)
void hvm_inject_event(const struct x86_event *event);
/* arch/x86/hvm/hvm.c; 0 (HVMTRANS_okay) or why not */
int hvm_copy_from_guest_linear(void *buf, unsigned long addr, unsigned int size,
                               uint32_t pfec, void *pfinfo);
extern unsigned int svm_feature_flags;
#define SVM_NRIPS          (1u << 3)
#define SVM_DECODE_ASSISTS (1u << 7)

/* Services. */
bool vlapic_test_irq(const struct vlapic *vlapic, uint8_t vector);
int printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *alloc_xenheap_pages(unsigned int order, unsigned int memflags);
void free_xenheap_pages(void *v, unsigned int order);
unsigned long domain_page_map_to_mfn(const void *va);
enum { SHARE_rw, SHARE_ro };
void share_xen_page_with_guest(struct page_info *page, struct domain *d,
                               unsigned int flags);
int64_t get_s_time(void); /* ns since boot */
void free_domheap_pages(struct page_info *page, unsigned int order);
/* A grace period: every pCPU has unwound its stack since the call. */
void rcu_barrier(void);
void process_pending_softirqs(void);
bool get_cpu_maps(void);
void put_cpu_maps(void);
void on_selected_cpus(const void *cpumask, void (*func)(void *info), void *info,
                      int wait);
void *memset(void *s, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* Live patching (common/livepatch.c). */
struct payload;
int arch_livepatch_safety_check(void);
int revert_payload(struct payload *data);

/* hypfs (include/xen/hypfs.h, public/hypfs.h). */
#define XEN_HYPFS_TYPE_DIR    0
#define XEN_HYPFS_TYPE_BLOB   1
#define XEN_HYPFS_TYPE_STRING 2
#define XEN_HYPFS_TYPE_UINT   3

struct list_head {
    struct list_head *next, *prev;
};

struct hypfs_entry;
struct hypfs_entry_leaf;
struct hypfs_entry_dir;
/* A guest handle, passed through to Xen untouched. */
struct guest_handle {
    void *p;
};

struct hypfs_funcs {
    const struct hypfs_entry *(*enter)(const struct hypfs_entry *entry);
    void (*exit)(const struct hypfs_entry *entry);
    int (*read)(const struct hypfs_entry *entry, struct guest_handle uaddr);
    int (*write)(struct hypfs_entry_leaf *leaf, struct guest_handle uaddr,
                 unsigned int ulen);
    unsigned int (*getsize)(const struct hypfs_entry *entry);
    struct hypfs_entry *(*findentry)(const struct hypfs_entry_dir *dir,
                                     const char *name, unsigned int name_len);
};

struct hypfs_entry {
    unsigned short type;
    unsigned short encoding;
    unsigned int size;
    unsigned int max_size;
    const char *name;
    struct hypfs_entry *parent;
    struct list_head list;
    const struct hypfs_funcs *funcs;
};

struct hypfs_entry_leaf {
    struct hypfs_entry e;
    union {
        const void *content;
        void *write_ptr;
    } u;
};

struct hypfs_entry_dir {
    struct hypfs_entry e;
    struct list_head dirlist;
};

extern struct hypfs_entry_dir hypfs_root;
extern const struct hypfs_funcs hypfs_dir_funcs, hypfs_leaf_ro_funcs,
    hypfs_leaf_wr_funcs;
int hypfs_add_dir(struct hypfs_entry_dir *parent, struct hypfs_entry_dir *dir,
                  bool nofault);
int hypfs_add_leaf(struct hypfs_entry_dir *parent,
                   struct hypfs_entry_leaf *leaf, bool nofault);
int hypfs_read_leaf(const struct hypfs_entry *entry, struct guest_handle uaddr);
int hypfs_write_leaf(struct hypfs_entry_leaf *leaf, struct guest_handle uaddr,
                     unsigned int ulen);

/* Written into the payload before the upload; never changes after. */
extern const struct idtap_params tap_params;
#define PROFILE (tap_params.profile)

#define FIELD(type, base, offset) \
    (*(type const volatile *)((const char *)(base) + (offset)))

/*
 * Of this pCPU's stack; struct cpu_info ends there.  The operand in memory is
 * not looked at: it keeps the compiler from finding this out before a call and
 * saving a register for it, where it is wanted after.
 */
static inline const char *stack_last_byte(void)
{
    const char *last;

    asm inline ( "movq %%rsp, %0\n\t"
                 "orq $" IDTAP_OFFSET_SYMBOL "stack_mask, %0"
                 OFFSET_PLACE(stack_mask, 0)
                 : "=r" (last)
                 : "m" (nr_irqs), OFFSET_INDEX(stack_mask) : "cc" );
    return last;
}

static inline unsigned int this_cpu_id(void)
{
    return FIELD_AT(unsigned int, stack_last_byte(), stack_processor);
}

/* For tables of IDTAP_MAX_CPUS: there are no more (tap_check_params()). */
static inline unsigned long this_cpu_index(void)
{
    _Static_assert(IDTAP_MAX_CPUS == 1u << 8, "the lowest byte");
    return FIELD_AT(uint8_t, stack_last_byte(), stack_processor);
}

static inline const struct vcpu *current_vcpu(void)
{
    return FIELD_AT(const struct vcpu *, stack_last_byte(), stack_current);
}

static inline unsigned long this_percpu_offset(void)
{
    return FIELD_AT(unsigned long, stack_last_byte(), stack_percpu);
}

/* Registers saved on entry from a PV guest lie at the stack's very end. */
static inline const struct cpu_user_regs *guest_regs(void)
{
    return (const void *)OFFSET_ADD(stack_last_byte(), stack_regs);
}

static inline bool guest_mode(const struct cpu_user_regs *regs)
{
    return regs == guest_regs();
}

static inline unsigned int vcpu_id(const struct vcpu *v)
{
    return FIELD_AT(unsigned int, v, vcpu_id);
}

static inline const struct domain *vcpu_domain(const struct vcpu *v)
{
    return FIELD_AT(const struct domain *, v, vcpu_domain);
}

/* The vCPU that a virtual local APIC is part of (vlapic_vcpu()). */
static inline const struct vcpu *vlapic_vcpu(const struct vlapic *vlapic)
{
    return (const void *)OFFSET_ADD(vlapic, vlapic_vcpu);
}

/* "SVM", "VMX", or neither. */
static inline bool hvm_is(const char *name)
{
    return hvm_funcs.name && hvm_funcs.name[0] == name[0] &&
           hvm_funcs.name[1] == name[1];
}

static inline unsigned int domain_id(const struct domain *d)
{
    return FIELD_AT(uint16_t, d, domain_id);
}

static inline unsigned long regs_vector(const struct cpu_user_regs *regs)
{
    return FIELD_AT(uint8_t, regs, regs_entry_vector);
}

/* Adjacent in the public struct cpu_user_regs (public/arch-x86/xen.h). */
static inline uint32_t regs_error_code(const struct cpu_user_regs *regs)
{
    return FIELD(uint32_t, regs, PROFILE.regs_entry_vector - 4);
}

static inline uint64_t regs_rip(const struct cpu_user_regs *regs)
{
    return FIELD_AT(uint64_t, regs, regs_rip);
}

/* rip, cs with its padding, and rflags are adjacent there, too. */
static inline uint64_t *regs_flags(struct cpu_user_regs *regs)
{
    return (uint64_t *)((char *)regs + PROFILE.regs_rip + 16);
}

/* Frame-table entry of a page of the direct map (__virt_to_page()). */
static inline struct page_info *virt_to_page(const void *va)
{
    uint64_t pdx = ((uint64_t)va - PROFILE.directmap_start) / PAGE_SIZE;

    return (struct page_info *)(PROFILE.frametable_start +
                                pdx * PROFILE.page_info_size);
}

static inline uint64_t page_count_info(const struct page_info *pg)
{
    return FIELD(uint64_t, pg, PROFILE.page_info_count);
}

static inline bool test_bit(unsigned int nr, const unsigned long *map)
{
    return (READ_ONCE(map[nr / 64]) >> (nr % 64)) & 1;
}

#endif /* TAP_XEN_H */
