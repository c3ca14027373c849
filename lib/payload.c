/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stamping a payload: the tap is built once, without knowing where it will
 * run; what it must know is written into its sections just before the upload.
 *
 * The file is an ELF64 relocatable object (System V ABI, "Object Files").
 * Nothing in it is trusted: it may be somebody else's file.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "profile.h"

struct image {
    uint8_t *data;
    size_t len;
    const Elf64_Ehdr *ehdr;
    const Elf64_Shdr *shdr;
    const char *names;
    size_t names_len;
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

static int open_image(struct image *img, char why[160])
{
    const Elf64_Ehdr *e = (const void *)img->data;
    const Elf64_Shdr *names;

    if ( img->len < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG) ||
         e->e_ident[EI_CLASS] != ELFCLASS64 ||
         e->e_ident[EI_DATA] != ELFDATA2LSB || e->e_type != ET_REL ||
         e->e_machine != EM_X86_64 )
        return WRONG("not an x86-64 ELF object");
    if ( e->e_shentsize != sizeof(*img->shdr) || e->e_shoff % 8 ||
         !inside(img, e->e_shoff, (uint64_t)e->e_shnum * e->e_shentsize) ||
         e->e_shstrndx >= e->e_shnum )
        return WRONG("its section table is outside the file");
    img->ehdr = e;
    img->shdr = (const void *)(img->data + e->e_shoff);
    names = &img->shdr[e->e_shstrndx];
    if ( !inside(img, names->sh_offset, names->sh_size) || !names->sh_size ||
         img->data[names->sh_offset + names->sh_size - 1] )
        return WRONG("its section names are outside the file");
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
        if ( s->sh_type == SHT_NOBITS || s->sh_size != size ||
             !inside(img, s->sh_offset, s->sh_size) )
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

/*
 * No two of them, nor the tables by which they were found, may share a byte: a
 * stamp would change where the next one goes.
 */
static bool apart(const struct image *img, const struct places *to)
{
    const struct { const void *begin; size_t size; } ranges[] = {
        { img->ehdr, sizeof(*img->ehdr) },
        { img->shdr, img->ehdr->e_shnum * sizeof(*img->shdr) },
        { to->params, sizeof(*to->params) },
        { to->self, NOTE_SIZE },
        { to->depends, NOTE_SIZE },
        { to->xen_depends, NOTE_SIZE },
    };
    unsigned int i, k;

    for ( i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++ )
        for ( k = 0; k < i; k++ )
        {
            uintptr_t a = (uintptr_t)ranges[i].begin;
            uintptr_t b = (uintptr_t)ranges[k].begin;

            if ( a < b + ranges[k].size && b < a + ranges[i].size )
                return false;
        }
    return true;
}

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
    if ( !apart(img, to) )
        return WRONG("its sections lie on each other");
    return 0;
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

    if ( (rc = open_image(&img, why)) || (rc = find_places(&img, &to, why)) )
        return rc;
    if ( (uintptr_t)to.params % 8 ||
         to.params->abi_version != params->abi_version ||
         to.params->size != params->size )
        return WRONG("it belongs to another version of idtap");

    memcpy(self + 12, &params->attach_id, sizeof(params->attach_id));
    stamp_note(to.self, self);
    stamp_note(to.depends, params->profile.build_id);
    stamp_note(to.xen_depends, params->profile.build_id);
    *to.params = *params;
    return 0;
}
