/* SPDX-License-Identifier: MIT */
/*
 * models/devtlb/devtlb.c - an endpoint's address translation cache. It answers from what it holds
 * until it is told to drop it: an invalidation with a PASID reaches the entries of that PASID, a
 * global one those of every PASID, one without a PASID those without. ("Address translation
 * services", "Device-TLB invalidation", "PASID-based device-TLB invalidation".)
 *
 * When all places are taken the oldest goes: a cache may always forget. Lock: the machine's.
 * Called by the machine's DMA path and by the invalidations that units send.
 */
#include "models/devtlb/devtlb.h"

static uint32_t tag_of(const struct iommu_model_request *access)
{
    return access->has_pasid ? access->pasid : DEVTLB_UNTAGGED;
}

static uint64_t last_of(const struct devtlb_entry *entry)
{
    return entry->address + (((uint64_t)1 << entry->page_lg2) - 1);
}

static bool covers(const struct devtlb_entry *entry, const struct iommu_model_request *access)
{
    return entry->page_lg2 && entry->pasid == tag_of(access) &&
           entry->privileged == (access->has_pasid && access->privileged) &&
           entry->address <= access->address && access->address <= last_of(entry);
}

/* A write that finds a page without write right has to ask again: it may have got it meanwhile. */
static bool allows(const struct devtlb_entry *entry, const struct iommu_model_request *access)
{
    bool reads = access->access != IOMMU_MODEL_WRITE, writes = access->access != IOMMU_MODEL_READ;

    return (entry->read || !reads) && (entry->write || !writes);
}

const struct devtlb_entry *devtlb_find(const struct model_devtlb *tlb,
                                       const struct iommu_model_request *access)
{
    unsigned index;

    for (index = 0; index < tlb->top; index++)
        if (covers(&tlb->entries[index], access) && allows(&tlb->entries[index], access))
            return &tlb->entries[index];
    return NULL;
}

/* A newer answer for the same page takes the older one's place. */
static struct devtlb_entry *place_for(struct model_devtlb *tlb,
                                      const struct iommu_model_request *access)
{
    unsigned index, free = DEVTLB_ENTRIES;

    for (index = 0; index < tlb->top; index++) {
        if (covers(&tlb->entries[index], access))
            return &tlb->entries[index];
        if (!tlb->entries[index].page_lg2 && free == DEVTLB_ENTRIES)
            free = index;
    }
    if (free < DEVTLB_ENTRIES)
        return &tlb->entries[free];
    if (tlb->top < DEVTLB_ENTRIES)
        return &tlb->entries[tlb->top++];
    tlb->next = (tlb->next + 1) % DEVTLB_ENTRIES;
    return &tlb->entries[tlb->next];
}

void devtlb_put(struct model_devtlb *tlb, const struct iommu_model_request *access,
                const struct iommu_model_result *answer, uint64_t serial)
{
    uint64_t inside = ((uint64_t)1 << answer->page_lg2) - 1;

    if (!tlb->entries || serial != tlb->serial || (!answer->read && !answer->write))
        return;
    *place_for(tlb, access) = (struct devtlb_entry){
        .address = access->address & ~inside,
        .pa = answer->pa & ~inside,
        .pasid = tag_of(access),
        .page_lg2 = answer->page_lg2,
        .read = answer->read,
        .write = answer->write,
        .privileged = access->has_pasid && access->privileged,
    };
}

static bool tag_matches(const struct devtlb_entry *entry,
                        const struct iommu_model_devtlb_invalidation *invalidation)
{
    if (!invalidation->has_pasid)
        return entry->pasid == DEVTLB_UNTAGGED;
    if (invalidation->global)
        return entry->pasid != DEVTLB_UNTAGGED;
    return entry->pasid == invalidation->pasid;
}

static bool overlaps(const struct devtlb_entry *entry,
                     const struct iommu_model_devtlb_invalidation *invalidation)
{
    if (!invalidation->bytes)
        return true;
    return entry->address <= invalidation->address + (invalidation->bytes - 1) &&
           invalidation->address <= last_of(entry);
}

void devtlb_invalidate(struct model_devtlb *tlb,
                       const struct iommu_model_devtlb_invalidation *invalidation)
{
    unsigned index;

    tlb->serial++;
    for (index = 0; index < tlb->top; index++) {
        struct devtlb_entry *entry = &tlb->entries[index];

        if (entry->page_lg2 && tag_matches(entry, invalidation) && overlaps(entry, invalidation))
            entry->page_lg2 = 0;
    }
}

void devtlb_clear(struct model_devtlb *tlb)
{
    tlb->serial++;
    tlb->top = 0;
}

unsigned devtlb_count(const struct model_devtlb *tlb)
{
    unsigned index, count = 0;

    for (index = 0; index < tlb->top; index++)
        count += tlb->entries[index].page_lg2 != 0;
    return count;
}
