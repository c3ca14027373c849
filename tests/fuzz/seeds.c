/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes seeds for the fuzzers of traces of a real trace, in their form
 * (trace_input.h): its first records in short, and its first packets as they
 * are, without the zeros at their ends.
 *
 * Usage: seeds TRACE RECORDS PREFIX     writes PREFIX-short and PREFIX-raw
 */
#include <fcntl.h>
#include <unistd.h>

#include <idtap/trace.h>

#include "fuzz.h"
#include "trace_input.h"

/* Files of the input that this trace's pCPUs go into, in their order. */
static unsigned int nr_cpus;

static FILE *begin(const char *prefix, const char *suffix, uint8_t how)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof(path), "%s-%s", prefix, suffix);
    f = fopen(path, "w");
    FUZZ_CHECK(f);
    fputc(how, f);
    return f;
}

static void chunk(FILE *f, unsigned int kind, const void *data, size_t len)
{
    FUZZ_CHECK(len <= UINT16_MAX);
    fputc((int)kind, f);
    fputc((int)(len & 0xff), f);
    fputc((int)(len >> 8), f);
    FUZZ_CHECK(fwrite(data, 1, len, f) == len);
}

static unsigned int file_of(int cpu)
{
    if ( cpu < 0 )
        return 0;
    return 1 + nr_cpus++ % 4;
}

static uint8_t short_domain(uint16_t domain)
{
    return domain == IDTAP_DOMID_NONE ? 0xff :
           domain == IDTAP_DOMID_IDLE ? 0xfe : domain % 0xf0;
}

static size_t short_record(uint8_t *out, const struct idtap_record *r,
                           uint64_t *tsc)
{
    uint64_t dt = r->tsc - *tsc;
    size_t size = idtap_record_bytes[r->event];
    unsigned int shift = 0;

    while ( dt >> shift > 0xff )
        shift++;
    *tsc = r->tsc;
    out[0] = r->event;
    out[1] = r->vector;
    out[2] = (uint8_t)r->flags;
    out[3] = (uint8_t)(r->flags >> 8);
    out[4] = short_domain(r->domain);
    out[5] = (uint8_t)r->vcpu;
    out[6] = (uint8_t)(dt >> shift);
    out[7] = (uint8_t)shift;
    memcpy(out + INPUT_RECORD, r + 1, size - sizeof(*r));
    return size - sizeof(*r) + INPUT_RECORD;
}

/* A packet's first records, at most *left of them. */
static void put_short(FILE *f, unsigned int file, const struct idtap_packet *p,
                      unsigned int *left, uint64_t *tsc)
{
    static uint8_t out[IDTAP_PACKET_SIZE_MIN];
    const uint8_t *r = p->begin;
    size_t len = 2;

    out[0] = (uint8_t)p->discarded;
    out[1] = (uint8_t)p->lost_packets;
    for ( ; r < p->end && *left && len + 128 < sizeof(out); (*left)-- )
    {
        len += short_record(out + len, idtap_record_at(r), tsc);
        r = idtap_record_next(r);
    }
    chunk(f, file, out, len);
}

static void put_raw(FILE *f, unsigned int file, const struct idtap_packet *p,
                    int fd)
{
    size_t len = p->header.content_size / 8;
    uint8_t *data = malloc(len);

    FUZZ_CHECK(data && pread(fd, data, len, (off_t)p->offset) == (ssize_t)len);
    /* Padding to 4 KiB makes a whole packet of it only if that is its size. */
    if ( p->header.packet_size / 8 == IDTAP_PACKET_SIZE_MIN )
        chunk(f, file | INPUT_RAW | INPUT_PAD, data, len);
    else if ( p->header.packet_size == p->header.content_size )
        chunk(f, file | INPUT_RAW, data, len);
    free(data);
}

int main(int argc, char **argv)
{
    static struct idtap_error err;
    unsigned int i, records;
    struct idtap_trace *t;
    FILE *brief, *raw;
    uint8_t how;

    if ( argc != 4 || idtap_trace_open(argv[1], &t, &err) )
    {
        fprintf(stderr, "Usage: seeds TRACE RECORDS PREFIX\n%s\n", err.what);
        return 2;
    }
    records = (unsigned int)strtoul(argv[2], NULL, 10);
    how = idtap_trace_info(t)->cpu_vendor[0] == 'I';
    brief = begin(argv[3], "short", how);
    raw = begin(argv[3], "raw", how);
    for ( i = 0; i < idtap_trace_nr_streams(t); i++ )
    {
        int cpu = idtap_trace_stream_cpu(t, i), fd = -1;
        unsigned int file = file_of(cpu), left = records, packets = 0;
        uint64_t tsc = idtap_trace_info(t)->start_tsc;
        struct idtap_cursor *c;
        struct idtap_packet p;

        FUZZ_CHECK(!idtap_cursor_open(t, i, &c));
        while ( left && idtap_cursor_next(c, &p, &err) > 0 )
        {
            if ( fd < 0 )
                fd = open(p.path, O_RDONLY);
            put_short(brief, file, &p, &left, &tsc);
            if ( packets++ < 2 )
                put_raw(raw, file, &p, fd);
        }
        close(fd);
        idtap_cursor_close(c);
    }
    idtap_trace_close(t);
    return fclose(brief) || fclose(raw) ? 1 : 0;
}
