/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a profile: lines of words; `#` begins a comment.
 *
 *   idtap-profile 1
 *   build-id HEX
 *   title WORDS
 *   offset NAME NUMBER        names: IDTAP_PROFILE_FIELDS
 *   address NAME NUMBER       names: IDTAP_PROFILE_ADDRESSES
 *   site HOOK call|jmp ADDRESS
 *   witness ADDRESS NAME [1]  of an offset: 4 bytes, or 1
 *   end                       the last line: a file that was cut has none
 *
 * A profile is data about somebody else's binary, often made by hand: every
 * slip is an error with its line.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

#define MAX_WORDS 4
#define LINE_LEN 256

struct parser {
    struct idtap_params *params;
    struct profile_error *error;
    unsigned int line;
    bool seen_header, seen_build_id, seen_end;
    uint64_t seen_fields, seen_addresses;
    uint64_t site_address[IDTAP_MAX_SITES];
    uint64_t witness_address[IDTAP_MAX_WITNESSES];
};

enum {
#define X(field, name) ADDRESS_##field,
    IDTAP_PROFILE_ADDRESSES(X)
#undef X
    NR_ADDRESSES
};
_Static_assert(IDTAP_NR_FIELDS <= 64 && NR_ADDRESSES <= 64, "one bit each");

static const struct {
    const char *name;
    size_t offset;
} fields[IDTAP_NR_FIELDS] = {
#define X(field, name) { name, offsetof(struct idtap_profile, field) },
    IDTAP_PROFILE_FIELDS(X)
#undef X
}, addresses[NR_ADDRESSES] = {
#define X(field, name) { name, offsetof(struct idtap_profile, field) },
    IDTAP_PROFILE_ADDRESSES(X)
#undef X
};

static const char *const hook_names[IDTAP_NR_HOOKS] = {
#define X(hook, name) name,
    IDTAP_HOOKS(X)
#undef X
};

static int __attribute__((format(printf, 2, 3)))
wrong(struct parser *p, const char *fmt, ...)
{
    va_list ap;

    p->error->line = p->line;
    va_start(ap, fmt);
    vsnprintf(p->error->what, sizeof(p->error->what), fmt, ap);
    va_end(ap);
    return -EBADMSG;
}

