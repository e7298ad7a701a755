/* SPDX-License-Identifier: MIT */
/*
 * Root and context tables: from a requester id to the entry that says what becomes of its
 * requests. Architecture: "Root table entry", "Context table entry", both modes. Under iommu.lock.
 *
 *            root entry (16 bytes, by bus)            context entry (by device and function)
 *   legacy   one pointer, table of 256                16 bytes: the domain itself
 *   scalable two pointers, tables of 128 (devfn bit 7) 32 bytes: the device's PASID directory
 *
 * A device has one entry for its own requester id and one for each alias, all alike. Tables stay
 * until the unit is destroyed.
 */
#include "drivers/vtd/entry.h"

#define ROOT_WORDS (VTD_ROOT_BYTES / sizeof(uint64_t))

unsigned vtd_device_rids(const struct vtd_device *device, uint16_t rids[VTD_RIDS_MAX])
{
    const struct iommu_device_config *config = &device->base.config;
    unsigned count = 0;

    rids[count++] = config->rid;
    for (unsigned i = 0; i < config->alias_count && count < VTD_RIDS_MAX; i++)
        rids[count++] = config->aliases[i];
    return count;
}

unsigned vtd_context_words(const struct vtd_unit *unit)
{
    return (unit->scalable ? VTD_SCE_BYTES : VTD_LCE_BYTES) / sizeof(uint64_t);
}

/* The qword of the root table that points to the context table of this requester. */
static uint64_t *root_slot(const struct vtd_unit *unit, uint16_t rid)
{
    uint64_t *entry = unit->root + SPEC_GET(VTD_RID_BUS, (uint32_t)rid) * ROOT_WORDS;

    return unit->scalable && (rid & VTD_SRE_UPPER_DEVFN) ? entry + 1 : entry;
}

uint64_t *vtd_context_entry(struct vtd_unit *unit, uint16_t rid)
{
    uint64_t pointer = vtd_load(root_slot(unit, rid));
    uint32_t index = rid & (unit->scalable ? VTD_SCE_INDEX : VTD_RID_DEVFN);

    if (!(pointer & VTD_LRE0_P))
        return NULL;
    return (uint64_t *)host_phys_to_virt(unit->platform, pointer & VTD_LRE0_CTP) +
           (size_t)index * vtd_context_words(unit);
}

static void link_table(struct vtd_unit *unit, uint16_t rid, const void *table)
{
    uint64_t *slot = root_slot(unit, rid);

    vtd_write_back(unit, table, VTD_PAGE_BYTES);
    host_barrier(unit->platform);
    vtd_store(slot, host_virt_to_phys(unit->platform, table) | VTD_LRE0_P);
    vtd_write_back(unit, slot, sizeof(*slot));
    host_barrier(unit->platform);
}

/* Two of a device's requester ids may want the same table. */
static bool wanted_before(const struct vtd_unit *unit, const uint16_t *rids, unsigned index)
{
    for (unsigned i = 0; i < index; i++)
        if (root_slot(unit, rids[i]) == root_slot(unit, rids[index]))
            return true;
    return false;
}

int vtd_context_reserve(struct vtd_unit *unit, const uint16_t *rids, unsigned count)
{
    void *tables[VTD_RIDS_MAX] = {NULL};
    bool linked = false;

    for (unsigned i = 0; i < count; i++) {
        if (vtd_context_entry(unit, rids[i]) || wanted_before(unit, rids, i))
            continue;
        tables[i] = vtd_table_alloc(unit, 0);
        if (tables[i])
            continue;
        while (i > 0)
            vtd_table_free(unit, tables[--i], 0);
        return -IOMMU_ENOMEM;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!tables[i])
            continue;
        link_table(unit, rids[i], tables[i]);
        linked = true;
    }
    return linked ? vtd_root_changed(unit) : 0;
}

void vtd_context_free_all(struct vtd_unit *unit)
{
    for (unsigned i = 0; unit->root && i < VTD_ROOT_ENTRIES * ROOT_WORDS; i++) {
        uint64_t pointer = vtd_load(&unit->root[i]);

        if (pointer & VTD_LRE0_P)
            vtd_table_free(unit, host_phys_to_virt(unit->platform, pointer & VTD_LRE0_CTP), 0);
    }
}

/* ---- a device's entries --------------------------------------------------------------------- */

bool vtd_context_any_present(struct vtd_device *device)
{
    uint16_t rids[VTD_RIDS_MAX];
    unsigned count = vtd_device_rids(device, rids);

    for (unsigned i = 0; i < count; i++) {
        const uint64_t *entry = vtd_context_entry(device->unit, rids[i]);

        if (entry && (vtd_load(entry) & VTD_SCE0_P))
            return true;
    }
    return false;
}

void vtd_context_publish(struct vtd_device *device, const uint64_t *value)
{
    uint16_t rids[VTD_RIDS_MAX];
    unsigned count = vtd_device_rids(device, rids);

    for (unsigned i = 0; i < count; i++)
        vtd_entry_publish(device->unit, vtd_context_entry(device->unit, rids[i]), value,
                          vtd_context_words(device->unit));
}

void vtd_context_block(struct vtd_device *device)
{
    uint16_t rids[VTD_RIDS_MAX];
    unsigned count = vtd_device_rids(device, rids);

    for (unsigned i = 0; i < count; i++)
        vtd_entry_block(device->unit, vtd_context_entry(device->unit, rids[i]));
}

void vtd_context_clear(struct vtd_device *device)
{
    uint16_t rids[VTD_RIDS_MAX];
    unsigned count = vtd_device_rids(device, rids);

    for (unsigned i = 0; i < count; i++)
        vtd_entry_clear(device->unit, vtd_context_entry(device->unit, rids[i]),
                        vtd_context_words(device->unit));
}

/* One aligned store each: no reader sees half of it. */
int vtd_context_change(struct vtd_device *device, uint64_t clear, uint64_t set)
{
    uint16_t rids[VTD_RIDS_MAX];
    unsigned count = vtd_device_rids(device, rids);

    for (unsigned i = 0; i < count; i++) {
        uint64_t *entry = vtd_context_entry(device->unit, rids[i]);

        vtd_store(entry, (vtd_load(entry) & ~clear) | set);
        vtd_write_back(device->unit, entry, sizeof(*entry));
    }
    host_barrier(device->unit->platform);
    return vtd_context_changed(device);
}

/* Requests with PASID and ATS stay off until somebody asks for them. RID_PASID is 0. */
void vtd_context_value_scalable(const struct vtd_device *device, uint64_t value[4])
{
    uint64_t directory = host_virt_to_phys(device->unit->platform, device->directory);

    value[0] = directory | SPEC_PUT(VTD_SCE0_PDTS, (uint64_t)device->pdts) | VTD_SCE0_P;
    value[1] = SPEC_PUT(VTD_SCE1_RID_PASID, (uint64_t)VTD_RID_PASID);
    value[2] = 0;
    value[3] = 0;
}
