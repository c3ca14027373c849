/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exporting: tables agree with each other and with the trace, spans with the
 * statistics; files are made whole or not at all.
 */
#include <sys/stat.h>

#include "export_test.h"

static uint64_t lines(const char *text)
{
    uint64_t n = 0;

    for ( ; *text; text++ )
        n += *text == '\n';
    return n;
}

static void csv(void **state)
{
    static const char *const want[] = {
        "time_ns,wall_ns,tsc,cpu,domain,domain_name,vcpu,event,class,vector,",
        /* Names are quoted as RFC 4180 wants it. */
        ",\"web, \"\"one\"\"\",0,vm_exit,exit,0,,0,,,,,18446744071578846",
        ",irq_enter,irq,250,timer,1,-1,2,direct,0,",
        ",irq_enter,irq,49,,0,16,1,guest,1,",
        ",softirq_raise,softirq,0,TIMER,0,,,,,,,,,,,,,,,,1,,,,,,,,,,,,\n",
        ",0,0,Domain-0,0,evtchn,evtchn,0,,0,,,,,,,,,,,,,,,,,5,5,virq,0,,",
        ",pv_upcall,pv-upcall,0,,0,,,,,18446744071595622400,,,,,,0,,,,,,,0,"
        "event,,",
        ",pv_upcall,pv-upcall,0,#DE,0,,,,,18446744071595622400,,,,,,0,,,,,,,1,"
        "exception,,",
        ",pv_trap,pv-trap,14,#PF,7,,,,,4202496,,,,,28672,6,0,0,ext_intr,,,",
        ",inject,inject,13,#GP,2,,,,,,,,,,,2,,3,hw_exception,0,",
        ",0,1,\"web, \"\"one\"\"\",0,lapic_eoi,lapic,243,,0,,,",
        "clock_sync,,,,0,,,,,,,,,,,,,,,,,,,,,1700000000124456789,1000000,100,,,,,\n",
        "config,,,,0,,,,,,,,,,,,,,,,,,,,,,,,,,,",
        ",swint,swint,128,,0,,,,,4198400,",
    };
    char *dir = new_trace(true, false), *text;
    uint64_t ring, meta;
    size_t len, i;

    (void)state;
    text = (char *)export_bytes("csv", dir, NULL, &len);
    for ( i = 0; i < sizeof(want) / sizeof(want[0]); i++ )
        if ( !strstr(text, want[i]) )
            fail_msg("'%s' is not in:\n%.4000s", want[i], text);
    assert_int_equal(test_read_all(dir, &ring, &meta, &export_err), 0);
    assert_int_equal(lines(text), 1 + ring + meta);
    free(text);
    test_remove(dir);
}

/* A reader of RowBinary that knows the schema and nothing else. */
struct column {
    char type; /* 'i' integer, 's' string, 'u' UUID */
    bool nullable, sign;
    unsigned int bytes;
};

static unsigned int parse_schema(char *text, struct column *c)
{
    unsigned int nr = 0;
    char *line;

    for ( line = strtok(text, "\n"); line; line = strtok(NULL, "\n") )
    {
        char name[64], type[64];
        const char *p = type;

        if ( strncmp(line, "    ", 4) ||
             sscanf(line, "%63s %63[^,]", name, type) != 2 )
            continue;
        memset(&c[nr], 0, sizeof(c[nr]));
        c[nr].nullable = !strncmp(type, "Nullable(", 9);
        p += c[nr].nullable ? 9 : 0;
        c[nr].sign = *p != 'U';
        if ( !strcmp(p, "String") || !strcmp(p, "LowCardinality(String)") )
            c[nr].type = 's';
        else if ( !strcmp(p, "UUID") )
            c[nr].type = 'u';
        else
        {
            c[nr].type = 'i';
            p += *p == 'U';
            assert_memory_equal(p, "Int", 3);
            c[nr].bytes = (unsigned int)strtoul(p + 3, NULL, 10) / 8;
            assert_in_range(c[nr].bytes, 1, 8);
        }
        nr++;
    }
    return nr;
}

