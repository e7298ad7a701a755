/* SPDX-License-Identifier: MIT */
/* tests/inspect/memory_check.h - opening made images and reading them back; for test_memory*.c. */
#ifndef TESTS_INSPECT_MEMORY_CHECK_H
#define TESTS_INSPECT_MEMORY_CHECK_H

#include <elf.h>

#include "inspect/memory.h"
#include "tests/inspect/images.h"

#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)

/* Two neighbours, a hole, an odd end. */
#define PIECES 3
extern const struct image_piece pieces[PIECES];

int try_open(struct image_file file, enum inspect_memory_format format, uint64_t base, struct inspect_memory **memory,
             struct inspect_why *why);
struct inspect_memory *opened(struct image_file file);
/* With these words in the reason. */
void refused(struct image_file file, const char *words);
/* A kdump file; skips the test where iommukit was built without libkdumpfile. */
struct inspect_memory *opened_kdump(struct image_file file);

void reads(struct inspect_memory *memory, uint64_t address, size_t bytes);
void absent(struct inspect_memory *memory, uint64_t address, size_t bytes);
void page_reads(struct inspect_memory *memory, uint64_t address);
void page_absent(struct inspect_memory *memory, uint64_t address);
void extents(struct inspect_memory *memory, size_t count, const uint64_t (*wanted)[2]);
/* Everything that holds for `pieces` in any format that keeps single bytes; closes it. */
void check_pieces(struct inspect_memory *memory, const char *name);

Elf64_Ehdr *elf_header(struct image_file file);
/* The first one is PT_NOTE. */
Elf64_Phdr *elf_segment(struct image_file file, size_t index);

#endif
