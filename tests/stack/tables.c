/* SPDX-License-Identifier: MIT */
/* tables.c - reading the remapping tables as hardware would, by number: no code and no constants of the driver. */
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
        return entry & 1 ? page_of(entry) + devfn * 16 : 0;
    }
    uint64_t entry = rig_physical64(rig, root + (devfn & 0x80 ? 8 : 0));
    return entry & 1 ? page_of(entry) + (devfn & 0x7f) * 32 : 0;
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
