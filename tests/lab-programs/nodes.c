/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks hypfs for whatever comes to mind under /idtap: reads with buffers of any
 * size, a byte too small among them, and of no memory; writes of any length to
 * every node; paths that are none, operations that do not exist.  What must be
 * answered is known for each.
 *
 *     nodes SEED COUNT
 *
 * No recorder may be at work.  What a refused write must not change is compared:
 * everything but clocks and counters.
 */
#include <sys/mman.h>

#include "raw.h"
#include "rnd.h"

#define PAGE 4096u
#define GUARD 0xa5
#define MAX_NODES 2048

struct node {
    char path[64];
    uint32_t type, length, max_write;
    uint8_t *content; /* as it was in the beginning */
};

static struct raw raw;
static struct node nodes[MAX_NODES];
static unsigned int nr_nodes;
static uint8_t *edge; /* what follows it is no memory */
static uint32_t flushes, classes;
static unsigned long refused, done;

static int failed(const char *what, const char *path, int rc)
{
    printf("nodes: FAILURE %s: %s: %d\n", path, what, rc);
    return 1;
}

static int add_node(const char *path);

/* The nodes of the directory that raw.buf holds. */
static int add_directory(const char *path)
{
    uint8_t *list = malloc(raw_length(&raw));
    const struct xen_hypfs_dirlistentry *e = (const void *)list;
    int rc = !list;

    if ( list && raw_length(&raw) )
    {
        memcpy(list, raw_content(&raw), raw_length(&raw));
        for ( ;; e = (const void *)((const uint8_t *)e + e->off_next) )
        {
            char name[64];

            snprintf(name, sizeof(name), "%s/%s", path, e->name);
            rc = add_node(name);
            if ( rc || !e->off_next )
                break;
        }
    }
    free(list);
    return rc;
}

static int add_node(const char *path)
{
    struct node *n = &nodes[nr_nodes];
    const struct xen_hypfs_direntry *e = (const void *)raw.buf;
    int rc = raw_read(&raw, path);

    if ( rc || nr_nodes == MAX_NODES )
        return failed("cannot be read", path, rc);
    nr_nodes++;
    snprintf(n->path, sizeof(n->path), "%s", path);
    n->type = e->type;
    n->length = e->content_len;
    n->max_write = e->max_write_len;
    n->content = malloc(n->length + 1);
    if ( !n->content )
        return failed("no memory", path, 0);
    memcpy(n->content, e + 1, n->length);
    return n->type == XEN_HYPFS_TYPE_DIR ? add_directory(path) : 0;
}

static bool is(const struct node *n, const char *name)
{
    return !strcmp(strrchr(n->path, '/') + 1, name);
}

/* Changes by itself; or, of a directory, the bytes between two names. */
static bool moves(const struct node *n)
{
    return n->type == XEN_HYPFS_TYPE_DIR || is(n, "clock") ||
           is(n, "records") || is(n, "discards") || is(n, "packets") ||
           is(n, "caused");
}

/* With @size bytes of room, at the edge of memory or not. */
static int read_one(const struct node *n, uint64_t size, bool at_edge)
{
    const uint64_t need = sizeof(struct xen_hypfs_direntry) + n->length;
    uint8_t *buf = at_edge && size <= PAGE ? edge - size : raw.buf;
    uint64_t guarded = size < need ? sizeof(struct xen_hypfs_direntry) : need;
    int want = size < sizeof(struct xen_hypfs_direntry) ? -EINVAL :
               size < need ? -ENOBUFS : 0;
    unsigned int i;
    int rc;

    if ( want == -EINVAL )
        guarded = 0;
    memset(raw.buf, GUARD, need + 64);
    rc = raw_at(&raw, XEN_HYPFS_OP_read, n->path, buf, size);
    if ( rc != want )
        return failed("read", n->path, rc);
    for ( i = 0; buf == raw.buf && i < 64; i++ )
        if ( buf[guarded + i] != GUARD )
            return failed("read wrote too far", n->path, (int)i);
    if ( !rc && !moves(n) && !is(n, "flush") &&
         memcmp(buf + sizeof(struct xen_hypfs_direntry), n->content, n->length) )
        return failed("something else is there", n->path, 0);
    done += !rc;
    refused += !!rc;
    return 0;
}

