/* SPDX-License-Identifier: MIT */
/* platform: model */
#include "tests/model_vtd/fixture.h"

#include <errno.h>
#include <time.h>

/* ---- Host ------------------------------------------------------------------------------------- */

static bool inside(uint64_t pa, size_t bytes)
{
    return pa < FX_MEMORY && bytes <= FX_MEMORY - pa;
}

static int host_read(void *ctx, uint64_t pa, void *to, size_t bytes)
{
    struct fx *f = ctx;
    if (!inside(pa, bytes))
        return -1;
    memcpy(to, f->memory + pa, bytes);
    return 0;
}

static int host_write(void *ctx, uint64_t pa, const void *from, size_t bytes)
{
    struct fx *f = ctx;
    if (!inside(pa, bytes))
        return -1;
    memcpy(f->memory + pa, from, bytes);
    return 0;
}

static uint64_t *word(struct fx *f, uint64_t pa)
{
    if (!inside(pa, 8))
        return NULL;
    return (uint64_t *)(void *)(f->memory + pa);
}

static int host_read64(void *ctx, uint64_t pa, uint64_t *value)
{
    struct fx *f = ctx;
    uint64_t *at = word(f, pa);
    __atomic_fetch_add(&f->reads, 1, __ATOMIC_RELAXED);
    if (!at)
        return -1;
    *value = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    return 0;
}

static const uint64_t *host_table(void *ctx, uint64_t pa)
{
    struct fx *f = ctx;
    __atomic_fetch_add(&f->tables, 1, __ATOMIC_RELAXED);
    return inside(pa, 4096) ? word(f, pa) : NULL;
}

static int host_write64(void *ctx, uint64_t pa, uint64_t value)
{
    uint64_t *at = word(ctx, pa);
    if (!at)
        return -1;
    __atomic_store_n(at, value, __ATOMIC_RELEASE);
    return 0;
}

static int host_cas64(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    struct fx *f = ctx;
    uint64_t *at = word(f, pa);
    if (!at || f->cas_fails)
        return -1;
    if (f->cas_conflicts) {
        f->cas_conflicts--;
        *at = f->cas_conflict_value;
    }
    return __atomic_compare_exchange_n(at, expected, desired, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE)
               ? 0
               : 1;
}

static void *host_alloc(void *ctx, size_t bytes)
{
    struct fx *f = ctx;
    if (f->allocations_left == 0)
        return NULL;
    if (f->allocations_left > 0)
        f->allocations_left--;
    f->allocations++;
    f->allocated += bytes;
    return calloc(1, bytes);
}

static void host_free(void *ctx, void *object, size_t bytes)
{
    struct fx *f = ctx;
    f->allocations--;
    f->allocated -= bytes;
    free(object);
}

static void on_event(void *ctx, enum iommu_model_event event, uint64_t address, uint32_t data)
{
    struct fx *f = ctx;
    f->events[event]++;
    f->event_address = address;
    f->event_data = data;
}

static bool on_devtlb(void *ctx, const struct iommu_model_devtlb_invalidation *invalidation)
{
    struct fx *f = ctx;
    if (f->devtlbs < FX_LOG)
        f->devtlb[f->devtlbs] = *invalidation;
    f->devtlbs++;
    return !(f->devtlb_dead && invalidation->rid == f->devtlb_dead_rid);
}

static void on_response(void *ctx, const struct iommu_model_page_response *response)
{
    struct fx *f = ctx;
    f->response = *response;
    f->responses++;
}

/* ---- Life --------------------------------------------------------------------------------------- */

void fx_preset(struct fx *f, const char *preset)
{
    memset(f, 0, sizeof(*f));
    f->memory = calloc(1, FX_MEMORY); /* what no test touches costs nothing */
    assert_non_null(f->memory);
    f->next_page = 0x10000; /* nothing useful at 0 */
    f->allocations_left = -1;
    f->host = (struct iommu_model_host){
        .memory = { .ctx = f, .read = host_read, .write = host_write, .read64 = host_read64, .write64 = host_write64,
                    .cas64 = host_cas64, .table = host_table },
        .ctx = f, .alloc = host_alloc, .free = host_free,
    };
    f->config = (struct iommu_model_vtd_config){
        .host = &f->host, .ctx = f, .event = on_event, .devtlb_invalidate = on_devtlb,
        .page_response = on_response,
    };
    assert_true(iommu_model_vtd_preset(preset, &f->config));
}

void fx_create(struct fx *f)
{
    const char *why = NULL;
    int error = iommu_model_vtd_create(&f->config, &f->model, &why);
    if (error)
        print_error("create: %d, %s\n", error, why ? why : "no reason");
    assert_int_equal(error, 0);
}

