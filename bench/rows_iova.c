/* SPDX-License-Identifier: MIT */
/* bench/rows_iova.c - rows 8, 9 and 11: addresses, and the whole cycle around them, on the bench's unit. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/limits.h"
#include "bench/own_dma.h"
#include "bench/rig.h"
#include "bench/rows.h"

#if BENCH_HAS_DMA
#define PAGE        UINT64_C(4096)
#define PA          ((UINT64_C(8) << 30) + PAGE)
#define STEADY      256u
#define RANDOM      (1u << 18)
#define BATCH       1024u /* exchanges in one of `times`, steady */
#define CYCLE_SLOTS 512u
#define CHAIN_BYTES ((size_t)256 << 20)

struct rig {
    struct bench_rig rig;
    struct iommu_domain *domain;
    struct iommu_attachment *attachment;
};

static void close_rig(struct rig *rig)
{
    if (rig->attachment != NULL)
        iommu_detach(rig->attachment);
    iommu_domain_free(rig->domain);
    bench_rig_close(&rig->rig);
}

static bool open_rig(struct rig *rig)
{
    *rig = (struct rig){0};
    if (bench_rig_open(&rig->rig, &(struct bench_rig_config){.hardware = BENCH_UNIT}) != 0)
        return false;
    if (iommu_domain_alloc(rig->rig.iommu, NULL, &rig->domain) == 0 &&
        iommu_attach(rig->domain, rig->rig.device, iommu_route_any(), NULL, &rig->attachment) == 0)
        return true;
    close_rig(rig);
    return false;
}

/* ---- rows 8 and 9 --------------------------------------------------------------------------------------------- */

struct exchange {
    struct iommu_domain *domain;       /* ours, or */
    const struct bench_peer_iova *ops; /* a peer's */
    void *peer;
    bool cached;
    uint64_t *slots;
    uint32_t *order;
    unsigned length, batch, at;
};

static int exchange_own(struct iommu_domain *domain, uint64_t *slots, const uint32_t *order, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        uint64_t *slot = &slots[order[i]];
        if (*slot != 0)
            own_iova_free(domain, *slot, PAGE);
        *slot = own_iova_alloc(domain, PAGE);
        if (*slot == 0)
            return -1;
    }
    return 0;
}

static int exchange_some(struct exchange *e, unsigned count)
{
    const uint32_t *order = e->order + e->at;
    e->at = (e->at + count) % e->length;
    return e->ops == NULL ? exchange_own(e->domain, e->slots, order, count)
                          : e->ops->exchange(e->peer, e->slots, order, count, e->cached);
}

static void release_some(struct exchange *e, unsigned count)
{
    if (e->ops != NULL) {
        e->ops->release(e->peer, e->slots, e->order, count, e->cached);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        own_iova_free(e->domain, e->slots[e->order[i]], PAGE);
        e->slots[e->order[i]] = 0;
    }
}

static uint64_t run_exchange(void *ctx, unsigned times)
{
    struct exchange *e = ctx;
    uint64_t start = bench_now();
    for (unsigned i = 0; i < times; i++)
        if (exchange_some(e, e->batch) != 0)
            return BENCH_FAILED;
    return bench_now() - start;
}

static void shuffle(struct exchange *e, uint64_t *seed)
{
    for (unsigned i = e->length - 1; i > 0; i--) {
        *seed ^= *seed << 13, *seed ^= *seed >> 7, *seed ^= *seed << 17;
        unsigned other = (unsigned)(*seed % (i + 1));
        uint32_t kept = e->order[i];
        e->order[i] = e->order[other];
        e->order[other] = kept;
    }
}

/*
 * `length` is a multiple of `batch`. Filled once, in order, and exchanged in the same. Or in random order: then half of
 * it has been given back and taken again before, in other orders, so that neighbours in address are none in memory.
 */
static int fill(struct exchange *e, unsigned slots, unsigned length, unsigned batch, bool shuffled)
{
    uint64_t seed = 88172645463325252u;
    e->length = length;
    e->batch = batch;
    e->slots = calloc(slots, sizeof *e->slots);
    e->order = calloc(length, sizeof *e->order);
    if (e->slots == NULL || e->order == NULL)
        return -1;
    for (unsigned i = 0; i < length; i++)
        e->order[i] = i % slots;
    if (exchange_some(e, length) != 0)
        return -1;
    if (!shuffled)
        return 0;
    shuffle(e, &seed);
    release_some(e, length / 2);
    e->at = 0;
    if (exchange_some(e, length / 2) != 0)
        return -1;
    shuffle(e, &seed);
    e->at = 0;
    return 0;
}

