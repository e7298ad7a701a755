/* SPDX-License-Identifier: MIT */
/* tests/inspect/world_save.c - a world as files: core, registers, DMAR table, /proc/iomem; and its end. */
#include "tests/inspect/world.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spec/vtd_regs.h"

#define HEADERS WORLD_PAGE /* where the data begins, at least */
#define OPENING 12         /* characters before the first register */

/* ---- the core */

static int by_address(const void *a, const void *b)
{
    const struct world_block *x = a, *y = b;
    return x->pa < y->pa ? -1 : x->pa > y->pa;
}

/* The blocks in ascending order, adjacent ones joined; how many are left. */
static unsigned join(struct world_block *block, unsigned count)
{
    unsigned joined = 0;
    qsort(block, count, sizeof *block, by_address);
    for (unsigned i = 0; i < count; i++) {
        struct world_block *last = joined != 0 ? &block[joined - 1] : NULL;
        if (last != NULL && last->pa + last->pages * WORLD_PAGE == block[i].pa)
            last->pages += block[i].pages;
        else
            block[joined++] = block[i];
    }
    return joined;
}

static void put(int file, const void *data, size_t bytes, uint64_t offset)
{
    assert_int_equal(pwrite(file, data, bytes, (off_t)offset), (ssize_t)bytes);
}

/* Pages of zeroes stay holes in the file. */
static void put_page(struct world *world, int file, uint64_t pa, uint64_t offset)
{
    static const uint8_t zeroes[WORLD_PAGE];
    const void *page = iommu_posix_memory(world->memory, pa, WORLD_PAGE);
    assert_non_null(page);
    if (memcmp(page, zeroes, sizeof zeroes) != 0)
        put(file, page, WORLD_PAGE, offset);
}

static void write_core(struct world *world, int file, const struct world_block *block, unsigned count)
{
    uint64_t headers = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr);
    uint64_t offset = (headers + HEADERS - 1) / HEADERS * HEADERS;
    Elf64_Ehdr header = {.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
                         .e_phoff = sizeof header, .e_ehsize = sizeof header,
                         .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = (Elf64_Half)count};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    put(file, &header, sizeof header, 0);
    for (unsigned i = 0; i < count; i++) {
        uint64_t bytes = block[i].pages * WORLD_PAGE;
        Elf64_Phdr segment = {.p_type = PT_LOAD, .p_offset = offset, .p_paddr = block[i].pa,
                              .p_filesz = bytes, .p_memsz = bytes};
        put(file, &segment, sizeof segment, sizeof header + i * sizeof segment);
        for (uint64_t page = 0; page < bytes; page += WORLD_PAGE)
            put_page(world, file, block[i].pa + page, offset + page);
        offset += bytes;
    }
    assert_int_equal(ftruncate(file, (off_t)offset), 0);
}

static void save_core(struct world *world, enum world_pages pages)
{
    struct world_block *block = malloc(sizeof world->block);
    unsigned count = 1;
    int file = open(world->path.memory, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(file >= 0);
    assert_non_null(block);
    block[0] = (struct world_block){0, WORLD_RAM / WORLD_PAGE};
    if (pages == WORLD_TABLES) {
        memcpy(block, world->block, sizeof world->block);
        count = join(block, world->blocks);
    }
    write_core(world, file, block, count);
    free(block);
    close(file);
}

/* ---- registers */

static void print_register(struct world *world, FILE *file, const char *name, uint64_t value)
{
    for (unsigned i = 0; i < world->overrides; i++) {
        if (strcmp(world->override[i].name, name) != 0)
            continue;
        if (world->override[i].absent)
            return;
        value = world->override[i].value;
    }
    fprintf(file, "%s\n  \"%s\": \"0x%" PRIx64 "\"", ftell(file) > OPENING ? "," : "", name, value);
}

static void save_registers(struct world *world)
{
    FILE *file = fopen(world->path.registers, "w");
    char name[16];
    assert_non_null(file);
    fputs("{\"units\": [{", file);
    print_register(world, file, "base", WORLD_UNIT_BASE);
#define PRINT(NAME, OFFSET, BITS, ABOUT)                                  \
    if ((OFFSET) <= VTD_REG_PEUADDR && (OFFSET) != VTD_REG_GCMD)          \
        print_register(world, file, #NAME, world_register(world, OFFSET, BITS));
    VTD_REGISTERS(PRINT)
#undef PRINT
    uint64_t cap = world_register(world, VTD_REG_CAP, 64);
    for (unsigned i = 0; i <= SPEC_GET(VTD_CAP_NFR, cap); i++) {
        snprintf(name, sizeof name, "FRCD%u_LO", i);
        print_register(world, file, name, world_register(world, VTD_REG_FRCD(cap, i), 64));
        snprintf(name, sizeof name, "FRCD%u_HI", i);
        print_register(world, file, name, world_register(world, VTD_REG_FRCD(cap, i) + 8, 64));
    }
    fputs("\n}]}\n", file);
    assert_int_equal(fclose(file), 0);
}

/* ---- the rest */

static void save_bytes(const char *path, const void *data, size_t bytes)
{
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(file >= 0);
    put(file, data, bytes, 0);
    close(file);
}

static void save_iomem(struct world *world)
{
    FILE *file = fopen(world->path.iomem, "w");
    assert_non_null(file);
    fprintf(file, "00000000-%08" PRIx64 " : System RAM\n%08" PRIx64 "-%08" PRIx64 " : dmar0\n", WORLD_RAM - 1,
            WORLD_UNIT_BASE, WORLD_UNIT_BASE + 0xfff);
    assert_int_equal(fclose(file), 0);
}

static void name_files(struct world *world)
{
    const char *folder = getenv("TMPDIR");
    snprintf(world->path.folder, WORLD_PATH - 32, "%s/iommukit-world-XXXXXX", folder != NULL ? folder : P_tmpdir);
    assert_non_null(mkdtemp(world->path.folder));
#define NAME(member, file) \
    assert_true(snprintf(world->path.member, WORLD_PATH, "%s/%s", world->path.folder, file) < (int)WORLD_PATH)
    NAME(memory, "memory.elf");
    NAME(registers, "registers.json");
    NAME(dmar, "dmar.bin");
    NAME(iomem, "iomem");
#undef NAME
}

void world_save(struct world *world, enum world_pages pages)
{
    size_t bytes;
    if (world->path.folder[0] == '\0')
        name_files(world);
    save_core(world, pages);
    save_registers(world);
    const void *dmar = iommu_model_machine_dmar(world->machine, &bytes);
    save_bytes(world->path.dmar, dmar, bytes);
    save_iomem(world);
}

static void delete_files(struct world *world)
{
    if (world->path.folder[0] == '\0')
        return;
    unlink(world->path.memory);
    unlink(world->path.registers);
    unlink(world->path.dmar);
    unlink(world->path.iomem);
    rmdir(world->path.folder);
}

void world_close(struct world *world)
{
    delete_files(world);
    while (world->pokes-- > 0)
        *(uint64_t *)iommu_posix_memory(world->memory, world->poked[world->pokes].pa, 8) =
            world->poked[world->pokes].before;
    for (unsigned i = 0; i < WORLD_DEVICES; i++)
        iommu_device_remove(world->device[i]);
    for (unsigned i = 0; i < world->domains; i++)
        iommu_domain_free(world->domain[i]);
    assert_int_equal(iommu_destroy(world->iommu), 0);
    iommu_host_model_destroy(world->host);
}
