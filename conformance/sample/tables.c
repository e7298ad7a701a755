/* SPDX-License-Identifier: MIT */
/* tables.c - the sample driver's page tables (4 KiB pages only), context entries, PASID directories and tables. */
#include "conformance/sample/sample.h"

#define ADDRESS            UINT64_C(0x000ffffffffff000)
#define INDEX(iova, level) ((iova) >> (12 + 9 * ((level)-1)) & 511)

/* Second stage: R, W. First stage: P, R/W, U/S, accessed, and dirty in a leaf. */
static uint64_t table_bits(const struct sample_domain *domain)
{
    return domain->first_stage ? 0x27 : 0x3;
}

static uint64_t leaf_bits(const struct sample_domain *domain, uint32_t prot)
{
    bool write = (prot & IOMMU_CONFORM_WRITE) != 0;
    if (domain->first_stage)
        return 0x65 | (write ? 2 : 0);
    bool snoop = sample_has(domain->sample, SAMPLE_BUG_SNOOP_BIT);
    return (prot & IOMMU_CONFORM_READ ? 1 : 0) | (write ? 2 : 0) | (snoop ? UINT64_C(1) << 11 : 0);
}

static void store(struct sample *sample, uint64_t *at, uint64_t value)
{
    *(volatile uint64_t *)at = value;
    sample_flush(sample, at, sizeof *at);
}

static uint64_t *next(const struct sample_domain *domain, uint64_t entry)
{
    const struct iommu_platform *platform = domain->sample->platform;
    return platform->phys_to_virt(platform->ctx, entry & ADDRESS);
}

/* The leaf's table, NULL: not there (and not to be made, or no memory). */
static uint64_t *leaf_table(struct sample_domain *domain, uint64_t iova, bool make)
{
    struct sample *sample = domain->sample;
    uint64_t *table = domain->table;
    for (unsigned level = domain->levels; level > 1; level--) {
        uint64_t *entry = &table[INDEX(iova, level)];
        if ((*entry & 3) == 0) {
            uint64_t *made = make ? sample_page(sample, 0) : NULL;
            if (made == NULL)
                return NULL;
            bool wrong = sample_has(sample, SAMPLE_BUG_VIRTUAL) && level == 2;
            store(sample, entry,
                  (wrong ? (uintptr_t)made & ADDRESS : sample_pa(sample, made)) |
                      table_bits(domain));
            if (wrong)
                return made;
        }
        table = next(domain, *entry);
    }
    return table;
}

int sample_table_map(struct sample_domain *domain, uint64_t iova, uint64_t pa, uint32_t prot)
{
    uint64_t *table = leaf_table(domain, iova, true);
    if (table == NULL)
        return -IOMMU_ENOMEM;
    if ((table[INDEX(iova, 1)] & 3) != 0)
        return -IOMMU_EEXIST;
    store(domain->sample, &table[INDEX(iova, 1)], pa | leaf_bits(domain, prot));
    return 0;
}

static bool empty(const uint64_t *table)
{
    for (unsigned i = 0; i < 512; i++)
        if (table[i] != 0)
            return false;
    return true;
}

bool sample_table_unmap(struct sample_domain *domain, uint64_t iova, bool unlink, uint64_t **dead)
{
    uint64_t *table = leaf_table(domain, iova, false), *above = domain->table;
    if (table == NULL || (table[INDEX(iova, 1)] & 3) == 0)
        return false;
    store(domain->sample, &table[INDEX(iova, 1)], 0);
    if (!unlink || !empty(table))
        return false;
    for (unsigned level = domain->levels; level > 2; level--)
        above = next(domain, above[INDEX(iova, level)]);
    store(domain->sample, &above[INDEX(iova, 2)], 0);
    *dead = table;
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): five levels at most */
static void free_below(struct sample_domain *domain, uint64_t *table, unsigned level)
{
    const struct iommu_platform *platform = domain->sample->platform;
    bool broken = sample_has(domain->sample, SAMPLE_BUG_VIRTUAL) && level == 2;
    for (unsigned i = 0; i < 512 && level > 1 && !broken; i++)
        if ((table[i] & 3) != 0)
            free_below(domain, next(domain, table[i]), level - 1);
    platform->page_free(platform->ctx, table, 0);
}

void sample_table_free(struct sample_domain *domain)
{
    if (domain->table != NULL)
        free_below(domain, domain->table, domain->levels);
}

/* ---- context and PASID entries */

/* Scalable mode: 32 bytes, 128 of them in a page, two pages a bus. Legacy: 16 bytes, 256 of them. */
static uint64_t *context_entry(struct sample_device *device)
{
    struct sample_unit *unit = device->unit;
    unsigned devfn = device->name.rid & 0xff;
    uint64_t *slot = &unit->root[2 * (device->name.rid >> 8) + (unit->scalable && devfn >= 128)];
    if ((*slot & 1) == 0) {
        uint64_t *made = sample_page(unit->sample, 0);
        if (made == NULL)
            return NULL;
        store(unit->sample, slot, sample_pa(unit->sample, made) | 1);
    }
    const struct iommu_platform *platform = unit->sample->platform;
    uint64_t *table = platform->phys_to_virt(platform->ctx, *slot & ~UINT64_C(0xfff));
    return unit->scalable ? table + (size_t)4 * (devfn & 127) : table + (size_t)2 * devfn;
}

static unsigned log2_up(uint32_t value)
{
    unsigned bits = 0;
    while ((UINT32_C(1) << bits) < value)
        bits++;
    return bits;
}

