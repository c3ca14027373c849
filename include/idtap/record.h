/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The record ABI: what a hook writes into a ring, and what lies in a trace
 * file, byte for byte.
 *
 * Rules: little endian, fixed-width fields, explicit padding that is always
 * zero, every record a multiple of 8 bytes and aligned to 8.  A record is a
 * CTF 1.8 event: `tsc` and `event` are the event header, the rest of the
 * common part is the event context, what follows is the payload.  Nothing
 * here is ever renumbered or reshaped: a change of shape is a new event id
 * and a new IDTAP_ABI_VERSION.
 */
#ifndef IDTAP_RECORD_H
#define IDTAP_RECORD_H

#include <stdint.h>

#define IDTAP_ABI_VERSION 1

/* Event ids.  0 is never used, so that zeroed memory is not a record. */
enum idtap_event {
    IDTAP_EV_IRQ_ENTER     = 1,  /* struct idtap_irq_enter */
    IDTAP_EV_IRQ_EXIT      = 2,  /* struct idtap_record */
    IDTAP_EV_VM_EXIT       = 3,  /* struct idtap_vm_exit */
    IDTAP_EV_VM_ENTRY      = 4,  /* struct idtap_record */
    IDTAP_EV_EXCEPTION     = 5,  /* struct idtap_exception */
    IDTAP_EV_NMI_ENTER     = 6,  /* struct idtap_nmi_enter */
    IDTAP_EV_NMI_EXIT      = 7,  /* struct idtap_record */
    IDTAP_EV_INJECT        = 8,  /* struct idtap_inject */
    IDTAP_EV_SOFTIRQ_RAISE = 9,  /* struct idtap_softirq_raise */
    IDTAP_EV_SOFTIRQ_ENTER = 10, /* struct idtap_record */
    IDTAP_EV_SOFTIRQ_EXIT  = 11, /* struct idtap_record */
    IDTAP_EV_LAPIC_ACCEPT  = 12, /* struct idtap_record */
    IDTAP_EV_LAPIC_EOI     = 13, /* struct idtap_record */
    IDTAP_EV_SWINT         = 14, /* struct idtap_swint */
    IDTAP_EV_PV_TRAP       = 15, /* struct idtap_exception */
    IDTAP_EV_PV_UPCALL     = 16, /* struct idtap_pv_upcall */
    IDTAP_EV_EVTCHN        = 17, /* struct idtap_evtchn */
    IDTAP_EV_NR_RING       = 18, /* ids below come from the hypervisor */

    /* Written by the recorder, in the stream "meta". */
    IDTAP_EV_CLOCK_SYNC    = 64, /* struct idtap_clock_sync */
    IDTAP_EV_DOMAIN        = 65, /* struct idtap_domain_name */
    IDTAP_EV_ATTACH        = 66, /* struct idtap_record */
    IDTAP_EV_DETACH        = 67, /* struct idtap_record */
    IDTAP_EV_LOST          = 68, /* struct idtap_lost */
    IDTAP_EV_CONFIG        = 69, /* struct idtap_config_change */
    IDTAP_EV_TRIGGER       = 70, /* struct idtap_trigger */
};

/* Classes, as bits of a mask: what a user can ask for. */
#define IDTAP_CLASS_IRQ       (1u << 0)
#define IDTAP_CLASS_EXIT      (1u << 1)
#define IDTAP_CLASS_EXCEPTION (1u << 2)
#define IDTAP_CLASS_NMI       (1u << 3)
#define IDTAP_CLASS_INJECT    (1u << 4)
#define IDTAP_CLASS_SOFTIRQ   (1u << 5)
#define IDTAP_CLASS_LAPIC     (1u << 6)
#define IDTAP_CLASS_SWINT     (1u << 7)
#define IDTAP_CLASS_PV_TRAP   (1u << 8)
#define IDTAP_CLASS_PV_UPCALL (1u << 9)
#define IDTAP_CLASS_EVTCHN    (1u << 10)
#define IDTAP_CLASS_ALL       ((1u << 11) - 1)

/* Flags of a record. */
#define IDTAP_F_IN_GUEST   (1u << 0) /* irq, nmi, PV trap: the CPU ran the
                                        guest, not Xen, when it came */
#define IDTAP_F_ERROR_CODE (1u << 1) /* exception, inject: error_code
                                        is valid */
#define IDTAP_F_ADDRESS    (1u << 2) /* exception: address is valid */
#define IDTAP_F_REINJECT   (1u << 3) /* inject: the delivery was begun before
                                        and interrupted by a VM exit; do not
                                        count it as another event */
#define IDTAP_F_NESTED     (1u << 4) /* exit, entry, inject: of a nested
                                        (L2) guest */
#define IDTAP_F_INJECTS    (1u << 5) /* entry: it delivers an event */
#define IDTAP_F_DELIVERY   (1u << 6) /* exit, exception: it came while an event
                                        was being delivered; see `delivery` and
                                        `orig_vector` */
