/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands share.  A command is one file, cmd_NAME.c, with one
 * function; it gets its own name as argv[0], answers `--help` on stdout, and
 * returns the process's exit status.  Everything that is an answer goes to
 * stdout, everything about how it went to stderr.
 */
#ifndef IDTAP_CLI_H
#define IDTAP_CLI_H

#include <stdint.h>
#include <stdio.h>

/* Exit statuses, the same in every command. */
enum cli_status {
    CLI_OK      = 0,
    CLI_FAILURE = 1,
    CLI_USAGE   = 2, /* the command line makes no sense */
    CLI_NO_XEN  = 3, /* not Xen, not dom0, not root, or a Xen without profile */
    CLI_LOST    = 4, /* records were lost, and --fail-on-loss was given */
};

/* Where `record` writes and the readers look, unless told otherwise. */
#define DEFAULT_TRACE_DIR "idtap-trace"

int cmd_attach(int argc, char **argv);
int cmd_detach(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_filter(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_html(int argc, char **argv);
int cmd_script(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_repair(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_trigger(int argc, char **argv);
int cmd_metrics(int argc, char **argv);

/* "idtap: error: ..." and "idtap: warning: ..." on stderr, with a newline. */
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* An error, and where help is; returns CLI_USAGE. */
int cli_usage(const char *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * To be called when getopt_long(), with opterr 0 and a short-option string that
 * begins with ':' (or "+:"), returned `c` ('?' or ':').  Says which option of
 * argv is unknown or lacks its argument; returns CLI_USAGE.
 */
int cli_bad_option(int c, char **argv);

/*
 * Flushes stdout; a full disk or a closed pipe is a failure, and said so.
 * Returns `status`, or CLI_FAILURE.  To be called last by all who print.
 */
int cli_finish(int status);

struct idtap_error;

/*
 * Says what is wrong with a trace: file, byte, reason.  `dir` is the trace that
 * `idtap repair` could help, NULL if it could not.
 */
void cli_trace_error(const struct idtap_error *e, const char *dir);

#endif /* IDTAP_CLI_H */
