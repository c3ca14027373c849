/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Proof, on the running system, that the profile describes it.
 *
 * Runs in the hypercall that asks to attach, before anything is changed.  The
 * build-id has matched already (Xen checks it), so a failure here means a
 * wrong profile; but a wrong offset used in a hook would take the host down,
 * so nothing is taken on trust.  A pointer is followed only if it points into
 * the direct map, at memory that exists.
 */
#include "tap.h"

#define DOMID_FIRST_RESERVED 0x7ff0u
#define ECS_RESERVED 1u        /* include/xen/sched.h: an evtchn's state */
#define CDF_hvm 1u             /* XEN_DOMCTL_CDF_hvm, in domain->options */
#define TRAP_syscall 0x100u    /* entry_vector of a PV guest's hypercall */
#define REGS_SIZE 200u         /* sizeof(struct cpu_user_regs) */
#define FRAME_SIZE (1u << 16)  /* no structure of Xen's reaches so far */

#define REFUSE(code, ...) \
    ({ \
        printk(XENLOG_ERR "idtap: refused: " __VA_ARGS__); \
        -(code); \
    })
#define CHECK(what, cond) \
    do { \
        if ( !(cond) ) \
            return REFUSE(IDTAP_REFUSE_INVARIANT, \
                          "the profile's %s contradicts the running Xen\n", \
                          what); \
    } while ( 0 )

static bool power_of_two(uint32_t n, uint32_t min, uint32_t max)
{
    return n >= min && n <= max && !(n & (n - 1));
}

/* That each instruction with a number of IDTAP_OFFSETS has the profile's. */
static int check_offsets(void)
{
    const int64_t numbers[NR_TAP_OFFSETS] = {
#define X(name, value) [TAP_OFFSET_##name] = (value),
        IDTAP_OFFSETS(X, &PROFILE)
#undef X
    };
    const struct tap_offset_place *p;
    uint32_t seen = 0;

    for ( p = tap_places_begin; p < tap_places_end; p++ )
    {
        if ( p->offset >= NR_TAP_OFFSETS ||
             FIELD(int32_t, &p->place, p->place) != numbers[p->offset] )
            return REFUSE(IDTAP_REFUSE_PARAMS, "the payload's hooks were not "
                          "made for its profile (number %u at %p)\n", p->offset,
                          (const void *)((const char *)&p->place + p->place));
        seen |= 1u << p->offset;
    }
    if ( seen != (1u << NR_TAP_OFFSETS) - 1 )
        return REFUSE(IDTAP_REFUSE_PARAMS,
                      "the payload does not list its offsets\n");
    return 0;
}
_Static_assert(NR_TAP_OFFSETS < 32, "a bit for each");

int tap_check_params(void)
{
    const struct idtap_params *p = &tap_params;

    if ( p->magic != IDTAP_PARAMS_MAGIC ||
         p->abi_version != IDTAP_ABI_VERSION || p->size != sizeof(*p) ||
         p->nr_sites > IDTAP_MAX_SITES ||
         p->nr_witnesses > IDTAP_MAX_WITNESSES || !p->attach_id ||
         !power_of_two(p->packet_size, IDTAP_PACKET_SIZE_MIN,
                       IDTAP_PACKET_SIZE_MAX) ||
         !power_of_two(p->nr_packets, IDTAP_NR_PACKETS_MIN,
                       IDTAP_NR_PACKETS_MAX) )
        return REFUSE(IDTAP_REFUSE_PARAMS, "the payload's parameters are not "
                      "valid: load it with `idtap attach`\n");
    if ( nr_cpu_ids > IDTAP_MAX_CPUS )
        return REFUSE(IDTAP_REFUSE_CPUS, "%u pCPUs, at most %u are supported\n",
                      nr_cpu_ids, IDTAP_MAX_CPUS);
    return check_offsets();
}

/* Can @len bytes at @p be read?  True for the heap, where all of this lives. */
static bool in_heap(const void *p, unsigned int align)
{
    uint64_t va = (uint64_t)p;

    return !(va % align) && va >= PROFILE.directmap_start &&
           (va - PROFILE.directmap_start) / PAGE_SIZE < max_page;
}

/*
 * Xen's own instructions as witnesses: what they use as displacement is what
 * the profile says.  Some fields are used by hooks though no object of theirs
 * need exist at attach (no HVM guest, another vendor's CPU): for those a
 * witness is required.
 */
