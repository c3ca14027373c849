/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of vectors, softirqs, classes and events.  Kept apart from all
 * decoding, so that the trace's metadata, the reports and the parsers of lists
 * say the same word for the same number.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include <idtap/names.h>
#include <idtap/record.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *const exceptions[] = {
    [0] = "#DE", [1] = "#DB", [2] = "NMI", [3] = "#BP", [4] = "#OF",
    [5] = "#BR", [6] = "#UD", [7] = "#NM", [8] = "#DF", [10] = "#TS",
    [11] = "#NP", [12] = "#SS", [13] = "#GP", [14] = "#PF", [16] = "#MF",
    [17] = "#AC", [18] = "#MC", [19] = "#XM", [20] = "#VE", [21] = "#CP",
    [28] = "#HV", [29] = "#VC", [30] = "#SX",
};

/*
 * Xen gives these vectors numbers of its own at build time; they have been the
 * same from 4.14 to 4.17.  0xf1 to 0xf8 are handed out at boot (CMCI, thermal,
 * posted interrupts), in an order that depends on the machine: no names.
 */
static const struct { uint8_t vector; const char *name; } host_vectors[] = {
    { 0x22, "irq-move" },
    { 0xf0, "irq0" },
    { 0xf9, "pmu" },
    { 0xfa, "timer" },
    { 0xfb, "call-function" },
    { 0xfc, "event-check" },
    { 0xfd, "invalidate-tlb" },
    { 0xfe, "apic-error" },
    { 0xff, "spurious" },
};

static const char *const softirqs[] = {
    "TIMER", "RCU", "SCHED_SLAVE", "SCHEDULE", "NEW_TLBFLUSH_CLOCK_PERIOD",
    "TASKLET", "NMI", "TIME_CALIBRATE", "VCPU_KICK", "MACHINE_CHECK",
    "HVM_DPCI",
};

static const struct { uint32_t bit; const char *name; } classes[] = {
    { IDTAP_CLASS_IRQ, "irq" },
    { IDTAP_CLASS_EXIT, "exit" },
    { IDTAP_CLASS_EXCEPTION, "exception" },
    { IDTAP_CLASS_NMI, "nmi" },
    { IDTAP_CLASS_INJECT, "inject" },
    { IDTAP_CLASS_SOFTIRQ, "softirq" },
    { IDTAP_CLASS_LAPIC, "lapic" },
    { IDTAP_CLASS_SWINT, "swint" },
    { IDTAP_CLASS_PV_TRAP, "pv-trap" },
    { IDTAP_CLASS_PV_UPCALL, "pv-upcall" },
    { IDTAP_CLASS_EVTCHN, "evtchn" },
};

static const struct { const char *name; uint32_t class; } events[] = {
    [IDTAP_EV_IRQ_ENTER]     = { "irq_enter", IDTAP_CLASS_IRQ },
    [IDTAP_EV_IRQ_EXIT]      = { "irq_exit", IDTAP_CLASS_IRQ },
    [IDTAP_EV_VM_EXIT]       = { "vm_exit", IDTAP_CLASS_EXIT },
    [IDTAP_EV_VM_ENTRY]      = { "vm_entry", IDTAP_CLASS_EXIT },
    [IDTAP_EV_EXCEPTION]     = { "exception", IDTAP_CLASS_EXCEPTION },
    [IDTAP_EV_NMI_ENTER]     = { "nmi_enter", IDTAP_CLASS_NMI },
    [IDTAP_EV_NMI_EXIT]      = { "nmi_exit", IDTAP_CLASS_NMI },
    [IDTAP_EV_INJECT]        = { "inject", IDTAP_CLASS_INJECT },
    [IDTAP_EV_SOFTIRQ_RAISE] = { "softirq_raise", IDTAP_CLASS_SOFTIRQ },
    [IDTAP_EV_SOFTIRQ_ENTER] = { "softirq_enter", IDTAP_CLASS_SOFTIRQ },
    [IDTAP_EV_SOFTIRQ_EXIT]  = { "softirq_exit", IDTAP_CLASS_SOFTIRQ },
    [IDTAP_EV_LAPIC_ACCEPT]  = { "lapic_accept", IDTAP_CLASS_LAPIC },
    [IDTAP_EV_LAPIC_EOI]     = { "lapic_eoi", IDTAP_CLASS_LAPIC },
    [IDTAP_EV_SWINT]         = { "swint", IDTAP_CLASS_SWINT },
    [IDTAP_EV_PV_TRAP]       = { "pv_trap", IDTAP_CLASS_PV_TRAP },
    [IDTAP_EV_PV_UPCALL]     = { "pv_upcall", IDTAP_CLASS_PV_UPCALL },
    [IDTAP_EV_EVTCHN]        = { "evtchn", IDTAP_CLASS_EVTCHN },
    [IDTAP_EV_CLOCK_SYNC]    = { "clock_sync", 0 },
    [IDTAP_EV_DOMAIN]        = { "domain", 0 },
    [IDTAP_EV_ATTACH]        = { "attach", 0 },
    [IDTAP_EV_DETACH]        = { "detach", 0 },
    [IDTAP_EV_LOST]          = { "lost", 0 },
    [IDTAP_EV_CONFIG]        = { "config", 0 },
    [IDTAP_EV_TRIGGER]       = { "trigger", 0 },
};

