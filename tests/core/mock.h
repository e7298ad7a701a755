/* SPDX-License-Identifier: MIT */
/*
 * tests/core/mock.h - a driver without hardware: what an iommu_ops has to do, over plain memory.
 *
 * It keeps for each device which domain every route leads to, as the tables of a real unit would, so that a
 * test can ask the "hardware" rather than the core. Ops are a copy of each instance's own: a test takes some
 * away. The next call of any op can be made to fail.
 */
#ifndef TESTS_CORE_MOCK_H
#define TESTS_CORE_MOCK_H

#include "iommukit/aux.h"
#include "iommukit/driver.h"
#include "tests/core/counted.h"

enum mock_op {
    MOCK_NONE,
    MOCK_START,
    MOCK_PROBE,
    MOCK_RELEASE,
    MOCK_DOMAIN_INIT,
    MOCK_ATTACH,
    MOCK_DETACH,
    MOCK_REPLACE,
    MOCK_FLUSH_MAP,
    MOCK_FLUSH_UNMAP,
    MOCK_ENABLE,
    MOCK_DISABLE,
    MOCK_OPS
};

#define MOCK_RID_UNCOVERED 0xfff8u /* no unit covers it */
#define MOCK_RID_FIRMWARE  0x0100u /* has the regions below */
#define MOCK_MSI_FIRST     0xfee00000u
#define MOCK_MSI_LAST      0xfeefffffu

struct mock {
    struct iommu iommu; /* first */
    struct counted *host;
    struct iommu_ops ops;
    bool capable;                 /* of everything */
    struct iommu_pt_config table; /* of new domains */
    uint32_t pasid_limit;         /* of new devices */
    uint8_t address_bits;
    struct {
        int result;    /* of the next call; 0: none is to fail */
        unsigned skip; /* after so many calls that work */
    } fail[MOCK_OPS];
    unsigned calls[MOCK_OPS];
    bool stopped;                         /* destroy has come */
    uint64_t flushed_first, flushed_last; /* of the last flush_unmap */
    void (*in_flush)(void *ctx);          /* the next flush_unmap calls it: what another thread does meanwhile */
    void *in_flush_ctx;
};

/* A running instance, able to do everything. */
void mock_init(struct mock *mock, struct counted *host);
/* Asserts that it can be destroyed: no device or domain is left. */
void mock_fini(struct mock *mock);

void mock_fail(struct mock *mock, enum mock_op op, int result);

/* Where the "hardware" leads a route; NULL: it is blocked. */
struct iommu_domain *mock_route(const struct iommu_device *device, uint32_t pasid);

/* Shorthands that assert success. */
struct iommu_device *mock_device(struct mock *mock, uint16_t rid);
struct iommu_domain *mock_domain(struct mock *mock);
struct iommu_attachment *mock_attach(struct iommu_domain *domain, struct iommu_device *device,
                                     struct iommu_route route);

/* The regions of MOCK_RID_FIRMWARE. */
extern const struct iommu_reserved_region mock_regions[3];

#endif
