/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes what is intercepted, at random, for domains that are at work;
 * everything else of the configuration stays as a recorder has put it in force.
 * In the end nothing is intercepted.
 *
 *     toggle SEED COUNT PAUSE EXCEPTIONS DOMID...
 *
 * EXCEPTIONS is the mask of those that may be intercepted, and bit 32 is INT n.
 * Between two changes it does nothing for up to PAUSE microseconds, one time in
 * four for none at all.  Now and then a configuration is read back, and must be
 * what was written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <idtap/host.h>

#include "rnd.h"

#define READ_BACK_EVERY 16

#define SWINT (1ull << 32)

/* All, none, one, or any. */
static uint32_t random_exceptions(uint64_t allowed)
{
    uint64_t r = rnd();
    uint32_t mask;

    switch ( r % 8 )
    {
    case 0: mask = ~0u; break;
    case 1: mask = 0; break;
    case 2: mask = 1u << (r >> 8) % 32; break;
    case 3: mask = 1u << 14; break; /* page faults: the most frequent ones */
    default: mask = r >> 32; break;
    }
    return mask & ~IDTAP_INTERCEPT_NEVER & allowed;
}

static void random_intercepts(struct idtap_config *c, const uint16_t *domains,
                              unsigned int nr, uint64_t allowed)
{
    unsigned int i;

    memset(c->intercepts, 0, sizeof(c->intercepts));
    c->nr_intercepts = 0;
    for ( i = 0; i <= nr; i++ )
    {
        struct idtap_intercept *e = &c->intercepts[c->nr_intercepts];
        uint64_t r = rnd();

        /* After all others: those that have no entry of their own. */
        if ( r & (i < nr ? 1 : 3) )
            continue;
        e->domain = i < nr ? domains[i] : IDTAP_INTERCEPT_ALL;
        e->exceptions = random_exceptions(allowed);
        e->flags = (allowed & SWINT) && (r & 4) ? IDTAP_INTERCEPT_SWINT : 0;
        c->nr_intercepts++;
    }
}

static int failed(const char *what, unsigned long n, int rc)
{
    printf("toggle: FAILURE %s, change %lu: %d\n", what, n, rc);
    return 1;
}

static void random_pause(unsigned long most_us)
{
    struct timespec t = { 0 };

    if ( !most_us || rnd() % 4 == 0 )
        return;
    t.tv_nsec = (long)(rnd() % (most_us * 1000));
    nanosleep(&t, NULL);
}

static int toggle(struct idtap_host *host, unsigned long count,
                  unsigned long pause_us, uint64_t allowed,
                  const uint16_t *domains, unsigned int nr)
{
    static struct idtap_status status;
    struct idtap_config config, now;
    unsigned long i, entries = 0;
    int rc = idtap_status(host, &status);

    if ( rc || status.state != IDTAP_STATE_ATTACHED )
        return failed("no tap", 0, rc);
    if ( !(status.hardware & IDTAP_HW_SWINT) )
        allowed &= ~SWINT;
    config = status.config;
    for ( i = 1; i <= count; i++ )
    {
        random_intercepts(&config, domains, nr, allowed);
        entries += config.nr_intercepts;
        if ( (rc = idtap_configure(host, &config)) )
            return failed("idtap_configure()", i, rc);
        random_pause(pause_us);
        if ( i % READ_BACK_EVERY )
            continue;
        if ( (rc = idtap_configuration(host, &now)) )
            return failed("idtap_configuration()", i, rc);
        if ( memcmp(&now, &config, sizeof(now)) )
            return failed("something else is in force", i, 0);
    }

    memset(config.intercepts, 0, sizeof(config.intercepts));
    config.nr_intercepts = 0;
    if ( (rc = idtap_configure(host, &config)) )
        return failed("end", i, rc);
    printf("toggle: OK %lu changes, %lu entries\n", count, entries);
    return 0;
}

int main(int argc, char **argv)
{
    uint16_t domains[IDTAP_MAX_INTERCEPTS - 1];
    struct idtap_host *host;
    unsigned int nr = 0;
    int rc;

    if ( argc < 6 || argc - 5 > (int)IDTAP_MAX_INTERCEPTS - 1 )
    {
        fprintf(stderr, "Usage: toggle SEED COUNT PAUSE EXCEPTIONS DOMID...\n");
        return 2;
    }
    rnd_seed(strtoull(argv[1], NULL, 0));
    printf("toggle: seed %s\n", argv[1]);
    for ( ; (int)nr + 5 < argc; nr++ )
        domains[nr] = strtoul(argv[nr + 5], NULL, 0);

    if ( (rc = idtap_host_open(&host)) )
        return failed("idtap_host_open()", 0, rc);
    rc = toggle(host, strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0),
                strtoull(argv[4], NULL, 0),
                domains, nr);
    idtap_host_close(host);
    return rc;
}