void fx_end(struct fx *f)
{
    iommu_model_vtd_destroy(f->model);
    f->model = NULL;
    assert_int_equal(f->allocations, 0);
    assert_int_equal(f->allocated, 0);
    free(f->memory);
    f->memory = NULL;
}

void fx_begin(struct fx *f, const char *preset)
{
    fx_preset(f, preset);
    fx_create(f);
    fx_enable(f);
}

uint64_t fx_pages(struct fx *f, unsigned count)
{
    uint64_t pa = f->next_page;
    f->next_page += (uint64_t)count * 4096;
    assert_true(f->next_page <= FX_MEMORY);
    return pa;
}

uint64_t fx_page(struct fx *f)
{
    return fx_pages(f, 1);
}

void fx_put(struct fx *f, uint64_t pa, uint64_t value)
{
    assert_int_equal(host_write64(f, pa, value), 0);
}

uint64_t fx_get(struct fx *f, uint64_t pa)
{
    uint64_t value = 0;
    assert_int_equal(host_read64(f, pa, &value), 0);
    return value;
}

/* ---- Registers ---------------------------------------------------------------------------------- */

uint32_t fx_read32(struct fx *f, uint32_t offset)
{
    return iommu_model_vtd_read32(f->model, offset);
}

uint64_t fx_read64(struct fx *f, uint32_t offset)
{
    return iommu_model_vtd_read64(f->model, offset);
}

void fx_write32(struct fx *f, uint32_t offset, uint32_t value)
{
    iommu_model_vtd_write32(f->model, offset, value);
}

void fx_write64(struct fx *f, uint32_t offset, uint64_t value)
{
    iommu_model_vtd_write64(f->model, offset, value);
}

void fx_command(struct fx *f, uint32_t bit)
{
    fx_write32(f, VTD_REG_GCMD, (fx_read32(f, VTD_REG_GSTS) & VTD_GCMD_KEEP) | bit);
}

void fx_uncommand(struct fx *f, uint32_t bit)
{
    fx_write32(f, VTD_REG_GCMD, fx_read32(f, VTD_REG_GSTS) & VTD_GCMD_KEEP & ~bit);
}

void fx_set_root(struct fx *f, unsigned ttm)
{
    fx_write64(f, VTD_REG_RTADDR, f->root | SPEC_PUT(VTD_RTADDR_TTM, (uint64_t)ttm));
    fx_command(f, VTD_GCMD_SRTP);
    assert_true(fx_read32(f, VTD_REG_GSTS) & VTD_GSTS_RTPS);
}

void fx_enable_queue(struct fx *f, bool wide)
{
    f->queue = fx_page(f);
    f->status = fx_page(f);
    f->wide = wide;
    f->tail = 0;
    fx_write64(f, VTD_REG_IQT, 0);
    fx_write64(f, VTD_REG_IQA, f->queue | (wide ? VTD_IQA_DW : 0));
    fx_command(f, VTD_GCMD_QIE);
    assert_true(fx_read32(f, VTD_REG_GSTS) & VTD_GSTS_QIES);
}

void fx_enable(struct fx *f)
{
    bool scalable = f->config.ecap & VTD_ECAP_SMTS;
    f->root = fx_page(f);
    if (f->config.ecap & VTD_ECAP_QI)
        fx_enable_queue(f, scalable);
    fx_set_root(f, scalable ? VTD_TTM_SCALABLE : VTD_TTM_LEGACY);
    fx_command(f, VTD_GCMD_TE);
    assert_true(fx_read32(f, VTD_REG_GSTS) & VTD_GSTS_TES);
}

struct iommu_model_vtd_stats fx_stats(struct fx *f)
{
    struct iommu_model_vtd_stats stats;
    iommu_model_vtd_stats(f->model, &stats);
    return stats;
}

/* ---- Tables ------------------------------------------------------------------------------------- */

/* The table that a present entry names, or a new one. */
static uint64_t below(struct fx *f, uint64_t entry, unsigned pages)
{
    uint64_t value = fx_get(f, entry);
    if (!(value & 1)) {
        value = fx_pages(f, pages) | 1;
        fx_put(f, entry, value);
    }
    return value & VTD_PTR;
}

uint64_t fx_context_entry(struct fx *f, unsigned rid)
{
    uint64_t root = f->root + (rid >> 8) * VTD_ROOT_BYTES;
    if (!(f->config.ecap & VTD_ECAP_SMTS))
        return below(f, root, 1) + (rid & 0xFF) * VTD_LCE_BYTES;
    if (rid & 0x80)
        root += 8;
    return below(f, root, 1) + (rid & 0x7F) * VTD_SCE_BYTES;
}

