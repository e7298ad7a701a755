/* SPDX-License-Identifier: MIT */
/*
 * tests/dumps/made.c - small dumps of our own, in the same files: one requester, a few pages of
 * each size, one page that QEMU still holds. They show that the loader works, and where no real
 * dump is at hand they are all there is.
 */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"
#include "tests/dumps/dump.h"

#define PAGES      24u
#define BASE       ((uint64_t)0x7654000) /* physical address of the first page */
#define RID        0x0020u
#define DID        9u
#define PAGE       ((uint64_t)VTD_PAGE_BYTES)
#define PATH_BYTES 1024

struct made {
    enum made_kind kind;
    uint64_t word[PAGES][512];
    unsigned used;
    uint64_t root, top;
    json_t *mappings;
};

/* QEMU's: 7.2, 7.2, 10.0 */
static const uint64_t caps[] = {0xd2008c222f0606, 0xd2008c222f0606, 0x1d2008c222f0606};
static const uint64_t ecaps[] = {0xf00f4a, 0x480080f00f4a, 0x880000f00f4a};

/* ---- tables -------------------------------------------------------------------------------- */

static uint64_t page(struct made *made)
{
    return BASE + made->used++ * PAGE;
}

static uint64_t *words(struct made *made, uint64_t pa)
{
    return made->word[(pa - BASE) / PAGE];
}

static void make_context(struct made *made)
{
    uint64_t contexts = page(made), directory, table;

    made->root = page(made);
    made->top = page(made);
    words(made, made->root)[0] = contexts | VTD_LRE0_P;
    if (made->kind == MADE_LEGACY) {
        words(made, contexts)[RID * 2] = made->top | VTD_LCE0_P;
        words(made, contexts)[RID * 2 + 1] =
            SPEC_PUT(VTD_LCE1_AW, (uint64_t)VTD_AW_48) | SPEC_PUT(VTD_LCE1_DID, (uint64_t)DID);
        return;
    }
    directory = page(made);
    table = page(made);
    words(made, contexts)[RID * 4] = directory | VTD_SCE0_P;
    words(made, directory)[0] = table | VTD_PDE_P;
    words(made, table)[1] = DID;
    if (made->kind == MADE_SECOND) {
        words(made, table)[0] = made->top | SPEC_PUT(VTD_PE0_AW, (uint64_t)VTD_AW_48) |
                                SPEC_PUT(VTD_PE0_PGTT, (uint64_t)VTD_PGTT_SECOND) | VTD_PE0_P;
    } else {
        words(made, table)[0] = SPEC_PUT(VTD_PE0_PGTT, (uint64_t)VTD_PGTT_FIRST) | VTD_PE0_P;
        words(made, table)[2] = made->top;
    }
}

static uint64_t bits(const struct made *made, bool write)
{
    if (made->kind != MADE_FIRST)
        return VTD_SS_R | (write ? VTD_SS_W : 0);
    return VTD_FS_P | VTD_FS_US | VTD_FS_A | (write ? VTD_FS_RW | VTD_FS_D : 0);
}

static json_t *hex(uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "0x%" PRIx64, value);
    return json_string(text);
}

static void map(struct made *made, uint64_t iova, uint64_t pa, unsigned level, bool write)
{
    uint64_t table = made->top, entry = pa | bits(made, write) | (level > 1 ? VTD_SS_PS : 0);
    unsigned now;

    for (now = 4; now > level; now--) {
        uint64_t *slot = &words(made, table)[iova >> VTD_LEVEL_SHIFT(now) & 511];

        if (!*slot)
            *slot = page(made) | bits(made, true);
        table = *slot & VTD_SS_ADDR;
    }
    words(made, table)[iova >> VTD_LEVEL_SHIFT(level) & 511] = entry;
    json_array_append_new(made->mappings, json_pack("[o,o,i,o]", hex(iova), hex(pa),
                                                    (int)VTD_LEVEL_SHIFT(level), hex(entry)));
}

static void make_tables(struct made *made)
{
    unsigned i;

    make_context(made);
    for (i = 0; i < 5; i++)
        map(made, 0xFFFE0000 + i * PAGE, 0x5790000 + i * 3 * PAGE, 1, i != 3);
    map(made, (uint64_t)0x12 << 21, (uint64_t)0x40 << 21, 2, true);
    map(made, (uint64_t)0x7F << 32, (uint64_t)3 << 30, 3, false);
    map(made, 0x7FFFFFFFF000, 0xABCDE000, 1, true);
}

/* ---- files --------------------------------------------------------------------------------- */

