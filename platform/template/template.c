/* SPDX-License-Identifier: MIT */
/*
 * platform/template/template.c - every hook of struct iommu_platform, in the simplest form that
 * works. Copy it, and replace what your system does better, in this order: allocation, locks, the
 * clock, the log.
 */
#include "template.h"

/* One of the four functions that the library itself needs, too; no libc header is asked for it. */
void *memset(void *memory, int value, size_t bytes);

#define SMALLEST_LG2   5u /* room for a free block's link, aligned for any type */
#define CACHE_LINE     64u
#define MAX_PAGE_ORDER 9u

_Static_assert(IOMMU_PAGE_LG2 + MAX_PAGE_ORDER < TEMPLATE_SIZES, "the largest pages have a list");

/* ---- processor: the only part that is not C ------------------------------------------------ */

static void spin(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("pause");
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Write one line back to memory. A host for a machine whose IOMMUs all snoop needs no cache_flush.
 * */
#if defined(__x86_64__) || defined(__i386__)
#define CAN_WRITE_BACK 1
static void write_back(const volatile char *line)
{
    __asm__ volatile("clflush %0" : : "m"(*line) : "memory");
}
#elif defined(__aarch64__)
#define CAN_WRITE_BACK 1
static void write_back(const volatile char *line)
{
    __asm__ volatile("dc cvac, %0" : : "r"(line) : "memory");
}
#else
#define CAN_WRITE_BACK 0
#endif

/* Order stores for a device that looks at memory, not only for other processors. */
static void barrier(void)
{
#if defined(__aarch64__)
    __asm__ volatile("dsb sy" : : : "memory");
#elif defined(__riscv)
    __asm__ volatile("fence iorw, iorw" : : : "memory"); /* the C11 fence leaves out I/O */
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

#if defined(__x86_64__) || defined(__i386__)
#define CAN_COUNT 1
static uint64_t ticks(void)
{
    return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
#define CAN_COUNT 1
static uint64_t ticks(void)
{
    uint64_t now;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(now));
    return now;
}
#elif defined(__riscv) && __riscv_xlen == 64
#define CAN_COUNT 1
static uint64_t ticks(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}
#else
#define CAN_COUNT 0
#endif

/* ---- memory: power-of-two blocks, each aligned to its size --------------------------------- */

static void *to_pointer(uintptr_t address)
{
    return (void *)address; /* NOLINT(performance-no-int-to-ptr): the job of this file */
}

static void enter(struct template_host *host)
{
    while (atomic_flag_test_and_set_explicit(&host->busy, memory_order_acquire))
        spin();
}

static void leave(struct template_host *host)
{
    atomic_flag_clear_explicit(&host->busy, memory_order_release);
}

static unsigned lg2_of(size_t bytes)
{
    unsigned lg2 = SMALLEST_LG2;

    while (lg2 < TEMPLATE_SIZES && (size_t)1 << lg2 < bytes)
        lg2++;
    return lg2;
}

static void give(struct template_host *host, void *memory, unsigned lg2)
{
    struct template_block *block = memory;

    block->next = host->free[lg2];
    host->free[lg2] = block;
}

/* Cut a block off the unused memory. What alignment skips becomes smaller free blocks. */
static void *cut(struct template_host *host, unsigned lg2)
{
    uintptr_t size = (uintptr_t)1 << lg2;
    uintptr_t at = (host->unused + size - 1) & ~(size - 1);

    if (at < host->unused || at > host->end || host->end - at < size)
        return NULL;
    while (host->unused < at) {
        unsigned skipped = (unsigned)__builtin_ctzll(host->unused);

        give(host, to_pointer(host->unused), skipped);
        host->unused += (uintptr_t)1 << skipped;
    }
    host->unused = at + size;
    return to_pointer(at);
}

static void *take(struct template_host *host, unsigned lg2)
{
    struct template_block *block;
    void *memory;

    if (lg2 >= TEMPLATE_SIZES)
        return NULL;
    enter(host);
    block = host->free[lg2];
    memory = block ? block : cut(host, lg2);
    if (block)
        host->free[lg2] = block->next;
    leave(host);
    if (memory)
        memset(memory, 0, (size_t)1 << lg2);
    return memory;
}

static void put_back(struct template_host *host, void *memory, unsigned lg2)
{
    enter(host);
    give(host, memory, lg2);
    leave(host);
}

static void *hook_alloc(void *ctx, size_t bytes)
{
    return take(ctx, lg2_of(bytes));
}

static void hook_free(void *ctx, void *object, size_t bytes)
{
    put_back(ctx, object, lg2_of(bytes));
}

/* Blocks are aligned virtually; that is physical alignment as long as the offset is a multiple of
 * 2 MiB. */
static void *hook_page_alloc(void *ctx, unsigned order)
{
    return order <= MAX_PAGE_ORDER ? take(ctx, IOMMU_PAGE_LG2 + order) : NULL;
}

static void hook_page_free(void *ctx, void *page, unsigned order)
{
    put_back(ctx, page, IOMMU_PAGE_LG2 + order);
}

/* These two only repeat what phys_to_virt_offset says; keep them where there is no constant
 * offset. */
static void *hook_phys_to_virt(void *ctx, uint64_t pa)
{
    const struct template_host *host = ctx;

    return to_pointer((uintptr_t)(pa + host->config.offset));
}

static uint64_t hook_virt_to_phys(void *ctx, const void *va)
{
    const struct template_host *host = ctx;

    return (uintptr_t)va - host->config.offset;
}

/* ---- registers ----------------------------------------------------------------------------- */

/* Map [pa, pa + bytes) uncached here, unless all devices are mapped anyway. */
static void *hook_mmio_map(void *ctx, uint64_t pa, size_t bytes)
{
    (void)bytes;
    return hook_phys_to_virt(ctx, pa);
}

static void hook_mmio_unmap(void *ctx, void *base, size_t bytes)
{
    (void)ctx;
    (void)base;
    (void)bytes;
}

static uint32_t hook_mmio_read32(void *ctx, const volatile void *reg)
{
    (void)ctx;
    return *(const volatile uint32_t *)reg;
}

/* Two halves, low first, are right on every host; one access is better where there is one. */
static uint64_t hook_mmio_read64(void *ctx, const volatile void *reg)
{
    (void)ctx;
#if UINTPTR_MAX > UINT32_MAX
    return *(const volatile uint64_t *)reg;
#else
    uint32_t low = *(const volatile uint32_t *)reg;

    return (uint64_t)((const volatile uint32_t *)reg)[1] << 32 | low;
#endif
}

static void hook_mmio_write32(void *ctx, volatile void *reg, uint32_t value)
{
    (void)ctx;
    *(volatile uint32_t *)reg = value;
}

static void hook_mmio_write64(void *ctx, volatile void *reg, uint64_t value)
{
    (void)ctx;
#if UINTPTR_MAX > UINT32_MAX
    *(volatile uint64_t *)reg = value;
#else
    ((volatile uint32_t *)reg)[0] = (uint32_t)value;
    ((volatile uint32_t *)reg)[1] = (uint32_t)(value >> 32);
#endif
}

/* ---- order and time ------------------------------------------------------------------------ */

#if CAN_WRITE_BACK
static void hook_cache_flush(void *ctx, const void *va, size_t bytes)
{
    uintptr_t line = (uintptr_t)va & ~(uintptr_t)(CACHE_LINE - 1);
    uintptr_t end = (uintptr_t)va + bytes;

    (void)ctx;
    for (; line < end; line += CACHE_LINE)
        write_back(to_pointer(line));
    barrier();
}
#endif

static void hook_dma_barrier(void *ctx)
{
    (void)ctx;
    barrier();
}

#if CAN_COUNT
static uint64_t hook_now_ns(void *ctx)
{
    const struct template_host *host = ctx;
    uint64_t now = ticks(), per_us = host->config.ticks_per_us;

    return now / per_us * 1000 + now % per_us * 1000 / per_us;
}
#endif

static void hook_relax(void *ctx)
{
    (void)ctx;
    spin();
}

/* ---- locks: a spinlock. With interrupts, or a scheduler, take your own --------------------- */

static int hook_lock_init(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    atomic_flag_clear((atomic_flag *)lock);
    return 0;
}

static void hook_lock_fini(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    (void)lock;
}

static void hook_lock_acquire(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    while (atomic_flag_test_and_set_explicit((atomic_flag *)lock, memory_order_acquire))
        spin();
}

static void hook_lock_release(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    atomic_flag_clear_explicit((atomic_flag *)lock, memory_order_release);
}

/* ---- configuration space ------------------------------------------------------------------- */

/* NULL: this host cannot reach the function, which then reads as if it were not there. */
static volatile uint32_t *config_at(const struct template_host *host, uint16_t segment,
                                    uint16_t rid, uint32_t offset)
{
    uint64_t pa = host->config.ecam_pa + ((uint64_t)rid << 12) + offset;

    if (segment != 0 || rid >> 8 >= host->config.ecam_buses)
        return NULL;
    return to_pointer((uintptr_t)(pa + host->config.offset));
}

static uint32_t hook_pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    const volatile uint32_t *at = config_at(ctx, segment, rid, offset);

    return at ? *at : UINT32_MAX;
}

static void hook_pci_write32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset,
                             uint32_t value)
{
    volatile uint32_t *at = config_at(ctx, segment, rid, offset);

    if (at)
        *at = value;
}

