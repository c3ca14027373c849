/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The argument of --intercept: [DOMAIN=]LIST.  Parsing only; who the domains are
 * is the caller's business.  Any thread.
 */
#ifndef IDTAP_INTERCEPTS_H
#define IDTAP_INTERCEPTS_H

#include <stdint.h>

#include "lists.h"

#define INTERCEPT_DOMAIN_LEN 80

/*
 * Splits "DOMAIN=LIST": the domain's text, "" if there is none, goes into
 * `domain`, and the list's place is returned; NULL, with the reason in `why`.
 */
const char *intercept_split(const char *text, char domain[INTERCEPT_DOMAIN_LEN],
                            char why[LIST_WHY_LEN]);

/*
 * A list of exceptions by number, range or name; "all": every one that can be;
 * "swint": INT n; "none", which must be alone.  0, or -EINVAL and `why`.
 */
int intercept_list(const char *text, uint32_t *exceptions, uint16_t *flags,
                   char why[LIST_WHY_LEN]);

#endif /* IDTAP_INTERCEPTS_H */
