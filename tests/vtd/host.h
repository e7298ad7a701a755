/* SPDX-License-Identifier: MIT */
/* host.h - the least platform that unit tests of the driver's files need: memory, and a fake bus. */
#ifndef TESTS_VTD_HOST_H
#define TESTS_VTD_HOST_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "iommukit/platform.h"

struct test_host {
    unsigned live;       /* objects and pages that were not freed */
    unsigned fail_after; /* allocations until one fails; 0: none does */
};

static inline bool test_host_refuses(struct test_host *host)
{
    return host->fail_after && --host->fail_after == 0;
}

static inline void *test_host_alloc(void *ctx, size_t bytes)
{
    struct test_host *host = ctx;
    void *object = test_host_refuses(host) ? NULL : calloc(1, bytes);

    host->live += object != NULL;
    return object;
}

static inline void test_host_free(void *ctx, void *object, size_t bytes)
{
    struct test_host *host = ctx;

    (void)bytes;
    host->live--;
    free(object);
}

static inline void *test_host_page_alloc(void *ctx, unsigned order)
{
    struct test_host *host = ctx;
    size_t bytes = (size_t)4096 << order;
    char *pages = test_host_refuses(host) ? NULL : aligned_alloc(bytes, bytes);

    for (size_t i = 0; pages && i < bytes; i++)
        pages[i] = 0;
    host->live += pages != NULL;
    return pages;
}

static inline void test_host_page_free(void *ctx, void *page, unsigned order)
{
    (void)order;
    test_host_free(ctx, page, 0);
}

static inline struct iommu_platform test_host_platform(struct test_host *host)
{
    return (struct iommu_platform){
        .ctx = host,
        .alloc = test_host_alloc,
        .free = test_host_free,
        .page_alloc = test_host_page_alloc,
        .page_free = test_host_page_free,
    };
}

#endif
