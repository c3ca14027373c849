/* SPDX-License-Identifier: GPL-2.0-only */
/* The writer of the stream "meta": whole packets, ordered times, cut names. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "common.h"

static struct idtap_error err;
static char *dir;
static int fd;

static int setup(void **state)
{
    struct idtap_trace_info info = test_info();

    (void)state;
    dir = test_dir();
    test_metadata(dir, &info);
    fd = open(dir, O_RDONLY | O_DIRECTORY);
    return fd < 0;
}

static int teardown(void **state)
{
    (void)state;
    close(fd);
    test_remove(dir);
    return 0;
}

static size_t size_of_meta(void)
{
    char *path = test_path(dir, "meta");
    size_t len;

    free(test_read_file(path, &len));
    free(path);
    return len;
}

/* More than a packet holds: packets go out whole, nothing is lost. */
static void many_packets(void **state)
{
    struct idtap_metastream *ms;
    uint64_t n;
    unsigned int i;

    (void)state;
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    assert_int_equal(size_of_meta(), 0);
    for ( i = 0; i < 1000; i++ )
    {
        char name[16];

        snprintf(name, sizeof(name), "guest%u", i);
        assert_int_equal(idtap_metastream_domain(ms, TEST_START + i,
                                                 (uint16_t)i, name), 0);
        if ( i % 300 == 0 )
        {
            assert_int_equal(idtap_metastream_flush(ms), 0);
            /* At any flush, the file can be read. */
            assert_int_equal(test_read_all(dir, NULL, &n, &err), 0);
            assert_int_equal(n, i + 1);
        }
    }
    assert_int_equal(idtap_metastream_close(ms), 0);
    assert_int_equal(test_read_all(dir, NULL, &n, &err), 0);
    assert_int_equal(n, 1000);

    assert_int_equal(idtap_metastream_open(fd, &ms), -EEXIST);
    assert_int_equal(idtap_metastream_close(NULL), 0);
}

static void time_never_goes_back(void **state)
{
    struct idtap_metastream *ms;
    struct idtap_cursor *c;
    struct idtap_packet p;
    struct idtap_trace *t;

    (void)state;
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    idtap_metastream_attach(ms, 500);
    idtap_metastream_lost(ms, 400, 1, 2);
    idtap_metastream_flush(ms);
    idtap_metastream_detach(ms, 300);
    assert_int_equal(idtap_metastream_close(ms), 0);

    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_cursor_open(t, 0, &c), 0);
    assert_int_equal(idtap_cursor_next(c, &p, &err), 1);
    assert_int_equal(p.header.timestamp_begin, 500);
    assert_int_equal(idtap_record_at(idtap_record_next(p.begin))->tsc, 500);
    assert_int_equal(idtap_cursor_next(c, &p, &err), 1);
    assert_int_equal(idtap_record_at(p.begin)->tsc, 500);
    assert_int_equal(idtap_record_at(p.begin)->domain, IDTAP_DOMID_NONE);
    assert_int_equal(p.header.packet_seq_num, 1);
    idtap_cursor_close(c);
    idtap_trace_close(t);
}

/* A trigger: whose it was, and a text that is cut, and must end. */
static void triggers(void **state)
{
    const struct idtap_trigger *r;
    struct idtap_metastream *ms;
    struct idtap_cursor *c;
    struct idtap_packet p;
    struct idtap_trace *t;
    char text[200], *path;
    uint8_t *data;
    size_t len;

    (void)state;
    memset(text, 'x', sizeof(text));
    text[199] = '\0';
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    idtap_metastream_trigger(ms, 5, 7, "guest d7 crashed");
    idtap_metastream_trigger(ms, 6, IDTAP_DOMID_NONE, text);
    assert_int_equal(idtap_metastream_close(ms), 0);

    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_cursor_open(t, 0, &c), 0);
    assert_int_equal(idtap_cursor_next(c, &p, &err), 1);
    r = (const void *)p.begin;
    assert_int_equal(r->r.event, IDTAP_EV_TRIGGER);
    assert_int_equal(r->r.domain, 7);
    assert_string_equal(r->message, "guest d7 crashed");
    r = (const void *)idtap_record_next(p.begin);
    assert_int_equal(r->r.domain, IDTAP_DOMID_NONE);
    assert_int_equal(strlen(r->message), IDTAP_TRIGGER_LEN - 1);
    idtap_cursor_close(c);
    idtap_trace_close(t);

    path = test_path(dir, "meta");
    data = test_read_file(path, &len);
    data[len - 1] = 'x';
    test_write_file(path, data, len);
    assert_int_equal(test_read_all(dir, NULL, NULL, &err), -EBADMSG);
    assert_non_null(strstr(err.what, "a text does not end"));
    free(data);
    free(path);
}

static void long_names(void **state)
{
    struct idtap_metastream *ms;
    struct idtap_trace_names *n;
    struct idtap_trace *t;
    char name[100];

    (void)state;
    memset(name, 'x', sizeof(name));
    name[99] = '\0';
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    idtap_metastream_domain(ms, 1, 1, name);
    memcpy(name + 46, "\xe2\x82\xac", 3); /* 46 and 47 fit, 48 does not */
    idtap_metastream_domain(ms, 1, 2, name);
    name[47] = '\0';
    idtap_metastream_domain(ms, 1, 3, name + 1);
    assert_int_equal(idtap_metastream_close(ms), 0);

    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_trace_names_load(t, &n), 0);
    assert_int_equal(strlen(idtap_trace_names_get(n, 1)), 47);
    assert_int_equal(strlen(idtap_trace_names_get(n, 2)), 46);
    assert_int_equal(strlen(idtap_trace_names_get(n, 3)), 46);
    idtap_trace_names_free(n);
    idtap_trace_close(t);
}

/* A full disk: said so, nothing half-written, and nothing lost afterwards. */
static void full_disk(void **state)
{
    struct rlimit old, tight;
    struct idtap_metastream *ms;
    uint64_t n;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    idtap_metastream_attach(ms, 1);
    assert_int_equal(idtap_metastream_flush(ms), 0);

    tight = old;
    tight.rlim_cur = 64 + 16 + 40; /* half of the next packet */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    idtap_metastream_detach(ms, 2);
    assert_true(idtap_metastream_flush(ms) < 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(size_of_meta(), 64 + 16);

    assert_int_equal(idtap_metastream_close(ms), 0);
    assert_int_equal(test_read_all(dir, NULL, &n, &err), 0);
    assert_int_equal(n, 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(many_packets),
        T(time_never_goes_back),
        T(triggers),
        T(long_names),
        T(full_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
