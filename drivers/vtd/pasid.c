/* SPDX-License-Identifier: MIT */
/*
 * A device's PASID directory and the tables below it (scalable mode). Architecture: "PASID
 * directory entry", "PASID table entry". Under iommu.lock; called by device.c and attach.c.
 *
 * The directory is made for all the PASIDs that the device can have, when the device becomes
 * known: 8 bytes for 64 PASIDs. Tables below it (4 KiB for 64) come on demand and stay until the
 * device goes.
 */
#include "drivers/vtd/entry.h"

#define DIRECTORY_LG2_BYTES(pdts) (VTD_PDTS_ENTRIES_LG2(pdts) + 3u)

static unsigned directory_order(const struct vtd_device *device)
{
    unsigned lg2 = DIRECTORY_LG2_BYTES(device->pdts);

    return lg2 > VTD_PAGE_LG2 ? lg2 - VTD_PAGE_LG2 : 0;
}

static size_t directory_entries(const struct vtd_device *device)
{
    return (size_t)1 << VTD_PDTS_ENTRIES_LG2(device->pdts);
}

int vtd_directory_alloc(struct vtd_device *device)
{
    device->pdts = 0;
    while (device->pdts < VTD_PDTS_MAX &&
           SPEC_BIT32(VTD_PDTS_PASIDS_LG2(device->pdts)) < device->base.pasid_limit)
        device->pdts++;
    device->directory = vtd_table_alloc(device->unit, directory_order(device));
    if (!device->directory)
        return -IOMMU_ENOMEM;
    vtd_write_back(device->unit, device->directory,
                   (size_t)IOMMU_PAGE_SIZE << directory_order(device));
    return 0;
}

void vtd_directory_free(struct vtd_device *device, bool withhold)
{
    struct vtd_unit *unit = device->unit;

    for (size_t i = 0; device->directory && i < directory_entries(device); i++) {
        uint64_t pointer = vtd_load(&device->directory[i]);

        if (!(pointer & VTD_PDE_P))
            continue;
        if (withhold)
            vtd_table_withhold(unit, 0);
        else
            vtd_table_free(unit, vtd_pasid_table(device, pointer), 0);
    }
    if (device->directory && withhold)
        vtd_table_withhold(unit, directory_order(device));
    else
        vtd_table_free(unit, device->directory, directory_order(device));
    device->directory = NULL;
}

void vtd_pasid_link(struct vtd_device *device, uint32_t pasid, uint64_t *table)
{
    struct vtd_unit *unit = device->unit;
    uint64_t *slot = &device->directory[SPEC_GET(VTD_PDE_INDEX, pasid)];

    vtd_write_back(unit, table, VTD_PAGE_BYTES);
    host_barrier(unit->platform);
    vtd_store(slot, host_virt_to_phys(unit->platform, table) | VTD_PDE_P);
    vtd_write_back(unit, slot, sizeof(*slot));
    host_barrier(unit->platform);
}

/* ---- requests with PASID -------------------------------------------------------------------- */

/*
 * The endpoint's capability must not change while it does ATS: off, switch, on again. Failing to
 * take ATS up again costs speed and nothing else. If the unit did not confirm that it is off, the
 * change of the same entry that follows asks for the same once more.
 */
int vtd_pasid_switch(struct vtd_device *device, bool on)
{
    bool ats = device->ats_on;
    int result;

    (void)vtd_ats_disable(device);
    if (on)
        vtd_endpoint_set_pasid(device, true);
    result = vtd_context_change(device, VTD_SCE0_PASIDE, on ? VTD_SCE0_PASIDE : 0);
    if (result == 0)
        device->pasid_on = on;
    else
        (void)vtd_context_change(device, VTD_SCE0_PASIDE, on ? 0 : VTD_SCE0_PASIDE);
    if (!device->pasid_on)
        vtd_endpoint_set_pasid(device, false);
    if (ats && vtd_ats_enable(device))
        vtd_log_value(device->unit, IOMMU_LOG_WARNING, "ATS stays off, device", vtd_rid(device));
    return result;
}
