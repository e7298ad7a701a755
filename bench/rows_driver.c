/* SPDX-License-Identifier: MIT */
/* bench/rows_driver.c - rows 10 and 12: the driver on the bench's unit: invalidation, attach, detach. */
#include <stdio.h>

#include "bench/rig.h"
#include "bench/rows.h"

#define PAGE     UINT64_C(4096)
#define IOVA     (UINT64_C(64) << 30)
#define PASIDS   1024u
#define PASID_AT 16u /* the first of them */

struct driver {
    struct bench_rig rig;
    struct iommu_domain *domain;
    struct iommu_attachment *attachment;
    struct iommu_attachment *attachments[PASIDS];
    struct iommu_gather gather; /* of one page, to be synced again and again */
};

static void close_driver(struct driver *driver)
{
    if (driver->attachment != NULL)
        iommu_detach(driver->attachment);
    if (driver->domain != NULL)
        iommu_domain_free(driver->domain);
    bench_rig_close(&driver->rig);
}

static bool open_driver(struct driver *driver, bool counted)
{
    const struct bench_rig_config config = {.hardware = BENCH_UNIT, .counted = counted};
    *driver = (struct driver){0};
    if (bench_rig_open(&driver->rig, &config) != 0)
        return false;
    if (iommu_domain_alloc(driver->rig.iommu, NULL, &driver->domain) == 0 &&
        iommu_attach(driver->domain, driver->rig.device, iommu_route_pasid(1), NULL, &driver->attachment) == 0)
        return true;
    close_driver(driver);
    return false;
}

/* ---- row 10 --------------------------------------------------------------------------------------------------- */

/* What one page's unmap leaves to be synced; a neighbour keeps the leaf table. */
static bool fill_gather(struct driver *driver)
{
    struct iommu_gather real;
    iommu_gather_init(&real);
    if (iommu_map(driver->domain, IOVA, IOVA + PAGE, 2 * PAGE, IOMMU_READ) != 0 ||
        iommu_unmap(driver->domain, IOVA, PAGE, &real) != 0)
        return false;
    driver->gather = real;
    return iommu_sync(driver->domain, &real) == 0;
}

static uint64_t submit(void *ctx, unsigned times)
{
    struct driver *driver = ctx;
    uint64_t start = bench_now();
    for (unsigned i = 0; i < times; i++) {
        struct iommu_gather gather = driver->gather;
        if (iommu_sync(driver->domain, &gather) != 0)
            return BENCH_FAILED;
    }
    return bench_now() - start;
}

struct peer_driver {
    const struct bench_peer_driver *ops;
    void *driver;
};

static uint64_t peer_submit(void *ctx, unsigned times)
{
    const struct peer_driver *peer = ctx;
    uint64_t start = bench_now();
    if (peer->ops->submit(peer->driver, times) != 0)
        return BENCH_FAILED;
    return bench_now() - start;
}

static unsigned open_peers(struct bench *bench, struct peer_driver *peers, struct bench_op *ops,
                           uint64_t (*run)(void *, unsigned))
{
    unsigned count = 0;
    for (unsigned i = 0; i < bench->peer_count; i++) {
        if (bench->peers[i]->driver == NULL)
            continue;
        peers[count] = (struct peer_driver){bench->peers[i]->driver, bench->peers[i]->driver->create()};
        ops[count] = (struct bench_op){.run = run, .ctx = &peers[count], .each = 1};
        snprintf(ops[count].name, sizeof ops[count].name, "%.24s, %.24s", peers[count].ops->name, bench->peers[i]->build);
        count++;
    }
    return count;
}

static void close_peers(struct peer_driver *peers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        peers[i].ops->destroy(peers[i].driver);
}

static void count_submit(struct bench_result *result, struct bench_part *tails, struct bench_part *words, struct bench_part *reads)
{
    struct bench_unit_counts before, after;
    struct iommu_strict_counts was, is;
    struct driver driver;
    if (!open_driver(&driver, true))
        return;
    if (fill_gather(&driver)) {
        bench_unit_counts(driver.rig.unit, &before);
        iommu_strict_counts(driver.rig.strict, &was);
        submit(&driver, 1);
        bench_unit_counts(driver.rig.unit, &after);
        iommu_strict_counts(driver.rig.strict, &is);
        bench_fixed(tails, (double)(is.mmio_writes - was.mmio_writes));
        bench_fixed(words, (double)(after.status_writes - before.status_writes));
        bench_fixed(reads, (double)(is.mmio_reads - was.mmio_reads));
        bench_count(result, "descriptors", (double)(after.descriptors - before.descriptors));
        bench_count(result, "locks", (double)(is.lock_acquires - was.lock_acquires));
    }
    close_driver(&driver);
}

static void time_submit(struct bench *bench, struct bench_result *result, struct bench_part *time, struct driver *driver)
{
    struct peer_driver peers[BENCH_PEERS_MAX];
    struct bench_op ops[BENCH_OPS_MAX] = {{.name = "iommukit", .run = submit, .ctx = driver, .each = 1}};
    struct bench_samples samples;
    unsigned count = open_peers(bench, peers, ops + 1, peer_submit);
    bench_take(bench, ops, 1 + count, &samples);
    bench_alone(time, ops, &samples, 0);
    if (count > 0) { /* for the reader; nothing hangs on it */
        struct bench_part *faster = bench_part(result, BENCH_TIMES_FASTER, 0, BENCH_NO_MUST, "against Linux");
        bench_against(faster, ops, &samples, 0, 1, count);
    }
    bench_give(&samples);
    close_peers(peers, count);
}

