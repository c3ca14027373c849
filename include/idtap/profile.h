/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What the tap must know of the one Xen build it is loaded into.  A profile
 * (profiles/NAME.profile, text) says it for each known build; the library
 * writes it into the section ".idtap.params" of the payload before it uploads
 * it.  The tap believes nothing of it unproven: before anything is changed it
 * checks every site's bytes and the invariants listed in tap/invariants.c.
 *
 * Rules: fixed-width, no pointers.  Offsets are in bytes from the start of
 * the structure named, addresses are link addresses.
 */
#ifndef IDTAP_PROFILE_H
#define IDTAP_PROFILE_H

#include "control.h"

#define IDTAP_PARAMS_MAGIC   0x61506469u /* "idPa" */
#define IDTAP_PARAMS_SECTION ".idtap.params"
#define IDTAP_BUILD_ID_LEN   20u /* SHA-1, which is what Xen links with */
#define IDTAP_MAX_SITES      160u
#define IDTAP_MAX_WITNESSES  64u

/*
 * Every number of a profile, once: X(field, "name in the text file").  The
 * parser, the writer and the tests are made from this list.
 */
#define IDTAP_PROFILE_FIELDS(X) \
    /* struct cpu_info, counted back from the end of a pCPU's stack */ \
    X(stack_size,           "stack.size") \
    X(cpu_info_regs,        "cpu_info.guest_cpu_user_regs") \
    X(cpu_info_processor,   "cpu_info.processor_id") \
    X(cpu_info_current,     "cpu_info.current_vcpu") \
    X(cpu_info_percpu,      "cpu_info.per_cpu_offset") \
    X(vcpu_id,              "vcpu.vcpu_id") \
    X(vcpu_processor,       "vcpu.processor") \
    X(vcpu_domain,          "vcpu.domain") \
    X(vcpu_svm_vmcb_pa,     "vcpu.arch.hvm.svm.vmcb_pa") \
    X(vcpu_svm_vmcb,        "vcpu.arch.hvm.svm.vmcb") \
    X(vcpu_nv_guestmode,    "vcpu.arch.hvm.nvcpu.nv_guestmode") \
    X(vcpu_vlapic,          "vcpu.arch.hvm.vlapic") \
    X(vcpu_vmx_secondary,   "vcpu.arch.hvm.vmx.secondary_exec_control") \
    X(vcpu_info,            "vcpu.vcpu_info") \
    X(vcpu_pv_trap_ctxt,    "vcpu.arch.pv.trap_ctxt") \
    X(domain_id,            "domain.domain_id") \
    X(domain_max_vcpus,     "domain.max_vcpus") \
    X(domain_vcpu,          "domain.vcpu") \
    X(domain_next,          "domain.next_in_list") \
    X(domain_options,       "domain.options") \
    X(domain_evtchn,        "domain.evtchn") \
    X(evtchn_size,          "sizeof.evtchn") \
    X(evtchn_port,          "evtchn.port") \
    X(evtchn_state,         "evtchn.state") \
    X(evtchn_u,             "evtchn.u") \
    X(regs_entry_vector,    "cpu_user_regs.entry_vector") \
    X(regs_rip,             "cpu_user_regs.rip") \
    X(irq_desc_size,        "sizeof.irq_desc") \
    X(irq_desc_status,      "irq_desc.status") \
    X(irq_desc_irq,         "irq_desc.irq") \
    X(irq_guest_bit,        "IRQ_GUEST.bit") \
    X(page_info_size,       "sizeof.page_info") \
    X(page_info_count,      "page_info.count_info") \
    X(pgc_allocated_bit,    "PGC_allocated.bit") \
    X(pgc_xen_heap_bit,     "PGC_xen_heap.bit") \
    X(pgc_count_bits,       "PGC_count.bits") \
    X(nr_softirqs,          "NR_SOFTIRQS")

/* Addresses, 64 bits wide. */
#define IDTAP_PROFILE_ADDRESSES(X) \
    X(text_start,           "_stext") \
    X(directmap_start,      "DIRECTMAP_VIRT_START") \
    X(frametable_start,     "FRAMETABLE_VIRT_START")

struct idtap_profile {
    uint8_t build_id[IDTAP_BUILD_ID_LEN];
    uint32_t pad;
#define X(field, name) uint64_t field;
    IDTAP_PROFILE_ADDRESSES(X)
#undef X
#define X(field, name) uint32_t field;
    IDTAP_PROFILE_FIELDS(X)
#undef X
};

/*
 * What hooks need, as numbers in their instructions rather than in memory: in
 * the payload they are symbols that nothing defines, IDTAP_OFFSET_SYMBOL and the
 * name, and the library resolves them as a linker would.  X(name, value), by the
 * profile @p.  A pCPU's struct cpu_info is counted from its stack's last byte.
 */
#define IDTAP_OFFSET_SYMBOL "tap_offset_"
#define IDTAP_OFFSETS(X, p) \
    X(stack_mask,        (int64_t)(p)->stack_size - 1) \
    X(stack_regs,        1 - (int64_t)(p)->cpu_info_regs) \
    X(stack_processor,   1 - (int64_t)(p)->cpu_info_processor) \
    X(stack_current,     1 - (int64_t)(p)->cpu_info_current) \
    X(stack_percpu,      1 - (int64_t)(p)->cpu_info_percpu) \
    X(vcpu_id,           (p)->vcpu_id) \
    X(vcpu_domain,       (p)->vcpu_domain) \
    X(vcpu_svm_vmcb,     (p)->vcpu_svm_vmcb) \
    X(vcpu_nv_guestmode, (p)->vcpu_nv_guestmode) \
    X(vlapic_vcpu,       -(int64_t)(p)->vcpu_vlapic) \
    X(domain_id,         (p)->domain_id) \
    X(regs_entry_vector, (p)->regs_entry_vector) \
    X(regs_rip,          (p)->regs_rip) \
    X(irq_desc_size,     (p)->irq_desc_size) \
    X(irq_desc_status,   (p)->irq_desc_status) \
    X(irq_guest_mask,    (int64_t)1 << ((p)->irq_guest_bit & 31))

