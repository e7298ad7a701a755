/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/context.c - root and context entries, legacy and scalable, and the context cache.
 *
 * Architecture: "Root entry", "Context entry", "Scalable-mode root entry", "Scalable-mode context
 * entry", "Context cache". With Caching Mode, faulty entries are remembered too, in legacy mode under
 * domain id 0. Lock: held. Called by translate.c.
 */
#include "models/vtd/translate.h"

/* What a fetch found: the entry, or why there is none. */
struct found {
    uint64_t words[4];
    unsigned count;
    uint8_t fault;
    bool fpd;
    bool unreadable; /* memory did not answer; never remembered */
};

static struct vtdm_name name_of(const struct vtdm_tx *tx)
{
    return (struct vtdm_name){ tx->request->rid, VTDM_NO_PASID, (uint8_t)tx->m->table_mode };
}

static bool from_cache(struct vtdm_tx *tx, struct found *found, unsigned words, const char *what)
{
    struct vtdm_name name = name_of(tx);
    vtdm_evict(tx);
    const struct vtdm_context *entry =
        (const struct vtdm_context *)(const void *)vtdm_cache_find(&tx->m->context, &name);
    if (!entry || tx->fresh)
        return false;
    tx->remembered |= VTDM_FROM_CONTEXT;
    for (unsigned i = 0; i < words; i++)
        found->words[i] = entry->words[i];
    found->count = words;
    found->fault = entry->fault;
    found->fpd = entry->fpd;
    if (!tx->dry)
        tx->m->stats.context_hits++;
    vtdm_step(tx, what, 0, 0, found->words, words, true);
    return true;
}

static void remember(struct vtdm_tx *tx, const struct found *found, uint16_t did)
{
    struct vtdm_name name = name_of(tx);
    if (tx->dry || found->unreadable || (found->fault && !vtdm_cap(tx->m, VTD_CAP_CM)))
        return;
    struct vtdm_context *entry = (struct vtdm_context *)(void *)vtdm_cache_put(
        &tx->m->context, &name, found->fault ? 0 : did);
    if (!entry)
        return;
    for (unsigned i = 0; i < 4; i++)
        entry->words[i] = found->words[i];
    entry->fault = found->fault;
    entry->fpd = found->fpd;
}

static void unreadable(struct vtdm_tx *tx, struct found *found, uint8_t fault)
{
    found->unreadable = true;
    found->fault = vtdm_refuse(tx, fault);
}

/* The context table that the root entry names; 0 in *table with a fault in found. */
static bool legacy_root(struct vtdm_tx *tx, struct found *found, uint64_t *table)
{
    unsigned bus = SPEC_GET(VTD_RID_BUS, (uint32_t)tx->request->rid);
    uint64_t address = tx->m->root_table + (uint64_t)bus * VTD_ROOT_BYTES;
    uint64_t words[2] = { 0, 0 };
    bool readable = vtdm_read_entry(tx, address, words, 2, vtdm_tables_snooped(tx));
    vtdm_step(tx, "root entry", address, bus, words, 2, false);
    if (!readable)
        unreadable(tx, found, VTD_FAULT_LRT_ACCESS);
    else if (!(words[0] & VTD_LRE0_P))
        found->fault = vtdm_refuse(tx, VTD_FAULT_LRT_NOT_PRESENT);
    else if ((words[0] & (VTD_LRE0_RSVD | (VTD_LRE0_CTP & vtdm_beyond_host(tx->m)))) ||
             (words[1] & VTD_LRE1_RSVD))
        found->fault = vtdm_refuse(tx, VTD_FAULT_LRT_RESERVED);
    else
        vtdm_decide(tx, "present, context table follows");
    *table = words[0] & VTD_LRE0_CTP;
    return !found->fault;
}

/* SAGAW names no width but 39, 48 and 57 bits: capability.c sees to it. */
static bool width_supported(const struct iommu_model_vtd *m, uint64_t aw)
{
    return SPEC_GET(VTD_CAP_SAGAW, m->config.cap) & SPEC_BIT64(aw);
}

static bool legacy_reserved(const struct iommu_model_vtd *m, const uint64_t *words)
{
    uint64_t reserved0 = VTD_LCE0_RSVD;
    uint64_t did = SPEC_GET(VTD_LCE1_DID, words[1]);
    if (SPEC_GET(VTD_LCE0_TT, words[0]) != VTD_TT_PASS_THROUGH)
        reserved0 |= VTD_LCE0_SSPTPTR & vtdm_beyond_host(m);
    return (words[0] & reserved0) || (words[1] & VTD_LCE1_RSVD) || did >> vtdm_domain_bits(m);
}

static bool type_supported(const struct iommu_model_vtd *m, uint64_t tt)
{
    if (tt == VTD_TT_DEVICE_TLB)
        return vtdm_ecap(m, VTD_ECAP_DT);
    if (tt == VTD_TT_PASS_THROUGH)
        return vtdm_ecap(m, VTD_ECAP_PT);
    return tt == VTD_TT_UNTRANSLATED;
}

