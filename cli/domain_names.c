/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of domains: a table by id. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <idtap/record.h>

#include "domain_names.h"

#define MAX_DOMAINS (IDTAP_DOMID_IDLE + 1)

struct domain_names {
    char *name[MAX_DOMAINS];
    unsigned int life[MAX_DOMAINS];
};

struct domain_names *domain_names_create(void)
{
    return calloc(1, sizeof(struct domain_names));
}

void domain_names_destroy(struct domain_names *n)
{
    unsigned int i;

    for ( i = 0; n && i < MAX_DOMAINS; i++ )
        free(n->name[i]);
    free(n);
}

int domain_names_set(struct domain_names *n, uint16_t domain,
                     const char *name)
{
    char *copy;

    if ( domain >= MAX_DOMAINS )
        return 0;
    /* Not named yet, or no more: that makes no other guest of it. */
    if ( !*name || (n->name[domain] && !strcmp(n->name[domain], name)) )
        return 0;
    copy = strndup(name, IDTAP_NAME_LEN - 1);
    if ( !copy )
        return -ENOMEM;
    if ( n->name[domain] )
        n->life[domain]++;
    free(n->name[domain]);
    n->name[domain] = copy;
    return 0;
}

const char *domain_names_get(const struct domain_names *n, uint16_t domain)
{
    return domain < MAX_DOMAINS ? n->name[domain] : NULL;
}

unsigned int domain_names_life(const struct domain_names *n, uint16_t domain)
{
    return domain < MAX_DOMAINS ? n->life[domain] : 0;
}

int domain_names_find(const struct domain_names *n, const char *name)
{
    int found = -ENOENT;
    unsigned int i;

    for ( i = 0; i < MAX_DOMAINS; i++ )
        if ( n->name[i] && !strcmp(n->name[i], name) )
        {
            if ( found >= 0 )
                return -ENOTUNIQ;
            found = (int)i;
        }
    return found;
}

char *domain_names_text(const struct domain_names *n, uint16_t domain,
                        char buf[DOMAIN_TEXT_LEN])
{
    const char *name = domain_names_get(n, domain);
    char *p;

    if ( domain == IDTAP_DOMID_IDLE )
        snprintf(buf, DOMAIN_TEXT_LEN, "Xen (idle)");
    else if ( domain == IDTAP_DOMID_NONE )
        snprintf(buf, DOMAIN_TEXT_LEN, "no domain");
    else if ( name )
        snprintf(buf, DOMAIN_TEXT_LEN, "d%u (%s)", domain, name);
    else
        snprintf(buf, DOMAIN_TEXT_LEN, "d%u", domain);
    for ( p = buf; *p; p++ )
        if ( (unsigned char)*p < ' ' || *p == 0x7f )
            *p = '?';
    return buf;
}
