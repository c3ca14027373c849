/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reader, on traces that are not in order: cut at every byte, every byte
 * changed.  It must say what is wrong and where, or take the bytes for good if
 * they could be; it must never crash (these tests also run with sanitizers).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

/* With sanitizers every third byte: the plain build tries each. */
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 3
#else
#define STRIDE 1
#endif

#define PACKET IDTAP_PACKET_SIZE_MIN
#define HEADER sizeof(struct idtap_packet_header)

static struct idtap_error err;

/* A trace, one stream of which is worked on. */
struct victim {
    char *dir, *path;
    uint8_t *data;
    size_t len;
};

static struct victim victim(const char *name)
{
    struct victim v = { .dir = test_dir() };

    test_small_trace(v.dir, 60);
    v.path = test_path(v.dir, name);
    v.data = test_read_file(v.path, &v.len);
    return v;
}

static void release(struct victim *v)
{
    free(v->data);
    free(v->path);
    test_remove(v->dir);
}

/* The error must name the file, a byte of it, and a reason. */
static void told(const struct victim *v, size_t len)
{
    assert_string_equal(err.path, v->path);
    assert_true(err.offset <= len);
    assert_true(err.packet_offset <= err.offset);
    assert_true(strlen(err.what) > 4);
}

/* Reads the stream when it is cut to `len` bytes; `whole` is the last packet
   boundary before. */
static void cut(const struct victim *v, size_t len, size_t whole)
{
    int rc;

    test_write_file(v->path, v->data, len);
    rc = test_read_all(v->dir, NULL, NULL, &err);
    if ( len && len == whole )
    {
        assert_int_equal(rc, 0);
        return;
    }
    assert_int_equal(rc, -ENODATA);
    told(v, len);
    assert_int_equal(err.offset, whole);
    assert_non_null(strstr(err.what, len ? "truncated" : "empty"));
}

static void cut_ring(void **state)
{
    struct victim v = victim("cpu1");
    size_t len;

    (void)state;
    assert_true(v.len % PACKET == 0 && v.len >= 3 * PACKET);
    for ( len = 0; len < PACKET; len += STRIDE )
        cut(&v, len, 0);
    for ( len = v.len - PACKET; len < v.len; len += STRIDE )
        cut(&v, len, v.len - PACKET);
    release(&v);
}

static void cut_meta(void **state)
{
    struct victim v = victim("meta");
    const struct idtap_packet_header *h = (const void *)v.data;
    size_t first = h->packet_size / 8, len;

    (void)state;
    assert_true(first < v.len);
    for ( len = 0; len < first; len += STRIDE )
        cut(&v, len, 0);
    for ( len = first; len < v.len; len += STRIDE )
        cut(&v, len, first);
    release(&v);
}

/* What was before the cut is still read. */
static void cut_keeps_the_rest(void **state)
{
    struct victim v = victim("cpu0");
    uint64_t all, left;

    (void)state;
    assert_int_equal(test_read_all(v.dir, &all, NULL, &err), 0);
    test_write_file(v.path, v.data, v.len - 1);
    assert_int_equal(test_read_all(v.dir, &left, NULL, &err), -ENODATA);
    assert_true(left > all / 2 && left < all);
    release(&v);
}

/*
 * Flips bits of each byte in [from, to).  `must` says whether all of these
 * must be errors; errors must lie in [lo, hi].
 */
