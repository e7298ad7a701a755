/* SPDX-License-Identifier: MIT */
/* platform: model */
#include "tests/model_vtd/state_bytes.h"

uint64_t sb_get(const uint8_t *bytes, size_t at, unsigned width)
{
    uint64_t value = 0;
    while (width--)
        value = value << 8 | bytes[at + width];
    return value;
}

void sb_put(uint8_t *bytes, size_t at, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++, value >>= 8)
        bytes[at + i] = (uint8_t)value;
}

/* By the table of 16 remainders, so not the way the model does it. */
uint32_t sb_crc(const uint8_t *bytes, size_t size)
{
    uint32_t table[16], sum = 0xFFFFFFFFu;
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t value = i;
        for (unsigned bit = 0; bit < 4; bit++)
            value = value & 1 ? 0xEDB88320u ^ value >> 1 : value >> 1;
        table[i] = value;
    }
    for (size_t i = 0; i < size; i++) {
        sum = table[(sum ^ bytes[i]) & 15] ^ sum >> 4;
        sum = table[(sum ^ bytes[i] >> 4) & 15] ^ sum >> 4;
    }
    return sum ^ 0xFFFFFFFFu;
}

void sb_seal(uint8_t *bytes, size_t size)
{
    sb_put(bytes, 12, 4, size);
    sb_put(bytes, size - 4, 4, sb_crc(bytes, size - 4));
}

size_t sb_section(const uint8_t *bytes, size_t size, uint32_t type)
{
    for (size_t at = SB_HEADER; at + 8 <= size - 4; at += 8 + sb_get(bytes, at + 4, 4))
        if (sb_get(bytes, at, 4) == type)
            return at + 8;
    return 0;
}

size_t sb_register(const uint8_t *bytes, size_t size, uint32_t offset)
{
    size_t at = sb_section(bytes, size, SB_REGISTERS), end = at + sb_get(bytes, at - 4, 4);
    for (; at < end; at += 16)
        if (sb_get(bytes, at, 4) == offset)
            return at + 8;
    return 0;
}
