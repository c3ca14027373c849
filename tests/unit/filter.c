/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filter: which configurations are refused, and what one that is accepted
 * lets pass.  A configuration comes from dom0 and may be anything.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../tap/filter.h"

#define NR_DOMAINS 0x8000u

static const struct idtap_config good = {
    .magic = IDTAP_CONFIG_MAGIC,
    .version = IDTAP_ABI_VERSION,
    .size = sizeof(struct idtap_config),
    .classes = IDTAP_CLASS_ALL,
    .nr_domains = 2,
    .vectors = { ~0ull, ~0ull, ~0ull, ~0ull },
    .domains = { 3, IDTAP_DOMID_IDLE },
};

static int check(const struct idtap_config *config)
{
    return tap_config_check(config, sizeof(*config));
}

/* What interceptions are refused. */
#define ENTRY(ex, dom, fl) \
    (struct idtap_intercept){ .exceptions = (ex), .domain = (dom), .flags = (fl) }

/* One field after the other: @set makes it so, and that is @expected. */
#define CASE(expected, set) \
    do { \
        struct idtap_config c = good; \
        set; \
        assert_int_equal(check(&c), (expected)); \
    } while ( 0 )

static void fields(void **state)
{
    (void)state;
    CASE(0, (void)c);

    CASE(-EINVAL, c.magic = 0);
    CASE(-EINVAL, c.magic ^= 1);
    CASE(-EINVAL, c.magic ^= 1u << 31);
    CASE(-EINVAL, c.magic = __builtin_bswap32(c.magic));

    CASE(-EINVAL, c.version = 0);
    CASE(-EINVAL, c.version++);
    CASE(-EINVAL, c.version ^= 0x8000);

    CASE(-EINVAL, c.size = 0);
    CASE(-EINVAL, c.size--);
    CASE(-EINVAL, c.size++);
    CASE(-EINVAL, c.size = UINT16_MAX);

    CASE(0, c.classes = 0);
    CASE(0, c.classes = IDTAP_CLASS_IRQ);
    CASE(-EINVAL, c.classes = IDTAP_CLASS_ALL + 1);
    CASE(-EINVAL, c.classes = 1u << 31);
    CASE(-EINVAL, c.classes = UINT32_MAX);

    CASE(0, memset(c.vectors, 0, sizeof(c.vectors)));
    CASE(0, c.vectors[2] = 0x123456789abcdef0);

    CASE(-EINVAL, c.nr_domains = 0); /* but two are listed */
    CASE(-EINVAL, c.nr_domains = 1);
    CASE(0, c.nr_domains = 3);       /* the third is domain 0 */
    CASE(0, c.nr_domains = IDTAP_MAX_DOMAINS);
    CASE(-EINVAL, c.nr_domains = IDTAP_MAX_DOMAINS + 1);
    CASE(-EINVAL, c.nr_domains = 1u << 31);
    CASE(-EINVAL, c.nr_domains = UINT32_MAX);
    CASE(0, c.nr_domains = 0; memset(c.domains, 0, sizeof(c.domains)));
}

static void classes(void **state)
{
    unsigned int bit;

    (void)state;
    for ( bit = 0; bit < 32; bit++ )
        CASE(IDTAP_CLASS_ALL & (1u << bit) ? 0 : -EINVAL,
             c.classes = 1u << bit);
}

/* Each place of the list, used or not, with each kind of number in it. */
static void domain_list(void **state)
{
    static const uint16_t ids[] = {
        0, 1, 63, 64, 0x7fef, 0x7ff0, 0x7ffe, IDTAP_DOMID_IDLE, 0x8000, 0x8001,
        0xfffe, IDTAP_DOMID_NONE,
    };
    unsigned int n, place, i;

    (void)state;
    for ( n = 0; n <= IDTAP_MAX_DOMAINS; n++ )
        for ( place = 0; place < IDTAP_MAX_DOMAINS; place++ )
            for ( i = 0; i < sizeof(ids) / sizeof(ids[0]); i++ )
            {
                bool fine = place < n ? ids[i] < 0x8000 : ids[i] == 0;

                CASE(fine ? 0 : -EINVAL,
                     memset(c.domains, 0, sizeof(c.domains));
                     c.nr_domains = n; c.domains[place] = ids[i]);
            }
}

