/* SPDX-License-Identifier: GPL-2.0-only */
/* Intervals of what an attached tap records, and of nothing on the disk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <idtap/live.h>

#include "feed_live.h"

struct feed_live {
    struct feed_core core;
    struct idtap_host *host;
    struct idtap_live *live;
    uint64_t self_ns;       /* CPU time at the interval's begin */
};

static uint64_t timeval_ns(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_usec * 1000;
}

uint64_t own_cpu_ns(void)
{
    struct rusage u;

    if ( getrusage(RUSAGE_SELF, &u) )
        return 0;
    return timeval_ns(&u.ru_utime) + timeval_ns(&u.ru_stime);
}

enum idtap_vendor host_vendor(void)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    enum idtap_vendor vendor = IDTAP_VENDOR_UNKNOWN;
    char line[256];

    while ( f && !vendor && fgets(line, sizeof(line), f) )
        if ( !strncmp(line, "vendor_id", 9) )
            vendor = strstr(line, "GenuineIntel") ? IDTAP_VENDOR_VMX
                                                  : IDTAP_VENDOR_SVM;
    if ( f )
        fclose(f);
    return vendor;
}

static int set_name(void *names, unsigned int domid, const char *name)
{
    return domain_names_set(names, (uint16_t)domid, name);
}

void domain_names_refresh(struct domain_names *n)
{
    /* Without a running xenstored there are no names. */
    idtap_domains(set_name, n);
}

void select_of_config(const struct idtap_config *config,
                      struct idtap_select *select)
{
    unsigned int i;

    idtap_select_init(select);
    select->classes = config->classes;
    memcpy(select->vectors, config->vectors, sizeof(select->vectors));
    for ( i = 0; i < config->nr_domains; i++ )
        idtap_select_domain(select, config->domains[i]);
}

static int count(void *ctx, const struct idtap_run *run)
{
    return feed_core_run(ctx, run);
}

int feed_live_open(struct idtap_host *host, const struct idtap_config *config,
                   const struct idtap_select *select, struct feed_live **out)
{
    struct feed_live *f = calloc(1, sizeof(*f));
    int rc;

    if ( !f )
        return -ENOMEM;
    f->host = host;
    if ( (rc = feed_core_init(&f->core, select)) ||
         (rc = idtap_live_start(host, config, count, &f->core, &f->live,
                                &f->core.now.begin)) )
    {
        feed_core_destroy(&f->core);
        free(f);
        return rc;
    }
    f->core.now.tsc_khz = idtap_live_tsc_khz(f->live);
    f->core.now.vendor = host_vendor();
    f->self_ns = own_cpu_ns();
    domain_names_refresh(f->core.names);
    *out = f;
    return 0;
}

int feed_live_poll(struct feed_live *f)
{
    return idtap_live_poll(f->live);
}

int feed_live_next(struct feed_live *f, struct interval *out)
{
    struct feed_core *c = &f->core;
    struct timespec t;
    uint64_t tsc, self;
    int rc;

    if ( (rc = idtap_live_advance(f->live, &tsc)) )
        return rc;
    domain_names_refresh(c->names);
    if ( (rc = feed_core_end(c, tsc, out)) )
        return rc;
    clock_gettime(CLOCK_REALTIME, &t);
    out->realtime_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    self = own_cpu_ns();
    out->self_ns = self - f->self_ns;
    f->self_ns = self;
    return 0;
}

int feed_live_configure(struct feed_live *f, const struct idtap_config *config,
                        const struct idtap_select *select)
{
    int rc = idtap_configure(f->host, config);

    return rc ? rc : feed_core_select(&f->core, select);
}

const struct domain_names *feed_live_names(const struct feed_live *f)
{
    return f->core.names;
}

int feed_live_close(struct feed_live *f)
{
    int rc;

    if ( !f )
        return 0;
    rc = idtap_live_stop(f->live);
    feed_core_destroy(&f->core);
    free(f);
    return rc;
}
