/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/pasid.c - PASID directory and PASID entry, and the PASID cache.
 *
 * Architecture: "Scalable-mode PASID directory entry", "Scalable-mode PASID table entry", "PASID
 * cache". An entry is remembered for {requester, PASID} and tagged with its domain id; with Caching
 * Mode, faulty ones too, under domain id 0. Lock: held. Called by translate.c.
 */
#include "models/vtd/translate.h"

struct found {
    uint64_t words[VTD_PE_QWORDS];
    uint8_t fault;
    bool fpd;
    bool unreadable;
};

static struct vtdm_name name_of(const struct vtdm_tx *tx)
{
    return (struct vtdm_name){ tx->request->rid, tx->pasid, 0 };
}

static bool from_cache(struct vtdm_tx *tx, struct found *found)
{
    struct vtdm_name name = name_of(tx);
    vtdm_evict(tx);
    const struct vtdm_pasid *entry =
        (const struct vtdm_pasid *)(const void *)vtdm_cache_find(&tx->m->pasid, &name);
    if (!entry || tx->fresh)
        return false;
    tx->remembered |= VTDM_FROM_PASID;
    for (unsigned i = 0; i < VTD_PE_QWORDS; i++)
        found->words[i] = entry->words[i];
    found->fault = entry->fault;
    found->fpd = entry->fpd;
    if (!tx->dry)
        tx->m->stats.pasid_hits++;
    vtdm_step(tx, "PASID cache", 0, tx->pasid, found->words, VTD_PE_QWORDS, true);
    return true;
}

static void remember(struct vtdm_tx *tx, const struct found *found)
{
    struct vtdm_name name = name_of(tx);
    uint16_t did = found->fault ? 0 : (uint16_t)SPEC_GET(VTD_PE1_DID, found->words[1]);
    if (tx->dry || found->unreadable || (found->fault && !vtdm_cap(tx->m, VTD_CAP_CM)))
        return;
    struct vtdm_pasid *entry = (struct vtdm_pasid *)(void *)vtdm_cache_put(&tx->m->pasid, &name, did);
    if (!entry)
        return;
    for (unsigned i = 0; i < VTD_PE_QWORDS; i++)
        entry->words[i] = found->words[i];
    entry->fault = found->fault;
    entry->fpd = found->fpd;
}

static uint8_t directory_check(const struct iommu_model_vtd *m, uint64_t entry)
{
    if (!(entry & VTD_PDE_P))
        return VTD_FAULT_SPD_NOT_PRESENT;
    if (entry & (VTD_PDE_RSVD | (VTD_PDE_SMPTBLPTR & vtdm_beyond_host(m))))
        return VTD_FAULT_SPD_RESERVED;
    return VTD_FAULT_NONE;
}

/* The PASID table that the directory names. What is wrong, vtdm_pasid_entry tells the explanation. */
static bool directory(struct vtdm_tx *tx, struct found *found, uint64_t *table)
{
    unsigned index = SPEC_GET(VTD_PDE_INDEX, tx->pasid);
    uint64_t address = tx->directory + (uint64_t)index * VTD_PDE_BYTES;
    uint64_t entry = 0;
    bool readable = vtdm_read_entry(tx, address, &entry, 1, vtdm_tables_snooped(tx));
    vtdm_step(tx, "PASID directory entry", address, index, &entry, 1, false);
    if (!readable) {
        found->unreadable = true;
        found->fault = VTD_FAULT_SPD_ACCESS;
        return false;
    }
    found->fpd = entry & VTD_PDE_FPD;
    found->fault = directory_check(tx->m, entry);
    vtdm_decide(tx, "present, PASID table follows");
    *table = entry & VTD_PDE_SMPTBLPTR;
    return !found->fault;
}

static bool uses_second(unsigned pgtt)
{
    return pgtt == VTD_PGTT_SECOND || pgtt == VTD_PGTT_NESTED;
}