static int check_witnesses(void)
{
    static const uint64_t required =
        1ull << IDTAP_FIELD_vcpu_svm_vmcb |
        1ull << IDTAP_FIELD_vcpu_svm_vmcb_pa |
        1ull << IDTAP_FIELD_vcpu_nv_guestmode |
        1ull << IDTAP_FIELD_vcpu_vlapic |
        1ull << IDTAP_FIELD_vcpu_vmx_secondary |
        1ull << IDTAP_FIELD_vcpu_info |
        1ull << IDTAP_FIELD_vcpu_pv_trap_ctxt |
        1ull << IDTAP_FIELD_evtchn_u |
        1ull << IDTAP_FIELD_domain_next | 1ull << IDTAP_FIELD_domain_options;
    static const struct {
        const char *name;
        uint32_t offset;
    } fields[IDTAP_NR_FIELDS] = {
#define X(field, name) { name, offsetof(struct idtap_profile, field) },
        IDTAP_PROFILE_FIELDS(X)
#undef X
    };
    uint64_t seen = 0;
    unsigned int i;

    for ( i = 0; i < tap_params.nr_witnesses; i++ )
    {
        const struct idtap_witness *w = &tap_params.witness[i];
        uint32_t said = 0;

        CHECK("list of witnesses",
              w->field < IDTAP_NR_FIELDS && (w->size == 1 || w->size == 4) &&
              w->offset <= (unsigned long)(_etext - _stext) - sizeof(said));
        memcpy(&said, _stext + w->offset, w->size);
        CHECK(fields[w->field].name,
              said == FIELD(uint32_t, &PROFILE, fields[w->field].offset));
        seen |= 1ull << w->field;
    }
    for ( i = 0; i < IDTAP_NR_FIELDS; i++ )
        if ( (required & ~seen) & (1ull << i) )
            return REFUSE(IDTAP_REFUSE_INVARIANT,
                          "the profile has no witness for %s\n",
                          fields[i].name);
    return 0;
}

/* Numbers that are dangerous to use before they were looked at. */
static int check_ranges(void)
{
    CHECK("_stext", (uint64_t)_stext == PROFILE.text_start);
    CHECK("stack.size", power_of_two(PROFILE.stack_size, PAGE_SIZE, 1u << 20));
    CHECK("cpu_info offsets",
          PROFILE.cpu_info_regs < PAGE_SIZE &&
          PROFILE.cpu_info_processor + REGS_SIZE == PROFILE.cpu_info_regs &&
          PROFILE.cpu_info_current + 8 == PROFILE.cpu_info_processor &&
          PROFILE.cpu_info_percpu + 8 == PROFILE.cpu_info_current);
#define X(field, name) CHECK(name, PROFILE.field < FRAME_SIZE);
    X(vcpu_id, "vcpu.vcpu_id")
    X(vcpu_processor, "vcpu.processor")
    X(vcpu_domain, "vcpu.domain")
    X(vcpu_svm_vmcb, "vcpu.arch.hvm.svm.vmcb")
    X(vcpu_svm_vmcb_pa, "vcpu.arch.hvm.svm.vmcb_pa")
    X(vcpu_nv_guestmode, "vcpu.arch.hvm.nvcpu.nv_guestmode")
    X(vcpu_vlapic, "vcpu.arch.hvm.vlapic")
    X(vcpu_vmx_secondary, "vcpu.arch.hvm.vmx.secondary_exec_control")
    X(domain_id, "domain.domain_id")
    X(domain_max_vcpus, "domain.max_vcpus")
    X(domain_vcpu, "domain.vcpu")
    X(domain_next, "domain.next_in_list")
    X(domain_options, "domain.options")
    X(vcpu_info, "vcpu.vcpu_info")
    X(vcpu_pv_trap_ctxt, "vcpu.arch.pv.trap_ctxt")
    X(domain_evtchn, "domain.evtchn")
    X(irq_desc_size, "sizeof.irq_desc")
#undef X
    CHECK("cpu_user_regs offsets", PROFILE.regs_entry_vector < REGS_SIZE - 4 &&
                                   PROFILE.regs_rip < REGS_SIZE - 24);
    CHECK("irq_desc offsets",
          PROFILE.irq_desc_status + 4 <= PROFILE.irq_desc_size &&
          PROFILE.irq_desc_irq + 4 <= PROFILE.irq_desc_size &&
          PROFILE.irq_guest_bit < 10);
    CHECK("evtchn offsets",
          power_of_two(PROFILE.evtchn_size, 32, 256) &&
          PROFILE.evtchn_port + 4 <= PROFILE.evtchn_size &&
          PROFILE.evtchn_state < PROFILE.evtchn_size &&
          PROFILE.evtchn_u + 16 <= PROFILE.evtchn_size);
    CHECK("page_info numbers",
          power_of_two(PROFILE.page_info_size, 16, 256) &&
          PROFILE.page_info_count + 8 <= PROFILE.page_info_size &&
          PROFILE.pgc_allocated_bit < 64 && PROFILE.pgc_xen_heap_bit < 64 &&
          PROFILE.pgc_count_bits > 16 && PROFILE.pgc_count_bits < 64);
    CHECK("DIRECTMAP_VIRT_START", !(PROFILE.directmap_start % PAGE_SIZE));
    CHECK("FRAMETABLE_VIRT_START",
          !(PROFILE.frametable_start % PROFILE.page_info_size));
    CHECK("NR_SOFTIRQS", PROFILE.nr_softirqs && PROFILE.nr_softirqs <= 16);
    return 0;
}

