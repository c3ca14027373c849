/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes the metadata of a trace.  The text must say exactly what record.h and
 * packet.h say in C, for there is no other place where a foreign reader learns
 * it; the unit tests hold it against a foreign reader.
 *
 * Rules: every type is aligned to a byte, so that TSDL adds no padding of its
 * own (the structures have theirs, explicitly).  What users may name (hosts,
 * command lines) goes through put_string() only.  The last line is a checksum
 * of the lines before it: a wrong digit in the clock's frequency would
 * otherwise turn into wrong times without a word.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <idtap/metadata.h>
#include <idtap/names.h>
#include <idtap/packet.h>

#include "crc32.h"

#define UNFINISHED "." IDTAP_METADATA_FILE

/* A TSDL string literal; everything but plain ASCII becomes \ooo. */
static void put_string(FILE *f, const char *s)
{
    fputc('"', f);

    for ( ; *s; s++ )
    {
        unsigned char c = (unsigned char)*s;

        if ( c == '"' || c == '\\' )
            fprintf(f, "\\%c", c);
        else if ( c < ' ' || c > '~' )
            fprintf(f, "\\%03o", c);
        else
            fputc(c, f);
    }

    fputc('"', f);
}

static void put_env(FILE *f, const char *key, const char *value)
{
    fprintf(f, "    %s = ", key);
    put_string(f, value);
    fputs(";\n", f);
}

static void put_trace(FILE *f, const struct idtap_trace_info *info)
{
    unsigned int i;

    fputs("/* CTF 1.8 */\n"
          "typealias integer { size = 8; align = 8; signed = false; } := u8;\n"
          "typealias integer { size = 16; align = 8; signed = false; } := u16;\n"
          "typealias integer { size = 32; align = 8; signed = false; } := u32;\n"
          "typealias integer { size = 64; align = 8; signed = false; } := u64;\n"
          "typealias integer { size = 32; align = 8; signed = true; } := s32;\n"
          "typealias integer { size = 16; align = 8; signed = false;"
          " base = 16; } := x16;\n"
          "typealias integer { size = 32; align = 8; signed = false;"
          " base = 16; } := x32;\n"
          "typealias integer { size = 64; align = 8; signed = false;"
          " base = 16; } := x64;\n"
          "typealias integer { size = 8; align = 8; signed = false;"
          " encoding = UTF8; } := text;\n"
          "trace {\n"
          "    major = 1;\n"
          "    minor = 8;\n"
          "    uuid = \"", f);
    for ( i = 0; i < 16; i++ )
        fprintf(f, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                info->uuid[i]);
    fputs("\";\n"
          "    byte_order = le;\n"
          "    packet.header := struct {\n"
          "        u32 magic;\n"
          "        u32 stream_id;\n"
          "    };\n"
          "};\n", f);
}

static void put_env_block(FILE *f, const struct idtap_trace_info *info)
{
    fputs("env {\n"
          "    domain = \"xen\";\n"
          "    tracer_name = \"idtap\";\n", f);
    fprintf(f, "    idtap_abi = %d;\n", IDTAP_ABI_VERSION);
    put_env(f, "idtap_version", info->idtap_version);
    put_env(f, "xen_version", info->xen_version);
    put_env(f, "xen_build_id", info->xen_build_id);
    put_env(f, "cpu_vendor", info->cpu_vendor);
    put_env(f, "cpu_model", info->cpu_model);
    put_env(f, "hostname", info->hostname);
    put_env(f, "command", info->command);
    fprintf(f, "    tsc_khz = %" PRIu64 ";\n", info->tsc_khz);
    fprintf(f, "    start_tsc = %" PRIu64 ";\n", info->start_tsc);
    fprintf(f, "    start_realtime_ns = %" PRIu64 ";\n",
            info->start_realtime_ns);
    fputs("};\n", f);
}

/*
 * A TSC counts from the machine's start; the offsets place its zero on the
 * calendar: offset_s seconds and `offset` ticks after 1970.
 */