static bool uses_first(unsigned pgtt)
{
    return pgtt == VTD_PGTT_FIRST || pgtt == VTD_PGTT_NESTED;
}

static bool reserved_low(const struct iommu_model_vtd *m, const uint64_t *words)
{
    unsigned pgtt = (unsigned)SPEC_GET(VTD_PE0_PGTT, words[0]);
    uint64_t mask = VTD_PE0_RSVD;
    if (!vtdm_ecap(m, VTD_ECAP_SSADS))
        mask |= VTD_PE0_SSADE;
    if (uses_second(pgtt))
        mask |= VTD_PE0_SSPTPTR & vtdm_beyond_host(m);
    return words[0] & mask;
}

static bool reserved_domain(const struct iommu_model_vtd *m, const uint64_t *words)
{
    uint64_t mask = VTD_PE1_RSVD;
    if (!vtdm_ecap(m, VTD_ECAP_SMPWCS))
        mask |= VTD_PE1_PWSNP;
    if (!vtdm_ecap(m, VTD_ECAP_SC))
        mask |= VTD_PE1_PGSNP;
    if (!vtdm_ecap(m, VTD_ECAP_MTS))
        mask |= VTD_PE1_EMTE;
    return (words[1] & mask) || SPEC_GET(VTD_PE1_DID, words[1]) >> vtdm_domain_bits(m);
}

static bool reserved_first(const struct iommu_model_vtd *m, const uint64_t *words)
{
    unsigned pgtt = (unsigned)SPEC_GET(VTD_PE0_PGTT, words[0]);
    uint64_t mask = VTD_PE2_RSVD;
    if (!vtdm_ecap(m, VTD_ECAP_SRS))
        mask |= VTD_PE2_SRE;
    if (!vtdm_ecap(m, VTD_ECAP_EAFS))
        mask |= VTD_PE2_EAFE;
    if (pgtt == VTD_PGTT_FIRST)
        mask |= VTD_PE2_FSPTPTR & vtdm_beyond_host(m);
    return words[2] & mask;
}

static bool reserved(const struct iommu_model_vtd *m, const uint64_t *words)
{
    return reserved_low(m, words) || reserved_domain(m, words) || reserved_first(m, words) ||
           words[3] || words[4] || words[5] || words[6] || words[7];
}

static bool type_supported(const struct iommu_model_vtd *m, unsigned pgtt)
{
    if (pgtt == VTD_PGTT_FIRST)
        return vtdm_ecap(m, VTD_ECAP_FSTS);
    if (pgtt == VTD_PGTT_SECOND)
        return vtdm_ecap(m, VTD_ECAP_SSTS);
    if (pgtt == VTD_PGTT_NESTED)
        return vtdm_ecap(m, VTD_ECAP_NEST);
    return pgtt == VTD_PGTT_PASS_THROUGH && vtdm_ecap(m, VTD_ECAP_PT);
}

static unsigned second_bits(const struct iommu_model_vtd *m, const uint64_t *words)
{
    unsigned widest = (unsigned)SPEC_GET(VTD_CAP_MGAW, m->config.cap) + 1;
    unsigned bits = VTD_AW_BITS((unsigned)SPEC_GET(VTD_PE0_AW, words[0]));
    return bits < widest ? bits : widest;
}

/* SAGAW names no width but 39, 48 and 57 bits: capability.c sees to it. */
static bool second_valid(const struct iommu_model_vtd *m, const uint64_t *words)
{
    unsigned aw = (unsigned)SPEC_GET(VTD_PE0_AW, words[0]);
    return SPEC_GET(VTD_CAP_SAGAW, m->config.cap) & SPEC_BIT64(aw);
}

static bool first_valid(const struct iommu_model_vtd *m, const uint64_t *words)
{
    uint64_t mode = SPEC_GET(VTD_PE2_FSPM, words[2]);
    return mode == VTD_FSPM_4LEVEL || (mode == VTD_FSPM_5LEVEL && vtdm_cap(m, VTD_CAP_FS5LP));
}

