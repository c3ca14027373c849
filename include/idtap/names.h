/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words for the numbers in records: vectors, exit reasons, softirqs, classes,
 * event ids.  Every function returns a string that lives for ever, or NULL
 * when the number has no name: callers then print the number itself.  All may
 * be called from any thread.
 */
#ifndef IDTAP_NAMES_H
#define IDTAP_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <idtap/record.h>

/* Whose exit reasons: AMD's SVM exit codes, or Intel's VMX basic reasons. */
enum idtap_vendor {
    IDTAP_VENDOR_UNKNOWN = 0, /* exit reasons stay numbers */
    IDTAP_VENDOR_SVM     = 1,
    IDTAP_VENDOR_VMX     = 2,
};

/* "AMD", "Hygon" -> SVM; "Intel", "Centaur", "Shanghai" -> VMX. */
enum idtap_vendor idtap_vendor_of(const char *cpu_vendor);

struct idtap_reason {
    uint16_t code; /* as in struct idtap_vm_exit */
    const char *name;
};

/* The vendor's whole table, sorted by code, and its length in *nr. */
const struct idtap_reason *idtap_reasons(enum idtap_vendor vendor, size_t *nr);
const char *idtap_reason_name(enum idtap_vendor vendor, uint32_t code);

/* Architectural exceptions: "#PF" for 14, "NMI" for 2. */
const char *idtap_exception_name(unsigned int vector);

/*
 * Vectors that Xen 4.14 to 4.17 uses itself, as the *host* takes them: "timer"
 * for the local APIC's.  A guest's vector of the same number is another thing.
 */
const char *idtap_host_vector_name(unsigned int vector);

/* The vector called `name` ("pf", "#PF", "nmi", "timer"), or -ENOENT. */
int idtap_vector_by_name(const char *name, size_t len);

/* Softirqs of Xen 4.17. */
const char *idtap_softirq_name(unsigned int nr);

/* Xen 4.17: what forwards IRQs of passed-through devices to HVM guests. */
#define IDTAP_SOFTIRQ_HVM_DPCI 10u

/* Softirqs whose handler switches stacks and so usually never returns. */
static inline int idtap_softirq_may_not_return(unsigned int nr)
{
    return nr == 2 || nr == 3; /* SCHED_SLAVE, SCHEDULE */
}

/* `event` is an enum idtap_event; `owner`, `type` as in record.h. */
const char *idtap_event_name(unsigned int event);
const char *idtap_owner_name(unsigned int owner);
const char *idtap_type_name(unsigned int type);

/* enum idtap_upcall_kind, enum idtap_evtchn_kind; Xen's virtual IRQs. */
const char *idtap_upcall_name(unsigned int kind);
const char *idtap_evtchn_name(unsigned int kind);
const char *idtap_virq_name(unsigned int virq);

/* Do upcalls of this kind have a vector?  If not, the record's 0 is no #DE. */
static inline bool idtap_upcall_has_vector(unsigned int kind)
{
    return kind == IDTAP_UPCALL_EXCEPTION || kind == IDTAP_UPCALL_NMI ||
           kind == IDTAP_UPCALL_INT80;
}

/* `class` is one bit, IDTAP_CLASS_*. */
const char *idtap_class_name(uint32_t class);
/* The class called `name`, or 0 when there is none. */
uint32_t idtap_class_by_name(const char *name, size_t len);
/* The class that a record belongs to; 0 for records of the stream "meta". */
uint32_t idtap_event_class(unsigned int event);

#endif /* IDTAP_NAMES_H */
