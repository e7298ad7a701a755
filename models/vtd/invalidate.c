/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/invalidate.c - the descriptors that empty the unit's own caches; one row a type.
 *
 * Architecture: "Queued invalidation descriptors": reserved bits, granularities, which types a table
 * mode and a queue width allow. Lock: held. Called by queue.c.
 */
#include "models/vtd/drop.h"
#include "models/vtd/queue.h"

struct kind {
    uint64_t reserved[2];
    enum vtd_iqei (*check)(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);
    void (*run)(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);
};

/* ---- Context cache ------------------------------------------------------------------------------- */

static enum vtd_iqei cc_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    (void)m;
    return SPEC_GET(VTD_QI_CC_G, d->words[0]) ? VTD_IQEI_NONE : VTD_IQEI_BAD_TYPE;
}

static void cc_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    uint16_t did = (uint16_t)SPEC_GET(VTD_QI_CC_DID, d->words[0]);
    uint16_t rid = (uint16_t)SPEC_GET(VTD_QI_CC_SID, d->words[0]);
    unsigned fm = (unsigned)SPEC_GET(VTD_QI_CC_FM, d->words[0]);
    switch (SPEC_GET(VTD_QI_CC_G, d->words[0])) {
    case VTD_QI_CC_G_DEVICE:
        vtdm_drop_context(m, rid, fm, did);
        break;
    case VTD_QI_CC_G_DOMAIN:
        vtdm_drop_contexts_of_domain(m, did);
        break;
    default:
        vtdm_drop_contexts(m);
        break;
    }
}

/* ---- PASID cache --------------------------------------------------------------------------------- */

static enum vtd_iqei pc_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    (void)m;
    return SPEC_GET(VTD_QI_PC_G, d->words[0]) == 2 ? VTD_IQEI_BAD_TYPE : VTD_IQEI_NONE;
}

static void pc_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    uint16_t did = (uint16_t)SPEC_GET(VTD_QI_PC_DID, d->words[0]);
    uint32_t pasid = (uint32_t)SPEC_GET(VTD_QI_PC_PASID, d->words[0]);
    switch (SPEC_GET(VTD_QI_PC_G, d->words[0])) {
    case VTD_QI_PC_G_DOMAIN:
        vtdm_drop_pasids_of_domain(m, did);
        break;
    case VTD_QI_PC_G_PASID:
        vtdm_drop_pasid(m, did, pasid);
        break;
    default:
        vtdm_drop_pasids(m);
        break;
    }
}

/* ---- IOTLB by domain ----------------------------------------------------------------------------- */

static enum vtd_iqei iotlb_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    uint64_t g = SPEC_GET(VTD_QI_IOTLB_G, d->words[0]);
    uint64_t am = SPEC_GET(VTD_QI_IOTLB1_AM, d->words[1]);
    if (g == 0 || (g == VTD_QI_IOTLB_G_PAGE && !vtdm_cap(m, VTD_CAP_PSI)))
        return VTD_IQEI_BAD_TYPE;
    if (g == VTD_QI_IOTLB_G_PAGE && am > SPEC_GET(VTD_CAP_MAMV, m->config.cap))
        return VTD_IQEI_RESERVED;
    return VTD_IQEI_NONE;
}

static inline struct vtdm_range range_in(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    return vtdm_range_of(m, d->words[1] & VTD_QI_IOTLB1_ADDR,
                         (unsigned)SPEC_GET(VTD_QI_IOTLB1_AM, d->words[1]));
}

static void iotlb_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    uint16_t did = (uint16_t)SPEC_GET(VTD_QI_IOTLB_DID, d->words[0]);
    switch (SPEC_GET(VTD_QI_IOTLB_G, d->words[0])) {
    case VTD_QI_IOTLB_G_PAGE:
        vtdm_drop_domain_pages(m, did, range_in(m, d), d->words[1] & VTD_QI_IOTLB1_IH);
        break;
    case VTD_QI_IOTLB_G_DOMAIN:
        vtdm_drop_domain(m, did);
        break;
    default:
        vtdm_drop_translations(m);
        break;
    }
}

/* ---- IOTLB by PASID ------------------------------------------------------------------------------ */

