/* SPDX-License-Identifier: MIT */
/* bench/rows_model.c - rows 15 to 18: the model of the unit, as a virtual machine monitor calls it for every DMA. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits.h"
#include "bench/rows.h"
#include "bench/vmm.h"
#include "spec/vtd_queue.h"

#define PAGE   UINT64_C(4096)
#define MIB2   (UINT64_C(1) << 21)
#define GIB    (UINT64_C(1) << 30)
#define PAGES  512u
#define AT_4K  (64 * GIB)
#define AT_2M  (128 * GIB)
#define AT_1G  (512 * GIB)
#define COLD   (1024 * GIB)
#define LARGES 64u

/* One list of addresses, translated in turn. */
struct lookups {
    struct bench_vmm *vmm;
    const struct bench_peer_tlb *ops; /* NULL: the model */
    void *tlb;
    uint64_t iova[1024];
    unsigned count;
    bool miss; /* emptied before each turn, untimed */
    bool list; /* in batches, not one by one */
};

/* Visited in an order without a pattern. */
static void spread(struct lookups *lookups, uint64_t first, uint64_t stride, unsigned count)
{
    lookups->count = count;
    for (unsigned i = 0; i < count; i++)
        lookups->iova[i] = first + (uint64_t)(i * 37u % count) * stride + (uint64_t)(i % 64) * 8;
}

static uint64_t translate(const struct lookups *lookups)
{
    struct bench_vmm *vmm = lookups->vmm;
    return (lookups->list ? bench_vmm_translate_list : bench_vmm_translate)(vmm, vmm->unit, lookups->iova, lookups->count);
}

static uint64_t run_model(void *ctx, unsigned times)
{
    const struct lookups *lookups = ctx;
    uint64_t total = 0;
    for (unsigned i = 0; i < times; i++) {
        uint64_t start;
        if (lookups->miss && bench_vmm_forget(lookups->vmm) != 0)
            return BENCH_FAILED;
        start = bench_now();
        if (translate(lookups) == 0)
            return BENCH_FAILED;
        total += bench_now() - start;
    }
    return total;
}

static uint64_t run_peer(void *ctx, unsigned times)
{
    const struct lookups *lookups = ctx;
    uint64_t total = 0;
    for (unsigned i = 0; i < times; i++) {
        uint64_t start;
        if (lookups->miss)
            lookups->ops->clear(lookups->tlb);
        start = bench_now();
        if (lookups->ops->translate(lookups->tlb, lookups->iova, lookups->count) == 0)
            return BENCH_FAILED;
        total += bench_now() - start;
    }
    return total;
}

static struct bench_op op_of(struct lookups *lookups, const char *name)
{
    struct bench_op op = {.run = lookups->ops == NULL ? run_model : run_peer, .ctx = lookups, .each = lookups->count};
    snprintf(op.name, sizeof op.name, "%s", name);
    return op;
}

static unsigned add_peers(struct bench *bench, const struct lookups *like, struct lookups *peers, struct bench_op *ops)
{
    unsigned count = 0;
    for (unsigned i = 0; i < bench->peer_count; i++) {
        const struct bench_peer_tlb *tlb = bench->peers[i]->tlb;
        char name[BENCH_NAME];
        if (tlb == NULL)
            continue;
        peers[count] = *like;
        peers[count].ops = tlb;
        peers[count].tlb = tlb->create(iommu_posix_memory(like->vmm->rig.posix, 0, 0), like->vmm->root);
        snprintf(name, sizeof name, "%.24s, %.24s", tlb->name, bench->peers[i]->build);
        ops[count] = op_of(&peers[count], name);
        count++;
    }
    return count;
}

static void remove_peers(struct lookups *peers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        peers[i].ops->destroy(peers[i].tlb);
}

static int map_all(struct bench_vmm *vmm)
{
    const uint32_t prot = IOMMU_READ | IOMMU_WRITE;
    if (bench_vmm_open(vmm, 0) != 0)
        return -1;
    if (iommu_map(vmm->domain, AT_4K, 8 * GIB + PAGE, PAGES * PAGE, prot) == 0 &&
        iommu_map(vmm->domain, AT_2M, 16 * GIB, LARGES * MIB2, prot) == 0 &&
        iommu_map(vmm->domain, AT_1G, 32 * GIB, LARGES * GIB, prot) == 0)
        return 0;
    bench_vmm_close(vmm);
    return -1;
}

