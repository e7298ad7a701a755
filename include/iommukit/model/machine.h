/* SPDX-License-Identifier: MIT */
/*
 * iommukit/model/machine.h - a machine of models: remapping units, PCI functions behind them, accelerators,
 * wired together. The host asks it what lies at a physical register address, and it routes each function's
 * DMA through the right unit. Any thread may call where the host has locks.
 */
#ifndef IOMMUKIT_MODEL_MACHINE_H
#define IOMMUKIT_MODEL_MACHINE_H

#include "iommukit/model/dsa.h"
#include "iommukit/model/pci.h"
#include "iommukit/model/vtd.h"

/* One machine. */
struct iommu_model_machine;

/* One remapping unit; iommu_model_unit_preset() fills in the capabilities. */
struct iommu_model_unit_config {
    uint64_t base;           /* of the registers; page aligned */
    uint16_t segment;        /* PCI segment it serves */
    bool include_all;        /* the DMAR table says INCLUDE_PCI_ALL, and names no devices */
    uint8_t major, minor;    /* VER */
    uint64_t cap, ecap;      /* CAP and ECAP */
    bool merge_faults;       /* see iommu_model_vtd_config */
    uint32_t honest;         /* IOMMU_MODEL_LIE() of those that this unit does not tell though its machine does */
};

#define IOMMU_MODEL_NO_UNIT UINT32_MAX /* requests go to memory as they are */

/* One PCI function. */
struct iommu_model_function_config {
    struct iommu_model_pci_config pci; /* its configuration space */
    uint32_t unit;           /* index of the unit that remaps it, or IOMMU_MODEL_NO_UNIT */
    bool accelerator;        /* a DSA sits behind it: BAR 0 registers, BAR 2 portals */
    struct iommu_model_dsa_config dsa; /* host, ctx and callbacks are the machine's; 0 numbers: defaults
                                          (8 queues, 4 engines, 4 groups, 128 entries, 2^21 bytes) */
};

/* A reserved region that the DMAR table reports (RMRR). */
struct iommu_model_region_config {
    uint16_t segment;        /* PCI segment */
    uint64_t base, limit;    /* inclusive */
    uint16_t rid;            /* the function it belongs to */
};

/* The whole machine. */
struct iommu_model_machine_config {
    uint8_t address_bits;    /* host address width; 0: 46 */
    const struct iommu_model_unit_config *units; /* this and the next two: copied */
    unsigned unit_count;
    const struct iommu_model_function_config *functions; /* devices and the bridges above them */
    unsigned function_count;
    const struct iommu_model_region_config *regions; /* NULL: none */
    unsigned region_count;
    const void *dmar;        /* firmware table to present instead of a generated one; copied */
    size_t dmar_bytes;
    void *ctx;               /* handed to the callbacks */
    /* An event message of a unit, as it would reach an interrupt controller; NULL: dropped. */
    void (*event)(void *ctx, unsigned unit, enum iommu_model_event event, uint64_t address, uint32_t data);
    /* An accelerator's interrupt; NULL: none. */
    void (*interrupt)(void *ctx, unsigned function, uint32_t cause);
    /* What answers a device-TLB invalidation; NULL: a function that has the ATS capability acknowledges, any
     * other request gets no answer (ITE). */
    bool (*devtlb_invalidate)(void *ctx, unsigned unit,
                              const struct iommu_model_devtlb_invalidation *invalidation);
    /* Answers to page requests; NULL: dropped. */
    void (*page_response)(void *ctx, unsigned unit, const struct iommu_model_page_response *response);
    /* Told by every unit, by the memory, by endpoints with ATS. Refused when one of the units may not lie so. */
    struct iommu_model_lies lies;
};

/* Counts since creation. */
struct iommu_model_machine_stats {
    uint64_t requests;    /* sent to a unit or straight to memory: one a 4 KiB page */
    uint64_t refused;     /* of them: by the unit, or no memory there */
    uint64_t interrupts;  /* of them: interrupt messages */
    uint64_t withheld;    /* accesses that the function could not send: bus mastering off, PASID not allowed */
    uint64_t bytes_read, bytes_written; /* that reached functions, and memory */
    uint64_t unclaimed;   /* register accesses to addresses where nothing is */
    uint64_t freed_reads, freed_writes; /* "poison": by units and devices, of pages that were given back */
    uint64_t freed_address;  /* the last of them */
    uint64_t stale_fetches;  /* "late-writes": table entries that were not what the CPU had written */
    uint64_t devtlb_hits;    /* requests that endpoints translated themselves */
    uint64_t devtlb_entries; /* that they hold now */
};

IOMMU_BEGIN_DECLS

/* Version, CAP and ECAP of one of vtd.h's presets; the rest of *unit is left alone. false: no such name. */
bool iommu_model_unit_preset(const char *name, struct iommu_model_unit_config *unit);

