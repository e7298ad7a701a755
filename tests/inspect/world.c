/* SPDX-License-Identifier: MIT */
/* tests/inspect/world.c - building the machine, and reaching into its tables. */
#include "tests/inspect/world.h"

#include <string.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define BAR_BASE   UINT64_C(0x200000000000)
#define BAR_STRIDE UINT64_C(0x1000000)
#define EVENT      UINT64_C(0xfee00000)
#define VECTOR     0x41u
#define COMMAND    4u
#define MASTER     6u
#define IRTA_SIZE  7u /* 2^(7+1) entries of 16 bytes: one page */

/* The page hooks get the platform's context, not the world. */
static struct world *current;

/* ---- which pages are tables */

static uint64_t physical(const struct world *world, const void *page)
{
    if (world->platform.virt_to_phys != NULL)
        return world->platform.virt_to_phys(world->platform.ctx, page);
    return (uint64_t)(uintptr_t)page - world->platform.phys_to_virt_offset;
}

static void *page_alloc(void *ctx, unsigned order)
{
    void *page = iommu_host_model_platform(current->host)->page_alloc(ctx, order);
    assert_non_null(page);
    assert_true(current->blocks < WORLD_BLOCKS);
    current->block[current->blocks++] = (struct world_block){physical(current, page), UINT64_C(1) << order};
    return page;
}

static void page_free(void *ctx, void *page, unsigned order)
{
    uint64_t pa = physical(current, page);
    for (unsigned i = 0; i < current->blocks; i++)
        if (current->block[i].pa == pa) {
            current->block[i] = current->block[--current->blocks];
            break;
        }
    iommu_host_model_platform(current->host)->page_free(ctx, page, order);
}

/* ---- hardware */

uint16_t world_rid(unsigned device)
{
    return (uint16_t)((device + 1) << 3);
}

static void set_function(unsigned index, struct iommu_model_function_config *function)
{
    uint64_t bar = BAR_BASE + index * BAR_STRIDE;
    *function = (struct iommu_model_function_config){
        .pci = {.rid = world_rid(index), .kind = IOMMU_MODEL_PCI_INTEGRATED, .vendor = 0x8086, .device = 0x0b25,
                .class_code = 0x088000, .pasid_bits = 20, .ats = true, .scalable_iov = true,
                .bar = {bar, bar + BAR_STRIDE / 2},
                .bar_bytes = {IOMMU_MODEL_DSA_BAR0_BYTES,
                              (uint64_t)IOMMU_MODEL_DSA_QUEUES_MAX * IOMMU_MODEL_DSA_PORTAL_BYTES}},
        .accelerator = true,
    };
}

static void open_hardware(struct world *world)
{
    const struct world_config *config = &world->config;
    struct iommu_model_unit_config unit = {.base = WORLD_UNIT_BASE, .include_all = true};
    struct iommu_model_function_config function[WORLD_DEVICES];
    const char *why = "";
    assert_true(iommu_model_unit_preset(config->preset != NULL ? config->preset : "scalable", &unit));
    unit.cap = (unit.cap & ~config->cap_clear) | config->cap_set;
    unit.ecap = ((unit.ecap | VTD_ECAP_IR) & ~config->ecap_clear) | config->ecap_set;
    for (unsigned i = 0; i < WORLD_DEVICES; i++)
        set_function(i, &function[i]);
    const struct iommu_model_machine_config machine = {.units = &unit, .unit_count = 1, .functions = function,
                                                       .function_count = WORLD_DEVICES, .regions = config->regions,
                                                       .region_count = config->region_count};
    if (iommu_host_model_create(&machine, WORLD_RAM, &world->host, &why) != 0)
        fail_msg("the machine cannot be built: %s", why);
    world->machine = iommu_host_model_machine(world->host);
    world->memory = iommu_host_model_posix(world->host);
    for (unsigned i = 0; i < WORLD_DEVICES; i++)
        iommu_model_pci_write32(iommu_model_machine_function(world->machine, i), COMMAND, MASTER);
}

