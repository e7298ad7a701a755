/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/dmar/opened.h"

static void keep(void *ctx, enum iommu_dmar_warning warning, size_t offset)
{
    struct opened *o = ctx;

    if (o->count < OPENED_WARNINGS) {
        o->warning[o->count] = warning;
        o->offset[o->count] = offset;
    }
    o->count++;
}

void opened_begin(struct opened *o)
{
    memset(o, 0, sizeof(*o));
    dmar_begin(&o->b, 39, 1);
}

void opened_begin_with_unit(struct opened *o, uint64_t base)
{
    opened_begin(o);
    dmar_unit(&o->b, 1, 0, base);
}

void opened_finish(struct opened *o)
{
    dmar_end(&o->b);
    memset(&o->dmar, 0, sizeof(o->dmar));
    o->count = 0;
    o->result = iommu_dmar_open(o->b.bytes, o->b.length, &o->dmar, keep, o);
}

void opened_free(struct opened *o)
{
    dmar_free(&o->b);
}

void opened_expect(const struct opened *o, enum iommu_dmar_warning warning, size_t offset)
{
    assert_int_equal(o->result, 0);
    assert_int_equal(o->count, 1);
    assert_int_equal(o->warning[0], warning);
    assert_int_equal(o->offset[0], offset);
}

void opened_expect_none(const struct opened *o)
{
    assert_int_equal(o->result, 0);
    assert_int_equal(o->count, 0);
}

bool opened_warned(const struct opened *o, enum iommu_dmar_warning warning, size_t offset)
{
    for (size_t i = 0; i < o->count && i < OPENED_WARNINGS; i++)
        if (o->warning[i] == warning && o->offset[i] == offset)
            return true;
    return false;
}

size_t opened_records(const struct opened *o)
{
    struct iommu_dmar_record r = {0};
    size_t n = 0;

    while (iommu_dmar_next(&o->dmar, &r))
        n++;
    return n;
}

struct iommu_dmar_record opened_record(const struct opened *o, size_t i)
{
    struct iommu_dmar_record r = {0};

    do
        assert_true(iommu_dmar_next(&o->dmar, &r));
    while (i-- > 0);
    return r;
}

size_t opened_scopes(const struct opened *o, size_t i)
{
    struct iommu_dmar_record r = opened_record(o, i);
    struct iommu_dmar_scope s = {0};
    size_t n = 0;

    while (iommu_dmar_next_scope(&o->dmar, &r, &s))
        n++;
    return n;
}

struct iommu_dmar_scope opened_scope(const struct opened *o, size_t i, size_t j)
{
    struct iommu_dmar_record r = opened_record(o, i);
    struct iommu_dmar_scope s = {0};

    do
        assert_true(iommu_dmar_next_scope(&o->dmar, &r, &s));
    while (j-- > 0);
    return s;
}
