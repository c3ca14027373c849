/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a recorder gives up when it has what it needs: see confine.c.
 */
#ifndef IDTAP_CLI_CONFINE_H
#define IDTAP_CLI_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Gives up what the rest of a recording does not need that writes into the
 * directory @path, or the file (NULL: writes nothing), for good, in this process
 * and all its threads to come.  Called when the rings are mapped and COMMAND has
 * been started, and not at all by who will start other programs later.  What
 * cannot be given up is said on stderr; the recording goes on.
 */
void confine(const char *path);

/* Is process @pid confined like that?  Says "no" also of a process that is
   gone. */
bool confined(pid_t pid);

#endif /* IDTAP_CLI_CONFINE_H */
