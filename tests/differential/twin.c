/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/twin.c - QEMU's unit and the modelled one, given the same register writes
 * and the same invalidation queue. Nothing of the library's driver takes part.
 */
#include "tests/differential/differential.h"

#include <string.h>

#define PCI_BAR0      0x10u
#define PCI_BAR_FLAGS 0xFu

/* edu's registers, from the start of its BAR; its buffer's address as its own engine knows it. */
#define EDU_FROM      0x80u
#define EDU_TO        0x88u
#define EDU_BYTES     0x90u
#define EDU_COMMAND   0x98u
#define EDU_RUN       1u
#define EDU_TO_MEMORY 2u
#define EDU_BUFFER    0x40000u

#define PATIENCE 100000 /* register reads */

/* QEMU up to 10 looks at RID_PASID though it reports no RPS; so the model is told that it has
 * it. */
#define RID_PASID_LAST 10

/* ---- registers ----------------------------------------------------------------------------- */

static uint32_t qemu_read32(struct twin *twin, unsigned at)
{
    return twin->platform->mmio_read32(twin->platform->ctx, twin->base + at);
}

static uint64_t qemu_read64(struct twin *twin, unsigned at)
{
    return twin->platform->mmio_read64(twin->platform->ctx, twin->base + at);
}

static void both_write32(struct twin *twin, unsigned at, uint32_t value)
{
    twin->platform->mmio_write32(twin->platform->ctx, twin->base + at, value);
    iommu_model_vtd_write32(twin->model, at, value);
}

static void both_write64(struct twin *twin, unsigned at, uint64_t value)
{
    twin->platform->mmio_write64(twin->platform->ctx, twin->base + at, value);
    iommu_model_vtd_write64(twin->model, at, value);
}

/* One change in the command register of each; the one that only explains has no queue. */
static void command(struct twin *twin, uint32_t bit, bool on)
{
    uint32_t state = iommu_model_vtd_read32(twin->model, VTD_REG_GSTS) & VTD_GCMD_KEEP;
    uint32_t value = on ? state | bit : state & ~bit;
    int patience = PATIENCE;

    both_write32(twin, VTD_REG_GCMD, value);
    if (bit != VTD_GCMD_QIE)
        iommu_model_vtd_write32(twin->fresh, VTD_REG_GCMD, value & ~VTD_GCMD_QIE);
    while (!(qemu_read32(twin, VTD_REG_GSTS) & bit) == on && patience-- &&
           iommu_qemu_alive(twin->qemu)) {
    }
}

void twin_enable(struct twin *twin, bool on)
{
    if (!(iommu_model_vtd_read32(twin->model, VTD_REG_GSTS) & VTD_GSTS_TES) == on)
        command(twin, VTD_GCMD_TE, on);
}

void twin_mode(struct twin *twin, uint64_t root, unsigned ttm, bool wide)
{
    uint64_t rtaddr = root | SPEC_PUT(VTD_RTADDR_TTM, (uint64_t)ttm);

    twin_enable(twin, false);
    if (iommu_model_vtd_read32(twin->model, VTD_REG_GSTS) & VTD_GSTS_QIES)
        command(twin, VTD_GCMD_QIE, false);
    twin->ttm = ttm;
    twin->wide = wide;
    twin->tail = 0;
    both_write64(twin, VTD_REG_RTADDR, rtaddr);
    iommu_model_vtd_write64(twin->fresh, VTD_REG_RTADDR, rtaddr);
    command(twin, VTD_GCMD_SRTP, true);
    both_write64(twin, VTD_REG_IQT, 0);
    both_write64(twin, VTD_REG_IQA, twin->arena.ring | (wide ? VTD_IQA_DW : 0));
    command(twin, VTD_GCMD_QIE, true);
    twin_submit(twin, VTD_QI_TYPE_CC | SPEC_PUT(VTD_QI_CC_G, VTD_QI_CC_G_GLOBAL), 0);
    if (ttm == VTD_TTM_SCALABLE)
        twin_submit(twin, VTD_QI_TYPE_PC | SPEC_PUT(VTD_QI_PC_G, VTD_QI_PC_G_GLOBAL), 0);
    twin_submit(twin, VTD_QI_TYPE_IOTLB | SPEC_PUT(VTD_QI_IOTLB_G, VTD_QI_IOTLB_G_GLOBAL), 0);
    twin_run(twin);
}