/*
 * The hooks a site can be retargeted to.  The order is ABI between library
 * and payload of one version only; both come from one build.
 */
#define IDTAP_HOOKS(X) \
    X(do_IRQ,                "do_IRQ") \
    X(do_IRQ_vmexit,         "do_IRQ/vmexit") \
    X(do_nmi,                "do_nmi") \
    X(do_nmi_vmexit,         "do_nmi/vmexit") \
    X(svm_vmexit,            "svm_vmexit_handler") \
    X(svm_vmenter,           "svm_vmenter_helper") \
    X(vmx_vmexit,            "vmx_vmexit_handler") \
    X(vmx_vmenter,           "vmx_vmenter_helper") \
    X(raise_softirq,         "raise_softirq") \
    X(cpu_raise_softirq,     "cpu_raise_softirq") \
    X(cpumask_raise_softirq, "cpumask_raise_softirq") \
    X(vlapic_set_irq,        "vlapic_set_irq") \
    X(vlapic_handle_EOI,     "vlapic_handle_EOI") \
    X(do_page_fault,         "do_page_fault") \
    X(do_general_protection, "do_general_protection") \
    X(do_invalid_op,         "do_invalid_op") \
    X(do_device_not_available, "do_device_not_available") \
    X(do_int3,               "do_int3") \
    X(do_trap,               "do_trap") \
    X(do_debug,              "do_debug") \
    X(bounce_event,          "create_bounce_frame/event") \
    X(bounce_exception,      "create_bounce_frame/exception") \
    X(bounce_trap,           "create_bounce_frame/trap") \
    X(bounce_syscall,        "create_bounce_frame/syscall") \
    X(bounce_int80,          "create_bounce_frame/int80")

enum idtap_hook {
#define X(hook, name) IDTAP_HOOK_##hook,
    IDTAP_HOOKS(X)
#undef X
    IDTAP_NR_HOOKS
};

/* One `call rel32` (0xe8) or, where it ends a function, `jmp rel32` (0xe9). */
struct idtap_site {
    uint32_t offset; /* of the instruction, from text_start */
    uint8_t opcode;
    uint8_t hook;    /* enum idtap_hook; implies the expected target */
    uint16_t pad;
};

/* Indices of IDTAP_PROFILE_FIELDS. */
enum idtap_profile_field {
#define X(field, name) IDTAP_FIELD_##field,
    IDTAP_PROFILE_FIELDS(X)
#undef X
    IDTAP_NR_FIELDS
};

/*
 * An instruction of Xen's own that uses a field: the bytes at @offset from
 * text_start, its displacement, are the field's value.
 */
struct idtap_witness {
    uint32_t offset;
    uint16_t field; /* enum idtap_profile_field */
    uint16_t size;  /* 4, or 1 (a value below 128) */
};

struct idtap_params {
    uint32_t magic;       /* IDTAP_PARAMS_MAGIC */
    uint32_t abi_version; /* IDTAP_ABI_VERSION */
    uint32_t size;        /* sizeof(struct idtap_params) */
    uint32_t nr_sites;
    uint32_t nr_witnesses;
    uint32_t packet_size; /* bytes */
    uint32_t nr_packets;
    uint32_t pad;
    uint64_t attach_id;   /* random, not 0 */
    struct idtap_profile profile;
    struct idtap_site site[IDTAP_MAX_SITES];
    struct idtap_witness witness[IDTAP_MAX_WITNESSES];
};

/*
 * Why the tap refused to attach: what Xen returns for the live-patch action,
 * negated, when the pre-apply hook refuses.  Above Xen's own error numbers.
 * The tap also prints the details on Xen's console.
 */
enum idtap_refusal {
    IDTAP_REFUSE_PARAMS    = 2001, /* the payload was not stamped, or badly */
    IDTAP_REFUSE_SITE      = 2002, /* a site's bytes are not as expected */
    IDTAP_REFUSE_INVARIANT = 2003, /* a profile number contradicts the system */
    IDTAP_REFUSE_SOFTIRQ   = 2004, /* softirq_handlers[] is not as expected */
    IDTAP_REFUSE_PRESENT   = 2005, /* /idtap exists in hypfs: a tap is there */
    IDTAP_REFUSE_CPUS      = 2006, /* more pCPUs than IDTAP_MAX_CPUS */
    IDTAP_REFUSE_HELD      = 2007, /* detach: ring pages are still mapped */
    IDTAP_REFUSE_WAITING   = 2008, /* detach: a vCPU sleeps inside Xen */
    IDTAP_REFUSE_EVTCHN    = 2011, /* evtchn_port_ops are not as expected */
    IDTAP_REFUSE_HARDWARE  = 2009, /* config: these CPUs cannot intercept so */
    IDTAP_REFUSE_NO_HVM    = 2010, /* config: interception of a domain that is
                                      no HVM or PVH guest */
};

#endif /* IDTAP_PROFILE_H */
