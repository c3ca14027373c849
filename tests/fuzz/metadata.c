/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metadata of a trace.  What is accepted can be written, and reads back as
 * the same.  The checksum in the last line is put right unless the first byte
 * is odd, so that it does not hide what is behind it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <idtap/metadata.h>

#include "crc32.h"
#include "fuzz.h"
#include "scratch.h"

#define SUM_FORM "/* crc32 0x%08x */\n"
#define SUM_LEN  (sizeof("/* crc32 0x01234567 */\n") - 1)

static char *with_sum(const uint8_t *data, size_t size, size_t *len)
{
    char *text = malloc(size + SUM_LEN + 1);

    FUZZ_CHECK(text);
    memcpy(text, data, size);
    snprintf(text + size, SUM_LEN + 1, SUM_FORM, idtap_crc32(text, size));
    *len = size + SUM_LEN;
    return text;
}

static void check_again(const struct idtap_trace_info *info)
{
    static struct idtap_trace_info again;
    int dir = open(scratch_dir(), O_RDONLY | O_DIRECTORY), fd;
    size_t offset, len;
    const char *what;
    struct stat st;
    char *text;

    FUZZ_CHECK(dir >= 0);
    unlinkat(dir, IDTAP_METADATA_FILE, 0);
    FUZZ_CHECK(!idtap_metadata_write(dir, info));
    fd = openat(dir, IDTAP_METADATA_FILE, O_RDONLY);
    FUZZ_CHECK(fd >= 0 && !fstat(fd, &st));
    len = (size_t)st.st_size;
    text = malloc(len);
    FUZZ_CHECK(text && read(fd, text, len) == st.st_size);
    close(fd);
    close(dir);
    FUZZ_CHECK(!idtap_metadata_parse(text, len, &again, &offset, &what));
    FUZZ_CHECK(!memcmp(&again, info, sizeof(again)));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct idtap_trace_info info;
    const char *what = NULL;
    size_t offset, len;
    char *copy, *text;
    int rc;

    if ( !size )
        return 0;
    if ( data[0] & 1 )
        text = fuzz_copy(data + 1, len = size - 1);
    else
    {
        copy = with_sum(data + 1, size - 1, &len);
        text = fuzz_copy(copy, len);
        free(copy);
    }

    rc = idtap_metadata_parse(text, len, &info, &offset, &what);
    FUZZ_CHECK(rc == 0 || rc == -EBADMSG);
    if ( rc )
        FUZZ_CHECK(what && *what && offset <= len);
    else
        check_again(&info);
    free(text);
    return 0;
}
