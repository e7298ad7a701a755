/* SPDX-License-Identifier: MIT */
/*
 * iommukit/conformance/adapter.h - the calls through which the conformance suite drives somebody's VT-d driver.
 *
 * Fill one struct iommu_conform_adapter. `init`, `domain_alloc`, `map` and `attach` are needed; any other call may be
 * NULL, and the suite asks accordingly less. Calls return 0 or a negative errno-like number; a refused call must
 * have changed nothing. The suite calls from one thread at a time.
 *
 * The driver reaches hardware and memory through the host's platform alone (iommukit/platform.h says what each
 * hook does): the machine exists nowhere else. All hooks of that header are set but those of
 * locks. The hooks watch: what was flushed, what was freed, which registers were touched. Objects may come from
 * malloc, table pages and queues must come from page_alloc. Time is virtual and advances with every hook; a driver
 * that waits must call one while it does (now_ns, relax, or a register).
 *
 * A run may be left in the middle, when a check fails or the driver hangs: then nothing is called any more, and the
 * next run starts with `init` on a new machine. Keep all state behind *driver.
 */
#ifndef IOMMUKIT_CONFORMANCE_ADAPTER_H
#define IOMMUKIT_CONFORMANCE_ADAPTER_H

#include "iommukit/platform.h"

#define IOMMU_CONFORM_NO_PASID UINT32_MAX /* the route of requests without a PASID */
#define IOMMU_CONFORM_READ     1u         /* `prot`: devices may read */
#define IOMMU_CONFORM_WRITE    2u         /* devices may write */

/* One endpoint of the machine. */
struct iommu_conform_device {
    uint16_t segment; /* PCI segment */
    uint16_t rid; /* bus << 8 | device << 3 | function */
};

/* What a driver finds when it starts. Valid as long as the driver lives. */
struct iommu_conform_host {
    const struct iommu_platform *platform;
    const void *dmar; /* the ACPI table, header included */
    size_t dmar_bytes;
    const struct iommu_conform_device *devices; /* every endpoint; the calls below name them by index */
    unsigned device_count;
};

/* One fault, as the driver read it from a unit. */
struct iommu_conform_fault {
    uint16_t segment, rid; /* who asked */
    uint32_t pasid;   /* or IOMMU_CONFORM_NO_PASID */
    uint64_t address; /* its page */
    bool write;       /* else it was a read */
    uint8_t reason;   /* the architecture's code */
};

/* The driver's calls. */
struct iommu_conform_adapter {
    const char *name;  /* short, as in reports */
    const char *about; /* one sentence */

    /* Bring every unit up. On return translation is on, devices that have nothing attached are blocked, and the
     * firmware's reserved regions work for the devices they belong to. May be called on a machine that an earlier
     * driver left running. */
    int (*init)(const struct iommu_conform_host *host, void **driver);
    /* Everything has been detached and freed. Switch the units off, give everything back. */
    void (*fini)(void *driver);

    /* An empty domain, suitable for (at least) this device. */
    int (*domain_alloc)(void *driver, unsigned device, void **domain);
    int (*domain_free)(void *driver, void *domain); /* refuses a domain that is attached */

    /* Usable by every attached device on return; prot is READ, WRITE or both. */
    int (*map)(void *driver, void *domain, uint64_t iova, uint64_t pa, uint64_t bytes, uint32_t prot);
    /* With `sync` NULL: no device reaches the range on return. Otherwise: on return from the next sync. */
    int (*unmap)(void *driver, void *domain, uint64_t iova, uint64_t bytes);
    int (*sync)(void *driver, void *domain);

    /* Requests without a PASID. */
    int (*attach)(void *driver, void *domain, unsigned device);
    int (*detach)(void *driver, void *domain, unsigned device);

    /* Requests with one. *pasid is the one that the suite would like; a driver that hands them out itself says
     * which it took. */
    int (*attach_pasid)(void *driver, void *domain, unsigned device, uint32_t *pasid);
    int (*detach_pasid)(void *driver, void *domain, unsigned device, uint32_t pasid);

    /* Point an attached route (pasid or NO_PASID) at another domain. On failure the old one is in force. */
    int (*replace)(void *driver, unsigned device, uint32_t pasid, void *domain);

    /* Collect what the units recorded since the last call: number of entries filled, at most `max`. */
    int (*faults)(void *driver, struct iommu_conform_fault *faults, unsigned max);
};

#endif