static size_t read_varint(const uint8_t **p)
{
    unsigned int shift = 0;
    size_t n = 0;

    do {
        n |= (size_t)(**p & 0x7f) << shift;
        shift += 7;
    } while ( *(*p)++ & 0x80 );
    return n;
}

static void print_string(FILE *f, const uint8_t *s, size_t len)
{
    bool quote = memchr(s, ',', len) || memchr(s, '"', len);
    size_t i;

    if ( quote )
        fputc('"', f);
    for ( i = 0; i < len; i++ )
        fprintf(f, "%s%c", s[i] == '"' ? "\"" : "", s[i]);
    if ( quote )
        fputc('"', f);
}

/* Prints a row as CSV, but for the two columns that CSV has not. */
static void print_row(FILE *f, const struct column *c, unsigned int nr,
                      const uint8_t **p)
{
    unsigned int i;

    for ( i = 0; i < nr; i++, c++ )
    {
        bool null = c->nullable && *(*p)++;
        uint64_t n = 0;
        size_t len;

        if ( i > 2 )
            fputc(',', f);
        if ( c->type == 'u' )
        {
            /* c0ffee04-0506-0708-090a-...: its halves are little endian. */
            assert_int_equal((*p)[7], 0xc0);
            assert_int_equal((*p)[0], 0x08);
            assert_int_equal((*p)[15], 0x09);
            *p += 16;
        }
        else if ( c->type == 's' )
        {
            len = read_varint(p);
            if ( i >= 2 )
                print_string(f, *p, len);
            *p += len;
        }
        else if ( !null )
        {
            memcpy(&n, *p, c->bytes);
            *p += c->bytes;
            if ( c->sign && c->bytes < 8 && n >> (8 * c->bytes - 1) )
                n |= ~0ull << (8 * c->bytes);
            fprintf(f, c->sign ? "%lld" : "%llu", (long long)n);
        }
    }
    fputc('\n', f);
}

static void rowbinary_is_csv(void **state)
{
    char *dir = new_trace(false, true), *schema = NULL, *out = NULL, *text;
    size_t len, schema_len, out_len;
    struct column c[80];
    const uint8_t *p;
    uint8_t *data;
    unsigned int nr;
    FILE *f = open_memstream(&schema, &schema_len);

    (void)state;
    assert_int_equal(find_format("rowbinary")->schema(f), 0);
    fclose(f);
    nr = parse_schema(schema, c);

    data = export_bytes("rowbinary", dir, NULL, &len);
    f = open_memstream(&out, &out_len);
    for ( p = data; p < data + len; )
        print_row(f, c, nr, &p);
    assert_ptr_equal(p, data + len);
    fclose(f);
    free(data);

    text = (char *)export_bytes("csv", dir, NULL, &len);
    assert_string_equal(out, strchr(text, '\n') + 1);
    free(text);
    free(out);
    free(schema);
    test_remove(dir);
}

/*
 * A format of the test's own: what has a duration is what statistics time, what
 * begins ends, innermost first, and losses add up.
 */
#define MAX_DEPTH 32u

struct watch {
    uint64_t count[4][0x10000], ticks[4][0x10000]; /* by kind, and number */
    uint64_t records[NR_CPUS], packets[NR_CPUS], begun, ended, lone;
    uint64_t loss_end[NR_CPUS];
    unsigned int depth[4][NR_CPUS];
    uint64_t open[4][NR_CPUS][MAX_DEPTH];
};

static struct watch *watch;

static unsigned int number(const struct idtap_export_span *s, uint16_t reason)
{
    return s->kind == IDTAP_SPAN_EXIT ? reason : s->r.vector;
}

static unsigned int place(const struct idtap_export_span *s)
{
    return s->kind == IDTAP_SPAN_EXIT ? s->r.vcpu : (unsigned int)s->cpu;
}

static int watch_begin(struct idtap_export *x, struct idtap_export_span *s,
                       const struct idtap_record *r)
{
    unsigned int *depth = &watch->depth[s->kind][place(s)];

    (void)x;
    assert_true(s->record > 0);
    assert_int_equal(s->cookie, 0);
    s->cookie = 1 + (s->kind == IDTAP_SPAN_EXIT
                     ? ((const struct idtap_vm_exit *)(const void *)r)->reason
                     : 0);
    assert_in_range(*depth, 0, MAX_DEPTH - 1);
    watch->open[s->kind][place(s)][(*depth)++] = s->record;
    watch->begun++;
    return 0;
}

