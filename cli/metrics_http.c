/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serving /metrics.  One thread: libmicrohttpd runs when our loop says so, and
 * the counters are fetched while a request is answered.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"
#include "metrics_http.h"

#ifdef IDTAP_HAVE_MICROHTTPD
#include <dlfcn.h>
#include <microhttpd.h>

#define CONNECTIONS 16
#define TIMEOUT_S   10

/* The functions of the library that are used. */
#define FUNCTIONS(X) \
    X(MHD_start_daemon) X(MHD_stop_daemon) X(MHD_get_daemon_info) X(MHD_run) \
    X(MHD_create_response_from_buffer) X(MHD_add_response_header) \
    X(MHD_queue_response) X(MHD_destroy_response) X(MHD_lookup_connection_value)
#define POINTER(name) __typeof__(&name) name##_;
static struct { FUNCTIONS(POINTER) } mhd;

struct metrics_http {
    void *library;
    struct MHD_Daemon *daemon;
    int socket, fd;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "": none */
    int (*fetch)(void *ctx, const struct metrics **m);
    void *ctx;
};

static enum MHD_Result answer(struct MHD_Connection *c, unsigned int status,
                              const char *type, void *text, size_t len,
                              enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *r =
        mhd.MHD_create_response_from_buffer_(len, text, mode);
    enum MHD_Result rc;

    if ( !r )
        return MHD_NO;
    mhd.MHD_add_response_header_(r, "Content-Type", type);
    rc = mhd.MHD_queue_response_(c, status, r);
    mhd.MHD_destroy_response_(r);
    return rc;
}

static enum MHD_Result answer_word(struct MHD_Connection *c,
                                   unsigned int status, const char *word)
{
    char *copy = strdup(word);

    return copy ? answer(c, status, "text/plain; charset=utf-8", copy,
                         strlen(copy), MHD_RESPMEM_MUST_FREE) : MHD_NO;
}

static enum MHD_Result answer_metrics(struct metrics_http *h,
                                      struct MHD_Connection *c)
{
    const char *accept = mhd.MHD_lookup_connection_value_(c, MHD_HEADER_KIND,
                                                          "Accept");
    enum metrics_format format =
        accept && strstr(accept, "application/openmetrics-text")
        ? METRICS_OPENMETRICS : METRICS_TEXT;
    const struct metrics *m;
    char *text = NULL;
    size_t len = 0;
    FILE *f;
    int rc = h->fetch(h->ctx, &m);

    if ( rc )
        return answer_word(c, 500, strerror(-rc));
    f = open_memstream(&text, &len);
    if ( f )
        metrics_print(m, format, f);
    if ( !f || fclose(f) )
    {
        free(text);
        return answer_word(c, 500, "out of memory\n");
    }
    return answer(c, 200, metrics_content_type(format), text, len,
                  MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *data_len, void **request)
{
    (void)version;
    (void)data;
    (void)request;
    if ( *data_len )
        return MHD_NO;
    if ( strcmp(method, "GET") && strcmp(method, "HEAD") )
        return answer_word(c, 405, "GET only\n");
    if ( !strcmp(url, "/metrics") )
        return answer_metrics(ctx, c);
    return !strcmp(url, "/") ? answer_word(c, 200, "idtap: see /metrics\n")
                             : answer_word(c, 404, "there is /metrics only\n");
}

/* A socket at @path; one that nobody listens at any more is replaced. */
static int open_unix(struct metrics_http *h, const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct stat st;
    mode_t mask;
    int rc;

    if ( !*path || strlen(path) >= sizeof(a.sun_path) )
        return -ENAMETOOLONG;
    strcpy(a.sun_path, path);
    h->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if ( h->socket < 0 )
        return -errno;
    if ( !lstat(path, &st) && S_ISSOCK(st.st_mode) &&
         connect(h->socket, (const void *)&a, sizeof(a)) &&
         errno == ECONNREFUSED )
        unlink(path);
    mask = umask(0177);
    rc = bind(h->socket, (const void *)&a, sizeof(a)) ? -errno : 0;
    umask(mask);
    if ( !rc )
        strcpy(h->path, path);
    return rc;
}

static bool is_loopback(const struct sockaddr *a)
{
    if ( a->sa_family == AF_INET )
        return ntohl(((const struct sockaddr_in *)(const void *)a)
                     ->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return a->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)
                                  (const void *)a)->sin6_addr);
}

