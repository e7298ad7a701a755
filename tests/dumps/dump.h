/* SPDX-License-Identifier: MIT */
/*
 * tests/dumps/dump.h - a stopped machine's remapping tables, and the model looking at them. A
 * dump is a folder: tables.elf.zst (an ELF core whose segments are the physical pages that were
 * kept), regs.json, maps.json (what an independent walk found), trace.log.zst (what QEMU's unit
 * did before it stopped).
 *
 * image.c loads pages; dump.c the rest, and makes a model of the unit; trace.c finds what the
 * unit still held; compare.c asks the model; made.c makes small dumps of our own.
 */
#ifndef TESTS_DUMPS_DUMP_H
#define TESTS_DUMPS_DUMP_H

#include <jansson.h>

#include "inspect/memory.h"
#include "iommukit/model/vtd.h"
#include "tests/common/seed.h"

/* ---- image.c: physical memory, whatever was kept of it ------------------------------------- */

struct image {
    struct inspect_memory *memory;
    uint64_t refused; /* stores that the model tried */
};

/* NULL, or what is wrong. */
const char *image_load(struct image *image, const char *path);
void image_free(struct image *image);
/* Everything else is absent; nothing can be written. */
void image_host(struct image *image, struct iommu_model_host *host);
/* A whole file, unpacked; *bytes of it and a zero behind. NULL: cannot be read. */
uint8_t *image_unpack(const char *path, size_t *bytes);

/* ---- dump.c, trace.c ----------------------------------------------------------------------- */

struct mapping {
    uint64_t iova, pa, entry;
    unsigned lg2;
};

struct requester {
    uint16_t rid;
    bool first_stage;
    unsigned did;
    struct mapping *mapping; /* sorted by iova */
    size_t mappings;
};

/* A translation that QEMU's unit had not forgotten when it was stopped. */
struct live {
    uint16_t rid;
    unsigned did;
    uint64_t iova, entry; /* page, and the entry it was read from */
};

struct dump {
    struct image image;
    json_t *registers, *maps;
    struct requester *requester;
    size_t requesters;
    struct live *live;
    size_t lives;
    bool lazy; /* the guest flushes some time after it has unmapped */
    struct iommu_model_host host;
    struct iommu_model_vtd *model;
};

/* NULL, or what is wrong. */
const char *dump_load(struct dump *dump, const char *folder);
void dump_free(struct dump *dump);
const struct mapping *dump_find(const struct requester *requester, uint64_t iova);
uint64_t dump_register(const struct dump *dump, const char *name);
const char *trace_load(struct dump *dump, const char *path);

/* ---- compare.c ----------------------------------------------------------------------------- */

struct comparison {
    size_t mappings, live, gaps;
    size_t stale;   /* held by QEMU, unmapped, not flushed yet */
    size_t history; /* of QEMU's last translation for each page, those that the tables still have */
    size_t wrong;
};

/* Says what is wrong, the first few. */
struct comparison dump_compare(struct dump *dump, struct seed *seed, bool quiet);

/* ---- made.c -------------------------------------------------------------------------------- */

enum made_kind { MADE_LEGACY, MADE_SECOND, MADE_FIRST };

/* Writes a dump into the folder. False: it could not be written. */
bool made_write(const char *folder, enum made_kind kind);
bool made_pack(const char *path, const void *data, size_t bytes);

#endif
