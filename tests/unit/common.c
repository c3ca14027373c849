/* SPDX-License-Identifier: GPL-2.0-only */
/* Scratch directories and synthetic traces for the unit tests. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <idtap/metastream.h>

#include "common.h"

char *test_dir(void)
{
    const char *base = getenv("TMPDIR");
    char *dir;

    assert_true(asprintf(&dir, "%s/idtap-unit-XXXXXX", base && *base ? base
                                                           : "/tmp") > 0);
    assert_non_null(mkdtemp(dir));
    return dir;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void test_remove(char *dir)
{
    assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(dir);
}

char *test_path(const char *dir, const char *name)
{
    char *path;

    assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
    return path;
}

uint8_t *test_read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "r");
    struct stat st;
    uint8_t *data;

    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    *len = (size_t)st.st_size;
    data = malloc(*len + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *len, f), *len);
    fclose(f);
    return data;
}

void test_write_file(const char *path, const void *data, size_t len)
{
    /* Not O_TRUNC: file systems make that, then close(), a trip to the disk. */
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)len), 0);
    assert_int_equal(pwrite(fd, data, len, 0), len);
    assert_int_equal(close(fd), 0);
}

struct idtap_trace_info test_info(void)
{
    return (struct idtap_trace_info){
        .uuid = { 0xc0, 0xff, 0xee, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
        .tsc_khz = TEST_KHZ,
        .start_tsc = TEST_START,
        .start_realtime_ns = 1700000000123456789ull,
        .xen_version = "4.17.5",
        .xen_build_id = "39a640e6f1412319235087391df9f1c5e13ae920",
        .cpu_vendor = "AMD",
        .cpu_model = "a \"model\" \\ of \n strange \xc3\xa4 name",
        .hostname = "host",
        .idtap_version = "0.1.0",
        .command = "idtap record -o \"x y\"",
    };
}

void test_metadata(const char *dir, const struct idtap_trace_info *info)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY);

    assert_true(fd >= 0);
    assert_int_equal(idtap_metadata_write(fd, info), 0);
    close(fd);
}

void test_stream_open(struct test_stream *s, const char *dir, unsigned int cpu,
                      unsigned int packet_size)
{
    char name[16], *path;

    snprintf(name, sizeof(name), "cpu%u", cpu);
    path = test_path(dir, name);
    *s = (struct test_stream){
        .fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600),
        .packet_size = packet_size,
        .used = sizeof(struct idtap_packet_header),
        .tsc = TEST_START,
        .h = {
            .magic = IDTAP_CTF_MAGIC,
            .stream_id = IDTAP_STREAM_RING,
            .timestamp_begin = TEST_START,
            .packet_size = (uint64_t)packet_size * 8,
            .cpu_id = cpu,
            .abi_version = IDTAP_ABI_VERSION,
        },
        .packet = calloc(1, packet_size),
    };
    assert_true(s->fd >= 0);
    assert_non_null(s->packet);
    free(path);
}

void test_stream_flush(struct test_stream *s)
{
    s->h.timestamp_end = s->tsc;
    s->h.content_size = (uint64_t)s->used * 8;
    memcpy(s->packet, &s->h, sizeof(s->h));
    assert_int_equal(write(s->fd, s->packet, s->packet_size), s->packet_size);

    memset(s->packet, 0, s->packet_size);
    s->used = sizeof(s->h);
    s->h.packet_seq_num++;
    s->h.timestamp_begin = s->tsc;
}

void test_stream_add(struct test_stream *s, const void *record, size_t size)
{
    /* Like the tap: a record never fills a packet to the last byte. */
    if ( s->used + size >= s->packet_size )
        test_stream_flush(s);
    memcpy(s->packet + s->used, record, size);
    s->used += (unsigned int)size;
    s->nr_records++;
}

void test_stream_close(struct test_stream *s)
{
    if ( s->used > sizeof(s->h) )
        test_stream_flush(s);
    close(s->fd);
    free(s->packet);
}

/* The common part, at a time `dt` later; vCPU 0. */
static struct idtap_record common(struct test_stream *s, unsigned int dt,
                                  uint8_t event, uint16_t domain,
                                  uint8_t vector, uint16_t flags)
{
    /* A packet that this will open begins where the last record was. */
    s->tsc += dt;
    return (struct idtap_record){ .tsc = s->tsc, .event = event,
        .vector = vector, .flags = flags, .domain = domain };
}

