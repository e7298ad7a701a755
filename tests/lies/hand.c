/* SPDX-License-Identifier: MIT */
/* platform: model */
/* hand.c - the small driver; see hand.h. */
#include "tests/lies/hand.h"

#include <string.h>

#include "tests/common/seed.h"

#define UNIT_BASE UINT64_C(0xFED90000)
#define BAR       UINT64_C(0x200000000000)
#define POLLS     2000u
#define RAM       (UINT64_C(64) << 20)

/* ---- machine ---------------------------------------------------------------------------------- */

const char *hand_try(struct hand *h, const char *preset, uint32_t lies, uint64_t seed, uint32_t one_in)
{
    struct iommu_model_unit_config unit = {.base = UNIT_BASE, .include_all = true};
    struct iommu_model_function_config functions[2] = {0};
    struct iommu_model_machine_config config = {.units = &unit,
                                                .unit_count = 1,
                                                .functions = functions,
                                                .function_count = 2,
                                                .lies = {lies, seed, one_in}};
    const char *why = NULL;

    assert_true(iommu_model_unit_preset(preset, &unit));
    for (unsigned i = 0; i < 2; i++)
        /* cppcheck-suppress unreadVariable ; config leads to them */
        functions[i].pci = (struct iommu_model_pci_config){.rid = (uint16_t)((i + 1) << 3),
                                                           .kind = IOMMU_MODEL_PCI_INTEGRATED,
                                                           .vendor = 0x1234,
                                                           .device = 1,
                                                           .pasid_bits = 20,
                                                           .ats = true};
    *h = (struct hand){.ecap = unit.ecap, .seed = seed, .scalable = (unit.ecap & VTD_ECAP_SMTS) != 0};
    if (iommu_host_model_create(&config, RAM, &h->host, &why) < 0)
        return why;
    h->machine = iommu_host_model_machine(h->host);
    h->memory = iommu_host_model_posix(h->host);
    h->platform = iommu_host_model_platform(h->host);
    return NULL;
}

/* Capability lists of these endpoints: PASID control and ATS control, found by walking. */
static uint32_t capability(struct hand *h, uint32_t id)
{
    uint32_t at = 0x100;

    while (at) {
        uint32_t head = iommu_model_machine_pci_read32(h->machine, 0, HAND_RID, at);
        if ((head & 0xFFFF) == id)
            return at;
        at = head >> 20;
    }
    fail_msg("no capability %x", id);
    return 0;
}

static void set_config(struct hand *h, uint32_t offset, uint32_t bits)
{
    uint32_t value = iommu_model_machine_pci_read32(h->machine, 0, HAND_RID, offset);
    iommu_model_machine_pci_write32(h->machine, 0, HAND_RID, offset, value | bits);
}

void hand_open(struct hand *h, const char *preset, uint32_t lies, uint64_t seed)
{
    hand_open_often(h, preset, lies, seed, 0);
}

void hand_open_often(struct hand *h, const char *preset, uint32_t lies, uint64_t seed, uint32_t one_in)
{
    const char *why = hand_try(h, preset, lies, seed, one_in);

    if (why)
        fail_msg("the machine is refused: %s", why);
    set_config(h, 4, 6);
    set_config(h, capability(h, 0x1B) + 4, UINT32_C(1) << 16);
}

void hand_ats(struct hand *h)
{
    set_config(h, capability(h, 0x0F) + 4, UINT32_C(1) << 31);
}

void hand_close(struct hand *h)
{
    iommu_host_model_destroy(h->host);
}

uint64_t hand_seed(unsigned round)
{
    static struct seed first;
    static bool taken;

    if (!taken)
        first = seed_start();
    taken = true;
    return first.state + round;
}

/* ---- memory ----------------------------------------------------------------------------------- */

volatile uint64_t *hand_at(struct hand *h, uint64_t pa)
{
    volatile uint64_t *at = iommu_posix_memory(h->memory, pa, 8);
    assert_non_null(at);
    return at;
}

void hand_flush(struct hand *h, uint64_t pa, uint64_t bytes)
{
    h->platform->cache_flush(h->platform->ctx, (const void *)(uintptr_t)hand_at(h, pa), bytes);
}

void hand_put(struct hand *h, uint64_t pa, uint64_t value)
{
    *hand_at(h, pa) = value;
    hand_flush(h, pa, 8);
}

uint64_t hand_raw_table(struct hand *h)
{
    uint8_t *page = h->platform->page_alloc(h->platform->ctx, 0);
    assert_non_null(page);
    return (uint64_t)(page - (uint8_t *)iommu_posix_memory(h->memory, 0, 0));
}

uint64_t hand_table(struct hand *h)
{
    uint64_t pa = hand_raw_table(h);
    hand_flush(h, pa, HAND_PAGE);
    return pa;
}

