/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A streaming writer of JSON (RFC 8259).  It holds no document in memory, and
 * its output is valid whatever bytes a guest's name is made of.
 */
#include <math.h>

#include "json.h"

void json_init(struct json *j, FILE *f, bool pretty)
{
    *j = (struct json){ .f = f, .pretty = pretty };
}

static void newline(struct json *j)
{
    if ( j->pretty )
        fprintf(j->f, "\n%*s", (int)(2 * j->depth), "");
}

/*
 * The length of the UTF-8 character at s, or 0 if it is none: overlong forms,
 * surrogates and what lies above U+10FFFF are none.
 */
static int utf8_len(const unsigned char *s)
{
    if ( s[0] < 0x80 )
        return 1;
    if ( s[0] < 0xc2 || s[0] > 0xf4 || (s[1] & 0xc0) != 0x80 )
        return 0;
    if ( s[0] < 0xe0 )
        return 2;
    if ( (s[2] & 0xc0) != 0x80 || (s[0] == 0xe0 && s[1] < 0xa0) ||
         (s[0] == 0xed && s[1] > 0x9f) )
        return 0;
    if ( s[0] < 0xf0 )
        return 3;
    if ( (s[3] & 0xc0) != 0x80 || (s[0] == 0xf0 && s[1] < 0x90) ||
         (s[0] == 0xf4 && s[1] > 0x8f) )
        return 0;
    return 4;
}

static void quoted(FILE *f, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    putc_unlocked('"', f);
    while ( *s )
    {
        int len = utf8_len(s);

        /* Nearly all of what is written: keys and plain words. */
        if ( len == 1 && *s >= 0x20 && *s < 0x7f && *s != '"' &&
             *s != '\\' && *s != '<' )
        {
            putc_unlocked(*s++, f);
            continue;
        }

        if ( *s == '"' || *s == '\\' )
            fprintf(f, "\\%c", *s);
        else if ( *s < 0x20 || *s == 0x7f || *s == '<' )
            fprintf(f, "\\u%04x", *s);
        else if ( !len )
            fputs("\\ufffd", f);
        else
            fwrite(s, 1, (size_t)len, f);
        s += len ? len : 1;
    }
    putc_unlocked('"', f);
}

/* Decimal digits; much faster than printf(), and most of all output. */
static void digits(FILE *f, uint64_t n)
{
    char buf[20], *p = buf + sizeof(buf);

    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while ( n );
    fwrite_unlocked(p, 1, (size_t)(buf + sizeof(buf) - p), f);
}

/* What comes before every value. */
static void begin(struct json *j, const char *key)
{
    if ( j->depth )
    {
        if ( j->filled[j->depth] )
            putc_unlocked(',', j->f);
        j->filled[j->depth] = true;
        newline(j);
    }

    if ( key )
    {
        quoted(j->f, key);
        fputs_unlocked(j->pretty ? ": " : ":", j->f);
    }
}

static void push(struct json *j, const char *key, char c)
{
    begin(j, key);
    putc_unlocked(c, j->f);
    j->filled[++j->depth] = false;
}

static void pop(struct json *j, char c)
{
    bool filled = j->filled[j->depth--];

    if ( filled )
        newline(j);
    putc_unlocked(c, j->f);
    if ( !j->depth )
        putc_unlocked('\n', j->f);
}

void json_object(struct json *j, const char *key)
{
    push(j, key, '{');
}

void json_end_object(struct json *j)
{
    pop(j, '}');
}

void json_array(struct json *j, const char *key)
{
    push(j, key, '[');
}

void json_end_array(struct json *j)
{
    pop(j, ']');
}

void json_string(struct json *j, const char *key, const char *s)
{
    begin(j, key);
    quoted(j->f, s);
}

void json_uint(struct json *j, const char *key, uint64_t n)
{
    begin(j, key);
    digits(j->f, n);
}

void json_int(struct json *j, const char *key, int64_t n)
{
    begin(j, key);
    if ( n < 0 )
        putc_unlocked('-', j->f);
    digits(j->f, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void json_bool(struct json *j, const char *key, bool b)
{
    begin(j, key);
    fputs(b ? "true" : "false", j->f);
}

void json_null(struct json *j, const char *key)
{
    begin(j, key);
    fputs("null", j->f);
}

void json_double(struct json *j, const char *key, double d)
{
    if ( !isfinite(d) )
    {
        json_null(j, key);
        return;
    }

    begin(j, key);
    fprintf(j->f, "%.6f", d);
}
