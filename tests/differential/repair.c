/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/repair.c - a walk as QEMU does it, by the model that never remembers: where
 * QEMU takes an entry that the architecture refuses, the entry is shown to the model as QEMU
 * reads it, and the walk is done again. Called by predict.c.
 */
#include "tests/differential/differential.h"

#include <string.h>

#define ROUNDS           12u
/* Within any host address width, but no memory: stands for addresses above that width. */
#define NOWHERE          ((uint64_t)0x23 << 32)
/* Context entry bits that QEMU lets pass although the unit has neither device-TLBs, PASIDs nor
 * page requests. */
#define LENIENT_CONTEXT0 (VTD_SCE0_DTE | VTD_SCE0_PASIDE | VTD_SCE0_PRE)
#define LENIENT_CONTEXT1 VTD_SCE1_RID_PRIV
#define LENIENT_ENTRY0   (VTD_PE0_RSVD | VTD_PE0_SSADE)

const struct iommu_model_step *repair_step(const struct iommu_model_explanation *explanation,
                                           const char *what)
{
    unsigned i;

    for (i = 0; i < explanation->count; i++) {
        if (strcmp(explanation->step[i].what, what) == 0)
            return &explanation->step[i];
    }
    return NULL;
}

bool repair_is_level(const struct iommu_model_step *step)
{
    return strncmp(step->what, "second-stage", 12) == 0;
}

/* Number of the read that fetched the step's first word. */
static unsigned read_of(const struct iommu_model_explanation *explanation,
                        const struct iommu_model_step *step)
{
    const struct iommu_model_step *s;
    unsigned reads = 0;

    for (s = explanation->step; s != step; s++)
        reads += s->words;
    return reads;
}

static bool patch(struct twin *twin, struct walk *walk, const struct iommu_model_step *step,
                  unsigned word, uint64_t value, enum known known)
{
    if (step->entry[word] == value)
        return false;
    view_patch(&twin->fresh_view, read_of(&walk->explanation, step) + word, value);
    walk->rules |= KNOWN(known);
    return true;
}

static bool refuse(struct walk *walk, uint8_t reason, enum known known)
{
    walk->strict = true;
    walk->reason = reason;
    walk->rules |= KNOWN(known);
    return false;
}

/* ---- root and context ---------------------------------------------------------------------- */

static bool repair_root(struct twin *twin, const struct tables *tables, const struct device *device,
                        struct walk *walk)
{
    const struct iommu_model_step *step = repair_step(&walk->explanation, "scalable root entry");
    bool upper = device->rid & VTD_SRE_UPPER_DEVFN;
    uint64_t other;

    (void)tables;
    if (!step || walk->result.fault == VTD_FAULT_SRT_NOT_PRESENT ||
        walk->result.fault == VTD_FAULT_SRT_RESERVED)
        return false;
    other = step->entry[!upper];
    if (other & (VTD_SRE0_RSVD | VTD_PTR_RSVD(twin->kind->aw_bits)))
        return refuse(walk, VTD_FAULT_LRT_RESERVED, KNOWN_ROOT_HALVES);
    return false;
}

static bool repair_scalable_context(struct twin *twin, struct walk *walk)
{
    const struct iommu_model_step *step = repair_step(&walk->explanation, "scalable context entry");

    if (!step)
        return false;
    if (walk->result.fault == VTD_FAULT_SCT_RESERVED) {
        bool changed =
            patch(twin, walk, step, 0, step->entry[0] & ~LENIENT_CONTEXT0, KNOWN_CONTEXT_BITS);

        return patch(twin, walk, step, 1, step->entry[1] & ~LENIENT_CONTEXT1, KNOWN_CONTEXT_BITS) ||
               changed;
    }
    if (walk->result.fault == VTD_FAULT_SCT_INVALID)
        return patch(twin, walk, step, 0, step->entry[0] | VTD_SCE0_PDTS, KNOWN_PDTS);
    return false;
}

static bool repair_legacy_context(struct twin *twin, struct walk *walk)
{
    const struct iommu_model_step *step = repair_step(&walk->explanation, "context entry");

    if (!step || !(step->entry[0] & VTD_LCE0_P) ||
        SPEC_GET(VTD_LCE0_TT, step->entry[0]) != VTD_TT_PASS_THROUGH)
        return false;
    /* Also where the width is wrong as well: QEMU looks at reserved bits first. */
    if (step->entry[0] & VTD_PTR_RSVD(twin->kind->aw_bits))
        return refuse(walk, VTD_FAULT_LCT_RESERVED, KNOWN_PASS_POINTER);
    return false;
}