void hand_free(struct hand *h, uint64_t pa)
{
    h->platform->page_free(h->platform->ctx, (void *)(uintptr_t)hand_at(h, pa), 0);
}

uint64_t hand_buffer(struct hand *h, uint64_t value)
{
    uint64_t pa = iommu_posix_buffer_alloc(h->memory, HAND_PAGE);
    assert_true(pa != 0);
    for (unsigned i = 0; i < HAND_PAGE / 8; i++)
        hand_at(h, pa)[i] = value;
    return pa;
}

void hand_buffer_done(struct hand *h, uint64_t pa)
{
    iommu_posix_buffer_free(h->memory, pa, HAND_PAGE);
}

/* ---- registers -------------------------------------------------------------------------------- */

uint32_t hand_read32(struct hand *h, uint32_t offset)
{
    return iommu_model_machine_read32(h->machine, UNIT_BASE + offset);
}

uint64_t hand_read64(struct hand *h, uint32_t offset)
{
    return iommu_model_machine_read64(h->machine, UNIT_BASE + offset);
}

void hand_write32(struct hand *h, uint32_t offset, uint32_t value)
{
    iommu_model_machine_write32(h->machine, UNIT_BASE + offset, value);
}

void hand_write64(struct hand *h, uint32_t offset, uint64_t value)
{
    iommu_model_machine_write64(h->machine, UNIT_BASE + offset, value);
}

bool hand_command(struct hand *h, uint32_t bit)
{
    hand_write32(h, VTD_REG_GCMD, (hand_read32(h, VTD_REG_GSTS) & VTD_GCMD_KEEP) | bit);
    for (unsigned i = 0; i < POLLS; i++)
        if (hand_read32(h, VTD_REG_GSTS) & bit)
            return true;
    return false;
}

void hand_start(struct hand *h)
{
    h->root = hand_table(h);
    h->queue = hand_table(h);
    h->status = hand_table(h);
    hand_write64(h, VTD_REG_IQT, 0);
    hand_write64(h, VTD_REG_IQA, h->queue | (h->scalable ? VTD_IQA_DW : 0));
    HAND_CHECK(h, hand_command(h, VTD_GCMD_QIE));
    hand_write64(h, VTD_REG_RTADDR,
                 h->root | SPEC_PUT(VTD_RTADDR_TTM, (uint64_t)(h->scalable ? VTD_TTM_SCALABLE : VTD_TTM_LEGACY)));
    HAND_CHECK(h, hand_command(h, VTD_GCMD_SRTP));
    HAND_CHECK(h, hand_command(h, VTD_GCMD_TE));
}

/* ---- queue ------------------------------------------------------------------------------------ */

void hand_submit(struct hand *h, uint64_t w0, uint64_t w1)
{
    const uint64_t words[4] = {w0, w1, 0, 0};
    unsigned count = h->scalable ? 4 : 2;

    for (unsigned i = 0; i < count; i++)
        hand_at(h, h->queue + h->tail)[i] = words[i];
    h->tail = (h->tail + count * 8) % HAND_PAGE;
    hand_write64(h, VTD_REG_IQT, h->tail);
}

void hand_submit_wait(struct hand *h)
{
    h->status_value++;
    hand_submit(h, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW | (uint64_t)h->status_value << 32, h->status);
}

bool hand_done(struct hand *h)
{
    for (unsigned i = 0; i < POLLS; i++) {
        if ((uint32_t)*hand_at(h, h->status) == h->status_value)
            return true;
        h->platform->relax(h->platform->ctx);
    }
    return false;
}

bool hand_wait(struct hand *h)
{
    hand_submit_wait(h);
    return hand_done(h);
}

void hand_flush_domain(struct hand *h, unsigned did)
{
    hand_submit(h, VTD_QI_TYPE_IOTLB | (uint64_t)VTD_QI_IOTLB_G_DOMAIN << 4 | (uint64_t)did << 16, 0);
    HAND_CHECK(h, hand_wait(h));
}

void hand_flush_pasid(struct hand *h, unsigned did, uint32_t pasid)
{
    hand_submit(h,
                VTD_QI_TYPE_PC | (uint64_t)VTD_QI_PC_G_PASID << 4 | (uint64_t)did << 16 | (uint64_t)pasid << 32, 0);
    hand_submit(h, VTD_QI_TYPE_PIOTLB | (uint64_t)VTD_QI_PIOTLB_G_PASID << 4 | (uint64_t)did << 16 |
                       (uint64_t)pasid << 32, 0);
    hand_flush_domain(h, did);
}

void hand_devtlb(struct hand *h, uint32_t pasid)
{
    hand_submit(h, VTD_QI_TYPE_PDEVTLB | (uint64_t)HAND_RID << 16 | (uint64_t)pasid << 32,
                VTD_QI_PDEVTLB1_S | UINT64_C(0x7FFFFFFFFFFFF000));
}

/* ---- tables ----------------------------------------------------------------------------------- */

