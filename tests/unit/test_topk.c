/* SPDX-License-Identifier: GPL-2.0-only */
/* The most frequent numbers, against counting all: exact, and the bounds. */
#include <string.h>

#include <idtap/topk.h>

#include "common.h"

#define VALUES 4096u

static uint64_t truth[VALUES];
static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

/* Few values come often, most seldom. */
static uint64_t skewed(unsigned int values)
{
    return draw(1 + draw(1 + draw(values)));
}

static void feed(struct idtap_topk *t, unsigned int n, unsigned int values,
                 uint32_t max)
{
    while ( n-- )
    {
        uint64_t v = skewed(values);

        truth[v]++;
        assert_int_equal(idtap_topk_add(t, v * 0x1000, max), 0);
    }
}

/* What the header promises, of every value; and the order of the result. */
static void check(const struct idtap_topk *t, unsigned int values)
{
    struct idtap_topk_entry *e = idtap_topk_sorted(t);
    static bool has[VALUES];
    uint64_t total = 0;
    unsigned int i;

    memset(has, 0, sizeof(has));
    for ( i = 0; i < t->nr; i++ )
    {
        uint64_t v = e[i].value / 0x1000;

        assert_false(has[v]);
        has[v] = true;
        assert_true(e[i].count >= truth[v]);
        assert_true(e[i].count - e[i].error <= truth[v]);
        assert_true(!i || e[i - 1].count > e[i].count ||
                    (e[i - 1].count == e[i].count &&
                     e[i - 1].value < e[i].value));
    }
    for ( i = 0; i < values; i++ )
    {
        assert_true(has[i] || truth[i] <= idtap_topk_missed(t));
        total += truth[i];
    }
    assert_int_equal(total, t->total);
    free(e);
}

static int setup(void **state)
{
    (void)state;
    memset(truth, 0, sizeof(truth));
    seed = 1;
    return 0;
}

static void exact(void **state)
{
    struct idtap_topk t = { 0 };
    struct idtap_topk_entry *e;
    unsigned int i;

    (void)state;
    feed(&t, 20000, 1024, 1024);
    check(&t, 1024);
    assert_int_equal(idtap_topk_missed(&t), 0);
    e = idtap_topk_sorted(&t);
    for ( i = 0; i < t.nr; i++ )
    {
        assert_int_equal(e[i].error, 0);
        assert_int_equal(e[i].count, truth[e[i].value / 0x1000]);
    }
    free(e);
    idtap_topk_clear(&t);
    assert_null(idtap_topk_sorted(&t));
}

static void bounded(void **state)
{
    struct idtap_topk t = { 0 };
    unsigned int i;

    (void)state;
    for ( i = 0; i < 50; i++ )
    {
        feed(&t, 1000, VALUES, 64);
        check(&t, VALUES);
        assert_true(t.nr <= 64);
        assert_true(idtap_topk_missed(&t) <= t.total / 64);
    }
    assert_true(idtap_topk_missed(&t) > 0);
    /* More room later: what was missed may come again. */
    feed(&t, 20000, VALUES, 256);
    check(&t, VALUES);
    assert_int_equal(t.nr, 256);
    idtap_topk_clear(&t);
}

static void merged(void **state)
{
    struct idtap_topk a = { 0 }, b = { 0 }, none = { 0 };

    (void)state;
    feed(&a, 30000, VALUES, 64);
    feed(&b, 10000, VALUES, 128);
    assert_int_equal(idtap_topk_merge(&a, &b), 0);
    check(&a, VALUES);
    assert_int_equal(idtap_topk_merge(&a, &none), 0);
    check(&a, VALUES);
    /* It goes on counting. */
    feed(&a, 5000, VALUES, 256);
    check(&a, VALUES);
    assert_int_equal(idtap_topk_merge(&none, &a), 0);
    check(&none, VALUES);
    idtap_topk_clear(&a);
    idtap_topk_clear(&b);
    idtap_topk_clear(&none);
}

/* Two full ones with nothing in common: the smaller half goes. */
static void merged_is_bounded(void **state)
{
    struct idtap_topk a = { 0 }, b = { 0 };
    unsigned int v, i;

    (void)state;
    for ( v = 0; v < 2048; v++ )
        for ( i = 0; i < 1 + v % 3; i++ )
        {
            truth[v]++;
            idtap_topk_add(v < 1024 ? &a : &b, v * 0x1000, IDTAP_TOPK_MAX);
        }
    assert_int_equal(idtap_topk_merge(&a, &b), 0);
    assert_int_equal(a.nr, IDTAP_TOPK_MAX);
    check(&a, 2048);
    idtap_topk_clear(&a);
    idtap_topk_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(exact, setup),
        cmocka_unit_test_setup(bounded, setup),
        cmocka_unit_test_setup(merged, setup),
        cmocka_unit_test_setup(merged_is_bounded, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
