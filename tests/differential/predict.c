/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/predict.c - what QEMU will do with one access: its own caches (context
 * entries by requester, translations by requester and PASID, pass-through as a switch), and
 * otherwise a walk. Called by episode.c, for every access in the order in which QEMU gets them.
 *
 * QEMU in scalable mode: context (cached) - PASID entry (always read) - pass-through? - IOTLB -
 * walk. In legacy mode: IOTLB - context (cached) - pass-through? - walk.
 */
#include "tests/differential/differential.h"

#include <string.h>

#define NO_PASID   UINT32_MAX
#define QEMU_PASID 0x58u /* all that is wrong with PASID directory or entry */

/* ---- reasons ------------------------------------------------------------------------------- */

static uint8_t scalable_reason(uint8_t fault)
{
    switch (fault) {
    case VTD_FAULT_SRT_ACCESS:
        return VTD_FAULT_LRT_ACCESS;
    case VTD_FAULT_SRT_NOT_PRESENT:
        return VTD_FAULT_LRT_NOT_PRESENT;
    case VTD_FAULT_SRT_RESERVED:
        return VTD_FAULT_LRT_RESERVED;
    case VTD_FAULT_SCT_ACCESS:
        return VTD_FAULT_LCT_ACCESS;
    case VTD_FAULT_SCT_NOT_PRESENT:
        return VTD_FAULT_LCT_NOT_PRESENT;
    case VTD_FAULT_SCT_RESERVED:
        return VTD_FAULT_LCT_RESERVED;
    case VTD_FAULT_SSS_ACCESS:
        return VTD_FAULT_LSS_ACCESS;
    case VTD_FAULT_SSS_RESERVED:
        return VTD_FAULT_LSS_RESERVED;
    case VTD_FAULT_SSS_TOP_ACCESS:
        return VTD_FAULT_LCT_INVALID;
    case VTD_FAULT_SGN_BEYOND_LIMIT:
        return VTD_FAULT_LGN_BEYOND_LIMIT;
    case VTD_FAULT_SGN_NO_WRITE:
        return VTD_FAULT_LGN_NO_WRITE;
    case VTD_FAULT_SGN_NO_READ:
        return VTD_FAULT_LGN_NO_READ;
    default:
        return fault;
    }
}

uint8_t predict_reason(const struct twin *twin, uint8_t fault, bool write)
{
    if (fault >= VTD_FAULT_SPD_ACCESS && fault <= VTD_FAULT_SPT_INVALID)
        return QEMU_PASID;
    if (fault == VTD_FAULT_SSS_NOT_PRESENT)
        return write ? VTD_FAULT_LGN_NO_WRITE : VTD_FAULT_LGN_NO_READ;
    if (fault == VTD_FAULT_LGN_INTERRUPT_RANGE || fault == VTD_FAULT_SGN_INTERRUPT_RANGE)
        return twin->kind->scalable ? VTD_FAULT_SGN_INTERRUPT_RANGE : VTD_FAULT_LGN_INTERRUPT_RANGE;
    return scalable_reason(fault);
}

/* ---- QEMU's caches ------------------------------------------------------------------------- */

static const struct held *find_any(const struct qemu_caches *caches, uint16_t rid, uint32_t pasid,
                                   uint64_t iova, bool lost)
{
    static const uint8_t sizes[] = {VTD_LEAF_4K_LG2, VTD_LEAF_2M_LG2, VTD_LEAF_1G_LG2};
    unsigned s, i;

    for (s = 0; s < sizeof sizes; s++) {
        for (i = 0; i < caches->count; i++) {
            const struct held *held = &caches->held[i];

            if (held->lost == lost && held->lg2 == sizes[s] && held->rid == rid &&
                held->pasid == pasid && held->page >> held->lg2 == iova >> held->lg2)
                return held;
        }
    }
    return NULL;
}

static const struct held *find(const struct qemu_caches *caches, uint16_t rid, uint32_t pasid,
                               uint64_t iova)
{
    return find_any(caches, rid, pasid, iova, false);
}