/* No length but the right one, and no look at what lies behind a short one. */
static void lengths(void **state)
{
    unsigned int len;

    (void)state;
    for ( len = 0; len <= 2 * sizeof(good); len++ )
    {
        void *copy = malloc(len ? len : 1);

        assert_non_null(copy);
        memcpy(copy, &good, len < sizeof(good) ? len : sizeof(good));
        assert_int_equal(tap_config_check(copy, len),
                         len == sizeof(good) ? 0 : -EINVAL);
        free(copy);
    }
    assert_int_equal(tap_config_check(&good, 1u << 31), -EINVAL);
    assert_int_equal(tap_config_check(&good, UINT32_MAX), -EINVAL);
}

static struct tap_filter filter;

/* Puts a filter in force, made over whatever was there before. */
static void build(const struct idtap_config *config)
{
    assert_int_equal(check(config), 0);
    memset(&filter, 0xff, sizeof(filter));
    tap_filter_build(&filter, config);
    tap_filter_use(&filter);
}

/* Until there is a filter, nothing is wanted. */
static void at_first(void **state)
{
    unsigned int i;

    (void)state;
    assert_int_equal(tap_classes, 0);
    for ( i = 0; i < NR_DOMAINS; i++ )
    {
        assert_false(tap_wanted(IDTAP_CLASS_ALL, i));
        assert_false(tap_wanted_vector(IDTAP_CLASS_ALL, i, i % 256));
    }
}

static void each_class(void **state)
{
    unsigned int on, asked;

    (void)state;
    for ( on = 0; on <= IDTAP_CLASS_ALL; on++ )
    {
        struct idtap_config c = good;

        c.classes = on;
        build(&c);
        for ( asked = 1; asked <= IDTAP_CLASS_ALL; asked <<= 1 )
        {
            assert_int_equal(tap_wanted(asked, 3), !!(on & asked));
            assert_int_equal(tap_wanted_vector(asked, 3, 200), !!(on & asked));
            assert_false(tap_wanted(asked, 4));
            assert_false(tap_wanted_vector(asked, 4, 200));
        }
    }
}

/* One vector on among 255 off, and off among 255 on. */
static void each_vector(void **state)
{
    unsigned int one, v, invert;

    (void)state;
    for ( invert = 0; invert < 2; invert++ )
        for ( one = 0; one < 256; one++ )
        {
            struct idtap_config c = good;

            for ( v = 0; v < 4; v++ )
                c.vectors[v] = invert ? ~0ull : 0;
            c.vectors[one / 64] ^= 1ull << (one % 64);
            build(&c);
            for ( v = 0; v < 256; v++ )
            {
                assert_int_equal(tap_wanted_vector(IDTAP_CLASS_IRQ, 3, v),
                                 (v == one) != invert);
                assert_false(tap_wanted_vector(IDTAP_CLASS_IRQ, 2, v));
            }
            /* Classes without a vector do not ask. */
            assert_true(tap_wanted(IDTAP_CLASS_SOFTIRQ, 3));
        }
}

