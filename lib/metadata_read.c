/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the metadata of a trace back.  This is no TSDL compiler: the layout of
 * packets and records is fixed by the ABI version, so all that is wanted is
 * the `env` block and the trace's UUID, in the shape in which the writer puts
 * them.  The checksum in the last line vouches for the rest of the text.
 *
 * Rules: the text is untrusted; `pos` never passes `len`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <idtap/record.h>

#include "crc32.h"
#include "trace_priv.h"

#define METADATA_MAX (1u << 20) /* ours has a few KiB */

struct text {
    const char *s;
    size_t len, pos;
    const char *what; /* the first thing that went wrong */
};

static int fail(struct text *t, const char *what)
{
    t->what = what;
    return -EBADMSG;
}

/* Moves behind `word` if that is what comes next. */
static bool accept(struct text *t, const char *word)
{
    size_t n = strlen(word);

    if ( t->len - t->pos < n || memcmp(t->s + t->pos, word, n) )
        return false;
    t->pos += n;
    return true;
}

/* Moves behind the first line that is `line`, from here on. */
static int find_line(struct text *t, const char *line, const char *what)
{
    size_t start = t->pos;

    while ( t->pos < t->len )
    {
        const char *nl;

        if ( accept(t, line) )
            return 0;
        nl = memchr(t->s + t->pos, '\n', t->len - t->pos);
        if ( !nl )
            break;
        t->pos = (size_t)(nl - t->s) + 1;
    }

    t->pos = start;
    return fail(t, what);
}

static int read_number(struct text *t, uint64_t *n)
{
    size_t start = t->pos;

    *n = 0;
    for ( ; t->pos < t->len && t->s[t->pos] >= '0' && t->s[t->pos] <= '9';
          t->pos++ )
        if ( __builtin_mul_overflow(*n, 10u, n) ||
             __builtin_add_overflow(*n, (unsigned)(t->s[t->pos] - '0'), n) )
            return fail(t, "number too large");

    return t->pos > start ? 0 : fail(t, "a number is missing");
}

/* A string literal into out[max], unescaped. */
static int read_string(struct text *t, char *out, size_t max)
{
    size_t n = 0;

    if ( !accept(t, "\"") )
        return fail(t, "a string is missing");

    while ( t->pos < t->len && t->s[t->pos] != '"' )
    {
        char c = t->s[t->pos++];

        if ( (unsigned char)c < ' ' )
        {
            t->pos--;
            return fail(t, "a string does not end");
        }

        if ( c == '\\' )
        {
            const char *e = t->s + t->pos;
            size_t left = t->len - t->pos;

            if ( left && (*e == '"' || *e == '\\') )
            {
                c = *e;
                t->pos++;
            }
            else if ( left >= 3 && e[0] >= '0' && e[0] <= '3' &&
                      e[1] >= '0' && e[1] <= '7' && e[2] >= '0' && e[2] <= '7' )
            {
                c = (char)((e[0] - '0') << 6 | (e[1] - '0') << 3 |
                           (e[2] - '0'));
                t->pos += 3;
            }
            else
                return fail(t, "unknown escape sequence in a string");
            if ( !c )
                return fail(t, "NUL in a string");
        }

        if ( n + 1 >= max )
            return fail(t, "string too long");
        out[n++] = c;
    }
    out[n] = '\0';

    return accept(t, "\"") ? 0 : fail(t, "a string does not end");
}

static int env_string(struct text *t, const char *key, char *out, size_t max)
{
    int rc;

    if ( !accept(t, "    ") || !accept(t, key) || !accept(t, " = ") )
        return fail(t, "unexpected entry in env");
    rc = read_string(t, out, max);
    if ( rc )
        return rc;
    return accept(t, ";\n") ? 0 : fail(t, "';' is missing");
}

