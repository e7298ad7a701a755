/* SPDX-License-Identifier: MIT */
/*
 * tests/dumps/image.c - an ELF core, compressed with zstd, as physical memory.
 */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "tests/dumps/dump.h"

#define LARGEST ((unsigned long long)1 << 30)

/* ---- files --------------------------------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long length = -1;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0)
        length = ftell(file);
    rewind(file);
    if (length >= 0)
        data = malloc((size_t)length + 1);
    if (data && fread(data, 1, (size_t)length, file) != (size_t)length) {
        free(data);
        data = NULL;
    }
    fclose(file);
    *bytes = data ? (size_t)length : 0;
    return data;
}

uint8_t *image_unpack(const char *path, size_t *bytes)
{
    size_t packed_bytes;
    uint8_t *packed = read_file(path, &packed_bytes), *data = NULL;
    unsigned long long length;

    if (!packed)
        return NULL;
    length = ZSTD_getFrameContentSize(packed, packed_bytes);
    if (length <= LARGEST) /* neither unknown nor an error */
        data = malloc((size_t)length + 1);
    if (data) {
        size_t done = ZSTD_decompress(data, (size_t)length, packed, packed_bytes);

        if (ZSTD_isError(done) || done != length) {
            free(data);
            data = NULL;
        } else {
            data[length] = 0;
            *bytes = (size_t)length;
        }
    }
    free(packed);
    return data;
}

/* ---- segments ------------------------------------------------------------------------------ */

static const char *take_segments(struct image *image, Elf *elf)
{
    size_t count, i;

    if (elf_getphdrnum(elf, &count) || count == 0)
        return "the core has no segments";
    image->segment = calloc(count, sizeof *image->segment);
    for (i = 0; i < count && image->segment; i++) {
        GElf_Phdr header;

        if (!gelf_getphdr(elf, (int)i, &header))
            return "a program header cannot be read";
        if (header.p_type != PT_LOAD)
            continue;
        if (header.p_offset > image->file_bytes ||
            header.p_filesz > image->file_bytes - header.p_offset)
            return "a segment lies beyond the end of the file";
        image->segment[image->count++] =
            (struct image_segment){header.p_paddr, header.p_filesz, image->file + header.p_offset};
    }
    return image->segment ? NULL : "out of memory";
}

const char *image_load(struct image *image, const char *path)
{
    const char *wrong;
    GElf_Ehdr header;
    Elf *elf;

    *image = (struct image){.count = 0};
    image->file = image_unpack(path, &image->file_bytes);
    if (!image->file)
        return "the tables cannot be unpacked";
    elf_version(EV_CURRENT);
    elf = elf_memory((char *)image->file, image->file_bytes);
    if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header) ||
        header.e_type != ET_CORE)
        wrong = "the tables are no ELF core";
    else
        wrong = take_segments(image, elf);
    elf_end(elf);
    if (wrong)
        image_free(image);
    return wrong;
}

void image_free(struct image *image)
{
    free(image->segment);
    free(image->file);
    *image = (struct image){.count = 0};
}

/* ---- as the model's memory ----------------------------------------------------------------- */

static int image_read64(void *ctx, uint64_t pa, uint64_t *value)
{
    const struct image *image = ctx;
    size_t i;

    for (i = 0; i < image->count; i++) {
        const struct image_segment *segment = &image->segment[i];

        if (pa < segment->pa || pa - segment->pa + 8 > segment->bytes)
            continue;
        memcpy(value, segment->data + (pa - segment->pa), 8);
        return 0;
    }
    return -1;
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
