/* SPDX-License-Identifier: MIT */
/*
 * tables.c - reading the remapping tables as hardware would, by number: no code and no constants of
 * the driver.
 */
#include "tests/stack/rig.h"

uint64_t rig_physical64(struct rig *rig, uint64_t pa)
{
    const uint64_t *word = iommu_posix_memory(rig->memory, pa, sizeof *word);
    assert_non_null(word);
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static uint64_t page_of(uint64_t entry)
{
    return entry & UINT64_C(0x000ffffffffff000);
}

/* Root table address register: 020h; bits 11:10 = 1: scalable. */
uint64_t rig_context_entry(struct rig *rig, unsigned unit, uint16_t rid)
{
    uint64_t rtaddr = iommu_model_vtd_read64(iommu_model_machine_unit(rig->machine, unit), 0x20);
    uint64_t root = page_of(rtaddr) + (uint64_t)(rid >> 8) * 16;
    unsigned devfn = rid & 0xff;
    if ((rtaddr >> 10 & 3) == 0) {
        uint64_t entry = rig_physical64(rig, root);
        return entry & 1 ? page_of(entry) + UINT64_C(16) * devfn : 0;
    }
    uint64_t entry = rig_physical64(rig, root + (devfn & 0x80 ? 8 : 0));
    return entry & 1 ? page_of(entry) + UINT64_C(32) * (devfn & 0x7f) : 0;
}

uint64_t rig_pasid_entry(struct rig *rig, unsigned unit, uint16_t rid, uint32_t pasid)
{
    uint64_t context = rig_context_entry(rig, unit, rid);
    if (context == 0)
        return 0;
    uint64_t low = rig_physical64(rig, context);
    if ((low & 1) == 0 || pasid >> 6 >= UINT32_C(1) << ((low >> 9 & 7) + 7))
        return 0;
    uint64_t directory = rig_physical64(rig, page_of(low) + (uint64_t)(pasid >> 6) * 8);
    return directory & 1 ? page_of(directory) + (uint64_t)(pasid & 63) * 64 : 0;
}

/* ---- which page is what (scalable mode) */

static bool within(uint64_t page, uint64_t first, uint64_t bytes)
{
    return page - first < bytes;
}

static bool below_context(struct rig *rig, uint64_t entry, uint64_t page)
{
    uint64_t low = rig_physical64(rig, entry), slots = UINT64_C(1) << ((low >> 9 & 7) + 7);
    if ((low & 1) == 0)
        return false;
    if (within(page, page_of(low), slots * 8))
        return true;
    for (uint64_t i = 0; i < slots; i++) {
        uint64_t directory = rig_physical64(rig, page_of(low) + i * 8);
        if ((directory & 1) != 0 && page_of(directory) == page)
            return true;
    }
    return false;
}

static bool below_root(struct rig *rig, uint64_t root, uint64_t page)
{
    if (root == page)
        return true;
    for (unsigned i = 0; i < 512; i++) {
        uint64_t table = rig_physical64(rig, root + UINT64_C(8) * i);
        if ((table & 1) == 0)
            continue;
        if (page_of(table) == page)
            return true;
        for (unsigned entry = 0; entry < 128; entry++)
            if (below_context(rig, page_of(table) + UINT64_C(32) * entry, page))
                return true;
    }
    return false;
}

/* 010h bit 0: C; 01Ch bit 30: a root table was set. */
bool rig_snoops(struct rig *rig, uint64_t page)
{
    for (unsigned i = 0; i < iommu_model_machine_unit_count(rig->machine); i++)
        if ((rig_reg64(rig, i, 0x10) & 1) != 0 && (rig_reg32(rig, i, 0x1c) >> 30 & 1) != 0 &&
            below_root(rig, page_of(rig_reg64(rig, i, 0x20)), page))
            return true;
    return false;
}
