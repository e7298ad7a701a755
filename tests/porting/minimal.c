/* SPDX-License-Identifier: MIT */
/*
 * minimal.c - the fewest hooks: what is here, the two files of `make dist` and the compiler, and nothing else, make a
 * program. It is linked without a C library and not run; tests/kernel/minimal.c is, in a kernel.
 */
#include "iommukit.h"

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *left, const void *right, size_t bytes);
void start(void);

void *memcpy(void *to, const void *from, size_t bytes)
{
    return memmove(to, from, bytes);
}

void *memmove(void *to, const void *from, size_t bytes)
{
    volatile char *target = to;
    const char *source = from;

    for (size_t at = 0; at < bytes; at++)
        target[at] = source[at];
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    volatile char *target = to;

    for (size_t at = 0; at < bytes; at++)
        target[at] = (char)value;
    return to;
}

int memcmp(const void *left, const void *right, size_t bytes)
{
    const volatile char *a = left, *b = right;

    for (size_t at = 0; at < bytes; at++)
        if (a[at] != b[at])
            return a[at] - b[at];
    return 0;
}

static void *object_alloc(void *ctx, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    return NULL;
}

static void object_free(void *ctx, void *object, size_t bytes)
{
    (void)ctx;
    (void)object;
    (void)bytes;
}

static void *page_alloc(void *ctx, unsigned order)
{
    (void)ctx;
    (void)order;
    return NULL;
}

static void page_free(void *ctx, void *page, unsigned order)
{
    (void)ctx;
    (void)page;
    (void)order;
}

void start(void)
{
    static const struct iommu_platform platform = {
        .alloc = object_alloc, .free = object_free, .page_alloc = page_alloc, .page_free = page_free};
    const struct iommu_vtd_config config = {0};
    struct iommu *iommu;

    (void)iommu_vtd_create(&platform, &config, &iommu);
    (void)iommu_start(iommu);
}