/* Says it has room for more than there is memory: the answer is -EFAULT. */
static int read_beyond(const struct node *n)
{
    unsigned int room = rnd_below(sizeof(struct xen_hypfs_direntry) +
                                  n->length);
    int rc;

    if ( room > PAGE )
        room = PAGE;
    rc = raw_at(&raw, XEN_HYPFS_OP_read, n->path, edge - room, RAW_BUFFER);
    refused++;
    return rc == -EFAULT ? 0 : failed("read beyond memory", n->path, rc);
}

static int read_any(const struct node *n)
{
    const uint32_t need = sizeof(struct xen_hypfs_direntry) + n->length;

    switch ( rnd_below(8) )
    {
    case 0: return read_one(n, 0, rnd_below(2));
    case 1: return read_one(n, 1, rnd_below(2));
    case 2: return read_one(n, need - 1, rnd_below(2));
    case 3: return read_one(n, need, rnd_below(2));
    case 4: return read_one(n, need + rnd_below(64), rnd_below(2));
    case 5: return read_one(n, rnd() | 1ull << 40, false);
    case 6: return read_beyond(n);
    default: return read_one(n, rnd_below(need + 8), rnd_below(2));
    }
}

/* What Xen, or the tap, must say to @len bytes of @value for this node. */
static int expected(const struct node *n, uint32_t len, uint32_t value)
{
    if ( !n->max_write )
        return -EACCES;
    if ( len > n->max_write )
        return -ENOSPC;
    if ( !is(n, "flush") )
        return -EINVAL; /* the configuration: tests/lab-programs/blobs.c */
    if ( len != sizeof(value) )
        return -EDOM;
    if ( value == IDTAP_FLUSH )
        return 0;
    return (value == IDTAP_FLUSH_RESTART || value == IDTAP_FLUSH_OVERWRITE) &&
           !classes ? 0 : -EINVAL;
}

/* Nothing has changed but the count of flushes. */
static int check_unchanged(const struct node *n)
{
    int rc = raw_read(&raw, n->path);

    if ( rc || raw_length(&raw) != n->length )
        return failed("cannot be read any more", n->path, rc);
    if ( is(n, "flush") )
        return memcmp(raw_content(&raw), &flushes, sizeof(flushes))
               ? failed("the wrong count of flushes", n->path, 0) : 0;
    if ( !moves(n) && memcmp(raw_content(&raw), n->content, n->length) )
        return failed("a refused write changed it", n->path, 0);
    return 0;
}

static int write_any(const struct node *n)
{
    static const uint64_t lengths[] = {
        0, 1, 3, 4, 5, 8, 439, 440, 441, PAGE, RAW_BUFFER, 1ull << 31,
        (1ull << 32) + 4, ~0ull,
    };
    uint64_t len = rnd_below(4) ? lengths[rnd_below(sizeof(lengths) / 8)]
                                : rnd_below(1024);
    uint32_t value = rnd_below(8) ? rnd_below(6) : (uint32_t)rnd();
    bool beyond = !rnd_below(8);
    int want = expected(n, (uint32_t)len, value), rc;
    void *buf = raw.buf;

    rnd_bytes(raw.buf, 64);
    memcpy(raw.buf, &value, sizeof(value));
    /* Not all of it is there, if Xen gets as far as to look. */
    if ( beyond && (uint32_t)len && (uint32_t)len <= n->max_write &&
         want != -EDOM )
    {
        buf = edge - rnd_below((uint32_t)len);
        want = -EFAULT;
    }
    rc = raw_at(&raw, XEN_HYPFS_OP_write_contents, n->path, buf, len);
    if ( rc != want )
    {
        printf("nodes: length %#llx, value %#x, expected %d\n",
               (unsigned long long)len, value, want);
        return failed("write", n->path, rc);
    }
    /* A word that means nothing is a write all the same. */
    if ( is(n, "flush") && (!rc || rc == -EINVAL) )
        flushes++;
    done += !rc;
    refused += !!rc;
    return check_unchanged(n);
}

