/* SPDX-License-Identifier: MIT */
/*
 * iommukit/host/model.h - a host whose hardware is a modelled machine: posix memory and locks, registers and
 * configuration space answered by the models, device DMA through the models into the same memory.
 */
#ifndef IOMMUKIT_HOST_MODEL_H
#define IOMMUKIT_HOST_MODEL_H

#include "iommukit/host/posix.h"
#include "iommukit/model/machine.h"

/* One such host. Its platform may be called from any thread. */
struct iommu_model_host_machine;

IOMMU_BEGIN_DECLS

/* config may be NULL: one scalable-mode unit (48 bit, coherent, first and second stage) with an accelerator at
 * 00:01.0 and a plain endpoint at 00:02.0. ram_bytes 0: 8 GiB. *out is the caller's until
 * iommu_host_model_destroy(). -EINVAL: an impossible machine, *why (static; why may be NULL) says what; -ENOMEM. */
int iommu_host_model_create(const struct iommu_model_machine_config *config, uint64_t ram_bytes,
                            struct iommu_model_host_machine **out, const char **why);
/* Free the host with its machine and memory; no instance may use its platform any more. */
void iommu_host_model_destroy(struct iommu_model_host_machine *host);
/* Its parts, which live as long as the host: the platform for an instance, the machine of models, the posix host that
 * holds the memory. */
const struct iommu_platform *iommu_host_model_platform(struct iommu_model_host_machine *host);
struct iommu_model_machine *iommu_host_model_machine(struct iommu_model_host_machine *host);
struct iommu_posix *iommu_host_model_posix(struct iommu_model_host_machine *host);
/*
 * "torn-fetch": call fn between any two stores to table pages, from the storing thread, as a device that walks at
 * that moment; it may do DMA on the machine and must not call the driver. NULL fn: no more. Needs the lie in the
 * machine's configuration (-EINVAL without), and one storing thread. Exact on x86-64 Linux, -EOPNOTSUPP elsewhere.
 */
int iommu_host_model_between_stores(struct iommu_model_host_machine *host, void (*fn)(void *ctx), void *ctx);
/* Where log lines go; NULL fn: nowhere. */
void iommu_host_model_set_log(struct iommu_model_host_machine *host,
                              void (*fn)(void *ctx, enum iommu_log_level level, const char *text), void *ctx);

IOMMU_END_DECLS

#endif