static int watch_end(struct idtap_export *x, const struct idtap_export_span *s,
                     int cpu, uint64_t tsc, enum idtap_span_end how)
{
    unsigned int *depth = &watch->depth[s->kind][place(s)];
    unsigned int n = number(s, (uint16_t)(s->cookie - 1));

    (void)x;
    assert_in_range(*depth, 1, MAX_DEPTH);
    assert_int_equal(watch->open[s->kind][place(s)][--*depth], s->record);
    assert_true(tsc >= s->r.tsc);
    watch->ended++;
    if ( how == IDTAP_SPAN_ENDED )
    {
        assert_int_equal(cpu, s->cpu);
        watch->count[s->kind][n]++;
        watch->ticks[s->kind][n] += tsc - s->r.tsc;
    }
    return 0;
}

static int watch_lone(struct idtap_export *x,
                      const struct idtap_export_span *s,
                      const struct idtap_record *r)
{
    (void)x;
    assert_int_equal(r->tsc, s->r.tsc);
    watch->lone++;
    return 0;
}

static int watch_loss(struct idtap_export *x,
                      const struct idtap_export_loss *l)
{
    (void)x;
    assert_true(l->from_tsc <= l->to_tsc);
    assert_true(l->from_tsc >= watch->loss_end[l->cpu]);
    assert_true(l->records || l->packets);
    watch->loss_end[l->cpu] = l->to_tsc;
    watch->records[l->cpu] += l->records;
    watch->packets[l->cpu] += l->packets;
    return 0;
}

static int watch_done(struct idtap_export *x)
{
    (void)x;
    return 0;
}

static const struct idtap_export_ops watch_ops = {
    .span_begin = watch_begin, .span_end = watch_end,
    .span_lone = watch_lone, .loss = watch_loss, .end = watch_done,
};
static const struct idtap_export_format watch_format = {
    .name = "watch", .kind = IDTAP_EXPORT_TEXT, .ops = &watch_ops,
};

static uint64_t compare_rows(const struct idtap_stats *s,
                             enum idtap_table table,
                             enum idtap_span_kind kind)
{
    struct idtap_domain_stats sum = { 0 };
    const struct idtap_row **rows;
    unsigned int i, nr;
    uint64_t timed = 0;

    assert_int_equal(idtap_stats_sum(s, table, &sum), 0);
    rows = idtap_stats_rows(&sum, table, &nr);
    assert_true(nr > 0);
    for ( i = 0; i < nr; i++ )
    {
        uint64_t key = table == IDTAP_TAB_IRQ
                       ? IDTAP_IRQ_KEY_VECTOR(rows[i]->key)
                       : table == IDTAP_TAB_NMI ? 2 : rows[i]->key;

        assert_int_equal(watch->count[kind][key], rows[i]->time.count);
        assert_int_equal(watch->ticks[kind][key], rows[i]->time.sum);
        timed += rows[i]->time.count;
    }
    free(rows);
    idtap_domain_stats_clear(&sum);
    return timed;
}

static void spans_of(bool lossy, const struct idtap_select *select)
{
    char *dir = new_trace(true, lossy);
    struct idtap_stats *s = test_stats(dir, select);
    uint64_t timed = 0;
    unsigned int cpu;

    watch = calloc(1, sizeof(*watch));
    assert_non_null(watch);
    assert_int_equal(export_to(&watch_format, dir, "/dev/null", select, false),
                     0);
    timed += compare_rows(s, IDTAP_TAB_EXIT, IDTAP_SPAN_EXIT);
    if ( !select )
    {
        timed += compare_rows(s, IDTAP_TAB_IRQ, IDTAP_SPAN_IRQ);
        timed += compare_rows(s, IDTAP_TAB_NMI, IDTAP_SPAN_NMI);
        timed += compare_rows(s, IDTAP_TAB_SOFTIRQ, IDTAP_SPAN_SOFTIRQ);
        assert_true(watch->lone > 0);
    }
    assert_int_equal(watch->begun, watch->ended);
    assert_true(timed > 0 && timed < watch->begun);

    for ( cpu = 0; cpu < NR_CPUS; cpu++ )
    {
        struct idtap_cpu_stats c = idtap_stats_cpu(s, cpu);

        assert_int_equal(watch->records[cpu], c.discarded);
        assert_int_equal(watch->packets[cpu], c.lost_packets);
        assert_int_equal(!!c.discarded, lossy);
    }

    free(watch);
    idtap_stats_destroy(s);
    test_remove(dir);
}

