/* SPDX-License-Identifier: MIT */
/*
 * iommukit/model/state.h - a modelled unit in mid-work as bytes, and back: a snapshot, a migration. docs/STATE.md has
 * the format to the byte.
 *
 * Saved are the registers, the fault records, the invalidation queue with the device-TLB requests that wait for an
 * answer, commands that have not finished, and the position of the dice that drive the lies. Not saved are the caches:
 * a unit may forget what it cached at any moment, so after a restore it reads its tables again. What the host owns
 * moves with the host: memory, the configuration, devices and their TLBs.
 */
#ifndef IOMMUKIT_MODEL_STATE_H
#define IOMMUKIT_MODEL_STATE_H

#include "iommukit/model/vtd.h"

/* No state is longer. */
#define IOMMU_MODEL_VTD_STATE_MAX 8192u

IOMMU_BEGIN_DECLS

/*
 * Writes the state into `buffer`. *needed receives its length, also when `size` is too small for it: with size 0
 * (buffer may be NULL) that is all that happens. Changes nothing in the model.
 *
 * 0; -28 (ENOSPC): `size` is too small, and the buffer's contents mean nothing; -16 (EBUSY): another thread, or the
 * caller from within a callback, is talking to a device on behalf of the invalidation queue; try again when that has
 * returned. Takes the model's lock; call from any thread.
 */
int iommu_model_vtd_save(struct iommu_model_vtd *model, void *buffer, size_t size, size_t *needed);

/*
 * The model continues where the saved one was. Its VER, CAP, ECAP and address width must be those of the saved one;
 * callbacks, memory and lock stay its own. Nothing is sent and no descriptor executed: that goes on at the next
 * register access, or at iommu_model_vtd_step.
 *
 * The bytes may come from anybody: whatever they are, the model is afterwards in a state that software could have
 * brought about, or it is unchanged. `size` is the exact length.
 *
 * 0; -22 (EINVAL): no such state, the reason in *why (static text) if why is not NULL; -12 (ENOMEM): no memory to work
 * in; -16 (EBUSY): as above. In all but the first case the model is unchanged. Takes the model's lock.
 */
int iommu_model_vtd_restore(struct iommu_model_vtd *model, const void *bytes, size_t size, const char **why);

IOMMU_END_DECLS

#endif
