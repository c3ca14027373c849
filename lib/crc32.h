/* SPDX-License-Identifier: GPL-2.0-only */
/* CRC-32 (IEEE 802.3), four bits at a time: for texts of a few KiB. */
#ifndef IDTAP_CRC32_H
#define IDTAP_CRC32_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t idtap_crc32(const void *data, size_t len)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
        0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *p = data;
    uint32_t crc = ~0u;

    while ( len-- )
    {
        crc ^= *p++;
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }

    return ~crc;
}

#endif /* IDTAP_CRC32_H */
