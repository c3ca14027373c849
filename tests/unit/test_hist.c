/* SPDX-License-Identifier: GPL-2.0-only */
/* Histograms: exact below 32, within 1/32 above, up to the ends of 64 bits. */
#include "common.h"
#include "hist_front.h"

static uint64_t only(uint64_t value)
{
    struct idtap_hist h = { 0 };
    uint64_t q;

    /* A second, larger value keeps the maximum from capping the bucket. */
    assert_int_equal(idtap_hist_add(&h, value), 0);
    assert_int_equal(idtap_hist_add(&h, UINT64_MAX), 0);
    q = idtap_hist_quantile(&h, 500);
    assert_int_equal(h.min, value);
    assert_int_equal(h.max, UINT64_MAX);
    idtap_hist_clear(&h);
    return q;
}

static void bounded_error(void **state)
{
    unsigned int bit;
    uint64_t v;

    (void)state;
    for ( v = 0; v < 64; v++ )
        assert_int_equal(only(v), v);

    for ( bit = 6; bit < 64; bit++ )
        for ( v = (1ull << bit) - 2; v != (1ull << bit) + 3; v++ )
        {
            uint64_t q = only(v);

            assert_true(q >= v && q - v <= v / IDTAP_HIST_SUB);
        }
    assert_int_equal(only(UINT64_MAX), UINT64_MAX);
}

static void quantiles(void **state)
{
    struct idtap_hist h = { 0 };
    uint64_t v;

    (void)state;
    assert_int_equal(idtap_hist_quantile(&h, 990), 0);
    for ( v = 1; v <= 1000; v++ )
        assert_int_equal(idtap_hist_add(&h, v), 0);
    assert_int_equal(h.count, 1000);
    assert_int_equal(h.sum, 500500);
    assert_int_equal(idtap_hist_mean(&h), 500);
    assert_int_equal(idtap_hist_quantile(&h, 0), 1);
    assert_int_equal(idtap_hist_quantile(&h, 10), 10);
    v = idtap_hist_quantile(&h, 990);
    assert_true(v >= 990 && v <= 1000);
    assert_int_equal(idtap_hist_quantile(&h, 1000), 1000);
    idtap_hist_clear(&h);
    assert_int_equal(h.count, 0);

    /* Half of three values is two of them, not one. */
    for ( v = 1; v <= 3; v++ )
        assert_int_equal(idtap_hist_add(&h, v), 0);
    assert_int_equal(idtap_hist_quantile(&h, 500), 2);
    idtap_hist_clear(&h);
}

static void merge(void **state)
{
    struct idtap_hist a = { 0 }, b = { 0 }, both = { 0 };
    unsigned int i, p, seed = 3;

    (void)state;
    for ( i = 0; i < 5000; i++ )
    {
        uint64_t v = (uint64_t)rand_r(&seed) >> (seed % 31);

        idtap_hist_add(i % 3 ? &a : &b, v);
        idtap_hist_add(&both, v);
    }
    assert_int_equal(idtap_hist_merge(&a, &b), 0);
    for ( p = 0; p <= 1000; p++ )
        assert_int_equal(idtap_hist_quantile(&a, p),
                         idtap_hist_quantile(&both, p));
    assert_int_equal(a.count, both.count);
    assert_int_equal(a.sum, both.sum);
    assert_int_equal(a.min, both.min);
    assert_int_equal(a.max, both.max);
    idtap_hist_clear(&a);
    idtap_hist_clear(&b);
    idtap_hist_clear(&both);
}

/* As statistics do it; the front is given after some values. */
static void add_with_front(struct hist_fronts *f, struct idtap_hist *h,
                           uint64_t value)
{
    if ( h->front ? !hist_front_add(h->front, value) &&
                    !hist_front_add_slowly(h->front, value)
                  : !idtap_hist_add_quickly(h, value) )
    {
        assert_int_equal(idtap_hist_add(h, value), 0);
        if ( h->front )
            hist_front_row(h->front, idtap_hist_row_of(value));
    }
    if ( h->count == 10 )
        hist_front_give(f, h);
}

/* With a front, a histogram becomes what it is without. */
static void fronts(void **state)
{
    struct idtap_hist h = { 0 }, plain = { 0 }, other = { 0 };
    struct hist_fronts f = { 0 };
    uint64_t seed = 1, v;
    unsigned int i, r, rows = 0;

    (void)state;
    hist_front_give(&f, &other); /* there are none to be given */
    assert_null(other.front);
    assert_int_equal(hist_fronts_init(&f), 0);
    for ( i = 0; i < 200000; i++ )
    {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        /* All sizes, and one value that fills its bucket many times. */
        v = i % 3 ? seed >> (seed >> 32 & 63) : 1000;
        add_with_front(&f, &h, v);
        assert_int_equal(idtap_hist_add(&plain, v), 0);
    }
    assert_non_null(h.front);
    assert_true(h.count < plain.count);
    hist_fronts_empty(&f);
    assert_null(h.front);

    assert_int_equal(h.count, plain.count);
    assert_int_equal(h.sum, plain.sum);
    assert_int_equal(h.min, plain.min);
    assert_int_equal(h.max, plain.max);
    for ( r = 0; r < IDTAP_HIST_ROWS; r++ )
    {
        assert_int_equal(!h.row[r], !plain.row[r]);
        rows += !!h.row[r];
        if ( h.row[r] )
            assert_memory_equal(h.row[r], plain.row[r],
                                IDTAP_HIST_SUB * sizeof(uint64_t));
    }
    assert_true(rows > FRONT_ROWS);
    idtap_hist_clear(&h);
    idtap_hist_clear(&plain);
    hist_fronts_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounded_error),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(merge),
        cmocka_unit_test(fronts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
