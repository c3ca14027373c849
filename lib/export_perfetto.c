/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Perfetto's trace format: a Trace message of TracePackets with TrackEvents.
 * There is no library for it, and little of it is needed: the numbers of the
 * messages' fields are in the enums below, by their names in Perfetto's .proto
 * files.
 *
 * Rules: one packet sequence; names are interned when they first occur; each
 * track's descriptor comes before its first event; on every track times never
 * go back and each slice that begins ends.  Times are nanoseconds since the TSC
 * was 0, which on most machines is the boot; a clock snapshot says which time
 * of day that is.
 */
#include <errno.h>
#include <stdlib.h>

#include "export_columns.h"
#include "map.h"
#include "protobuf.h"

enum { /* Trace */
    TRACE_PACKET = 1,
};
enum { /* TracePacket */
    PACKET_CLOCK_SNAPSHOT = 6, PACKET_TIMESTAMP = 8, PACKET_SEQUENCE_ID = 10,
    PACKET_TRACK_EVENT = 11, PACKET_INTERNED_DATA = 12,
    PACKET_SEQUENCE_FLAGS = 13, PACKET_TRACK_DESCRIPTOR = 60,
};
enum { /* SequenceFlags */
    SEQ_INCREMENTAL_STATE_CLEARED = 1, SEQ_NEEDS_INCREMENTAL_STATE = 2,
};
enum { /* ClockSnapshot, and its Clock */
    SNAPSHOT_CLOCKS = 1, SNAPSHOT_PRIMARY = 2, CLOCK_ID = 1, CLOCK_TIME = 2,
};
enum { /* BuiltinClock */
    BUILTIN_REALTIME = 1, BUILTIN_BOOTTIME = 6,
};
enum { /* InternedData, and what it consists of */
    INTERNED_CATEGORIES = 1, INTERNED_EVENT_NAMES = 2,
    INTERNED_ANNOTATION_NAMES = 3, INTERNED_IID = 1, INTERNED_NAME = 2,
};
enum { /* TrackDescriptor, ChildTracksOrdering */
    TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PARENT_UUID = 5,
    TRACK_CHILD_ORDERING = 11, TRACK_SIBLING_ORDER_RANK = 12,
    ORDER_EXPLICIT = 3,
};
enum { /* TrackEvent */
    EVENT_CATEGORY_IIDS = 3, EVENT_ANNOTATIONS = 4, EVENT_TYPE = 9,
    EVENT_NAME_IID = 10, EVENT_TRACK_UUID = 11,
};
enum { /* TrackEvent.Type */
    TYPE_SLICE_BEGIN = 1, TYPE_SLICE_END = 2, TYPE_INSTANT = 3,
};
enum { /* DebugAnnotation */
    ANNOTATION_NAME_IID = 1, ANNOTATION_UINT = 3, ANNOTATION_INT = 4,
    ANNOTATION_STRING = 6, ANNOTATION_POINTER = 7,
};

/* Ours: not 1, so that traces may be put together with others. */
#define SEQUENCE_ID 0x1d7au
#define FIRST_UUID  0x1d7a0001u

/* Interned ids of annotations: a column's number + 1, and then these. */
enum {
    NOTE_END = COL_NR + 1, NOTE_ENTRY_CPU, NOTE_RECORDS, NOTE_PACKETS,
    NOTE_LAST = NOTE_PACKETS,
};
static const char *const notes[] = {
    "end", "entry_cpu", "records", "packets",
};

/* Categories: a class's bit + 1, and these. */
#define CATEGORY_LOST     33u
#define CATEGORY_RECORDER 34u

enum track_kind {
    TRACK_CPU, TRACK_CLASS, TRACK_DOMAIN, TRACK_VCPU, TRACK_RECORDER,
};
/* In the place of a class's bit. */
#define CLASS_RAISE 32u
#define CLASS_LOST  33u

struct track {
    uint64_t key;
    uint64_t uuid;
};

