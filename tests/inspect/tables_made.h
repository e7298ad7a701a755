/* SPDX-License-Identifier: MIT */
/*
 * tests/inspect/tables_made.h - remapping tables written by hand into a small memory, a unit that uses them, and what
 * an enumeration tells of them. No driver takes part: every bit is the test's.
 *
 *     made_open(&made, MADE_SCALABLE_MODE);      root table, all capabilities
 *     top = made_page(&made); made_map(...); made_pasid(&made, rid, pasid, ...);
 *     told = made_walk(&made, NULL);        everything, collected
 *     made_close(&made);
 */
#ifndef TESTS_INSPECT_TABLES_MADE_H
#define TESTS_INSPECT_TABLES_MADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "inspect/tables.h"
#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define MADE_BASE  UINT64_C(0x100000)
#define MADE_PAGE  UINT64_C(4096)
#define MADE_TOLD  4096u
#define MADE_RID   0x0028u /* the device of made_sizes, and of most tests */
/* The upper half of a legacy context entry. */
#define MADE_LEGACY(aw, did) (SPEC_PUT(VTD_LCE1_AW, (uint64_t)(aw)) | SPEC_PUT(VTD_LCE1_DID, (uint64_t)(did)))

enum made_mode { MADE_LEGACY_MODE, MADE_SCALABLE_MODE };

struct made {
    uint64_t (*page)[512];
    unsigned pages, room;
    uint64_t root;
    struct inspect_unit unit[2];
    struct inspect_registers registers;
    struct inspect_machine machine; /* memory: as of the last made_memory */
    char path[64];
};

/* What an enumeration told, in order; more than MADE_TOLD of a kind fail the test. */
struct told {
    int result;
    unsigned routes, ranges, tables, troubles;
    struct inspect_route route[MADE_TOLD];
    struct inspect_range range[MADE_TOLD];
    struct inspect_table table[MADE_TOLD];
    struct inspect_trouble trouble[MADE_TOLD];
};

/* The page kind of a leaf's rights bits. */
#define MADE_RW_SECOND (VTD_SS_R | VTD_SS_W)
#define MADE_RW_FIRST  (VTD_FS_P | VTD_FS_RW | VTD_FS_US | VTD_FS_A | VTD_FS_D)

void made_open(struct made *made, enum made_mode mode);
void made_close(struct made *made);
/* A zeroed page's physical address. */
uint64_t made_page(struct made *made);
/* The word at a physical address. */
uint64_t *made_word(struct made *made, uint64_t pa);
void made_set(struct made *made, enum inspect_register reg, uint64_t value);

/*
 * Where the entry for iova is at `level`, or that of a large page above it; upper tables that are missing are made, with
 * `upper` in their entries.
 */
uint64_t *made_slot(struct made *made, uint64_t top, unsigned levels, unsigned level, uint64_t iova, uint64_t upper);
/* A leaf of a second-stage (first-stage) table. */
void made_second(struct made *made, uint64_t top, unsigned levels, unsigned level, uint64_t iova, uint64_t leaf);
void made_first(struct made *made, uint64_t top, unsigned levels, unsigned level, uint64_t iova, uint64_t leaf);

/* Context entries; tables above are made where they are missing. The entry's words. */
uint64_t *made_legacy_context(struct made *made, unsigned rid, uint64_t low, uint64_t high);
uint64_t *made_context(struct made *made, unsigned rid, uint64_t low, uint64_t high);
/* The words of the PASID entry of a device, whose context entry is there or is made: PASIDE, PDTS 7. */
uint64_t *made_pasid(struct made *made, unsigned rid, uint32_t pasid);
void made_pasid_second(struct made *made, unsigned rid, uint32_t pasid, uint64_t top, unsigned did);
void made_pasid_first(struct made *made, unsigned rid, uint32_t pasid, uint64_t top, unsigned did);

/*
 * made_open, and one second-stage page of each size for MADE_RID, in scalable mode for its PASID 3: 0x1000 with the rights
 * of the caller's choice, 0x200000 and 0x40000000 for reading and writing. Returns the top table.
 */
uint64_t made_sizes(struct made *made, enum made_mode mode, uint64_t small_rights);

/* Saves the memory and opens it as an image; again after changes. */
void made_memory(struct made *made);
/* made_memory and a walk; the result is the same static object each time. */
const struct told *made_walk(struct made *made, const struct inspect_filter *filter);

const struct inspect_trouble *told_trouble(const struct told *told, enum inspect_trouble_kind kind);
/* The one range at iova, or NULL. */
const struct inspect_range *told_range(const struct told *told, uint64_t iova);
unsigned told_tables(const struct told *told, enum inspect_table_role role);

#endif
