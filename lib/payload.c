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

static int stamp_note(const struct image *img, const char *name,
                      const uint8_t id[IDTAP_BUILD_ID_LEN], char why[160])
{
    uint8_t *note = section(img, name, NOTE_SIZE, why);

    if ( !note )
        return -EBADMSG;
    memcpy(note + 16, id, IDTAP_BUILD_ID_LEN);
    return 0;
}

int payload_stamp(void *elf, size_t len, const struct idtap_params *params,
                  char why[160])
{
    struct image img = { .data = elf, .len = len };
    const struct idtap_params *old;
    /* No two uploads may have the same build-id: Xen takes it for a double. */
    uint8_t self[IDTAP_BUILD_ID_LEN] = "idtap";
    int rc;

    rc = open_image(&img, why);
    if ( rc )
        return rc;

    old = section(&img, IDTAP_PARAMS_SECTION, sizeof(*old), why);
    if ( !old )
        return -EBADMSG;
    if ( (uintptr_t)old % 8 || old->abi_version != params->abi_version ||
         old->size != params->size )
        return WRONG("it belongs to another version of idtap");

    memcpy(self + 12, &params->attach_id, sizeof(params->attach_id));
    if ( (rc = stamp_note(&img, ".note.gnu.build-id", self, why)) ||
         (rc = stamp_note(&img, ".livepatch.depends",
                          params->profile.build_id, why)) ||
         (rc = stamp_note(&img, ".livepatch.xen_depends",
                          params->profile.build_id, why)) )
        return rc;
    memcpy((uint8_t *)elf + ((const uint8_t *)old - (const uint8_t *)elf),
           params, sizeof(*params));
    return 0;
}
