/* SPDX-License-Identifier: MIT */
/* A DMAR table that was built and opened, with the warnings that came. For the cmocka tests. */
#ifndef IOMMUKIT_TESTS_DMAR_OPENED_H
#define IOMMUKIT_TESTS_DMAR_OPENED_H

#include "iommukit/dmar.h"
#include "tests/dmar/build.h"

#define OPENED_WARNINGS 64

struct opened {
    struct dmar_build b;
    struct iommu_dmar dmar;
    int result;
    size_t count; /* of all warnings; the first OPENED_WARNINGS are kept */
    enum iommu_dmar_warning warning[OPENED_WARNINGS];
    size_t offset[OPENED_WARNINGS];
};

/* Begin o->b, 39 address bits; with a sound unit that includes all of segment 0. */
void opened_begin(struct opened *o);
void opened_begin_with_unit(struct opened *o, uint64_t base);

/* Finish o->b (length and checksum) and open it; opened_free frees what it holds. */
void opened_finish(struct opened *o);
void opened_free(struct opened *o);

/* Exactly this warning, at this offset, or none at all; with the result 0. */
void opened_expect(const struct opened *o, enum iommu_dmar_warning warning, size_t offset);
void opened_expect_none(const struct opened *o);

/* Was this one given there, among others? */
bool opened_warned(const struct opened *o, enum iommu_dmar_warning warning, size_t offset);

/* How many records, or scopes of a record, are delivered; the i-th, which must exist. */
size_t opened_records(const struct opened *o);
struct iommu_dmar_record opened_record(const struct opened *o, size_t i);
size_t opened_scopes(const struct opened *o, size_t i);
struct iommu_dmar_scope opened_scope(const struct opened *o, size_t i, size_t j);

#endif
