/* SPDX-License-Identifier: GPL-2.0-only */
/* The parsers of lists: what they take, and how they refuse. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <idtap/record.h>

#include "../../cli/lists.h"
#include "common.h"

static char why[LIST_WHY_LEN];

static void vectors(void **state)
{
    static const struct { const char *text; uint64_t bits[4]; } good[] = {
        { "0", { 1 } },
        { "0-31,0xf3", { 0xffffffff, 0, 0, 1ull << 51 } },
        { "pf", { 1 << 14 } },
        { "#GP,PF,nmi", { 1 << 13 | 1 << 14 | 1 << 2 } },
        { "timer", { 0, 0, 0, 1ull << 58 } },
        { "event-check", { 0, 0, 0, 1ull << 60 } },
        { "255", { 0, 0, 0, 1ull << 63 } },
        { "0xFA-0xfB", { 0, 0, 0, 3ull << 58 } },
        { "63-64,7,7", { 1ull << 63 | 1 << 7, 1 } },
        { "0-255", { ~0ull, ~0ull, ~0ull, ~0ull } },
    };
    static const struct { const char *text, *why; } bad[] = {
        { "", "empty" }, { "1,,2", "empty" }, { ",1", "empty" },
        { "1,", "empty" },
        { "256", "0 to 255" }, { "0x100", "0 to 255" },
        { "99999999999999999999", "0 to 255" }, { "1-300", "0 to 255" },
        { "5-3", "ends before" },
        { "pff", "did you mean '#PF'" }, { "timr", "did you mean 'timer'" },
        { "xyzzy", "'xyzzy' is not a vector" },
        { "1-", "'1-' is not" }, { "-1", "'-1' is not" },
        { "0x", "'0x' is not" }, { "1 ", "'1 ' is not" },
        { "12a", "'12a' is not" }, { "1-2-3", "'1-2-3' is not" },
        { "0xfg", "'0xfg' is not" }, { "pf-gp", "'pf-gp' is not" },
    };
    uint64_t bits[4];
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(good) / sizeof(good[0]); i++ )
    {
        assert_int_equal(list_vectors(good[i].text, bits, why), 0);
        assert_memory_equal(bits, good[i].bits, sizeof(bits));
    }
    for ( i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        bits[0] = 42;
        assert_int_equal(list_vectors(bad[i].text, bits, why), -EINVAL);
        assert_int_equal(bits[0], 42);
        if ( !strstr(why, bad[i].why) )
            fail_msg("'%s': '%s' is not in '%s'", bad[i].text, bad[i].why,
                     why);
    }
}

static void classes(void **state)
{
    uint32_t mask = 7;

    (void)state;
    assert_int_equal(list_classes("irq", &mask, why), 0);
    assert_int_equal(mask, IDTAP_CLASS_IRQ);
    assert_int_equal(list_classes("nmi,EXIT,nmi", &mask, why), 0);
    assert_int_equal(mask, IDTAP_CLASS_NMI | IDTAP_CLASS_EXIT);
    assert_int_equal(list_classes("all", &mask, why), 0);
    assert_int_equal(mask, IDTAP_CLASS_ALL);
    assert_int_equal(list_classes("irq,exit,exception,nmi,inject,softirq,lapic,"
                                  "swint,pv-trap,pv-upcall,evtchn", &mask,
                                  why), 0);
    assert_int_equal(mask, IDTAP_CLASS_ALL);
    assert_int_equal(list_classes("lapci", &mask, why), -EINVAL);
    assert_non_null(strstr(why, "did you mean 'lapic'"));
    /* The message tells all there are. */
    assert_non_null(strstr(why, "softirq, lapic, swint, "
                                "pv-trap, pv-upcall, evtchn, all"));
    assert_int_equal(list_classes("irq,sofirq", &mask, why), -EINVAL);
    assert_non_null(strstr(why, "did you mean 'softirq'"));
    assert_int_equal(list_classes("", &mask, why), -EINVAL);
    assert_int_equal(list_classes("irqs irq", &mask, why), -EINVAL);
    assert_int_equal(mask, IDTAP_CLASS_ALL);
}

static int resolve(void *ctx, const char *name)
{
    assert_string_equal(ctx, "ctx");
    if ( !strcmp(name, "web") )
        return 12;
    return !strcmp(name, "twin") ? -ENOTUNIQ : -ENOENT;
}

