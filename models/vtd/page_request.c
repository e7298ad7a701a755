/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/page_request.c - the page request queue: from a device's request to an entry in memory.
 *
 * Architecture: "Page requests", "Page request descriptor", "Page request event". A request must find a
 * valid path through the tables up to its PASID entry; whether its page is mapped does not matter. It
 * also removes what the IOTLB holds for its address. Lock: taken by the public function.
 * Called by device models.
 */
#include "models/vtd/drop.h"
#include "models/vtd/translate.h"

static uint64_t ring_bytes(const struct iommu_model_vtd *m)
{
    return (uint64_t)VTD_PAGE_BYTES << SPEC_GET(VTD_PQA_PQS, m->reg[VTDM_PQA]);
}

static uint64_t after_tail(const struct iommu_model_vtd *m)
{
    return (m->reg[VTDM_PQT] + VTD_PRQ_BYTES) & (ring_bytes(m) - 1);
}

void vtdm_page_queue_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    if (m->reg[VTDM_PQH] != m->reg[VTDM_PQT])
        vtdm_misuse(m, "the page request queue was moved while it was not empty");
}

static void encode(const struct iommu_model_page_request *request, uint64_t *words)
{
    words[0] = SPEC_PUT(VTD_PRQ0_TYPE, (uint64_t)VTD_PRQ_TYPE_PAGE_REQUEST) |
               SPEC_PUT(VTD_PRQ0_RID, (uint64_t)request->rid);
    words[1] = SPEC_PUT(VTD_PRQ1_PRGI, (uint64_t)request->group) |
               (request->address & VTD_PRQ1_ADDR) | (request->read ? VTD_PRQ1_READ : 0) |
               (request->write ? VTD_PRQ1_WRITE : 0) | (request->last ? VTD_PRQ1_LPIG : 0);
    words[2] = words[3] = 0;
    if (!request->has_pasid)
        return;
    words[0] |= VTD_PRQ0_PP | SPEC_PUT(VTD_PRQ0_PASID, (uint64_t)request->pasid) |
                (request->privileged ? VTD_PRQ0_PRIV : 0) |
                (request->execute ? VTD_PRQ0_EXEC : 0);
}

/* The entry is complete in memory before the tail says so. */
static bool store(struct iommu_model_vtd *m, const uint64_t *words)
{
    const struct iommu_model_memory *memory = &m->host->memory;
    uint64_t address = (m->reg[VTDM_PQA] & VTD_PQA_PQA) + m->reg[VTDM_PQT];
    for (unsigned i = 0; i < 4; i++)
        if (memory->write64(memory->ctx, address + (uint64_t)i * 8, words[i]) != 0)
            return false;
    m->reg[VTDM_PQT] = after_tail(m);
    return true;
}

static enum iommu_model_page_answer unanswered(const struct iommu_model_page_request *request,
                                               enum iommu_model_page_answer answer)
{
    return request->last ? answer : IOMMU_MODEL_PAGE_DROPPED;
}

static enum iommu_model_page_answer enqueue(struct iommu_model_vtd *m,
                                            const struct iommu_model_page_request *request)
{
    uint64_t words[4];
    if (m->reg[VTDM_PRS] & VTD_PRS_PRO)
        return unanswered(request, IOMMU_MODEL_PAGE_SUCCESS);
    encode(request, words);
    bool full = after_tail(m) == m->reg[VTDM_PQH];
    if (full || !store(m, words)) {
        m->reg[VTDM_PRS] |= VTD_PRS_PRO;
        vtdm_page_event(m);
        return unanswered(request, IOMMU_MODEL_PAGE_SUCCESS);
    }
    m->stats.page_requests++;
    if (!(m->reg[VTDM_PRS] & VTD_PRS_PPR)) {
        m->reg[VTDM_PRS] |= VTD_PRS_PPR;
        vtdm_page_event(m);
    }
    return IOMMU_MODEL_PAGE_QUEUED;
}

static void drop_translation(const struct vtdm_tx *tx)
{
    const struct vtdm_route *route = &tx->route;
    uint64_t page = tx->request->address >> VTD_PAGE_LG2;
    struct vtdm_range range = { page, page };
    if (route->pgtt == VTD_PGTT_FIRST)
        vtdm_drop_tagged_pages(tx->m, route->did, route->tag, range, true);
    else if (route->pgtt == VTD_PGTT_NESTED)
        vtdm_drop_domain(tx->m, route->did);
    else
        vtdm_drop_domain_pages(tx->m, route->did, range, true);
}

static enum iommu_model_page_answer answer(struct iommu_model_vtd *m,
                                           const struct iommu_model_page_request *request)
{
    struct iommu_model_request plain = {
        .rid = request->rid, .has_pasid = request->has_pasid, .pasid = request->pasid,
        .privileged = request->privileged, .execute = request->execute,
        .access = request->write ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ,
        .address = request->address,
    };
    struct vtdm_tx tx;
    if (!vtdm_enabled(m, VTD_GSTS_TES))
        return IOMMU_MODEL_PAGE_DROPPED;
    vtdm_begin(&tx, m, &plain);
    tx.page_request = true;
    uint8_t fault = vtdm_find_route(&tx);
    if (fault) {
        vtdm_report(&tx, fault);
        return unanswered(request, IOMMU_MODEL_PAGE_INVALID);
    }
    drop_translation(&tx);
    return enqueue(m, request);
}

enum iommu_model_page_answer
iommu_model_vtd_page_request(struct iommu_model_vtd *m,
                             const struct iommu_model_page_request *request)
{
    vtdm_lock(m);
    enum iommu_model_page_answer result = answer(m, request);
    vtdm_unlock(m);
    return result;
}
