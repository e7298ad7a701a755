/* SPDX-License-Identifier: MIT */
/*
 * driver_author.c - somebody's own VT-d driver, forty lines for one device and one page, on the model: with and without
 * writing its tables back from the CPU's caches, on an honest unit and on one that reads memory past them. The mistake
 * shows with the lie alone.
 */
#include <iommukit/host/model.h>
#include <stdatomic.h>
#include <stdio.h>

#define UNIT 0xFED90000u
#define IOVA UINT64_C(0x40000000)
enum { GCMD = 0x18, GSTS = 0x1C, RTADDR = 0x20 };

/* ---- the driver under test: legacy mode, 48 bits, nothing but what this takes -------------------------------- */

static const struct iommu_platform *p;
static bool flushes; /* its mistake, when false */
static void store(uint64_t *entry, uint64_t value)
{
    *entry = value;
    if (flushes)
        p->cache_flush(p->ctx, entry, sizeof *entry);
}

static uint64_t physical(const void *page) { return (uintptr_t)page - p->phys_to_virt_offset; }
static void *at(uint64_t pa) { return (void *)(uintptr_t)(pa + p->phys_to_virt_offset); }

static void command(unsigned char *unit, uint32_t bit)
{
    p->mmio_write32(p->ctx, unit + GCMD, bit);
    while (!(p->mmio_read32(p->ctx, unit + GSTS) & bit)) {
    }
}

static void drive(uint16_t rid, uint64_t pa)
{
    uint64_t *root = p->page_alloc(p->ctx, 0), *context = p->page_alloc(p->ctx, 0), *table = p->page_alloc(p->ctx, 0);
    unsigned char *unit = p->mmio_map(p->ctx, UNIT, 4096);

    store(&context[2 * (size_t)(rid & 0xFF) + 1], 1 << 8 | 2); /* domain 1, four levels */
    store(&context[2 * (size_t)(rid & 0xFF)], physical(table) | 1);
    store(&root[2 * (size_t)(rid >> 8)], physical(context) | 1);
    for (unsigned level = 4; level > 1; level--) {
        uint64_t *next = p->page_alloc(p->ctx, 0);
        store(&table[IOVA >> (3 + 9 * level) & 511], physical(next) | 3);
        table = next;
    }
    store(&table[IOVA >> 12 & 511], pa | 3);
    atomic_thread_fence(memory_order_seq_cst); /* tables before registers */
    p->mmio_write64(p->ctx, unit + RTADDR, physical(root));
    command(unit, 1u << 30); /* set the root table */
    command(unit, 1u << 31); /* translate */
}

/* ---- the test: does the device reach the page? A machine of its own for each answer ------------------------------------ */

static bool works(uint32_t lies, struct iommu_model_strike *strike)
{
    struct iommu_model_unit_config unit = {.base = UNIT, .include_all = true};
    struct iommu_model_function_config function = {.pci = {.rid = 1 << 3, .kind = IOMMU_MODEL_PCI_ENDPOINT}};
    struct iommu_model_machine_config config = {.units = &unit, .unit_count = 1, .functions = &function,
                                                .function_count = 1, .lies = {.enabled = lies, .seed = 1}};
    struct iommu_model_host_machine *host;
    struct iommu_model_dma_result result;
    uint64_t word = 0;
    iommu_model_unit_preset("legacy", &unit);
    unit.ecap &= ~UINT64_C(1); /* ECAP.C: its table walks do not snoop the caches */
    if (iommu_host_model_create(&config, 0, &host, NULL))
        return false;
    p = iommu_host_model_platform(host);
    iommu_model_pci_write32(iommu_model_machine_function(iommu_host_model_machine(host), 0), 4, 6); /* bus mastering */
    uint64_t pa = iommu_posix_buffer_alloc(iommu_host_model_posix(host), 4096);
    *(uint64_t *)at(pa) = 42;
    drive(1 << 3, pa);
    struct iommu_model_dma read = {.address = IOVA, .data = &word, .bytes = sizeof word};
    iommu_model_machine_dma(iommu_host_model_machine(host), 0, &read, &result, NULL);
    iommu_model_machine_strikes(iommu_host_model_machine(host), strike, 1);
    iommu_host_model_destroy(host);
    return result.ok && word == 42;
}

int main(void)
{
    bool good = true;

    for (unsigned i = 0; i < 4; i++) {
        struct iommu_model_strike strike = {0};
        char text[200] = "not at all";
        bool lie = i & 1;
        flushes = i & 2;
        bool ok = works(lie ? IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_LATE_WRITES) : 0, &strike);
        if (strike.number)
            iommu_model_strike_text(&strike, text, sizeof text);
        printf("%s cache_flush, %s: %s\n", flushes ? "with" : "without", lie ? "late-writes" : "honest", ok ? "works" : text);
        good = good && ok == (flushes || !lie);
    }
    return !good;
}