uint64_t fx_legacy_context(struct fx *f, unsigned rid, unsigned tt, unsigned did, uint64_t table,
                           unsigned levels)
{
    uint64_t entry = fx_context_entry(f, rid);
    fx_put(f, entry + 8, (uint64_t)did << 8 | (levels - 2));
    fx_put(f, entry, table | (uint64_t)tt << 2 | 1);
    return entry;
}

uint64_t fx_scalable_context(struct fx *f, unsigned rid, uint64_t flags, unsigned pdts)
{
    uint64_t entry = fx_context_entry(f, rid);
    uint64_t pages = ((uint64_t)8 << VTD_PDTS_ENTRIES_LG2(pdts)) / 4096;
    uint64_t directory = fx_pages(f, pages ? (unsigned)pages : 1);
    fx_put(f, entry + 8, 0);
    fx_put(f, entry, directory | (uint64_t)pdts << 9 | flags | VTD_SCE0_P);
    return entry;
}

uint64_t fx_directory_entry(struct fx *f, unsigned rid, uint32_t pasid)
{
    uint64_t context = fx_context_entry(f, rid);
    uint64_t flags = (f->config.ecap & VTD_ECAP_PASID) ? VTD_SCE0_PASIDE : 0;
    if (!(fx_get(f, context) & VTD_SCE0_P))
        fx_scalable_context(f, rid, flags, 0);
    return (fx_get(f, context) & VTD_PTR) + (pasid >> 6) * VTD_PDE_BYTES;
}

uint64_t fx_pasid_entry(struct fx *f, unsigned rid, uint32_t pasid)
{
    return below(f, fx_directory_entry(f, rid, pasid), 1) + (pasid & 63) * VTD_PE_BYTES;
}

static uint64_t coherent(const struct fx *f)
{
    return (f->config.ecap & VTD_ECAP_SMPWCS) ? VTD_PE1_PWSNP : 0;
}

static void fill(struct fx *f, uint64_t entry, uint64_t w0, unsigned did, uint64_t w2)
{
    fx_put(f, entry + 16, w2);
    fx_put(f, entry + 8, did | coherent(f));
    fx_put(f, entry, w0 | VTD_PE0_P);
}

uint64_t fx_second_entry(struct fx *f, unsigned rid, uint32_t pasid, unsigned did, uint64_t table,
                         unsigned levels)
{
    uint64_t entry = fx_pasid_entry(f, rid, pasid);
    fill(f, entry, table | (uint64_t)VTD_PGTT_SECOND << 6 | (uint64_t)(levels - 2) << 2, did, 0);
    return entry;
}

uint64_t fx_first_entry(struct fx *f, unsigned rid, uint32_t pasid, unsigned did, uint64_t table,
                        unsigned levels)
{
    uint64_t entry = fx_pasid_entry(f, rid, pasid);
    fill(f, entry, (uint64_t)VTD_PGTT_FIRST << 6, did, table | (levels == 5 ? 4 : 0));
    return entry;
}

uint64_t fx_nested_entry(struct fx *f, unsigned rid, uint32_t pasid, unsigned did, uint64_t first,
                         uint64_t second, unsigned second_levels)
{
    uint64_t entry = fx_pasid_entry(f, rid, pasid);
    uint64_t aw = second_levels - 2;
    fill(f, entry, second | (uint64_t)VTD_PGTT_NESTED << 6 | aw << 2, did, first);
    return entry;
}

static uint64_t map(struct fx *f, uint64_t table, unsigned levels, uint64_t iova, unsigned level,
                    uint64_t table_bits, uint64_t leaf)
{
    for (unsigned at = levels;; at--) {
        uint64_t entry = table + ((iova >> VTD_LEVEL_SHIFT(at)) & 511) * 8;
        if (at == level) {
            fx_put(f, entry, leaf);
            return entry;
        }
        if (!(fx_get(f, entry) & 3))
            fx_put(f, entry, fx_page(f) | table_bits);
        table = fx_get(f, entry) & VTD_SS_ADDR;
    }
}

uint64_t fx_map_second(struct fx *f, uint64_t table, unsigned levels, uint64_t iova, uint64_t pa,
                       unsigned level, uint64_t bits)
{
    uint64_t leaf = pa | bits | (level > 1 ? VTD_SS_PS : 0);
    return map(f, table, levels, iova, level, VTD_SS_R | VTD_SS_W, leaf);
}

uint64_t fx_map_first(struct fx *f, uint64_t table, unsigned levels, uint64_t iova, uint64_t pa,
                      unsigned level, uint64_t bits)
{
    uint64_t leaf = pa | bits | VTD_FS_P | (level > 1 ? VTD_FS_PS : 0);
    return map(f, table, levels, iova, level, VTD_FS_P | VTD_FS_RW | VTD_FS_US, leaf);
}