struct name {
    uint64_t key; /* event id << 24 | kind << 16 | vector or reason */
    uint64_t iid;
};

struct perfetto {
    uint64_t boot_ns;       /* what the trace's start is in BOOTTIME */
    uint64_t next_uuid, next_iid;
    struct idtap_map tracks; /* of struct track */
    struct idtap_map names;  /* of struct name */
};

static void put_packet(FILE *f, const struct pb *packet)
{
    uint8_t bytes[16];
    struct pb head = PB_ON(bytes);

    pb_varint(&head, (uint64_t)TRACE_PACKET << 3 | 2);
    pb_varint(&head, packet->len);
    fwrite_unlocked(head.p, 1, head.len, f);
    fwrite_unlocked(packet->p, 1, packet->len, f);
}

static uint64_t boot_time(const struct idtap_export *x, uint64_t tsc)
{
    const struct perfetto *p = x->state;
    int64_t ns = export_time(x, tsc) + (int64_t)p->boot_ns;

    return ns < 0 ? 0 : (uint64_t)ns;
}

static void intern(struct pb *data, unsigned int field, uint64_t iid,
                   const char *name)
{
    uint8_t bytes[128];
    struct pb m = PB_ON(bytes);

    pb_uint(&m, INTERNED_IID, iid);
    pb_string(&m, INTERNED_NAME, name);
    pb_message(data, field, &m);
}

static void put_clock(struct pb *snapshot, unsigned int id, uint64_t ns)
{
    uint8_t bytes[32];
    struct pb m = PB_ON(bytes);

    pb_uint(&m, CLOCK_ID, id);
    pb_uint(&m, CLOCK_TIME, ns);
    pb_message(snapshot, SNAPSHOT_CLOCKS, &m);
}

/* The first packets: all names that are known beforehand, and the clock. */
static int begin(struct idtap_export *x)
{
    struct perfetto *p = calloc(1, sizeof(*p));
    uint8_t bytes[2][4096], snap[80];
    struct pb data = PB_ON(bytes[0]), packet = PB_ON(bytes[1]);
    struct pb snapshot = PB_ON(snap);
    unsigned int i;

    x->state = p;
    if ( !p )
        return -ENOMEM;
    p->boot_ns = idtap_tsc_to_ns(x->info->start_tsc, x->info->tsc_khz);
    p->next_uuid = FIRST_UUID;
    p->next_iid = 1;

    for ( i = 0; i < 32; i++ )
        if ( idtap_class_name(1u << i) )
            intern(&data, INTERNED_CATEGORIES, i + 1,
                   idtap_class_name(1u << i));
    intern(&data, INTERNED_CATEGORIES, CATEGORY_LOST, "lost");
    intern(&data, INTERNED_CATEGORIES, CATEGORY_RECORDER, "recorder");
    for ( i = 0; i < COL_NR; i++ )
        intern(&data, INTERNED_ANNOTATION_NAMES, i + 1,
               export_columns[i].name);
    for ( i = NOTE_END; i <= NOTE_LAST; i++ )
        intern(&data, INTERNED_ANNOTATION_NAMES, i, notes[i - NOTE_END]);

    pb_uint(&packet, PACKET_SEQUENCE_ID, SEQUENCE_ID);
    pb_uint(&packet, PACKET_SEQUENCE_FLAGS, SEQ_INCREMENTAL_STATE_CLEARED);
    pb_message(&packet, PACKET_INTERNED_DATA, &data);
    put_packet(x->out, &packet);

    put_clock(&snapshot, BUILTIN_BOOTTIME, p->boot_ns);
    put_clock(&snapshot, BUILTIN_REALTIME, x->info->start_realtime_ns);
    pb_uint(&snapshot, SNAPSHOT_PRIMARY, BUILTIN_BOOTTIME);
    packet.len = 0;
    pb_uint(&packet, PACKET_SEQUENCE_ID, SEQUENCE_ID);
    pb_message(&packet, PACKET_CLOCK_SNAPSHOT, &snapshot);
    put_packet(x->out, &packet);

    return packet.overflow ? -EMSGSIZE : 0;
}

