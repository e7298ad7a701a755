/* SPDX-License-Identifier: MIT */
/*
 * bench/linux/shim.h - enough of a kernel around Linux's page-table, IOVA and invalidation code to run it in a program:
 * declarations of our own behind the names that this code uses. Every <linux/...> and <asm/...> header that is not taken
 * from the kernel's source package includes this one. Kinder than a kernel: no interrupt masking, no tracing, physical
 * addresses are CPU addresses.
 */
#ifndef BENCH_LINUX_SHIM_H
#define BENCH_LINUX_SHIM_H

#include <asm-generic/errno.h> /* <errno.h> would want <linux/errno.h>, which is this file */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"

extern const struct bench_peer_host *bench_linux_host;
extern __thread unsigned bench_linux_cpu;

/* ---- types ---------------------------------------------------------------------------------------------- */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s32 __s32;
typedef s64 __s64;
typedef u64 dma_addr_t, phys_addr_t;
typedef unsigned gfp_t, ioasid_t, irqreturn_t, fmode_t;
typedef u64 cycles_t;
typedef s64 ktime_t;
typedef long ssize_t;
typedef long loff_t;
typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef struct { unsigned value; } refcount_t;
typedef struct { int unused; } wait_queue_head_t;
typedef struct { unsigned char b[16]; } guid_t;

#define __iomem
#define __percpu
#define __user
#define __init
#define __exit
#define __rcu
#define __read_mostly
#define __initdata
#define __maybe_unused __attribute__((unused))
#define __always_inline inline __attribute__((always_inline))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __must_check
#define __force
#define noinline __attribute__((noinline))
#define asmlinkage
#define __printf(format, first)
#define ____cacheline_aligned_in_smp __attribute__((aligned(64)))
#define fallthrough __attribute__((fallthrough))
#define THIS_MODULE NULL
#define ENOTSUPP 524
#define EXPORT_SYMBOL_GPL(name)
#define EXPORT_SYMBOL(name)
#define MODULE_AUTHOR(text)
#define MODULE_LICENSE(text)
#define MODULE_DESCRIPTION(text)

#define CONFIG_64BIT 1
#define CONFIG_X86 1
#define CONFIG_INTEL_IOMMU 1
#define CONFIG_IOMMU_API 1
#define IS_ENABLED(option) 0
#define IS_REACHABLE(option) 1
#define BITS_PER_LONG 64
#define L1_CACHE_BYTES 64

/* ---- arithmetic ----------------------------------------------------------------------------------------- */

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define SZ_4K  0x1000u
#define SZ_16K 0x4000u
#define SZ_64K 0x10000u
#define SZ_2M  0x200000u
#define SZ_32M 0x2000000u
#define SZ_512M 0x20000000u
#define SZ_1G  0x40000000u
#define SZ_64G 0x1000000000ull
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define GENMASK(high, low) ((~0UL << (low)) & (~0UL >> (63 - (high))))
#define GENMASK_ULL(high, low) ((~0ULL << (low)) & (~0ULL >> (63 - (high))))
#define FIELD_GET(mask, value) (((value) & (mask)) >> __builtin_ctzll(mask))
#define FIELD_PREP(mask, value) (((u64)(value) << __builtin_ctzll(mask)) & (mask))
#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)
#define U16_MAX UINT16_MAX
#define U64_MAX UINT64_MAX
#define PHYS_ADDR_MAX UINT64_MAX
#define ALIGN(value, to) (((value) + ((__typeof__(value))(to) - 1)) & ~((__typeof__(value))(to) - 1))
#define IS_ALIGNED(value, to) (((value) & ((__typeof__(value))(to) - 1)) == 0)
#define PAGE_ALIGN(value) ALIGN(value, PAGE_SIZE)
#define round_down(value, to) ((value) & ~((__typeof__(value))(to) - 1))
#define ALIGN_DOWN(value, to) round_down(value, to)
#define round_up(value, to) ALIGN(value, to)
#define DIV_ROUND_UP(a, b) (((a) + (b) - 1) / (b))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define swap(a, b) do { __typeof__(a) swapped = (a); (a) = (b); (b) = swapped; } while (0)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define upper_32_bits(value) ((u32)((value) >> 32))
#define lower_32_bits(value) ((u32)(value))

