/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/regcache.c - invalidation through registers, for units and drivers without a queue.
 *
 * Architecture: "Context command register", "IOTLB invalidate register", "Invalidate address register".
 * The go bit is in the upper half; a write of it starts the operation, which is done when the write
 * returns, unless the unit is told to take its time (pace.c). The granularity read back is what was
 * done, 0 an error. Lock: held. Called by registers.c.
 */
#include "models/vtd/drop.h"
#include "models/vtd/model.h"

static bool usable(struct iommu_model_vtd *m)
{
    if (vtdm_enabled(m, VTD_GSTS_QIES)) {
        vtdm_misuse(m, "an invalidation register was used although the queue is enabled");
        return false;
    }
    return m->table_mode == VTD_TTM_LEGACY && m->config.major < VTD_MAJOR_QUEUE_ONLY;
}

static uint64_t invalidate_contexts(struct iommu_model_vtd *m, uint64_t command)
{
    uint16_t did = (uint16_t)SPEC_GET(VTD_CCMD_DID, command);
    uint64_t granularity = SPEC_GET(VTD_CCMD_CIRG, command);
    if (granularity == VTD_CCMD_CIRG_GLOBAL)
        vtdm_drop_contexts(m);
    if (granularity == VTD_CCMD_CIRG_DOMAIN)
        vtdm_drop_contexts_of_domain(m, did);
    if (granularity == VTD_CCMD_CIRG_DEVICE)
        vtdm_drop_context(m, (uint16_t)SPEC_GET(VTD_CCMD_SID, command),
                          (unsigned)SPEC_GET(VTD_CCMD_FM, command), did);
    return granularity;
}

void vtdm_ccmd_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    if (m->pace.ccmd)
        vtdm_misuse(m, "the context command register was written while its command ran");
    if ((m->reg[VTDM_CCMD] & lanes & VTD_CCMD_ICC) && !vtdm_later(m, &m->pace.ccmd))
        vtdm_ccmd_run(m);
}

void vtdm_ccmd_run(struct iommu_model_vtd *m)
{
    uint64_t command = m->reg[VTDM_CCMD];
    vtdm_settled(m);
    uint64_t done = usable(m) ? invalidate_contexts(m, command) : 0;
    m->reg[VTDM_CCMD] = (command & ~(VTD_CCMD_ICC | VTD_CCMD_CAIG)) |
                        SPEC_PUT(VTD_CCMD_CAIG, done);
}

/* Without page-selective invalidation the whole domain goes, which the answer tells. */
static uint64_t invalidate_pages(struct iommu_model_vtd *m, uint16_t did)
{
    uint64_t iva = m->reg[VTDM_IVA];
    unsigned am = (unsigned)SPEC_GET(VTD_IVA_AM, iva);
    if (!vtdm_cap(m, VTD_CAP_PSI)) {
        vtdm_drop_domain(m, did);
        return VTD_IOTLB_IIRG_DOMAIN;
    }
    if (am > SPEC_GET(VTD_CAP_MAMV, m->config.cap))
        return 0;
    struct vtdm_range range = vtdm_range_of(m, iva & VTD_IVA_ADDR, am);
    vtdm_drop_domain_pages(m, did, range, iva & VTD_IVA_IH);
    return VTD_IOTLB_IIRG_PAGE;
}

static uint64_t invalidate_translations(struct iommu_model_vtd *m, uint64_t command)
{
    uint16_t did = (uint16_t)SPEC_GET(VTD_IOTLB_DID, command);
    uint64_t granularity = SPEC_GET(VTD_IOTLB_IIRG, command);
    if (granularity == VTD_IOTLB_IIRG_PAGE)
        return invalidate_pages(m, did);
    if (granularity == VTD_IOTLB_IIRG_GLOBAL)
        vtdm_drop_translations(m);
    if (granularity == VTD_IOTLB_IIRG_DOMAIN)
        vtdm_drop_domain(m, did);
    return granularity;
}

void vtdm_iotlb_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    if (m->pace.iotlb)
        vtdm_misuse(m, "the IOTLB register was written while its command ran");
    if ((m->reg[VTDM_IOTLB] & lanes & VTD_IOTLB_IVT) && !vtdm_later(m, &m->pace.iotlb))
        vtdm_iotlb_run(m);
}

void vtdm_iotlb_run(struct iommu_model_vtd *m)
{
    uint64_t command = m->reg[VTDM_IOTLB];
    vtdm_settled(m);
    uint64_t done = usable(m) ? invalidate_translations(m, command) : 0;
    m->reg[VTDM_IOTLB] = (command & ~(VTD_IOTLB_IVT | VTD_IOTLB_IAIG)) |
                         SPEC_PUT(VTD_IOTLB_IAIG, done);
}
