/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/translate.c - one request from a device, from the door to its answer.
 *
 * Architecture: "DMA remapping", "Interrupt address range", "Address translation", "Requests with and
 * without PASID", "Translation requests and translated requests". The order of the checks is that of
 * the architecture where it matters which of two faults is reported.
 * Lock: taken by the public functions. Called by device models.
 */
#include "models/vtd/entries.h"
#include "models/vtd/near.h"

void vtdm_begin(struct vtdm_tx *tx, struct iommu_model_vtd *m,
                const struct iommu_model_request *request)
{
    *tx = (struct vtdm_tx){ .m = m, .request = request };
    if (request->at == IOMMU_MODEL_TRANSLATION_REQUEST) {
        tx->read = true;
        tx->write = !(request->no_write && vtdm_ecap(m, VTD_ECAP_NWFS));
    } else {
        tx->read = request->access != IOMMU_MODEL_WRITE;
        tx->write = request->access != IOMMU_MODEL_READ;
    }
    tx->privileged = request->has_pasid && request->privileged;
}

/* ---- Table mode: which requests it takes at all --------------------------------------------- */

static bool mode_supported(const struct iommu_model_vtd *m)
{
    if (m->table_mode == VTD_TTM_SCALABLE)
        return vtdm_ecap(m, VTD_ECAP_SMTS);
    if (m->table_mode == VTD_TTM_ABORT)
        return vtdm_ecap(m, VTD_ECAP_ADMS);
    return m->table_mode == VTD_TTM_LEGACY;
}

static uint8_t check_mode(const struct vtdm_tx *tx)
{
    const struct iommu_model_vtd *m = tx->m;
    const struct iommu_model_request *request = tx->request;
    if (!mode_supported(m))
        return VTD_FAULT_RTA_BAD_MODE;
    if (m->table_mode == VTD_TTM_ABORT)
        return VTD_FAULT_RTA_ABORT_MODE;
    if (request->has_pasid && request->execute && m->config.major >= VTD_MAJOR_NO_EXECUTE)
        return VTD_FAULT_RTA_EXECUTE;
    if (m->table_mode == VTD_TTM_LEGACY && tx->page_request)
        return VTD_FAULT_RTA_PAGE_REQUEST_IN_LEGACY;
    if (m->table_mode == VTD_TTM_LEGACY && request->has_pasid)
        return VTD_FAULT_RTA_PASID_IN_LEGACY;
    return VTD_FAULT_NONE;
}

static bool pasid_too_wide(const struct vtdm_tx *tx)
{
    unsigned bits = (unsigned)SPEC_GET(VTD_ECAP_PSS, tx->m->config.ecap) + 1;
    return tx->request->has_pasid && vtdm_ecap(tx->m, VTD_ECAP_PASID) &&
           tx->request->pasid >> bits;
}

static uint8_t look_for_route(struct vtdm_tx *tx)
{
    uint8_t fault = check_mode(tx);
    if (!fault && pasid_too_wide(tx))
        fault = VTD_FAULT_SGN_PASID_TOO_WIDE;
    if (fault) {
        vtdm_step(tx, "request", 0, 0, NULL, 0, false);
        return vtdm_refuse(tx, fault);
    }
    if (tx->m->table_mode == VTD_TTM_LEGACY)
        return vtdm_legacy_context(tx);
    fault = vtdm_scalable_context(tx);
    if (fault || tx->request->at == IOMMU_MODEL_TRANSLATED)
        return fault;
    fault = vtdm_pasid_entry(tx);
    if (!fault && tx->privileged && !tx->route.supervisor)
        fault = vtdm_refuse(tx, VTD_FAULT_SPT_NO_SUPERVISOR);
    return fault;
}

uint8_t vtdm_find_route(struct vtdm_tx *tx)
{
    return vtdm_front_route(tx) ? VTD_FAULT_NONE : look_for_route(tx);
}

/* ---- From a route to a page ------------------------------------------------------------------ */

static uint8_t beyond_host(const struct vtdm_tx *tx, uint64_t address)
{
    if (!(address >> tx->m->config.address_bits))
        return VTD_FAULT_NONE;
    return tx->m->table_mode == VTD_TTM_LEGACY ? VTD_FAULT_LGN_BEYOND_LIMIT
                                               : VTD_FAULT_SGN_BEYOND_HAW;
}

uint8_t vtdm_check_input(const struct vtdm_tx *tx)
{
    if (vtdm_uses_first(&tx->route))
        return vtdm_canonical(&tx->route, tx->request->address) ? VTD_FAULT_NONE : VTD_FAULT_SGN_NOT_CANONICAL;
    if (tx->route.pgtt == VTD_PGTT_PASS_THROUGH)
        return beyond_host(tx, tx->request->address);
    return vtdm_second_limit(tx, tx->request->address);
}

