/* SPDX-License-Identifier: MIT */
/*
 * sample.h - a deliberately ordinary VT-d driver: what one gets when a kernel needs an IOMMU driver by the end of the
 * month. It does what is asked, on a forgiving machine. Each of its bugs was found in a public driver; each has a name,
 * and can be had alone, so that the suite can show that it catches exactly this one.
 *
 *   bringup.c  registers, DMAR table, endpoints, units    queue.c  invalidations
 *   tables.c   page tables, context and PASID entries     bugs.c   the list
 *   sample.c   domains, routes, the adapter
 */
#ifndef IOMMUKIT_CONFORMANCE_SAMPLE_H
#define IOMMUKIT_CONFORMANCE_SAMPLE_H

#include "iommukit/conformance/adapter.h"
#include "iommukit/error.h"

/* X(NAME, "name", "what is wrong") */
#define SAMPLE_BUGS(X)                                                                                             \
    X(NO_MAP_INVALIDATION, "no-map-invalidation", "mapping is not followed by an invalidation with CAP.CM")        \
    X(NO_ATTACH_INVALIDATION, "no-attach-invalidation", "nor is a new context or PASID entry")                     \
    X(NO_WRITE_BUFFER, "no-write-buffer-flush", "CAP.RWBF is never looked at")                                     \
    X(NO_FLUSH, "no-table-flush", "cache lines of tables are never written back")                                  \
    X(NO_NEW_FLUSH, "no-new-table-flush", "new table pages are linked before their zeroes are written back")       \
    X(FIRST_UNIT, "first-unit-capabilities", "the capabilities of the first unit are taken for all")               \
    X(ONE_UNIT, "one-unit", "only the first unit is brought up")                                                   \
    X(FOUR_LEVELS, "four-levels", "page tables have four levels everywhere")                                       \
    X(NO_RESERVED, "reserved-ignored", "reserved regions are not mapped")                                          \
    X(SHORT_RESERVED, "reserved-short", "reserved regions are mapped to (limit - base) / page size pages")         \
    X(SHORT_MASK, "mask-short", "the address mask of an invalidation is rounded down")                             \
    X(WRONG_ID, "wrong-domain-id", "unmap invalidates under the domain id of somebody else")                       \
    X(LEAF_HINT, "leaf-hint", "the invalidation hint is always given")                                             \
    X(EARLY_FREE, "early-free", "empty tables are freed before the invalidation")                                  \
    X(NO_PASID_CACHE, "no-pasid-cache", "the PASID cache is never invalidated")                                    \
    X(LAZY_DETACH, "lazy-detach", "detach leaves the invalidation to the next unmap")                              \
    X(DETACH_LIVE, "detach-live", "detach invalidates and forgets, and the entry stays")                           \
    X(NO_DEVICE_TLB, "no-device-tlb", "ATS is on, device-TLBs are never invalidated")                              \
    X(UNTAGGED_DEVICE_TLB, "untagged-device-tlb", "device-TLBs are invalidated without the PASID")                 \
    X(PRESENT_FIRST, "present-first", "entries are written first word first, present bit included")                \
    X(IN_PLACE, "in-place", "replace writes over a present entry")                                                 \
    X(DROPS_ENABLE, "drops-enable", "commands keep the bits that this driver set, not those that are on")                           \
    X(TWO_CHANGES, "two-changes", "root table and translation are switched in one command")                        \
    X(ENDLESS_WAIT, "endless-wait", "waits have no limit")                                                         \
    X(IGNORES_TIMEOUT, "ignores-time-out", "a wait that ran out is taken for success")                             \
    X(NO_QUEUE_RECOVERY, "no-queue-recovery", "queue errors are not looked for, nor cleared")                      \
    X(SNOOP_BIT, "snoop-bit", "the snoop bit is set without ECAP.SC")                                              \
    X(VIRTUAL, "virtual-address", "second-level table pointers hold virtual addresses")                            \
    X(SHARED_ID, "shared-domain-id", "every domain has the same domain id")                                        \
    X(NO_WINDOW, "interrupt-window", "the interrupt window may be mapped")                                         \
    X(WARM_START, "warm-start", "caches are not invalidated with the root table")

#define SAMPLE_BUG_ENUM(name, ...) SAMPLE_BUG_##name,
enum sample_bug { SAMPLE_BUGS(SAMPLE_BUG_ENUM) SAMPLE_BUG_COUNT };