static void domains(void **state)
{
    char ctx[] = "ctx", longname[300];
    uint16_t ids[4];
    unsigned int nr;

    (void)state;
    assert_int_equal(list_domains("3,web,0x10,3", ids, 4, &nr, resolve, ctx,
                                  why), 0);
    assert_int_equal(nr, 3);
    assert_int_equal(ids[0], 3);
    assert_int_equal(ids[1], 12);
    assert_int_equal(ids[2], 16);
    assert_int_equal(list_domains("Idle", ids, 4, &nr, NULL, NULL, why), 0);
    assert_int_equal(ids[0], IDTAP_DOMID_IDLE);

    assert_int_equal(list_domains("web", ids, 4, &nr, NULL, NULL, why),
                     -EINVAL);
    assert_non_null(strstr(why, "no domain is called 'web'"));
    assert_int_equal(list_domains("twin", ids, 4, &nr, resolve, ctx, why),
                     -EINVAL);
    assert_non_null(strstr(why, "use the id"));
    assert_int_equal(list_domains("40000", ids, 4, &nr, resolve, ctx, why),
                     -EINVAL);
    assert_non_null(strstr(why, "above"));
    assert_int_equal(list_domains("1,2,3,4,5", ids, 4, &nr, NULL, NULL, why),
                     -EINVAL);
    assert_non_null(strstr(why, "more than 4"));
    assert_int_equal(list_domains("1,,2", ids, 4, &nr, NULL, NULL, why),
                     -EINVAL);

    memset(longname, 'x', sizeof(longname));
    longname[sizeof(longname) - 1] = '\0';
    assert_int_equal(list_domains(longname, ids, 4, &nr, resolve, ctx, why),
                     -EINVAL);
    assert_true(strlen(why) < LIST_WHY_LEN);
}

static void cpus(void **state)
{
    uint64_t bits[4];

    (void)state;
    assert_int_equal(list_cpus("0,64-65", bits, why), 0);
    assert_int_equal(bits[0], 1);
    assert_int_equal(bits[1], 3);
    assert_true(list_has(bits, 65));
    assert_false(list_has(bits, 66));
    assert_int_equal(list_cpus("256", bits, why), -EINVAL);
    assert_int_equal(list_cpus("cpu0", bits, why), -EINVAL);
    assert_non_null(strstr(why, "'cpu0' is not a CPU"));
}

static void windows(void **state)
{
    static const struct { const char *text; uint64_t from, to; } good[] = {
        { "1,2", 1000000000, 2000000000 }, { ",5ms", 0, 5000000 },
        { "7us,", 7000, UINT64_MAX }, { ",", 0, UINT64_MAX },
        { "1.5,+20ms", 1500000000, 1520000000 },
        { "1,+18446744073", 1000000000, UINT64_MAX },
    };
    static const char *const bad[] = {
        "", "5", "1,2,3", "2,1", "1,1", "x,1", "1,y", "1,+", "+1,2", "1,-2",
        "1,2345678901234567890123456789012345678901234567890",
    };
    uint64_t from, to;
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(good) / sizeof(good[0]); i++ )
    {
        assert_int_equal(list_window(good[i].text, &from, &to, why), 0);
        assert_int_equal(from, good[i].from);
        assert_int_equal(to, good[i].to);
    }
    for ( i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        *why = '\0';
        assert_int_equal(list_window(bad[i], &from, &to, why), -EINVAL);
        assert_true(*why);
    }
}

static void nearness(void **state)
{
    (void)state;
    assert_true(list_is_near("reprot", 6, "report"));
    assert_true(list_is_near("recrd", 5, "record"));
    assert_true(list_is_near("reccord", 7, "record"));
    assert_true(list_is_near("recort", 6, "record"));
    assert_true(list_is_near("Record", 6, "record"));
    assert_false(list_is_near("rip", 3, "record"));
    assert_false(list_is_near("x", 1, "pf"));
    assert_false(list_is_near("", 0, "pf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(classes),
        cmocka_unit_test(domains),
        cmocka_unit_test(cpus),
        cmocka_unit_test(windows),
        cmocka_unit_test(nearness),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
