/* SPDX-License-Identifier: GPL-2.0-only */
/* The JSON writer: nesting, exact numbers, and strings of any bytes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../cli/json.h"
#include "common.h"

static char *text;
static size_t len;

static struct json begin(bool pretty)
{
    struct json j;
    FILE *f = open_memstream(&text, &len);

    assert_non_null(f);
    json_init(&j, f, pretty);
    return j;
}

static void end(struct json *j, const char *want)
{
    assert_int_equal(j->depth, 0);
    assert_int_equal(fclose(j->f), 0);
    assert_string_equal(text, want);
    free(text);
}

static void nesting(void **state)
{
    struct json j = begin(false);

    (void)state;
    json_object(&j, NULL);
    json_uint(&j, "a", UINT64_MAX);
    json_int(&j, "b", INT64_MIN);
    json_array(&j, "c");
    json_end_array(&j);
    json_array(&j, "d");
    json_bool(&j, NULL, true);
    json_object(&j, NULL);
    json_end_object(&j);
    json_null(&j, NULL);
    json_end_array(&j);
    json_double(&j, "e", 0.5);
    json_double(&j, "f", NAN);
    json_double(&j, "g", -INFINITY);
    json_end_object(&j);
    end(&j, "{\"a\":18446744073709551615,\"b\":-9223372036854775808,"
            "\"c\":[],\"d\":[true,{},null],\"e\":0.500000,\"f\":null,"
            "\"g\":null}\n");
}

static void pretty(void **state)
{
    struct json j = begin(true);

    (void)state;
    json_object(&j, NULL);
    json_uint(&j, "a", 1);
    json_array(&j, "b");
    json_uint(&j, NULL, 2);
    json_end_array(&j);
    json_array(&j, "c");
    json_end_array(&j);
    json_end_object(&j);
    end(&j, "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ],\n  \"c\": []\n}\n");
}

static void strings(void **state)
{
    static const struct { const char *in, *out; } cases[] = {
        { "", "" },
        { "plain /", "plain /" },
        { "\"\\", "\\\"\\\\" },
        { "\n\t\x01\x1f\x7f", "\\u000a\\u0009\\u0001\\u001f\\u007f" },
        { "</script><!--", "\\u003c/script>\\u003c!--" },
        { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
          "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
        { "a\xffz", "a\\ufffdz" },              /* no such byte */
        { "\xc0\xaf", "\\ufffd\\ufffd" },       /* overlong */
        { "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" }, /* surrogate */
        { "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },
        { "\xe2\x82", "\\ufffd\\ufffd" },       /* cut short */
        { "\xc3", "\\ufffd" },
        { "\xf0\x9f\x98", "\\ufffd\\ufffd\\ufffd" },
    };
    char want[128];
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        struct json j = begin(false);

        json_object(&j, NULL);
        json_string(&j, cases[i].in, cases[i].in);
        json_end_object(&j);
        snprintf(want, sizeof(want), "{\"%s\":\"%s\"}\n", cases[i].out,
                 cases[i].out);
        end(&j, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting),
        cmocka_unit_test(pretty),
        cmocka_unit_test(strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