#define IDTAP_F_CPU_MASK   (1u << 7) /* softirq raise: for a set of CPUs, the
                                        number of which is in `cpu` */
#define IDTAP_F_INTERCEPT  (1u << 8) /* exit, exception: idtap asked for the
                                        exit; inject: what it gives back */
#define IDTAP_F_LEVEL      (1u << 9) /* lapic accept: level-triggered */
#define IDTAP_F_PENDING    (1u << 10) /* lapic accept: the vector was pending
                                         already: the two become one; evtchn: an
                                         upcall was pending already */
#define IDTAP_F_VIRTUAL    (1u << 11) /* lapic accept: the CPU delivers it by
                                         itself (virtual interrupt delivery):
                                         queued, and no inject record follows */
#define IDTAP_F_ENTRY_FAILED (1u << 12) /* exit: the VM entry itself failed */

#define IDTAP_F_ALL ((1u << 13) - 1)

/* Values of `domain` that are not guests (Xen's public/xen.h). */
#define IDTAP_DOMID_IDLE 0x7fffu
#define IDTAP_DOMID_NONE 0xffffu
/* `vcpu` where there is none. */
#define IDTAP_VCPU_NONE 0xffffu

/* The common part; alone, it is a whole record of 16 bytes. */
struct idtap_record {
    uint64_t tsc;    /* host TSC of the pCPU */
    uint8_t event;   /* enum idtap_event */
    uint8_t vector;  /* vector, or softirq number; 0 where there is none */
    uint16_t flags;  /* IDTAP_F_* */
    uint16_t domain; /* irq, nmi, softirq: whose vCPU was current (interrupted);
                        else: whose event it is (lapic: whose virtual local
                        APIC accepts, or gets the EOI) */
    uint16_t vcpu;
};

/* Who handles a physical interrupt. */
enum idtap_irq_owner {
    IDTAP_OWNER_XEN      = 0, /* a handler of Xen's own (timer, UART, IOMMU) */
    IDTAP_OWNER_GUEST    = 1, /* bound to one or more guests (IRQ_GUEST) */
    IDTAP_OWNER_DIRECT   = 2, /* direct APIC vector (LAPIC timer, IPIs) */
    IDTAP_OWNER_SPURIOUS = 3, /* nobody */
};

struct idtap_irq_enter {
    struct idtap_record r;
    int32_t irq;   /* Xen's IRQ number; -1: none (direct APIC vector) */
    uint8_t owner; /* enum idtap_irq_owner */
    uint8_t depth; /* 0: outermost; n: nested in n other interrupts */
    uint16_t pad;
};

/*
 * `delivery` squeezes what VMX keeps in IDT-vectoring information (SVM: in
 * EXITINTINFO) and in the type of interruption information into 16 bits.
 */
#define IDTAP_DELIVERY_VECTOR(d) ((d) & 0xff)
#define IDTAP_DELIVERY_TYPE(d)   (((d) >> 8) & 7) /* enum idtap_event_type */
#define IDTAP_DELIVERY_ERROR     (1u << 11) /* it pushes an error code */
#define IDTAP_DELIVERY_EXIT_TYPE(d) (((d) >> 12) & 7) /* of the exception that
                                        exits, enum idtap_event_type */
#define IDTAP_DELIVERY_VALID     (1u << 15) /* an event was being delivered */

struct idtap_vm_exit {
    struct idtap_record r; /* vector: of an exception or external interrupt */
    uint64_t rip;          /* guest's RIP */
    uint16_t reason;       /* VMX basic exit reason, or SVM exit code (the
                              negative ones cut to 16 bits: 0xffff, INVALID) */
    uint16_t delivery;     /* IDTAP_DELIVERY_* */
    uint32_t detail;       /* an exception's error code, or 0; any other exit:
                              low half of the exit qualification / EXITINFO1 */
};

struct idtap_exception {
    struct idtap_record r;
    uint64_t rip;
    uint64_t address;    /* #PF: CR2; #DB: DR6 as the CPU reports the cause */
    uint32_t error_code;
    uint8_t orig_vector; /* IDTAP_F_DELIVERY: the event being delivered */
    uint8_t type;        /* enum idtap_event_type */
    uint16_t pad;
};

struct idtap_nmi_enter {
    struct idtap_record r; /* vector 2 */
    uint64_t rip;          /* interrupted RIP: guest's if IDTAP_F_IN_GUEST */
};

/* INT n, about to be executed.  Seen only where idtap intercepts it. */
struct idtap_swint {
    struct idtap_record r; /* vector: n */
    uint64_t rip;          /* of the instruction */
};

/*
 * Types of an injected event: Intel SDM "Event Injection", "Interruption
 * type"; AMD APM "Event Injection", "Guest exception or interrupt types".
 * Both vendors use these numbers.
 */