static inline int fls64(u64 value)
{
    return value ? 64 - __builtin_clzll(value) : 0;
}
static inline int fls(unsigned value)
{
    return value ? 32 - __builtin_clz(value) : 0;
}
#define fls_long(value) fls64(value)
#define __ffs(value) ((unsigned long)__builtin_ctzl(value))
#define __fls(value) ((unsigned long)(63 - __builtin_clzl(value)))
#define ffz(value) __ffs(~(value))
#define is_power_of_2(value) ((value) != 0 && ((value) & ((value) - 1)) == 0)
#define ffs(value) __builtin_ffs(value)
#define ilog2(value) (63 - __builtin_clzll(value))
#define order_base_2(value) ((value) > 1 ? ilog2((value) - 1) + 1 : 0)
#define roundup_pow_of_two(value) (1UL << order_base_2((unsigned long)(value)))
#define __roundup_pow_of_two(value) roundup_pow_of_two(value)
#define hweight8(value) __builtin_popcount(value)

static inline int get_order(unsigned long bytes)
{
    return bytes <= PAGE_SIZE ? 0 : order_base_2(bytes) - PAGE_SHIFT;
}

/* ---- compiler and memory order -------------------------------------------------------------------------- */

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)
#define READ_ONCE(object) (*(const volatile __typeof__(object) *)&(object))
#define WRITE_ONCE(object, value) (*(volatile __typeof__(object) *)&(object) = (value))
#define barrier() __asm__ volatile("" ::: "memory")
#define dma_wmb() barrier()
#define dma_rmb() barrier()
#define smp_wmb() barrier()
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define wmb() __asm__ volatile("sfence" ::: "memory")
#define mb() __asm__ volatile("mfence" ::: "memory")
#define cpu_relax() __asm__ volatile("pause" ::: "memory")
#define might_sleep() ((void)0)
#define BUILD_BUG_ON(condition) _Static_assert(!(condition), "the shim does not fit")
#define BUG_ON(condition) do { if (unlikely(condition)) abort(); } while (0)
#define BUG() abort()
#define WARN_ON(condition) ({ bool odd = !!(condition); if (unlikely(odd)) fputs("warned: " #condition "\n", stderr); unlikely(odd); })
#define VM_BUG_ON(condition) ((void)0)
#define WARN_ON_ONCE(condition) WARN_ON(condition)
#define WARN_ONCE(condition, ...) WARN_ON(condition)
#define WARN(condition, ...) WARN_ON(condition)
#define panic(...) abort()
#define __compiletime_error(text)
#define container_of(at, type, member) ((type *)(void *)((char *)(at) - offsetof(type, member)))

