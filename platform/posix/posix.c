/* SPDX-License-Identifier: MIT */
/*
 * platform/posix/posix.c - a hosted program's platform: one mapping as physical memory, locks that
 * spin, the monotonic clock, registers and configuration space handed on to the caller's hooks.
 * The modelled machine and the QEMU host are built on it; programs use it directly through
 * iommukit/host/posix.h.
 *
 * Every hook may be called from any thread.
 */
#include "iommukit/host/posix.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "platform/posix/cpu.h"
#include "platform/posix/fill.h"
#include "platform/posix/frames.h"
#include "platform/posix/lock.h"

#define DEFAULT_RAM_BYTES   ((uint64_t)8 << 30)
#define DEFAULT_PAGES_FIRST ((uint64_t)1 << 20)
#define MAX_PAGE_ORDER      9u
#define MAX_KEPT            256u
#define SMALL               512u /* glibc keeps small objects at hand for malloc and not for calloc */

struct iommu_posix {
    struct iommu_platform platform;
    struct iommu_posix_config config;
    uint8_t *ram;
    struct frame_pool pool;
    _Atomic uint64_t bad_frees;
    pthread_mutex_t kept_lock;
    uint32_t kept[MAX_KEPT]; /* blocks kept from reuse, in turn; 0: none */
    unsigned next_kept;
};

/* ---- memory -------------------------------------------------------------------------------- */

static void *posix_alloc(void *ctx, size_t bytes)
{
    void *object;

    (void)ctx;
    if (bytes > SMALL)
        return calloc(1, bytes);
    object = malloc(bytes ? bytes : 1);
    if (object)
        memset(object, 0, bytes);
    return object;
}

static void posix_free(void *ctx, void *object, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(object);
}

static void *posix_page_alloc(void *ctx, unsigned order)
{
    struct iommu_posix *host = ctx;
    uint32_t frame;
    void *page;

    if (order > MAX_PAGE_ORDER)
        return NULL;
    frame = frames_take(&host->pool, 1u << order, FRAME_PAGE);
    if (!frame)
        return NULL;
    page = host->ram + ((uint64_t)frame << IOMMU_PAGE_LG2);
    memset(page, 0, (size_t)IOMMU_PAGE_SIZE << order);
    if (host->config.taken)
        host->config.taken(host->config.bus_ctx, (uint64_t)frame << IOMMU_PAGE_LG2,
                           IOMMU_PAGE_SIZE << order, true);
    return page;
}

/* A wrong free is refused, counted and logged: it costs memory then, not somebody else's table. */
static void bad_free(struct iommu_posix *host, const char *text)
{
    atomic_fetch_add(&host->bad_frees, 1);
    if (host->config.log)
        host->config.log(host->config.log_ctx, IOMMU_LOG_ERROR, text);
}

/* The block goes to the end of the row; returns the one that has been there longest, 0: none. */
static uint32_t to_the_row(struct iommu_posix *host, uint32_t first)
{
    uint32_t oldest;

    if (!host->config.keep_freed)
        return first;
    pthread_mutex_lock(&host->kept_lock);
    oldest = host->kept[host->next_kept];
    host->kept[host->next_kept] = first;
    host->next_kept = (host->next_kept + 1) % host->config.keep_freed;
    pthread_mutex_unlock(&host->kept_lock);
    return oldest;
}

/* Whoever wants to hear of it does so while the block is nobody's. */
static bool keep(struct iommu_posix *host, uint32_t first, uint32_t count, enum frame_use use)
{
    uint32_t released;

    if (!frames_keep(&host->pool, first, count, use))
        return false;
    if (host->config.given)
        host->config.given(host->config.bus_ctx, (uint64_t)first << IOMMU_PAGE_LG2,
                           (uint64_t)count << IOMMU_PAGE_LG2);
    released = to_the_row(host, first);
    if (released)
        frames_release(&host->pool, released);
    return true;
}

static bool give(struct iommu_posix *host, uint64_t pa, uint64_t bytes, enum frame_use use)
{
    uint64_t count = (bytes + IOMMU_PAGE_SIZE - 1) >> IOMMU_PAGE_LG2;

    if (pa % IOMMU_PAGE_SIZE || pa >= host->config.ram_bytes || bytes > host->config.ram_bytes)
        return false;
    if (host->config.keep_freed || host->config.given)
        return keep(host, (uint32_t)(pa >> IOMMU_PAGE_LG2), (uint32_t)count, use);
    return frames_give(&host->pool, (uint32_t)(pa >> IOMMU_PAGE_LG2), (uint32_t)count, use);
}

