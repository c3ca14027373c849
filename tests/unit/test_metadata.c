/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metadata: what was written is read back, and any change to any line of
 * it is noticed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

static int parse(const void *text, size_t len, size_t *offset,
                 const char **what)
{
    struct idtap_trace_info info;
    /* A copy of its exact size: the sanitizer sees a step too far. */
    char *copy = malloc(len ? len : 1);
    int rc;

    assert_non_null(copy);
    memcpy(copy, text, len);
    *what = NULL;
    rc = idtap_metadata_parse(copy, len, &info, offset, what);
    if ( rc )
    {
        assert_int_equal(rc, -EBADMSG);
        assert_non_null(*what);
        assert_true(*offset <= len);
    }
    free(copy);
    return rc;
}

static uint8_t *sample(size_t *len)
{
    struct idtap_trace_info info = test_info();
    char *dir = test_dir(), *path = test_path(dir, "metadata");
    uint8_t *text;

    test_metadata(dir, &info);
    text = test_read_file(path, len);
    free(path);
    test_remove(dir);
    return text;
}

static void round_trip(void **state)
{
    struct idtap_trace_info in = test_info(), out;
    char *dir = test_dir(), *path = test_path(dir, "metadata");
    const char *what;
    size_t len, offset;
    uint8_t *text;
    unsigned int c;

    (void)state;
    /* Every byte that a string can hold. */
    for ( c = 1; c < 256; c++ )
        in.command[c - 1] = (char)c;
    in.start_tsc = UINT64_MAX;
    test_metadata(dir, &in);
    text = test_read_file(path, &len);
    assert_int_equal(idtap_metadata_parse((char *)text, len, &out, &offset,
                                          &what), 0);
    assert_memory_equal(in.uuid, out.uuid, 16);
    assert_int_equal(in.tsc_khz, out.tsc_khz);
    assert_int_equal(in.start_tsc, out.start_tsc);
    assert_int_equal(in.start_realtime_ns, out.start_realtime_ns);
    assert_string_equal(in.xen_version, out.xen_version);
    assert_string_equal(in.xen_build_id, out.xen_build_id);
    assert_string_equal(in.cpu_vendor, out.cpu_vendor);
    assert_string_equal(in.cpu_model, out.cpu_model);
    assert_string_equal(in.hostname, out.hostname);
    assert_string_equal(in.idtap_version, out.idtap_version);
    assert_string_equal(in.command, out.command);
    free(text);
    free(path);
    test_remove(dir);
}

static void refuses_to_write(void **state)
{
    struct idtap_trace_info info = test_info();
    char *dir = test_dir();
    int fd = open(dir, O_RDONLY | O_DIRECTORY);

    (void)state;
    info.tsc_khz = 0;
    assert_int_equal(idtap_metadata_write(fd, &info), -EINVAL);
    info.tsc_khz = IDTAP_TSC_KHZ_MAX + 1ull;
    assert_int_equal(idtap_metadata_write(fd, &info), -EINVAL);
    info.tsc_khz = IDTAP_TSC_KHZ_MAX;
    assert_int_equal(idtap_metadata_write(fd, &info), 0);
    assert_int_equal(idtap_metadata_write(fd, &info), -EEXIST);
    close(fd);
    test_remove(dir);
}

static void every_truncation(void **state)
{
    size_t len, cut, offset;
    uint8_t *text = sample(&len);
    const char *what;

    (void)state;
    for ( cut = 0; cut < len; cut++ )
        assert_int_equal(parse(text, cut, &offset, &what), -EBADMSG);
    assert_int_equal(parse(text, len, &offset, &what), 0);
    free(text);
}

static void every_byte(void **state)
{
    static const uint8_t masks[] = { 0x01, 0x80, 0xff, 0x20 };
    size_t len, at, offset;
    uint8_t *text = sample(&len);
    const char *what;
    unsigned int i;

    (void)state;
    for ( at = 0; at < len; at++ )
        for ( i = 0; i < sizeof(masks); i++ )
        {
            text[at] ^= masks[i];
            assert_int_equal(parse(text, len, &offset, &what), -EBADMSG);
            text[at] ^= masks[i];
        }
    free(text);
}

/* Each line left out, doubled, and replaced by nonsense. */
static void every_line(void **state)
{
    size_t len, start, end, offset;
    uint8_t *text = sample(&len);
    char *copy = malloc(3 * len);
    const char *what;

    (void)state;
    assert_non_null(copy);
    for ( start = 0; start < len; start = end )
    {
        size_t n;

        end = (size_t)((uint8_t *)memchr(text + start, '\n', len - start) -
                       text) + 1;
        n = end - start;

        memcpy(copy, text, start);
        memcpy(copy + start, text + end, len - end);
        assert_int_equal(parse(copy, len - n, &offset, &what), -EBADMSG);

        memcpy(copy, text, end);
        memcpy(copy + end, text + start, len - start);
        assert_int_equal(parse(copy, len + n, &offset, &what), -EBADMSG);

        memcpy(copy, text, len);
        memset(copy + start, '}', n - 1);
        assert_int_equal(parse(copy, len, &offset, &what), -EBADMSG);
    }
    free(copy);
    free(text);
}

/* The error of a trace names the file and the byte. */
static void error_of_a_trace(void **state)
{
    static struct idtap_error err;
    char *dir = test_dir(), *path;
    size_t len;
    uint8_t *text;
    char *khz;

    (void)state;
    test_small_trace(dir, 1);
    path = test_path(dir, "metadata");
    text = test_read_file(path, &len);
    text[len] = '\0';
    khz = strstr((char *)text, "tsc_khz = ");
    assert_non_null(khz);
    khz[10] = 'x';
    test_write_file(path, text, len);
    assert_int_equal(test_read_all(dir, NULL, NULL, &err), -EBADMSG);
    assert_string_equal(err.path, path);
    assert_int_equal(err.offset, khz + 10 - (char *)text);
    assert_non_null(strstr(err.what, "number"));

    /* Somebody else's trace. */
    test_write_file(path, "/* CTF 1.8 */\ntrace {\n", 22);
    assert_int_equal(test_read_all(dir, NULL, NULL, &err), -EBADMSG);
    test_write_file(path, "{}", 2);
    assert_int_equal(test_read_all(dir, NULL, NULL, &err), -EBADMSG);
    assert_non_null(strstr(err.what, "not CTF"));
    free(text);
    free(path);
    test_remove(dir);
}

static void clock_conversion(void **state)
{
    struct idtap_trace_info info = test_info();

    (void)state;
    assert_int_equal(idtap_tsc_to_ns(3000, 3000000), 1000);
    assert_int_equal(idtap_tsc_to_ns(UINT64_MAX, 1000000), UINT64_MAX);
    assert_int_equal(idtap_tsc_to_ns(UINT64_MAX, 1), UINT64_MAX);
    assert_int_equal(idtap_tsc_to_ns(1ull << 60, 1000000), 1ull << 60);
    assert_int_equal(idtap_tsc_to_realtime(&info, TEST_START + 5),
                     info.start_realtime_ns + 5);
    assert_int_equal(idtap_tsc_to_realtime(&info, TEST_START - 5),
                     info.start_realtime_ns - 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(refuses_to_write),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(every_line),
        cmocka_unit_test(error_of_a_trace),
        cmocka_unit_test(clock_conversion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
