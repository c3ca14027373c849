/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a packet must look like.  The only place that looks at bytes before
 * they are known to be good; what passes here, the rest of the reader takes on
 * faith.
 *
 * Rules: packet_check_records() and packet_sort_records() run over every record
 * of every trace: one load of the time, one of the rest, no branches that are
 * usually taken.  How fast they are is bounded by the chain from a record's
 * event id to the next one's address, so that what else is done costs little.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace_priv.h"

const uint8_t idtap_record_bytes[256] = {
    [IDTAP_EV_IRQ_ENTER]     = sizeof(struct idtap_irq_enter),
    [IDTAP_EV_IRQ_EXIT]      = sizeof(struct idtap_record),
    [IDTAP_EV_VM_EXIT]       = sizeof(struct idtap_vm_exit),
    [IDTAP_EV_VM_ENTRY]      = sizeof(struct idtap_record),
    [IDTAP_EV_EXCEPTION]     = sizeof(struct idtap_exception),
    [IDTAP_EV_NMI_ENTER]     = sizeof(struct idtap_nmi_enter),
    [IDTAP_EV_NMI_EXIT]      = sizeof(struct idtap_record),
    [IDTAP_EV_INJECT]        = sizeof(struct idtap_inject),
    [IDTAP_EV_SOFTIRQ_RAISE] = sizeof(struct idtap_softirq_raise),
    [IDTAP_EV_SOFTIRQ_ENTER] = sizeof(struct idtap_record),
    [IDTAP_EV_SOFTIRQ_EXIT]  = sizeof(struct idtap_record),
    [IDTAP_EV_LAPIC_ACCEPT]  = sizeof(struct idtap_record),
    [IDTAP_EV_LAPIC_EOI]     = sizeof(struct idtap_record),
    [IDTAP_EV_SWINT]         = sizeof(struct idtap_swint),
    [IDTAP_EV_PV_TRAP]       = sizeof(struct idtap_exception),
    [IDTAP_EV_PV_UPCALL]     = sizeof(struct idtap_pv_upcall),
    [IDTAP_EV_EVTCHN]        = sizeof(struct idtap_evtchn),
    [IDTAP_EV_CLOCK_SYNC]    = sizeof(struct idtap_clock_sync),
    [IDTAP_EV_DOMAIN]        = sizeof(struct idtap_domain_name),
    [IDTAP_EV_ATTACH]        = sizeof(struct idtap_record),
    [IDTAP_EV_DETACH]        = sizeof(struct idtap_record),
    [IDTAP_EV_LOST]          = sizeof(struct idtap_lost),
    [IDTAP_EV_CONFIG]        = sizeof(struct idtap_config_change),
    [IDTAP_EV_TRIGGER]       = sizeof(struct idtap_trigger),
};

/* Words of a record, as one 64-bit load behind the TSC sees them. */
#define BAD_FLAGS   ((uint64_t)(uint16_t)~IDTAP_F_ALL << 16)
#define DOMAIN_HIGH ((uint64_t)0x8000 << 32)
#define DOMAIN_ALL  ((uint64_t)0xffff << 32)

#define BAD(off, ...) \
    trace_error(err, -EBADMSG, "", (off), __VA_ARGS__)
#define FIELD(f) offsetof(struct idtap_packet_header, f)

int packet_check_header(const struct idtap_packet_header *h, int cpu,
                        struct idtap_error *err)
{
    uint32_t stream_id = cpu < 0 ? IDTAP_STREAM_META : IDTAP_STREAM_RING;
    uint32_t cpu_id = cpu < 0 ? 0 : (uint32_t)cpu;
    uint64_t bytes = h->packet_size / 8;

    if ( h->magic != IDTAP_CTF_MAGIC )
        return BAD(FIELD(magic), "not a packet: magic is %#" PRIx32
                   ", not %#x", h->magic, IDTAP_CTF_MAGIC);
    if ( h->stream_id != stream_id )
        return BAD(FIELD(stream_id), "stream_id is %" PRIu32 ", not %" PRIu32,
                   h->stream_id, stream_id);
    if ( h->abi_version != IDTAP_ABI_VERSION )
        return BAD(FIELD(abi_version), "abi_version is %" PRIu32
                   ", this idtap reads %d", h->abi_version, IDTAP_ABI_VERSION);
    if ( h->cpu_id != cpu_id )
        return BAD(FIELD(cpu_id), "cpu_id is %" PRIu32 ", the file's is %"
                   PRIu32, h->cpu_id, cpu_id);

