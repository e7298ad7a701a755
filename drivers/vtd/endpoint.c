/* SPDX-License-Identifier: MIT */
/*
 * The device's own side: what its configuration space says of PASID, ATS and Scalable IOV, and the
 * enable bits there. PCI Express: "PASID", "Address translation services", "Designated vendor-
 * specific extended capability". Under iommu.lock. Without the platform's hooks every answer is
 * "no" and nothing is written.
 */
#include "drivers/vtd/pci.h"
#include "drivers/vtd/vtd.h"
#include "spec/pci.h"

static struct vtd_pci pci_of(const struct vtd_device *device)
{
    const struct iommu_device_config *config = &device->base.config;
    struct vtd_pci pci = {device->unit->platform, config->segment, config->rid};

    return pci;
}

static bool is_siov(const struct vtd_pci *pci, uint32_t cap)
{
    uint32_t vendor = vtd_pci_read32(pci, cap + SPEC_PCI_DVSEC_HEADER1);
    uint32_t id = vtd_pci_read32(pci, cap + SPEC_PCI_DVSEC_HEADER2);

    return SPEC_GET(SPEC_PCI_DVSEC_HEADER1_VENDOR, vendor) == SPEC_PCI_VENDOR_INTEL &&
           SPEC_GET(SPEC_PCI_DVSEC_HEADER2_ID, id) == SPEC_PCI_DVSEC_ID_SIOV;
}

/* Capability and control registers are the halves of one dword in PASID and ATS. */
static void note_pasid(struct vtd_device *device, const struct vtd_pci *pci, uint32_t cap)
{
    uint32_t value = vtd_pci_read32(pci, cap + SPEC_PCI_PASID_CAP);

    device->pasid_cap = (uint16_t)cap;
    device->pasid_width = (uint8_t)SPEC_GET(SPEC_PCI_PASID_CAP_WIDTH, value);
}

/* Devices that do not align their requests to pages cannot be trusted with translations. */
static void note_ats(struct vtd_device *device, const struct vtd_pci *pci, uint32_t cap)
{
    uint32_t value = vtd_pci_read32(pci, cap + SPEC_PCI_ATS_CAP);

    if (!(value & SPEC_PCI_ATS_CAP_ALIGNED))
        return;
    device->ats_cap = (uint16_t)cap;
    device->ats_depth = (uint8_t)SPEC_GET(SPEC_PCI_ATS_CAP_DEPTH, value);
}

void vtd_endpoint_read(struct vtd_device *device)
{
    struct vtd_pci pci = pci_of(device);
    struct vtd_pci_walk walk = {0, 0, 0};

    while (vtd_pci_next_extended(&pci, &walk)) {
        if (walk.id == SPEC_PCI_EXT_ID_PASID && !device->pasid_cap)
            note_pasid(device, &pci, walk.offset);
        else if (walk.id == SPEC_PCI_EXT_ID_ATS && !device->ats_cap)
            note_ats(device, &pci, walk.offset);
        else if (walk.id == SPEC_PCI_EXT_ID_DVSEC && is_siov(&pci, walk.offset))
            device->siov = true;
    }
}

/* Part of the root complex: there is no port above it. */
bool vtd_endpoint_is_integrated(const struct vtd_device *device)
{
    struct vtd_pci pci = pci_of(device);
    uint32_t cap = vtd_pci_find(&pci, SPEC_PCI_CAP_ID_EXP);
    uint32_t flags = vtd_pci_read32(&pci, cap) >> 16; /* the upper half of the header's dword */

    return cap && SPEC_GET(SPEC_PCI_EXP_FLAGS_TYPE, flags) == SPEC_PCI_EXP_INTEGRATED_ENDPOINT;
}

static void set_control(const struct vtd_device *device, uint32_t offset, uint32_t clear,
                        uint32_t set)
{
    struct vtd_pci pci = pci_of(device);
    uint32_t value = vtd_pci_read32(&pci, offset);
    uint32_t wanted = (value & ~(clear << 16)) | set << 16;

    if (value != UINT32_MAX && wanted != value)
        vtd_pci_write32(&pci, offset, wanted);
}

/* Neither execute nor privileged requests: no entry allows them. */
void vtd_endpoint_set_pasid(const struct vtd_device *device, bool on)
{
    uint32_t all = SPEC_PCI_PASID_CTRL_ENABLE | SPEC_PCI_PASID_CTRL_EXEC | SPEC_PCI_PASID_CTRL_PRIV;

    if (device->pasid_cap)
        set_control(device, device->pasid_cap + SPEC_PCI_PASID_CAP, all,
                    on ? SPEC_PCI_PASID_CTRL_ENABLE : 0);
}

bool vtd_endpoint_has_ats_on(const struct vtd_device *device)
{
    struct vtd_pci pci = pci_of(device);
    uint32_t value = device->ats_cap ? vtd_pci_read32(&pci, device->ats_cap + SPEC_PCI_ATS_CAP) : 0;

    return value != UINT32_MAX && (value >> 16 & SPEC_PCI_ATS_CTRL_ENABLE);
}

/* Smallest unit 4 KiB. */
void vtd_endpoint_set_ats(const struct vtd_device *device, bool on)
{
    uint32_t all = SPEC_PCI_ATS_CTRL_ENABLE | SPEC_PCI_ATS_CTRL_STU;

    if (device->ats_cap)
        set_control(device, device->ats_cap + SPEC_PCI_ATS_CAP, all,
                    on ? SPEC_PCI_ATS_CTRL_ENABLE : 0);
}
