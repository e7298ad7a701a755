/* SPDX-License-Identifier: MIT */
/* platform: model */
#include "tests/model_vtd/careless.h"

#include <stdlib.h>
#include <string.h>

#include "spec/vtd_queue.h"
#include "spec/vtd_regs.h"

#define RING 0x8000u

static void *at(struct careless *c, uint64_t pa, size_t bytes)
{
    return pa < CARELESS_MEMORY && bytes <= CARELESS_MEMORY - pa ? c->memory + pa : NULL;
}

static int host_read(void *ctx, uint64_t pa, void *to, size_t bytes)
{
    void *from = at(ctx, pa, bytes);
    if (from)
        memcpy(to, from, bytes);
    return from ? 0 : -1;
}

static int host_write(void *ctx, uint64_t pa, const void *from, size_t bytes)
{
    void *to = at(ctx, pa, bytes);
    if (to)
        memcpy(to, from, bytes);
    return to ? 0 : -1;
}

static int host_read64(void *ctx, uint64_t pa, uint64_t *value)
{
    return host_read(ctx, pa, value, sizeof(*value));
}

static int host_write64(void *ctx, uint64_t pa, uint64_t value)
{
    return host_write(ctx, pa, &value, sizeof(value));
}

static int host_cas64(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    uint64_t found;
    if (host_read64(ctx, pa, &found))
        return -1;
    if (found == *expected)
        return host_write64(ctx, pa, desired);
    *expected = found;
    return 1;
}

static void *host_alloc(void *ctx, size_t bytes)
{
    (void)ctx;
    return calloc(1, bytes);
}

static void host_free(void *ctx, void *object, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(object);
}

/* Every other device answers. Nobody can be saved in the middle of a question. */
static bool on_devtlb(void *ctx, const struct iommu_model_devtlb_invalidation *invalidation)
{
    struct careless *c = ctx;
    size_t needed = 1;
    if (iommu_model_vtd_save(c->model, NULL, 0, &needed) == -16 &&
        iommu_model_vtd_restore(c->model, "", 1, NULL) == -16)
        c->busy++;
    else
        c->wrong++;
    return invalidation->rid & 1;
}

static uint32_t some_lies(struct careless *c)
{
    uint32_t lies = 0;
    for (unsigned lie = 0; lie < IOMMU_MODEL_LIE_COUNT; lie++) {
        struct iommu_model_lies all = { .enabled = lies | IOMMU_MODEL_LIE(lie) };
        if (seed_below(&c->seed, 3) == 0 &&
            !iommu_model_lies_forbidden(&all, c->config.cap, c->config.ecap))
            lies = all.enabled;
    }
    return lies;
}

bool careless_begin(struct careless *c, unsigned preset, uint64_t seed)
{
    memset(c, 0, sizeof(*c));
    c->seed.state = seed;
    c->memory = calloc(1, CARELESS_MEMORY);
    c->host = (struct iommu_model_host){
        .memory = { .ctx = c, .read = host_read, .write = host_write, .read64 = host_read64, .write64 = host_write64,
                    .cas64 = host_cas64 },
        .ctx = c, .alloc = host_alloc, .free = host_free,
    };
    c->config.host = &c->host;
    c->config.ctx = c;
    c->config.devtlb_invalidate = on_devtlb;
    if (!c->memory || !iommu_model_vtd_preset(iommu_model_vtd_preset_name(preset), &c->config))
        return false;
    c->config.lies = (struct iommu_model_lies){ .seed = seed_next(&c->seed) };
    c->config.lies.enabled = some_lies(c);
    return iommu_model_vtd_create(&c->config, &c->model, NULL) == 0;
}

void careless_end(struct careless *c)
{
    iommu_model_vtd_destroy(c->model);
    free(c->memory);
}

struct iommu_model_vtd *careless_twin(struct careless *c)
{
    struct iommu_model_vtd *twin = NULL;
    return iommu_model_vtd_create(&c->config, &twin, NULL) == 0 ? twin : NULL;
}

/* ---- What it does ------------------------------------------------------------------------------- */

static uint64_t some_value(struct careless *c)
{
    uint64_t value = seed_next(&c->seed);
    switch (seed_below(&c->seed, 4)) {
    case 0:
        return value & seed_next(&c->seed) & seed_next(&c->seed);
    case 1:
        return (uint64_t)1 << (value & 63);
    case 2:
        return RING | (value & 0x803); /* of a ring, of a table */
    default:
        return value;
    }
}

static uint32_t some_register(struct careless *c)
{
    uint32_t variable[] = { VTD_REG_IVA(c->config.ecap), VTD_REG_IOTLB(c->config.ecap),
                            VTD_REG_FRCD(c->config.cap, 0) + 12, VTD_REG_FRCD(c->config.cap, 0) };
    uint64_t which = seed_below(&c->seed, 72);
    return which < 68 ? (uint32_t)which * 4 : variable[which - 68];
}

