/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces, as the commands read them: all tables of `report` in all faces,
 * `script`, `diff`, `html`, `top` and `metrics` of a trace, every format of
 * `export`, two traces as one, `repair`.  The first byte of the input chooses
 * the command, the rest is a trace (trace_input.h).
 *
 * The command ends with success or failure, never as if it had been called
 * wrongly; what says that it is JSON is JSON; what was repaired is in order.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <idtap/trace.h>

#include "../../cli/cli.h"
#include "fuzz.h"
#include "scratch.h"
#include "trace_input.h"

enum kind { PLAIN, JSON, JSON_LINES };

#define ARGS 12

/* "@" is the trace, "%" another place in the scratch directory. */
static const struct command {
    int (*function)(int argc, char **argv);
    enum kind kind;
    const char *args[ARGS];
} commands[] = {
    { cmd_report, PLAIN, { "report", "-i", "@" } },
    { cmd_report, PLAIN, { "report", "-i", "@", "--table", "all" } },
    { cmd_report, PLAIN, { "report", "-i", "@", "--table", "all", "--csv" } },
    { cmd_report, JSON, { "report", "-i", "@", "--table", "all", "--json",
                          "--histogram" } },
    { cmd_report, JSON, { "report", "-i", "@", "--json" } },
    { cmd_report, PLAIN, { "report", "-i", "@", "--histogram", "--ns",
                           "--threads", "2" } },
    { cmd_report, PLAIN, { "report", "-i", "@", "-d", "1,idle", "-e",
                           "exit,inject,irq", "--vector", "0-31,0xf3",
                           "--time", "1us,+1ms" } },
    { cmd_report, PLAIN, { "report", "-i", "@", "-i", "@" } },
    { cmd_report, JSON, { "report", "-i", "@", "-i", "@", "--json", "--table",
                          "all" } },
    { cmd_script, PLAIN, { "script", "-i", "@" } },
    { cmd_script, JSON_LINES, { "script", "-i", "@", "--json" } },
    { cmd_script, PLAIN, { "script", "-i", "@", "--format", "int" } },
    { cmd_script, PLAIN, { "script", "-i", "@", "--wall", "--time", "0,1s",
                           "--cpu", "0,200" } },
    { cmd_script, PLAIN, { "script", "-i", "@", "-i", "@" } },
    { cmd_script, JSON_LINES, { "script", "-i", "@", "-i", "@", "--json" } },
    { cmd_diff, PLAIN, { "diff", "@", "@" } },
    { cmd_diff, JSON, { "diff", "--json", "--threshold", "0", "@", "@" } },
    { cmd_diff, PLAIN, { "diff", "--csv", "@", "@" } },
    { cmd_html, PLAIN, { "html", "-i", "@", "-o", "-" } },
    { cmd_export, JSON_LINES, { "export", "-i", "@", "-f", "jsonl" } },
    { cmd_export, PLAIN, { "export", "-i", "@", "-f", "csv" } },
    { cmd_export, PLAIN, { "export", "-i", "@", "-f", "perfetto" } },
    { cmd_export, PLAIN, { "export", "-i", "@", "-f", "xentrace" } },
    { cmd_export, PLAIN, { "export", "-i", "@", "-f", "rowbinary" } },
    { cmd_export, PLAIN, { "export", "-i", "@", "-f", "sqlite", "-o", "%",
                           "--force" } },
    { cmd_export, PLAIN, { "export", "-i", "@", "-f", "ctf", "-o", "%",
                           "--force" } },
    { cmd_top, PLAIN, { "top", "-b", "-i", "@", "-s", "1h", "-n", "3" } },
    { cmd_metrics, PLAIN, { "metrics", "--once", "-i", "@" } },
    { cmd_repair, PLAIN, { "repair", "-i", "@" } },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int out = -1;

/* What is printed goes into a file in memory. */
static void catch_output(void)
{
    if ( out >= 0 )
        return;
    out = memfd_create("stdout", 0);
    FUZZ_CHECK(out >= 0 && dup2(out, STDOUT_FILENO) >= 0);
}

static char *printed(size_t *len)
{
    struct stat st;
    char *text;

    FUZZ_CHECK(!fstat(out, &st));
    *len = (size_t)st.st_size;
    text = malloc(*len + 1);
    FUZZ_CHECK(text && pread(out, text, *len, 0) == st.st_size);
    text[*len] = '\0';
    FUZZ_CHECK(!ftruncate(out, 0) && !lseek(out, 0, SEEK_SET));
    clearerr(stdout);
    return text;
}

/* Integers beyond 63 bits are legal, and jansson takes them for reals. */
static void check_json(const char *text, size_t len)
{
    json_error_t error;
    json_t *json = json_loadb(text, len, JSON_DECODE_INT_AS_REAL, &error);

    if ( !json )
        fprintf(stderr, "%s at byte %d: %.*s\n", error.text, error.position,
                (int)(len < 2000 ? len : 2000), text);
    FUZZ_CHECK(json);
    json_decref(json);
}

static void check_lines(char *text)
{
    char *end;

    for ( ; *text; text = end + 1 )
    {
        end = strchr(text, '\n');
        FUZZ_CHECK(end);
        check_json(text, (size_t)(end - text));
    }
}

/* What is left is in order, if anything is left. */
static void check_repaired(const char *dir)
{
    static struct idtap_error err;
    struct idtap_trace *t;
    struct idtap_iter *iter;
    struct idtap_run run;
    unsigned int nr;

    if ( idtap_trace_open(dir, &t, &err) )
        return;
    FUZZ_CHECK(!idtap_iter_open(t, NULL, &iter));
    while ( idtap_iter_next(iter, &run) > 0 )
        ;
    idtap_iter_errors(iter, &nr);
    FUZZ_CHECK(!nr);
    idtap_iter_close(iter);
    idtap_trace_close(t);
}

static int run(const struct command *c, char *dir)
{
    char *argv[ARGS + 1] = { NULL }, *other = NULL;
    int argc, status;

    FUZZ_CHECK(asprintf(&other, "%s/other", scratch_dir()) > 0);
    for ( argc = 0; argc < ARGS && c->args[argc]; argc++ )
        argv[argc] = !strcmp(c->args[argc], "@") ? strdup(dir) :
                     !strcmp(c->args[argc], "%") ? strdup(other) :
                                                   strdup(c->args[argc]);
    optind = 0; /* getopt_long() begins anew */
    status = c->function(argc, argv);
    fflush(stdout);
    while ( argc-- > 0 )
        free(argv[argc]);
    free(other);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct command *c;
    char *dir, *text;
    size_t len;
    int status;

    if ( !size )
        return 0;
    catch_output();
    c = &commands[data[0] % NR_COMMANDS];
    dir = input_write("trace", data + 1, size - 1);
    status = run(c, dir);
    FUZZ_CHECK(status == CLI_OK || status == CLI_FAILURE);
    text = printed(&len);
    /* With nothing that can be read there is no document. */
    if ( c->kind == JSON && len )
        check_json(text, len);
    if ( c->kind == JSON_LINES )
        check_lines(text);
    if ( c->function == cmd_repair && status == CLI_OK )
        check_repaired(dir);
    scratch_remove("other");
    free(text);
    free(dir);
    return 0;
}