/* A machine at power-on, the caller's until destroyed; host must outlive it. -22 (EINVAL) on impossible
 * configurations, *why (static; why may be NULL) says what; -12 (ENOMEM). */
int iommu_model_machine_create(const struct iommu_model_host *host,
                               const struct iommu_model_machine_config *config,
                               struct iommu_model_machine **out, const char **why);
/* Free the machine and all its parts. */
void iommu_model_machine_destroy(struct iommu_model_machine *machine);

/* Read and write register space by physical address: units' registers, accelerators' BAR 0. Where nothing is: reads
 * give all ones, writes are dropped. */
uint32_t iommu_model_machine_read32(struct iommu_model_machine *machine, uint64_t pa);
uint64_t iommu_model_machine_read64(struct iommu_model_machine *machine, uint64_t pa);
void iommu_model_machine_write32(struct iommu_model_machine *machine, uint64_t pa, uint32_t value);
void iommu_model_machine_write64(struct iommu_model_machine *machine, uint64_t pa, uint64_t value);

/* Read and write configuration space, as the platform hooks pci_read32 and pci_write32. */
uint32_t iommu_model_machine_pci_read32(struct iommu_model_machine *machine, uint16_t segment, uint16_t rid,
                                        uint32_t offset);
void iommu_model_machine_pci_write32(struct iommu_model_machine *machine, uint16_t segment, uint16_t rid,
                                     uint32_t offset, uint32_t value);

/* The ACPI DMAR table that describes the machine: bytes and length; the machine's own storage. */
const void *iommu_model_machine_dmar(const struct iommu_model_machine *machine, size_t *bytes);

/* The counts so far. */
void iommu_model_machine_stats(struct iommu_model_machine *machine, struct iommu_model_machine_stats *stats);

/* Time passes; see iommu_model_vtd_step. Hosts call it from their clock and relax hooks. */
void iommu_model_machine_step(struct iommu_model_machine *machine);
/* As iommu_model_vtd_tell, for everything in the machine: bring up an honest machine, then let it lie. */
void iommu_model_machine_tell(struct iommu_model_machine *machine, uint32_t enabled);
/* The latest strikes of all parts, oldest first; returns how many were written. */
unsigned iommu_model_machine_strikes(struct iommu_model_machine *machine, struct iommu_model_strike *out,
                                     unsigned max);
/*
 * What a host tells a machine whose memory lies ("late-writes", "poison", "torn-fetch"); nothing happens in others.
 * taken, given: pages that software takes for tables or for buffers, and gives back; flushed: lines that the CPU
 * writes back; storing: a line that it is about to store to, where a host can know that.
 */
void iommu_model_machine_taken(struct iommu_model_machine *machine, uint64_t pa, uint64_t bytes, bool table);
void iommu_model_machine_given(struct iommu_model_machine *machine, uint64_t pa, uint64_t bytes);
void iommu_model_machine_flushed(struct iommu_model_machine *machine, uint64_t pa, uint64_t bytes);
void iommu_model_machine_storing(struct iommu_model_machine *machine, uint64_t pa);
/* Between two stores: what walks now may have begun a few stores ago. Call with true, do DMA, call with false. */
void iommu_model_machine_between(struct iommu_model_machine *machine, bool between);

/* Requester id of function `index`'s requests: its own, or the alias that a bridge above it puts there. */
uint16_t iommu_model_machine_alias(const struct iommu_model_machine *machine, unsigned index);

/* How many units and functions there are, and each of them with its accelerator, in the order of the configuration.
 * They live as long as the machine. NULL: no such part. */
unsigned iommu_model_machine_unit_count(const struct iommu_model_machine *machine);
unsigned iommu_model_machine_function_count(const struct iommu_model_machine *machine);
struct iommu_model_vtd *iommu_model_machine_unit(struct iommu_model_machine *machine, unsigned index);
struct iommu_model_pci *iommu_model_machine_function(struct iommu_model_machine *machine, unsigned index);
struct iommu_model_dsa *iommu_model_machine_accelerator(struct iommu_model_machine *machine, unsigned index);

/*
 * One DMA of function `index`, as the bus carries it: split at 4 KiB, translated by its unit page by page
 * (with function's alias RID where a conventional bridge sits above it), refused when bus mastering is off.
 * A PASID that cannot be sent (capability off or narrower, a port on the way that passes no prefixes) refuses
 * the access as well: it is never sent without its PASID. *last receives the last translation's result,
 * IOMMU_MODEL_UNSUPPORTED when nothing was sent; may be NULL.
 */
void iommu_model_machine_dma(struct iommu_model_machine *machine, unsigned index,
                             const struct iommu_model_dma *access, struct iommu_model_dma_result *result,
                             struct iommu_model_result *last);

IOMMU_END_DECLS

#endif