static const char *const owners[] = {
    [IDTAP_OWNER_XEN] = "xen", [IDTAP_OWNER_GUEST] = "guest",
    [IDTAP_OWNER_DIRECT] = "direct", [IDTAP_OWNER_SPURIOUS] = "spurious",
};

static const char *const types[] = {
    [IDTAP_TYPE_EXT_INTR] = "ext_intr", [IDTAP_TYPE_NMI] = "nmi",
    [IDTAP_TYPE_HW_EXCEPTION] = "hw_exception",
    [IDTAP_TYPE_SW_INTERRUPT] = "sw_interrupt",
    [IDTAP_TYPE_PRI_SW_EXC] = "pri_sw_exc",
    [IDTAP_TYPE_SW_EXCEPTION] = "sw_exception",
};

static const char *const upcalls[] = {
    [IDTAP_UPCALL_EVENT] = "event", [IDTAP_UPCALL_EXCEPTION] = "exception",
    [IDTAP_UPCALL_NMI] = "nmi", [IDTAP_UPCALL_SYSCALL] = "syscall",
    [IDTAP_UPCALL_INT80] = "int80",
};

static const char *const evtchns[] = {
    [IDTAP_EVTCHN_INTERDOMAIN] = "interdomain", [IDTAP_EVTCHN_PIRQ] = "pirq",
    [IDTAP_EVTCHN_VIRQ] = "virq", [IDTAP_EVTCHN_IPI] = "ipi",
};

/* public/xen.h, VIRQ_*; those above 15 are the architecture's. */
static const char *const virqs[] = {
    "TIMER", "DEBUG", "CONSOLE", "DOM_EXC", "TBUF", NULL, "DEBUGGER",
    "XENOPROF", "CON_RING", "PCPU_STATE", "MEM_EVENT", "ARGO", "ENOMEM",
    "XENPMU", NULL, NULL, "MCA",
};

static const char *pick(const char *const *table, size_t nr, unsigned int i)
{
    return i < nr ? table[i] : NULL;
}

/* Is the text [s, s + len) the word `word`, whatever its case? */
static int is_word(const char *s, size_t len, const char *word)
{
    return strlen(word) == len && !strncasecmp(s, word, len);
}

const char *idtap_exception_name(unsigned int vector)
{
    return pick(exceptions, ARRAY_SIZE(exceptions), vector);
}

const char *idtap_host_vector_name(unsigned int vector)
{
    size_t i;

    for ( i = 0; i < ARRAY_SIZE(host_vectors); i++ )
        if ( host_vectors[i].vector == vector )
            return host_vectors[i].name;

    return NULL;
}

int idtap_vector_by_name(const char *name, size_t len)
{
    size_t i;

    for ( i = 0; i < ARRAY_SIZE(exceptions); i++ )
    {
        const char *e = exceptions[i];

        if ( e && (is_word(name, len, e) ||
                   (*e == '#' && is_word(name, len, e + 1))) )
            return (int)i;
    }

    for ( i = 0; i < ARRAY_SIZE(host_vectors); i++ )
        if ( is_word(name, len, host_vectors[i].name) )
            return host_vectors[i].vector;

    return -ENOENT;
}

const char *idtap_softirq_name(unsigned int nr)
{
    return pick(softirqs, ARRAY_SIZE(softirqs), nr);
}

const char *idtap_event_name(unsigned int event)
{
    return event < ARRAY_SIZE(events) ? events[event].name : NULL;
}

uint32_t idtap_event_class(unsigned int event)
{
    return event < ARRAY_SIZE(events) ? events[event].class : 0;
}

const char *idtap_owner_name(unsigned int owner)
{
    return pick(owners, ARRAY_SIZE(owners), owner);
}

const char *idtap_type_name(unsigned int type)
{
    return pick(types, ARRAY_SIZE(types), type);
}

const char *idtap_upcall_name(unsigned int kind)
{
    return pick(upcalls, ARRAY_SIZE(upcalls), kind);
}

const char *idtap_evtchn_name(unsigned int kind)
{
    return pick(evtchns, ARRAY_SIZE(evtchns), kind);
}

const char *idtap_virq_name(unsigned int virq)
{
    return pick(virqs, ARRAY_SIZE(virqs), virq);
}

const char *idtap_class_name(uint32_t class)
{
    size_t i;

    for ( i = 0; i < ARRAY_SIZE(classes); i++ )
        if ( classes[i].bit == class )
            return classes[i].name;

    return NULL;
}

uint32_t idtap_class_by_name(const char *name, size_t len)
{
    size_t i;

    if ( is_word(name, len, "all") )
        return IDTAP_CLASS_ALL;

    for ( i = 0; i < ARRAY_SIZE(classes); i++ )
        if ( is_word(name, len, classes[i].name) )
            return classes[i].bit;

    return 0;
}
