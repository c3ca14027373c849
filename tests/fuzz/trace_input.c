/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes a directory of streams of a fuzzer's bytes. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <idtap/metadata.h>
#include <idtap/trace.h>

#include "fuzz.h"
#include "scratch.h"
#include "trace_input.h"

#define FILE_MAX (256u << 10)

const char *const input_files[INPUT_METADATA + 1] = {
    "meta", "cpu0", "cpu1", "cpu2", "cpu200", IDTAP_METADATA_FILE,
};
const int input_cpus[INPUT_STREAMS] = { -1, 0, 1, 2, 200 };

/* A file under construction. */
struct file {
    uint8_t *data;
    size_t len;
    uint64_t seq, tsc, discarded;
};

struct bytes {
    const uint8_t *p, *end;
};

static uint8_t take(struct bytes *b)
{
    return b->p < b->end ? *b->p++ : 0;
}

/* Adds what fits: a fuzzer's trace need not be long. */
static uint8_t *grow(struct file *f, size_t n)
{
    if ( !n || f->len + n > FILE_MAX )
        return NULL;
    f->data = realloc(f->data, f->len + n);
    FUZZ_CHECK(f->data);
    memset(f->data + f->len, 0, n);
    f->len += n;
    return f->data + f->len - n;
}

static void raw(struct file *f, const struct bytes *b, unsigned int how)
{
    size_t n = (size_t)(b->end - b->p), pad = 0;
    uint8_t *at;

    if ( how & INPUT_PAD )
        pad = -n % IDTAP_PACKET_SIZE_MIN;
    at = grow(f, n + pad);
    if ( at && b->p < b->end )
        memcpy(at, b->p, n);
}

static uint16_t domain_of(uint8_t byte)
{
    return byte == 0xff ? IDTAP_DOMID_NONE : byte == 0xfe ? IDTAP_DOMID_IDLE :
           byte > 0xf0 ? 0x7f00u + byte : byte;
}

/* A record in full at @out, which has room; its size, 0 if there is none. */
static size_t record(struct file *f, struct bytes *b, int cpu, uint8_t *out)
{
    struct idtap_record r = { .event = take(b) };
    size_t size = idtap_record_bytes[r.event], i;
    unsigned int low, dt;

    if ( !size || (r.event < IDTAP_EV_NR_RING) != (cpu >= 0) )
        return 0;
    r.vector = take(b);
    low = take(b);
    r.flags = (uint16_t)((low | take(b) << 8) & IDTAP_F_ALL);
    r.domain = domain_of(take(b));
    r.vcpu = take(b);
    dt = take(b);
    f->tsc += (uint64_t)dt << (take(b) % 40);
    r.tsc = f->tsc;
    memcpy(out, &r, sizeof(r));
    for ( i = sizeof(r); i < size; i++ )
        out[i] = take(b);
    /* A text ends within its field. */
    if ( r.event == IDTAP_EV_DOMAIN || r.event == IDTAP_EV_TRIGGER )
        out[size - 1] = '\0';
    return size;
}

static void cooked(struct file *f, struct bytes *b, int cpu)
{
    static union { uint8_t bytes[IDTAP_PACKET_SIZE_MIN]; uint64_t align; } p;
    struct idtap_packet_header h = {
        .magic = IDTAP_CTF_MAGIC,
        .stream_id = cpu < 0 ? IDTAP_STREAM_META : IDTAP_STREAM_RING,
        .packet_size = sizeof(p) * 8,
        .cpu_id = cpu < 0 ? 0 : (uint32_t)cpu,
        .abi_version = IDTAP_ABI_VERSION,
    };
    size_t used = sizeof(h), n;
    uint8_t *at;

    memset(&p, 0, sizeof(p));
    h.events_discarded = f->discarded += take(b);
    h.packet_seq_num = f->seq += take(b);
    f->seq++;
    h.timestamp_begin = f->tsc;
    /* The longest record is one of "meta". */
    while ( b->p < b->end &&
            used + sizeof(struct idtap_trigger) <= sizeof(p) &&
            (n = record(f, b, cpu, p.bytes + used)) )
        used += n;
    h.timestamp_end = f->tsc;
    h.content_size = used * 8;
    memcpy(p.bytes, &h, sizeof(h));
    at = grow(f, sizeof(p));
    if ( at )
        memcpy(at, &p, sizeof(p));
}

static void write_file(int dir, const char *name, const struct file *f)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(write(fd, f->data, f->len) == (ssize_t)f->len);
    close(fd);
}

static void write_metadata(int dir, unsigned int how)
{
    static const uint64_t khz[4] = { 1000000, 2400123, 1, IDTAP_TSC_KHZ_MAX };
    struct idtap_trace_info info = {
        .uuid = { 1, 2, 3 }, .tsc_khz = khz[how >> 1 & 3],
        .start_tsc = INPUT_START, .start_realtime_ns = 1700000000123456789ull,
        .xen_version = "4.17.5", .xen_build_id = "39a640e6f1",
        .cpu_model = "model", .hostname = "host", .idtap_version = "0.1.0",
        .command = "idtap record",
    };

    strcpy(info.cpu_vendor, how & 1 ? "Intel" : "AMD");
    FUZZ_CHECK(!idtap_metadata_write(dir, &info));
}

char *input_write(const char *name, const uint8_t *data, size_t size)
{
    struct file files[INPUT_METADATA + 1];
    struct bytes all = { data, data + size };
    unsigned int how = take(&all), i;
    char *path = NULL;
    int dir;

    memset(files, 0, sizeof(files));
    for ( i = 0; i < INPUT_STREAMS; i++ )
        files[i].tsc = INPUT_START;
    while ( all.p < all.end )
    {
        unsigned int kind = take(&all), which = kind & 7;
        size_t len = take(&all), left;
        struct bytes b;

        len |= (size_t)take(&all) << 8;
        left = (size_t)(all.end - all.p);
        b = (struct bytes){ all.p, all.p + (len < left ? len : left) };
        all.p = b.end;
        if ( which > INPUT_METADATA )
            continue;
        if ( (kind & INPUT_RAW) || which == INPUT_METADATA )
            raw(&files[which], &b, kind);
        else
            cooked(&files[which], &b, input_cpus[which]);
    }

    FUZZ_CHECK(asprintf(&path, "%s/%s", scratch_dir(), name) > 0);
    mkdir(path, 0700);
    dir = open(path, O_RDONLY | O_DIRECTORY);
    FUZZ_CHECK(dir >= 0);
    for ( i = 0; i <= INPUT_METADATA; i++ )
    {
        unlinkat(dir, input_files[i], 0);
        if ( files[i].data )
            write_file(dir, input_files[i], &files[i]);
        free(files[i].data);
    }
    if ( !files[INPUT_METADATA].data )
        write_metadata(dir, how);
    close(dir);
    return path;
}
