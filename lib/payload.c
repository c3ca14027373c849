/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stamping a payload: the tap is built once, without knowing where it will
 * run; what it must know is written into its sections just before the upload,
 * and into its instructions, as a linker would write it (IDTAP_OFFSETS).
 *
 * The file is an ELF64 relocatable object (System V ABI, "Object Files").
 * Nothing in it is trusted: it may be somebody else's file.  All is looked at
 * before anything is written.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "profile.h"

#define MAX_SECTIONS 256 /* the payload has some forty */

struct image {
    uint8_t *data;
    size_t len;
    const Elf64_Ehdr *ehdr;
    const Elf64_Shdr *shdr;
    const char *names;
    size_t names_len;
    /* open_symbols(): */
    unsigned int symtab; /* its section */
    Elf64_Sym *sym;
    size_t nr_syms;
    const char *sym_names;
    size_t sym_names_len;
};

#define WRONG(...) \
    ({ \
        snprintf(why, 160, __VA_ARGS__); \
        -EBADMSG; \
    })

/* Do @size bytes at @offset lie in the file? */
static int inside(const struct image *img, uint64_t offset, uint64_t size)
{
    return offset <= img->len && size <= img->len - offset;
}

static bool has_bytes(const Elf64_Shdr *s)
{
    return s->sh_type != SHT_NULL && s->sh_type != SHT_NOBITS && s->sh_size;
}

/*
 * No two sections, nor the tables by which they are found, may share a byte: a
 * stamp would change where the next one goes.
 */
static bool apart(const struct image *img)
{
    const struct { uint64_t begin, size; } tables[] = {
        { 0, sizeof(*img->ehdr) },
        { img->ehdr->e_shoff, img->ehdr->e_shnum * sizeof(*img->shdr) },
    };
    unsigned int i, k;

    for ( i = 0; i < img->ehdr->e_shnum; i++ )
    {
        const Elf64_Shdr *s = &img->shdr[i], *other;

        if ( !has_bytes(s) )
            continue;
        for ( k = 0; k < sizeof(tables) / sizeof(tables[0]); k++ )
            if ( s->sh_offset < tables[k].begin + tables[k].size &&
                 tables[k].begin < s->sh_offset + s->sh_size )
                return false;
        for ( other = img->shdr; other < s; other++ )
            if ( has_bytes(other) &&
                 s->sh_offset < other->sh_offset + other->sh_size &&
                 other->sh_offset < s->sh_offset + s->sh_size )
                return false;
    }
    return true;
}

static int open_image(struct image *img, char why[160])
{
    const Elf64_Ehdr *e = (const void *)img->data;
    const Elf64_Shdr *names;
    unsigned int i;

    if ( img->len < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG) ||
         e->e_ident[EI_CLASS] != ELFCLASS64 ||
         e->e_ident[EI_DATA] != ELFDATA2LSB || e->e_type != ET_REL ||
         e->e_machine != EM_X86_64 )
        return WRONG("not an x86-64 ELF object");
    if ( e->e_shentsize != sizeof(*img->shdr) || e->e_shoff % 8 ||
         !inside(img, e->e_shoff, (uint64_t)e->e_shnum * e->e_shentsize) ||
         e->e_shstrndx >= e->e_shnum )
        return WRONG("its section table is outside the file");
    if ( e->e_shnum > MAX_SECTIONS )
        return WRONG("it has too many sections");
    img->ehdr = e;
    img->shdr = (const void *)(img->data + e->e_shoff);
    names = &img->shdr[e->e_shstrndx];
    if ( !has_bytes(names) ||
         !inside(img, names->sh_offset, names->sh_size) ||
         img->data[names->sh_offset + names->sh_size - 1] )
        return WRONG("its section names are outside the file");
    for ( i = 0; i < e->e_shnum; i++ )
        if ( has_bytes(&img->shdr[i]) &&
             !inside(img, img->shdr[i].sh_offset, img->shdr[i].sh_size) )
            return WRONG("a section is outside the file");
    if ( !apart(img) )
        return WRONG("its sections lie on each other");
    img->names = (const char *)img->data + names->sh_offset;
    img->names_len = names->sh_size;
    return 0;
}

