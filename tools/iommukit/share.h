/* SPDX-License-Identifier: MIT */
/*
 * share.h - `iommukit share`: one device among many tenants, and the proof that they are isolated.
 *
 *   options.c   command line             tenant.c   domain, route, buffers, copying
 *   machine.c   modelled machine         attack.c   everyone against everyone
 *   lane_*.c    how a device is driven   ledger.c   faults, attributed      report.c   table, JSON
 */
#ifndef IOMMUKIT_TOOL_SHARE_H
#define IOMMUKIT_TOOL_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iommukit/aux.h"
#include "iommukit/host/posix.h"
#include "iommukit/iommu.h"
#include "iommukit/vtd.h"

#include "progress.h"

#define SHARE_TENANTS_MIN 2u
#define SHARE_TENANTS_MAX 65535u /* domain ids of a unit, less one for the ordinary domain */
#define SHARE_BYTES_MAX   ((uint64_t)64 << 20)

enum share_exit { SHARE_ISOLATED = 0, SHARE_LEAK = 1, SHARE_USAGE = 2 };
enum share_platform { SHARE_PLATFORM_MODEL, SHARE_PLATFORM_QEMU };

struct share_options {
    unsigned tenants; /* 0: the platform's default */
    uint64_t bytes;   /* of each tenant's buffers */
    unsigned ops;     /* random operations of each tenant */
    enum share_platform platform;
    const char *dmar; /* file name; NULL: the built-in machine */
    enum iommu_vtd_mode mode;
    enum iommu_stage stage;
    uint64_t seed;
    bool json;
};

/* The same input addresses for every tenant: only the route tells them apart. All lie below 39 bits, and above
 * what firmware reserves and the interrupt window. */
#define SHARE_IOVA_SOURCE UINT64_C(0x4000000000) /* read only */
#define SHARE_IOVA_TARGET UINT64_C(0x5000000000) /* read, write */
#define SHARE_IOVA_RECORD UINT64_C(0x6000000000) /* completion records: one page */
#define SHARE_IOVA_SECRET UINT64_C(0x7000000000) /* + tenant * page: mapped by that tenant alone */
#define SHARE_PAGE        UINT64_C(4096)

/* One shared device. */
struct share_device {
    struct iommu_device *device;
    struct iommu_domain *ordinary; /* of its untagged requests */
    uint64_t ordinary_pa;          /* the page it maps at SHARE_IOVA_TARGET */
    uint64_t stage_pa;             /* and at SHARE_IOVA_RECORD: the lane's own use */
    unsigned function;             /* index in the machine, or QEMU's device */
    unsigned tenants;
    uint32_t stray_pasid;          /* never attached */
};

struct share_tenant {
    char name[24];
    unsigned index;
    struct share_device *device;
    struct iommu_domain *domain;
    struct iommu_attachment *attachment;
    uint32_t pasid;             /* or IOMMU_NO_PASID: one domain per device */
    unsigned queue;
    bool dedicated;
    uint64_t source_pa, target_pa, record_pa, secret_pa;
    uint8_t *expected;          /* what the target must hold */
    uint64_t bytes_copied;
    uint64_t attacks, blocked, faults;
    uint64_t reasons[4];        /* set of the faults' reason codes */
};

struct share;

/* How the devices of a platform are driven. */
struct share_lane {
    const char *name;
    /* Prepare the tenant's queue; its route is attached. 0 or a message for the user. */
    const char *(*open)(struct share *share, struct share_tenant *tenant);
    /* The tenant copies within its own addresses. False: the device reported a failure. */
    bool (*copy)(struct share *share, struct share_tenant *tenant, uint64_t from, uint64_t to, size_t bytes);
    /* One access on a route of the tenant's device; IOMMU_NO_PASID: untagged. False: the device was told that it
     * failed. A device that is told nothing answers true, with zeros for a read. */
    bool (*access)(struct share *share, struct share_tenant *tenant, uint32_t pasid, uint64_t iova, void *data,
                   size_t bytes, bool write);
    /* As access, but through the tenant's own queue, as the tenant itself would. */
    bool (*own)(struct share *share, struct share_tenant *tenant, uint64_t iova, void *data, size_t bytes,
                bool write);
    void (*close)(struct share *share, struct share_tenant *tenant);
    bool records_pasid; /* fault records name the PASID */
    bool told;          /* the device is told of failures */
    bool silent_denial; /* a right that a cached translation lacks is refused without a fault record */
};