/* ---- queue: one page ----------------------------------------------------------------------- */

static unsigned slot_bytes(const struct twin *twin)
{
    return twin->wide ? VTD_QI_WIDE_BYTES : VTD_QI_NARROW_BYTES;
}

static void put(struct twin *twin, uint64_t at, uint64_t w0, uint64_t w1)
{
    uint64_t *slot = arena_words(&twin->arena, twin->arena.ring + at);

    memset(slot, 0, slot_bytes(twin));
    slot[0] = w0;
    slot[1] = w1;
}

void twin_submit(struct twin *twin, uint64_t w0, uint64_t w1)
{
    put(twin, twin->tail, w0, w1);
    twin->tail = (twin->tail + slot_bytes(twin)) % VTD_PAGE_BYTES;
}

/* QEMU knows a wait with a status write alone; with an interrupt besides, 7.2 dies of it. */
static uint64_t wait_word(const struct twin *twin)
{
    return VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW | SPEC_PUT(VTD_QI_WAIT_DATA, (uint64_t)twin->stamp);
}

static bool stamped(const struct twin *twin)
{
    return (uint32_t)*arena_words(&twin->arena, twin->arena.status) == twin->stamp;
}

/* QEMU has carried everything out when it answers the next register read. */
bool twin_run(struct twin *twin)
{
    uint64_t *status = arena_words(&twin->arena, twin->arena.status);
    bool done;

    twin->stamp++;
    twin_submit(twin, wait_word(twin), twin->arena.status);
    *status = 0;
    twin->platform->mmio_write64(twin->platform->ctx, twin->base + VTD_REG_IQT, twin->tail);
    if (qemu_read64(twin, VTD_REG_IQH) != twin->tail)
        return false;
    done = stamped(twin);
    *status = 0;
    iommu_model_vtd_write64(twin->model, VTD_REG_IQT, twin->tail);
    return done && stamped(twin) && iommu_model_vtd_read64(twin->model, VTD_REG_IQH) == twin->tail;
}

/* Both must stop at it. Then it is replaced by a wait, as a driver would do; QEMU wants the
 * tail once more. */
bool twin_run_bad(struct twin *twin, uint64_t w0, uint64_t w1)
{
    uint64_t at = twin->tail;
    bool agreed;

    twin_submit(twin, w0, w1);
    both_write64(twin, VTD_REG_IQT, twin->tail);
    agreed = (qemu_read32(twin, VTD_REG_FSTS) & VTD_FSTS_IQE) &&
             qemu_read64(twin, VTD_REG_IQH) == at &&
             (iommu_model_vtd_read32(twin->model, VTD_REG_FSTS) & VTD_FSTS_IQE) &&
             iommu_model_vtd_read64(twin->model, VTD_REG_IQH) == at;
    put(twin, at, wait_word(twin), twin->arena.status);
    both_write32(twin, VTD_REG_FSTS, VTD_FSTS_IQE);
    both_write64(twin, VTD_REG_IQT, twin->tail);
    return twin_run(twin) && agreed;
}

/* ---- fault records ------------------------------------------------------------------------- */

static struct record decode(uint64_t low, uint64_t high)
{
    return (struct record){
        .there = (high & VTD_FRCD_HI_F) != 0,
        .reason = (uint8_t)SPEC_GET(VTD_FRCD_HI_FR, high),
        .rid = (uint16_t)SPEC_GET(VTD_FRCD_HI_SID, high),
        .read = (high & VTD_FRCD_HI_T1) != 0,
        .page = low & VTD_FRCD_LO_FI,
    };
}

void twin_records(struct twin *twin, struct record *qemu, struct record *model)
{
    unsigned at = VTD_REG_FRCD(twin->cap, 0);

    *qemu = (struct record){.there = false};
    if (qemu_read32(twin, VTD_REG_FSTS) & (VTD_FSTS_PPF | VTD_FSTS_PFO)) {
        *qemu = decode(qemu_read64(twin, at), qemu_read64(twin, at + 8));
        twin->platform->mmio_write32(twin->platform->ctx, twin->base + at + VTD_FRCD_TOP,
                                     VTD_FRCD_TOP_F);
    }
    *model = decode(iommu_model_vtd_read64(twin->model, at),
                    iommu_model_vtd_read64(twin->model, at + 8));
    if (model->there)
        iommu_model_vtd_write32(twin->model, at + VTD_FRCD_TOP, VTD_FRCD_TOP_F);
}