/* As test_stream_add(), but a packet that is closed ends before this record. */
static void add(struct test_stream *s, const void *record, size_t size)
{
    uint64_t now = s->tsc;

    if ( s->used + size >= s->packet_size )
    {
        test_stream_flush(s);
        s->h.timestamp_begin = now;
    }
    test_stream_add(s, record, size);
}

void test_irq_enter(struct test_stream *s, unsigned int dt, uint16_t domain,
                    uint8_t vector, uint8_t owner, int irq, uint8_t depth,
                    uint16_t flags)
{
    struct idtap_irq_enter e = {
        .r = common(s, dt, IDTAP_EV_IRQ_ENTER, domain, vector, flags),
        .irq = irq, .owner = owner, .depth = depth,
    };

    add(s, &e, sizeof(e));
}

void test_plain(struct test_stream *s, unsigned int dt, uint8_t event,
                uint16_t domain, uint8_t vector, uint16_t flags)
{
    struct idtap_record r = common(s, dt, event, domain, vector, flags);

    add(s, &r, sizeof(r));
}

void test_vm_exit(struct test_stream *s, unsigned int dt, uint16_t domain,
                  uint16_t vcpu, uint16_t reason)
{
    struct idtap_vm_exit e = {
        .r = common(s, dt, IDTAP_EV_VM_EXIT, domain, 0, 0),
        .rip = 0xffffffff81000000, .reason = reason,
    };

    e.r.vcpu = vcpu;
    add(s, &e, sizeof(e));
}

void test_vm_exit_of(struct test_stream *s, unsigned int dt, uint16_t domain,
                     uint8_t vector, uint16_t flags)
{
    struct idtap_vm_exit e = {
        .r = common(s, dt, IDTAP_EV_VM_EXIT, domain, vector, flags),
        .rip = 0xffffffff81000000, .reason = (uint16_t)(0x40 + vector),
    };

    add(s, &e, sizeof(e));
}

void test_vm_entry(struct test_stream *s, unsigned int dt, uint16_t domain,
                   uint16_t vcpu)
{
    struct idtap_record r = common(s, dt, IDTAP_EV_VM_ENTRY, domain, 0, 0);

    r.vcpu = vcpu;
    add(s, &r, sizeof(r));
}

void test_exception(struct test_stream *s, unsigned int dt, uint16_t domain,
                    uint8_t vector, uint16_t flags)
{
    struct idtap_exception e = {
        .r = common(s, dt, IDTAP_EV_EXCEPTION, domain, vector, flags),
        .rip = 0x400000, .address = 0xdeadb000, .error_code = 6,
        .type = IDTAP_TYPE_HW_EXCEPTION,
    };

    add(s, &e, sizeof(e));
}

void test_inject(struct test_stream *s, unsigned int dt, uint16_t domain,
                 uint8_t vector, uint16_t flags)
{
    test_inject_vcpu(s, dt, domain, 0, vector, IDTAP_TYPE_EXT_INTR, flags);
}

void test_inject_vcpu(struct test_stream *s, unsigned int dt, uint16_t domain,
                      uint16_t vcpu, uint8_t vector, uint8_t type,
                      uint16_t flags)
{
    struct idtap_inject e = {
        .r = common(s, dt, IDTAP_EV_INJECT, domain, vector, flags),
        .type = type,
    };

    e.r.vcpu = vcpu;
    add(s, &e, sizeof(e));
}

void test_lapic(struct test_stream *s, unsigned int dt, uint8_t event,
                uint16_t domain, uint16_t vcpu, uint8_t vector,
                uint16_t flags)
{
    struct idtap_record r = common(s, dt, event, domain, vector, flags);

    r.vcpu = vcpu;
    add(s, &r, sizeof(r));
}

void test_nmi_enter(struct test_stream *s, unsigned int dt, uint16_t domain)
{
    struct idtap_nmi_enter e = {
        .r = common(s, dt, IDTAP_EV_NMI_ENTER, domain, 2, 0),
        .rip = 0xffff82d040200000,
    };

    add(s, &e, sizeof(e));
}

