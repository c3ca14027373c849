/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parsing of --intercept.  NMIs and machine checks are the host's: who asks for
 * them by name is told so, a range or "all" leaves them out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <idtap/control.h>

#include "intercepts.h"

#define ITEM_LEN 64
#define EXCEPTIONS 0xffffffffull

const char *intercept_split(const char *text, char domain[INTERCEPT_DOMAIN_LEN],
                            char why[LIST_WHY_LEN])
{
    const char *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : 0;

    if ( equals && (!len || len >= INTERCEPT_DOMAIN_LEN) )
    {
        snprintf(why, LIST_WHY_LEN, "'%.40s': no domain before '='", text);
        return NULL;
    }
    memcpy(domain, text, len);
    domain[len] = '\0';
    return equals ? equals + 1 : text;
}

static int not_for_guests(unsigned int vector, char *why)
{
    snprintf(why, LIST_WHY_LEN, vector == 2
             ? "an NMI that comes while a guest runs is the host's, and is "
               "recorded without interception (class nmi)"
             : "a machine check is the host's and must not be given to a "
               "guest");
    return -EINVAL;
}

/* One item that is a vector, a range, or a name. */
static int vectors(const char *item, uint32_t *exceptions, char *why)
{
    uint64_t bits[4];
    int rc = list_vectors(item, bits, why);

    if ( rc )
        return rc;
    if ( (bits[0] & ~EXCEPTIONS) || bits[1] || bits[2] || bits[3] )
    {
        snprintf(why, LIST_WHY_LEN, "'%s': exceptions are 0 to 31; 'swint' "
                 "intercepts INT n", item);
        return -EINVAL;
    }
    if ( bits[0] == 1u << 2 || bits[0] == 1u << 18 )
        return not_for_guests(bits[0] == 1u << 2 ? 2 : 18, why);
    *exceptions |= (uint32_t)bits[0] & ~IDTAP_INTERCEPT_NEVER;
    return 0;
}

int intercept_list(const char *text, uint32_t *exceptions, uint16_t *flags,
                   char why[LIST_WHY_LEN])
{
    const char *end;
    char item[ITEM_LEN];

    *exceptions = 0;
    *flags = 0;
    if ( !strcmp(text, "none") )
        return 0;
    for ( ; text; text = *end ? end + 1 : NULL )
    {
        size_t len;
        int rc;

        end = strchrnul(text, ',');
        len = end - text;
        if ( !len || len >= sizeof(item) )
        {
            snprintf(why, LIST_WHY_LEN, len ? "'%.40s...' is too long"
                                            : "an item of the list is empty",
                     text);
            return -EINVAL;
        }
        memcpy(item, text, len);
        item[len] = '\0';

        if ( !strcmp(item, "all") )
            *exceptions |= ~IDTAP_INTERCEPT_NEVER;
        else if ( !strcmp(item, "swint") )
            *flags |= IDTAP_INTERCEPT_SWINT;
        else if ( !strcmp(item, "none") )
        {
            snprintf(why, LIST_WHY_LEN, "'none' goes with nothing else");
            return -EINVAL;
        }
        else if ( (rc = vectors(item, exceptions, why)) )
            return rc;
    }
    return 0;
}
