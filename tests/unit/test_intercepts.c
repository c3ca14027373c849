/* SPDX-License-Identifier: GPL-2.0-only */
/* --intercept: what is understood, what is refused, and in which words. */
#include <errno.h>
#include <string.h>

#include "common.h"

#include <idtap/control.h>

#include "../../cli/intercepts.h"

static void understood(void **state)
{
    static const struct {
        const char *text;
        uint32_t exceptions;
        uint16_t flags;
    } cases[] = {
        { "pf", 1u << 14, 0 },
        { "14,#GP,ud", 1u << 14 | 1u << 13 | 1u << 6, 0 },
        { "0-7", 0xfb, 0 },             /* without the NMI */
        { "0x10-0x13", 0xb0000, 0 },    /* without the machine check */
        { "all", 0xfffbfffb, 0 },
        { "all,swint", 0xfffbfffb, IDTAP_INTERCEPT_SWINT },
        { "swint", 0, IDTAP_INTERCEPT_SWINT },
        { "none", 0, 0 },
    };
    char why[LIST_WHY_LEN];
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        uint32_t exceptions = ~0u;
        uint16_t flags = 0xffff;

        assert_int_equal(intercept_list(cases[i].text, &exceptions, &flags,
                                        why), 0);
        assert_int_equal(exceptions, cases[i].exceptions);
        assert_int_equal(flags, cases[i].flags);
    }
}

static void refused(void **state)
{
    static const struct { const char *text, *word; } cases[] = {
        { "nmi", "class nmi" }, { "2", "class nmi" }, { "mc", "machine check" },
        { "18", "machine check" }, { "32", "0 to 31" }, { "timer", "0 to 31" },
        { "pf,", "empty" }, { "", "empty" }, { "pf,none", "nothing else" },
        { "xyz", "'xyz'" }, { "7-3", "before it begins" },
        { "0000000000000000000000000000000000000000000000000000000000000001",
          "too long" },
    };
    char why[LIST_WHY_LEN];
    uint32_t exceptions;
    uint16_t flags;
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        assert_int_equal(intercept_list(cases[i].text, &exceptions, &flags,
                                        why), -EINVAL);
        if ( !strstr(why, cases[i].word) )
            fail_msg("'%s': %s", cases[i].text, why);
    }
}

static void split(void **state)
{
    char domain[INTERCEPT_DOMAIN_LEN], why[LIST_WHY_LEN], text[100];

    (void)state;
    assert_string_equal(intercept_split("web=pf,gp", domain, why), "pf,gp");
    assert_string_equal(domain, "web");
    assert_string_equal(intercept_split("all", domain, why), "all");
    assert_string_equal(domain, "");
    assert_null(intercept_split("=pf", domain, why));
    assert_non_null(strstr(why, "no domain"));
    memset(text, 'x', sizeof(text));
    memcpy(text + sizeof(text) - 4, "=pf", 4);
    assert_null(intercept_split(text, domain, why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understood), cmocka_unit_test(refused),
        cmocka_unit_test(split),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
