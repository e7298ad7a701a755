/* SPDX-License-Identifier: MIT */
/*
 * iommukit/vtd.h - the Intel VT-d driver.
 *
 *     parse the DMAR table, map and check every unit      iommu_vtd_create
 *     make devices known (those with reserved regions first of all)   iommu_device_add
 *     switch translation on                                iommu_start
 *
 * Units of one instance may differ in everything. Instances share nothing. Any thread may call; the instance must
 * not be destroyed meanwhile.
 */
#ifndef IOMMUKIT_VTD_H
#define IOMMUKIT_VTD_H

#include "iommukit/iommu.h"
#include "iommukit/platform.h"

IOMMU_BEGIN_DECLS

/* How units are run. */
enum iommu_vtd_mode {
    IOMMU_VTD_MODE_AUTO,     /* per unit: scalable where it can, else legacy */
    IOMMU_VTD_MODE_SCALABLE, /* units that cannot: create fails with -EOPNOTSUPP */
    IOMMU_VTD_MODE_LEGACY,   /* one domain per device, no PASIDs */
};

/* What to do with a unit that firmware or an earlier kernel left running. */
enum iommu_vtd_takeover {
    IOMMU_VTD_TAKE_OVER, /* drain its queue, switch it off, start from scratch */
    IOMMU_VTD_REFUSE,    /* iommu_start fails with -EBUSY */
};

/* Correct what a unit says of itself. Bits are those of the CAP and ECAP registers. A feature that is switched
 * on here without its prerequisites is switched off again. */
struct iommu_vtd_quirk {
    uint64_t base; /* register base of the unit; 0: every unit */
    uint64_t cap_clear, cap_set, ecap_clear, ecap_set; /* cleared first */
};

/* All zero but for the table: sensible defaults. Copied during the call; nothing of it need stay. */
struct iommu_vtd_config {
    const void *dmar; /* the ACPI table, header included */
    size_t dmar_bytes;
    enum iommu_vtd_mode mode;
    enum iommu_vtd_takeover takeover;
    const struct iommu_vtd_quirk *quirks; /* applied in order */
    unsigned quirk_count;
    bool no_ats;                /* never enable device TLBs */
    bool no_queue;              /* legacy mode: use the invalidation registers even where there is a queue */
    bool force_write_buffer_flush; /* chipsets that hide RWBF */
    uint64_t fault_msi_address; /* message for fault events; 0: none, poll iommu_handle_events */
    uint32_t fault_msi_data;    /* and what the message carries */
    uint32_t timeout_ms;        /* for each wait; 0: 1000 */
};

/* -EINVAL malformed table; -ENODEV no usable unit; -EOPNOTSUPP mode, or a unit this platform cannot drive
 * (unsnooped walks without a cache_flush hook); -ENOMEM. The hardware has not been written to.
 * *iommu is the caller's until iommu_destroy(); platform must outlive it. */
int iommu_vtd_create(const struct iommu_platform *platform, const struct iommu_vtd_config *config,
                     struct iommu **iommu);

/* ---- looking in --------------------------------------------------------------------------------------- */

/* One unit: what it is and what was done with it. */
struct iommu_vtd_unit_info {
    uint64_t base;                /* physical address of its registers */
    uint16_t segment;             /* PCI segment it serves */
    bool include_all;             /* serves every device of the segment that no other unit names */
    enum iommu_vtd_mode mode;     /* SCALABLE or LEGACY */
    uint32_t version;             /* VER register */
    uint64_t cap, ecap;           /* as used: after quirks and cross-checks */
    uint64_t root_table;          /* physical address; 0: none yet */
    bool queued;                  /* invalidates through the queue */
    uint32_t domain_ids;          /* number the unit can tell apart */
    uint32_t domain_ids_used;     /* in use or withheld */
    uint32_t pasid_limit;         /* number of PASIDs; 0: none */
    /* counts since create */
    uint64_t mmio_reads, mmio_writes;
    uint64_t descriptors;         /* queued, waits included */
    uint64_t waits;
    uint64_t faults;              /* records read */
    uint64_t table_pages;         /* root, context, PASID pages allocated now */
    uint64_t withheld_pages;      /* given up for ever: the unit may still read them */
};

/* Units of the instance, in the order of the table, and what one of them says of itself. */
unsigned iommu_vtd_unit_count(const struct iommu *iommu);
int iommu_vtd_unit_info(struct iommu *iommu, unsigned index, struct iommu_vtd_unit_info *info); /* -EINVAL */
/* Index of the device's unit, or -ENODEV. */
int iommu_vtd_device_unit(const struct iommu_device *device);
/* Domain id of the attachment on its unit. */
uint32_t iommu_vtd_attachment_domain_id(const struct iommu_attachment *attachment);

/* The architecture's name for a fault reason code, in words; never NULL. */
const char *iommu_vtd_fault_name(uint8_t reason);

IOMMU_END_DECLS

#endif