static uint64_t track(struct idtap_export *x, enum track_kind kind,
                      unsigned int a, unsigned int b);

static void describe(struct idtap_export *x, enum track_kind kind,
                     unsigned int a, unsigned int b, struct pb *m)
{
    char text[IDTAP_NAME_LEN + 24];
    const char *name;
    unsigned int rank = a;
    size_t i;

    switch ( kind )
    {
    case TRACK_CPU:
        snprintf(text, sizeof(text), "CPU %u", a);
        break;

    case TRACK_CLASS:
        name = b < 32 ? idtap_class_name(1u << b) : NULL;
        snprintf(text, sizeof(text), "%s", b == CLASS_RAISE ? "softirq raise" :
                 b == CLASS_LOST ? "lost" : name ? name : "?");
        rank = b;
        pb_uint(m, TRACK_PARENT_UUID, track(x, TRACK_CPU, a, 0));
        break;

    case TRACK_DOMAIN:
        name = idtap_trace_names_get(x->names, (uint16_t)a);
        if ( name && *name )
            snprintf(text, sizeof(text), "d%u (%s)", a, name);
        else
            snprintf(text, sizeof(text), "d%u", a);
        rank = IDTAP_MAX_CPUS + a;
        break;

    case TRACK_VCPU:
        snprintf(text, sizeof(text), "d%uv%u", a, b);
        rank = b;
        pb_uint(m, TRACK_PARENT_UUID, track(x, TRACK_DOMAIN, a, 0));
        break;

    case TRACK_RECORDER:
        snprintf(text, sizeof(text), "recorder");
        rank = IDTAP_MAX_CPUS + 0x10000;
        break;
    }

    /* Strings must be UTF-8; a guest's name may be anything. */
    for ( i = 0; text[i]; i++ )
        if ( text[i] < ' ' || text[i] > '~' )
            text[i] = '?';
    pb_string(m, TRACK_NAME, text);
    pb_uint(m, TRACK_SIBLING_ORDER_RANK, rank);
    pb_uint(m, TRACK_CHILD_ORDERING, ORDER_EXPLICIT);
}

/* The track's uuid; 0, the default track, for want of memory. */
static uint64_t track(struct idtap_export *x, enum track_kind kind,
                      unsigned int a, unsigned int b)
{
    struct perfetto *p = x->state;
    uint64_t key = (uint64_t)kind << 32 | (uint64_t)a << 16 | b;
    struct track *t = map_find(&p->tracks, key);
    uint8_t bytes[2][256];
    struct pb m = PB_ON(bytes[0]), packet = PB_ON(bytes[1]);

    if ( t )
        return t->uuid;
    t = map_insert(&p->tracks, key, sizeof(*t));
    if ( !t )
        return 0;

    t->uuid = p->next_uuid++;
    pb_uint(&m, TRACK_UUID, t->uuid);
    describe(x, kind, a, b, &m);
    pb_uint(&packet, PACKET_SEQUENCE_ID, SEQUENCE_ID);
    pb_message(&packet, PACKET_TRACK_DESCRIPTOR, &m);
    put_packet(x->out, &packet);
    return t->uuid;
}

static unsigned int class_bit(const struct idtap_record *r)
{
    uint32_t class = idtap_event_class(r->event);

    return class ? (unsigned int)__builtin_ctz(class) : 0;
}

static uint64_t cpu_track(struct idtap_export *x, int cpu,
                          const struct idtap_record *r)
{
    if ( cpu < 0 )
        return track(x, TRACK_RECORDER, 0, 0);
    return track(x, TRACK_CLASS, (unsigned int)cpu,
                 r->event == IDTAP_EV_SOFTIRQ_RAISE ? CLASS_RAISE
                                                    : class_bit(r));
}