/* The word for what is asked for mostly says no more than the filter. */
static void everything(void **state)
{
    const uint32_t exits = IDTAP_CLASS_EXIT, exceptions = IDTAP_CLASS_EXCEPTION;
    struct idtap_config c = good;
    unsigned int i;

    (void)state;
    c.nr_domains = 0;
    memset(c.domains, 0, sizeof(c.domains));
    memset(c.vectors, 0xff, sizeof(c.vectors));
    for ( i = 0; i <= IDTAP_CLASS_ALL; i++ )
    {
        c.classes = i;
        build(&c);
        assert_int_equal(tap_everything & IDTAP_CLASS_ALL, i);
        assert_int_equal(tap_wants_every(TAP_ONLY_EXCEPTIONS),
                         (i & exceptions) && !(i & exits));
    }
    /* Of one domain. */
    c.nr_domains = 1;
    c.domains[0] = 3;
    build(&c);
    assert_int_equal(tap_everything, 0);
    /* Of vectors, which not all classes have. */
    c.nr_domains = c.domains[0] = 0;
    c.vectors[2] = 1;
    build(&c);
    assert_int_equal(tap_everything, TAP_CLASSES_NO_VECTOR);
    c.classes = exceptions;
    build(&c);
    assert_int_equal(tap_everything, 0);
}

/* Those listed are wanted, and no others; all if none is listed. */
static void expect_domains(const uint16_t *domains, unsigned int n)
{
    static bool listed[NR_DOMAINS];
    unsigned int i;

    memset(listed, n == 0, sizeof(listed));
    for ( i = 0; i < n; i++ )
        listed[domains[i]] = true;
    for ( i = 0; i < NR_DOMAINS; i++ )
    {
        assert_int_equal(tap_wanted(IDTAP_CLASS_EXIT, i), listed[i]);
        assert_int_equal(tap_wanted_vector(IDTAP_CLASS_IRQ, i, 14), listed[i]);
        assert_false(tap_wanted(IDTAP_CLASS_NMI, i));
    }
}

static void domains(void **state)
{
    static const struct {
        unsigned int n;
        uint16_t id[4];
    } lists[] = {
        { 0, { 0 } }, { 1, { 0 } }, { 1, { 1 } }, { 1, { 63 } }, { 1, { 64 } },
        { 1, { 0x7fef } }, { 1, { 0x7fff } }, { 2, { 0, 0x7fff } },
        { 4, { 63, 64, 127, 128 } }, { 3, { 5, 5, 5 } }, { 2, { 0, 0 } },
    };
    struct idtap_config c = good;
    unsigned int i, n;

    (void)state;
    c.classes = IDTAP_CLASS_IRQ | IDTAP_CLASS_EXIT;
    for ( i = 0; i < sizeof(lists) / sizeof(lists[0]); i++ )
    {
        memset(c.domains, 0, sizeof(c.domains));
        memcpy(c.domains, lists[i].id, sizeof(lists[i].id));
        c.nr_domains = lists[i].n;
        build(&c);
        expect_domains(c.domains, c.nr_domains);
    }

    /* As many as there can be, in one word, in 64, and anywhere. */
    for ( n = 0; n < 3; n++ )
    {
        for ( i = 0; i < IDTAP_MAX_DOMAINS; i++ )
            c.domains[i] = n == 0 ? 64 + i : n == 1 ? 512 * i + i
                                                    : (i * 40503u) % NR_DOMAINS;
        c.nr_domains = IDTAP_MAX_DOMAINS;
        build(&c);
        expect_domains(c.domains, c.nr_domains);
    }
}

/* Numbers that no domain has stay inside the table. */
static void no_such_domain(void **state)
{
    struct idtap_config c = good;
    unsigned int i;

    (void)state;
    memset(c.domains, 0, sizeof(c.domains));
    c.nr_domains = 1;
    c.domains[0] = 9;
    build(&c);
    for ( i = 0; i < 0x10000; i++ )
        if ( i % NR_DOMAINS != 9 )
            assert_false(tap_wanted(IDTAP_CLASS_IRQ, i));
    assert_false(tap_wanted_vector(IDTAP_CLASS_IRQ, IDTAP_DOMID_NONE, 1));
    assert_false(tap_wanted_vector(IDTAP_CLASS_IRQ, UINT32_MAX, UINT32_MAX));
}