static void any_access(struct careless *c)
{
    uint32_t offset = some_register(c);
    if (seed_below(&c->seed, 2))
        iommu_model_vtd_write32(c->model, offset, (uint32_t)some_value(c));
    else
        iommu_model_vtd_write64(c->model, offset & ~7u, some_value(c));
}

/* One change of the global command, as it should be. */
static void command(struct careless *c)
{
    static const uint32_t changes[] = { VTD_GCMD_TE, VTD_GCMD_QIE, VTD_GCMD_QIE, VTD_GCMD_SRTP, VTD_GCMD_WBF,
                                        VTD_GCMD_IRE, VTD_GCMD_SIRTP };
    uint32_t status = iommu_model_vtd_read32(c->model, VTD_REG_GSTS) & VTD_GCMD_KEEP;
    uint32_t bit = changes[seed_below(&c->seed, sizeof(changes) / sizeof(changes[0]))];
    iommu_model_vtd_write32(c->model, VTD_REG_GCMD, status ^ bit);
}

static uint64_t descriptor(struct careless *c)
{
    static const uint64_t plain[] = {
        0x11, /* context cache, global */ 0x12, /* IOTLB, global */ 0x13, 0x10013, /* device-TLB */
        0x25, 0x35, /* wait: status, event */ 0x7, /* PASID cache */ 0x8, /* device-TLB with PASID */ 0x9,
    };
    static const uint64_t ids[] = { 0, 0xFFFF0000, 0xFFFF00000000, 0xFFFFFFFF0000, 0x10000FFFF0000000 };
    return plain[seed_below(&c->seed, sizeof(plain) / sizeof(plain[0]))] |
           (seed_next(&c->seed) & ids[seed_below(&c->seed, sizeof(ids) / sizeof(ids[0]))]);
}

/* Some descriptors into the ring, wherever that is now, and the tail behind them. */
static void submit(struct careless *c)
{
    uint64_t iqa = iommu_model_vtd_read64(c->model, VTD_REG_IQA), tail = iommu_model_vtd_read64(c->model, VTD_REG_IQT);
    uint64_t step = (iqa & VTD_IQA_DW) ? 32 : 16, ring = (uint64_t)4096 << (iqa & VTD_IQA_QS);
    for (uint64_t i = 1 + seed_below(&c->seed, 5); i; i--) {
        uint64_t words[4] = { descriptor(c), 0x3000, 0, 0 };
        host_write(c, (iqa & VTD_IQA_IQA) + tail, words, (size_t)step);
        tail = (tail + step) % ring;
    }
    iommu_model_vtd_write64(c->model, VTD_REG_IQT, tail);
}

/* The queue at a sound place, so that something comes of it. */
static void set_queue_up(struct careless *c)
{
    uint64_t wide = (c->config.ecap & VTD_ECAP_SMTS) ? VTD_IQA_DW : 0;
    iommu_model_vtd_write64(c->model, VTD_REG_IQT, iommu_model_vtd_read64(c->model, VTD_REG_IQH));
    iommu_model_vtd_write64(c->model, VTD_REG_IQA, RING | wide);
    iommu_model_vtd_write32(c->model, VTD_REG_FSTS, VTD_FSTS_IQE | VTD_FSTS_ITE);
}

static void request(struct careless *c)
{
    struct iommu_model_request dma = {
        .rid = (uint16_t)seed_below(&c->seed, 16), .address = seed_next(&c->seed) >> 20, .bytes = 1,
        .access = (enum iommu_model_access)seed_below(&c->seed, 3), .has_pasid = seed_below(&c->seed, 2),
        .pasid = (uint32_t)seed_below(&c->seed, 64),
    };
    struct iommu_model_page_request page = { .rid = dma.rid, .address = dma.address, .read = true, .last = true };
    struct iommu_model_result result;
    if (seed_below(&c->seed, 4))
        iommu_model_vtd_translate(c->model, &dma, &result, NULL);
    else
        (void)iommu_model_vtd_page_request(c->model, &page);
}

void careless_step(struct careless *c)
{
    switch (seed_below(&c->seed, 12)) {
    case 0: case 1: case 2:
        any_access(c);
        break;
    case 3: case 4:
        command(c);
        break;
    case 5: case 6: case 7:
        submit(c);
        break;
    case 8:
        set_queue_up(c);
        break;
    case 9:
        iommu_model_vtd_step(c->model);
        break;
    case 10:
        if (seed_below(&c->seed, 16) == 0)
            iommu_model_vtd_tell(c->model, (uint32_t)seed_next(&c->seed));
        else if (seed_below(&c->seed, 32) == 0)
            iommu_model_vtd_reset(c->model);
        break;
    default:
        request(c);
        break;
    }
}
