/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of domains while they come and go: ids are used again, names are what
 * people know.  The last name of an id stays known after its domain has gone,
 * for its last records are still to be shown.
 */
#ifndef IDTAP_DOMAIN_NAMES_H
#define IDTAP_DOMAIN_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define DOMAIN_TEXT_LEN 80

struct domain_names;

struct domain_names *domain_names_create(void); /* NULL: no memory */
void domain_names_destroy(struct domain_names *n); /* NULL is legal */

/* From here on `domain` is called `name` ("": nobody knows).  0 or -ENOMEM. */
int domain_names_set(struct domain_names *n, uint16_t domain,
                     const char *name);

/* NULL if none is known. */
const char *domain_names_get(const struct domain_names *n, uint16_t domain);

/* How often the name of `domain` has changed: another number, another guest. */
unsigned int domain_names_life(const struct domain_names *n, uint16_t domain);

/* The id of the domain called `name`; -ENOENT, -ENOTUNIQ. */
int domain_names_find(const struct domain_names *n, const char *name);

/* "d1 (web)", "d1", "Xen (idle)", "no domain", fit for a terminal. */
char *domain_names_text(const struct domain_names *n, uint16_t domain,
                        char buf[DOMAIN_TEXT_LEN]);

#endif /* IDTAP_DOMAIN_NAMES_H */