/* On x86 every one of them is a locked instruction but the local one, which is not locked. */
#define cmpxchg(at, old, new) __sync_val_compare_and_swap(at, old, new)
#define cmpxchg64(at, old, new) __sync_val_compare_and_swap(at, old, new)
#define cmpxchg64_relaxed(at, old, new) __sync_val_compare_and_swap(at, old, new)
static inline u64 cmpxchg64_local(volatile u64 *at, u64 old, u64 new)
{
    __asm__ volatile("cmpxchgq %2, %1" : "+a"(old), "+m"(*at) : "r"(new) : "memory");
    return old;
}
static inline bool try_cmpxchg64(u64 *at, u64 *old, u64 new)
{
    return __atomic_compare_exchange_n(at, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
#define atomic_read(at) READ_ONCE((at)->counter)
#define atomic_set(at, value) WRITE_ONCE((at)->counter, value)
#define atomic64_read(at) READ_ONCE((at)->counter)
#define atomic64_set(at, value) WRITE_ONCE((at)->counter, value)

/* ---- words ---------------------------------------------------------------------------------------------- */

#define KERN_ERR ""
#define pr_err(...) ((void)0)
#define pr_warn(...) ((void)0)
#define pr_info(...) ((void)0)
#define pr_debug(...) ((void)0)
#define pr_crit(...) fprintf(stderr, __VA_ARGS__)
#define pr_err_ratelimited(...) ((void)0)
#define pr_warn_ratelimited(...) ((void)0)
#define dev_err(device, ...) ((void)0)
#define dev_err_ratelimited(device, ...) ((void)0)
#define dev_warn(device, ...) ((void)0)
#define dev_info(device, ...) ((void)0)

/* ---- locks: one locked instruction to take, a store to give --------------------------------------------- */

typedef struct { int taken; } spinlock_t;
typedef spinlock_t raw_spinlock_t;
struct mutex { spinlock_t lock; };
#define DEFINE_SPINLOCK(name) spinlock_t name
#define DEFINE_MUTEX(name) struct mutex name
#define __SPIN_LOCK_UNLOCKED(name) {0}
static inline void spin_lock(spinlock_t *lock)
{
    while (unlikely(__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE)))
        while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED))
            cpu_relax();
}
static inline void spin_unlock(spinlock_t *lock)
{
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}
#define spin_lock_init(lock) ((lock)->taken = 0)
#define spin_lock_irqsave(lock, flags) ((void)((flags) = 0), spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags) ((void)(flags), spin_unlock(lock))
#define raw_spin_lock_init spin_lock_init
#define raw_spin_lock spin_lock
#define raw_spin_unlock spin_unlock
#define raw_spin_lock_irqsave spin_lock_irqsave
#define raw_spin_unlock_irqrestore spin_unlock_irqrestore
#define mutex_lock(mutex) spin_lock(&(mutex)->lock)
#define mutex_unlock(mutex) spin_unlock(&(mutex)->lock)
#define mutex_init(mutex) spin_lock_init(&(mutex)->lock)
#define lockdep_assert_held(lock) ((void)0)
#define assert_spin_locked(lock) ((void)0)
#define local_irq_save(flags) ((void)((flags) = 0))
#define local_irq_restore(flags) ((void)(flags))

/* ---- lists ---------------------------------------------------------------------------------------------- */

struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct hlist_head { struct hlist_node *first; };
struct rcu_head { void *unused; };
#define LIST_HEAD_INIT(name) {&(name), &(name)}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
static inline void INIT_LIST_HEAD(struct list_head *list)
{
    list->next = list->prev = list;
}
static inline void bench_list_put(struct list_head *entry, struct list_head *before, struct list_head *after)
{
    before->next = after->prev = entry;
    entry->prev = before;
    entry->next = after;
}
#define list_add(entry, list) bench_list_put(entry, list, (list)->next)
#define list_add_tail(entry, list) bench_list_put(entry, (list)->prev, list)
static inline void list_del(struct list_head *entry)
{
    entry->prev->next = entry->next;
    entry->next->prev = entry->prev;
}
#define list_empty(list) ((list)->next == (list))
#define list_entry(at, type, member) container_of(at, type, member)
#define list_for_each_entry(at, list, member)                                         \
    for (at = list_entry((list)->next, __typeof__(*at), member); &at->member != (list); \
         at = list_entry(at->member.next, __typeof__(*at), member))
#define hlist_entry_safe(at, type, member) ((at) ? container_of(at, type, member) : NULL)
#define rcu_assign_pointer(at, value) __atomic_store_n(&(at), value, __ATOMIC_RELEASE)
#define rcu_dereference_raw(at) READ_ONCE(at)

/* ---- memory --------------------------------------------------------------------------------------------- */

enum { GFP_KERNEL, GFP_ATOMIC, __GFP_ZERO = 4, __GFP_NOWARN = 8, __GFP_HIGHMEM = 16, __GFP_DMA = 32 };
#define GFP_KERNEL_ACCOUNT GFP_KERNEL
#define NUMA_NO_NODE (-1)
#define KMALLOC_MAX_SIZE (1UL << 22)
#define SLAB_HWCACHE_ALIGN 0

