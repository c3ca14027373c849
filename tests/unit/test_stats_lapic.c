/* SPDX-License-Identifier: GPL-2.0-only */
/* Statistics of local APICs against known answers: each rule of the pairing. */
#include <string.h>

#include "stats_lapic_test.h"

static void in_order(void **state)
{
    const struct idtap_lapic_row *row;
    struct idtap_stats *s;
    uint64_t chosen;

    (void)state;
    accept(10, IDTAP_F_LEVEL);
    inject(3);
    eoi(20);
    accept(10, 0);
    inject(5);
    eoi(40);

    s = finish();
    expect(s, VEC, (struct answer){ 2, 8, 2, 60, 2, 68 });
    row = test_lapic_row(s, DOM, VEC);
    assert_int_equal(row->accepted, 2);
    assert_int_equal(row->pending, 0);
    assert_int_equal(row->level, 1);
    assert_int_equal(row->queued, 0);
    assert_int_equal(row->eois, 2);
    assert_int_equal(row->wait.min, 3);
    assert_int_equal(row->wait.max, 5);
    assert_int_equal(idtap_stats_records(s, &chosen), 6);
    assert_int_equal(chosen, 6);
    idtap_stats_destroy(s);
}

/* Many become one, and that one has waited since the first. */
static void coalesced(void **state)
{
    const struct idtap_lapic_row *row;
    struct idtap_stats *s;

    (void)state;
    /* Began before the trace: when it was accepted is not known. */
    accept(10, IDTAP_F_PENDING);
    inject(3);
    eoi(20);

    accept(10, 0);
    accept(5, IDTAP_F_PENDING);
    accept(5, IDTAP_F_PENDING);
    inject(2);
    eoi(20);

    s = finish();
    expect(s, VEC, (struct answer){ 1, 12, 2, 40, 1, 32 });
    row = test_lapic_row(s, DOM, VEC);
    assert_int_equal(row->accepted, 4);
    assert_int_equal(row->pending, 3);
    idtap_stats_destroy(s);
}

/* It comes again while it is in service: a wait beside a service. */
static void again_before_eoi(void **state)
{
    struct idtap_stats *s;

    (void)state;
    accept(10, 0);
    inject(1);
    accept(10, 0);
    accept(10, IDTAP_F_PENDING);
    eoi(10);   /* of the first: 30 after its injection */
    inject(5); /* of the second, accepted 25 ago */
    eoi(100);

    s = finish();
    expect(s, VEC, (struct answer){ 2, 26, 2, 130, 2, 31 + 125 });
    idtap_stats_destroy(s);
}

/*
 * Accepted, not pending, though one waits: no telling which of the two the next
 * injection is, so that neither is timed; then all is well again.
 */
static void doubtful_wait(void **state)
{
    struct idtap_stats *s;

    (void)state;
    accept(10, 0);
    accept(10, 0);
    inject(10);
    eoi(7);
    accept(10, 0);
    inject(2);
    eoi(8);

    s = finish();
    expect(s, VEC, (struct answer){ 1, 2, 2, 15, 1, 10 });
    idtap_stats_destroy(s);
}

static void no_partner(void **state)
{
    struct idtap_stats *s;

    (void)state;
    inject(10); /* before all records of the class: not looked at */
    eoi(10);    /* so this is of nothing that is known */
    inject(10);
    eoi(4);
    inject(10); /* its EOI was not seen */
    inject(10);
    eoi(6);
    eoi(5);     /* the service is over */
    accept(10, 0);

    s = finish();
    expect(s, VEC, (struct answer){ 0, 0, 2, 10, 0, 0 });
    idtap_stats_destroy(s);

    s = test_stats(dir, NULL);
    assert_int_equal(test_lapic_row(s, DOM, VEC)->eois, 4);
    idtap_stats_destroy(s);
}