    if ( h->packet_size % 64 || bytes < sizeof(*h) ||
         bytes > IDTAP_PACKET_SIZE_MAX ||
         (cpu >= 0 && (bytes < IDTAP_PACKET_SIZE_MIN ||
                       (bytes & (bytes - 1)))) )
        return BAD(FIELD(packet_size), "packet_size cannot be %" PRIu64
                   " bits", h->packet_size);
    if ( h->content_size % 64 || h->content_size < sizeof(*h) * 8 ||
         h->content_size > h->packet_size )
        return BAD(FIELD(content_size), "content_size cannot be %" PRIu64
                   " bits in a packet of %" PRIu64, h->content_size,
                   h->packet_size);
    if ( h->timestamp_end < h->timestamp_begin )
        return BAD(FIELD(timestamp_end), "timestamp_end %" PRIu64
                   " is before timestamp_begin %" PRIu64, h->timestamp_end,
                   h->timestamp_begin);

    return 0;
}

/* Says what is wrong with the record at `off`; something is. */
static int explain(const uint8_t *p, uint64_t off, uint64_t content,
                   uint64_t last, int cpu, struct idtap_error *err)
{
    const struct idtap_packet_header *h = (const void *)p;
    const struct idtap_record *r = idtap_record_at(p + off);
    uint64_t left = content - off;
    unsigned int size;

    if ( left < sizeof(*r) )
        return BAD(off, "%" PRIu64 " bytes are left in the packet, too few "
                   "for a record", left);

    size = idtap_record_bytes[r->event];
    if ( !size || (r->event < IDTAP_EV_NR_RING) != (cpu >= 0) )
        return BAD(off + offsetof(struct idtap_record, event),
                   "event id %u is unknown in this stream", r->event);
    if ( size > left )
        return BAD(off, "a record of %u bytes, where %" PRIu64
                   " are left in the packet", size, left);
    if ( r->tsc < last )
        return BAD(off, "time goes back: %" PRIu64 " after %" PRIu64, r->tsc,
                   last);
    if ( r->tsc > h->timestamp_end )
        return BAD(off, "time %" PRIu64 " is after the packet's end %" PRIu64,
                   r->tsc, h->timestamp_end);
    if ( r->flags & ~IDTAP_F_ALL )
        return BAD(off + offsetof(struct idtap_record, flags),
                   "flags %#x hold unknown bits", r->flags);
    if ( r->domain > IDTAP_DOMID_IDLE && r->domain != IDTAP_DOMID_NONE )
        return BAD(off + offsetof(struct idtap_record, domain),
                   "domain cannot be %u", r->domain);

    return BAD(off, "a text does not end");
}

/* A text must end within its field. */
static bool payload_bad(const struct idtap_record *r)
{
    const struct idtap_domain_name *d = (const void *)r;
    const struct idtap_trigger *t = (const void *)r;

    return (r->event == IDTAP_EV_DOMAIN &&
            !memchr(d->name, '\0', sizeof(d->name))) ||
           (r->event == IDTAP_EV_TRIGGER &&
            !memchr(t->message, '\0', sizeof(t->message)));
}

