/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks for interceptions that must be refused, while others are in force: each
 * with the right error, and nothing of what is in force may change, nothing of
 * a request that is right otherwise may be taken over.
 *
 *     wrong DOMID           an HVM domain that may be intercepted
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/host.h>

#define NOBODY 0x7123 /* no such domain */

enum { ANYTIME, WITHOUT_SWINT };

static const struct request {
    const char *what;
    int error;
    unsigned int when;
    uint32_t nr; /* entries, of which the last one is: */
    uint32_t exceptions;
    uint16_t flags;
    int domain; /* -1: the guest, -2: the guest a second time */
    uint32_t pad;
} requests[] = {
    { "NMI", EINVAL, ANYTIME, 1, 1u << 2, 0, -1, 0 },
    { "#MC", EINVAL, ANYTIME, 1, 1u << 18, 0, -1, 0 },
    { "NMI among others", EINVAL, ANYTIME, 1, ~0u, 0, -1, 0 },
    { "NMI of every guest", EINVAL, ANYTIME, 1, 1u << 2, 0,
      IDTAP_INTERCEPT_ALL, 0 },
    { "an unknown flag", EINVAL, ANYTIME, 1, 1, 1u << 1, -1, 0 },
    { "a PV domain", IDTAP_REFUSE_NO_HVM, ANYTIME, 1, 1, 0, 0, 0 },
    { "a PV domain after a right one", IDTAP_REFUSE_NO_HVM, ANYTIME, 2, 1, 0, 0,
      0 },
    { "an unknown domain", IDTAP_REFUSE_NO_HVM, ANYTIME, 1, 1, 0, NOBODY, 0 },
    { "an unknown domain after a right one", IDTAP_REFUSE_NO_HVM, ANYTIME, 2, 1,
      0, NOBODY, 0 },
    { "the idle domain", EINVAL, ANYTIME, 1, 1, 0, IDTAP_DOMID_IDLE, 0 },
    { "no domain", EINVAL, ANYTIME, 1, 1, 0, IDTAP_DOMID_NONE, 0 },
    { "a domain twice", EINVAL, ANYTIME, 2, 1, 0, -2, 0 },
    { "too many", EINVAL, ANYTIME, IDTAP_MAX_INTERCEPTS + 1, 1, 0, -1, 0 },
    { "far too many", EINVAL, ANYTIME, 0xffffffff, 1, 0, -1, 0 },
    { "an entry that is not counted", EINVAL, ANYTIME, 0, 1, 0, -1, 0 },
    { "padding", EINVAL, ANYTIME, 1, 1, 0, -1, 1 },
    { "INT n without the hardware", IDTAP_REFUSE_HARDWARE, WITHOUT_SWINT, 1, 1,
      IDTAP_INTERCEPT_SWINT, -1, 0 },
};

static void make(struct idtap_config *c, const struct request *r,
                 uint16_t guest)
{
    struct idtap_intercept e = {
        .exceptions = r->exceptions, .flags = r->flags,
        .domain = r->domain < 0 ? guest : (uint16_t)r->domain,
    };
    bool second = r->nr == 2;

    /* Right, and not what is in force. */
    c->classes ^= IDTAP_CLASS_IRQ;
    memset(c->intercepts, 0, sizeof(c->intercepts));
    c->nr_intercepts = r->nr;
    c->pad = r->pad;
    if ( second )
        c->intercepts[0] = (struct idtap_intercept){ 1u << 6, guest, 0 };
    c->intercepts[second] = e;
}

static int try_all(struct idtap_host *host, uint16_t guest)
{
    static struct idtap_status status;
    struct idtap_config before, config, now;
    unsigned int i, tried = 0;
    int rc = idtap_status(host, &status);

    if ( rc || status.state != IDTAP_STATE_ATTACHED )
    {
        printf("wrong: FAILURE no tap: %d\n", rc);
        return 1;
    }

    /* What is right is in force, or nothing below would prove anything. */
    before = status.config;
    memset(before.intercepts, 0, sizeof(before.intercepts));
    before.nr_intercepts = 1;
    before.intercepts[0] = (struct idtap_intercept){ 1u << 14, guest, 0 };
    if ( (rc = idtap_configure(host, &before)) )
    {
        printf("wrong: FAILURE a right request: %d\n", rc);
        return 1;
    }
    for ( i = 0; i < sizeof(requests) / sizeof(requests[0]); i++ )
    {
        const struct request *r = &requests[i];

        if ( r->when == WITHOUT_SWINT && (status.hardware & IDTAP_HW_SWINT) )
            continue;
        config = before;
        make(&config, r, guest);
        rc = idtap_configure(host, &config);
        printf("wrong: %s: %d\n", r->what, rc);
        if ( rc != -r->error )
        {
            printf("wrong: FAILURE %s: %d, not %d\n", r->what, rc, -r->error);
            return 1;
        }
        rc = idtap_configuration(host, &now);
        if ( rc || memcmp(&now, &before, sizeof(now)) )
        {
            printf("wrong: FAILURE %s: it changed something (%d)\n", r->what,
                   rc);
            return 1;
        }
        tried++;
    }
    printf("wrong: OK %u refused\n", tried);
    return 0;
}

int main(int argc, char **argv)
{
    struct idtap_host *host;
    int rc;

    if ( argc != 2 )
    {
        fprintf(stderr, "Usage: wrong DOMID\n");
        return 2;
    }
    if ( (rc = idtap_host_open(&host)) )
    {
        printf("wrong: FAILURE idtap_host_open(): %d\n", rc);
        return 1;
    }
    rc = try_all(host, strtoul(argv[1], NULL, 0));
    idtap_host_close(host);
    return rc;
}