#define SAMPLE_UNITS   4u
#define SAMPLE_DEVICES 32u
#define SAMPLE_ROUTES  16u
#define SAMPLE_IDS     256u
#define SAMPLE_BATCH   24u
#define SAMPLE_DEAD    8u
#define SAMPLE_PAGE    UINT64_C(4096)

struct sample;

struct sample_unit {
    struct sample *sample;
    uint64_t base;
    volatile void *regs;
    uint64_t cap, ecap;
    bool scalable, queued, on;
    uint64_t *root;
    uint64_t *queue;
    volatile uint32_t *status;
    uint32_t tail, sequence;
    uint32_t enabled; /* by this driver */
    uint64_t batch[SAMPLE_BATCH][2];
    unsigned batched;
};

struct sample_device {
    struct iommu_conform_device name;
    struct sample_unit *unit;
    uint64_t *directory; /* scalable mode */
    unsigned directory_order;
    uint32_t pasid_limit;
    uint32_t ats;        /* offset of the capability; 0: none */
    bool ats_on;
    struct sample_domain *boot; /* firmware's reserved regions, until something else is attached */
};

struct sample_route {
    struct sample_device *device; /* NULL: free */
    uint32_t pasid;
};

struct sample_domain {
    struct sample *sample;
    struct sample_domain *next;
    uint64_t *table;
    unsigned levels;
    bool first_stage;
    uint32_t id;
    uint64_t last; /* highest address */
    struct sample_route route[SAMPLE_ROUTES];
    unsigned routes;
};

struct sample {
    const struct iommu_platform *platform;
    uint64_t bugs;
    struct sample_unit unit[SAMPLE_UNITS];
    unsigned units;
    struct sample_device device[SAMPLE_DEVICES];
    unsigned devices;
    bool id_used[SAMPLE_IDS];
    unsigned id_limit;
    struct sample_domain *domain; /* all of them */
    bool lazy; /* a detach waits for somebody to invalidate */
};

static inline bool sample_has(const struct sample *sample, enum sample_bug bug)
{
    return (sample->bugs >> bug & 1) != 0;
}

/* ---- bringup.c */
int sample_init(struct sample *sample, const struct iommu_conform_host *host);
void sample_fini(struct sample *sample);
uint32_t sample_read32(const struct sample_unit *unit, uint32_t offset);
uint64_t sample_read64(const struct sample_unit *unit, uint32_t offset);
void sample_write32(const struct sample_unit *unit, uint32_t offset, uint32_t value);
void sample_write64(const struct sample_unit *unit, uint32_t offset, uint64_t value);
/* Wait for register & mask == wanted. */
int sample_wait(const struct sample_unit *unit, uint32_t offset, uint32_t mask, uint32_t wanted);
int sample_command(struct sample_unit *unit, uint32_t bit, bool on);
uint64_t *sample_page(struct sample *sample, unsigned order);
void sample_flush(struct sample *sample, const void *at, size_t bytes);
uint64_t sample_pa(const struct sample *sample, const void *va);

/* ---- queue.c */
int sample_queue_open(struct sample_unit *unit);
void sample_queue_close(struct sample_unit *unit);
int sample_flush_write_buffer(struct sample_unit *unit);
int sample_invalidate_all(struct sample_unit *unit);
int sample_invalidate_route(struct sample_domain *domain, const struct sample_route *route);
int sample_invalidate_new_route(struct sample_domain *domain, const struct sample_route *route);
int sample_invalidate_pages(struct sample_domain *domain, uint64_t iova, uint64_t bytes, bool tables_gone);
int sample_invalidate_device_tlb(struct sample_device *device);

/* ---- tables.c */
int sample_table_map(struct sample_domain *domain, uint64_t iova, uint64_t pa, uint32_t prot);
/* True: the leaf's table became empty, was unlinked (if that is wanted), and is *dead now. */
bool sample_table_unmap(struct sample_domain *domain, uint64_t iova, bool unlink, uint64_t **dead);
void sample_table_free(struct sample_domain *domain);
uint64_t *sample_entry(struct sample_device *device, uint32_t pasid, bool make);
void sample_entry_set(struct sample_domain *domain, struct sample_device *device, uint64_t *entry);
bool sample_entry_present(struct sample_device *device, uint32_t pasid);
void sample_entry_block(struct sample_device *device, uint64_t *entry);
void sample_entry_clear(struct sample_device *device, uint64_t *entry);
int sample_device_tables(struct sample_device *device);
void sample_unit_tables_free(struct sample_unit *unit);

/* ---- sample.c */
int sample_boot_map(struct sample_device *device, uint64_t first, uint64_t bytes);
int sample_leave_boot(struct sample_device *device);

#endif
