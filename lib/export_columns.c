/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of columns, and which event has its fields in which. */
#include <string.h>

#include "export_columns.h"

#define INT(n, width)    { .name = (n), .type = COL_INT, .bytes = (width) }
#define META(n, width)   { .name = (n), .type = COL_INT, .bytes = (width), \
                           .meta = true }
#define WORD(n)          { .name = (n), .type = COL_WORD }

const struct export_column export_columns[COL_NR] = {
    [COL_TIME_NS] = { "time_ns", COL_INT, 8, .sign = true, .always = true },
    [COL_WALL_NS] = { "wall_ns", COL_INT, 8, .sign = true, .always = true },
    [COL_TSC] = { "tsc", COL_INT, 8, .always = true },
    [COL_CPU] = INT("cpu", 2),
    [COL_DOMAIN] = INT("domain", 2),
    [COL_DOMAIN_NAME] = WORD("domain_name"),
    [COL_VCPU] = INT("vcpu", 2),
    [COL_EVENT] = WORD("event"),
    [COL_CLASS] = WORD("class"),
    [COL_VECTOR] = INT("vector", 1),
    [COL_VECTOR_NAME] = WORD("vector_name"),
    [COL_FLAGS] = { "flags", COL_INT, 2, .always = true },
    [COL_IRQ] = { "irq", COL_INT, 4, .sign = true },
    [COL_OWNER] = INT("owner", 1),
    [COL_OWNER_NAME] = WORD("owner_name"),
    [COL_DEPTH] = INT("depth", 1),
    [COL_RIP] = INT("rip", 8),
    [COL_REASON] = INT("reason", 2),
    [COL_REASON_NAME] = WORD("reason_name"),
    [COL_DETAIL] = INT("detail", 4),
    [COL_DELIVERY] = INT("delivery", 2),
    [COL_ADDRESS] = INT("address", 8),
    [COL_ERROR_CODE] = INT("error_code", 4),
    [COL_ORIG_VECTOR] = INT("orig_vector", 1),
    [COL_TYPE] = INT("type", 1),
    [COL_TYPE_NAME] = WORD("type_name"),
    [COL_INSN_LEN] = INT("insn_len", 1),
    [COL_TARGET_CPU] = INT("target_cpu", 4),
    [COL_PORT] = INT("port", 4),
    [COL_KIND] = INT("kind", 1),
    [COL_KIND_NAME] = WORD("kind_name"),
    [COL_SOURCE] = INT("source", 2),
    [COL_REALTIME_NS] = META("realtime_ns", 8),
    [COL_SYSTEM_TIME_NS] = META("system_time_ns", 8),
    [COL_UNCERTAINTY_NS] = META("uncertainty_ns", 8),
    [COL_NAME] = { "name", COL_TEXT, .meta = true },
    [COL_LOST_CPU] = META("lost_cpu", 4),
    [COL_COUNT] = META("count", 8),
    [COL_CLASSES] = META("classes", 4),
    [COL_RAW] = { "raw", COL_BYTES },
};

/* A field of a record that goes into a column. */
struct field {
    uint8_t column;
    uint8_t offset;
    uint8_t bytes;
};

#define FIELD(col, type, member) \
    { col, offsetof(struct type, member), \
      sizeof(((struct type *)NULL)->member) }

static const struct field irq_enter[] = {
    FIELD(COL_IRQ, idtap_irq_enter, irq),
    FIELD(COL_OWNER, idtap_irq_enter, owner),
    FIELD(COL_DEPTH, idtap_irq_enter, depth),
};

static const struct field vm_exit[] = {
    FIELD(COL_RIP, idtap_vm_exit, rip),
    FIELD(COL_REASON, idtap_vm_exit, reason),
    FIELD(COL_DETAIL, idtap_vm_exit, detail),
    FIELD(COL_DELIVERY, idtap_vm_exit, delivery),
};

static const struct field exception[] = {
    FIELD(COL_RIP, idtap_exception, rip),
    FIELD(COL_ADDRESS, idtap_exception, address),
    FIELD(COL_ERROR_CODE, idtap_exception, error_code),
    FIELD(COL_ORIG_VECTOR, idtap_exception, orig_vector),
    FIELD(COL_TYPE, idtap_exception, type),
};