static void keep(struct qemu_caches *caches, const struct device *device, const struct walk *walk,
                 bool scalable, uint64_t iova)
{
    uint64_t inside = ((uint64_t)1 << walk->result.page_lg2) - 1;

    if (caches->count == HELD)
        return;
    caches->held[caches->count++] = (struct held){.rid = device->rid,
                                                  .did = walk->did,
                                                  .pasid = scalable ? walk->pasid : NO_PASID,
                                                  .page = iova & ~inside,
                                                  .pa = walk->result.pa & ~inside,
                                                  .lg2 = walk->result.page_lg2,
                                                  .read = walk->result.read,
                                                  .write = walk->result.write};
}

void predict_forget(struct qemu_caches *caches)
{
    memset(caches, 0, sizeof *caches);
}

/* Whether a device is passed through is looked up in memory, without the context cache, and
 * then stays. */
static void look_at_bypass(struct qemu_caches *caches, struct twin *twin,
                           const struct tables *tables, unsigned i)
{
    struct walk walk;

    repair_walk(twin, tables, &tables->device[i], NULL, tables->arena->data, 1, false, &walk);
    caches->device[i].bypass = walk.routed && walk.pass && !walk.strict;
}

void predict_enabled(struct qemu_caches *caches, struct twin *twin, const struct tables *tables)
{
    unsigned i;

    predict_forget(caches);
    for (i = 0; i < DEVICES; i++)
        look_at_bypass(caches, twin, tables, i);
}

static void drop_contexts(struct qemu_caches *caches, struct twin *twin,
                          const struct tables *tables, uint64_t w0)
{
    static const uint16_t ignored[] = {0, 4, 6, 7};
    uint16_t sid = (uint16_t)SPEC_GET(VTD_QI_CC_SID, w0);
    bool one = SPEC_GET(VTD_QI_CC_G, w0) == VTD_QI_CC_G_DEVICE; /* by domain acts as for all */
    unsigned i;

    for (i = 0; i < DEVICES; i++) {
        if (one && ((sid ^ tables->device[i].rid) & ~ignored[SPEC_GET(VTD_QI_CC_FM, w0)]))
            continue;
        caches->device[i].cached = false;
        look_at_bypass(caches, twin, tables, i);
    }
}

static bool covered(const struct held *held, uint64_t w0, uint64_t w1)
{
    uint64_t pages = ((uint64_t)1 << SPEC_GET(VTD_QI_IOTLB1_AM, w1)) - 1;
    uint64_t first = (w1 >> VTD_PAGE_LG2) & ~pages, page = held->page >> VTD_PAGE_LG2;

    if (SPEC_GET(VTD_QI_IOTLB_G, w0) == VTD_QI_IOTLB_G_GLOBAL)
        return true;
    if (SPEC_GET(VTD_QI_IOTLB_DID, w0) != held->did)
        return false;
    return SPEC_GET(VTD_QI_IOTLB_G, w0) == VTD_QI_IOTLB_G_DOMAIN || (page & ~pages) == first ||
           page == (w1 >> held->lg2) << (held->lg2 - VTD_PAGE_LG2);
}

/* QEMU keeps the mask in a byte. */
static bool reached(const struct held *held, uint64_t w0, uint64_t w1)
{
    uint8_t mask = (uint8_t) ~(((uint64_t)1 << SPEC_GET(VTD_QI_IOTLB1_AM, w1)) - 1);

    return SPEC_GET(VTD_QI_IOTLB_G, w0) == VTD_QI_IOTLB_G_PAGE &&
           SPEC_GET(VTD_QI_IOTLB_DID, w0) == held->did &&
           ((held->page ^ w1) >> VTD_PAGE_LG2 & mask) == 0;
}