static void spell(char *buf, size_t len, const struct export_row *row,
                  const struct idtap_record *r)
{
    const char *event = idtap_event_name(r->event);
    const char *name = export_row_has(row, COL_VECTOR_NAME) ?
                       row->text[COL_VECTOR_NAME] : NULL;

    if ( !event )
        event = "event";
    if ( r->event == IDTAP_EV_NMI_ENTER )
        snprintf(buf, len, "NMI");
    else if ( r->event == IDTAP_EV_VM_EXIT &&
              export_row_has(row, COL_REASON_NAME) )
        snprintf(buf, len, "%s", row->text[COL_REASON_NAME]);
    else if ( r->event == IDTAP_EV_VM_EXIT )
        snprintf(buf, len, "exit 0x%x",
                 (unsigned int)row->number[COL_REASON]);
    else if ( idtap_event_class(r->event) == IDTAP_CLASS_SOFTIRQ )
    {
        const char *verb = r->event == IDTAP_EV_SOFTIRQ_RAISE ? "raise " : "";

        if ( name )
            snprintf(buf, len, "%s%s", verb, name);
        else
            snprintf(buf, len, "%ssoftirq %u", verb, r->vector);
    }
    else if ( r->event >= IDTAP_EV_CLOCK_SYNC )
        snprintf(buf, len, "%s", event);
    else if ( export_row_has(row, COL_KIND_NAME) && !r->vector && !name )
        snprintf(buf, len, "%s %s", event, row->text[COL_KIND_NAME]);
    else
        snprintf(buf, len, "%s 0x%02x%s%s",
                 r->event == IDTAP_EV_IRQ_ENTER ? "irq" : event, r->vector,
                 name ? " " : "", name ? name : "");
}

/* The id of a record's name; a new one goes into `data`. */
static uint64_t name_iid(struct idtap_export *x, const struct export_row *row,
                         const struct idtap_record *r, struct pb *data)
{
    struct perfetto *p = x->state;
    uint64_t what = export_row_has(row, COL_REASON) ? row->number[COL_REASON]
                                                    : r->vector;
    uint64_t kind = export_row_has(row, COL_KIND) ? row->number[COL_KIND] : 0;
    uint64_t key = (uint64_t)r->event << 24 | kind << 16 | what;
    struct name *n = map_find(&p->names, key);
    char text[80];

    if ( n )
        return n->iid;
    n = map_insert(&p->names, key, sizeof(*n));
    if ( !n )
        return 0;

    n->iid = p->next_iid++;
    spell(text, sizeof(text), row, r);
    intern(data, INTERNED_EVENT_NAMES, n->iid, text);
    return n->iid;
}

static void note_uint(struct pb *event, unsigned int note, uint64_t n)
{
    uint8_t bytes[24];
    struct pb m = PB_ON(bytes);

    pb_uint(&m, ANNOTATION_NAME_IID, note);
    pb_uint(&m, ANNOTATION_UINT, n);
    pb_message(event, EVENT_ANNOTATIONS, &m);
}

static void note_string(struct pb *event, unsigned int note, const char *s)
{
    uint8_t bytes[128];
    struct pb m = PB_ON(bytes);

    pb_uint(&m, ANNOTATION_NAME_IID, note);
    pb_string(&m, ANNOTATION_STRING, s);
    pb_message(event, EVENT_ANNOTATIONS, &m);
}

static void note_column(struct pb *event, const struct export_row *row,
                        unsigned int i)
{
    const struct export_column *c = &export_columns[i];
    char text[2 * 64 + 1];
    uint8_t bytes[160];
    struct pb m = PB_ON(bytes);
    size_t n;

    pb_uint(&m, ANNOTATION_NAME_IID, i + 1);
    if ( c->type == COL_BYTES )
    {
        for ( n = 0; n < row->raw_len && n < 64; n++ )
            snprintf(text + 2 * n, 3, "%02x", row->raw[n]);
        pb_string(&m, ANNOTATION_STRING, text);
    }
    else if ( c->type == COL_TEXT )
    {
        /* As in describe(). */
        for ( n = 0; row->text[i][n] && n < 64; n++ )
            text[n] = row->text[i][n] < ' ' || row->text[i][n] > '~'
                      ? '?' : row->text[i][n];
        text[n] = '\0';
        pb_string(&m, ANNOTATION_STRING, text);
    }
    else if ( c->type == COL_WORD )
        pb_string(&m, ANNOTATION_STRING, row->text[i]);
    else if ( i == COL_RIP || i == COL_ADDRESS )
        pb_uint(&m, ANNOTATION_POINTER, row->number[i]);
    else
        pb_uint(&m, c->sign ? ANNOTATION_INT : ANNOTATION_UINT,
                row->number[i]);
    pb_message(event, EVENT_ANNOTATIONS, &m);
}

