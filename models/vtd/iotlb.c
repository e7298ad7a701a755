/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/iotlb.c - finished translations and the rights they carry.
 *
 * Architecture: "IOTLB", "Tagging of cached translations", "Access rights". A translation is found by
 * domain id (and PASID, where a first stage is involved), size and address: nothing else keeps one
 * domain's pages from another's. Lock: held. Called by translate.c.
 */
#include "models/vtd/translate.h"

static struct vtdm_name name_of(const struct vtdm_tx *tx, uint64_t address, uint8_t lg2)
{
    return (struct vtdm_name){ address >> lg2, tx->route.tag, tx->route.did, lg2 };
}

static bool privileged_write(const struct vtdm_tx *tx)
{
    return tx->privileged && !tx->route.write_protect;
}

static bool user_allowed(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    return tx->privileged || page->user;
}

bool vtdm_may_write(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    return page->second_write && user_allowed(tx, page) &&
           (page->first_write || privileged_write(tx));
}

/* A write has to walk again if the dirty flag is not known to be set; so has the extended flag. */
static bool usable(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    if (page->fault)
        return true;
    if (tx->write && !page->dirty && vtdm_may_write(tx, page))
        return false;
    return !(tx->route.extended && vtdm_uses_first(&tx->route)) || page->extended;
}

bool vtdm_iotlb_find(struct vtdm_tx *tx, struct vtdm_page *page)
{
    static const uint8_t sizes[] = { VTD_LEAF_4K_LG2, VTD_LEAF_2M_LG2, VTD_LEAF_1G_LG2 };
    vtdm_evict(tx);
    if (tx->fresh)
        return false;
    for (unsigned i = 0; i < sizeof(sizes); i++) {
        struct vtdm_name name = name_of(tx, tx->request->address, sizes[i]);
        const struct vtdm_cached *entry = vtdm_cache_find(&tx->m->iotlb, &name);
        if (!entry)
            continue;
        *page = ((const struct vtdm_iotlb *)(const void *)entry)->page;
        if (!usable(tx, page))
            continue;
        if (!tx->dry)
            tx->m->stats.iotlb_hits++;
        tx->cached = true;
        vtdm_step(tx, "IOTLB", page->pa, 0, NULL, 0, true);
        vtdm_decide(tx, page->fault ? "remembered fault" : "translation found");
        return true;
    }
    return false;
}

/* Only Caching Mode lets a unit remember that there is nothing. First-stage faults never stay. */
static bool may_keep(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    if (!page->fault && !page->absent)
        return true;
    return vtdm_cap(tx->m, VTD_CAP_CM) && tx->route.pgtt == VTD_PGTT_SECOND;
}

void vtdm_iotlb_put(struct vtdm_tx *tx, const struct vtdm_page *page)
{
    struct vtdm_name name = name_of(tx, tx->request->address, page->lg2);
    if (tx->dry || !may_keep(tx, page))
        return;
    struct vtdm_cached *entry =
        vtdm_cache_put(&tx->m->iotlb, &name, tx->route.did, vtdm_class_of(&tx->route));
    if (entry)
        ((struct vtdm_iotlb *)(void *)entry)->page = *page;
}

/* A zero-length read may need no read right, if the unit says so and some right is there. */
static bool read_allowed(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    const struct iommu_model_request *request = tx->request;
    if (page->second_read)
        return true;
    return request->at == IOMMU_MODEL_UNTRANSLATED && request->access == IOMMU_MODEL_READ &&
           request->bytes == 0 && vtdm_cap(tx->m, VTD_CAP_ZLR) && vtdm_may_write(tx, page);
}

uint8_t vtdm_rights(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    bool legacy = tx->route.legacy;
    if (!user_allowed(tx, page))
        return VTD_FAULT_SGN_USER;
    if (tx->write && !vtdm_may_write(tx, page))
        return legacy ? VTD_FAULT_LGN_NO_WRITE : VTD_FAULT_SGN_NO_WRITE;
    if (tx->read && !read_allowed(tx, page))
        return legacy ? VTD_FAULT_LGN_NO_READ : VTD_FAULT_SGN_NO_READ;
    return VTD_FAULT_NONE;
}