struct page { struct list_head lru; struct page *freelist; u64 unused[5]; };
extern struct page *bench_linux_pages; /* one for each of the host's */

static inline struct page *virt_to_page(const void *address)
{
    return bench_linux_pages + (((const uint8_t *)address - bench_linux_host->memory) >> PAGE_SHIFT);
}
static inline void *page_address(const struct page *page)
{
    return bench_linux_host->memory + ((size_t)(page - bench_linux_pages) << PAGE_SHIFT);
}
#define virt_to_phys(address) ((u64)(uintptr_t)(address))
#define __pa(address) virt_to_phys(address)
#define phys_to_virt(address) ((void *)(uintptr_t)(address))
#define __va(address) phys_to_virt(address)
#define pfn_to_page(pfn) virt_to_page(phys_to_virt((u64)(pfn) << PAGE_SHIFT))
#define page_to_pfn(page) (virt_to_phys(page_address(page)) >> PAGE_SHIFT)
#define __sme_set(address) (address)
#define __sme_clr(address) (address)
#define sme_me_mask 0
#define offset_in_page(address) ((unsigned long)(address) & ~PAGE_MASK)

static inline unsigned long __get_free_pages(gfp_t flags, unsigned order)
{
    (void)flags;
    return (unsigned long)bench_linux_host->page_alloc(bench_linux_host->ctx, order);
}
#define get_zeroed_page(flags) __get_free_pages(flags, 0)
static inline void free_pages(unsigned long address, unsigned order)
{
    if (address)
        bench_linux_host->page_free(bench_linux_host->ctx, (void *)address, order);
}
#define free_page(address) free_pages(address, 0)
static inline struct page *alloc_pages_node(int node, gfp_t flags, unsigned order)
{
    void *address = (void *)__get_free_pages(flags, order);
    (void)node;
    return address ? virt_to_page(address) : NULL;
}
#define __free_pages(page, order) free_pages((unsigned long)page_address(page), order)
static inline void put_pages_list(struct list_head *list)
{
    struct list_head *at, *next;
    for (at = list->next; at != list; at = next) {
        next = at->next;
        free_page((unsigned long)page_address(container_of(at, struct page, lru)));
    }
    INIT_LIST_HEAD(list);
}
#define kmalloc(bytes, flags) malloc(bytes)
#define kzalloc(bytes, flags) calloc(1, bytes)
#define kcalloc(count, bytes, flags) calloc(count, bytes)
#define kfree(object) free(object)
#define kvfree(object) free(object)

struct kmem_cache { size_t bytes; };
static inline struct kmem_cache *kmem_cache_create(const char *name, size_t bytes, size_t align, unsigned long flags,
                                                   void (*construct)(void *))
{
    struct kmem_cache *cache = malloc(sizeof *cache);
    (void)name, (void)align, (void)flags, (void)construct;
    cache->bytes = bytes;
    return cache;
}
#define kmem_cache_destroy(cache) free(cache)
#define kmem_cache_alloc(cache, flags) malloc((cache)->bytes)
#define kmem_cache_zalloc(cache, flags) calloc(1, (cache)->bytes)
#define kmem_cache_free(cache, object) free(object)

/* ---- processors ----------------------------------------------------------------------------------------- */

#define BENCH_CPUS 2u
#define nr_cpu_ids BENCH_CPUS
#define num_online_cpus() BENCH_CPUS
#define for_each_online_cpu(cpu) for ((cpu) = 0; (cpu) < BENCH_CPUS; (cpu)++)
#define for_each_possible_cpu for_each_online_cpu
#define cache_line_size() 64u
#define bench_percpu_step(bytes) (((bytes) + 63) & ~(size_t)63)
#define __alloc_percpu(bytes, align) calloc(BENCH_CPUS, bench_percpu_step(bytes))
#define free_percpu(object) free(object)
#define per_cpu_ptr(object, cpu) \
    ((__typeof__(object))(void *)((char *)(object) + (cpu) * bench_percpu_step(sizeof *(object))))
