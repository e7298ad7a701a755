/* SPDX-License-Identifier: MIT */
/* bench/linux/arm.c - io-pgtable-arm.c, stage 1, 48 bits, 4 KiB granule. */
#include "drivers/iommu/io-pgtable-arm.c"

#include "linux.h"
#include "pgtable.h"

static void flush_all(void *cookie)
{
    (void)cookie;
}

static void flush_walk(unsigned long iova, size_t bytes, size_t granule, void *cookie)
{
    (void)iova, (void)bytes, (void)granule, (void)cookie;
}

static void add_page(struct iommu_iotlb_gather *gather, unsigned long iova, size_t granule, void *cookie)
{
    (void)gather, (void)iova, (void)granule, (void)cookie;
}

static const struct iommu_flush_ops nobody = {.tlb_flush_all = flush_all, .tlb_flush_walk = flush_walk, .tlb_add_page = add_page};

static void *create(void)
{
    struct io_pgtable_cfg config = {.pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G, .ias = 48, .oas = 48, .coherent_walk = true,
                                    .tlb = &nobody};
    struct io_pgtable *table = io_pgtable_arm_64_lpae_s1_init_fns.alloc(&config, NULL);
    if (table)
        table->cfg = config;
    return table;
}

static void destroy(void *table)
{
    io_pgtable_arm_64_lpae_s1_init_fns.free(table);
}

static int map(void *table, const struct bench_sweep *sweep)
{
    return pgtable_map(&((struct io_pgtable *)table)->ops, sweep);
}

static int unmap(void *table, const struct bench_sweep *sweep)
{
    return pgtable_unmap(&((struct io_pgtable *)table)->ops, sweep);
}

const struct bench_peer_table bench_linux_arm = {"io-pgtable-arm", create, destroy, map, unmap};
