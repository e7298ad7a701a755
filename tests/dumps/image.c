/* SPDX-License-Identifier: MIT */
/*
 * tests/dumps/image.c - a dump's physical memory, as inspect/memory.h reads it, for the model.
 */
#include <stdlib.h>

#include "tests/dumps/dump.h"

#define LARGEST ((uint64_t)1 << 30)

/* The reader unpacks any file; one that is no dump is raw memory that begins at 0. */
uint8_t *image_unpack(const char *path, size_t *bytes)
{
    struct inspect_memory_options options = {.path = path, .format = INSPECT_MEMORY_RAW};
    struct inspect_memory *file;
    struct inspect_extent extent;
    uint8_t *data = NULL;

    if (inspect_memory_open(&options, &file, NULL))
        return NULL;
    if (inspect_memory_extent(file, 0, &extent) && extent.last < LARGEST)
        data = malloc((size_t)extent.last + 2);
    if (data && inspect_memory_read(file, 0, data, (size_t)extent.last + 1)) {
        free(data);
        data = NULL;
    }
    inspect_memory_close(file);
    if (data) {
        *bytes = (size_t)extent.last + 1;
        data[*bytes] = 0;
    }
    return data;
}

const char *image_load(struct image *image, const char *path)
{
    struct inspect_memory_options options = {.path = path, .format = INSPECT_MEMORY_ELF};

    *image = (struct image){.memory = NULL};
    if (inspect_memory_open(&options, &image->memory, NULL))
        return "the tables cannot be read";
    if (!inspect_memory_warning(image->memory))
        return NULL;
    image_free(image);
    return "the tables are cut off";
}

void image_free(struct image *image)
{
    inspect_memory_close(image->memory);
    *image = (struct image){.memory = NULL};
}

/* ---- as the model's memory ----------------------------------------------------------------- */

static int image_read64(void *ctx, uint64_t pa, uint64_t *value)
{
    struct image *image = ctx;

    return inspect_memory_read(image->memory, pa, value, sizeof *value) ? -1 : 0;
}

static int image_write64(void *ctx, uint64_t pa, uint64_t value)
{
    (void)pa;
    (void)value;
    ((struct image *)ctx)->refused++;
    return -1;
}

static int image_cas64(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    (void)expected;
    return image_write64(ctx, pa, desired);
}

static void *allocate(void *ctx, size_t bytes)
{
    (void)ctx;
    return calloc(1, bytes);
}

static void release(void *ctx, void *object, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(object);
}

void image_host(struct image *image, struct iommu_model_host *host)
{
    *host = (struct iommu_model_host){
        .memory = {.ctx = image,
                   .read64 = image_read64,
                   .write64 = image_write64,
                   .cas64 = image_cas64},
        .alloc = allocate,
        .free = release,
    };
}
