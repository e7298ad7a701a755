/* SPDX-License-Identifier: MIT */
/* Writing DMAR tables. The tables themselves are in machines.c. */
#include "tests/dmar/build.h"

#include <stdlib.h>
#include <string.h>

void dmar_poke(struct dmar_build *b, size_t offset, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        b->bytes[offset + i] = i < 8 ? (uint8_t)(value >> 8 * i) : 0;
}

static void append(struct dmar_build *b, uint64_t value, size_t size)
{
    while (b->length + size > b->capacity) {
        b->capacity = 2 * b->capacity + 256;
        b->bytes = realloc(b->bytes, b->capacity);
        if (!b->bytes)
            abort();
    }
    dmar_poke(b, b->length, value, size);
    b->length += size;
}

void dmar_put(struct dmar_build *b, uint64_t value, size_t size)
{
    append(b, value, size);
    dmar_poke(b, b->record + 2, b->length - b->record, 2);
}

void dmar_begin(struct dmar_build *b, unsigned address_bits, unsigned flags)
{
    memset(b, 0, sizeof(*b));
    append(b, 0, 48);
    memcpy(b->bytes, "DMAR", 4);
    b->bytes[8] = 1;
    memcpy(b->bytes + 10, "IOMMU KITTABLE", 14);
    b->bytes[24] = 1;
    memcpy(b->bytes + 28, "KIT ", 4);
    b->bytes[32] = 1;
    b->bytes[36] = (uint8_t)(address_bits - 1);
    b->bytes[37] = (uint8_t)flags;
}

void dmar_record(struct dmar_build *b, unsigned type)
{
    b->record = b->length;
    append(b, type, 2);
    dmar_put(b, 0, 2);
}

void dmar_unit(struct dmar_build *b, unsigned flags, unsigned segment, uint64_t base)
{
    dmar_record(b, 0);
    dmar_put(b, flags, 2);
    dmar_put(b, segment, 2);
    dmar_put(b, base, 8);
}

void dmar_region(struct dmar_build *b, unsigned segment, uint64_t base, uint64_t limit)
{
    dmar_record(b, 1);
    dmar_put(b, 0, 2);
    dmar_put(b, segment, 2);
    dmar_put(b, base, 8);
    dmar_put(b, limit, 8);
}

void dmar_ats(struct dmar_build *b, unsigned flags, unsigned segment)
{
    dmar_record(b, 2);
    dmar_put(b, flags, 2);
    dmar_put(b, segment, 2);
}

void dmar_affinity(struct dmar_build *b, uint64_t base, uint32_t proximity)
{
    dmar_record(b, 3);
    dmar_put(b, 0, 4);
    dmar_put(b, base, 8);
    dmar_put(b, proximity, 4);
}

void dmar_namespace(struct dmar_build *b, unsigned number, const char *name)
{
    dmar_record(b, 4);
    dmar_put(b, 0, 3);
    dmar_put(b, number, 1);
    for (size_t i = 0; i <= strlen(name); i++)
        dmar_put(b, (uint8_t)name[i], 1);
}

void dmar_atc(struct dmar_build *b, unsigned flags, unsigned segment)
{
    dmar_record(b, 5);
    dmar_put(b, flags, 2);
    dmar_put(b, segment, 2);
}

void dmar_property(struct dmar_build *b, unsigned segment)
{
    dmar_record(b, 6);
    dmar_put(b, 0, 2);
    dmar_put(b, segment, 2);
}

void dmar_scope(struct dmar_build *b, unsigned type, unsigned id, unsigned bus, const char *path)
{
    char *end;

    b->scope = b->length;
    dmar_put(b, type, 4);
    dmar_put(b, id, 1);
    dmar_put(b, bus, 1);
    for (; *path; path = *end ? end + 1 : end) /* device, '.' or ' ', function, ... */
        dmar_put(b, strtoul(path, &end, 16), 1);
    dmar_poke(b, b->scope + 1, b->length - b->scope, 1);
}

void dmar_seal(struct dmar_build *b)
{
    uint8_t sum = 0;

    b->bytes[9] = 0;
    for (size_t i = 0; i < b->length; i++)
        sum = (uint8_t)(sum + b->bytes[i]);
    b->bytes[9] = (uint8_t)-sum;
}

void dmar_end(struct dmar_build *b)
{
    dmar_poke(b, 4, b->length, 4);
    dmar_seal(b);
}

void dmar_free(struct dmar_build *b)
{
    free(b->bytes);
    memset(b, 0, sizeof(*b));
}
