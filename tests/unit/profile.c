/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Profiles: those that idtap comes with say what they seem to say, read here
 * once more in another way; and each slip that a hand can make, or a disk, is
 * an error that names it.  Texts end where their memory ends.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "common.h"
#include "profile.h"

static glob_t files;
static struct idtap_params params;
static struct profile_error error;

/* Parses a copy that has not a byte to spare. */
static int parse(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    int rc;

    assert_non_null(copy);
    memcpy(copy, text, len);
    memset(&params, 0xee, sizeof(params));
    memset(&error, 0xee, sizeof(error));
    rc = profile_parse(copy, len, &params, &error);
    free(copy);
    assert_true(rc == 0 || rc == -EBADMSG);
    if ( rc )
        assert_true(memchr(error.what, '\0', sizeof(error.what)) &&
                    error.what[0]);
    return rc;
}

static void refused(const char *text, size_t len, unsigned int line,
                    const char *word)
{
    assert_int_equal(parse(text, len), -EBADMSG);
    assert_int_equal(error.line, line);
    if ( !strstr(error.what, word) )
        fail_msg("'%s' does not say '%s'", error.what, word);
}

static char *file(unsigned int i, size_t *len)
{
    char *text = (char *)test_read_file(files.gl_pathv[i], len);

    text[*len] = '\0'; /* for sscanf and the like; there is room */
    return text;
}

static uint64_t number_of(const char *kind, const char *name)
{
#define X(field, word) \
    if ( !strcmp(kind, "offset") && !strcmp(name, word) ) \
        return params.profile.field;
    IDTAP_PROFILE_FIELDS(X)
#undef X
#define X(field, word) \
    if ( !strcmp(kind, "address") && !strcmp(name, word) ) \
        return params.profile.field;
    IDTAP_PROFILE_ADDRESSES(X)
#undef X
    fail_msg("no field for %s %s", kind, name);
    return 0;
}

