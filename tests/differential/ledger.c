/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/ledger.c - see ledger.h. Architecture: "Caching translation information",
 * "Invalidation of translation caches". Called by episode.c and changes.c.
 */
#include "tests/differential/ledger.h"

#include <string.h>

/* ---- lines --------------------------------------------------------------------------------- */

static bool same(const struct ledger_line *a, const struct ledger_line *b)
{
    return a->kind == b->kind && a->rid == b->rid && a->did == b->did && a->pasid == b->pasid &&
           a->lg2 == b->lg2 && a->first == b->first;
}

static bool has(const struct ledger *ledger, const struct ledger_line *line)
{
    unsigned i;

    for (i = 0; i < ledger->count; i++) {
        if (same(&ledger->line[i], line))
            return true;
    }
    return false;
}

static void add(struct ledger *ledger, const struct ledger_line *line)
{
    if (!has(ledger, line) && ledger->count < LEDGER_LINES)
        ledger->line[ledger->count++] = *line;
}

static struct ledger_line context_line(const struct ledger *ledger, uint16_t rid,
                                       const struct iommu_model_step *step)
{
    uint64_t did = ledger->scalable ? 0 : SPEC_GET(VTD_LCE1_DID, step->entry[1]);

    return (struct ledger_line){.kind = LEDGER_CONTEXT, .rid = rid, .did = (uint16_t)did};
}

/* step->index is the PASID when the entry is held, its place in the table when it is read. */
static struct ledger_line pasid_line(uint16_t rid, uint32_t pasid,
                                     const struct iommu_model_step *step)
{
    return (struct ledger_line){.kind = LEDGER_PASID,
                                .rid = rid,
                                .pasid = pasid,
                                .did = (uint16_t)SPEC_GET(VTD_PE1_DID, step->entry[1])};
}

static struct ledger_line address_line(enum ledger_kind kind, const struct segment *segment,
                                       unsigned lg2)
{
    return (struct ledger_line){.kind = kind,
                                .did = segment->result.domain_id,
                                .lg2 = lg2,
                                .first = segment->iova >> lg2 << lg2};
}

static unsigned level_lg2(const struct iommu_model_step *step)
{
    return VTD_LEVEL_SHIFT((unsigned)(step->what[strlen(step->what) - 1] - '0'));
}

/* ---- an access ----------------------------------------------------------------------------- */

static uint32_t pasid_of(const struct iommu_model_explanation *explanation)
{
    const struct iommu_model_step *step = repair_step(explanation, "scalable context entry");

    if (!step)
        step = repair_step(explanation, "context cache");
    return step ? (uint32_t)SPEC_GET(VTD_SCE1_RID_PASID, step->entry[1]) : 0;
}

static bool holds_page(const struct ledger *ledger, const struct segment *segment)
{
    static const unsigned sizes[] = {VTD_LEAF_4K_LG2, VTD_LEAF_2M_LG2, VTD_LEAF_1G_LG2};
    unsigned i;

    for (i = 0; i < 3; i++) {
        struct ledger_line line = address_line(LEDGER_PAGE, segment, sizes[i]);

        if (has(ledger, &line))
            return true;
    }
    return false;
}

static bool may_hold(const struct ledger *ledger, uint16_t rid, const struct segment *segment,
                     const struct iommu_model_step *step)
{
    struct ledger_line line;

    if (strcmp(step->what, "IOTLB") == 0)
        return holds_page(ledger, segment);
    if (strcmp(step->what, "context cache") == 0)
        line = context_line(ledger, rid, step);
    else if (strcmp(step->what, "PASID cache") == 0)
        line = pasid_line(rid, step->index, step);
    else
        line = address_line(LEDGER_TABLE, segment, level_lg2(step));
    return has(ledger, &line);
}

/* The walk was good; what was refused afterwards may be held all the same. */
static bool translated(uint8_t fault)
{
    return fault == VTD_FAULT_NONE || fault == VTD_FAULT_LGN_NO_WRITE ||
           fault == VTD_FAULT_LGN_NO_READ || fault == VTD_FAULT_SGN_NO_WRITE ||
           fault == VTD_FAULT_SGN_NO_READ || fault == VTD_FAULT_LGN_INTERRUPT_RANGE ||
           fault == VTD_FAULT_SGN_INTERRUPT_RANGE;
}

