/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes configurations to the tap, most of them wrong: random bytes of random
 * lengths, right ones with some bits or fields changed, right ones.  The rules
 * of include/idtap/control.h are written down here once more; so each answer is
 * known beforehand, and must be that one.  After each the node must read as
 * what is in force: what was accepted last, to the byte.
 *
 *     blobs SEED COUNT DOMID...      the HVM domains that are there
 *
 * The rings' packets are not mapped, so that no interception is in force; their
 * consumed positions are, and are moved on, so that hooks find room and record
 * by all these filters.  In the end nothing is recorded.
 */
#include <sys/mman.h>

#include <xenforeignmemory.h>

#include "raw.h"
#include "rnd.h"

#define PATH IDTAP_HYPFS_DIR "/config"
#define ROOM_EVERY 64

static struct raw raw;
static struct idtap_status status;
static struct idtap_config in_force;
static uint16_t hvm[16];
static unsigned int nr_hvm;
#define NR_PAGES (IDTAP_MAX_CPUS / IDTAP_CONSUMED_PER_PAGE)
static struct idtap_consumed *consumed[NR_PAGES];

enum answer { ACCEPTED, INVALID, TOO_LONG, NO_HVM, NO_HARDWARE, NR_ANSWERS };
static const int errors[NR_ANSWERS] = {
    0, EINVAL, ENOSPC, IDTAP_REFUSE_NO_HVM, IDTAP_REFUSE_HARDWARE,
};
static unsigned long seen[NR_ANSWERS];

static bool is_hvm(uint16_t domain)
{
    unsigned int i;

    for ( i = 0; i < nr_hvm; i++ )
        if ( hvm[i] == domain )
            return true;
    return false;
}

static bool intercepts_right(const struct idtap_config *c)
{
    static const struct idtap_intercept unused;
    unsigned int i, k;

    for ( i = 0; i < 32; i++ )
    {
        const struct idtap_intercept *e = &c->intercepts[i];

        if ( i >= c->nr_intercepts )
        {
            if ( memcmp(e, &unused, sizeof(unused)) )
                return false;
        }
        /* Not NMIs nor machine checks; not the idle domain, nor nobody. */
        else if ( (e->exceptions & 0x40004) || e->flags > 1 ||
                  (e->domain > 0x7ffe && e->domain != 0xfffe) )
            return false;
    }
    /* Nobody twice. */
    for ( i = 0; i < c->nr_intercepts; i++ )
        for ( k = i + 1; k < c->nr_intercepts; k++ )
            if ( c->intercepts[i].domain == c->intercepts[k].domain )
                return false;
    return true;
}

static bool right(const struct idtap_config *c)
{
    unsigned int i;

    if ( c->magic != 0x66436469 || c->version != IDTAP_ABI_VERSION ||
         c->size != 440 || (c->classes & ~0x7ffu) || c->nr_domains > 64 ||
         c->nr_intercepts > 32 || c->pad )
        return false;
    for ( i = 0; i < 64; i++ )
        if ( c->domains[i] > (i < c->nr_domains ? 0x7fff : 0) )
            return false;
    return intercepts_right(c);
}

/* What must be answered to @len bytes of r->buf. */
static enum answer expected(uint64_t len)
{
    const struct idtap_config *c = (const void *)raw.buf;
    unsigned int i;

    len = (uint32_t)len; /* Xen hands on no more of it */
    if ( len > sizeof(*c) )
        return TOO_LONG;
    if ( len != sizeof(*c) || !right(c) )
        return INVALID;
    if ( c->nr_intercepts && !(status.hardware & IDTAP_HW_INTERCEPT) )
        return NO_HARDWARE;
    for ( i = 0; i < c->nr_intercepts; i++ )
        if ( c->intercepts[i].flags && !(status.hardware & IDTAP_HW_SWINT) )
            return NO_HARDWARE;
        else if ( c->intercepts[i].domain != 0xfffe &&
                  !is_hvm(c->intercepts[i].domain) )
            return NO_HVM;
    return ACCEPTED;
}