static const struct field swint[] = {
    FIELD(COL_RIP, idtap_swint, rip),
};

static const struct field pv_upcall[] = {
    FIELD(COL_RIP, idtap_pv_upcall, rip),
    FIELD(COL_ERROR_CODE, idtap_pv_upcall, error_code),
    FIELD(COL_KIND, idtap_pv_upcall, kind),
};

static const struct field evtchn[] = {
    FIELD(COL_PORT, idtap_evtchn, port),
    FIELD(COL_SOURCE, idtap_evtchn, source),
    FIELD(COL_KIND, idtap_evtchn, kind),
};

static const struct field nmi_enter[] = {
    FIELD(COL_RIP, idtap_nmi_enter, rip),
};

static const struct field inject[] = {
    FIELD(COL_ERROR_CODE, idtap_inject, error_code),
    FIELD(COL_TYPE, idtap_inject, type),
    FIELD(COL_INSN_LEN, idtap_inject, insn_len),
};

static const struct field softirq_raise[] = {
    FIELD(COL_TARGET_CPU, idtap_softirq_raise, cpu),
};

static const struct field clock_sync[] = {
    FIELD(COL_REALTIME_NS, idtap_clock_sync, realtime_ns),
    FIELD(COL_SYSTEM_TIME_NS, idtap_clock_sync, system_time_ns),
    FIELD(COL_UNCERTAINTY_NS, idtap_clock_sync, uncertainty_ns),
};

static const struct field domain[] = {
    FIELD(COL_NAME, idtap_domain_name, name),
};

static const struct field lost[] = {
    FIELD(COL_LOST_CPU, idtap_lost, cpu),
    FIELD(COL_COUNT, idtap_lost, count),
};

static const struct field config[] = {
    FIELD(COL_CLASSES, idtap_config_change, classes),
};

#define FIELDS(array) { array, sizeof(array) / sizeof((array)[0]) }

/* Events that are not here and have a payload have it in `raw`. */
static const struct { const struct field *f; uint8_t nr; } payload[256] = {
    [IDTAP_EV_IRQ_ENTER] = FIELDS(irq_enter),
    [IDTAP_EV_VM_EXIT] = FIELDS(vm_exit),
    [IDTAP_EV_EXCEPTION] = FIELDS(exception),
    [IDTAP_EV_NMI_ENTER] = FIELDS(nmi_enter),
    [IDTAP_EV_INJECT] = FIELDS(inject),
    [IDTAP_EV_SOFTIRQ_RAISE] = FIELDS(softirq_raise),
    [IDTAP_EV_SWINT] = FIELDS(swint),
    [IDTAP_EV_PV_TRAP] = FIELDS(exception),
    [IDTAP_EV_PV_UPCALL] = FIELDS(pv_upcall),
    [IDTAP_EV_EVTCHN] = FIELDS(evtchn),
    [IDTAP_EV_CLOCK_SYNC] = FIELDS(clock_sync),
    [IDTAP_EV_DOMAIN] = FIELDS(domain),
    [IDTAP_EV_LOST] = FIELDS(lost),
    [IDTAP_EV_CONFIG] = FIELDS(config),
};

static void put(struct export_row *row, enum export_column_id c, uint64_t n)
{
    row->number[c] = n;
    row->present |= 1ull << c;
}

static void word(struct export_row *row, enum export_column_id c,
                 const char *text)
{
    row->text[c] = text;
    if ( text && *text )
        row->present |= 1ull << c;
}

static uint64_t load(const uint8_t *p, unsigned int bytes, bool sign)
{
    uint64_t n = 0;

    memcpy(&n, p, bytes);
    if ( sign && bytes < 8 && n >> (8 * bytes - 1) )
        n |= ~0ull << (8 * bytes);
    return n;
}