void predict_invalidated(struct qemu_caches *caches, struct twin *twin, const struct tables *tables,
                         uint64_t w0, uint64_t w1)
{
    unsigned i = 0;

    if (SPEC_GET(VTD_QI_TYPE, w0) == VTD_QI_TYPE_CC)
        drop_contexts(caches, twin, tables, w0);
    if (SPEC_GET(VTD_QI_TYPE, w0) != VTD_QI_TYPE_IOTLB)
        return;
    while (i < caches->count) {
        caches->held[i].lost |= reached(&caches->held[i], w0, w1);
        if (covered(&caches->held[i], w0, w1))
            caches->held[i] = caches->held[--caches->count];
        else
            i++;
    }
}

/* ---- one access ---------------------------------------------------------------------------- */

static bool lost(const struct qemu_caches *caches, uint16_t rid, uint32_t pasid, uint64_t iova)
{
    return find_any(caches, rid, pasid, iova, true) != NULL;
}

static void from_held(const struct held *held, uint64_t iova, bool write, struct prediction *out)
{
    out->from = held;
    out->pa = held->pa | (iova & (((uint64_t)1 << held->lg2) - 1));
    if (write ? held->write : held->read)
        return;
    out->blocked = true; /* and nobody is told */
    out->rules |= KNOWN(KNOWN_SILENT);
}

static void block(struct prediction *out, uint8_t reason, bool recorded)
{
    out->blocked = true;
    out->reason = reason;
    out->recorded = recorded;
}

/* QEMU tests at each level: can it be read, is the right there, then reserved bits. */
static void order_of_checks(const struct walk *walk, bool write, struct prediction *out)
{
    unsigned i;
    bool top = true;

    for (i = 0; i < walk->explanation.count; i++) {
        const struct iommu_model_step *step = &walk->explanation.step[i];

        if (!repair_is_level(step))
            continue;
        if (step->entry[0] == VTD_ALL_ONES) {
            out->reason = top ? VTD_FAULT_LCT_INVALID : VTD_FAULT_LSS_ACCESS;
            out->rules |= KNOWN(KNOWN_ALL_ONES);
            return;
        }
        if (i + 1 == walk->explanation.count && (walk->result.fault == VTD_FAULT_LSS_ACCESS ||
                                                 walk->result.fault == VTD_FAULT_SSS_ACCESS ||
                                                 walk->result.fault == VTD_FAULT_LCT_INVALID ||
                                                 walk->result.fault == VTD_FAULT_SSS_TOP_ACCESS))
            return; /* this one could not be read */
        if (!(step->entry[0] & (write ? VTD_SS_W : VTD_SS_R))) {
            out->reason = write ? VTD_FAULT_LGN_NO_WRITE : VTD_FAULT_LGN_NO_READ;
            out->rules |= KNOWN(KNOWN_RIGHTS_FIRST);
            return;
        }
        top = false;
    }
}

static bool overlaps_window(const struct iommu_model_result *result)
{
    uint64_t inside = ((uint64_t)1 << result->page_lg2) - 1;

    return (result->pa & ~inside) <= VTD_INTERRUPT_LAST &&
           (result->pa | inside) >= VTD_INTERRUPT_FIRST;
}

/* No translation is held: the page tables decide. */
static void by_walk(struct qemu_caches *caches, struct twin *twin, const struct tables *tables,
                    const struct device *device, const struct walk *walk, uint64_t iova, bool write,
                    struct prediction *out)
{
    if (walk->result.fault) {
        block(out, predict_reason(twin, walk->result.fault, write), !walk->fpd);
        order_of_checks(walk, write, out);
    } else if (overlaps_window(&walk->result)) {
        block(out, predict_reason(twin, VTD_FAULT_SGN_INTERRUPT_RANGE, write), !walk->fpd);
        out->rules |= KNOWN(KNOWN_WINDOW_OVERLAP);
    } else {
        out->pa = walk->result.pa;
        keep(caches, device, walk, tables->scalable, iova);
    }
}

