/* SPDX-License-Identifier: MIT */
/*
 * rig.h - the whole stack on a test bench: core and VT-d driver on a modelled machine, the platform
 * between them wrapped by the strict host, and every point at which software makes hardware see
 * something open to a probe.
 *
 * A rig that closes has checked that nothing was leaked, no platform rule broken, and the models
 * not misused.
 */
#ifndef IOMMUKIT_TEST_RIG_H
#define IOMMUKIT_TEST_RIG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "iommukit/aux.h"
#include "iommukit/host/model.h"
#include "iommukit/host/strict.h"
#include "iommukit/iommu.h"
#include "iommukit/vtd.h"

#define RIG_DEVICES  4u
#define RIG_UNITS    2u
#define RIG_PAGE     UINT64_C(4096)
#define RIG_IOVA     UINT64_C(0x40000000)

/* Where software makes something visible; called before the platform's own hook. */
enum rig_moment {
    RIG_FLUSH,    /* cache_flush(address, value = bytes) */
    RIG_BARRIER,  /* dma_barrier */
    RIG_WRITE32,  /* register write: address is physical */
    RIG_WRITE64,
    RIG_PAGE_FREE, /* page_free(address physical, value = order) */
    RIG_PCI_WRITE, /* configuration space: address = RID << 12 | offset */
    RIG_READ32,    /* register reads: filters only */
    RIG_READ64
};
struct rig;
typedef void (*rig_probe)(struct rig *rig, enum rig_moment moment, uint64_t address,
                          uint64_t value);

/*
 * Between driver and registers: may change what a read returned, or a write's value; false: the
 * write gets lost.
 */
typedef bool (*rig_filter)(struct rig *rig, enum rig_moment moment, uint64_t address,
                           uint64_t *value);

/* All zero: one very capable unit, four accelerators 00:01.0 to 00:04.0, scalable mode, started. */
struct rig_config {
    const char *preset;          /* of the model; NULL: "scalable" */
    uint64_t cap_clear, cap_set, ecap_clear, ecap_set; /* changes to the preset, unit 0 (and 1) */
    bool second_unit;            /* devices 2 and 3 sit behind it */
    const char *second_preset;   /* NULL: as the first */
    /* to that preset */
    uint64_t second_cap_clear, second_cap_set, second_ecap_clear, second_ecap_set;
    uint32_t device_flags;       /* enum iommu_device_flags, of every device */
    bool watch_devtlbs;          /* the rig answers device-TLB invalidations, see rig_devtlb */
    uint8_t pasid_bits;          /* of the endpoints; 0: 20; 255: no PASID capability */
    bool no_siov;                /* endpoints lack the Scalable IOV DVSEC */
    enum iommu_vtd_mode mode;
    struct iommu_vtd_config vtd; /* dmar and mode are filled in */
    const struct iommu_model_region_config *regions;
    unsigned region_count;
    bool hold_freed;             /* freed pages stay poisoned */
    /* keep the device's view of every table page; see rig_assert_flushed */
    bool track_flushes;
    bool no_devices;             /* none made known */
    bool not_started;
    uint64_t ram_bytes;
    struct iommu_model_lies lies; /* of the machine */
};

/* Device-TLB invalidations that reached endpoints (watch_devtlbs). */
#define RIG_DEVTLBS_MAX 64u
struct rig_devtlb {
    struct iommu_model_devtlb_invalidation at[RIG_DEVTLBS_MAX];
    unsigned count;
    uint32_t dead; /* bit n: device n never answers */
};

/* Log lines, the last few. */
#define RIG_LINES      16u
#define RIG_LINE_BYTES 160u
struct rig_log {
    char line[RIG_LINES][RIG_LINE_BYTES];
    unsigned count;
};

/* Event messages that units sent. */
struct rig_messages {
    unsigned count;
    enum iommu_model_event event;
    uint64_t address;
    uint32_t data;
};

