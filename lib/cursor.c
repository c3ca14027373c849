/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks one stream, packet by packet, through all its files.
 *
 * Files are read with pread() into a buffer of the cursor's own, some packets
 * at a time.  Not mapped: a mapped file that someone cuts kills its reader,
 * and its pages could change between check and use.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_priv.h"

/*
 * A packet of the usual size: it is looked at at once, and those of all streams
 * shall stay in a second-level cache.
 */
#define WINDOW_MIN (64u << 10)

struct idtap_cursor {
    const struct trace_stream *stream;
    unsigned int file;   /* the next to open, or, with fd >= 0, 1 + the open */
    int fd;
    bool done;
    uint64_t size, pos;  /* of the open file; `pos` is the next packet's */

    uint8_t *buf;        /* bytes [base, base + len) of the file */
    size_t capacity, len;
    uint64_t base;

    bool started;        /* the following are of the packet before */
    uint64_t seq, end_tsc, discarded, packet_size;
};

int idtap_cursor_open(const struct idtap_trace *t, unsigned int stream,
                      struct idtap_cursor **cursor)
{
    struct idtap_cursor *c = calloc(1, sizeof(*c));

    if ( !c )
        return -ENOMEM;

    c->stream = &t->streams[stream];
    c->fd = -1;
    *cursor = c;
    return 0;
}

void idtap_cursor_close(struct idtap_cursor *c)
{
    if ( !c )
        return;

    if ( c->fd >= 0 )
        close(c->fd);
    free(c->buf);
    free(c);
}

static const char *path_of(const struct idtap_cursor *c)
{
    return c->stream->files[c->file - 1];
}