static unsigned int flip(const struct victim *v, size_t from, size_t to,
                         bool must, size_t lo, size_t hi)
{
    static const uint8_t masks[] = { 0x01, 0x80, 0xff, 0x10 };
    unsigned int i, errors = 0;
    size_t at;

    for ( at = from; at < to; at += to - from > PACKET ? STRIDE : 1 )
        for ( i = 0; i < sizeof(masks); i++ )
        {
            int rc;

            v->data[at] ^= masks[i];
            test_write_file(v->path, v->data, v->len);
            rc = test_read_all(v->dir, NULL, NULL, &err);
            v->data[at] ^= masks[i];

            if ( rc )
            {
                errors++;
                assert_true(rc == -EBADMSG || rc == -ENODATA);
                told(v, v->len);
                if ( err.offset < lo || err.offset > hi )
                    fail_msg("byte %zu ^ %#x: told of %llu: %s", at, masks[i],
                             (unsigned long long)err.offset, err.what);
            }
            else if ( must )
                fail_msg("byte %zu ^ %#x: not noticed", at, masks[i]);
        }

    return errors;
}

#define FIELD(f) offsetof(struct idtap_packet_header, f), \
                 offsetof(struct idtap_packet_header, f) + \
                 sizeof(((struct idtap_packet_header *)0)->f)

/* Fields in which any change is a contradiction. */
static void header_fields(void **state)
{
    static const struct { const char *name; size_t from, to; } fields[] = {
        { "magic", FIELD(magic) },
        { "stream_id", FIELD(stream_id) },
        { "packet_size", FIELD(packet_size) },
        { "cpu_id", FIELD(cpu_id) },
        { "abi_version", FIELD(abi_version) },
    };
    struct victim v = victim("cpu1");
    size_t packet, i;

    (void)state;
    for ( packet = 0; packet < v.len; packet += PACKET )
        for ( i = 0; i < sizeof(fields) / sizeof(fields[0]); i++ )
            flip(&v, packet + fields[i].from, packet + fields[i].to, true,
                 packet, v.len);
    release(&v);
}

/* Fields that other values could be right in: noticed, or harmless. */
static void header_numbers(void **state)
{
    struct victim v = victim("cpu0");
    size_t last = v.len - PACKET;

    (void)state;
    /* A later begin or an earlier end leaves records outside. */
    assert_true(flip(&v, 8, 16, false, 0, PACKET) > 8);
    assert_true(flip(&v, 16, 24, false, 0, 2 * PACKET) > 8);
    assert_true(flip(&v, last + 8, last + 16, false, last, v.len) > 8);
    /* The last end may be later than the records: few flips make it earlier. */
    assert_true(flip(&v, last + 16, last + 24, false, last, v.len) >= 1);
    /* content_size */
    assert_true(flip(&v, 24, 32, false, 0, PACKET) >= 28);
    assert_true(flip(&v, last + 24, last + 32, false, last, v.len) >= 28);
    /* Numbers that may grow: too large here is too small in the next. */
    assert_true(flip(&v, 40, 48, false, 0, 2 * PACKET) > 24);
    assert_true(flip(&v, 48, 56, false, 0, 2 * PACKET) > 24);
    flip(&v, last + 40, last + 56, false, last, v.len);
    release(&v);
}

static void meta_bytes(void **state)
{
    struct victim v = victim("meta");
    unsigned int errors = flip(&v, 0, v.len, false, 0, v.len);

    (void)state;
    assert_true(errors > v.len / 4);
    release(&v);
}

static void record_bytes(void **state)
{
    struct victim v = victim("cpu0");
    unsigned int errors = flip(&v, HEADER, HEADER + 11 * 32, false, HEADER,
                               PACKET);

    (void)state;
    assert_true(errors > 11 * 10);
    release(&v);
}