/* struct cpu_info of this pCPU, and the caller's registers in it. */
static int check_cpu_info(void)
{
    const char *regs = (const char *)guest_regs();
    const struct vcpu *v = current_vcpu();
    const struct domain *d;

    CHECK("cpu_info.processor_id", this_cpu_id() < nr_cpu_ids &&
                                   test_bit(this_cpu_id(), cpu_online_map));
    CHECK("cpu_info.per_cpu_offset",
          this_percpu_offset() == __per_cpu_offset[this_cpu_id()]);
    CHECK("cpu_info.current_vcpu", in_heap(v, 8));
    CHECK("vcpu.processor", FIELD(uint32_t, v, PROFILE.vcpu_processor) ==
                            this_cpu_id());
    d = vcpu_domain(v);
    CHECK("vcpu.domain", in_heap(d, PAGE_SIZE));
    CHECK("domain.max_vcpus", vcpu_id(v) < FIELD(uint32_t, d,
                                                 PROFILE.domain_max_vcpus));
    CHECK("domain.vcpu",
          in_heap(FIELD(const void *, d, PROFILE.domain_vcpu), 8) &&
          FIELD(const struct vcpu *, FIELD(const char *, d,
                                           PROFILE.domain_vcpu),
                vcpu_id(v) * sizeof(v)) == v);

    /* A PV dom0's hypercall: SYSCALL from the kernel, which runs in ring 3. */
    if ( !(FIELD(uint32_t, d, PROFILE.domain_options) & CDF_hvm) )
    {
        CHECK("cpu_user_regs.entry_vector",
              FIELD(uint32_t, regs, PROFILE.regs_entry_vector) == TRAP_syscall);
        CHECK("cpu_user_regs.rip",
              (FIELD(uint16_t, regs, PROFILE.regs_rip + 8) & 3) == 3 &&
              FIELD(int64_t, regs, PROFILE.regs_rip) < 0 &&
              /* rflags: bit 1 is always 1, from bit 22 on all are 0. */
              (FIELD(uint64_t, regs, PROFILE.regs_rip + 16) &
               ~(uint64_t)0x3ffffd) == 2);
    }
    return 0;
}

static int check_vcpu(const struct domain *d, unsigned int id, bool svm)
{
    const struct vcpu *v =
        FIELD(const struct vcpu *, FIELD(const char *, d, PROFILE.domain_vcpu),
              id * sizeof(v));
    const void *vmcb;

    if ( !v )
        return 0; /* the domain is being made */
    CHECK("domain.vcpu", in_heap(v, 8));
    CHECK("vcpu.domain", vcpu_domain(v) == d);
    CHECK("vcpu.vcpu_id", vcpu_id(v) == id);
    CHECK("vcpu.processor", FIELD(uint32_t, v, PROFILE.vcpu_processor) <
                            nr_cpu_ids);
    if ( !(FIELD(uint32_t, d, PROFILE.domain_options) & CDF_hvm) )
        return 0;

    CHECK("vcpu.arch.hvm.nvcpu.nv_guestmode",
          FIELD(uint8_t, v, PROFILE.vcpu_nv_guestmode) <= 1);
    if ( !svm )
        return 0;
    vmcb = FIELD(const void *, v, PROFILE.vcpu_svm_vmcb);
    CHECK("vcpu.arch.hvm.svm.vmcb", in_heap(vmcb, PAGE_SIZE));
    CHECK("vcpu.arch.hvm.svm.vmcb_pa",
          domain_page_map_to_mfn(vmcb) * PAGE_SIZE ==
          FIELD(uint64_t, v, PROFILE.vcpu_svm_vmcb_pa));
    return 0;
}

