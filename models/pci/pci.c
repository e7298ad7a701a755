/* SPDX-License-Identifier: MIT */
/*
 * models/pci/pci.c - one function's configuration space: reads, writes, and what a write sets in
 * motion. The rules that software breaks most often are counted instead of forgiven. ("Address
 * translation services", "Page request interface", "PASID".)
 *
 * Lock: the caller's; the machine holds its own around every call. Called by the machine and by
 * tests.
 */
#include "models/pci/pci.h"

#include "models/pci/le.h"
#include "spec/pci.h"

static unsigned space_bytes(const struct iommu_model_pci *function)
{
    if (function->config.kind == IOMMU_MODEL_PCI_CONVENTIONAL)
        return SPEC_PCI_CONFIG_BYTES;
    return SPEC_PCI_EXT_CONFIG_BYTES;
}

static uint32_t get16(const struct iommu_model_pci *function, unsigned at)
{
    return le_get16(function->space + at);
}

static void misuse(struct iommu_model_pci *function, const char *what)
{
    function->misuse++;
    function->last_misuse = what;
}

void iommu_model_pci_init(struct iommu_model_pci *function,
                          const struct iommu_model_pci_config *config)
{
    __builtin_memset(function, 0, sizeof(*function));
    function->config = *config;
    pci_layout(function);
}

uint32_t iommu_model_pci_read32(const struct iommu_model_pci *function, uint32_t offset)
{
    if (offset >= space_bytes(function))
        return UINT32_MAX;
    return le_get32(function->space + (offset & ~3u));
}

/* ---- consequences of a write -------------------------------------------------------------- */

/* Software writes back what it has read, so a reserved bit is one that is set now and was not
 * before. Status bits that are cleared by writing 1 were set before. */
static void check_reserved(struct iommu_model_pci *function, uint32_t offset, uint32_t value)
{
    uint32_t old = le_get32(function->space + offset),
             writable = le_get32(function->writable + offset);

    if (function->at_pri && offset == function->at_pri + (uint32_t)SPEC_PCI_PRI_CTRL)
        writable |= SPEC_PCI_PRI_CTRL_RESET;
    if (offset >= SPEC_PCI_CAP_FIRST && (value & ~writable & ~old))
        misuse(function, "a reserved or read-only bit was set in a capability");
}

/* The smallest translation unit may change only while ATS is off; hardware keeps the old one. */
static uint32_t ats_write(struct iommu_model_pci *function, uint32_t old, uint32_t control)
{
    if (!(old & SPEC_PCI_ATS_CTRL_ENABLE) || !(control & SPEC_PCI_ATS_CTRL_ENABLE))
        return control;
    if ((old ^ control) & SPEC_PCI_ATS_CTRL_STU)
        misuse(function, "ATS: smallest translation unit changed while ATS is on");
    return old;
}

static void pasid_write(struct iommu_model_pci *function, uint32_t old, uint32_t control)
{
    if (old != control && iommu_model_pci_ats_enabled(function))
        misuse(function, "PASID control changed while ATS is on");
}

/* Nothing is ever in flight here, so page requests stop at once. */
static void pri_write(struct iommu_model_pci *function, uint32_t old, uint32_t value)
{
    uint32_t control = value & 0xFFFFu, acknowledged = value >> 16;
    uint32_t errors = SPEC_PCI_PRI_STATUS_RESPONSE_FAILURE | SPEC_PCI_PRI_STATUS_UNEXPECTED;
    uint32_t status =
        get16(function, function->at_pri + SPEC_PCI_PRI_STATUS) & ~(acknowledged & errors);

    if (control & SPEC_PCI_PRI_CTRL_ENABLE & ~old && !(status & SPEC_PCI_PRI_STATUS_STOPPED))
        misuse(function, "PRI switched on before it had stopped");
    if (control & SPEC_PCI_PRI_CTRL_ENABLE && control & SPEC_PCI_PRI_CTRL_RESET)
        misuse(function, "PRI reset while it is on");
    if (control & SPEC_PCI_PRI_CTRL_ENABLE)
        status &= ~SPEC_PCI_PRI_STATUS_STOPPED;
    else
        status |= SPEC_PCI_PRI_STATUS_STOPPED;
    le_put16(function->space + function->at_pri + SPEC_PCI_PRI_STATUS, status);
}

/* The control registers lie in the upper half of the dword behind the header (PRI: in the lower).
 * Returns the value that the writable bits take. */
static uint32_t consequences(struct iommu_model_pci *function, uint32_t offset, uint32_t value)
{
    uint32_t old = le_get32(function->space + offset),
             writable = le_get32(function->writable + offset);

    if (function->at_ats && offset == function->at_ats + (uint32_t)SPEC_PCI_ATS_CAP)
        return ats_write(function, old >> 16, (value & writable) >> 16) << 16;
    if (function->at_pasid && offset == function->at_pasid + (uint32_t)SPEC_PCI_PASID_CAP)
        pasid_write(function, old >> 16, (value & writable) >> 16);
    if (function->at_pri && offset == function->at_pri + (uint32_t)SPEC_PCI_PRI_CTRL)
        pri_write(function, old, value);
    return value;
}

void iommu_model_pci_write32(struct iommu_model_pci *function, uint32_t offset, uint32_t value)
{
    uint32_t writable, kept;

    offset &= ~3u;
    if (offset >= space_bytes(function))
        return;
    check_reserved(function, offset, value);
    value = consequences(function, offset, value);
    writable = le_get32(function->writable + offset);
    kept = le_get32(function->space + offset) & ~writable;
    le_put32(function->space + offset, kept | (value & writable));
}

/* ---- state that software set -------------------------------------------------------------- */

bool iommu_model_pci_bus_master(const struct iommu_model_pci *function)
{
    return get16(function, SPEC_PCI_COMMAND) & SPEC_PCI_COMMAND_MASTER;
}

static uint32_t pasid_control(const struct iommu_model_pci *function)
{
    return function->at_pasid ? get16(function, function->at_pasid + SPEC_PCI_PASID_CTRL) : 0;
}

bool iommu_model_pci_pasid_enabled(const struct iommu_model_pci *function)
{
    return pasid_control(function) & SPEC_PCI_PASID_CTRL_ENABLE;
}

bool iommu_model_pci_privileged_enabled(const struct iommu_model_pci *function)
{
    uint32_t both = SPEC_PCI_PASID_CTRL_ENABLE | SPEC_PCI_PASID_CTRL_PRIV;

    return (pasid_control(function) & both) == both;
}

bool iommu_model_pci_ats_enabled(const struct iommu_model_pci *function)
{
    if (!function->at_ats)
        return false;
    return get16(function, function->at_ats + SPEC_PCI_ATS_CTRL) & SPEC_PCI_ATS_CTRL_ENABLE;
}

uint64_t iommu_model_pci_bar(const struct iommu_model_pci *function, unsigned index)
{
    if (index > 2 || pci_kind_is_bridge(function->config.kind))
        return 0;
    if (!(get16(function, SPEC_PCI_COMMAND) & SPEC_PCI_COMMAND_MEMORY))
        return 0;
    return le_get64(function->space + SPEC_PCI_BAR(2 * index)) & ~(uint64_t)~SPEC_PCI_BAR_MEMORY;
}

uint64_t iommu_model_pci_misuse(const struct iommu_model_pci *function)
{
    return function->misuse;
}

const char *iommu_model_pci_last_misuse(const struct iommu_model_pci *function)
{
    return function->last_misuse;
}
