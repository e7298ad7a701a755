/* SPDX-License-Identifier: MIT */
/*
 * cost.c - what each operation costs at the unit's interfaces, beside what the architecture asks for.
 *
 * Measured on a machine at work: the device has its tables, another route of it is attached, leaf tables are there. One
 * write of the tail (or a few of the registers) is needed where something has to be invalidated, and nothing else.
 */
#include "conformance/cost.h"

#include <stdlib.h>
#include <string.h>

#define RW     (IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE)
#define GROWTH 16u
#define MANY   64u

struct meter {
    struct bench *bench;
    struct iommu_conform_result *result;
    struct bench_counts before;
    bool legacy, caching, first_stage, queue, flushes_tables, flushes_pages, buffer, psi;
    bool out_of_memory;
};

const char *iommu_conform_item_name(enum iommu_conform_item item)
{
    static const char *const names[IOMMU_CONFORM_ITEMS] = {
        [IOMMU_CONFORM_INVALIDATIONS] = "invalidations", [IOMMU_CONFORM_WAITS] = "waits",
        [IOMMU_CONFORM_MMIO_WRITES] = "mmio_writes",     [IOMMU_CONFORM_MMIO_READS] = "mmio_reads",
        [IOMMU_CONFORM_FLUSHED_LINES] = "flushed_lines",
    };
    return (unsigned)item < IOMMU_CONFORM_ITEMS ? names[item] : NULL;
}

static void begin(struct meter *meter)
{
    bench_counts(meter->bench, &meter->before);
}

static struct iommu_conform_cost *new_row(struct meter *meter, const char *operation)
{
    struct iommu_conform_result *result = meter->result;
    if (result->cost_count % GROWTH == 0) {
        void *more = realloc(result->costs, (result->cost_count + GROWTH) * sizeof *result->costs);
        if (more == NULL) {
            meter->out_of_memory = true;
            return NULL;
        }
        result->costs = more;
    }
    struct iommu_conform_cost *row = &result->costs[result->cost_count++];
    *row = (struct iommu_conform_cost){.operation = operation, .unit = meter->bench->unit->name};
    return row;
}

/* The queue takes one write of its tail, whatever goes in. By registers each invalidation is a write of the address (if
 * it has one) and one of the command, and is polled once at least. */
static void need(const struct meter *meter, struct iommu_conform_cost *row, uint32_t invalidations,
                 uint32_t addresses, bool appears, uint32_t lines)
{
    row->needed[IOMMU_CONFORM_INVALIDATIONS] = invalidations;
    row->needed[IOMMU_CONFORM_FLUSHED_LINES] = lines;
    if (invalidations == 0) {
        /* A new entry behind a write buffer: read the status, command, poll. */
        row->needed[IOMMU_CONFORM_MMIO_WRITES] = appears && meter->buffer ? 1 : 0;
        row->needed[IOMMU_CONFORM_MMIO_READS] = appears && meter->buffer ? 2 : 0;
    } else if (meter->queue) {
        row->needed[IOMMU_CONFORM_WAITS] = 1;
        row->needed[IOMMU_CONFORM_MMIO_WRITES] = 1;
    } else {
        row->needed[IOMMU_CONFORM_MMIO_WRITES] = invalidations + addresses;
        row->needed[IOMMU_CONFORM_MMIO_READS] = invalidations;
    }
}

static void end(struct meter *meter, const char *operation, uint32_t invalidations,
                uint32_t addresses, bool appears, uint32_t lines)
{
    struct bench_counts now;
    bench_counts(meter->bench, &now);
    struct iommu_conform_cost *row = new_row(meter, operation);
    if (row == NULL)
        return;
    const struct bench_counts *was = &meter->before;
    uint64_t waits = now.waits - was->waits;
    row->spent[IOMMU_CONFORM_WAITS] = (uint32_t)waits;
    row->spent[IOMMU_CONFORM_INVALIDATIONS] =
        (uint32_t)(now.descriptors - was->descriptors - waits + now.register_invalidations -
                   was->register_invalidations);
    row->spent[IOMMU_CONFORM_MMIO_WRITES] = (uint32_t)(now.mmio_writes - was->mmio_writes);
    row->spent[IOMMU_CONFORM_MMIO_READS] = (uint32_t)(now.mmio_reads - was->mmio_reads);
    row->spent[IOMMU_CONFORM_FLUSHED_LINES] = (uint32_t)(now.flush_lines - was->flush_lines);
    need(meter, row, invalidations, addresses, appears, lines);
}

/* Where the entry that goes is the one that allows ATS, that has to be off, and the device's TLB empty, before. */
static void another_batch(struct meter *meter)
{
    struct iommu_conform_cost *row = &meter->result->costs[meter->result->cost_count - 1];
    row->needed[IOMMU_CONFORM_WAITS]++;
    row->needed[IOMMU_CONFORM_MMIO_WRITES]++;
}

/* ---- the operations */

