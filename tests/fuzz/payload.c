/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stamping payloads: ELF files that may be anything.  An accepted one holds the
 * parameters afterwards, whatever its section table makes lie on top of what;
 * one that is refused is left as it was.
 */
#include <errno.h>

#include "fuzz.h"
#include "profile.h"

static struct idtap_params params;

static void make_params(void)
{
    unsigned int i;

    memset(&params, 0x5a, sizeof(params));
    params.magic = IDTAP_PARAMS_MAGIC;
    params.abi_version = IDTAP_ABI_VERSION;
    params.size = sizeof(params);
    params.attach_id = 0x0123456789abcdef;
    for ( i = 0; i < IDTAP_BUILD_ID_LEN; i++ )
        params.profile.build_id[i] = (uint8_t)(0xa0 + i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[160];
    uint8_t *elf, *once;
    int rc;

    make_params();
    elf = fuzz_copy(data, size);
    memset(why, 0xee, sizeof(why));
    rc = payload_stamp(elf, size, &params, why);
    FUZZ_CHECK(rc == 0 || rc == -EBADMSG);
    if ( rc )
    {
        FUZZ_CHECK_WHY(why);
        FUZZ_CHECK(!memcmp(elf, data, size));
    }
    else
    {
        FUZZ_CHECK(memmem(elf, size, &params, sizeof(params)));
        /* Again: refused, or nothing is left to do. */
        once = fuzz_copy(elf, size);
        payload_stamp(elf, size, &params, why);
        FUZZ_CHECK(!memcmp(elf, once, size));
        free(once);
    }
    free(elf);
    return 0;
}