static uint8_t legacy_check(const struct iommu_model_vtd *m, const uint64_t *words)
{
    if (!(words[0] & VTD_LCE0_P))
        return VTD_FAULT_LCT_NOT_PRESENT;
    if (legacy_reserved(m, words))
        return VTD_FAULT_LCT_RESERVED;
    if (!type_supported(m, SPEC_GET(VTD_LCE0_TT, words[0])) ||
        !width_supported(m, SPEC_GET(VTD_LCE1_AW, words[1])))
        return VTD_FAULT_LCT_INVALID;
    return VTD_FAULT_NONE;
}

static void legacy_fetch(struct vtdm_tx *tx, struct found *found)
{
    unsigned devfn = SPEC_GET(VTD_RID_DEVFN, (uint32_t)tx->request->rid);
    uint64_t table;
    found->count = 2;
    if (!legacy_root(tx, found, &table))
        return;
    uint64_t address = table + (uint64_t)devfn * VTD_LCE_BYTES;
    bool readable = vtdm_read_entry(tx, address, found->words, 2, vtdm_tables_snooped(tx));
    vtdm_step(tx, "context entry", address, devfn, found->words, 2, false);
    if (!readable) {
        unreadable(tx, found, VTD_FAULT_LCT_ACCESS);
        return;
    }
    found->fpd = found->words[0] & VTD_LCE0_FPD;
    found->fault = legacy_check(tx->m, found->words);
    vtdm_decide(tx, found->fault ? iommu_model_vtd_fault_name(found->fault) : "present");
}

static void legacy_route(struct vtdm_tx *tx, const uint64_t *words)
{
    struct vtdm_route *route = &tx->route;
    unsigned aw = (unsigned)SPEC_GET(VTD_LCE1_AW, words[1]);
    unsigned widest = (unsigned)SPEC_GET(VTD_CAP_MGAW, tx->m->config.cap) + 1;
    unsigned bits = VTD_AW_BITS(aw);
    bool pass = SPEC_GET(VTD_LCE0_TT, words[0]) == VTD_TT_PASS_THROUGH;
    route->legacy = true;
    route->pgtt = pass ? VTD_PGTT_PASS_THROUGH : VTD_PGTT_SECOND;
    route->did = (uint16_t)SPEC_GET(VTD_LCE1_DID, words[1]);
    route->tag = VTDM_NO_PASID;
    route->second = words[0] & VTD_LCE0_SSPTPTR;
    route->second_levels = (uint8_t)VTD_AW_LEVELS(aw);
    route->second_bits = (uint8_t)(bits < widest ? bits : widest);
    tx->routed = true;
}

uint8_t vtdm_legacy_context(struct vtdm_tx *tx)
{
    struct found found = { .count = 2 };
    if (!from_cache(tx, &found, 2, "context cache")) {
        legacy_fetch(tx, &found);
        remember(tx, &found, (uint16_t)SPEC_GET(VTD_LCE1_DID, found.words[1]));
    }
    tx->fpd |= found.fpd;
    if (found.fault)
        return vtdm_refuse(tx, found.fault);
    legacy_route(tx, found.words);
    if (tx->route.did == 0 && vtdm_cap(tx->m, VTD_CAP_CM) && !tx->dry) {
        vtdm_misuse(tx->m, "domain id 0 is used although Caching Mode reserves it");
        tx->front = NULL; /* each use counts */
    }
    if (tx->request->at != IOMMU_MODEL_UNTRANSLATED &&
        SPEC_GET(VTD_LCE0_TT, found.words[0]) != VTD_TT_DEVICE_TLB)
        return vtdm_refuse(tx, VTD_FAULT_LCT_BLOCKED);
    return VTD_FAULT_NONE;
}

static bool scalable_root(struct vtdm_tx *tx, struct found *found, uint64_t *table)
{
    unsigned bus = SPEC_GET(VTD_RID_BUS, (uint32_t)tx->request->rid);
    unsigned upper = (tx->request->rid & VTD_SRE_UPPER_DEVFN) ? 1 : 0;
    uint64_t address = tx->m->root_table + (uint64_t)bus * VTD_ROOT_BYTES;
    uint64_t words[2] = { 0, 0 };
    bool readable = vtdm_read_entry(tx, address, words, 2, vtdm_tables_snooped(tx));
    vtdm_step(tx, "scalable root entry", address, bus, words, 2, false);
    uint64_t reserved = VTD_SRE0_RSVD | (VTD_SRE0_LCTP & vtdm_beyond_host(tx->m));
    if (!readable)
        unreadable(tx, found, VTD_FAULT_SRT_ACCESS);
    else if (!(words[upper] & VTD_SRE0_LP))
        found->fault = vtdm_refuse(tx, VTD_FAULT_SRT_NOT_PRESENT);
    else if (words[upper] & reserved)
        found->fault = vtdm_refuse(tx, VTD_FAULT_SRT_RESERVED);
    else
        vtdm_decide(tx, "present, context table follows");
    *table = words[upper] & VTD_SRE0_LCTP;
    return !found->fault;
}