static void posix_page_free(void *ctx, void *page, unsigned order)
{
    struct iommu_posix *host = ctx;
    uint64_t pa = (uint64_t)((uintptr_t)page - (uintptr_t)host->ram);

    if (order > MAX_PAGE_ORDER || !give(host, pa, IOMMU_PAGE_SIZE << order, FRAME_PAGE))
        bad_free(host, "page_free: not a page of this order that is in use");
}

/* All of this memory is coherent for honest models and for QEMU. The hook is there so that units
 * whose walks do not snoop may be driven at all, and for models that are not honest about it. */
static void posix_cache_flush(void *ctx, const void *va, size_t bytes)
{
    struct iommu_posix *host = ctx;

    if (host->config.flushed && bytes)
        host->config.flushed(host->config.bus_ctx, (uint64_t)((uintptr_t)va - (uintptr_t)host->ram),
                             bytes);
}

/* The devices here are software: they see the stores of this process in the order in which others do. */
static void posix_dma_barrier(void *ctx)
{
    (void)ctx;
    atomic_thread_fence(memory_order_release);
}

/* ---- registers: the mapped pointer is the physical address itself -------------------------- */

/* Nobody dereferences it, so pointer arithmetic on it is address arithmetic. */
static void *posix_mmio_map(void *ctx, uint64_t pa, size_t bytes)
{
    (void)ctx;
    if (pa > UINTPTR_MAX || bytes > UINTPTR_MAX - (uintptr_t)pa)
        return NULL;
    return (void *)(uintptr_t)pa; /* NOLINT(performance-no-int-to-ptr): see above */
}

static void posix_mmio_unmap(void *ctx, void *base, size_t bytes)
{
    (void)ctx;
    (void)base;
    (void)bytes;
}

static uint32_t posix_mmio_read32(void *ctx, const volatile void *reg)
{
    const struct iommu_posix *host = ctx;

    return host->config.read32 ? host->config.read32(host->config.bus_ctx, (uintptr_t)reg)
                               : UINT32_MAX;
}

static uint64_t posix_mmio_read64(void *ctx, const volatile void *reg)
{
    const struct iommu_posix *host = ctx;

    return host->config.read64 ? host->config.read64(host->config.bus_ctx, (uintptr_t)reg)
                               : UINT64_MAX;
}

static void posix_mmio_write32(void *ctx, volatile void *reg, uint32_t value)
{
    const struct iommu_posix *host = ctx;

    if (host->config.write32)
        host->config.write32(host->config.bus_ctx, (uintptr_t)reg, value);
}

static void posix_mmio_write64(void *ctx, volatile void *reg, uint64_t value)
{
    const struct iommu_posix *host = ctx;

    if (host->config.write64)
        host->config.write64(host->config.bus_ctx, (uintptr_t)reg, value);
}

/* ---- configuration space and log: handed on, and absent where the caller has none ---------- */

static uint32_t posix_pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    const struct iommu_posix *host = ctx;

    return host->config.pci_read32(host->config.bus_ctx, segment, rid, offset);
}

static void posix_pci_write32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset,
                              uint32_t value)
{
    const struct iommu_posix *host = ctx;

    host->config.pci_write32(host->config.bus_ctx, segment, rid, offset, value);
}

static void posix_log(void *ctx, enum iommu_log_level level, const char *text)
{
    const struct iommu_posix *host = ctx;

    host->config.log(host->config.log_ctx, level, text);
}

/* ---- time ---------------------------------------------------------------------------------- */

