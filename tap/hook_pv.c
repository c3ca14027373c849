/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PV guests, dom0 among them, and Xen's own exceptions.
 *
 * What is raised: the calls of exception handlers out of handle_exception and
 * handle_ist_exception (arch/x86/x86_64/entry.S), where everything that is not
 * an HVM guest's arrives.  A record says whether the guest was running or Xen
 * itself, whose faults are mostly expected and fixed up.  INT 0x80 has an entry
 * of its own and is taken where it is passed on.
 *
 * What is delivered: the calls of create_bounce_frame(), which makes a frame on
 * the guest's stack: exceptions, event-channel upcalls, system calls.  It takes
 * its arguments in registers of its own choice, hence the assembly.
 */
#include "emit.h"

/* trap_bounce of include/asm-x86/domain.h, trap_info of public/arch-x86. */
struct trap_bounce {
    uint32_t error_code;
    uint8_t flags;
    uint16_t cs;
    uint64_t eip;
};
#define TBF_EXCEPTION 1
#define TBF_EXCEPTION_ERRCODE 2

struct trap_info {
    uint8_t vector;
    uint8_t flags;
    uint16_t cs;
    uint64_t address;
};

#define TRAP_db 1
#define TRAP_nmi 2
#define TRAP_bp 3
#define TRAP_of 4
#define TRAP_gp 13
#define TRAP_pf 14
#define TRAP_mc 18
#define TRAP_int80 0x80
#define NR_EXCEPTIONS 32
#define ERROR_IDT 2 /* of #GP: about the gate of a vector, error code / 8 */
/* #DF #TS #NP #SS #GP #PF #AC #CP push an error code. */
#define HAS_ERROR_CODE ((1u << 8) | (1u << 10) | (1u << 11) | (1u << 12) | \
                        (1u << 13) | (1u << 14) | (1u << 17) | (1u << 21))

static uint64_t address_of(unsigned int vector)
{
    uint64_t value = 0;

    if ( vector == TRAP_pf )
        asm volatile ( "mov %%cr2, %0" : "=r" (value) );
    else if ( vector == TRAP_db )
        asm volatile ( "mov %%dr6, %0" : "=r" (value) );
    return value;
}

static unsigned int type_of(unsigned int vector)
{
    return vector >= NR_EXCEPTIONS ? IDTAP_TYPE_SW_INTERRUPT :
           vector == TRAP_bp || vector == TRAP_of ? IDTAP_TYPE_SW_EXCEPTION
                                                  : IDTAP_TYPE_HW_EXCEPTION;
}

static noinline void pv_trap(const struct cpu_user_regs *regs,
                             unsigned int vector, bool in_guest)
{
    const struct vcpu *v = current_vcpu();
    struct tap_ring *ring = &this_tap_cpu()->ring;
    unsigned int flags = in_guest ? IDTAP_F_IN_GUEST : 0;
    struct idtap_exception *r;
    struct tap_slot slot;

    if ( !tap_wanted_vector_of(IDTAP_CLASS_PV_TRAP, v, vector) )
        return;
    if ( vector < NR_EXCEPTIONS && (HAS_ERROR_CODE & (1u << vector)) )
        flags |= IDTAP_F_ERROR_CODE;
    if ( vector == TRAP_pf || vector == TRAP_db )
        flags |= IDTAP_F_ADDRESS;

    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_PV_TRAP, vector, flags), v);
    if ( unlikely(!r) )
        return;
    r->rip = regs_rip(regs);
    r->address = address_of(vector);
    r->error_code = flags & IDTAP_F_ERROR_CODE ? regs_error_code(regs) : 0;
    r->orig_vector = 0;
    r->type = type_of(vector);
    r->pad = 0;
    tap_ring_commit(ring, sizeof(*r), &slot);
}

