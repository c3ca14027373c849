/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes and times, in and out. */
#include <errno.h>

#include "../../cli/units.h"
#include "common.h"

static void sizes(void **state)
{
    static const struct { const char *text; int rc; uint64_t n; } cases[] = {
        { "0", 0, 0 }, { "4096", 0, 4096 }, { "64K", 0, 65536 },
        { "64k", 0, 65536 }, { "1M", 0, 1 << 20 }, { "2G", 0, 2ull << 30 },
        { "3T", 0, 3ull << 40 }, { "64KiB", 0, 65536 }, { "64KB", 0, 65536 },
        { "18446744073709551615", 0, UINT64_MAX },
        { "18446744073709551616", -ERANGE, 0 },
        { "18446744073709551615K", -ERANGE, 0 },
        { "", -EINVAL, 0 }, { "K", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
        { "1.5M", -EINVAL, 0 }, { "1X", -EINVAL, 0 }, { "1KK", -EINVAL, 0 },
        { "1KBB", -EINVAL, 0 }, { " 1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 },
    };
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        uint64_t n = 0;

        if ( parse_size(cases[i].text, &n) != cases[i].rc || n != cases[i].n )
            fail_msg("'%s': %llu", cases[i].text, (unsigned long long)n);
    }
}

static void durations(void **state)
{
    static const struct { const char *text; int rc; uint64_t n; } cases[] = {
        { "10", 0, 10000000000 }, { "10s", 0, 10000000000 },
        { "500ms", 0, 500000000 }, { "20us", 0, 20000 }, { "7ns", 0, 7 },
        { "2m", 0, 120000000000 }, { "2min", 0, 120000000000 },
        { "1h", 0, 3600000000000 }, { "0", 0, 0 },
        { "18446744074s", -ERANGE, 0 }, { "", -EINVAL, 0 },
        { "s", -EINVAL, 0 }, { "1.5s", -EINVAL, 0 }, { "-1s", -EINVAL, 0 },
        { "1S", -EINVAL, 0 }, { "1 s", -EINVAL, 0 },
    };
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        uint64_t n = 0;

        if ( parse_duration(cases[i].text, &n) != cases[i].rc ||
             n != cases[i].n )
            fail_msg("'%s': %llu", cases[i].text, (unsigned long long)n);
    }
}

static void printing(void **state)
{
    static const struct { uint64_t ns; const char *text; } times[] = {
        { 0, "0 ns" }, { 999, "999 ns" }, { 1000, "1.00 us" },
        { 1234, "1.23 us" }, { 9994, "9.99 us" }, { 9996, "10.0 us" },
        { 99960, "100 us" }, { 999499, "999 us" }, { 999500, "1.00 ms" },
        { 45600000, "45.6 ms" }, { 999499999, "999 ms" },
        { 999500000, "1.00 s" }, { 7890000000, "7.89 s" },
        { 123456000000000, "123456 s" },
    };
    static const struct { uint64_t n; const char *text; } ints[] = {
        { 0, "0" }, { 999, "999" }, { 1000, "1,000" },
        { 1234567, "1,234,567" },
        { UINT64_MAX, "18,446,744,073,709,551,615" },
    };
    char buf[UNITS_LEN + 8];
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(times) / sizeof(times[0]); i++ )
        assert_string_equal(format_ns(buf, times[i].ns), times[i].text);
    for ( i = 0; i < sizeof(ints) / sizeof(ints[0]); i++ )
        assert_string_equal(format_int(buf, ints[i].n), ints[i].text);
    assert_string_equal(format_count(buf, 0), "0.00");
    assert_string_equal(format_count(buf, 1234), "1234");
    assert_string_equal(format_count(buf, 12340), "12.3 k");
    assert_string_equal(format_count(buf, 2e6), "2.00 M");
}

static void points_of_time(void **state)
{
    static const struct { const char *text; int rc; uint64_t n; } cases[] = {
        { "1.5", 0, 1500000000 }, { "0.000000001", 0, 1 },
        { "1.000000001000", 0, 1000000001 }, { "2", 0, 2000000000 },
        { "1.25ms", 0, 1250000 }, { "0.5us", 0, 500 }, { "3ns", 0, 3 },
        { "1.5min", 0, 90000000000 }, { "0.1h", 0, 360000000000 },
        { "18446744073.709551615", 0, UINT64_MAX },
        { "18446744073.709551616", -ERANGE, 0 },
        { "0.0000000001", -EINVAL, 0 }, { "0.5ns", -EINVAL, 0 },
        { "1.", -EINVAL, 0 }, { ".5", -EINVAL, 0 }, { "1.5.5", -EINVAL, 0 },
        { "-1", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "1.5x", -EINVAL, 0 },
    };
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        uint64_t n = 0;

        if ( parse_time(cases[i].text, &n) != cases[i].rc || n != cases[i].n )
            fail_msg("'%s': %llu", cases[i].text, (unsigned long long)n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(durations),
        cmocka_unit_test(points_of_time),
        cmocka_unit_test(printing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
