/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Perfetto's format, taken apart by a decoder that shares nothing with the
 * encoder: field numbers and wire types are those of Perfetto's .proto files,
 * every reference has what it refers to, every slice has its end, no track's
 * time goes back, and each record that ought to be there is.
 */
#include "export_test.h"

#define MAX_TRACKS 128u
#define MAX_NAMES  256u
#define MAX_FIELDS 4096u

/* A message's fields, in the order of the bytes. */
struct field {
    unsigned int number, type; /* type 0: varint, 2: bytes */
    uint64_t n;
    const uint8_t *p;
    size_t len;
};

struct message {
    unsigned int nr;
    struct field field[MAX_FIELDS];
};

static uint64_t varint(const uint8_t **p, const uint8_t *end)
{
    unsigned int shift = 0;
    uint64_t n = 0;
    uint8_t byte;

    do {
        assert_true(*p < end && shift < 70);
        byte = *(*p)++;
        n |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ( byte & 0x80 );
    return n;
}

/* One field at *p, which moves on. */
static struct field next_field(const uint8_t **p, const uint8_t *end)
{
    uint64_t key = varint(p, end);
    struct field f = {
        .number = (unsigned int)(key >> 3), .type = key & 7,
    };

    assert_true(f.number > 0 && (f.type == 0 || f.type == 2));
    f.n = varint(p, end);
    if ( f.type == 2 )
    {
        f.p = *p;
        f.len = (size_t)f.n;
        assert_true(f.n <= (size_t)(end - *p));
        *p += f.n;
    }
    return f;
}

static void parse(struct message *m, const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;

    for ( m->nr = 0; p < end; m->nr++ )
    {
        assert_in_range(m->nr, 0, MAX_FIELDS - 1);
        m->field[m->nr] = next_field(&p, end);
    }
}

/* The only field of this number; NULL if there is none. */
static const struct field *get(const struct message *m, unsigned int number,
                               unsigned int type)
{
    const struct field *f = NULL;
    unsigned int i;

    for ( i = 0; i < m->nr; i++ )
        if ( m->field[i].number == number )
        {
            assert_null(f);
            assert_int_equal(m->field[i].type, type);
            f = &m->field[i];
        }
    return f;
}

static void only_fields(const struct message *m, const char *numbers)
{
    unsigned int i;

    for ( i = 0; i < m->nr; i++ )
    {
        char want[16];

        snprintf(want, sizeof(want), ",%u,", m->field[i].number);
        if ( !strstr(numbers, want) )
            fail_msg("field %u is none of %s", m->field[i].number, numbers);
    }
}

struct names {
    unsigned int nr;
    char name[MAX_NAMES][80]; /* by iid */
    uint64_t begun[MAX_NAMES], instants[MAX_NAMES];
};

struct track {
    uint64_t uuid, parent, last;
    char name[80];
    unsigned int depth;
    uint64_t open[64]; /* names */
};

static struct decoded {
    struct names categories, events, notes;
    unsigned int nr_tracks;
    struct track tracks[MAX_TRACKS];
    uint64_t packets, first, last, boot_ns, real_ns, cut;
    bool cleared;
} *d;

static void interned_names(struct names *n, const struct field *f)
{
    static struct message m;
    const struct field *iid, *name;

    assert_int_equal(f->type, 2);
    parse(&m, f->p, f->len);
    only_fields(&m, ",1,2,");
    iid = get(&m, 1, 0);
    name = get(&m, 2, 2);
    assert_non_null(iid);
    assert_non_null(name);
    assert_in_range(iid->n, 1, MAX_NAMES - 1);
    assert_in_range(name->len, 1, 79);
    assert_false(n->name[iid->n][0]); /* never twice */
    memcpy(n->name[iid->n], name->p, name->len);
    n->nr++;
}

static void interned(const struct field *f)
{
    const uint8_t *p = f->p, *end = f->p + f->len;

    while ( p < end )
    {
        struct field entry = next_field(&p, end);

        assert_in_range(entry.number, 1, 3);
        interned_names(entry.number == 1 ? &d->categories :
                       entry.number == 2 ? &d->events : &d->notes, &entry);
    }
}

static struct track *find_track(uint64_t uuid)
{
    unsigned int i;

    for ( i = 0; i < d->nr_tracks; i++ )
        if ( d->tracks[i].uuid == uuid )
            return &d->tracks[i];
    return NULL;
}

static void descriptor(const struct field *f)
{
    static struct message m;
    const struct field *uuid, *name, *parent;
    struct track *t = &d->tracks[d->nr_tracks];

    assert_in_range(d->nr_tracks, 0, MAX_TRACKS - 1);
    parse(&m, f->p, f->len);
    only_fields(&m, ",1,2,5,11,12,");
    uuid = get(&m, 1, 0);
    name = get(&m, 2, 2);
    parent = get(&m, 5, 0);
    assert_non_null(uuid);
    assert_non_null(name);
    assert_true(uuid->n);
    assert_null(find_track(uuid->n));
    assert_in_range(name->len, 1, 79);
    if ( parent )
        assert_non_null(find_track(parent->n));
    t->uuid = uuid->n;
    t->parent = parent ? parent->n : 0;
    memcpy(t->name, name->p, name->len);
    d->nr_tracks++;
}

static void clock_snapshot(const struct field *f)
{
    const uint8_t *p = f->p, *end = f->p + f->len;
    static struct message m;

    while ( p < end )
    {
        struct field entry = next_field(&p, end);

        if ( entry.number == 2 )
        {
            assert_int_equal(entry.n, 6); /* BOOTTIME */
            continue;
        }
        assert_int_equal(entry.number, 1);
        parse(&m, entry.p, entry.len);
        only_fields(&m, ",1,2,");
        if ( get(&m, 1, 0)->n == 6 )
            d->boot_ns = get(&m, 2, 0)->n;
        else
        {
            assert_int_equal(get(&m, 1, 0)->n, 1); /* REALTIME */
            d->real_ns = get(&m, 2, 0)->n;
        }
    }
}

static void annotation(const struct field *f, bool end)
{
    static struct message m;
    const struct field *name;

    parse(&m, f->p, f->len);
    assert_int_equal(m.nr, 2);
    only_fields(&m, ",1,3,4,6,7,");
    name = get(&m, 1, 0);
    assert_non_null(name);
    assert_in_range(name->n, 1, MAX_NAMES - 1);
    assert_true(d->notes.name[name->n][0]);
    get(&m, 3, 0);
    get(&m, 4, 0);
    get(&m, 6, 2);
    get(&m, 7, 0);
    if ( end && !strcmp(d->notes.name[name->n], "end") )
        d->cut++;
}

static void event(const struct field *f, uint64_t time)
{
    static struct message m;
    const struct field *type, *name, *category;
    struct track *t;
    unsigned int i;

    parse(&m, f->p, f->len);
    only_fields(&m, ",3,4,9,10,11,");
    type = get(&m, 9, 0);
    assert_non_null(type);
    assert_non_null(get(&m, 11, 0));
    t = find_track(get(&m, 11, 0)->n);
    assert_non_null(t);
    name = get(&m, 10, 0);
    category = get(&m, 3, 0);

    assert_true(time >= t->last);
    t->last = time;
    for ( i = 0; i < m.nr; i++ )
        if ( m.field[i].number == 4 )
            annotation(&m.field[i], type->n == 2);

    if ( type->n == 2 )
    {
        assert_in_range(t->depth, 1, 64);
        t->depth--;
        assert_null(name);
        return;
    }
    assert_non_null(name);
    assert_in_range(name->n, 1, MAX_NAMES - 1);
    assert_true(d->events.name[name->n][0]);
    assert_non_null(category);
    assert_true(d->categories.name[category->n][0]);
    if ( type->n == 1 )
    {
        assert_in_range(t->depth, 0, 63);
        t->open[t->depth++] = name->n;
        d->events.begun[name->n]++;
    }
    else
    {
        assert_int_equal(type->n, 3);
        d->events.instants[name->n]++;
    }
}

static void packet(const struct field *f)
{
    static struct message m;
    const struct field *time, *x;

    parse(&m, f->p, f->len);
    only_fields(&m, ",6,8,10,11,12,13,60,");
    assert_non_null(get(&m, 10, 0)); /* all of one sequence */
    time = get(&m, 8, 0);
    x = get(&m, 13, 0);
    if ( x && x->n & 1 )
    {
        assert_false(d->cleared);
        d->cleared = true;
    }
    if ( (x = get(&m, 12, 2)) )
    {
        assert_true(d->cleared);
        interned(x);
    }
    if ( (x = get(&m, 60, 2)) )
        descriptor(x);
    if ( (x = get(&m, 6, 2)) )
        clock_snapshot(x);
    if ( (x = get(&m, 11, 2)) )
    {
        assert_int_equal(get(&m, 13, 0)->n, 2);
        assert_non_null(time);
        if ( !d->first || time->n < d->first )
            d->first = time->n;
        if ( time->n > d->last )
            d->last = time->n;
        event(x, time->n);
    }
    d->packets++;
}

static void decode(const char *dir, const struct idtap_select *select)
{
    size_t len;
    uint8_t *data = export_bytes("perfetto", dir, select, &len);
    const uint8_t *p = data, *end = data + len;
    unsigned int i;

    d = calloc(1, sizeof(*d));
    assert_non_null(d);
    while ( p < end )
    {
        struct field f = next_field(&p, end);

        assert_int_equal(f.number, 1);
        assert_int_equal(f.type, 2);
        packet(&f);
    }
    for ( i = 0; i < d->nr_tracks; i++ )
        assert_int_equal(d->tracks[i].depth, 0);
    free(data);
}

static uint64_t count(const char *name)
{
    uint64_t n = 0;
    unsigned int i;

    for ( i = 0; i < MAX_NAMES; i++ )
        if ( !strcmp(d->events.name[i], name) )
            n += d->events.begun[i] + d->events.instants[i];
    return n;
}

/* As many as the statistics count, whether they have an end or not. */
static void all_there(bool lossy)
{
    static const struct {
        enum idtap_table table;
        uint64_t key;
        const char *name;
    } want[] = {
        { IDTAP_TAB_EXIT, 0x72, "CPUID" }, { IDTAP_TAB_EXIT, 0x7c, "MSR" },
        { IDTAP_TAB_EXIT, 0x400, "NPF" },
        { IDTAP_TAB_IRQ, IDTAP_IRQ_KEY(2, 0xfa, -1), "irq 0xfa timer" },
        { IDTAP_TAB_IRQ, IDTAP_IRQ_KEY(1, 0x31, 16), "irq 0x31" },
        { IDTAP_TAB_IRQ, IDTAP_IRQ_KEY(3, 0x55, -1), "irq 0x55" },
        { IDTAP_TAB_NMI, 0, "NMI" },
        { IDTAP_TAB_EXCEPTION, 1, "exception 0x01 #DB" },
        { IDTAP_TAB_INJECT, 13, "inject 0x0d #GP" },
        { IDTAP_TAB_INJECT, 0xf3, "inject 0xf3" },
        { IDTAP_TAB_SOFTIRQ, 0, "TIMER" },
        { IDTAP_TAB_SOFTIRQ, 3, "SCHEDULE" },
    };
    char *dir = test_dir();
    struct idtap_stats *s;
    size_t i;

    export_trace(dir, true, ROUNDS, lossy);
    s = test_stats(dir, NULL);
    decode(dir, NULL);
    for ( i = 0; i < sizeof(want) / sizeof(want[0]); i++ )
    {
        const struct idtap_row *row = test_row(s, GUEST, want[i].table,
                                               want[i].key);

        assert_non_null(row);
        assert_true(row->count > 0);
        if ( count(want[i].name) != row->count )
            fail_msg("%s: %llu, not %llu", want[i].name,
                     (unsigned long long)count(want[i].name),
                     (unsigned long long)row->count);
    }
    assert_int_equal(count("raise TIMER"),
                     test_row(s, GUEST, IDTAP_TAB_SOFTIRQ, 0)->extra);
    assert_int_equal(count("lapic_accept 0xf3"),
                     test_lapic_row(s, GUEST, 0xf3)->accepted);
    assert_int_equal(count("lapic_eoi 0xf3"),
                     test_lapic_row(s, GUEST, 0xf3)->eois);
    assert_int_equal(count("domain"), 3);
    assert_int_equal(!!count("records lost"), lossy);
    assert_true(!lossy || d->cut > 0);

    /* The clock: the trace's start, in both. */
    assert_int_equal(d->real_ns, 1700000000123456789ull);
    assert_int_equal(d->boot_ns, TEST_START * 1000000ull / 2400000);
    assert_int_equal(d->first, d->boot_ns);
    assert_true(d->last > d->first);

    free(d);
    idtap_stats_destroy(s);
    test_remove(dir);
}

static void whole(void **state)
{
    (void)state;
    all_there(false);
    all_there(true);
}

static void chosen(void **state)
{
    struct idtap_select s;
    char *dir = test_dir();

    (void)state;
    export_trace(dir, false, ROUNDS, true);
    idtap_select_init(&s);
    s.classes = IDTAP_CLASS_IRQ;
    decode(dir, &s);
    assert_true(count("irq 0xfa timer") > 0);
    assert_int_equal(count("NMI") + count("CPUID") + count("domain"), 0);
    assert_true(count("records lost") > 0);
    free(d);
    test_remove(dir);
}

/* Whatever a guest is called: names are UTF-8. */
static void strange_names(void **state)
{
    static const char name[] = "\xff\xfe\x01z\xc3";
    struct idtap_trace_info info = test_info();
    struct idtap_metastream *ms;
    struct test_stream s;
    char *dir = test_dir();
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    bool found = false;
    unsigned int i;

    (void)state;
    test_metadata(dir, &info);
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    assert_int_equal(idtap_metastream_domain(ms, TEST_START, 1, name), 0);
    assert_int_equal(idtap_metastream_close(ms), 0);
    test_stream_open(&s, dir, 0, IDTAP_PACKET_SIZE_MIN);
    test_vm_exit(&s, 1, 1, 0, 0x72);
    test_stream_close(&s);
    close(fd);

    decode(dir, NULL);
    for ( i = 0; i < d->nr_tracks; i++ )
        found |= !strcmp(d->tracks[i].name, "d1 (???z?)");
    assert_true(found);
    free(d);
    test_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(chosen),
        cmocka_unit_test(strange_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