/* A right one, mostly short lists. */
static void make_right(struct idtap_config *c)
{
    unsigned int i, n = rnd_below(3) ? rnd_below(4) : rnd_below(65);

    memset(c, 0, sizeof(*c));
    c->magic = IDTAP_CONFIG_MAGIC;
    c->version = IDTAP_ABI_VERSION;
    c->size = sizeof(*c);
    c->classes = (uint32_t)rnd() & IDTAP_CLASS_ALL;
    rnd_bytes(c->vectors, sizeof(c->vectors));
    c->nr_domains = n;
    for ( i = 0; i < n; i++ )
        c->domains[i] = rnd_below(2) ? rnd() & 0x7fff
                                     : nr_hvm ? hvm[rnd_below(nr_hvm)] : 0;
    for ( i = 0; i < nr_hvm + 1; i++ )
        if ( !rnd_below(3) )
        {
            struct idtap_intercept *e = &c->intercepts[c->nr_intercepts++];

            e->exceptions = (uint32_t)rnd() & ~IDTAP_INTERCEPT_NEVER;
            e->domain = i < nr_hvm ? hvm[i] : IDTAP_INTERCEPT_ALL;
            e->flags = (status.hardware & IDTAP_HW_SWINT) ? rnd_below(2) : 0;
        }
    /* But for a guest that is not there, or none that can be intercepted. */
    if ( !rnd_below(8) && c->nr_intercepts )
        c->intercepts[c->nr_intercepts - 1].domain =
            rnd_below(2) ? 0 : 0x7000 + rnd_below(0x1000 - 1);
}

/* A field gets a value at one of its bounds, or beyond. */
static void wrong_field(struct idtap_config *c)
{
    static const uint32_t bounds[] = {
        0, 1, 31, 32, 33, 63, 64, 65, 0x7f, 0x80, 0xff, 0x100, 0x3ff, 0x7ff,
        0x800, 0x7ffe, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x10000, 0x40004,
        0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
    };
    uint32_t v = bounds[rnd_below(sizeof(bounds) / sizeof(bounds[0]))];
    struct idtap_intercept *e = &c->intercepts[rnd_below(32)];

    switch ( rnd_below(13) )
    {
    case 0: c->magic = rnd_below(2) ? v : c->magic ^ 1u << rnd_below(32); break;
    case 1: c->version = (uint16_t)(rnd_below(2) ? v : c->version + 1u); break;
    case 2: c->size = (uint16_t)(rnd_below(2) ? v : c->size - 1u); break;
    case 3: c->classes = v; break;
    case 4: c->nr_domains = v; break;
    case 5: c->domains[rnd_below(64)] = (uint16_t)v; break;
    case 6: c->nr_intercepts = v; break;
    case 7: c->pad = v; break;
    case 8: e->exceptions = v; break;
    case 9: e->domain = (uint16_t)v; break;
    case 10: e->flags = (uint16_t)v; break;
    /* A domain a second time, one that is not there. */
    case 11: e->domain = c->intercepts[0].domain; break;
    case 12: e->domain = (uint16_t)rnd() & 0x7fff; break;
    }
}

/* Something for r->buf; returns how much of it to write. */
static uint64_t make_any(void)
{
    struct idtap_config *c = (void *)raw.buf;
    unsigned int i;

    make_right(c);
    switch ( rnd_below(10) )
    {
    case 0: /* anything, of any length */
        rnd_bytes(raw.buf, 600);
        return rnd_below(600);
    case 1: /* anything of the right length */
        rnd_bytes(raw.buf, sizeof(*c));
        break;
    case 2: /* the right thing, nearly as long */
        return sizeof(*c) - 4 + rnd_below(9);
    case 3: /* lengths that do not fit what they are kept in */
        switch ( rnd_below(6) )
        {
        case 0: return 0;
        case 1: return 1;
        case 2: return RAW_BUFFER;
        case 3: return ~0ull >> rnd_below(33);
        case 4: return rnd() << 32 | sizeof(*c);
        default: return rnd() | 1ull << 31;
        }
    case 4: /* a header, and anything behind it */
        rnd_bytes(&c->classes, sizeof(*c) - offsetof(struct idtap_config,
                                                     classes));
        break;
    case 5:
    case 6: /* a few bits */
        for ( i = rnd_below(4) + 1; i; i-- )
            raw.buf[rnd_below(sizeof(*c))] ^= (uint8_t)(1u << rnd_below(8));
        break;
    case 7:
    case 8: /* a few fields */
        for ( i = rnd_below(3) + 1; i; i-- )
            wrong_field(c);
        break;
    default: /* right */
        break;
    }
    return sizeof(*c);
}

static int failed(const char *what, unsigned long n, int rc)
{
    printf("blobs: FAILURE %s, blob %lu: %d\n", what, n, rc);
    return 1;
}

