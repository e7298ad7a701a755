/* SPDX-License-Identifier: MIT */
/*
 * memory.c - the platform: one piece of the firmware's memory as a pool, given back at the end; registers and
 * configuration space that can be read. What the library would write is refused and counted: there must be nothing.
 */
#include <efi.h>
#include <efilib.h>
#include <iommukit/error.h>
#include <iommukit/pool.h>

#include "uefi.h"

#define PAGES 4096u /* 16 MiB */

static struct iommu_pool pool;
static EFI_PHYSICAL_ADDRESS memory;
static unsigned refused;

int memory_init(void)
{
    if (BS->AllocatePages(AllocateAnyPages, EfiBootServicesData, PAGES, &memory) != EFI_SUCCESS)
        return -IOMMU_ENOMEM;
    iommu_pool_init(&pool, (void *)(uintptr_t)memory, PAGES * IOMMU_PAGE_SIZE);
    return 0;
}

void memory_fini(void)
{
    BS->FreePages(memory, PAGES);
}

void *memory_alloc(size_t bytes)
{
    return iommu_pool_alloc(&pool, bytes);
}

unsigned memory_writes_refused(void)
{
    return refused;
}

static void write32(void *ctx, volatile void *reg, uint32_t value)
{
    refused++;
}

static void write64(void *ctx, volatile void *reg, uint64_t value)
{
    refused++;
}

static uint32_t pci_read(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    return machine_config_read(segment, rid, offset);
}

static void pci_write(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset, uint32_t value)
{
    refused++;
}

/* No unit will see these tables. */
static void flush(void *ctx, const void *va, size_t bytes)
{
}

static void log_line(void *ctx, enum iommu_log_level level, const char *text)
{
    if (level <= IOMMU_LOG_WARNING)
        say("%s", text);
}

const struct iommu_platform *memory_platform(void)
{
    static struct iommu_platform platform = {
        .cache_flush = flush, .mmio_write32 = write32, .mmio_write64 = write64,
        .pci_read32 = pci_read, .pci_write32 = pci_write, .log = log_line,
    };

    iommu_pool_hooks(&pool, &platform);
    return &platform;
}
