/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes protocol buffers' wire format: varints and length-delimited fields,
 * which is all that is needed here.  Messages are built in memory of a fixed
 * size, innermost first: what does not fit sets `overflow` and is left out.
 */
#ifndef IDTAP_PROTOBUF_H
#define IDTAP_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pb {
    uint8_t *p;
    size_t len, room;
    bool overflow;
};

#define PB_ON(array) { .p = (array), .room = sizeof(array) }

static inline void pb_raw(struct pb *b, const void *data, size_t len)
{
    if ( len > b->room - b->len )
        b->overflow = true;
    else
    {
        memcpy(b->p + b->len, data, len);
        b->len += len;
    }
}

static inline void pb_varint(struct pb *b, uint64_t n)
{
    uint8_t buf[10];
    size_t len = 0;

    for ( ; n >= 0x80; n >>= 7 )
        buf[len++] = (uint8_t)n | 0x80;
    buf[len++] = (uint8_t)n;
    pb_raw(b, buf, len);
}

/* uint32, uint64, bool, enum, and int32 and int64 (sign-extended). */
static inline void pb_uint(struct pb *b, unsigned int field, uint64_t n)
{
    pb_varint(b, (uint64_t)field << 3);
    pb_varint(b, n);
}

static inline void pb_bytes(struct pb *b, unsigned int field, const void *data,
                            size_t len)
{
    pb_varint(b, (uint64_t)field << 3 | 2);
    pb_varint(b, len);
    pb_raw(b, data, len);
}

static inline void pb_string(struct pb *b, unsigned int field, const char *s)
{
    pb_bytes(b, field, s, strlen(s));
}

static inline void pb_message(struct pb *b, unsigned int field,
                              const struct pb *m)
{
    pb_bytes(b, field, m->p, m->len);
    b->overflow |= m->overflow;
}

#endif /* IDTAP_PROTOBUF_H */