static void command(struct world *world, uint32_t bit)
{
    uint32_t state = (uint32_t)world_register(world, VTD_REG_GSTS, 32) & VTD_GCMD_KEEP;
    iommu_model_machine_write32(world->machine, WORLD_UNIT_BASE + VTD_REG_GCMD, state | bit);
}

/* What an operating system does beside the driver: an empty table, so that every interrupt is refused. */
static void remap_interrupts(struct world *world)
{
    if (!(world_register(world, VTD_REG_ECAP, 64) & VTD_ECAP_IR))
        return;
    world->interrupt_table = world_table(world);
    iommu_model_machine_write64(world->machine, WORLD_UNIT_BASE + VTD_REG_IRTA, world->interrupt_table | IRTA_SIZE);
    command(world, VTD_GCMD_SIRTP);
    command(world, VTD_GCMD_IRE);
}

/* ---- the driver */

void world_open(struct world *world, const struct world_config *config)
{
    *world = (struct world){.config = *config};
    current = world;
    open_hardware(world);
    world->platform = *iommu_host_model_platform(world->host);
    world->platform.page_alloc = page_alloc;
    world->platform.page_free = page_free;
    struct iommu_vtd_config vtd = {.mode = config->mode, .fault_msi_address = EVENT, .fault_msi_data = VECTOR};
    vtd.dmar = iommu_model_machine_dmar(world->machine, &vtd.dmar_bytes);
    assert_int_equal(iommu_vtd_create(&world->platform, &vtd, &world->iommu), 0);
    for (unsigned i = 0; i < WORLD_DEVICES; i++) {
        const struct iommu_device_config device = {.rid = world_rid(i),
                                                   .flags = config->ats ? 0 : IOMMU_DEVICE_NO_ATS};
        assert_int_equal(iommu_device_add(world->iommu, &device, &world->device[i]), 0);
    }
    assert_int_equal(iommu_start(world->iommu), 0);
    remap_interrupts(world);
}

struct iommu_domain *world_domain(struct world *world, enum iommu_stage stage)
{
    const struct iommu_domain_config config = {.stage = stage};
    struct iommu_domain *domain = NULL;
    assert_true(world->domains < WORLD_DOMAINS);
    assert_int_equal(iommu_domain_alloc(world->iommu, &config, &domain), 0);
    world->domain[world->domains++] = domain;
    return domain;
}

void world_map_at(struct world *world, struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t bytes,
                  uint32_t prot)
{
    (void)world;
    assert_int_equal(iommu_map(domain, iova, pa, bytes, prot), 0);
}

uint64_t world_map(struct world *world, struct iommu_domain *domain, uint64_t iova, uint64_t bytes, uint32_t prot)
{
    uint64_t pa = iommu_posix_buffer_alloc(world->memory, bytes);
    assert_true(pa != 0);
    world_map_at(world, domain, iova, pa, bytes, prot);
    return pa;
}

void world_attach(struct world *world, struct iommu_domain *domain, unsigned device, uint32_t pasid)
{
    struct iommu_route route = pasid == IOMMU_NO_PASID ? iommu_route_rid() : iommu_route_pasid(pasid);
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_attach(domain, world->device[device], route, NULL, &attachment), 0);
}

struct iommu_domain *world_tenant(struct world *world, enum iommu_stage stage, unsigned device, uint32_t pasid)
{
    struct iommu_domain *domain = world_domain(world, stage);
    world_map(world, domain, WORLD_IOVA, WORLD_PAGE, WORLD_RW);
    world_attach(world, domain, device, pasid);
    return domain;
}

bool world_dma(struct world *world, unsigned device, uint32_t pasid, uint64_t iova)
{
    uint64_t value = 0;
    const struct iommu_model_dma access = {.has_pasid = pasid != IOMMU_NO_PASID,
                                           .pasid = pasid == IOMMU_NO_PASID ? 0 : pasid,
                                           .address = iova, .write = true, .data = &value, .bytes = sizeof value};
    struct iommu_model_dma_result result;
    iommu_model_machine_dma(world->machine, device, &access, &result, NULL);
    return result.ok;
}

/* ---- memory */

