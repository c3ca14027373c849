/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace of the chosen records of another: what the recorder would have
 * written, had it been asked for these records only, with the losses that it
 * had.
 *
 * Rules: a packet that nothing is left out of is copied as it is.  Others are
 * filled up, each pCPU's as large as its source's; but a packet of which its
 * header tells discards, or before which packets are missing, stays a packet of
 * its own, so that a reader finds the losses where they were.  The stream
 * "meta" is copied whole, save for the losses of pCPUs that are not wanted.
 * The copy has a UUID of its own, because a reader takes streams of one UUID for
 * streams of one trace.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "export_priv.h"

struct stream {
    int fd;
    uint8_t *packet;      /* under construction, header included */
    size_t used, size;    /* bytes; size 0: nothing was seen of it yet */
    uint64_t seq;
    uint64_t discarded;   /* of the last packet written, */
    uint64_t before;      /* without those before the window; */
    uint64_t told;        /* of the source's last packet, which a window may cut */
    uint64_t end_tsc;     /* no packet may begin before */
    uint64_t begin_tsc, last_tsc; /* of the packet under construction */
    bool begun;           /* there is one */
    bool any;             /* one was written */
    bool after_gap;       /* packets are missing since then */
};

struct ctf {
    int dirfd;
    struct stream cpus[IDTAP_MAX_CPUS], meta;
    uint64_t last_tsc;    /* of all */
};

static struct stream *stream_of(struct ctf *c, int cpu)
{
    return cpu < 0 ? &c->meta : &c->cpus[cpu];
}

/* What a packet of the source tells of, without what is before the window. */
static uint64_t discards(const struct stream *s, const struct idtap_packet *p)
{
    return p->header.events_discarded > s->before
           ? p->header.events_discarded - s->before : 0;
}