/* All that there is to say of a record beside its name, time and place. */
static void annotate(struct pb *event, const struct export_row *row,
                     const struct idtap_record *r, bool with_cpu)
{
    static const uint64_t said = 1ull << COL_TIME_NS | 1ull << COL_WALL_NS |
        1ull << COL_TSC | 1ull << COL_EVENT | 1ull << COL_CLASS |
        1ull << COL_DOMAIN_NAME | 1ull << COL_VECTOR_NAME |
        1ull << COL_OWNER | 1ull << COL_TYPE | 1ull << COL_REASON_NAME |
        1ull << COL_KIND;
    uint64_t left = row->present & ~said;

    if ( !r->flags )
        left &= ~(1ull << COL_FLAGS);
    if ( !with_cpu )
        left &= ~(1ull << COL_CPU);
    for ( ; left; left &= left - 1 )
        note_column(event, row, (unsigned int)__builtin_ctzll(left));
}

static void put_event(struct idtap_export *x, uint64_t tsc,
                      const struct pb *event, const struct pb *interned)
{
    uint8_t bytes[2048];
    struct pb packet = PB_ON(bytes);

    pb_uint(&packet, PACKET_TIMESTAMP, boot_time(x, tsc));
    pb_uint(&packet, PACKET_SEQUENCE_ID, SEQUENCE_ID);
    pb_uint(&packet, PACKET_SEQUENCE_FLAGS, SEQ_NEEDS_INCREMENTAL_STATE);
    if ( interned && interned->len )
        pb_message(&packet, PACKET_INTERNED_DATA, interned);
    pb_message(&packet, PACKET_TRACK_EVENT, event);
    put_packet(x->out, &packet);
}

static int put_record(struct idtap_export *x, int cpu,
                      const struct idtap_record *r, unsigned int type,
                      uint64_t uuid, bool with_cpu)
{
    uint8_t bytes[1024], names[128];
    struct pb event = PB_ON(bytes), data = PB_ON(names);
    struct export_row row;
    uint64_t iid;

    export_row_fill(&row, x, cpu, r);
    iid = name_iid(x, &row, r, &data);
    if ( !uuid || !iid )
        return -ENOMEM;

    pb_uint(&event, EVENT_TYPE, type);
    pb_uint(&event, EVENT_TRACK_UUID, uuid);
    pb_uint(&event, EVENT_CATEGORY_IIDS,
            cpu < 0 ? CATEGORY_RECORDER : class_bit(r) + 1);
    pb_uint(&event, EVENT_NAME_IID, iid);
    annotate(&event, &row, r, with_cpu);
    put_event(x, r->tsc, &event, &data);
    return event.overflow || data.overflow ? -EMSGSIZE : 0;
}

static int record(struct idtap_export *x, int cpu,
                  const struct idtap_record *r)
{
    switch ( r->event )
    {
    case IDTAP_EV_IRQ_ENTER:
    case IDTAP_EV_IRQ_EXIT:
    case IDTAP_EV_VM_EXIT:
    case IDTAP_EV_VM_ENTRY:
    case IDTAP_EV_NMI_ENTER:
    case IDTAP_EV_NMI_EXIT:
    case IDTAP_EV_SOFTIRQ_ENTER:
    case IDTAP_EV_SOFTIRQ_EXIT:
        return 0; /* slices */

    default:
        return put_record(x, cpu, r, TYPE_INSTANT, cpu_track(x, cpu, r),
                          false);
    }
}