/* ---- PASID directory and entry ------------------------------------------------------------- */

static bool width_supported(const struct twin *twin, uint64_t aw)
{
    return aw == VTD_AW_39 || (aw == VTD_AW_48 && twin->kind->aw_bits == 48);
}

static bool repair_directory(struct twin *twin, struct walk *walk)
{
    const struct iommu_model_step *step = repair_step(&walk->explanation, "PASID directory entry");

    if (!step || walk->result.fault != VTD_FAULT_SPD_RESERVED)
        return false;
    return patch(twin, walk, step, 0, step->entry[0] & ~VTD_PDE_RSVD, KNOWN_DIRECTORY_BITS);
}

static bool clear_entry(struct twin *twin, struct walk *walk, const struct iommu_model_step *step)
{
    uint64_t low = step->entry[0] & ~LENIENT_ENTRY0;
    bool changed = patch(twin, walk, step, 1, step->entry[1] & VTD_PE1_DID, KNOWN_ENTRY_BITS);
    unsigned i;

    for (i = 2; i < VTD_PE_QWORDS; i++)
        changed |= patch(twin, walk, step, i, 0, KNOWN_ENTRY_BITS);
    if (low != step->entry[0])
        return patch(twin, walk, step, 0, low, KNOWN_ENTRY_BITS);
    if (!changed && (low & VTD_PTR_RSVD(twin->kind->aw_bits)))
        return patch(twin, walk, step, 0, (low & 0xFFF) | NOWHERE, KNOWN_ENTRY_POINTER);
    return changed;
}

static bool repair_entry(struct twin *twin, struct walk *walk, bool context_cached)
{
    const struct iommu_model_step *step = repair_step(&walk->explanation, "PASID table entry");
    uint64_t pgtt, low;

    if (!step)
        return false;
    low = step->entry[0];
    pgtt = SPEC_GET(VTD_PE0_PGTT, low);
    if (walk->result.fault == VTD_FAULT_SPT_NOT_PRESENT && context_cached && pgtt >= 1 &&
        pgtt <= 4 && width_supported(twin, SPEC_GET(VTD_PE0_AW, low)))
        return patch(twin, walk, step, 0, low | VTD_PE0_P, KNOWN_PRESENT);
    if (walk->result.fault == VTD_FAULT_SPT_RESERVED)
        return clear_entry(twin, walk, step);
    if (walk->result.fault == VTD_FAULT_SPT_INVALID &&
        (pgtt == VTD_PGTT_FIRST || pgtt == VTD_PGTT_NESTED))
        return patch(twin, walk, step, 0,
                     (low & ~VTD_PE0_PGTT) | SPEC_PUT(VTD_PE0_PGTT, (uint64_t)VTD_PGTT_SECOND),
                     KNOWN_ENTRY_TYPE);
    if (walk->pass && !width_supported(twin, SPEC_GET(VTD_PE0_AW, low))) {
        walk->bad_entry = true;
        return refuse(walk, VTD_FAULT_SPT_ACCESS, KNOWN_ENTRY_WIDTH);
    }
    return false;
}

/* ---- page tables --------------------------------------------------------------------------- */