void test_raise(struct test_stream *s, unsigned int dt, uint8_t nr,
                uint32_t cpu)
{
    struct idtap_softirq_raise e = {
        .r = common(s, dt, IDTAP_EV_SOFTIRQ_RAISE, 0, nr, 0), .cpu = cpu,
    };

    add(s, &e, sizeof(e));
}

void test_swint(struct test_stream *s, unsigned int dt, uint16_t domain,
                uint8_t vector)
{
    struct idtap_swint e = {
        .r = common(s, dt, IDTAP_EV_SWINT, domain, vector, 0),
        .rip = 0x400100,
    };

    add(s, &e, sizeof(e));
}

void test_pv_trap(struct test_stream *s, unsigned int dt, uint16_t domain,
                  uint8_t vector, uint16_t flags)
{
    struct idtap_exception e = {
        .r = common(s, dt, IDTAP_EV_PV_TRAP, domain, vector, flags),
        .rip = 0x400200, .type = IDTAP_TYPE_HW_EXCEPTION,
    };

    add(s, &e, sizeof(e));
}

void test_upcall(struct test_stream *s, unsigned int dt, uint16_t domain,
                 uint16_t vcpu, uint8_t kind, uint8_t vector)
{
    struct idtap_pv_upcall e = {
        .r = common(s, dt, IDTAP_EV_PV_UPCALL, domain, vector, 0),
        .rip = 0xffffffff81000000, .kind = kind,
    };

    e.r.vcpu = vcpu;
    add(s, &e, sizeof(e));
}

void test_evtchn(struct test_stream *s, unsigned int dt, uint16_t domain,
                 uint16_t vcpu, uint32_t port, uint8_t kind, uint16_t source,
                 uint16_t flags)
{
    struct idtap_evtchn e = {
        .r = common(s, dt, IDTAP_EV_EVTCHN, domain, 0, flags),
        .port = port, .source = source, .kind = kind,
    };

    e.r.vcpu = vcpu;
    add(s, &e, sizeof(e));
}

static void meta(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    struct idtap_metastream *ms;

    assert_true(fd >= 0);
    assert_int_equal(idtap_metastream_open(fd, &ms), 0);
    assert_int_equal(idtap_metastream_attach(ms, TEST_START), 0);
    assert_int_equal(idtap_metastream_clock_sync(ms, TEST_START + 1, 2, 3, 4),
                     0);
    assert_int_equal(idtap_metastream_config(ms, TEST_START + 2,
                                             IDTAP_CLASS_ALL), 0);
    assert_int_equal(idtap_metastream_domain(ms, TEST_START + 3, 0,
                                             "Domain-0"), 0);
    assert_int_equal(idtap_metastream_flush(ms), 0);
    assert_int_equal(idtap_metastream_domain(ms, TEST_START + 4, 1, "guest"),
                     0);
    assert_int_equal(idtap_metastream_detach(ms, TEST_START + 5), 0);
    assert_int_equal(idtap_metastream_close(ms), 0);
    close(fd);
}

uint64_t test_small_trace(const char *dir, unsigned int rounds)
{
    struct idtap_trace_info info = test_info();
    uint64_t records = 0;
    unsigned int cpu, i;

    test_metadata(dir, &info);
    meta(dir);

    for ( cpu = 0; cpu < 2; cpu++ )
    {
        struct test_stream s;

        test_stream_open(&s, dir, cpu, IDTAP_PACKET_SIZE_MIN);
        for ( i = 0; i < rounds; i++ )
        {
            test_vm_exit(&s, 10, 1, (uint16_t)cpu, 0x72);
            test_irq_enter(&s, 10, 1, 0xfa, IDTAP_OWNER_DIRECT, -1, 0,
                           IDTAP_F_IN_GUEST);
            test_nmi_enter(&s, 10, 1);
            test_plain(&s, 10, IDTAP_EV_NMI_EXIT, 1, 2, 0);
            test_plain(&s, 10, IDTAP_EV_IRQ_EXIT, 1, 0xfa, IDTAP_F_IN_GUEST);
            test_exception(&s, 10, 1, 14, IDTAP_F_ADDRESS |
                                          IDTAP_F_ERROR_CODE);
            test_raise(&s, 10, 0, 1);
            test_plain(&s, 10, IDTAP_EV_SOFTIRQ_ENTER, 1, 0, 0);
            test_plain(&s, 10, IDTAP_EV_SOFTIRQ_EXIT, 1, 0, 0);
            test_lapic(&s, 10, IDTAP_EV_LAPIC_ACCEPT, 1, (uint16_t)cpu, 0xf3,
                       IDTAP_F_LEVEL | IDTAP_F_VIRTUAL);
            test_inject(&s, 10, 1, 0xf3, 0);
            test_vm_entry(&s, 10, 1, (uint16_t)cpu);
            test_lapic(&s, 10, IDTAP_EV_LAPIC_EOI, 1, (uint16_t)cpu, 0xf3, 0);
        }
        records += s.nr_records;
        test_stream_close(&s);
    }

    return records;
}