/* The bytes of section @name, which must be @size of them. */
static void *section(const struct image *img, const char *name, size_t size,
                     char why[160])
{
    unsigned int i;

    for ( i = 0; i < img->ehdr->e_shnum; i++ )
    {
        const Elf64_Shdr *s = &img->shdr[i];

        if ( s->sh_name >= img->names_len ||
             strcmp(img->names + s->sh_name, name) )
            continue;
        if ( !has_bytes(s) || s->sh_size != size )
        {
            snprintf(why, 160, "its section %s is not %zu bytes in the file",
                     name, size);
            return NULL;
        }
        return img->data + s->sh_offset;
    }
    snprintf(why, 160, "it has no section %s: not an idtap payload", name);
    return NULL;
}

/* An ELF note with a build-id, as the tap's source lays it out. */
#define NOTE_SIZE (16 + IDTAP_BUILD_ID_LEN)

/* What is written to. */
struct places {
    struct idtap_params *params;
    uint8_t *self, *depends, *xen_depends; /* notes */
};

static int find_places(const struct image *img, struct places *to,
                       char why[160])
{
    to->params = section(img, IDTAP_PARAMS_SECTION, sizeof(*to->params), why);
    if ( !to->params )
        return -EBADMSG;
    to->self = section(img, ".note.gnu.build-id", NOTE_SIZE, why);
    if ( !to->self )
        return -EBADMSG;
    to->depends = section(img, ".livepatch.depends", NOTE_SIZE, why);
    if ( !to->depends )
        return -EBADMSG;
    to->xen_depends = section(img, ".livepatch.xen_depends", NOTE_SIZE, why);
    if ( !to->xen_depends )
        return -EBADMSG;
    return 0;
}

static int open_symbols(struct image *img, char why[160])
{
    const Elf64_Shdr *symtab = NULL, *names;
    unsigned int i;

    for ( i = 0; i < img->ehdr->e_shnum; i++ )
    {
        if ( img->shdr[i].sh_type != SHT_SYMTAB )
            continue;
        if ( symtab )
            return WRONG("it has two symbol tables");
        symtab = &img->shdr[img->symtab = i];
    }
    if ( !symtab || !has_bytes(symtab) || symtab->sh_offset % 8 ||
         symtab->sh_entsize != sizeof(*img->sym) ||
         symtab->sh_link >= img->ehdr->e_shnum )
        return WRONG("it has no symbol table");
    names = &img->shdr[symtab->sh_link];
    if ( !has_bytes(names) ||
         img->data[names->sh_offset + names->sh_size - 1] )
        return WRONG("it has no names of symbols");
    img->sym = (void *)(img->data + symtab->sh_offset);
    img->nr_syms = symtab->sh_size / sizeof(*img->sym);
    img->sym_names = (const char *)img->data + names->sh_offset;
    img->sym_names_len = names->sh_size;
    return 0;
}

/* The name of an offset's symbol, without what all of these begin with. */
static const char *offset_name(const struct image *img, const Elf64_Sym *sym)
{
    static const char prefix[] = IDTAP_OFFSET_SYMBOL;
    const char *name = img->sym_names + sym->st_name;

    if ( sym->st_name >= img->sym_names_len ||
         strncmp(name, prefix, sizeof(prefix) - 1) )
        return NULL;
    return name + sizeof(prefix) - 1;
}