static void empty(struct exchange *e, unsigned slots)
{
    for (unsigned i = 0; e->slots != NULL && e->ops == NULL && i < slots; i++)
        if (e->slots[i] != 0)
            own_iova_free(e->domain, e->slots[i], PAGE);
    if (e->ops != NULL)
        e->ops->destroy(e->peer);
    free(e->slots);
    free(e->order);
}

struct contest {
    struct exchange sides[1 + BENCH_PEERS_MAX];
    struct bench_op ops[BENCH_OPS_MAX];
    unsigned count;
};

/* Ours and every peer's allocator, filled alike. */
static int gather(struct bench *bench, struct rig *rig, struct contest *contest, unsigned slots, unsigned length, unsigned batch,
                  bool random)
{
    *contest = (struct contest){.count = 1};
    contest->sides[0].domain = rig->domain;
    snprintf(contest->ops[0].name, BENCH_NAME, "iommukit");
    for (unsigned i = 0; i < bench->peer_count; i++) {
        const struct bench_peer_iova *iova = bench->peers[i]->iova;
        if (iova == NULL)
            continue;
        contest->sides[contest->count] = (struct exchange){.ops = iova, .peer = iova->create(), .cached = !random};
        snprintf(contest->ops[contest->count].name, BENCH_NAME, "%.24s, %.24s", iova->name, bench->peers[i]->build);
        contest->count++;
    }
    for (unsigned i = 0; i < contest->count; i++) {
        struct exchange *side = &contest->sides[i];
        /* One exchange of a peer's tree may take milliseconds, or nothing: a few for a mean. */
        if (fill(side, slots, length, side->ops == NULL || !random ? batch : 16, random) != 0)
            return -1;
        contest->ops[i].run = run_exchange;
        contest->ops[i].ctx = side;
        contest->ops[i].each = side->batch;
    }
    return 0;
}

static void scatter(struct contest *contest, unsigned slots)
{
    for (unsigned i = 0; i < contest->count; i++)
        empty(&contest->sides[i], slots);
}

static void against_peers(struct bench *bench, struct contest *contest, struct bench_part *part)
{
    struct bench_samples samples;
    if (contest->count == 1) {
        bench_missing(part, BENCH_NEEDS_LINUX);
        return;
    }
    bench_take(bench, contest->ops, contest->count, &samples);
    bench_against(part, contest->ops, &samples, 0, 1, contest->count - 1);
    bench_give(&samples);
}

void bench_row_iova(struct bench *bench, struct bench_result *result)
{
    struct bench_part *part = bench_part(result, BENCH_TIMES_FASTER, 8, 4, "alloc+free, 256 outstanding");
    struct contest contest;
    struct rig rig;
    if (!open_rig(&rig))
        return;
    if (gather(bench, &rig, &contest, STEADY, BATCH, BATCH, false) == 0)
        against_peers(bench, &contest, part);
    scatter(&contest, STEADY);
    close_rig(&rig);
}

static void against_load(struct bench *bench, struct rig *rig, struct contest *contest, struct bench_part *part)
{
    const size_t bytes = bench->options.smoke ? CHAIN_BYTES / 64 : CHAIN_BYTES;
    uint64_t buffer = iommu_posix_buffer_alloc(rig->rig.posix, bytes);
    struct bench_samples samples;
    struct bench_chain chain;
    if (buffer == 0)
        return;
    bench_chain_open(&chain, iommu_posix_memory(rig->rig.posix, buffer, bytes), bytes);
    struct bench_op ops[2] = {contest->ops[0], bench_chain_op(&chain)};
    bench_take(bench, ops, 2, &samples);
    bench_against(part, ops, &samples, 0, 1, 1);
    bench_give(&samples);
    iommu_posix_buffer_free(rig->rig.posix, buffer, bytes);
}

void bench_row_iova_random(struct bench *bench, struct bench_result *result)
{
    struct bench_part *part = bench_part(result, BENCH_TIMES_FASTER, 20000, 5000, "free+alloc");
    struct bench_part *load = bench_part(result, BENCH_TIMES_LIMIT, 0.5, BENCH_NO_MUST, "free+alloc, of a DRAM load");
    const unsigned live = bench->options.smoke ? BATCH : RANDOM;
    struct contest contest;
    struct rig rig;
    if (!open_rig(&rig))
        return;
    if (gather(bench, &rig, &contest, live, live, BATCH, true) == 0) {
        against_peers(bench, &contest, part);
        against_load(bench, &rig, &contest, load);
    }
    scatter(&contest, live);
    close_rig(&rig); /* NOLINT(clang-analyzer-unix.Malloc): scatter() has freed every side */
}

/* ---- row 11 --------------------------------------------------------------------------------------------------- */

