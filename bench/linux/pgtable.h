/* SPDX-License-Identifier: MIT */
/* bench/linux/pgtable.h - map and unmap through struct io_pgtable_ops; included behind one of its implementations. */
#ifndef BENCH_LINUX_PGTABLE_H
#define BENCH_LINUX_PGTABLE_H

#define BENCH_PROT (IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)

static int pgtable_map(struct io_pgtable_ops *ops, const struct bench_sweep *sweep)
{
    const size_t pages = sweep->len / sweep->page;
    uint64_t iova = sweep->iova, pa = sweep->pa;
    for (unsigned i = 0; i < sweep->count; i++, iova += sweep->stride, pa += sweep->stride) {
        size_t mapped = 0;
        if (ops->map_pages(ops, iova, pa, sweep->page, pages, BENCH_PROT, GFP_KERNEL, &mapped) || mapped != sweep->len)
            return -1;
    }
    return 0;
}

/* A call ends at the end of a table: as iommu_unmap() does, go on until all is gone. */
static int pgtable_unmap(struct io_pgtable_ops *ops, const struct bench_sweep *sweep)
{
    uint64_t iova = sweep->iova;
    for (unsigned i = 0; i < sweep->count; i++, iova += sweep->stride) {
        for (size_t done = 0; done < sweep->len;) {
            size_t bytes = ops->unmap_pages(ops, iova + done, sweep->page, (sweep->len - done) / sweep->page, NULL);
            if (!bytes)
                return -1;
            done += bytes;
        }
    }
    return 0;
}

#endif