/* Against the peers' tables, if there are any. */
static void against_tables(struct bench *bench, struct lookups *model, struct bench_part *part)
{
    struct lookups *peers = calloc(BENCH_PEERS_MAX, sizeof *peers);
    struct bench_op ops[BENCH_OPS_MAX];
    struct bench_samples samples;
    if (peers == NULL)
        return;
    ops[0] = op_of(model, "iommukit");
    unsigned count = add_peers(bench, model, peers, ops + 1);
    if (count == 0) {
        bench_missing(part, BENCH_NEEDS_GLIB);
    } else {
        bench_take(bench, ops, 1 + count, &samples);
        bench_against(part, ops, &samples, 0, 1, count);
        bench_give(&samples);
    }
    remove_peers(peers, count);
    free(peers);
}

void bench_row_hit(struct bench *bench, struct bench_result *result)
{
    struct bench_part *hit = bench_part(result, BENCH_TIMES_FASTER, 8, 5, "4K hit");
    struct bench_part *batch = bench_part(result, BENCH_TIMES_FASTER, 8, 5, "4K hit, in batches of 64");
    struct bench_part *large = bench_part(result, BENCH_TIMES_LIMIT, 1.1, BENCH_NO_MUST, "2M hit, of a 4K hit");
    struct bench_part *huge = bench_part(result, BENCH_TIMES_LIMIT, 1.1, BENCH_NO_MUST, "1G hit, of a 4K hit");
    struct lookups *sizes = calloc(3, sizeof *sizes);
    struct bench_samples samples;
    struct bench_vmm vmm;
    if (sizes == NULL || map_all(&vmm) != 0) {
        free(sizes);
        return;
    }
    spread(&sizes[0], AT_4K, PAGE, PAGES);
    spread(&sizes[1], AT_2M, MIB2, LARGES);
    spread(&sizes[2], AT_1G, GIB, LARGES);
    for (unsigned i = 0; i < 3; i++)
        sizes[i].vmm = &vmm;
    against_tables(bench, &sizes[0], hit);
    sizes[0].list = true;
    against_tables(bench, &sizes[0], batch);
    sizes[0].list = false;
    spread(&sizes[0], AT_4K, PAGE, LARGES); /* as many as of the others */
    struct bench_op ops[3] = {op_of(&sizes[0], "4K hit"), op_of(&sizes[1], "2M hit"), op_of(&sizes[2], "1G hit")};
    bench_take(bench, ops, 3, &samples);
    bench_against(large, ops, &samples, 1, 0, 1);
    bench_against(huge, ops, &samples, 2, 0, 1);
    bench_give(&samples);
    bench_vmm_close(&vmm);
    free(sizes);
}

void bench_row_miss(struct bench *bench, struct bench_result *result)
{
    struct bench_part *miss = bench_part(result, BENCH_TIMES_FASTER, 12, 6, "miss, walk, insert");
    struct bench_part *batch = bench_part(result, BENCH_TIMES_FASTER, 12, 6, "miss, walk, insert, in batches of 64");
    struct lookups *pages = calloc(1, sizeof *pages);
    struct bench_vmm vmm;
    if (pages == NULL || map_all(&vmm) != 0) {
        free(pages);
        return;
    }
    pages->vmm = &vmm;
    spread(pages, AT_4K, PAGE, PAGES);
    pages->miss = true;
    against_tables(bench, pages, miss);
    pages->list = true;
    against_tables(bench, pages, batch);
    bench_vmm_close(&vmm);
    free(pages);
}

/* ---- row 17 --------------------------------------------------------------------------------------------------- */

#define TOGETHER 16u

struct cold {
    struct bench_vmm *vmm;
    uint64_t pages, state;
};

static uint64_t cold_address(const struct cold *cold, uint64_t last, uint64_t i)
{
    uint64_t mixed = (last ^ i) * UINT64_C(0x9E3779B97F4A7C15);
    return COLD + (mixed >> 20) % cold->pages * PAGE;
}