enum idtap_event_type {
    IDTAP_TYPE_EXT_INTR      = 0,
    IDTAP_TYPE_NMI           = 2,
    IDTAP_TYPE_HW_EXCEPTION  = 3,
    IDTAP_TYPE_SW_INTERRUPT  = 4,
    IDTAP_TYPE_PRI_SW_EXC    = 5,
    IDTAP_TYPE_SW_EXCEPTION  = 6,
};

struct idtap_inject {
    struct idtap_record r;
    uint32_t error_code;
    uint8_t type;     /* enum idtap_event_type */
    uint8_t insn_len; /* VMX software events, else 0 */
    uint16_t pad;
};

/* Why Xen makes a PV guest go to a handler of its own. */
enum idtap_upcall_kind {
    IDTAP_UPCALL_EVENT     = 0, /* an event channel is pending */
    IDTAP_UPCALL_EXCEPTION = 1, /* `vector`: raised by it, or by Xen for it; or
                                   its INT n */
    IDTAP_UPCALL_NMI       = 2, /* virtual NMI, or machine check (vector 18) */
    IDTAP_UPCALL_SYSCALL   = 3, /* SYSCALL or SYSENTER from its user mode */
    IDTAP_UPCALL_INT80     = 4, /* INT 0x80 */
};

struct idtap_pv_upcall {
    struct idtap_record r; /* vector: where the kind has one, else 0 */
    uint64_t rip;          /* of the guest's handler */
    uint32_t error_code;
    uint8_t kind;          /* enum idtap_upcall_kind */
    uint8_t pad[3];
};

/* What an event channel is bound to: Xen's include/xen/sched.h, ECS_*. */
enum idtap_evtchn_kind {
    IDTAP_EVTCHN_INTERDOMAIN = 3,
    IDTAP_EVTCHN_PIRQ        = 4,
    IDTAP_EVTCHN_VIRQ        = 5,
    IDTAP_EVTCHN_IPI         = 6,
};

struct idtap_evtchn {
    struct idtap_record r; /* domain, vcpu: who is told */
    uint32_t port;
    uint16_t source;       /* other domain, PIRQ or VIRQ; IPI: 0 */
    uint8_t kind;          /* enum idtap_evtchn_kind */
    uint8_t pad;
};

struct idtap_softirq_raise {
    struct idtap_record r; /* vector: softirq number */
    uint32_t cpu;          /* pCPU it is raised on; IDTAP_F_CPU_MASK: how many */
    uint32_t pad;
};

/* Meta records; `domain` and `vcpu` are NONE unless said. */
struct idtap_clock_sync {
    struct idtap_record r;   /* tsc: the moment */
    uint64_t realtime_ns;    /* CLOCK_REALTIME at that moment */
    uint64_t system_time_ns; /* Xen's system time at that moment */
    uint64_t uncertainty_ns; /* realtime_ns is right to +- this */
};

#define IDTAP_NAME_LEN 48 /* with its NUL; longer names are cut */
struct idtap_domain_name {
    struct idtap_record r; /* domain */
    char name[IDTAP_NAME_LEN];
};

struct idtap_lost {
    struct idtap_record r;
    uint64_t count;        /* records discarded so far on this pCPU */
    uint32_t cpu;
    uint32_t pad;
};

struct idtap_config_change {
    struct idtap_record r;
    uint32_t classes; /* IDTAP_CLASS_* from here on */
    uint32_t pad;
};

#define IDTAP_TRIGGER_LEN 112 /* with its NUL; longer texts are cut */
struct idtap_trigger {
    struct idtap_record r; /* domain: whose event it was, or NONE */
    char message[IDTAP_TRIGGER_LEN];
};

#define IDTAP_ASSERT_SIZE(type, size) \
    _Static_assert(sizeof(type) == (size), #type " is ABI")
IDTAP_ASSERT_SIZE(struct idtap_record, 16);
IDTAP_ASSERT_SIZE(struct idtap_irq_enter, 24);
IDTAP_ASSERT_SIZE(struct idtap_vm_exit, 32);
IDTAP_ASSERT_SIZE(struct idtap_exception, 40);
IDTAP_ASSERT_SIZE(struct idtap_nmi_enter, 24);
IDTAP_ASSERT_SIZE(struct idtap_swint, 24);
IDTAP_ASSERT_SIZE(struct idtap_inject, 24);
IDTAP_ASSERT_SIZE(struct idtap_pv_upcall, 32);
IDTAP_ASSERT_SIZE(struct idtap_evtchn, 24);
IDTAP_ASSERT_SIZE(struct idtap_softirq_raise, 24);
IDTAP_ASSERT_SIZE(struct idtap_clock_sync, 40);
IDTAP_ASSERT_SIZE(struct idtap_domain_name, 64);
IDTAP_ASSERT_SIZE(struct idtap_lost, 32);
IDTAP_ASSERT_SIZE(struct idtap_config_change, 24);
IDTAP_ASSERT_SIZE(struct idtap_trigger, 128);

#endif /* IDTAP_RECORD_H */