/* The directory reaches every PASID of the unit: 2^(PDTS + 13). Bits: P, DTE 2, PASIDE 3, PDTS 11:9. */
int sample_device_tables(struct sample_device *device)
{
    struct sample_unit *unit = device->unit;
    uint64_t *context = context_entry(device);
    if (context == NULL || !unit->scalable)
        return context == NULL ? -IOMMU_ENOMEM : 0;
    unsigned bits = log2_up(device->pasid_limit), pdts = bits > 13 ? bits - 13 : 0;
    device->directory_order = pdts > 2 ? pdts - 2 : 0;
    device->directory = sample_page(unit->sample, device->directory_order);
    if (device->directory == NULL)
        return -IOMMU_ENOMEM;
    uint64_t flags =
        (uint64_t)pdts << 9 | 1 | (device->pasid_limit > 1 ? 8 : 0) | (device->ats != 0 ? 4 : 0);
    store(unit->sample, context, sample_pa(unit->sample, device->directory) | flags);
    return 0;
}

uint64_t *sample_entry(struct sample_device *device, uint32_t pasid, bool make)
{
    struct sample *sample = device->unit->sample;
    if (!device->unit->scalable)
        return context_entry(device);
    uint32_t index = pasid == IOMMU_CONFORM_NO_PASID ? 0 : pasid;
    uint64_t *slot = &device->directory[index >> 6];
    if ((*slot & 1) == 0) {
        uint64_t *made = make ? sample_page(sample, 0) : NULL;
        if (made == NULL)
            return NULL;
        store(sample, slot, sample_pa(sample, made) | 1);
    }
    const struct iommu_platform *platform = sample->platform;
    uint64_t *table = platform->phys_to_virt(platform->ctx, *slot & ~UINT64_C(0xfff));
    return table + (size_t)8 * (index & 63);
}

bool sample_entry_present(struct sample_device *device, uint32_t pasid)
{
    const uint64_t *entry = sample_entry(device, pasid, false);
    return entry != NULL && (*entry & 1) != 0;
}

/* Address width 4:2, table type 8:6 (1 first, 2 second), domain id 79:64, walks snooped 87, first-stage pointer in the
 * third word. Legacy: address width 66:64, domain id 87:72. */
static unsigned build(const struct sample_domain *domain, const struct sample_device *device,
                      uint64_t *value)
{
    uint64_t table = sample_pa(domain->sample, domain->table), width = domain->levels - 2;
    for (unsigned i = 0; i < 8; i++)
        value[i] = 0;
    if (!device->unit->scalable) {
        value[0] = table | 1;
        value[1] = width | (uint64_t)domain->id << 8;
        return 2;
    }
    bool snooped = (device->unit->ecap >> 48 & 1) != 0;
    value[0] = (domain->first_stage ? UINT64_C(1) << 6 : table | width << 2 | UINT64_C(2) << 6) | 1;
    value[1] = domain->id | (snooped ? UINT64_C(1) << 23 : 0);
    value[2] = domain->first_stage ? table : 0;
    return 8;
}

void sample_entry_set(struct sample_domain *domain, struct sample_device *device, uint64_t *entry)
{
    struct sample *sample = domain->sample;
    uint64_t value[8];
    unsigned words = build(domain, device, value);
    if (sample_has(sample, SAMPLE_BUG_PRESENT_FIRST)) {
        for (unsigned i = 0; i < words; i++)
            ((volatile uint64_t *)entry)[i] = value[i];
        sample_flush(sample, entry, (size_t)8 * words);
        return;
    }
    for (unsigned i = words - 1; i > 0; i--)
        ((volatile uint64_t *)entry)[i] = value[i];
    sample_flush(sample, entry, (size_t)8 * words);
    store(sample, entry, value[0]);
}

void sample_entry_block(struct sample_device *device, uint64_t *entry)
{
    store(device->unit->sample, entry, *entry & ~UINT64_C(1));
}

void sample_entry_clear(struct sample_device *device, uint64_t *entry)
{
    for (unsigned i = 0; i < (device->unit->scalable ? 8u : 2u); i++)
        ((volatile uint64_t *)entry)[i] = 0;
    sample_flush(device->unit->sample, entry, device->unit->scalable ? 64 : 16);
}

static void free_page(const struct sample_unit *unit, uint64_t entry, unsigned order)
{
    const struct iommu_platform *platform = unit->sample->platform;
    if (entry & 1)
        platform->page_free(platform->ctx,
                            platform->phys_to_virt(platform->ctx, entry & ~UINT64_C(0xfff)), order);
}

static void free_directory(struct sample_device *device)
{
    if (device->directory == NULL)
        return;
    for (unsigned i = 0; i < 512u << device->directory_order; i++)
        free_page(device->unit, device->directory[i], 0);
    free_page(device->unit, sample_pa(device->unit->sample, device->directory) | 1,
              device->directory_order);
    device->directory = NULL;
}

/* The unit is off. */
void sample_unit_tables_free(struct sample_unit *unit)
{
    struct sample *sample = unit->sample;
    for (unsigned i = 0; i < sample->devices; i++)
        if (sample->device[i].unit == unit)
            free_directory(&sample->device[i]);
    for (unsigned i = 0; unit->root != NULL && i < 512; i++)
        free_page(unit, unit->root[i], 0);
    if (unit->root != NULL)
        free_page(unit, sample_pa(sample, unit->root) | 1, 0);
}