/* The fault that the attack under way must leave behind. */
struct share_expected {
    struct share_tenant *tenant; /* NULL: none is under way */
    uint32_t pasid;
    uint64_t iova;
};

struct share {
    const struct share_options *options;
    struct iommu *iommu;
    struct iommu_posix *memory;
    const struct share_lane *lane;
    void *hardware;               /* the lane's own */
    const char *platform_name;
    struct share_device *devices;
    unsigned device_count;
    struct share_tenant *tenants;
    unsigned tenant_count;
    bool per_device;              /* no PASIDs: a domain per device */
    uint64_t random;              /* state of the generator */
    uint64_t leaks;               /* attacks that got through, data lost or changed */
    struct share_expected expected;
    uint64_t events_unexpected;   /* faults nobody provoked, overflows, queue errors */
    unsigned reserved_checked;    /* regions of firmware that DMA still reaches */
    struct progress progress;
    const char *notes[8];         /* said below the table */
    unsigned note_count;
};

/* ---- options.c */
/* Fills *options; on bad usage says so and exits the process with SHARE_USAGE, as argp does. */
void share_parse(int argc, char **argv, struct share_options *options);

/* ---- share.c */
int share_main(int argc, char **argv);
/* A diagnostic on standard error, prefixed as the command's; returns SHARE_USAGE. */
int share_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
void share_note(struct share *share, const char *text);
uint64_t share_random(struct share *share);
/* A leak or a loss: counted, and said on standard error (the first twenty). */
void share_leak(struct share *share, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- setup_model.c, setup_qemu.c: build the machine, the driver instance and the devices. */
int share_setup_model(struct share *share);
void share_teardown_model(struct share *share);
int share_setup_qemu(struct share *share);
void share_teardown_qemu(struct share *share);
/* Make a device known; all of them before translation is switched on. */
int share_device_add(struct share *share, const struct iommu_device_config *config, struct iommu_device **device);
int share_start(struct share *share);
/* Ready a known device for tenants: auxiliary domains on, and an ordinary domain for its untagged requests. */
int share_device_open(struct share *share, struct share_device *device);
void share_device_close(struct share *share, struct share_device *device);

/* ---- tenant.c */
int share_tenants_open(struct share *share);
int share_tenants_work(struct share *share);
void share_tenant_detach(struct share *share, struct share_tenant *tenant);
void share_tenants_close(struct share *share);
/* Map the read-only source anew, so that no cache holds it. */
bool share_tenant_remap_source(struct share *share, struct share_tenant *tenant);
/* Every page of the tenant is as it should be; otherwise a leak. */
bool share_tenant_intact(struct share *share, const struct share_tenant *tenant);
/* The page that only this tenant has mapped, and what it holds. */
uint64_t share_secret_iova(const struct share_tenant *tenant);
uint64_t share_secret_word(const struct share *share, const struct share_tenant *tenant, unsigned word);

/* ---- attack.c */
void share_attack(struct share *share);
void share_attack_detached(struct share *share);

/* ---- ledger.c */
void share_ledger_open(struct share *share);
void share_ledger_expect(struct share *share, struct share_tenant *tenant, uint32_t pasid, uint64_t iova);
/* Was the expected fault recorded? */
bool share_ledger_met(struct share *share);

/* ---- report.c */
void share_report(const struct share *share);

#endif