void bench_row_invalidate(struct bench *bench, struct bench_result *result)
{
    struct bench_part *time = bench_part(result, BENCH_NANOSECONDS, 4, 8, "submit and wait");
    struct bench_part *tails = bench_part(result, BENCH_NUMBER, 1, 1, "register writes");
    struct bench_part *words = bench_part(result, BENCH_NUMBER, 1, 1, "status words");
    struct bench_part *reads = bench_part(result, BENCH_NUMBER, 0, 0, "register reads");
    struct driver driver;
    if (open_driver(&driver, false)) {
        if (fill_gather(&driver))
            time_submit(bench, result, time, &driver);
        close_driver(&driver);
    }
    count_submit(result, tails, words, reads);
}

/* ---- row 12 --------------------------------------------------------------------------------------------------- */

/* All of them in, all of them out; either half counts. */
static bool attach_all(struct driver *driver)
{
    for (unsigned i = 0; i < PASIDS; i++)
        if (iommu_attach(driver->domain, driver->rig.device, iommu_route_pasid(PASID_AT + i), NULL, &driver->attachments[i]) != 0)
            return false;
    return true;
}

static bool detach_all(struct driver *driver)
{
    for (unsigned i = 0; i < PASIDS; i++)
        if (iommu_detach(driver->attachments[i]) != 0)
            return false;
    return true;
}

static uint64_t halves(struct driver *driver, unsigned times, bool detaching)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < times; i++) {
        uint64_t start = bench_now(), middle;
        if (!attach_all(driver))
            return BENCH_FAILED;
        middle = bench_now();
        if (!detach_all(driver))
            return BENCH_FAILED;
        total += detaching ? bench_now() - middle : middle - start;
    }
    return total;
}

static uint64_t attaching(void *ctx, unsigned times)
{
    return halves(ctx, times, false);
}

static uint64_t detaching(void *ctx, unsigned times)
{
    return halves(ctx, times, true);
}

static uint64_t peer_halves(const struct peer_driver *peer, unsigned times, bool out)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < times; i++) {
        uint64_t start = bench_now(), middle;
        if (peer->ops->attach(peer->driver, PASID_AT, PASIDS) != 0)
            return BENCH_FAILED;
        middle = bench_now();
        if (peer->ops->detach(peer->driver, PASID_AT, PASIDS) != 0)
            return BENCH_FAILED;
        total += out ? bench_now() - middle : middle - start;
    }
    return total;
}

static uint64_t peer_attaching(void *ctx, unsigned times)
{
    return peer_halves(ctx, times, false);
}

static uint64_t peer_detaching(void *ctx, unsigned times)
{
    return peer_halves(ctx, times, true);
}

static void half(struct bench *bench, struct driver *driver, struct bench_part *part, uint64_t (*own)(void *, unsigned),
                 uint64_t (*peer)(void *, unsigned))
{
    struct peer_driver peers[BENCH_PEERS_MAX];
    struct bench_op ops[BENCH_OPS_MAX];
    struct bench_samples samples;
    unsigned count = open_peers(bench, peers, ops + 1, peer);
    if (count == 0) {
        bench_missing(part, BENCH_NEEDS_LINUX);
        return;
    }
    ops[0] = (struct bench_op){.name = "iommukit", .run = own, .ctx = driver};
    for (unsigned i = 0; i <= count; i++)
        ops[i].each = PASIDS;
    bench_take(bench, ops, 1 + count, &samples);
    bench_against(part, ops, &samples, 0, 1, count);
    bench_give(&samples);
    close_peers(peers, count);
}

static void count_attach(struct bench_result *result, struct bench_part *invalidations)
{
    struct bench_unit_counts before, between, after;
    struct driver driver;
    if (!open_driver(&driver, true))
        return;
    bench_unit_counts(driver.rig.unit, &before);
    if (attach_all(&driver)) {
        bench_unit_counts(driver.rig.unit, &between);
        detach_all(&driver);
        bench_unit_counts(driver.rig.unit, &after);
        bench_fixed(invalidations, (double)(between.descriptors - before.descriptors) / PASIDS);
        bench_count(result, "descriptors, detach", (double)(after.descriptors - between.descriptors) / PASIDS);
        bench_count(result, "register writes, detach", (double)(after.tail_writes - between.tail_writes) / PASIDS);
    }
    close_driver(&driver);
}

void bench_row_attach(struct bench *bench, struct bench_result *result)
{
    struct bench_part *in = bench_part(result, BENCH_TIMES_FASTER, 5, 2.5, "attach");
    struct bench_part *out = bench_part(result, BENCH_TIMES_FASTER, 5, 2.5, "detach");
    struct bench_part *invalidations = bench_part(result, BENCH_NUMBER, 0, 0, "descriptors, attach");
    struct driver driver;
    if (open_driver(&driver, false)) {
        half(bench, &driver, in, attaching, peer_attaching);
        half(bench, &driver, out, detaching, peer_detaching);
        close_driver(&driver);
    }
    count_attach(result, invalidations);
}
