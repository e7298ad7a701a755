/* SPDX-License-Identifier: MIT */
/* Of iommu_platform(3): a host that maps memory one to one and has one CPU: the four hooks without a default. */
#include <iommukit/platform.h>

/* The kernel's own. */
void *heap_zeroed(size_t bytes);
void heap_free(void *object);
void *frames_zeroed(unsigned order);
void frames_free(void *page, unsigned order);

static void *alloc(void *ctx, size_t bytes)
{
    (void)ctx;
    return heap_zeroed(bytes);
}

static void release(void *ctx, void *object, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    heap_free(object);
}

static void *page_alloc(void *ctx, unsigned order)
{
    (void)ctx;
    return frames_zeroed(order);
}

static void page_free(void *ctx, void *page, unsigned order)
{
    (void)ctx;
    frames_free(page, order);
}

const struct iommu_platform kernel_platform = {
    .alloc = alloc, .free = release, .page_alloc = page_alloc, .page_free = page_free};