int test_read_all(const char *dir, uint64_t *ring, uint64_t *meta_records,
                  struct idtap_error *err)
{
    const struct idtap_error *errors;
    struct idtap_trace *t;
    struct idtap_iter *it;
    struct idtap_run run;
    uint64_t n[2] = { 0, 0 }, last = 0;
    unsigned int nr;
    int rc = idtap_trace_open(dir, &t, err);

    if ( rc )
        return rc;

    assert_int_equal(idtap_iter_open(t, NULL, &it), 0);
    while ( (rc = idtap_iter_next(it, &run)) > 0 )
    {
        const uint8_t *p;

        for ( p = run.begin; p < run.end; p = idtap_record_next(p) )
        {
            assert_true(idtap_record_at(p)->tsc >= last);
            last = idtap_record_at(p)->tsc;
            n[run.cpu < 0]++;
        }
    }
    assert_int_equal(rc, 0);

    errors = idtap_iter_errors(it, &nr);
    if ( nr )
    {
        *err = errors[0];
        rc = err->code;
        assert_true(rc < 0);
    }
    if ( ring )
        *ring = n[0];
    if ( meta_records )
        *meta_records = n[1];

    idtap_iter_close(it);
    idtap_trace_close(t);
    return rc;
}

struct idtap_stats *test_stats(const char *dir,
                               const struct idtap_select *select)
{
    static struct idtap_error err;
    struct idtap_select all;
    struct idtap_stats *s;
    struct idtap_trace *t;
    struct idtap_iter *it;
    struct idtap_run run;
    unsigned int nr;

    idtap_select_init(&all);
    s = idtap_stats_create(select ? select : &all);
    assert_non_null(s);
    assert_int_equal(idtap_trace_open(dir, &t, &err), 0);
    assert_int_equal(idtap_iter_open(t, NULL, &it), 0);
    while ( idtap_iter_next(it, &run) > 0 )
        assert_int_equal(idtap_stats_run(s, &run), 0);
    idtap_iter_errors(it, &nr);
    assert_int_equal(nr, 0);
    idtap_iter_close(it);
    idtap_trace_close(t);
    return s;
}

const struct idtap_row *test_row(const struct idtap_stats *s, uint16_t domain,
                                 enum idtap_table table, uint64_t key)
{
    const struct idtap_row *found = NULL;
    unsigned int i, j, nr, nr_rows;
    const struct idtap_domain_stats **d = idtap_stats_domains(s, &nr);

    for ( i = 0; i < nr; i++ )
    {
        const struct idtap_row **rows =
            idtap_stats_rows(d[i], table, &nr_rows);

        for ( j = 0; d[i]->domain == domain && j < nr_rows; j++ )
            if ( rows[j]->key == key )
                found = rows[j];
        free(rows);
    }
    free(d);
    return found;
}

const struct idtap_lapic_row *test_lapic_row(const struct idtap_stats *s,
                                             uint16_t domain, uint8_t vector)
{
    const struct idtap_lapic_row *found = NULL;
    unsigned int i, j, nr, nr_rows;
    const struct idtap_domain_stats **d = idtap_stats_domains(s, &nr);

    for ( i = 0; i < nr; i++ )
    {
        const struct idtap_lapic_row **rows =
            idtap_stats_lapic_rows(d[i], &nr_rows);

        for ( j = 0; d[i]->domain == domain && j < nr_rows; j++ )
            if ( rows[j]->key == vector )
                found = rows[j];
        free(rows);
    }
    free(d);
    return found;
}
