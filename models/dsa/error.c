/* SPDX-License-Identifier: MIT */
/*
 * models/dsa/error.c - errors that no completion record can tell of, and interrupt causes. The
 * software error register holds the first error until software acknowledges it; later ones leave a
 * mark only. ("Software error register".)
 *
 * Lock: `lock` is held by the callers. Called when a submission is dropped and when a descriptor
 * ends.
 */
#include "models/dsa/dsa.h"

#include "models/pci/le.h"
#include "spec/bits.h"

void dsa_cause_locked(struct iommu_model_dsa *dsa, uint32_t cause, bool deliver)
{
    dsa->intcause |= cause;
    if (deliver)
        dsa->pending |= cause;
}

static uint64_t first_word(const struct dsa_work *work, const struct dsa_error *error)
{
    uint32_t operation =
        SPEC_GET(SPEC_DSA_DESC_OP_OPCODE, le_get32(work->descriptor + SPEC_DSA_DESC_OP));
    uint64_t word = SPEC_DSA_SWERR0_VALID | SPEC_DSA_SWERR0_DESC_VALID | SPEC_DSA_SWERR0_WQ_VALID;

    if (error->write)
        word |= SPEC_DSA_SWERR0_WRITE;
    if (work->privileged)
        word |= SPEC_DSA_SWERR0_PRIV;
    word |= SPEC_PUT(SPEC_DSA_SWERR0_ERROR, (uint64_t)error->code);
    word |= SPEC_PUT(SPEC_DSA_SWERR0_WQ, (uint64_t)work->queue);
    word |= SPEC_PUT(SPEC_DSA_SWERR0_OPERATION, (uint64_t)operation);
    return word | SPEC_PUT(SPEC_DSA_SWERR0_PASID, (uint64_t)work->pasid);
}

void dsa_error_locked(struct iommu_model_dsa *dsa, const struct dsa_work *work,
                      const struct dsa_error *error)
{
    dsa->stats.software_errors++;
    dsa_cause_locked(dsa, SPEC_DSA_INTCAUSE_ERROR, dsa->genctrl & SPEC_DSA_GENCTRL_SWERR_INT);
    if (dsa->swerr[0] & SPEC_DSA_SWERR0_VALID) {
        dsa->swerr[0] |= SPEC_DSA_SWERR0_OVERFLOW;
        return;
    }
    dsa->swerr[0] = first_word(work, error);
    dsa->swerr[1] = SPEC_PUT(SPEC_DSA_SWERR1_INVALID_FLAGS, (uint64_t)error->invalid_flags);
    dsa->swerr[2] = error->fault;
}

/* Without its valid bit the register is empty: nothing old may be taken for new. */
void dsa_error_acknowledge_locked(struct iommu_model_dsa *dsa, uint32_t bits)
{
    dsa->swerr[0] &= ~(bits & SPEC_DSA_SWERR_ACK);
    if (dsa->swerr[0] & SPEC_DSA_SWERR0_VALID)
        return;
    dsa->swerr[0] &= SPEC_DSA_SWERR0_OVERFLOW;
    dsa->swerr[1] = dsa->swerr[2] = dsa->swerr[3] = 0;
}
