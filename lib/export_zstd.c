/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exports that are compressed on their way out, in the format of RFC 8878: the
 * largest ones are text, and repeat themselves.  The work is libzstd's, which
 * is loaded when somebody asks for it: nothing else needs it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export_priv.h"
#include "trace_priv.h"

#ifdef IDTAP_HAVE_ZSTD

#include <dlfcn.h>
#include <zstd.h>

#define OUT_BYTES (128u << 10)

#define FUNCTIONS(f) \
    f(ZSTD_createCCtx) f(ZSTD_freeCCtx) f(ZSTD_compressStream2) f(ZSTD_isError)

#define DECLARE(name) __typeof__(name) *name##_;

struct compressor {
    void *library;
    FUNCTIONS(DECLARE)
    ZSTD_CCtx *context;
    int fd;
    uint8_t out[OUT_BYTES];
};

static bool load(struct compressor *c)
{
    c->library = dlopen("libzstd.so.1", RTLD_NOW);
    if ( !c->library )
        return false;
#define LOOK_UP(name) \
    c->name##_ = (__typeof__(name) *)dlsym(c->library, #name); \
    if ( !c->name##_ ) \
        return false;
    FUNCTIONS(LOOK_UP)
    return true;
}

static void destroy(struct compressor *c)
{
    if ( c->context )
        c->ZSTD_freeCCtx_(c->context);
    if ( c->library )
        dlclose(c->library);
    free(c);
}

static bool write_all(int fd, const uint8_t *p, size_t len)
{
    while ( len )
    {
        ssize_t n = write(fd, p, len);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Compresses all of `in`, and with ZSTD_e_end all that is still on its way. */
static bool compress(struct compressor *c, const void *data, size_t len,
                     ZSTD_EndDirective directive)
{
    ZSTD_inBuffer in = { .src = data, .size = len };
    size_t left;

    do {
        ZSTD_outBuffer out = { .dst = c->out, .size = sizeof(c->out) };

        left = c->ZSTD_compressStream2_(c->context, &out, &in, directive);
        if ( c->ZSTD_isError_(left) )
        {
            errno = EIO;
            return false;
        }
        if ( !write_all(c->fd, c->out, out.pos) )
            return false;
    } while ( in.pos < in.size || (directive == ZSTD_e_end && left) );

    return true;
}

static ssize_t stream_write(void *cookie, const char *data, size_t len)
{
    /* For stdio, 0 is the error. */
    return compress(cookie, data, len, ZSTD_e_continue) ? (ssize_t)len : 0;
}

static int stream_close(void *cookie)
{
    struct compressor *c = cookie;
    int error = compress(c, NULL, 0, ZSTD_e_end) ? 0 : errno;

    if ( close(c->fd) && !error )
        error = errno;
    destroy(c);
    errno = error;
    return error ? EOF : 0;
}

int export_zstd_open(int fd, FILE **f, struct idtap_error *err)
{
    static const cookie_io_functions_t functions = {
        .write = stream_write, .close = stream_close,
    };
    struct compressor *c = calloc(1, sizeof(*c));
    int rc = -ENOMEM;

    if ( c && !load(c) )
        rc = trace_error(err, -ENOPKG, "libzstd.so.1", 0, "cannot be loaded, "
                         "to compress: apt-get install libzstd1");
    else if ( c )
    {
        c->fd = fd;
        c->context = c->ZSTD_createCCtx_();
        *f = c->context ? fopencookie(c, "w", functions) : NULL;
        if ( *f )
            return 0;
    }
    if ( rc == -ENOMEM )
        trace_error(err, rc, "", 0, "out of memory");
    if ( c )
        destroy(c);
    return rc;
}

#else /* IDTAP_HAVE_ZSTD */

int export_zstd_open(int fd, FILE **f, struct idtap_error *err)
{
    (void)fd;
    (void)f;
    return trace_error(err, -ENOPKG, ".zst", 0, "this idtap was built without "
                       "zstd, and cannot compress");
}

#endif /* IDTAP_HAVE_ZSTD */
