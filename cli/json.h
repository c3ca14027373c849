/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes JSON as it goes: commas and nesting are the writer's business, keys
 * and values the caller's.  `key` is NULL inside arrays and at the top.
 * Integers are exact.  Strings may hold any bytes: what is not UTF-8 becomes
 * U+FFFD, and `<` is escaped, so that the text may stand in a script element of
 * an HTML page.  One thread per stream; write errors are the stream's
 * (ferror()).
 */
#ifndef IDTAP_JSON_H
#define IDTAP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 16

struct json {
    FILE *f;
    bool pretty;                 /* a line per value, indented */
    unsigned int depth;
    bool filled[JSON_MAX_DEPTH]; /* has this level a value yet? */
};

void json_init(struct json *j, FILE *f, bool pretty);

/* Depth is the caller's promise: at most JSON_MAX_DEPTH - 1. */
void json_object(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_array(struct json *j, const char *key);
void json_end_array(struct json *j);

void json_string(struct json *j, const char *key, const char *s);
void json_uint(struct json *j, const char *key, uint64_t n);
void json_int(struct json *j, const char *key, int64_t n);
void json_bool(struct json *j, const char *key, bool b);
void json_null(struct json *j, const char *key);
/* Six digits after the point; what is no number becomes null. */
void json_double(struct json *j, const char *key, double d);

#endif /* IDTAP_JSON_H */
