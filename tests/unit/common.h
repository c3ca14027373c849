/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests of the reading side share: scratch directories, files,
 * and a writer of synthetic traces that obeys the ABI as the tap does.
 */
#ifndef TESTS_COMMON_H
#define TESTS_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <idtap/metadata.h>
#include <idtap/packet.h>
#include <idtap/stats.h>
#include <idtap/trace.h>

#define TEST_KHZ   1000000u /* a tick is a nanosecond */
#define TEST_START 1000000u /* the trace's first TSC */

/* A new directory under $TMPDIR; free with test_remove(). */
char *test_dir(void);
/* Removes the directory and all in it, and frees the name. */
void test_remove(char *dir);
char *test_path(const char *dir, const char *name); /* malloc'ed */

/* Whole files. */
uint8_t *test_read_file(const char *path, size_t *len);
void test_write_file(const char *path, const void *data, size_t len);

struct idtap_trace_info test_info(void);
void test_metadata(const char *dir, const struct idtap_trace_info *info);

/* A ring stream under construction. */
struct test_stream {
    int fd;
    unsigned int packet_size; /* bytes */
    unsigned int used;
    uint64_t tsc;             /* of the last record */
    uint64_t nr_records;
    struct idtap_packet_header h;
    uint8_t *packet;
};

void test_stream_open(struct test_stream *s, const char *dir, unsigned int cpu,
                      unsigned int packet_size);
/* Adds a record; closes the packet first if there is no room. */
void test_stream_add(struct test_stream *s, const void *record, size_t size);
/* Writes the packet, even an empty one. */
void test_stream_flush(struct test_stream *s);
/* Flushes what there is. */
void test_stream_close(struct test_stream *s);

/* Records, each at s->tsc += dt. */
void test_irq_enter(struct test_stream *s, unsigned int dt, uint16_t domain,
                    uint8_t vector, uint8_t owner, int irq, uint8_t depth,
                    uint16_t flags);
void test_plain(struct test_stream *s, unsigned int dt, uint8_t event,
                uint16_t domain, uint8_t vector, uint16_t flags);
void test_vm_exit(struct test_stream *s, unsigned int dt, uint16_t domain,
                  uint16_t vcpu, uint16_t reason);
/* For an exception, on AMD. */
void test_vm_exit_of(struct test_stream *s, unsigned int dt, uint16_t domain,
                     uint8_t vector, uint16_t flags);
void test_vm_entry(struct test_stream *s, unsigned int dt, uint16_t domain,
                   uint16_t vcpu);
void test_exception(struct test_stream *s, unsigned int dt, uint16_t domain,
                    uint8_t vector, uint16_t flags);
void test_inject(struct test_stream *s, unsigned int dt, uint16_t domain,
                 uint8_t vector, uint16_t flags);
/* As test_inject(), of vCPU `vcpu`, an event of `type`. */
void test_inject_vcpu(struct test_stream *s, unsigned int dt, uint16_t domain,
                      uint16_t vcpu, uint8_t vector, uint8_t type,
                      uint16_t flags);
/* lapic_accept or lapic_eoi, of vCPU `vcpu`. */
void test_lapic(struct test_stream *s, unsigned int dt, uint8_t event,
                uint16_t domain, uint16_t vcpu, uint8_t vector,
                uint16_t flags);
void test_nmi_enter(struct test_stream *s, unsigned int dt, uint16_t domain);
void test_raise(struct test_stream *s, unsigned int dt, uint8_t nr,
                uint32_t cpu);

void test_swint(struct test_stream *s, unsigned int dt, uint16_t domain,
                uint8_t vector);
void test_pv_trap(struct test_stream *s, unsigned int dt, uint16_t domain,
                  uint8_t vector, uint16_t flags);
void test_upcall(struct test_stream *s, unsigned int dt, uint16_t domain,
                 uint16_t vcpu, uint8_t kind, uint8_t vector);
void test_evtchn(struct test_stream *s, unsigned int dt, uint16_t domain,
                 uint16_t vcpu, uint32_t port, uint8_t kind, uint16_t source,
                 uint16_t flags);

/*
 * A whole trace in `dir`: two CPUs, one record of each kind per round and CPU,
 * packets of 4 KiB, names and clock in "meta".  Returns the records of rings.
 */
uint64_t test_small_trace(const char *dir, unsigned int rounds);
#define TEST_META_RECORDS 6u /* of test_small_trace() */

/*
 * Reads all of a trace.  Returns what idtap_trace_open() did, or the code of
 * the first stream error, or 0; *err is filled in on errors.  Counts records of
 * rings and of "meta"; each pointer may be NULL.
 */
int test_read_all(const char *dir, uint64_t *ring, uint64_t *meta,
                  struct idtap_error *err);

/* Feeds a trace that is in order to new statistics. */
struct idtap_stats *test_stats(const char *dir,
                               const struct idtap_select *select);
/* A domain's row, or NULL. */
const struct idtap_row *test_row(const struct idtap_stats *s, uint16_t domain,
                                 enum idtap_table table, uint64_t key);
/* The row of a vector of a domain's local APICs, or NULL. */
const struct idtap_lapic_row *test_lapic_row(const struct idtap_stats *s,
                                             uint16_t domain, uint8_t vector);

#endif /* TESTS_COMMON_H */
