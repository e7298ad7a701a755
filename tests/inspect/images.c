/* SPDX-License-Identifier: MIT */
/* tests/inspect/images.c - see images.h. Little-endian hosts only, as the formats are. */
#include "tests/inspect/images.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define BLOCK 4096u

static void need(bool good)
{
    if (!good)
        abort();
}

uint8_t image_byte(uint64_t address)
{
    uint64_t mixed = (address / 8 + 1) * 0x9e3779b97f4a7c15u;
    return (uint8_t)(mixed >> 8 * (address % 8));
}

static uint8_t *grow(struct image_file *file, size_t bytes)
{
    size_t at = file->bytes;
    file->data = realloc(file->data, at + bytes + 1);
    need(file->data != NULL);
    memset(file->data + at, 0, bytes);
    file->bytes += bytes;
    return file->data + at;
}

static void put(struct image_file *file, const void *data, size_t bytes)
{
    memcpy(grow(file, bytes), data, bytes);
}

static void put_memory(struct image_file *file, uint64_t base, uint64_t bytes)
{
    uint8_t *at = grow(file, (size_t)bytes);
    for (uint64_t i = 0; i < bytes; i++)
        at[i] = image_byte(base + i);
}

/* ---- ELF ----------------------------------------------------------------------------------- */

static void put_pieces(struct image_file *file, const struct image_piece *piece, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!piece[i].filtered)
            put_memory(file, piece[i].base, piece[i].bytes);
}

struct image_file image_elf64(const struct image_piece *piece, size_t count)
{
    struct image_file file = {NULL, 0};
    Elf64_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
                         .e_ehsize = sizeof header, .e_phoff = sizeof header, .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = (uint16_t)(count + 1)};
    Elf64_Phdr segment = {.p_type = PT_NOTE};
    uint64_t offset = sizeof header + (count + 1) * sizeof segment;
    put(&file, &header, sizeof header);
    put(&file, &segment, sizeof segment);
    for (size_t i = 0; i < count; i++) {
        uint64_t bytes = piece[i].filtered ? 0 : piece[i].bytes;
        segment = (Elf64_Phdr){.p_type = PT_LOAD, .p_offset = offset, .p_paddr = piece[i].base, .p_filesz = bytes,
                               .p_memsz = piece[i].bytes};
        put(&file, &segment, sizeof segment);
        offset += bytes;
    }
    put_pieces(&file, piece, count);
    return file;
}

struct image_file image_elf32(const struct image_piece *piece, size_t count)
{
    struct image_file file = {NULL, 0};
    Elf32_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_CORE, .e_machine = EM_386, .e_version = EV_CURRENT,
                         .e_ehsize = sizeof header, .e_phoff = sizeof header, .e_phentsize = sizeof(Elf32_Phdr),
                         .e_phnum = (uint16_t)count};
    uint32_t offset = (uint32_t)(sizeof header + count * sizeof(Elf32_Phdr));
    put(&file, &header, sizeof header);
    for (size_t i = 0; i < count; i++) {
        uint32_t bytes = piece[i].filtered ? 0 : (uint32_t)piece[i].bytes;
        Elf32_Phdr segment = {.p_type = PT_LOAD, .p_offset = offset, .p_paddr = (uint32_t)piece[i].base,
                              .p_filesz = bytes, .p_memsz = (uint32_t)piece[i].bytes};
        put(&file, &segment, sizeof segment);
        offset += bytes;
    }
    put_pieces(&file, piece, count);
    return file;
}

/* ---- LiME, raw ----------------------------------------------------------------------------- */

struct image_file image_lime(const struct image_piece *piece, size_t count)
{
    struct image_file file = {NULL, 0};
    for (size_t i = 0; i < count; i++) {
        struct {
            uint32_t magic, version;
            uint64_t first, last, reserved;
        } header = {0x4c694d45, 1, piece[i].base, piece[i].base + piece[i].bytes - 1, 0};
        put(&file, &header, sizeof header);
        put_memory(&file, piece[i].base, piece[i].bytes);
    }
    return file;
}

struct image_file image_raw(uint64_t base, uint64_t bytes)
{
    struct image_file file = {NULL, 0};
    put_memory(&file, base, bytes);
    return file;
}

/* ---- kdump --------------------------------------------------------------------------------- */

/* The parts of makedumpfile's headers that a reader needs: diskdump version 6, 64-bit. */
enum {
    HEADER_VERSION = 8, HEADER_MACHINE = 12 + 4 * 65, HEADER_BLOCK_SIZE = 428, HEADER_SUB_BLOCKS = 432,
    HEADER_BITMAP_BLOCKS = 436, HEADER_MAX_MAPNR = 440, HEADER_CPUS = 460,
    SUB_DUMP_LEVEL = 8, SUB_MAX_MAPNR = 96,
};

struct page_descriptor {
    uint64_t offset;
    uint32_t bytes, flags;
    uint64_t page_flags;
};

static void put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

