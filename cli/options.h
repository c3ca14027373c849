/* SPDX-License-Identifier: GPL-2.0-only */
/* The one way to a command's options, for the command and for programs. */
#ifndef IDTAP_OPTIONS_H
#define IDTAP_OPTIONS_H

#include <getopt.h>

/*
 * getopt_long(), for commands.  While options are listed it prints the tables
 * that it is given instead, and ends the process.
 */
int cli_getopt(int argc, char **argv, const char *shorts,
               const struct option *options);

/* From now on cli_getopt() lists. */
void cli_list_options(void);

#endif /* IDTAP_OPTIONS_H */