uint64_t fx_entry_second(struct fx *f, uint64_t table, unsigned levels, uint64_t iova,
                         unsigned level)
{
    for (unsigned at = levels; at > level; at--)
        table = fx_get(f, table + ((iova >> VTD_LEVEL_SHIFT(at)) & 511) * 8) & VTD_SS_ADDR;
    return table + ((iova >> VTD_LEVEL_SHIFT(level)) & 511) * 8;
}

/* ---- DMA ---------------------------------------------------------------------------------------- */

struct iommu_model_request fx_request(unsigned rid, long pasid, uint64_t address,
                                      enum iommu_model_access access)
{
    return (struct iommu_model_request){
        .rid = (uint16_t)rid, .has_pasid = pasid >= 0, .pasid = pasid >= 0 ? (uint32_t)pasid : 0,
        .address = address, .bytes = 4, .access = access,
    };
}

void fx_send(struct fx *f, const struct iommu_model_request *request)
{
    iommu_model_vtd_translate(f->model, request, &f->result, &f->explanation);
}

enum iommu_model_outcome fx_dma(struct fx *f, unsigned rid, long pasid, uint64_t address,
                                enum iommu_model_access access)
{
    struct iommu_model_request request = fx_request(rid, pasid, address, access);
    iommu_model_vtd_translate(f->model, &request, &f->result, NULL);
    return f->result.outcome;
}

bool fx_reads(struct fx *f, long pasid, uint64_t address, uint64_t pa)
{
    return fx_dma(f, FX_RID, pasid, address, IOMMU_MODEL_READ) == IOMMU_MODEL_OK &&
           f->result.pa == pa;
}

uint8_t fx_read_fault(struct fx *f, long pasid, uint64_t address)
{
    fx_dma(f, FX_RID, pasid, address, IOMMU_MODEL_READ);
    return f->result.fault;
}

/* ---- Queue -------------------------------------------------------------------------------------- */

void fx_submit(struct fx *f, uint64_t w0, uint64_t w1)
{
    uint64_t bytes = f->wide ? 32 : 16;
    fx_put(f, f->queue + f->tail, w0);
    fx_put(f, f->queue + f->tail + 8, w1);
    if (f->wide) {
        fx_put(f, f->queue + f->tail + 16, 0);
        fx_put(f, f->queue + f->tail + 24, 0);
    }
    f->tail = (f->tail + bytes) % 4096;
    fx_write64(f, VTD_REG_IQT, f->tail);
}

bool fx_wait(struct fx *f)
{
    f->status_value++;
    fx_submit(f, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW | (uint64_t)f->status_value << 32, f->status);
    return (uint32_t)fx_get(f, f->status) == f->status_value;
}

uint64_t fx_iotlb(unsigned g, unsigned did)
{
    return VTD_QI_TYPE_IOTLB | (uint64_t)g << 4 | (uint64_t)did << 16;
}

uint64_t fx_piotlb(unsigned g, unsigned did, uint32_t pasid)
{
    return VTD_QI_TYPE_PIOTLB | (uint64_t)g << 4 | (uint64_t)did << 16 | (uint64_t)pasid << 32;
}

uint64_t fx_pc(unsigned g, unsigned did, uint32_t pasid)
{
    return VTD_QI_TYPE_PC | (uint64_t)g << 4 | (uint64_t)did << 16 | (uint64_t)pasid << 32;
}

uint64_t fx_cc(unsigned g, unsigned did, unsigned rid, unsigned fm)
{
    return VTD_QI_TYPE_CC | (uint64_t)g << 4 | (uint64_t)did << 16 | (uint64_t)rid << 32 |
           (uint64_t)fm << 48;
}

void fx_flush_pasid_domain(struct fx *f, unsigned did)
{
    fx_submit(f, fx_pc(VTD_QI_PC_G_DOMAIN, did, 0), 0);
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_DOMAIN, did), 0);
    assert_true(fx_wait(f));
}

void fx_flush_domain(struct fx *f, unsigned did)
{
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_DOMAIN, did), 0);
    assert_true(fx_wait(f));
}

void fx_flush_all(struct fx *f)
{
    fx_submit(f, fx_cc(VTD_QI_CC_G_GLOBAL, 0, 0, 0), 0);
    if (f->config.ecap & VTD_ECAP_SMTS)
        fx_submit(f, fx_pc(VTD_QI_PC_G_GLOBAL, 0, 0), 0);
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_GLOBAL, 0), 0);
    assert_true(fx_wait(f));
}

/* ---- Chance ------------------------------------------------------------------------------------- */

uint64_t fx_seed(void)
{
    const char *text = getenv("IOMMUKIT_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
    printf("# again: IOMMUKIT_SEED=%llu %s\n", (unsigned long long)seed, program_invocation_name);
    return seed ? seed : 1;
}

uint64_t fx_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545F4914F6CDD1Du >> 11;
}