/* ---- DMA ----------------------------------------------------------------------------------- */

static uint8_t *edu_registers(struct twin *twin, unsigned index)
{
    uint16_t rid = iommu_qemu_device_rid(twin->qemu, index);
    uint32_t bar = twin->platform->pci_read32(twin->platform->ctx, 0, rid, PCI_BAR0);

    return twin->platform->mmio_map(twin->platform->ctx, bar & ~PCI_BAR_FLAGS, VTD_PAGE_BYTES);
}

bool twin_transfer(struct twin *twin, unsigned index, uint64_t iova, unsigned at, unsigned bytes,
                   bool write)
{
    const struct iommu_platform *platform = twin->platform;
    uint64_t buffer = EDU_BUFFER + at, run = EDU_RUN | (write ? EDU_TO_MEMORY : 0);
    uint8_t *edu;
    int patience = PATIENCE;

    if (!twin->edu[index])
        twin->edu[index] = edu_registers(twin, index);
    edu = twin->edu[index];
    platform->mmio_write64(platform->ctx, edu + EDU_FROM, write ? buffer : iova);
    platform->mmio_write64(platform->ctx, edu + EDU_TO, write ? iova : buffer);
    platform->mmio_write64(platform->ctx, edu + EDU_BYTES, bytes);
    platform->mmio_write64(platform->ctx, edu + EDU_COMMAND, run);
    while (platform->mmio_read64(platform->ctx, edu + EDU_COMMAND) & EDU_RUN) {
        if (!patience-- || !iommu_qemu_alive(twin->qemu))
            return false;
    }
    return true;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int create_models(struct twin *twin, const char **why)
{
    struct iommu_model_vtd_config config = {.merge_faults = true};
    int result;

    iommu_model_vtd_preset("qemu", &config);
    config.cap = twin->cap;
    config.ecap = twin->ecap;
    config.address_bits = twin->kind->aw_bits; /* which QEMU takes for its host address width too */
    if (twin->major <= RID_PASID_LAST && (twin->ecap & VTD_ECAP_SMTS))
        config.ecap |= VTD_ECAP_RPS;
    twin->model_view = (struct view){.arena = &twin->arena};
    twin->fresh_view = (struct view){.arena = &twin->arena};
    arena_host(&twin->model_view, &twin->model_host);
    arena_host(&twin->fresh_view, &twin->fresh_host);
    config.host = &twin->model_host;
    result = iommu_model_vtd_create(&config, &twin->model, why);
    config.host = &twin->fresh_host;
    return result ? result : iommu_model_vtd_create(&config, &twin->fresh, why);
}

static void say(void *ctx, enum iommu_log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    printf("# %s\n", text);
}

int twin_start(struct twin *twin, const struct unit_kind *kind, const char **why)
{
    struct iommu_qemu_config config = {
        .scalable = kind->scalable, .aw_bits = kind->aw_bits, .devices = TWIN_DEVICES, .log = say};
    int result;

    *twin = (struct twin){.kind = kind};
    result = iommu_qemu_create(&config, &twin->qemu, why);
    if (result)
        return result;
    twin->platform = iommu_qemu_platform(twin->qemu);
    twin->major = (int)strtol(iommu_qemu_version(twin->qemu), NULL, 10);
    twin->base =
        twin->platform->mmio_map(twin->platform->ctx, iommu_qemu_unit_base(twin->qemu), 4096);
    twin->cap = qemu_read64(twin, VTD_REG_CAP);
    twin->ecap = qemu_read64(twin, VTD_REG_ECAP);
    *why = "no memory";
    if (!arena_create(&twin->arena, twin->qemu))
        return -IOMMU_ENOMEM;
    return create_models(twin, why);
}

void twin_stop(struct twin *twin)
{
    iommu_model_vtd_destroy(twin->model);
    iommu_model_vtd_destroy(twin->fresh);
    iommu_qemu_destroy(twin->qemu);
    *twin = (struct twin){.kind = twin->kind};
}