static const char *hook_name(unsigned int hook)
{
#define X(id, name) \
    if ( hook == IDTAP_HOOK_##id ) \
        return name;
    IDTAP_HOOKS(X)
#undef X
    return "none";
}

/* Compares what was parsed with one line; returns whether it is a site. */
static bool compare(const char *line, unsigned int site)
{
    char kind[16] = "", name[64], insn[8];
    const struct idtap_site *s = &params.site[site];
    unsigned long long value;
    char number[32];
    unsigned int i, byte;

    if ( sscanf(line, "build-id %40s", name) == 1 )
        for ( i = 0; i < IDTAP_BUILD_ID_LEN; i++ )
        {
            assert_int_equal(sscanf(name + 2 * i, "%2x", &byte), 1);
            assert_int_equal(params.profile.build_id[i], byte);
        }
    else if ( sscanf(line, "site %63s %7s %llx", name, insn, &value) == 3 )
    {
        assert_string_equal(hook_name(s->hook), name);
        assert_int_equal(s->opcode, insn[0] == 'c' ? 0xe8 : 0xe9);
        assert_int_equal(s->offset, value - params.profile.text_start);
        assert_int_equal(s->pad, 0);
        return true;
    }
    else if ( sscanf(line, "%15s %63s %31s", kind, name, number) == 3 &&
              (!strcmp(kind, "offset") || !strcmp(kind, "address")) )
        assert_int_equal(number_of(kind, name), strtoull(number, NULL, 0));
    return false;
}

static void real_ones(void **state)
{
    static const struct idtap_site none;
    unsigned int i, sites;

    (void)state;
    for ( i = 0; i < files.gl_pathc; i++ )
    {
        uint8_t id[IDTAP_BUILD_ID_LEN];
        size_t len;
        char *text = file(i, &len), *line;

        assert_int_equal(parse(text, len), 0);
        assert_int_equal(profile_build_id(text, len, id), 0);
        assert_memory_equal(id, params.profile.build_id, sizeof(id));
        assert_int_equal(params.profile.pad, 0);
        for ( sites = 0, line = strtok(text, "\n"); line;
              line = strtok(NULL, "\n") )
            sites += compare(line, sites);
        assert_int_equal(params.nr_sites, sites);
        assert_true(sites > 50);
        for ( ; sites < IDTAP_MAX_SITES; sites++ )
            assert_memory_equal(&params.site[sites], &none, sizeof(none));

        /* The rest is somebody else's. */
        assert_int_equal(params.magic, 0xeeeeeeee);
        assert_int_equal(params.abi_version, 0xeeeeeeee);
        assert_int_equal(params.size, 0xeeeeeeee);
        assert_int_equal(params.packet_size, 0xeeeeeeee);
        assert_int_equal(params.nr_packets, 0xeeeeeeee);
        assert_int_equal(params.attach_id, 0xeeeeeeeeeeeeeeee);
        free(text);
    }
}

/* @text with @old bytes at @at replaced by @new; free it. */
static char *edit(const char *text, size_t *len, size_t at, size_t old,
                  const char *new, size_t new_len)
{
    char *copy = malloc(*len + new_len + 1);

    assert_non_null(copy);
    memcpy(copy, text, at);
    memcpy(copy + at, new, new_len);
    memcpy(copy + at + new_len, text + at + old, *len - at - old + 1);
    *len += new_len - old;
    return copy;
}

/* Each line left out, and each line twice. */
static void lines(void **state)
{
    unsigned int i, nr;

    (void)state;
    for ( i = 0; i < files.gl_pathc; i++ )
    {
        size_t len, n, less, more;
        char *text = file(i, &len), *line = text;

        assert_int_equal(parse(text, len), 0);
        for ( nr = 1; *line; nr++, line += n )
        {
            char first[16] = "", name[64] = "", *without, *twice;
            unsigned int sites;

            n = strcspn(line, "\n") + 1;
            if ( n > 1 ) /* sscanf() would go on to the next line */
                sscanf(line, "%15s %63s", first, name);
            less = more = len;
            without = edit(text, &less, line - text, n, "", 0);
            twice = edit(text, &more, line - text, 0, line, n);
            assert_int_equal(parse(text, len), 0);
            sites = params.nr_sites;

            if ( !strcmp(first, "offset") || !strcmp(first, "address") )
            {
                refused(without, less, 0, name);
                refused(without, less, 0, "missing");
                refused(twice, more, nr + 1, name);
                refused(twice, more, nr + 1, "twice");
            }
            else if ( !strcmp(first, "build-id") )
            {
                refused(without, less, 0, "build-id");
                refused(twice, more, nr + 1, "build-id");
            }
            else if ( !strcmp(first, "idtap-profile") )
            {
                refused(without, less, nr, "idtap-profile 1");
                refused(twice, more, nr + 1, "idtap-profile");
            }
            else if ( !strcmp(first, "end") )
            {
                refused(without, less, 0, "'end'");
                refused(twice, more, nr + 1, "'end'");
            }
            else
            {
                assert_int_equal(parse(without, less), 0);
                assert_int_equal(params.nr_sites,
                                 sites - !strcmp(first, "site"));
            }
            free(without);
            free(twice);
        }
        assert_true(nr > 80);
        free(text);
    }
}

/* The number of each line replaced by one that cannot be. */
static void numbers(void **state)
{
    static const char *const bad[] = {
        "-1", "+1", "0x", "0xg", "12a", "08", "1e3", "1.0", "ten", "''", "x10",
        "18446744073709551616", "0x10000000000000000", "99999999999999999999999",
    };
    size_t len, n;
    char *text = file(0, &len), *line, *copy;
    unsigned int nr, i;

    (void)state;
    for ( nr = 1, line = text; *line; nr++, line += n )
    {
        bool offset = !strncmp(line, "offset ", 7);
        bool site = !strncmp(line, "site ", 5);
        size_t at, digits, more;

        n = strcspn(line, "\n") + 1;
        if ( !offset && !site && strncmp(line, "address ", 8) )
            continue;
        /* The last word before a comment. */
        at = strcspn(line, "#\n");
        while ( line[at - 1] == ' ' )
            at--;
        for ( digits = 0; line[at - 1] != ' '; at--, digits++ )
            ;
        for ( i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
        {
            more = len;
            copy = edit(text, &more, line - text + at, digits, bad[i],
                        strlen(bad[i]));
            refused(copy, more, nr, bad[i]);
            free(copy);
        }
        if ( offset || site )
        {
            static const char *const wide[] = {
                "0x100000000", "0xffffffffffffffff", "4294967296",
            };

            for ( i = 0; i < 3; i++ )
            {
                more = len;
                copy = edit(text, &more, line - text + at, digits, wide[i],
                            strlen(wide[i]));
                refused(copy, more, offset ? nr : 0,
                        offset ? "too large" : "not in Xen's text");
                free(copy);
            }
        }
    }
    free(text);
}

/* Cut anywhere but before the last newline: refused. */
static void cut(void **state)
{
    size_t len, at;
    char *text = file(0, &len);

    (void)state;
    for ( at = 0; at + 1 < len; at++ )
        assert_int_equal(parse(text, at), -EBADMSG);
    assert_int_equal(parse(text, len - 1), 0);
    free(text);
}

/* A NUL anywhere. */
static void nuls(void **state)
{
    size_t len, at;
    char *text = file(0, &len);

    (void)state;
    for ( at = 0; at < len; at++ )
    {
        char c = text[at];

        text[at] = '\0';
        assert_int_equal(parse(text, len), -EBADMSG);
        assert_true(strstr(error.what, "NUL") || strstr(error.what, "long"));
        text[at] = c;
    }
    free(text);
}

/* Lines as other systems end them, and tabs between words. */
static void white_space(void **state)
{
    struct idtap_params plain;
    size_t len, i, n = 0;
    char *text = file(0, &len), *copy = malloc(2 * len);
    uint8_t id[IDTAP_BUILD_ID_LEN];

    (void)state;
    assert_non_null(copy);
    assert_int_equal(parse(text, len), 0);
    plain = params;
    for ( i = 0; i < len; i++ )
    {
        if ( text[i] == '\n' )
            copy[n++] = '\r';
        copy[n++] = text[i];
    }
    assert_int_equal(parse(copy, n), 0);
    assert_memory_equal(&params, &plain, sizeof(plain));
    assert_int_equal(profile_build_id(copy, n, id), 0);
    assert_memory_equal(id, plain.profile.build_id, sizeof(id));

    /* The first line is a comment, longer than these words. */
    for ( i = strcspn(text, "\n"); i < len; i++ )
        if ( text[i] == ' ' && strncmp(text + i - 5, "title", 5) &&
             strncmp(text + i - 8, "build-id", 8) )
            text[i] = '\t';
    assert_int_equal(parse(text, len), 0);
    assert_memory_equal(&params, &plain, sizeof(plain));
    free(copy);
    free(text);
}

#define HEAD "idtap-profile 1\n"
#define ID "39a640e6f1412319235087391df9f1c5e13ae920"

/* A line after the first, and what is said of it. */
static void words(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        { "color green", "'color'" },
        { "offset", "'offset'" },
        { "offset vcpu.vcpu_id", "'offset'" },
        { "offset vcpu.vcpu_id 1 2", "'offset'" },
        { "offset vcpu.vcpu_id 1 2 3", "too many" },
        { "offset vcpu.nonsense 1", "'vcpu.nonsense'" },
        { "offset VCPU.VCPU_ID 1", "'VCPU.VCPU_ID'" },
        { "offset _stext 1", "'_stext'" },
        { "address vcpu.vcpu_id 1", "'vcpu.vcpu_id'" },
        { "Offset vcpu.vcpu_id 1", "'Offset'" },
        { "build-id", "'build-id'" },
        { "build-id " ID "0", "build-id" },
        { "build-id 39A640E6F1412319235087391DF9F1C5E13AE920", "build-id" },
        { "build-id 39a640e6f1412319235087391df9f1c5e13ae92", "build-id" },
        { "build-id g9a640e6f1412319235087391df9f1c5e13ae920", "build-id" },
        { "build-id " ID " x", "'build-id'" },
        { "site do_IRQ call", "'site'" },
        { "site do_irq call 0x1", "'do_irq'" },
        { "site do_IRQ CALL 0x1", "'CALL'" },
        { "site do_IRQ jne 0x1", "'jne'" },
        { "site do_IRQ call 1x", "'1x'" },
        { "site do_IRQ/vmexit jmp 0x1 x", "too many" },
        { "titles of books", "'titles'" },
        { "idtap-profile 1", "'idtap-profile'" },
    };
    char text[400];
    unsigned int i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        int n = snprintf(text, sizeof(text), "# so\n\n" HEAD "%s # x\n",
                         cases[i].line);

        refused(text, (size_t)n, 4, cases[i].says);
    }
}

