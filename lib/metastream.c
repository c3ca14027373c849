/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream "meta": builds packets in dom0 the way the tap builds them in the
 * hypervisor, so that readers need no second way to read.  Its packets are as
 * long as their content: a few records a second shall not cost a page each.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <idtap/metastream.h>
#include <idtap/packet.h>

#define META_PACKET_BYTES 4096u

struct idtap_metastream {
    int fd;
    uint64_t file_size; /* bytes of whole packets in the file */
    uint64_t last_tsc;
    size_t used;        /* bytes of `packet`, header included */
    union {
        struct idtap_packet_header header;
        uint8_t bytes[META_PACKET_BYTES];
    } packet;
};

int idtap_metastream_open(int dirfd, struct idtap_metastream **out)
{
    struct idtap_metastream *ms = calloc(1, sizeof(*ms));
    int rc;

    if ( !ms )
        return -ENOMEM;

    ms->fd = openat(dirfd, IDTAP_META_FILE,
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if ( ms->fd < 0 )
    {
        rc = -errno;
        free(ms);
        return rc;
    }

    ms->packet.header.magic = IDTAP_CTF_MAGIC;
    ms->packet.header.stream_id = IDTAP_STREAM_META;
    ms->packet.header.abi_version = IDTAP_ABI_VERSION;
    ms->used = sizeof(ms->packet.header);

    *out = ms;
    return 0;
}

int idtap_metastream_close(struct idtap_metastream *ms)
{
    int rc;

    if ( !ms )
        return 0;

    rc = idtap_metastream_flush(ms);
    if ( close(ms->fd) && !rc )
        rc = -errno;
    free(ms);
    return rc;
}

int idtap_metastream_flush(struct idtap_metastream *ms)
{
    struct idtap_packet_header *h = &ms->packet.header;
    ssize_t n;

    if ( ms->used == sizeof(*h) )
        return 0;

    h->timestamp_end = ms->last_tsc;
    h->content_size = ms->used * 8;
    h->packet_size = ms->used * 8;

    do {
        n = pwrite(ms->fd, ms->packet.bytes, ms->used, (off_t)ms->file_size);
    } while ( n < 0 && errno == EINTR );

    if ( n != (ssize_t)ms->used )
    {
        int rc = n < 0 ? -errno : -ENOSPC;

        /* Half a packet is worse than none. */
        if ( n > 0 && ftruncate(ms->fd, (off_t)ms->file_size) )
            rc = -errno;
        return rc;
    }

    ms->file_size += ms->used;
    h->packet_seq_num++;
    memset(ms->packet.bytes + sizeof(*h), 0, ms->used - sizeof(*h));
    ms->used = sizeof(*h);
    return 0;
}

/* Copies in a record of `size` bytes, of which `r` is the common part. */
static int append(struct idtap_metastream *ms, struct idtap_record *r,
                  uint64_t tsc, uint8_t event, size_t size)
{
    int rc;

    if ( ms->used + size > META_PACKET_BYTES )
    {
        rc = idtap_metastream_flush(ms);
        if ( rc )
            return rc;
    }

    if ( tsc < ms->last_tsc )
        tsc = ms->last_tsc;
    ms->last_tsc = tsc;
    if ( ms->used == sizeof(ms->packet.header) )
        ms->packet.header.timestamp_begin = tsc;

    r->tsc = tsc;
    r->event = event;
    r->vcpu = IDTAP_VCPU_NONE;
    if ( event != IDTAP_EV_DOMAIN && event != IDTAP_EV_TRIGGER )
        r->domain = IDTAP_DOMID_NONE;

    memcpy(ms->packet.bytes + ms->used, r, size);
    ms->used += size;
    return 0;
}

int idtap_metastream_attach(struct idtap_metastream *ms, uint64_t tsc)
{
    struct idtap_record r = { 0 };

    return append(ms, &r, tsc, IDTAP_EV_ATTACH, sizeof(r));
}

int idtap_metastream_detach(struct idtap_metastream *ms, uint64_t tsc)
{
    struct idtap_record r = { 0 };

    return append(ms, &r, tsc, IDTAP_EV_DETACH, sizeof(r));
}

int idtap_metastream_clock_sync(struct idtap_metastream *ms, uint64_t tsc,
                                uint64_t realtime_ns, uint64_t system_time_ns,
                                uint64_t uncertainty_ns)
{
    struct idtap_clock_sync c = {
        .realtime_ns = realtime_ns,
        .system_time_ns = system_time_ns,
        .uncertainty_ns = uncertainty_ns,
    };

    return append(ms, &c.r, tsc, IDTAP_EV_CLOCK_SYNC, sizeof(c));
}

/* @text into a field of `size` bytes, which were all 0: so it ends. */
static void put_text(char *field, size_t size, const char *text)
{
    size_t len = strlen(text);

    if ( len >= size )
    {
        len = size - 1;
        /* Bytes 10xxxxxx continue a character: do not leave half of one. */
        while ( len && ((unsigned char)text[len] & 0xc0) == 0x80 )
            len--;
    }
    memcpy(field, text, len);
    field[len] = '\0';
}

int idtap_metastream_trigger(struct idtap_metastream *ms, uint64_t tsc,
                             uint16_t domain, const char *text)
{
    struct idtap_trigger t = { .r.domain = domain };

    put_text(t.message, sizeof(t.message), text);
    return append(ms, &t.r, tsc, IDTAP_EV_TRIGGER, sizeof(t));
}

int idtap_metastream_domain(struct idtap_metastream *ms, uint64_t tsc,
                            uint16_t domain, const char *name)
{
    struct idtap_domain_name d = { .r.domain = domain };

    put_text(d.name, sizeof(d.name), name);
    return append(ms, &d.r, tsc, IDTAP_EV_DOMAIN, sizeof(d));
}

int idtap_metastream_lost(struct idtap_metastream *ms, uint64_t tsc,
                          uint32_t cpu, uint64_t count)
{
    struct idtap_lost l = { .count = count, .cpu = cpu };

    return append(ms, &l.r, tsc, IDTAP_EV_LOST, sizeof(l));
}

int idtap_metastream_config(struct idtap_metastream *ms, uint64_t tsc,
                            uint32_t classes)
{
    struct idtap_config_change c = { .classes = classes };

    return append(ms, &c.r, tsc, IDTAP_EV_CONFIG, sizeof(c));
}