/* Only entries that were good are held; the last step is the one that failed, if one did. */
static void note_read(struct ledger *ledger, uint16_t rid, const struct segment *segment,
                      const struct iommu_model_step *step, bool last)
{
    struct ledger_line line;

    if (strcmp(step->what, "context entry") == 0 ||
        strcmp(step->what, "scalable context entry") == 0)
        line = context_line(ledger, rid, step);
    else if (strcmp(step->what, "PASID table entry") == 0)
        line = pasid_line(rid, pasid_of(&segment->explanation), step);
    else if (strcmp(step->what, "pass-through") == 0)
        line = address_line(LEDGER_PAGE, segment, VTD_PAGE_LG2);
    else if (repair_is_level(step) && (!last || translated(segment->result.fault)))
        line = address_line(last ? LEDGER_PAGE : LEDGER_TABLE, segment, level_lg2(step));
    else
        return;
    add(ledger, &line);
}

bool ledger_access(struct ledger *ledger, uint16_t rid, const struct segment *segment)
{
    const struct iommu_model_explanation *explanation = &segment->explanation;
    unsigned i;
    bool good = true;

    for (i = 0; i < explanation->count; i++) {
        const struct iommu_model_step *step = &explanation->step[i];

        if (step->cached)
            good = good && may_hold(ledger, rid, segment, step);
        else
            note_read(ledger, rid, segment, step, i + 1 == explanation->count);
    }
    return good;
}

/* ---- invalidations ------------------------------------------------------------------------- */

static bool drops_context(const struct ledger *ledger, const struct ledger_line *line, uint64_t w0)
{
    static const uint16_t ignored[] = {0, 4, 6, 7};
    uint16_t sid = (uint16_t)SPEC_GET(VTD_QI_CC_SID, w0);
    bool did = ledger->scalable || line->did == SPEC_GET(VTD_QI_CC_DID, w0);

    if (SPEC_GET(VTD_QI_CC_G, w0) == VTD_QI_CC_G_GLOBAL)
        return true;
    if (SPEC_GET(VTD_QI_CC_G, w0) == VTD_QI_CC_G_DOMAIN)
        return did;
    return did && !((sid ^ line->rid) & ~ignored[SPEC_GET(VTD_QI_CC_FM, w0)]);
}

static bool drops_pasid(const struct ledger_line *line, uint64_t w0)
{
    if (SPEC_GET(VTD_QI_PC_G, w0) == VTD_QI_PC_G_GLOBAL)
        return true;
    if (line->did != SPEC_GET(VTD_QI_PC_DID, w0))
        return false;
    return SPEC_GET(VTD_QI_PC_G, w0) == VTD_QI_PC_G_DOMAIN ||
           line->pasid == SPEC_GET(VTD_QI_PC_PASID, w0);
}

static bool drops_address(const struct ledger_line *line, uint64_t w0, uint64_t w1)
{
    uint64_t bytes = (uint64_t)VTD_PAGE_BYTES << SPEC_GET(VTD_QI_IOTLB1_AM, w1);
    uint64_t first = w1 & VTD_QI_IOTLB1_ADDR & ~(bytes - 1);
    uint64_t last = line->first + (((uint64_t)1 << line->lg2) - 1);

    if (SPEC_GET(VTD_QI_IOTLB_G, w0) == VTD_QI_IOTLB_G_GLOBAL)
        return true;
    if (line->did != SPEC_GET(VTD_QI_IOTLB_DID, w0))
        return false;
    if (SPEC_GET(VTD_QI_IOTLB_G, w0) == VTD_QI_IOTLB_G_DOMAIN)
        return true;
    if (line->kind == LEDGER_TABLE && (w1 & VTD_QI_IOTLB1_IH))
        return false;
    return first <= last && line->first <= first + (bytes - 1);
}

static bool drops(const struct ledger *ledger, const struct ledger_line *line, uint64_t w0,
                  uint64_t w1)
{
    uint64_t type = SPEC_GET(VTD_QI_TYPE, w0);

    if (line->kind == LEDGER_CONTEXT)
        return type == VTD_QI_TYPE_CC && drops_context(ledger, line, w0);
    if (line->kind == LEDGER_PASID)
        return type == VTD_QI_TYPE_PC && drops_pasid(line, w0);
    return type == VTD_QI_TYPE_IOTLB && drops_address(line, w0, w1);
}

void ledger_invalidated(struct ledger *ledger, uint64_t w0, uint64_t w1)
{
    unsigned i = 0;

    while (i < ledger->count) {
        if (drops(ledger, &ledger->line[i], w0, w1))
            ledger->line[i] = ledger->line[--ledger->count];
        else
            i++;
    }
}