static void beginnings(void **state)
{
    static const char *const bad[] = {
        "idtap-profile 2\n", "idtap-profile\n", "idtap-profile 1 1\n", "x\n",
        "\x7f""ELF\n", "build-id " ID "\n", "title x\n", "idtap-profile 01\n",
    };
    unsigned int i;

    (void)state;
    for ( i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
        refused(bad[i], strlen(bad[i]), 1, "not an idtap profile");
    refused("", 0, 0, "empty");
    refused("\n\n# only words\n", 15, 0, "empty");
    refused(HEAD, strlen(HEAD), 0, "'end'");
    refused(HEAD "end\n", strlen(HEAD) + 4, 0, "build-id");
}

static void long_lines(void **state)
{
    size_t len, more, n;
    char *text = file(0, &len), *copy, line[402];

    (void)state;
    memset(line, 'x', sizeof(line));
    line[0] = '#';
    for ( n = 200; n <= 400; n++ )
    {
        line[n] = '\n';
        more = len;
        copy = edit(text, &more, 0, 0, line, n + 1);
        line[n] = 'x';
        if ( n < 256 )
            assert_int_equal(parse(copy, more), 0);
        else
            refused(copy, more, 1, "long");
        free(copy);
    }
    free(text);
}

static void many_sites(void **state)
{
    static const char site[] = "site do_IRQ call 0xffff82d040201911\n";
    size_t len, more;
    char *text = file(0, &len), *next;
    unsigned int i, lines_before = 0;

    (void)state;
    assert_int_equal(parse(text, len), 0);
    for ( i = 0; text[i]; i++ )
        lines_before += text[i] == '\n';
    for ( i = params.nr_sites; i < IDTAP_MAX_SITES + 20; i++ )
    {
        more = len;
        /* Before the last line, which is "end". */
        next = edit(text, &more, len - 4, 0, site, sizeof(site) - 1);
        free(text);
        text = next;
        len = more;
        lines_before++;
        if ( i < IDTAP_MAX_SITES )
        {
            assert_int_equal(parse(text, len), 0);
            assert_int_equal(params.nr_sites, i + 1);
        }
        else
            refused(text, len, lines_before - 1 - (i - IDTAP_MAX_SITES),
                    "sites");
    }
    free(text);
}

static void build_ids(void **state)
{
    static const struct {
        const char *text;
        bool found;
    } cases[] = {
        { "", false }, { "build-id", false }, { "build-id ", false },
        { "build-id " ID, true }, { "build-id " ID "\n", true },
        { "x\n\nbuild-id " ID "\r\nx", true },
        { " build-id " ID, false }, { "# build-id " ID, false },
        { "build-id g9a640e6f1412319235087391df9f1c5e13ae920", false },
        { "build-id 39a640e6f1412319235087391df9f1c5e13ae92\n0", false },
    };
    uint8_t id[IDTAP_BUILD_ID_LEN];
    unsigned int i;
    size_t n;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
        for ( n = 0; n <= strlen(cases[i].text); n++ )
        {
            char *copy = strndup(cases[i].text, n);
            bool whole = cases[i].found &&
                         n >= strcspn(cases[i].text, "b") + 49;

            assert_non_null(copy);
            assert_int_equal(profile_build_id(copy, n, id),
                             whole ? 0 : -EBADMSG);
            free(copy);
        }
}

/* Bytes changed, lines torn: it is refused or read, and nothing else. */
static void noise(void **state)
{
    size_t len;
    char *text = file(0, &len);
    uint8_t id[IDTAP_BUILD_ID_LEN];
    unsigned int i, k, ok = 0;
    uint64_t r = 1;

    (void)state;
    for ( i = 0; i < 20000; i++ )
    {
        char *copy = malloc(len);

        assert_non_null(copy);
        memcpy(copy, text, len);
        for ( k = 0; k <= i % 4; k++ )
        {
            r = r * 6364136223846793005 + 1442695040888963407;
            copy[(r >> 20) % len] = i % 3 ? (char)(r >> 56)
                                          : text[(r >> 40) % len];
        }
        ok += !parse(copy, len);
        profile_build_id(copy, len, id);
        free(copy);
    }
    assert_true(ok > 0 && ok < 20000);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_ones),
        cmocka_unit_test(lines),
        cmocka_unit_test(numbers),
        cmocka_unit_test(cut),
        cmocka_unit_test(nuls),
        cmocka_unit_test(white_space),
        cmocka_unit_test(words),
        cmocka_unit_test(beginnings),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(many_sites),
        cmocka_unit_test(build_ids),
        cmocka_unit_test(noise),
    };
    int rc;

    if ( glob(TEST_PROFILES "/*.profile", 0, NULL, &files) ||
         files.gl_pathc < 2 )
    {
        fprintf(stderr, "no profiles in " TEST_PROFILES "\n");
        return 1;
    }
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    globfree(&files);
    return rc;
}