static void set_bits(uint8_t *bitmap, const struct image_piece *piece)
{
    for (uint64_t page = piece->base / BLOCK; page < (piece->base + piece->bytes) / BLOCK; page++)
        bitmap[page / 8] |= (uint8_t)(1u << page % 8);
}

static bool has_bit(const uint8_t *bitmap, uint64_t page)
{
    return bitmap[page / 8] >> page % 8 & 1;
}

static const char kdump_signature[8] = "KDUMP   ", machine[7] = "x86_64";

/* Pages are stored as they are; which were memory and which were kept is in two bitmaps. */
struct image_file image_kdump(const struct image_piece *piece, size_t count)
{
    struct image_file file = {NULL, 0};
    uint64_t pages = 0, kept = 0;
    for (size_t i = 0; i < count; i++)
        if ((piece[i].base + piece[i].bytes) / BLOCK > pages)
            pages = (piece[i].base + piece[i].bytes) / BLOCK;
    uint32_t blocks = (uint32_t)((pages + 8 * BLOCK - 1) / (8 * BLOCK)); /* of one bitmap */
    uint8_t *header = grow(&file, (2 + 2 * (size_t)blocks) * BLOCK);
    memcpy(header, kdump_signature, sizeof kdump_signature);
    put32(header + HEADER_VERSION, 6);
    memcpy(header + HEADER_MACHINE, machine, sizeof machine);
    put32(header + HEADER_BLOCK_SIZE, BLOCK);
    put32(header + HEADER_SUB_BLOCKS, 1);
    put32(header + HEADER_BITMAP_BLOCKS, 2 * blocks);
    put32(header + HEADER_MAX_MAPNR, (uint32_t)pages);
    put32(header + HEADER_CPUS, 1);
    put32(header + BLOCK + SUB_DUMP_LEVEL, 31);
    memcpy(header + BLOCK + SUB_MAX_MAPNR, &pages, sizeof pages);
    for (size_t i = 0; i < count; i++) {
        set_bits(header + 2 * BLOCK, &piece[i]);
        if (!piece[i].filtered)
            set_bits(header + (2 + blocks) * BLOCK, &piece[i]);
    }
    for (uint64_t page = 0; page < pages; page++)
        kept += has_bit(file.data + (2 + blocks) * BLOCK, page);
    uint64_t offset = file.bytes + kept * sizeof(struct page_descriptor);
    for (uint64_t page = 0; page < pages; page++) {
        struct page_descriptor descriptor = {offset, BLOCK, 0, 0};
        if (!has_bit(file.data + (2 + blocks) * BLOCK, page))
            continue;
        put(&file, &descriptor, sizeof descriptor);
        offset += BLOCK;
    }
    for (uint64_t page = 0; page < pages; page++)
        if (has_bit(file.data + (2 + blocks) * BLOCK, page))
            put_memory(&file, page * BLOCK, BLOCK);
    return file;
}

/* ---- flattened ----------------------------------------------------------------------------- */

static void put_piece(struct image_file *flat, const struct image_file *file, size_t at, size_t bytes)
{
    uint64_t place[2] = {__builtin_bswap64(at), __builtin_bswap64(bytes)};
    put(flat, place, sizeof place);
    put(flat, file->data + at, bytes);
}

struct image_file image_flatten(struct image_file file)
{
    static const uint64_t end[2] = {UINT64_MAX, UINT64_MAX};
    struct image_file flat = {NULL, 0};
    size_t first = file.bytes < 5000 ? file.bytes : 5000;
    static const char signature[12] = "makedumpfile"; /* the rest of the header does not matter */
    memcpy(grow(&flat, BLOCK), signature, sizeof signature);
    for (size_t at = first; at < file.bytes; at += 70000)
        put_piece(&flat, &file, at, file.bytes - at < 70000 ? file.bytes - at : 70000);
    put_piece(&flat, &file, 0, first);
    put(&flat, end, sizeof end);
    free(file.data);
    return flat;
}

/* ---- any file ------------------------------------------------------------------------------ */

struct image_file image_pack(struct image_file file)
{
    size_t room = ZSTD_compressBound(file.bytes);
    struct image_file packed = {malloc(room), 0};
    need(packed.data != NULL);
    packed.bytes = ZSTD_compress(packed.data, room, file.data, file.bytes, 1);
    need(!ZSTD_isError(packed.bytes));
    free(file.data);
    return packed;
}

void image_save(struct image_file file, char path[IMAGE_PATH])
{
    const char *folder = getenv("TMPDIR");
    need(snprintf(path, IMAGE_PATH, "%s/iommukit-image-XXXXXX", folder != NULL ? folder : "/tmp") < IMAGE_PATH);
    int to = mkstemp(path);
    need(to >= 0);
    for (size_t at = 0; at < file.bytes;) {
        ssize_t done = write(to, file.data + at, file.bytes - at);
        need(done > 0);
        at += (size_t)done;
    }
    close(to);
    free(file.data);
}