static bool parse_number(const char *word, uint64_t *value)
{
    char *end;

    if ( *word < '0' || *word > '9' )
        return false;
    errno = 0;
    *value = strtoull(word, &end, 0);
    return !errno && !*end;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' :
           c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_build_id(const char *word,
                           uint8_t build_id[IDTAP_BUILD_ID_LEN])
{
    unsigned int i;

    if ( strlen(word) != 2 * IDTAP_BUILD_ID_LEN )
        return false;
    for ( i = 0; i < IDTAP_BUILD_ID_LEN; i++ )
    {
        int high = hex_digit(word[2 * i]), low = hex_digit(word[2 * i + 1]);

        if ( high < 0 || low < 0 )
            return false;
        build_id[i] = high << 4 | low;
    }
    return true;
}

static int parse_offset(struct parser *p, const char *name, uint64_t value)
{
    unsigned int i;
    uint32_t narrow = value;

    for ( i = 0; i < IDTAP_NR_FIELDS; i++ )
    {
        if ( strcmp(name, fields[i].name) )
            continue;
        if ( value != narrow )
            return wrong(p, "%s is too large", name);
        if ( p->seen_fields & (1ull << i) )
            return wrong(p, "%s is there twice", name);
        p->seen_fields |= 1ull << i;
        memcpy((char *)&p->params->profile + fields[i].offset, &narrow,
               sizeof(narrow));
        return 0;
    }
    return wrong(p, "'%s' is not an offset that idtap knows", name);
}

static int parse_address(struct parser *p, const char *name, uint64_t value)
{
    unsigned int i;

    for ( i = 0; i < NR_ADDRESSES; i++ )
    {
        if ( strcmp(name, addresses[i].name) )
            continue;
        if ( p->seen_addresses & (1ull << i) )
            return wrong(p, "%s is there twice", name);
        p->seen_addresses |= 1ull << i;
        memcpy((char *)&p->params->profile + addresses[i].offset, &value,
               sizeof(value));
        return 0;
    }
    return wrong(p, "'%s' is not an address that idtap knows", name);
}

static int parse_site(struct parser *p, const char *hook, const char *insn,
                      const char *address)
{
    struct idtap_site *site;
    unsigned int i;

    if ( p->params->nr_sites == IDTAP_MAX_SITES )
        return wrong(p, "more than %u sites", IDTAP_MAX_SITES);
    site = &p->params->site[p->params->nr_sites];
    memset(site, 0, sizeof(*site));

    for ( i = 0; i < IDTAP_NR_HOOKS && strcmp(hook, hook_names[i]); i++ )
        ;
    if ( i == IDTAP_NR_HOOKS )
        return wrong(p, "'%s' is not a function that idtap hooks", hook);
    site->hook = i;

    if ( !strcmp(insn, "call") )
        site->opcode = 0xe8;
    else if ( !strcmp(insn, "jmp") )
        site->opcode = 0xe9;
    else
        return wrong(p, "'%s' is neither call nor jmp", insn);

    if ( !parse_number(address, &p->site_address[p->params->nr_sites]) )
        return wrong(p, "'%s' is not an address", address);
    p->params->nr_sites++;
    return 0;
}

static int parse_witness(struct parser *p, const char *address,
                         const char *size,
                         const char *name)
{
    unsigned int i, n = p->params->nr_witnesses;

    if ( n == IDTAP_MAX_WITNESSES )
        return wrong(p, "more than %u witnesses", IDTAP_MAX_WITNESSES);
    for ( i = 0; i < IDTAP_NR_FIELDS && strcmp(name, fields[i].name); i++ )
        ;
    if ( i == IDTAP_NR_FIELDS )
        return wrong(p, "'%s' is not an offset that idtap knows", name);
    if ( !parse_number(address, &p->witness_address[n]) )
        return wrong(p, "'%s' is not an address", address);
    if ( size && strcmp(size, "1") )
        return wrong(p, "a witness has 4 bytes, or '1', not '%s'", size);
    p->params->witness[n].size = size ? 1 : 4;
    p->params->witness[n].field = i;
    p->params->nr_witnesses++;
    return 0;
}

static int parse_words(struct parser *p, char **word, unsigned int n)
{
    uint64_t value;

    if ( !p->seen_header )
    {
        if ( n != 2 || strcmp(word[0], "idtap-profile") ||
             strcmp(word[1], "1") )
            return wrong(p, "not an idtap profile: the first line must be "
                            "'idtap-profile 1'");
        p->seen_header = true;
        return 0;
    }

    if ( p->seen_end )
        return wrong(p, "there is something after the line 'end'");
    if ( !strcmp(word[0], "end") && n == 1 )
    {
        p->seen_end = true;
        return 0;
    }
    if ( !strcmp(word[0], "build-id") && n == 2 )
    {
        if ( p->seen_build_id ||
             !parse_build_id(word[1], p->params->profile.build_id) )
            return wrong(p, "the build-id must be one of %u hex digits",
                         2 * IDTAP_BUILD_ID_LEN);
        p->seen_build_id = true;
        return 0;
    }
    if ( (!strcmp(word[0], "offset") || !strcmp(word[0], "address")) && n == 3 )
    {
        if ( !parse_number(word[2], &value) )
            return wrong(p, "'%s' is not a number", word[2]);
        return word[0][0] == 'o' ? parse_offset(p, word[1], value)
                                 : parse_address(p, word[1], value);
    }
    if ( !strcmp(word[0], "site") && n == 4 )
        return parse_site(p, word[1], word[2], word[3]);
    if ( !strcmp(word[0], "witness") && (n == 3 || n == 4) )
        return parse_witness(p, word[1], n == 4 ? word[3] : NULL, word[2]);
    return wrong(p, "'%s' with %u words is not understood", word[0], n);
}

static int parse_line(struct parser *p, const char *text, size_t len)
{
    char line[LINE_LEN], *word[MAX_WORDS], *save, *w;
    unsigned int n = 0;

    if ( len >= sizeof(line) )
        return wrong(p, "the line is too long");
    if ( memchr(text, '\0', len) )
        return wrong(p, "the line holds a NUL: this is not a text file");
    memcpy(line, text, len);
    line[len] = '\0';
    line[strcspn(line, "#")] = '\0';
    if ( p->seen_header && !strncmp(line, "title ", 6) )
        return 0;

    for ( w = strtok_r(line, " \t\r", &save); w;
          w = strtok_r(NULL, " \t\r", &save) )
    {
        if ( n == MAX_WORDS )
            return wrong(p, "too many words");
        word[n++] = w;
    }
    return n ? parse_words(p, word, n) : 0;
}

/* Into *offset: where @address lies in Xen's text. */
static int text_offset(struct parser *p, uint64_t address, uint32_t *offset)
{
    uint64_t n = address - p->params->profile.text_start;

    if ( n > UINT32_MAX )
        return wrong(p, "%#llx is not in Xen's text",
                     (unsigned long long)address);
    *offset = n;
    return 0;
}

/* What can only be said when all lines were read. */
static int parse_end(struct parser *p)
{
    struct idtap_params *params = p->params;
    unsigned int i;
    int rc = 0;

    p->line = 0;
    if ( !p->seen_header )
        return wrong(p, "not an idtap profile: the file is empty");
    if ( !p->seen_end )
        return wrong(p, "the file is cut short: its last line must be 'end'");
    if ( !p->seen_build_id )
        return wrong(p, "it has no build-id");
    for ( i = 0; i < IDTAP_NR_FIELDS; i++ )
        if ( !(p->seen_fields & (1ull << i)) )
            return wrong(p, "the offset %s is missing", fields[i].name);
    for ( i = 0; i < NR_ADDRESSES; i++ )
        if ( !(p->seen_addresses & (1ull << i)) )
            return wrong(p, "the address %s is missing", addresses[i].name);
    for ( i = 0; !rc && i < params->nr_sites; i++ )
        rc = text_offset(p, p->site_address[i], &params->site[i].offset);
    for ( i = 0; !rc && i < params->nr_witnesses; i++ )
        rc = text_offset(p, p->witness_address[i],
                         &params->witness[i].offset);
    return rc;
}

int profile_parse(const char *text, size_t len, struct idtap_params *params,
                  struct profile_error *error)
{
    struct parser p = { .params = params, .error = error };
    const char *end = text + len;
    int rc;

    memset(&params->profile, 0, sizeof(params->profile));
    memset(params->site, 0, sizeof(params->site));
    memset(params->witness, 0, sizeof(params->witness));
    params->nr_sites = 0;
    params->nr_witnesses = 0;

    while ( text < end )
    {
        const char *eol = memchr(text, '\n', end - text);
        size_t n = (eol ? eol : end) - text;

        p.line++;
        rc = parse_line(&p, text, n);
        if ( rc )
            return rc;
        text += n + 1;
    }
    return parse_end(&p);
}

int profile_build_id(const char *text, size_t len,
                     uint8_t build_id[IDTAP_BUILD_ID_LEN])
{
    static const char key[] = "build-id ";
    const char *end = text + len;

    while ( text < end )
    {
        const char *eol = memchr(text, '\n', end - text);
        size_t n = (eol ? eol : end) - text;
        char word[2 * IDTAP_BUILD_ID_LEN + 1];

        if ( n >= sizeof(key) - 1 + sizeof(word) - 1 &&
             !memcmp(text, key, sizeof(key) - 1) )
        {
            memcpy(word, text + sizeof(key) - 1, sizeof(word) - 1);
            word[sizeof(word) - 1] = '\0';
            return parse_build_id(word, build_id) ? 0 : -EBADMSG;
        }
        text += n + 1;
    }
    return -EBADMSG;
}
