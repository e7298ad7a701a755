/* SPDX-License-Identifier: MIT */
/*
 * Writing DMAR tables, sound ones and others, for tests. Offsets are plain numbers here on purpose:
 * what reads them back uses spec/dmar.h, and a constant that is wrong there must not agree with
 * itself.
 *
 *     struct dmar_build b;
 *     dmar_begin(&b, 39, 1);
 *     dmar_unit(&b, 1, 0, 0xfed90000);
 *     dmar_scope(&b, 3, 2, 0xf0, "1f.0");
 *     dmar_end(&b);
 *     ... b.bytes, b.length ...
 *     dmar_free(&b);
 */
#ifndef IOMMUKIT_TESTS_DMAR_BUILD_H
#define IOMMUKIT_TESTS_DMAR_BUILD_H

#include <stddef.h>
#include <stdint.h>

struct dmar_build {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
    size_t record; /* offset of the record that was begun last */
    size_t scope;  /* offset of the scope that was added last */
};

void dmar_begin(struct dmar_build *b, unsigned address_bits, unsigned flags);

/* Begin a record; what is added afterwards belongs to it. */
void dmar_record(struct dmar_build *b, unsigned type);
void dmar_unit(struct dmar_build *b, unsigned flags, unsigned segment, uint64_t base);
void dmar_region(struct dmar_build *b, unsigned segment, uint64_t base, uint64_t limit);
void dmar_ats(struct dmar_build *b, unsigned flags, unsigned segment);
void dmar_affinity(struct dmar_build *b, uint64_t base, uint32_t proximity);
void dmar_namespace(struct dmar_build *b, unsigned number, const char *name);
void dmar_atc(struct dmar_build *b, unsigned flags, unsigned segment);
void dmar_property(struct dmar_build *b, unsigned segment);

/* Add a scope to the record; path: hexadecimal "device.function device.function ...". */
void dmar_scope(struct dmar_build *b, unsigned type, unsigned id, unsigned bus, const char *path);

/* Add `size` bytes to the record; value is little-endian, further bytes are 0. */
void dmar_put(struct dmar_build *b, uint64_t value, size_t size);

/* Write over what is there. */
void dmar_poke(struct dmar_build *b, size_t offset, uint64_t value, size_t size);

/* Fill in the table's length and checksum. dmar_seal: only the checksum. */
void dmar_end(struct dmar_build *b);
void dmar_seal(struct dmar_build *b);

void dmar_free(struct dmar_build *b);

/* Tables of our own that resemble machines there are; every one is well-formed. */
struct dmar_machine {
    const char *name;
    void (*build)(struct dmar_build *b);
};
extern const struct dmar_machine dmar_machines[];
extern const size_t dmar_machine_count;

#endif
