/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reader that is not ours agrees: babeltrace2 takes our metadata and packets
 * without complaint, and counts the same records and the same losses.
 */
#include <stdio.h>
#include <string.h>

#include "common.h"

#define DISCARDED 5u
#define LOST_PACKETS 2u

static struct idtap_error err;

/* Runs babeltrace2 with `args` on the trace; all of its output, malloc'ed. */
static char *babeltrace(const char *dir, const char *args, int *status)
{
    char *command, *out = NULL;
    size_t len = 0, n;
    char buf[4096];
    FILE *p, *f = open_memstream(&out, &len);

    assert_true(asprintf(&command, "TZ=UTC babeltrace2 %s '%s' 2>&1", args,
                         dir) > 0);
    p = popen(command, "r");
    assert_non_null(p);
    assert_non_null(f);
    while ( (n = fread(buf, 1, sizeof(buf), p)) > 0 )
        fwrite(buf, 1, n, f);
    *status = pclose(p);
    fclose(f);
    free(command);
    return out;
}

static void need_babeltrace(void)
{
    if ( system("babeltrace2 --version > /dev/null 2>&1") )
    {
        print_message("skipped: there is no babeltrace2 on this machine\n");
        skip();
    }
}

static uint64_t count(const char *text, const char *what)
{
    uint64_t n = 0;

    for ( ; (text = strstr(text, what)); text += strlen(what) )
        n++;
    return n;
}

static void same_counts(void **state)
{
    struct idtap_stats *s;
    struct idtap_cpu_stats c;
    struct test_stream extra;
    char *dir, *out;
    uint64_t ring, meta;
    int status;

    (void)state;
    need_babeltrace();
    dir = test_dir();
    test_small_trace(dir, 500);

    /* A third CPU, on which something was lost. */
    test_stream_open(&extra, dir, 2, IDTAP_PACKET_SIZE_MIN);
    test_raise(&extra, 10, 0, 1);
    test_stream_flush(&extra);
    test_raise(&extra, 10, 0, 1);
    extra.h.events_discarded = DISCARDED;
    test_stream_flush(&extra);
    extra.h.packet_seq_num += LOST_PACKETS;
    test_raise(&extra, 10, 0, 1);
    test_stream_close(&extra);

    assert_int_equal(test_read_all(dir, &ring, &meta, &err), 0);
    s = test_stats(dir, NULL);
    c = idtap_stats_cpu(s, 2);
    assert_int_equal(c.discarded, DISCARDED);
    assert_int_equal(c.lost_packets, LOST_PACKETS);
    idtap_stats_destroy(s);

    out = babeltrace(dir, "--clock-seconds --names=none", &status);
    assert_int_equal(status, 0);
    /* One line per record, "[seconds]", and the two warnings. */
    assert_int_equal(count(out, "\n"), ring + meta + 2);
    assert_non_null(strstr(out, "discarded 5 events"));
    assert_non_null(strstr(out, "discarded 2 packets"));
    assert_int_equal(count(out, "WARNING"), 2);
    assert_int_equal(count(out, "ERROR"), 0);
    free(out);
    test_remove(dir);
}

/* Fields arrive with the names and values that record.h gives them. */
static void same_fields(void **state)
{
    static const char *const want[] = {
        "[1700000000.123456789]", "host attach: { cpu_id = 0,",
        "domain: { cpu_id = 0, abi_version = 1 }, { vector = 0, flags = 0x0, "
            "domain = 1, vcpu = 65535 }, { name = \"guest\" }",
        "vm_exit: { cpu_id = 1, abi_version = 1 }, { vector = 0, flags = 0x0, "
            "domain = 1, vcpu = 1 }, { rip = 0xFFFFFFFF81000000, "
            "reason = ( \"CPUID\" : container = 0x72 ), delivery = 0x0, "
            "detail = 0x0 }",
        "irq_enter: { cpu_id = 0, abi_version = 1 }, { vector = 250, "
            "flags = 0x1, domain = 1, vcpu = 0 }, { irq = -1, "
            "owner = ( \"direct\" : container = 2 ), depth = 0, pad = 0 }",
        "exception: { cpu_id = 0, abi_version = 1 }, { vector = 14, "
            "flags = 0x6, domain = 1, vcpu = 0 }, { rip = 0x400000, "
            "address = 0xDEADB000, error_code = 0x6, orig_vector = 0, "
            "type = ( \"hw_exception\" : container = 3 ), pad = 0 }",
        "lapic_accept: { cpu_id = 1, abi_version = 1 }, { vector = 243, "
            "flags = 0xA00, domain = 1, vcpu = 1 }, {",
        "lapic_eoi: { cpu_id = 1, abi_version = 1 }, { vector = 243, "
            "flags = 0x0, domain = 1, vcpu = 1 }, {",
        "config: { cpu_id = 0, abi_version = 1 }, { vector = 0, flags = 0x0, "
            "domain = 65535, vcpu = 65535 }, { classes = 0x7FF, pad = 0 }",
    };
    char *dir, *out;
    int status;
    size_t i;

    (void)state;
    need_babeltrace();
    dir = test_dir();
    test_small_trace(dir, 1);
    out = babeltrace(dir, "--clock-seconds", &status);
    assert_int_equal(status, 0);
    for ( i = 0; i < sizeof(want) / sizeof(want[0]); i++ )
        if ( !strstr(out, want[i]) )
            fail_msg("'%s' is not in:\n%s", want[i], out);
    free(out);
    test_remove(dir);
}

/* Every vendor's metadata, and the strangest strings, are good TSDL. */
static void any_metadata(void **state)
{
    static const char *const vendors[] = { "AMD", "Intel", "" };
    struct idtap_trace_info info = test_info();
    unsigned int i, c;

    (void)state;
    need_babeltrace();
    for ( c = 1; c < 128; c++ )
        info.command[c - 1] = (char)c;
    info.command[127] = '\0';
    info.hostname[0] = '\0';
    info.tsc_khz = 2999999;
    info.start_tsc = 1ull << 62;

    for ( i = 0; i < 3; i++ )
    {
        char *dir = test_dir(), *out;
        struct test_stream s;
        int status;

        snprintf(info.cpu_vendor, sizeof(info.cpu_vendor), "%s", vendors[i]);
        test_metadata(dir, &info);
        test_stream_open(&s, dir, 0, IDTAP_PACKET_SIZE_MIN);
        test_vm_exit(&s, 1, 1, 0, 10);
        test_stream_close(&s);
        out = babeltrace(dir, "", &status);
        if ( status || !strstr(out, "vm_exit") )
            fail_msg("%s: %s", vendors[i], out);
        free(out);
        test_remove(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_counts),
        cmocka_unit_test(same_fields),
        cmocka_unit_test(any_metadata),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
