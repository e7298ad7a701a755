/* SPDX-License-Identifier: MIT */
/*
 * iommukit/model/pci.h - PCI configuration space of modelled functions: headers, bridges, and the capabilities
 * that decide about many domains per device (PASID, ATS, ACS, the Scalable IOV DVSEC). One thread at a time for
 * each function, except that a machine takes care of its own.
 */
#ifndef IOMMUKIT_MODEL_PCI_H
#define IOMMUKIT_MODEL_PCI_H

#include "iommukit/model/host.h"

/* What a function is: decides header type, PCIe capability and port type. */
enum iommu_model_pci_kind {
    IOMMU_MODEL_PCI_INTEGRATED,  /* root-complex integrated endpoint */
    IOMMU_MODEL_PCI_ENDPOINT,    /* PCIe endpoint */
    IOMMU_MODEL_PCI_ROOT_PORT,   /* of the root complex */
    IOMMU_MODEL_PCI_SWITCH_UP,   /* a switch's port towards the root */
    IOMMU_MODEL_PCI_SWITCH_DOWN, /* and those away from it */
    IOMMU_MODEL_PCI_TO_CONVENTIONAL, /* PCIe to conventional bridge: requests below it carry (secondary, 0.0) */
    IOMMU_MODEL_PCI_CONVENTIONAL,    /* conventional endpoint: no PCIe capability */
};

/* One function's identity and capabilities. */
struct iommu_model_pci_config {
    uint16_t segment;             /* PCI segment */
    uint16_t rid;                 /* bus << 8 | device << 3 | function */
    enum iommu_model_pci_kind kind;
    uint16_t vendor, device;      /* ids */
    uint32_t class_code;          /* 24 bits */
    uint8_t secondary_bus, subordinate_bus; /* bridges */
    uint8_t pasid_bits;           /* width of the PASID capability; 0: none */
    bool ats, pri, acs;           /* capabilities that are there */
    bool scalable_iov;            /* the Scalable IOV DVSEC */
    uint8_t ats_queue_depth;      /* 0 means 32 */
    uint64_t bar[3];              /* 64-bit memory BARs 0, 2, 4: address as firmware set it; 0: none */
    uint64_t bar_bytes[3];        /* power of two, at least 16 */
    bool multifunction;           /* header type bit 7; a machine sets it where the slot has several functions */
    bool no_prefixes;             /* ports: does not pass end-to-end prefixes, so no PASID gets through */
};

/* One function. Caller-owned storage, opaque but for its size. */
struct iommu_model_pci {
    struct iommu_model_pci_config config;
    uint8_t space[4096];          /* what reads return */
    uint8_t writable[4096];       /* bit set: software may change it */
    uint16_t at_ats, at_pri, at_pasid, at_acs; /* where these capabilities lie; 0: not there */
    uint64_t misuse;              /* see iommu_model_pci_misuse() */
    const char *last_misuse;      /* static; NULL: none */
};

IOMMU_BEGIN_DECLS

/*
 * The state in which firmware hands a function over: BARs set, memory decoded, bus mastering off (on for
 * bridges), PASID, ATS and PRI off. Bus numbers are fixed: writes to them are dropped. Conventional functions
 * have 256 bytes of configuration space, no capability, whatever the configuration says.
 */
void iommu_model_pci_init(struct iommu_model_pci *function, const struct iommu_model_pci_config *config);
/* Read or write a dword; offset is rounded down to one. Outside the space reads give all ones, writes are dropped. */
uint32_t iommu_model_pci_read32(const struct iommu_model_pci *function, uint32_t offset);
void iommu_model_pci_write32(struct iommu_model_pci *function, uint32_t offset, uint32_t value);

/* State that software set. */
bool iommu_model_pci_bus_master(const struct iommu_model_pci *function);
bool iommu_model_pci_pasid_enabled(const struct iommu_model_pci *function);
bool iommu_model_pci_ats_enabled(const struct iommu_model_pci *function);
/* May requests ask for privileged mode? (PASID and its privileged-mode bit are on.) */
bool iommu_model_pci_privileged_enabled(const struct iommu_model_pci *function);
/* Where BAR `index` (0, 1, 2 for registers 0, 2, 4) is decoded now; 0: none, or memory decoding is off. */
uint64_t iommu_model_pci_bar(const struct iommu_model_pci *function, unsigned index);
/* Things software must not do: PASID switched or STU changed while ATS is on, PRI switched on before it
 * stopped, reserved bits written. */
uint64_t iommu_model_pci_misuse(const struct iommu_model_pci *function);
/* The last of them in words, static; NULL: none. */
const char *iommu_model_pci_last_misuse(const struct iommu_model_pci *function);

IOMMU_END_DECLS

#endif