static void put_clock(FILE *f, const struct idtap_trace_info *info)
{
    __int128 freq = (__int128)info->tsc_khz * 1000;
    __int128 start = (__int128)info->start_realtime_ns * info->tsc_khz /
                     1000000;
    __int128 zero = start - info->start_tsc;
    __int128 sec = zero / freq, rest = zero % freq;

    if ( rest < 0 )
    {
        rest += freq;
        sec--;
    }

    fprintf(f,
            "clock {\n"
            "    name = \"tsc\";\n"
            "    description = \"time stamp counter of the host\";\n"
            "    freq = %" PRIu64 ";\n"
            "    offset_s = %" PRId64 ";\n"
            "    offset = %" PRIu64 ";\n"
            "    absolute = true;\n"
            "};\n"
            "typealias integer { size = 64; align = 8; signed = false;"
            " map = clock.tsc.value; } := tsc;\n",
            (uint64_t)freq, (int64_t)sec, (uint64_t)rest);
}

static void put_stream(FILE *f, unsigned int id)
{
    fprintf(f,
            "stream {\n"
            "    id = %u;\n"
            "    packet.context := struct {\n"
            "        tsc timestamp_begin;\n"
            "        tsc timestamp_end;\n"
            "        u64 content_size;\n"
            "        u64 packet_size;\n"
            "        u64 packet_seq_num;\n"
            "        u64 events_discarded;\n"
            "        u32 cpu_id;\n"
            "        u32 abi_version;\n"
            "    };\n"
            "    event.header := struct {\n"
            "        tsc timestamp;\n"
            "        u8 id;\n"
            "    };\n"
            "    event.context := struct {\n"
            "        u8 vector;\n"
            "        x16 flags;\n"
            "        u16 domain;\n"
            "        u16 vcpu;\n"
            "    };\n"
            "};\n", id);
}

static void put_enums(FILE *f, enum idtap_vendor vendor)
{
    size_t i, nr;
    const struct idtap_reason *r = idtap_reasons(vendor, &nr);

    fputs("enum irq_owner : u8 {", f);
    for ( i = 0; idtap_owner_name(i); i++ )
        fprintf(f, " \"%s\" = %zu,", idtap_owner_name(i), i);
    fputs(" };\n"
          "enum event_type : u8 {", f);
    for ( i = 0; i < 8; i++ )
        if ( idtap_type_name(i) )
            fprintf(f, " \"%s\" = %zu,", idtap_type_name(i), i);
    fputs(" };\n"
          "enum upcall_kind : u8 {", f);
    for ( i = 0; idtap_upcall_name(i); i++ )
        fprintf(f, " \"%s\" = %zu,", idtap_upcall_name(i), i);
    fputs(" };\n"
          "enum evtchn_kind : u8 {", f);
    for ( i = 0; i < 8; i++ )
        if ( idtap_evtchn_name(i) )
            fprintf(f, " \"%s\" = %zu,", idtap_evtchn_name(i), i);
    fputs(" };\n"
          "enum exit_reason : x16 {", f);
    /* An enumeration must have a name; a code of no meaning takes the part. */
    if ( !nr )
        fputs(" \"NONE\" = 0xfffe,", f);
    for ( i = 0; i < nr; i++ )
        fprintf(f, "%s\"%s\" = %" PRIu32 ",", i % 4 ? " " : "\n    ",
                r[i].name, r[i].code);
    fputs("\n};\n", f);
}

static void put_event(FILE *f, unsigned int id, const char *fields)
{
    fprintf(f, "event { id = %u; name = \"%s\"; stream_id = %u;"
            " fields := struct { %s}; };\n",
            id, idtap_event_name(id),
            id < IDTAP_EV_NR_RING ? IDTAP_STREAM_RING : IDTAP_STREAM_META,
            fields);
}