static bool scalable_reserved(const struct iommu_model_vtd *m, const uint64_t *words)
{
    uint64_t reserved0 = VTD_SCE0_RSVD | VTD_SCE0_REV5 | (VTD_SCE0_PASIDDIRPTR & vtdm_beyond_host(m));
    uint64_t reserved1 = VTD_SCE1_RSVD;
    if (!vtdm_ecap(m, VTD_ECAP_DT))
        reserved0 |= VTD_SCE0_DTE;
    if (!vtdm_ecap(m, VTD_ECAP_PASID))
        reserved0 |= VTD_SCE0_PASIDE;
    if (!vtdm_ecap(m, VTD_ECAP_PRS))
        reserved0 |= VTD_SCE0_PRE;
    if (!vtdm_ecap(m, VTD_ECAP_RPS))
        reserved1 |= VTD_SCE1_RID_PASID;
    if (!vtdm_ecap(m, VTD_ECAP_RPRIVS))
        reserved1 |= VTD_SCE1_RID_PRIV;
    return (words[0] & reserved0) || (words[1] & reserved1) || words[2] || words[3];
}

static bool beyond_directory(const uint64_t *words, uint32_t pasid)
{
    unsigned pdts = (unsigned)SPEC_GET(VTD_SCE0_PDTS, words[0]);
    return (uint64_t)pasid >> VTD_PDTS_PASIDS_LG2(pdts);
}

static uint8_t scalable_check(const struct iommu_model_vtd *m, const uint64_t *words)
{
    if (!(words[0] & VTD_SCE0_P))
        return VTD_FAULT_SCT_NOT_PRESENT;
    if (scalable_reserved(m, words))
        return VTD_FAULT_SCT_RESERVED;
    if ((words[0] & VTD_SCE0_PRE) && !(words[0] & VTD_SCE0_DTE))
        return VTD_FAULT_SCT_INVALID;
    if (beyond_directory(words, (uint32_t)SPEC_GET(VTD_SCE1_RID_PASID, words[1])))
        return VTD_FAULT_SCT_INVALID;
    return VTD_FAULT_NONE;
}

static void scalable_fetch(struct vtdm_tx *tx, struct found *found)
{
    unsigned index = SPEC_GET(VTD_SCE_INDEX, (uint32_t)tx->request->rid);
    uint64_t table;
    if (!scalable_root(tx, found, &table))
        return;
    uint64_t address = table + (uint64_t)index * VTD_SCE_BYTES;
    bool readable = vtdm_read_entry(tx, address, found->words, 4, vtdm_tables_snooped(tx));
    vtdm_step(tx, "scalable context entry", address, index, found->words, 4, false);
    if (!readable) {
        unreadable(tx, found, VTD_FAULT_SCT_ACCESS);
        return;
    }
    found->fpd = found->words[0] & VTD_SCE0_FPD;
    found->fault = scalable_check(tx->m, found->words);
    vtdm_decide(tx, found->fault ? iommu_model_vtd_fault_name(found->fault) : "present");
}

/* What the context lets a request of this kind do. */
static uint8_t scalable_permissions(struct vtdm_tx *tx, const uint64_t *words)
{
    const struct iommu_model_request *request = tx->request;
    if (tx->page_request && !(words[0] & VTD_SCE0_PRE))
        return VTD_FAULT_SCT_NO_PRE;
    if (request->at != IOMMU_MODEL_UNTRANSLATED && !(words[0] & VTD_SCE0_DTE))
        return VTD_FAULT_SCT_NO_DTE;
    if (!request->has_pasid)
        return VTD_FAULT_NONE;
    if (!(words[0] & VTD_SCE0_PASIDE))
        return VTD_FAULT_SCT_NO_PASIDE;
    if (beyond_directory(words, request->pasid))
        return VTD_FAULT_SCT_PASID_BEYOND;
    if (request->pasid == SPEC_GET(VTD_SCE1_RID_PASID, words[1]))
        return VTD_FAULT_SCT_RID_PASID_USED;
    return VTD_FAULT_NONE;
}

uint8_t vtdm_scalable_context(struct vtdm_tx *tx)
{
    struct found found = { .count = 4 };
    if (!from_cache(tx, &found, 4, "context cache")) {
        scalable_fetch(tx, &found);
        remember(tx, &found, 0);
    }
    tx->fpd |= found.fpd;
    if (found.fault)
        return vtdm_refuse(tx, found.fault);
    uint8_t fault = scalable_permissions(tx, found.words);
    if (fault)
        return vtdm_refuse(tx, fault);
    tx->directory = found.words[0] & VTD_SCE0_PASIDDIRPTR;
    if (tx->request->has_pasid) {
        tx->pasid = tx->request->pasid;
    } else {
        tx->pasid = (uint32_t)SPEC_GET(VTD_SCE1_RID_PASID, found.words[1]);
        tx->privileged = found.words[1] & VTD_SCE1_RID_PRIV;
    }
    return VTD_FAULT_NONE;
}