/* ---- log ----------------------------------------------------------------------------------- */

static void hook_log(void *ctx, enum iommu_log_level level, const char *text)
{
    const struct template_host *host = ctx;

    if (level <= IOMMU_LOG_INFO)
        host->config.print(text);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void fill_platform(struct template_host *host)
{
    const struct template_config *config = &host->config;

    host->platform = (struct iommu_platform)
    {
        .ctx = host, .alloc = hook_alloc, .free = hook_free, .page_alloc = hook_page_alloc,
        .page_free = hook_page_free, .phys_to_virt_offset = config->offset,
        .phys_to_virt = hook_phys_to_virt, .virt_to_phys = hook_virt_to_phys,
        .mmio_map = hook_mmio_map, .mmio_unmap = hook_mmio_unmap, .mmio_read32 = hook_mmio_read32,
        .mmio_read64 = hook_mmio_read64, .mmio_write32 = hook_mmio_write32,
        .mmio_write64 = hook_mmio_write64,
#if CAN_WRITE_BACK
        .cache_flush = hook_cache_flush,
#endif
        .dma_barrier = hook_dma_barrier,
#if CAN_COUNT
        .now_ns = config->ticks_per_us ? hook_now_ns : NULL,
#endif
        .relax = hook_relax, .lock_init = hook_lock_init, .lock_fini = hook_lock_fini,
        .lock_acquire = hook_lock_acquire, .lock_release = hook_lock_release,
        .pci_read32 = config->ecam_pa ? hook_pci_read32 : NULL,
        .pci_write32 = config->ecam_pa ? hook_pci_write32 : NULL,
        .log = config->print ? hook_log : NULL,
    };
}

void template_init(struct template_host *host, const struct template_config *config)
{
    uintptr_t first = (uintptr_t)(config->memory_pa + config->offset);

    memset(host, 0, sizeof *host);
    host->config = *config;
    atomic_flag_clear(&host->busy);
    host->end = first + (uintptr_t)config->memory_bytes;
    host->unused = (first + (1u << SMALLEST_LG2) - 1) & ~(((uintptr_t)1 << SMALLEST_LG2) - 1);
    fill_platform(host);
}
