/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many numbers in little room, as the page's data has them: variable-length
 * integers (seven bits a byte, the lowest first) in Base64.
 */
#ifndef IDTAP_HTML_BYTES_H
#define IDTAP_HTML_BYTES_H

#include "json.h"

struct bytes {
    uint8_t *at; /* NULL: only counted */
    size_t nr;
};

/* Adds what there is to say of `from`, by bytes_put(). */
typedef void put_bytes(struct bytes *b, const void *from);

void bytes_put(struct bytes *b, uint64_t n);

/* What `put` makes of `from` as a JSON string; 0 or -ENOMEM. */
int bytes_json(struct json *j, const char *key, put_bytes *put,
               const void *from);
/* The length of that string. */
size_t bytes_json_len(put_bytes *put, const void *from);

#endif /* IDTAP_HTML_BYTES_H */