bool made_pack(const char *path, const void *data, size_t bytes)
{
    size_t room = ZSTD_compressBound(bytes);
    uint8_t *packed = malloc(room);
    FILE *file = fopen(path, "wb");
    bool ok = false;

    if (packed && file) {
        size_t length = ZSTD_compress(packed, room, data, bytes, 1);

        ok = !ZSTD_isError(length) && fwrite(packed, 1, length, file) == length;
    }
    if (file)
        ok = fclose(file) == 0 && ok;
    free(packed);
    return ok;
}

static bool write_core(const struct made *made, const char *path)
{
    struct {
        Elf64_Ehdr file;
        Elf64_Phdr segment;
    } header = {
        .file = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                             EV_CURRENT},
                 .e_type = ET_CORE,
                 .e_machine = EM_X86_64,
                 .e_version = EV_CURRENT,
                 .e_phoff = sizeof(Elf64_Ehdr),
                 .e_ehsize = sizeof(Elf64_Ehdr),
                 .e_phentsize = sizeof(Elf64_Phdr),
                 .e_phnum = 1},
        .segment = {.p_type = PT_LOAD,
                    .p_offset = PAGE,
                    .p_paddr = BASE,
                    .p_filesz = made->used * PAGE,
                    .p_memsz = made->used * PAGE,
                    .p_align = PAGE},
    };
    size_t bytes = PAGE + made->used * PAGE;
    uint8_t *core = calloc(1, bytes);
    bool ok = false;

    if (core) {
        memcpy(core, &header, sizeof header);
        memcpy(core + PAGE, made->word, made->used * PAGE);
        ok = made_pack(path, core, bytes);
    }
    free(core);
    return ok;
}

static bool write_json(const char *path, json_t *value)
{
    bool ok = value && json_dump_file(value, path, 0) == 0;

    json_decref(value);
    return ok;
}

static json_t *registers(const struct made *made)
{
    uint64_t mode = made->kind == MADE_LEGACY ? VTD_TTM_LEGACY : VTD_TTM_SCALABLE;

    return json_pack("{s:o,s:o,s:o,s:o,s:s}", "CAP", hex(caps[made->kind]), "ECAP",
                     hex(ecaps[made->kind]), "GSTS", hex(VTD_GSTS_TES | VTD_GSTS_RTPS), "RTADDR",
                     hex(made->root | SPEC_PUT(VTD_RTADDR_TTM, mode)), "cmdline", "iommu.strict=1");
}

static json_t *maps(struct made *made)
{
    char top[24];

    snprintf(top, sizeof top, "0x%" PRIx64, made->top);
    return json_pack("{s:[{s:o,s:i,s:s,s:i}],s:{s:o},s:[[o,o,o,o]]}", "devices", "sid", hex(RID),
                     "did", DID, "top", top, "fs", made->kind == MADE_FIRST, "domains", top,
                     made->mappings, "qemu_translations", hex(RID), hex(0xFFFE0000), hex(0x5790000),
                     hex(0xFFF));
}

/* One translation that was flushed, one of another domain's id, one that stays. */
static bool write_trace(const struct made *made, const char *path)
{
    char text[1024];
    int length =
        snprintf(text, sizeof text,
                 "vtd_dmar_enable enable 1\n"
                 "vtd_iotlb_page_update IOTLB page update sid 0x20 iova 0xfff00010 slpte 0x123003 "
                 "domain 0x9\n"
                 "vtd_inv_desc invalidate desc type iotlb high 0xfff00000 low 0x90032\n"
                 "vtd_iotlb_page_update IOTLB page update sid 0x20 iova 0xfffe0010 slpte 0x%" PRIx64
                 " domain 0x9\n"
                 "vtd_inv_desc invalidate desc type iotlb high 0xfffe0000 low 0x80032\n"
                 "vtd_inv_desc invalidate desc type wait high 0x3dac404 low 0x200000025\n",
                 0x5790000 | bits(made, true));

    return made_pack(path, text, (size_t)length);
}

bool made_write(const char *folder, enum made_kind kind)
{
    struct made *made = calloc(1, sizeof *made);
    char path[PATH_BYTES];
    bool ok;

    if (!made)
        return false;
    made->kind = kind;
    made->mappings = json_array();
    make_tables(made);
    snprintf(path, sizeof path, "%s/tables.elf.zst", folder);
    ok = write_core(made, path);
    snprintf(path, sizeof path, "%s/trace.log.zst", folder);
    ok = write_trace(made, path) && ok;
    snprintf(path, sizeof path, "%s/regs.json", folder);
    ok = write_json(path, registers(made)) && ok;
    snprintf(path, sizeof path, "%s/maps.json", folder);
    ok = write_json(path, maps(made)) && ok;
    free(made);
    return ok;
}