struct cycle {
    struct iommu_domain *domain;
    const struct bench_peer_driver *ops;
    void *peer;
    uint64_t slots[CYCLE_SLOTS];
    unsigned pages, at;
};

static uint64_t run_cycle(void *ctx, unsigned times)
{
    struct cycle *cycle = ctx;
    const uint64_t len = cycle->pages * PAGE;
    uint64_t start = bench_now();
    for (unsigned i = 0; i < times; i++, cycle->at = (cycle->at + 1) % CYCLE_SLOTS) {
        uint64_t *slot = &cycle->slots[cycle->at];
        if (*slot != 0 && !own_dma_unmap(cycle->domain, *slot, len))
            return BENCH_FAILED;
        *slot = own_dma_map(cycle->domain, PA + cycle->at * len, len);
        if (*slot == 0)
            return BENCH_FAILED;
    }
    return bench_now() - start;
}

static uint64_t run_peer_cycle(void *ctx, unsigned times)
{
    struct cycle *cycle = ctx;
    uint64_t start = bench_now();
    if (cycle->ops->cycle(cycle->peer, cycle->slots, CYCLE_SLOTS, cycle->pages, times * CYCLE_SLOTS) != 0)
        return BENCH_FAILED;
    return bench_now() - start;
}

static void cycle_part(struct bench *bench, struct rig *rig, struct bench_part *part, unsigned pages)
{
    struct cycle *cycles = calloc(1 + BENCH_PEERS_MAX, sizeof *cycles);
    struct bench_op ops[BENCH_OPS_MAX] = {{.name = "iommukit", .run = run_cycle, .ctx = cycles, .each = 1}};
    struct bench_samples samples;
    unsigned count = 1;
    if (cycles == NULL)
        return;
    cycles[0].domain = rig->domain;
    for (unsigned i = 0; i < bench->peer_count; i++) {
        const struct bench_peer_driver *driver = bench->peers[i]->driver;
        if (driver == NULL)
            continue;
        cycles[count] = (struct cycle){.ops = driver, .peer = driver->create()};
        ops[count] = (struct bench_op){.run = run_peer_cycle, .ctx = &cycles[count], .each = CYCLE_SLOTS};
        snprintf(ops[count].name, BENCH_NAME, "%.24s, %.24s", driver->name, bench->peers[i]->build);
        count++;
    }
    for (unsigned i = 0; i < count; i++)
        cycles[i].pages = pages;
    if (count == 1) {
        bench_missing(part, BENCH_NEEDS_LINUX);
    } else {
        bench_take(bench, ops, count, &samples);
        bench_against(part, ops, &samples, 0, 1, count - 1);
        bench_give(&samples);
    }
    for (unsigned i = 0; i < CYCLE_SLOTS; i++)
        if (cycles[0].slots[i] != 0)
            own_dma_unmap(rig->domain, cycles[0].slots[i], pages * PAGE);
    for (unsigned i = 1; i < count; i++)
        cycles[i].ops->destroy(cycles[i].peer);
    free(cycles);
}

void bench_row_cycle(struct bench *bench, struct bench_result *result)
{
    struct bench_part *one = bench_part(result, BENCH_TIMES_FASTER, 4, 2.5, "cycle, 4K");
    struct bench_part *many = bench_part(result, BENCH_TIMES_FASTER, 4, 2.5, "cycle, 16x4K");
    struct rig rig;
    if (!open_rig(&rig))
        return;
    cycle_part(bench, &rig, one, 1);
    cycle_part(bench, &rig, many, 16);
    close_rig(&rig);
}
#else
void bench_row_iova(struct bench *bench, struct bench_result *result)
{
    (void)bench;
    bench_missing(bench_part(result, BENCH_TIMES_FASTER, 8, 4, "alloc+free, 256 outstanding"), BENCH_NOT_BUILT);
}

void bench_row_iova_random(struct bench *bench, struct bench_result *result)
{
    (void)bench;
    bench_missing(bench_part(result, BENCH_TIMES_FASTER, 20000, 5000, "free+alloc"), BENCH_NOT_BUILT);
    bench_missing(bench_part(result, BENCH_TIMES_LIMIT, 0.5, BENCH_NO_MUST, "free+alloc, of a DRAM load"), BENCH_NOT_BUILT);
}

void bench_row_cycle(struct bench *bench, struct bench_result *result)
{
    (void)bench;
    bench_missing(bench_part(result, BENCH_TIMES_FASTER, 4, 2.5, "cycle, 4K"), BENCH_NOT_BUILT);
    bench_missing(bench_part(result, BENCH_TIMES_FASTER, 4, 2.5, "cycle, 16x4K"), BENCH_NOT_BUILT);
}
#endif
