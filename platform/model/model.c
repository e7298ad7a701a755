/* SPDX-License-Identifier: MIT */
/*
 * platform/model/model.c - a hosted program's modelled machine: posix memory, and on both sides of
 * it the same machine. The driver's register and configuration hooks lead into it from above; its
 * table walks and its devices' DMA come out of it into the same memory.
 *
 * Lies need the host's help: it tells the machine which pages hold tables, which lines were flushed,
 * that time passes; torn.c gives it a walk between any two stores.
 *
 * Locks: a mutex for every model that asks for one. Every hook may be called from any thread.
 */
#include "iommukit/host/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/model/torn.h"
#include "platform/posix/lock.h"

#define DEFAULT_RAM_BYTES  ((uint64_t)8 << 30)
#define DEFAULT_UNIT_BASE  0xFED90000u
#define DEFAULT_BAR0       ((uint64_t)0x200000000000)
#define DEFAULT_BAR2       ((uint64_t)0x200000100000)
#define DEFAULT_PASID_BITS 20
#define WORDS_ATOMIC_BYTES 64u
#define TABLE_BYTES        4096u
#define FREED_KEPT         64u /* blocks that stay poisoned before they are reused */

struct iommu_model_host_machine {
    struct iommu_posix *posix;
    struct iommu_model_host host;
    struct iommu_model_machine *machine;
    struct torn torn;
    bool lock_failed;
    void (*log)(void *ctx, enum iommu_log_level level, const char *text);
    void *log_ctx;
};

/* ---- memory as the models see it ---------------------------------------------------------- */

/*
 * The driver changes tables by single 64-bit stores while a unit may be walking them. What is small
 * and aligned is therefore copied word by word, each word in one piece, as a memory controller
 * does; only bulk data, which nobody may change under a device without being prepared for either
 * value, goes through memcpy.
 */
static bool in_words(uint64_t pa, const void *data, size_t bytes)
{
    return bytes <= WORDS_ATOMIC_BYTES && pa % 8 == 0 && bytes % 8 == 0 && (uintptr_t)data % 8 == 0;
}

/* Past the protection that torn.c puts on the driver's own view of its tables. */
static void *memory_at(const struct iommu_model_host_machine *host, uint64_t pa, size_t bytes)
{
    void *at = iommu_posix_memory(host->posix, pa, bytes);

    return at && host->torn.alias ? host->torn.alias + pa : at;
}

static int memory_read(void *ctx, uint64_t pa, void *to, size_t bytes)
{
    struct iommu_model_host_machine *host = ctx;
    uint64_t *from = memory_at(host, pa, bytes), *word = to;
    size_t index;

    if (!from)
        return -1;
    if (!in_words(pa, to, bytes)) {
        memcpy(to, from, bytes);
        return 0;
    }
    for (index = 0; index < bytes / 8; index++)
        word[index] = __atomic_load_n(&from[index], __ATOMIC_ACQUIRE);
    return 0;
}

static int memory_write(void *ctx, uint64_t pa, const void *from, size_t bytes)
{
    struct iommu_model_host_machine *host = ctx;
    uint64_t *to = memory_at(host, pa, bytes);
    const uint64_t *word = from;
    size_t index;

    if (!to)
        return -1;
    if (!in_words(pa, from, bytes)) {
        memcpy(to, from, bytes);
        return 0;
    }
    for (index = 0; index < bytes / 8; index++)
        __atomic_store_n(&to[index], word[index], __ATOMIC_RELEASE);
    return 0;
}

static int memory_read64(void *ctx, uint64_t pa, uint64_t *value)
{
    struct iommu_model_host_machine *host = ctx;
    uint64_t *word = memory_at(host, pa, sizeof(*word));

    if (!word)
        return -1;
    *value = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    return 0;
}

static void memory_prefetch(void *ctx, uint64_t pa)
{
    const void *word = memory_at(ctx, pa, sizeof(uint64_t));

    __builtin_prefetch(word);
}

static const uint64_t *memory_table(void *ctx, uint64_t pa)
{
    return memory_at(ctx, pa, TABLE_BYTES);
}

static int memory_write64(void *ctx, uint64_t pa, uint64_t value)
{
    struct iommu_model_host_machine *host = ctx;
    uint64_t *word = memory_at(host, pa, sizeof(*word));

    if (!word)
        return -1;
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    return 0;
}

static int memory_cas64(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    struct iommu_model_host_machine *host = ctx;
    uint64_t *word = memory_at(host, pa, sizeof(*word)), found = *expected;
    bool exchanged;

    if (!word)
        return -1;
    exchanged = __atomic_compare_exchange_n(word, &found, desired, false, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE);
    *expected = found;
    return !exchanged;
}

/* ---- the models' own storage and locks ---------------------------------------------------- */

static void *model_alloc(void *ctx, size_t bytes)
{
    (void)ctx;
    return calloc(1, bytes);
}

