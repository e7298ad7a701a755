/* SPDX-License-Identifier: MIT */
/*
 * iommukit/host/posix.h - memory, locks and a clock for a hosted program. The base of the other hosts.
 *
 * "Physical memory" is one shared or private mapping, [0, ram_bytes) in physical addresses, committed by the
 * operating system only where it is touched. Pages are handed out from [pages_first, ram_bytes), but not from [0xFEC00000,
 * 4 GiB), where a PC has registers and the interrupt window and no memory.
 */
#ifndef IOMMUKIT_HOST_POSIX_H
#define IOMMUKIT_HOST_POSIX_H

#include "iommukit/error.h"
#include "iommukit/platform.h"

/* One such host. Any thread may call. */
struct iommu_posix;

/* All zero but for ram_fd = -1: the defaults. Copied. */
struct iommu_posix_config {
    uint64_t ram_bytes;    /* 0: 8 GiB */
    uint64_t pages_first;  /* where page_alloc starts; 0: 1 MiB */
    int ram_fd;            /* share this file, extended when it is shorter; -1: anonymous */
    /* Registers and configuration space, by physical address; NULL hooks: all ones, dropped. */
    void *bus_ctx;
    uint32_t (*read32)(void *bus_ctx, uint64_t pa);
    uint64_t (*read64)(void *bus_ctx, uint64_t pa);
    void (*write32)(void *bus_ctx, uint64_t pa, uint32_t value);
    void (*write64)(void *bus_ctx, uint64_t pa, uint64_t value);
    uint32_t (*pci_read32)(void *bus_ctx, uint16_t segment, uint16_t rid, uint32_t offset);
    void (*pci_write32)(void *bus_ctx, uint16_t segment, uint16_t rid, uint32_t offset, uint32_t value);
    /* What a machine of models may want to hear; NULL: nothing. Pages that were taken (for tables, or as a
     * buffer), pages about to be given back, lines written back, and a look at the clock or a pause while waiting. */
    void (*taken)(void *bus_ctx, uint64_t pa, uint64_t bytes, bool table);
    void (*given)(void *bus_ctx, uint64_t pa, uint64_t bytes);
    void (*flushed)(void *bus_ctx, uint64_t pa, uint64_t bytes);
    void (*waiting)(void *bus_ctx);
    unsigned keep_freed;   /* so many freed blocks are kept from reuse for a while; at most 256 */
    /* Log lines; NULL: dropped. */
    void *log_ctx;
    void (*log)(void *log_ctx, enum iommu_log_level level, const char *text);
};

IOMMU_BEGIN_DECLS

/* config may be NULL: the defaults, anonymous. -EINVAL: no memory between pages_first and ram_bytes, or more
 * than this host can address. -ENOMEM. *host is the caller's until iommu_posix_destroy(). */
int iommu_posix_create(const struct iommu_posix_config *config, struct iommu_posix **host);
/* Unmap the memory and free the host. */
void iommu_posix_destroy(struct iommu_posix *host);
/* Its hooks; they live as long as the host. */
const struct iommu_platform *iommu_posix_platform(struct iommu_posix *host);

/* CPU address of [pa, pa + bytes), NULL when outside the memory. */
void *iommu_posix_memory(struct iommu_posix *host, uint64_t pa, size_t bytes);

/* Contiguous memory for a caller's buffers, page granular; physical address, 0: none left. The
 * buffer is aligned to its length (the next power of two) and not cleared. */
uint64_t iommu_posix_buffer_alloc(struct iommu_posix *host, size_t bytes);
/* Give a buffer back, with the length that was asked for. */
void iommu_posix_buffer_free(struct iommu_posix *host, uint64_t pa, size_t bytes);

/* Pages of 4 KiB handed out now, for tables and buffers together. */
uint64_t iommu_posix_pages_used(const struct iommu_posix *host);

/* Frees that were refused (and logged): twice, of the wrong length, of something else. */
uint64_t iommu_posix_bad_frees(const struct iommu_posix *host);

IOMMU_END_DECLS

#endif