/* Records that look like the injection and are not. */
static void other_injections(void **state)
{
    struct idtap_stats *s;

    (void)state;
    accept(10, 0);
    test_inject(&s0, 1, DOM, VEC, IDTAP_F_REINJECT);
    test_inject(&s0, 1, DOM, VEC, IDTAP_F_NESTED);
    test_inject_vcpu(&s0, 1, DOM, 0, VEC, IDTAP_TYPE_SW_INTERRUPT, 0);
    test_inject_vcpu(&s0, 1, DOM, 0, VEC + 1, IDTAP_TYPE_EXT_INTR, 0);
    test_inject_vcpu(&s0, 1, DOM, 1, VEC, IDTAP_TYPE_EXT_INTR, 0);
    test_inject_vcpu(&s0, 1, DOM + 1, 0, VEC, IDTAP_TYPE_EXT_INTR, 0);
    inject(4);
    test_inject(&s0, 5, DOM, VEC, IDTAP_F_REINJECT);
    /* Nor is every EOI the one. */
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_EOI, DOM, 0, VEC + 2, 0);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_EOI, DOM, 2, VEC, 0);
    eoi(10);

    s = finish();
    expect(s, VEC, (struct answer){ 1, 10, 1, 17, 1, 27 });
    idtap_stats_destroy(s);
}

/* The CPU delivers: there is an EOI at best. */
static void virtual_delivery(void **state)
{
    const struct idtap_lapic_row *row;
    struct idtap_stats *s;

    (void)state;
    accept(10, IDTAP_F_VIRTUAL);
    eoi(5);                      /* perhaps of one before the trace... */
    eoi(2);                      /* ...and then this one is it: 7 */
    accept(10, IDTAP_F_VIRTUAL | IDTAP_F_LEVEL);
    accept(1, IDTAP_F_VIRTUAL | IDTAP_F_PENDING);
    eoi(10);                     /* 11 */
    accept(10, IDTAP_F_VIRTUAL); /* an EOI that does not exit... */
    accept(10, IDTAP_F_VIRTUAL);
    eoi(10);                     /* ...so whose is this? */
    accept(10, IDTAP_F_VIRTUAL);
    eoi(20);                     /* 20 */
    accept(10, IDTAP_F_VIRTUAL);
    inject(3);                   /* not by the CPU, after all */
    eoi(4);                      /* 7 */

    s = finish();
    expect(s, VEC, (struct answer){ 0, 0, 1, 4, 4, 7 + 11 + 20 + 7 });
    row = test_lapic_row(s, DOM, VEC);
    assert_int_equal(row->accepted, 7);
    assert_int_equal(row->queued, 7);
    assert_int_equal(row->level, 1);
    assert_int_equal(row->pending, 1);
    assert_int_equal(row->eois, 6);
    idtap_stats_destroy(s);
}

/* A service and a wait for the CPU: an EOI is the service's first. */
static void virtual_beside_service(void **state)
{
    struct idtap_stats *s;

    (void)state;
    eoi(1);
    inject(10);
    accept(10, IDTAP_F_VIRTUAL);
    eoi(5);
    eoi(6);

    s = finish();
    expect(s, VEC, (struct answer){ 0, 0, 1, 15, 1, 11 });
    idtap_stats_destroy(s);
}

/* Recorded without the class inject: accept to EOI can still be told. */
static void without_injections(void **state)
{
    struct idtap_stats *s;
    unsigned int i;

    (void)state;
    for ( i = 0; i < 5; i++ )
    {
        accept(10, 0);
        eoi(7);
    }

    s = finish();
    /* The first EOI ends nothing; the second, of two accepts, is void. */
    expect(s, VEC, (struct answer){ 0, 0, 0, 0, 3, 21 });
    idtap_stats_destroy(s);
}