static uint64_t posix_now_ns(void *ctx)
{
    const struct iommu_posix *host = ctx;
    struct timespec now;

    if (host->config.waiting)
        host->config.waiting(host->config.bus_ctx);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void posix_relax(void *ctx)
{
    const struct iommu_posix *host = ctx;

    if (host->config.waiting)
        host->config.waiting(host->config.bus_ctx);
    sched_yield();
}

/* ---- life ---------------------------------------------------------------------------------- */

static void fill_platform(struct iommu_posix *host)
{
    host->platform = (struct iommu_platform){
        .ctx = host,
        .alloc = posix_alloc,
        .free = posix_free,
        .page_alloc = posix_page_alloc,
        .page_free = posix_page_free,
        .phys_to_virt_offset = (uint64_t)(uintptr_t)host->ram,
        .mmio_map = posix_mmio_map,
        .mmio_unmap = posix_mmio_unmap,
        .mmio_read32 = posix_mmio_read32,
        .mmio_read64 = posix_mmio_read64,
        .mmio_write32 = posix_mmio_write32,
        .mmio_write64 = posix_mmio_write64,
        .cache_flush = posix_cache_flush,
        .dma_barrier = posix_dma_barrier,
        .fill_words = posix_fill(),
        .now_ns = posix_now_ns,
        .relax = posix_relax,
        .lock_init = posix_lock_init,
        .lock_fini = posix_lock_fini,
        .lock_acquire = posix_lock_take,
        .lock_release = posix_lock_give,
        .cpu = posix_cpu,
        .cpu_offset = posix_cpu_offset(),
        .pci_read32 = host->config.pci_read32 ? posix_pci_read32 : NULL,
        .pci_write32 = host->config.pci_write32 ? posix_pci_write32 : NULL,
        .log = host->config.log ? posix_log : NULL,
    };
}

/* A file that is too short would answer the first touch with SIGBUS. */
static int extend_file(int fd, uint64_t bytes)
{
    struct stat status;

    if (fstat(fd, &status))
        return -IOMMU_EINVAL;
    if ((uint64_t)status.st_size < bytes && ftruncate(fd, (off_t)bytes))
        return -IOMMU_ENOMEM;
    return 0;
}

static int map_ram(struct iommu_posix *host)
{
    int fd = host->config.ram_fd;
    int flags = MAP_NORESERVE | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
    void *ram;

    if (fd >= 0) {
        int result = extend_file(fd, host->config.ram_bytes);
        if (result)
            return result;
    }
    ram = mmap(NULL, (size_t)host->config.ram_bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (ram == MAP_FAILED)
        return -IOMMU_ENOMEM;
    host->ram = ram;
    return 0;
}

static int build(struct iommu_posix *host)
{
    const struct iommu_posix_config *config = &host->config;
    int result;

    if (config->ram_bytes > SIZE_MAX || config->ram_bytes >> IOMMU_PAGE_LG2 > UINT32_MAX)
        return -IOMMU_EINVAL;
    if (config->pages_first >= config->ram_bytes || config->keep_freed > MAX_KEPT)
        return -IOMMU_EINVAL;
    result = map_ram(host);
    if (result)
        return result;
    result = frames_init(&host->pool,
                         (uint32_t)((config->pages_first + IOMMU_PAGE_SIZE - 1) >> IOMMU_PAGE_LG2),
                         (uint32_t)(config->ram_bytes >> IOMMU_PAGE_LG2));
    if (result)
        munmap(host->ram, (size_t)config->ram_bytes);
    else
        pthread_mutex_init(&host->kept_lock, NULL); /* never fails on the systems at hand */
    return result;
}

int iommu_posix_create(const struct iommu_posix_config *config, struct iommu_posix **host)
{
    struct iommu_posix *made = calloc(1, sizeof *made);
    int result;

    if (!made)
        return -IOMMU_ENOMEM;
    made->config = config ? *config : (struct iommu_posix_config){.ram_fd = -1};
    if (!made->config.ram_bytes)
        made->config.ram_bytes = DEFAULT_RAM_BYTES;
    if (!made->config.pages_first)
        made->config.pages_first = DEFAULT_PAGES_FIRST;
    result = build(made);
    if (result) {
        free(made);
        return result;
    }
    fill_platform(made);
    *host = made;
    return 0;
}

void iommu_posix_destroy(struct iommu_posix *host)
{
    if (!host)
        return;
    frames_fini(&host->pool);
    pthread_mutex_destroy(&host->kept_lock);
    munmap(host->ram, (size_t)host->config.ram_bytes);
    free(host);
}

const struct iommu_platform *iommu_posix_platform(struct iommu_posix *host)
{
    return &host->platform;
}

/* ---- for the program itself ---------------------------------------------------------------- */

void *iommu_posix_memory(struct iommu_posix *host, uint64_t pa, size_t bytes)
{
    if (pa > host->config.ram_bytes || bytes > host->config.ram_bytes - pa)
        return NULL;
    return host->ram + pa;
}

uint64_t iommu_posix_buffer_alloc(struct iommu_posix *host, size_t bytes)
{
    uint64_t count = ((uint64_t)bytes >> IOMMU_PAGE_LG2) + (bytes % IOMMU_PAGE_SIZE != 0);

    uint64_t pa;

    if (count > UINT32_MAX)
        return 0;
    pa = (uint64_t)frames_take(&host->pool, (uint32_t)count, FRAME_BUFFER) << IOMMU_PAGE_LG2;
    if (pa && host->config.taken)
        host->config.taken(host->config.bus_ctx, pa, count << IOMMU_PAGE_LG2, false);
    return pa;
}

void iommu_posix_buffer_free(struct iommu_posix *host, uint64_t pa, size_t bytes)
{
    if (!give(host, pa, bytes, FRAME_BUFFER))
        bad_free(host, "buffer_free: not a buffer of this length that is in use");
}

uint64_t iommu_posix_pages_used(const struct iommu_posix *host)
{
    return atomic_load(&host->pool.used);
}

uint64_t iommu_posix_bad_frees(const struct iommu_posix *host)
{
    return atomic_load(&host->bad_frees);
}
