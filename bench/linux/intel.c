/* SPDX-License-Identifier: MIT */
/*
 * bench/linux/intel.c - the VT-d driver's page table, PASID entries and invalidation queue, on the bench's unit. Whole:
 * pasid.c; by name: functions of iommu.c and dmar.c (build.py has the list).
 */
#include "shim.h"

#include "drivers/iommu/intel/iommu.h"
#include "drivers/iommu/intel/pasid.h"

#include "linux.h"

/* Of the files that are not taken as a whole, what their functions refer to. */
enum { DMAR_LATENCY_INV_IOTLB, DMAR_LATENCY_INV_DEVTLB, DMAR_LATENCY_INV_IEC };
#define DMAR_OPERATION_TIMEOUT (~0ull)
#define X86_CR0_WP 0
#define read_cr0() 0ul
#define dmar_latency_enabled(iommu, type) false
#define dmar_latency_update(iommu, type, time) ((void)0)
#define trace_qi_submit(...) ((void)0)
#define debug_dma_dump_mappings(device) ((void)0)
#define qi_dump_fault(iommu, fault) ((void)0)
static const int rwbf_quirk;
int intel_iommu_sm = 1;

static void iommu_flush_iotlb_psi(struct intel_iommu *iommu, struct dmar_domain *domain, unsigned long pfn,
                                  unsigned int pages, int hint, int map);

#include "drivers/iommu/intel/iommu.parts.c"

#include "drivers/iommu/intel/dmar.parts.c"

#include "drivers/iommu/intel/pasid.c"

#define ADDRESS_BITS 48
#define PROT (DMA_PTE_READ | DMA_PTE_WRITE)

/* ---- the page table alone --------------------------------------------------------------------------------- */

/* Large pages replace empty tables: only then, and no unit caches anything of these domains. */
static void iommu_flush_iotlb_psi(struct intel_iommu *iommu, struct dmar_domain *domain, unsigned long pfn,
                                  unsigned int pages, int hint, int map)
{
    (void)iommu, (void)domain, (void)pfn, (void)pages, (void)hint, (void)map;
}

static void *table_create(void)
{
    struct dmar_domain *domain = calloc(1, sizeof *domain);
    BUG_ON(!domain);
    domain->nid = NUMA_NO_NODE;
    domain->gaw = ADDRESS_BITS;
    domain->agaw = width_to_agaw(ADDRESS_BITS);
    domain->iommu_coherency = true;
    domain->iommu_superpage = 2;
    domain->max_addr = 1ull << ADDRESS_BITS;
    INIT_LIST_HEAD(&domain->devices);
    domain->pgd = alloc_pgtable_page(NUMA_NO_NODE);
    return domain;
}

static void table_destroy(void *table)
{
    struct dmar_domain *domain = table;
    LIST_HEAD(freed);
    domain_unmap(domain, 0, DOMAIN_MAX_PFN(domain->gaw), &freed);
    put_pages_list(&freed);
    free(domain);
}

static int table_map(void *table, const struct bench_sweep *sweep)
{
    uint64_t iova = sweep->iova, pa = sweep->pa;
    for (unsigned i = 0; i < sweep->count; i++, iova += sweep->stride, pa += sweep->stride)
        if (__domain_mapping(table, iova >> VTD_PAGE_SHIFT, pa >> VTD_PAGE_SHIFT, sweep->len >> VTD_PAGE_SHIFT, PROT))
            return -1;
    return 0;
}

static int table_unmap(void *table, const struct bench_sweep *sweep)
{
    uint64_t iova = sweep->iova;
    for (unsigned i = 0; i < sweep->count; i++, iova += sweep->stride) {
        LIST_HEAD(freed);
        domain_unmap(table, iova >> VTD_PAGE_SHIFT, (iova + sweep->len - 1) >> VTD_PAGE_SHIFT, &freed);
        put_pages_list(&freed);
    }
    return 0;
}

const struct bench_peer_table bench_linux_vtd = {"VT-d", table_create, table_destroy, table_map, table_unmap};

/* ---- a driver: queue, PASID table, one domain ---------------------------------------------------------------- */

struct driver {
    struct intel_iommu iommu;
    struct q_inval queue;
    struct device_domain_info info;
    struct dev_iommu device_iommu;
    struct pci_dev device;
    struct iommu_domain_info domain_info;
    struct dmar_domain *domain;
    void *iova;
};

#define DID 7u