static void model_free(void *ctx, void *object, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(object);
}

/* A model without a lock would expect one thread at a time, which nobody promised: creation fails. */
static void *model_lock_create(void *ctx)
{
    struct iommu_model_host_machine *host = ctx;
    struct iommu_lock *lock = malloc(sizeof(*lock));

    if (lock && !posix_lock_init(NULL, lock))
        return lock;
    free(lock);
    host->lock_failed = true;
    return NULL;
}

static void model_lock_destroy(void *ctx, void *lock)
{
    (void)ctx;
    posix_lock_fini(NULL, lock);
    free(lock);
}

static void model_lock_acquire(void *ctx, void *lock)
{
    (void)ctx;
    posix_lock_take(NULL, lock);
}

static void model_lock_release(void *ctx, void *lock)
{
    (void)ctx;
    posix_lock_give(NULL, lock);
}

static struct iommu_model_host model_host(struct iommu_model_host_machine *host)
{
    return (struct iommu_model_host){
        .memory = {.ctx = host,
                   .read = memory_read,
                   .write = memory_write,
                   .read64 = memory_read64,
                   .write64 = memory_write64,
                   .cas64 = memory_cas64,
                   .prefetch = memory_prefetch,
                   .table = memory_table},
        .ctx = host,
        .alloc = model_alloc,
        .free = model_free,
        .lock_create = model_lock_create,
        .lock_destroy = model_lock_destroy,
        .lock_acquire = model_lock_acquire,
        .lock_release = model_lock_release,
    };
}

/* ---- registers and configuration space, from the posix host ------------------------------- */

static uint32_t bus_read32(void *ctx, uint64_t pa)
{
    const struct iommu_model_host_machine *host = ctx;

    return iommu_model_machine_read32(host->machine, pa);
}

static uint64_t bus_read64(void *ctx, uint64_t pa)
{
    const struct iommu_model_host_machine *host = ctx;

    return iommu_model_machine_read64(host->machine, pa);
}

static void bus_write32(void *ctx, uint64_t pa, uint32_t value)
{
    const struct iommu_model_host_machine *host = ctx;

    iommu_model_machine_write32(host->machine, pa, value);
}

static void bus_write64(void *ctx, uint64_t pa, uint64_t value)
{
    const struct iommu_model_host_machine *host = ctx;

    iommu_model_machine_write64(host->machine, pa, value);
}

static uint32_t bus_pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    const struct iommu_model_host_machine *host = ctx;

    return iommu_model_machine_pci_read32(host->machine, segment, rid, offset);
}

static void bus_pci_write32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset,
                            uint32_t value)
{
    const struct iommu_model_host_machine *host = ctx;

    iommu_model_machine_pci_write32(host->machine, segment, rid, offset, value);
}

/* ---- what a machine that lies wants to hear ----------------------------------------------- */

static void pages_taken(void *ctx, uint64_t pa, uint64_t bytes, bool table)
{
    struct iommu_model_host_machine *host = ctx;

    iommu_model_machine_taken(host->machine, pa, bytes, table);
    if (table)
        torn_watch(&host->torn, pa, bytes);
}

static void pages_given(void *ctx, uint64_t pa, uint64_t bytes)
{
    struct iommu_model_host_machine *host = ctx;

    torn_unwatch(&host->torn, pa, bytes);
    iommu_model_machine_given(host->machine, pa, bytes);
}

static void lines_flushed(void *ctx, uint64_t pa, uint64_t bytes)
{
    const struct iommu_model_host_machine *host = ctx;

    iommu_model_machine_flushed(host->machine, pa, bytes);
}

static void waiting(void *ctx)
{
    const struct iommu_model_host_machine *host = ctx;

    iommu_model_machine_step(host->machine);
}

static void storing(void *ctx, uint64_t pa)
{
    const struct iommu_model_host_machine *host = ctx;

    iommu_model_machine_storing(host->machine, pa);
}

static void stored(void *ctx, bool begins)
{
    const struct iommu_model_host_machine *host = ctx;

    iommu_model_machine_between(host->machine, begins);
}

static bool told(uint32_t lies, enum iommu_model_lie lie)
{
    return lies & IOMMU_MODEL_LIE(lie);
}

/* An honest machine hears nothing, so that it costs nothing. */
static void add_lies(struct iommu_posix_config *config, uint32_t lies)
{
    bool memory = told(lies, IOMMU_MODEL_LIE_LATE_WRITES) || told(lies, IOMMU_MODEL_LIE_POISON) ||
                  told(lies, IOMMU_MODEL_LIE_TORN_FETCH);

    config->taken = memory ? pages_taken : NULL;
    config->given = memory ? pages_given : NULL;
    config->flushed = told(lies, IOMMU_MODEL_LIE_LATE_WRITES) ? lines_flushed : NULL;
    config->waiting = lies ? waiting : NULL;
    config->keep_freed = told(lies, IOMMU_MODEL_LIE_POISON) ? FREED_KEPT : 0;
}