/* What is in force is @in_force, whatever was tried. */
static int check_in_force(unsigned long n)
{
    int rc = raw_read(&raw, PATH);

    if ( rc || raw_length(&raw) != sizeof(in_force) )
        return failed("the node cannot be read", n, rc);
    if ( memcmp(raw_content(&raw), &in_force, sizeof(in_force)) )
        return failed("something else is in force", n, 0);
    return 0;
}

static int one(unsigned long n)
{
    uint64_t len = make_any();
    enum answer answer = expected(len);
    int rc = raw_at(&raw, XEN_HYPFS_OP_write_contents, PATH, raw.buf, len);

    if ( rc != -errors[answer] )
    {
        printf("blobs: length %#llx, expected %d\n", (unsigned long long)len,
               -errors[answer]);
        return failed("the wrong answer", n, rc);
    }
    seen[answer]++;
    if ( !rc )
        memcpy(&in_force, raw.buf, sizeof(in_force));
    return check_in_force(n);
}

/* Declares all complete packets as read; adds up what was recorded. */
static int make_room(uint64_t *records)
{
    unsigned int i;
    int rc = idtap_status(raw.host, &status);

    for ( *records = 0, i = 0; !rc && i < status.nr_cpus; i++ )
    {
        *records += status.cpu[i].records;
        if ( status.cpu[i].present )
            __atomic_store_n(&consumed[i / IDTAP_CONSUMED_PER_PAGE]
                                      [i % IDTAP_CONSUMED_PER_PAGE].packets,
                             status.cpu[i].packets, __ATOMIC_RELEASE);
    }
    return rc;
}

static int map_consumed(xenforeignmemory_handle *fmem)
{
    unsigned int i;

    for ( i = 0; i < NR_PAGES; i++ )
    {
        xen_pfn_t frame = status.rings.consumed_mfn[i];
        int err = 0;

        if ( !frame )
            continue;
        consumed[i] = xenforeignmemory_map(fmem, DOMID_XEN,
                                           PROT_READ | PROT_WRITE, 1, &frame,
                                           &err);
        if ( !consumed[i] || err )
            return err ? err : -errno;
    }
    return 0;
}

static int write_all(unsigned long count)
{
    uint64_t before, records;
    unsigned long i;
    int rc = make_room(&before);

    if ( rc )
        return failed("idtap_status()", 0, rc);
    in_force = status.config;
    for ( i = 1; i <= count; i++ )
    {
        if ( i % ROOM_EVERY == 0 && (rc = make_room(&records)) )
            return failed("idtap_status()", i, rc);
        if ( one(i) )
            return 1;
    }

    make_right(&in_force);
    in_force.classes = in_force.nr_intercepts = 0;
    memset(in_force.intercepts, 0, sizeof(in_force.intercepts));
    if ( (rc = idtap_configure(raw.host, &in_force)) ||
         (rc = make_room(&records)) )
        return failed("the end", i, rc);
    if ( check_in_force(i) )
        return 1;
    for ( i = 0; i < NR_ANSWERS; i++ )
        printf("blobs: %lu times %d\n", seen[i], -errors[i]);
    if ( !seen[ACCEPTED] || !seen[INVALID] || !seen[TOO_LONG] ||
         !seen[NO_HVM] )
        return failed("not all answers came", count, 0);
    printf("blobs: OK %lu blobs, %llu records\n", count,
           (unsigned long long)(records - before));
    return 0;
}

int main(int argc, char **argv)
{
    xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);
    int rc;

    if ( argc < 3 || argc - 3 > (int)(sizeof(hvm) / sizeof(hvm[0])) )
    {
        fprintf(stderr, "Usage: blobs SEED COUNT DOMID...\n");
        return 2;
    }
    rnd_seed(strtoull(argv[1], NULL, 0));
    printf("blobs: seed %s\n", argv[1]);
    for ( ; (int)nr_hvm + 3 < argc; nr_hvm++ )
        hvm[nr_hvm] = (uint16_t)strtoul(argv[nr_hvm + 3], NULL, 0);

    if ( !fmem || (rc = raw_open(&raw)) )
        return failed("no way to Xen", 0, fmem ? rc : -errno);
    rc = idtap_status(raw.host, &status);
    if ( rc || status.state != IDTAP_STATE_ATTACHED )
        return failed("no tap", 0, rc);
    if ( (rc = map_consumed(fmem)) )
        return failed("consumed positions", 0, rc);
    rc = write_all(strtoul(argv[2], NULL, 0));
    raw_close(&raw);
    xenforeignmemory_close(fmem); /* which unmaps nothing: the end does */
    return rc;
}