#define HOOK(handler) \
    static tap_recording void record_##handler(struct cpu_user_regs *regs) \
    { \
        pv_trap(regs, regs_vector(regs), guest_mode(regs)); \
        handler(regs); \
    } \
    TAP_HOOK(tap_##handler, IDTAP_CLASS_PV_TRAP, record_##handler, handler)
HOOK(do_page_fault)
HOOK(do_general_protection)
HOOK(do_invalid_op)
HOOK(do_device_not_available)
HOOK(do_int3)
HOOK(do_trap)
HOOK(do_debug)

/*
 * trap_bounce knows the handler's address, but no vector: it is the one of the
 * trap under way if that has this handler, else (an exception that Xen raised
 * while it emulated something) the first that has.  The guest may change its
 * table at any moment; it is its own vector that is then wrong.
 *
 * INT n raises #GP, because Xen lets nobody use its gates, and is delivered
 * without an error code, which a #GP has.
 */
static unsigned int vector_of(const struct vcpu *v,
                              const struct trap_bounce *tb,
                              const struct cpu_user_regs *regs,
                              unsigned int likely_vector)
{
    const struct trap_info *t =
        FIELD(const struct trap_info *, v, PROFILE.vcpu_pv_trap_ctxt);
    uint64_t eip = tb->eip;
    unsigned int i;

    if ( likely_vector == TRAP_gp && (regs_error_code(regs) & ERROR_IDT) &&
         !(tb->flags & TBF_EXCEPTION_ERRCODE) )
        return (regs_error_code(regs) >> 3) & 0xff;
    if ( READ_ONCE(t[likely_vector].address) == eip )
        return likely_vector;
    for ( i = 0; i < NR_EXCEPTIONS; i++ )
        if ( READ_ONCE(t[i].address) == eip )
            return i;
    return likely_vector;
}

/*
 * Two sites are shared: SYSENTER goes where exceptions go, and a SYSCALL or
 * SYSENTER for which the guest has no callback is made an exception.
 */
static unsigned int kind_of(const struct trap_bounce *tb, unsigned int kind)
{
    if ( kind == IDTAP_UPCALL_EXCEPTION || kind == IDTAP_UPCALL_SYSCALL )
        return tb->flags & TBF_EXCEPTION ? IDTAP_UPCALL_EXCEPTION
                                         : IDTAP_UPCALL_SYSCALL;
    return kind;
}

/* Reached from the stubs below; everything that it may change is saved. */
void tap_pv_bounce(const struct vcpu *v, const struct trap_bounce *tb,
                   unsigned int kind);
void tap_pv_bounce(const struct vcpu *v, const struct trap_bounce *tb,
                   unsigned int kind)
{
    const struct cpu_user_regs *regs = guest_regs();
    struct tap_ring *ring = &this_tap_cpu()->ring;
    unsigned int vector = 0, flags = 0;
    struct idtap_pv_upcall *r;
    struct tap_slot slot;

    if ( kind == IDTAP_UPCALL_INT80 && !tap_idle(IDTAP_CLASS_PV_TRAP) )
        pv_trap(regs, TRAP_int80, true);
    if ( !tap_wanted_of(IDTAP_CLASS_PV_UPCALL, v) )
        return;

    kind = kind_of(tb, kind);
    if ( kind == IDTAP_UPCALL_EXCEPTION )
        vector = vector_of(v, tb, regs, regs_vector(regs));
    else if ( kind == IDTAP_UPCALL_NMI )
        vector = vector_of(v, tb, regs, TRAP_nmi);
    else if ( kind == IDTAP_UPCALL_INT80 )
        vector = TRAP_int80;
    if ( tb->flags & TBF_EXCEPTION_ERRCODE )
        flags |= IDTAP_F_ERROR_CODE;

    r = tap_emit(ring, &slot, sizeof(*r),
                 HEAD(IDTAP_EV_PV_UPCALL, vector, flags), v);
    if ( unlikely(!r) )
        return;
    r->rip = tb->eip;
    r->error_code = flags & IDTAP_F_ERROR_CODE ? tb->error_code : 0;
    r->kind = kind;
    memset(r->pad, 0, sizeof(r->pad));
    tap_ring_commit(ring, sizeof(*r), &slot);
}

/*
 * %rbx: struct vcpu, %rdx: struct trap_bounce, the guest's registers above the
 * return address; all other registers are the caller's, live or not.
 */
#define BOUNCE(name, kind) \
    TAP_AT_SITE __attribute__((naked)) void tap_bounce_##name(void) \
    { \
        asm volatile ( \
            "testl %0, tap_classes(%%rip)\n\t" \
            "jz \"x86_64/entry.S#create_bounce_frame\"\n\t" \
            "push %%rax; push %%rcx; push %%rdx; push %%rsi; push %%rdi\n\t" \
            "push %%r8; push %%r9; push %%r10; push %%r11\n\t" \
            "mov %%rbx, %%rdi\n\t" \
            "mov %%rdx, %%rsi\n\t" \
            "mov %1, %%edx\n\t" \
            "call tap_pv_bounce\n\t" \
            "pop %%r11; pop %%r10; pop %%r9; pop %%r8\n\t" \
            "pop %%rdi; pop %%rsi; pop %%rdx; pop %%rcx; pop %%rax\n\t" \
            "jmp \"x86_64/entry.S#create_bounce_frame\"" \
            :: "i" (IDTAP_CLASS_PV_UPCALL | IDTAP_CLASS_PV_TRAP), \
               "i" (kind) ); \
    }
BOUNCE(event, IDTAP_UPCALL_EVENT)
BOUNCE(exception, IDTAP_UPCALL_EXCEPTION)
BOUNCE(trap, IDTAP_UPCALL_NMI)
BOUNCE(syscall, IDTAP_UPCALL_SYSCALL)
BOUNCE(int80, IDTAP_UPCALL_INT80)