static void queue_start(struct driver *driver)
{
    struct intel_iommu *iommu = &driver->iommu;
    void *ring = (void *)__get_free_pages(GFP_KERNEL, ecap_smts(iommu->ecap) ? 1 : 0);
    driver->queue.desc = ring;
    /* In the host's pages, so that the unit finds it. */
    driver->queue.desc_status = (int *)get_zeroed_page(GFP_KERNEL);
    driver->queue.free_cnt = QI_LENGTH;
    iommu->qi = &driver->queue;
    writel(0, iommu->reg + DMAR_IQT_REG);
    dmar_writeq(iommu->reg + DMAR_IQA_REG,
                virt_to_phys(ring) | (ecap_smts(iommu->ecap) ? 1u << 11 | 1u : 0));
    writel(DMA_GCMD_QIE, iommu->reg + DMAR_GCMD_REG);
}

static void *driver_create(void)
{
    struct driver *driver = calloc(1, sizeof *driver);
    BUG_ON(!driver);
    driver->iommu.reg = (void *)BENCH_REGISTERS;
    driver->iommu.cap = bench_linux_host->cap;
    driver->iommu.ecap = bench_linux_host->ecap;
    driver->iommu.node = NUMA_NO_NODE;
    driver->iommu.flush.flush_iotlb = qi_flush_iotlb;
    driver->iommu.agaw = width_to_agaw(ADDRESS_BITS);
    driver->info.iommu = &driver->iommu;
    driver->info.pasid_supported = 1;
    driver->device_iommu.priv = &driver->info;
    driver->device.dev.iommu = &driver->device_iommu;
    driver->domain_info = (struct iommu_domain_info){.iommu = &driver->iommu, .refcnt = 1, .did = DID};
    driver->domain = table_create();
    driver->domain->iommu_array.only = &driver->domain_info;
    queue_start(driver);
    driver->iova = bench_linux_iova.create();
    BUG_ON(intel_pasid_alloc_table(&driver->device.dev));
    return driver;
}

static void driver_destroy(void *at)
{
    struct driver *driver = at;
    writel(0, driver->iommu.reg + DMAR_GCMD_REG);
    intel_pasid_free_table(&driver->device.dev);
    bench_linux_iova.destroy(driver->iova);
    table_destroy(driver->domain);
    free_pages((unsigned long)driver->queue.desc, ecap_smts(driver->iommu.ecap) ? 1 : 0);
    free_page((unsigned long)driver->queue.desc_status);
    free(driver);
}

static int submit(void *at, unsigned times)
{
    struct driver *driver = at;
    for (unsigned i = 0; i < times; i++)
        qi_flush_iotlb(&driver->iommu, DID, (uint64_t)i << VTD_PAGE_SHIFT, 0, DMA_TLB_PSI_FLUSH);
    return 0;
}

static int attach(void *at, uint32_t pasid, unsigned count)
{
    struct driver *driver = at;
    for (unsigned i = 0; i < count; i++)
        if (intel_pasid_setup_second_level(&driver->iommu, driver->domain, &driver->device.dev, pasid + i))
            return -1;
    return 0;
}

static int detach(void *at, uint32_t pasid, unsigned count)
{
    struct driver *driver = at;
    for (unsigned i = 0; i < count; i++)
        intel_pasid_tear_down_entry(&driver->iommu, &driver->device.dev, pasid + i, false);
    return 0;
}

static void release(struct driver *driver, uint64_t iova, unsigned pages)
{
    const unsigned long pfn = iova >> VTD_PAGE_SHIFT;
    LIST_HEAD(freed);
    domain_unmap(driver->domain, pfn, pfn + pages - 1, &freed);
    qi_flush_iotlb(&driver->iommu, DID, iova, order_base_2(pages), DMA_TLB_PSI_FLUSH);
    put_pages_list(&freed);
    bench_linux_iova_free(driver->iova, iova, pages);
}

static int cycle(void *at, uint64_t *slots, unsigned slot_count, unsigned pages, unsigned times)
{
    struct driver *driver = at;
    for (unsigned i = 0; i < times; i++) {
        uint64_t *slot = &slots[i % slot_count];
        if (*slot)
            release(driver, *slot, pages);
        *slot = bench_linux_iova_alloc(driver->iova, pages);
        if (!*slot || __domain_mapping(driver->domain, *slot >> VTD_PAGE_SHIFT, 0x100000u + i % slot_count * pages, pages, PROT))
            return -1;
    }
    return 0;
}

const struct bench_peer_driver bench_linux_driver = {"VT-d", driver_create, driver_destroy, submit, attach, detach, cycle};