uint64_t world_peek(struct world *world, uint64_t pa)
{
    const uint64_t *word = iommu_posix_memory(world->memory, pa, sizeof *word);
    assert_non_null(word);
    return *word;
}

void world_poke(struct world *world, uint64_t pa, uint64_t value)
{
    uint64_t *word = iommu_posix_memory(world->memory, pa, sizeof *word);
    assert_non_null(word);
    assert_true(world->pokes < WORLD_POKES);
    world->poked[world->pokes].pa = pa;
    world->poked[world->pokes++].before = *word;
    *word = value;
}

uint64_t world_table(struct world *world)
{
    return physical(world, world->platform.page_alloc(world->platform.ctx, 0));
}

/* ---- tables */

static bool scalable(struct world *world)
{
    return SPEC_GET(VTD_RTADDR_TTM, world_register(world, VTD_REG_RTADDR, 64)) == VTD_TTM_SCALABLE;
}

/* The table that a present entry points to; 0: not present. */
static uint64_t follow(struct world *world, uint64_t entry)
{
    uint64_t value = entry != 0 ? world_peek(world, entry) : 0;
    return value & 1 ? value & VTD_PTR : 0;
}

uint64_t world_root_entry(struct world *world, uint16_t rid)
{
    uint64_t table = world_register(world, VTD_REG_RTADDR, 64) & VTD_RTADDR_RTA;
    uint64_t entry = table + SPEC_GET(VTD_RID_BUS, rid) * VTD_ROOT_BYTES;
    return scalable(world) && (rid & VTD_SRE_UPPER_DEVFN) ? entry + 8 : entry;
}

uint64_t world_context_entry(struct world *world, uint16_t rid)
{
    uint64_t table = follow(world, world_root_entry(world, rid));
    if (table == 0)
        return 0;
    return scalable(world) ? table + (rid & VTD_SCE_INDEX) * VTD_SCE_BYTES
                           : table + SPEC_GET(VTD_RID_DEVFN, rid) * VTD_LCE_BYTES;
}

uint64_t world_directory_entry(struct world *world, uint16_t rid, uint32_t pasid)
{
    uint64_t directory = follow(world, world_context_entry(world, rid));
    return directory == 0 ? 0 : directory + SPEC_GET(VTD_PDE_INDEX, pasid) * VTD_PDE_BYTES;
}

uint64_t world_pasid_entry(struct world *world, uint16_t rid, uint32_t pasid)
{
    uint64_t table = follow(world, world_directory_entry(world, rid, pasid));
    return table == 0 ? 0 : table + SPEC_GET(VTD_PE_INDEX, pasid) * VTD_PE_BYTES;
}

uint64_t world_page_entry(struct world *world, uint64_t top, unsigned levels, unsigned level, uint64_t iova)
{
    uint64_t table = top & VTD_SS_ADDR;
    for (unsigned at = levels;; at--) {
        uint64_t entry = table + (iova >> VTD_LEVEL_SHIFT(at)) % VTD_PT_ENTRIES * VTD_PTE_BYTES;
        if (at == level)
            return entry;
        table = world_peek(world, entry) & VTD_SS_ADDR;
    }
}

/* ---- registers */

uint64_t world_register(struct world *world, uint32_t offset, unsigned bits)
{
    if (bits == 32)
        return iommu_model_machine_read32(world->machine, WORLD_UNIT_BASE + offset);
    return iommu_model_machine_read64(world->machine, WORLD_UNIT_BASE + offset);
}

static struct world_override *override_of(struct world *world, const char *name)
{
    for (unsigned i = 0; i < world->overrides; i++)
        if (strcmp(world->override[i].name, name) == 0)
            return &world->override[i];
    assert_true(world->overrides < WORLD_OVERRIDES && strlen(name) < sizeof world->override[0].name);
    struct world_override *override = &world->override[world->overrides++];
    *override = (struct world_override){.value = 0};
    strcpy(override->name, name);
    return override;
}

void world_set_register(struct world *world, const char *name, uint64_t value)
{
    override_of(world, name)->value = value;
}

void world_drop_register(struct world *world, const char *name)
{
    override_of(world, name)->absent = true;
}