static uint64_t below(struct hand *h, uint64_t entry, uint64_t bits)
{
    uint64_t value = *hand_at(h, entry);

    if (!(value & 1)) {
        value = hand_table(h) | bits;
        hand_put(h, entry, value);
    }
    return value & VTD_SS_ADDR;
}

static uint64_t directory(struct hand *h)
{
    uint64_t context = below(h, h->root, 1) + HAND_RID * VTD_SCE_BYTES;
    uint64_t flags = VTD_SCE0_P | VTD_SCE0_PASIDE | ((h->ecap & VTD_ECAP_DT) ? VTD_SCE0_DTE : 0);

    return below(h, context, flags) & VTD_SCE0_PASIDDIRPTR;
}

uint64_t hand_pasid_entry(struct hand *h, uint32_t pasid)
{
    return below(h, directory(h) + (pasid >> 6) * VTD_PDE_BYTES, 1) + (pasid & 63) * VTD_PE_BYTES;
}

static uint64_t snoop(const struct hand *h)
{
    return (h->ecap & VTD_ECAP_SMPWCS) ? VTD_PE1_PWSNP : 0;
}

static void fill(struct hand *h, uint32_t pasid, uint64_t w0, unsigned did, uint64_t w2)
{
    uint64_t entry = hand_pasid_entry(h, pasid);

    *hand_at(h, entry + 16) = w2;
    *hand_at(h, entry + 8) = did | snoop(h);
    hand_flush(h, entry, VTD_PE_BYTES);
    hand_put(h, entry, w0 | VTD_PE0_P);
}

void hand_attach(struct hand *h, uint32_t pasid, unsigned did, uint64_t table)
{
    fill(h, pasid, table | (uint64_t)VTD_PGTT_SECOND << 6 | 2 << 2, did, 0);
}

void hand_attach_first(struct hand *h, uint32_t pasid, unsigned did, uint64_t table)
{
    fill(h, pasid, (uint64_t)VTD_PGTT_FIRST << 6, did, table);
}

/* Bits that make a table entry present in either stage, with A set as walks that do not snoop need. */
#define TABLE_BITS 0x27u

uint64_t hand_leaf(struct hand *h, uint64_t table, uint64_t iova)
{
    for (unsigned level = 4; level > 1; level--)
        table = below(h, table + ((iova >> VTD_LEVEL_SHIFT(level)) & 511) * 8, TABLE_BITS);
    return table + ((iova >> VTD_PAGE_LG2) & 511) * 8;
}

uint64_t hand_map(struct hand *h, uint64_t table, uint64_t iova, uint64_t pa)
{
    uint64_t leaf = hand_leaf(h, table, iova);

    hand_put(h, leaf, pa | 0x67); /* and D */
    return leaf;
}

/* ---- DMA and strikes -------------------------------------------------------------------------- */

bool hand_dma(struct hand *h, uint32_t pasid, uint64_t iova, bool write, uint64_t *value)
{
    const struct iommu_model_dma access = {.has_pasid = pasid != HAND_PLAIN,
                                           .pasid = pasid != HAND_PLAIN ? pasid : 0,
                                           .address = iova,
                                           .write = write,
                                           .data = value,
                                           .bytes = sizeof(*value)};
    struct iommu_model_dma_result result;

    iommu_model_machine_dma(h->machine, 0, &access, &result, &h->last);
    return result.ok;
}

bool hand_reads(struct hand *h, uint32_t pasid, uint64_t iova, uint64_t value)
{
    uint64_t got = ~value;
    return hand_dma(h, pasid, iova, false, &got) && got == value;
}

bool hand_blocked(struct hand *h, uint32_t pasid, uint64_t iova)
{
    uint64_t got;
    return !hand_dma(h, pasid, iova, false, &got);
}

bool hand_struck(struct hand *h, enum iommu_model_lie lie)
{
    struct iommu_model_strike strikes[IOMMU_MODEL_STRIKES_MAX];
    unsigned count = iommu_model_machine_strikes(h->machine, strikes, IOMMU_MODEL_STRIKES_MAX);

    for (unsigned i = 0; i < count; i++)
        if (strikes[i].lie == lie)
            return true;
    return false;
}

void hand_tell(struct hand *h)
{
    struct iommu_model_strike strikes[IOMMU_MODEL_STRIKES_MAX];
    unsigned count = iommu_model_machine_strikes(h->machine, strikes, IOMMU_MODEL_STRIKES_MAX);
    char text[256];

    for (unsigned i = 0; i < count; i++) {
        iommu_model_strike_text(&strikes[i], text, sizeof(text));
        print_message("# %s\n", text);
    }
}

struct iommu_model_machine_stats hand_stats(struct hand *h)
{
    struct iommu_model_machine_stats stats;
    iommu_model_machine_stats(h->machine, &stats);
    return stats;
}