/* Opens the next file; 1, 0 if there is none, -errno. */
static int open_next(struct idtap_cursor *c, struct idtap_error *err)
{
    struct stat st;

    if ( c->fd >= 0 )
        close(c->fd);
    c->fd = -1;
    if ( c->file == c->stream->nr_files )
        return 0;

    c->file++;
    c->fd = open(path_of(c), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if ( c->fd < 0 || fstat(c->fd, &st) )
        return trace_error(err, -errno, path_of(c), 0, "cannot open: %s",
                           strerror(errno));
    if ( !S_ISREG(st.st_mode) )
        return trace_error(err, -EBADMSG, path_of(c), 0, "not a regular file");
    if ( !st.st_size )
        return trace_error(err, -ENODATA, path_of(c), 0,
                           "empty stream: there is no packet in it");

    c->size = (uint64_t)st.st_size;
    c->pos = c->base = 0;
    c->len = 0;
    if ( c->stream->cpu < 0 )
        c->started = false; /* each file of "meta" counts from 0 */
    return 1;
}

/*
 * Makes bytes [pos, pos + n) of the file present in the buffer; *p points to
 * them.  n is at most IDTAP_PACKET_SIZE_MAX, and within the file's size.
 */
static int fill(struct idtap_cursor *c, size_t n, const uint8_t **p,
                struct idtap_error *err)
{
    if ( c->pos + n > c->base + c->len )
    {
        size_t want;

        if ( c->capacity < n || !c->buf )
        {
            size_t capacity = n > WINDOW_MIN ? n : WINDOW_MIN;

            free(c->buf);
            c->capacity = 0;
            /* packet_sort_records() may look at a word more. */
            c->buf = malloc(capacity + sizeof(uint64_t));
            if ( !c->buf )
                return trace_error(err, -ENOMEM, path_of(c), c->pos,
                                   "out of memory");
            c->capacity = capacity;
        }

        /* malloc() aligns to 16, packets lie at multiples of 8. */
        c->base = c->pos;
        c->len = 0;
        want = c->size - c->pos < c->capacity ? (size_t)(c->size - c->pos)
                                              : c->capacity;
        while ( c->len < want )
        {
            ssize_t got = pread(c->fd, c->buf + c->len, want - c->len,
                                (off_t)(c->base + c->len));

            if ( got < 0 && errno == EINTR )
                continue;
            if ( got < 0 )
                return trace_error(err, -errno, path_of(c), c->base + c->len,
                                   "cannot read: %s", strerror(errno));
            if ( !got )
                break;
            c->len += (size_t)got;
        }
        if ( c->len < n )
            return trace_error(err, -ENODATA, path_of(c), c->base + c->len,
                               "the file shrank while it was read");
    }

    *p = c->buf + (c->pos - c->base);
    return 0;
}

/* What only the packet before can tell. */
static int check_order(const struct idtap_cursor *c,
                       const struct idtap_packet_header *h,
                       struct idtap_error *err)
{
#define BAD(field, ...) \
    trace_error(err, -EBADMSG, "", \
                offsetof(struct idtap_packet_header, field), __VA_ARGS__)

    if ( !c->started )
        return 0;
    if ( c->stream->cpu >= 0 && h->packet_size != c->packet_size )
        return BAD(packet_size, "packet_size changes from %" PRIu64 " to %"
                   PRIu64 " bits within the stream", c->packet_size,
                   h->packet_size);
    if ( h->packet_seq_num <= c->seq )
        return BAD(packet_seq_num, "packet_seq_num %" PRIu64 " after %" PRIu64,
                   h->packet_seq_num, c->seq);
    if ( h->timestamp_begin < c->end_tsc )
        return BAD(timestamp_begin, "timestamp_begin %" PRIu64 " is before the "
                   "end %" PRIu64 " of the packet before", h->timestamp_begin,
                   c->end_tsc);
    if ( h->events_discarded < c->discarded )
        return BAD(events_discarded, "events_discarded goes back from %" PRIu64
                   " to %" PRIu64, c->discarded, h->events_discarded);
    return 0;
#undef BAD
}

/* The packet at c->pos, in an open file that is longer than that. */
static int read_packet(struct idtap_cursor *c, struct idtap_packet *out,
                       struct packet_lists *lists, struct idtap_error *err)
{
    uint64_t left = c->size - c->pos, bytes;
    struct idtap_packet_header *h = &out->header;
    const uint8_t *p;
    int rc, cpu = c->stream->cpu;

    if ( left < sizeof(*h) )
        return trace_error(err, -ENODATA, path_of(c), c->pos,
                           "truncated packet: the file ends after %" PRIu64
                           " of its header's %zu bytes", left, sizeof(*h));

    rc = fill(c, sizeof(*h), &p, err);
    if ( rc )
        goto unread;
    memcpy(h, p, sizeof(*h));
    rc = packet_check_header(h, cpu, err);
    if ( !rc )
        rc = check_order(c, h, err);
    if ( rc )
        goto bad;

    bytes = h->packet_size / 8;
    if ( left < bytes )
        return trace_error(err, -ENODATA, path_of(c), c->pos,
                           "truncated packet: the file ends after %" PRIu64
                           " of its %" PRIu64 " bytes", left, bytes);
    rc = fill(c, (size_t)bytes, &p, err);
    if ( rc )
        goto unread;
    /* The buffer may have been read anew: this copy is the one to check. */
    if ( memcmp(h, p, sizeof(*h)) )
        return trace_error(err, -EBADMSG, path_of(c), c->pos,
                           "the file changed while it was read");
    rc = lists && cpu >= 0 ? packet_sort_records(p, lists, err)
                           : packet_check_records(p, cpu, err);
    if ( rc )
        goto bad;

    out->begin = p + sizeof(*h);
    out->end = p + h->content_size / 8;
    out->lost_packets = c->started ? h->packet_seq_num - c->seq - 1 : 0;
    out->discarded = h->events_discarded - (c->started ? c->discarded : 0);
    out->offset = c->pos;
    out->path = path_of(c);

    c->started = true;
    c->seq = h->packet_seq_num;
    c->end_tsc = h->timestamp_end;
    c->discarded = h->events_discarded;
    c->packet_size = h->packet_size;
    c->pos += bytes;
    return 1;

 bad:
    /* The checks know places in the packet only. */
    snprintf(err->path, sizeof(err->path), "%s", path_of(c));
    err->offset += c->pos;
 unread:
    err->packet_offset = c->pos;
    return rc;
}

int cursor_next(struct idtap_cursor *c, struct idtap_packet *p,
                struct packet_lists *lists, struct idtap_error *err)
{
    int rc = 1;

    if ( c->done )
        return 0;

    if ( c->fd < 0 || c->pos == c->size )
        rc = open_next(c, err);
    if ( rc > 0 )
        rc = read_packet(c, p, lists, err);

    c->done = rc <= 0;
    return rc;
}

int idtap_cursor_next(struct idtap_cursor *c, struct idtap_packet *p,
                      struct idtap_error *err)
{
    return cursor_next(c, p, NULL, err);
}

uint64_t cursor_peek(const struct idtap_cursor *c, unsigned int n)
{
    uint64_t bytes = c->packet_size / 8, left;
    struct idtap_packet_header h;

    if ( c->done || c->fd < 0 || c->stream->cpu < 0 || c->pos >= c->size )
        return 0;
    left = (c->size - c->pos) / bytes;
    if ( !left )
        return 0;
    if ( n > left )
        n = (unsigned int)left;
    if ( pread(c->fd, &h, sizeof(h), (off_t)(c->pos + (n - 1) * bytes)) !=
         sizeof(h) )
        return 0;
    return h.timestamp_end;
}