int iommu_host_model_between_stores(struct iommu_model_host_machine *host, void (*fn)(void *ctx),
                                    void *ctx)
{
    if (!fn) {
        torn_stop(&host->torn);
        return 0;
    }
    return torn_start(&host->torn, fn, ctx);
}

static void host_log(void *ctx, enum iommu_log_level level, const char *text)
{
    const struct iommu_model_host_machine *host = ctx;

    if (host->log)
        host->log(host->log_ctx, level, text);
}

/* ---- creation ----------------------------------------------------------------------------- */

/* One server unit that takes everything, an accelerator at 00:01.0, a plain endpoint at 00:02.0. */
static int create_default_machine(struct iommu_model_host_machine *host, const char **why)
{
    struct iommu_model_unit_config unit = {.base = DEFAULT_UNIT_BASE, .include_all = true};
    struct iommu_model_function_config functions[] = {
        {.pci = {.rid = 0x08,
                 .kind = IOMMU_MODEL_PCI_INTEGRATED,
                 .vendor = 0x8086,
                 .device = 0x0B25,
                 .class_code = 0x088000,
                 .pasid_bits = DEFAULT_PASID_BITS,
                 .ats = true,
                 .scalable_iov = true,
                 .bar = {DEFAULT_BAR0, DEFAULT_BAR2}},
         .accelerator = true},
        {.pci = {.rid = 0x10,
                 .kind = IOMMU_MODEL_PCI_INTEGRATED,
                 .vendor = 0x1234,
                 .device = 0x0001,
                 .class_code = 0x020000}},
    };
    struct iommu_model_machine_config config = {
        .units = &unit, .unit_count = 1, .functions = functions, .function_count = 2};

    if (!iommu_model_unit_preset("scalable", &unit))
        return -EINVAL;
    return iommu_model_machine_create(&host->host, &config, &host->machine, why);
}

static int create_posix(struct iommu_model_host_machine *host, uint64_t ram_bytes, uint32_t lies)
{
    struct iommu_posix_config config = {
        .ram_bytes = ram_bytes ? ram_bytes : DEFAULT_RAM_BYTES,
        .ram_fd = -1,
        .bus_ctx = host,
        .read32 = bus_read32,
        .read64 = bus_read64,
        .write32 = bus_write32,
        .write64 = bus_write64,
        .pci_read32 = bus_pci_read32,
        .pci_write32 = bus_pci_write32,
        .log_ctx = host,
        .log = host_log,
    };
    int result = 0;

    add_lies(&config, lies);
    if (told(lies, IOMMU_MODEL_LIE_TORN_FETCH))
        result = torn_init(&host->torn, config.ram_bytes, &config.ram_fd);
    if (!result)
        result = iommu_posix_create(&config, &host->posix);
    if (!result)
        torn_attach(&host->torn, iommu_posix_memory(host->posix, 0, 0), host, storing, stored);
    return result;
}

int iommu_host_model_create(const struct iommu_model_machine_config *config, uint64_t ram_bytes,
                            struct iommu_model_host_machine **out, const char **why)
{
    struct iommu_model_host_machine *host = calloc(1, sizeof(*host));
    const char *reason = "out of memory";
    int result = -ENOMEM;

    if (host) {
        host->host = model_host(host);
        result = create_posix(host, ram_bytes, config ? config->lies.enabled : 0);
    }
    if (!result && config)
        result = iommu_model_machine_create(&host->host, config, &host->machine, &reason);
    else if (!result)
        result = create_default_machine(host, &reason);
    if (!result && host->lock_failed) {
        result = -ENOMEM;
        reason = "out of memory";
    }
    if (why)
        *why = result ? reason : NULL;
    *out = result ? NULL : host;
    if (result)
        iommu_host_model_destroy(host);
    return result;
}

void iommu_host_model_destroy(struct iommu_model_host_machine *host)
{
    if (!host)
        return;
    torn_stop(&host->torn);
    iommu_model_machine_destroy(host->machine);
    if (host->posix)
        iommu_posix_destroy(host->posix);
    torn_fini(&host->torn);
    free(host);
}

const struct iommu_platform *iommu_host_model_platform(struct iommu_model_host_machine *host)
{
    return iommu_posix_platform(host->posix);
}

struct iommu_model_machine *iommu_host_model_machine(struct iommu_model_host_machine *host)
{
    return host->machine;
}

struct iommu_posix *iommu_host_model_posix(struct iommu_model_host_machine *host)
{
    return host->posix;
}

void iommu_host_model_set_log(struct iommu_model_host_machine *host,
                              void (*fn)(void *ctx, enum iommu_log_level level, const char *text),
                              void *ctx)
{
    host->log = fn;
    host->log_ctx = ctx;
}