/* The next address hangs on the last result. What was cached is dropped afterwards, untimed. */
static uint64_t run_cold(void *ctx, unsigned times)
{
    struct cold *cold = ctx;
    struct iommu_model_request request = bench_vmm_request(cold->vmm, 0);
    struct iommu_model_result result = {.pa = cold->state};
    uint64_t start = bench_now(), taken;
    for (unsigned i = 0; i < times; i++) {
        request.address = cold_address(cold, result.pa, i);
        iommu_model_vtd_translate(cold->vmm->unit, &request, &result, NULL);
        if (result.outcome != IOMMU_MODEL_OK)
            return BENCH_FAILED;
    }
    taken = bench_now() - start;
    cold->state = result.pa + times;
    return bench_vmm_forget(cold->vmm) == 0 ? taken : BENCH_FAILED;
}

/* Lists whose addresses hang on the result of the last list, but not on each other. */
static uint64_t run_cold_lists(void *ctx, unsigned times)
{
    struct cold *cold = ctx;
    const struct iommu_model_request request = bench_vmm_request(cold->vmm, 0);
    struct iommu_model_result results[TOGETHER];
    uint64_t addresses[TOGETHER], last = cold->state, start = bench_now(), taken;
    for (unsigned i = 0; i < times; i++) {
        for (unsigned j = 0; j < TOGETHER; j++)
            addresses[j] = cold_address(cold, last, (uint64_t)i * TOGETHER + j);
        iommu_model_vtd_translate_batch(cold->vmm->unit, &request, addresses, results, TOGETHER);
        for (unsigned j = 0; j < TOGETHER; j++) {
            if (results[j].outcome != IOMMU_MODEL_OK)
                return BENCH_FAILED;
            last += results[j].pa;
        }
    }
    taken = bench_now() - start;
    cold->state = last + times;
    return bench_vmm_forget(cold->vmm) == 0 ? taken : BENCH_FAILED;
}

void bench_row_cold(struct bench *bench, struct bench_result *result)
{
    struct bench_part *part = bench_part(result, BENCH_TIMES_LIMIT, 1.1, 1.5, "miss, of a DRAM load");
    struct bench_part *lists = bench_part(result, BENCH_TIMES_LIMIT, 1, BENCH_NO_MUST, "miss in batches of 16, of a DRAM load");
    const uint64_t bytes = bench->options.smoke ? GIB : 64 * GIB, table_bytes = bytes / PAGE * 8;
    struct bench_vmm vmm;
    struct bench_chain chain;
    struct bench_samples samples;
    uint64_t buffer;
    if (bench_vmm_open(&vmm, 0) != 0)
        return;
    struct cold cold = {&vmm, bytes / PAGE, 0};
    buffer = iommu_posix_buffer_alloc(vmm.rig.posix, table_bytes);
    if (buffer != 0 && iommu_map(vmm.domain, COLD, 8 * GIB + PAGE, bytes, IOMMU_READ) == 0) {
        bench_chain_open(&chain, iommu_posix_memory(vmm.rig.posix, buffer, table_bytes), table_bytes);
        struct bench_op ops[3] = {{.name = "iommukit", .run = run_cold, .ctx = &cold, .each = 1}, bench_chain_op(&chain),
                                  {.name = "in batches", .run = run_cold_lists, .ctx = &cold, .each = TOGETHER}};
        bench_take(bench, ops, 3, &samples);
        bench_against(part, ops, &samples, 0, 1, 1);
        bench_against(lists, ops, &samples, 2, 1, 1);
        bench_give(&samples);
    }
    if (buffer != 0)
        iommu_posix_buffer_free(vmm.rig.posix, buffer, table_bytes);
    bench_vmm_close(&vmm);
}

/* ---- row 18 --------------------------------------------------------------------------------------------------- */

#define CACHED   1000u
#define AT_ONCE  100u /* descriptors a write of the tail */

struct forgetting {
    struct bench_vmm *vmm;
    struct bench_second second;
    struct lookups pages;
    unsigned cached;
    bool wide; /* one domain-selective descriptor instead */
    uint32_t did;
};