static bool repair_leaf(struct twin *twin, struct walk *walk)
{
    const struct iommu_model_explanation *explanation = &walk->explanation;
    const struct iommu_model_step *step;

    if (walk->result.fault != VTD_FAULT_LSS_RESERVED &&
        walk->result.fault != VTD_FAULT_SSS_RESERVED)
        return false;
    step = &explanation->step[explanation->count - 1];
    if (!twin->kind->scalable || !repair_is_level(step) || !(step->entry[0] & VTD_SS_SNP) ||
        step->entry[0] == VTD_ALL_ONES)
        return false;
    if (!strstr(step->what, "level 1") && !(step->entry[0] & VTD_SS_PS))
        return false; /* not a leaf */
    return patch(twin, walk, step, 0, step->entry[0] & ~VTD_SS_SNP, KNOWN_SNOOP);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool is_pasid_fault(uint8_t fault)
{
    return fault >= VTD_FAULT_SPD_ACCESS && fault <= VTD_FAULT_SPT_INVALID;
}

static bool is_context_fault(uint8_t fault)
{
    return (fault >= VTD_FAULT_SRT_ACCESS && fault <= VTD_FAULT_SCT_INVALID) ||
           fault == VTD_FAULT_LRT_NOT_PRESENT || fault == VTD_FAULT_LRT_ACCESS ||
           fault == VTD_FAULT_LRT_RESERVED || fault == VTD_FAULT_LCT_NOT_PRESENT ||
           fault == VTD_FAULT_LCT_ACCESS || fault == VTD_FAULT_LCT_RESERVED;
}

static void read_legacy(struct walk *walk)
{
    const struct iommu_model_step *step = repair_step(&walk->explanation, "context entry");
    bool walked = walk->explanation.count &&
                  repair_is_level(&walk->explanation.step[walk->explanation.count - 1]);

    if (!step)
        return;
    /* The same number tells of a context that is wrong and of a first table that cannot be
     * read. */
    walk->routed = !is_context_fault(walk->result.fault) &&
                   (walk->result.fault != VTD_FAULT_LCT_INVALID || walked);
    walk->fpd = step->entry[0] & VTD_LCE0_FPD;
    walk->pass = walk->routed && SPEC_GET(VTD_LCE0_TT, step->entry[0]) == VTD_TT_PASS_THROUGH;
    walk->did = (uint16_t)SPEC_GET(VTD_LCE1_DID, step->entry[1]);
}

static void read_scalable(struct walk *walk)
{
    const struct iommu_model_step *context =
        repair_step(&walk->explanation, "scalable context entry");
    const struct iommu_model_step *directory =
        repair_step(&walk->explanation, "PASID directory entry");
    const struct iommu_model_step *entry = repair_step(&walk->explanation, "PASID table entry");

    if (!context)
        return;
    walk->bad_entry = is_pasid_fault(walk->result.fault);
    walk->routed = entry && !walk->bad_entry;
    walk->pasid = (uint32_t)SPEC_GET(VTD_SCE1_RID_PASID, context->entry[1]);
    walk->fpd_early =
        (context->entry[0] & VTD_SCE0_FPD) || (directory && (directory->entry[0] & VTD_PDE_FPD));
    walk->fpd = walk->fpd_early || (entry && (entry->entry[0] & VTD_PE0_FPD));
    if (!entry)
        return;
    walk->did = (uint16_t)SPEC_GET(VTD_PE1_DID, entry->entry[1]);
    walk->pass = walk->routed && SPEC_GET(VTD_PE0_PGTT, entry->entry[0]) == VTD_PGTT_PASS_THROUGH;
}

static bool repair(struct twin *twin, const struct tables *tables, const struct device *device,
                   struct walk *walk, bool context_cached)
{
    if (!tables->scalable) {
        read_legacy(walk);
        return repair_legacy_context(twin, walk) || repair_leaf(twin, walk);
    }
    read_scalable(walk);
    if (!context_cached && repair_root(twin, tables, device, walk))
        return true;
    if (walk->strict)
        return false;
    return repair_scalable_context(twin, walk) || repair_directory(twin, walk) ||
           repair_entry(twin, walk, context_cached) || repair_leaf(twin, walk);
}

/* The context entry that QEMU remembers, and a root entry that leads there. */
static void show_context(struct twin *twin, const struct tables *tables,
                         const struct device *device, const uint64_t *context)
{
    uint64_t table = (device->context & ~(uint64_t)(VTD_PAGE_BYTES - 1)) | VTD_LRE0_P;
    unsigned i;

    view_patch(&twin->fresh_view, 0, table);
    view_patch(&twin->fresh_view, 1, tables->scalable ? table : 0);
    for (i = 0; i < (tables->scalable ? 4u : 2u); i++)
        view_patch(&twin->fresh_view, 2 + i, context[i]);
}

void repair_walk(struct twin *twin, const struct tables *tables, const struct device *device,
                 const uint64_t *context, uint64_t iova, unsigned bytes, bool write,
                 struct walk *walk)
{
    struct iommu_model_request request = {.rid = device->rid,
                                          .access = write ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ,
                                          .address = iova,
                                          .bytes = bytes};
    unsigned round;

    memset(walk, 0, sizeof *walk);
    twin->fresh_view.patches = 0;
    if (context)
        show_context(twin, tables, device, context);
    for (round = 0; round < ROUNDS; round++) {
        view_begin(&twin->fresh_view);
        iommu_model_vtd_explain(twin->fresh, &request, &walk->result, &walk->explanation);
        if (!repair(twin, tables, device, walk, context != NULL))
            break;
    }
}