struct rig {
    struct iommu_model_host_machine *host;
    struct iommu_model_machine *machine;
    struct iommu_posix *memory;
    struct iommu_strict *strict;
    struct iommu_platform platform;   /* probe around strict */
    struct iommu *iommu;
    struct iommu_device *device[RIG_DEVICES];
    struct rig_config config;
    rig_probe probe;
    void *probe_ctx;
    rig_filter filter;
    void *filter_ctx;
    struct rig_devtlb devtlb;
    struct rig_log log;
    struct rig_messages messages;
    struct iommu_event event;         /* the last one */
    unsigned events;
    struct rig_view *views;           /* device's view of table pages */
    bool expect_misuse;
    bool expect_withheld;             /* pages that hardware may still read have been given up */
    struct iommu_model_result last;   /* of the last rig_dma */
};

void rig_open(struct rig *rig, const struct rig_config *config);
/* With the driver's create call under test: everything but it. */
void rig_open_hardware(struct rig *rig, const struct rig_config *config);
int rig_create_driver(struct rig *rig);
void rig_add_devices(struct rig *rig);
/* Removes the devices, destroys the instance, checks the books. Domains must be gone. */
void rig_close(struct rig *rig);

/* Call the probe at every moment from now on; NULL: no longer. */
void rig_watch(struct rig *rig, rig_probe probe, void *ctx);

/* A page of memory for DMA, filled with `value` in every word; physical address. */
uint64_t rig_page(struct rig *rig, uint64_t value);
void rig_page_done(struct rig *rig, uint64_t pa);
uint64_t *rig_words(struct rig *rig, uint64_t pa);

struct iommu_domain *rig_domain(struct rig *rig, enum iommu_stage stage);
struct iommu_domain *rig_domain_mapping(struct rig *rig, enum iommu_stage stage, uint64_t iova,
                                        uint64_t pa);
uint32_t rig_attach(struct rig *rig, struct iommu_domain *domain, unsigned device,
                    struct iommu_attachment **attachment); /* any PASID */

/* One 8-byte DMA of device n; pasid or IOMMU_NO_PASID. True: it went through. */
bool rig_read(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova, uint64_t *value);
bool rig_write(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova, uint64_t value);
/* It reads this value, or it is blocked and recorded with this reason. */
void rig_assert_reads(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova,
                      uint64_t value);
void rig_assert_blocked(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova,
                        bool write);

/* Every table page is, in memory, what the CPU wrote (track_flushes). */
void rig_assert_flushed(struct rig *rig);

/* Tables as hardware finds them, from the root table register on; 0: not present. */
uint64_t rig_context_entry(struct rig *rig, unsigned unit, uint16_t rid);
uint64_t rig_pasid_entry(struct rig *rig, unsigned unit, uint16_t rid, uint32_t pasid);
uint64_t rig_physical64(struct rig *rig, uint64_t pa);
/* Is the page a root, context or PASID table of a unit that snoops those (ECAP.C)? */
bool rig_snoops(struct rig *rig, uint64_t page);

uint16_t rig_rid(unsigned device);
uint64_t rig_unit_base(unsigned unit);
uint64_t rig_descriptors(struct rig *rig, unsigned unit);
/* Pages in use, now that the stock has none. */
uint64_t rig_pages(struct rig *rig);

/* Registers of a unit, past the driver and its platform. */
uint32_t rig_reg32(struct rig *rig, unsigned unit, uint32_t offset);
uint64_t rig_reg64(struct rig *rig, unsigned unit, uint32_t offset);
void rig_set_reg32(struct rig *rig, unsigned unit, uint32_t offset, uint32_t value);
void rig_set_reg64(struct rig *rig, unsigned unit, uint32_t offset, uint64_t value);
void rig_unit_stats(struct rig *rig, unsigned unit, struct iommu_model_vtd_stats *stats);

/* Removes the devices and destroys the instance; the machine stays to be looked at. */
void rig_end_driver(struct rig *rig);
/* Did one of the last log lines contain this? */
bool rig_logged(const struct rig *rig, const char *words);

/* A seed: IOMMUKIT_SEED or the clock; printed with the line that runs the program again with it. */
uint64_t rig_seed(const char *test);
uint64_t rig_random(uint64_t *state);

#endif