static uint8_t walk_second(struct vtdm_tx *tx, struct vtdm_page *page)
{
    struct vtdm_second second;
    uint8_t fault = vtdm_second_walk(tx, tx->request->address, tx->write, &second);
    page->fault = fault;
    page->lg2 = second.lg2;
    page->pa = second.pa & ~(SPEC_BIT64(second.lg2) - 1);
    page->absent = second.absent;
    page->second_read = second.read;
    page->second_write = second.write;
    page->first_write = page->user = page->extended = true;
    page->dirty = second.dirty;
    return fault;
}

static void pass_through(struct vtdm_tx *tx, struct vtdm_page *page)
{
    vtdm_step(tx, "pass-through", tx->request->address, 0, NULL, 0, false);
    vtdm_decide(tx, "address is used as it is");
    *page = (struct vtdm_page){
        .pa = tx->request->address & ~(uint64_t)(VTD_PAGE_BYTES - 1), .lg2 = VTD_PAGE_LG2,
        .second_read = true, .second_write = true, .first_write = true, .user = true,
        .dirty = true, .extended = true,
    };
}

/* A walk that found nothing may be remembered, one that could not read or update memory is not. */
static bool lasting(uint8_t fault)
{
    return fault == VTD_FAULT_NONE || fault == VTD_FAULT_LSS_RESERVED ||
           fault == VTD_FAULT_SSS_NOT_PRESENT || fault == VTD_FAULT_SSS_RESERVED;
}

static uint8_t walk(struct vtdm_tx *tx, struct vtdm_page *page)
{
    uint8_t fault = VTD_FAULT_NONE;
    *page = (struct vtdm_page){ .lg2 = VTD_PAGE_LG2 };
    if (tx->route.pgtt == VTD_PGTT_PASS_THROUGH)
        pass_through(tx, page);
    else if (vtdm_uses_first(&tx->route))
        fault = vtdm_first_walk(tx, tx->request->address, page);
    else
        fault = walk_second(tx, page);
    page->fault = fault;
    if (lasting(fault))
        vtdm_iotlb_put(tx, page);
    return fault;
}

static uint8_t check_output(const struct vtdm_tx *tx, uint64_t pa)
{
    if (!vtdm_in_window(pa))
        return VTD_FAULT_NONE;
    return tx->m->table_mode == VTD_TTM_LEGACY ? VTD_FAULT_LGN_INTERRUPT_RANGE
                                               : VTD_FAULT_SGN_INTERRUPT_RANGE;
}

static uint64_t address_in(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    return page->pa | (tx->request->address & (SPEC_BIT64(page->lg2) - 1));
}

/* A translated request carries a host address; the tables only say whether it may. */
static uint8_t translated(struct vtdm_tx *tx, struct vtdm_page *page)
{
    uint8_t fault = beyond_host(tx, tx->request->address);
    pass_through(tx, page);
    if (!fault)
        fault = check_output(tx, tx->request->address);
    return fault ? vtdm_refuse(tx, fault) : fault;
}

uint8_t vtdm_remap(struct vtdm_tx *tx, struct vtdm_page *page)
{
    uint8_t fault = vtdm_find_route(tx);
    if (fault)
        return fault;
    if (tx->request->at == IOMMU_MODEL_TRANSLATED)
        return translated(tx, page);
    fault = vtdm_check_input(tx);
    if (fault)
        return vtdm_refuse(tx, fault);
    if (vtdm_iotlb_find(tx, page))
        fault = page->fault;
    else
        fault = walk(tx, page);
    if (fault)
        return fault;
    fault = vtdm_rights(tx, page);
    if (!fault)
        fault = check_output(tx, address_in(tx, page));
    return fault ? vtdm_refuse(tx, fault) : fault;
}

/* ---- Answers ------------------------------------------------------------------------------------ */

static uint8_t request_type(const struct vtdm_tx *tx)
{
    if (tx->page_request)
        return VTD_REQUEST_PAGE;
    if (tx->request->at == IOMMU_MODEL_TRANSLATION_REQUEST)
        return VTD_REQUEST_READ;
    if (tx->request->access == IOMMU_MODEL_ATOMIC)
        return VTD_REQUEST_ATOMIC;
    return tx->request->access == IOMMU_MODEL_WRITE ? VTD_REQUEST_WRITE : VTD_REQUEST_READ;
}

static bool to_be_recorded(const struct vtdm_tx *tx, uint8_t fault)
{
    const struct vtdm_fault_rule *rule = vtdm_fault_rule(fault);
    if (rule->qualified && tx->fpd)
        return false;
    if (tx->request->at != IOMMU_MODEL_TRANSLATION_REQUEST)
        return true;
    return fault == VTD_FAULT_SFS_UPDATE_FAILED ||
           (rule->answer != VTD_ATS_EMPTY && rule->answer != VTD_ATS_RIGHTS);
}

