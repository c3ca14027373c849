/* SPDX-License-Identifier: GPL-2.0-only */
/* `idtap status`: what is intercepted, and what that has caused; on stdout. */
#ifndef IDTAP_STATUS_INTERCEPTS_H
#define IDTAP_STATUS_INTERCEPTS_H

#include <idtap/host.h>

#include "json.h"

void status_intercepts_print(const struct idtap_status *s);
void status_intercepts_json(struct json *j, const struct idtap_status *s);

#endif /* IDTAP_STATUS_INTERCEPTS_H */