/* Sender, injection and EOI on three CPUs. */
static void migration(void **state)
{
    struct test_stream s1, s2;
    struct idtap_stats *s;
    unsigned int i;

    (void)state;
    test_stream_open(&s1, dir, 1, IDTAP_PACKET_SIZE_MIN);
    test_stream_open(&s2, dir, 2, IDTAP_PACKET_SIZE_MIN);
    for ( i = 0; i < 500; i++ )
    {
        test_lapic(&s1, 100, IDTAP_EV_LAPIC_ACCEPT, DOM, 3, VEC, 0);
        s0.tsc = s1.tsc;
        test_inject_vcpu(&s0, 7, DOM, 3, VEC, IDTAP_TYPE_EXT_INTR, 0);
        s2.tsc = s0.tsc;
        test_lapic(&s2, 11, IDTAP_EV_LAPIC_EOI, DOM, 3, VEC, 0);
    }
    test_stream_close(&s1);
    test_stream_close(&s2);

    s = finish();
    expect(s, VEC, (struct answer){ 500, 3500, 500, 5500, 500, 9000 });
    idtap_stats_destroy(s);
}

/* A filter chooses what is counted; injections pair whether chosen or not. */
static void selection(void **state)
{
    struct idtap_select select;
    struct idtap_stats *s;
    uint64_t chosen;

    (void)state;
    accept(10, 0);
    inject(3);
    eoi(20);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_ACCEPT, DOM, 0, 0x50, 0);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_ACCEPT, 9, 0, VEC, 0);
    test_stream_close(&s0);

    idtap_select_init(&select);
    select.classes = IDTAP_CLASS_LAPIC;
    memset(select.vectors, 0, sizeof(select.vectors));
    select.vectors[VEC / 64] = 1ull << (VEC % 64);
    idtap_select_domain(&select, DOM);

    s = test_stats(dir, &select);
    expect(s, VEC, (struct answer){ 1, 3, 1, 20, 1, 23 });
    assert_null(test_lapic_row(s, DOM, 0x50));
    assert_null(test_lapic_row(s, 9, VEC));
    assert_null(test_row(s, DOM, IDTAP_TAB_INJECT, VEC));
    idtap_stats_records(s, &chosen);
    assert_int_equal(chosen, 2);
    idtap_stats_destroy(s);

    select.classes = IDTAP_CLASS_INJECT;
    s = test_stats(dir, &select);
    assert_null(test_lapic_row(s, DOM, VEC));
    assert_non_null(test_row(s, DOM, IDTAP_TAB_INJECT, VEC));
    idtap_stats_destroy(s);
}

/* Order of rows; and two stretches of a trace make one. */
static void merging(void **state)
{
    const struct idtap_domain_stats **d;
    const struct idtap_lapic_row **rows;
    struct idtap_stats *a, *b;
    unsigned int nr;
    char *kept;

    (void)state;
    accept(10, 0);
    inject(7);
    eoi(5);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_ACCEPT, DOM, 0, 0x50, 0);
    a = finish();
    kept = dir;

    setup(NULL);
    s0.tsc += 1000;
    accept(10, IDTAP_F_LEVEL);
    accept(1, IDTAP_F_PENDING | IDTAP_F_VIRTUAL);
    inject(8);
    eoi(6);
    test_lapic(&s0, 1, IDTAP_EV_LAPIC_ACCEPT, DOM, 0, 0x30, 0);
    b = finish();

    assert_int_equal(idtap_stats_merge(a, b), 0);
    expect(a, VEC, (struct answer){ 2, 16, 2, 11, 2, 27 });
    d = idtap_stats_domains(a, &nr);
    assert_int_equal(nr, 1);
    rows = idtap_stats_lapic_rows(d[0], &nr);
    assert_int_equal(nr, 3);
    assert_int_equal(rows[0]->key, VEC);
    assert_int_equal(rows[0]->accepted, 3);
    assert_int_equal(rows[0]->pending, 1);
    assert_int_equal(rows[0]->level, 1);
    assert_int_equal(rows[0]->queued, 1);
    assert_int_equal(rows[0]->eois, 2);
    assert_int_equal(rows[1]->key, 0x30);
    assert_int_equal(rows[2]->key, 0x50);
    free(rows);
    free(d);
    idtap_stats_destroy(a);
    idtap_stats_destroy(b);
    test_remove(kept);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(in_order),
        T(coalesced),
        T(again_before_eoi),
        T(doubtful_wait),
        T(no_partner),
        T(other_injections),
        T(virtual_delivery),
        T(virtual_beside_service),
        T(without_injections),
        T(migration),
        T(selection),
        T(merging),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