bool vtdm_report(struct vtdm_tx *tx, uint8_t fault)
{
    const struct iommu_model_request *request = tx->request;
    if (tx->dry)
        return false;
    tx->m->stats.faults++;
    if (!to_be_recorded(tx, fault))
        return false;
    struct vtdm_fault_report report = {
        .reason = fault, .type = request_type(tx), .at = (uint8_t)request->at, .rid = request->rid,
        .has_pasid = request->has_pasid, .pasid = request->pasid & VTD_PASID_MASK,
        .privileged = request->privileged, .execute = request->execute,
        .address = request->address,
    };
    if (!vtdm_ecap(tx->m, VTD_ECAP_DT))
        report.at = 0;
    return vtdm_fault_record(tx->m, &report);
}

/* How a translation request learns of a fault. */
static void answer_translation_request(const struct vtdm_tx *tx, const struct vtdm_page *page,
                                       struct iommu_model_result *result)
{
    switch (vtdm_fault_rule(result->fault)->answer) {
    case VTD_ATS_CA:
        result->outcome = IOMMU_MODEL_ABORTED;
        break;
    case VTD_ATS_EMPTY:
        result->outcome = IOMMU_MODEL_OK;
        break;
    case VTD_ATS_RIGHTS:
        result->outcome = IOMMU_MODEL_OK;
        result->pa = address_in(tx, page);
        result->page_lg2 = page->lg2;
        result->read = page->second_read;
        result->write = tx->write && vtdm_may_write(tx, page);
        break;
    default:
        result->outcome = IOMMU_MODEL_UNSUPPORTED;
        break;
    }
}

static void refuse(struct vtdm_tx *tx, const struct vtdm_page *page, uint8_t fault,
                   struct iommu_model_result *result)
{
    result->fault = fault;
    result->recorded = vtdm_report(tx, fault);
    result->outcome = IOMMU_MODEL_BLOCKED;
    if (tx->request->at == IOMMU_MODEL_TRANSLATION_REQUEST)
        answer_translation_request(tx, page, result);
}

static void accept(struct vtdm_tx *tx, const struct vtdm_page *page,
                   struct iommu_model_result *result)
{
    bool may_write = vtdm_may_write(tx, page);
    result->outcome = IOMMU_MODEL_OK;
    result->pa = address_in(tx, page);
    result->page_lg2 = page->lg2;
    result->read = page->second_read;
    result->write = may_write;
    if (tx->request->at == IOMMU_MODEL_TRANSLATION_REQUEST) {
        result->write = may_write && tx->write;
        return;
    }
    if (!vtdm_protected(tx->m, result->pa))
        return;
    vtdm_step(tx, "protected memory", result->pa, 0, NULL, 0, false);
    vtdm_decide(tx, "blocked");
    *result = (struct iommu_model_result){ .outcome = IOMMU_MODEL_UNSUPPORTED };
}

static void off(struct vtdm_tx *tx, struct iommu_model_result *result)
{
    struct vtdm_page page;
    vtdm_step(tx, "global status", 0, 0, &tx->m->reg[VTDM_GSTS], 1, false);
    vtdm_decide(tx, "translation is off");
    if (tx->request->at != IOMMU_MODEL_UNTRANSLATED) {
        result->outcome = IOMMU_MODEL_UNSUPPORTED;
        return;
    }
    pass_through(tx, &page);
    accept(tx, &page, result);
}

static bool is_message(const struct iommu_model_request *request)
{
    return request->access == IOMMU_MODEL_WRITE && request->bytes == 4 && !(request->address & 3);
}

/*
 * Requests without PASID into the interrupt range never reach the DMA tables. Returns false for those
 * that go on: with PASID the range is like any other, and translated requests are checked later.
 */
static bool window(struct vtdm_tx *tx, struct iommu_model_result *result)
{
    const struct iommu_model_request *request = tx->request;
    struct vtdm_page none = { .lg2 = VTD_PAGE_LG2 };
    if (request->has_pasid || !vtdm_in_window(request->address) ||
        request->at == IOMMU_MODEL_TRANSLATED)
        return false;
    vtdm_step(tx, "interrupt range", request->address, 0, NULL, 0, false);
    if (request->at == IOMMU_MODEL_TRANSLATION_REQUEST) {
        vtdm_decide(tx, "no translation, write only");
        *result = (struct iommu_model_result){
            .outcome = IOMMU_MODEL_OK, .pa = request->address, .page_lg2 = VTD_PAGE_LG2,
            .write = tx->write,
        };
    } else if (is_message(request)) {
        vtdm_decide(tx, "interrupt message");
        result->outcome = IOMMU_MODEL_INTERRUPT;
        result->pa = request->address;
    } else if (request->access == IOMMU_MODEL_READ && request->bytes == 0) {
        vtdm_decide(tx, "zero-length read");
        result->outcome = IOMMU_MODEL_OK;
        result->pa = request->address;
        result->page_lg2 = VTD_PAGE_LG2;
    } else {
        refuse(tx, &none, vtdm_refuse(tx, VTD_FAULT_IR_MALFORMED), result);
    }
    return true;
}