static uint64_t span_track(struct idtap_export *x,
                           const struct idtap_export_span *span)
{
    if ( span->kind == IDTAP_SPAN_EXIT )
        return track(x, TRACK_VCPU, span->r.domain, span->r.vcpu);
    return cpu_track(x, span->cpu, &span->r);
}

static int span_begin(struct idtap_export *x, struct idtap_export_span *span,
                      const struct idtap_record *r)
{
    return put_record(x, span->cpu, r, TYPE_SLICE_BEGIN, span_track(x, span),
                      span->kind == IDTAP_SPAN_EXIT);
}

static int span_lone(struct idtap_export *x,
                     const struct idtap_export_span *span,
                     const struct idtap_record *r)
{
    return put_record(x, span->cpu, r, TYPE_INSTANT, span_track(x, span),
                      span->kind == IDTAP_SPAN_EXIT);
}

static int span_end(struct idtap_export *x,
                    const struct idtap_export_span *span, int cpu,
                    uint64_t tsc, enum idtap_span_end how)
{
    static const char *const words[] = {
        [IDTAP_SPAN_UNSEEN] = "not seen, some time before",
        [IDTAP_SPAN_LOST] = "not known: records were lost",
        [IDTAP_SPAN_OPEN] = "not in the trace",
    };
    uint8_t bytes[128];
    struct pb event = PB_ON(bytes);

    pb_uint(&event, EVENT_TYPE, TYPE_SLICE_END);
    pb_uint(&event, EVENT_TRACK_UUID, span_track(x, span));
    if ( how == IDTAP_SPAN_ELSEWHERE )
        note_uint(&event, NOTE_ENTRY_CPU, (uint64_t)cpu);
    else if ( how != IDTAP_SPAN_ENDED )
        note_string(&event, NOTE_END, words[how]);
    put_event(x, tsc, &event, NULL);
    return 0;
}

static int loss(struct idtap_export *x, const struct idtap_export_loss *l)
{
    uint8_t bytes[128], names[64];
    struct pb event = PB_ON(bytes), data = PB_ON(names);
    struct perfetto *p = x->state;
    uint64_t uuid = track(x, TRACK_CLASS, (unsigned int)l->cpu, CLASS_LOST);
    struct name *n = map_get(&p->names, 0, sizeof(*n));

    if ( !uuid || !n )
        return -ENOMEM;
    if ( !n->iid )
    {
        n->iid = p->next_iid++;
        intern(&data, INTERNED_EVENT_NAMES, n->iid, "records lost");
    }

    pb_uint(&event, EVENT_TYPE, TYPE_SLICE_BEGIN);
    pb_uint(&event, EVENT_TRACK_UUID, uuid);
    pb_uint(&event, EVENT_CATEGORY_IIDS, CATEGORY_LOST);
    pb_uint(&event, EVENT_NAME_IID, n->iid);
    note_uint(&event, NOTE_RECORDS, l->records);
    note_uint(&event, NOTE_PACKETS, l->packets);
    put_event(x, l->from_tsc, &event, &data);

    event.len = 0;
    pb_uint(&event, EVENT_TYPE, TYPE_SLICE_END);
    pb_uint(&event, EVENT_TRACK_UUID, uuid);
    put_event(x, l->to_tsc, &event, NULL);
    return 0;
}

static int end(struct idtap_export *x)
{
    (void)x;
    return 0;
}

static void release(struct idtap_export *x)
{
    struct perfetto *p = x->state;

    if ( !p )
        return;
    map_clear(&p->tracks);
    map_clear(&p->names);
    free(p);
}

const struct idtap_export_ops export_perfetto_ops = {
    .begin = begin,
    .record = record,
    .loss = loss,
    .span_begin = span_begin,
    .span_end = span_end,
    .span_lone = span_lone,
    .end = end,
    .release = release,
};