static uint8_t entry_check(const struct iommu_model_vtd *m, const uint64_t *words)
{
    unsigned pgtt = (unsigned)SPEC_GET(VTD_PE0_PGTT, words[0]);
    if (!(words[0] & VTD_PE0_P))
        return VTD_FAULT_SPT_NOT_PRESENT;
    if (reserved(m, words))
        return VTD_FAULT_SPT_RESERVED;
    if (!type_supported(m, pgtt))
        return VTD_FAULT_SPT_INVALID;
    if (uses_second(pgtt) && !second_valid(m, words))
        return VTD_FAULT_SPT_INVALID;
    if (uses_first(pgtt) && !first_valid(m, words))
        return VTD_FAULT_SPT_INVALID;
    if (pgtt == VTD_PGTT_NESTED && (words[2] & VTD_PE2_FSPTPTR) >> second_bits(m, words))
        return VTD_FAULT_SPT_INVALID;
    return VTD_FAULT_NONE;
}

static void fetch(struct vtdm_tx *tx, struct found *found)
{
    unsigned index = SPEC_GET(VTD_PE_INDEX, tx->pasid);
    uint64_t table;
    if (!directory(tx, found, &table))
        return;
    uint64_t address = table + (uint64_t)index * VTD_PE_BYTES;
    bool readable = vtdm_read_entry(tx, address, found->words, VTD_PE_QWORDS, vtdm_tables_snooped(tx));
    vtdm_step(tx, "PASID table entry", address, index, found->words, VTD_PE_QWORDS, false);
    if (!readable) {
        found->unreadable = true;
        found->fault = VTD_FAULT_SPT_ACCESS;
    } else {
        found->fpd |= (found->words[0] & VTD_PE0_FPD) != 0;
        found->fault = entry_check(tx->m, found->words);
    }
    vtdm_decide(tx, found->fault ? iommu_model_vtd_fault_name(found->fault) : "present");
}

static void set_route(struct vtdm_tx *tx, const uint64_t *words)
{
    struct vtdm_route *route = &tx->route;
    unsigned aw = (unsigned)SPEC_GET(VTD_PE0_AW, words[0]);
    route->legacy = false;
    route->pgtt = (uint8_t)SPEC_GET(VTD_PE0_PGTT, words[0]);
    route->did = (uint16_t)SPEC_GET(VTD_PE1_DID, words[1]);
    route->tag = uses_first(route->pgtt) ? tx->pasid : VTDM_NO_PASID;
    route->second = words[0] & VTD_PE0_SSPTPTR;
    route->second_levels = (uint8_t)VTD_AW_LEVELS(aw);
    route->second_bits = (uint8_t)second_bits(tx->m, words);
    route->first = words[2] & VTD_PE2_FSPTPTR;
    route->first_levels = SPEC_GET(VTD_PE2_FSPM, words[2]) == VTD_FSPM_5LEVEL ? 5 : 4;
    route->snooped = words[1] & VTD_PE1_PWSNP;
    route->second_flags = words[0] & VTD_PE0_SSADE;
    route->supervisor = words[2] & VTD_PE2_SRE;
    route->write_protect = words[2] & VTD_PE2_WPE;
    route->extended = words[2] & VTD_PE2_EAFE;
    tx->routed = true;
}

uint8_t vtdm_pasid_entry(struct vtdm_tx *tx)
{
    struct found found = { .fault = VTD_FAULT_NONE };
    if (!from_cache(tx, &found)) {
        fetch(tx, &found);
        remember(tx, &found);
    }
    tx->fpd |= found.fpd;
    if (found.fault)
        return vtdm_refuse(tx, found.fault);
    set_route(tx, found.words);
    if (tx->route.did == 0 && vtdm_cap(tx->m, VTD_CAP_CM) && !tx->dry) {
        vtdm_misuse(tx->m, "domain id 0 is used although Caching Mode reserves it");
        tx->front = NULL; /* each use counts */
    }
    return VTD_FAULT_NONE;
}
