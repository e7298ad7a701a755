/* SPDX-License-Identifier: MIT */
/* tests/inspect/tables_made.c - see tables_made.h. */
#include "tests/inspect/tables_made.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CAP                                                                                                            \
    (SPEC_PUT(VTD_CAP_ND, UINT64_C(6)) | SPEC_PUT(VTD_CAP_SAGAW, UINT64_C(14)) |                                       \
     SPEC_PUT(VTD_CAP_MGAW, UINT64_C(56)) | SPEC_PUT(VTD_CAP_FRO, UINT64_C(0x22)) |                                    \
     SPEC_PUT(VTD_CAP_SSLPS, UINT64_C(3)) | VTD_CAP_PSI | VTD_CAP_FS1GP | VTD_CAP_FS5LP)
#define ECAP                                                                                                           \
    (VTD_ECAP_C | VTD_ECAP_QI | VTD_ECAP_DT | VTD_ECAP_PT | VTD_ECAP_SC | SPEC_PUT(VTD_ECAP_IRO, UINT64_C(15)) |       \
     VTD_ECAP_NEST | VTD_ECAP_PRS | VTD_ECAP_SRS | SPEC_PUT(VTD_ECAP_PSS, UINT64_C(19)) | VTD_ECAP_PASID |             \
     VTD_ECAP_SMTS | VTD_ECAP_SSTS | VTD_ECAP_FSTS | VTD_ECAP_SMPWCS | VTD_ECAP_RPS | VTD_ECAP_RPRIVS)

/* ---- memory */

void made_open(struct made *made, enum made_mode mode)
{
    uint64_t type = mode == MADE_LEGACY_MODE ? VTD_TTM_LEGACY : VTD_TTM_SCALABLE;
    *made = (struct made){.registers = {.count = 1}};
    made->registers.unit = made->unit;
    made->root = made_page(made);
    made_set(made, INSPECT_CAP, CAP);
    made_set(made, INSPECT_ECAP, ECAP);
    made_set(made, INSPECT_GSTS, VTD_GSTS_TES | VTD_GSTS_RTPS);
    made_set(made, INSPECT_RTADDR, made->root | SPEC_PUT(VTD_RTADDR_TTM, type));
    made->machine.registers = &made->registers;
    made->machine.address_bits = 46;
}

void made_close(struct made *made)
{
    inspect_memory_close(made->machine.memory);
    if (made->path[0] != '\0')
        unlink(made->path);
    free(made->page);
}

uint64_t made_page(struct made *made)
{
    if (made->pages == made->room) {
        made->room = made->room ? made->room * 2 : 64;
        made->page = realloc(made->page, made->room * sizeof *made->page);
        assert_non_null(made->page);
    }
    memset(made->page[made->pages], 0, sizeof *made->page);
    return MADE_BASE + made->pages++ * MADE_PAGE;
}

uint64_t *made_word(struct made *made, uint64_t pa)
{
    assert_true(pa >= MADE_BASE && pa < MADE_BASE + made->pages * MADE_PAGE);
    return &made->page[(pa - MADE_BASE) / MADE_PAGE][pa % MADE_PAGE / 8];
}

void made_set(struct made *made, enum inspect_register reg, uint64_t value)
{
    made->unit[0].known |= UINT64_C(1) << reg;
    made->unit[0].value[reg] = value;
}

static void save(struct made *made)
{
    const char *folder = getenv("TMPDIR");
    if (made->path[0] == '\0') {
        snprintf(made->path, sizeof made->path, "%s/iommukit-made-XXXXXX", folder ? folder : "/tmp");
        int file = mkstemp(made->path);
        assert_true(file >= 0);
        close(file);
    }
    FILE *out = fopen(made->path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(made->page, sizeof *made->page, made->pages, out), made->pages);
    assert_int_equal(fclose(out), 0);
}

void made_memory(struct made *made)
{
    struct inspect_memory_options options = {.path = made->path, .format = INSPECT_MEMORY_RAW, .raw_base = MADE_BASE};
    struct inspect_why why;
    save(made);
    inspect_memory_close(made->machine.memory);
    if (inspect_memory_open(&options, &made->machine.memory, &why) != 0)
        fail_msg("%s", why.text);
}

/* ---- page tables */

uint64_t *made_slot(struct made *made, uint64_t top, unsigned levels, unsigned level, uint64_t iova, uint64_t upper)
{
    uint64_t table = top;
    for (unsigned now = levels; now > level; now--) {
        uint64_t at = table + (iova >> VTD_LEVEL_SHIFT(now) & 511) * 8;
        if (*made_word(made, at) == 0) {
            uint64_t next = made_page(made);
            *made_word(made, at) = next | upper;
        }
        if (*made_word(made, at) & VTD_SS_PS)
            return made_word(made, at);
        table = *made_word(made, at) & VTD_SS_ADDR;
    }
    return made_word(made, table + (iova >> VTD_LEVEL_SHIFT(level) & 511) * 8);
}

void made_second(struct made *made, uint64_t top, unsigned levels, unsigned level, uint64_t iova, uint64_t leaf)
{
    *made_slot(made, top, levels, level, iova, MADE_RW_SECOND) = leaf | (level > 1 ? VTD_SS_PS : 0);
}

void made_first(struct made *made, uint64_t top, unsigned levels, unsigned level, uint64_t iova, uint64_t leaf)
{
    uint64_t upper = VTD_FS_P | VTD_FS_RW | VTD_FS_US | VTD_FS_A;
    *made_slot(made, top, levels, level, iova, upper) = leaf | (level > 1 ? VTD_FS_PS : 0);
}

/* ---- root, context, PASID */

