/* SPDX-License-Identifier: GPL-2.0-only */
/* The page of `idtap top` that explains keys, columns and events. */
#ifndef IDTAP_TOP_HELP_H
#define IDTAP_TOP_HELP_H

#include <stdbool.h>

/*
 * Calls @fn for each line of the text, from first to last, none wider than
 * @width (0: as wide as is good to read).  @head: the line is a heading.
 */
void top_help(unsigned int width,
              void (*fn)(void *ctx, bool head, const char *text), void *ctx);

#endif /* IDTAP_TOP_HELP_H */