/* "ADDRESS:PORT"; -EINVAL, -EACCES (not loopback), or from the system. */
static int open_tcp(struct metrics_http *h, const char *where, bool anywhere)
{
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
        .ai_socktype = SOCK_STREAM,
    }, *a;
    const char *colon = strrchr(where, ':');
    char host[64];
    int rc, on = 1;
    size_t len;

    if ( !colon || colon == where || (size_t)(colon - where) >= sizeof(host) )
        return -EINVAL;
    len = (size_t)(colon - where);
    if ( where[0] == '[' && where[len - 1] == ']' )
        snprintf(host, sizeof(host), "%.*s", (int)len - 2, where + 1);
    else
        snprintf(host, sizeof(host), "%.*s", (int)len, where);
    if ( !colon[1] || getaddrinfo(host, colon + 1, &hints, &a) )
        return -EINVAL;
    if ( !anywhere && !is_loopback(a->ai_addr) )
        rc = -EACCES;
    else
    {
        h->socket = socket(a->ai_family,
                           SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if ( h->socket < 0 ||
             setsockopt(h->socket, SOL_SOCKET, SO_REUSEADDR, &on,
                        sizeof(on)) ||
             bind(h->socket, a->ai_addr, a->ai_addrlen) )
            rc = -errno;
        else
            rc = 0;
    }
    freeaddrinfo(a);
    return rc;
}

static bool load(struct metrics_http *h)
{
    h->library = dlopen("libmicrohttpd.so.12", RTLD_NOW);
    if ( !h->library )
        return false;
#define LOOK_UP(name) \
    mhd.name##_ = (__typeof__(&name))dlsym(h->library, #name); \
    if ( !mhd.name##_ ) \
        return false;
    FUNCTIONS(LOOK_UP)
    return true;
}

static int start(struct metrics_http *h)
{
    const union MHD_DaemonInfo *info;

    if ( listen(h->socket, CONNECTIONS) )
        return -errno;
    h->daemon = mhd.MHD_start_daemon_(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, h,
        MHD_OPTION_LISTEN_SOCKET, h->socket,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)TIMEOUT_S,
        MHD_OPTION_END);
    if ( !h->daemon )
        return -EIO;
    /* The socket is the library's now. */
    h->socket = -1;
    info = mhd.MHD_get_daemon_info_(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    h->fd = info ? info->epoll_fd : -1;
    return h->fd < 0 ? -EIO : 0;
}

int metrics_http_open(const char *command, const char *where, bool anywhere,
                      int (*fetch)(void *ctx, const struct metrics **m),
                      void *ctx, struct metrics_http **out)
{
    struct metrics_http *h = calloc(1, sizeof(*h));
    int rc = h ? 0 : -ENOMEM;

    if ( h )
    {
        h->socket = -1;
        h->fetch = fetch;
        h->ctx = ctx;
        *out = h;
        rc = !strncmp(where, "unix:", 5) ? open_unix(h, where + 5)
                                         : open_tcp(h, where, anywhere);
    }
    if ( rc == -EINVAL )
        return cli_usage(command, "--listen: '%s' is not ADDRESS:PORT with "
                         "numbers, nor unix:PATH", where);
    if ( rc == -EACCES && strncmp(where, "unix:", 5) )
        return cli_usage(command, "--listen: others can reach '%s': there is "
                         "no password; if you mean it, say "
                         "--listen-anywhere", where);
    if ( !rc && !load(h) )
    {
        cli_error("--listen needs libmicrohttpd: apt-get install "
                  "libmicrohttpd12 (%s)", dlerror());
        return CLI_FAILURE;
    }
    if ( !rc )
        rc = start(h);
    if ( rc )
        cli_error("--listen %s: %s", where, strerror(-rc));
    return rc ? CLI_FAILURE : CLI_OK;
}

void metrics_http_close(struct metrics_http *h)
{
    if ( !h )
        return;
    if ( h->daemon )
        mhd.MHD_stop_daemon_(h->daemon);
    if ( h->socket >= 0 )
        close(h->socket);
    if ( h->path[0] )
        unlink(h->path);
    if ( h->library )
        dlclose(h->library);
    free(h);
}

int metrics_http_fd(const struct metrics_http *h)
{
    return h->fd;
}

void metrics_http_run(struct metrics_http *h)
{
    mhd.MHD_run_(h->daemon);
}

#else /* IDTAP_HAVE_MICROHTTPD */

int metrics_http_open(const char *command, const char *where, bool anywhere,
                      int (*fetch)(void *ctx, const struct metrics **m),
                      void *ctx, struct metrics_http **http)
{
    (void)command;
    (void)where;
    (void)anywhere;
    (void)fetch;
    (void)ctx;
    (void)http;
    cli_error("--listen: this idtap was built without libmicrohttpd; "
              "--textfile works");
    return CLI_FAILURE;
}

void metrics_http_close(struct metrics_http *h)
{
    (void)h;
}

int metrics_http_fd(const struct metrics_http *h)
{
    (void)h;
    return -1;
}

void metrics_http_run(struct metrics_http *h)
{
    (void)h;
}
#endif /* IDTAP_HAVE_MICROHTTPD */