static void answer(struct vtdm_tx *tx, struct iommu_model_result *result)
{
    const struct iommu_model_request *request = tx->request;
    struct vtdm_page page = { .lg2 = VTD_PAGE_LG2 };
    bool on = vtdm_enabled(tx->m, VTD_GSTS_TES);
    bool message = !request->has_pasid && vtdm_in_window(request->address) && is_message(request);
    if (!on && !(message && request->at == IOMMU_MODEL_UNTRANSLATED)) {
        off(tx, result);
        return;
    }
    if (window(tx, result))
        return;
    uint8_t fault = vtdm_remap(tx, &page);
    if (tx->cached || tx->remembered)
        vtdm_witness(tx, &page, fault);
    if (fault)
        refuse(tx, &page, fault, result);
    else
        accept(tx, &page, result);
    result->cached = tx->cached;
    result->domain_id = tx->routed ? tx->route.did : 0;
    vtdm_front_keep(tx, &page, result);
}

/* Explanations look at everything anew. */
void vtdm_translate(struct iommu_model_vtd *m, const struct iommu_model_request *request, uintptr_t caller,
                    struct iommu_model_result *result, struct iommu_model_explanation *explanation)
{
    struct vtdm_tx tx;
    vtdm_begin(&tx, m, request);
    tx.explanation = explanation;
    if (!explanation && vtdm_front_ordinary(request))
        tx.front = vtdm_front_open(m, caller);
    *result = (struct iommu_model_result){ .outcome = IOMMU_MODEL_BLOCKED };
    m->stats.translations++;
    if ((request->address & (VTD_PAGE_BYTES - 1)) + request->bytes > VTD_PAGE_BYTES)
        vtdm_misuse(m, "a request crosses a page");
    answer(&tx, result);
}

/* Kept out of the way of what needs no lock. */
__attribute__((noinline)) static void the_long_way(struct iommu_model_vtd *m, const struct iommu_model_request *request,
                                                   uintptr_t caller, struct iommu_model_result *result,
                                                   struct iommu_model_explanation *explanation)
{
    vtdm_lock(m);
    if (explanation)
        explanation->count = 0;
    vtdm_translate(m, request, caller, result, explanation);
    vtdm_unlock(m);
}

/* Apart, so that a hit saves no registers for it. */
__attribute__((noinline)) static void without_a_copy(struct iommu_model_vtd *m, struct vtdm_front *front,
                                                     const struct vtdm_way *way, struct vtdm_copy *copy,
                                                     const struct iommu_model_request *request,
                                                     struct iommu_model_result *result)
{
    const struct vtdm_asker asker = { m, front, way };
    vtdm_lock(m);
    if (!vtdm_near(&asker, copy, request, request->address, result) &&
        !vtdm_short(m, front, way, copy, request, result))
        vtdm_translate(m, request, front->caller, result, NULL);
    vtdm_unlock(m);
}

void iommu_model_vtd_translate(struct iommu_model_vtd *m, const struct iommu_model_request *request,
                               struct iommu_model_result *result,
                               struct iommu_model_explanation *explanation)
{
    uintptr_t caller = VTDM_CALLER();
    struct vtdm_front *front = explanation ? NULL : vtdm_front_find(m, caller);
    struct vtdm_asked asked;
    const struct vtdm_way *way = front ? vtdm_front_asked(front, request, &asked) : NULL;
    if (!way) {
        the_long_way(m, request, caller, result, explanation);
        return;
    }
    struct vtdm_copy *copy = vtdm_front_copy_of(asked.copies, asked.start, request->address);
    if (vtdm_front_answer(&asked, copy, request->address, result))
        vtdm_front_count(front, 1);
    else
        without_a_copy(m, front, way, copy, request, result);
}

void iommu_model_vtd_explain(struct iommu_model_vtd *m, const struct iommu_model_request *request,
                             struct iommu_model_result *result,
                             struct iommu_model_explanation *explanation)
{
    struct vtdm_tx tx;
    vtdm_lock(m);
    uint64_t reads = m->stats.table_reads;
    vtdm_begin(&tx, m, request);
    tx.dry = true;
    tx.explanation = explanation;
    if (explanation)
        explanation->count = 0;
    *result = (struct iommu_model_result){ .outcome = IOMMU_MODEL_BLOCKED };
    answer(&tx, result);
    m->stats.table_reads = reads;
    vtdm_unlock(m);
}
