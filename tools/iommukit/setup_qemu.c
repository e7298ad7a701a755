/* SPDX-License-Identifier: MIT */
/* setup_qemu.c - a real QEMU as the machine: its VT-d, its edu devices. */
#include <stdlib.h>

#include "iommukit/host/qemu.h"

#include "lane.h"

#define TENANTS_DEFAULT 4u
#define DEVICES_MAX     16u
#define DEVICES_SHARED  2u

/* QEMU 7.2 reports no usable PASID width although it walks PASID tables: ECAP.PASID, and ECAP.PSS = 19. */
static const struct iommu_vtd_quirk lift_pasid_width = {
    .ecap_set = UINT64_C(1) << 40 | UINT64_C(19) << 35,
};

static int add_devices(struct share *share, struct iommu_qemu *qemu, unsigned count)
{
    share->devices = calloc(count, sizeof *share->devices);
    if (share->devices == NULL)
        return share_refuse("no memory");
    for (unsigned i = 0; i < count; i++) {
        const struct iommu_device_config config = {
            .rid = iommu_qemu_device_rid(qemu, i),
            .pasid_bits = share->per_device ? 0 : 20,
            .flags = IOMMU_DEVICE_NO_ATS,
        };
        int result = share_device_add(share, &config, &share->devices[i].device);
        if (result != 0)
            return result;
        share->devices[i].function = i;
        share->device_count = i + 1;
    }
    return 0;
}

static int create_driver(struct share *share, struct iommu_qemu *qemu)
{
    struct iommu_vtd_config config = {
        .mode = share->options->mode,
        .quirks = &lift_pasid_width,
        .quirk_count = share->per_device ? 0 : 1,
        .no_ats = true,
    };
    config.dmar = iommu_qemu_dmar(qemu, &config.dmar_bytes);
    if (config.dmar == NULL)
        return share_refuse("QEMU's firmware tables hold no DMAR");
    int result = iommu_vtd_create(iommu_qemu_platform(qemu), &config, &share->iommu);
    return result == 0 ? 0 : share_refuse("the driver refuses QEMU's unit: %s", iommu_strerror(result));
}

static void explain(struct share *share)
{
    if (share->per_device) {
        share_note(share, "legacy mode has no PASIDs: a domain for each device, each tenant has a device");
        return;
    }
    share_note(share, "QEMU reports no usable PASID width: the driver's capability override lifts it");
    share_note(share, "QEMU's devices send no PASIDs: each PASID entry was checked through untagged requests");
}

static int launch(struct share *share, unsigned devices)
{
    struct iommu_qemu *qemu;
    const struct iommu_qemu_config config = {
        .scalable = !share->per_device,
        .first_stage = share->options->stage == IOMMU_STAGE_FIRST,
        .devices = devices,
    };
    const char *why = "";
    int result = iommu_qemu_create(&config, &qemu, &why);
    if (result < 0)
        return share_refuse("cannot start QEMU: %s", why);
    share->hardware = qemu;
    share->memory = iommu_qemu_posix(qemu);
    return 0;
}

int share_setup_qemu(struct share *share)
{
    share->per_device = share->options->mode == IOMMU_VTD_MODE_LEGACY;
    share->platform_name = "qemu";
    share->lane = &share_lane_qemu;
    share->tenant_count = share->options->tenants != 0 ? share->options->tenants : TENANTS_DEFAULT;
    unsigned devices = share->per_device ? share->tenant_count : DEVICES_SHARED;
    if (devices > DEVICES_MAX)
        return share_refuse("legacy mode on QEMU needs a device for each tenant: at most %u", DEVICES_MAX);

    int result = launch(share, devices);
    if (result == 0)
        result = create_driver(share, share->hardware);
    if (result == 0)
        result = add_devices(share, share->hardware, devices);
    if (result == 0)
        result = share_start(share);
    for (unsigned i = 0; result == 0 && i < share->device_count; i++)
        result = share_device_open(share, &share->devices[i]);
    explain(share);
    return result;
}

void share_teardown_qemu(struct share *share)
{
    for (unsigned i = 0; i < share->device_count; i++)
        share_device_close(share, &share->devices[i]);
    int result = share->iommu == NULL ? 0 : iommu_destroy(share->iommu);
    if (result < 0)
        share_leak(share, "the instance cannot be destroyed: %s", iommu_strerror(result));
    if (share->hardware != NULL)
        iommu_qemu_destroy(share->hardware);
}