int packet_check_records(const uint8_t *p, int cpu, struct idtap_error *err)
{
    const struct idtap_packet_header *h = (const void *)p;
    uint64_t content = h->content_size / 8, off = sizeof(*h);
    uint64_t last = h->timestamp_begin, end = h->timestamp_end;
    /* Ring events are below the limit, the others above it. */
    uint8_t lo = cpu >= 0 ? 0 : IDTAP_EV_NR_RING;
    uint8_t span = cpu >= 0 ? IDTAP_EV_NR_RING : (uint8_t)-IDTAP_EV_NR_RING;

    while ( off < content )
    {
        uint64_t tsc, word, size, bad;
        uint8_t event;

        if ( content - off < sizeof(struct idtap_record) )
            return explain(p, off, content, last, cpu, err);
        memcpy(&tsc, p + off, 8);
        memcpy(&word, p + off + 8, 8);

        event = (uint8_t)word;
        size = idtap_record_bytes[event];
        bad = (tsc < last) | (tsc > end) | (word & BAD_FLAGS) | !size |
              ((uint8_t)(event - lo) >= span) | (size > content - off) |
              ((word & DOMAIN_HIGH) && (word & DOMAIN_ALL) != DOMAIN_ALL);
        if ( bad || (cpu < 0 && payload_bad(idtap_record_at(p + off))) )
            return explain(p, off, content, last, cpu, err);

        last = tsc;
        off += size;
    }

    return 0;
}

void packet_lists_init(struct packet_lists *l, const uint8_t list_of[256])
{
    unsigned int event;

    memset(l, 0, sizeof(*l));
    for ( event = 0; event < 256; event++ )
    {
        bool known = event < IDTAP_EV_NR_RING && idtap_record_bytes[event];
        uint64_t exit = known && list_of[event] == PACKET_EXITS;

        /* What is unknown gets some size, so that there is an end. */
        l->bytes[event] = known ? idtap_record_bytes[event]
                                : sizeof(struct idtap_record);
        l->list[event] = known ? list_of[event] : PACKET_UNKNOWN;
        l->step[event] = exit << 32 | l->bytes[event];
    }
}

void packet_lists_free(struct packet_lists *l)
{
    free(l->memory);
    l->memory = NULL;
    l->room = 0;
}

/* All could be in one list; each list has a place more than that. */
static int make_room(struct packet_lists *l, uint64_t content)
{
    size_t room = content / sizeof(struct idtap_record) + 1;
    unsigned int i;

    if ( room <= l->room )
        return 0;
    packet_lists_free(l);
    l->memory = malloc((PACKET_LISTS + 1) * room * sizeof(*l->memory));
    if ( !l->memory )
        return -ENOMEM;
    l->room = room;
    for ( i = 0; i <= PACKET_LISTS; i++ )
        l->at[i] = l->memory + i * room;
    return 0;
}

int packet_sort_records(const uint8_t *p, struct packet_lists *l,
                        struct idtap_error *err)
{
    const struct idtap_packet_header *h = (const void *)p;
    uint64_t content = h->content_size / 8, last = h->timestamp_begin, bad = 0;
    uint64_t *records_of = l->records_of;
    const uint8_t *r = p + sizeof(*h), *end = p + content, *q;
    packet_place *next[PACKET_LISTS + 1], place = sizeof(*h);
    unsigned int i;
    int rc = 0;

    if ( make_room(l, content) )
        return trace_error(err, -ENOMEM, "", 0, "out of memory");
    memcpy(next, l->at, sizeof(next));

    /*
     * Nothing is decided before the end, but that there is one.  A pointer, for
     * an offset would have to be added to `p` on the way that all waits for.
     */
    while ( r < end )
    {
        uint64_t tsc, word;

        memcpy(&tsc, r, 8);
        memcpy(&word, r + 8, 8);

        *next[l->list[(uint8_t)word]]++ = place;
        place += l->step[(uint8_t)word];
        records_of[(uint16_t)(word >> 32)]++;

        bad |= (word & (BAD_FLAGS | DOMAIN_HIGH)) | (tsc < last);
        last = tsc;
        /* The byte once more: it is there sooner than what the word gives. */
        r += l->bytes[r[offsetof(struct idtap_record, event)]];
    }

    for ( i = 0; i < PACKET_LISTS; i++ )
        l->nr[i] = (uint32_t)(next[i] - l->at[i]);
    bad |= (uint64_t)(next[PACKET_UNKNOWN] - l->at[PACKET_UNKNOWN]);
    /* Seldom, it is right; what is wrong, another has words for. */
    if ( bad || r != end || last > h->timestamp_end )
        rc = packet_check_records(p, (int)h->cpu_id, err);
    /* Then it does not count. */
    for ( q = p + sizeof(*h); rc && q < r; q += l->bytes[q[8]] )
        records_of[idtap_record_at(q)->domain]--;
    return rc;
}
