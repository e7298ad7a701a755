/* SPDX-License-Identifier: MIT */
/* adapters/iommukit.c - the first adapter: our own driver, through its public calls. */
#include <stddef.h>

#include "iommukit/aux.h"
#include "iommukit/conformance/builtin.h"
#include "iommukit/vtd.h"

#define DEVICES_MAX 32u
#define FAULTS_MAX  64u

struct ours {
    struct iommu *iommu;
    struct iommu_device *device[DEVICES_MAX];
    unsigned device_count;
    const struct iommu_platform *platform;
    struct iommu_conform_fault fault[FAULTS_MAX];
    unsigned fault_count;
    unsigned domains; /* made so far */
};

static struct iommu_route route_of(uint32_t pasid)
{
    return pasid == IOMMU_CONFORM_NO_PASID ? iommu_route_rid() : iommu_route_pasid(pasid);
}

/* ---- faults: kept until they are asked for */

static void on_event(void *ctx, const struct iommu_event *event)
{
    struct ours *ours = ctx;
    if (event->type != IOMMU_EVENT_FAULT || ours->fault_count == FAULTS_MAX)
        return;
    ours->fault[ours->fault_count++] = (struct iommu_conform_fault){
        .segment = event->segment,
        .rid = event->rid,
        .pasid = event->pasid == IOMMU_NO_PASID ? IOMMU_CONFORM_NO_PASID : event->pasid,
        .address = event->address,
        .write = event->write,
        .reason = event->reason,
    };
}

static int ours_faults(void *driver, struct iommu_conform_fault *faults, unsigned max)
{
    struct ours *ours = driver;
    ours->fault_count = 0;
    int result = iommu_handle_events(ours->iommu);
    if (result < 0)
        return result;
    unsigned count = ours->fault_count < max ? ours->fault_count : max;
    for (unsigned i = 0; i < count; i++)
        faults[i] = ours->fault[i];
    return (int)count;
}

/* ---- up and down */

static void ours_fini(void *driver)
{
    struct ours *ours = driver;
    for (unsigned i = 0; i < ours->device_count; i++)
        (void)iommu_device_remove(ours->device[i]);
    if (ours->iommu != NULL)
        (void)iommu_destroy(ours->iommu);
    ours->platform->free(ours->platform->ctx, ours, sizeof *ours);
}

static int bring_up(struct ours *ours, const struct iommu_conform_host *host)
{
    const struct iommu_vtd_config config = {.dmar = host->dmar, .dmar_bytes = host->dmar_bytes};
    int result = iommu_vtd_create(host->platform, &config, &ours->iommu);
    if (result < 0)
        return result;
    iommu_set_event_handler(ours->iommu, on_event, ours);
    for (unsigned i = 0; i < host->device_count && i < DEVICES_MAX; i++) {
        const struct iommu_device_config device = {.segment = host->devices[i].segment,
                                                   .rid = host->devices[i].rid};
        result = iommu_device_add(ours->iommu, &device, &ours->device[i]);
        if (result < 0)
            return result;
        ours->device_count++;
    }
    return iommu_start(ours->iommu);
}

static int ours_init(const struct iommu_conform_host *host, void **driver)
{
    struct ours *ours = host->platform->alloc(host->platform->ctx, sizeof *ours);
    if (ours == NULL)
        return -IOMMU_ENOMEM;
    ours->platform = host->platform;
    int result = bring_up(ours, host);
    if (result < 0) {
        ours_fini(ours);
        return result;
    }
    *driver = ours;
    return 0;
}

/* ---- domains */

static int ours_domain_alloc(void *driver, unsigned device, void **domain)
{
    struct ours *ours = driver;
    const struct iommu_domain_config choices[] = {
        {.stage = IOMMU_STAGE_FIRST,
         .device = ours->device[device]}, /* each third one, where units have it */
        {.stage = IOMMU_STAGE_SECOND},    /* for every unit, if they have one format in common */
        {.device = ours->device[device]},
    };
    struct iommu_domain *made = NULL;
    int result = -IOMMU_EOPNOTSUPP;
    for (unsigned i = ++ours->domains % 3 == 0 ? 0 : 1; i < 3 && result < 0; i++)
        result = iommu_domain_alloc(ours->iommu, &choices[i], &made);
    *domain = made;
    return result;
}

static int ours_domain_free(void *driver, void *domain)
{
    (void)driver;
    return iommu_domain_free(domain);
}

static int ours_map(void *driver, void *domain, uint64_t iova, uint64_t pa, uint64_t bytes,
                    uint32_t prot)
{
    (void)driver;
    return iommu_map(domain, iova, pa, bytes,
                     (prot & IOMMU_CONFORM_READ ? IOMMU_READ : 0u) |
                         (prot & IOMMU_CONFORM_WRITE ? IOMMU_WRITE : 0u));
}

static int ours_unmap(void *driver, void *domain, uint64_t iova, uint64_t bytes)
{
    (void)driver;
    return iommu_unmap(domain, iova, bytes, NULL);
}

/* ---- routes */

static int attach(struct ours *ours, struct iommu_domain *domain, unsigned device, uint32_t pasid)
{
    struct iommu_attachment *attachment;
    return iommu_attach(domain, ours->device[device], route_of(pasid), NULL, &attachment);
}

static int detach(struct ours *ours, const struct iommu_domain *domain, unsigned device,
                  uint32_t pasid)
{
    struct iommu_attachment *attachment;
    int result =
        iommu_lookup(ours->device[device], pasid == IOMMU_CONFORM_NO_PASID ? IOMMU_NO_PASID : pasid,
                     &attachment);
    if (result < 0)
        return result;
    return iommu_attachment_domain(attachment) == domain ? iommu_detach(attachment) : -IOMMU_ENOENT;
}

static int ours_attach(void *driver, void *domain, unsigned device)
{
    return attach(driver, domain, device, IOMMU_CONFORM_NO_PASID);
}

static int ours_detach(void *driver, void *domain, unsigned device)
{
    return detach(driver, domain, device, IOMMU_CONFORM_NO_PASID);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the adapter's signature */
static int ours_attach_pasid(void *driver, void *domain, unsigned device, uint32_t *pasid)
{
    return attach(driver, domain, device, *pasid);
}

static int ours_detach_pasid(void *driver, void *domain, unsigned device, uint32_t pasid)
{
    return detach(driver, domain, device, pasid);
}

static int ours_replace(void *driver, unsigned device, uint32_t pasid, void *domain)
{
    struct ours *ours = driver;
    struct iommu_attachment *attachment;
    int result =
        iommu_lookup(ours->device[device], pasid == IOMMU_CONFORM_NO_PASID ? IOMMU_NO_PASID : pasid,
                     &attachment);
    return result < 0 ? result : iommu_replace(attachment, domain);
}

const struct iommu_conform_adapter iommu_conform_iommukit = {
    .name = "iommukit",
    .about = "this project's driver",
    .init = ours_init,
    .fini = ours_fini,
    .domain_alloc = ours_domain_alloc,
    .domain_free = ours_domain_free,
    .map = ours_map,
    .unmap = ours_unmap,
    .attach = ours_attach,
    .detach = ours_detach,
    .attach_pasid = ours_attach_pasid,
    .detach_pasid = ours_detach_pasid,
    .replace = ours_replace,
    .faults = ours_faults,
};
