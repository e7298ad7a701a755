/* SPDX-License-Identifier: MIT */
/*
 * models/pci/pci.h - what the two files of this room share: the layout is built in layout.c, reads,
 * writes and their consequences are in pci.c. No lock here: the machine that owns the function
 * brings one.
 */
#ifndef IOMMUKIT_MODELS_PCI_PCI_H
#define IOMMUKIT_MODELS_PCI_PCI_H

#include "iommukit/model/pci.h"

bool pci_kind_is_bridge(enum iommu_model_pci_kind kind);

/* Fill in space and writable from the configuration. */
void pci_layout(struct iommu_model_pci *function);

#endif