/* Paths, pointers and operations that make no sense. */
static int nonsense(const struct node *n)
{
    const uint64_t path = (uint64_t)raw.path, buf = (uint64_t)raw.buf;
    const unsigned int len = strlen(n->path) + 1;
    int rc, want;

    memset(raw.path, 'x', XEN_HYPFS_MAX_PATHLEN + 8);
    strcpy(raw.path, n->path);
    switch ( rnd_below(9) )
    {
    case 0: /* there is no such operation */
        want = -EOPNOTSUPP;
        rc = raw_op(&raw, 3 + (rnd() & 0x7ffffff0), path, len, buf, PAGE);
        break;
    case 1: /* the path does not end where it ends */
        want = -EINVAL;
        rc = raw_op(&raw, 1 + rnd_below(2), path, len + 1 + rnd_below(64), buf,
                    PAGE);
        break;
    case 2:
        want = -EINVAL;
        rc = raw_op(&raw, 1 + rnd_below(2), path, len - 1, buf, PAGE);
        break;
    case 3: /* nor anywhere */
        want = -EINVAL;
        rc = raw_op(&raw, 1 + rnd_below(2), path,
                    rnd() | (XEN_HYPFS_MAX_PATHLEN + 1), buf, PAGE);
        break;
    case 4: /* a node that is not there */
        raw.path[1 + rnd_below(3)] ^= 0x20;
        want = -ENOENT;
        rc = raw_op(&raw, 1 + rnd_below(2), path, len, buf, PAGE);
        break;
    case 5: /* no path at all */
        want = -EFAULT;
        rc = raw_op(&raw, 1 + rnd_below(2), (uint64_t)edge, len, buf, PAGE);
        break;
    case 6: /* Xen's own memory, and no address */
        want = -EFAULT;
        rc = raw_op(&raw, XEN_HYPFS_OP_read, path, len,
                    rnd_below(2) ? 0xffff82d080000000ull : 0x0123456789abcdef,
                    RAW_BUFFER);
        break;
    case 7:
        want = n->max_write ? -EFAULT : -EACCES;
        rc = raw_op(&raw, XEN_HYPFS_OP_write_contents, path, len,
                    rnd_below(2) ? 0xffff82d080000000ull : 0x0123456789abcdef,
                    n->max_write ? n->max_write : 4);
        break;
    default: /* the version takes no arguments */
        want = -EINVAL;
        rc = raw_op(&raw, XEN_HYPFS_OP_get_version, path, len, 0, 0);
        break;
    }
    refused++;
    return rc == want ? 0 : failed("nonsense", n->path, rc);
}

/* Recording or not, which decides what a flush may do. */
static int configure(bool record)
{
    struct idtap_config c = { .classes = record ? IDTAP_CLASS_ALL : 0 };
    unsigned int i;
    int rc;

    memset(c.vectors, 0xff, sizeof(c.vectors));
    rc = idtap_configure(raw.host, &c);
    classes = c.classes;
    for ( i = 0; !rc && i < nr_nodes; i++ )
        if ( is(&nodes[i], "config") )
            rc = idtap_configuration(raw.host, (void *)nodes[i].content);
    return rc;
}

static int all(unsigned long count)
{
    unsigned long i;
    unsigned int k;
    int rc;

    if ( add_node(IDTAP_HYPFS_DIR) )
        return 1;
    for ( k = 0; k < nr_nodes; k++ )
        if ( is(&nodes[k], "flush") )
            memcpy(&flushes, nodes[k].content, sizeof(flushes));
    for ( i = 0; i < count; i++ )
    {
        const struct node *n = &nodes[i % nr_nodes];

        if ( i % 1000 == 0 && (rc = configure(i / 1000 % 2)) )
            return failed("idtap_configure()", "config", rc);
        if ( n->type == XEN_HYPFS_TYPE_DIR && n->length >= RAW_BUFFER / 2 )
            return failed("a directory of that size", n->path, 0);
        switch ( rnd_below(8) )
        {
        case 0: rc = nonsense(n); break;
        case 1: case 2: case 3: rc = write_any(n); break;
        default: rc = read_any(n); break;
        }
        if ( rc )
            return rc;
    }
    if ( (rc = configure(false)) )
        return failed("the end", "config", rc);
    for ( k = 0; k < nr_nodes; k++ )
        if ( check_unchanged(&nodes[k]) )
            return 1;
    printf("nodes: OK %u nodes, %lu times done, %lu times refused\n", nr_nodes,
           done, refused);
    return 0;
}

int main(int argc, char **argv)
{
    int rc;

    if ( argc != 3 )
    {
        fprintf(stderr, "Usage: nodes SEED COUNT\n");
        return 2;
    }
    rnd_seed(strtoull(argv[1], NULL, 0));
    printf("nodes: seed %s\n", argv[1]);
    if ( (rc = raw_open(&raw)) )
        return failed("no way to Xen", "", rc);
    edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    if ( edge == MAP_FAILED || mprotect(edge + PAGE, PAGE, PROT_NONE) )
        return failed("no memory", "", -errno);
    memset(edge, 0, PAGE);
    edge += PAGE;
    rc = all(strtoul(argv[2], NULL, 0));
    raw_close(&raw);
    return rc;
}