/* Each rule about records, and the byte that the error must name. */
static void record_rules(void **state)
{
    static const struct {
        const char *what; /* a word of the message */
        size_t at;        /* in the first record, a vm_exit of 32 bytes */
        uint8_t value;
        size_t told_at;
    } rules[] = {
        { "event id 0", 8, 0, 8 },
        { "event id 18", 8, IDTAP_EV_NR_RING, 8 },
        { "event id 64", 8, IDTAP_EV_CLOCK_SYNC, 8 },
        { "event id 255", 8, 255, 8 },
        { "flags 0x8000", 11, 0x80, 10 },
        { "flags 0x2000", 11, 0x20, 10 }, /* the first that has no meaning */
        { "domain", 13, 0x80, 12 },
        { "after the packet's end", 7, 0x7f, 0 },
        { "time goes back", 2, 0, 0 },
    };
    struct victim v = victim("cpu0");
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(rules) / sizeof(rules[0]); i++ )
    {
        uint8_t *p = v.data + HEADER + rules[i].at, old = *p;

        *p = rules[i].value;
        test_write_file(v.path, v.data, v.len);
        *p = old;
        assert_int_equal(test_read_all(v.dir, NULL, NULL, &err), -EBADMSG);
        told(&v, v.len);
        if ( !strstr(err.what, rules[i].what) )
            fail_msg("'%s' is not in '%s'", rules[i].what, err.what);
        assert_int_equal(err.offset, HEADER + rules[i].told_at);
        assert_int_equal(err.packet_offset, 0);
    }
    release(&v);
}

/* A record that reaches beyond the content, and a rest too short for one. */
static void record_ends(void **state)
{
    struct victim v = victim("cpu0");
    struct idtap_packet_header *h = (void *)v.data;

    (void)state;
    h->content_size = (HEADER + 24) * 8;
    test_write_file(v.path, v.data, v.len);
    assert_int_equal(test_read_all(v.dir, NULL, NULL, &err), -EBADMSG);
    assert_non_null(strstr(err.what, "a record of 32 bytes, where 24"));

    h->content_size = (HEADER + 32 + 8) * 8;
    test_write_file(v.path, v.data, v.len);
    assert_int_equal(test_read_all(v.dir, NULL, NULL, &err), -EBADMSG);
    assert_non_null(strstr(err.what, "too few"));
    assert_int_equal(err.offset, HEADER + 32);
    release(&v);
}

/* Even where no record could contradict it. */
static void empty_packet_ends_early(void **state)
{
    struct idtap_trace_info info = test_info();
    struct victim v = { .dir = test_dir() };
    struct test_stream s;

    (void)state;
    test_metadata(v.dir, &info);
    test_stream_open(&s, v.dir, 0, PACKET);
    s.h.timestamp_begin = s.tsc + 1;
    test_stream_flush(&s);
    test_stream_close(&s);
    v.path = test_path(v.dir, "cpu0");
    v.data = test_read_file(v.path, &v.len);
    assert_int_equal(test_read_all(v.dir, NULL, NULL, &err), -EBADMSG);
    told(&v, v.len);
    assert_int_equal(err.offset,
                     offsetof(struct idtap_packet_header, timestamp_end));
    release(&v);
}

/* Chance has the last word: many bytes at once, from a fixed seed. */
static void chance(void **state)
{
    struct victim v = victim("cpu1");
    uint8_t *data = malloc(v.len);
    unsigned int i, j, seed = 1;

    (void)state;
    assert_non_null(data);
    for ( i = 0; i < 2000; i++ )
    {
        size_t len = v.len - (i % 3 ? 0 : (size_t)rand_r(&seed) % v.len);

        memcpy(data, v.data, v.len);
        for ( j = (unsigned int)rand_r(&seed) % 20; j > 0; j-- )
            data[(size_t)rand_r(&seed) % (i % 2 ? 256 : v.len)] =
                (uint8_t)rand_r(&seed);
        test_write_file(v.path, data, len);
        if ( test_read_all(v.dir, NULL, NULL, &err) )
            told(&v, len);
    }
    free(data);
    release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_ring),
        cmocka_unit_test(cut_meta),
        cmocka_unit_test(cut_keeps_the_rest),
        cmocka_unit_test(header_fields),
        cmocka_unit_test(header_numbers),
        cmocka_unit_test(meta_bytes),
        cmocka_unit_test(record_bytes),
        cmocka_unit_test(record_rules),
        cmocka_unit_test(record_ends),
        cmocka_unit_test(empty_packet_ends_early),
        cmocka_unit_test(chance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