/* Every domain and vCPU; the list is in order of domain ids. */
static int check_domains(void)
{
    const struct domain *d, *mine = vcpu_domain(current_vcpu());
    bool found = false, svm = hvm_is("SVM");
    unsigned int id = 0, n = 0;
    int rc;

    CHECK("domain.domain_id",
          in_heap(dom_xen, PAGE_SIZE) && domain_id(dom_xen) == DOMID_XEN);
    for ( d = domain_list; d; d = FIELD(const struct domain *, d,
                                        PROFILE.domain_next) )
    {
        unsigned int i, max;

        CHECK("domain.next_in_list", in_heap(d, PAGE_SIZE));
        CHECK("domain.domain_id", domain_id(d) < DOMID_FIRST_RESERVED &&
                                  (!n++ || domain_id(d) > id));
        id = domain_id(d);
        found |= d == mine;

        max = FIELD(uint32_t, d, PROFILE.domain_max_vcpus);
        CHECK("domain.max_vcpus", max <= 8192);
        CHECK("domain.vcpu",
              !max || in_heap(FIELD(const void *, d, PROFILE.domain_vcpu), 8));
        for ( i = 0; i < max; i++ )
            if ( (rc = check_vcpu(d, i, svm)) )
                return rc;
    }
    CHECK("domain.next_in_list", found);
    return 0;
}

static int check_irqs(void)
{
    unsigned int i;

    CHECK("irq_desc", in_heap(irq_desc, 8));
    for ( i = 0; i < nr_irqs; i++ )
    {
        const char *desc = (const char *)irq_desc +
                           (size_t)i * PROFILE.irq_desc_size;

        CHECK("irq_desc.irq",
              FIELD(int32_t, desc, PROFILE.irq_desc_irq) == (int32_t)i);
        /* IRQ_* of include/xen/irq.h are the ten lowest bits. */
        CHECK("irq_desc.status",
              FIELD(uint32_t, desc, PROFILE.irq_desc_status) < 1u << 10);
    }
    return 0;
}

/*
 * The first event channels of the caller's domain, a page of them
 * (common/event_channel.c, alloc_evtchn_bucket()): numbered, port 0 reserved.
 */
static int check_evtchns(void)
{
    const struct domain *d = vcpu_domain(current_vcpu());
    const char *e = FIELD(const char *, d, PROFILE.domain_evtchn);
    unsigned int port;

    CHECK("domain.evtchn", in_heap(e, PROFILE.evtchn_size));
    for ( port = 0; port < PAGE_SIZE / PROFILE.evtchn_size; port++ )
    {
        unsigned int state =
            FIELD(uint8_t, e, port * PROFILE.evtchn_size + PROFILE.evtchn_state);

        CHECK("evtchn.port",
              FIELD(uint32_t, e,
                    port * PROFILE.evtchn_size + PROFILE.evtchn_port) == port);
        CHECK("evtchn.state", state <= IDTAP_EVTCHN_IPI &&
                              (port || state == ECS_RESERVED));
    }
    return 0;
}

/* A struct domain is a page of Xen's heap that was never shared. */
static int check_frame_table(void)
{
    const struct domain *d = vcpu_domain(current_vcpu());
    uint64_t count = page_count_info(virt_to_page(d));

    CHECK("page_info numbers",
          count == (1ul << PROFILE.pgc_xen_heap_bit) &&
          !(count & (1ul << PROFILE.pgc_allocated_bit)));
    return 0;
}

int tap_check_invariants(void)
{
    int rc;

    if ( (rc = check_ranges()) || (rc = check_witnesses()) ||
         (rc = check_cpu_info()) ||
         (rc = check_domains()) || (rc = check_irqs()) ||
         (rc = check_evtchns()) || (rc = check_frame_table()) )
        return rc;
    return 0;
}
