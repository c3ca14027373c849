/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stamping a payload: exactly the parameters and the three build-ids change,
 * and a file that is anything else is an error, never a crash.
 *
 * The real payload comes from the build (TEST_TAP); that it is missing is a
 * failure.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "profile.h"

static uint8_t *tap;
static size_t tap_len;
static struct idtap_params params;

static int setup(void **state)
{
    (void)state;
    tap = test_read_file(TEST_TAP, &tap_len);
    memset(&params, 0x5a, sizeof(params));
    params.magic = IDTAP_PARAMS_MAGIC;
    params.abi_version = IDTAP_ABI_VERSION;
    params.size = sizeof(params);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(tap);
    return 0;
}

static uint8_t *copy_of(size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, tap, len);
    return copy;
}

/* A section of the real payload, found without the code under test. */
static const Elf64_Shdr *section(const char *name)
{
    const Elf64_Ehdr *e = (const void *)tap;
    const Elf64_Shdr *s = (const void *)(tap + e->e_shoff);
    const char *names = (const char *)tap + s[e->e_shstrndx].sh_offset;
    unsigned int i;

    for ( i = 0; i < e->e_shnum; i++ )
        if ( !strcmp(names + s[i].sh_name, name) )
            return &s[i];
    fail_msg("no section %s", name);
    return NULL;
}

static void only_what_should_change(void **state)
{
    static const char *const notes[] = {
        ".livepatch.depends", ".livepatch.xen_depends", ".note.gnu.build-id",
    };
    const Elf64_Shdr *p = section(IDTAP_PARAMS_SECTION);
    uint8_t *copy = copy_of(tap_len);
    unsigned int i;
    char why[160];

    (void)state;
    assert_int_equal(payload_stamp(copy, tap_len, &params, why), 0);
    assert_memory_equal(copy + p->sh_offset, &params, sizeof(params));
    memcpy(copy + p->sh_offset, tap + p->sh_offset, sizeof(params));

    for ( i = 0; i < 3; i++ )
    {
        const Elf64_Shdr *s = section(notes[i]);
        uint8_t *id = copy + s->sh_offset + 16;

        assert_int_equal(s->sh_size, 16 + IDTAP_BUILD_ID_LEN);
        if ( i < 2 )
            assert_memory_equal(id, params.profile.build_id,
                                IDTAP_BUILD_ID_LEN);
        else
            assert_memory_equal(id + 12, &params.attach_id, 8);
        memcpy(id, tap + s->sh_offset + 16, IDTAP_BUILD_ID_LEN);
    }
    /* All else is as it was. */
    assert_memory_equal(copy, tap, tap_len);
    free(copy);
}

/* Cut: the first and last 4 KiB byte by byte, coarsely in between. */
static void cut(void **state)
{
    size_t len;
    char why[160];

    (void)state;
    for ( len = 0; len < tap_len; len += len < 4096 || len > tap_len - 4096
                                         ? 1 : 997 )
    {
        uint8_t *copy = copy_of(len);

        memset(why, 0, sizeof(why));
        if ( payload_stamp(copy, len, &params, why) )
            assert_true(why[0] && memchr(why, '\0', sizeof(why)));
        else /* only what nobody asked for is missing */
            assert_true(len > tap_len / 2);
        free(copy);
    }
}

/* Every byte of the ELF header and of the section headers, to three values. */
static void corrupted(void **state)
{
    const Elf64_Ehdr *e = (const void *)tap;
    size_t table = e->e_shoff, i, refused = 0;
    size_t end = table + (size_t)e->e_shnum * sizeof(Elf64_Shdr);
    static const uint8_t values[] = { 0x00, 0x7f, 0xff };
    unsigned int k;
    char why[160];

    (void)state;
    for ( i = 0; i < end; i = i + 1 == sizeof(*e) ? table : i + 1 )
        for ( k = 0; k < sizeof(values); k++ )
        {
            uint8_t *copy = copy_of(tap_len);

            copy[i] = values[k];
            refused += payload_stamp(copy, tap_len, &params, why) != 0;
            free(copy);
        }
    assert_true(refused > 20);
}

static void of_another_version(void **state)
{
    uint8_t *copy = copy_of(tap_len);
    char why[160];

    (void)state;
    params.abi_version++;
    assert_int_equal(payload_stamp(copy, tap_len, &params, why), -EBADMSG);
    assert_non_null(strstr(why, "version"));
    params.abi_version--;
    assert_memory_equal(copy, tap, tap_len);
    free(copy);
}

static void not_a_payload(void **state)
{
    static uint8_t text[200] __attribute__((aligned(8))) = "hello";
    char why[160];

    (void)state;
    assert_int_equal(payload_stamp(text, sizeof(text), &params, why), -EBADMSG);
    assert_non_null(strstr(why, "not an x86-64 ELF object"));
}

/* A note that lies on what says where the next one is, or on another. */
static void on_each_other(void **state)
{
    static const char *const notes[] = {
        ".livepatch.depends", ".livepatch.xen_depends", ".note.gnu.build-id",
    };
    const Elf64_Ehdr *e = (const void *)tap;
    const size_t table = e->e_shoff;
    const size_t places[] = {
        0, table, table + (e->e_shnum - 1) * sizeof(Elf64_Shdr),
        section(IDTAP_PARAMS_SECTION)->sh_offset + 40,
        section(IDTAP_PARAMS_SECTION)->sh_offset - 16,
    };
    unsigned int i, k;
    char why[160];

    (void)state;
    for ( i = 0; i < 3; i++ )
        for ( k = 0; k < sizeof(places) / sizeof(places[0]); k++ )
        {
            uint8_t *copy = copy_of(tap_len), *before = malloc(tap_len);
            Elf64_Shdr *s = (void *)(copy + ((const uint8_t *)section(notes[i]) -
                                             tap));

            assert_non_null(before);
            s->sh_offset = places[k];
            memcpy(before, copy, tap_len);
            assert_int_equal(payload_stamp(copy, tap_len, &params, why),
                             -EBADMSG);
            assert_non_null(strstr(why, "lie on each other"));
            /* Nothing of it was stamped. */
            assert_memory_equal(copy, before, tap_len);
            free(copy);
            free(before);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_should_change),
        cmocka_unit_test(cut),
        cmocka_unit_test(corrupted),
        cmocka_unit_test(of_another_version),
        cmocka_unit_test(not_a_payload),
        cmocka_unit_test(on_each_other),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
