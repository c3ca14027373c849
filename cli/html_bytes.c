/* SPDX-License-Identifier: GPL-2.0-only */
/* Variable-length integers, in Base64 (RFC 4648). */
#include <errno.h>
#include <stdlib.h>

#include "html_bytes.h"

void bytes_put(struct bytes *b, uint64_t n)
{
    do {
        if ( b->at )
            b->at[b->nr] = (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
        b->nr++;
        n >>= 7;
    } while ( n );
}

static size_t base64_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

static char *base64(const uint8_t *in, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc(base64_len(len) + 1), *p = text;
    size_t i;

    for ( i = 0; text && i < len; i += 3 )
    {
        uint32_t n = (uint32_t)in[i] << 16;

        n |= i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0;
        n |= i + 2 < len ? in[i + 2] : 0;
        *p++ = digits[n >> 18];
        *p++ = digits[n >> 12 & 63];
        *p++ = i + 1 < len ? digits[n >> 6 & 63] : '=';
        *p++ = i + 2 < len ? digits[n & 63] : '=';
    }
    if ( text )
        *p = '\0';
    return text;
}

int bytes_json(struct json *j, const char *key, put_bytes *put,
               const void *from)
{
    struct bytes b = { NULL, 0 };
    char *text = NULL;

    put(&b, from);
    b.at = malloc(b.nr + 1);
    if ( b.at )
    {
        b.nr = 0;
        put(&b, from);
        text = base64(b.at, b.nr);
    }
    if ( text )
        json_string(j, key, text);

    free(b.at);
    free(text);
    return text ? 0 : -ENOMEM;
}

size_t bytes_json_len(put_bytes *put, const void *from)
{
    struct bytes b = { NULL, 0 };

    put(&b, from);
    return base64_len(b.nr);
}