static int write_all(struct idtap_export *x, int fd, const void *data,
                     size_t len)
{
    const uint8_t *p = data;

    while ( len )
    {
        ssize_t n = write(fd, p, len);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            return export_error(x, n ? -errno : -EIO, "cannot write: %s",
                                n ? strerror(errno) : "nothing is taken");
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int begin(struct idtap_export *x)
{
    struct idtap_trace_info info = *x->info;
    struct ctf *c = calloc(1, sizeof(*c));
    unsigned int i;
    int rc;

    x->state = c;
    if ( !c )
        return -ENOMEM;
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        c->cpus[i].fd = -1;
    c->meta.fd = -1;
    c->dirfd = open(x->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if ( c->dirfd < 0 )
        return -errno;

    if ( getrandom(info.uuid, sizeof(info.uuid), 0) !=
         (ssize_t)sizeof(info.uuid) )
        return -errno;
    info.uuid[6] = (info.uuid[6] & 0x0f) | 0x40; /* RFC 4122, random */
    info.uuid[8] = (info.uuid[8] & 0x3f) | 0x80;
    rc = idtap_metadata_write(c->dirfd, &info);
    return rc ? export_error(x, rc, "cannot write the metadata: %s",
                             strerror(-rc)) : 0;
}

/* Makes the stream's file, when there is something to go into it. */
static int make(struct idtap_export *x, struct stream *s, int cpu,
                size_t packet_size)
{
    struct ctf *c = x->state;
    char name[16] = IDTAP_META_FILE;

    if ( s->fd >= 0 )
        return 0;
    if ( cpu >= 0 )
        snprintf(name, sizeof(name), "cpu%d", cpu);
    s->size = packet_size;
    s->used = sizeof(struct idtap_packet_header);
    s->packet = calloc(1, packet_size);
    if ( !s->packet )
        return -ENOMEM;
    s->fd = openat(c->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                   0600);
    return s->fd < 0 ? export_error(x, -errno, "cannot make the stream %s: %s",
                                    name, strerror(errno)) : 0;
}

/* Writes the packet under construction, which ends at `end_tsc`. */
static int close_packet(struct idtap_export *x, struct stream *s, int cpu,
                        uint64_t end_tsc, uint64_t discarded)
{
    struct idtap_packet_header h = {
        .magic = IDTAP_CTF_MAGIC,
        .stream_id = cpu < 0 ? IDTAP_STREAM_META : IDTAP_STREAM_RING,
        .timestamp_begin = s->begin_tsc,
        .timestamp_end = end_tsc > s->last_tsc ? end_tsc : s->last_tsc,
        .content_size = s->used * 8,
        .packet_size = (cpu < 0 ? s->used : s->size) * 8,
        .packet_seq_num = s->seq++,
        .events_discarded = discarded,
        .cpu_id = cpu < 0 ? 0 : (uint32_t)cpu,
        .abi_version = IDTAP_ABI_VERSION,
    };
    int rc;

    memcpy(s->packet, &h, sizeof(h));
    rc = write_all(x, s->fd, s->packet, h.packet_size / 8);
    memset(s->packet, 0, s->used);
    s->used = sizeof(h);
    s->end_tsc = h.timestamp_end;
    s->discarded = discarded;
    s->begun = s->after_gap = false;
    s->any = true;
    return rc;
}

static void open_packet(struct stream *s, uint64_t tsc)
{
    if ( s->begun )
        return;
    s->begun = true;
    s->begin_tsc = s->last_tsc = tsc > s->end_tsc ? tsc : s->end_tsc;
}

static int add(struct idtap_export *x, struct stream *s, int cpu,
               const struct idtap_record *r)
{
    size_t size = idtap_record_bytes[r->event];
    struct idtap_record *copy;
    int rc;

    /* Like the tap: a record never fills a packet to the last byte. */
    if ( s->begun && s->used + size >= s->size )
    {
        rc = close_packet(x, s, cpu, s->last_tsc, s->discarded);
        if ( rc )
            return rc;
    }
    open_packet(s, r->tsc);
    copy = (void *)(s->packet + s->used);
    memcpy(copy, r, size);
    /* The parts of "meta" that become one stream here may overlap. */
    if ( copy->tsc < s->last_tsc )
        copy->tsc = s->last_tsc;
    s->used += size;
    s->last_tsc = copy->tsc;
    if ( s->last_tsc > ((struct ctf *)x->state)->last_tsc )
        ((struct ctf *)x->state)->last_tsc = s->last_tsc;
    return 0;
}

/* What the recorder counted, without what is before the window. */
static int add_lost(struct idtap_export *x, struct stream *s,
                    const struct idtap_record *r)
{
    struct idtap_lost l;
    struct stream *cpu;

    memcpy(&l, r, sizeof(l));
    if ( l.cpu >= IDTAP_MAX_CPUS )
        return add(x, s, -1, r);
    cpu = stream_of(x->state, (int)l.cpu);
    if ( r->tsc < x->from && l.count > cpu->before )
        cpu->before = l.count;
    if ( r->tsc < x->from )
        return 0;
    l.count -= l.count < cpu->before ? l.count : cpu->before;
    return add(x, s, -1, &l.r);
}

/* A packet of the source begins: is it to stand apart from what was before? */
static int packet_begins(struct idtap_export *x, struct stream *s, int cpu,
                         const struct idtap_packet *p)
{
    int rc;

    if ( p->lost_packets && cpu >= 0 )
    {
        if ( s->begun )
        {
            rc = close_packet(x, s, cpu, s->last_tsc, s->discarded);
            if ( rc )
                return rc;
        }
        /* Before any packet there is none to be missing. */
        s->seq += s->any ? p->lost_packets : 0;
        s->after_gap = true;
    }
    open_packet(s, p->header.timestamp_begin);
    return 0;
}

/*
 * The records that end a packet with discards may lie behind some of these (see
 * stats.c), so that nothing can be paired between them and what is before them.
 * In the copy they are not at the packet's end any more: another packet keeps
 * them apart, if there are discards enough for both.
 */
static int split_tail(struct idtap_export *x, struct stream *s, int cpu,
                      const struct idtap_packet *p,
                      const struct idtap_record *r)
{
    uint64_t some = s->discarded + 1;

    if ( cpu < 0 || !export_in_tail(p, r) ||
         some >= discards(s, p) )
        return 0;
    return close_packet(x, s, cpu, s->last_tsc, some);
}

static bool wanted(const struct idtap_export *x, int cpu,
                   const struct idtap_record *r)
{
    const struct idtap_lost *l = (const void *)r;

    if ( cpu >= 0 )
        return !x->chosen || idtap_select_record(x->select, r);
    return r->event != IDTAP_EV_LOST || l->cpu >= IDTAP_MAX_CPUS ||
           export_has_cpu(x, l->cpu);
}

/* A packet that is all in one run, with nothing left out. */
static int copy_packet(struct idtap_export *x, struct stream *s,
                       const struct idtap_packet *p)
{
    struct idtap_packet_header h = p->header;
    size_t content = (size_t)(p->end - p->begin);

    h.packet_seq_num = s->seq += s->any ? p->lost_packets : 0;
    s->seq++;
    s->any = true;
    s->end_tsc = h.timestamp_end;
    s->discarded = h.events_discarded;
    memcpy(s->packet, &h, sizeof(h));
    memcpy(s->packet + sizeof(h), p->begin, content);
    memset(s->packet + sizeof(h) + content, 0, s->size - sizeof(h) - content);
    return write_all(x, s->fd, s->packet, s->size);
}

static int run(struct idtap_export *x, const struct idtap_run *run)
{
    const struct idtap_packet *p = run->packet;
    struct stream *s = stream_of(x->state, run->cpu);
    size_t size = run->cpu < 0 ? IDTAP_PACKET_SIZE_MIN
                               : p->header.packet_size / 8;
    const uint8_t *r;
    int rc;

    if ( run->cpu >= 0 && p->header.timestamp_end < x->from )
    {
        s->before = p->header.events_discarded;
        return 0;
    }
    rc = make(x, s, run->cpu, size);
    if ( rc )
        return rc;
    if ( run->cpu >= 0 && !x->chosen && !x->windowed )
    {
        /* Once, whole: at its first run, when it is valid already. */
        return run->packet_begins ? copy_packet(x, s, p) : 0;
    }

    s->told = discards(s, p);
    if ( run->packet_begins )
        rc = packet_begins(x, s, run->cpu, p);
    for ( r = run->begin; r < run->end && !rc; r = idtap_record_next(r) )
    {
        if ( !wanted(x, run->cpu, idtap_record_at(r)) )
            continue;
        rc = split_tail(x, s, run->cpu, p, idtap_record_at(r));
        if ( !rc && run->cpu < 0 &&
             idtap_record_at(r)->event == IDTAP_EV_LOST )
            rc = add_lost(x, s, idtap_record_at(r));
        else if ( !rc )
            rc = add(x, s, run->cpu, idtap_record_at(r));
    }
    if ( !rc && run->packet_ends && run->cpu >= 0 &&
         (p->discarded || discards(s, p) != s->discarded) )
    {
        open_packet(s, p->header.timestamp_end);
        rc = close_packet(x, s, run->cpu, p->header.timestamp_end,
                          discards(s, p));
    }
    return rc;
}

/* Closes what is open; a stream file must not be empty. */
static int finish(struct idtap_export *x, struct stream *s, int cpu)
{
    int rc = 0;

    if ( s->fd < 0 )
        return 0;
    if ( s->begun && (!s->any || s->after_gap ||
                      s->used > sizeof(struct idtap_packet_header)) )
        rc = close_packet(x, s, cpu, s->last_tsc, s->discarded);
    /* Lost behind a window's end, or so it may be: behind all that is in it. */
    if ( !rc && cpu >= 0 && s->told > s->discarded )
    {
        open_packet(s, ((struct ctf *)x->state)->last_tsc + 1);
        rc = close_packet(x, s, cpu, s->last_tsc, s->told);
    }
    if ( close(s->fd) && !rc )
        rc = export_error(x, -errno, "cannot write: %s", strerror(errno));
    s->fd = -1;
    return rc;
}

static int end(struct idtap_export *x)
{
    struct ctf *c = x->state;
    int cpu, rc = finish(x, &c->meta, -1);

    for ( cpu = 0; cpu < (int)IDTAP_MAX_CPUS && !rc; cpu++ )
        rc = finish(x, &c->cpus[cpu], cpu);
    return rc;
}

static void release_stream(struct stream *s)
{
    if ( s->fd >= 0 )
        close(s->fd);
    free(s->packet);
}

static void release(struct idtap_export *x)
{
    struct ctf *c = x->state;
    unsigned int i;

    if ( !c )
        return;
    for ( i = 0; i < IDTAP_MAX_CPUS; i++ )
        release_stream(&c->cpus[i]);
    release_stream(&c->meta);
    if ( c->dirfd >= 0 )
        close(c->dirfd);
    free(c);
}

const struct idtap_export_ops export_ctf_ops = {
    .begin = begin,
    .run = run,
    .end = end,
    .release = release,
};
