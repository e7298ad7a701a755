/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/device.c - descriptors that go out to devices: device-TLB invalidation, page group response.
 *
 * Architecture: "Device-TLB invalidate descriptor", "PASID-based device-TLB invalidate descriptor",
 * "Page group response descriptor". Lock: held; queue.c sends what is prepared here, without the lock.
 * Called through the table in invalidate.c.
 */
#include "models/vtd/queue.h"

/* Bytes that ADDR and S stand for; 0: everything. */
static uint64_t span(uint64_t address, bool sized)
{
    unsigned bit = VTD_PAGE_LG2;
    if (!sized)
        return VTD_PAGE_BYTES;
    while (bit < 63 && (address & SPEC_BIT64(bit)))
        bit++;
    return bit >= 63 ? 0 : SPEC_BIT64(bit + 1);
}

static void prepare(struct iommu_model_vtd *m, uint16_t rid, uint64_t address, bool sized)
{
    struct iommu_model_devtlb_invalidation *request = &m->queue.request;
    uint64_t bytes = span(address, sized);
    if (!vtdm_enabled(m, VTD_GSTS_TES))
        vtdm_misuse(m, "a device-TLB invalidation while translation is off");
    *request = (struct iommu_model_devtlb_invalidation){
        .rid = rid, .bytes = bytes, .address = bytes ? address & ~(bytes - 1) : 0,
    };
    m->queue.outgoing = true;
}

enum vtd_iqei vtdm_devtlb_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    if (!vtdm_ecap(m, VTD_ECAP_DT))
        return VTD_IQEI_BAD_TYPE;
    if (!vtdm_ecap(m, VTD_ECAP_DIT) &&
        (d->words[0] & (VTD_QI_DEVTLB_PFSID_LOW | VTD_QI_DEVTLB_PFSID_HIGH)))
        return VTD_IQEI_RESERVED;
    return VTD_IQEI_NONE;
}

void vtdm_devtlb_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    prepare(m, (uint16_t)SPEC_GET(VTD_QI_DEVTLB_SID, d->words[0]),
            d->words[1] & VTD_QI_DEVTLB1_ADDR, d->words[1] & VTD_QI_DEVTLB1_S);
}

enum vtd_iqei vtdm_pdevtlb_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    if (!vtdm_ecap(m, VTD_ECAP_DT))
        return VTD_IQEI_BAD_TYPE;
    if (!vtdm_ecap(m, VTD_ECAP_DIT) &&
        (d->words[0] & (VTD_QI_PDEVTLB_PFSID_LOW | VTD_QI_PDEVTLB_PFSID_HIGH)))
        return VTD_IQEI_RESERVED;
    return VTD_IQEI_NONE;
}

void vtdm_pdevtlb_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    prepare(m, (uint16_t)SPEC_GET(VTD_QI_PDEVTLB_SID, d->words[0]),
            d->words[1] & VTD_QI_PDEVTLB1_ADDR, d->words[1] & VTD_QI_PDEVTLB1_S);
    m->queue.request.has_pasid = true;
    m->queue.request.pasid = (uint32_t)SPEC_GET(VTD_QI_PDEVTLB_PASID, d->words[0]);
    m->queue.request.global = d->words[1] & VTD_QI_PDEVTLB1_G;
}

enum vtd_iqei vtdm_response_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    (void)d;
    return vtdm_ecap(m, VTD_ECAP_PRS) ? VTD_IQEI_NONE : VTD_IQEI_BAD_TYPE;
}

void vtdm_response_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    m->stats.page_responses++;
    m->queue.responding = true;
    m->queue.response = (struct iommu_model_page_response){
        .rid = (uint16_t)SPEC_GET(VTD_QI_PGRSP_RID, d->words[0]),
        .has_pasid = d->words[0] & VTD_QI_PGRSP_PP,
        .pasid = (uint32_t)SPEC_GET(VTD_QI_PGRSP_PASID, d->words[0]),
        .group = (uint16_t)SPEC_GET(VTD_QI_PGRSP1_PRGI, d->words[1]),
        .code = (uint8_t)SPEC_GET(VTD_QI_PGRSP_CODE, d->words[0]),
    };
}