static void spans(void **state)
{
    struct idtap_select exits;

    (void)state;
    spans_of(false, NULL);
    spans_of(true, NULL);
    idtap_select_init(&exits);
    exits.classes = IDTAP_CLASS_EXIT;
    spans_of(true, &exits);
}

static bool exists(const char *dir, const char *name)
{
    char *path = test_path(dir, name);
    struct stat st;
    bool there = !lstat(path, &st);

    free(path);
    return there;
}

static void places(void **state)
{
    const struct idtap_export_format *csv_format = find_format("csv");
    const struct idtap_export_format *ctf_format = find_format("ctf");
    char *dir = new_trace(true, false), *out = test_dir();
    char *file = test_path(out, "file"), *copy = test_path(out, "copy");
    char *inside = test_path(dir, "file"), *other = test_path(out, "none/x");
    size_t len[2];
    uint8_t *data;

    (void)state;
    test_write_file(file, "keep", 4);
    assert_int_equal(export_to(csv_format, dir, file, NULL, false), -EEXIST);
    assert_int_equal(export_to(csv_format, dir, out, NULL, true), -EISDIR);
    assert_int_equal(export_to(csv_format, dir, inside, NULL, true), -EBUSY);
    assert_int_equal(export_to(csv_format, dir, other, NULL, true), -ENOENT);
    assert_int_equal(export_to(csv_format, dir, "/dev/full", NULL, false),
                     -ENOSPC);
    data = test_read_file(file, &len[0]);
    assert_int_equal(len[0], 4);
    free(data);
    assert_int_equal(export_to(csv_format, dir, file, NULL, true), 0);
    data = test_read_file(file, &len[1]);
    assert_true(len[1] > 1000);
    free(data);
    assert_false(exists(out, "file.part"));

    assert_int_equal(export_to(ctf_format, dir, dir, NULL, true), -EBUSY);
    assert_int_equal(export_to(ctf_format, dir, file, NULL, true), -ENOTDIR);
    assert_int_equal(export_to(ctf_format, dir, out, NULL, false), -EEXIST);
    assert_int_equal(export_to(ctf_format, dir, out, NULL, true), -ENOTEMPTY);
    assert_true(exists(out, "file"));
    assert_int_equal(export_to(ctf_format, dir, copy, NULL, false), 0);
    assert_int_equal(export_to(ctf_format, dir, copy, NULL, false), -EEXIST);
    assert_int_equal(export_to(ctf_format, dir, copy, NULL, true), 0);

    free(file);
    free(copy);
    free(inside);
    free(other);
    test_remove(out);
    test_remove(dir);
}

/* None leaks or stumbles, over losses or over a place that takes nothing. */
static void every_format(void **state)
{
    char *dir = new_trace(false, true), *out = test_dir(), *path;
    unsigned int i, nr;
    const struct idtap_export_format *f = idtap_export_formats(&nr);

    (void)state;
    for ( i = 0; i < nr; i++ )
    {
        assert_true(f[i].name && f[i].what);
        path = test_path(out, f[i].name);
        assert_int_equal(export_to(&f[i], dir, path, NULL, false),
                         f[i].missing ? -EOPNOTSUPP : 0);
        assert_int_equal(exists(out, f[i].name), !f[i].missing);
        free(path);
        if ( f[i].kind == IDTAP_EXPORT_BINARY )
            assert_int_equal(export_to(&f[i], dir, "/dev/full", NULL, false),
                             -ENOSPC);
    }
    test_remove(out);
    test_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv),
        cmocka_unit_test(rowbinary_is_csv),
        cmocka_unit_test(spans),
        cmocka_unit_test(places),
        cmocka_unit_test(every_format),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