const char *export_vector_name(unsigned int event, unsigned int vector)
{
    switch ( idtap_event_class(event) )
    {
    case IDTAP_CLASS_IRQ:
        return idtap_host_vector_name(vector);

    case IDTAP_CLASS_EXCEPTION:
    case IDTAP_CLASS_INJECT:
    case IDTAP_CLASS_NMI:
    case IDTAP_CLASS_PV_TRAP:
    case IDTAP_CLASS_PV_UPCALL:
        return idtap_exception_name(vector);

    case IDTAP_CLASS_SOFTIRQ:
        return idtap_softirq_name(vector);

    default:
        return NULL;
    }
}

static const char *vector_name(const struct idtap_record *r)
{
    const struct idtap_pv_upcall *u = (const void *)r;

    return r->event == IDTAP_EV_PV_UPCALL && !idtap_upcall_has_vector(u->kind)
           ? NULL : export_vector_name(r->event, r->vector);
}

const char *export_kind_name(unsigned int event, unsigned int kind)
{
    switch ( event )
    {
    case IDTAP_EV_PV_UPCALL:
        return idtap_upcall_name(kind);

    case IDTAP_EV_EVTCHN:
        return idtap_evtchn_name(kind);

    default:
        return NULL;
    }
}

static void put_payload(struct export_row *row, const struct idtap_export *x,
                        const struct idtap_record *r)
{
    const uint8_t *p = (const uint8_t *)r;
    const struct field *f = payload[r->event].f;
    unsigned int i;

    for ( i = 0; i < payload[r->event].nr; i++, f++ )
    {
        const struct export_column *c = &export_columns[f->column];

        if ( c->type == COL_TEXT )
        {
            row->text[f->column] = (const char *)p + f->offset;
            row->present |= 1ull << f->column;
        }
        else
            put(row, f->column, load(p + f->offset, f->bytes, c->sign));
    }

    if ( export_row_has(row, COL_OWNER) )
        word(row, COL_OWNER_NAME,
             idtap_owner_name((unsigned int)row->number[COL_OWNER]));
    if ( export_row_has(row, COL_REASON) )
        word(row, COL_REASON_NAME,
             idtap_reason_name(x->vendor, (uint32_t)row->number[COL_REASON]));
    if ( export_row_has(row, COL_TYPE) )
        word(row, COL_TYPE_NAME,
             idtap_type_name((unsigned int)row->number[COL_TYPE]));
    if ( export_row_has(row, COL_KIND) )
        word(row, COL_KIND_NAME,
             export_kind_name(r->event, (unsigned int)row->number[COL_KIND]));
}

void export_row_fill(struct export_row *row, const struct idtap_export *x,
                     int cpu, const struct idtap_record *r)
{
    row->present = 0;
    put(row, COL_TIME_NS, (uint64_t)export_time(x, r->tsc));
    put(row, COL_WALL_NS, (uint64_t)idtap_tsc_to_realtime(x->info, r->tsc));
    put(row, COL_TSC, r->tsc);
    put(row, COL_FLAGS, r->flags);
    if ( r->domain != IDTAP_DOMID_NONE )
    {
        put(row, COL_DOMAIN, r->domain);
        word(row, COL_DOMAIN_NAME,
             r->domain == IDTAP_DOMID_IDLE ? "idle" :
             idtap_trace_names_get(x->names, r->domain));
    }
    if ( r->vcpu != IDTAP_VCPU_NONE )
        put(row, COL_VCPU, r->vcpu);
    word(row, COL_EVENT, idtap_event_name(r->event));

    if ( cpu >= 0 )
    {
        put(row, COL_CPU, (uint64_t)cpu);
        put(row, COL_VECTOR, r->vector);
        word(row, COL_VECTOR_NAME, vector_name(r));
        word(row, COL_CLASS, idtap_class_name(idtap_event_class(r->event)));
    }

    row->raw_len = idtap_record_bytes[r->event] - sizeof(*r);
    if ( payload[r->event].nr )
        put_payload(row, x, r);
    else if ( row->raw_len )
    {
        row->raw = (const uint8_t *)(r + 1);
        row->present |= 1ull << COL_RAW;
    }
}