static int env_number(struct text *t, const char *key, uint64_t *n)
{
    int rc;

    if ( !accept(t, "    ") || !accept(t, key) || !accept(t, " = ") )
        return fail(t, "unexpected entry in env");
    rc = read_number(t, n);
    if ( rc )
        return rc;
    return accept(t, ";\n") ? 0 : fail(t, "';' is missing");
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' :
           c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_uuid(struct text *t, uint8_t uuid[16])
{
    unsigned int i;

    if ( !accept(t, "    uuid = \"") )
        return fail(t, "the UUID is missing");

    for ( i = 0; i < 16; i++ )
    {
        int hi, lo;

        if ( (i == 4 || i == 6 || i == 8 || i == 10) && !accept(t, "-") )
            return fail(t, "bad UUID");
        if ( t->len - t->pos < 2 )
            return fail(t, "bad UUID");
        hi = hex(t->s[t->pos]);
        lo = hex(t->s[t->pos + 1]);
        if ( hi < 0 || lo < 0 )
            return fail(t, "bad UUID");
        uuid[i] = (uint8_t)(hi << 4 | lo);
        t->pos += 2;
    }

    return accept(t, "\";\n") ? 0 : fail(t, "bad UUID");
}

static int read_env(struct text *t, struct idtap_trace_info *info)
{
    uint64_t abi;
    int rc = find_line(t, "env {\n", "no env block");

    if ( rc )
        return rc;
    if ( !accept(t, "    domain = \"xen\";\n"
                 "    tracer_name = \"idtap\";\n") )
        return fail(t, "not a trace of idtap");

    rc = env_number(t, "idtap_abi", &abi);
    if ( rc )
        return rc;
    if ( abi != IDTAP_ABI_VERSION )
        return fail(t, abi > IDTAP_ABI_VERSION ?
                    "the trace's ABI is newer than this idtap: use a newer one"
                    : "no such ABI version");

    if ( (rc = env_string(t, "idtap_version", info->idtap_version,
                          sizeof(info->idtap_version))) ||
         (rc = env_string(t, "xen_version", info->xen_version,
                          sizeof(info->xen_version))) ||
         (rc = env_string(t, "xen_build_id", info->xen_build_id,
                          sizeof(info->xen_build_id))) ||
         (rc = env_string(t, "cpu_vendor", info->cpu_vendor,
                          sizeof(info->cpu_vendor))) ||
         (rc = env_string(t, "cpu_model", info->cpu_model,
                          sizeof(info->cpu_model))) ||
         (rc = env_string(t, "hostname", info->hostname,
                          sizeof(info->hostname))) ||
         (rc = env_string(t, "command", info->command,
                          sizeof(info->command))) ||
         (rc = env_number(t, "tsc_khz", &info->tsc_khz)) )
        return rc;
    if ( !info->tsc_khz || info->tsc_khz > IDTAP_TSC_KHZ_MAX )
        return fail(t, "tsc_khz is out of range");
    if ( (rc = env_number(t, "start_tsc", &info->start_tsc)) ||
         (rc = env_number(t, "start_realtime_ns", &info->start_realtime_ns)) )
        return rc;

    return accept(t, "};\n") ? 0 : fail(t, "unexpected entry in env");
}

/* The last line holds the checksum of all before it. */
static int check_sum(struct text *t)
{
    static const char form[] = "/* crc32 0x01234567 */\n";
    char line[sizeof(form)];
    size_t n = sizeof(form) - 1, body = t->len > n ? t->len - n : 0;

    t->pos = body;
    snprintf(line, sizeof(line), "/* crc32 0x%08x */\n",
             idtap_crc32(t->s, body));
    if ( accept(t, line) )
        return 0;

    if ( accept(t, "/* crc32 0x") )
    {
        t->pos = body;
        return fail(t, "the text was changed since it was written (checksum)");
    }
    t->pos = t->len;
    return fail(t, "truncated: the checksum line is missing");
}

int idtap_metadata_parse(const char *s, size_t len,
                         struct idtap_trace_info *info, size_t *offset,
                         const char **what)
{
    struct text t = { .s = s, .len = len };
    int rc;

    memset(info, 0, sizeof(*info));

    if ( !len )
        rc = fail(&t, "empty");
    else if ( !accept(&t, "/* CTF 1.8 */\n") )
        rc = fail(&t, "not CTF 1.8 metadata");
    else
    {
        rc = find_line(&t, "trace {\n    major = 1;\n    minor = 8;\n",
                       "no trace block");
        if ( !rc )
            rc = read_uuid(&t, info->uuid);
        if ( !rc )
            rc = read_env(&t, info);
        if ( !rc )
            rc = check_sum(&t);
    }

    *offset = t.pos;
    *what = t.what;
    return rc;
}

int trace_read_metadata(const char *dir, struct idtap_trace_info *info,
                        struct idtap_error *err)
{
    char path[PATH_MAX], *text = NULL;
    const char *what;
    size_t len = 0, offset;
    struct stat st;
    int fd, rc;

    if ( snprintf(path, sizeof(path), "%s/" IDTAP_METADATA_FILE, dir) >=
         (int)sizeof(path) )
        return trace_error(err, -ENAMETOOLONG, dir, 0, "path too long");

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if ( fd < 0 )
        return trace_error(err, -errno, path, 0, "cannot open: %s",
                           strerror(errno));

    if ( fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > METADATA_MAX )
    {
        rc = trace_error(err, -EBADMSG, path, 0,
                         "not a file of sensible size");
        goto out;
    }

    text = malloc((size_t)st.st_size + 1);
    if ( !text )
    {
        rc = trace_error(err, -ENOMEM, path, 0, "out of memory");
        goto out;
    }

    while ( len < (size_t)st.st_size )
    {
        ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n < 0 )
        {
            rc = trace_error(err, -errno, path, len, "cannot read: %s",
                             strerror(errno));
            goto out;
        }
        if ( !n )
            break;
        len += (size_t)n;
    }

    rc = idtap_metadata_parse(text, len, info, &offset, &what);
    if ( rc )
        trace_error(err, rc, path, offset, "metadata: %s", what);

 out:
    free(text);
    close(fd);
    return rc;
}
