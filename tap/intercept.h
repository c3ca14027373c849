/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which exceptions idtap itself makes guests exit for, and what that costs.
 * How it is done on each vendor's hardware is in tap/exit_svm.c and
 * tap/exit_vmx.c.
 *
 * Between a VM entry and the exit after it, the hardware's mask of intercepted
 * exceptions is Xen's and ours together; at all other times it is Xen's alone.
 * The entry hook adds ours last thing, the exit hook takes them away first
 * thing, on the same pCPU, so that no code of Xen's ever sees them, and so that
 * a tap whose gate is closed leaves nothing behind.
 */
#ifndef TAP_INTERCEPT_H
#define TAP_INTERCEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "local.h"

struct tap_cpu;
struct vcpu;

/*
 * A pCPU's run of a guest.  Written by that pCPU's hooks only;
 * tap_intercepts_settle() looks at own and swint from elsewhere.
 */
struct tap_run {
    union {
        struct {
            uint32_t own; /* exceptions that only we intercept; 0 outside a
                             run */
            bool swint;   /* INT n, which Xen never intercepts */
            uint8_t exit_vector; /* SVM: first interrupt taken at STGI since the
                                    last exit; 0: none */
            uint16_t pad;
        };
        uint64_t marks;   /* any of these: the exit is not like most */
    };
    uint32_t xens;   /* Xen's own mask, to be restored */
    uint8_t moved;   /* RIP's, for the event that it began with: exit_svm.c */
    uint16_t domain; /* whose exit it was that we caused last, */
    uint64_t since;  /* its TSC, or 0 when it has been accounted for, */
    const struct vcpu *vcpu; /* and its vCPU */
    const struct vcpu *no_swint; /* not INT n in the next run, if it is this */
};

/* Anything of ours, or an interrupt, in the run that has just ended? */
static inline bool tap_run_marked(const struct tap_run *run)
{
    return !local_is(run->marks, 0);
}

/*
 * What this run of @v, current on this pCPU, shall be intercepted, of which
 * Xen does not intercept @xens itself: exceptions, and INT n in *swint.
 */
uint32_t tap_intercept_own(struct tap_cpu *c, const struct vcpu *v,
                           uint32_t xens, bool *swint);

/* Counts an exit of ours; @vector: 0 to 31, or TAP_CAUSED_SWINT. */
#define TAP_CAUSED_SWINT 32u
void tap_intercept_caused(struct tap_cpu *c, const struct vcpu *v,
                          unsigned int vector);

/* At the entry after it: how long it took. */
void tap_intercept_entered(struct tap_cpu *c, const struct vcpu *v);

/*
 * AMD CPUs without nRIP: an event is on its way to be given back by an entry
 * that moves RIP, or no longer.  While one is, no entry hook may be idle.
 */
void tap_intercept_moved(bool begins);

struct idtap_config;
extern struct idtap_caused_table tap_caused;

/* 0, or -IDTAP_REFUSE_*: can this host do what @config asks for? */
int tap_intercepts_check(const struct idtap_config *config);

/*
 * Returns when no guest runs any more with what the filter before the present
 * one intercepted, and all is given back.  After every pCPU has taken an
 * interrupt since.  False: not in time; for what is still to be restored or
 * given back the gate must stay open.
 */
bool tap_intercepts_settle(void);

/* Counts from 0 again. */
void tap_intercepts_restart(void);

#endif /* TAP_INTERCEPT_H */
