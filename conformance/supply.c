/* SPDX-License-Identifier: MIT */
/* supply.c - pages of data, addresses and chance, all of it from the run's seed. */
#include <string.h>

#include "conformance/bench.h"

#define SLOT_LG2    30u
#define SLOTS       200u /* below 2^38: every unit's tables reach that far */
#define WINDOW_SLOT 3u   /* the interrupt window lies in it */

uint64_t bench_random(struct bench *bench)
{
    uint64_t z = bench->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

unsigned bench_pick(struct bench *bench, unsigned below)
{
    return (unsigned)(bench_random(bench) % below);
}

uint64_t bench_pages(struct bench *bench, unsigned pages)
{
    uint64_t pa = iommu_posix_buffer_alloc(bench->memory, pages * BENCH_PAGE);
    if (pa == 0)
        bench_leave(bench, BENCH_INCONCLUSIVE);
    for (unsigned i = 0; i < pages; i++) {
        uint64_t marker = bench_marker(pa + i * BENCH_PAGE);
        memcpy(bench->ram + pa + i * BENCH_PAGE, &marker, sizeof marker);
    }
    return pa;
}

uint64_t bench_page(struct bench *bench)
{
    return bench_pages(bench, 1);
}

uint64_t bench_iova(struct bench *bench)
{
    uint64_t slot = (bench->seed * 37 + bench->slots++ * UINT64_C(13)) % SLOTS + 1;
    if (slot == WINDOW_SLOT)
        slot = SLOTS + 1;
    return (slot << SLOT_LG2) + (bench_random(bench) & 0x1ff) * BENCH_PAGE +
           (bench_random(bench) & 0x7f) * (BENCH_PAGE << 9);
}

uint32_t bench_some_pasid(struct bench *bench, unsigned device)
{
    if (!bench_has_pasid(bench, device) || bench_random(bench) % 2 == 0)
        return BENCH_NO_PASID;
    return bench_new_pasid(bench, device);
}

/* Small numbers, so that they often share a table, and now and then a large one. */
uint32_t bench_new_pasid(struct bench *bench, unsigned device)
{
    uint32_t last = (UINT32_C(2) << (bench->ecap[bench->device_unit[device]] >> 35 & 31)) - 1;
    uint32_t below = bench_random(bench) % 4 != 0 && last > 200 ? 200 : last;
    for (;;) {
        uint32_t pasid = 1 + (uint32_t)(bench_random(bench) % below);
        if (!bench_is_attached(bench, device, pasid))
            return pasid;
    }
}