static uint64_t run_forget(void *ctx, unsigned times)
{
    struct forgetting *f = ctx;
    uint64_t descriptors[AT_ONCE][2], total = 0;
    for (unsigned i = 0; i < AT_ONCE; i++) {
        descriptors[i][0] = VTD_QI_TYPE_IOTLB | SPEC_PUT(VTD_QI_IOTLB_DID, (uint64_t)f->did) |
                            SPEC_PUT(VTD_QI_IOTLB_G, (uint64_t)(f->wide ? VTD_QI_IOTLB_G_DOMAIN : VTD_QI_IOTLB_G_PAGE));
        descriptors[i][1] = f->wide ? 0 : f->pages.iova[i] & ~(PAGE - 1);
    }
    for (unsigned turn = 0; turn < times; turn++) {
        uint64_t taken;
        if (bench_vmm_translate(f->vmm, f->second.unit, f->pages.iova, f->cached) == 0)
            return BENCH_FAILED;
        taken = bench_second_run(&f->second, (const uint64_t(*)[2])descriptors, f->wide ? 1 : AT_ONCE);
        if (taken == BENCH_FAILED)
            return BENCH_FAILED;
        total += taken;
    }
    return total;
}

static uint64_t run_peer_forget(void *ctx, unsigned times)
{
    const struct lookups *lookups = ctx;
    uint64_t total = 0;
    for (unsigned turn = 0; turn < times; turn++) {
        uint64_t start;
        if (lookups->ops->translate(lookups->tlb, lookups->iova, CACHED) == 0)
            return BENCH_FAILED;
        start = bench_now();
        for (unsigned i = 0; i < AT_ONCE; i++)
            lookups->ops->invalidate_page(lookups->tlb, lookups->iova[i] & ~(PAGE - 1));
        total += bench_now() - start;
    }
    return total;
}

static void wide_parts(struct bench *bench, const struct forgetting *selective, struct bench_part *wide)
{
    struct forgetting *two = calloc(2, sizeof *two);
    struct bench_op ops[2];
    struct bench_samples samples;
    if (two == NULL)
        return;
    for (unsigned i = 0; i < 2; i++) {
        two[i] = *selective;
        two[i].wide = true;
        two[i].cached = i == 0 ? CACHED : CACHED / 10;
        ops[i] = (struct bench_op){.run = run_forget, .ctx = &two[i], .each = 1};
        snprintf(ops[i].name, sizeof ops[i].name, "%u entries", two[i].cached);
    }
    bench_take(bench, ops, 2, &samples);
    bench_against(wide, ops, &samples, 0, 1, 1);
    bench_give(&samples);
    free(two);
}

static void page_part(struct bench *bench, struct forgetting *selective, struct bench_part *page)
{
    struct lookups *peers = calloc(BENCH_PEERS_MAX, sizeof *peers);
    struct bench_op ops[BENCH_OPS_MAX] = {{.name = "iommukit", .run = run_forget, .ctx = selective, .each = AT_ONCE}};
    struct bench_samples samples;
    if (peers == NULL)
        return;
    unsigned count = add_peers(bench, &selective->pages, peers, ops + 1);
    for (unsigned i = 1; i <= count; i++) {
        ops[i].run = run_peer_forget;
        ops[i].each = AT_ONCE;
    }
    if (count == 0) {
        bench_missing(page, BENCH_NEEDS_GLIB);
    } else {
        bench_take(bench, ops, 1 + count, &samples);
        bench_against(page, ops, &samples, 0, 1, count);
        bench_give(&samples);
    }
    remove_peers(peers, count);
    free(peers);
}

void bench_row_model_invalidate(struct bench *bench, struct bench_result *result)
{
    struct bench_part *page = bench_part(result, BENCH_TIMES_FASTER, 1000, 200, "page-selective");
    struct bench_part *wide = bench_part(result, BENCH_TIMES_LIMIT, 1.25, BENCH_NO_MUST, "domain-wide, 1,000 entries of 100");
    struct forgetting *f = calloc(1, sizeof *f);
    struct bench_vmm vmm;
    if (f == NULL || bench_vmm_open(&vmm, 0) != 0) {
        free(f);
        return;
    }
    f->vmm = f->pages.vmm = &vmm;
    f->cached = CACHED;
    f->did = iommu_vtd_attachment_domain_id(vmm.attachment);
    spread(&f->pages, AT_4K, PAGE, CACHED);
    if (iommu_map(vmm.domain, AT_4K, 8 * GIB + PAGE, 1024 * PAGE, IOMMU_READ) == 0 && bench_second_open(&vmm, &f->second) == 0) {
        page_part(bench, f, page);
        wide_parts(bench, f, wide);
    }
    bench_second_close(&f->second);
    bench_vmm_close(&vmm);
    free(f);
}
