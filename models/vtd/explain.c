/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/explain.c - the trail a translation leaves: what was looked at, and what it decided.
 *
 * Lock: the model's, held by the translation. Called by every step of a translation.
 */
#include "models/vtd/translate.h"

void vtdm_note_step(struct vtdm_tx *tx, const char *what, uint64_t address, unsigned index,
               const uint64_t *words, unsigned count, bool cached)
{
    struct iommu_model_explanation *explanation = tx->explanation;
    if (explanation->count == IOMMU_MODEL_STEPS_MAX)
        return;
    struct iommu_model_step *step = &explanation->step[explanation->count++];
    __builtin_memset(step, 0, sizeof(*step));
    step->what = what;
    step->address = address;
    step->index = index;
    step->words = count;
    for (unsigned i = 0; i < count; i++)
        step->entry[i] = words[i];
    step->cached = cached;
    step->decision = "";
}

void vtdm_note_decision(struct vtdm_tx *tx, const char *decision)
{
    if (tx->explanation->count)
        tx->explanation->step[tx->explanation->count - 1].decision = decision;
}

uint8_t vtdm_refuse(struct vtdm_tx *tx, uint8_t fault)
{
    vtdm_decide(tx, iommu_model_vtd_fault_name(fault));
    return fault;
}