static uint64_t below(struct made *made, uint64_t at)
{
    if (*made_word(made, at) == 0) {
        uint64_t next = made_page(made);
        *made_word(made, at) = next | 1;
    }
    return *made_word(made, at) & VTD_PTR;
}

uint64_t *made_legacy_context(struct made *made, unsigned rid, uint64_t low, uint64_t high)
{
    uint64_t table = below(made, made->root + (uint64_t)(rid >> 8) * 16);
    uint64_t *words = made_word(made, table + (uint64_t)(rid & 255) * 16);
    words[0] = low;
    words[1] = high;
    return words;
}

uint64_t *made_context(struct made *made, unsigned rid, uint64_t low, uint64_t high)
{
    uint64_t table = below(made, made->root + (uint64_t)(rid >> 8) * 16 + (rid & 0x80 ? 8 : 0));
    uint64_t *words = made_word(made, table + (uint64_t)(rid & 127) * 32);
    words[0] = low;
    words[1] = high;
    return words;
}

static uint64_t directory_of(struct made *made, unsigned rid)
{
    uint64_t table = below(made, made->root + (uint64_t)(rid >> 8) * 16 + (rid & 0x80 ? 8 : 0));
    uint64_t at = table + (uint64_t)(rid & 127) * 32;
    if (*made_word(made, at) == 0) {
        uint64_t directory = made_page(made); /* 2^14 entries: 32 pages in a row */
        for (unsigned i = 1; i < 32; i++)
            made_page(made);
        *made_word(made, at) = directory | SPEC_PUT(VTD_SCE0_PDTS, UINT64_C(7)) | VTD_SCE0_PASIDE | VTD_SCE0_P;
    }
    return *made_word(made, at) & VTD_PTR;
}

uint64_t *made_pasid(struct made *made, unsigned rid, uint32_t pasid)
{
    uint64_t directory = directory_of(made, rid);
    uint64_t table = below(made, directory + (uint64_t)(pasid / 64) * 8);
    return made_word(made, table + (uint64_t)(pasid % 64) * 64);
}

void made_pasid_second(struct made *made, unsigned rid, uint32_t pasid, uint64_t top, unsigned did)
{
    uint64_t *words = made_pasid(made, rid, pasid);
    words[0] = top | SPEC_PUT(VTD_PE0_AW, (uint64_t)VTD_AW_48) | SPEC_PUT(VTD_PE0_PGTT, (uint64_t)VTD_PGTT_SECOND) |
               VTD_PE0_P;
    words[1] = did;
}

void made_pasid_first(struct made *made, unsigned rid, uint32_t pasid, uint64_t top, unsigned did)
{
    uint64_t *words = made_pasid(made, rid, pasid);
    words[0] = SPEC_PUT(VTD_PE0_PGTT, (uint64_t)VTD_PGTT_FIRST) | VTD_PE0_P;
    words[1] = did;
    words[2] = top;
}

uint64_t made_sizes(struct made *made, enum made_mode mode, uint64_t small_rights)
{
    made_open(made, mode);
    uint64_t top = made_page(made);
    made_second(made, top, 4, 1, 0x1000, 0xa0000 | small_rights);
    made_second(made, top, 4, 2, 0x200000, 0x7e00000 | MADE_RW_SECOND);
    made_second(made, top, 4, 3, 0x40000000, 0x1c0000000 | MADE_RW_SECOND);
    if (mode == MADE_LEGACY_MODE)
        made_legacy_context(made, MADE_RID, top | VTD_LCE0_P, MADE_LEGACY(VTD_AW_48, 7));
    else
        made_pasid_second(made, MADE_RID, 3, top, 7);
    return top;
}

/* ---- what is told */

static struct told all;

static bool on_route(void *ctx, const struct inspect_route *route)
{
    assert_true(all.routes < MADE_TOLD);
    all.route[all.routes++] = *route;
    return true;
}

static bool on_table(void *ctx, const struct inspect_table *table)
{
    assert_true(all.tables < MADE_TOLD);
    all.table[all.tables++] = *table;
    return true;
}

static bool on_range(void *ctx, const struct inspect_range *range)
{
    assert_true(all.ranges < MADE_TOLD);
    all.range[all.ranges++] = *range;
    return true;
}

static bool on_trouble(void *ctx, const struct inspect_trouble *trouble)
{
    assert_true(all.troubles < MADE_TOLD);
    assert_true(trouble->text[0] != '\0');
    all.trouble[all.troubles++] = *trouble;
    return true;
}

const struct told *made_walk(struct made *made, const struct inspect_filter *filter)
{
    const struct inspect_visitor visitor = {NULL, on_route, on_table, on_range, on_trouble};
    struct inspect_why why;
    all = (struct told){.result = 0};
    made_memory(made);
    all.result = inspect_tables_walk(&made->machine, filter, &visitor, &why);
    return &all;
}

const struct inspect_trouble *told_trouble(const struct told *told, enum inspect_trouble_kind kind)
{
    for (unsigned i = 0; i < told->troubles; i++)
        if (told->trouble[i].kind == kind)
            return &told->trouble[i];
    return NULL;
}

const struct inspect_range *told_range(const struct told *told, uint64_t iova)
{
    const struct inspect_range *found = NULL;
    for (unsigned i = 0; i < told->ranges; i++) {
        if (told->range[i].iova != iova)
            continue;
        assert_null(found);
        found = &told->range[i];
    }
    return found;
}

unsigned told_tables(const struct told *told, enum inspect_table_role role)
{
    unsigned count = 0;
    for (unsigned i = 0; i < told->tables; i++)
        count += told->table[i].role == role;
    return count;
}
