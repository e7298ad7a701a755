/* SPDX-License-Identifier: MIT */
/* frames.c - what the hooks remember of table pages, and what they counted. */
#include <stdlib.h>
#include <string.h>

#include "conformance/bench.h"

#define POISON 0xdb

bool bench_is_freed(const struct bench *bench, uint64_t pa)
{
    return pa < BENCH_RAM && bench->frame[pa / BENCH_PAGE].use == FRAME_FREED;
}

uint64_t bench_live_pages(const struct bench *bench)
{
    uint64_t count = 0;
    for (size_t i = 0; i < BENCH_FRAMES; i++)
        count += bench->frame[i].use == FRAME_TABLE;
    return count;
}

/* Nobody, neither driver nor device, may have written to a page after it was freed. */
void bench_check_freed(struct bench *bench)
{
    for (size_t i = 0; i < BENCH_FRAMES; i++) {
        const uint8_t *page = bench->ram + i * BENCH_PAGE;
        if (bench->frame[i].use != FRAME_FREED)
            continue;
        if (page[0] != POISON || memcmp(page, page + 1, BENCH_PAGE - 1) != 0) {
            bench_note(bench, FINDING_FREED_WRITTEN,
                       "page %#llx was written to after it had been freed",
                       (unsigned long long)i * BENCH_PAGE);
            return;
        }
    }
}

/* Units count what they carried out, waits included; every batch ends with one. */
void bench_counts(struct bench *bench, struct bench_counts *counts)
{
    *counts = bench->counts;
    for (unsigned i = 0; i < bench->unit_count; i++) {
        struct iommu_model_vtd_stats stats;
        iommu_model_vtd_stats(iommu_model_machine_unit(bench->machine, i), &stats);
        counts->descriptors += stats.descriptors;
        counts->write_buffer_flushes += stats.write_buffer_flushes;
    }
    counts->waits = counts->tails;
}