static uint32_t ats(const struct meter *meter)
{
    return bench_ats_on(meter->bench, 0);
}

/* A route's entry comes: with Caching Mode two caches may know that it was not there. It goes: two in any case. In
 * legacy mode they are the context cache and the IOTLB, in scalable mode the PASID cache and the IOTLB. */
static void routes(struct meter *meter, const char *attach, const char *detach, uint32_t pasid)
{
    struct bench *bench = meter->bench;
    unsigned domain = bench_domain(bench, 0);
    bench_map(bench, domain, bench_iova(bench), bench_page(bench), BENCH_PAGE, RW);
    begin(meter);
    pasid = bench_attach(bench, domain, 0, pasid);
    /* A legacy context that faulted is remembered under domain id 0, so that both ids are flushed. */
    end(meter, attach, meter->caching ? (meter->legacy ? 3 : 2) : 0, 0, true,
        meter->flushes_tables ? 2 : 0);
    uint32_t device_tlb = ats(meter);
    if (pasid == BENCH_NO_PASID ? bench->adapter->detach == NULL
                                : bench->adapter->detach_pasid == NULL)
        return;
    begin(meter);
    bench_detach(bench, domain, 0, pasid);
    end(meter, detach, 2 + device_tlb, 0, false, meter->flushes_tables ? 2 : 0);
    if (meter->legacy && device_tlb && !meter->out_of_memory)
        another_batch(meter);
}

/* By pages where the unit can, else by domain: one invalidation either way. */
static void pages(struct meter *meter, const char *map, const char *unmap, unsigned domain,
                  uint64_t iova, unsigned count)
{
    struct bench *bench = meter->bench;
    uint32_t lines = meter->flushes_pages ? (count * 8 + BENCH_LINE - 1) / BENCH_LINE : 0;
    bool tells = meter->caching && !meter->first_stage;
    uint64_t pa = bench_pages(bench, count);
    begin(meter);
    bench_map(bench, domain, iova, pa, count * BENCH_PAGE, RW);
    end(meter, map, tells, tells && meter->psi, true, lines);
    if (bench->adapter->unmap == NULL)
        return;
    begin(meter);
    bench_unmap(bench, domain, iova, count * BENCH_PAGE);
    end(meter, unmap, 1 + ats(meter), meter->psi, false, lines);
}

static void operations(struct meter *meter)
{
    struct bench *bench = meter->bench;
    unsigned domain = bench_domain(bench, 0);
    uint64_t base = bench_iova(bench) >> 21 << 21;
    /* A page that stays, so that no table comes or goes. */
    bench_map(bench, domain, base + 256 * BENCH_PAGE, bench_page(bench), BENCH_PAGE, RW);
    uint32_t pasid = bench_has_pasid(bench, 0) ? 2 : BENCH_NO_PASID;
    bench_attach(bench, domain, 0, pasid);
    pages(meter, "map, 1 page", "unmap, 1 page", domain, base, 1);
    pages(meter, "map, 64 pages", "unmap, 64 pages", domain, base + MANY * BENCH_PAGE, MANY);
    if (pasid != BENCH_NO_PASID) {
        routes(meter, "attach, PASID", "detach, PASID", 3);
        routes(meter, "attach", "detach", BENCH_NO_PASID);
        return;
    }
    if (bench->adapter->detach == NULL)
        return;
    bench_detach(bench, domain, 0, BENCH_NO_PASID);
    routes(meter, "attach", "detach", BENCH_NO_PASID);
}

static struct meter *current;

static void run_operations(struct bench *bench)
{
    struct meter *meter = current;
    uint64_t cap = bench->cap[0], ecap = bench->ecap[0];
    meter->legacy = !(ecap & ECAP_SMTS);
    meter->caching = (cap & CAP_CM) != 0;
    meter->first_stage = !meter->legacy && !(ecap & ECAP_SSTS);
    meter->queue = (ecap & ECAP_QI) != 0;
    meter->buffer = (cap & CAP_RWBF) != 0;
    meter->psi = (cap & CAP_PSI) != 0 && !meter->queue;
    meter->flushes_tables = !(ecap & ECAP_C);
    meter->flushes_pages = meter->legacy ? !(ecap & ECAP_C) : !(ecap & ECAP_SMPWCS);
    operations(meter);
}

int cost_measure(struct bench *bench, const char *unit, struct iommu_conform_result *result)
{
    static const struct scenario scenario = {"cost", "operations, measured", 0, run_operations};
    struct meter meter = {.bench = bench, .result = result};
    const struct unit_row *row;
    current = &meter;
    for (unsigned i = 0; (row = unit_at(i)) != NULL; i++) {
        if (unit != NULL && strcmp(row->name, unit) != 0)
            continue;
        bench->scenario = &scenario;
        bench->unit = row;
        bench->lies = 0;
        bench->seed = 1;
        (void)bench_run(bench);
        result->runs++;
    }
    current = NULL;
    return meter.out_of_memory ? -1 : 0;
}
