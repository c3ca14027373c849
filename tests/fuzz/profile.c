/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Profiles: text that somebody wrote by hand.  What is accepted must be within
 * the bounds that the tap relies on, be said the same way again when it is read
 * from its own canonical text, and be found by its build-id.
 */
#include <stdbool.h>

#include "fuzz.h"
#include "profile.h"

static const char *const hook_words[] = {
#define X(hook, name) name,
    IDTAP_HOOKS(X)
#undef X
};
static const char *const field_words[] = {
#define X(field, name) name,
    IDTAP_PROFILE_FIELDS(X)
#undef X
};

static void check_bounds(const struct idtap_params *p)
{
    unsigned int i;

    FUZZ_CHECK(p->nr_sites <= IDTAP_MAX_SITES);
    FUZZ_CHECK(p->nr_witnesses <= IDTAP_MAX_WITNESSES);
    for ( i = 0; i < p->nr_sites; i++ )
    {
        FUZZ_CHECK(p->site[i].hook < IDTAP_NR_HOOKS);
        FUZZ_CHECK(p->site[i].opcode == 0xe8 || p->site[i].opcode == 0xe9);
        FUZZ_CHECK(!p->site[i].pad);
    }
    for ( i = 0; i < p->nr_witnesses; i++ )
    {
        FUZZ_CHECK(p->witness[i].field < IDTAP_NR_FIELDS);
        FUZZ_CHECK(p->witness[i].size == 4 || p->witness[i].size == 1);
    }
    /* What lies behind the lists is not somebody's leftovers. */
    for ( ; i < IDTAP_MAX_WITNESSES; i++ )
        FUZZ_CHECK(!p->witness[i].offset && !p->witness[i].size);
    for ( i = p->nr_sites; i < IDTAP_MAX_SITES; i++ )
        FUZZ_CHECK(!p->site[i].offset && !p->site[i].opcode);
}

/* The profile as text once more. */
static char *canonical(const struct idtap_params *p, size_t *len)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, len);
    unsigned int i;

    FUZZ_CHECK(f);
    fputs("idtap-profile 1\nbuild-id ", f);
    for ( i = 0; i < IDTAP_BUILD_ID_LEN; i++ )
        fprintf(f, "%02x", p->profile.build_id[i]);
    fputc('\n', f);
#define X(field, name) \
    fprintf(f, "address " name " %#llx\n", \
            (unsigned long long)p->profile.field);
    IDTAP_PROFILE_ADDRESSES(X)
#undef X
#define X(field, name) fprintf(f, "offset " name " %u\n", p->profile.field);
    IDTAP_PROFILE_FIELDS(X)
#undef X
    for ( i = 0; i < p->nr_sites; i++ )
        fprintf(f, "site %s %s %#llx\n", hook_words[p->site[i].hook],
                p->site[i].opcode == 0xe8 ? "call" : "jmp",
                (unsigned long long)(p->profile.text_start +
                                     p->site[i].offset));
    for ( i = 0; i < p->nr_witnesses; i++ )
        fprintf(f, "witness %#llx %s%s\n",
                (unsigned long long)(p->profile.text_start +
                                     p->witness[i].offset),
                field_words[p->witness[i].field],
                p->witness[i].size == 1 ? " 1" : "");
    fputs("end\n", f);
    fclose(f);
    return text;
}

static void check_again(const struct idtap_params *p)
{
    static struct idtap_params again;
    struct profile_error error;
    size_t len;
    char *text = canonical(p, &len);

    memset(&again, 0xee, sizeof(again));
    FUZZ_CHECK(!profile_parse(text, len, &again, &error));
    FUZZ_CHECK(!memcmp(&again.profile, &p->profile, sizeof(p->profile)));
    FUZZ_CHECK(!memcmp(again.site, p->site, sizeof(p->site)));
    FUZZ_CHECK(!memcmp(again.witness, p->witness, sizeof(p->witness)));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct idtap_params params;
    uint8_t id[IDTAP_BUILD_ID_LEN];
    struct profile_error error;
    char *text = fuzz_copy(data, size);
    bool has_id;

    memset(&params, 0xee, sizeof(params));
    memset(&error, 0xee, sizeof(error));
    has_id = !profile_build_id(text, size, id);
    if ( profile_parse(text, size, &params, &error) )
        FUZZ_CHECK_WHY(error.what);
    else
    {
        /* `idtap attach` looks for a profile by this alone. */
        FUZZ_CHECK(has_id);
        FUZZ_CHECK(!memcmp(id, params.profile.build_id, sizeof(id)));
        check_bounds(&params);
        check_again(&params);
    }
    free(text);
    return 0;
}