static void interceptions(void **state)
{
    unsigned int i;

    (void)state;
    CASE(0, c.nr_intercepts = 1; c.intercepts[0] = ENTRY(1u << 14, 3, 0));
    CASE(0, c.nr_intercepts = 1;
            c.intercepts[0] = ENTRY(~IDTAP_INTERCEPT_NEVER, IDTAP_INTERCEPT_ALL,
                                    IDTAP_INTERCEPT_SWINT));
    CASE(0, c.nr_intercepts = 2; c.intercepts[0] = ENTRY(1, 3, 0);
            c.intercepts[1] = ENTRY(1, IDTAP_INTERCEPT_ALL, 0));
    /* The host's own. */
    CASE(-EINVAL, c.nr_intercepts = 1; c.intercepts[0] = ENTRY(1u << 2, 3, 0));
    CASE(-EINVAL, c.nr_intercepts = 1; c.intercepts[0] = ENTRY(1u << 18, 3, 0));
    CASE(-EINVAL, c.nr_intercepts = 1; c.intercepts[0] = ENTRY(~0u, 3, 0));
    /* No such domain, no such flag, twice the same, padding. */
    CASE(-EINVAL, c.nr_intercepts = 1;
                  c.intercepts[0] = ENTRY(1, IDTAP_DOMID_IDLE, 0));
    CASE(-EINVAL, c.nr_intercepts = 1; c.intercepts[0] = ENTRY(1, 0xffff, 0));
    CASE(-EINVAL, c.nr_intercepts = 1; c.intercepts[0] = ENTRY(1, 3, 2));
    CASE(-EINVAL, c.nr_intercepts = 2; c.intercepts[0] = ENTRY(1, 3, 0);
                  c.intercepts[1] = ENTRY(2, 3, 0));
    CASE(-EINVAL, c.pad = 1);
    /* Counts, and what lies behind them. */
    CASE(-EINVAL, c.nr_intercepts = IDTAP_MAX_INTERCEPTS + 1);
    CASE(-EINVAL, c.nr_intercepts = UINT32_MAX);
    CASE(-EINVAL, c.intercepts[0] = ENTRY(1, 3, 0));
    CASE(-EINVAL, c.nr_intercepts = 1;
                  c.intercepts[1] = ENTRY(0, 0, IDTAP_INTERCEPT_SWINT));
    CASE(0, c.nr_intercepts = IDTAP_MAX_INTERCEPTS;
            for ( i = 0; i < IDTAP_MAX_INTERCEPTS; i++ )
                c.intercepts[i] = ENTRY(1u << 14, i + 1, 0));
}

/* Which entry a guest finds: its own, else the one for all, else none. */
static void intercepted_guests(void **state)
{
    static struct tap_filter f;
    struct idtap_config c = good;

    (void)state;
    tap_filter_build(&f, &c);
    assert_null(tap_intercept_wanted(&f, 3));

    c.nr_intercepts = 1;
    c.intercepts[0] = ENTRY(1u << 14, 3, 0);
    tap_filter_build(&f, &c);
    assert_int_equal(tap_intercept_wanted(&f, 3)->exceptions, 1u << 14);
    assert_null(tap_intercept_wanted(&f, 4));

    c.nr_intercepts = 2;
    c.intercepts[0] = ENTRY(1u << 6, IDTAP_INTERCEPT_ALL, 0);
    c.intercepts[1] = ENTRY(0, 3, 0);
    tap_filter_build(&f, &c);
    assert_int_equal(tap_intercept_wanted(&f, 3)->exceptions, 0);
    assert_int_equal(tap_intercept_wanted(&f, 4)->exceptions, 1u << 6);
    assert_int_equal(tap_intercept_wanted(&f, 0)->exceptions, 1u << 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_first),
        cmocka_unit_test(fields),
        cmocka_unit_test(interceptions),
        cmocka_unit_test(intercepted_guests),
        cmocka_unit_test(classes),
        cmocka_unit_test(domain_list),
        cmocka_unit_test(lengths),
        cmocka_unit_test(each_class),
        cmocka_unit_test(each_vector),
        cmocka_unit_test(everything),
        cmocka_unit_test(domains),
        cmocka_unit_test(no_such_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