static void put_events(FILE *f)
{
    put_event(f, IDTAP_EV_IRQ_ENTER,
              "s32 irq; enum irq_owner owner; u8 depth; u16 pad; ");
    put_event(f, IDTAP_EV_IRQ_EXIT, "");
    put_event(f, IDTAP_EV_VM_EXIT,
              "x64 rip; enum exit_reason reason; x16 delivery; x32 detail; ");
    put_event(f, IDTAP_EV_VM_ENTRY, "");
    put_event(f, IDTAP_EV_EXCEPTION,
              "x64 rip; x64 address; x32 error_code; u8 orig_vector;"
              " enum event_type type; u16 pad; ");
    put_event(f, IDTAP_EV_NMI_ENTER, "x64 rip; ");
    put_event(f, IDTAP_EV_NMI_EXIT, "");
    put_event(f, IDTAP_EV_INJECT,
              "x32 error_code; enum event_type type; u8 insn_len; u16 pad; ");
    put_event(f, IDTAP_EV_SOFTIRQ_RAISE, "u32 cpu; u32 pad; ");
    put_event(f, IDTAP_EV_SOFTIRQ_ENTER, "");
    put_event(f, IDTAP_EV_SOFTIRQ_EXIT, "");
    put_event(f, IDTAP_EV_LAPIC_ACCEPT, "");
    put_event(f, IDTAP_EV_LAPIC_EOI, "");
    put_event(f, IDTAP_EV_SWINT, "x64 rip; ");
    put_event(f, IDTAP_EV_PV_TRAP,
              "x64 rip; x64 address; x32 error_code; u8 orig_vector;"
              " enum event_type type; u16 pad; ");
    put_event(f, IDTAP_EV_PV_UPCALL,
              "x64 rip; x32 error_code; enum upcall_kind kind; u8 pad[3]; ");
    put_event(f, IDTAP_EV_EVTCHN,
              "u32 port; u16 source; enum evtchn_kind kind; u8 pad; ");

    put_event(f, IDTAP_EV_CLOCK_SYNC,
              "u64 realtime_ns; u64 system_time_ns; u64 uncertainty_ns; ");
    put_event(f, IDTAP_EV_DOMAIN, "text name[48]; ");
    _Static_assert(IDTAP_NAME_LEN == 48, "the line above says it");
    put_event(f, IDTAP_EV_ATTACH, "");
    put_event(f, IDTAP_EV_DETACH, "");
    put_event(f, IDTAP_EV_LOST, "u64 count; u32 cpu; u32 pad; ");
    put_event(f, IDTAP_EV_CONFIG, "x32 classes; u32 pad; ");
    put_event(f, IDTAP_EV_TRIGGER, "text message[112]; ");
    _Static_assert(IDTAP_TRIGGER_LEN == 112, "the line above says it");
}

/* The whole text, malloc'ed; NULL for want of memory. */
static char *render(const struct idtap_trace_info *info, size_t *len)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, len);
    bool bad;

    if ( !f )
        return NULL;

    put_trace(f, info);
    put_env_block(f, info);
    put_clock(f, info);
    put_stream(f, IDTAP_STREAM_RING);
    put_stream(f, IDTAP_STREAM_META);
    put_enums(f, idtap_vendor_of(info->cpu_vendor));
    put_events(f);

    /* After fflush(), `text` and `len` cover what was put so far. */
    if ( fflush(f) == 0 )
        fprintf(f, "/* crc32 0x%08" PRIx32 " */\n", idtap_crc32(text, *len));

    bad = ferror(f);
    if ( fclose(f) || bad )
    {
        free(text);
        return NULL;
    }

    return text;
}

int idtap_metadata_write(int dirfd, const struct idtap_trace_info *info)
{
    size_t len = 0, done = 0;
    char *text;
    int fd, rc = 0;

    if ( !info->tsc_khz || info->tsc_khz > IDTAP_TSC_KHZ_MAX )
        return -EINVAL;

    text = render(info, &len);
    if ( !text )
        return -ENOMEM;

    /* Under its name it is whole: who writes it may be killed meanwhile. */
    if ( !faccessat(dirfd, IDTAP_METADATA_FILE, F_OK, AT_SYMLINK_NOFOLLOW) )
        fd = -EEXIST;
    else if ( (fd = openat(dirfd, UNFINISHED, O_WRONLY | O_CREAT | O_TRUNC |
                           O_NOFOLLOW | O_CLOEXEC, 0600)) < 0 )
        fd = -errno;
    if ( fd < 0 )
    {
        free(text);
        return fd;
    }

    while ( done < len )
    {
        ssize_t n = write(fd, text + done, len - done);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
        {
            rc = n ? -errno : -EIO;
            break;
        }
        done += (size_t)n;
    }

    if ( close(fd) && !rc )
        rc = -errno;
    if ( !rc && renameat(dirfd, UNFINISHED, dirfd, IDTAP_METADATA_FILE) )
        rc = -errno;
    if ( rc )
        unlinkat(dirfd, UNFINISHED, 0);

    free(text);
    return rc;
}