static void not_routed(const struct qemu_caches *caches, struct twin *twin,
                       const struct tables *tables, const struct device *device,
                       const struct walk *walk, uint64_t iova, bool write, struct prediction *out)
{
    uint8_t fault = walk->result.fault;
    uint8_t reason = walk->strict ? walk->reason : predict_reason(twin, fault, write);
    bool qualified = reason == VTD_FAULT_LCT_NOT_PRESENT || reason == VTD_FAULT_LCT_INVALID;
    bool unread = walk->bad_entry && out->from_context && walk->fpd_early;
    const struct held *held = unread ? find(caches, device->rid, walk->pasid, iova) : NULL;

    (void)tables;
    /* With the flag found early QEMU never looks whether the PASID entry is any good. */
    if (held)
        from_held(held, iova, write, out);
    else if (unread)
        out->avoid = true; /* it would walk with what it had not read */
    else
        block(out, reason, !(qualified && walk->fpd));
    if (reason == VTD_FAULT_LCT_RESERVED && walk->fpd)
        out->rules |= KNOWN(KNOWN_CONTEXT_FPD);
    if (walk->bad_entry && walk->fpd)
        out->rules |= KNOWN(KNOWN_PASID_FPD);
}

static void remember_context(struct qemu_caches *caches, const struct tables *tables, unsigned i,
                             const struct walk *walk)
{
    const struct iommu_model_step *step = repair_step(
        &walk->explanation, tables->scalable ? "scalable context entry" : "context entry");

    if (caches->device[i].cached)
        return;
    caches->device[i].cached = true;
    memcpy(caches->device[i].words, arena_words(tables->arena, step->address),
           tables->scalable ? 32 : 16);
}

static void through_tables(struct qemu_caches *caches, struct twin *twin,
                           const struct tables *tables, unsigned i, uint64_t iova, unsigned bytes,
                           bool write, struct prediction *out)
{
    const struct device *device = &tables->device[i];
    struct walk *walk = &out->walk;
    const struct held *held;

    out->from_context = caches->device[i].cached;
    repair_walk(twin, tables, device, out->from_context ? caches->device[i].words : NULL, iova,
                bytes, write, walk);
    out->rules |= walk->rules;
    out->avoid = twin->fresh_view.forbidden;
    if (out->avoid)
        return;
    if (walk->strict || !walk->routed) {
        not_routed(caches, twin, tables, device, walk, iova, write, out);
        return;
    }
    remember_context(caches, tables, i, walk);
    if (walk->pass) {
        out->pa = iova;
        out->rules |= walk->result.fault ? KNOWN(KNOWN_PASS_LIMIT) : 0;
        look_at_bypass(caches, twin, tables, i);
        return;
    }
    held = tables->scalable ? find(caches, device->rid, walk->pasid, iova) : NULL;
    out->lost = lost(caches, device->rid, tables->scalable ? walk->pasid : NO_PASID, iova);
    if (held)
        from_held(held, iova, write, out);
    else
        by_walk(caches, twin, tables, device, walk, iova, write, out);
}

void predict(struct qemu_caches *caches, struct twin *twin, const struct tables *tables, unsigned i,
             uint64_t iova, unsigned bytes, bool write, struct prediction *out)
{
    const struct held *held;

    memset(out, 0, sizeof *out);
    if (iova >= VTD_INTERRUPT_FIRST && iova <= VTD_INTERRUPT_LAST) {
        out->nowhere = true;
        out->rules = KNOWN(KNOWN_WINDOW);
        return;
    }
    if (caches->device[i].bypass) {
        out->pa = iova;
        out->rules = (iova >> twin->kind->aw_bits) ? KNOWN(KNOWN_PASS_LIMIT) : KNOWN(KNOWN_BYPASS);
        return;
    }
    held = tables->scalable ? NULL : find(caches, tables->device[i].rid, NO_PASID, iova);
    out->lost = lost(caches, tables->device[i].rid, NO_PASID, iova);
    if (held)
        from_held(held, iova, write, out);
    else
        through_tables(caches, twin, tables, i, iova, bytes, write, out);
}