static enum vtd_iqei piotlb_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    (void)m;
    return SPEC_GET(VTD_QI_PIOTLB_G, d->words[0]) < VTD_QI_PIOTLB_G_PASID ? VTD_IQEI_BAD_TYPE
                                                                          : VTD_IQEI_NONE;
}

static void piotlb_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    uint16_t did = (uint16_t)SPEC_GET(VTD_QI_PIOTLB_DID, d->words[0]);
    uint32_t pasid = (uint32_t)SPEC_GET(VTD_QI_PIOTLB_PASID, d->words[0]);
    if (SPEC_GET(VTD_QI_PIOTLB_G, d->words[0]) == VTD_QI_PIOTLB_G_PAGE)
        vtdm_drop_tagged_pages(m, did, pasid, range_in(m, d),
                               d->words[1] & VTD_QI_PIOTLB1_IH);
    else
        vtdm_drop_tagged(m, did, pasid);
}

/* ---- Interrupt entry cache: interrupts are not remapped here, so there is nothing to drop -------- */

static enum vtd_iqei iec_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    if (!vtdm_ecap(m, VTD_ECAP_IR))
        return VTD_IQEI_BAD_TYPE;
    if ((d->words[0] & VTD_QI_IEC_G) &&
        SPEC_GET(VTD_QI_IEC_IM, d->words[0]) > SPEC_GET(VTD_ECAP_MHMV, m->config.ecap))
        return VTD_IQEI_RESERVED;
    return VTD_IQEI_NONE;
}

static void iec_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    (void)m;
    (void)d;
}

/* ---- All types ----------------------------------------------------------------------------------- */

static const struct kind kinds[] = {
    [VTD_QI_TYPE_CC] = { { VTD_QI_CC_RSVD, VTD_QI_CC1_RSVD }, cc_check, cc_run },
    [VTD_QI_TYPE_IOTLB] = { { VTD_QI_IOTLB_RSVD, VTD_QI_IOTLB1_RSVD }, iotlb_check, iotlb_run },
    [VTD_QI_TYPE_DEVTLB] = { { VTD_QI_DEVTLB_RSVD, VTD_QI_DEVTLB1_RSVD },
                             vtdm_devtlb_check, vtdm_devtlb_run },
    [VTD_QI_TYPE_IEC] = { { VTD_QI_IEC_RSVD, VTD_QI_IEC1_RSVD }, iec_check, iec_run },
    [VTD_QI_TYPE_WAIT] = { { VTD_QI_WAIT_RSVD, VTD_QI_WAIT1_RSVD }, vtdm_wait_check,
                           vtdm_wait_run },
    [VTD_QI_TYPE_PIOTLB] = { { VTD_QI_PIOTLB_RSVD, VTD_QI_PIOTLB1_RSVD }, piotlb_check,
                             piotlb_run },
    [VTD_QI_TYPE_PC] = { { VTD_QI_PC_RSVD, VTD_QI_PC1_RSVD }, pc_check, pc_run },
    [VTD_QI_TYPE_PDEVTLB] = { { VTD_QI_PDEVTLB_RSVD, VTD_QI_PDEVTLB1_RSVD },
                              vtdm_pdevtlb_check, vtdm_pdevtlb_run },
    [VTD_QI_TYPE_PGRSP] = { { VTD_QI_PGRSP_RSVD, VTD_QI_PGRSP1_RSVD }, vtdm_response_check,
                            vtdm_response_run },
};

enum vtd_iqei vtdm_descriptor_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    unsigned type = (unsigned)SPEC_GET(VTD_QI_TYPE, d->words[0]);
    unsigned last = m->table_mode == VTD_TTM_LEGACY ? VTD_QI_TYPE_LEGACY_LAST
                                                    : VTD_QI_TYPE_SCALABLE_LAST;
    if (type == 0 || type > last || (d->words[0] & VTD_QI_TYPE_HIGH))
        return VTD_IQEI_BAD_TYPE;
    const struct kind *kind = &kinds[type];
    uint64_t wrong = (d->words[0] & kind->reserved[0]) | (d->words[1] & kind->reserved[1]) | d->words[2] | d->words[3];
    enum vtd_iqei error = kind->check(m, d);
    return error || !wrong ? error : VTD_IQEI_RESERVED;
}

void vtdm_descriptor_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    kinds[SPEC_GET(VTD_QI_TYPE, d->words[0])].run(m, d);
}