#define raw_cpu_ptr(object) per_cpu_ptr(object, bench_linux_cpu)
#define this_cpu_ptr(object) raw_cpu_ptr(object)
#define CPUHP_IOMMU_IOVA_DEAD 0
#define cpuhp_setup_state_multi(...) 0
#define cpuhp_remove_multi_state(...) ((void)0)
#define cpuhp_state_add_instance_nocalls(...) 0
#define cpuhp_state_remove_instance_nocalls(...) ((void)0)

/* ---- devices, registers, time --------------------------------------------------------------------------- */

struct kobject { int unused; };
struct fwnode_handle;
struct bus_type;
struct dev_iommu;
struct device { struct dev_iommu *iommu; };
struct pci_bus;
struct pci_dev { struct device dev; struct pci_bus *bus; unsigned short vendor, device; };
#define PCI_VENDOR_ID_ATI 0
#define PCI_DEVICE_ID_RD890_IOMMU 0
#define pci_domain_nr(bus) 0
#define pci_dev_id(device) 0
struct notifier_block { int unused; };
struct mmu_notifier { int unused; };
struct mm_struct { pgd_t *pgd; };
struct completion { int unused; };
struct work_struct { int unused; };
struct timer_list { int unused; };
struct idr { int unused; };
struct xarray { void *only; };
struct msi_desc;
struct of_phandle_args;
struct scatterlist { unsigned long page_link; unsigned offset, length; dma_addr_t dma_address; };
struct sg_table { struct scatterlist *sgl; unsigned nents, orig_nents; };
struct llist_head { void *first; };
struct llist_node { void *next; };
struct ratelimit_state { int unused; };
struct msi_msg { u32 address_lo, address_hi, data; };
struct attribute_group;
struct acpi_dmar_header;
struct acpi_dmar_reserved_memory;
struct irq_affinity_notify { int unused; };
struct ioasid_allocator_ops { int unused; };
struct iopf_queue;
struct dmar_drhd_unit;
struct dmar_pci_notify_info;

extern int intel_iommu_sm;
#define xa_load(array, index) ((array)->only)
#define xa_for_each(array, index, at) for ((index) = 0, (at) = (array)->only; (at); (at) = NULL)
#define dev_is_pci(device) true
#define to_pci_dev(device) container_of(device, struct pci_dev, dev)
#define pci_max_pasids(device) (1 << 20)
#define pci_device_is_present(device) true
#define dev_name(device) "bench"
#define dev_to_node(device) NUMA_NO_NODE
#define clflush_cache_range(address, bytes) ((void)(address))
#define wbinvd() ((void)0)

#define BENCH_REGISTERS 0x1000ul /* iommu->reg: offsets count from here */
#define bench_offset(address) ((uint32_t)((uintptr_t)(address) - BENCH_REGISTERS))
#define readl(address) bench_linux_host->read32(bench_linux_host->unit, bench_offset(address))
#define writel(value, address) bench_linux_host->write32(bench_linux_host->unit, bench_offset(address), value)
#define readq(address) bench_linux_host->read64(bench_linux_host->unit, bench_offset(address))
#define writeq(value, address) bench_linux_host->write64(bench_linux_host->unit, bench_offset(address), value)
#define get_cycles() 0ull
#define ktime_get() 0
#define ktime_to_ns(time) (time)
#define jiffies 0ul
#define HZ 250

/* Unmapping for devices whose walks do not snoop: not on this machine. */
enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE };
#define dma_map_single(device, address, bytes, direction) virt_to_phys(address)
#define dma_unmap_single(device, address, bytes, direction) ((void)0)
#define dma_sync_single_for_device(device, address, bytes, direction) ((void)0)
#define dma_mapping_error(device, address) 0

#endif
