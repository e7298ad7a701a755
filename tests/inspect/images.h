/* SPDX-License-Identifier: MIT */
/*
 * tests/inspect/images.h - small dump files of every format, made of memory whose content follows from its address.
 */
#ifndef TESTS_INSPECT_IMAGES_H
#define TESTS_INSPECT_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_PATH 256

struct image_piece {
    uint64_t base, bytes; /* both multiples of 4096 in kdump files */
    bool filtered;        /* kdump: was memory, but is not in the file; ELF: only p_memsz counts it */
};

/* A file in memory, to be freed. */
struct image_file {
    uint8_t *data;
    size_t bytes;
};

/* The byte that all images have at this physical address. */
uint8_t image_byte(uint64_t address);

struct image_file image_elf64(const struct image_piece *piece, size_t count);
struct image_file image_elf32(const struct image_piece *piece, size_t count);
struct image_file image_lime(const struct image_piece *piece, size_t count);
struct image_file image_kdump(const struct image_piece *piece, size_t count);
struct image_file image_raw(uint64_t base, uint64_t bytes);
/* makedumpfile's flattened format: in pieces, the first one last. Gives up what it flattens. */
struct image_file image_flatten(struct image_file file);
/* zstd; gives up what it packs. */
struct image_file image_pack(struct image_file file);

/* Writes it into a new temporary file and gives it up; path is for the caller to unlink. */
void image_save(struct image_file file, char path[IMAGE_PATH]);

#endif