/* By such a name; false: there is none. */
static bool offset_value(const struct idtap_profile *p, const char *name,
                         int64_t *value)
{
#define X(offset, v) \
    if ( !strcmp(name, #offset) ) \
    { \
        *value = (v); \
        return true; \
    }
    IDTAP_OFFSETS(X, p)
#undef X
    return false;
}

/* The symbols that nothing defines: to be told to Xen as numbers. */
static int offset_symbols(struct image *img, const struct idtap_profile *p,
                          bool write, char why[160])
{
    size_t i;

    for ( i = 0; i < img->nr_syms; i++ )
    {
        Elf64_Sym *sym = &img->sym[i];
        const char *name = offset_name(img, sym);
        int64_t value;

        if ( !name )
            continue;
        if ( sym->st_shndx != SHN_UNDEF )
            return WRONG("it was stamped before");
        if ( !offset_value(p, name, &value) )
            return WRONG("it belongs to another version of idtap");
        if ( !write )
            continue;
        sym->st_shndx = SHN_ABS;
        sym->st_value = (uint64_t)value;
    }
    return 0;
}

/*
 * Resolves @r, if it is of the kind that an instruction with an offset has, in
 * the section @in, and makes it one that asks Xen for nothing.
 */
static int offset_relocation(const struct image *img, Elf64_Rela *r,
                             const Elf64_Shdr *in, const struct idtap_profile *p,
                             bool write, char why[160])
{
    uint64_t sym = ELF64_R_SYM(r->r_info), type = ELF64_R_TYPE(r->r_info);
    const char *name;
    int64_t value;
    int32_t field;

    if ( type != R_X86_64_32 && type != R_X86_64_32S )
        return 0;
    name = sym < img->nr_syms ? offset_name(img, &img->sym[sym]) : NULL;
    if ( !name || !offset_value(p, name, &value) )
        return WRONG("it has a relocation that nobody resolves");
    if ( in->sh_type != SHT_PROGBITS || in->sh_size < sizeof(field) ||
         r->r_offset > in->sh_size - sizeof(field) )
        return WRONG("a relocation is outside its section");
    if ( __builtin_add_overflow(value, r->r_addend, &field) )
        return WRONG("the profile has a number that is too large for an "
                     "instruction (%s)", name);
    if ( !write )
        return 0;
    memcpy(img->data + in->sh_offset + r->r_offset, &field, sizeof(field));
    r->r_info = ELF64_R_INFO(sym, R_X86_64_NONE);
    return 0;
}

static int offset_relocations(const struct image *img,
                              const struct idtap_profile *p, bool write,
                              char why[160])
{
    unsigned int i;
    size_t k;
    int rc;

    for ( i = 0; i < img->ehdr->e_shnum; i++ )
    {
        const Elf64_Shdr *s = &img->shdr[i];
        Elf64_Rela *r;

        if ( s->sh_type != SHT_RELA || !has_bytes(s) )
            continue;
        if ( s->sh_entsize != sizeof(*r) || s->sh_offset % 8 ||
             s->sh_link != img->symtab || s->sh_info >= img->ehdr->e_shnum )
            return WRONG("its relocations are not as they should be");
        r = (void *)(img->data + s->sh_offset);
        for ( k = 0; k < s->sh_size / sizeof(*r); k++ )
            if ( (rc = offset_relocation(img, &r[k], &img->shdr[s->sh_info], p,
                                         write, why)) )
                return rc;
    }
    return 0;
}

/* All of it twice: first only to see whether it can be done. */
static int stamp_offsets(struct image *img, const struct idtap_profile *p,
                         bool write, char why[160])
{
    int rc = offset_symbols(img, p, write, why);

    return rc ? rc : offset_relocations(img, p, write, why);
}

static void stamp_note(uint8_t *note, const uint8_t id[IDTAP_BUILD_ID_LEN])
{
    memcpy(note + 16, id, IDTAP_BUILD_ID_LEN);
}

int payload_stamp(void *elf, size_t len, const struct idtap_params *params,
                  char why[160])
{
    struct image img = { .data = elf, .len = len };
    /* No two uploads may have the same build-id: Xen takes it for a double. */
    uint8_t self[IDTAP_BUILD_ID_LEN] = "idtap";
    struct places to;
    int rc;

    if ( (rc = open_image(&img, why)) || (rc = find_places(&img, &to, why)) ||
         (rc = open_symbols(&img, why)) )
        return rc;
    if ( (uintptr_t)to.params % 8 ||
         to.params->abi_version != params->abi_version ||
         to.params->size != params->size )
        return WRONG("it belongs to another version of idtap");
    if ( (rc = stamp_offsets(&img, &params->profile, false, why)) ||
         (rc = stamp_offsets(&img, &params->profile, true, why)) )
        return rc;

    memcpy(self + 12, &params->attach_id, sizeof(params->attach_id));
    stamp_note(to.self, self);
    stamp_note(to.depends, params->profile.build_id);
    stamp_note(to.xen_depends, params->profile.build_id);
    *to.params = *params;
    return 0;
}
