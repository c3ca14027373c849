/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stamping a payload: exactly the parameters, the three build-ids and the
 * offsets change, and a file that is anything else is an error, never a crash.
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

/* IDTAP_OFFSETS, a function each. */
#define X(n, v) \
    static int64_t value_of_##n(const struct idtap_profile *p) \
    { \
        return (v); \
    }
IDTAP_OFFSETS(X, p)
#undef X
enum {
#define X(n, v) NR_##n,
    IDTAP_OFFSETS(X, p)
#undef X
    NR_OFFSETS
};

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

/* The value of an offset's symbol by @params; it must be one. */
static int64_t offset_named(const char *name)
{
    static const struct {
        const char *name;
        int64_t (*value)(const struct idtap_profile *p);
    } *o, offsets[] = {
#define X(n, v) { IDTAP_OFFSET_SYMBOL #n, value_of_##n },
        IDTAP_OFFSETS(X, p)
#undef X
    };

    for ( o = offsets; o < offsets + sizeof(offsets) / sizeof(offsets[0]); o++ )
        if ( !strcmp(o->name, name) )
            return o->value(&params.profile);
    fail_msg("%s", name);
    return 0;
}

static bool is_offset(const char *name)
{
    return !strncmp(name, IDTAP_OFFSET_SYMBOL, strlen(IDTAP_OFFSET_SYMBOL));
}

/* The payload's symbols, and their names. */
static const Elf64_Sym *symbols(size_t *nr, const char **names)
{
    const Elf64_Shdr *symtab = section(".symtab");

    *nr = symtab->sh_size / sizeof(Elf64_Sym);
    *names = (const char *)tap + section(".strtab")->sh_offset;
    return (const void *)(tap + symtab->sh_offset);
}

/* Every offset's symbol is a number now; undone in @copy.  How many. */
static unsigned int undo_symbols(uint8_t *copy)
{
    const char *names;
    size_t nr, i;
    const Elf64_Sym *was = symbols(&nr, &names);
    Elf64_Sym *is = (void *)(copy + ((const uint8_t *)was - tap));
    unsigned int n = 0;

    for ( i = 0; i < nr; i++ )
        if ( is_offset(names + was[i].st_name) )
        {
            assert_int_equal(is[i].st_shndx, SHN_ABS);
            assert_int_equal(is[i].st_value,
                             offset_named(names + was[i].st_name));
            is[i] = was[i];
            n++;
        }
    return n;
}

/* Every instruction with one has the number, and asks for nothing; undone. */
static unsigned int undo_relocations(uint8_t *copy)
{
    const Elf64_Ehdr *e = (const void *)tap;
    const Elf64_Shdr *s = (const void *)(tap + e->e_shoff);
    const char *names;
    size_t nr, i, k;
    const Elf64_Sym *sym = symbols(&nr, &names);
    unsigned int n = 0;

    for ( i = 0; i < e->e_shnum; i++ )
    {
        const Elf64_Rela *was = (const void *)(tap + s[i].sh_offset);
        Elf64_Rela *is = (void *)(copy + s[i].sh_offset);

        for ( k = 0; s[i].sh_type == SHT_RELA &&
                     k < s[i].sh_size / sizeof(*was); k++ )
        {
            uint64_t type = ELF64_R_TYPE(was[k].r_info);
            const char *name = names + sym[ELF64_R_SYM(was[k].r_info)].st_name;
            size_t at = s[s[i].sh_info].sh_offset + was[k].r_offset;
            int32_t field;

            if ( type != R_X86_64_32 && type != R_X86_64_32S )
                continue;
            memcpy(&field, copy + at, sizeof(field));
            assert_int_equal(field, offset_named(name) + was[k].r_addend);
            assert_int_equal(ELF64_R_TYPE(is[k].r_info), R_X86_64_NONE);
            assert_int_equal(ELF64_R_SYM(is[k].r_info),
                             ELF64_R_SYM(was[k].r_info));
            is[k] = was[k];
            memcpy(copy + at, tap + at, sizeof(field));
            n++;
        }
    }
    return n;
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
    assert_int_equal(undo_symbols(copy), NR_OFFSETS);
    assert_true(undo_relocations(copy) > 100);
    /* All else is as it was. */
    assert_memory_equal(copy, tap, tap_len);
    free(copy);
}

/* What is stamped is for one Xen, and is not stamped again. */
static void twice(void **state)
{
    uint8_t *copy = copy_of(tap_len), *once = malloc(tap_len);
    char why[160];

    (void)state;
    assert_non_null(once);
    assert_int_equal(payload_stamp(copy, tap_len, &params, why), 0);
    memcpy(once, copy, tap_len);
    assert_int_equal(payload_stamp(copy, tap_len, &params, why), -EBADMSG);
    assert_non_null(strstr(why, "stamped before"));
    assert_memory_equal(copy, once, tap_len);
    free(once);
    free(copy);
}

static void too_large_for_an_instruction(void **state)
{
    struct idtap_params big = params;
    uint8_t *copy = copy_of(tap_len);
    char why[160];

    (void)state;
    big.profile.vcpu_domain = 0x80000000u;
    assert_int_equal(payload_stamp(copy, tap_len, &big, why), -EBADMSG);
    assert_non_null(strstr(why, "too large for an instruction (vcpu_domain)"));
    assert_memory_equal(copy, tap, tap_len);
    free(copy);
}

/* One byte of one symbol's name, or of one relocation, is another. */
static void wrong_symbols(void **state)
{
    const Elf64_Shdr *rela = section(".rela.text");
    const char *names;
    size_t nr, i;
    const Elf64_Sym *sym = symbols(&nr, &names);
    const Elf64_Rela *r = (const void *)(tap + rela->sh_offset);
    struct {
        size_t at;
        uint8_t byte;
        const char *why;
    } wrong[] = {
        { 0, 'Q', "another version" },    /* of a name: its last letter */
        { 0, 'Q', "nobody resolves" },    /* its first: no offset's any more */
        { 0, 0x7f, "outside its section" },
        { 0, 0xff, "nobody resolves" },   /* a symbol that is not there */
    };
    char why[160];

    (void)state;
    for ( i = 0; !is_offset(names + sym[i].st_name); i++ )
        ;
    wrong[1].at = (const uint8_t *)names + sym[i].st_name - tap;
    wrong[0].at = wrong[1].at + strlen(names + sym[i].st_name) - 1;
    while ( ELF64_R_TYPE(r->r_info) != R_X86_64_32S )
        r++;
    wrong[2].at = (const uint8_t *)&r->r_offset + 7 - tap;
    wrong[3].at = (const uint8_t *)&r->r_info + 7 - tap;
    for ( i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++ )
    {
        uint8_t *copy = copy_of(tap_len), *before = malloc(tap_len);

        assert_non_null(before);
        copy[wrong[i].at] = wrong[i].byte;
        memcpy(before, copy, tap_len);
        assert_int_equal(payload_stamp(copy, tap_len, &params, why), -EBADMSG);
        if ( !strstr(why, wrong[i].why) )
            fail_msg("%zu: %s", i, why);
        assert_memory_equal(copy, before, tap_len);
        free(before);
        free(copy);
    }
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
        cmocka_unit_test(twice),
        cmocka_unit_test(too_large_for_an_instruction),
        cmocka_unit_test(wrong_symbols),
        cmocka_unit_test(cut),
        cmocka_unit_test(corrupted),
        cmocka_unit_test(of_another_version),
        cmocka_unit_test(not_a_payload),
        cmocka_unit_test(on_each_other),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
